//! A server that asks for input before it answers a call (2026-07-28, "Multi Round-Trip Requests"), and the
//! client's retry.

use std::sync::Arc;
use std::time::Instant;

use interlock_json::Value;
use interlock_wire::method::Judged;
use interlock_wire::{Era, Outcome, Request, Version};

use super::Relay;
use crate::call::Passage;
use crate::capabilities::Capabilities;
use crate::continuation::{CallDigest, Leg};
use crate::route::Target;
use crate::session::Asked;

/// 2025-11-25, "Elicitation": the client is to open URLs and to ask again.
const URL_ELICITATION_REQUIRED: i64 = -32_042;

/// What is kept of a call whose server may ask for input, until it has answered.
#[derive(Debug)]
pub(crate) struct MayAsk {
    call: CallDigest,
    leg: Option<Leg>,
}

impl MayAsk {
    /// `None` for the requests that a server answers at once.
    pub(super) fn of(
        request: &Request<'_>,
        judged: Judged,
        targets: &[Target<'_>],
        version: Version,
    ) -> Option<Box<Self>> {
        let asks = matches!(judged, Judged::CallTool | Judged::ReadResource | Judged::GetPrompt);
        let target = targets.first().filter(|_| asks && version.era() == Era::Modern)?;
        let call = CallDigest::new(&request.method, &target.name, target.arguments);
        Some(Box::new(Self { call, leg: None }))
    }

    /// The call was let through, as the continuation of `first` where there is one.
    pub(super) fn passed(&mut self, passage: &Passage, first: Option<&Leg>) {
        let before = first.map_or(0, |first| first.before + 1);
        self.leg = Some(Leg {
            intent: passage.intent,
            snapshot: Arc::clone(&passage.snapshot),
            reservation: passage.reservation.clone(),
            before,
        });
    }
}

impl Relay {
    /// The leg that a request continues, if its `requestState` is one that this server gave out for this very
    /// call. Whatever else it carries there is the server's to judge: it makes a new call of it, no more.
    pub(super) fn continued(&self, may_ask: Option<&MayAsk>, request: &Request<'_>) -> Option<Leg> {
        let state = request.params?.get("requestState")?.as_str()?;
        let key = may_ask?.call.with_state(&state);
        self.session().continuations.take(key, Instant::now())
    }

    /// Remembers a call whose server asks for input, for its retry.
    pub(super) fn remember(&self, may_ask: Option<Box<MayAsk>>, outcome: &Outcome<'_>) {
        let (Some(may_ask), Outcome::Result(result)) = (may_ask, outcome) else { return };
        let state = result.get("requestState").and_then(Value::as_str);
        if let (Some(state), Some(leg), true) = (state, may_ask.leg, wants_input(*result)) {
            let key = may_ask.call.with_state(&state);
            let limits = &self.gateway.options.limits;
            self.session().continuations.insert(key, leg, Instant::now(), limits);
        }
    }
}

fn wants_input(result: Value<'_>) -> bool {
    result.get("resultType").is_some_and(|kind| kind.is_str("input_required"))
}

/// Whether the client may see an answer: whatever it asked, it is not asked back what it did not declare.
///
/// # Errors
/// Why not.
pub(super) fn may_see(asked: &Asked, outcome: &Outcome<'_>) -> Result<(), String> {
    match outcome {
        Outcome::Error(error) if error.code == URL_ELICITATION_REQUIRED => {
            let allowed = asked.declared.allow_url();
            allowed.map_err(|undeclared| format!("the error {URL_ELICITATION_REQUIRED}: {undeclared}"))
        }
        Outcome::Result(result) if asked.version.era() == Era::Modern => {
            if asked.may_ask.is_none() && wants_input(*result) {
                return Err("only a call, a resource or a prompt is answered by asking for input".to_owned());
            }
            may_be_asked_in(asked.declared, *result)
        }
        _ => Ok(()),
    }
}

/// Looks at the questions that an answer or the news of a task holds.
pub(super) fn may_be_asked_in(declared: Capabilities, holder: Value<'_>) -> Result<(), String> {
    holder.get("inputRequests").map_or(Ok(()), |requests| may_be_asked(declared, requests))
}

/// Servers must not ask what the client did not declare, nor anything but these three.
fn may_be_asked(declared: Capabilities, requests: Value<'_>) -> Result<(), String> {
    const QUESTIONS: [&str; 3] = ["elicitation/create", "sampling/createMessage", "roots/list"];
    if !requests.is_object() {
        return Err("`inputRequests` is not an object".to_owned());
    }
    for (_, question) in requests.members() {
        let method = question.get("method").and_then(Value::as_str).unwrap_or_default();
        if !QUESTIONS.contains(&method.as_ref()) {
            return Err(format!("`{method}` is not a question that a client can be asked"));
        }
        let allowed = declared.allow(&method, question.get("params"), Version::V2026_07_28);
        allowed.map_err(|undeclared| format!("`{method}`: {undeclared}"))?;
    }
    Ok(())
}
