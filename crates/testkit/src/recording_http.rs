//! An HTTP MCP server of one kind alone that records what reaches it, and when the stream of a request is closed: what
//! a gateway says of a cancellation is not what its server sees of it.
//!
//! It answers what begins a conversation, lists the tools `echo`, `slow` and `grow`, answers calls of `echo` and `grow`,
//! and never those of `slow`. `grow` announces another list of tools to whoever listens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// What it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// Streamable HTTP of 2025-11-25, with sessions.
    Legacy,
    /// Streamable HTTP of 2026-07-28.
    Modern,
    /// HTTP with SSE of 2024-11-05.
    Sse,
}

/// Something that happened, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// A message arrived.
    Message(Value),
    /// The other side closed the stream on which the request with this id was being answered.
    Closed(Value),
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct RecordingHttp {
    /// `http://127.0.0.1:PORT/mcp`, or `…/sse`.
    pub url: String,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    speaks: Mutex<Speaks>,
    seen: Mutex<Vec<Seen>>,
    /// Those who listen, by the id of what they asked, which is null for a GET.
    listening: Mutex<Vec<(Value, mpsc::UnboundedSender<String>)>>,
}

const SESSION: &str = "one-session";
/// What a modern server calls the task that it makes of a call of `task`.
pub const TASK: &str = "the-server-s-own";
/// Where clients of HTTP with SSE post.
const MESSAGES: &str = "/messages";

impl RecordingHttp {
    /// Listens at a port of its own.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn start(speaks: Speaks) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let path = if speaks == Speaks::Sse { "sse" } else { "mcp" };
        let url = format!("http://{}/{path}", listener.local_addr()?);
        let (speaks, seen, listening) = (Mutex::new(speaks), Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { speaks, seen, listening });
        let serving = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                tokio::spawn(async move { shared.connection(stream).await });
            }
        });
        Ok(Self { url, shared, accepting: accepting.abort_handle() })
    }

    /// From now on it is another kind of server, as after an upgrade.
    pub fn becomes(&self, speaks: Speaks) {
        *lock(&self.shared.speaks) = speaks;
    }

    /// Waits until somebody listens to what it says of its own.
    ///
    /// # Errors
    /// When nobody does in time.
    pub async fn wait_until_it_is_listened_to(&self) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        self.wait_until("somebody who listens", |_| !lock(&shared.listening).is_empty()).await
    }

    /// Everything that happened.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }

    /// The messages of this method.
    #[must_use]
    pub fn of_method(&self, method: &str) -> Vec<Value> {
        let messages = self.seen().into_iter().filter_map(|seen| match seen {
            Seen::Message(message) if message["method"] == method => Some(message),
            _ => None,
        });
        messages.collect()
    }

    /// Waits until `reached` holds of what happened.
    ///
    /// # Errors
    /// When it does not in time, naming `what` and showing what happened.
    pub async fn wait_until(&self, what: &str, mut reached: impl FnMut(&[Seen]) -> bool) -> Result<()> {
        let deadline = Instant::now() + crate::client::PATIENCE;
        while !reached(&self.seen()) {
            ensure!(Instant::now() < deadline, "waited for {what}; seen {:#?}", self.seen());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }
}

impl Drop for RecordingHttp {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One request as it came.
struct Incoming {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Value,
}

impl Shared {
    async fn connection(self: Arc<Self>, mut stream: TcpStream) {
        let mut read = Vec::new();
        loop {
            match take(&mut stream, &mut read).await {
                Ok(Some(request)) => {
                    if self.answer(request, &mut stream).await.is_err() {
                        return;
                    }
                }
                Ok(None) | Err(_) => return,
            }
        }
    }

    async fn answer(&self, request: Incoming, stream: &mut TcpStream) -> Result<()> {
        let speaks = *lock(&self.speaks);
        if speaks == Speaks::Sse && request.method == "POST" && request.path != MESSAGES {
            return write(stream, "405 Method Not Allowed", "", "").await;
        }
        if !request.body.is_null() {
            lock(&self.seen).push(Seen::Message(request.body.clone()));
        }
        match (request.method.as_str(), speaks) {
            ("GET", Speaks::Sse) => self.stream(Value::Null, Some(MESSAGES.to_owned()), stream).await,
            ("GET", Speaks::Legacy) => self.stream(Value::Null, None, stream).await,
            ("POST", Speaks::Sse) => {
                if let Some(answer) = answer(speaks, &request.body) {
                    self.tell(&answer);
                }
                self.news(&request.body);
                write(stream, "202 Accepted", "", "").await
            }
            ("POST", _) => self.post(speaks, request, stream).await,
            ("DELETE", Speaks::Legacy) => write(stream, "200 OK", "", "").await,
            _ => write(stream, "405 Method Not Allowed", "", "").await,
        }
    }

    async fn post(&self, speaks: Speaks, request: Incoming, stream: &mut TcpStream) -> Result<()> {
        let asked = &request.body;
        let is_request = !asked["id"].is_null() && asked["method"].is_string();
        if !is_request {
            return write(stream, "202 Accepted", "", "").await;
        }
        let begins = asked["method"] == "initialize";
        let in_session = request.headers.get("mcp-session-id").is_some_and(|session| session == SESSION);
        if speaks == Speaks::Legacy && !begins && !in_session {
            return write(stream, "400 Bad Request", "", "").await;
        }
        let task = asked["params"]["taskId"].as_str();
        if task.is_some() && request.headers.get("mcp-name").map(String::as_str) != task {
            return write(stream, "400 Bad Request", "", "").await;
        }
        if speaks == Speaks::Modern && asked["method"] == "subscriptions/listen" {
            return self.stream(asked["id"].clone(), None, stream).await;
        }
        match answer(speaks, asked) {
            Some(answer) => {
                self.news(asked);
                let session = if begins { format!("Mcp-Session-Id: {SESSION}\r\n") } else { String::new() };
                write(stream, "200 OK", &session, &answer.to_string()).await
            }
            None => self.stream(asked["id"].clone(), None, stream).await,
        }
    }

    /// Another list of tools.
    fn news(&self, asked: &Value) {
        if asked["params"]["name"] == "grow" {
            self.tell(&json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }));
        }
    }

    /// Tells everybody who listens.
    fn tell(&self, message: &Value) {
        for (id, listener) in &*lock(&self.listening) {
            let mut message = message.clone();
            if id.is_number() && message["method"].is_string() {
                message["params"] = json!({ "_meta": { "io.modelcontextprotocol/subscriptionId": id } });
            }
            let _gone = listener.send(event("message", &message.to_string()));
        }
    }

    /// A stream that stays open until the other side closes it.
    async fn stream(&self, id: Value, endpoint: Option<String>, stream: &mut TcpStream) -> Result<()> {
        let (sender, mut news) = mpsc::unbounded_channel();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).await?;
        let first = match &endpoint {
            Some(endpoint) => event("endpoint", endpoint),
            None => ": here\n\n".to_owned(),
        };
        chunk(stream, &first).await?;
        let agreed = json!({ "jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": {
            "_meta": { "io.modelcontextprotocol/subscriptionId": id }, "notifications": { "toolsListChanged": true } } });
        let listens = lock(&self.seen).iter().any(|seen| {
            matches!(seen, Seen::Message(message) if message["id"] == id && message["method"] == "subscriptions/listen")
        });
        if listens {
            chunk(stream, &event("message", &agreed.to_string())).await?;
        }
        if listens || id.is_null() {
            lock(&self.listening).push((id.clone(), sender));
        }
        let mut rest = [0; 64];
        loop {
            tokio::select! {
                read = stream.read(&mut rest) => if read.unwrap_or(0) == 0 {
                    lock(&self.seen).push(Seen::Closed(id));
                    bail!("closed");
                },
                Some(text) = news.recv() => chunk(stream, &text).await?,
            }
        }
    }
}

/// The answer to a request; nothing to those of `slow`, and to what needs none.
fn answer(speaks: Speaks, asked: &Value) -> Option<Value> {
    let id = asked.get("id").filter(|id| !id.is_null())?;
    let method = asked["method"].as_str()?;
    let tools =
        ["echo", "slow", "grow"].map(|name| json!({ "name": name, "inputSchema": { "type": "object" } }));
    let version = if speaks == Speaks::Sse { "2024-11-05" } else { "2025-11-25" };
    let offered = json!({ "tools": { "listChanged": true } });
    let mut result = match (speaks, method) {
        (Speaks::Modern, "server/discover") => {
            json!({ "supportedVersions": ["2026-07-28"], "capabilities": offered })
        }
        (Speaks::Legacy | Speaks::Sse, "initialize") => {
            json!({ "protocolVersion": version, "capabilities": offered,
            "serverInfo": { "name": "recording", "version": "1" } })
        }
        (Speaks::Legacy | Speaks::Sse, "ping") => json!({}),
        (_, "tools/list") => json!({ "tools": tools }),
        (_, "tools/call") if asked["params"]["name"] == "slow" => return None,
        (Speaks::Modern, "tools/call") if asked["params"]["name"] == "task" => task("task"),
        (Speaks::Modern, "tasks/get") => task("complete"),
        (_, "tools/call") => json!({ "content": [{ "type": "text", "text": "here" }] }),
        _ => {
            return Some(
                json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32_601, "message": "no such method" } }),
            );
        }
    };
    if speaks == Speaks::Modern {
        let members = result.as_object().is_some_and(|result| result.contains_key("resultType"));
        for (member, value) in
            [("resultType", json!("complete")), ("ttlMs", json!(0)), ("cacheScope", json!("private"))]
        {
            if !members {
                result[member] = value;
            }
        }
    }
    Some(json!({ "jsonrpc": "2.0", "id": id, "result": result }))
}

/// How its one task stands, in a result of this type.
fn task(kind: &str) -> Value {
    json!({ "resultType": kind, "taskId": TASK, "status": "working", "ttlMs": null,
        "createdAt": "2026-01-01T00:00:00Z", "lastUpdatedAt": "2026-01-01T00:00:00Z" })
}

fn event(kind: &str, data: &str) -> String {
    format!("event: {kind}\ndata: {data}\n\n")
}

async fn chunk(stream: &mut TcpStream, text: &str) -> Result<()> {
    Ok(stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await?)
}

async fn write(stream: &mut TcpStream, status: &str, more: &str, body: &str) -> Result<()> {
    let media = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
    let text = format!("HTTP/1.1 {status}\r\n{media}{more}Content-Length: {}\r\n\r\n{body}", body.len());
    Ok(stream.write_all(text.as_bytes()).await?)
}

/// The next request on a connection; nothing at its end.
async fn take(stream: &mut TcpStream, read: &mut Vec<u8>) -> Result<Option<Incoming>> {
    loop {
        if let Some((request, length)) = parse(read)? {
            read.drain(..length);
            return Ok(Some(request));
        }
        let mut more = [0; 4096];
        let count = stream.read(&mut more).await?;
        if count == 0 {
            return Ok(None);
        }
        read.extend_from_slice(more.get(..count).unwrap_or_default());
    }
}

fn parse(read: &[u8]) -> Result<Option<(Incoming, usize)>> {
    let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(read.get(..end).unwrap_or_default())?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let method = first.next().context("no method")?.to_owned();
    let path = first.next().context("no path")?.to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(Ok(0), |length| length.parse())?;
    let Some(body) = read.get(end + 4..end + 4 + length) else { return Ok(None) };
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(body)? };
    Ok(Some((Incoming { method, path, headers, body }, end + 4 + length)))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
