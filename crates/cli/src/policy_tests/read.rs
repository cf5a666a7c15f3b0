//! Text to tests, with every mistake at its place.

mod fields;
mod json;

use interlock_policy::{Diagnostic, Located, Node, Section, Syntax, Value, Verdict};

use super::document::{
    At, Case, Expect, ListExpectation, ReasonExpectation, Setting, Step, TestFile, ToolSource,
};
use crate::rehearsal::Caller;
use crate::rehearsal::call::CallText;
use crate::rehearsal::times;
use fields::{Fields, Reader};

/// A Monday morning: tests that say no time are about any.
const CLOCK: &str = "2026-01-05T09:00:00Z";
/// A case repeats a call at most so often.
const MOST_REPEATS: u64 = 1_000_000;

const FILE: [&str; 11] = [
    "policy",
    "grant_policy",
    "cases",
    "server",
    "grant",
    "session",
    "labels",
    "client",
    "clock",
    "tools",
    "counters",
];
const CASE: [&str; 15] = [
    "name", "call", "repeat", "expect", "steps", "visible", "hidden", "server", "grant", "session", "labels",
    "client", "clock", "tools", "counters",
];
const STEP: [&str; 5] = ["at", "call", "repeat", "expect", "counters"];
const CALL: [&str; 4] = ["tool", "resource", "prompt", "args"];
const EXPECT: [&str; 6] = ["verdict", "reason", "rule", "retry_after", "shadow", "counters"];

/// Reads a file of tests. There are tests where there is no mistake.
pub(super) fn read(text: &str, syntax: Syntax) -> (Option<TestFile>, Vec<Diagnostic>) {
    let mut reader = Reader::new(text, Located::new(text));
    let root = reader.located.read(syntax);
    let file = root.map(|root| file(&root, &mut reader));
    let found = reader.located.finish();
    (file.filter(|_| found.is_empty()), found)
}

fn file(root: &Node, reader: &mut Reader<'_>) -> TestFile {
    let fields = reader.open(root, "a file of tests", &FILE, "");
    let default = Setting {
        caller: Caller::default(),
        clock_ms: times::moment(CLOCK).unwrap_or_default(),
        tools: None,
        counters: Vec::new(),
    };
    let setting = setting(&fields, default, reader);
    let policy = fields.text("policy", reader);
    let grant_policy = fields.text("grant_policy", reader);
    let mut cases = Vec::new();
    match fields.items("cases", reader) {
        Some(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                cases.push(case(item, &setting, &format!("/cases/{index}"), reader));
            }
        }
        _ => reader.missing(root, "", "a file of tests needs `cases`: a list with at least one case"),
    }
    repeated_names(&cases, root, reader);
    TestFile { policy, grant_policy, cases }
}

/// Two cases of one name cannot be told apart in a report.
fn repeated_names(cases: &[Case], root: &Node, reader: &mut Reader<'_>) {
    let mut known = std::collections::HashSet::new();
    for (index, case) in cases.iter().enumerate() {
        if !case.name.is_empty() && !known.insert(&case.name) {
            let pointer = format!("/cases/{index}/name");
            let node = json::find(root, &pointer).unwrap_or(root);
            reader.wrong(node, &pointer, "two cases have this name".to_owned(), None);
        }
    }
}

fn setting(fields: &Fields<'_>, mut setting: Setting, reader: &mut Reader<'_>) -> Setting {
    let caller = &mut setting.caller;
    for (key, name) in
        [("server", &mut caller.server), ("grant", &mut caller.grant), ("session", &mut caller.session)]
    {
        if let Some(text) = fields.text(key, reader) {
            *name = text;
        }
    }
    if let Some(client) = fields.text("client", reader) {
        caller.client = Some(client);
    }
    for (name, value) in fields.pairs("labels", reader) {
        caller.labels.retain(|(known, _)| *known != name);
        caller.labels.push((name, value));
    }
    if let Some((node, text)) = fields.get("clock").zip(fields.text("clock", reader)) {
        match times::moment(&text) {
            Some(ms) => setting.clock_ms = ms,
            None => reader.wrong(
                node,
                &fields.below("clock"),
                "the clock is a time such as `2026-01-05T09:00:00Z`, or a date".to_owned(),
                None,
            ),
        }
    }
    if let Some(node) = fields.get("tools") {
        setting.tools = tools(node, &fields.below("tools"), reader);
    }
    for (name, amount) in fields.amounts("counters", reader) {
        setting.counters.retain(|(known, _)| *known != name);
        setting.counters.push((name, amount));
    }
    setting
}

fn tools(node: &Node, pointer: &str, reader: &mut Reader<'_>) -> Option<ToolSource> {
    match &node.value {
        Value::Text(path) => Some(ToolSource::File(path.to_string())),
        Value::List(_) | Value::Map(_) => Some(ToolSource::Inline(json::text(node))),
        _ => {
            reader.expected("a file's name or a list of tools", node, pointer);
            None
        }
    }
}

fn case(node: &Node, default: &Setting, pointer: &str, reader: &mut Reader<'_>) -> Case {
    let fields = reader.open(node, "a case", &CASE, pointer);
    let name = fields.text("name", reader).unwrap_or_default();
    if fields.get("name").is_none() {
        reader.missing(node, pointer, "a case needs a `name`");
    }
    let setting = setting(&fields, default.clone(), reader);
    let mut lists = Vec::new();
    for (key, visible) in [("visible", true), ("hidden", false)] {
        list_expectations(&fields, key, visible, &mut lists, reader);
    }
    let steps = steps(node, &fields, pointer, reader);
    if ["call", "steps", "visible", "hidden"].iter().all(|key| fields.get(key).is_none()) {
        reader.missing(node, pointer, "a case needs a `call`, `steps`, `visible` or `hidden`");
    }
    Case { name, line: reader.line(node), setting, lists, steps }
}

fn steps(node: &Node, fields: &Fields<'_>, pointer: &str, reader: &mut Reader<'_>) -> Vec<Step> {
    let alone = fields.get("call").is_some();
    if !alone {
        for key in ["expect", "repeat"] {
            if let Some(node) = fields.get(key) {
                let message = format!("`{key}` belongs beside a `call`");
                reader.wrong(node, &fields.below(key), message, None);
            }
        }
    }
    if let (true, Some(node)) = (alone, fields.get("steps")) {
        let help = Some("make the call the first of the steps".to_owned());
        let message = "a case has a `call` or `steps`, not both".to_owned();
        reader.wrong(node, &fields.below("steps"), message, help);
    }
    if alone {
        return vec![step(node, fields, pointer, false, reader)];
    }
    let items = fields.items("steps", reader).unwrap_or_default();
    if let Some(node) = fields.get("steps").filter(|node| is_empty(node)) {
        reader.missing(node, &fields.below("steps"), "a case needs at least one step");
    }
    let each = items.iter().enumerate().map(|(index, item)| {
        let pointer = format!("{pointer}/steps/{index}");
        let fields = reader.open(item, "a step", &STEP, &pointer);
        step(item, &fields, &pointer, true, reader)
    });
    each.collect()
}

/// A list with nothing in it, or a map with nothing but such: what expects that can never fail.
fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::List(items) => items.is_empty(),
        Value::Map(members) => members.iter().all(|member| is_empty(&member.value)),
        _ => false,
    }
}

/// `shadow: []` expects something: that no rule would have objected.
fn expects_nothing(node: &Node) -> bool {
    let Value::Map(members) = &node.value else { return false };
    members.iter().all(|member| member.key == "counters" && is_empty(&member.value))
}

fn step(node: &Node, fields: &Fields<'_>, pointer: &str, in_list: bool, reader: &mut Reader<'_>) -> Step {
    let call = fields.get("call").and_then(|node| call(node, &fields.below("call"), reader));
    let mut expect = match fields.get("expect") {
        Some(node) => expect(node, &fields.below("expect"), reader),
        None => Expect::default(),
    };
    if in_list {
        expect.counters.extend(fields.amounts("counters", reader));
    }
    let says_nothing = fields.get("expect").is_none() && expect.counters.is_empty();
    if fields.get("call").is_some() && says_nothing {
        reader.missing(node, pointer, "a call needs an `expect`, such as `expect: allow`");
    }
    let looks = in_list && fields.get("counters").is_some_and(|node| !is_empty(node));
    if fields.get("call").is_none() && !looks {
        reader.missing(node, pointer, "a step needs a `call`, or `counters` to look at");
    }
    let at = if in_list { at(fields, reader) } else { None };
    let repeat = fields.count("repeat", MOST_REPEATS, reader).unwrap_or(1);
    Step { line: reader.line(node), at, call, repeat: u32::try_from(repeat).unwrap_or(u32::MAX), expect }
}

fn at(fields: &Fields<'_>, reader: &mut Reader<'_>) -> Option<At> {
    let (node, text) = fields.get("at").zip(fields.text("at", reader))?;
    let at = match text.strip_prefix('+') {
        Some(later) => times::span(later).map(At::Later),
        None => times::moment(&text).map(At::Moment),
    };
    if at.is_none() {
        let message = "a step is at `+30s` after the one before, or at a time such as `2026-01-05T09:00:00Z`";
        reader.wrong(node, &fields.below("at"), message.to_owned(), None);
    }
    at
}

fn call(node: &Node, pointer: &str, reader: &mut Reader<'_>) -> Option<CallText> {
    let fields = reader.open(node, "a call", &CALL, pointer);
    let named = [("tool", Section::Tools), ("resource", Section::Resources), ("prompt", Section::Prompts)];
    let mut called = named.into_iter().filter(|(key, _)| fields.get(key).is_some());
    let (key, section) = match (called.next(), called.next()) {
        (Some(one), None) => one,
        (None, _) => {
            reader.missing(node, pointer, "a call names a `tool`, `resource` or `prompt`");
            return None;
        }
        (Some(_), Some((key, _))) => {
            let node = fields.get(key)?;
            let message = "a call names one of `tool`, `resource` and `prompt`".to_owned();
            reader.wrong(node, &fields.below(key), message, None);
            return None;
        }
    };
    let name = fields.text(key, reader)?;
    let arguments = match fields.get("args") {
        Some(node) if matches!(node.value, Value::Map(_) | Value::Null) => Some(json::object(node)),
        Some(node) => {
            reader.expected("a map", node, &fields.below("args"));
            None
        }
        None => None,
    };
    Some(CallText { section, name, arguments })
}

fn expect(node: &Node, pointer: &str, reader: &mut Reader<'_>) -> Expect {
    if let Value::Text(text) = &node.value {
        return Expect { verdict: verdict(text, node, pointer, reader), ..Expect::default() };
    }
    let fields = reader.open(node, "an expectation", &EXPECT, pointer);
    if expects_nothing(node) {
        reader.missing(
            node,
            pointer,
            "an expectation needs something that can fail, such as `verdict: allow`",
        );
    }
    let found = fields.get("verdict").zip(fields.text("verdict", reader));
    let mut expect = Expect {
        verdict: found.and_then(|(node, text)| verdict(&text, node, &fields.below("verdict"), reader)),
        rule: fields.text("rule", reader),
        counters: fields.amounts("counters", reader),
        ..Expect::default()
    };
    expect.reason = fields.get("reason").and_then(|node| reason(node, &fields.below("reason"), reader));
    if let Some((node, text)) = fields.get("retry_after").zip(fields.text("retry_after", reader)) {
        expect.retry_after_ms = times::span(&text);
        if expect.retry_after_ms.is_none() {
            let message = "the wait is a span such as `30s`, `15m` or `2h`".to_owned();
            reader.wrong(node, &fields.below("retry_after"), message, None);
        }
    }
    expect.shadow = fields.texts("shadow", reader);
    expect
}

fn verdict(text: &str, node: &Node, pointer: &str, reader: &mut Reader<'_>) -> Option<Verdict> {
    match text {
        "allow" => Some(Verdict::Proceed),
        "deny" => Some(Verdict::Deny),
        "await_approval" | "ask" => Some(Verdict::Ask),
        other => {
            let words = ["allow", "deny", "await_approval", "ask"];
            reader.not_one_of(other, &words, node, pointer);
            None
        }
    }
}

fn reason(node: &Node, pointer: &str, reader: &mut Reader<'_>) -> Option<ReasonExpectation> {
    if let Value::Text(text) = &node.value {
        return Some(ReasonExpectation::Is(text.to_string()));
    }
    let fields = reader.open(node, "a reason", &["contains"], pointer);
    fields.text("contains", reader).map(ReasonExpectation::Contains)
}

fn list_expectations(
    fields: &Fields<'_>,
    key: &str,
    visible: bool,
    lists: &mut Vec<ListExpectation>,
    reader: &mut Reader<'_>,
) {
    let Some(node) = fields.get(key) else { return };
    let pointer = fields.below(key);
    if is_empty(node) {
        reader.missing(node, &pointer, &format!("`{key}` needs at least one name"));
    }
    let mut add = |items: &[Node], section: Section, pointer: &str, reader: &mut Reader<'_>| {
        for (index, item) in items.iter().enumerate() {
            match &item.value {
                Value::Text(name) => {
                    let line = reader.line(item);
                    lists.push(ListExpectation { section, name: name.to_string(), visible, line });
                }
                _ => reader.expected("a name", item, &format!("{pointer}/{index}")),
            }
        }
    };
    if let Value::List(items) = &node.value {
        return add(items, Section::Tools, &pointer, reader);
    }
    let keys = &["tools", "resources", "prompts"];
    let sections = reader.open(node, "a map of lists", keys, &pointer);
    for section in Section::ALL {
        if let Some(items) = sections.items(section.key(), reader) {
            add(items, section, &sections.below(section.key()), reader);
        }
    }
}

#[cfg(test)]
mod tests;
