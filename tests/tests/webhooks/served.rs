//! Webhooks of a gateway that serves many.

use anyhow::{Result, ensure};
use interlock_testkit::http::Request;
use interlock_testkit::script::Script;
use serde_json::json;

use crate::desk::{People, asks, payment, verdict};
use crate::receiver::{kinds, receiver};
use crate::scene::{Scene, modern};

#[tokio::test]
async fn a_gateway_announces_and_counts() -> Result<()> {
    let receiver = receiver().await?;
    let hook = format!("notify: {{ webhook: {{ url: \"{}\" }} }}, hold: 0s", receiver.url("/"));
    let script = Script::with_tools(&["look", "pay"]);
    let scene = Scene::with_policy(&script, &asks(&hook), "anonymous: team\n").await?;
    let people = People { data: scene.site.path().join("data") };
    let params = json!({ "name": "pay", "arguments": payment() });
    let call = modern(&scene.serving.address, 1, "tools/call", &params);
    let answer = scene.send(&call).await?.answer()?;
    assert_eq!(verdict(&answer)?.0, "await_approval");
    let id = people.asked(1).await?.question.id;
    receiver.wait_until("the question", |arrived| arrived.len() == 1).await?;
    ensure!(receiver.arrived()[0].header("webhook-signature").is_none(), "there is no secret");
    // Somebody decides in another process.
    people.say(&id, "user:alice", false).await?;
    receiver.wait_until("the decision", |arrived| arrived.len() == 2).await?;
    assert_eq!(kinds(&receiver.arrived()), ["approval.asked", "approval.decided"]);
    assert_eq!(receiver.arrived()[1].json()["approval"]["state"], "denied");
    let metrics = Request::new(&scene.serving.admin, "GET", "/metrics").send(&scene.serving.admin).await?;
    let delivered = "interlock_webhooks_total{result=\"delivered\"} 2";
    ensure!(metrics.body.lines().any(|line| line == delivered), "{}", metrics.body);
    ensure!(scene.server.calls()?.is_empty());
    Ok(())
}
