//! Where messages go is the policy's to say, and what it refers to has to be there.

use anyhow::{Result, ensure};
use interlock_testkit::client::PATIENCE;
use serde_json::json;

use crate::delivery::{announcing, desk};
use crate::desk::{Desk, asks, payment, verdict};
use crate::receiver::{receiver, verified};

#[tokio::test]
async fn a_reload_sends_the_next_messages_elsewhere() -> Result<()> {
    let (first, second) = (receiver().await?, receiver().await?);
    let desk = desk(&announcing(&first.url("/"), "hold: 0s"))?;
    let mut agent = desk.connect().await?;
    assert_eq!(verdict(&agent.call("pay", payment()).await?)?.0, "await_approval");
    first.wait_until("the question", |arrived| arrived.len() == 1).await?;

    // One whose secret is not there is not put in force.
    let broken = announcing(&second.url("/"), "hold: 0s").replace("file:secret", "file:none");
    desk.interlock.replace_policy(&broken)?;
    desk.interlock.wait_for_records("policy_rejected", PATIENCE, |found| !found.is_empty()).await?;
    let rejected = desk.interlock.records_of("policy_rejected").await?.remove(0);
    ensure!(rejected["reason"].as_str().is_some_and(|why| why.contains("`none`")), "{rejected}");
    let other = json!({ "amount": 1, "to": "acme" });
    assert_eq!(verdict(&agent.call("pay", other).await?)?.0, "await_approval");
    first.wait_until("the second question", |arrived| arrived.len() == 2).await?;

    desk.interlock.replace_policy(&announcing(&second.url("/"), "hold: 0s"))?;
    desk.interlock.wait_for_records("policy_reload", PATIENCE, |found| !found.is_empty()).await?;
    let third = json!({ "amount": 2, "to": "acme" });
    assert_eq!(verdict(&agent.call("pay", third).await?)?.0, "await_approval");
    second.wait_until("the third question", |arrived| arrived.len() == 1).await?;
    verified(&second.arrived()[0])?;
    assert_eq!(first.arrived().len(), 2);
    Ok(())
}

#[tokio::test]
async fn nothing_starts_where_the_secret_is_not_there() -> Result<()> {
    for reference in ["${file:missing}", "${INTERLOCK_TEST_NO_SUCH_NAME}"] {
        let hook =
            format!("notify: {{ webhook: {{ url: \"https://example.com/\", secret: \"{reference}\" }} }}");
        let desk = Desk::new(&asks(&hook))?;
        let output = desk.interlock.before(&desk.server.command()?)?.output().await?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code() == Some(2) && said.contains("the `secret` of the webhook"), "{said}");
        ensure!(desk.server.received()?.is_empty(), "its server was not started");
    }
    Ok(())
}

#[tokio::test]
async fn an_address_of_the_environment_is_held_to_the_same() -> Result<()> {
    let hook = "notify: { webhook: { url: \"${HOOK}\", format: slack } }";
    let desk = Desk::new(&asks(hook))?;
    for (address, starts) in [("http://example.com/T0KEN", false), ("http://127.0.0.1:9/", true)] {
        let command = desk.interlock.before(&desk.server.command()?)?.env("HOOK", address);
        let output = command.output().await?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success() == starts, "{address}: {said}");
        ensure!(starts || said.contains("`https://`") && !said.contains("T0KEN"), "{said}");
    }
    Ok(())
}
