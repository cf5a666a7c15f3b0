//! Several gateways, one data directory.

use std::time::{Duration, Instant};

use anyhow::Result;
use interlock_testkit::interlock::{ALLOW_ALL, Interlock};
use interlock_testkit::recording::RecordingServer;
use serde_json::{Value, json};

use crate::way::listing;

const ALL: [&str; 2] = ["one", "two"];

/// Two processes that begin at once with servers that differ: one of them is the first, and the other is in quarantine.
#[tokio::test]
async fn one_of_two_is_the_first() -> Result<()> {
    let interlock = Interlock::with_policy(ALLOW_ALL)?.server("recording");
    let lists =
        ["a", "b"].map(|said| format!(r#"[{{"name":"one","description":"{said}"}},{{"name":"two"}}]"#));
    let servers = lists.each_ref().map(|list| RecordingServer::new(&listing(&ALL, &[list])));
    let [first, second] = servers;
    let (first, second) = (first?, second?);
    let mut clients = [interlock.connect(&first.command()?)?, interlock.connect(&second.command()?)?];
    for client in &mut clients {
        client.initialize("2025-11-25").await?;
    }
    let mut ids = Vec::new();
    for client in &mut clients {
        ids.push(client.request("tools/call", json!({ "name": "one", "arguments": {} })).await?);
    }
    let mut passed = 0;
    for (client, id) in clients.iter_mut().zip(ids) {
        let answer = client.response(&json!(id)).await?;
        passed += usize::from(answer["result"]["isError"] != true);
    }
    assert_eq!(first.calls()?.len() + second.calls()?.len(), passed);
    assert!(passed <= 1, "both were taken");
    // By now both know that it was another: it is in quarantine in the one that was first, too, and the other tool is not.
    let deadline = Instant::now() + Duration::from_secs(10);
    for client in &mut clients {
        while !is_denied(&client.call("one", json!({})).await?) {
            assert!(Instant::now() < deadline, "the other process never heard of it");
        }
        assert!(!is_denied(&client.call("two", json!({})).await?));
    }
    for client in &mut clients {
        assert!(client.finish().await?.success());
    }
    Ok(())
}

fn is_denied(answer: &Value) -> bool {
    answer["result"]["isError"] == true
}
