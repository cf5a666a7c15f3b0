//! A client that gives up, in every pairing of eras and transports: the server is told, in its own way, of the very call
//! that was given up.

use anyhow::{Context, Result};
use interlock_testkit::client::{PATIENCE, ScriptedClient};
use interlock_testkit::http::Request;
use interlock_testkit::interlock::{ALLOW_ALL, Interlock};
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::recording_http::{RecordingHttp, Seen, Speaks};
use interlock_testkit::script::{LEGACY, MODERN, Script};
use interlock_testkit::serving::{Serving, Site};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::over_http::{entry, modern};
use crate::over_stdio::params;

/// The server at the other end.
enum Server {
    Stdio(RecordingServer),
    Http(RecordingHttp, Speaks),
}

impl Server {
    async fn all() -> Result<Vec<(&'static str, Self)>> {
        let stdio = |versions| {
            RecordingServer::new(&Script::with_tools(&["slow"]).speaking(versions).on("tools/call:slow", []))
        };
        let mut all = vec![
            ("legacy stdio", Self::Stdio(stdio(LEGACY)?)),
            ("modern stdio", Self::Stdio(stdio(MODERN)?)),
        ];
        for (name, speaks) in
            [("legacy HTTP", Speaks::Legacy), ("modern HTTP", Speaks::Modern), ("HTTP with SSE", Speaks::Sse)]
        {
            all.push((name, Self::Http(RecordingHttp::start(speaks).await?, speaks)));
        }
        Ok(all)
    }

    fn connect(&self, interlock: &Interlock) -> Result<ScriptedClient> {
        match self {
            Self::Stdio(server) => interlock.connect(&server.command()?),
            Self::Http(server, _) => ScriptedClient::spawn(&interlock.reaching(&server.url)?),
        }
    }

    async fn serve(&self) -> Result<(Site, Serving)> {
        serve(&match self {
            Self::Stdio(server) => entry(&server.command()?)?,
            Self::Http(server, _) => json!({ "url": server.url }),
        })
        .await
    }

    /// Waits until a call of `slow` has arrived.
    async fn is_called(&self) -> Result<()> {
        let is_call = |message: &Value| message["params"]["name"] == "slow";
        match self {
            Self::Stdio(server) => {
                let called = |server: &RecordingServer| Ok(!server.calls()?.is_empty());
                server.wait_until("the call", PATIENCE, called).await
            }
            Self::Http(server, _) => {
                let called = |seen: &Seen| matches!(seen, Seen::Message(message) if is_call(message));
                server.wait_until("the call", |seen| seen.iter().any(called)).await
            }
        }
    }

    /// Waits until the server knows that the call is given up.
    async fn is_told(&self) -> Result<()> {
        match self {
            Self::Stdio(server) => {
                let number = server.received_method("tools/call")?[0]["id"].clone();
                let told = |server: &RecordingServer| {
                    let told = server.received_method("notifications/cancelled")?;
                    Ok(told.iter().any(|told| told["params"]["requestId"] == number))
                };
                server.wait_until("the cancellation", PATIENCE, told).await
            }
            Self::Http(server, speaks) => {
                let number = server.of_method("tools/call")[0]["id"].clone();
                let told = |seen: &Seen| match seen {
                    Seen::Closed(id) => *speaks == Speaks::Modern && *id == number,
                    Seen::Message(message) => {
                        *speaks != Speaks::Modern
                            && message["method"] == "notifications/cancelled"
                            && message["params"]["requestId"] == number
                    }
                };
                server.wait_until("the cancellation", |seen| seen.iter().any(told)).await
            }
        }
    }
}

/// A gateway before this server.
async fn serve(server: &Value) -> Result<(Site, Serving)> {
    let config = format!(
        "servers:\n  recording: {server}\ngrants:\n  team: {{ servers: {{ recording: allow.yaml }} }}\nanonymous: team\n\
         limits: {{ shutdown_seconds: 1 }}\n"
    );
    let site = Site::new(&config)?;
    site.write("allow.yaml", ALLOW_ALL)?;
    let serving = site.serve(|command| command).await?;
    Ok((site, serving))
}

fn slow() -> Value {
    json!({ "name": "slow", "arguments": {} })
}

#[tokio::test]
async fn by_a_notification_over_stdio() -> Result<()> {
    for is_modern in [false, true] {
        for (name, server) in Server::all().await? {
            let tried = async {
                let interlock = Interlock::with_policy(ALLOW_ALL)?.server("recording");
                let mut client = server.connect(&interlock)?;
                let call = if is_modern {
                    params(&slow(), &json!({}))
                } else {
                    client.initialize("2025-11-25").await?;
                    slow()
                };
                let id = client.request("tools/call", call).await?;
                server.is_called().await?;
                client.notify("notifications/cancelled", json!({ "requestId": id })).await?;
                server.is_told().await?;
                let found = |outcomes: &[Value]| !outcomes.is_empty();
                let outcomes = interlock.wait_for_records("outcome", PATIENCE, found).await?;
                assert_eq!(outcomes[0]["status"], "cancelled", "{outcomes:#?}");
                anyhow::Ok(())
            };
            tried.await.with_context(|| format!("modern client: {is_modern}, before {name}"))?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn by_a_notification_over_http() -> Result<()> {
    for (name, server) in Server::all().await? {
        let tried = async {
            let (_site, serving) = server.serve().await?;
            let post =
                |message: Value| Request::post(&serving.address, "/mcp/recording", &message.to_string());
            let begin = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
                "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "c", "version": "1" } } });
            let begun = post(begin).send(&serving.address).await?;
            let session = begun.header("mcp-session-id").context("no session")?.to_owned();
            let post = |message: Value| post(message).header("Mcp-Session-Id", &session);
            post(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))
                .send(&serving.address)
                .await?;
            let call = post(json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": slow() }));
            let calling = tokio::spawn({
                let address = serving.address.clone();
                async move { call.send(&address).await }
            });
            server.is_called().await?;
            let params = json!({ "requestId": 2 });
            let told =
                post(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params }));
            assert_eq!(told.send(&serving.address).await?.status, 202);
            server.is_told().await?;
            calling.abort();
            serving.stop().await
        };
        tried.await.with_context(|| format!("before {name}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn by_a_stream_that_is_closed() -> Result<()> {
    for (name, server) in Server::all().await? {
        let tried = async {
            let (_site, serving) = server.serve().await?;
            let call = modern(&serving.address, 1, "tools/call", &slow());
            let mut stream = TcpStream::connect(&serving.address).await?;
            stream.write_all(&call.bytes()).await?;
            server.is_called().await?;
            drop(stream);
            server.is_told().await?;
            serving.stop().await
        };
        tried.await.with_context(|| format!("before {name}"))?;
    }
    Ok(())
}

/// The name of a new legacy session.
async fn session(serving: &Serving) -> Result<String> {
    let begin = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "c", "version": "1" } } });
    let begun = post(serving, &begin).send(&serving.address).await?;
    let session = begun.header("mcp-session-id").context("no session")?.to_owned();
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    post(serving, &ready).header("Mcp-Session-Id", &session).send(&serving.address).await?;
    Ok(session)
}

fn post(serving: &Serving, message: &Value) -> Request {
    Request::post(&serving.address, "/mcp/recording", &message.to_string())
}

fn cancellation() -> Value {
    json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 2 } })
}

/// A legacy server need not end its answer to a call that was cancelled. What it would come on is closed all the same,
/// after a while; that of a call which nobody cancelled is not.
#[tokio::test]
async fn what_is_cancelled_keeps_no_connection() -> Result<()> {
    let server = RecordingHttp::start(Speaks::Legacy).await?;
    let (_site, serving) = serve(&json!({ "url": server.url })).await?;
    let session = session(&serving).await?;
    let in_session = |message: &Value| post(&serving, message).header("Mcp-Session-Id", &session);
    let call = |id: u64| json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": slow() });
    let mut calling = Vec::new();
    for id in [2, 3] {
        let mut stream = TcpStream::connect(&serving.address).await?;
        stream.write_all(&in_session(&call(id)).bytes()).await?;
        calling.push(stream);
        server.wait_until("the calls", |_| server.of_method("tools/call").len() == calling.len()).await?;
    }
    let number = server.of_method("tools/call").first().context("no call")?["id"].clone();
    assert_eq!(in_session(&cancellation()).send(&serving.address).await?.status, 202);
    server.wait_until("its end", |seen| seen.contains(&Seen::Closed(number.clone()))).await?;
    let closed = server.seen().into_iter().filter(|seen| matches!(seen, Seen::Closed(_))).count();
    assert_eq!(closed, 1);
    drop(calling);
    serving.stop().await
}

/// Bytes of a request, from its head.
fn length(read: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(read).to_ascii_lowercase();
    let head = text.find("\r\n\r\n")? + 4;
    let body = text.split_once("content-length: ").map_or("0", |(_, rest)| rest);
    Some(head + body.split("\r\n").next()?.parse::<usize>().ok()?)
}

/// Reads a request, and of a large one the beginning.
async fn begun(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut read = Vec::new();
    while length(&read).is_none_or(|length| read.len() < length.min(2_048)) {
        anyhow::ensure!(stream.read_buf(&mut read).await? > 0, "closed");
    }
    Ok(read)
}

/// A call and its cancellation go on connections of their own. While the server has not taken the call, there is no
/// cancellation.
#[tokio::test]
async fn no_cancellation_comes_before_its_call() -> Result<()> {
    let socket = TcpSocket::new_v4()?;
    // So little that what is not read is not written either.
    socket.set_recv_buffer_size(4_096)?;
    socket.bind("127.0.0.1:0".parse()?)?;
    let listener = socket.listen(16)?;
    let url = format!("http://{}/mcp", listener.local_addr()?);
    let (_site, serving) =
        // It lists no tools, so that none can be accepted.
        serve(&json!({ "url": url, "era": "legacy", "transport": "streamable_http", "trust": "allow_changes" }))
            .await?;
    let (calls, mut called) = tokio::sync::mpsc::unbounded_channel();
    // It answers what begins the conversation, and gives everything else to the test as it came.
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let calls = calls.clone();
            tokio::spawn(async move {
                loop {
                    let read = begun(&mut stream).await?;
                    let text = String::from_utf8_lossy(&read).into_owned();
                    if text.starts_with("GET") {
                        stream
                            .write_all(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
                            .await?;
                    } else if text.contains("\"initialize\"") {
                        let result = json!({ "jsonrpc": "2.0", "id": 1, "result": { "protocolVersion": "2025-11-25",
                            "capabilities": { "tools": {} }, "serverInfo": { "name": "s", "version": "1" } } });
                        let body = result.to_string();
                        let head =
                            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nMcp-Session-Id: s\r\n";
                        let answer = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
                        stream.write_all(answer.as_bytes()).await?;
                    } else if text.contains("notifications/initialized") {
                        stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n").await?;
                    } else {
                        calls.send((stream, read))?;
                        return anyhow::Ok(());
                    }
                }
            });
        }
    });
    let session = session(&serving).await?;
    let large = json!({ "name": "slow", "arguments": { "text": "x".repeat(7 << 20) } });
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": large });
    let mut calling = TcpStream::connect(&serving.address).await?;
    calling.write_all(&post(&serving, &call).header("Mcp-Session-Id", &session).bytes()).await?;
    let (mut arriving, begun) = called.recv().await.context("no call")?;
    let told = post(&serving, &cancellation()).header("Mcp-Session-Id", &session);
    assert_eq!(told.send(&serving.address).await?.status, 202);
    // What the client says next waits for nothing, and would come after a cancellation that did not either.
    let next = json!({ "jsonrpc": "2.0", "method": "notifications/roots/list_changed" });
    let next = post(&serving, &next).header("Mcp-Session-Id", &session);
    assert_eq!(next.send(&serving.address).await?.status, 202);
    let (_elsewhere, first) = timeout(PATIENCE, called.recv()).await?.context("nothing came")?;
    let text = String::from_utf8_lossy(&first).into_owned();
    anyhow::ensure!(text.contains("roots/list_changed"), "the cancellation has overtaken its call: {text}");
    let whole = length(&begun).context("no length")?;
    let mut rest = vec![0; whole - begun.len()];
    arriving.read_exact(&mut rest).await?;
    let (_, cancelled) = timeout(PATIENCE, called.recv()).await?.context("no cancellation")?;
    let text = String::from_utf8_lossy(&cancelled).into_owned();
    anyhow::ensure!(text.contains("notifications/cancelled"), "{text}");
    server.abort();
    drop((arriving, calling));
    serving.stop().await
}
