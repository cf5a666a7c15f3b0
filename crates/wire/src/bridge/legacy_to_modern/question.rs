//! What the server wants to know before it answers, as requests to the client (2026-07-28, "Multi Round-Trip
//! Requests").

use std::time::Duration;

use interlock_json::{Value, canonical};

use super::call::Stage;
use super::{LegacyToModern, reply};
use crate::bridge::edit;
use crate::id::Id;
use crate::message::{Outcome, Response};
use crate::version::Version;

/// One thing that the client was asked.
#[derive(Debug)]
pub(super) struct Asked {
    /// The call that it was asked for.
    call: u64,
    /// What the server calls it, as JSON.
    key: String,
    method: &'static str,
}

/// What the client was asked at once, for one call.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) until: Duration,
    /// Questions without an answer.
    open: usize,
    /// Members of `inputResponses`.
    responses: String,
    /// The server's state, as JSON.
    state: Option<String>,
}

/// A request that the client can be sent, before it has a number.
struct Question<'m> {
    key: String,
    method: &'static str,
    params: Option<Value<'m>>,
}

/// Bytes of what a server calls its question, as JSON: it is an identifier.
const MOST_KEY: usize = 1_024;

impl Round {
    pub(super) fn kept(&self) -> usize {
        self.responses.len() + self.state.as_ref().map_or(0, String::len)
    }
}

impl LegacyToModern {
    /// The server wants to know something.
    pub(super) fn input_required(&mut self, number: u64, result: Value<'_>) {
        match self.questions_of(number, result) {
            Ok(questions) => self.ask(number, &questions, state_of(result)),
            Err(reason) => self.fail_call(number, &reason),
        }
    }

    fn questions_of<'m>(&mut self, number: u64, result: Value<'m>) -> Result<Vec<Question<'m>>, String> {
        let version = self.negotiated().unwrap_or(Version::LATEST_LEGACY);
        let held = self.calls.values().filter(|call| !matches!(call.stage, Stage::Working)).count();
        let call = self.calls.get_mut(&number).ok_or("the request has ended")?;
        call.rounds += 1;
        if super::super::asks_by(&call.method).is_none() {
            return Err("only a call, a resource or a prompt is answered by asking for input".to_owned());
        }
        if call.rounds > self.limits.rounds {
            return Err("the server asked too often during one call".to_owned());
        }
        if held >= self.limits.held {
            return Err("too many calls wait for their clients".to_owned());
        }
        let requests = result.get("inputRequests");
        if requests.is_some_and(|requests| !requests.is_object() || requests.len() > self.limits.questions) {
            return Err("the server asked too much at once, or nothing that can be asked".to_owned());
        }
        let state = result.get("requestState");
        if requests.is_none_or(Value::is_empty) && state.is_none() {
            return Err("the server asked for input and did not say for what".to_owned());
        }
        if state.is_some_and(|state| state.as_str().is_none()) {
            return Err("the server's `requestState` is not a string".to_owned());
        }
        if !self.has_room_for(state.map_or(0, |state| state.raw().len())) {
            return Err("too much is kept of calls that wait for their clients".to_owned());
        }
        let members = requests.into_iter().flat_map(Value::members);
        members.map(|(key, request)| question(key.raw().to_owned(), request, version)).collect()
    }

    fn ask(&mut self, number: u64, questions: &[Question<'_>], state: Option<String>) {
        let now = self.now;
        let until = now.saturating_add(self.limits.hold);
        let again = now.saturating_add(self.limits.call_again);
        let Some(call) = self.calls.get_mut(&number) else { return };
        call.stage = match state {
            Some(state) if questions.is_empty() => Stage::Pausing { until: again, state },
            state => Stage::Asking(Round { until, open: questions.len(), responses: String::new(), state }),
        };
        let client = call.client.clone();
        let version = self.negotiated().unwrap_or(Version::LATEST_LEGACY);
        for question in questions {
            let id = self.number();
            let params = question.params.map(|params| legacy_params(params, id, version));
            let asked = Asked { call: number, key: question.key.clone(), method: question.method };
            self.questions.insert(id, asked);
            // A request that belongs to another travels on its stream (2025-11-25, "Streamable HTTP").
            self.tell_client(reply::request(id, question.method, params.as_deref()), Some(client.clone()));
        }
    }

    /// The client answered something.
    pub(super) fn question_answered(&mut self, response: &Response<'_>) {
        let id = response.id.and_then(Id::as_u64);
        let Some(asked) = id.and_then(|id| self.questions.remove(&id)) else { return };
        let result = match &response.outcome {
            Outcome::Result(result) => *result,
            Outcome::Error(error) => {
                let said: String = error.message.chars().take(256).collect();
                let reason = format!(
                    "the server asked for `{}`, which the client refused with error {}: {said}",
                    asked.method, error.code
                );
                return self.fail_call(asked.call, &reason);
            }
        };
        if !self.has_room_for(asked.key.len() + result.raw().len()) {
            return self.fail_call(asked.call, "too much is kept of calls that wait for their clients");
        }
        let Some(call) = self.calls.get_mut(&asked.call) else { return };
        let Stage::Asking(round) = &mut call.stage else { return };
        if !round.responses.is_empty() {
            round.responses.push(',');
        }
        round.responses.push_str(&format!("{}:{}", asked.key, result.raw()));
        round.open = round.open.saturating_sub(1);
        if round.open == 0 {
            let mut with = format!("\"inputResponses\":{{{}}}", round.responses);
            if let Some(state) = &round.state {
                with.push_str(",\"requestState\":");
                with.push_str(state);
            }
            self.call_again(asked.call, &with);
        }
    }

    /// Nobody wants to know any more what the client was asked for this call.
    pub(super) fn take_questions_back(&mut self, call: u64) {
        let open: Vec<u64> =
            self.questions.iter().filter(|(_, asked)| asked.call == call).map(|(id, _)| *id).collect();
        for id in open {
            self.questions.remove(&id);
            let params = format!(r#"{{"requestId":{id}}}"#);
            self.tell_client(reply::notification("notifications/cancelled", Some(&params)), None);
        }
    }

    /// Makes calls again that have paused, and ends those whose client does not answer.
    pub(super) fn go_on_with_calls(&mut self) {
        let due: Vec<u64> = self
            .calls
            .iter()
            .filter(|(_, call)| call.until().is_some_and(|until| until <= self.now))
            .map(|(number, _)| *number)
            .collect();
        for number in due {
            let state = match self.calls.get(&number).map(|call| &call.stage) {
                Some(Stage::Pausing { state, .. }) => Some(format!("\"requestState\":{state}")),
                _ => None,
            };
            match state {
                Some(state) => self.call_again(number, &state),
                None => self.fail_call(number, "the client did not answer in time what the server asked"),
            }
        }
    }
}

/// As it stands: what it means is the server's own business.
fn state_of(result: Value<'_>) -> Option<String> {
    result.get("requestState").map(|state| state.raw().to_owned())
}

fn question(key: String, request: Value<'_>, version: Version) -> Result<Question<'_>, String> {
    const QUESTIONS: [(&str, Version); 3] = [
        ("elicitation/create", Version::V2025_06_18),
        ("sampling/createMessage", Version::V2024_11_05),
        ("roots/list", Version::V2024_11_05),
    ];
    if key.len() > MOST_KEY {
        return Err("the server asked something under too long a name".to_owned());
    }
    let named = request.get("method");
    let known = QUESTIONS.into_iter().find(|(method, _)| named.is_some_and(|named| named.is_str(method)));
    let (method, since) = known.ok_or("the server asked something that no client can be asked")?;
    let params = request.get("params");
    if params.is_some_and(|params| !params.is_object()) {
        return Err(format!("the server asked for `{method}` with `params` that are not an object"));
    }
    let by_url = params.and_then(|params| params.get("mode")).is_some_and(|mode| mode.is_str("url"));
    let since = if by_url { Version::V2025_11_25 } else { since };
    if version < since {
        return Err(format!("the server asked for `{method}` as it does not exist in {version}"));
    }
    Ok(Question { key, method, params })
}

/// What the client's version has: before 2025-11-25 there was one way to ask, without a name; in 2025-11-25 who is
/// sent to a URL is told under which id.
fn legacy_params(params: Value<'_>, id: u64, version: Version) -> String {
    let mode = params.get("mode");
    match mode {
        Some(mode) if mode.is_str("url") && params.get("elicitationId").is_none() => {
            let mut own = String::from("\"elicitationId\":");
            canonical::write_str(&format!("interlock-{id}"), &mut own);
            edit::object(params, &[], &own)
        }
        Some(_) if version < Version::V2025_11_25 => edit::object(params, &["mode"], ""),
        _ => params.raw().to_owned(),
    }
}
