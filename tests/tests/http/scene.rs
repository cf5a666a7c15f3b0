//! A gateway that serves recording servers.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use interlock_testkit::command::Command;
use interlock_testkit::http::{Request, Response};
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use interlock_testkit::serving::{Serving, Site};
use serde_json::{Value, json};

/// A policy that lets everything pass.
pub const ALLOW_ALL: &str = "version: \"1\"\ndefault: allow\n";

/// A gateway with one recording server named `recording`, and its grants.
pub struct Scene {
    pub site: Site,
    pub serving: Serving,
    pub server: RecordingServer,
}

/// A server's entry in the file.
pub fn entry(name: &str, command: &Command) -> Result<String> {
    let words = command.line.iter().map(|word| word.to_str().context("a word is not UTF-8"));
    let words: Vec<&str> = words.collect::<Result<_>>()?;
    let (program, args) = words.split_first().context("no command")?;
    let mut entry = json!({ "command": program, "args": args });
    if !command.env.is_empty() {
        let variables = command.env.iter().map(|(name, value)| {
            (name.to_string_lossy().into_owned(), Value::String(value.to_string_lossy().into_owned()))
        });
        entry["env"] = Value::Object(variables.collect());
    }
    Ok(format!("  {name}: {entry}\n"))
}

impl Scene {
    /// One server, and a grant `team` that may do everything there; `anonymous` where nobody needs a token.
    pub async fn start(script: &Script, more: &str) -> Result<Self> {
        Self::with_policy(script, ALLOW_ALL, more).await
    }

    /// The same with another policy for `team`, in force from the start.
    pub async fn with_policy(script: &Script, policy: &str, more: &str) -> Result<Self> {
        let server = RecordingServer::new(script)?;
        let config = format!(
            "servers:\n{}grants:\n  team: {{ servers: {{ recording: allow.yaml }} }}\n{more}",
            entry("recording", &server.command()?)?
        );
        let site = Site::new(&config)?;
        site.write("allow.yaml", policy)?;
        let serving = site.serve(|command| command).await?;
        Ok(Self { site, serving, server })
    }

    /// A POST to the recording server.
    pub fn post(&self, message: &Value) -> Request {
        Request::post(&self.serving.address, "/mcp/recording", &message.to_string())
    }

    pub async fn send(&self, request: &Request) -> Result<Response> {
        request.send(&self.serving.address).await
    }

    /// Does a legacy handshake, with the token where there is one; gives the session's name.
    pub async fn initialize(&self, token: Option<&str>) -> Result<String> {
        let request = with_token(self.post(&initialize("2025-11-25")), token);
        let response = self.send(&request).await?;
        ensure!(response.status == 200, "{response:?}");
        let session = response.header("mcp-session-id").context("no session")?.to_owned();
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let told = with_token(self.post(&initialized), token).header("Mcp-Session-Id", &session);
        let told = self.send(&told).await?;
        ensure!(told.status == 202, "{told:?}");
        Ok(session)
    }
}

pub fn with_token(request: Request, token: Option<&str>) -> Request {
    match token {
        Some(token) => request.header("Authorization", &format!("Bearer {token}")),
        None => request,
    }
}

pub fn initialize(version: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } })
}

/// A modern request, and the headers that go with it.
pub fn modern(address: &str, id: u64, method: &str, params: &Value) -> Request {
    let mut params = params.clone();
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    let request = Request::post(address, "/mcp/recording", &message.to_string())
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", method);
    match params["name"].as_str() {
        Some(name) => request.header("Mcp-Name", name),
        None => request,
    }
}

pub fn call(id: u64, tool: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool, "arguments": {} } })
}

/// The records of a kind in a data directory.
pub async fn records(site: &Path, kind: &str) -> Result<Vec<Value>> {
    let output = Command::new(interlock_testkit::binaries::interlock()?)
        .args(["audit", "query", "--format", "json", "--kind", kind, "--data"])
        .arg(site.join("data"))
        .output()
        .await?;
    ensure!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let record = |line: &str| Ok(serde_json::from_str::<Value>(line)?["record"].take());
    text.lines().map(record).collect()
}
