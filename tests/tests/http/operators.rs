//! Health, readiness and metrics.

use anyhow::{Context, Result, ensure};
use interlock_testkit::client::PATIENCE;
use interlock_testkit::http::{Request, Response};
use interlock_testkit::script::{Script, Step};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::scene::{ALLOW_ALL, Scene, modern, records, with_token};

const ANYONE: &str = "anonymous: team\nhosts: [gateway.example]\n";

async fn get(admin: &str, path: &str) -> Result<Response> {
    Request::new(admin, "GET", path).send(admin).await
}

/// The value of the sample that begins so.
fn sample(text: &str, begins: &str) -> Option<f64> {
    text.lines().find(|line| line.starts_with(begins))?.rsplit(' ').next()?.parse().ok()
}

#[tokio::test]
async fn a_gateway_that_serves_is_alive_and_ready() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), ANYONE).await?;
    let admin = &scene.serving.admin;
    assert_eq!(get(admin, "/healthz").await?.body, "ok\n");
    // It has its address before it takes the first connection there.
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while get(admin, "/readyz").await?.status != 200 {
        ensure!(tokio::time::Instant::now() < deadline, "{:?}", get(admin, "/readyz").await?);
    }
    Ok(())
}

#[tokio::test]
async fn a_gateway_that_drains_is_alive_and_not_ready() -> Result<()> {
    let mut script = Script::with_tools(&["slow"]);
    let waits = Step::AwaitLine { contains: "never".to_owned() };
    script.on.insert("tools/call:slow".to_owned(), vec![waits, Step::Answer]);
    let scene = Scene::start(&script, &format!("{ANYONE}limits: {{ keep_alive_seconds: 1 }}\n")).await?;
    let (address, admin) = (scene.serving.address.clone(), scene.serving.admin.clone());
    let request = modern(&address, 1, "tools/call", &json!({ "name": "slow", "arguments": {} }));
    let _open = request.open(&address).await?;
    scene.server.wait_until("the call", PATIENCE, |server| Ok(server.calls()?.len() == 1)).await?;
    let stopping = tokio::spawn(scene.serving.stop());
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let said = loop {
        let response = get(&admin, "/readyz").await?;
        if response.status == 503 && response.body.contains("being stopped") {
            break response;
        }
        ensure!(tokio::time::Instant::now() < deadline, "{response:?}");
    };
    assert_eq!(said.answer()?["ready"], false);
    assert_eq!(get(&admin, "/healthz").await?.status, 200);
    stopping.await?
}

#[tokio::test]
async fn what_happens_is_counted() -> Result<()> {
    let policy = "version: \"1\"\ndefault: deny\ntools:\n  read: { rules: [{ rate_limit: 100/hour }] }\n";
    let scene = Scene::with_policy(&Script::with_tools(&["read", "write"]), policy, ANYONE).await?;
    let address = &scene.serving.address;
    scene.send(&modern(address, 1, "tools/list", &json!({}))).await?;
    for (id, tool) in ["read", "read", "write", "made-up"].into_iter().enumerate() {
        let request = modern(address, id as u64 + 2, "tools/call", &json!({ "name": tool, "arguments": {} }));
        assert_eq!(scene.send(&request).await?.status, 200);
    }
    scene.send(&modern(address, 9, "ping", &json!({})).header("Host", "attacker.example")).await?;
    let response = get(&scene.serving.admin, "/metrics").await?;
    let media = response.header("content-type").context("no media type")?;
    ensure!(media.starts_with("application/openmetrics-text"), "{media}");
    let text = &response.body;
    for (begins, expected) in [
        (
            r#"interlock_requests_total{server="recording",grant="team",method="tools/call",transport="http",version="2026-07-28"}"#,
            4.0,
        ),
        (
            r#"interlock_decisions_total{server="recording",grant="team",verdict="proceed",reason="allowed"}"#,
            2.0,
        ),
        (r#"interlock_decisions_total{server="recording",grant="team",verdict="deny",reason="policy"}"#, 2.0),
        (r#"interlock_tool_calls_total{server="recording",tool="read",verdict="proceed"}"#, 2.0),
        (r#"interlock_tool_calls_total{server="recording",tool="write",verdict="deny"}"#, 1.0),
        (r#"interlock_tool_calls_total{server="recording",tool="(other)",verdict="deny"}"#, 1.0),
        (r#"interlock_outcomes_total{server="recording",status="ok"}"#, 2.0),
        (r#"interlock_server_seconds_count{server="recording"}"#, 2.0),
        (r#"interlock_gateway_seconds_count{server="recording"}"#, 4.0),
        (r#"interlock_calls_in_flight{server="recording"}"#, 0.0),
        ("interlock_reservations_open", 0.0),
        (r#"interlock_settlements_total{how="commit"}"#, 2.0),
        (r#"interlock_refusals_total{from="http",code="403"}"#, 1.0),
        ("interlock_shared_connections", 1.0),
        ("interlock_sessions", 0.0),
    ] {
        assert_eq!(sample(text, begins), Some(expected), "{begins} in\n{text}");
    }
    ensure!(sample(text, r#"interlock_definitions_age_seconds{server="recording"}"#).is_some(), "{text}");
    ensure!(!text.contains("made-up"), "{text}");
    scene.site.write("allow.yaml", ALLOW_ALL)?;
    let reloads = r#"interlock_reloads_total{what="policy",result="applied"}"#;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while sample(&get(&scene.serving.admin, "/metrics").await?.body, reloads) != Some(1.0) {
        ensure!(tokio::time::Instant::now() < deadline, "the new policy is not counted");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_not_meant_for_the_listener_is_refused_and_recorded() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), ANYONE).await?;
    let admin = scene.serving.admin.clone();
    let grant = scene.site.token("team").await?;
    let operator = scene.site.admin_token("alice").await?;
    let metrics = || Request::new(&admin, "GET", "/metrics");
    for (what, request, status) in [
        ("another host", metrics().header("Host", "attacker.example"), 403),
        ("the data listener's host", metrics().header("Host", &scene.serving.address), 403),
        ("no host", metrics().without("Host"), 400),
        ("two hosts", metrics().also("Host", &admin), 400),
        ("a web page", metrics().header("Origin", "http://localhost"), 403),
        ("a grant's token", with_token(metrics(), Some(&grant)), 401),
        ("a token that nobody has", with_token(metrics(), Some("ila_00")), 401),
        ("the API without a token", Request::new(&admin, "GET", "/api/v1/servers"), 401),
        (
            "the API with a grant's",
            with_token(Request::new(&admin, "GET", "/api/v1/servers"), Some(&grant)),
            401,
        ),
    ] {
        let before = records(scene.site.path(), "refusal").await?.len();
        let response = request.send(&admin).await?;
        assert_eq!(response.status, status, "{what}: {response:?}");
        assert_eq!(response.header("content-type"), Some("application/problem+json"), "{what}");
        assert_eq!(records(scene.site.path(), "refusal").await?.len(), before + 1, "{what}");
    }
    for (what, request) in [
        ("as it is", metrics()),
        ("by a name of its own", metrics().header("Host", "gateway.example")),
        ("an operator's token", with_token(metrics(), Some(&operator))),
    ] {
        let response = request.send(&admin).await?;
        assert_eq!(response.status, 200, "{what}: {response:?}");
    }
    // An operator's token opens no server.
    let called = modern(&scene.serving.address, 1, "tools/list", &json!({}));
    let called = scene.send(&with_token(called, Some(&operator))).await?;
    assert_eq!(called.status, 401, "{called:?}");
    assert_eq!(scene.server.received()?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn an_address_that_others_reach_tells_strangers_nothing() -> Result<()> {
    let server = interlock_testkit::recording::RecordingServer::new(&Script::with_tools(&["echo"]))?;
    let config = format!(
        "hosts: [\"gateway.example\"]\nservers:\n{}grants:\n  team: {{ servers: {{ recording: allow.yaml }} }}\n",
        crate::scene::entry("recording", &server.command()?)?
    );
    let site = interlock_testkit::serving::Site::new(&config)?;
    site.write("allow.yaml", "version: \"1\"\ndefault: allow\n")?;
    let text = std::fs::read_to_string(site.config())?;
    site.write("interlock.yaml", &text.replace("admin: 127.0.0.1:0", "admin: 0.0.0.0:0"))?;
    let operator = site.admin_token("alice").await?;
    let serving = site.serve(|command| command).await?;
    let admin = serving.admin.replace("0.0.0.0", "127.0.0.1");
    let asked = |path: &str| Request::new("gateway.example", "GET", path);
    assert_eq!(asked("/metrics").send(&admin).await?.status, 401);
    assert_eq!(asked("/healthz").send(&admin).await?.status, 200);
    let metrics = with_token(asked("/metrics"), Some(&operator)).send(&admin).await?;
    assert_eq!(metrics.status, 200, "{metrics:?}");
    serving.stop().await
}

/// There are few places for connections, and nobody who says nothing keeps one.
#[tokio::test]
async fn silent_connections_do_not_keep_operators_out() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), ANYONE).await?;
    let admin = &scene.serving.admin;
    let mut silent = Vec::new();
    for _ in 0..150 {
        silent.push(tokio::net::TcpStream::connect(admin).await?);
    }
    let deadline = tokio::time::Instant::now() + 3 * PATIENCE;
    while !get(admin, "/healthz").await.is_ok_and(|response| response.status == 200) {
        ensure!(tokio::time::Instant::now() < deadline, "nobody is answered");
    }
    Ok(())
}

/// A connection to the operators' listener from this address of the machine's own, which asked something and was
/// answered; `None` where it was closed instead.
async fn kept(admin: &str, from: &str) -> Result<Option<TcpStream>> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(format!("{from}:0").parse()?)?;
    let mut stream = socket.connect(admin.parse()?).await?;
    Ok(alive(admin, &mut stream).await.ok().map(|()| stream))
}

/// Asks on a connection that is kept.
async fn alive(admin: &str, stream: &mut TcpStream) -> Result<()> {
    stream.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {admin}\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"ok\n") {
        ensure!(stream.read_buf(&mut answer).await? > 0, "it was closed");
    }
    Ok(())
}

/// One address that takes all it can leaves places for others.
#[tokio::test]
async fn one_address_does_not_keep_the_others_out() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), ANYONE).await?;
    let admin = &scene.serving.admin;
    let mut taken = Vec::new();
    while let Some(stream) = kept(admin, "127.0.0.2").await? {
        taken.push(stream);
        ensure!(taken.len() < 128, "one address has every place");
    }
    ensure!(taken.len() > 10, "{} connections are few for one address", taken.len());
    assert_eq!(get(admin, "/healthz").await?.status, 200);
    // They were there all the while, and make place for others when they go.
    let first = taken.first_mut().context("no connection")?;
    alive(admin, first).await?;
    ensure!(kept(admin, "127.0.0.2").await?.is_none());
    drop(taken);
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while kept(admin, "127.0.0.2").await?.is_none() {
        ensure!(tokio::time::Instant::now() < deadline, "no place is given back");
    }
    Ok(())
}
