//! Tasks of 2025-11-25, which the client asks for.

use anyhow::Result;
use interlock_testkit::interlock::ALLOW_ALL;
use interlock_testkit::script::{Script, Step};
use interlock_tests::wrapped::Wrapped;
use serde_json::{Value, json};

use crate::told::{OWN, asked, legacy, legacy_server, make_legacy, of_research, result};

#[tokio::test]
async fn a_task_has_a_name_of_its_caller_s_own() -> Result<()> {
    let related = json!({ "io.modelcontextprotocol/related-task": { "taskId": OWN } });
    let done = json!({ "content": [{ "type": "text", "text": "done" }], "_meta": related });
    let script = legacy_server()
        .on("tasks/get", [result(&legacy("working"))])
        .on("tasks/cancel", [result(&legacy("working"))])
        .on("tasks/result", [result(&done)]);
    let mut wrapped = Wrapped::connect(ALLOW_ALL, "{}", &script).await?;
    let name = make_legacy(&mut wrapped).await?;
    assert!(!name.contains(OWN), "{name}");
    assert_eq!(make_legacy(&mut wrapped).await?, name, "one task has one name");
    for method in ["tasks/get", "tasks/cancel", "tasks/result"] {
        let answer = wrapped.client.ask(method, json!({ "taskId": name })).await?;
        let said = answer["result"].to_string();
        assert!(said.contains(&name) && !said.contains(OWN), "{method}: {answer}");
        assert_eq!(asked(&wrapped, method)?[0], OWN, "{method}");
    }
    wrapped.finish().await?;
    wrapped.refusals(0).await.map(drop)
}

/// A name that was not given out reaches no server, and nobody learns whether there is such a task.
#[tokio::test]
async fn a_task_that_is_not_the_caller_s_is_unknown() -> Result<()> {
    let script = legacy_server()
        .on("tasks/get", [result(&legacy("working"))])
        .on("tasks/cancel", [result(&legacy("cancelled"))])
        .on("tasks/result", [result(&json!({ "content": [] }))]);
    let mut wrapped = Wrapped::connect(ALLOW_ALL, "{}", &script).await?;
    let name = make_legacy(&mut wrapped).await?;
    let altered = name.replacen(&name[..1], if name.starts_with('0') { "1" } else { "0" }, 1);
    let names = [OWN, "", &altered, &name[2..], &name.to_uppercase(), &format!("{name} ")];
    for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
        for wrong in names {
            let answer = wrapped.client.ask(method, json!({ "taskId": wrong })).await?;
            assert_eq!(answer["error"]["code"], -32_602, "{method} {wrong}: {answer}");
            let said = answer["error"]["message"].as_str().unwrap_or_default();
            assert!(said.starts_with("unknown task"), "{answer}");
        }
        assert!(wrapped.client.ask(method, json!({ "taskId": name })).await?["result"].is_object());
        assert_eq!(asked(&wrapped, method)?, [OWN], "{method}");
    }
    wrapped.finish().await?;
    wrapped.refusals(3 * names.len()).await.map(drop)
}

/// A server may know all tasks by one credential.
#[tokio::test]
async fn a_list_shows_one_s_own_alone() -> Result<()> {
    let mut others = legacy("working");
    others["taskId"] = json!("somebody-else-s");
    let page = json!({ "tasks": [others, legacy("completed"), { "status": "working" }], "nextCursor": "2" });
    let script = legacy_server().on("tasks/list", [result(&page)]);
    let mut wrapped = Wrapped::connect(ALLOW_ALL, "{}", &script).await?;
    let before = wrapped.client.ask("tasks/list", json!({})).await?;
    assert_eq!(before["result"]["tasks"], json!([]), "{before}");
    let name = make_legacy(&mut wrapped).await?;
    let listed = wrapped.client.ask("tasks/list", json!({})).await?;
    let names: Vec<&Value> =
        listed["result"]["tasks"].as_array().into_iter().flatten().map(|task| &task["taskId"]).collect();
    assert_eq!(names, [&name], "{listed}");
    assert_eq!(listed["result"]["nextCursor"], "2", "{listed}");
    let outcomes = wrapped.outcomes(3).await?;
    assert_eq!(of_research(&outcomes)[0]["status"], "ok", "the list says that it has ended: {outcomes:#?}");
    wrapped.finish().await
}

#[tokio::test]
async fn news_of_a_task_is_its_caller_s_alone() -> Result<()> {
    let news = |task: &str| {
        let mut params = legacy("working");
        params["taskId"] = json!(task);
        Step::Notify { method: "notifications/tasks/status".to_owned(), params }
    };
    let asks = Step::Ask {
        id: "\"q\"".to_owned(),
        method: "roots/list".to_owned(),
        params: json!({ "_meta": { "io.modelcontextprotocol/related-task": { "taskId": OWN } } }),
    };
    let script =
        legacy_server().on("tools/call:echo", [news("somebody-else-s"), news(OWN), asks, Step::Answer]);
    let mut wrapped = Wrapped::connect(ALLOW_ALL, "{}", &script).await?;
    let name = make_legacy(&mut wrapped).await?;
    let id = wrapped.client.request("tools/call", json!({ "name": "echo", "arguments": {} })).await?;
    let question =
        wrapped.client.wait_for("the question", |message| message["method"] == "roots/list").await?;
    let related = &question["params"]["_meta"]["io.modelcontextprotocol/related-task"];
    assert_eq!(related["taskId"], name, "{question}");
    let answer = json!({ "jsonrpc": "2.0", "id": question["id"],
        "result": { "roots": [], "_meta": { "io.modelcontextprotocol/related-task": related } } });
    wrapped.client.send(answer.to_string()).await?;
    wrapped.client.response(&json!(id)).await?;
    let told: Vec<String> = wrapped.client.unclaimed();
    assert!(told.len() == 1 && told[0].contains(&name), "{told:#?}");
    let roots = wrapped.server.received()?.into_iter().find(|line| line.contains("\"roots\":[]"));
    assert!(roots.as_ref().is_some_and(|line| line.contains(OWN) && !line.contains(&name)), "{roots:?}");
    wrapped.finish().await?;
    let refusals = wrapped.refusals(1).await?;
    assert_eq!(refusals[0]["category"], "server", "{refusals:#?}");
    Ok(())
}

/// An answer that tells of another task than was asked for is not passed on.
#[tokio::test]
async fn another_task_s_state_is_not_told() -> Result<()> {
    let mut other = legacy("completed");
    other["taskId"] = json!("somebody-else-s");
    let script = legacy_server().on("tasks/get", [result(&other)]);
    let mut wrapped = Wrapped::connect(ALLOW_ALL, "{}", &script).await?;
    let name = make_legacy(&mut wrapped).await?;
    let answer = wrapped.client.ask("tasks/get", json!({ "taskId": name })).await?;
    assert_eq!(answer["error"]["code"], 50_201, "{answer}");
    assert!(!answer.to_string().contains("somebody"), "{answer}");
    wrapped.finish().await?;
    wrapped.refusals(1).await.map(drop)
}

/// What looks like a task and was not asked for is a result as any other.
#[tokio::test]
async fn a_result_is_no_task_unless_one_was_asked_for() -> Result<()> {
    let mut wrapped = Wrapped::connect(ALLOW_ALL, "{}", &legacy_server()).await?;
    let answer = wrapped.client.call("research", json!({})).await?;
    assert_eq!(answer["result"]["task"]["taskId"], OWN, "{answer}");
    assert_eq!(wrapped.outcomes(1).await?[0]["status"], "ok");
    wrapped.finish().await?;
    let nameless =
        Script::with_tools(&["research"]).on("tools/call:research", [result(&json!({ "task": {} }))]);
    let mut wrapped = Wrapped::connect(ALLOW_ALL, "{}", &nameless).await?;
    let params = json!({ "name": "research", "arguments": {}, "task": {} });
    let answer = wrapped.client.ask("tools/call", params).await?;
    assert_eq!(answer["error"]["code"], 50_201, "{answer}");
    wrapped.finish().await
}
