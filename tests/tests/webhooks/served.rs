//! Webhooks of a gateway that serves many.

use anyhow::{Context, Result, ensure};
use interlock_store::Standing;
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

/// A message carries links that decide, once, for whom the policy names.
#[tokio::test]
async fn a_link_of_a_message_decides() -> Result<()> {
    const CONSOLE: &str = "https://ops.example.com";
    let receiver = receiver().await?;
    let hook = format!(
        "notify: {{ webhook: {{ url: \"{}\", decide_as: ada }} }}, approvers: [\"link:ada\"], hold: 0s",
        receiver.url("/")
    );
    let script = Script::with_tools(&["look", "pay"]);
    let more = format!("anonymous: team\nconsole: {{ url: \"{CONSOLE}\" }}\n");
    let scene = Scene::with_policy(&script, &asks(&hook), &more).await?;
    let people = People { data: scene.site.path().join("data") };
    let params = json!({ "name": "pay", "arguments": payment() });
    let call = modern(&scene.serving.address, 1, "tools/call", &params);
    assert_eq!(verdict(&scene.send(&call).await?.answer()?)?.0, "await_approval");
    let id = people.asked(1).await?.question.id;
    receiver.wait_until("the question", |arrived| arrived.len() == 1).await?;
    let approval = receiver.arrived()[0].json()["approval"].clone();
    assert_eq!(approval["link"], format!("{CONSOLE}/console/approvals/{id}"));
    assert_eq!(approval["decide"]["as"], "ada");
    let path = |key: &str| -> Result<String> {
        let url = approval["decide"][key].as_str().with_context(|| approval.to_string())?;
        Ok(url.strip_prefix(CONSOLE).with_context(|| url.to_owned())?.to_owned())
    };
    let admin = &scene.serving.admin;
    let page = Request::new(admin, "GET", &path("deny")?).send(admin).await?;
    ensure!(page.status == 200 && page.body.contains("value=\"deny\""), "{page:?}");
    assert_eq!(people.asked(1).await?.standing, Standing::Waiting, "to open it decides nothing");
    let form = Request::new(admin, "POST", &path("approve")?)
        .header("Origin", &format!("http://{admin}"))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body("verdict=approve&reason=agreed");
    assert_eq!(form.send(admin).await?.status, 303);
    assert_eq!(people.questions().await?[0].standing, Standing::Approved);
    receiver.wait_until("the decision", |arrived| arrived.len() == 2).await?;
    let decided = receiver.arrived()[1].json()["approval"].clone();
    assert_eq!(decided["decisions"][0]["by"], "link:ada");
    ensure!(decided["decide"].is_null(), "there is nothing left to decide: {decided}");
    assert_eq!(verdict(&scene.send(&call).await?.answer()?)?.0, "done");
    assert_eq!(scene.server.calls()?, [("pay".to_owned(), payment())]);
    Ok(())
}
