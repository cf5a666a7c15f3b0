//! Calls made up for a comparison: arguments, who calls and when, and what counters hold.

use std::collections::BTreeMap;

use interlock_json::{Decimal, Limits, scan};

use super::{Example, Ruled, Stack, Who};
use crate::counter::{CounterKey, CounterValues, ScopePart};
use crate::decision::{Call, Decision, Judgement, Need, Verdict};
use crate::describe;
use crate::fact::{Facts, ToolFacts};
use crate::judge::judge;
use crate::quantity::Bound;
use crate::tool::ToolDefinition;
use crate::what_if::sample;

/// Monday, 2026-01-05, midnight in UTC.
pub(super) const MONDAY_MS: i64 = 1_767_571_200_000;

/// One thing about a call that can be otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Argument(String),
    Server,
    Grant,
    Client,
    Label(String),
    Category,
    Severity,
    Time,
    Counter(Box<CounterKey>),
}

/// A call with everything that is known besides.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) arguments: BTreeMap<String, String>,
    server: String,
    grant: String,
    client: Option<String>,
    labels: Vec<(String, String)>,
    category: Option<String>,
    severity: Option<String>,
    now_ms: i64,
    pub(super) counters: Vec<(CounterKey, Decimal)>,
    changed: Vec<Place>,
}

/// Counters by what they are, whoever they are kept for: a call that is made up has one of each.
struct Held<'w>(&'w [(CounterKey, Decimal)]);

impl CounterValues for Held<'_> {
    fn value(&self, counter: &CounterKey) -> Option<Decimal> {
        let held = self.0.iter().find(|(key, _)| same_counter(key, counter));
        Some(held.map_or(Decimal::ZERO, |(_, value)| *value))
    }
}

/// Whether two keys name one counter, apart from whom it is kept for.
pub(super) fn same_counter(one: &CounterKey, other: &CounterKey) -> bool {
    let kinds = |key: &CounterKey| -> Vec<String> {
        let kind = |part: &ScopePart| match part {
            ScopePart::Grant(_) => "grant".to_owned(),
            ScopePart::Session(_) => "session".to_owned(),
            ScopePart::Tool(name) => format!("tool {name}"),
            ScopePart::Argument { path, .. } => format!("arg {path}"),
            ScopePart::Call(_) => "call".to_owned(),
        };
        key.scope.iter().map(kind).collect()
    };
    one.section == other.section
        && one.matcher == other.matcher
        && one.counter == other.counter
        && one.window == other.window
        && one.align == other.align
        && one.shared == other.shared
        && one.shadow == other.shadow
        && kinds(one) == kinds(other)
}

impl World {
    pub(super) fn new() -> World {
        World {
            arguments: BTreeMap::new(),
            server: "server".to_owned(),
            grant: "local".to_owned(),
            client: None,
            labels: Vec::new(),
            category: None,
            severity: None,
            now_ms: MONDAY_MS,
            counters: Vec::new(),
            changed: Vec::new(),
        }
    }

    /// Sets one thing; `None` takes it out. Arguments are JSON, the others text.
    pub(super) fn set(&mut self, place: &Place, value: Option<&str>) {
        if value.is_some() {
            self.changed.push(place.clone());
        } else {
            self.changed.retain(|known| known != place);
        }
        let text = || value.map(str::to_owned);
        match place {
            Place::Argument(name) => {
                self.arguments.remove(name);
                self.arguments.extend(text().map(|value| (name.clone(), value)));
            }
            Place::Server => self.server = text().unwrap_or_else(|| "server".to_owned()),
            Place::Grant => self.grant = text().unwrap_or_else(|| "local".to_owned()),
            Place::Client => self.client = text(),
            Place::Label(name) => {
                self.labels.retain(|(known, _)| known != name);
                self.labels.extend(text().map(|value| (name.clone(), value)));
            }
            Place::Category => self.category = text(),
            Place::Severity => self.severity = text(),
            Place::Time => self.now_ms = value.and_then(|value| value.parse().ok()).unwrap_or(MONDAY_MS),
            Place::Counter(key) => {
                self.counters.retain(|(known, _)| !same_counter(known, key));
                let value = value.and_then(|value| value.parse().ok());
                self.counters.extend(value.map(|value| ((**key).clone(), value)));
            }
        }
    }

    /// What is set, for trying without.
    pub(super) fn places(&self) -> Vec<Place> {
        let counters = self.counters.iter().map(|(key, _)| Place::Counter(Box::new(key.clone())));
        self.changed.iter().cloned().chain(counters).collect()
    }

    /// The arguments as JSON.
    pub(super) fn written(&self) -> String {
        let member = |(name, value): (&String, &String)| format!("{}: {value}", sample::quoted(name));
        format!("{{{}}}", self.arguments.iter().map(member).collect::<Vec<_>>().join(", "))
    }

    /// Calls back with the call; `None` where its arguments cannot be read.
    pub(super) fn with<R>(
        &self,
        who: &Who,
        definition: &ToolDefinition,
        look: impl FnOnce(&Call<'_>, &Facts<'_>) -> R,
    ) -> Option<R> {
        let document = scan(self.written(), &Limits::default()).ok()?;
        let takes = who.section != crate::document::Section::Resources;
        let arguments = takes.then(|| document.root());
        let call = Call { section: who.section, server: &self.server, name: &who.name, arguments };
        let held = Held(&self.counters);
        let facts = Facts {
            labels: &self.labels,
            client: self.client.as_deref(),
            tool: ToolFacts::Known { definition },
            category: self.category.as_deref(),
            severity: self.severity.as_deref(),
            counters: Some(&held),
            ..Facts::new(&self.grant, "session", self.now_ms)
        };
        Some(look(&call, &facts))
    }

    /// What the evaluator decides, limits included.
    pub(super) fn outcome(&self, stack: &Stack<'_>, who: &Who, definition: &ToolDefinition) -> Option<Ruled> {
        let judged = |call: &Call<'_>, facts: &Facts<'_>| judge(stack, call, facts);
        match self.with(who, definition, judged)? {
            Judgement::Decided(decision) => Some(self.reserved(*decision)),
            Judgement::Read(_) => None,
        }
    }

    fn reserved(&self, decision: Decision) -> Ruled {
        let over = decision.needs.iter().find(|need| !self.fits(need));
        match over {
            Some(need) => Ruled { verdict: Verdict::Deny, rule: need.rule.clone() },
            None => Ruled { verdict: decision.verdict, rule: decision.rule },
        }
    }

    /// Whether what is held leaves room for what is needed.
    pub(super) fn fits(&self, need: &Need) -> bool {
        let held = Held(&self.counters).value(&need.key).unwrap_or_default();
        let sum = held.checked_add(need.amount);
        need.shadow
            || match need.bound {
                Bound::None => true,
                Bound::AtMost(most) => sum.is_some_and(|sum| sum <= most),
                Bound::Below(below) => sum.is_some_and(|sum| sum < below),
            }
    }

    /// The call as it is shown.
    pub(super) fn example(&self, who: &Who) -> Example {
        let mut facts = Vec::new();
        let mut put = |path: &str, value: &str| facts.push((path.to_owned(), sample::quoted(value)));
        for place in &self.changed {
            match place {
                Place::Argument(_) | Place::Counter(_) => {}
                Place::Server => put("call.server", &self.server),
                Place::Grant => put("grant.name", &self.grant),
                Place::Client => put("client.name", self.client.as_deref().unwrap_or_default()),
                Place::Label(name) => {
                    let path = crate::path::Path::GrantLabel(name.clone()).to_string();
                    let value = self.labels.iter().find(|(known, _)| known == name);
                    put(&path, value.map_or("", |(_, value)| value));
                }
                Place::Category => put("tool.category", self.category.as_deref().unwrap_or_default()),
                Place::Severity => put("tool.severity", self.severity.as_deref().unwrap_or_default()),
                Place::Time => {
                    let at = jiff::Timestamp::from_millisecond(self.now_ms);
                    put("time", &at.map(|at| at.to_string()).unwrap_or_default());
                }
            }
        }
        let arguments = (who.section != crate::document::Section::Resources).then(|| self.written());
        let counters = self.counters.iter().map(|(key, value)| (key.clone(), *value)).collect();
        Example { section: who.section, name: who.name.clone(), arguments, facts, counters }
    }

    /// In words that follow a `when`: `argument "amount" is 60000`.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = (self.arguments.iter())
            .map(|(name, value)| {
                format!("argument {} is {}", describe::quoted(name), describe::shortened(value))
            })
            .collect();
        for place in &self.changed {
            words.extend(match place {
                Place::Argument(_) | Place::Counter(_) => None,
                Place::Server => Some(format!("the server is {}", describe::quoted(&self.server))),
                Place::Grant => Some(format!("the grant is {}", describe::quoted(&self.grant))),
                Place::Client => self
                    .client
                    .as_ref()
                    .map(|name| format!("the client calls itself {}", describe::quoted(name))),
                Place::Label(name) => {
                    let value = self.labels.iter().find(|(known, _)| known == name);
                    value.map(|(_, value)| {
                        let (name, value) = (describe::quoted(name), describe::quoted(value));
                        format!("the grant's label {name} is {value}")
                    })
                }
                Place::Category => self
                    .category
                    .as_ref()
                    .map(|of| format!("the tool's category is {}", describe::quoted(of))),
                Place::Severity => self
                    .severity
                    .as_ref()
                    .map(|of| format!("the tool's severity is {}", describe::quoted(of))),
                Place::Time => {
                    jiff::Timestamp::from_millisecond(self.now_ms).ok().map(|at| format!("it is {at}"))
                }
            });
        }
        for (key, value) in &self.counters {
            words.push(format!(
                "counter {} of {} holds {value} already",
                describe::quoted(&key.counter),
                describe::quoted(&key.matcher)
            ));
        }
        words
    }
}
