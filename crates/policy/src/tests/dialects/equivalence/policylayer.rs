//! PolicyLayer, as its documents say: what is required, what denies, then limits for each grant.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use super::Call;
use super::values::{self, condition};

fn limits() -> impl Strategy<Value = Vec<Value>> {
    let limit = (select(vec!["minute", "hour", "day"]), 0..4_u32, any::<bool>());
    vec(limit, 0..3).prop_map(|limits| {
        let limits = limits.into_iter().enumerate().map(|(index, (window, max, is_said))| {
            let mut limit = json!({ "counter": format!("c{index}"), "window": window, "max": max });
            if is_said {
                limit["scope"] = json!("grant");
            }
            limit
        });
        limits.collect()
    })
}

fn entry() -> impl Strategy<Value = Value> {
    let block = || vec(condition(), 0..3).prop_map(|conditions| json!({ "conditions": conditions }));
    let require = prop_oneof![condition(), (condition()).prop_map(|one| json!({ "conditions": [one] }))];
    (vec(require, 0..3), vec(block(), 0..2), limits()).prop_map(
        |(require, deny_if, limits)| json!({ "require": require, "deny_if": deny_if, "limits": limits }),
    )
}

pub(super) fn document() -> impl Strategy<Value = Value> {
    let tools = vec((select(vec!["a", "b"]), entry()), 0..3);
    let hide = prop_oneof![6 => Just(Vec::new()), 1 => subsequence(vec!["b", "c"], 1), 1 => Just(vec!["*"])];
    (select(vec!["allow", "deny"]), hide, tools, limits()).prop_map(|(default, hide, tools, limits)| {
        let mut map = Map::new();
        map.extend(tools.into_iter().map(|(tool, entry)| (tool.to_owned(), entry)));
        json!({ "version": "1", "default": default, "hide": hide, "tools": map, "all_tools": { "limits": limits } })
    })
}

pub(super) struct Model {
    document: Value,
    /// The calls that were let through.
    calls: Vec<(i64, &'static str, &'static str)>,
}

impl Model {
    pub(super) fn new(document: &Value) -> Self {
        Self { document: document.clone(), calls: Vec::new() }
    }

    fn list(&self, tool: &str, key: &str) -> impl Iterator<Item = &Value> {
        let list = self.document["tools"].get(tool).and_then(|entry| entry[key].as_array());
        list.into_iter().flatten()
    }

    /// The conditions of what is required and of each block that denies.
    fn conditions(&self, tool: &str) -> impl Iterator<Item = &Value> {
        self.list(tool, "require").chain(self.list(tool, "deny_if")).flat_map(inside)
    }

    /// Whether each limit has room; the windows slide, or begin by the calendar.
    fn has_room(&self, call: &Call, now: i64, slides: bool) -> bool {
        let own = self.list(call.tool, "limits").map(|limit| (limit, Some(call.tool)));
        let every =
            self.document["all_tools"]["limits"].as_array().unwrap().iter().map(|limit| (limit, None));
        own.chain(every).all(|(limit, tool)| {
            let length = match limit["window"].as_str().unwrap() {
                "minute" => 60,
                "hour" => 3_600,
                _ => 86_400,
            };
            let since = if slides { now - length + 1 } else { now - now.rem_euclid(length) };
            let counted = self.calls.iter().filter(|(at, who, of)| {
                *at >= since && *who == call.who && tool.is_none_or(|tool| tool == *of)
            });
            (counted.count() as u64) < limit["max"].as_u64().unwrap()
        })
    }
}

/// The conditions of a block, or the one that stands by itself.
fn inside(written: &Value) -> impl Iterator<Item = &Value> {
    let block = written.get("conditions").and_then(Value::as_array);
    let single = block.is_none().then_some(written);
    block.into_iter().flatten().chain(single)
}

/// What null means is not documented: it is taken for nothing, as `exists` takes it.
fn holds(condition: &Value, call: &Call) -> bool {
    let actual = values::find(&call.arguments, condition["path"].as_str().unwrap());
    let actual = actual.filter(|actual| !actual.is_null());
    values::holds(condition["op"].as_str().unwrap(), actual, &condition["value"])
}

impl super::Model for Model {
    fn allows(&self, call: &Call, now: i64) -> bool {
        let hidden = self.document["hide"].as_array().unwrap();
        let is_listed = self.document["tools"].get(call.tool).is_some();
        !hidden.iter().any(|name| name == call.tool || name == "*")
            && (is_listed || self.document["default"] == "allow")
            && self.list(call.tool, "require").flat_map(inside).all(|condition| holds(condition, call))
            && !self
                .list(call.tool, "deny_if")
                .any(|block| inside(block).all(|condition| holds(condition, call)))
            && self.has_room(call, now, false)
    }

    /// Whether a failed call gives anything back is not documented: here it does not.
    fn count(&mut self, call: &Call, now: i64) {
        self.calls.push((now, call.who, call.tool));
    }

    fn may_be_stricter(&self, call: &Call, now: i64) -> bool {
        let odd = |condition: &Value| {
            let (path, op) = (condition["path"].as_str().unwrap(), condition["op"].as_str().unwrap());
            let actual = values::find(&call.arguments, path);
            values::is_astray(&call.arguments, path) || values::is_odd(op, actual, &condition["value"])
        };
        super::Model::allows(self, call, now) && !self.has_room(call, now, true)
            || self.conditions(call.tool).any(odd)
    }
}
