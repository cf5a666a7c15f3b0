//! The tests of a recommended policy: what each of its entries promises, as calls and the decisions expected of them.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::entry::{Entry, Guard, GuardKind, Validation, Verdict};
use super::sample;
use super::yaml::scalar;

/// A case of a test file: its name, the call, and what becomes of it.
struct Case {
    name: String,
    arguments: Map<String, Value>,
    expected: &'static str,
}

/// Writes the tests.
pub(super) fn of(server: &str, tools_file: &str, entries: &[Entry<'_>]) -> String {
    let mut out = format!("server: {}\ntools: {}\n\ncases:\n", scalar(server), scalar(tools_file));
    let named: Vec<&Entry<'_>> = entries.iter().filter(|entry| entry.can_be_named()).collect();
    if !named.is_empty() {
        out.push_str("  - name: lists show what may be used or is denied with a reason\n    visible:\n");
        for entry in &named {
            let _infallible = writeln!(out, "      - {}", scalar(&entry.definition.tool));
        }
    }
    let nobody = nobody(entries);
    let _infallible = writeln!(
        out,
        "  - name: what the policy does not name is denied\n    call: {{ tool: {nobody} }}\n    expect: {{ verdict: deny, rule: (default deny) }}"
    );
    for entry in named {
        cases(entry).into_iter().for_each(|case| write_case(&mut out, entry, &case));
        limit(&mut out, entry);
    }
    out
}

/// A name that no tool has.
fn nobody(entries: &[Entry<'_>]) -> String {
    let mut name = "something_else".to_owned();
    while entries.iter().any(|entry| entry.definition.tool == name) {
        name.push('_');
    }
    name
}

fn write_case(out: &mut String, entry: &Entry<'_>, case: &Case) {
    let name = format!("{}: {}", entry.definition.tool, case.name);
    let _infallible = writeln!(
        out,
        "  - name: {}\n    call: {}\n    expect: {}",
        scalar(&name),
        call(entry, &case.arguments),
        case.expected
    );
}

fn call(entry: &Entry<'_>, arguments: &Map<String, Value>) -> String {
    let tool = scalar(&entry.definition.tool);
    match arguments.is_empty() {
        true => format!("{{ tool: {tool} }}"),
        // JSON is YAML.
        false => format!(
            "{{ tool: {tool}, args: {} }}",
            super::seen(&Value::Object(arguments.clone()).to_string())
        ),
    }
}

/// What each part of the entry promises, with arguments that fit the tool's own schema.
fn cases(entry: &Entry<'_>) -> Vec<Case> {
    if entry.verdict == Verdict::Deny {
        return vec![Case { name: "denied".to_owned(), arguments: Map::new(), expected: "deny" }];
    }
    let Some(plain) = sample::arguments(entry.definition).and_then(|arguments| listed(entry, arguments))
    else {
        return Vec::new();
    };
    let mut cases = Vec::new();
    let (name, expected) = match entry.verdict {
        Verdict::Ask => ("a person decides", "ask"),
        _ => ("allowed", "allow"),
    };
    cases.push(Case { name: name.to_owned(), arguments: plain.clone(), expected });
    for guard in &entry.guards {
        cases.extend(crossing(entry, guard, &plain));
    }
    if entry.validation != Validation::None
        && let Some(missing) = entry.definition.required().next()
    {
        let mut arguments = plain;
        arguments.remove(missing);
        cases.push(Case { name: "without what it requires".to_owned(), arguments, expected: "deny" });
    }
    cases
}

/// The arguments with values that each guard lets pass. `None` where the tool's own schema does not take them.
fn listed(entry: &Entry<'_>, mut arguments: Map<String, Value>) -> Option<Map<String, Value>> {
    for guard in &entry.guards {
        if arguments.contains_key(&guard.parameter) {
            arguments.insert(guard.parameter.clone(), value(guard, good(guard.kind)));
        }
    }
    (sample::fits(entry.definition, &arguments) && affordable(entry, &arguments)).then_some(arguments)
}

/// Whether what is spent is within the bound of one call.
fn affordable(entry: &Entry<'_>, arguments: &Map<String, Value>) -> bool {
    let amount = entry.spends.as_ref().map(|name| arguments.get(name).and_then(Value::as_f64));
    amount.is_none_or(|amount| amount.is_some_and(|amount| (0.0..=100.0).contains(&amount)))
}

/// A call that one guard objects to.
fn crossing(entry: &Entry<'_>, guard: &Guard, plain: &Map<String, Value>) -> Option<Case> {
    let expected = match guard.kind {
        GuardKind::NotInside | GuardKind::NoKeys => "deny",
        GuardKind::Listed(_) | GuardKind::OnlyReads(_) => "ask",
    };
    let mut arguments = plain.clone();
    arguments.insert(guard.parameter.clone(), value(guard, bad(guard.kind)));
    sample::fits(entry.definition, &arguments).then(|| Case {
        name: format!("{} that is not let through", guard.parameter),
        arguments,
        expected,
    })
}

fn value(guard: &Guard, text: &str) -> Value {
    if guard.is_list { Value::from(vec![text]) } else { Value::from(text) }
}

const fn good(kind: GuardKind) -> &'static str {
    match kind {
        GuardKind::Listed(list) => list.samples().0,
        GuardKind::OnlyReads(_) => "SELECT 1",
        GuardKind::NotInside => "https://docs.example.com/a",
        GuardKind::NoKeys => "/srv/data/a.txt",
    }
}

const fn bad(kind: GuardKind) -> &'static str {
    match kind {
        GuardKind::Listed(list) => list.samples().1,
        GuardKind::OnlyReads(_) => "DELETE FROM t",
        GuardKind::NotInside => "http://169.254.169.254/latest/meta-data",
        GuardKind::NoKeys => "/home/ada/.ssh/id_ed25519",
    }
}

/// That no more calls are let through in a window than may be.
fn limit(out: &mut String, entry: &Entry<'_>) {
    let Some(rate) = entry.rate.filter(|_| entry.verdict == Verdict::Allow) else { return };
    let Some(times) = rate.split('/').next() else { return };
    let Some(arguments) = sample::arguments(entry.definition).and_then(|arguments| listed(entry, arguments))
    else {
        return;
    };
    let call = call(entry, &arguments);
    let name = scalar(&format!("{}: {rate}", entry.definition.tool));
    let _infallible = writeln!(
        out,
        "  - name: {name}\n    steps:\n      - {{ call: {call}, repeat: {times}, expect: allow }}\n      - {{ call: {call}, expect: {{ verdict: deny, rule: few calls }} }}"
    );
}
