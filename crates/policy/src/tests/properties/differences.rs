//! `diff` against brute force: what changes verdict is told, and what is told changes verdict.

use interlock_json::{Decimal, Limits, scan};
use proptest::prelude::*;
use serde_json::Value;

use super::super::defined;
use super::generate;
use crate::{
    Bound, Call, CounterKey, CounterValues, Decision, Difference, Direction, Effort, Example, Facts,
    Judgement, Matcher, Origin, Policy, Section, Source, Syntax, ToolDefinition, ToolFacts, Verdict, Who,
    compile, diff, judge,
};

const EFFORT: Effort = Effort { calls: 400 };
/// Monday, 2026-01-05.
const MONDAY_MS: i64 = 1_767_571_200_000;

struct Held(Vec<(CounterKey, Decimal)>, Decimal);

impl CounterValues for Held {
    fn value(&self, counter: &CounterKey) -> Option<Decimal> {
        let same = |key: &CounterKey| {
            (&key.matcher, &key.counter, key.window, key.align, &key.shared, key.section)
                == (
                    &counter.matcher,
                    &counter.counter,
                    counter.window,
                    counter.align,
                    &counter.shared,
                    counter.section,
                )
                && key.scope.len() == counter.scope.len()
        };
        Some(self.0.iter().find(|(key, _)| same(key)).map_or(self.1, |(_, value)| *value))
    }
}

fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Deny => 0,
        Verdict::Ask => 1,
        Verdict::Proceed => 2,
    }
}

fn verdict(policy: &Policy, call: &Call<'_>, facts: &Facts<'_>, held: &Held) -> Verdict {
    let facts = Facts { counters: Some(held), ..*facts };
    let Judgement::Decided(decision) = judge(&[(Origin::Server, policy)], call, &facts) else {
        panic!("all counters are given")
    };
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

/// One thing of a document otherwise.
fn mutated(mut document: Value, other: &Value, how: u8, which: usize) -> Value {
    let keys = |value: &Value| {
        value.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
    };
    let tools = keys(&document["tools"]);
    match how {
        0 => {
            document["default"] = if document["default"] == "allow" { "deny".into() } else { "allow".into() }
        }
        1 if !tools.is_empty() => {
            document["tools"].as_object_mut().unwrap().remove(&tools[which % tools.len()]);
        }
        2 => document["hide"] = other["hide"].clone(),
        3 => bump(&mut document, &mut (which % 8)),
        4 if !tools.is_empty() => {
            let entry = &mut document["tools"][&tools[which % tools.len()]];
            for list in ["rules", "require", "deny_if", "approve_if", "limits"] {
                if let Some(list) = entry[list].as_array_mut().filter(|list| !list.is_empty()) {
                    list.remove(which % list.len());
                    break;
                }
            }
        }
        5 => document["all_tools"] = other["all_tools"].clone(),
        6 => document["mode"] = if document["mode"] == "shadow" { "enforce".into() } else { "shadow".into() },
        7 => document["tools"] = other["tools"].clone(),
        _ => return other.clone(),
    }
    if document["all_tools"].is_null() {
        document.as_object_mut().unwrap().remove("all_tools");
    }
    document
}

/// Moves a bound of a condition or limit by one.
fn bump(value: &mut Value, skip: &mut usize) {
    match value {
        Value::Object(map) => {
            for key in ["value", "max"] {
                if let Some(number) =
                    map.get(key).and_then(Value::as_i64).filter(|number| *number < 1_000_000)
                {
                    if *skip == 0 {
                        map.insert(key.to_owned(), (number + 1).into());
                    }
                    *skip = skip.wrapping_sub(1);
                }
            }
            map.values_mut().for_each(|value| bump(value, skip));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| bump(value, skip)),
        _ => {}
    }
}

/// Whether a class holds the name.
fn holds(who: &Who, name: &str, policies: [&Policy; 2]) -> bool {
    if who.section != Section::Tools || who.exact {
        return who.section == Section::Tools && who.name == name;
    }
    let mut matchers = policies.iter().flat_map(|policy| {
        policy.document().tools.iter().map(|(matcher, _)| matcher).chain(&policy.document().hide)
    });
    who.name.is_empty()
        || matchers.all(|matcher| match matcher {
            Matcher::Exact(exact) => exact != name,
            Matcher::Glob(glob) => glob.matches(name) == glob.matches(&who.name),
            Matcher::Every => true,
        })
}

fn tells(found: &Difference, direction: Direction, name: &str, policies: [&Policy; 2]) -> bool {
    let changed =
        |who: &Who, directions: &[Direction]| holds(who, name, policies) && directions.contains(&direction);
    found.changes.iter().any(|change| changed(&change.who, &[change.direction]))
        || found.doubts.iter().any(|doubt| changed(&doubt.who, &doubt.directions))
}

/// Judges an example by what it says of itself.
fn rejudged(example: &Example, policies: [&Policy; 2], definition: &ToolDefinition) -> [Verdict; 2] {
    let document = example.arguments.as_ref().map(|text| scan(text.as_str(), &Limits::default()).unwrap());
    let arguments = document.as_ref().map(|document| document.root());
    let fact = |path: &str| {
        let found = example.facts.iter().find(|(known, _)| known == path);
        found.map(|(_, value)| serde_json::from_str::<String>(value).unwrap())
    };
    let labels: Vec<(String, String)> = ["team", "a b"]
        .into_iter()
        .filter_map(|name| {
            let path = crate::Path::GrantLabel(name.to_owned()).to_string();
            Some((name.to_owned(), fact(&path)?))
        })
        .collect();
    let [grant, server, client] = ["grant.name", "call.server", "client.name"].map(fact);
    let now_ms = fact("time").map_or(MONDAY_MS, |at| at.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    let call = Call {
        section: example.section,
        server: server.as_deref().unwrap_or("server"),
        name: &example.name,
        arguments,
    };
    let facts = Facts {
        labels: &labels,
        client: client.as_deref(),
        tool: ToolFacts::Known { definition },
        ..Facts::new(grant.as_deref().unwrap_or("local"), "session", now_ms)
    };
    let held = Held(example.counters.clone(), Decimal::ZERO);
    policies.map(|policy| verdict(policy, &call, &facts, &held))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn what_changes_is_told_and_what_is_told_changes(
        old in generate::document(),
        other in generate::document(),
        (how, which) in (0..9_u8, any::<usize>()),
        calls in proptest::collection::vec(generate::call(), 12),
        counted in proptest::sample::select(vec![0_u64, 1, 9, 500]),
        team in proptest::option::of("[a-z]{1,3}"),
    ) {
        let new = mutated(old.clone(), &other, how, which);
        let (Some(old), Some(new)) = (read(&old), read(&new)) else { return Ok(()) };
        let policies = [&old, &new];
        let found = diff(&old, &new, None, EFFORT);
        let bare = defined("{}");
        for change in &found.changes {
            let [before, after] = rejudged(&change.example, policies, &bare);
            prop_assert_eq!((before, after), (change.before.verdict, change.after.verdict), "{:#?}", change);
            prop_assert!(before != after);
            prop_assert_eq!(change.direction == Direction::Widen, rank(after) > rank(before));
        }
        let required = defined(r#"{"required": ["a"], "properties": {"a": {"type": "number"}}}"#);
        let labels: Vec<_> = team.into_iter().map(|team| ("team".to_owned(), team)).collect();
        let held = Held(Vec::new(), counted.into());
        let mut tried: Vec<(String, String)> =
            calls.iter().map(|(name, arguments)| (name.clone(), arguments.to_string())).collect();
        // The examples' arguments are telling for other names, too.
        for change in &found.changes {
            let arguments = change.example.arguments.clone();
            tried.extend(arguments.iter().flat_map(|arguments| ["t", "get_a"].map(|name| (name.to_owned(), arguments.clone()))));
        }
        for (name, arguments) in &tried {
            let document = scan(arguments.as_str(), &Limits::default()).unwrap();
            for definition in [&bare, &required] {
                let call = Call { section: Section::Tools, server: "server", name, arguments: Some(document.root()) };
                let facts = Facts {
                    labels: &labels,
                    tool: ToolFacts::Known { definition },
                    ..Facts::new("local", "session", MONDAY_MS)
                };
                let [before, after] = policies.map(|policy| verdict(policy, &call, &facts, &held));
                if before != after {
                    let direction = if rank(after) > rank(before) { Direction::Widen } else { Direction::Narrow };
                    prop_assert!(
                        tells(&found, direction, name, policies),
                        "{name} {arguments} with {counted} counted: {before:?} -> {after:?} in {found:#?}\n{}\n{}",
                        old.document().to_json(), new.document().to_json()
                    );
                }
            }
        }
    }
}
