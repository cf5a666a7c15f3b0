//! Traces: from a caller to its server, to a collector that takes them, and to one that does not.

use anyhow::{Context, Result, ensure};
use interlock_testkit::answering::{Answer, Answering};
use interlock_testkit::http::{Request, Response};
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::{LEGACY, Script};
use interlock_testkit::serving::{Serving, Site};
use serde_json::{Value, json};

use crate::authorized::{self, call_once, spoken};
use crate::scene::{Scene, call, entry, initialize, modern, records};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{SPAN}-{flags}")
}

fn telemetry(collector: &Answering, more: &str) -> String {
    format!(
        "telemetry: {{ traces: {{ endpoint: \"http://{}\", ratio: 1, headers: {{ X-Key: collectors-key }}{more} }} }}\n",
        collector.address
    )
}

async fn collector() -> Result<Answering> {
    Answering::start(|_| Answer::json(200, &json!({}))).await
}

/// A gateway before a server that speaks only older versions, and a policy that denies one tool.
async fn scene(collector: &Answering) -> Result<Scene> {
    let server = RecordingServer::new(&Script::with_tools(&["echo", "secret"]).speaking(LEGACY))?;
    let site = Site::new(&format!(
        "servers:\n{}grants:\n  team: {{ servers: {{ recording: policy.yaml }} }}\nanonymous: team\n{}",
        entry("recording", &server.command()?)?,
        telemetry(collector, "")
    ))?;
    site.write(
        "policy.yaml",
        "version: \"1\"\ndefault: deny\ntools:\n  echo:\n    limits: [{ counter: echoes, window: hour, max: 100, scope: server }]\n",
    )?;
    let serving = site.serve(|command| command).await?;
    Ok(Scene { site, serving, server })
}

/// All spans that the collector has.
fn spans(collector: &Answering) -> Vec<Value> {
    let requests = collector.arrived();
    let of = |request: Value| {
        let scopes = request["resourceSpans"][0]["scopeSpans"].as_array().cloned().unwrap_or_default();
        scopes.into_iter().flat_map(|scope| scope["spans"].as_array().cloned().unwrap_or_default())
    };
    requests.iter().flat_map(|request| of(request.json())).collect()
}

fn attribute<'s>(span: &'s Value, key: &str) -> Option<&'s str> {
    let found = span["attributes"].as_array()?.iter().find(|attribute| attribute["key"] == key)?;
    found["value"]["stringValue"].as_str()
}

fn named<'s>(spans: &'s [Value], name: &str, kind: u8) -> Result<&'s Value> {
    let found = spans.iter().find(|span| span["name"] == name && span["kind"] == kind);
    found.with_context(|| format!("no span `{name}`: {spans:#?}"))
}

fn nanos(span: &Value, key: &str) -> Result<u128> {
    span[key].as_str().and_then(|text| text.parse().ok()).with_context(|| format!("{key}: {span}"))
}

#[tokio::test]
async fn a_call_is_one_trace_from_its_caller_to_its_server() -> Result<()> {
    let collector = collector().await?;
    let scene = scene(&collector).await?;
    let session = scene.initialize(None).await?;
    let post = |message: &Value| {
        scene
            .post(message)
            .header("Mcp-Session-Id", &session)
            .header("traceparent", &traceparent("01"))
            .header("tracestate", "vendor=state")
    };
    let mut message = call(2, "echo");
    message["params"]["arguments"] = json!({ "text": "an-argument-SpokenQz" });
    let answer = scene.send(&post(&message)).await?.answer()?;
    ensure!(answer["result"]["structuredContent"]["tool"] == "echo", "{answer}");
    let denied = scene.send(&post(&call(3, "secret"))).await?.answer()?;
    ensure!(denied["result"]["isError"] == true, "{denied}");
    let meta = scene.server.received_method("tools/call")?[0]["params"]["_meta"].clone();
    let told = meta["traceparent"].as_str().context("the server is told nothing")?.to_owned();
    ensure!(told.starts_with(&format!("00-{TRACE}-")) && told.ends_with("-01"), "{told}");
    assert_eq!(meta["tracestate"], "vendor=state");
    scene.serving.stop().await?;
    let spans = spans(&collector);
    ensure!(spans.iter().all(|span| span["traceId"] == TRACE), "{spans:#?}");
    let whole = named(&spans, "tools/call echo", 2)?;
    assert_eq!((&whole["parentSpanId"], &whole["traceState"]), (&json!(SPAN), &json!("vendor=state")));
    for (key, value) in [
        ("mcp.method.name", "tools/call"),
        ("gen_ai.tool.name", "echo"),
        ("interlock.server", "recording"),
        ("interlock.grant", "team"),
        ("interlock.verdict", "proceed"),
        ("interlock.status", "ok"),
    ] {
        assert_eq!(attribute(whole, key), Some(value), "{key}");
    }
    let to_server = named(&spans, "tools/call echo", 3)?;
    assert_eq!(told, format!("00-{TRACE}-{}-01", to_server["spanId"].as_str().unwrap_or_default()));
    let end = nanos(whole, "endTimeUnixNano")?;
    for part in [
        named(&spans, "interlock.decide", 1)?,
        named(&spans, "interlock.reserve", 1)?,
        named(&spans, "interlock.record", 1)?,
        to_server,
    ] {
        assert_eq!(part["parentSpanId"], whole["spanId"], "{part}");
        ensure!(nanos(part, "startTimeUnixNano")? >= nanos(whole, "startTimeUnixNano")?, "{part}");
        ensure!(nanos(part, "startTimeUnixNano")? <= nanos(part, "endTimeUnixNano")?, "{part}");
        ensure!(nanos(part, "endTimeUnixNano")? <= end, "{part}");
    }
    let refused = named(&spans, "tools/call secret", 2)?;
    assert_eq!(attribute(refused, "interlock.verdict"), Some("deny"));
    assert_eq!((attribute(refused, "error.type"), &refused["status"]["code"]), (Some("policy"), &json!(2)));
    ensure!(!spans.iter().any(|span| span["name"] == "tools/call secret" && span["kind"] == 3), "{spans:#?}");
    for request in collector.arrived() {
        assert_eq!((request.path.as_str(), request.header("x-key")), ("/v1/traces", Some("collectors-key")));
        assert_eq!(request.header("content-type"), Some("application/json"));
        ensure!(
            !request.text().contains("SpokenQz") && !request.text().contains(&session),
            "{}",
            request.text()
        );
    }
    let intents = records(scene.site.path(), "intent").await?;
    let recorded = intents[0]["traceparent"].as_str().unwrap_or_default();
    assert_eq!(recorded, format!("00-{TRACE}-{}-01", whole["spanId"].as_str().unwrap_or_default()));
    Ok(())
}

#[tokio::test]
async fn a_modern_caller_says_it_in_the_message_and_whether_it_is_recorded() -> Result<()> {
    let collector = collector().await?;
    let scene = scene(&collector).await?;
    let address = &scene.serving.address;
    let ask = |id: u64, said: &str| {
        let version = "\"io.modelcontextprotocol/protocolVersion\"";
        modern(address, id, "tools/call", &json!({ "name": "echo", "arguments": {} }))
            .replacing(version, &format!("{said}{version}"))
    };
    let not_recorded = traceparent("00");
    scene.send(&ask(1, &format!("\"traceparent\":\"{not_recorded}\","))).await?;
    scene.send(&ask(2, &format!("\"traceparent\":\"{}\",", traceparent("01")))).await?;
    // One that is none is as good as none: a new trace begins.
    scene.send(&ask(3, "\"traceparent\":\"s3cret\",").header("traceparent", "00-nothing")).await?;
    let calls = scene.server.received_method("tools/call")?;
    let told: Vec<&str> =
        calls.iter().filter_map(|call| call["params"]["_meta"]["traceparent"].as_str()).collect();
    assert_eq!(told.first(), Some(&not_recorded.as_str()), "what is not recorded stays as it is");
    ensure!(told[1].starts_with(&format!("00-{TRACE}-")) && !told[1].contains(SPAN), "{told:?}");
    ensure!(told[2].len() == 55 && !told[2].contains(TRACE), "{told:?}");
    scene.serving.stop().await?;
    let spans = spans(&collector);
    let whole: Vec<&Value> = spans.iter().filter(|span| span["kind"] == 2).collect();
    assert_eq!(whole.len(), 2, "{spans:#?}");
    assert_eq!(whole[0]["parentSpanId"], SPAN);
    ensure!(whole[1]["parentSpanId"].is_null() && whole[1]["traceId"] != TRACE, "{whole:?}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_speaks_http_is_told_in_headers_too() -> Result<()> {
    let (collector, far) = (collector().await?, Answering::start(spoken).await?);
    let site = authorized::site(&far.url("/mcp"), "").await?;
    let text = std::fs::read_to_string(site.config())?;
    site.write("interlock.yaml", &format!("{text}{}", telemetry(&collector, "")))?;
    let serving = site.serve(|command| command).await?;
    let answer = call_once(&serving).await?.answer()?;
    ensure!(answer["result"]["content"][0]["text"] == "done", "{answer}");
    let arrived = far.arrived();
    let call = arrived.iter().find(|one| one.json()["method"] == "tools/call").context("no call")?;
    let told = call.json()["params"]["_meta"]["traceparent"].as_str().map(str::to_owned);
    ensure!(told.is_some() && call.header("traceparent").map(str::to_owned) == told, "{call:?}");
    serving.stop().await?;
    let spans = spans(&collector);
    let told = told.unwrap_or_default();
    ensure!(spans.iter().any(|span| told.contains(span["spanId"].as_str().unwrap_or("-"))), "{spans:#?}");
    Ok(())
}

async fn one_call(serving: &Serving, id: u64) -> Result<Response> {
    let request = modern(&serving.address, id, "tools/call", &json!({ "name": "echo", "arguments": {} }));
    request.send(&serving.address).await
}

/// The calls that were traced and came to this.
async fn traced(serving: &Serving, token: &str, result: &str) -> Result<u64> {
    let request =
        Request::new(&serving.admin, "GET", "/metrics").header("Authorization", &format!("Bearer {token}"));
    let text = request.send(&serving.admin).await?.body;
    let sample = format!("interlock_traces_total{{result=\"{result}\"}} ");
    let found = text.lines().find_map(|line| line.strip_prefix(&sample));
    found.map_or(Ok(0), |count| count.parse().with_context(|| count.to_owned()))
}

#[tokio::test]
async fn a_collector_that_hangs_or_is_away_holds_up_no_call() -> Result<()> {
    let hanging = Answering::start(|_| Answer::Never).await?;
    let nobody = Answering::start(|_| Answer::Never).await?;
    let gone = telemetry(&nobody, "");
    drop(nobody);
    for (what, more, result) in
        [("hangs", telemetry(&hanging, ", queue: 4"), "dropped"), ("is away", gone, "failed")]
    {
        let scene = Scene::start(&Script::with_tools(&["echo"]), &format!("anonymous: team\n{more}")).await?;
        let token = scene.site.admin_token("ops").await?;
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        let mut calls = 0;
        // Every one is answered, whatever becomes of its spans.
        while calls < 40 || traced(&scene.serving, &token, result).await? == 0 {
            calls += 1;
            let answer = one_call(&scene.serving, calls).await?.answer()?;
            ensure!(answer["result"]["structuredContent"]["tool"] == "echo", "{what}: {answer}");
            ensure!(std::time::Instant::now() < deadline, "{what}: nothing is counted after {calls} calls");
        }
        assert_eq!(traced(&scene.serving, &token, "exported").await?, 0, "{what}");
        let Scene { site, serving, server } = scene;
        assert_eq!(u64::try_from(server.calls()?.len())?, calls, "{what}");
        serving.stop().await?;
        assert_eq!(u64::try_from(records(site.path(), "outcome").await?.len())?, calls, "{what}");
    }
    Ok(())
}

#[tokio::test]
async fn without_traces_a_message_goes_on_as_it_is() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]).speaking(LEGACY), "anonymous: team\n").await?;
    let session = scene.initialize(None).await?;
    let request = scene.post(&call(2, "echo")).header("Mcp-Session-Id", &session);
    scene.send(&request.header("traceparent", &traceparent("01"))).await?;
    let calls = scene.server.received_method("tools/call")?;
    ensure!(calls[0]["params"].get("_meta").is_none(), "{calls:?}");
    let greeting = scene.post(&initialize("2025-11-25"));
    assert_eq!(scene.send(&greeting.header("traceparent", "\"")).await?.status, 200, "it is no matter here");
    Ok(())
}
