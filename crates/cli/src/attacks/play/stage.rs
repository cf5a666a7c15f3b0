//! One run's world: a folder, the servers, a gateway where there is one, and the agents.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Context;
use interlock_audit::InstanceId;
use interlock_catalog::attacks::{Call, Pattern, Send, Step, Transport};
use serde_json::{Value, json};

use super::lines::Agent;
use super::plan::Front;
use super::process::Processes;
use super::site::Site;
use super::{http, person};
use crate::attacks::fixture::{self, Arrived, FixtureArgs};
use crate::instance::wall_ms;
use crate::scratch::Scratch;

/// All of one run. Its processes end, and its folder goes, with it.
pub(super) struct Stage<'p> {
    pattern: &'p Pattern,
    has_gateway: bool,
    processes: Processes,
    agents: BTreeMap<String, Agent>,
    site: Option<Site>,
    /// The sessions over HTTP, by grant and server.
    sessions: BTreeMap<(String, String), String>,
    /// Everything that has reached an agent.
    heard: String,
    refusals: Vec<String>,
    folder: Scratch,
}

impl<'p> Stage<'p> {
    /// Writes what the processes read; over HTTP starts them.
    pub(super) async fn set(pattern: &'p Pattern, front: Option<Front>) -> anyhow::Result<Self> {
        let folder = Scratch::new(InstanceId::generate(wall_ms())?.as_str())?;
        let processes = Processes::new(folder.path())?;
        let settings = front.as_ref().and_then(|front| front.settings.as_deref()).unwrap_or_default();
        std::fs::write(folder.path().join("settings.yaml"), settings)?;
        for (name, server) in &pattern.scenario.servers {
            std::fs::write(folder.path().join(format!("{name}.server")), serde_json::to_vec(server)?)?;
        }
        for (name, text) in front.iter().flat_map(|front| &front.policies) {
            std::fs::write(folder.path().join(format!("{name}.yaml")), text)?;
        }
        let site = match pattern.scenario.transport {
            Transport::Stdio => None,
            Transport::Http => {
                let gateway = front.as_ref().map(|_| settings);
                Some(Site::start(&processes, folder.path(), &pattern.scenario, gateway).await?)
            }
        };
        let (agents, sessions) = (BTreeMap::new(), BTreeMap::new());
        let (heard, refusals, has_gateway) = (String::new(), Vec::new(), front.is_some());
        Ok(Self { pattern, has_gateway, processes, agents, site, sessions, heard, refusals, folder })
    }

    /// Does one step, and waits until it has been answered.
    pub(super) async fn play(&mut self, step: &Step) -> anyhow::Result<()> {
        match step {
            Step::List(server) => {
                let list = self.agent(server).await?.ask("tools/list", json!({})).await?;
                self.hear(&list.texts);
                Ok(())
            }
            Step::Call(call) if call.told.as_ref().is_some_and(|told| !self.heard.contains(told)) => Ok(()),
            Step::Call(call) => {
                for _ in 0..call.repeat {
                    self.call(call).await?;
                }
                Ok(())
            }
            Step::Send(send) => self.send(send).await,
            Step::Approve(approve) if self.has_gateway => {
                person::approve(&self.processes, &self.data(), &self.settings(), approve).await
            }
            // Without a gateway nobody is asked.
            Step::Approve(_) => Ok(()),
            Step::Reconnect(server) => {
                if let Some(agent) = self.agents.remove(server) {
                    agent.leave().await;
                }
                Ok(())
            }
        }
    }

    async fn call(&mut self, call: &Call) -> anyhow::Result<()> {
        let params = json!({ "name": call.tool, "arguments": call.arguments });
        if self.site.is_none() {
            let answered = self.agent(&call.server).await?.ask("tools/call", params).await?;
            self.note(&answered.answer);
            self.hear(&answered.texts);
            return Ok(());
        }
        let grant = call.grant.as_deref().unwrap_or_default();
        let own = self.session(grant, &call.server).await?;
        let session = match &call.in_session_of {
            Some(other) => self.session(other, &call.server).await?,
            None => own,
        };
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        self.post(&call.server, grant, Some(&session), &BTreeMap::new(), message.to_string()).await
    }

    async fn send(&mut self, send: &Send) -> anyhow::Result<()> {
        let message = send.message.trim().replace("{fill}", &"A".repeat(send.fill));
        if self.site.is_some() {
            let grant = send.grant.as_deref().unwrap_or_default();
            return self.post(&send.server, grant, None, &send.headers, message).await;
        }
        let texts = self.agent(&send.server).await?.send(&message).await?;
        for text in &texts {
            self.note(&serde_json::from_str(text).unwrap_or_default());
        }
        self.hear(&texts);
        Ok(())
    }

    async fn post(
        &mut self,
        server: &str,
        grant: &str,
        session: Option<&str>,
        headers: &BTreeMap<String, String>,
        message: String,
    ) -> anyhow::Result<()> {
        let place = self.site.as_ref().context("there is no site")?.place(server, grant)?;
        let reply = http::post(&place, session, headers, message).await?;
        self.hear(std::slice::from_ref(&reply.text));
        if !reply.status.is_success() {
            let error = reply.answer();
            let said = error.pointer("/error/message").and_then(Value::as_str).unwrap_or_default();
            self.refused(&format!("{} {said}", reply.status));
            return Ok(());
        }
        self.note(&reply.answer());
        Ok(())
    }

    /// The agent's connection with a server over stdio, begun where there is none.
    async fn agent(&mut self, server: &str) -> anyhow::Result<&mut Agent> {
        if !self.agents.contains_key(server) {
            let command = self.processes.command(&self.words(server))?;
            let agent = Agent::connect(command, &self.pattern.scenario.revision).await?;
            self.agents.insert(server.to_owned(), agent);
        }
        self.agents.get_mut(server).context("there is no such connection")
    }

    /// The session of a grant over HTTP, begun where there is none.
    async fn session(&mut self, grant: &str, server: &str) -> anyhow::Result<String> {
        let key = (grant.to_owned(), server.to_owned());
        if let Some(session) = self.sessions.get(&key) {
            return Ok(session.clone());
        }
        let place = self.site.as_ref().context("there is no site")?.place(server, grant)?;
        let session = http::begin(&place, &self.pattern.scenario.revision).await?;
        self.sessions.insert(key, session.clone());
        Ok(session)
    }

    /// What starts a server, with a gateway in front where there is one.
    fn words(&self, server: &str) -> Vec<OsString> {
        let fixture = FixtureArgs::words(
            &self.folder.path().join(format!("{server}.server")),
            &record(self.folder.path(), server),
            None,
        );
        if !self.has_gateway {
            return fixture;
        }
        let policy = self.folder.path().join(format!("{server}.yaml"));
        let mut words: Vec<OsString> = vec!["run".into(), "-c".into(), policy.into()];
        words.extend(["--server".into(), server.into(), "--data".into(), self.data().into()]);
        words.extend(["--settings".into(), self.settings().into(), "--".into()]);
        words.extend(self.processes.line(fixture));
        words
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn settings(&self) -> PathBuf {
        match &self.site {
            Some(_) => self.folder.path().join(super::site::CONFIG),
            None => self.folder.path().join("settings.yaml"),
        }
    }

    fn hear(&mut self, texts: &[String]) {
        for text in texts {
            self.heard.push_str(text);
            self.heard.push('\n');
        }
    }

    /// Notes where an answer is a refusal of the gateway, or an error.
    fn note(&mut self, answer: &Value) {
        let denied = answer.pointer("/result/content/0/text").and_then(Value::as_str);
        let denied = denied.filter(|text| text.starts_with("[INTERLOCK"));
        if let Some(said) = denied.or_else(|| answer.pointer("/error/message").and_then(Value::as_str)) {
            self.refused(said);
        }
    }

    fn refused(&mut self, said: &str) {
        if !self.refusals.iter().any(|known| known == said) {
            self.refusals.push(said.to_owned());
        }
    }

    /// What the agent was told of what it could not do, each once.
    pub(super) fn refusals(&self) -> &[String] {
        &self.refusals
    }

    /// What has reached a server.
    pub(super) fn arrived(&self, server: &str) -> anyhow::Result<Vec<Arrived>> {
        fixture::read(&record(self.folder.path(), server))
    }

    /// Whether a message came with the token that one of the callers has shown.
    pub(super) fn shows_token(&self, arrived: &Arrived) -> bool {
        let shown = arrived.authorization.as_deref().unwrap_or_default();
        self.site.as_ref().is_some_and(|site| site.tokens().any(|token| shown.contains(token)))
    }

    /// What the processes said last, for who wonders why something failed.
    pub(super) fn last_words(&self) -> String {
        format!("the processes said: {}", self.processes.last_words())
    }

    /// Ends everybody, and waits for it.
    pub(super) async fn clear(self) {
        for (_, agent) in self.agents {
            agent.leave().await;
        }
    }
}

/// Where a server writes what reaches it.
pub(super) fn record(folder: &Path, server: &str) -> PathBuf {
    folder.join(format!("{server}.record"))
}
