//! Entries of a server's list that are not understood. Each is left out by itself: its tool is not shown, and refused by
//! name; the others are judged as if it was not there.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher as _;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::quality::{FixedState, RandomState};
use interlock_audit::{Detail, Lifecycle, LifecycleKind};
use interlock_json::{Kind, Value};
use interlock_policy::ToolDefinition;

use crate::gateway::Gateway;

/// Bytes of one tool's definition. What is longer is nothing that a model is given to read.
const LONGEST: usize = 1 << 20;
/// Names of tools in one record.
const NAMED: usize = 100;

/// What is left out of one list.
#[derive(Debug, Default)]
pub(crate) struct Malformed {
    /// What is wrong with the definition of each tool that has a name.
    tools: BTreeMap<String, &'static str>,
    /// How many have none.
    nameless: usize,
}

impl Malformed {
    /// What is wrong with a tool's definition.
    pub(super) fn of(&self, tool: &str) -> Option<&'static str> {
        self.tools.get(tool).copied()
    }

    pub(super) fn add(&mut self, tool: String, what: &'static str) {
        self.tools.entry(tool).or_insert(what);
    }

    pub(super) fn add_nameless(&mut self) {
        self.nameless += 1;
    }

    fn count(&self) -> usize {
        self.tools.len() + self.nameless
    }
}

/// The name of an entry, where it has one that it could be called by.
pub(super) fn name<'v>(entry: Value<'v>) -> Option<std::borrow::Cow<'v, str>> {
    entry.get("name").and_then(Value::as_str).filter(|name| !name.is_empty())
}

/// The definition of a tool that has a name.
///
/// # Errors
/// What is malformed, in words.
pub(super) fn understood(entry: Value<'_>) -> Result<ToolDefinition, &'static str> {
    if entry.raw().len() > LONGEST {
        return Err("it is longer than 1 MiB");
    }
    let schema = entry.get("inputSchema").filter(|schema| !schema.is_null());
    if schema.is_some_and(|schema| schema.kind() != Kind::Object) {
        return Err("`inputSchema` is not an object");
    }
    ToolDefinition::read(entry)
}

/// What was said of each server's malformed entries, so that it is not said again for each reading of the same list.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<HashMap<Arc<str>, u64, RandomState>>);

impl Told {
    /// Whether anything is left out that was not told last.
    fn is_news(&self, server: &Arc<str>, malformed: &Malformed) -> bool {
        let now = FixedState::default().hash_one((&malformed.tools, malformed.nameless));
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = told.insert(Arc::clone(server), now);
        malformed.count() > 0 && before != Some(now)
    }
}

impl Gateway {
    /// Says once what is left out of a server's list.
    pub(crate) fn left_out(&self, server: &Arc<str>, malformed: &Malformed) {
        self.metrics.malformed(server, malformed.count());
        if !self.malformed.is_news(server, malformed) {
            return;
        }
        let said = |(tool, what): (&String, &&str)| format!("{tool}: {what}");
        let named: Vec<String> = malformed.tools.iter().take(NAMED).map(said).collect();
        let named: Vec<&str> = named.iter().map(String::as_str).collect();
        let count = i64::try_from(malformed.count()).unwrap_or(i64::MAX);
        let nameless = i64::try_from(malformed.nameless).unwrap_or(i64::MAX);
        let s = if count == 1 { "" } else { "s" };
        tracing::warn!(tools = ?named, "{count} malformed definition{s} of `{server}` left out of the list of its tools");
        self.record(Lifecycle {
            server: Some(server),
            reason: Some("left out of the list: malformed"),
            details: &[
                ("tools", Detail::List(&named)),
                ("count", Detail::Number(count)),
                ("nameless", Detail::Number(nameless)),
            ],
            ..Lifecycle::new(LifecycleKind::Pin)
        });
    }
}
