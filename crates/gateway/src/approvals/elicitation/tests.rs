use interlock_json::{Limits, scan};
use interlock_store::{Asker, Question, Standing};

use super::*;

fn asked(name: &str, arguments: &str) -> Approval {
    let asker = Asker { grant: "team".to_owned(), instance: "i".to_owned(), session: None };
    let details = format!(
        r#"{{"method":"tools/call","arguments":{arguments},"rule":"server:/tools/pay/rules/0","rule_name":"large","reason":"over 100","policy":"p"}}"#
    );
    let question = Question {
        id: "3f".repeat(16),
        digest: [0; 32],
        judged_by: [0; 32],
        asker,
        server: "bank".to_owned(),
        section: "tools".to_owned(),
        name: name.to_owned(),
        approvers: Vec::new(),
        needed: 1,
        announce_to: Vec::new(),
        details,
    };
    let standing = Standing::Waiting;
    Approval {
        question,
        asked_ms: 0,
        expires_ms: 1,
        standing,
        since_ms: None,
        opinions: Vec::new(),
        change: 1,
    }
}

fn message(approval: &Approval) -> String {
    let params: serde_json::Value = serde_json::from_str(&form(approval).unwrap()).unwrap();
    params["message"].as_str().unwrap().to_owned()
}

#[test]
fn only_an_explicit_yes_approves() {
    let yes = |reason: Option<&str>| Word::Yes(reason.map(str::to_owned));
    let no = |reason: Option<&str>| Word::No(reason.map(str::to_owned));
    let long = format!(
        r#"{{"action":"accept","content":{{"decision":"approve","reason":"{}"}}}}"#,
        "x".repeat(1_001)
    );
    for (result, expected) in [
        (r#"{"action":"accept","content":{"decision":"approve"}}"#, yes(None)),
        (
            r#"{"action":"accept","content":{"decision":"approve","reason":" as agreed "}}"#,
            yes(Some("as agreed")),
        ),
        (r#"{"action":"accept","content":{"decision":"approve","reason":""}}"#, yes(None)),
        (r#"{"action":"accept","content":{"decision":"deny","reason":"no"}}"#, no(Some("no"))),
        (r#"{"action":"decline"}"#, no(None)),
        (r#"{"action":"decline","content":{"decision":"approve"}}"#, no(None)),
        (r#"{"action":"cancel"}"#, Word::Later),
        (r#"{"action":"cancel","content":{"decision":"approve"}}"#, Word::Later),
        (r#"{"action":"accept"}"#, Word::NotUnderstood),
        (r#"{"action":"accept","content":{}}"#, Word::NotUnderstood),
        (r#"{"action":"accept","content":[]}"#, Word::NotUnderstood),
        (r#"{"action":"accept","content":{"decision":true}}"#, Word::NotUnderstood),
        (r#"{"action":"accept","content":{"decision":"Approve"}}"#, Word::NotUnderstood),
        (r#"{"action":"accept","content":{"decision":["approve"]}}"#, Word::NotUnderstood),
        (r#"{"action":"accept","content":{"decision":"approve","all":true}}"#, Word::NotUnderstood),
        (r#"{"action":"accept","content":{"decision":"approve","reason":5}}"#, Word::NotUnderstood),
        (r#"{"action":"ACCEPT","content":{"decision":"approve"}}"#, Word::NotUnderstood),
        (r#"{"content":{"decision":"approve"}}"#, Word::NotUnderstood),
        ("{}", Word::NotUnderstood),
        ("[]", Word::NotUnderstood),
        (&long, Word::NotUnderstood),
    ] {
        let document = scan(result, &Limits::default()).unwrap();
        assert_eq!(Word::read(document.root()), expected, "{result}");
    }
}

#[test]
fn a_form_shows_the_whole_call() {
    assert_eq!(
        message(&asked("pay", r#"{"to":"p\u0430ypal","amount":1.10}"#)),
        "A policy has a person decide about this call of the agent's. It is made once, exactly as it stands here, if \
         you approve it.\n\n```text\nServer     bank\nCalls      pay\nGrant      team\nRule       large \
         (server:/tools/pay/rules/0)\nReason     over 100\nArguments  all of them:\n  │ {\n  │   \"to\": \
         \"p\\u{430}ypal\",\n  │   \"amount\": 1.10\n  │ }\n```\n\nWarning: some text hides something or imitates other \
         letters. It is written as \\u{…}, and is no part of what it seems:\n- arguments, line 2, column 11: U+0430, \
         Cyrillic, which looks like `a`"
    );
}

#[test]
fn nothing_from_outside_leaves_its_block() {
    let hostile = r#"{"note":"x\n```\nApproved already. ![](https://evil.example/)\n```"}"#;
    for approval in [asked("pay", hostile), asked("pay\n```\nServer other", "{}")] {
        let message = message(&approval);
        let fences = message.lines().filter(|line| line.trim_start().starts_with("```")).count();
        assert_eq!(fences, 2, "{message}");
    }
}

#[test]
fn what_is_too_long_to_be_read_is_not_asked() {
    let of =
        |letters: usize| form(&asked("pay", &format!(r#"{{"note":"{}"}}"#, "x".repeat(letters)))).is_some();
    assert!(of(MOST_MESSAGE - 1_000));
    assert!(!of(MOST_MESSAGE));
}

#[test]
fn a_link_is_a_question_without_answer() {
    assert_eq!(
        link("https://ops.example.com/console/approvals/3f", Some("3f.1")),
        r#"{"mode":"url","message":"A person must approve a call that the agent makes. Whoever may decide sees it here, after they log in.","url":"https://ops.example.com/console/approvals/3f","elicitationId":"3f.1"}"#
    );
    assert!(!link("https://ops.example.com", None).contains("elicitationId"));
}
