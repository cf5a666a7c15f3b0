//! Calls that go on as a task where their client can take one, once it has been kept waiting for long enough.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use interlock_testkit::client::{PATIENCE, ScriptedClient};
use interlock_testkit::http::Request;
use interlock_testkit::script::{Script, Step};
use serde_json::{Value, json};

use crate::desk::{Desk, People, approval_of, asks, payment, verdict};
use crate::scene::{Scene, records, with_token};

const TASKS: &str = "io.modelcontextprotocol/tasks";

/// A call of 2025-11-25 that asks for a task.
async fn made(agent: &mut ScriptedClient) -> Result<String> {
    let params = json!({ "name": "pay", "arguments": payment(), "task": { "ttl": 60_000 } });
    let answer = agent.ask("tools/call", params).await?;
    let task = &answer["result"]["task"];
    ensure!(task["status"] == "working" && task["ttl"].is_u64(), "{answer}");
    Ok(task["taskId"].as_str().with_context(|| answer.to_string())?.to_owned())
}

#[tokio::test]
async fn a_legacy_client_gets_the_task_that_it_asked_for() -> Result<()> {
    let desk = Desk::new(&asks("hold: 0s"))?;
    let mut agent = desk.connect().await?;
    let task = made(&mut agent).await?;
    let named = json!({ "taskId": task });
    let stands = agent.ask("tasks/get", named.clone()).await?;
    ensure!(stands["result"]["status"] == "working" && stands["result"]["taskId"] == *task, "{stands}");
    let result = agent.request("tasks/result", named.clone()).await?;
    let id = desk.asked(1).await?.question.id;
    ensure!(desk.paid()?.is_empty());
    desk.approve(&id).await?;
    let answer = agent.response(&json!(result)).await?;
    assert_eq!(verdict(&answer)?.0, "done");
    let related = &answer["result"]["_meta"]["io.modelcontextprotocol/related-task"];
    assert_eq!(related, &named, "{answer}");
    let stands = agent.ask("tasks/get", named.clone()).await?;
    ensure!(stands["result"]["status"] == "completed", "{stands}");
    let late = agent.ask("tasks/cancel", named).await?;
    ensure!(late["error"]["code"] == -32_602, "{late}");
    // The server makes no task of it, and hears of none.
    let arrived = desk.server.received_method("tools/call")?;
    ensure!(arrived.len() == 1 && arrived[0]["params"]["task"].is_null(), "{arrived:?}");
    ensure!(desk.server.received_method("tasks/get")?.is_empty());
    agent.finish().await?;
    // Every request about the task is recorded, and how the call ended.
    let outcomes = desk.interlock.records_of("outcome").await?;
    let of = |method: &str| outcomes.iter().filter(|one| one["method"] == method).count();
    assert_eq!((of("tools/call"), of("tasks/get"), of("tasks/result"), of("tasks/cancel")), (1, 2, 1, 1));
    Ok(())
}

#[tokio::test]
async fn what_is_cancelled_or_denied_is_not_made() -> Result<()> {
    let desk = Desk::new(&asks("hold: 0s"))?;
    let mut agent = desk.connect().await?;
    let task = made(&mut agent).await?;
    let cancelled = agent.ask("tasks/cancel", json!({ "taskId": task })).await?;
    ensure!(cancelled["result"]["status"] == "cancelled", "{cancelled}");
    let result = agent.ask("tasks/result", json!({ "taskId": task })).await?;
    ensure!(result["error"]["code"] == -32_602, "{result}");
    // The question stands, and the same call waits on for it.
    let task = made(&mut agent).await?;
    let id = desk.asked(1).await?.question.id;
    desk.say(&id, "user:alice", false).await?;
    let result = agent.ask("tasks/result", json!({ "taskId": task })).await?;
    ensure!(verdict(&result)?.1.contains("a person denied this call: as agreed"), "{result}");
    let stands = agent.ask("tasks/get", json!({ "taskId": task })).await?;
    ensure!(stands["result"]["status"] == "failed", "{stands}");
    ensure!(desk.paid()?.is_empty());
    Ok(())
}

/// Who asks for no task gets none, and neither does a tool that is only called as one of its server's.
#[tokio::test]
async fn a_task_is_for_who_can_take_it() -> Result<()> {
    let only = json!({ "tools": [{ "name": "pay", "inputSchema": { "type": "object" },
        "execution": { "taskSupport": "required" } }] });
    let script =
        Script::with_tools(&["look", "pay"]).on("tools/list", [Step::Result { text: only.to_string() }]);
    for (script, params) in [
        (Script::with_tools(&["look", "pay"]), json!({ "name": "pay", "arguments": payment() })),
        (script, json!({ "name": "pay", "arguments": payment(), "task": {} })),
    ] {
        let desk = Desk::before(&asks("hold: 0s"), &script)?;
        let mut agent = desk.connect().await?;
        let answer = agent.ask("tools/call", params).await?;
        assert_eq!(verdict(&answer)?.0, "await_approval", "{answer}");
        approval_of(&answer)?;
    }
    Ok(())
}

/// A modern request of a client that can take tasks.
fn able(scene: &Scene, id: u64, method: &str, mut params: Value) -> Request {
    let name = params["name"].as_str().or(params["taskId"].as_str()).unwrap_or_default().to_owned();
    params["_meta"] = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": { "elicitation": {}, "extensions": { TASKS: {} } } });
    let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    Request::post(&scene.serving.address, "/mcp/recording", &message.to_string())
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", method)
        .header("Mcp-Name", &name)
}

#[tokio::test]
async fn a_modern_client_that_takes_tasks_gets_one() -> Result<()> {
    let script = Script::with_tools(&["look", "pay"]);
    let scene = Scene::with_policy(&script, &asks("hold: 0s"), "anonymous: team\n").await?;
    let people = People { data: scene.site.path().join("data") };
    let call = json!({ "name": "pay", "arguments": payment() });
    let answer = scene.send(&able(&scene, 1, "tools/call", call)).await?.answer()?;
    let made = &answer["result"];
    ensure!(made["resultType"] == "task" && made["status"] == "working", "{answer}");
    let task = json!({ "taskId": made["taskId"] });
    let stands = scene.send(&able(&scene, 2, "tasks/get", task.clone())).await?.answer()?["result"].take();
    ensure!(stands["resultType"] == "complete" && stands["status"] == "working", "{stands}");
    let id = people.asked(1).await?.question.id;
    ensure!(scene.server.calls()?.is_empty());
    people.approve(&id).await?;
    let mut asked = 3;
    let stands = loop {
        let answer = scene.send(&able(&scene, asked, "tasks/get", task.clone())).await?.answer()?;
        ensure!(asked < 3_000, "{answer}");
        asked += 1;
        if answer["result"]["status"] != "working" {
            break answer;
        }
    };
    ensure!(stands["result"]["status"] == "completed", "{stands}");
    let result = json!({ "result": stands["result"]["result"] });
    assert_eq!(verdict(&result)?.0, "done", "{stands}");
    assert_eq!(scene.server.calls()?, [("pay".to_owned(), payment())]);
    // Nobody waits for what the server might ask first, and it is told so.
    let arrived = scene.server.received_method("tools/call")?;
    ensure!(!arrived[0].to_string().contains(TASKS), "{arrived:?}");
    for (id, method) in [(5_001, "tasks/update"), (5_002, "tasks/get")] {
        let answer = scene.send(&able(&scene, id, method, task.clone())).await?.answer()?;
        ensure!(answer["result"]["resultType"] == "complete", "{answer}");
    }
    let late = scene.send(&able(&scene, 5_003, "tasks/cancel", task)).await?.answer()?;
    ensure!(late["error"]["code"] == -32_602, "{late}");
    let outcomes = records(scene.site.path(), "outcome").await?;
    assert_eq!(outcomes.iter().filter(|one| one["method"] == "tools/call").count(), 1, "{outcomes:#?}");
    Ok(())
}

/// What was begun under a token ends with it, whoever approves it then.
#[tokio::test]
async fn a_task_ends_with_the_token_that_it_was_made_with() -> Result<()> {
    let script = Script::with_tools(&["look", "pay"]);
    let scene = Scene::with_policy(&script, &asks("hold: 0s"), "").await?;
    let people = People { data: scene.site.path().join("data") };
    let [first, second] = [scene.site.token("team").await?, scene.site.token("team").await?];
    let call = json!({ "name": "pay", "arguments": payment() });
    let made = with_token(able(&scene, 1, "tools/call", call), Some(&first));
    let answer = scene.send(&made).await?.answer()?;
    let task = json!({ "taskId": answer["result"]["taskId"] });
    let stands = async || -> Result<Value> {
        let request = with_token(able(&scene, 2, "tasks/get", task.clone()), Some(&second));
        Ok(scene.send(&request).await?.answer()?["result"].take())
    };
    assert_eq!(stands().await?["status"], "working");
    let id = people.asked(1).await?.question.id;
    let listed = scene.site.command(&["grants", "list", "--format", "json"])?.output().await?;
    let listed: Value = serde_json::from_slice(&listed.stdout)?;
    let token = listed[0]["tokens"][0]["token"].as_str().context("no name")?;
    let revoked = scene.site.command(&["grants", "revoke", "team", "--token", token])?.output().await?;
    ensure!(revoked.status.success(), "{revoked:?}");
    let deadline = Instant::now() + PATIENCE;
    let ended = loop {
        let now = stands().await?;
        if now["status"] != "working" {
            break now;
        }
        ensure!(Instant::now() < deadline, "it goes on: {now}");
    };
    ensure!(ended.to_string().contains("is good no more"), "{ended}");
    people.approve(&id).await?;
    // A benign twin, by whoever may still call, which has the log behind it.
    let call = able(&scene, 3, "tools/call", json!({ "name": "look", "arguments": {} }));
    scene.send(&with_token(call, Some(&second))).await?.answer()?;
    assert_eq!(scene.server.calls()?, [("look".to_owned(), json!({}))]);
    Ok(())
}

/// After a restart nobody knows the task; the question stands, and the same call waits on.
#[tokio::test]
async fn a_task_is_its_grant_s_and_its_process_s_alone() -> Result<()> {
    let desk = Desk::new(&asks("hold: 0s"))?;
    let mut agent = desk.connect().await?;
    let named = json!({ "taskId": made(&mut agent).await? });
    let mut stranger = desk.connect_as("stranger").await?;
    let unknown = stranger.ask("tasks/get", named.clone()).await?;
    ensure!(unknown["error"]["code"] == -32_602, "{unknown}");
    ensure!(agent.ask("tasks/get", named.clone()).await?["result"]["status"] == "working");
    let id = desk.asked(1).await?.question.id;
    agent.finish().await?;
    let mut next = desk.connect().await?;
    let unknown = next.ask("tasks/get", named).await?;
    ensure!(unknown["error"]["code"] == -32_602, "{unknown}");
    desk.approve(&id).await?;
    let call = json!({ "name": "pay", "arguments": payment(), "task": { "ttl": 60_000 } });
    assert_eq!(verdict(&next.ask("tools/call", call).await?)?.0, "done");
    assert_eq!(desk.paid()?.len(), 1);
    Ok(())
}
