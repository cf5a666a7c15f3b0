//! A server that asks for something before it answers a call, and the client's retry: for input (2026-07-28,
//! "Multi Round-Trip Requests"), or for a payment.

use std::sync::{Arc, OnceLock, Weak};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use interlock_json::{Value, canonical};
use interlock_policy::Price;
use interlock_wire::method::Judged;
use interlock_wire::payment::{self, Challenge, Payment};
use interlock_wire::splice::Edit;
use interlock_wire::{Era, Message, Outcome, Request, Version};

use super::Relay;
use crate::call::Passage;
use crate::capabilities::Capabilities;
use crate::continuation::{CallDigest, Key, Leg, Retry};
use crate::route::Target;
use crate::sealed::NotOpened;
use crate::session::Asked;
use crate::snapshot::Snapshot;

/// Why a payment is not known.
const NOT_ASKED: &str = "its payment answers nothing that the server has asked for this call in this session";

/// 2025-11-25, "Elicitation": the client is to open URLs and to ask again.
const URL_ELICITATION_REQUIRED: i64 = -32_042;

/// What is kept of a call whose server may ask for something first, until it has answered.
#[derive(Debug)]
pub(crate) struct MayAsk {
    call: ThisCall,
    /// Whether its server may ask for input.
    asks: bool,
    /// Whether a policy counts what the server wants to be paid.
    is_charged: bool,
    leg: Option<Leg>,
    /// The server's own state, which came back sealed.
    state: Option<String>,
}

/// A call, whose digest is made when something is to be told apart by it: for most calls, never.
#[derive(Debug)]
struct ThisCall {
    message: Arc<Message>,
    name: String,
    has_arguments: bool,
    digest: OnceLock<CallDigest>,
}

impl ThisCall {
    fn digest(&self) -> CallDigest {
        *self.digest.get_or_init(|| {
            let method = self.message.method().unwrap_or_default();
            let arguments = self.message.params().and_then(|params| params.get("arguments"));
            CallDigest::new(&method, &self.name, arguments.filter(|_| self.has_arguments))
        })
    }
}

impl MayAsk {
    /// `None` for the requests that a server answers at once.
    pub(super) fn of(
        message: &Arc<Message>,
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
        let call = ThisCall {
            message: Arc::clone(message),
            name: target.name.clone().into_owned(),
            has_arguments: target.arguments.is_some(),
            digest: OnceLock::new(),
        };
        Some(Box::new(Self { call, asks, is_charged, leg: None, state: None }))
    }

    /// The call was let through, as the continuation of `first` where there is one.
    pub(super) fn passed(&mut self, passage: &Passage, first: Option<&Leg>) {
        self.leg = Some(Leg {
            intent: passage.intent,
            snapshot: Arc::clone(&passage.snapshot),
            held: passage.held.clone(),
            approval: passage.approval.clone(),
            before: first.map_or(0, |first| first.before + 1),
            challenge: None,
        });
    }
}

impl Relay {
    /// Opens the state that a client brings back, where it brings one.
    ///
    /// # Errors
    /// Why it is not taken: 2026-07-28 has state that does not verify rejected.
    pub(super) fn open_state(
        &self,
        may_ask: Option<&mut MayAsk>,
        request: &Request<'_>,
    ) -> Result<(), NotOpened> {
        let Some(may_ask) = may_ask.filter(|may_ask| may_ask.asks) else { return Ok(()) };
        let Some(brought) = request.params.and_then(brought_state) else { return Ok(()) };
        let text = brought.as_str().ok_or(NotOpened::Unknown)?;
        let grant = self.session().identity.grant.clone();
        let sealer = self.gateway.sealer().ok_or(NotOpened::Unknown)?;
        let content = sealer.open(&may_ask.call.digest().bound_to(&grant, self.server()), &text)?;
        may_ask.state = Some(self.session().given.take(content, now_ms())?);
        Ok(())
    }

    /// The edit that seals the state in an answer which asks for input, where there is one.
    ///
    /// # Errors
    /// Where nothing can be sealed.
    pub(super) fn seal_state(
        &self,
        may_ask: Option<&MayAsk>,
        outcome: &Outcome<'_>,
    ) -> Result<Option<Edit>, String> {
        let (Some(may_ask), Outcome::Result(result)) = (may_ask, outcome) else { return Ok(None) };
        if !may_ask.asks || !wants_input(*result) {
            return Ok(None);
        }
        let Some(given) = result.get("requestState") else { return Ok(None) };
        let state = given.as_str().ok_or("its `requestState` is not a string")?;
        let limits = &self.gateway.options.limits;
        let until = now_ms().saturating_add(limits.continuation.as_millis().try_into().unwrap_or(u64::MAX));
        let (content, grant) = {
            let mut session = self.session();
            (session.given.give(&state, until, limits.continuations), session.identity.grant.clone())
        };
        let bound = may_ask.call.digest().bound_to(&grant, self.server());
        let sealed = self.gateway.sealer().and_then(|sealer| sealer.seal(&bound, &content));
        let sealed =
            sealed.ok_or("its `requestState` cannot be sealed: the system has no randomness to give")?;
        Ok(Some(Edit::new(given.span(), format!("\"{sealed}\""))))
    }

    /// What a request has to do with the calls before it: the leg that it continues, if its `requestState` is one
    /// that this server gave out for this very call, or if it pays what this server asked for it. Whatever else it
    /// carries there is the server's to judge: it makes a new call of it, no more.
    pub(super) fn retried(&self, may_ask: Option<&MayAsk>, request: &Request<'_>) -> Retry {
        let Some(may_ask) = may_ask else { return Retry::default() };
        let payment = Payment::of(request.params);
        let mut session = self.session();
        let now = Instant::now();
        let state = may_ask.state.as_deref();
        let continued =
            state.and_then(|state| session.continuations.take(may_ask.call.digest().with_state(state), now));
        let Some(payment) = payment else { return Retry { first: continued, paid: None } };
        match session.continuations.take(may_ask.call.digest().to_be_paid(), now) {
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

    /// A retry that was refused has used its state up: whatever waits for it at the server ends.
    pub(super) fn abandoned(&self, may_ask: Option<&MayAsk>) {
        let state = may_ask.and_then(|may_ask| may_ask.state.as_deref());
        let crossing = self.crossing.get().and_then(Weak::upgrade);
        if let (Some(state), Some(crossing)) = (state, crossing) {
            crossing.abandon(state);
        }
    }

    /// A payment that was refused has paid nothing: the server's offer stands.
    pub(super) fn not_paid(&self, may_ask: Option<&MayAsk>, retry: Retry) {
        let offered = retry.first.filter(|leg| leg.challenge.is_some());
        if let (Some(may_ask), Some(leg)) = (may_ask, offered) {
            let limits = &self.gateway.options.limits;
            self.session().continuations.insert(
                may_ask.call.digest().to_be_paid(),
                leg,
                Instant::now(),
                limits,
            );
        }
    }

    /// Remembers a call whose server asks for something first, for its retry: `true` if it does.
    pub(super) fn remember(&self, may_ask: Option<Box<MayAsk>>, outcome: &Outcome<'_>) -> bool {
        let Some(may_ask) = may_ask else { return false };
        let asked = may_ask.asked_for_input(outcome).or_else(|| may_ask.asked_to_pay(outcome));
        let Some((key, leg)) = asked else { return false };
        let limits = &self.gateway.options.limits;
        self.session().continuations.insert(key, leg, Instant::now(), limits)
    }
}

impl MayAsk {
    /// The edit that gives the server its own state back.
    pub(super) fn own_state(&self, message: &Message) -> Option<Edit> {
        let brought = message.params().and_then(brought_state)?;
        let mut text = String::new();
        canonical::write_str(self.state.as_deref()?, &mut text);
        Some(Edit::new(brought.span(), text))
    }

    fn asked_for_input(&self, outcome: &Outcome<'_>) -> Option<(Key, Leg)> {
        let Outcome::Result(result) = outcome else { return None };
        if !self.asks || !wants_input(*result) {
            return None;
        }
        let state = result.get("requestState").and_then(Value::as_str)?;
        Some((self.call.digest().with_state(&state), self.leg.clone()?))
    }

    fn asked_to_pay(&self, outcome: &Outcome<'_>) -> Option<(Key, Leg)> {
        let leg = self.leg.clone().filter(|_| self.is_charged)?;
        let challenge = Some(Arc::new(Challenge::read(outcome)?));
        Some((self.call.digest().to_be_paid(), Leg { challenge, ..leg }))
    }
}

/// The state in a request's `params`; null is none.
fn brought_state(params: Value<'_>) -> Option<Value<'_>> {
    params.get("requestState").filter(|state| !state.is_null())
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis().try_into().unwrap_or(u64::MAX)
}

fn price(asked: &payment::Asked) -> Price {
    let payment::Asked { amount, currency, network } = asked.clone();
    Price { amount, currency, network }
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
        Outcome::Error(error)
            if error.code == URL_ELICITATION_REQUIRED && !asks_to_be_paid(outcome, error.data) =>
        {
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

/// Whether an error wants a payment and nothing else: servers use this code for that, too.
fn asks_to_be_paid(outcome: &Outcome<'_>, data: Option<Value<'_>>) -> bool {
    let asks_for_urls =
        |data: Value<'_>| data.members().any(|(key, _)| key.text().eq_ignore_ascii_case("elicitations"));
    Challenge::read(outcome).is_some() && !data.is_some_and(asks_for_urls)
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
