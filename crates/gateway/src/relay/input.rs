//! A server that asks for input before it answers a call (2026-07-28, "Multi Round-Trip Requests"), and the
//! client's retry.

use std::sync::Arc;
use std::time::Instant;

use interlock_json::Value;
use interlock_wire::method::Judged;
use interlock_wire::{Era, Outcome, Request, RequestId, Version, reply};

use super::Relay;
use crate::answer;
use crate::batch::ReplyTo;
use crate::call::Passage;
use crate::capabilities::Capabilities;
use crate::continuation::{CallDigest, Leg};
use crate::route::Target;
use crate::settle::{Ending, Ticket};

/// What is kept of a call whose server may ask for input, until it has answered.
#[derive(Debug)]
pub(crate) struct MayAsk {
    call: CallDigest,
    /// What the client may be asked, as this request says.
    declared: Capabilities,
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
        let meta = request.params.and_then(|params| params.get("_meta"));
        let declared = meta.and_then(|meta| meta.get("io.modelcontextprotocol/clientCapabilities"));
        Some(Box::new(Self {
            call: CallDigest::new(&request.method, &target.name, target.arguments),
            declared: Capabilities::read(declared),
            leg: None,
        }))
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

    /// The client gets an error in the place of an answer that asks it what it must not be asked. The call has
    /// reached the server and counts.
    pub(super) async fn refuse_input(
        &self,
        asker: Option<RequestId>,
        reply: Option<ReplyTo>,
        ticket: Ticket,
        reason: String,
    ) {
        self.drop_from_server("", None, &reason);
        let told = format!("the server's answer was refused: {reason}");
        ticket.settle(Ending::Blocked { reason }).await;
        if let (Some(asker), Some(reply)) = (asker, reply) {
            reply.deliver(reply::error(asker.raw(), answer::BAD_ANSWER, &told, None)).await;
        }
    }

    /// Looks whether an answer asks for input, and remembers the call for its retry.
    ///
    /// # Errors
    /// Why the client must not be asked this.
    pub(super) fn asked_for_input(
        &self,
        may_ask: Option<Box<MayAsk>>,
        outcome: &Outcome<'_>,
    ) -> Result<(), String> {
        let (Some(may_ask), Outcome::Result(result)) = (may_ask, outcome) else { return Ok(()) };
        if !result.get("resultType").is_some_and(|kind| kind.is_str("input_required")) {
            return Ok(());
        }
        if let Some(requests) = result.get("inputRequests") {
            may_be_asked(may_ask.declared, requests)?;
        }
        let state = result.get("requestState").and_then(Value::as_str);
        if let (Some(state), Some(leg)) = (state, may_ask.leg) {
            let key = may_ask.call.with_state(&state);
            let limits = &self.gateway.options.limits;
            self.session().continuations.insert(key, leg, Instant::now(), limits);
        }
        Ok(())
    }
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
