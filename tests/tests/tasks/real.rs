//! npm's reference server, one of whose tools can be called as a task alone, and a client of the extension.

use anyhow::Result;
use interlock_testkit::client::{PATIENCE, ScriptedClient};
use interlock_testkit::interlock::{ALLOW_ALL, Interlock};
use interlock_testkit::peers::Environment;
use interlock_testkit::recording::RecordingServer;
use interlock_tests::drive::{Client, words};
use interlock_tests::plan::{Run, Step};
use serde_json::{Value, json};

use crate::told::{OWN, able, modern, modern_server, result};

const TOOL: &str = "simulate-research-query";

async fn lists_it(client: &mut ScriptedClient, params: Value) -> Result<bool> {
    let listed = client.ask("tools/list", params).await?;
    let mut tools = listed["result"]["tools"].as_array().into_iter().flatten();
    Ok(tools.any(|tool| tool["name"] == TOOL))
}

#[tokio::test]
async fn a_task_that_asks_its_client_something() -> Result<()> {
    let server = Environment::find()?.node_server("server-everything");
    let interlock = Interlock::with_policy(ALLOW_ALL)?.server("everything");
    let mut client = interlock.connect(&server)?;
    let begun = client.initialize("2025-11-25").await?;
    assert!(begun["capabilities"]["tasks"]["requests"]["tools"]["call"].is_object(), "{begun}");
    assert!(lists_it(&mut client, json!({})).await?);
    let arguments = json!({ "topic": "python", "ambiguous": true });
    let params = json!({ "name": TOOL, "arguments": arguments, "task": { "ttl": 60_000 } });
    let made = client.ask("tools/call", params).await?;
    let name = made["result"]["task"]["taskId"].clone();
    assert!(name.is_string(), "{made}");
    let listed = client.ask("tasks/list", json!({})).await?;
    assert_eq!(listed["result"]["tasks"][0]["taskId"], name, "{listed}");
    let id = client.request("tasks/result", json!({ "taskId": name })).await?;
    let asked = client.wait_for("its question", |said| said["method"] == "elicitation/create").await?;
    assert_eq!(asked["params"]["_meta"]["io.modelcontextprotocol/related-task"]["taskId"], name, "{asked}");
    let answer = json!({ "action": "accept", "content": { "interpretation": "snake" } });
    client.send(json!({ "jsonrpc": "2.0", "id": asked["id"], "result": answer }).to_string()).await?;
    let result = client.response(&json!(id)).await?;
    assert!(
        result["result"]["content"][0]["text"].as_str().is_some_and(|text| text.contains("snake")),
        "{result}"
    );
    let stands = client.ask("tasks/get", json!({ "taskId": name })).await?;
    assert_eq!(
        (&stands["result"]["status"], &stands["result"]["taskId"]),
        (&json!("completed"), &name),
        "{stands}"
    );
    client.finish().await?;
    let found = |outcomes: &[Value]| outcomes.iter().any(|outcome| outcome["tool"] == TOOL);
    let outcomes = interlock.wait_for_records("outcome", PATIENCE, found).await?;
    let own = outcomes.iter().find(|outcome| outcome["tool"] == TOOL);
    assert_eq!(own.map(|outcome| &outcome["status"]), Some(&json!("ok")), "{outcomes:#?}");
    Ok(())
}

/// A modern client can do nothing with such a tool.
#[tokio::test]
async fn a_tool_that_needs_a_task_is_not_shown_to_whom_it_cannot_be_carried() -> Result<()> {
    let server = Environment::find()?.node_server("server-everything");
    let interlock = Interlock::with_policy(ALLOW_ALL)?.server("everything");
    let mut client = interlock.connect(&server)?;
    let meta = able(&json!({}));
    let offered = client.ask("server/discover", json!({ "_meta": meta })).await?;
    assert!(offered["result"]["capabilities"]["tools"].is_object(), "{offered}");
    assert!(!offered.to_string().contains("tasks"), "{offered}");
    assert!(!lists_it(&mut client, json!({ "_meta": meta })).await?);
    let params = json!({ "name": TOOL, "arguments": { "topic": "x" }, "_meta": meta });
    let refused = client.ask("tools/call", params).await?;
    let said = refused.to_string();
    assert!(said.contains("does not list") && !refused["result"]["taskId"].is_string(), "{refused}");
    let refused = client.ask("tasks/get", json!({ "taskId": "t", "_meta": meta })).await?;
    assert!(refused["error"]["code"].is_number(), "{refused}");
    client.finish().await?;
    Ok(())
}

/// The SDK from crates.io speaks the extension.
#[tokio::test]
async fn a_client_of_the_extension() -> Result<()> {
    let done = json!({ "result": { "content": [], "isError": false } });
    let offered = json!({ "resultType": "complete", "supportedVersions": ["2026-07-28"], "ttlMs": 0, "cacheScope": "private",
        "capabilities": { "tools": {}, "extensions": { "io.modelcontextprotocol/tasks": {} } } });
    let script = modern_server()
        .on("server/discover", [result(&offered)])
        .on("tasks/get", [result(&modern("complete", "completed", &done))])
        .on("tasks/cancel", [result(&json!({ "resultType": "complete" }))]);
    let server = RecordingServer::new(&script)?;
    let interlock = Interlock::with_policy(ALLOW_ALL)?.server("recording");
    let command = words(&interlock.before(&server.command()?)?)?;
    let steps = vec![Step::Task { name: "research".to_owned() }];
    let run = Run { command, url: None, version: "2026-07-28".to_owned(), handlers: true, steps };
    let reports = Client::Rmcp.drive(&Environment::find()?, &[], vec![run]).await?;
    let told = &reports[0].results[0]["ok"];
    assert_eq!(told["stands"]["status"], "completed", "{reports:#?}");
    assert_eq!(told["stands"]["taskId"], told["task"], "{reports:#?}");
    assert_ne!(told["task"], OWN);
    for method in ["tasks/get", "tasks/cancel"] {
        assert_eq!(server.received_method(method)?[0]["params"]["taskId"], OWN, "{method}");
    }
    Ok(())
}
