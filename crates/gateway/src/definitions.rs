//! A server's tool definitions: the last complete list, read with the gateway's own requests.
//!
//! What a client asked for is never used: it may have read one page only, or before a change. After a
//! `notifications/tools/list_changed` the list is read again before anything is judged by it.

mod malformed;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use interlock_catalog::{Canonical, Category, Definition, Fingerprint, Severity, classify};
use interlock_json::{Kind, Value};
use interlock_policy::ToolDefinition;
use interlock_store::Offer;
use interlock_wire::http::ParamHeaders;
use serde_json::value::RawValue;
use tokio::sync::Notify;

use crate::pins;

use malformed::Malformed;
pub(crate) use malformed::Told;

/// One complete list: every page.
#[derive(Debug, Default)]
pub(crate) struct ToolList {
    tools: HashMap<String, ToolDefinition>,
    described: HashMap<String, Arc<Described>>,
    /// The arguments that headers repeat, of the tools that have such (2026-07-28).
    headers: HashMap<String, ParamHeaders>,
    /// How long its server says that it holds, of its pages the shortest time.
    ttl: Option<Duration>,
    /// Every definition, until it has been compared with the accepted ones.
    offers: Vec<Offer>,
    malformed: Malformed,
    /// How many entries there were, malformed ones too.
    entries: usize,
}

/// What a server says of one tool, for people.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) annotations: Option<Box<RawValue>>,
    /// Whether it is called as a task and not otherwise (2025-11-25, `execution.taskSupport`).
    pub(crate) is_task_only: bool,
    /// Judged when a policy first looks at the definition.
    judged: OnceLock<Option<(Category, Severity)>>,
}

impl Described {
    fn read(tool: Value<'_>, fingerprint: Fingerprint) -> Self {
        let text = |key| tool.get(key).and_then(Value::as_str).map(std::borrow::Cow::into_owned);
        let support = tool.get("execution").and_then(|execution| execution.get("taskSupport"));
        let annotations = tool.get("annotations").map(|said| RawValue::from_string(said.raw().to_owned()));
        Self {
            fingerprint,
            title: text("title"),
            description: text("description"),
            annotations: annotations.and_then(Result::ok),
            is_task_only: support.is_some_and(|support| support.is_str("required")),
            judged: OnceLock::new(),
        }
    }
}

/// Why there is no list to judge by.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum DefinitionsError {
    /// The server did not answer in time.
    #[error("the server did not list its tools in time")]
    TimedOut,
    /// The server answered with an error.
    #[error("the server refused to list its tools: {message}")]
    Refused {
        /// The server's message.
        message: String,
    },
    /// The server has gone.
    #[error("the server is gone")]
    Gone,
    /// The answer is not a list of tools.
    #[error("the server's list of tools is malformed: {what}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
    },
    /// More pages or tools than the limit.
    #[error("the server lists more {what} than the limit of {limit}")]
    TooMany {
        /// `pages` or `tools`
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// What was accepted of the server's tools cannot be read.
    #[error("what was accepted of the server's tools cannot be read: {message}")]
    Unpinned {
        /// Why.
        message: String,
    },
    /// Too many requests in flight to ask.
    #[error("too many requests are in flight to read the server's tools")]
    Busy,
}

impl ToolList {
    pub(crate) fn get(&self, name: &str) -> Option<&ToolDefinition> {
        self.tools.get(name)
    }

    /// What its server says of a tool.
    pub(crate) fn described(&self, name: &str) -> Option<&Arc<Described>> {
        self.described.get(name)
    }

    /// What a tool of this server can do, and how bad that can get. `None` where its definition cannot be read whole.
    pub(crate) fn judged(&self, server: &str, name: &str) -> Option<(Category, Severity)> {
        let (tool, described) = (self.tools.get(name)?, self.described.get(name)?);
        let judge = || {
            let judgement = classify(&Definition::of_tool(server, name, tool)?);
            Some((judgement.category, judgement.severity))
        };
        *described.judged.get_or_init(judge)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.tools.keys().map(String::as_str)
    }

    /// The arguments of a tool that headers repeat.
    pub(crate) fn headers_of(&self, name: &str) -> Option<&ParamHeaders> {
        self.headers.get(name)
    }

    /// Why there is no definition of this tool to judge by.
    pub(crate) fn missing(&self, tool: &str) -> String {
        match self.malformed.of(tool) {
            Some(what) => format!("the server's definition of `{tool}` is malformed: {what}"),
            None => format!("the server does not list `{tool}`, so nothing says what it is"),
        }
    }

    /// Whether the server lists this tool, and it cannot be understood as what.
    pub(crate) fn is_malformed(&self, tool: &str) -> bool {
        self.malformed.of(tool).is_some()
    }

    /// What is left out.
    pub(crate) fn malformed(&self) -> &Malformed {
        &self.malformed
    }

    /// The definitions in canonical form, which are not kept after this.
    pub(crate) fn take_offers(&mut self) -> Vec<Offer> {
        std::mem::take(&mut self.offers)
    }

    /// It holds no longer than this, whatever its server says.
    pub(crate) fn holds_at_most(&mut self, most: Duration) {
        self.ttl = Some(self.ttl.map_or(most, |ttl| ttl.min(most)));
    }

    /// 2026-07-28, `ttlMs`. Nothing and 0 leave it to the news of changes, as with servers that have no such word.
    fn holds_for(&mut self, page: Value<'_>) {
        let ms = page.get("ttlMs").and_then(|ttl| ttl.as_number()?.parse().ok()).filter(|ms| *ms > 0);
        let ttl = ms.map(|ms| Duration::from_millis(ms).max(LEAST_TTL));
        self.ttl = self.ttl.into_iter().chain(ttl).min();
    }

    /// Takes in one page and returns the cursor of the next.
    pub(crate) fn add_page(
        &mut self,
        result: Value<'_>,
        limit: usize,
    ) -> Result<Option<String>, DefinitionsError> {
        let tools = result
            .get("tools")
            .filter(|tools| tools.kind() == Kind::Array)
            .ok_or(DefinitionsError::Malformed { what: "`tools` is not an array" })?;
        for tool in tools.items() {
            self.entries += 1;
            if self.entries > limit {
                return Err(DefinitionsError::TooMany { what: "tools", limit });
            }
            self.add(tool);
        }
        self.holds_for(result);
        Ok(result.get("nextCursor").and_then(Value::as_str).map(std::borrow::Cow::into_owned))
    }

    /// Takes in one entry. One that is not understood is left out, and takes none of the others with it.
    fn add(&mut self, tool: Value<'_>) {
        let Some(name) = malformed::name(tool) else { return self.malformed.add_nameless() };
        let name = name.into_owned();
        if self.tools.contains_key(&name) || self.malformed.of(&name).is_some() {
            return self.refuse(name, "two tools have this name");
        }
        let definition = match malformed::understood(tool) {
            Ok(definition) => definition,
            Err(what) => return self.refuse(name, what),
        };
        // Marks that are invalid mark nothing: neither side can go by them.
        let marked = tool.get("inputSchema").and_then(|schema| ParamHeaders::of_schema(schema).ok());
        if let Some(headers) = marked.filter(|headers| !headers.is_empty()) {
            self.headers.insert(name.clone(), headers);
        }
        let canonical = Canonical::of(tool);
        let described = Described::read(tool, canonical.fingerprint);
        self.described.insert(name.clone(), Arc::new(described));
        self.offers.push(pins::offer(name.clone(), canonical));
        self.tools.insert(name, definition);
    }

    /// There is no definition of this tool, whatever was read of it before.
    fn refuse(&mut self, name: String, what: &'static str) {
        if self.tools.remove(&name).is_some() {
            self.described.remove(&name);
            self.headers.remove(&name);
            self.offers.retain(|offer| offer.tool != name);
        }
        self.malformed.add(name, what);
    }
}

/// Whether an entry with a name can be understood.
pub(crate) fn is_understood(entry: Value<'_>) -> bool {
    malformed::understood(entry).is_ok()
}

/// However short a time a list holds: it is not read for each call anew.
const LEAST_TTL: Duration = Duration::from_secs(1);

/// What is known of one server's definitions.
#[derive(Debug, Default)]
enum Known {
    /// Nothing, or nothing that still holds.
    #[default]
    Nothing,
    /// Somebody is asking the server.
    Asking,
    /// The last complete list, and until when it holds.
    List(Arc<ToolList>, Option<Instant>),
    /// The last attempt failed; the next call tries again.
    Failed(DefinitionsError),
}

/// One server's definitions, read when first needed and shared by all calls.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    state: Mutex<State>,
    /// Tells those that wait that somebody has reported.
    reported: Notify,
}

#[derive(Debug, Default)]
struct State {
    known: Known,
    /// Counts the server's changes, so that a list read across one is not taken.
    changes: u64,
}

/// What a call has to do to get the list.
pub(crate) enum Next<'d> {
    /// Use this.
    Use(Arc<ToolList>),
    /// Ask the server, then report with [`Asking::learned`].
    Ask(Asking<'d>),
    /// Wait for the call that is asking.
    Wait,
}

/// The duty to report what the server answered. Dropped without (the call that was asking has been cut off),
/// it lets the next call ask, so that nobody waits for an answer that nobody will report.
#[derive(Debug)]
pub(crate) struct Asking<'d> {
    definitions: &'d Definitions,
    changes: u64,
    reported: bool,
}

impl Definitions {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server said that its tools have changed.
    pub(crate) fn changed(&self) {
        let mut state = self.state();
        state.changes += 1;
        if matches!(state.known, Known::List(..)) {
            state.known = Known::Nothing;
        }
    }

    pub(crate) fn next(&self, now: Instant) -> Next<'_> {
        let mut state = self.state();
        match &state.known {
            Known::List(list, until) if until.is_none_or(|until| now < until) => Next::Use(Arc::clone(list)),
            Known::Asking => Next::Wait,
            Known::List(..) | Known::Nothing | Known::Failed(_) => {
                state.known = Known::Asking;
                Next::Ask(Asking { definitions: self, changes: state.changes, reported: false })
            }
        }
    }

    /// The last complete list, where there is one whose time is not up.
    pub(crate) fn fresh(&self, now: Instant) -> Option<Arc<ToolList>> {
        match &self.state().known {
            Known::List(list, until) if until.is_none_or(|until| now < until) => Some(Arc::clone(list)),
            _ => None,
        }
    }

    /// The last complete list, where there is one that holds.
    pub(crate) fn known(&self) -> Option<Arc<ToolList>> {
        match &self.state().known {
            Known::List(list, _) => Some(Arc::clone(list)),
            Known::Nothing | Known::Asking | Known::Failed(_) => None,
        }
    }

    /// Waits until whoever is asking has reported.
    pub(crate) async fn reported(&self) -> Option<DefinitionsError> {
        loop {
            // Made before it is looked, so that no report comes between.
            let reported = self.reported.notified();
            match &self.state().known {
                Known::Asking => {}
                Known::Failed(error) => return Some(error.clone()),
                Known::List(..) | Known::Nothing => return None,
            }
            reported.await;
        }
    }
}

impl Asking<'_> {
    /// Whether nothing has changed since the server was asked.
    pub(crate) fn holds(&self) -> bool {
        self.definitions.state().changes == self.changes
    }

    /// Reports what the server answered. `true` when the answer still holds; otherwise the server's tools
    /// changed while they were read, and the caller starts over.
    pub(crate) fn learned(mut self, answer: &Result<Arc<ToolList>, DefinitionsError>) -> bool {
        self.reported = true;
        let mut state = self.definitions.state();
        let holds = state.changes == self.changes;
        state.known = match answer {
            _ if !holds => Known::Nothing,
            Ok(list) => {
                let until = list.ttl.and_then(|ttl| Instant::now().checked_add(ttl));
                Known::List(Arc::clone(list), until)
            }
            Err(error) => Known::Failed(error.clone()),
        };
        drop(state);
        self.definitions.reported.notify_waiters();
        holds
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.reported {
            self.definitions.state().known = Known::Nothing;
            self.definitions.reported.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests;
