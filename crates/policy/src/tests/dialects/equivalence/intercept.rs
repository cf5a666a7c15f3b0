//! Intercept, as its reference says: rules in order, then counters, by the calendar and for all callers.

use std::collections::{BTreeMap, HashMap};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use super::values::{self, condition};
use super::{Answer, Call};

#[derive(Debug, Clone)]
enum Rule {
    Deny,
    Check(Vec<Value>),
    Rate(u32, &'static str),
    Count { window: &'static str, by: By, op: &'static str, bound: Value },
    Other { counter: prop::sample::Index, op: &'static str, value: u32 },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum By {
    One,
    Fixed(u32),
    Argument,
}

fn rule() -> impl Strategy<Value = Rule> {
    let window = || select(vec!["minute", "hour", "day"]);
    let by = select(vec![By::One, By::One, By::Fixed(2), By::Fixed(0), By::Argument]);
    let bound = select(vec![json!(0), json!(1), json!(2), json!(3), json!(6), json!(0.5), json!(2.5)]);
    prop_oneof![
        1 => Just(Rule::Deny),
        5 => vec(condition(), 1..3).prop_map(Rule::Check),
        3 => (1..4_u32, window()).prop_map(|(most, window)| Rule::Rate(most, window)),
        3 => (window(), by, select(vec!["lt", "lte"]), bound)
            .prop_map(|(window, by, op, bound)| Rule::Count { window, by, op, bound }),
        2 => (any::<prop::sample::Index>(), select(vec!["lt", "lte", "gt", "gte", "eq", "neq"]), 0..4_u32)
            .prop_map(|(counter, op, value)| Rule::Other { counter, op, value }),
    ]
}

pub(super) fn document() -> impl Strategy<Value = Value> {
    let tools = vec((select(vec!["a", "a", "b", "*"]), vec(rule(), 0..4)), 0..4);
    let default = select(vec![None, Some("allow"), Some("deny")]);
    let hide = prop_oneof![6 => Just(Vec::new()), 1 => subsequence(vec!["b", "c"], 1), 1 => Just(vec!["*"])];
    (default, hide, tools).prop_map(|(default, hide, tools)| {
        let mut document = json!({ "version": "1", "hide": hide, "tools": written(tools) });
        if let Some(default) = default {
            document["default"] = json!(default);
        }
        document
    })
}

fn scope(tool: &str) -> &str {
    if tool == "*" { "_global" } else { tool }
}

/// The rules as they are written; conditions on counters that there are.
fn written(tools: Vec<(&'static str, Vec<Rule>)>) -> Value {
    let tools: BTreeMap<_, _> = tools.into_iter().collect();
    let mut counters = Vec::new();
    for (tool, rules) in &tools {
        let counted = rules.iter().enumerate().filter(|(_, rule)| matches!(rule, Rule::Count { .. }));
        counters.extend(counted.map(|(index, _)| format!("state.{}.c{index}", scope(tool))));
    }
    let is_exact = !tools.values().flatten().any(|rule| matches!(rule, Rule::Count { by: By::Argument, .. }));
    let mut out = Map::new();
    for (tool, rules) in tools {
        let mut rates = Vec::new();
        let rules = rules.into_iter().enumerate().filter_map(|(index, rule)| {
            let mut written = match rule {
                Rule::Deny => json!({ "action": "deny" }),
                Rule::Check(conditions) => json!({ "conditions": conditions }),
                // Two rates of one window are a mistake there.
                Rule::Rate(_, window) if rates.contains(&window) => return None,
                Rule::Rate(most, window) => {
                    rates.push(window);
                    json!({ "rate_limit": format!("{most}/{window}") })
                }
                Rule::Count { window, by, op, bound } => {
                    let mut state = json!({ "counter": format!("c{index}"), "window": window });
                    match by {
                        By::One => {}
                        By::Fixed(amount) => state["increment"] = json!(amount),
                        By::Argument => state["increment_from"] = json!("args.n"),
                    }
                    let path = format!("state.{}.c{index}", scope(tool));
                    json!({ "conditions": [{ "path": path, "op": op, "value": bound }], "state": state })
                }
                Rule::Other { .. } if counters.is_empty() => return None,
                Rule::Other { counter, op, value } => {
                    // Fractions are cut off there: what wants much to be counted would find more of it here.
                    let op = if is_exact { op } else { "lte" };
                    json!({ "conditions": [{ "path": counter.get(&counters), "op": op, "value": value }] })
                }
            };
            written["name"] = json!(format!("r{index}"));
            Some(written)
        });
        out.insert(tool.to_owned(), json!({ "rules": rules.collect::<Vec<_>>() }));
    }
    Value::Object(out)
}

/// What a call adds to a counter, and how much that may then hold.
struct Reserved {
    key: String,
    start: i64,
    amount: i64,
    most: i64,
}

pub(super) struct Model {
    document: Value,
    counters: HashMap<String, (i64, i64)>,
    has_fractions: bool,
}

fn start(window: &str, now: i64) -> i64 {
    let length = match window {
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        other => panic!("no window is called {other}"),
    };
    now - now.rem_euclid(length)
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

/// A number of the other side, its fraction cut off.
fn whole(value: &Value) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation, reason = "it is what is done there")]
    value.as_f64().map(|number| number as i64)
}

impl Model {
    pub(super) fn new(document: &Value) -> Self {
        Self { document: document.clone(), counters: HashMap::new(), has_fractions: false }
    }

    fn rules<'m>(&'m self, tool: &'m str) -> impl Iterator<Item = (&'m str, &'m Value)> {
        let of = move |name: &'m str| {
            let rules = self.document["tools"].get(name).and_then(|entry| entry["rules"].as_array());
            rules.into_iter().flatten().map(move |rule| (scope(name), rule))
        };
        of(tool).chain(of("*"))
    }

    fn conditions<'m>(&'m self, tool: &'m str) -> impl Iterator<Item = &'m Value> {
        self.rules(tool).flat_map(|(_, rule)| rule["conditions"].as_array().into_iter().flatten())
    }

    fn held(&self, key: &str, start: i64) -> i64 {
        self.counters.get(key).filter(|(since, _)| *since == start).map_or(0, |(_, value)| *value)
    }

    /// The counter that a path names.
    fn counter(&self, path: &str, now: i64) -> i64 {
        let key = path.trim_start_matches("state.");
        let (scope_of, counter) = key.split_once('.').unwrap();
        let tool = if scope_of == "_global" { "*" } else { scope_of };
        let (_, rule) =
            self.rules(tool).find(|(_, rule)| text(&rule["state"], "counter") == Some(counter)).unwrap();
        self.held(key, start(text(&rule["state"], "window").unwrap(), now))
    }

    fn passes(&self, condition: &Value, call: &Call, now: i64) -> bool {
        let path = text(condition, "path").unwrap();
        let held = path.starts_with("state.").then(|| json!(self.counter(path, now)));
        let actual = held.as_ref().or_else(|| values::find(&call.arguments, path));
        values::holds(text(condition, "op").unwrap(), actual, &condition["value"])
    }

    /// What the call reserves; `None` where an amount is none.
    fn reserved(&self, call: &Call, now: i64) -> Option<Vec<Reserved>> {
        let mut all = Vec::new();
        for (scope, rule) in self.rules(call.tool) {
            if let Some((most, window)) = text(rule, "rate_limit").and_then(|rate| rate.split_once('/')) {
                let key = format!("{scope}._rate_{window}");
                all.push(Reserved { key, start: start(window, now), amount: 1, most: most.parse().unwrap() });
            }
            let Some(state) = rule.get("state") else { continue };
            let amount = match text(state, "increment_from") {
                Some(path) => values::find(&call.arguments, path).and_then(whole)?,
                None => state["increment"].as_i64().filter(|amount| *amount != 0).unwrap_or(1),
            };
            let bound = &rule["conditions"][0];
            let below = i64::from(text(bound, "op") == Some("lt"));
            let most = whole(&bound["value"]).unwrap() - below;
            let key = format!("{scope}.{}", text(state, "counter").unwrap());
            all.push(Reserved { key, start: start(text(state, "window").unwrap(), now), amount, most });
        }
        Some(all)
    }
}

impl super::Model for Model {
    fn allows(&self, call: &Call, now: i64) -> bool {
        let hidden = self.document["hide"].as_array().unwrap();
        let is_listed = self.document["tools"].get(call.tool).is_some();
        if hidden.iter().any(|name| name == call.tool || name == "*")
            || !is_listed && text(&self.document, "default") == Some("deny")
            || self.rules(call.tool).any(|(_, rule)| text(rule, "action") == Some("deny"))
            || !self.conditions(call.tool).all(|condition| self.passes(condition, call, now))
        {
            return false;
        }
        let fits =
            |reserved: &Reserved| self.held(&reserved.key, reserved.start) + reserved.amount <= reserved.most;
        self.reserved(call, now).is_some_and(|all| all.iter().all(fits))
    }

    fn count(&mut self, call: &Call, now: i64) {
        // A failed call gives its counts back; one whose result says that it failed has not failed there.
        if call.answer == Answer::Refused {
            return;
        }
        for Reserved { key, start, amount, .. } in self.reserved(call, now).unwrap() {
            let value = self.held(&key, start) + amount;
            self.counters.insert(key, (start, value));
        }
        self.has_fractions |= call.arguments["n"].as_f64().is_some_and(|amount| amount.fract() != 0.0);
    }

    fn may_be_stricter(&self, call: &Call, _: i64) -> bool {
        let amount = call.arguments.get("n").and_then(Value::as_f64);
        let odd_amount = amount.is_some_and(|amount| amount < 0.0 || amount.fract() != 0.0);
        let odd = |condition: &Value| {
            let actual = values::find(&call.arguments, text(condition, "path").unwrap());
            values::is_odd(text(condition, "op").unwrap(), actual, &condition["value"])
        };
        odd_amount || self.has_fractions || self.conditions(call.tool).any(odd)
    }
}
