//! Tasks of the gateway's own: calls that a person is asked about for longer than their caller is kept waiting. The caller
//! has its task and comes back for the result; the call goes on here, apart from the request that began it.
//!
//! What is known of them is lost with the process. The question is not: who makes the same call again waits on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use foldhash::quality::RandomState;
use interlock_audit::format_ms;
use interlock_json::{Limits as JsonLimits, Value, canonical};
use interlock_wire::{Era, Message, Outcome, Shape};
use tokio::sync::watch;

use super::Owner;
use crate::limits::Limits;
use crate::outbox::{Outbox, outbox};
use crate::relay::Relay;

/// What begins the names of such tasks, where those of servers' tasks have the servers' own.
const MARK: &str = "\u{0}interlock approval ";
/// How often a client is to ask, in milliseconds.
const POLL_MS: u64 = 2_000;
/// How long a result is kept for its client after the question's time, in milliseconds.
const KEPT_MS: i64 = 600_000;
/// Bytes of results that are kept for one owner; the oldest go first.
const KEPT_BYTES: usize = 64 << 20;
/// In 2025-11-25, what belongs to a task names it here.
const RELATED: &str = "io.modelcontextprotocol/related-task";

/// All of them, by the gateway's own names.
#[derive(Debug, Default)]
pub(crate) struct TasksApart(Arc<Mutex<Known>>);

type Known = HashMap<Arc<str>, Arc<TaskApart>, RandomState>;

/// One of them.
#[derive(Debug)]
pub(crate) struct TaskApart {
    owner: Owner,
    /// What its client calls it.
    pub(crate) name: Arc<str>,
    /// The call, while it goes on.
    call: (Weak<Relay>, u64),
    began_ms: i64,
    until_ms: i64,
    state: watch::Sender<State>,
    /// All of them.
    known: Weak<Mutex<Known>>,
    /// Where goes what belongs to the call and is not its answer: nobody waits for it.
    nowhere: Outbox,
}

/// A call that is about to go on as a task.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) owner: Owner,
    pub(crate) own: String,
    pub(crate) name: Arc<str>,
    pub(crate) call: (Weak<Relay>, u64),
    /// When its question expires, unix milliseconds.
    pub(crate) expires_ms: i64,
}

#[derive(Debug, Clone)]
enum State {
    Working,
    /// The answer to the call, as a message.
    Ended {
        answer: Arc<str>,
        at_ms: i64,
    },
    Cancelled {
        at_ms: i64,
    },
}

/// A task that has ended already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the task has ended already")]
pub(crate) struct HasEnded;

/// A new name for such a task, unless the system has no randomness to give.
pub(crate) fn own_name() -> Option<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok()?;
    Some(format!("{MARK}{}", hex::encode(random)))
}

/// Whether a name is one of the gateway's own.
pub(crate) fn is_apart(own: &str) -> bool {
    own.starts_with(MARK)
}

impl TasksApart {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes one, unless its owner has too many that go on.
    pub(crate) fn begin(&self, begun: Begun, now_ms: i64, limits: &Limits) -> Option<Arc<TaskApart>> {
        let Begun { owner, own, name, call, expires_ms } = begun;
        let mut known = self.known();
        let count = make_room(&mut known, &owner, limits.tasks_of_grant, now_ms);
        if count >= limits.tasks_of_grant {
            return None;
        }
        let until_ms = expires_ms.saturating_add(KEPT_MS);
        let (state, nowhere) = (watch::Sender::new(State::Working), outbox(0).0);
        let all = Arc::downgrade(&self.0);
        let task = TaskApart { owner, name, call, began_ms: now_ms, until_ms, state, known: all, nowhere };
        let task = Arc::new(task);
        known.insert(Arc::from(own), Arc::clone(&task));
        Some(task)
    }

    /// The one that its owner has under this name of the gateway's own.
    pub(crate) fn of(&self, owner: &Owner, own: &str, now_ms: i64) -> Option<Arc<TaskApart>> {
        let task = self.known().get(own).cloned()?;
        (task.owner == *owner && task.until_ms > now_ms).then_some(task)
    }
}

/// Forgets those whose time is over, and of an owner those that have ended first where there are `most` or their results
/// are too long together; gives how many the owner has then.
fn make_room(known: &mut Known, owner: &Owner, most: usize, now_ms: i64) -> usize {
    known.retain(|_, task| task.until_ms > now_ms);
    let mut of_owner: Vec<(i64, Arc<str>, Option<usize>)> = known
        .iter()
        .filter(|(_, task)| task.owner == *owner)
        .map(|(own, task)| (task.began_ms, Arc::clone(own), task.kept_bytes()))
        .collect();
    of_owner.sort_unstable();
    let mut count = of_owner.len();
    let mut bytes: usize = of_owner.iter().filter_map(|(.., kept)| *kept).sum();
    for (_, own, kept) in &of_owner {
        let Some(kept) = kept.filter(|_| count >= most || bytes > KEPT_BYTES) else { continue };
        known.remove(own);
        (count, bytes) = (count - 1, bytes - kept);
    }
    count
}

impl TaskApart {
    /// The size of what is kept of one that has ended.
    fn kept_bytes(&self) -> Option<usize> {
        match &*self.state.borrow() {
            State::Working => None,
            State::Ended { answer, .. } => Some(answer.len()),
            State::Cancelled { .. } => Some(0),
        }
    }

    /// Its call was answered.
    pub(crate) fn ends(&self, answer: String, now_ms: i64) {
        self.becomes(State::Ended { answer: Arc::from(answer), at_ms: now_ms });
        if let Some(known) = self.known.upgrade() {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            make_room(&mut known, &self.owner, usize::MAX, now_ms);
        }
    }

    /// It is not wanted any more; gives the call, which its relay is to withdraw.
    pub(crate) fn cancel(&self, now_ms: i64) -> Result<(Weak<Relay>, u64), HasEnded> {
        let cancelled = self.becomes(State::Cancelled { at_ms: now_ms });
        if cancelled { Ok(self.call.clone()) } else { Err(HasEnded) }
    }

    fn becomes(&self, state: State) -> bool {
        self.state.send_if_modified(|now| {
            let goes_on = matches!(now, State::Working);
            if goes_on {
                *now = state;
            }
            goes_on
        })
    }

    pub(crate) fn nowhere(&self) -> &Outbox {
        &self.nowhere
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(&self) {
        let mut state = self.state.subscribe();
        // The sender is here.
        let _ended = state.wait_for(|state| !matches!(state, State::Working)).await;
    }

    /// How it stands: members of an object, without its braces.
    pub(crate) fn told(&self, era: Era) -> String {
        let state = self.state.borrow().clone();
        let (status, changed_ms, more) = match &state {
            State::Working => ("working", self.began_ms, String::new()),
            State::Cancelled { at_ms } => ("cancelled", *at_ms, String::new()),
            State::Ended { answer, at_ms } => {
                let (status, more) = ended(answer, era);
                (status, *at_ms, more)
            }
        };
        let (ttl, poll) = match era {
            Era::Legacy => ("ttl", "pollInterval"),
            Era::Modern => ("ttlMs", "pollIntervalMs"),
        };
        let mut told = String::from("\"taskId\":");
        canonical::write_str(&self.name, &mut told);
        let (began, changed) = (format_ms(self.began_ms), format_ms(changed_ms));
        let kept = self.until_ms.saturating_sub(self.began_ms);
        told.push_str(&format!(
            r#","status":"{status}","createdAt":"{began}","lastUpdatedAt":"{changed}","{ttl}":{kept},"{poll}":{POLL_MS}{more}"#
        ));
        if status == "working" {
            told.push_str(r#","statusMessage":"waiting for a person to approve this call""#);
        }
        told
    }

    /// What the call was answered, once it has ended: a member of the answer to `tasks/result` (2025-11-25). `None` for
    /// one that was cancelled or goes on.
    pub(crate) fn result(&self) -> Option<String> {
        let State::Ended { answer, .. } = self.state.borrow().clone() else { return None };
        read(&answer, |outcome| match outcome {
            Outcome::Result(result) => format!("\"result\":{}", related(*result, &self.name)),
            Outcome::Error(error) => format!("\"error\":{}", error.value.raw()),
        })
    }
}

/// How a task stands whose call was answered so, and what it has of that in its own era: the extension has the result in
/// it; in 2025-11-25 a tool that fails makes its task fail.
fn ended(answer: &str, era: Era) -> (&'static str, String) {
    let told = read(answer, |outcome| match (outcome, era) {
        (Outcome::Result(result), Era::Modern) => ("completed", format!(",\"result\":{}", result.raw())),
        (Outcome::Error(error), Era::Modern) => ("failed", format!(",\"error\":{}", error.value.raw())),
        (Outcome::Result(result), Era::Legacy) => {
            let failed = result.get("isError").and_then(Value::as_bool) == Some(true);
            (if failed { "failed" } else { "completed" }, String::new())
        }
        (Outcome::Error(_), Era::Legacy) => ("failed", String::new()),
    });
    told.unwrap_or(("failed", String::new()))
}

fn read<T>(answer: &str, tell: impl FnOnce(&Outcome<'_>) -> T) -> Option<T> {
    let limits = JsonLimits { bytes: usize::MAX, ..JsonLimits::default() };
    // It was written here, or passed as an answer before.
    let message = Message::parse(answer.as_bytes().to_vec(), &limits).ok()?;
    let Shape::Response(response) = message.shape() else { return None };
    Some(tell(&response.outcome))
}

/// A result that says of which task it is.
fn related(result: Value<'_>, name: &str) -> String {
    let mut mark = format!("\"{RELATED}\":{{\"taskId\":");
    canonical::write_str(name, &mut mark);
    mark.push('}');
    let others = |holder: Value<'_>, left_out: &str| {
        let members = holder.members().filter(|(key, _)| key.text() != left_out);
        let written = members.map(|(key, value)| {
            let mut member = String::from(",");
            canonical::write_str(&key.text(), &mut member);
            member.push(':');
            member.push_str(value.raw());
            member
        });
        written.collect::<String>()
    };
    let meta = result.get("_meta").map(|meta| others(meta, RELATED)).unwrap_or_default();
    format!("{{\"_meta\":{{{mark}{meta}}}{}}}", others(result, "_meta"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(grant: &str) -> Owner {
        Owner { grant: Arc::from(grant), server: Arc::from("bank") }
    }

    fn begin(tasks: &TasksApart, own: &str, now_ms: i64, limits: &Limits) -> Option<Arc<TaskApart>> {
        let (name, call) = (Arc::from(format!("sealed {own}")), (Weak::new(), 7));
        let begun = Begun { owner: owner("a"), own: own.to_owned(), name, call, expires_ms: now_ms + 1_000 };
        tasks.begin(begun, now_ms, limits)
    }

    #[test]
    fn it_is_its_owner_s_for_as_long_as_it_says() {
        let (tasks, limits) = (TasksApart::default(), Limits::default());
        begin(&tasks, "x", 0, &limits).unwrap();
        assert!(tasks.of(&owner("a"), "x", 1_000 + KEPT_MS - 1).is_some());
        assert!(tasks.of(&owner("a"), "x", 1_000 + KEPT_MS).is_none());
        assert!(tasks.of(&owner("b"), "x", 0).is_none() && tasks.of(&owner("a"), "y", 0).is_none());
    }

    #[test]
    fn what_goes_on_is_kept_and_what_has_ended_makes_room() {
        let (tasks, limits) = (TasksApart::default(), Limits { tasks_of_grant: 2, ..Limits::default() });
        let first = begin(&tasks, "1", 0, &limits).unwrap();
        begin(&tasks, "2", 1, &limits).unwrap();
        assert!(begin(&tasks, "3", 2, &limits).is_none());
        first.ends(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.to_owned(), 3);
        assert!(begin(&tasks, "4", 4, &limits).is_some());
        assert!(tasks.of(&owner("a"), "1", 4).is_none() && tasks.of(&owner("a"), "2", 4).is_some());
    }

    #[test]
    fn results_make_room_for_each_other() {
        let (tasks, limits) = (TasksApart::default(), Limits::default());
        let long = "x".repeat(KEPT_BYTES / 2);
        let begun: Vec<_> = (0..3).map(|at| begin(&tasks, &at.to_string(), at, &limits).unwrap()).collect();
        for task in &begun {
            task.ends(format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"t":"{long}"}}}}"#), 5);
        }
        let kept = ["0", "1", "2"].map(|own| tasks.of(&owner("a"), own, 6).is_some());
        assert_eq!(kept, [false, false, true]);
    }

    #[test]
    fn both_eras_hear_what_came_of_it() {
        let (tasks, limits) = (TasksApart::default(), Limits::default());
        let scene = |own: &str, outcome: &str| {
            let task = begin(&tasks, own, 0, &limits).unwrap();
            assert!(task.told(Era::Legacy).contains(r#""status":"working""#) && task.result().is_none());
            task.ends(format!(r#"{{"jsonrpc":"2.0","id":"x",{outcome}}}"#), 5);
            assert_eq!(task.cancel(6).unwrap_err(), HasEnded);
            let result = task.result().unwrap();
            let says =
                move |era: Era, text: &str| assert!(task.told(era).contains(text), "{}", task.told(era));
            (result, says)
        };
        let done = r#""result":{"content":[],"n":1.10,"_meta":{"k":1}}"#;
        let (result, says) = scene("done", done);
        let mark = r#""io.modelcontextprotocol/related-task":{"taskId":"sealed done"}"#;
        assert_eq!(result, format!(r#""result":{{"_meta":{{{mark},"k":1}},"content":[],"n":1.10}}"#));
        says(Era::Modern, r#""status":"completed""#);
        says(Era::Modern, done);
        says(
            Era::Legacy,
            r#""status":"completed","createdAt":"1970-01-01T00:00:00.000Z","lastUpdatedAt":"1970-01-01T00:00:00.005Z","ttl":601000"#,
        );
        let refused = r#""result":{"content":[],"isError":true}"#;
        let (_, says) = scene("refused", refused);
        says(Era::Modern, r#""status":"completed""#);
        says(Era::Legacy, r#""status":"failed""#);
        let broken = r#""error":{"code":-32603,"message":"m"}"#;
        let (result, says) = scene("broken", broken);
        assert_eq!(result, broken);
        says(Era::Modern, broken);
        says(Era::Legacy, r#""status":"failed""#);
    }

    #[test]
    fn one_that_was_cancelled_has_no_result() {
        let (tasks, limits) = (TasksApart::default(), Limits::default());
        let task = begin(&tasks, "x", 0, &limits).unwrap();
        assert_eq!(task.cancel(1).unwrap().1, 7);
        task.ends(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.to_owned(), 2);
        assert!(task.result().is_none() && task.told(Era::Modern).contains(r#""status":"cancelled""#));
    }
}
