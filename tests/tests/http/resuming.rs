//! A server whose streams break off: what it says next is asked for, and nothing is lost or asked for without end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use anyhow::Result;
use interlock_testkit::http::Request;
use interlock_testkit::serving::Site;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::scene::{call, initialize};

/// Reads one request whole.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let (mut text, mut chunk) = (String::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut chunk).await.ok()?;
        if read == 0 {
            return None;
        }
        text.push_str(&String::from_utf8_lossy(chunk.get(..read)?));
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .to_ascii_lowercase()
            .split("content-length: ")
            .nth(1)
            .map_or(0, |rest| rest.split("\r\n").next().unwrap_or_default().parse().unwrap_or(0));
        if body.len() >= length {
            return Some(text);
        }
    }
}

fn json_answer(id: &Value, result: &Value) -> String {
    let body = json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nMcp-Session-Id: s\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn events(events: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n{events}")
}

#[derive(Debug, Default)]
struct Breaking {
    /// How often its own stream was asked for.
    asked: AtomicUsize,
    /// The identifier of the call.
    called: AtomicU64,
}

/// Answers one request.
fn answer(request: &str, breaking: &Breaking) -> String {
    let (head, body) = request.split_once("\r\n\r\n").unwrap_or_default();
    let message: Value = serde_json::from_str(body).unwrap_or_default();
    let head = head.to_ascii_lowercase();
    let empty = |status: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    if head.starts_with("get ") {
        if head.contains("last-event-id: call-1") {
            let answer = json!({ "jsonrpc": "2.0", "id": breaking.called.load(Ordering::SeqCst), "result": { "content": [] } });
            return events(&format!("id: call-2\ndata: {answer}\n\n"));
        }
        if breaking.asked.fetch_add(1, Ordering::SeqCst) == 0 {
            return empty("503 Service Unavailable");
        }
        let news = json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" });
        return events(&format!("data: {news}\n\n"));
    }
    match message["method"].as_str() {
        Some("initialize") => json_answer(
            &message["id"],
            &json!({ "protocolVersion": "2025-11-25", "capabilities": { "tools": { "listChanged": true } },
                "serverInfo": { "name": "breaking", "version": "1" } }),
        ),
        // The answer is not ready; its stream ends, and says where it goes on.
        Some("tools/call") => {
            breaking.called.store(message["id"].as_u64().unwrap_or_default(), Ordering::SeqCst);
            events("id: call-1\nretry: 0\ndata:\n\n")
        }
        _ => empty("202 Accepted"),
    }
}

#[tokio::test]
async fn a_stream_that_ends_early_goes_on_where_it_was() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let breaking = Arc::new(Breaking::default());
    let served = Arc::clone(&breaking);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let breaking = Arc::clone(&served);
            tokio::spawn(async move {
                if let Some(request) = request(&mut stream).await {
                    let _gone = stream.write_all(answer(&request, &breaking).as_bytes()).await;
                }
            });
        }
    });
    let site = Site::new(&format!(
        "servers:\n  recording: {{ url: \"http://{address}/mcp\", trust: allow_changes }}\ngrants:\n  team: {{ servers: {{ recording: allow.yaml }} }}\nanonymous: team\n"
    ))?;
    site.write("allow.yaml", "version: \"1\"\ndefault: allow\n")?;
    let serving = site.serve(|command| command).await?;
    let post = |message: &Value| Request::post(&serving.address, "/mcp/recording", &message.to_string());
    let greeted = post(&initialize("2025-11-25")).send(&serving.address).await?;
    let session = greeted.header("mcp-session-id").unwrap_or_default().to_owned();
    let told = post(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    told.header("Mcp-Session-Id", &session).send(&serving.address).await?;
    let called = post(&call(7, "any")).header("Mcp-Session-Id", &session).send(&serving.address).await?;
    assert_eq!(called.answer()?, json!({ "jsonrpc": "2.0", "id": 7, "result": { "content": [] } }));
    // A server that had too much to do when it was first asked is asked again.
    let listen = Request::new(&serving.address, "GET", "/mcp/recording")
        .header("Accept", "text/event-stream")
        .header("Mcp-Session-Id", &session);
    listen.open(&serving.address).await?.until("notifications/tools/list_changed").await?;
    assert!(breaking.asked.load(Ordering::SeqCst) >= 2);
    Ok(())
}
