//! A gateway with several recording servers.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use interlock_testkit::http::{Request, Response};
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use interlock_testkit::serving::{Serving, Site};
use serde_json::{Value, json};

use crate::scene::entry;

pub const ALLOW: &str = "version: \"1\"\ndefault: allow\n";
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A gateway, its servers by their names, and one grant that may use all of them.
pub struct Many {
    pub site: Site,
    pub serving: Serving,
    servers: Vec<(String, RecordingServer)>,
}

/// A legacy client's session with all of them.
pub struct Session<'m> {
    many: &'m Many,
    pub name: String,
    /// What `initialize` was answered.
    pub greeted: Value,
}

impl Many {
    pub async fn start(scripts: &[(&str, Script)], policies: &[(&str, &str)]) -> Result<Self> {
        Self::start_with(scripts, policies, "").await
    }

    /// Each server has a policy of its own name, which allows everything where none is given.
    pub async fn start_with(
        scripts: &[(&str, Script)],
        policies: &[(&str, &str)],
        more: &str,
    ) -> Result<Self> {
        let (mut config, mut granted, mut servers) = ("servers:\n".to_owned(), String::new(), Vec::new());
        for (name, script) in scripts {
            let server = RecordingServer::new(script)?;
            config += &entry(name, &server.command()?)?;
            granted += &format!("{name}: {name}.yaml, ");
            servers.push(((*name).to_owned(), server));
        }
        let site = Site::new(&format!(
            "{config}grants:\n  team: {{ servers: {{ {} }} }}\nanonymous: team\n{more}",
            granted.trim_end_matches(", ")
        ))?;
        for (name, _) in scripts {
            let policy =
                policies.iter().find(|(server, _)| server == name).map_or(ALLOW, |(_, policy)| policy);
            site.write(&format!("{name}.yaml"), policy)?;
        }
        let serving = site.serve(|command| command).await?;
        Ok(Self { site, serving, servers })
    }

    pub fn server(&self, name: &str) -> Result<&RecordingServer> {
        let found = self.servers.iter().find(|(server, _)| server == name);
        found.map(|(_, server)| server).with_context(|| format!("no server {name}"))
    }

    pub fn post(&self, message: &Value) -> Request {
        Request::post(&self.serving.address, "/mcp", &message.to_string())
    }

    pub async fn send(&self, request: &Request) -> Result<Response> {
        request.send(&self.serving.address).await
    }

    /// A modern request and its answer.
    pub async fn modern(&self, method: &str, params: &Value) -> Result<Value> {
        self.send(&self.modern_request(method, params)).await?.answer()
    }

    /// A modern request, with the headers that go with it.
    pub fn modern_request(&self, method: &str, params: &Value) -> Request {
        let mut params = params.clone();
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut request =
            self.post(&message).header("MCP-Protocol-Version", "2026-07-28").header("Mcp-Method", method);
        if let Some(name) = params["name"].as_str().or(params["uri"].as_str()) {
            request = request.header("Mcp-Name", name);
        }
        request
    }

    /// Does a legacy handshake with a client that has roots.
    pub async fn session(&self) -> Result<Session<'_>> {
        let greeting = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": { "roots": {} },
            "clientInfo": { "name": "test", "version": "1" } } });
        let response = self.send(&self.post(&greeting)).await?;
        let name = response.header("mcp-session-id").with_context(|| format!("{response:?}"))?.to_owned();
        let session = Session { many: self, name, greeted: response.answer()?["result"].take() };
        session.tell(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await?;
        Ok(session)
    }
}

impl Session<'_> {
    pub fn post(&self, message: &Value) -> Request {
        self.many.post(message).header("Mcp-Session-Id", &self.name)
    }

    /// A request as it will be posted.
    pub fn request(&self, id: u64, method: &str, params: &Value) -> Request {
        self.post(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
    }

    /// A request and its answer.
    pub async fn ask(&self, method: &str, params: &Value) -> Result<Value> {
        let response = self.many.send(&self.request(1, method, params)).await?;
        ensure!(response.status == 200, "{response:?}");
        response.answer()
    }

    pub async fn call(&self, tool: &str) -> Result<Value> {
        self.ask("tools/call", &json!({ "name": tool, "arguments": {} })).await
    }

    pub async fn tell(&self, message: &Value) -> Result<()> {
        let told = self.many.send(&self.post(message)).await?;
        ensure!(told.status == 202, "{told:?}");
        Ok(())
    }

    /// The stream of what servers say of their own.
    pub fn stream(&self) -> Request {
        Request::new(&self.many.serving.address, "GET", "/mcp")
            .header("Accept", "text/event-stream")
            .header("Mcp-Session-Id", &self.name)
    }
}

/// The names in a list.
pub fn names(answer: &Value, list: &str, member: &str) -> Vec<String> {
    let entries = answer["result"][list].as_array().cloned().unwrap_or_default();
    entries.iter().filter_map(|entry| entry[member].as_str().map(str::to_owned)).collect()
}
