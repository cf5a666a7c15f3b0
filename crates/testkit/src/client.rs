//! A client that sends any bytes and waits for lines by what they say.

use std::collections::VecDeque;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::command::{Command, Group};

/// How long anything is waited for unless a test says otherwise: far above what a loaded machine needs.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How long a process that has ended may still be heard on standard error.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A running command and both ends of its pipes. Its process group is killed when this is dropped.
#[derive(Debug)]
pub struct ScriptedClient {
    child: Child,
    group: Group,
    input: Option<ChildStdin>,
    lines: mpsc::UnboundedReceiver<String>,
    /// Lines that came while another was waited for.
    passed_over: VecDeque<String>,
    errors: Arc<Mutex<String>>,
    complaining: Option<JoinHandle<()>>,
    next_id: u64,
    patience: Duration,
}

impl ScriptedClient {
    /// Starts the command. Nothing is sent yet.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(command: &Command) -> Result<Self> {
        let (mut child, group) = command.spawn()?;
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().context("no standard output")?);
        let mut complaints = BufReader::new(child.stderr.take().context("no standard error")?);
        let (sender, lines) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut line = Vec::new();
            while output.read_until(b'\n', &mut line).await.is_ok_and(|count| count > 0) {
                let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
                line.clear();
                if sender.send(text).is_err() {
                    break;
                }
            }
        });
        let errors = Arc::new(Mutex::new(String::new()));
        let collected = Arc::clone(&errors);
        let complaining = tokio::spawn(async move {
            let mut line = Vec::new();
            while complaints.read_until(b'\n', &mut line).await.is_ok_and(|count| count > 0) {
                collected
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push_str(&String::from_utf8_lossy(&line));
                line.clear();
            }
        });
        Ok(Self {
            child,
            group,
            input,
            lines,
            passed_over: VecDeque::new(),
            errors,
            complaining: Some(complaining),
            next_id: 1,
            patience: PATIENCE,
        })
    }

    /// Waits at most this long for anything from now on.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The process group.
    #[must_use]
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// What came on standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends a line; the line feed is added.
    ///
    /// # Errors
    /// When the pipe is closed.
    pub async fn send(&mut self, line: impl AsRef<[u8]>) -> Result<()> {
        let mut bytes = line.as_ref().to_vec();
        bytes.push(b'\n');
        self.send_bytes(&bytes).await
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the pipe is closed.
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        let deadline = Instant::now() + self.patience;
        let input = self.input.as_mut().context("the input is closed")?;
        timeout_at(deadline, async {
            input.write_all(bytes).await?;
            input.flush().await
        })
        .await
        .context("the other side does not read")??;
        Ok(())
    }

    /// Sends a request with the next number as its id and gives that id.
    ///
    /// # Errors
    /// When the pipe is closed.
    pub async fn request(&mut self, method: &str, params: Value) -> Result<u64> {
        let id = self.next_id;
        self.next_id += 1;
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string())
            .await?;
        Ok(id)
    }

    /// Sends a notification.
    ///
    /// # Errors
    /// When the pipe is closed.
    pub async fn notify(&mut self, method: &str, params: Value) -> Result<()> {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string()).await
    }

    /// Sends a request and waits for its response: the whole message.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn ask(&mut self, method: &str, params: Value) -> Result<Value> {
        let id = self.request(method, params).await?;
        self.response(&json!(id)).await
    }

    /// Calls a tool and waits for the response: the whole message.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn call(&mut self, tool: &str, arguments: Value) -> Result<Value> {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    /// Does the legacy handshake, declaring every client capability, and gives the server's result.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn initialize(&mut self, version: &str) -> Result<Value> {
        let capabilities = json!({ "sampling": {}, "elicitation": {}, "roots": { "listChanged": true } });
        let mut response = self
            .ask(
                "initialize",
                json!({
                    "protocolVersion": version,
                    "capabilities": capabilities,
                    "clientInfo": { "name": "scripted-client", "version": "1" },
                }),
            )
            .await?;
        if response["result"].is_null() {
            bail!("initialize was refused: {response}");
        }
        self.notify("notifications/initialized", json!({})).await?;
        Ok(response["result"].take())
    }

    /// Waits for the response to this id.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn response(&mut self, id: &Value) -> Result<Value> {
        let what = format!("the response to {id}");
        self.wait_for(&what, |message| message["id"] == *id && message["method"].is_null()).await
    }

    /// Waits for a message of which `wanted` holds. Others are kept for later waits; lines that are not JSON
    /// are seen by [`Self::wait_for_line`] only.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn wait_for(&mut self, what: &str, mut wanted: impl FnMut(&Value) -> bool) -> Result<Value> {
        let parsed = |line: &str| serde_json::from_str::<Value>(line).ok();
        let line =
            self.wait_for_line(what, |line| parsed(line).is_some_and(|message| wanted(&message))).await?;
        serde_json::from_str(&line).context("parsed a moment ago")
    }

    /// Waits for a line of which `wanted` holds. Others are kept for later waits.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn wait_for_line(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&str) -> bool,
    ) -> Result<String> {
        if let Some(place) = self.passed_over.iter().position(|line| wanted(line)) {
            return self.passed_over.remove(place).context("found a moment ago");
        }
        let deadline = Instant::now() + self.patience;
        loop {
            match timeout_at(deadline, self.lines.recv()).await {
                Ok(Some(line)) if wanted(&line) => return Ok(line),
                Ok(Some(line)) => self.passed_over.push_back(line),
                Ok(None) => bail!("the output ended before {what}; {}", self.so_far()),
                Err(_) => bail!("waited {:?} for {what}; {}", self.patience, self.so_far()),
            }
        }
    }

    /// The lines that have come and that no wait took, including what is in the pipe now.
    pub fn unclaimed(&mut self) -> Vec<String> {
        while let Ok(line) = self.lines.try_recv() {
            self.passed_over.push_back(line);
        }
        self.passed_over.iter().cloned().collect()
    }

    /// The same, and from now on nobody's.
    pub fn take_unclaimed(&mut self) -> Vec<String> {
        let lines = self.unclaimed();
        self.passed_over.clear();
        lines
    }

    /// Closes the input, as a client that goes away does.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// Waits for the process to end, its input closed or not. What it said on standard error has been read then.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn wait(&mut self) -> Result<ExitStatus> {
        let deadline = Instant::now() + self.patience;
        match timeout_at(deadline, self.child.wait()).await {
            Ok(status) => {
                if let Some(complaining) = self.complaining.take() {
                    // Something that it left behind may hold the pipe open.
                    let _in_time = timeout_at(deadline.min(Instant::now() + LAST_WORDS), complaining).await;
                }
                Ok(status?)
            }
            Err(_) => bail!("the process still runs after {:?}; {}", self.patience, self.so_far()),
        }
    }

    /// Closes the input and waits for the process to end.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn finish(&mut self) -> Result<ExitStatus> {
        self.close_input();
        self.wait().await
    }

    fn so_far(&self) -> String {
        let shorten = |line: &String| line.chars().take(400).collect::<String>();
        let lines: Vec<_> = self.passed_over.iter().map(shorten).collect();
        format!("other lines: {lines:#?}; standard error:\n{}", self.stderr())
    }
}
