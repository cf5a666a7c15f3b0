//! Requests that go through to the server, what it tells meanwhile, and its answers.

use std::time::Duration;

use interlock_json::Value;

use super::question::Round;
use super::{LegacyToModern, Level};
use crate::bridge::asks_by;
use crate::bridge::edit::{Rewrite, rewrite};
use crate::id::RequestId;
use crate::message::{Message, Notification, Outcome, Request};
use crate::refusal::INVALID_PARAMS;
use crate::splice::Edit;

/// What the bridge alone says of a request, and a client could only forge.
const MODERN_META: &[&str] = &[
    "io.modelcontextprotocol/protocolVersion",
    "io.modelcontextprotocol/clientInfo",
    "io.modelcontextprotocol/clientCapabilities",
    "io.modelcontextprotocol/logLevel",
];
/// Likewise; and who asks for a task of one who has none gets an ordinary answer (2025-11-25, "Tasks").
const NOT_LEGACY: &[&str] = &["inputResponses", "requestState", "task"];

/// A request of the client's that waits for an answer.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) client: RequestId,
    pub(super) method: String,
    /// `params.name` or `params.uri`, where the request may be answered by a question.
    name: Option<String>,
    /// The request's text, where it may have to be made again.
    request: Option<String>,
    /// What the client calls its progress.
    token: Option<String>,
    pub(super) rounds: usize,
    pub(super) stage: Stage,
}

/// Who has to do something.
#[derive(Debug)]
pub(super) enum Stage {
    /// The server.
    Working,
    /// The client, which was asked what the server wants to know.
    Asking(Round),
    /// Nobody: the server wanted to be asked again, and nothing else.
    Pausing { until: Duration, state: String },
}

impl Call {
    /// Bytes of what is kept of it.
    pub(super) fn kept(&self) -> usize {
        let stage = match &self.stage {
            Stage::Working => 0,
            Stage::Asking(round) => round.kept(),
            Stage::Pausing { state, .. } => state.len(),
        };
        self.request.as_ref().map_or(0, String::len) + stage
    }

    pub(super) fn until(&self) -> Option<Duration> {
        match &self.stage {
            Stage::Working => None,
            Stage::Asking(round) => Some(round.until),
            Stage::Pausing { until, .. } => Some(*until),
        }
    }
}

impl LegacyToModern {
    pub(super) fn call(&mut self, request: &Request<'_>, message: &Message, id: RequestId) {
        let named = asks_by(&request.method);
        let kept = named.map_or(0, |_| message.source().len());
        if self.calls.len() >= self.limits.in_flight || !self.has_room_for(kept) {
            return self.fail(&id, "too many requests wait for the server");
        }
        let member = |name: &str| request.params.and_then(|params| params.get(name)).and_then(Value::as_str);
        let call = Call {
            client: id.clone(),
            method: request.method.clone().into_owned(),
            name: named.and_then(member).map(std::borrow::Cow::into_owned),
            request: named.map(|_| message.source().to_owned()),
            token: message.progress_token().map(|token| token.raw().to_owned()),
            rounds: 0,
            stage: Stage::Working,
        };
        let number = self.number();
        let line = self.modern_request(message, number, named.is_some(), "");
        self.tell_server(line, Some(number), call.method.clone().into(), call.name.clone());
        self.calls.insert(number, call);
        self.by_client.insert(id, number);
    }

    fn modern_request(&self, message: &Message, number: u64, may_ask: bool, with: &str) -> String {
        let number = number.to_string();
        let meta = self.meta();
        Rewrite {
            id: Some(&number),
            token: Some(&number),
            params_without: if may_ask { NOT_LEGACY } else { &[] },
            params_with: with,
            meta_without: MODERN_META,
            meta_with: &meta,
        }
        .apply(message)
    }

    /// Makes a request again under a new number, with `with` in its params.
    pub(super) fn call_again(&mut self, number: u64, with: &str) {
        let text = self.calls.get(&number).and_then(|call| call.request.clone()).unwrap_or_default();
        let Ok(request) = Message::parse(text.into_bytes(), &self.limits.message) else {
            return self.fail_call(number, "the request is too large to be made again");
        };
        let Some(mut call) = self.calls.remove(&number) else { return };
        call.stage = Stage::Working;
        let number = self.number();
        let line = self.modern_request(&request, number, true, with);
        self.tell_server(line, Some(number), call.method.clone().into(), call.name.clone());
        self.by_client.insert(call.client.clone(), number);
        self.calls.insert(number, call);
    }

    /// Whether the server has something to answer under this number.
    pub(super) fn works_at(&self, number: u64) -> bool {
        self.calls.get(&number).is_some_and(|call| matches!(call.stage, Stage::Working))
    }

    pub(super) fn call_answered(&mut self, number: u64, outcome: &Outcome<'_>, message: &Message) {
        // Of one that it has answered already the client decides, or time.
        if !self.works_at(number) {
            return;
        }
        let result = match outcome {
            Outcome::Result(result) => *result,
            Outcome::Error(_) => return self.finish(number, outcome, message),
        };
        match result.get("resultType").map(|kind| kind.as_str().unwrap_or_default()) {
            None => self.finish(number, outcome, message),
            Some(kind) if kind == "complete" => self.finish(number, outcome, message),
            Some(kind) if kind == "input_required" => self.input_required(number, result),
            Some(kind) => {
                let kind: String = kind.chars().take(64).collect();
                let reason = format!(
                    "the server answered with a result of type `{kind}`, which no legacy version has"
                );
                self.fail_call(number, &reason);
            }
        }
    }

    fn finish(&mut self, number: u64, outcome: &Outcome<'_>, message: &Message) {
        let Some(call) = self.forget(number) else { return };
        let mut edits = match outcome {
            Outcome::Result(result) => in_result(*result, &call.method),
            Outcome::Error(_) => resource_not_found(outcome, &call).into_iter().collect(),
        };
        if let Some(id) = message.id() {
            edits.push(Edit::new(id.value().span(), call.client.raw()));
        }
        self.tell_client(message.with_edits(edits), Some(call.client));
    }

    /// Takes a call out, and takes back what the client was asked for it.
    pub(super) fn forget(&mut self, number: u64) -> Option<Call> {
        let call = self.calls.remove(&number)?;
        self.by_client.remove(&call.client);
        self.take_questions_back(number);
        Some(call)
    }

    pub(super) fn fail_call(&mut self, number: u64, reason: &str) {
        if let Some(call) = self.forget(number) {
            self.fail(&call.client, reason);
        }
    }

    pub(super) fn cancel_call(&mut self, number: u64, reason: Option<Value<'_>>) {
        if self.works_at(number) {
            self.cancel_at_server(number, reason);
        }
        self.forget(number);
    }

    pub(super) fn progress(&mut self, message: &Message) {
        let token = message.progress_token();
        let number = token.and_then(RequestId::from_value).and_then(|token| token.as_u64());
        let Some(number) = number.filter(|number| self.works_at(*number)) else { return };
        let Some(call) = self.calls.get(&number) else { return };
        if let (Some(token), Some(client)) = (token, &call.token) {
            let line = message.with_edits(vec![Edit::new(token.span(), client.clone())]);
            let on = Some(call.client.clone());
            self.tell_client(line, on);
        }
    }

    /// A legacy client gets what it set its level to, whatever request it belongs to.
    pub(super) fn log_message(
        &mut self,
        notification: &Notification<'_>,
        message: &Message,
        on: Option<u64>,
    ) {
        let level = notification.params.and_then(|params| params.get("level")).and_then(Value::as_str);
        let level = level.and_then(|name| Level::parse(&name));
        if level.is_some_and(|level| self.level.is_some_and(|least| least <= level)) {
            let on = on.and_then(|number| self.calls.get(&number)).map(|call| call.client.clone());
            self.tell_client(message.source().to_owned(), on);
        }
    }
}

/// The edits that make a modern result a legacy one.
fn in_result(result: Value<'_>, method: &str) -> Vec<Edit> {
    let odd =
        result.get("structuredContent").filter(|content| method == "tools/call" && !content.is_object());
    let without = not_legacy(method);
    let mut edits = match odd {
        // Only an object is one in a legacy version; the content says the same (2025-06-18, "Structured Content").
        Some(_) => rewrite(result, &[without, &["structuredContent"]].concat(), ""),
        None => rewrite(result, without, ""),
    };
    if method == "tools/list" {
        let tools = result.get("tools").into_iter().flat_map(Value::items);
        edits.extend(tools.filter(describes_no_object).flat_map(|tool| rewrite(tool, &["outputSchema"], "")));
    }
    edits
}

/// Whether a tool's results may be something else than an object, for which a legacy version has no schema: its
/// client would refuse the whole list.
fn describes_no_object(tool: &Value<'_>) -> bool {
    let schema = tool.get("outputSchema");
    schema.is_some_and(|schema| !schema.get("type").is_some_and(|kind| kind.is_str("object")))
}

/// The members of a modern result that a legacy one does not have. The last two are those of `CacheableResult`.
fn not_legacy(method: &str) -> &'static [&'static str] {
    match method {
        "tools/list" | "prompts/list" | "resources/list" | "resources/templates/list" | "resources/read" => {
            &["resultType", "ttlMs", "cacheScope"]
        }
        _ => &["resultType"],
    }
}

/// 2025-11-25, "Resources", "Error Handling", where it is certain: the error names the resource that was asked
/// for, as both versions do.
fn resource_not_found(outcome: &Outcome<'_>, call: &Call) -> Option<Edit> {
    let Outcome::Error(error) = outcome else { return None };
    let named = error.data.and_then(|data| data.get("uri")).and_then(Value::as_str);
    let is_it = call.method == "resources/read"
        && error.code == INVALID_PARAMS
        && named.is_some_and(|uri| Some(&*uri) == call.name.as_deref());
    is_it.then(|| error.value.get("code").map(|code| Edit::new(code.span(), "-32002"))).flatten()
}
