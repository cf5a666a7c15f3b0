//! `diff` against brute force: what changes verdict is told, and what is told changes verdict.

mod calls;

use interlock_json::{Decimal, Limits, scan};
use proptest::prelude::*;
use serde_json::Value;

use super::super::defined;
use super::pairs;
use crate::{
    Bound, Call, CounterKey, CounterValues, Decision, Difference, Direction, Effort, Example, Facts,
    Judgement, Matcher, Origin, Policy, ScopePart, Section, Source, Syntax, ToolDefinition, ToolFacts,
    ToolList, Verdict, Who, compile, diff, judge, uri, visible,
};
use calls::{Chance, Given};

const EFFORT: Effort = Effort { calls: 3_000 };
/// Monday, 2026-01-05.
const MONDAY_MS: i64 = 1_767_571_200_000;
/// Calls that are made up for each pair.
const CALLS: usize = 150;
const LISTED: &str = r#"[
    {"name": "t", "inputSchema": {"required": ["a"], "properties": {"a": {"type": "number"}}}},
    {"name": "u", "annotations": {"readOnlyHint": true}},
    {"name": "get_a", "inputSchema": {"properties": {"b": {"type": "string"}}, "additionalProperties": false}}]"#;

type Stack<'p> = [(Origin, &'p Policy)];

fn kinds(key: &CounterKey) -> Vec<String> {
    let kind = |part: &ScopePart| match part {
        ScopePart::Grant(_) => "grant".to_owned(),
        ScopePart::Session(_) => "session".to_owned(),
        ScopePart::Tool(name) => name.to_string(),
        ScopePart::Argument { path, .. } => path.to_string(),
        ScopePart::Call(_) => "call".to_owned(),
    };
    key.scope.iter().map(kind).collect()
}

/// What tells a counter from another one, apart from whom it is kept for.
fn identity(key: &CounterKey) -> String {
    let CounterKey { section, matcher, counter, window, align, shared, shadow, .. } = key;
    format!("{section:?} {matcher} {counter} {window} {align:?} {shared:?} {shadow} {:?}", kinds(key))
}

/// Counters that are given, and what each of the others holds.
struct Held<'h>(&'h [(CounterKey, Decimal)], &'h dyn Fn(&str) -> Decimal);

impl CounterValues for Held<'_> {
    fn value(&self, counter: &CounterKey) -> Option<Decimal> {
        let wanted = identity(counter);
        let found = self.0.iter().find(|(key, _)| identity(key) == wanted);
        Some(found.map_or_else(|| (self.1)(&wanted), |(_, value)| *value))
    }
}

fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Deny => 0,
        Verdict::Ask => 1,
        Verdict::Proceed => 2,
    }
}

fn verdict(stack: &Stack<'_>, call: &Call<'_>, facts: &Facts<'_>, held: &Held<'_>) -> Verdict {
    let facts = Facts { counters: Some(held), ..*facts };
    let Judgement::Decided(decision) = judge(stack, call, &facts) else { panic!("all counters are given") };
    let Decision { verdict, needs, .. } = *decision;
    let over = needs.iter().any(|need| {
        let sum = held.value(&need.key).unwrap().checked_add(need.amount);
        !need.shadow
            && match need.bound {
                Bound::None => false,
                Bound::AtMost(most) => sum.is_none_or(|sum| sum > most),
                Bound::Below(below) => sum.is_none_or(|sum| sum >= below),
            }
    });
    if over { Verdict::Deny } else { verdict }
}

fn read(document: &Value) -> Option<Policy> {
    compile(&Source { name: "p", text: &document.to_string(), syntax: Syntax::Json }).0
}

/// Whether a class holds the name.
fn holds(who: &Who, section: Section, name: &str, policies: &[&Policy]) -> bool {
    if who.section != section || who.exact {
        return who.section == section && who.name == name;
    }
    let mut matchers = policies.iter().flat_map(|policy| {
        policy.document().section(section).iter().map(|(matcher, _)| matcher).chain(&policy.document().hide)
    });
    let plain = section != Section::Resources || uri::is_plain(name) == uri::is_plain(&who.name);
    who.name.is_empty()
        || plain
            && matchers.all(|matcher| match matcher {
                Matcher::Exact(exact) => exact != name,
                Matcher::Glob(glob) => glob.matches(name) == glob.matches(&who.name),
                Matcher::Every => true,
            })
}

/// Judges an example by what it says of itself.
fn rejudged(example: &Example, stacks: [&Stack<'_>; 2], tools: Option<&ToolList>) -> [Verdict; 2] {
    let document = example.arguments.as_ref().map(|text| scan(text.as_str(), &Limits::default()).unwrap());
    let arguments = document.as_ref().map(|document| document.root());
    let fact = |path: &str| {
        let found = example.facts.iter().find(|(known, _)| known == path);
        found.map(|(_, value)| serde_json::from_str::<String>(value).unwrap())
    };
    let labels: Vec<(String, String)> =
        fact("grant.labels.team").into_iter().map(|value| ("team".to_owned(), value)).collect();
    let [grant, server, client, category, severity] =
        ["grant.name", "call.server", "client.name", "tool.category", "tool.severity"].map(fact);
    let now_ms = fact("time").map_or(MONDAY_MS, |at| at.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    let call = Call {
        section: example.section,
        server: server.as_deref().unwrap_or("server"),
        name: &example.name,
        arguments,
    };
    let open = ToolDefinition::open();
    let definition = tools.and_then(|tools| tools.get(&example.name)).unwrap_or(&open);
    let facts = Facts {
        labels: &labels,
        client: client.as_deref(),
        category: category.as_deref(),
        severity: severity.as_deref(),
        tool: ToolFacts::Known { definition },
        ..Facts::new(grant.as_deref().unwrap_or("local"), "session", now_ms)
    };
    let held = Held(&example.counters, &|_| Decimal::ZERO);
    stacks.map(|stack| verdict(stack, &call, &facts, &held))
}

/// The verdicts on a call that was made up.
fn judged(given: &Given, stacks: [&Stack<'_>; 2], definition: &ToolDefinition) -> [Verdict; 2] {
    let document = scan(given.arguments.as_str(), &Limits::default()).unwrap();
    let takes = given.section != Section::Resources;
    let arguments = (takes && given.has_arguments).then(|| document.root());
    let call = Call { section: given.section, server: &given.server, name: &given.name, arguments };
    let facts = Facts {
        labels: &given.labels,
        client: given.client.as_deref(),
        category: given.category.as_deref(),
        severity: given.severity.as_deref(),
        tool: ToolFacts::Known { definition },
        ..Facts::new(&given.grant, "session", given.now_ms)
    };
    let held = |identity: &str| given.held(identity);
    stacks.map(|stack| verdict(stack, &call, &facts, &Held(&[], &held)))
}

fn direction([before, after]: [Verdict; 2]) -> Direction {
    if rank(after) > rank(before) { Direction::Widen } else { Direction::Narrow }
}

/// Whether the change is told of a class that the name is in.
fn tells(found: &Difference, verdicts: [Verdict; 2], given: &Given, policies: &[&Policy]) -> bool {
    let held = |who: &Who| holds(who, given.section, &given.name, policies);
    let changed = found.changes.iter().any(|change| {
        [change.before.verdict, change.after.verdict] == verdicts
            && (held(&change.who) || change.also.iter().any(held))
    });
    changed
        || found.doubts.iter().any(|doubt| {
            doubt.directions.contains(&direction(verdicts))
                && (held(&doubt.who) || doubt.also.iter().any(held))
        })
}

/// What lists show is told, and so is nothing else.
fn check_shown(
    found: &Difference,
    stacks: [&Stack<'_>; 2],
    policies: &[&Policy],
    names: &[(Section, String)],
) {
    for (section, name) in names {
        let [before, after] = stacks.map(|stack| visible(stack, *section, name));
        let told = found.shown.iter().find(|change| {
            let mut who = change.also.iter().chain([&change.who]);
            who.any(|who| holds(who, *section, name, policies))
        });
        let expected = match (before, after) {
            (false, true) => Some(Direction::Widen),
            (true, false) => Some(Direction::Narrow),
            _ => None,
        };
        assert_eq!(told.map(|change| change.direction), expected, "{section:?} {name} in {found:#?}");
    }
}

/// What was seen of all pairs, for those who run many.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    pairs: usize,
    differing: usize,
    doubted: usize,
    changed_calls: usize,
    known_by_doubt_only: usize,
}

fn check(old: &Value, new: &Value, grant: Option<&Value>, listed: bool, seed: u64, seen: &mut Seen) {
    let (Some(before), Some(after)) = (read(old), read(new)) else { return };
    let grant = grant.and_then(read);
    let beside = grant.iter().map(|policy| (Origin::Grant, policy));
    let [first, second] = [&before, &after]
        .map(|policy| [(Origin::Server, policy)].into_iter().chain(beside.clone()).collect::<Vec<_>>());
    let stacks = [first.as_slice(), second.as_slice()];
    let policies: Vec<&Policy> = [&before, &after].into_iter().chain(&grant).collect();
    let list = ToolList::read(LISTED).unwrap();
    let tools = listed.then_some(&list);
    let found = diff(stacks[0], stacks[1], tools, EFFORT);
    let texts = || format!("{old}\n{new}\n{:?}", grant.as_ref().map(|policy| policy.document().to_json()));
    for change in &found.changes {
        let verdicts = rejudged(&change.example, stacks, tools);
        assert_eq!(verdicts, [change.before.verdict, change.after.verdict], "{change:#?}\n{}", texts());
        assert_ne!(verdicts[0], verdicts[1]);
        assert_eq!(change.direction, direction(verdicts));
        for also in &change.also {
            let example =
                Example { name: also.name.clone(), section: also.section, ..change.example.clone() };
            assert_eq!(rejudged(&example, stacks, tools), verdicts, "{also:?} of {change:#?}\n{}", texts());
        }
    }
    seen.pairs += 1;
    seen.differing += usize::from(!found.changes.is_empty());
    seen.doubted += usize::from(!found.doubts.is_empty());
    let mut chance = Chance::new(seed, [old, new].into_iter().chain(grant.is_some().then_some(old)));
    let unlisted = [
        ToolDefinition::open(),
        defined("{}"),
        defined(r#"{"required": ["b"], "properties": {"a": {}, "b": {}}}"#),
    ];
    let mut names = Vec::new();
    let examples = found.changes.iter().map(|change| &change.example);
    let mut calls: Vec<Given> = examples.flat_map(|example| chance.like(example)).collect();
    calls.extend(std::iter::repeat_with(|| chance.call()).take(CALLS));
    for given in &calls {
        let definition = match tools {
            Some(tools) if given.section == Section::Tools => match tools.get(&given.name) {
                Some(definition) => definition,
                None => continue,
            },
            _ => &unlisted[given.arguments.len() % unlisted.len()],
        };
        names.push((given.section, given.name.clone()));
        let verdicts = judged(given, stacks, definition);
        if verdicts[0] != verdicts[1] {
            seen.changed_calls += 1;
            assert!(
                tells(&found, verdicts, given, &policies),
                "{given:?}: {verdicts:?} in {found:#?}\n{}",
                texts()
            );
            let shown = Difference { doubts: Vec::new(), ..found.clone() };
            seen.known_by_doubt_only += usize::from(!tells(&shown, verdicts, given, &policies));
        }
    }
    names.sort();
    names.dedup();
    check_shown(&found, stacks, &policies, &names);
}

#[test]
fn what_changes_is_told_and_what_is_told_changes() {
    // As many as `PROPTEST_CASES` says: tens of thousands where time is no matter.
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::default());
    let grant = proptest::option::weighted(0.15, pairs::document());
    let seen = std::cell::Cell::new(Seen::default());
    let result = runner.run(
        &(pairs::pair(), grant, proptest::bool::weighted(0.15), any::<u64>()),
        |((old, new), grant, listed, seed)| {
            let mut now = seen.get();
            check(&old, &new, grant.as_ref(), listed, seed, &mut now);
            seen.set(now);
            Ok(())
        },
    );
    // Told with `--no-capture`.
    println!("{:?}", seen.get());
    result.unwrap();
    let seen = seen.get();
    assert!(seen.pairs > 0 && seen.differing * 5 > seen.pairs, "the pairs show little: {seen:?}");
}
