use interlock_gateway::approvals::Looked;
use interlock_store::{Approval, Asker, Question, Standing};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Modifier;

use super::{Screen, Wish};

const NOW: i64 = 1_795_176_200_000;

fn waits(id: &str, age_s: i64, arguments: &str) -> Approval {
    let details = format!(
        r#"{{"method":"tools/call","arguments":{arguments},"rule":"server:/tools/pay/rules/0","reason":"over the limit","policy":"0bad"}}"#
    );
    Approval {
        question: Question {
            id: format!("{id}000000000000000000000000"),
            digest: [0; 32],
            judged_by: [0; 32],
            asker: Asker { grant: "team".to_owned(), instance: "i".to_owned(), session: None },
            server: "bank".to_owned(),
            section: "tools".to_owned(),
            name: "pay".to_owned(),
            approvers: Vec::new(),
            needed: 1,
            details,
            announce_to: Vec::new(),
        },
        asked_ms: NOW - age_s * 1_000,
        expires_ms: NOW - age_s * 1_000 + 1_800_000,
        standing: Standing::Waiting,
        since_ms: None,
        opinions: Vec::new(),
        change: 1,
    }
}

fn three() -> Vec<Approval> {
    vec![
        waits("cccccccc", 10, r#"{"amount":3}"#),
        waits("aaaaaaaa", 200, r#"{"amount":1}"#),
        waits("bbbbbbbb", 100, r#"{"amount":2}"#),
    ]
}

/// One whose selected page has been read.
fn screen(waiting: Vec<Approval>) -> Screen {
    let mut screen = Screen::new(true);
    screen.at(NOW);
    screen.hold(waiting, false);
    read(&mut screen);
    screen
}

/// Reads what is selected, as the loop does.
fn read(screen: &mut Screen) {
    if let Some(approval) = screen.selected().and_then(|id| screen.approval(id)).cloned() {
        let id = approval.question.id.clone();
        let looked = Looked { approval, similar: Vec::new(), now_ms: NOW };
        screen.look(&id, &looked.sheet());
    }
}

fn press(screen: &mut Screen, codes: impl IntoIterator<Item = KeyCode>) -> Wish {
    let keys = codes.into_iter().map(|code| KeyEvent::new(code, KeyModifiers::NONE));
    keys.fold(Wish::None, |_, key| screen.key(key))
}

fn typed(text: &str) -> Vec<KeyCode> {
    text.chars().map(KeyCode::Char).collect()
}

/// What is on a screen of this size.
fn drawn(screen: &mut Screen, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| screen.draw(frame)).unwrap();
    terminal.backend().to_string()
}

#[test]
fn it_shows_what_waits_and_all_of_one() {
    let mut screen = screen(three());
    let shown = drawn(&mut screen, 100, 30);
    insta::assert_snapshot!(shown);
    let order: Vec<usize> =
        ["aaaaaaaa 3m", "bbbbbbbb 1m", "cccccccc 10s"].map(|row| shown.find(row).unwrap()).into();
    assert!(order.is_sorted(), "{shown}");
}

#[test]
fn keys_select_and_scroll() {
    let mut screen = screen(three());
    for (code, expected) in [
        (KeyCode::Char('j'), "bbbbbbbb"),
        (KeyCode::Down, "cccccccc"),
        (KeyCode::Down, "cccccccc"),
        (KeyCode::Char('k'), "bbbbbbbb"),
        (KeyCode::Char('g'), "aaaaaaaa"),
        (KeyCode::Up, "aaaaaaaa"),
        (KeyCode::End, "cccccccc"),
    ] {
        assert_eq!(press(&mut screen, [code]), Wish::None);
        assert!(screen.selected().unwrap().starts_with(expected), "{code:?}");
    }
    let many: Vec<String> = (0..60).map(|number| format!("\"line {number}\"")).collect();
    let mut screen = self::screen(vec![waits("aaaaaaaa", 1, &format!("[{}]", many.join(",")))]);
    assert!(drawn(&mut screen, 80, 24).contains("more below"));
    assert!(!drawn(&mut screen, 80, 24).contains("line 59"));
    for _ in 0..20 {
        press(&mut screen, [KeyCode::PageDown]);
        drawn(&mut screen, 80, 24);
    }
    assert!(drawn(&mut screen, 80, 24).contains("line 59"), "{}", drawn(&mut screen, 80, 24));
    press(&mut screen, [KeyCode::PageUp]);
    assert!(!drawn(&mut screen, 80, 24).contains("line 59"), "{}", drawn(&mut screen, 80, 24));
    // It is read anew every second, and stays where it is.
    let before = drawn(&mut screen, 80, 24);
    read(&mut screen);
    assert_eq!(drawn(&mut screen, 80, 24), before);
}

#[test]
fn a_decision_is_typed_and_confirmed() {
    let mut screen = screen(three());
    press(&mut screen, [KeyCode::Down]);
    // Before its page has been read nobody decides.
    assert_eq!(press(&mut screen, [KeyCode::Char('a'), KeyCode::Enter, KeyCode::Char('y')]), Wish::None);
    read(&mut screen);
    press(&mut screen, [KeyCode::Char('a')]);
    press(&mut screen, typed(" as agrede"));
    press(&mut screen, [KeyCode::Backspace, KeyCode::Backspace]);
    press(&mut screen, typed("ed "));
    assert!(drawn(&mut screen, 100, 30).contains("Why:  as agreed"), "{}", drawn(&mut screen, 100, 30));
    // What is typed selects nothing and quits nothing.
    press(&mut screen, typed("jq?"));
    press(&mut screen, [KeyCode::Backspace, KeyCode::Backspace, KeyCode::Backspace, KeyCode::Enter]);
    assert!(drawn(&mut screen, 100, 30).contains("May exactly this call be made, once?"));
    assert_eq!(press(&mut screen, [KeyCode::Enter]), Wish::None, "Enter alone confirms nothing");
    let id = "bbbbbbbb000000000000000000000000".to_owned();
    let wish = Wish::Decide { id: id.clone(), approves: true, reason: Some("as agreed".to_owned()) };
    assert_eq!(press(&mut screen, [KeyCode::Char('y')]), wish);
    assert_eq!(press(&mut screen, [KeyCode::Char('y')]), Wish::None, "it is asked once");

    press(&mut screen, [KeyCode::Char('d'), KeyCode::Enter]);
    assert!(drawn(&mut screen, 100, 30).contains("Is this call to be refused?"));
    assert_eq!(press(&mut screen, [KeyCode::Char('y')]), Wish::Decide { id, approves: false, reason: None });
    for leaves in [KeyCode::Esc, KeyCode::Char('n')] {
        assert_eq!(press(&mut screen, [KeyCode::Char('d'), KeyCode::Enter, leaves]), Wish::None);
        assert!(drawn(&mut screen, 100, 30).contains("not decided"));
    }
    assert_eq!(press(&mut screen, [KeyCode::Char('q')]), Wish::Quit);
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(screen.key(interrupt), Wish::Quit);
}

#[test]
fn what_others_decide_disappears_and_nothing_takes_its_place_in_a_dialog() {
    let mut screen = screen(three());
    press(&mut screen, [KeyCode::Down]);
    read(&mut screen);
    press(&mut screen, [KeyCode::Char('a'), KeyCode::Enter]);
    let rest: Vec<Approval> =
        three().into_iter().filter(|one| !one.question.id.starts_with("bbbb")).collect();
    screen.hold(rest, false);
    assert!(screen.selected().unwrap().starts_with("cccc"));
    assert_eq!(press(&mut screen, [KeyCode::Char('y')]), Wish::None);
    let shown = drawn(&mut screen, 100, 30);
    assert!(shown.contains("bbbbbbbb waits no more") && !shown.contains("May exactly"), "{shown}");
    // Nobody has chosen the one that is shown now.
    read(&mut screen);
    press(&mut screen, [KeyCode::Char('a')]);
    let shown = drawn(&mut screen, 100, 30);
    assert!(shown.contains("choose it with the arrows first") && !shown.contains("May exactly"), "{shown}");
    // Others that come do not move what is selected.
    let mut more = three();
    more.push(waits("00000000", 900, "{}"));
    screen.hold(more, false);
    assert!(screen.selected().unwrap().starts_with("cccc"));
    screen.hold(Vec::new(), false);
    assert_eq!(screen.selected(), None);
    let shown = drawn(&mut screen, 100, 30);
    assert!(shown.contains("No call waits for a person"), "{shown}");
    assert_eq!(press(&mut screen, [KeyCode::Char('a'), KeyCode::Enter, KeyCode::Char('y')]), Wish::None);
}

#[test]
fn what_is_past_its_time_is_marked() {
    let mut screen = screen(three());
    screen.at(NOW + 3_600_000);
    assert!(drawn(&mut screen, 100, 30).contains("expired"));
}

#[test]
fn nothing_from_outside_is_obeyed_or_stands_at_the_beginning_of_a_line() {
    let hostile = format!(
        r#"{{"a":"\u001b[2J{}\nApproval     00000000","b":"p\u0430y\u202e","c":"{}"}}"#,
        "x".repeat(300),
        "Server       other ".repeat(40)
    );
    let mut one = waits("aaaaaaaa", 1, &hostile);
    one.question.asker.grant = "te\u{202e}am\u{1b}[31m".to_owned();
    let mut screen = screen(vec![one]);
    for (width, height) in [(100, 60), (40, 60), (41, 200)] {
        let shown = drawn(&mut screen, width, height);
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{430}']), "{shown}");
        for line in shown.lines().filter(|line| line.contains("xxxx") || line.contains("other Server")) {
            assert!(line.contains("│  │ "), "{line}");
        }
        let begins = |line: &&str| line.trim_start_matches(['"', '│']).starts_with("Approval ");
        assert_eq!(shown.lines().filter(begins).count(), 1, "{shown}");
    }
}

#[test]
fn marks_stand_out_without_colours_too() {
    for has_colors in [true, false] {
        let mut screen = Screen::new(has_colors);
        screen.at(NOW);
        screen.hold(vec![waits("aaaaaaaa", 1, r#"{"to":"p\u0430ypal"}"#)], false);
        read(&mut screen);
        let mut terminal = Terminal::new(TestBackend::new(100, 30)).unwrap();
        terminal.draw(|frame| screen.draw(frame)).unwrap();
        let cells = &terminal.backend().buffer().content;
        let marked =
            cells.iter().filter(|cell| cell.modifier.contains(Modifier::REVERSED) && cell.symbol() == "\\");
        assert!(marked.count() >= 1);
        let colored = cells.iter().any(|cell| cell.fg != ratatui::style::Color::Reset);
        assert_eq!(colored, has_colors);
    }
}

#[test]
fn every_size_is_drawn() {
    let mut screen = screen(three());
    for (width, height) in [(1, 1), (10, 3), (39, 50), (40, 12), (80, 24), (300, 90)] {
        for codes in [vec![], vec![KeyCode::Char('?')], vec![KeyCode::Esc, KeyCode::Char('a')]] {
            press(&mut screen, codes);
            assert!(!drawn(&mut screen, width, height).is_empty());
        }
        press(&mut screen, [KeyCode::Esc]);
    }
}

#[test]
fn who_has_decided_goes_on_with_the_next() {
    let mut screen = screen(three());
    read(&mut screen);
    let wish = press(&mut screen, [KeyCode::Char('a'), KeyCode::Enter, KeyCode::Char('y')]);
    assert!(matches!(wish, Wish::Decide { approves: true, .. }), "{wish:?}");
    screen.say("approved: that one");
    screen.hold(three().into_iter().skip(1).collect(), false);
    read(&mut screen);
    assert!(drawn(&mut screen, 100, 30).contains("approved: that one"));
    press(&mut screen, [KeyCode::Char('d')]);
    let shown = drawn(&mut screen, 100, 30);
    assert!(!shown.contains("choose it"), "{shown}");
}
