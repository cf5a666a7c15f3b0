//! An agent that speaks lines with a process.

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// How long one answer may take, and the process to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection of its own.
pub(super) struct Agent {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    last_id: u64,
}

/// An answer, and whatever came before it.
pub(super) struct Answered {
    pub(super) answer: Value,
    pub(super) texts: Vec<String>,
}

impl Agent {
    /// Starts the process and begins a session.
    pub(super) async fn connect(mut command: Command, revision: &str) -> anyhow::Result<Self> {
        let mut child =
            command.stdin(std::process::Stdio::piped()).spawn().context("cannot start a process")?;
        let input = child.stdin.take().context("the process has no standard input")?;
        let output = child.stdout.take().context("the process has no standard output")?;
        let mut agent = Self { child, input, output: BufReader::new(output).lines(), last_id: 0 };
        let begin = json!({
            "protocolVersion": revision, "capabilities": {}, "clientInfo": { "name": "agent", "version": "1" },
        });
        agent.ask("initialize", begin).await?;
        agent.write(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string()).await?;
        Ok(agent)
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn ask(&mut self, method: &str, params: Value) -> anyhow::Result<Answered> {
        self.last_id += 1;
        let id = self.last_id;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.write(&request.to_string()).await?;
        let mut texts = Vec::new();
        loop {
            let line = self.line(method).await?;
            let message: Value = serde_json::from_str(&line).unwrap_or_default();
            texts.push(line);
            if message.get("id").and_then(Value::as_u64) == Some(id) {
                return Ok(Answered { answer: message, texts });
            }
        }
    }

    /// Sends bytes as they are, and waits until each request in them has been answered, or the whole has been refused, and
    /// one request after them: by then they have arrived or never will.
    pub(super) async fn send(&mut self, text: &str) -> anyhow::Result<Vec<String>> {
        self.write(text).await?;
        let mut open: Vec<Value> = messages(text).iter().filter_map(|one| one.get("id").cloned()).collect();
        let mut texts = Vec::new();
        while !open.is_empty() {
            let line = self.line("a message").await?;
            for answer in messages(&line) {
                match answer.get("id").filter(|id| !id.is_null()) {
                    Some(id) => open.retain(|other| other != id),
                    None if answer.get("error").is_some() => open.clear(),
                    None => {}
                }
            }
            texts.push(line);
        }
        texts.extend(self.ask("tools/list", json!({})).await?.texts);
        Ok(texts)
    }

    /// The next line, which has to come before something is answered.
    async fn line(&mut self, what: &str) -> anyhow::Result<String> {
        let line = timeout(PATIENCE, self.output.next_line()).await;
        let line = line.with_context(|| format!("`{what}` is not answered"))??;
        line.with_context(|| format!("the connection ended before `{what}` was answered"))
    }

    /// Goes, and waits until the process has.
    pub(super) async fn leave(mut self) {
        drop(self.input);
        // One that does not end by itself is ended when it is dropped.
        let _ended = timeout(PATIENCE, self.child.wait()).await;
    }

    async fn write(&mut self, text: &str) -> anyhow::Result<()> {
        let written = self.input.write_all(format!("{text}\n").as_bytes()).await;
        written.context("cannot write to the process")?;
        self.input.flush().await.context("cannot write to the process")
    }
}

/// The messages of a line: those of a batch, or one.
fn messages(line: &str) -> Vec<Value> {
    match serde_json::from_str(line).unwrap_or_default() {
        Value::Array(batch) => batch,
        one => vec![one],
    }
}
