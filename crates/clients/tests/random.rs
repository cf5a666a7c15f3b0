//! Random configurations in every format: a change is about its entries alone, and is undone to the same bytes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test: to fail is its way to say so"
)]

use std::fmt::Write as _;
use std::fs;

use interlock_clients::{
    Client, Journal, Place, Reached, Restored, RewireError, Rewiring, Scope, Server, State, Surroundings,
    System, Undoing, Wired, Wiring, Wrapped, Wrapping, masked, open, places, rewire, servers, unwire,
};
use proptest::prelude::*;

/// How one document is laid out: what people do differently.
#[derive(Debug, Clone)]
struct Style {
    line_break: &'static str,
    indent: &'static str,
    comments: bool,
    trailing: bool,
    one_line: bool,
    last_break: bool,
}

/// A server before it is written.
#[derive(Debug, Clone)]
struct Draft {
    command: String,
    args: Option<Vec<String>>,
    variable: Option<String>,
    disabled: bool,
    args_first: bool,
    several_lines: bool,
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9-]{0,8}",
        "[a-z/@._=-]{1,10}",
        "[a-zü☕ \"'\\\\#:,{}\\[\\]&*!|>%$`-]{1,8}",
        Just("\u{85}\u{2028}x".to_owned()),
        Just("tab\there".to_owned()),
    ]
}

fn draft() -> impl Strategy<Value = Draft> {
    let args = proptest::option::of(proptest::collection::vec(text(), 0..4));
    let flags = (any::<bool>(), any::<bool>(), proptest::bool::weighted(0.2));
    (text(), args, proptest::option::of(text()), flags).prop_map(
        |(command, args, variable, (args_first, several_lines, disabled))| Draft {
            command,
            args,
            variable,
            disabled,
            args_first,
            several_lines,
        },
    )
}

fn style() -> impl Strategy<Value = Style> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let breaks = prop_oneof![Just("\n"), Just("\r\n")];
    let indents = prop_oneof![Just("  "), Just("    "), Just(" ")];
    (breaks, indents, flags).prop_map(|(line_break, indent, (comments, trailing, one_line, last_break))| {
        Style { line_break, indent, comments, trailing, one_line, last_break }
    })
}

/// A literal that JSON, TOML and YAML read alike.
fn literal(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || c == '\u{2028}' => write!(out, "\\u{:04x}", u32::from(c)).unwrap(),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The members of an entry, each a key and its value's text.
fn members(
    draft: &Draft,
    colon: &str,
    list: impl Fn(&[String]) -> String,
    key: impl Fn(&str) -> String,
) -> Vec<String> {
    let command = format!("{}{colon}{}", key("command"), literal(&draft.command));
    let args = draft.args.as_ref().map(|args| format!("{}{colon}{}", key("args"), list(args)));
    let mut all: Vec<String> = if draft.args_first {
        args.into_iter().chain([command]).collect()
    } else {
        std::iter::once(command).chain(args).collect()
    };
    if draft.disabled {
        all.push(format!("{}{colon}true", key("disabled")));
    }
    if let Some(variable) = &draft.variable {
        let value = literal(variable);
        all.push(format!("{}{colon}{{ {}{colon}{value} }}", key("env"), key("K")));
    }
    all
}

fn json(drafts: &[Draft], style: &Style) -> String {
    let Style { line_break, indent, comments, trailing, one_line, .. } = style;
    let comma = if *trailing { "," } else { "" };
    let list = |several: bool| {
        move |args: &[String]| {
            let args: Vec<String> = args.iter().map(|arg| literal(arg)).collect();
            if several && !args.is_empty() {
                let between = format!(",{line_break}{}", indent.repeat(4));
                format!(
                    "[{line_break}{}{}{comma}{line_break}{}]",
                    indent.repeat(4),
                    args.join(&between),
                    indent.repeat(3)
                )
            } else {
                format!("[{}]", args.join(","))
            }
        }
    };
    let key = |name: &str| format!("\"{name}\"");
    let mut entries = Vec::new();
    for (index, draft) in drafts.iter().enumerate() {
        let members = members(draft, ": ", list(draft.several_lines && !one_line), key);
        let entry = if *one_line {
            format!("\"s{index}\":{{{}}}", members.join(","))
        } else {
            let between = format!(",{line_break}{}", indent.repeat(3));
            let remark = if *comments { " // \"mine\" {" } else { "" };
            format!(
                "{}\"s{index}\": {{{remark}{line_break}{}{}{comma}{line_break}{}}}",
                indent.repeat(2),
                indent.repeat(3),
                members.join(&between),
                indent.repeat(2)
            )
        };
        entries.push(entry);
    }
    if *one_line {
        return format!("{{\"other\":[1,null],\"mcpServers\":{{{}}}}}", entries.join(","));
    }
    let between = format!(",{line_break}");
    let end = if entries.is_empty() { "" } else { comma };
    format!(
        "{{{line_break}{indent}\"mcpServers\": {{{line_break}{}{end}{line_break}{indent}}},{line_break}{indent}\"x\": \"ü\"{line_break}}}",
        entries.join(&between)
    )
}

fn toml(drafts: &[Draft], style: &Style) -> String {
    let Style { line_break, indent, comments, one_line, .. } = style;
    let remark = if *comments { " # [mine]" } else { "" };
    let list = |args: &[String]| {
        let args: Vec<String> = args.iter().map(|arg| literal(arg)).collect();
        format!("[{}]", args.join(", "))
    };
    let key = |name: &str| name.to_owned();
    let mut out = format!("x = 'ü'{remark}{line_break}");
    for (index, draft) in drafts.iter().enumerate() {
        let members = members(&Draft { disabled: false, ..draft.clone() }, " = ", list, key);
        if *one_line {
            write!(out, "mcp_servers.s{index} = {{ {} }}{remark}{line_break}", members.join(", ")).unwrap();
        } else {
            write!(out, "{line_break}[mcp_servers.s{index}]{remark}{line_break}").unwrap();
            for member in members {
                write!(out, "{indent}{member}{remark}{line_break}").unwrap();
            }
        }
    }
    out
}

fn yaml(drafts: &[Draft], style: &Style) -> String {
    let Style { line_break, indent, comments, one_line, .. } = style;
    let remark = if *comments { " # - mine" } else { "" };
    let key = |name: &str| name.to_owned();
    let mut out = format!("name: ü{remark}{line_break}mcpServers:{remark}{line_break}");
    if drafts.is_empty() {
        return format!("{out}  []{line_break}");
    }
    for (index, draft) in drafts.iter().enumerate() {
        let several = draft.several_lines && !one_line;
        let list = |args: &[String]| {
            let args: Vec<String> = args.iter().map(|arg| literal(arg)).collect();
            if several && !args.is_empty() {
                let lines = args.iter().map(|arg| format!("{line_break}{indent}    - {arg}{remark}"));
                lines.collect()
            } else {
                format!("[{}]", args.join(", "))
            }
        };
        let members = members(draft, ": ", list, key);
        if *one_line {
            write!(out, "{indent}- {{ name: s{index}, {} }}{remark}{line_break}", members.join(", "))
                .unwrap();
        } else {
            write!(out, "{indent}- name: s{index}{line_break}").unwrap();
            for member in members {
                let remark = if member.ends_with(remark) { "" } else { remark };
                write!(out, "{indent}  {member}{remark}{line_break}").unwrap();
            }
        }
    }
    out
}

fn place(client: Client) -> Place {
    let around =
        Surroundings { system: System::Linux, home: "/h".into(), project: None, variable: &|_| None };
    places(&around).into_iter().find(|place| place.client == client && place.scope == Scope::User).unwrap()
}

/// What counts as this program here.
fn is_own(program: &str) -> bool {
    ["/bin/interlock", "/bin/inter lock\\interlock", "/x/interlock", "interlock"].contains(&program)
}

fn wiring() -> Wiring {
    Wiring { client: Client::Cursor, program: "/bin/interlock".to_owned() }
}

fn check(client: Client, text: &str, chosen: &[bool]) -> Result<(), TestCaseError> {
    let place = place(client);
    let before =
        servers(&place, text, &is_own).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
    let wrapped = Wrapped {
        policy: Some("/p ü.yaml".into()),
        server: Some("s".to_owned()),
        grant: Some("local".to_owned()),
        data: None,
    };
    let wrapping = Wrapping { program: "/bin/inter lock\\interlock".to_owned(), wrapped };
    let is_chosen = |(index, server): &(usize, &Server)| {
        server.state == State::Open && chosen.get(*index).copied().unwrap_or(true)
    };
    let rewirings: Vec<Rewiring<'_>> = (before.iter().enumerate())
        .filter(is_chosen)
        .map(|(_, server)| Rewiring { server, wrapping: &wrapping })
        .collect();
    let after = match rewire(&place, text, &rewirings, &is_own) {
        Err(RewireError::Layout) => return Ok(()),
        other => other.map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?,
    };
    prop_assert_eq!(rewirings.is_empty(), after == text);
    // What was not chosen reads as before, what was is behind Interlock and is the same server.
    let now = servers(&place, &after, &is_own).unwrap();
    prop_assert_eq!(now.len(), before.len());
    for (index, (old, new)) in before.iter().zip(&now).enumerate() {
        prop_assert_eq!(&old.reached, &new.reached);
        prop_assert_eq!(&old.variables, &new.variables);
        match is_chosen(&(index, old)) {
            true => prop_assert!(matches!(new.state, State::Wrapped(_)), "{after}"),
            false => prop_assert_eq!(old, new),
        }
    }
    // Every other byte is still there, in its order.
    let commands = rewirings.iter().filter_map(|rewiring| match &rewiring.server.reached {
        Reached::Command(words) => words.first(),
        _ => None,
    });
    let kept = commands.fold(text.to_owned(), |text, command| text.replace(&literal(command), ""));
    let mut rest = after.chars();
    prop_assert!(kept.chars().all(|kept| rest.any(|c| c == kept)), "{text}\n{after}");
    prop_assert_eq!(after.contains("\r\n"), text.contains("\r\n"));
    // What people are shown has none of the variables' values.
    let shown = masked(place.format, &after).unwrap();
    for (_, value) in before.iter().flat_map(|server| &server.variables) {
        prop_assert!(value.len() < 6 || !shown.contains(&format!("K: {value}")), "{shown}");
    }
    // Entry by entry it goes back to the same bytes.
    let wired = Wired { place: &place, before: text, after: &after, program: &wrapping.program };
    let (back, entries) = unwire(&wired, &after).unwrap();
    prop_assert_eq!(&back, text, "{:?} {}", entries, after);
    prop_assert_eq!(entries.len(), rewirings.len());
    undone(&place, text, &after)
}

/// Written to a file and undone, the bytes are the same.
fn undone(place: &Place, text: &str, after: &str) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(place.path.file_name().unwrap());
    fs::write(&path, text).unwrap();
    let file = open(&path).unwrap().unwrap();
    let mut journal = Journal::open(&folder.path().join("journal")).unwrap();
    journal.change(&file, after, &wiring()).unwrap();
    prop_assert_eq!(fs::read_to_string(&path).unwrap(), after);
    let undone = journal.undo(Undoing::default()).unwrap();
    prop_assert!(undone.iter().all(|undone| matches!(undone.what, Restored::Restored | Restored::AsBefore)));
    prop_assert_eq!(fs::read_to_string(&path).unwrap(), text);
    prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_change_is_about_its_entries_and_can_be_undone(
        drafts in proptest::collection::vec(draft(), 0..4),
        style in style(),
        chosen in proptest::collection::vec(any::<bool>(), 4),
    ) {
        for (client, written) in [
            (Client::Cursor, json(&drafts, &style)),
            (Client::Codex, toml(&drafts, &style)),
            (Client::Continue, yaml(&drafts, &style)),
        ] {
            let written = if style.last_break { written } else { written.trim_end().to_owned() };
            check(client, &written, &chosen)?;
        }
    }

    #[test]
    fn no_text_is_too_strange_to_be_read(text in "[ \\n\\t{}\\[\\]:,\"'#&*!|>%@`a-c0-9.=-]{0,60}") {
        for client in Client::ALL {
            let _told = servers(&place(client), &text, &is_own);
            let _shown = masked(place(client).format, &text);
        }
    }
}

#[test]
fn a_file_that_was_saved_meanwhile_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mcp.json");
    fs::write(&path, "{}").unwrap();
    let file = open(&path).unwrap().unwrap();
    fs::write(&path, "{ }").unwrap();
    let journal_folder = folder.path().join("journal");
    let mut journal = Journal::open(&journal_folder).unwrap();
    let error = journal.change(&file, "{\"a\": 1}", &wiring()).unwrap_err().to_string();
    assert!(error.contains("was changed meanwhile, so it was left as it is"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "{ }");
    // Two of them at once would write over each other's notes.
    let error = Journal::open(&journal_folder).unwrap_err().to_string();
    assert!(error.contains("another `interlock init` is at work"), "{error}");
    assert!(journal.undo(Undoing::default()).unwrap().is_empty());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn changes_one_after_the_other_are_undone_to_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mcp.json");
    fs::write(&path, "1").unwrap();
    let journal_folder = folder.path().join("journal");
    for next in ["2", "3"] {
        let mut journal = Journal::open(&journal_folder).unwrap();
        journal.change(&open(&path).unwrap().unwrap(), next, &wiring()).unwrap();
    }
    // Somebody else changed it in between: what came before that is out of reach, but for force.
    let undone = Journal::open(&journal_folder).unwrap().undo(Undoing::default()).unwrap();
    assert!(matches!(undone.as_slice(), [one] if matches!(one.what, Restored::Restored)), "{undone:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "1");
    assert!(!journal_folder.exists());
}
