//! Callers that are slow, silent or too many: each is given up, and the others notice nothing.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use interlock_testkit::http::Request;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::{Script, Step};
use interlock_testkit::serving::Site;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::scene::{Scene, call, entry, modern, with_token};

const PATIENCE: Duration = Duration::from_secs(30);
const QUICK: &str = "anonymous: team\nlimits: { request_seconds: 1, connection_idle_seconds: 1 }\n";

/// Reads until the other end closes; gives what came.
async fn until_closed(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    match timeout(PATIENCE, stream.read_to_end(&mut all)).await.context("it is not closed")? {
        Ok(_) => {}
        // What was on its way when it was closed.
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        Err(error) => return Err(error.into()),
    }
    Ok(all)
}

#[tokio::test]
async fn who_does_not_say_all_in_time_is_not_waited_for() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), QUICK).await?;
    let address = &scene.serving.address;
    let head = format!("POST /mcp/recording HTTP/1.1\r\nHost: {address}\r\n");
    let whole = format!(
        "{head}Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: 100\r\n\r\n"
    );
    for (what, said) in [
        ("nothing", String::new()),
        ("one byte, which could begin either version", "P".to_owned()),
        ("half of the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM".to_owned()),
        ("the preface and nothing more", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
        ("half of a head", head.clone()),
        ("a head and half of a body", format!("{whole}{{")),
    ] {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(said.as_bytes()).await?;
        let came = until_closed(&mut stream).await.context(what)?;
        if what.ends_with("a body") {
            ensure!(came.starts_with(b"HTTP/1.1 408"), "{what}: {:?}", String::from_utf8_lossy(&came));
        }
    }
    ensure!(scene.server.received()?.is_empty(), "something arrived");
    let request = modern(address, 1, "tools/call", &json!({ "name": "echo", "arguments": {} }));
    assert_eq!(scene.send(&request).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_asked_is_closed_and_one_that_waits_is_not() -> Result<()> {
    let mut script = Script::with_tools(&["slow", "echo"]);
    let waits = Step::AwaitLine { contains: "\"echo\"".to_owned() };
    script.on.insert("tools/call:slow".to_owned(), vec![waits, Step::Answer]);
    let scene = Scene::start(&script, QUICK).await?;
    let address = &scene.serving.address;
    let asked = |tool: &str| modern(address, 1, "tools/call", &json!({ "name": tool, "arguments": {} }));
    // One call is being answered all the time that others are given up for their silence.
    let mut waiting = asked("slow").open(address).await?;
    let kept = asked("echo").header("Connection", "keep-alive");
    let text = String::from_utf8(kept.bytes())?.replace("Connection: close\r\n", "");
    let text = text.replacen("\"echo\"", "\"none\"", 2);
    let mut idle = TcpStream::connect(address).await?;
    idle.write_all(text.as_bytes()).await?;
    let came = until_closed(&mut idle).await?;
    ensure!(came.starts_with(b"HTTP/1.1 "), "{:?}", String::from_utf8_lossy(&came));
    assert_eq!(scene.send(&asked("echo")).await?.status, 200);
    waiting.until("\"result\"").await?;
    Ok(())
}

/// What limits the sending of a request says nothing of the time between two.
#[tokio::test]
async fn a_connection_is_kept_for_as_long_as_was_said() -> Result<()> {
    let more = "anonymous: team\nlimits: { request_seconds: 1, connection_idle_seconds: 600 }\n";
    let scene = Scene::start(&Script::with_tools(&["echo"]), more).await?;
    let address = &scene.serving.address;
    let asked = modern(address, 1, "tools/call", &json!({ "name": "echo", "arguments": {} }));
    let text = String::from_utf8(asked.bytes())?.replace("Connection: close\r\n", "");
    let mut kept = TcpStream::connect(address).await?;
    for round in 0..2 {
        kept.write_all(text.as_bytes()).await?;
        let mut came = Vec::new();
        // Until nothing has come for longer than a request may take: neither more of the answer nor the end.
        while let Ok(read) = timeout(Duration::from_millis(2_500), kept.read_buf(&mut came)).await {
            ensure!(read? > 0, "round {round}: closed after {:?}", String::from_utf8_lossy(&came));
        }
        let came = String::from_utf8_lossy(&came);
        ensure!(came.contains("\"result\""), "round {round}: {came}");
    }
    // Half of another is given up as ever.
    kept.write_all(text.as_bytes().get(..40).context("a head")?).await?;
    until_closed(&mut kept).await.map(drop)
}

/// Who asks ahead while a large answer is still on its way gets all of it, however long that takes.
#[tokio::test]
async fn an_answer_that_is_taken_slowly_is_not_cut_off_for_what_was_asked_meanwhile() -> Result<()> {
    const LARGE: usize = 24 << 20;
    let more = "anonymous: team\nlimits: { message_bytes: 33554432, request_seconds: 4, connection_idle_seconds: 4 }\n";
    let mut script = Script::with_tools(&["large", "echo"]);
    let content = json!([{ "type": "text", "text": "x".repeat(LARGE) }]);
    let text = json!({ "resultType": "complete", "content": content, "isError": false }).to_string();
    script.on.insert("tools/call:large".to_owned(), vec![Step::Result { text }]);
    let scene = Scene::start(&script, more).await?;
    let address = &scene.serving.address;
    let asked = |tool: &str| -> Result<String> {
        let request = modern(address, 1, "tools/call", &json!({ "name": tool, "arguments": {} }));
        Ok(String::from_utf8(request.bytes())?.replace("Connection: close\r\n", ""))
    };
    // All that the system keeps on the way is less than the answer. It keeps several segments, which are of 64 KiB here: with
    // less it would say that there is room only when it is asked, at ever longer intervals.
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(256 << 10)?;
    let mut stream = socket.connect(address.parse()?).await?;
    stream.write_all(asked("large")?.as_bytes()).await?;
    let mut part = vec![0; 64 << 10];
    let (mut came, mut tail, mut is_ahead) = (0, Vec::new(), false);
    // Three megabytes in a second: the whole takes longer than a request may. The system asks for more when a third of the four
    // megabytes that it keeps is free, which has to be well within that time.
    while came < LARGE || !String::from_utf8_lossy(&tail).contains("HTTP/1.1 200") {
        let read = timeout(PATIENCE, stream.read(&mut part)).await.context("no more comes")??;
        ensure!(read > 0, "cut off after {came} bytes");
        came += read;
        tail.extend_from_slice(part.get(..read).unwrap_or_default());
        tail.drain(..tail.len().saturating_sub(4_096));
        if !is_ahead {
            stream.write_all(asked("echo")?.as_bytes()).await?;
            is_ahead = true;
        }
        tokio::time::sleep(Duration::from_millis(if came < LARGE { 20 } else { 0 })).await;
    }
    Ok(())
}

#[tokio::test]
async fn who_does_not_read_is_given_up_and_others_go_on() -> Result<()> {
    // More than all buffers on the way hold.
    let mut script = Script::with_tools(&["large", "echo"]);
    script.on.insert("tools/call:large".to_owned(), vec![Step::Progress { total: 200_000 }, Step::Answer]);
    let scene = Scene::start(&script, QUICK).await?;
    let address = &scene.serving.address;
    let asked = |tool: &str| {
        let request = modern(address, 1, "tools/call", &json!({ "name": tool, "arguments": {} }));
        request.replacing(r#""_meta":{"#, r#""_meta":{"progressToken":7,"#)
    };
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&asked("large").bytes()).await?;
    // The gateway gives up and tells the server so: it is what closing the stream means.
    let told = |server: &RecordingServer| Ok(!server.received_method("notifications/cancelled")?.is_empty());
    scene.server.wait_until("the cancellation", PATIENCE, told).await?;
    drop(stream);
    assert_eq!(scene.send(&asked("echo")).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn one_grant_s_requests_and_sessions_leave_room_for_others() -> Result<()> {
    let mut script = Script::with_tools(&["slow", "echo"]);
    let waits = Step::AwaitLine { contains: "never".to_owned() };
    script.on.insert("tools/call:slow".to_owned(), vec![waits]);
    let server = RecordingServer::new(&script)?;
    let config = format!(
        "servers:\n{}grants:\n  greedy: {{ servers: {{ recording: allow.yaml }} }}\n  \
         modest: {{ servers: {{ recording: allow.yaml }} }}\nlimits: {{ requests_of_grant: 3, sessions_of_grant: 2 }}\n",
        entry("recording", &server.command()?)?
    );
    let site = Site::new(&config)?;
    site.write("allow.yaml", "version: \"1\"\ndefault: allow\n")?;
    let [greedy, modest] = [site.token("greedy").await?, site.token("modest").await?];
    let serving = site.serve(|command| command).await?;
    let scene = Scene { site, serving, server };
    let address = &scene.serving.address;
    // Sessions.
    for _ in 0..2 {
        scene.initialize(Some(&greedy)).await?;
    }
    let third = with_token(scene.post(&crate::scene::initialize("2025-11-25")), Some(&greedy));
    assert_eq!(scene.send(&third).await?.status, 503);
    let session = scene.initialize(Some(&modest)).await?;
    // Requests.
    let asked = |tool: &str, token: &str| {
        let request = modern(address, 1, "tools/call", &json!({ "name": tool, "arguments": {} }));
        with_token(request, Some(token))
    };
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(asked("slow", &greedy).open(address).await?);
    }
    let all = |server: &RecordingServer| Ok(server.calls()?.len() == 3);
    scene.server.wait_until("three calls", PATIENCE, all).await?;
    let refused = scene.send(&asked("echo", &greedy)).await?;
    assert_eq!(refused.status, 429, "{refused:?}");
    assert_eq!(scene.send(&asked("echo", &modest)).await?.status, 200);
    let listed = with_token(scene.post(&call(2, "echo")).header("Mcp-Session-Id", &session), Some(&modest));
    assert_eq!(scene.send(&listed).await?.status, 200);
    // What one gives back may be used again.
    open.pop();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while scene.send(&asked("echo", &greedy)).await?.status != 200 {
        ensure!(tokio::time::Instant::now() < deadline, "its place is not given back");
    }
    Ok(())
}

/// Callers that begin at the same time never pass the limit together.
#[tokio::test]
async fn sessions_that_begin_at_once_keep_to_their_limit() -> Result<()> {
    const MOST: usize = 3;
    let more = format!("anonymous: team\nlimits: {{ sessions_of_grant: {MOST} }}\n");
    let scene = Scene::start(&Script::with_tools(&["echo"]), &more).await?;
    let address = &scene.serving.address;
    let begin = scene.post(&crate::scene::initialize("2025-11-25"));
    let begun = (0..40).map(|_| {
        let (begin, address) = (begin.clone(), address.clone());
        tokio::spawn(async move { begin.send(&address).await })
    });
    let begun: Vec<_> = begun.collect();
    let mut statuses = Vec::new();
    for begun in begun {
        statuses.push(begun.await??.status);
    }
    let of = |status: u16| statuses.iter().filter(|found| **found == status).count();
    assert_eq!((of(200), of(503)), (MOST, 40 - MOST), "{statuses:?}");
    assert_eq!(scene.server.pids()?.len(), MOST);
    Ok(())
}

#[tokio::test]
async fn addresses_that_differ_are_refused() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), "anonymous: team\n").await?;
    let address = &scene.serving.address;
    let good = modern(address, 1, "tools/call", &json!({ "name": "echo", "arguments": {} }));
    for (what, line) in [
        ("another address in the line", "POST http://attacker.example/mcp/recording HTTP/1.1"),
        ("a user in the line", "POST http://user@attacker.example/mcp/recording HTTP/1.1"),
    ] {
        let text = String::from_utf8(good.bytes())?.replace("POST /mcp/recording HTTP/1.1", line);
        let response = interlock_testkit::http::send_bytes(address, text.as_bytes()).await?;
        ensure!(response.status == 400, "{what}: {response:?}");
    }
    ensure!(scene.server.received()?.is_empty(), "something arrived");
    let line = format!("POST http://{address}/mcp/recording HTTP/1.1");
    let text = String::from_utf8(good.bytes())?.replace("POST /mcp/recording HTTP/1.1", &line);
    let response = interlock_testkit::http::send_bytes(address, text.as_bytes()).await?;
    ensure!(response.status == 200, "{response:?}");
    let _ = Request::new(address, "GET", "/");
    Ok(())
}
