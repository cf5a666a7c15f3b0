//! The tests of a recommended policy: what each of its entries promises, as calls and the decisions expected of them.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::Known;
use super::entry::{Entry, Validation, Verdict};
use super::guards::{Guard, GuardKind};
use super::plain::{self, Name};
use super::sample;
use super::yaml::{flow, path, scalar};
use crate::definition::Step;

/// A case of a test file: its name, the call, and what becomes of it.
struct Case {
    name: String,
    arguments: Map<String, Value>,
    expected: &'static str,
}

/// Writes the tests.
pub(super) fn of(server: &str, tools_file: &str, entries: &[Entry<'_>], known: Known<'_>) -> String {
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
        cases(entry, known).into_iter().for_each(|case| write_case(&mut out, entry, &case));
        limit(&mut out, entry, known);
    }
    for Name { entry, guard, .. } in plain::of(entries) {
        let case = usual(entry, known).and_then(|plain| crossing(entry, &guard, &plain));
        case.into_iter().for_each(|case| write_case(&mut out, entry, &case));
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
        false => format!("{{ tool: {tool}, args: {} }}", flow(&Value::Object(arguments.clone()))),
    }
}

/// What each part of the entry promises, with arguments that fit the tool's own schema.
fn cases(entry: &Entry<'_>, known: Known<'_>) -> Vec<Case> {
    if entry.verdict == Verdict::Deny {
        return vec![Case { name: "denied".to_owned(), arguments: Map::new(), expected: "deny" }];
    }
    let Some(plain) = usual(entry, known) else { return Vec::new() };
    let mut cases = Vec::new();
    let (name, expected) = match entry.verdict {
        Verdict::Ask => ("a person decides", "ask"),
        _ => ("allowed", "allow"),
    };
    cases.push(Case { name: name.to_owned(), arguments: plain.clone(), expected });
    // Where a person decides about each call, no list is asked.
    let objects = |guard: &&Guard<'_>| guard.kind.denies() || entry.verdict == Verdict::Allow;
    cases.extend(entry.guards.iter().filter(objects).filter_map(|guard| crossing(entry, guard, &plain)));
    if entry.validation != Validation::None
        && let Some(missing) = entry.definition.required().next()
    {
        let mut arguments = plain;
        arguments.remove(missing);
        cases.push(Case { name: "without what it requires".to_owned(), arguments, expected: "deny" });
    }
    cases
}

/// The arguments that a call must have, with values that each guard lets pass. `None` where the tool's own schema does not
/// take them.
fn usual(entry: &Entry<'_>, known: Known<'_>) -> Option<Map<String, Value>> {
    let mut arguments = sample::arguments(entry.definition)?;
    for guard in entry.guards.iter().filter(|guard| guard.kind.is_main()) {
        if let Some((Step::Key(parameter), steps)) = guard.steps.split_first()
            && let Some(argument) = arguments.get_mut(*parameter)
        {
            put(argument, steps, &good(guard.kind, known));
        }
    }
    if let Some(spends) = &entry.spends {
        arguments.insert(spends.amount.clone(), Value::from(1));
    }
    sample::fits(entry.definition, &arguments).then_some(arguments)
}

/// A call that one guard objects to.
fn crossing(entry: &Entry<'_>, guard: &Guard<'_>, plain: &Map<String, Value>) -> Option<Case> {
    let expected = if guard.kind.denies() { "deny" } else { "ask" };
    let mut arguments = plain.clone();
    let (Step::Key(parameter), steps) = guard.steps.split_first()? else { return None };
    match arguments.get_mut(*parameter) {
        Some(argument) => put(argument, steps, bad(guard.kind)),
        None => drop(arguments.insert((*parameter).to_owned(), alone(steps, bad(guard.kind)))),
    }
    sample::fits(entry.definition, &arguments).then(|| Case {
        name: format!("{} {}", path(&guard.steps).trim_start_matches("args."), fault(guard.kind)),
        arguments,
        expected,
    })
}

/// Puts a text where the steps lead, in all elements of a list.
fn put(argument: &mut Value, steps: &[Step<'_>], text: &str) {
    match (steps.split_first(), argument) {
        (Some((Step::Each, rest)), Value::Array(elements)) => {
            elements.iter_mut().for_each(|element| put(element, rest, text));
        }
        (Some((Step::Key(key), rest)), Value::Object(members)) => match members.get_mut(*key) {
            Some(member) => put(member, rest, text),
            None => drop(members.insert((*key).to_owned(), alone(rest, text))),
        },
        (_, argument) => *argument = alone(steps, text),
    }
}

/// The least that has a text where the steps lead.
fn alone(steps: &[Step<'_>], text: &str) -> Value {
    match steps.split_first() {
        None => Value::from(text),
        Some((Step::Each, rest)) => Value::from(vec![alone(rest, text)]),
        Some((Step::Key(key), rest)) => {
            Value::Object(Map::from_iter([((*key).to_owned(), alone(rest, text))]))
        }
    }
}

fn good(kind: GuardKind, known: Known<'_>) -> String {
    match kind {
        GuardKind::Listed(list) => list.on(known),
        GuardKind::OnlyReads(_) => "SELECT 1".to_owned(),
        GuardKind::NotInside(_) => "https://docs.example.com/a".to_owned(),
        GuardKind::NoKeys => "/srv/data/a.txt".to_owned(),
        GuardKind::NotAlike(_) | GuardKind::NoSecrets | GuardKind::Plain(_) | GuardKind::Steered => {
            "abc".to_owned()
        }
    }
}

/// What is wrong with what [`bad`] gives.
const fn fault(kind: GuardKind) -> &'static str {
    match kind {
        GuardKind::NotAlike(_) => "that looks like another",
        GuardKind::NoSecrets => "that names secrets",
        GuardKind::Plain(_) => "that is more than a name",
        GuardKind::Steered => "whose definition gives models orders",
        GuardKind::Listed(_) | GuardKind::OnlyReads(_) | GuardKind::NotInside(_) | GuardKind::NoKeys => {
            "that is not let through"
        }
    }
}

const fn bad(kind: GuardKind) -> &'static str {
    match kind {
        GuardKind::Listed(list) => list.off(),
        GuardKind::OnlyReads(_) => "DELETE FROM t",
        GuardKind::NotInside(_) => "http://169.254.169.254/latest/meta-data",
        GuardKind::NoKeys => "/home/ada/.ssh/id_ed25519",
        GuardKind::NotAlike(_) => "https://docs.example.com.elsewhere.example/a",
        GuardKind::NoSecrets => "SELECT * FROM api_keys",
        GuardKind::Plain(_) => "a;b",
        GuardKind::Steered => "abc",
    }
}

/// That no more calls are let through in a window than may be.
fn limit(out: &mut String, entry: &Entry<'_>, known: Known<'_>) {
    let Some(rate) = entry.rate.filter(|_| entry.verdict == Verdict::Allow) else { return };
    let Some(times) = rate.split('/').next() else { return };
    let Some(arguments) = usual(entry, known) else { return };
    let call = call(entry, &arguments);
    let name = scalar(&format!("{}: {rate}", entry.definition.tool));
    let _infallible = writeln!(
        out,
        "  - name: {name}\n    steps:\n      - {{ call: {call}, repeat: {times}, expect: allow }}\n      - {{ call: {call}, expect: {{ verdict: deny, rule: few calls }} }}"
    );
}
