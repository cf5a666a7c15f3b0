//! News of changed lists, in every pairing of eras and transports.

use anyhow::{Context, Result};
use interlock_testkit::client::{PATIENCE, ScriptedClient};
use interlock_testkit::interlock::{ALLOW_ALL, Interlock};
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::recording_http::{RecordingHttp, Seen, Speaks};
use interlock_testkit::script::{LEGACY, MODERN, Script, Step};
use interlock_testkit::serving::Site;
use serde_json::{Value, json};

use crate::over_http::modern;
use crate::over_stdio::params;

const CHANGED: &str = "notifications/tools/list_changed";

fn grow() -> Value {
    json!({ "name": "grow", "arguments": {} })
}

/// Over stdio: a server that announces other tools while `grow` is called.
fn stdio(versions: &[&str]) -> Script {
    let script = Script::with_tools(&["grow"]).speaking(versions);
    let announce = Step::Notify { method: CHANGED.to_owned(), params: json!({}) };
    if versions == LEGACY {
        return script.on("tools/call:grow", [announce, Step::Answer]);
    }
    let subscription = r#"{"_meta":{"io.modelcontextprotocol/subscriptionId":$ID}"#;
    let line = |method: &str, more: &str| Step::Line {
        text: format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{subscription}{more}}}}}"#),
    };
    let agreed =
        line("notifications/subscriptions/acknowledged", r#","notifications":{"toolsListChanged":true}"#);
    let called = Step::AwaitLine { contains: "\"grow\"".to_owned() };
    script.on("subscriptions/listen", [agreed, called, line(CHANGED, "")])
}

/// Waits until what brings the news reaches the server.
async fn listens(server: &RecordingHttp, speaks: Speaks) -> Result<()> {
    if speaks == Speaks::Modern {
        let listens = |seen: &[Seen]| {
            let listen = |seen: &Seen| matches!(seen, Seen::Message(message) if message["method"] == "subscriptions/listen");
            seen.iter().any(listen)
        };
        server.wait_until("the subscription", listens).await?;
    }
    server.wait_until_it_is_listened_to().await
}

async fn told(client: &mut ScriptedClient, is_modern: bool, name: &str) -> Result<()> {
    let what = format!("the news; modern client: {is_modern}, before {name}");
    client.wait_for(&what, |message| message["method"] == CHANGED).await.map(drop)
}

#[tokio::test]
async fn over_stdio_before_stdio() -> Result<()> {
    for is_modern in [false, true] {
        for versions in [LEGACY, MODERN] {
            let server = RecordingServer::new(&stdio(versions))?;
            let interlock = Interlock::with_policy(ALLOW_ALL)?.server("recording");
            let mut client = interlock.connect(&server.command()?)?;
            begin(&mut client, is_modern).await?;
            if versions == MODERN {
                let listens = |server: &RecordingServer| {
                    Ok(!server.received_method("subscriptions/listen")?.is_empty())
                };
                server.wait_until("the subscription", PATIENCE, listens).await?;
            }
            call(&mut client, is_modern).await?;
            told(&mut client, is_modern, versions[0]).await?;
        }
    }
    Ok(())
}

/// Greets, and listens for news of tools.
async fn begin(client: &mut ScriptedClient, is_modern: bool) -> Result<()> {
    if !is_modern {
        return client.initialize("2025-11-25").await.map(drop);
    }
    let filter = json!({ "notifications": { "toolsListChanged": true } });
    client.request("subscriptions/listen", params(&filter, &json!({}))).await?;
    let acknowledged = "notifications/subscriptions/acknowledged";
    let agreed = client.wait_for("that it listens", |message| message["method"] == acknowledged).await?;
    assert_eq!(agreed["params"]["notifications"]["toolsListChanged"], true, "{agreed}");
    Ok(())
}

async fn call(client: &mut ScriptedClient, is_modern: bool) -> Result<()> {
    let call = if is_modern { params(&grow(), &json!({})) } else { grow() };
    let answer = client.ask("tools/call", call).await?;
    assert!(answer["result"].is_object(), "{answer}");
    Ok(())
}

#[tokio::test]
async fn over_stdio_before_http() -> Result<()> {
    for is_modern in [false, true] {
        for speaks in [Speaks::Legacy, Speaks::Modern, Speaks::Sse] {
            let server = RecordingHttp::start(speaks).await?;
            let interlock = Interlock::with_policy(ALLOW_ALL)?.server("recording");
            let mut client = ScriptedClient::spawn(&interlock.reaching(&server.url)?)?;
            begin(&mut client, is_modern).await?;
            listens(&server, speaks).await?;
            call(&mut client, is_modern).await?;
            told(&mut client, is_modern, &format!("{speaks:?}")).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn over_modern_http_before_http() -> Result<()> {
    for speaks in [Speaks::Legacy, Speaks::Modern, Speaks::Sse] {
        let server = RecordingHttp::start(speaks).await?;
        let config = format!(
            "servers:\n  recording: {}\ngrants:\n  team: {{ servers: {{ recording: allow.yaml }} }}\nanonymous: team\n",
            json!({ "url": server.url })
        );
        let site = Site::new(&config)?;
        site.write("allow.yaml", ALLOW_ALL)?;
        let serving = site.serve(|command| command).await?;
        let address = &serving.address;
        let filter = json!({ "notifications": { "toolsListChanged": true } });
        let mut stream = modern(address, 1, "subscriptions/listen", &filter).open(address).await?;
        stream.until("acknowledged").await?;
        listens(&server, speaks).await?;
        let answer = modern(address, 2, "tools/call", &grow()).send(address).await?.answer()?;
        assert!(answer["result"].is_object(), "{answer}");
        stream.until(CHANGED).await.with_context(|| format!("before {speaks:?}"))?;
        drop(stream);
        serving.stop().await?;
    }
    Ok(())
}
