//! Tasks: calls that a server goes on with after it has answered (2025-11-25, "Tasks"; the extension
//! io.modelcontextprotocol/tasks of 2026-07-28). The call that makes one stays open until its task has ended: only then
//! is its outcome recorded, and what policy gives back given back.
//!
//! What is known here is lost with the process; the names that clients were given are not ([`names`]).

pub(crate) mod apart;
mod names;
mod state;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use foldhash::quality::RandomState;
use interlock_audit::DigestKey;

use crate::limits::Limits;
use crate::settle::Ticket;
pub(crate) use names::{Named, Owner};
pub(crate) use state::{State, TASKS, outcome_of};

/// Every task that is known, of every grant at every server.
#[derive(Debug)]
pub(crate) struct Tasks {
    names: Option<names::Names>,
    /// Those of the gateway's own.
    pub(crate) apart: apart::TasksApart,
    known: Mutex<Known>,
    /// How many are known: most gateways have none, and then nothing is looked up.
    count: AtomicUsize,
}

#[derive(Debug, Default)]
struct Known {
    of: HashMap<Owner, HashMap<String, Task, RandomState>, RandomState>,
    swept: Option<Instant>,
}

/// One task.
#[derive(Debug)]
struct Task {
    /// What its client calls it.
    name: Arc<str>,
    /// The call that made it, while it goes on.
    ticket: Option<Ticket>,
    /// The connection that it ends with, where it is known to.
    connection: Option<u64>,
    began: Instant,
    /// When it is not kept any longer.
    until: Instant,
    /// When the gateway itself asks how it stands, and how long it waits after that.
    look: Instant,
    pause: Duration,
}

/// A task that a server has just made.
#[derive(Debug)]
pub(crate) struct Made {
    /// The server's own name for it.
    pub(crate) own: String,
    /// What its client calls it.
    pub(crate) name: Arc<str>,
    pub(crate) ticket: Option<Ticket>,
    pub(crate) connection: Option<u64>,
    pub(crate) state: State,
}

/// How often all tasks are looked through for those whose time is up.
const SWEEP: Duration = Duration::from_secs(1);
/// How much longer each pause between two looks is than the first, at most.
const MOST_PAUSES: u32 = 32;

impl Tasks {
    /// Whose names are sealed with a key of this one.
    pub(crate) fn new(key: &DigestKey) -> Self {
        let apart = apart::TasksApart::default();
        Self { names: names::Names::new(key), apart, known: Mutex::default(), count: AtomicUsize::new(0) }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no task is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    fn recount(&self, known: &Known) {
        self.count.store(known.of.values().map(HashMap::len).sum(), Ordering::Release);
    }

    /// What a client calls a task of this tool's that the server calls `own`; nothing where that is no name to seal.
    pub(crate) fn name(&self, owner: &Owner, tool: &str, own: &str) -> Option<Arc<str>> {
        self.names.as_ref()?.seal(owner, tool, own).map(Arc::from)
    }

    /// The task that a client names, where it was given that name.
    pub(crate) fn named(&self, owner: &Owner, name: &str) -> Option<Named> {
        self.names.as_ref()?.open(owner, name)
    }

    /// What its owner calls a task, where it is known to be theirs.
    pub(crate) fn name_of(&self, owner: &Owner, own: &str) -> Option<Arc<str>> {
        if self.is_empty() {
            return None;
        }
        self.known().of.get(owner)?.get(own).map(|task| Arc::clone(&task.name))
    }

    /// Notes a task. Calls that are not waited for any longer come back: that of a task whose name the server has given
    /// to another, and those of the oldest where there are too many.
    pub(crate) fn insert(&self, owner: &Owner, made: Made, now: Instant, limits: &Limits) -> Vec<Ticket> {
        let Made { own, name, ticket, connection, state } = made;
        let pause = limits.task_look.max(state.poll.unwrap_or_default());
        let mut task = Task { name, ticket, connection, began: now, until: now, look: now, pause };
        task.keep(&state, limits);
        task.look = later(now, pause);
        let mut known = self.known();
        let tasks = known.of.entry(owner.clone()).or_default();
        let mut left: Vec<Ticket> = Vec::new();
        if let Some(before) = tasks.insert(own, task) {
            left.extend(before.ticket);
        }
        while tasks.len() > limits.tasks_of_grant {
            let oldest = tasks.iter().min_by_key(|(_, task)| (task.ticket.is_some(), task.began));
            let Some(oldest) = oldest.map(|(own, _)| own.clone()) else { break };
            left.extend(tasks.remove(&oldest).and_then(|task| task.ticket));
        }
        self.recount(&known);
        left
    }

    /// Notes that a client has named a task that is not known here any more, or not yet.
    pub(crate) fn adopt(&self, owner: &Owner, own: &str, name: &str, now: Instant, limits: &Limits) {
        if self.name_of(owner, own).is_some() {
            return;
        }
        let (own, name) = (own.to_owned(), Arc::from(name));
        let made = Made { own, name, ticket: None, connection: None, state: State::default() };
        // What is adopted goes first where there are too many.
        drop(self.insert(owner, made, now, limits));
    }

    /// Notes how a task stands; gives the call that made it where it has ended.
    pub(crate) fn seen(
        &self,
        owner: &Owner,
        own: &str,
        state: &State,
        now: Instant,
        limits: &Limits,
    ) -> Option<Ticket> {
        if self.is_empty() {
            return None;
        }
        let mut known = self.known();
        let task = known.of.get_mut(owner)?.get_mut(own)?;
        if state.ttl.is_some() {
            task.keep(state, limits);
        }
        task.look = later(now, task.pause);
        if state.has_ended { task.ticket.take() } else { None }
    }

    /// The call that made a task whose result has come.
    pub(crate) fn end_of(&self, owner: &Owner, own: &str, limits: &Limits) -> Option<Ticket> {
        let ended = State { has_ended: true, ..State::default() };
        self.seen(owner, own, &ended, Instant::now(), limits)
    }

    /// A task that may have ended: it is asked for soon.
    pub(crate) fn look_soon(&self, owner: &Owner, own: &str, now: Instant) {
        if let Some(task) = self.known().of.get_mut(owner).and_then(|tasks| tasks.get_mut(own)) {
            task.look = now;
        }
    }

    /// The call that made a task which the server does not know any more.
    pub(crate) fn forget(&self, owner: &Owner, own: &str) -> Option<Ticket> {
        let mut known = self.known();
        let task = known.of.get_mut(owner)?.remove(own);
        self.recount(&known);
        task?.ticket
    }

    /// The open tasks of this owner that are to be asked for now on this connection.
    pub(crate) fn due(&self, owner: &Owner, connection: u64, now: Instant, limits: &Limits) -> Vec<String> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut known = self.known();
        let Some(tasks) = known.of.get_mut(owner) else { return Vec::new() };
        let is_due = |task: &Task| {
            task.ticket.is_some() && task.look <= now && task.connection.is_none_or(|own| own == connection)
        };
        let most = limits.task_look.saturating_mul(MOST_PAUSES);
        let due = tasks.iter_mut().filter(|(_, task)| is_due(task));
        due.map(|(own, task)| {
            task.pause = task.pause.saturating_mul(2).min(most.max(task.pause));
            task.look = later(now, task.pause);
            own.clone()
        })
        .collect()
    }

    /// The calls of tasks whose time is up, at most once in a while.
    pub(crate) fn expired(&self, now: Instant) -> Vec<Ticket> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut known = self.known();
        if known.swept.is_some_and(|swept| now.saturating_duration_since(swept) < SWEEP) {
            return Vec::new();
        }
        known.swept = Some(now);
        self.take(&mut known, |task| task.until <= now)
    }

    /// The calls of tasks that end with a connection.
    pub(crate) fn end_connection(&self, connection: u64) -> Vec<Ticket> {
        if self.is_empty() {
            return Vec::new();
        }
        self.take(&mut self.known(), |task| task.connection == Some(connection))
    }

    /// The calls of all tasks: the gateway ends.
    pub(crate) fn end(&self) -> Vec<Ticket> {
        self.take(&mut self.known(), |_| true)
    }

    /// Whether a connection has tasks that go on and would end with it.
    pub(crate) fn hold(&self, owner: &Owner, connection: u64) -> bool {
        if self.is_empty() {
            return false;
        }
        let known = self.known();
        let of_connection = |task: &Task| task.ticket.is_some() && task.connection == Some(connection);
        known.of.get(owner).is_some_and(|tasks| tasks.values().any(of_connection))
    }

    fn take(&self, known: &mut Known, done: impl Fn(&Task) -> bool) -> Vec<Ticket> {
        let mut tickets = Vec::new();
        for tasks in known.of.values_mut() {
            tickets.extend(tasks.extract_if(|_, task| done(task)).filter_map(|(_, task)| task.ticket));
        }
        known.of.retain(|_, tasks| !tasks.is_empty());
        self.recount(known);
        tickets
    }
}

impl Task {
    /// Notes how long the server keeps it.
    fn keep(&mut self, state: &State, limits: &Limits) {
        let ttl = state.ttl.unwrap_or(limits.task).min(limits.task);
        self.until = later(self.began, ttl);
    }
}

/// A time that the clock can tell.
fn later(from: Instant, by: Duration) -> Instant {
    from.checked_add(by).unwrap_or(from)
}

#[cfg(test)]
mod tests;
