//! Calls of tools, and prompts.

use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ErrorData, GetPromptRequestParams, GetPromptResponse,
    JsonObject, LoggingLevel, LoggingMessageNotificationParam, ProgressNotificationParam,
};
use rmcp::service::RequestContext;
use serde_json::{Value, json};

use crate::asking::{Asking, Halt, elicitation, elicitation_of, roots, sampling};
use crate::catalogue::{self, PNG, WAV};
use crate::listening::Changed;
use crate::server::{Server, complete};

/// Between the steps of what works for a while.
const STEP: Duration = Duration::from_millis(50);

/// A call of a tool.
pub(crate) struct Call<'s> {
    server: &'s Server,
    name: String,
    arguments: JsonObject,
    asking: Asking<'s>,
}

impl<'s> Call<'s> {
    pub(crate) fn new(
        server: &'s Server,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Self {
        let about = format!("tool {}", request.name);
        Self {
            server,
            name: request.name.into_owned(),
            arguments: request.arguments.unwrap_or_default(),
            asking: Asking::new(server, context, about, request.input_responses, request.request_state),
        }
    }

    pub(crate) async fn answer(&self) -> Result<CallToolResponse, ErrorData> {
        match self.result().await {
            Ok(result) => complete(result).map(CallToolResponse::Complete),
            Err(Halt::Ask(required)) => Ok(required.into()),
            Err(Halt::Error(error)) => Err(error),
        }
    }

    async fn result(&self) -> Result<Value, Halt> {
        Ok(match self.name.as_str() {
            "test_simple_text" => text("This is a simple text response for testing."),
            "test_image_content" => content(json!([image()])),
            "test_audio_content" => {
                content(json!([{ "type": "audio", "data": WAV, "mimeType": "audio/wav" }]))
            }
            "test_embedded_resource" => content(json!([resource(
                "test://embedded-resource",
                "text/plain",
                "This is an embedded resource content."
            )])),
            "test_multiple_content_types" => content(json!([
                { "type": "text", "text": "Multiple content types test:" },
                image(),
                resource("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#),
            ])),
            "test_error_handling" => {
                let mut result = text("This tool intentionally returns an error for testing");
                result["isError"] = json!(true);
                result
            }
            "test_tool_with_logging" | "test_logging_tool" => self.with_logging().await?,
            "test_tool_with_progress" => self.with_progress().await?,
            "test_trigger_tool_change" => self.changed(Changed::Tools).await,
            "test_trigger_prompt_change" => self.changed(Changed::Prompts).await,
            "test_param_header" | "json_schema_2020_12_tool" => text("Taken."),
            _ => return self.asked().await,
        })
    }

    /// The tools that ask their client.
    async fn asked(&self) -> Result<Value, Halt> {
        let named = |message: &str| elicitation_of(message, "name", "string");
        let confirm = || elicitation_of("Please confirm", "ok", "boolean");
        let questions: Vec<(&str, Value)> = match self.name.as_str() {
            "test_sampling" => vec![("model", sampling(self.argument("prompt"), 100))],
            "test_missing_capability" => vec![("model", sampling("Anything", 100))],
            "test_elicitation" => vec![("user", elicitation(self.argument("message"), user()))],
            "test_elicitation_sep1034_defaults" => {
                vec![("user", elicitation("Please look at the defaults", catalogue::defaults()))]
            }
            "test_elicitation_sep1330_enums" => {
                vec![("user", elicitation("Please choose", catalogue::choices()))]
            }
            "test_streaming_elicitation" | "test_input_required_result_elicitation" => {
                vec![("user_name", named("What is your name?"))]
            }
            "test_input_required_result_sampling" => {
                vec![("capital_question", sampling("What is the capital of France?", 100))]
            }
            "test_input_required_result_list_roots" => vec![("client_roots", roots())],
            "test_input_required_result_request_state" | "test_input_required_result_tampered_state" => {
                vec![("confirm", confirm())]
            }
            "test_input_required_result_multiple_inputs" => vec![
                ("user_name", named("What is your name?")),
                ("greeting", sampling("Generate a greeting", 50)),
                ("client_roots", roots()),
            ],
            "test_input_required_result_capabilities" => {
                let mut all = vec![
                    ("user_name", named("What is your name?")),
                    ("greeting", sampling("Generate a greeting", 50)),
                ];
                all.retain(|(_, question)| {
                    question["method"].as_str().is_some_and(|m| self.asking.may_ask(m))
                });
                all
            }
            "test_input_required_result_multi_round" => {
                self.asking.ask(&[("step1", named("Step 1: What is your name?"))]).await?;
                vec![("step2", elicitation_of("Step 2: What is your favorite color?", "color", "string"))]
            }
            unknown => {
                return Err(ErrorData::invalid_params(format!("there is no tool `{unknown}`"), None).into());
            }
        };
        let answers = self.asking.ask(&questions).await?;
        let said: Vec<String> = questions
            .iter()
            .filter_map(|(key, _)| answers.get(*key).map(|answer| format!("{key}: {answer}")))
            .collect();
        Ok(text(&format!("state-ok; the client answered {}", said.join(", "))))
    }

    fn argument(&self, name: &str) -> &str {
        self.arguments.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    async fn changed(&self, changed: Changed) -> Value {
        self.server.shared.listeners.tell(changed).await;
        text("Told whoever listens.")
    }

    /// Logs in three steps where the client wants to hear it.
    async fn with_logging(&self) -> Result<Value, Halt> {
        let context = self.asking.context();
        let least =
            if self.asking.is_modern() { context.meta.log_level() } else { Some(self.server.level()) };
        let is_told = least.is_some_and(|least| severity(least) <= severity(LoggingLevel::Info));
        for (index, said) in ["Tool execution started", "Tool processing data", "Tool execution completed"]
            .into_iter()
            .enumerate()
        {
            if index > 0 {
                tokio::time::sleep(STEP).await;
            }
            if is_told {
                let message = LoggingMessageNotificationParam::new(LoggingLevel::Info, json!(said));
                context.peer.notify_logging_message(message).await.map_err(gone)?;
            }
        }
        Ok(text("Worked, and logged."))
    }

    /// Tells of progress in three steps where the client wants to hear it.
    async fn with_progress(&self) -> Result<Value, Halt> {
        let context = self.asking.context();
        let token = context.meta.get_progress_token();
        for done in [0.0, 50.0, 100.0] {
            if let Some(token) = &token {
                let progress = ProgressNotificationParam::new(token.clone(), done).with_total(100.0);
                context.peer.notify_progress(progress).await.map_err(gone)?;
            }
            tokio::time::sleep(STEP).await;
        }
        Ok(text("Worked, and told of it."))
    }
}

fn gone(error: rmcp::ServiceError) -> Halt {
    ErrorData::internal_error(format!("the client cannot be told: {error}"), None).into()
}

fn severity(level: LoggingLevel) -> u8 {
    match level {
        LoggingLevel::Debug => 0,
        LoggingLevel::Info => 1,
        LoggingLevel::Notice => 2,
        LoggingLevel::Warning => 3,
        LoggingLevel::Error => 4,
        LoggingLevel::Critical => 5,
        LoggingLevel::Alert => 6,
        LoggingLevel::Emergency => 7,
    }
}

fn user() -> Value {
    json!({ "type": "object", "properties": {
        "username": { "type": "string", "description": "User's response" },
        "email": { "type": "string", "description": "User's email address" } },
        "required": ["username", "email"] })
}

fn content(items: Value) -> Value {
    json!({ "content": items })
}

fn text(said: &str) -> Value {
    content(json!([{ "type": "text", "text": said }]))
}

fn image() -> Value {
    json!({ "type": "image", "data": PNG, "mimeType": "image/png" })
}

fn resource(uri: &str, kind: &str, text: &str) -> Value {
    json!({ "type": "resource", "resource": { "uri": uri, "mimeType": kind, "text": text } })
}

/// A prompt's messages.
pub(crate) async fn prompt(
    server: &Server,
    request: GetPromptRequestParams,
    context: RequestContext<RoleServer>,
) -> Result<GetPromptResponse, ErrorData> {
    let arguments = request.arguments.unwrap_or_default();
    let argument = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let said = |text: &str| json!({ "type": "text", "text": text });
    let contents = match request.name.as_str() {
        "test_simple_prompt" => vec![said("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => vec![said(&format!(
            "Prompt with arguments: arg1='{}', arg2='{}'",
            argument("arg1"),
            argument("arg2")
        ))],
        "test_prompt_with_embedded_resource" => vec![
            resource(&argument("resourceUri"), "text/plain", "Embedded resource content for testing."),
            said("Please process the embedded resource above."),
        ],
        "test_prompt_with_image" => vec![image(), said("Please analyze the image above.")],
        "test_input_required_result_prompt" => {
            let about = format!("prompt {}", request.name);
            let asking = Asking::new(server, context, about, request.input_responses, request.request_state);
            let question = elicitation_of("What context should the prompt use?", "context", "string");
            match asking.ask(&[("user_context", question)]).await {
                Ok(answers) => vec![said(&format!("Context: {}", json!(answers)))],
                Err(Halt::Ask(required)) => return Ok(required.into()),
                Err(Halt::Error(error)) => return Err(error),
            }
        }
        unknown => return Err(ErrorData::invalid_params(format!("there is no prompt `{unknown}`"), None)),
    };
    let messages: Vec<Value> =
        contents.into_iter().map(|content| json!({ "role": "user", "content": content })).collect();
    complete(json!({ "messages": messages })).map(GetPromptResponse::Complete)
}
