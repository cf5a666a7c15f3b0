//! Asking the client, in the way of its era.

use std::collections::BTreeMap;

use rmcp::RoleServer;
use rmcp::model::{
    ClientCapabilities, ErrorData, InputRequest, InputRequiredResult, InputResponses, ProtocolVersion,
    ServerRequest,
};
use rmcp::service::RequestContext;
use serde_json::{Value, json};

use crate::server::{Server, typed};

/// Answers by the keys of their questions.
pub(crate) type Answers = BTreeMap<String, Value>;

/// Why there are no answers (yet).
pub(crate) enum Halt {
    /// The client must be asked first, and will call again.
    Ask(InputRequiredResult),
    Error(ErrorData),
}

impl From<ErrorData> for Halt {
    fn from(error: ErrorData) -> Self {
        Self::Error(error)
    }
}

/// A request during which its client is asked.
pub(crate) struct Asking<'s> {
    server: &'s Server,
    context: RequestContext<RoleServer>,
    /// What this request is: a state belongs to one tool or prompt.
    about: String,
    given: Option<InputResponses>,
    state: Option<String>,
}

impl<'s> Asking<'s> {
    pub(crate) fn new(
        server: &'s Server,
        context: RequestContext<RoleServer>,
        about: String,
        given: Option<InputResponses>,
        state: Option<String>,
    ) -> Self {
        Self { server, context, about, given, state }
    }

    pub(crate) fn context(&self) -> &RequestContext<RoleServer> {
        &self.context
    }

    /// Whether the client has no requests of a server's in its version.
    pub(crate) fn is_modern(&self) -> bool {
        self.context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
    }

    /// Whether the client declared that it answers this method.
    pub(crate) fn may_ask(&self, method: &str) -> bool {
        let declared = self.context.client_capabilities().unwrap_or_default();
        match method {
            "sampling/createMessage" => declared.sampling.is_some(),
            "roots/list" => declared.roots.is_some(),
            _ => declared.elicitation.is_some(),
        }
    }

    /// The answers to these questions, each with its key.
    pub(crate) async fn ask(&self, questions: &[(&str, Value)]) -> Result<Answers, Halt> {
        for (_, question) in questions {
            let method = question["method"].as_str().unwrap_or_default();
            if !self.may_ask(method) {
                return Err(needed(method).into());
            }
        }
        if self.is_modern() { self.required(questions) } else { Ok(self.requested(questions).await?) }
    }

    async fn requested(&self, questions: &[(&str, Value)]) -> Result<Answers, ErrorData> {
        let mut answers = Answers::new();
        for (key, question) in questions {
            let request: ServerRequest = typed(question.clone())?;
            let answer = self.context.peer.send_request(request).await.map_err(|error| {
                ErrorData::internal_error(format!("the client does not answer: {error}"), None)
            })?;
            let answer = serde_json::to_value(answer)
                .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
            answers.insert((*key).to_owned(), answer);
        }
        Ok(answers)
    }

    /// What has been answered in this round or, by the state, in one before; where something is missing, the
    /// client is asked for that.
    fn required(&self, questions: &[(&str, Value)]) -> Result<Answers, Halt> {
        let mut known: Answers = match &self.state {
            None => Answers::new(),
            Some(state) => self
                .server
                .shared
                .seal
                .open_json_with(state, self.about.as_bytes())
                .map_err(|error| ErrorData::invalid_params(format!("`requestState`: {error}"), None))?,
        };
        for (key, answer) in self.given.iter().flatten() {
            known.insert(key.clone(), answer.clone());
        }
        let mut missing = BTreeMap::new();
        for (key, question) in questions {
            match known.get(*key) {
                Some(answer) => check(key, question, answer)?,
                None => {
                    let question: InputRequest = typed(question.clone())?;
                    missing.insert((*key).to_owned(), question);
                }
            }
        }
        if missing.is_empty() {
            return Ok(known);
        }
        let options = rmcp::model::SealOptions::new().associated_data(self.about.as_bytes());
        let state = self.server.shared.seal.seal_json_with(&known, &options);
        let state = state.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        Err(Halt::Ask(InputRequiredResult::new(Some(missing), Some(state))))
    }
}

/// Refuses an answer that is none to its question.
fn check(key: &str, question: &Value, answer: &Value) -> Result<(), ErrorData> {
    let member = match question["method"].as_str() {
        Some("sampling/createMessage") => "content",
        Some("roots/list") => "roots",
        _ => "action",
    };
    if answer.get(member).is_some() {
        return Ok(());
    }
    Err(ErrorData::invalid_params(format!("the answer `{key}` has no `{member}`"), None))
}

/// The error for a client that cannot be asked.
fn needed(method: &str) -> ErrorData {
    let capability = match method {
        "sampling/createMessage" => "sampling",
        "roots/list" => "roots",
        _ => "elicitation",
    };
    match serde_json::from_value::<ClientCapabilities>(json!({ capability: {} })) {
        Ok(required) => ErrorData::missing_required_client_capability(required),
        Err(error) => ErrorData::internal_error(error.to_string(), None),
    }
}

/// A question for what this schema says.
pub(crate) fn elicitation(message: &str, schema: Value) -> Value {
    json!({ "method": "elicitation/create", "params": {
        "mode": "form", "message": message, "requestedSchema": schema } })
}

/// A question for one member.
pub(crate) fn elicitation_of(message: &str, member: &str, kind: &str) -> Value {
    elicitation(
        message,
        json!({ "type": "object", "properties": { member: { "type": kind } }, "required": [member] }),
    )
}

/// A question for a model.
pub(crate) fn sampling(prompt: &str, tokens: u32) -> Value {
    json!({ "method": "sampling/createMessage", "params": {
        "messages": [{ "role": "user", "content": { "type": "text", "text": prompt } }], "maxTokens": tokens } })
}

/// A question for the client's roots.
pub(crate) fn roots() -> Value {
    json!({ "method": "roots/list", "params": {} })
}
