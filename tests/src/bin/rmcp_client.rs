//! Drives MCP servers with `rmcp` as a plan says; `tests/fixtures/python/client.py` describes the plans.
#![allow(deprecated, reason = "sampling and roots are deprecated in 2026-07-28 and current in the others")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use interlock_tests::plan::{Plan, Report, Run, Step};
use rmcp::ClientHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CancelTaskParams, CancelledNotificationParam,
    ClientCapabilities, ClientConfig, ClientRequest, CreateMessageRequestParams, CreateMessageResult,
    ElicitRequestParams, ElicitResult, ErrorData, GetTaskParams, Implementation, ListRootsResult,
    LoggingMessageNotificationParam, ProgressNotificationParam, ProtocolVersion,
    ResourceUpdatedNotificationParam, ServerResult, SubscriptionFilter,
};
use rmcp::service::{
    ClientLifecycleMode, ClientServiceExt, NotificationContext, PeerRequestOptions, RequestContext,
    RoleClient, RunningService, ServiceError,
};
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Notify;

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<()> {
    let plan: Plan = serde_json::from_reader(std::io::stdin()).context("read the plan")?;
    for run in &plan.runs {
        println!("{}", serde_json::to_string(&perform(run).await?)?);
    }
    Ok(())
}

async fn perform(run: &Run) -> Result<Report> {
    let agent = Agent::new(run)?;
    let events = agent.events.clone();
    let service = connect(agent, run).await?;
    let mut results = Vec::new();
    for step in &run.steps {
        let done = tokio::time::timeout(PATIENCE, take(&service, &events, step));
        results.push(match done.await.with_context(|| format!("waited {PATIENCE:?} for {step:?}"))? {
            Ok(value) => json!({ "ok": value }),
            Err(Failure::Answer(error)) => {
                json!({ "error": { "code": error.code, "message": error.message } })
            }
            Err(Failure::Other(error)) => return Err(error),
        });
    }
    let version = service.peer_info().context("no handshake")?.protocol_version.to_string();
    service.cancel().await?;
    Ok(Report { version, results, events: events.seen() })
}

async fn connect(agent: Agent, run: &Run) -> Result<Service> {
    if let Some(url) = &run.url {
        let transport = StreamableHttpClientTransport::from_uri(url.as_str());
        return Ok(agent.serve_with_lifecycle(transport, lifecycle(run)?).await?);
    }
    let (program, arguments) = run.command.split_first().context("an empty command")?;
    let mut command = tokio::process::Command::new(program);
    command.args(arguments);
    Ok(agent.serve_with_lifecycle(TokioChildProcess::new(command)?, lifecycle(run)?).await?)
}

fn version(text: &str) -> Result<ProtocolVersion> {
    Ok(serde_json::from_value(json!(text))?)
}

fn lifecycle(run: &Run) -> Result<ClientLifecycleMode> {
    Ok(match run.version.as_str() {
        "auto" => ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            legacy_version: Some(ProtocolVersion::V_2025_11_25),
        },
        "2026-07-28" => ClientLifecycleMode::Discover { preferred_versions: vec![version(&run.version)?] },
        _ => ClientLifecycleMode::Initialize,
    })
}

/// Why a step has no result.
enum Failure {
    Answer(ErrorData),
    Other(anyhow::Error),
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::McpError(data) => Self::Answer(data),
            other => Self::Other(other.into()),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Other(error.into())
    }
}

type Service = RunningService<RoleClient, Agent>;

async fn take(service: &Service, events: &Events, step: &Step) -> Result<Value, Failure> {
    match step {
        Step::List { what } => list(service, what).await,
        Step::Call { name, arguments, .. } => {
            let mut params = CallToolRequestParams::new(name.clone());
            params.arguments = arguments.as_object().cloned();
            Ok(serde_json::to_value(service.call_tool(params).await?)?)
        }
        Step::Many { name, arguments, count } => {
            let mut calls = Vec::new();
            for number in 0..*count {
                let mut arguments = arguments.clone();
                arguments["message"] = json!(format!("message {number}"));
                let call = request("tools/call", json!({ "name": name, "arguments": arguments }))?;
                calls.push(service.send_cancellable_request(call, PeerRequestOptions::no_options()).await?);
            }
            let mut results = Vec::new();
            for call in calls {
                results.push(serde_json::to_value(call.await_response().await?)?);
            }
            Ok(Value::Array(results))
        }
        Step::CancelCall { name, arguments } => {
            let request = request("tools/call", json!({ "name": name, "arguments": arguments }))?;
            let call = service.send_cancellable_request(request, PeerRequestOptions::no_options()).await?;
            // Progress of the call before may still be on its way to whoever listens.
            let token = json!(call.progress_token);
            events.wait(|seen| seen.iter().any(|event| event["token"] == token)).await;
            call.cancel(Some("changed my mind".to_owned())).await?;
            Ok(json!("cancelled"))
        }
        Step::Insist { name, arguments } => loop {
            let call = Step::Call { name: name.clone(), arguments: arguments.clone(), progress: false };
            let result = Box::pin(take(service, events, &call)).await?;
            if result["_meta"]["interlock/decision"]["verdict"] != "await_approval" {
                break Ok(result);
            }
            events.happened("told_to_wait", json!({}));
        },
        Step::Task { name } => task(service, name).await,
        Step::FollowTask { name, arguments } => follow_task(service, name, arguments).await,
        Step::Read { uri } => ask(service, "resources/read", json!({ "uri": uri })).await,
        Step::Prompt { name, arguments } => {
            let mut params = json!({ "name": name });
            if arguments.is_object() {
                params["arguments"] = arguments.clone();
            }
            ask(service, "prompts/get", params).await
        }
        Step::Complete { prompt, argument } => {
            let reference = json!({ "type": "ref/prompt", "name": prompt });
            ask(service, "completion/complete", json!({ "ref": reference, "argument": argument })).await
        }
        Step::Ping => ask(service, "ping", json!({})).await,
        Step::LogLevel { level } => ask(service, "logging/setLevel", json!({ "level": level })).await,
        Step::Subscribe { uri } => ask(service, "resources/subscribe", json!({ "uri": uri })).await,
        Step::Unsubscribe { uri } => ask(service, "resources/unsubscribe", json!({ "uri": uri })).await,
        Step::Listen { uri } => {
            let filter = SubscriptionFilter::builder().resource_subscriptions([uri.clone()]).build();
            let mut subscription = service.listen(filter).await?;
            let events = events.clone();
            tokio::spawn(async move {
                while let Ok(Some(update)) = subscription.next().await {
                    let update = json!(update);
                    events.happened("resource_updated", json!({ "uri": update["params"]["uri"] }));
                }
            });
            Ok(json!("listening"))
        }
        Step::Wait { event, count } => {
            events.until(event, *count).await;
            Ok(json!(event))
        }
    }
}

async fn task(service: &Service, name: &str) -> Result<Value, Failure> {
    let made = match service.call_tool_once(CallToolRequestParams::new(name.to_owned())).await? {
        CallToolResponse::Task(made) => made,
        other => return Err(anyhow::anyhow!("it is no task: {other:?}").into()),
    };
    let id = made.task.task_id.clone();
    let stands = service.get_task(GetTaskParams::new(id.clone())).await?;
    service.cancel_task(CancelTaskParams::new(id.clone())).await?;
    Ok(json!({ "task": id, "stands": stands }))
}

async fn follow_task(service: &Service, name: &str, arguments: &Value) -> Result<Value, Failure> {
    let mut params = CallToolRequestParams::new(name.to_owned());
    params.arguments = arguments.as_object().cloned();
    let made = match service.call_tool_once(params).await? {
        CallToolResponse::Task(made) => made,
        other => return Err(anyhow::anyhow!("it is no task: {other:?}").into()),
    };
    loop {
        let stands = json!(service.get_task(GetTaskParams::new(made.task.task_id.clone())).await?);
        if stands["status"] != "working" {
            return Ok(stands);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn list(service: &Service, what: &str) -> Result<Value, Failure> {
    let (method, field) = match what {
        "tools" => ("tools/list", "tools"),
        "resources" => ("resources/list", "resources"),
        "templates" => ("resources/templates/list", "resourceTemplates"),
        "prompts" => ("prompts/list", "prompts"),
        other => return Err(anyhow::anyhow!("no list of {other}").into()),
    };
    let mut entries = Vec::new();
    let mut params = json!({});
    loop {
        let page = ask(service, method, params).await?;
        entries.extend(page[field].as_array().cloned().unwrap_or_default());
        let Some(cursor) = page["nextCursor"].as_str() else { return Ok(json!(entries)) };
        params = json!({ "cursor": cursor });
    }
}

async fn ask(service: &Service, method: &str, params: Value) -> Result<Value, Failure> {
    let result: ServerResult = service.send_request(request(method, params)?).await?;
    Ok(serde_json::to_value(result)?)
}

/// A request in the SDK's own types, from what it is on the wire.
fn request(method: &str, params: Value) -> Result<ClientRequest, Failure> {
    Ok(serde_json::from_value(json!({ "method": method, "params": params }))?)
}

/// What happened, and who waits for it.
#[derive(Clone, Default)]
struct Events {
    seen: Arc<Mutex<Vec<Value>>>,
    more: Arc<Notify>,
}

impl Events {
    fn happened(&self, kind: &str, mut details: Value) {
        details["event"] = json!(kind);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(details);
        self.more.notify_waiters();
    }

    fn seen(&self) -> Vec<Value> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn until(&self, kind: &str, count: usize) {
        self.wait(|seen| seen.iter().filter(|event| event["event"] == kind).count() >= count).await;
    }

    async fn wait(&self, holds: impl Fn(&[Value]) -> bool) {
        loop {
            let more = self.more.notified();
            tokio::pin!(more);
            more.as_mut().enable();
            if holds(&self.seen()) {
                return;
            }
            more.await;
        }
    }
}

/// The client's side of the conversation.
struct Agent {
    events: Events,
    config: ClientConfig,
    handlers: bool,
}

impl Agent {
    fn new(run: &Run) -> Result<Self> {
        let mut declared = match run.handlers {
            true => json!({ "sampling": {}, "elicitation": {}, "roots": { "listChanged": true } }),
            false => json!({}),
        };
        if run.steps.iter().any(|step| matches!(step, Step::Task { .. } | Step::FollowTask { .. })) {
            declared["extensions"] = json!({ "io.modelcontextprotocol/tasks": {} });
        }
        let capabilities: ClientCapabilities = serde_json::from_value(declared)?;
        let mut config = ClientConfig::new(capabilities, Implementation::new("rmcp-client", "1"));
        if run.version != "auto" {
            config = config.with_protocol_version(version(&run.version)?);
        }
        Ok(Self { events: Events::default(), config, handlers: run.handlers })
    }

    fn answer<T: DeserializeOwned>(&self, value: Value) -> Result<T, ErrorData> {
        let answer = || -> Result<T> {
            if !self.handlers {
                bail!("this client declared no capabilities");
            }
            Ok(serde_json::from_value(value)?)
        };
        answer().map_err(|error| ErrorData::internal_error(error.to_string(), None))
    }
}

impl ClientHandler for Agent {
    fn get_info(&self) -> ClientConfig {
        self.config.clone()
    }

    async fn create_message(
        &self,
        params: CreateMessageRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        let params = json!(params);
        let content = &params["messages"][0]["content"];
        let first = if content.is_array() { &content[0] } else { content };
        self.events.happened("sampling", json!({ "text": first["text"] }));
        let content = json!({ "type": "text", "text": "a sampled answer" });
        self.answer(json!({ "role": "assistant", "content": content, "model": "none" }))
    }

    async fn list_roots(&self, _: RequestContext<RoleClient>) -> Result<ListRootsResult, ErrorData> {
        self.events.happened("roots", json!({}));
        self.answer(json!({ "roots": [{ "uri": "file:///srv/images", "name": "images" }] }))
    }

    async fn create_elicitation(
        &self,
        params: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let params = json!(params);
        self.events.happened("elicitation", json!({ "message": params["message"] }));
        if params["requestedSchema"]["properties"]["decision"].is_object() {
            // Whoever sits here lets money go to one firm alone.
            let may = params["message"].as_str().is_some_and(|message| message.contains("\"to\": \"acme\""));
            let decision = if may { "approve" } else { "deny" };
            let content = json!({ "decision": decision, "reason": "as agreed" });
            return self.answer(json!({ "action": "accept", "content": content }));
        }
        self.answer(json!({ "action": "accept", "content": { "name": "Ada", "check": true, "integer": 7 } }))
    }

    async fn on_progress(&self, params: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.events.happened(
            "progress",
            json!({ "token": params.progress_token, "done": params.progress, "total": params.total }),
        );
    }

    async fn on_logging_message(
        &self,
        params: LoggingMessageNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.events.happened("log", json!({ "level": params.level }));
    }

    async fn on_resource_updated(
        &self,
        params: ResourceUpdatedNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.events.happened("resource_updated", json!({ "uri": params.uri }));
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.events.happened("notifications/tools/list_changed", json!({}));
    }

    async fn on_cancelled(&self, _: CancelledNotificationParam, _: NotificationContext<RoleClient>) {
        self.events.happened("notifications/cancelled", json!({}));
    }
}
