//! Policies of the two dialects: imported, then made to decide as the dialects' documents say.
//!
//! The cases are in `dialects/*.cases`. A file is a list of policies, each with the calls that it decides:
//!
//! ```text
//! == what it is about
//! the document, as it was written for Intercept or PolicyLayer
//! -- calls
//! @0 3x bob:create_issue {"title": "x"} => allow
//! create_issue {"title": 1} => allow; here deny: why Interlock is stricter
//! 2x create_issue => allow then error
//! delete_issue => deny "part of the text for the agent"
//! ```
//!
//! `@` is the second of the call since 1970 (it stays what it was), `3x` repeats it, `bob:` is who calls. A call is denied,
//! allowed, or put before a person (`ask`), in the dialect's documents and, where that differs on purpose, here. Nothing
//! here may let through what there would be denied. `then error` is a server that answers with a JSON-RPC error, `then
//! isError` one whose result says that it failed. Instead of calls a policy can have `-- refused`, with a part of
//! each message and its line.

mod always;
mod equivalence;
mod ledger;
mod notes;

use std::collections::BTreeMap;

use crate::{
    Call, Dialect, Facts, Imported, Judgement, Origin, Policy, Section, Severity, Source, Syntax, ToolFacts,
    Verdict, import, judge, laid_out,
};
use ledger::{Answer, Ledger};

const INTERCEPT: [(&str, &str); 6] = [
    ("intercept-documents", include_str!("dialects/intercept-documents.cases")),
    ("intercept-operators", include_str!("dialects/intercept-operators.cases")),
    ("intercept-counters", include_str!("dialects/intercept-counters.cases")),
    ("intercept-examples", include_str!("dialects/intercept-examples.cases")),
    ("intercept-catalogue", include_str!("dialects/intercept-catalogue.cases")),
    ("intercept-refused", include_str!("dialects/intercept-refused.cases")),
];
const POLICYLAYER: [(&str, &str); 2] = [
    ("policylayer", include_str!("dialects/policylayer.cases")),
    ("policylayer-refused", include_str!("dialects/policylayer-refused.cases")),
];

/// One policy of a file with what is said about it.
struct Case<'f> {
    title: String,
    document: String,
    refused: bool,
    lines: Vec<&'f str>,
}

fn cases<'f>(file: &str, text: &'f str) -> Vec<Case<'f>> {
    let mut cases: Vec<Case<'f>> = Vec::new();
    let mut in_document = false;
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("== ") {
            let title = format!("{file}: {title}");
            cases.push(Case { title, document: String::new(), refused: false, lines: Vec::new() });
            in_document = true;
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        match line {
            "-- calls" => in_document = false,
            "-- refused" => (in_document, case.refused) = (false, true),
            _ if in_document => case.document.extend([line, "\n"]),
            _ if line.trim().is_empty() || line.starts_with('#') => {}
            _ => case.lines.push(line),
        }
    }
    cases
}

/// A verdict in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    Allow,
    Ask,
    Deny,
}

fn word(text: &str) -> Word {
    match text {
        "allow" => Word::Allow,
        "ask" => Word::Ask,
        "deny" => Word::Deny,
        other => panic!("`{other}` is no verdict"),
    }
}

struct Row<'f> {
    at: Option<i64>,
    times: usize,
    who: &'f str,
    tool: &'f str,
    arguments: &'f str,
    there: Word,
    here: Word,
    told: Option<&'f str>,
    answer: Answer,
}

fn row(line: &str) -> Row<'_> {
    let (call, outcome) = line.rsplit_once(" => ").unwrap_or_else(|| panic!("{line}"));
    let (mut at, mut times, mut rest) = (None, 1, call);
    while let Some((first, after)) = rest.split_once(' ') {
        if let Some(second) = first.strip_prefix('@') {
            at = Some(second.parse().unwrap());
        } else if let Some(count) = first.strip_suffix('x').and_then(|count| count.parse().ok()) {
            times = count;
        } else {
            break;
        }
        rest = after;
    }
    let (name, arguments) = rest.split_once(' ').unwrap_or((rest, ""));
    let (who, tool) = name.split_once(':').unwrap_or(("ann", name));
    let (outcome, why) = match outcome.split_once("; here ") {
        Some((there, here)) => (there, Some(here.split_once(": ").unwrap_or_else(|| panic!("{line}: why?")))),
        None => (outcome, None),
    };
    let (outcome, answer) = match outcome.split_once(" then ") {
        None => (outcome, Answer::Good),
        Some((outcome, "error")) => (outcome, Answer::Refused),
        Some((outcome, "isError")) => (outcome, Answer::Failed),
        Some(_) => panic!("{line}: an answer of what kind?"),
    };
    let (there, told) = match outcome.split_once(" \"") {
        Some((there, told)) => (word(there), Some(told.strip_suffix('"').unwrap())),
        None => (word(outcome), None),
    };
    let here = why.map_or(there, |(here, why)| {
        assert!(!why.trim().is_empty(), "{line}: why is it stricter?");
        assert!(word(here) > there, "{line}: that is not stricter");
        word(here)
    });
    Row { at, times, who, tool, arguments, there, here, told, answer }
}

/// What a call came to, and the words for the agent.
fn decided(policy: &Policy, row: &Row<'_>, ledger: &mut Ledger) -> (Word, String) {
    let document = (!row.arguments.is_empty())
        .then(|| interlock_json::scan(row.arguments, &interlock_json::Limits::default()).unwrap());
    let arguments = document.as_ref().map(|document| document.root());
    let call = Call { section: Section::Tools, server: "s", name: row.tool, arguments };
    let definition = super::defined(r#"{"required": ["datastore_id"]}"#);
    let tool = ToolFacts::Known { definition: &definition };
    let values = ledger.now();
    let facts = Facts { tool, counters: Some(&values), ..Facts::new(row.who, "n", 0) };
    let Judgement::Decided(decision) = judge(&[(Origin::Server, policy)], &call, &facts) else {
        panic!("the values of counters were given");
    };
    match decision.verdict {
        Verdict::Deny => (Word::Deny, decision.reason),
        Verdict::Ask => (Word::Ask, decision.reason),
        Verdict::Proceed => match ledger.reserve(&decision.needs) {
            Ok(()) => {
                ledger.answered(&decision.needs, row.answer);
                (Word::Allow, decision.reason)
            }
            Err(told) => (Word::Deny, told),
        },
    }
}

fn imported(case: &Case<'_>, dialect: Dialect) -> Imported {
    let json = case.document.trim_start().starts_with('{');
    let syntax = if json { Syntax::Json } else { Syntax::Yaml };
    let source = Source { name: "policy", text: &case.document, syntax };
    // The dialect is both asked for and found out, where the document shows it.
    for asked in [Some(dialect), None] {
        let (imported, found) = import(&source, asked, "policy.schema.json");
        let errors: Vec<_> = found.iter().filter(|found| found.severity == Severity::Error).collect();
        let Some(imported) = imported else { panic!("{}\n{}\n{errors:#?}", case.title, case.document) };
        assert_eq!(imported.dialect, dialect, "{}", case.title);
        assert!(imported.text.starts_with("# yaml-language-server: $schema=policy.schema.json\n"));
        let written = Source { name: "policy", text: &imported.text, syntax: Syntax::Yaml };
        assert_eq!(laid_out(&written).as_ref(), Ok(&imported.text), "{}: laid out already", case.title);
        if asked.is_none() {
            return imported;
        }
    }
    unreachable!("the loop returns")
}

/// Every call of one file; how many there were.
fn check(file: &str, text: &str, dialect: Dialect, count: &mut BTreeMap<&'static str, usize>) {
    for case in cases(file, text) {
        *count.entry("policies").or_default() += 1;
        if case.refused {
            refused(&case, dialect);
            *count.entry("refused").or_default() += case.lines.len();
            continue;
        }
        assert!(!case.lines.is_empty(), "{}: no calls", case.title);
        let Imported { policy, choices, .. } = imported(&case, dialect);
        let mut ledger = Ledger::default();
        for line in &case.lines {
            let row = row(line);
            ledger.at(row.at);
            let told_of_it = choices.iter().any(|choice| choice.stricter);
            assert!(
                row.here == row.there || told_of_it,
                "{}\n{line}: the import says nothing of it",
                case.title
            );
            for turn in 1..=row.times {
                let (got, told) = decided(&policy, &row, &mut ledger);
                let printed = policy.document().to_yaml();
                assert_eq!(got, row.here, "{}\n{line} (time {turn}): {told}\n{printed}", case.title);
                let expected = row.told.unwrap_or_default();
                assert!(told.contains(expected), "{}\n{line}: it said: {told}", case.title);
            }
            *count.entry("calls").or_default() += 1;
            *count.entry("stricter").or_default() += usize::from(row.here != row.there);
        }
    }
}

/// Each line is `<line of the document>: <part of a message>`, and there are no other errors.
fn refused(case: &Case<'_>, dialect: Dialect) {
    let json = case.document.trim_start().starts_with('{');
    let syntax = if json { Syntax::Json } else { Syntax::Yaml };
    let source = Source { name: "policy", text: &case.document, syntax };
    let (imported, found) = import(&source, Some(dialect), "policy.schema.json");
    assert!(imported.is_none(), "{}: {}", case.title, imported.unwrap().text);
    let errors: Vec<_> = found.iter().filter(|found| found.severity == Severity::Error).collect();
    assert_eq!(errors.len(), case.lines.len(), "{}\n{errors:#?}", case.title);
    for (error, line) in errors.iter().zip(&case.lines) {
        let (place, message) = line.split_once(": ").unwrap();
        assert_eq!(error.span.line.to_string(), place, "{}: {}", case.title, error.message);
        let said = format!("{} | {}", error.message, error.help.as_deref().unwrap_or_default());
        assert!(said.contains(message), "{}: it said: {said}", case.title);
    }
}

#[test]
fn they_decide_as_their_documents_say() {
    let mut count = BTreeMap::new();
    for (file, text) in INTERCEPT {
        check(file, text, Dialect::Intercept, &mut count);
    }
    for (file, text) in POLICYLAYER {
        check(file, text, Dialect::PolicyLayer, &mut count);
    }
    assert!(count["calls"] >= 150, "{count:?}");
    assert!(count["policies"] >= 60 && count["stricter"] >= 15 && count["refused"] >= 20, "{count:?}");
}

#[test]
#[should_panic(expected = "that is not stricter")]
fn a_case_cannot_be_laxer_here() {
    row("t => deny; here allow: because");
}
