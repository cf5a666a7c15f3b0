//! What the server says of itself, and which part of it answers what.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, ErrorData,
    GetPromptRequestParams, GetPromptResponse, Implementation, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, LoggingLevel, PaginatedRequestParams,
    ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse, RequestStateCodec, ServerConfig,
    SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{RoleServer, ServerHandler};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::calling::{self, Call};
use crate::catalogue;
use crate::listening::Listeners;

/// The versions that a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Era {
    Legacy,
    Modern,
    Both,
}

/// What all sessions share.
#[derive(Debug)]
pub(crate) struct Shared {
    era: Era,
    /// What seals the states that clients send back.
    pub(crate) seal: RequestStateCodec,
    pub(crate) listeners: Listeners,
}

impl Shared {
    pub(crate) fn new(era: Era) -> Result<Arc<Self>> {
        let mut key = [0_u8; 32];
        getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
        let seal = RequestStateCodec::try_new(key)?;
        Ok(Arc::new(Self { era, seal, listeners: Listeners::default() }))
    }
}

/// The server, as one session sees it.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) shared: Arc<Shared>,
    /// The level that a legacy client set.
    level: Arc<Mutex<LoggingLevel>>,
}

impl Server {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, level: Arc::new(Mutex::new(LoggingLevel::Debug)) }
    }

    /// The same server for another session.
    pub(crate) fn for_session(&self) -> Self {
        Self::new(Arc::clone(&self.shared))
    }

    /// The least level that this session is told of.
    pub(crate) fn level(&self) -> LoggingLevel {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the library's types, from what it is on the wire.
pub(crate) fn typed<T: DeserializeOwned>(value: Value) -> Result<T, ErrorData> {
    serde_json::from_value(value)
        .map_err(|error| ErrorData::internal_error(format!("the fixture is wrong: {error}"), None))
}

/// A result that is complete. For legacy clients the library leaves out that it is.
pub(crate) fn complete<T: DeserializeOwned>(mut result: Value) -> Result<T, ErrorData> {
    result["resultType"] = json!("complete");
    typed(result)
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = serde_json::from_value(json!({
            "tools": { "listChanged": true },
            "prompts": { "listChanged": true },
            "resources": { "listChanged": true, "subscribe": true },
            "completions": {},
            "logging": {},
        }));
        let mut info = ServerConfig::new(capabilities.unwrap_or_default());
        info.server_info = Implementation::new("conformance", "1.0.0");
        info
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        let known = ProtocolVersion::KNOWN_VERSIONS;
        let is_modern = |version: &ProtocolVersion| *version >= ProtocolVersion::V_2026_07_28;
        match self.shared.era {
            Era::Both => Cow::Borrowed(known),
            Era::Legacy => known.iter().filter(|version| !is_modern(version)).cloned().collect(),
            Era::Modern => known.iter().filter(|version| is_modern(version)).cloned().collect(),
        }
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        self.shared.listeners.tell_session(context.peer);
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner) = request.level;
        Ok(())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let values: Vec<&str> = ["paris", "park", "party", "test"]
            .into_iter()
            .filter(|value| value.starts_with(&request.argument.value))
            .collect();
        complete(json!({ "completion": { "values": values, "total": values.len(), "hasMore": false } }))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        complete(json!({ "tools": catalogue::tools() }))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        let tool = catalogue::tools().into_iter().find(|tool| tool["name"] == name)?;
        serde_json::from_value(tool).ok()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        Call::new(self, request, context).answer().await
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        complete(json!({ "prompts": catalogue::prompts() }))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        calling::prompt(self, request, context).await
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        complete(json!({ "resources": catalogue::resources() }))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        complete(json!({ "resourceTemplates": [{
            "uriTemplate": "test://template/{id}/data", "name": "template",
            "description": "Data of an id", "mimeType": "application/json" }] }))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri;
        let contents = catalogue::contents(&uri).ok_or_else(|| {
            ErrorData::resource_not_found("Resource not found", Some(json!({ "uri": uri })))
        })?;
        complete(json!({ "contents": [contents] })).map(ReadResourceResponse::Complete)
    }

    async fn subscribe(
        &self,
        _: SubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(
        &self,
        _: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        self.shared.listeners.listen(&context).await;
        Ok(())
    }
}
