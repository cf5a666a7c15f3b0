//! A call that goes on as a task counts until its task has ended, and its outcome is that of the task.

use anyhow::Result;
use interlock_testkit::client::PATIENCE;
use interlock_testkit::script::{Script, Step};
use interlock_tests::wrapped::Wrapped;
use serde_json::{Value, json};

use crate::told::{
    ONCE, OWN, able, about, legacy, legacy_server, make_legacy, make_modern, modern, modern_server,
    of_research, result,
};

fn is_denied(answer: &Value) -> bool {
    answer["result"]["isError"] == true
}

/// Makes a task, asks for it by `method`, and says how its call was recorded to have ended; whether it was given back is
/// tried by making another.
async fn ended(script: Script, is_modern: bool, method: &str) -> Result<(Value, bool)> {
    let mut wrapped = match is_modern {
        true => Wrapped::start(ONCE, "{}", &script)?,
        false => Wrapped::connect(ONCE, "{}", &script).await?,
    };
    let again = |meta: Value| json!({ "name": "research", "arguments": {}, "task": {}, "_meta": meta });
    let again = again(if is_modern { able(&json!({})) } else { json!({}) });
    let name = if is_modern { make_modern(&mut wrapped).await? } else { make_legacy(&mut wrapped).await? };
    let other = wrapped.client.ask("tools/call", again.clone()).await?;
    assert!(is_denied(&other), "it is reserved while the task goes on: {other}");
    let params = if is_modern { about(&name) } else { json!({ "taskId": name }) };
    wrapped.client.ask(method, params).await?;
    let outcomes = wrapped.outcomes(2).await?;
    let outcome = of_research(&outcomes)[0].clone();
    let refunded = !is_denied(&wrapped.client.ask("tools/call", again).await?);
    wrapped.finish().await?;
    Ok((json!([outcome["status"], outcome["settled"]]), refunded))
}

#[tokio::test]
async fn as_2025_11_25_says_it() -> Result<()> {
    let failed = json!({ "content": [], "isError": true });
    for (method, answer, expected, refunded) in [
        ("tasks/get", result(&legacy("completed")), json!(["ok", "commit"]), false),
        ("tasks/get", result(&legacy("failed")), json!(["tool_error", "refund"]), true),
        ("tasks/get", result(&legacy("cancelled")), json!(["cancelled", "commit"]), false),
        ("tasks/cancel", result(&legacy("cancelled")), json!(["cancelled", "commit"]), false),
        ("tasks/result", result(&json!({ "content": [] })), json!(["ok", "commit"]), false),
        ("tasks/result", result(&failed), json!(["tool_error", "refund"]), true),
    ] {
        let found = ended(legacy_server().on(method, [answer]), false, method).await?;
        assert_eq!(found, (expected, refunded), "{method}");
    }
    Ok(())
}

#[tokio::test]
async fn as_the_extension_says_it() -> Result<()> {
    let good = json!({ "result": { "content": [] } });
    let bad = json!({ "result": { "content": [], "isError": true } });
    let broken = json!({ "error": { "code": -32_603, "message": "no" } });
    for (status, more, expected, refunded) in [
        ("completed", good, json!(["ok", "commit"]), false),
        ("completed", bad, json!(["tool_error", "refund"]), true),
        ("failed", broken, json!(["error", "refund"]), true),
        ("cancelled", json!({}), json!(["cancelled", "commit"]), false),
    ] {
        let script = modern_server().on("tasks/get", [result(&modern("complete", status, &more))]);
        let found = ended(script, true, "tasks/get").await?;
        assert_eq!(found, (expected, refunded), "{status} {more}");
    }
    Ok(())
}

/// A client that has cancelled may never ask again: the gateway does.
#[tokio::test]
async fn as_the_gateway_finds_out_itself() -> Result<()> {
    let script = modern_server()
        .on("tasks/cancel", [result(&json!({ "resultType": "complete" }))])
        .on("tasks/get", [result(&modern("complete", "cancelled", &json!({})))]);
    let mut wrapped = Wrapped::start(ONCE, "{}", &script)?;
    let name = make_modern(&mut wrapped).await?;
    wrapped.client.ask("tasks/cancel", about(&name)).await?;
    let outcomes = wrapped.outcomes(2).await?;
    assert_eq!(of_research(&outcomes)[0]["status"], "cancelled", "{outcomes:#?}");
    let looked = wrapped.server.received_method("tasks/get")?;
    assert_eq!(looked.len(), 1, "once: {looked:#?}");
    assert_eq!(looked[0]["params"]["taskId"], OWN);
    wrapped.finish().await
}

#[tokio::test]
async fn when_its_time_is_up() -> Result<()> {
    let mut made = modern("task", "working", &json!({}));
    made["ttlMs"] = json!(1);
    let script = Script::with_tools(&["research"]).on("tools/call:research", [result(&made)]);
    let mut wrapped = Wrapped::start(ONCE, "{}", &script)?;
    make_modern(&mut wrapped).await?;
    let outcomes = wrapped.outcomes(1).await?;
    assert_eq!(outcomes[0]["status"], "timed_out", "{outcomes:#?}");
    wrapped.finish().await
}

/// A server that ends takes its tasks with it.
#[tokio::test]
async fn when_the_server_ends() -> Result<()> {
    let script = legacy_server().on("tools/call:echo", [Step::Exit { code: 0 }]);
    let mut wrapped = Wrapped::connect(ONCE, "{}", &script).await?;
    make_legacy(&mut wrapped).await?;
    wrapped.client.request("tools/call", json!({ "name": "echo", "arguments": {} })).await?;
    wrapped.client.wait().await?;
    let found = |outcomes: &[Value]| outcomes.len() >= 2;
    let outcomes = wrapped.interlock.wait_for_records("outcome", PATIENCE, found).await?;
    assert_eq!(of_research(&outcomes)[0]["status"], "disconnected", "{outcomes:#?}");
    Ok(())
}

/// What a server says unasked counts as well.
#[tokio::test]
async fn as_the_server_tells_unasked() -> Result<()> {
    let news = Step::Notify { method: "notifications/tasks/status".to_owned(), params: legacy("completed") };
    let script = legacy_server().on("tools/call:echo", [news, Step::Answer]);
    let mut wrapped = Wrapped::connect(ONCE, "{}", &script).await?;
    make_legacy(&mut wrapped).await?;
    wrapped.client.call("echo", json!({})).await?;
    let outcomes = wrapped.outcomes(2).await?;
    assert_eq!(of_research(&outcomes)[0]["status"], "ok", "{outcomes:#?}");
    wrapped.finish().await
}
