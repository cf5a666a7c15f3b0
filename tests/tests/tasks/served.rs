//! Tasks of several grants, servers and lives of the gateway.

use anyhow::{Context, Result, ensure};
use interlock_testkit::http::Request;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::recording_http::{RecordingHttp, Speaks, TASK};
use interlock_testkit::script::{Script, Step};
use interlock_testkit::serving::Site;
use serde_json::{Value, json};

use crate::told::{OWN, able, legacy, legacy_server, modern, modern_server, result};

fn entry(name: &str, server: &RecordingServer) -> Result<String> {
    let words = server.command()?.line;
    let words: Vec<&str> = words.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    let (program, args) = words.split_first().context("no command")?;
    Ok(format!("  {name}: {}\n", json!({ "command": program, "args": args })))
}

/// A request of a client that can take tasks.
async fn ask(address: &str, path: &str, token: &str, method: &str, params: Value) -> Result<Value> {
    let mut params = params;
    params["_meta"] = able(&json!({}));
    let name = params["name"].as_str().or(params["taskId"].as_str()).unwrap_or_default().to_owned();
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let mut request = Request::post(address, path, &message.to_string())
        .header("Authorization", &format!("Bearer {token}"))
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", method);
    if !name.is_empty() {
        request = request.header("Mcp-Name", &name);
    }
    request.send(address).await?.answer()
}

async fn make(address: &str, path: &str, token: &str, tool: &str) -> Result<String> {
    let made = ask(address, path, token, "tools/call", json!({ "name": tool, "arguments": {} })).await?;
    Ok(made["result"]["taskId"].as_str().with_context(|| made.to_string())?.to_owned())
}

struct Scene {
    site: Site,
    first: RecordingServer,
    second: RecordingServer,
    alice: String,
    bob: String,
}

impl Scene {
    async fn new() -> Result<Self> {
        let working = result(&modern("complete", "working", &json!({})));
        Self::with(&modern_server().on("tasks/get", [working])).await
    }

    async fn with(script: &Script) -> Result<Self> {
        let (first, second) = (RecordingServer::new(script)?, RecordingServer::new(script)?);
        let config = format!(
            "servers:\n{}{}grants:\n  alice: {{ servers: {{ a: allow.yaml, b: allow.yaml }} }}\n  bob: {{ servers: {{ a: allow.yaml }} }}\n",
            entry("a", &first)?,
            entry("b", &second)?
        );
        let site = Site::new(&config)?;
        site.write("allow.yaml", "version: \"1\"\ndefault: allow\n")?;
        let (alice, bob) = (site.token("alice").await?, site.token("bob").await?);
        Ok(Self { site, first, second, alice, bob })
    }
}

/// Another grant's task, and that of another server, is an unknown one.
#[tokio::test]
async fn a_task_is_one_grant_s_at_one_server() -> Result<()> {
    let scene = Scene::new().await?;
    let serving = scene.site.serve(|command| command).await?;
    let address = &serving.address;
    let name = make(address, "/mcp/a", &scene.alice, "research").await?;
    for (path, token) in [("/mcp/a", &scene.bob), ("/mcp/b", &scene.alice)] {
        let refused = ask(address, path, token, "tasks/get", json!({ "taskId": name })).await?;
        ensure!(refused["error"]["code"] == -32_602, "{path}: {refused}");
        assert!(refused["error"]["message"].as_str().is_some_and(|said| said.starts_with("unknown task")));
    }
    assert!(scene.first.received_method("tasks/get")?.is_empty());
    assert!(scene.second.received_method("tasks/get")?.is_empty());
    let told = ask(address, "/mcp/a", &scene.alice, "tasks/get", json!({ "taskId": name })).await?;
    assert_eq!(told["result"]["taskId"], name, "{told}");
    assert_eq!(scene.first.received_method("tasks/get")?[0]["params"]["taskId"], OWN);
    serving.stop().await
}

/// A client keeps the names of its tasks; a gateway that was started anew knows them.
#[tokio::test]
async fn a_name_outlives_the_gateway() -> Result<()> {
    let scene = Scene::new().await?;
    let serving = scene.site.serve(|command| command).await?;
    let name = make(&serving.address, "/mcp/a", &scene.alice, "research").await?;
    serving.stop().await?;
    let serving = scene.site.serve(|command| command).await?;
    let told = ask(&serving.address, "/mcp/a", &scene.alice, "tasks/get", json!({ "taskId": name })).await?;
    assert_eq!(told["result"]["taskId"], name, "{told}");
    let refused = ask(&serving.address, "/mcp/a", &scene.bob, "tasks/get", json!({ "taskId": name })).await?;
    assert_eq!(refused["error"]["code"], -32_602, "{refused}");
    assert_eq!(scene.first.received_method("tasks/get")?.len(), 1);
    serving.stop().await
}

/// With all servers at once, a task's name says whose it is.
#[tokio::test]
async fn a_task_of_one_of_several_servers() -> Result<()> {
    let scene = Scene::new().await?;
    let serving = scene.site.serve(|command| command).await?;
    let address = &serving.address;
    let name = make(address, "/mcp", &scene.alice, "b__research").await?;
    let rest = name.strip_prefix("b__").with_context(|| name.clone())?;
    let told = ask(address, "/mcp", &scene.alice, "tasks/get", json!({ "taskId": name })).await?;
    assert_eq!(told["result"]["taskId"], name, "{told}");
    assert_eq!(scene.second.received_method("tasks/get")?[0]["params"]["taskId"], OWN);
    for wrong in [rest.to_owned(), format!("a__{rest}"), format!("b__{OWN}"), format!("c__{rest}")] {
        let refused = ask(address, "/mcp", &scene.alice, "tasks/get", json!({ "taskId": wrong })).await?;
        assert_eq!(refused["error"]["code"], -32_602, "{wrong}: {refused}");
    }
    assert!(scene.first.received_method("tasks/get")?.is_empty());
    assert_eq!(scene.second.received_method("tasks/get")?.len(), 1);
    serving.stop().await
}

/// The header that routes by task says what the body says.
#[tokio::test]
async fn the_header_of_a_task_is_held_to_the_body() -> Result<()> {
    let scene = Scene::new().await?;
    let serving = scene.site.serve(|command| command).await?;
    let name = make(&serving.address, "/mcp/a", &scene.alice, "research").await?;
    let params = json!({ "taskId": name, "_meta": able(&json!({})) });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tasks/get", "params": params });
    let request = Request::post(&serving.address, "/mcp/a", &message.to_string())
        .header("Authorization", &format!("Bearer {}", scene.alice))
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", "tasks/get");
    let refused = request.clone().header("Mcp-Name", "another").send(&serving.address).await?;
    assert_eq!((refused.status, refused.answer()?["error"]["code"].clone()), (400, json!(-32_020)));
    assert!(scene.first.received_method("tasks/get")?.is_empty());
    assert!(request.send(&serving.address).await?.answer()?["result"].is_object());
    serving.stop().await
}

/// A session of 2025-11-25 with all servers: one list of tasks, each with its server's name.
#[tokio::test]
async fn the_tasks_of_all_servers_are_one_list() -> Result<()> {
    let greeting = json!({ "protocolVersion": "2025-11-25", "serverInfo": { "name": "s", "version": "1" },
        "capabilities": { "tools": {}, "tasks": { "list": {}, "requests": { "tools": { "call": {} } } } } });
    let script = legacy_server()
        .on("initialize", [result(&greeting)])
        .on("tasks/list", [result(&json!({ "tasks": [legacy("working")] }))]);
    let scene = Scene::with(&script).await?;
    let serving = scene.site.serve(|command| command).await?;
    let post = |message: &Value| {
        Request::post(&serving.address, "/mcp", &message.to_string())
            .header("Authorization", &format!("Bearer {}", scene.alice))
    };
    let begin = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "c", "version": "1" } } });
    let begun = post(&begin).send(&serving.address).await?;
    let offered = &begun.answer()?["result"]["capabilities"]["tasks"];
    assert_eq!(*offered, json!({ "list": {}, "requests": { "tools": { "call": {} } } }), "{begun:?}");
    let session = begun.header("mcp-session-id").context("no session")?.to_owned();
    let ask =
        async |message: Value| post(&message).header("Mcp-Session-Id", &session).send(&serving.address).await;
    ask(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await?;
    let mut made = Vec::new();
    for tool in ["a__research", "b__research"] {
        let params = json!({ "name": tool, "arguments": {}, "task": {} });
        let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params });
        made.push(ask(call).await?.answer()?["result"]["task"]["taskId"].take());
    }
    let listed = ask(json!({ "jsonrpc": "2.0", "id": 3, "method": "tasks/list" })).await?.answer()?;
    let names: Vec<Value> = listed["result"]["tasks"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|task| task["taskId"].clone())
        .collect();
    assert_eq!(names, made, "{listed}");
    assert!(names[0].as_str().is_some_and(|name| name.starts_with("a__")), "{listed}");
    serving.stop().await
}

/// News of tasks at several servers comes on one subscription.
#[tokio::test]
async fn the_news_of_all_servers_is_told_on_one_subscription() -> Result<()> {
    let subscription = r#""_meta":{"io.modelcontextprotocol/subscriptionId":$ID}"#;
    let line = |method: &str, params: String| Step::Line {
        text: format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{{params},{subscription}}}}}"#),
    };
    let agreed = line(
        "notifications/subscriptions/acknowledged",
        format!(r#""notifications":{{"taskIds":["{OWN}"]}}"#),
    );
    let news = line("notifications/tasks", format!(r#""taskId":"{OWN}","status":"working""#));
    let scene = Scene::with(&modern_server().on("subscriptions/listen", [agreed, news])).await?;
    let serving = scene.site.serve(|command| command).await?;
    let address = &serving.address;
    let mut names = Vec::new();
    for tool in ["a__research", "b__research"] {
        names.push(make(address, "/mcp", &scene.alice, tool).await?);
    }
    let params = json!({ "notifications": { "taskIds": names }, "_meta": able(&json!({})) });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params });
    let request = Request::post(address, "/mcp", &message.to_string())
        .header("Authorization", &format!("Bearer {}", scene.alice))
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", "subscriptions/listen");
    let mut stream = request.open(address).await?;
    stream.until_times("\"status\":\"working\"", 2).await?;
    for name in &names {
        assert_eq!(stream.text.matches(name).count(), 2, "acknowledged and told: {}", stream.text);
    }
    assert!(!stream.text.contains(OWN), "{}", stream.text);
    drop(stream);
    serving.stop().await
}

/// A server behind HTTP is told of its task by its own name, in the header, too.
#[tokio::test]
async fn a_task_of_a_server_over_http() -> Result<()> {
    let server = RecordingHttp::start(Speaks::Modern).await?;
    let site = Site::new(&format!(
        "servers:\n  a: {}\ngrants:\n  alice: {{ servers: {{ a: allow.yaml }} }}\n",
        json!({ "url": server.url, "trust": "allow_changes" })
    ))?;
    site.write("allow.yaml", "version: \"1\"\ndefault: allow\n")?;
    let alice = site.token("alice").await?;
    let serving = site.serve(|command| command).await?;
    let name = make(&serving.address, "/mcp/a", &alice, "task").await?;
    let told = ask(&serving.address, "/mcp/a", &alice, "tasks/get", json!({ "taskId": name })).await?;
    assert_eq!(told["result"]["taskId"], name, "{told}");
    assert_eq!(server.of_method("tasks/get")[0]["params"]["taskId"], TASK);
    serving.stop().await
}
