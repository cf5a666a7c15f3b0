//! Whose is what.

use anyhow::{Context, Result};
use interlock_testkit::http::Stream;
use interlock_testkit::script::{Script, Step};
use serde_json::json;

use super::many::{Many, Session, names};
use crate::scene::records;

#[tokio::test]
async fn each_call_goes_to_the_server_that_its_name_says_and_by_that_server_s_policy() -> Result<()> {
    let mut a = Script::with_tools(&["read", "write"]);
    a.page = 1;
    let many = Many::start(
        &[("b", Script::with_tools(&["read", "write"])), ("a", a)],
        &[("b", "version: \"1\"\ndefault: deny\ntools:\n  read: {}\n")],
    )
    .await?;
    let session = many.session().await?;
    let listed = session.ask("tools/list", &json!({})).await?;
    assert_eq!(names(&listed, "tools", "name"), ["a__read", "a__write", "b__read"], "{listed}");
    assert_eq!(listed["result"]["_meta"], json!(null), "nobody is missing: {listed}");
    for (tool, denied) in [("a__write", false), ("b__read", false), ("b__write", true)] {
        let answer = session.call(tool).await?;
        assert_eq!(answer["result"]["isError"] == true, denied, "{tool}: {answer}");
    }
    for nobodys in ["write", "c__read", "__read", "A__read", "a_read"] {
        let answer = session.call(nobodys).await?;
        assert_eq!(answer["error"]["code"], -32602, "{nobodys}: {answer}");
    }
    let called = |server: &str| -> Result<Vec<String>> {
        Ok(many.server(server)?.calls()?.into_iter().map(|(tool, _)| tool).collect())
    };
    assert_eq!((called("a")?, called("b")?), (vec!["write".to_owned()], vec!["read".to_owned()]));
    let path = many.site.path().to_owned();
    many.serving.stop().await?;
    let intents = records(&path, "intent").await?;
    let judged: Vec<_> = intents.iter().map(|intent| intent["server"].clone()).collect();
    assert_eq!(judged, ["a", "b"], "{intents:#?}");
    assert_eq!(records(&path, "outcome").await?.len(), 2);
    let refused = records(&path, "refusal").await?;
    assert_eq!(refused.len(), 6, "each refusal has its record: {refused:#?}");
    Ok(())
}

#[tokio::test]
async fn what_could_be_taken_for_another_server_s_is_neither_shown_nor_called() -> Result<()> {
    let many = Many::start(
        &[
            ("mail", Script::with_tools(&["send"])),
            ("notes", Script::with_tools(&["Mail__send", "send__all"])),
        ],
        &[],
    )
    .await?;
    let session = many.session().await?;
    let listed = session.ask("tools/list", &json!({})).await?;
    assert_eq!(names(&listed, "tools", "name"), ["mail__send", "notes__send__all"], "{listed}");
    assert_eq!(listed["result"]["_meta"]["interlock/hidden"][0]["server"], "notes", "{listed}");
    assert_eq!(session.call("notes__Mail__send").await?["error"]["code"], -32602);
    assert!(many.server("notes")?.calls()?.is_empty());
    // The twin.
    assert!(session.call("notes__send__all").await?["result"].is_object());
    assert_eq!(many.server("notes")?.calls()?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_resource_s_address_says_whose_it_is() -> Result<()> {
    let resource = json!({ "uri": "demo://x", "name": "x" });
    let link = r#"{"content":[{"type":"resource_link","uri":"demo://x","name":"x"}]}"#;
    let changed = Step::Notify {
        method: "notifications/resources/updated".to_owned(),
        params: json!({ "uri": "demo://x" }),
    };
    let one = Script { resources: vec![resource.clone()], ..Script::with_tools(&["find"]) }
        .on("tools/call:find", [Step::Result { text: link.to_owned() }])
        .on("resources/subscribe", [Step::Answer, changed]);
    let other = Script { resources: vec![resource], ..Script::default() };
    let many = Many::start(&[("one", one), ("other", other)], &[]).await?;
    let session = many.session().await?;
    let listed = session.ask("resources/list", &json!({})).await?;
    let both = ["interlock://one/demo://x", "interlock://other/demo://x"];
    assert_eq!(names(&listed, "resources", "uri"), both, "{listed}");
    let found = session.call("one__find").await?;
    assert_eq!(found["result"]["content"][0]["uri"], both[0], "{found}");
    let read = session.ask("resources/read", &json!({ "uri": both[1] })).await?;
    assert_eq!(read["result"]["contents"][0]["uri"], both[1], "{read}");
    assert_eq!(many.server("one")?.received_method("resources/read")?.len(), 0);
    let reads = many.server("other")?.received_method("resources/read")?;
    assert_eq!(reads[0]["params"]["uri"], "demo://x");
    let mut stream = session.stream().open(&many.serving.address).await?;
    stream.until("\r\n\r\n").await?;
    session.ask("resources/subscribe", &json!({ "uri": both[0] })).await?;
    stream.until(r#""uri":"interlock://one/demo://x""#).await?;
    let nobodys = session.ask("resources/read", &json!({ "uri": "demo://x" })).await?;
    assert_eq!(nobodys["error"]["code"], -32602, "{nobodys}");
    Ok(())
}

#[tokio::test]
async fn questions_and_progress_of_two_servers_do_not_meet() -> Result<()> {
    let script = |answer: &str| {
        let ask = Step::Ask { id: "7".to_owned(), method: "roots/list".to_owned(), params: json!({}) };
        let text = format!(r#"{{"content":[],"structuredContent":{{"who":"{answer}","said":$ANSWER}}}}"#);
        Script::with_tools(&["ask"])
            .on("tools/call:ask", [Step::Progress { total: 1 }, ask, Step::Result { text }])
    };
    let many = Many::start(&[("a", script("a")), ("b", script("b"))], &[]).await?;
    let session = many.session().await?;
    let address = &many.serving.address;
    let mut streams = Vec::new();
    for (id, server) in [(1, "a"), (2, "b")] {
        // Both under one token of progress.
        let params =
            json!({ "name": format!("{server}__ask"), "arguments": {}, "_meta": { "progressToken": id } });
        let mut stream = session.request(id, "tools/call", &params).open(address).await?;
        stream.until("roots/list").await?;
        streams.push((server, stream));
    }
    for (server, stream) in &mut streams {
        assert_eq!(stream.text.matches("notifications/progress").count(), 1, "{}", stream.text);
        assert!(stream.text.contains(&format!(r#""id":"{server}/"#)), "{}", stream.text);
        let asked = stream.text.lines().find(|line| line.contains("roots/list"));
        let asked = asked.and_then(|line| line.strip_prefix("data: ")).unwrap_or_default();
        let asked: serde_json::Value = serde_json::from_str(asked)?;
        let roots = json!({ "roots": [{ "uri": format!("file:///for-{server}") }] });
        session.tell(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": roots })).await?;
        let text = stream.to_end().await?;
        assert!(
            text.contains(&format!("for-{server}")) && text.contains(&format!(r#""who":"{server}""#)),
            "{text}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn one_subscription_hears_of_every_server() -> Result<()> {
    let script = |agreed: &str| {
        let said = |method: &str, more: &str| Step::Line {
            text: format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/{method}","params":{{{more}"_meta":{{"io.modelcontextprotocol/subscriptionId":$ID}}}}}}"#
            ),
        };
        let acknowledged = said("subscriptions/acknowledged", &format!(r#""notifications":{agreed},"#));
        let updated = said("resources/updated", r#""uri":"demo://x","#);
        Script::default()
            .speaking(&["2026-07-28"])
            .on("subscriptions/listen", [acknowledged, said("tools/list_changed", ""), updated])
    };
    let many = Many::start(
        &[
            ("a", script(r#"{"toolsListChanged":true,"resourceSubscriptions":["demo://x"]}"#)),
            ("b", script(r#"{"toolsListChanged":true}"#)),
        ],
        &[],
    )
    .await?;
    let wanted = json!({ "toolsListChanged": true, "resourceSubscriptions": ["interlock://a/demo://x"] });
    let request = many.modern_request("subscriptions/listen", &json!({ "notifications": wanted }));
    let mut stream = request.open(&many.serving.address).await?;
    stream.until("acknowledged").await?;
    stream.until(r#""resourceSubscriptions":["interlock://a/demo://x"]"#).await?;
    stream.until(r#""uri":"interlock://a/demo://x""#).await?;
    stream.until(r#""uri":"interlock://b/demo://x""#).await?;
    let text = &stream.text;
    assert_eq!(text.matches("subscriptions/acknowledged").count(), 1, "{text}");
    assert_eq!(text.matches("tools/list_changed").count(), 2, "{text}");
    assert!(!text.contains(r#""subscriptionId":2"#), "under the client's own name: {text}");
    let filter = |server: &str| -> Result<serde_json::Value> {
        Ok(many.server(server)?.received_method("subscriptions/listen")?[0]["params"]["notifications"]
            .clone())
    };
    assert_eq!(filter("a")?["resourceSubscriptions"], json!(["demo://x"]));
    assert_eq!(filter("b")?["resourceSubscriptions"], json!([]));
    // Who leaves has ended it everywhere.
    drop(stream);
    for server in ["a", "b"] {
        let told = |server: &interlock_testkit::recording::RecordingServer| {
            Ok(!server.received_method("notifications/cancelled")?.is_empty())
        };
        many.server(server)?.wait_until("the end", super::many::PATIENCE, told).await?;
    }
    Ok(())
}

/// Follows the news until these tools are listed. There may be news of nothing, such as when the file is read again.
async fn told_until(session: &Session<'_>, stream: &mut Stream, tools: &[&str]) -> Result<()> {
    const NEWS: &str = "notifications/tools/list_changed";
    loop {
        let told = stream.until(NEWS).await.with_context(|| format!("not {tools:?}"))?;
        stream.text = told.split_once(NEWS).map(|(_, later)| later.to_owned()).unwrap_or_default();
        if names(&session.ask("tools/list", &json!({})).await?, "tools", "name") == tools {
            return Ok(());
        }
    }
}

#[tokio::test]
async fn servers_come_and_go_while_a_session_goes_on() -> Result<()> {
    let many = Many::start(&[("a", Script::default()), ("b", Script::default())], &[]).await?;
    let whole = std::fs::read_to_string(many.site.config())?;
    let session = many.session().await?;
    assert!(session.call("b__echo").await?["result"].is_object());
    let mut stream = session.stream().open(&many.serving.address).await?;
    many.site.write("interlock.yaml", &whole.replace(", b: b.yaml", ""))?;
    told_until(&session, &mut stream, &["a__echo"]).await?;
    assert_eq!(session.call("b__echo").await?["error"]["code"], -32602);
    assert_eq!(many.server("b")?.calls()?.len(), 1);
    let mut stream = session.stream().open(&many.serving.address).await?;
    many.site.write("interlock.yaml", &whole)?;
    told_until(&session, &mut stream, &["a__echo", "b__echo"]).await?;
    assert!(session.call("b__echo").await?["result"].is_object());
    assert_eq!(many.server("a")?.pids()?.len(), 1, "the other has noticed nothing");
    Ok(())
}

#[tokio::test]
async fn modern_requests_see_all_servers_too() -> Result<()> {
    let modern = |tools: &[&str]| Script::with_tools(tools).speaking(&["2026-07-28"]);
    let many = Many::start(
        &[("a", modern(&["read"])), ("b", modern(&["read", "write"]))],
        &[("b", "version: \"1\"\ndefault: deny\ntools:\n  read: {}\n")],
    )
    .await?;
    let discovered = many.modern("server/discover", &json!({})).await?;
    assert!(discovered["result"]["capabilities"]["tools"].is_object(), "{discovered}");
    let listed = many.modern("tools/list", &json!({})).await?;
    assert_eq!(names(&listed, "tools", "name"), ["a__read", "b__read"], "{listed}");
    assert_eq!(listed["result"]["cacheScope"], "private", "{listed}");
    let answer = many.modern("tools/call", &json!({ "name": "b__read", "arguments": {} })).await?;
    assert!(answer["result"]["isError"] != true, "{answer}");
    let denied = many.modern("tools/call", &json!({ "name": "b__write", "arguments": {} })).await?;
    assert_eq!(denied["result"]["isError"], true, "{denied}");
    let cursor = many.modern("tools/list", &json!({ "cursor": "x" })).await?;
    assert_eq!(cursor["error"]["code"], -32602, "{cursor}");
    assert_eq!(many.server("b")?.calls()?.len(), 1);
    Ok(())
}
