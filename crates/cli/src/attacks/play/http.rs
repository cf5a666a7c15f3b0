//! An agent that speaks Streamable HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);
const SESSION: &str = "mcp-session-id";

/// Where a server is for somebody, and by what they are known there.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// `127.0.0.1:PORT`.
    pub(super) address: String,
    pub(super) path: String,
    pub(super) token: String,
}

/// What came back of a request.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) text: String,
    session: Option<String>,
}

impl Reply {
    /// The last message: the answer, where it is one.
    pub(super) fn answer(&self) -> Value {
        let events = self.text.lines().filter_map(|line| line.strip_prefix("data: "));
        let last = events.filter_map(|event| serde_json::from_str(event).ok()).next_back();
        last.or_else(|| serde_json::from_str(&self.text).ok()).unwrap_or_default()
    }
}

/// Begins a session and gives its identifier.
pub(super) async fn begin(place: &Place, revision: &str) -> anyhow::Result<String> {
    let request = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": revision, "capabilities": {}, "clientInfo": { "name": "agent", "version": "1" },
    } });
    let reply = post(place, None, &BTreeMap::new(), request.to_string()).await?;
    let session = reply.session.clone();
    let session = session.with_context(|| format!("no session began ({}): {}", reply.status, reply.text))?;
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    post(place, Some(&session), &BTreeMap::new(), ready.to_string()).await?;
    Ok(session)
}

/// Sends one message on a connection of its own.
pub(super) async fn post(
    place: &Place,
    session: Option<&str>,
    headers: &BTreeMap<String, String>,
    message: String,
) -> anyhow::Result<Reply> {
    let mut request = Request::post(&place.path)
        .header(HOST, &place.address)
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json, text/event-stream")
        .header(AUTHORIZATION, format!("Bearer {}", place.token));
    if let Some(session) = session {
        request = request.header(SESSION, session);
    }
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::from(Bytes::from(message))).context("a header cannot be sent")?;
    timeout(PATIENCE, exchange(place, request)).await.context("a request is not answered")?
}

async fn exchange(place: &Place, request: Request<Full<Bytes>>) -> anyhow::Result<Reply> {
    let stream = TcpStream::connect(&place.address).await.context("cannot connect")?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await.context("a request is not answered")?;
    let status = response.status();
    let session = response.headers().get(SESSION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = response.into_body().collect().await.context("a response does not end")?.to_bytes();
    connection.abort();
    Ok(Reply { status, session, text: String::from_utf8_lossy(&body).into_owned() })
}
