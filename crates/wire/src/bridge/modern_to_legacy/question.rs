//! What the server asks during a call, and the client's request that answers it (2026-07-28, "Multi Round-Trip
//! Requests").

use std::time::Duration;

use interlock_json::Value;

use super::answer::input_required;
use super::call::{Call, Said, What};
use super::{INTERNAL_ERROR, METHOD_NOT_FOUND, ModernToLegacy, reply};
use crate::bridge::capabilities::Askable;
use crate::bridge::edit;
use crate::id::RequestId;
use crate::message::{Message, Notification, Request};

/// A question that the server waits for.
#[derive(Debug)]
pub(super) struct Question {
    /// The server's id.
    pub(super) id: RequestId,
    /// What it is called in `inputRequests`.
    key: String,
    /// The request as it stands there.
    request: String,
}

/// Bytes of a question in `inputRequests` besides its method and its params.
const AROUND_PARAMS: usize = r#"{"method":"","params":}"#.len();

/// What a `requestState` stands for.
#[derive(Debug)]
pub(super) enum State {
    /// A call that the server still works at.
    Held { number: u64, until: Duration },
    /// A call that has ended, and is to be made anew.
    Again { what: What, until: Duration },
}

impl Question {
    pub(super) fn kept(&self) -> usize {
        self.request.len()
    }

    fn may_be_asked(&self, declared: Askable, limits: &interlock_json::Limits) -> bool {
        interlock_json::scan(self.request.as_str(), limits).is_ok_and(|document| {
            let member = |name| document.root().get(name);
            let method = member("method").and_then(Value::as_str).unwrap_or_default();
            declared.allow(&method, member("params")).is_ok()
        })
    }
}

impl State {
    pub(super) fn until(&self) -> Duration {
        match self {
            Self::Held { until, .. } | Self::Again { until, .. } => *until,
        }
    }

    pub(super) fn kept(&self) -> usize {
        match self {
            Self::Held { .. } => 0,
            Self::Again { what, .. } => what.kept(),
        }
    }

    pub(super) fn is_of(&self, call: u64) -> bool {
        matches!(self, Self::Held { number, .. } if *number == call)
    }
}

impl ModernToLegacy {
    /// The server asks the client something: some call takes it to the client.
    pub(super) fn question(&mut self, request: &Request<'_>, on: Option<u64>) {
        match self.carrier(request, on) {
            Ok(Some(number)) => self.gather(number, request),
            Ok(None) => {
                let until = self.now.saturating_add(self.limits.hold);
                let asked = self.asked(request);
                self.early.push((asked, until));
            }
            Err((code, reason)) => self.answer_server(&reply::error(request.id, code, &reason, None)),
        }
    }

    /// The call that a question goes with, none where it waits for one, or the error that the server gets.
    fn carrier(&self, request: &Request<'_>, on: Option<u64>) -> Result<Option<u64>, (i64, String)> {
        if request.params.is_some_and(|params| params.get("task").is_some()) {
            let reason = "the client speaks 2026-07-28, which answers no question by a task";
            return Err((METHOD_NOT_FOUND, reason.to_owned()));
        }
        let params = request.params.map_or(0, |params| params.raw().len());
        if !self.has_room_for(AROUND_PARAMS + request.method.len() + params) {
            return Err((INTERNAL_ERROR, "too much waits for the client".to_owned()));
        }
        let id = request.id.to_request_id();
        let open = self.calls.values().flat_map(|call| &call.questions);
        if open.chain(self.early.iter().map(|(asked, _)| asked)).any(|asked| asked.id == id) {
            return Err((crate::refusal::INVALID_REQUEST, "the id is in use by a question".to_owned()));
        }
        let mut lacking = None;
        let mut may_take = |call: &Call| match call.declared.allow(&request.method, request.params) {
            Ok(()) => call.questions.len() < self.limits.questions && call.done.is_none(),
            Err(capability) => {
                lacking = Some(capability);
                false
            }
        };
        let named = on.filter(|number| self.calls.contains_key(number));
        let eligible = |number: u64| named.is_none_or(|named| named == number);
        let mut takers: Vec<(bool, u64)> = Vec::new();
        for (number, call) in &self.calls {
            if eligible(*number) && call.what.may_ask() && may_take(call) {
                takers.push((call.client.is_none(), *number));
            }
        }
        // One whose client waits, before one whose client is being asked already.
        match (takers.iter().min(), lacking) {
            (Some((_, number)), _) => Ok(Some(*number)),
            (None, Some(capability)) => {
                let reason = format!("the client did not declare the capability `{capability}`");
                Err((METHOD_NOT_FOUND, reason))
            }
            (None, None) if named.is_none() && self.nobody_may_ask() => Ok(None),
            (None, None) => {
                let reason = "the client speaks 2026-07-28, where a question is part of the answer to a call, \
                              and no call can take it";
                Err((INTERNAL_ERROR, reason.to_owned()))
            }
        }
    }

    /// Whether a question waits for a call, as there is none, and few others wait.
    fn nobody_may_ask(&self) -> bool {
        self.early.len() < self.limits.questions && !self.calls.values().any(|call| call.what.may_ask())
    }

    fn asked(&mut self, request: &Request<'_>) -> Question {
        let id = request.id.to_request_id();
        // No other question of the same call has it, and none of another ever meets it.
        let key = format!("question-{}", self.number());
        let method = request.method.as_ref();
        let params = request.params.map(|params| edit::object(params, &["_meta", "elicitationId"], ""));
        let params = params.map(|params| format!(",\"params\":{params}")).unwrap_or_default();
        Question { id, key, request: format!(r#"{{"method":"{method}"{params}}}"#) }
    }

    fn gather(&mut self, number: u64, request: &Request<'_>) {
        let asked = self.asked(request);
        let now = self.now;
        let Some(call) = self.calls.get_mut(&number) else { return };
        call.questions.push(asked);
        if call.client.is_some() && call.gather_until.is_none() {
            call.gather_until = Some(now.saturating_add(self.limits.gather));
        }
        self.ask_what_is_gathered();
    }

    /// What the server asked before there was a call, and this client can be asked.
    pub(super) fn take_early(&mut self, declared: Askable) -> Vec<Question> {
        let limits = self.limits.message;
        let (taken, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.early)
            .into_iter()
            .partition(|(asked, _)| asked.may_be_asked(declared, &limits));
        self.early = left;
        taken.into_iter().map(|(asked, _)| asked).collect()
    }

    /// Ends the wait of those questions for a call.
    pub(super) fn refuse_early(&mut self, ends: impl Fn(Duration) -> bool) {
        let (ended, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.early).into_iter().partition(|(_, until)| ends(*until));
        self.early = left;
        for (asked, _) in ended {
            let reason = "the client called nothing that could have been answered with the question";
            self.answer_server(&reply::error(&asked.id, INTERNAL_ERROR, reason, None));
        }
    }

    /// Asks the clients what their calls have gathered for long enough.
    pub(super) fn ask_what_is_gathered(&mut self) {
        let due = |call: &Call| call.gather_until.is_some_and(|until| until <= self.now);
        let due: Vec<u64> =
            self.calls.iter().filter(|(_, call)| due(call)).map(|(number, _)| *number).collect();
        for number in due {
            self.ask_client(number);
        }
    }

    fn ask_client(&mut self, number: u64) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        call.gather_until = None;
        if call.questions.is_empty() || call.client.is_none() {
            return;
        }
        call.rounds += 1;
        if call.rounds > self.limits.rounds {
            return self.give_up(number, "the server asked too often during one call");
        }
        let entries = call.questions.iter().map(|asked| format!("\"{}\":{}", asked.key, asked.request));
        let requests = format!("{{{}}}", entries.collect::<Vec<_>>().join(","));
        let Some(state) = self.give_state(|until| State::Held { number, until }) else {
            return self.give_up(number, "too many calls wait for their clients");
        };
        let Some(id) = self.calls.get_mut(&number).and_then(|call| call.client.take()) else { return };
        self.by_client.remove(&id);
        self.tell_client(reply::result(&id, &input_required(&requests, &state)), Some(id));
    }

    /// Ends a call of the bridge's own accord: the client gets an error, and the server is told.
    fn give_up(&mut self, number: u64, reason: &str) {
        let id = self.calls.get_mut(&number).and_then(|call| call.client.take());
        if let Some(id) = id {
            self.by_client.remove(&id);
            self.refuse(&id, INTERNAL_ERROR, reason);
        }
        self.cancel_call(number, None);
    }

    /// A state that was never given before; none where too many wait.
    pub(super) fn give_state(&mut self, state: impl FnOnce(Duration) -> State) -> Option<String> {
        if self.states.len() >= self.limits.held {
            return None;
        }
        // The number keeps two apart whose tokens the source gave twice.
        let name = format!("{}.{}", (self.tokens)(), self.number());
        let until = self.now.saturating_add(self.limits.hold);
        self.states.insert(name.clone(), state(until));
        Some(name)
    }

    /// The client asks again with a state, and with what the server wanted to know.
    pub(super) fn call_again(
        &mut self,
        request: &Request<'_>,
        message: &Message,
        id: RequestId,
        said: Said,
        state: &str,
    ) {
        let now = self.now;
        let is_of_this = |found: &State| match found {
            State::Held { number, .. } => self.calls.get(number).is_some_and(|call| call.what == said.what),
            State::Again { what, .. } => *what == said.what,
        };
        // 2026-07-28, "Server Requirements": state that does not verify is rejected, here as one never given.
        if !self.states.get(state).is_some_and(|found| found.until() > now && is_of_this(found)) {
            let reason = "`requestState` is not one that waits for this call: it was never given, or used, or is too old";
            return self.refuse_params(&id, reason);
        }
        match self.states.remove(state) {
            Some(State::Held { number, .. }) => self.resume(number, request, message, id, said),
            Some(State::Again { .. }) | None => self.new_call(message, id, said),
        }
    }

    fn resume(&mut self, number: u64, request: &Request<'_>, message: &Message, id: RequestId, said: Said) {
        self.set_level(said.level());
        let Some(call) = self.calls.get_mut(&number) else { return };
        call.waited_for_by(id.clone(), said);
        self.by_client.insert(id, number);
        if self.finish_if_done(number) {
            return;
        }
        let responses = request.params.and_then(|params| params.get("inputResponses"));
        let mut answers = Vec::new();
        let mut begins = false;
        if let Some(call) = self.calls.get_mut(&number) {
            call.questions.retain(|asked| {
                let answer = responses.and_then(|responses| responses.get(&asked.key));
                let Some(answer) = answer.filter(|answer| answer.is_object()) else { return true };
                answers.push(reply::result(&asked.id, answer.raw()));
                false
            });
            // What was not answered, and what the server asked meanwhile, is asked again ("Error Handling").
            let now = self.now;
            call.gather_until = (!call.questions.is_empty()).then_some(now);
            begins = call.questions.is_empty() && !call.sent;
        }
        for answer in answers {
            self.answer_server(&answer);
        }
        if begins {
            self.send(number, message);
        }
        self.ask_what_is_gathered();
    }

    /// The server does not want to know any more.
    pub(super) fn question_withdrawn(&mut self, notification: &Notification<'_>) {
        let id =
            notification.params.and_then(|params| params.get("requestId")).and_then(RequestId::from_value);
        let Some(id) = id else { return };
        for call in self.calls.values_mut() {
            call.questions.retain(|asked| asked.id != id);
        }
        self.early.retain(|(asked, _)| asked.id != id);
    }

    /// Calls whose clients never came back are cancelled.
    pub(super) fn expire_states(&mut self) {
        let expired: Vec<String> = self
            .states
            .iter()
            .filter(|(_, state)| state.until() <= self.now)
            .map(|(name, _)| name.clone())
            .collect();
        for name in expired {
            if let Some(State::Held { number, .. }) = self.states.remove(&name) {
                self.cancel_call(number, None);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn waits_for_nothing(&self) -> bool {
        self.early.is_empty()
            && self.calls.is_empty()
            && self.by_client.is_empty()
            && self.states.is_empty()
            && self.kept() == 0
    }
}
