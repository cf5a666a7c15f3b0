//! Calls that a server answered by asking for something first, until their retry: for input (2026-07-28,
//! `InputRequiredResult`), or for a payment. The retry is a request of its own and judged again, but it is the
//! same call: it takes over what was reserved for the leg before, which counts from now on and no longer from
//! then. So hoarding such answers and retrying them all at once brings no more calls into a window than its
//! limit.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use foldhash::quality::RandomState;
use interlock_audit::Seq;
use interlock_json::{Value, canonical};
use interlock_policy::{Payment, Price};
use interlock_wire::payment::Challenge;
use sha2::{Digest as _, Sha256};

use crate::approvals::Granted;
use crate::limits::Limits;
use crate::reserve::Held;
use crate::snapshot::Snapshot;

/// One call by what it does: method, capability and canonical arguments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallDigest([u8; 32]);

/// One call together with the `requestState` that its server gave out, or with the payment that it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

/// A leg of a call that has been let through.
#[derive(Debug, Clone)]
pub(crate) struct Leg {
    /// Its intent; `None` when the log could not be written and the operator lets calls pass all the same.
    pub(crate) intent: Option<Seq>,
    /// The policies that it was judged by.
    pub(crate) snapshot: Arc<Snapshot>,
    /// What is reserved for it and for those legs.
    pub(crate) held: Option<Held>,
    /// The approval that the call passed by, which is for all its legs.
    pub(crate) approval: Option<Granted>,
    /// How many legs went before it.
    pub(crate) before: usize,
    /// What the server wants to be paid.
    pub(crate) challenge: Option<Arc<Challenge>>,
}

/// What a request has to do with the calls before it.
#[derive(Debug, Default)]
pub(crate) struct Retry {
    /// The leg that it continues.
    pub(crate) first: Option<Leg>,
    /// What it pays, or why that is not known; `None` where it carries no payment.
    pub(crate) paid: Option<Result<Price, String>>,
}

impl Retry {
    pub(crate) fn payment(&self) -> Payment<'_> {
        match &self.paid {
            None => Payment::None,
            Some(Ok(price)) => Payment::Due(price),
            Some(Err(why)) => Payment::Unknown(why),
        }
    }
}

/// The legs that wait for their retry. It holds no `requestState` itself, whose size is the server's choice.
#[derive(Debug)]
pub(crate) struct Continuations {
    waiting: HashMap<Key, (Leg, Instant), RandomState>,
}

impl CallDigest {
    pub(crate) fn new(method: &str, name: &str, arguments: Option<Value<'_>>) -> Self {
        let arguments = arguments.map(canonical::to_string).unwrap_or_default();
        Self(digest(&[method, name, &arguments]))
    }

    /// The call as that of one grant at one server: what a sealed state is bound to.
    pub(crate) fn bound_to(self, grant: &str, server: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update("sealed for");
        hash.update(self.0);
        hash.update(digest(&[grant, server]));
        hash.finalize().into()
    }

    /// The call under this `requestState`.
    pub(crate) fn with_state(self, state: &str) -> Key {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(state);
        Key(hash.finalize().into())
    }

    /// The call as one that a server wants to be paid for.
    pub(crate) fn to_be_paid(self) -> Key {
        let mut hash = Sha256::new();
        // No `requestState` makes this of a call's digest.
        hash.update("to be paid");
        hash.update(self.0);
        Key(hash.finalize().into())
    }
}

/// Each part with its length, so that no two lists of parts are one text.
fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

impl Leg {
    /// Under other policies other limits may hold, which were never reserved: then it is a new call.
    pub(crate) fn holds_under(&self, snapshot: &Snapshot) -> bool {
        self.snapshot.digest() == snapshot.digest()
    }

    /// In words, for the record of the next leg.
    pub(crate) fn note(&self) -> String {
        match self.intent {
            Some(intent) => {
                format!("continues the call of record {intent} and takes its place in the limits")
            }
            None => "continues an earlier call and takes its place in the limits".to_owned(),
        }
    }
}

impl Continuations {
    pub(crate) fn new() -> Self {
        Self { waiting: HashMap::default() }
    }

    /// Remembers a leg until its retry. Where there is no room, or it has had too many legs, the retry will be
    /// a new call and count as one: then the answer is `false`.
    pub(crate) fn insert(&mut self, key: Key, leg: Leg, now: Instant, limits: &Limits) -> bool {
        if self.waiting.len() >= limits.continuations {
            self.waiting.retain(|_, (_, until)| *until > now);
        }
        let until = now.checked_add(limits.continuation);
        if let Some(until) = until
            && self.waiting.len() < limits.continuations
            && leg.before + 1 < limits.legs
        {
            self.waiting.insert(key, (leg, until));
            return true;
        }
        false
    }

    /// The leg that a retry continues: once, and while it has not expired.
    pub(crate) fn take(&mut self, key: Key, now: Instant) -> Option<Leg> {
        self.waiting.remove(&key).filter(|(_, until)| *until > now).map(|(leg, _)| leg)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use interlock_json::scan;
    use interlock_policy::{Source, Syntax, compile};

    use super::*;

    fn leg(policy: &str, before: usize) -> Leg {
        let source = Source { name: "policy.yaml", text: policy, syntax: Syntax::Yaml };
        let snapshot = Arc::new(Snapshot::of_server(compile(&source).0.unwrap()));
        Leg { intent: Some(Seq(7)), snapshot, held: None, approval: None, before, challenge: None }
    }

    fn key(method: &str, name: &str, arguments: &str, state: &str) -> Key {
        let document = scan(arguments, &interlock_json::Limits::default()).unwrap();
        CallDigest::new(method, name, Some(document.root())).with_state(state)
    }

    const ALLOW: &str = "version: \"1\"\ndefault: allow\n";

    #[test]
    fn only_the_same_call_under_the_same_state_is_continued() {
        let own = key("tools/call", "a", r#"{"x":1,"y":2}"#, "s");
        assert_eq!(own, key("tools/call", "a", r#"{ "y":2, "x":1 }"#, "s"));
        for other in [
            key("prompts/get", "a", r#"{"x":1,"y":2}"#, "s"),
            key("tools/call", "b", r#"{"x":1,"y":2}"#, "s"),
            key("tools/call", "a", r#"{"x":2,"y":2}"#, "s"),
            key("tools/call", "a", r#"{"x":1,"y":2}"#, "S"),
            key("tools/call", "a", r#"{"x":1,"y":2}"#, ""),
            CallDigest::new("tools/call", "a", None).with_state("s"),
            CallDigest::new("tools/call", "a", None).to_be_paid(),
        ] {
            assert_ne!(own, other);
        }
    }

    #[test]
    fn a_leg_is_continued_once_and_not_for_ever() {
        let (limits, now) = (Limits::default(), Instant::now());
        let mut waiting = Continuations::new();
        let own = key("tools/call", "a", "{}", "s");
        waiting.insert(own, leg(ALLOW, 0), now, &limits);
        assert!(waiting.take(own, now).is_some());
        assert!(waiting.take(own, now).is_none(), "used once");
        waiting.insert(own, leg(ALLOW, 0), now, &limits);
        assert!(waiting.take(own, now + limits.continuation).is_none(), "expired");
        waiting.insert(own, leg(ALLOW, limits.legs - 1), now, &limits);
        assert!(waiting.take(own, now).is_none(), "it has had too many legs");
    }

    #[test]
    fn the_map_is_bounded() {
        let limits = Limits { continuations: 2, ..Limits::default() };
        let (now, mut waiting) = (Instant::now(), Continuations::new());
        for state in ["a", "b", "c"] {
            waiting.insert(key("tools/call", "a", "{}", state), leg(ALLOW, 0), now, &limits);
        }
        assert!(waiting.take(key("tools/call", "a", "{}", "c"), now).is_none());
        waiting.insert(
            key("tools/call", "a", "{}", "d"),
            leg(ALLOW, 0),
            now + Duration::from_secs(9_999),
            &limits,
        );
        assert_eq!(waiting.waiting.len(), 1, "what has expired makes room");
    }

    #[test]
    fn under_another_policy_it_is_a_new_call() {
        let (own, other) = (leg(ALLOW, 0), leg("version: \"1\"\ndefault: deny\n", 0));
        assert!(own.holds_under(&own.snapshot));
        assert!(!own.holds_under(&other.snapshot));
    }
}
