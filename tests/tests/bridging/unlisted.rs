//! Definitions where no list is: a client gets them through the lists, which policies and pins are asked about, or not
//! at all. In every pairing of eras.

use anyhow::Result;
use interlock_testkit::client::ScriptedClient;
use interlock_testkit::interlock::{ALLOW_ALL, Interlock};
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::{LEGACY, MODERN, Script, Step};
use interlock_testkit::serving::Site;
use serde_json::{Value, json};

use crate::over_http::{entry, modern};
use crate::over_stdio::params;

const CHANGED: &str = "notifications/tools/list_changed";

const TOOLS: &str = r#"[{"name":"grow","description":"DEFINED","inputSchema":{"type":"object"}}]"#;

/// What both eras have, with definitions where they have no place.
const OFFERED: &str = r#""tools":$T,"capabilities":{"tools":{"listChanged":true,"list":$T},"experimental":{"mine":{"a":1}},"more":$T}"#;

/// A server that says what its tools are wherever it can, in the texts of its versions.
fn script(versions: &[&str]) -> Script {
    let with_tools = |text: &str| text.replace("$OFFERED", OFFERED).replace("$T", TOOLS);
    let result = |text: &str| [Step::Result { text: with_tools(text) }];
    let line = |text: &str| Step::Line { text: with_tools(text) };
    let script = Script::with_tools(&["grow"]).speaking(versions);
    if versions == LEGACY {
        let news = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"tools":$T,"_meta":{"tools":$T}},"tools":$T}"#;
        return script
            .on("initialize", result(
                r#"{"protocolVersion":"2025-11-25",$OFFERED,"serverInfo":{"name":"s","version":"1","tools":$T}}"#,
            ))
            .on("tools/call:grow", [line(news), Step::Answer]);
    }
    let subscription = r#""_meta":{"io.modelcontextprotocol/subscriptionId":$ID"#;
    let agreed = format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{{{subscription}}},"notifications":{{"toolsListChanged":true}}}}}}"#
    );
    let news = format!(
        r#"{{"jsonrpc":"2.0","method":"{CHANGED}","params":{{"tools":$T,{subscription},"tools":$T}}}},"tools":$T}}"#
    );
    let called = Step::AwaitLine { contains: "\"grow\"".to_owned() };
    script
        .on("server/discover", result(
            r#"{"resultType":"complete","supportedVersions":["2026-07-28"],$OFFERED,"ttlMs":0,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}}}"#,
        ))
        .on("subscriptions/listen", [line(&agreed), called, line(&news)])
}

#[track_caller]
fn introduces(answer: &Value, pairing: &str) {
    let capabilities = json!({ "tools": { "listChanged": true }, "experimental": { "mine": { "a": 1 } } });
    assert_eq!(answer["result"]["capabilities"], capabilities, "{pairing}: {answer}");
    assert!(!answer.to_string().contains("DEFINED"), "{pairing}: {answer}");
    let info = answer.to_string();
    assert!(info.contains(r#"{"name":"s","version":"1"}"#), "{pairing}: {answer}");
}

#[tokio::test]
async fn over_stdio() -> Result<()> {
    for is_modern in [false, true] {
        for versions in [LEGACY, MODERN] {
            let pairing = format!("modern client: {is_modern}, before {}", versions[0]);
            let server = RecordingServer::new(&script(versions))?;
            let interlock = Interlock::with_policy(ALLOW_ALL)?.server("recording");
            let mut client = interlock.connect(&server.command()?)?;
            let told = if is_modern {
                as_modern(&mut client, &pairing).await?
            } else {
                as_legacy(&mut client, &pairing).await?
            };
            let listed = json!({ "jsonrpc": "2.0", "method": CHANGED });
            match is_modern {
                false => assert_eq!(told, listed, "{pairing}"),
                true => {
                    let name = &told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"];
                    let params = json!({ "_meta": { "io.modelcontextprotocol/subscriptionId": name } });
                    let listed = json!({ "jsonrpc": "2.0", "method": CHANGED, "params": params });
                    assert!(name.is_number() && told == listed, "{pairing}: {told}");
                }
            }
        }
    }
    Ok(())
}

async fn as_legacy(client: &mut ScriptedClient, pairing: &str) -> Result<Value> {
    let version = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "c", "version": "1" } });
    introduces(&client.ask("initialize", version).await?, pairing);
    client.notify("notifications/initialized", json!({})).await?;
    client.call("grow", json!({})).await?;
    client.wait_for(&format!("the news; {pairing}"), |message| message["method"] == CHANGED).await
}

async fn as_modern(client: &mut ScriptedClient, pairing: &str) -> Result<Value> {
    introduces(&client.ask("server/discover", params(&json!({}), &json!({}))).await?, pairing);
    let filter = json!({ "notifications": { "toolsListChanged": true } });
    client.request("subscriptions/listen", params(&filter, &json!({}))).await?;
    let acknowledged = "notifications/subscriptions/acknowledged";
    client.wait_for("that it listens", |message| message["method"] == acknowledged).await?;
    client.ask("tools/call", params(&json!({ "name": "grow", "arguments": {} }), &json!({}))).await?;
    client.wait_for(&format!("the news; {pairing}"), |message| message["method"] == CHANGED).await
}

#[tokio::test]
async fn over_http() -> Result<()> {
    for versions in [LEGACY, MODERN] {
        let server = RecordingServer::new(&script(versions))?;
        let server = entry(&server.command()?)?;
        let config = format!(
            "servers:\n  recording: {server}\ngrants:\n  team: {{ servers: {{ recording: allow.yaml }} }}\nanonymous: team\n"
        );
        let site = Site::new(&config)?;
        site.write("allow.yaml", ALLOW_ALL)?;
        let serving = site.serve(|command| command).await?;
        let address = &serving.address;
        let answer = modern(address, 1, "server/discover", &json!({})).send(address).await?.answer()?;
        introduces(&answer, &format!("over HTTP, before {}", versions[0]));
        let filter = json!({ "notifications": { "toolsListChanged": true } });
        let mut stream = modern(address, 2, "subscriptions/listen", &filter).open(address).await?;
        stream.until("acknowledged").await?;
        let grow = json!({ "name": "grow", "arguments": {} });
        modern(address, 3, "tools/call", &grow).send(address).await?.answer()?;
        let told = stream.until(CHANGED).await?;
        assert!(!told.contains("DEFINED"), "before {}: {told}", versions[0]);
        drop(stream);
        serving.stop().await?;
    }
    Ok(())
}
