//! A server that asks for something before it answers a call, and the client's retry: for input (2026-07-28,
//! "Multi Round-Trip Requests"), or for a payment.

use std::sync::Arc;
use std::time::Instant;

use interlock_json::Value;
use interlock_policy::Price;
use interlock_wire::method::Judged;
use interlock_wire::payment::{Asked, Challenge, Payment};
use interlock_wire::{Era, Outcome, Request, RequestId, Version, reply};

use super::Relay;
use crate::answer;
use crate::batch::ReplyTo;
use crate::call::Passage;
use crate::capabilities::Capabilities;
use crate::continuation::{CallDigest, Key, Leg, Retry};
use crate::route::Target;
use crate::settle::{Ending, Ticket};
use crate::snapshot::Snapshot;

/// Why a payment is not known.
const NOT_ASKED: &str = "its payment answers nothing that the server has asked for this call in this session";

/// What is kept of a call whose server may ask for something first, until it has answered.
#[derive(Debug)]
pub(crate) struct MayAsk {
    call: CallDigest,
    /// What the client may be asked, as this request says; `None` where it is told at once.
    declared: Option<Capabilities>,
    /// Whether a policy counts what the server wants to be paid.
    is_charged: bool,
    leg: Option<Leg>,
}

impl MayAsk {
    /// `None` for the requests that a server answers at once.
    pub(super) fn of(
        request: &Request<'_>,
        judged: Judged,
        targets: &[Target<'_>],
        version: Version,
        snapshot: &Snapshot,
    ) -> Option<Box<Self>> {
        let target = targets.first()?;
        let asks = matches!(judged, Judged::CallTool | Judged::ReadResource | Judged::GetPrompt)
            && version.era() == Era::Modern;
        let is_paid = judged == Judged::CallTool && Payment::of(request.params).is_some();
        let is_charged = judged == Judged::CallTool
            && interlock_policy::spends_on_challenge(&snapshot.stack(), target.section, &target.name);
        if !asks && !is_paid && !is_charged {
            return None;
        }
        let meta = request.params.and_then(|params| params.get("_meta"));
        let declared = meta.and_then(|meta| meta.get("io.modelcontextprotocol/clientCapabilities"));
        Some(Box::new(Self {
            call: CallDigest::new(&request.method, &target.name, target.arguments),
            declared: asks.then(|| Capabilities::read(declared)),
            is_charged,
            leg: None,
        }))
    }

    /// The call was let through, as the continuation of `first` where there is one.
    pub(super) fn passed(&mut self, passage: &Passage, first: Option<&Leg>) {
        self.leg = Some(Leg {
            intent: passage.intent,
            snapshot: Arc::clone(&passage.snapshot),
            before: first.map_or(0, |first| first.before + 1),
            held: passage.ticket.held(),
            challenge: None,
        });
    }
}

impl Relay {
    /// What a request has to do with the calls before it: the leg that it continues, if its `requestState` is one
    /// that this server gave out for this very call, or if it pays what this server asked for it. Whatever else it
    /// carries there is the server's to judge: it makes a new call of it, no more.
    pub(super) fn retried(&self, may_ask: Option<&MayAsk>, request: &Request<'_>) -> Retry {
        let Some(may_ask) = may_ask else { return Retry::default() };
        let payment = Payment::of(request.params);
        let mut session = self.session();
        let now = Instant::now();
        let state = request.params.and_then(|params| params.get("requestState")).and_then(Value::as_str);
        let state = state.filter(|_| may_ask.declared.is_some());
        let continued =
            state.and_then(|state| session.continuations.take(may_ask.call.with_state(&state), now));
        let Some(payment) = payment else { return Retry { first: continued, paid: None } };
        match session.continuations.take(may_ask.call.to_be_paid(), now) {
            None => Retry { first: continued, paid: Some(Err(NOT_ASKED.to_owned())) },
            Some(leg) => {
                let challenge = leg.challenge.clone();
                let paid = challenge.as_deref().map_or_else(
                    || Err(NOT_ASKED.to_owned()),
                    |challenge| challenge.price(&payment).map(price).map_err(|why| why.to_string()),
                );
                Retry { first: Some(leg), paid: Some(paid) }
            }
        }
    }

    /// A payment that was refused has paid nothing: the server's offer stands.
    pub(super) fn not_paid(&self, may_ask: Option<&MayAsk>, retry: Retry) {
        let offered = retry.first.filter(|leg| leg.challenge.is_some());
        if let (Some(may_ask), Some(leg)) = (may_ask, offered) {
            let limits = &self.gateway.options.limits;
            self.session().continuations.insert(may_ask.call.to_be_paid(), leg, Instant::now(), limits);
        }
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

    /// Looks whether an answer asks for something first, and remembers the call for its retry: `true` if it does.
    ///
    /// # Errors
    /// Why the client must not be asked this.
    pub(super) fn asked_first(
        &self,
        may_ask: Option<Box<MayAsk>>,
        outcome: &Outcome<'_>,
    ) -> Result<bool, String> {
        let Some(may_ask) = may_ask else { return Ok(false) };
        let Some((key, leg)) = may_ask.asked_for_input(outcome)?.or_else(|| may_ask.asked_to_pay(outcome))
        else {
            return Ok(false);
        };
        let limits = &self.gateway.options.limits;
        Ok(self.session().continuations.insert(key, leg, Instant::now(), limits))
    }
}

impl MayAsk {
    fn asked_for_input(&self, outcome: &Outcome<'_>) -> Result<Option<(Key, Leg)>, String> {
        let (Some(declared), Outcome::Result(result)) = (self.declared, outcome) else { return Ok(None) };
        if !result.get("resultType").is_some_and(|kind| kind.is_str("input_required")) {
            return Ok(None);
        }
        if let Some(requests) = result.get("inputRequests") {
            may_be_asked(declared, requests)?;
        }
        let state = result.get("requestState").and_then(Value::as_str);
        Ok(state.zip(self.leg.clone()).map(|(state, leg)| (self.call.with_state(&state), leg)))
    }

    fn asked_to_pay(&self, outcome: &Outcome<'_>) -> Option<(Key, Leg)> {
        let leg = self.leg.clone().filter(|_| self.is_charged)?;
        let challenge = Some(Arc::new(Challenge::read(outcome)?));
        Some((self.call.to_be_paid(), Leg { challenge, ..leg }))
    }
}

fn price(asked: &Asked) -> Price {
    let Asked { amount, currency, network } = asked.clone();
    Price { amount, currency, network }
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
