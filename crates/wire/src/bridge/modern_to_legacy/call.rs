//! Requests that go through to the server, what it tells meanwhile, and its answers.

use std::time::Duration;

use interlock_json::{Value, canonical};

use super::answer;
use super::question::{Question, State};
use super::{INTERNAL_ERROR, ModernToLegacy, Own, reply};
use crate::bridge::asks_by;
use crate::bridge::capabilities::Askable;
use crate::bridge::edit::Rewrite;
use crate::bridge::level::Level;
use crate::id::RequestId;
use crate::message::{Message, Notification, Outcome, Request, Response, Shape};
use crate::meta::modern_meta;
use crate::splice::Edit;

/// What only a modern request says (2026-07-28, "Per-request protocol fields").
const MODERN_META: &[&str] = &[
    "io.modelcontextprotocol/protocolVersion",
    "io.modelcontextprotocol/clientInfo",
    "io.modelcontextprotocol/clientCapabilities",
    "io.modelcontextprotocol/logLevel",
];
/// What only a modern request that is made again says.
const RETRY: &[&str] = &["inputResponses", "requestState"];

/// A request that the server works at.
#[derive(Debug)]
pub(super) struct Call {
    /// The client's request that waits for it now; none while the client gathers answers.
    pub(super) client: Option<RequestId>,
    pub(super) what: What,
    /// Whether the server has seen it. It has not, while a question of before has no answer.
    pub(super) sent: bool,
    /// What the client calls its progress now.
    pub(super) token: Option<String>,
    pub(super) level: Option<Level>,
    pub(super) declared: Askable,
    /// What the server asks and was not answered.
    pub(super) questions: Vec<Question>,
    /// When the client is asked what was gathered.
    pub(super) gather_until: Option<Duration>,
    /// How often the client was asked.
    pub(super) rounds: usize,
    /// The server's answer, which came while the client gathered answers.
    pub(super) done: Option<Message>,
}

/// What a request is for: a request that is made again must be for the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct What {
    pub(super) method: String,
    /// The name and the canonical arguments, where a request of this method may ask something.
    call: Option<(String, String)>,
}

/// What a request of the client's says of itself.
pub(super) struct Said {
    pub(super) what: What,
    token: Option<String>,
    level: Option<Level>,
    declared: Askable,
}

impl Said {
    pub(super) fn level(&self) -> Option<Level> {
        self.level
    }
}

impl What {
    fn of(request: &Request<'_>) -> Self {
        let member = |name: &str| request.params.and_then(|params| params.get(name));
        let call = asks_by(&request.method).map(|name| {
            let name = member(name).and_then(Value::as_str).unwrap_or_default().into_owned();
            (name, member("arguments").map(canonical::to_string).unwrap_or_default())
        });
        Self { method: request.method.clone().into_owned(), call }
    }

    pub(super) fn may_ask(&self) -> bool {
        self.call.is_some()
    }

    pub(super) fn kept(&self) -> usize {
        self.call.as_ref().map_or(0, |(name, arguments)| name.len() + arguments.len())
    }

    fn name(&self) -> Option<String> {
        self.call.as_ref().map(|(name, _)| name.clone())
    }
}

impl Call {
    pub(super) fn kept(&self) -> usize {
        let questions: usize = self.questions.iter().map(Question::kept).sum();
        let done = self.done.as_ref().map_or(0, |done| done.source().len());
        self.what.kept() + questions + done
    }

    /// Takes over what the request says that waits for the call from now on.
    pub(super) fn waited_for_by(&mut self, id: RequestId, said: Said) {
        self.client = Some(id);
        self.token = said.token;
        self.level = said.level;
        self.declared = said.declared;
    }
}

impl ModernToLegacy {
    pub(super) fn call(&mut self, request: &Request<'_>, message: &Message, id: RequestId) {
        let said = match self.said(request, message) {
            Ok(said) => said,
            Err((code, reason)) => return self.refuse(&id, code, &reason),
        };
        let state = request.params.and_then(|params| params.get("requestState")).and_then(Value::as_str);
        match state.filter(|_| said.what.may_ask()) {
            Some(state) => self.call_again(request, message, id, said, &state),
            None => self.new_call(message, id, said),
        }
    }

    fn said(&self, request: &Request<'_>, message: &Message) -> Result<Said, (i64, String)> {
        let meta = modern_meta(request).map_err(|refusal| (refusal.code, refusal.to_string()))?;
        let level = match meta.log_level {
            None => None,
            Some(name) => {
                let unknown = || (crate::refusal::INVALID_PARAMS, "the log level is not one".to_owned());
                Some(Level::parse(&name).ok_or_else(unknown)?)
            }
        };
        let token = message.progress_token().map(|token| token.raw().to_owned());
        let declared = Askable::read(Some(meta.client_capabilities));
        Ok(Said { what: What::of(request), token, level, declared })
    }

    pub(super) fn new_call(&mut self, message: &Message, id: RequestId, said: Said) {
        if self.calls.len() >= self.limits.in_flight || !self.has_room_for(said.what.kept()) {
            return self.refuse_busy(&id);
        }
        let number = self.number();
        let questions = if said.what.may_ask() { self.take_early(said.declared) } else { Vec::new() };
        let asks_first = !questions.is_empty();
        let call = Call {
            client: Some(id.clone()),
            what: said.what,
            sent: false,
            token: said.token,
            level: said.level,
            declared: said.declared,
            questions,
            gather_until: asks_first.then_some(self.now),
            rounds: 0,
            done: None,
        };
        self.calls.insert(number, call);
        self.by_client.insert(id, number);
        if asks_first { self.ask_what_is_gathered() } else { self.send(number, message) }
    }

    /// Sends a call to the server, as the client's request says it.
    pub(super) fn send(&mut self, number: u64, message: &Message) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        call.sent = true;
        let (method, name, level) = (call.what.method.clone(), call.what.name(), call.level);
        let text = number.to_string();
        let line = Rewrite {
            id: Some(&text),
            token: Some(&text),
            params_without: if call.what.may_ask() { RETRY } else { &[] },
            meta_without: MODERN_META,
            ..Rewrite::default()
        }
        .apply(message);
        self.set_level(level);
        self.tell_server(line, Some(number), Some(method.into()), name);
    }

    /// The server tells more only where somebody wants more than anybody before; what is too much for the others
    /// they are not told.
    pub(super) fn set_level(&mut self, level: Option<Level>) {
        let can_log = self.handshake.peer().is_some_and(|peer| peer.can_log);
        let Some(level) = level.filter(|_| can_log) else { return };
        if self.level.is_none_or(|told| level < told) {
            self.level = Some(level);
            let params = format!(r#"{{"level":"{}"}}"#, level.name());
            self.ask(Own::Ignored, "logging/setLevel", &params);
        }
    }

    /// The server answered a request of the client's.
    pub(super) fn call_answered(&mut self, number: u64, response: &Response<'_>, message: &Message) {
        let has_room = self.has_room_for(message.source().len());
        let Some(call) = self.calls.get_mut(&number).filter(|call| call.sent) else { return };
        if call.client.is_some() {
            self.finish(number, &response.outcome, message);
        } else if has_room && call.done.is_none() {
            call.done = Some(message.clone());
        } else {
            // The client will learn that its state is worth nothing any more.
            self.forget(number);
        }
    }

    /// Gives the client its answer, or what it has to open before it asks again.
    pub(super) fn finish(&mut self, number: u64, outcome: &Outcome<'_>, message: &Message) {
        let Some(call) = self.forget(number) else { return };
        let Some(id) = call.client else { return };
        let urls = answer::urls_to_open(outcome, self.limits.questions).filter(|_| call.what.may_ask());
        let line = match urls {
            None => answer::for_client(message, outcome, &call.what.method, &id),
            Some(_) if !call.declared.url => {
                let reason =
                    "the server wants the client's user to open a URL, which the client did not declare";
                let data = r#"{"requiredCapabilities":{"elicitation":{"url":{}}}}"#;
                reply::error(&id, -32_021, reason, Some(data))
            }
            Some(requests) => match self.give_state(|until| State::Again { what: call.what, until }) {
                Some(state) => reply::result(&id, &answer::input_required(&requests, &state)),
                None => reply::error(&id, INTERNAL_ERROR, "too many calls wait for their clients", None),
            },
        };
        self.tell_client(line, Some(id));
    }

    /// Takes a call out. Questions that it still has are answered: nobody else will.
    pub(super) fn forget(&mut self, number: u64) -> Option<Call> {
        let mut call = self.calls.remove(&number)?;
        if let Some(id) = &call.client {
            self.by_client.remove(id);
        }
        self.states.retain(|_, state| !state.is_of(number));
        for question in std::mem::take(&mut call.questions) {
            let reason = "the request that the question belonged to has ended";
            self.answer_server(&reply::error(&question.id, INTERNAL_ERROR, reason, None));
        }
        Some(call)
    }

    pub(super) fn fail_call(&mut self, number: u64, reason: &str) {
        if let Some(id) = self.forget(number).and_then(|call| call.client) {
            self.refuse(&id, INTERNAL_ERROR, reason);
        }
    }

    /// Tells the server that nobody waits for a call any more. First that, then the answers to its questions: a
    /// server must not go on with what it is about to give up.
    pub(super) fn cancel_call(&mut self, number: u64, reason: Option<Value<'_>>) {
        if self.calls.get(&number).is_some_and(|call| call.sent && call.done.is_none()) {
            let reason = reason.map(|reason| format!(",\"reason\":{}", reason.raw())).unwrap_or_default();
            let params = format!(r#"{{"requestId":{number}{reason}}}"#);
            let method = "notifications/cancelled";
            self.tell_server(reply::notification(method, Some(&params)), None, Some(method.into()), None);
        }
        self.forget(number);
    }

    /// Progress goes to the request that waits for the call now, under the token that one gave.
    pub(super) fn progress(&mut self, message: &Message) {
        let token = message.progress_token();
        let number = token.and_then(RequestId::from_value).and_then(|token| token.as_u64());
        let Some(call) = number.and_then(|number| self.calls.get(&number)) else { return };
        if let (Some(token), Some(client), Some(id)) = (token, &call.token, call.client.clone()) {
            let line = message.with_edits(vec![Edit::new(token.span(), client.clone())]);
            self.tell_client(line, Some(id));
        }
    }

    /// 2026-07-28, "Logging": a message belongs to a request that asked for its level. Where the channel does not
    /// say to which, it goes to the oldest that did.
    pub(super) fn log_message(
        &mut self,
        notification: &Notification<'_>,
        message: &Message,
        on: Option<u64>,
    ) {
        let level = notification.params.and_then(|params| params.get("level")).and_then(Value::as_str);
        let Some(level) = level.and_then(|name| Level::parse(&name)) else { return };
        let wants = |call: &&Call| call.client.is_some() && call.level.is_some_and(|least| least <= level);
        let call = match on.and_then(|number| self.calls.get(&number)) {
            Some(call) => Some(call).filter(wants),
            None => self.calls.values().find(wants),
        };
        if let Some(id) = call.and_then(|call| call.client.clone()) {
            self.tell_client(message.source().to_owned(), Some(id));
        }
    }

    /// Gives the answer that came while the client gathered its own.
    pub(super) fn finish_if_done(&mut self, number: u64) -> bool {
        let Some(call) = self.calls.get_mut(&number) else { return false };
        let Some(done) = call.done.take() else { return false };
        if let Shape::Response(response) = done.shape() {
            self.finish(number, &response.outcome, &done);
        }
        true
    }
}
