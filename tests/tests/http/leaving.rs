//! Callers that leave while what they sent is being recorded: every intent has its outcome, and the outcome says what the
//! server got.

use anyhow::{Context, Result};
use interlock_testkit::client::PATIENCE;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use interlock_testkit::serving::Site;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::scene::{ALLOW_ALL, Scene, entry, records};

const CALLERS: usize = 200;

#[tokio::test]
async fn each_notification_beyond_the_protocol_has_one_outcome() -> Result<()> {
    let server = RecordingServer::new(&Script::with_tools(&["echo"]))?;
    let extended = |line: String| line.replacen('{', "{ \"extensions\": [\"notifications/odd\"], ", 1);
    let config = format!(
        "durability: power_loss\nservers:\n{}grants:\n  team: {{ servers: {{ recording: allow.yaml }} }}\n\
         anonymous: team\n",
        extended(entry("recording", &server.command()?)?)
    );
    let site = Site::new(&config)?;
    site.write("allow.yaml", ALLOW_ALL)?;
    let serving = site.serve(|command| command).await?;
    let scene = Scene { site, serving, server };
    let session = scene.initialize(None).await?;
    let odd = json!({ "jsonrpc": "2.0", "method": "notifications/odd" });
    let odd = scene.post(&odd).header("Mcp-Session-Id", &session);
    for number in 0..CALLERS {
        let mut stream = TcpStream::connect(&scene.serving.address).await?;
        stream.write_all(&odd.bytes()).await?;
        // Each leaves a little later than the one before.
        for _ in 0..number {
            tokio::task::yield_now().await;
        }
    }
    // The twin stays.
    let stayed = scene.send(&odd).await?;
    assert_eq!(stayed.status, 202, "{stayed:?}");
    let arrived = |server: &RecordingServer| Ok(!server.received_method("notifications/odd")?.is_empty());
    scene.server.wait_until("one that stayed", PATIENCE, arrived).await?;
    let Scene { site, serving, server } = scene;
    serving.stop().await?;
    let of = |kind: Vec<Value>| -> Vec<Value> {
        kind.into_iter().filter(|record| record["method"] == "notifications/odd").collect()
    };
    let intents = of(records(site.path(), "intent").await?);
    let outcomes = of(records(site.path(), "outcome").await?);
    let number = |record: &Value, key: &str| record[key].as_u64().context("no number");
    let mut made: Vec<u64> = intents.iter().map(|intent| number(intent, "seq")).collect::<Result<_>>()?;
    let mut ended: Vec<u64> =
        outcomes.iter().map(|outcome| number(outcome, "call")).collect::<Result<_>>()?;
    made.sort_unstable();
    ended.sort_unstable();
    assert_eq!(made, ended);
    let all = records(site.path(), "outcome").await?;
    assert!(all.iter().all(|outcome| outcome["status"] != "unknown"), "{all:#?}");
    let handed_over = outcomes.iter().filter(|outcome| outcome["status"] == "ok").count();
    assert_eq!(handed_over, server.received_method("notifications/odd")?.len());
    Ok(())
}
