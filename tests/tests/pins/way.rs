//! The ways on which a server is reached: stdio and HTTP, by clients of both eras.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use interlock_testkit::client::ScriptedClient;
use interlock_testkit::command::Command;
use interlock_testkit::interlock::{ALLOW_ALL, Interlock};
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::{Script, Step};
use interlock_testkit::serving::{Serving, Site};
use serde_json::{Value, json};

use crate::scene::{entry, initialize, modern};

/// How a client reaches its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Run(Era),
    /// `run` before a server that speaks HTTP.
    Url(Era),
    Serve(Era),
    /// `serve`, by the one address of all servers.
    Together,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    Legacy,
    Modern,
}

pub const WAYS: [Way; 7] = [
    Way::Run(Era::Legacy),
    Way::Run(Era::Modern),
    Way::Url(Era::Legacy),
    Way::Url(Era::Modern),
    Way::Serve(Era::Legacy),
    Way::Serve(Era::Modern),
    Way::Together,
];

/// A server, a gateway with a data directory that outlives its processes, and a client.
pub struct World {
    way: Way,
    server: RecordingServer,
    gateway: Gateway,
    /// What makes an HTTP server of it, where it is to be one: a gateway that looks at no definitions.
    carrier: Option<(Site, Option<Serving>)>,
    client: Option<Client>,
}

enum Gateway {
    Run(Interlock),
    Serve(Site),
}

enum Client {
    Run(Box<ScriptedClient>),
    Serve { serving: Box<Serving>, session: Option<String>, id: u64 },
}

/// A script whose server answers every request for its tools with this text, and calls of the tools that `known` names.
pub fn listing(known: &[&str], lists: &[&str]) -> Script {
    let answers = lists.iter().map(|list| Step::Result { text: format!(r#"{{"tools":{list}}}"#) });
    let answers: Vec<Step> = answers.collect();
    Script::with_tools(known).on("tools/list", answers)
}

/// A gateway with this one server, for everybody.
fn site(entry: &str) -> Result<Site> {
    let grants = "grants:\n  team: { servers: { recording: allow.yaml } }\nanonymous: team\n";
    let site = Site::new(&format!("servers:\n{entry}{grants}"))?;
    site.write("allow.yaml", ALLOW_ALL)?;
    Ok(site)
}

impl World {
    /// The gateway is there, and nothing has reached it yet.
    pub fn new(way: Way, script: &Script) -> Result<Self> {
        Self::trusting(way, script, "{}")
    }

    /// The same with these keys of the server's settings, as a flow mapping.
    pub fn trusting(way: Way, script: &Script, keys: &str) -> Result<Self> {
        let server = RecordingServer::new(script)?;
        let gateway = match way {
            Way::Run(_) | Way::Url(_) => {
                let interlock = Interlock::with_policy(ALLOW_ALL)?.server("recording");
                Gateway::Run(interlock.settings(&format!("servers: {{ recording: {keys} }}\n"))?)
            }
            Way::Serve(_) | Way::Together => {
                let keys = keys.trim_start_matches('{').trim_end_matches('}').trim();
                let entry = entry("recording", &server.command()?)?;
                let entry = match keys {
                    "" => entry,
                    keys => entry.trim_end().trim_end_matches('}').to_owned() + ", " + keys + "}\n",
                };
                Gateway::Serve(site(&entry)?)
            }
        };
        let carrier = match way {
            Way::Url(_) => {
                let entry = entry("recording", &server.command()?)?;
                let entry = entry.trim_end().trim_end_matches('}').to_owned() + ", trust: allow_changes}\n";
                Some((site(&entry)?, None))
            }
            _ => None,
        };
        Ok(Self { way, server, gateway, carrier, client: None })
    }

    /// The server itself.
    pub fn server(&self) -> &RecordingServer {
        &self.server
    }

    /// The data directory of the gateway.
    pub fn data(&self) -> PathBuf {
        match &self.gateway {
            Gateway::Run(interlock) => interlock.data(),
            Gateway::Serve(site) => site.path().join("data"),
        }
    }

    /// What reached the server: the calls of tools.
    pub fn calls(&self) -> Result<Vec<String>> {
        Ok(self.server.calls()?.into_iter().map(|(tool, _)| tool).collect())
    }

    /// The servers that start from now on do this.
    pub fn becomes(&self, script: &Script) -> Result<()> {
        Ok(std::fs::write(self.server.path("script.json"), serde_json::to_vec(script)?)?)
    }

    /// Ends the client, and the gateway with it, and begins anew.
    pub async fn reopen(&mut self) -> Result<()> {
        self.close().await?;
        self.client = Some(match &self.gateway {
            Gateway::Run(interlock) => {
                let command = match &mut self.carrier {
                    None => interlock.before(&self.server.command()?)?,
                    Some((site, serving)) => {
                        let serving = serving.insert(site.serve(|command| command).await?);
                        interlock.reaching(&serving.url("recording"))?
                    }
                };
                Client::Run(Box::new(ScriptedClient::spawn(&command)?))
            }
            Gateway::Serve(site) => {
                let serving = site.serve(|command| command).await?;
                Client::Serve { serving: Box::new(serving), session: None, id: 1 }
            }
        });
        if !matches!(self.way, Way::Run(Era::Modern) | Way::Url(Era::Modern) | Way::Serve(Era::Modern)) {
            self.shake_hands().await?;
        }
        Ok(())
    }

    pub async fn close(&mut self) -> Result<()> {
        match self.client.take() {
            None => {}
            Some(Client::Run(mut client)) => {
                let status = client.finish().await?;
                ensure!(status.success(), "{status}: {}", client.stderr());
            }
            Some(Client::Serve { serving, .. }) => serving.stop().await?,
        }
        match self.carrier.as_mut().and_then(|(_, serving)| serving.take()) {
            Some(serving) => serving.stop().await,
            None => Ok(()),
        }
    }

    async fn shake_hands(&mut self) -> Result<()> {
        let path = self.path();
        match self.client.as_mut().context("nobody is connected")? {
            Client::Run(client) => drop(client.initialize("2025-11-25").await?),
            Client::Serve { serving, session, .. } => {
                let address = serving.address.clone();
                let post = |message: &Value| {
                    interlock_testkit::http::Request::post(&address, path, &message.to_string())
                };
                let response = post(&initialize("2025-11-25")).send(&address).await?;
                ensure!(response.status == 200, "{response:?}");
                let name = response.header("mcp-session-id").context("no session")?.to_owned();
                let told = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
                let told = post(&told).header("Mcp-Session-Id", &name).send(&address).await?;
                ensure!(told.status == 202, "{told:?}");
                *session = Some(name);
            }
        }
        Ok(())
    }

    fn path(&self) -> &'static str {
        if self.way == Way::Together { "/mcp" } else { "/mcp/recording" }
    }

    /// Asks, and gives the whole answer.
    pub async fn ask(&mut self, method: &str, mut params: Value) -> Result<Value> {
        let (path, way) = (self.path(), self.way);
        match self.client.as_mut().context("nobody is connected")? {
            Client::Run(client) => {
                if matches!(way, Way::Run(Era::Modern) | Way::Url(Era::Modern)) {
                    params["_meta"] = json!({
                        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                        "io.modelcontextprotocol/clientCapabilities": {},
                    });
                }
                client.ask(method, params).await
            }
            Client::Serve { serving, session, id } => {
                *id += 1;
                let request = match session {
                    None => modern(&serving.address, *id, method, &params),
                    Some(session) => {
                        let message =
                            json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
                        interlock_testkit::http::Request::post(&serving.address, path, &message.to_string())
                            .header("Mcp-Session-Id", session)
                    }
                };
                request.send(&serving.address).await?.answer()
            }
        }
    }

    /// The definitions that the client is shown, of all pages.
    pub async fn list(&mut self) -> Result<Vec<Value>> {
        let (mut shown, mut cursor) = (Vec::new(), None);
        loop {
            let params = cursor.map_or_else(|| json!({}), |cursor: String| json!({ "cursor": cursor }));
            let mut result = self.ask("tools/list", params).await?["result"].take();
            shown.extend(result["tools"].as_array().context("no list")?.iter().cloned());
            cursor = result["nextCursor"].take().as_str().map(str::to_owned);
            if cursor.is_none() {
                return Ok(shown);
            }
        }
    }

    /// The names that the client is shown, as the server calls them.
    pub async fn names(&mut self) -> Result<Vec<String>> {
        let names = self.list().await?;
        let name = |tool: &Value| tool["name"].as_str().unwrap_or_default().replace("recording__", "");
        Ok(names.iter().map(name).collect())
    }

    /// Calls a tool; gives why it was denied, where it was.
    pub async fn call(&mut self, tool: &str) -> Result<Option<String>> {
        let listed = if self.way == Way::Together { format!("recording__{tool}") } else { tool.to_owned() };
        let answer = self.ask("tools/call", json!({ "name": listed, "arguments": {} })).await?;
        let text = answer["result"]["content"][0]["text"].as_str().unwrap_or_default().to_owned();
        if text == tool {
            return Ok(None);
        }
        Ok(Some(if text.is_empty() { answer.to_string() } else { text }))
    }

    /// Another command over the same data: `interlock ARGUMENTS…`.
    pub fn command(&self, arguments: &[&str]) -> Result<Command> {
        match &self.gateway {
            Gateway::Run(interlock) => interlock.command(arguments),
            Gateway::Serve(site) => site.command(arguments),
        }
    }

    /// What a command says, with its exit code.
    pub async fn says(&self, arguments: &[&str]) -> Result<(i32, String)> {
        let output = self.command(arguments)?.output().await?;
        let code = output.status.code().context("no exit code")?;
        ensure!(code < 2, "{}", String::from_utf8_lossy(&output.stderr));
        Ok((code, String::from_utf8(output.stdout)?))
    }

    /// The records of a kind.
    pub async fn records(&self, kind: &str) -> Result<Vec<Value>> {
        let (_, text) = self.says(&["audit", "query", "--format", "json", "--kind", kind]).await?;
        text.lines().map(|line| Ok(serde_json::from_str::<Value>(line)?["record"].take())).collect()
    }
}
