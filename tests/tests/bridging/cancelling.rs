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
        let server = match self {
            Self::Stdio(server) => entry(&server.command()?)?,
            Self::Http(server, _) => json!({ "url": server.url }),
        };
        let config = format!(
            "servers:\n  recording: {server}\ngrants:\n  team: {{ servers: {{ recording: allow.yaml }} }}\nanonymous: team\n"
        );
        let site = Site::new(&config)?;
        site.write("allow.yaml", ALLOW_ALL)?;
        let serving = site.serve(|command| command).await?;
        Ok((site, serving))
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
            let mut stream = tokio::net::TcpStream::connect(&serving.address).await?;
            tokio::io::AsyncWriteExt::write_all(&mut stream, &call.bytes()).await?;
            server.is_called().await?;
            drop(stream);
            server.is_told().await?;
            serving.stop().await
        };
        tried.await.with_context(|| format!("before {name}"))?;
    }
    Ok(())
}
