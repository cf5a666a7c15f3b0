//! Headers that repeat arguments (2026-07-28): checked where they come in, made anew where a call goes out.

use anyhow::Result;
use interlock_testkit::http::Request;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use interlock_testkit::serving::Site;
use serde_json::json;

use crate::scene::{entry, modern};

const ALLOW: &str = "version: \"1\"\ndefault: allow\n";

fn site(servers: &str) -> Result<Site> {
    let site = Site::new(&format!(
        "servers:\n{servers}grants:\n  team: {{ servers: {{ recording: allow.yaml }} }}\nanonymous: team\n"
    ))?;
    site.write("allow.yaml", ALLOW)?;
    Ok(site)
}

#[tokio::test]
async fn a_header_that_repeats_an_argument_says_what_the_argument_says() -> Result<()> {
    let tool = json!({ "name": "store", "inputSchema": { "type": "object", "properties": {
        "region": { "type": "string", "x-mcp-header": "Region" } } } });
    let script = Script { tools: vec![tool], ..Script::default() }.speaking(&["2026-07-28"]);
    let server = RecordingServer::new(&script)?;
    // A gateway is a modern server to the gateway in front of it.
    let inner_site = site(&entry("recording", &server.command()?)?)?;
    let inner = inner_site.serve(|command| command).await?;
    let outer_site = site(&format!("  recording: {{ url: \"{}\" }}\n", inner.url("recording")))?;
    let outer = outer_site.serve(|command| command).await?;
    let call = |address: &str, region: &str| {
        modern(address, 1, "tools/call", &json!({ "name": "store", "arguments": { "region": region } }))
    };
    let right = |address: &str| call(address, "zürich").header("Mcp-Param-Region", "=?base64?esO8cmljaA==?=");
    let together = |request: Request| {
        request
            .to("/mcp")
            .header("Mcp-Name", "recording__store")
            .replacing("\"store\"", "\"recording__store\"")
    };
    for (what, address, request, status) in [
        ("right", &inner.address, right(&inner.address), 200),
        ("right, for all servers", &inner.address, together(right(&inner.address)), 200),
        ("missing", &inner.address, call(&inner.address, "x"), 400),
        ("another", &inner.address, call(&inner.address, "x").header("Mcp-Param-Region", "y"), 400),
        ("twice", &inner.address, right(&inner.address).also("Mcp-Param-Region", "x"), 400),
        (
            "another, for all servers",
            &inner.address,
            together(right(&inner.address)).header("Mcp-Param-Region", "y"),
            400,
        ),
        // What the inner one is sent is checked there: it was made anew, in the right way.
        ("right, through both", &outer.address, right(&outer.address), 200),
        (
            "another, through both",
            &outer.address,
            call(&outer.address, "x").header("mcp-param-region", "y"),
            400,
        ),
    ] {
        let before = server.calls()?.len();
        let response = request.send(address).await?;
        assert_eq!(response.status, status, "{what}: {response:?}");
        if status == 400 {
            assert_eq!(response.answer()?["error"]["code"], -32020, "{what}: {response:?}");
        }
        assert_eq!(server.calls()?.len() - before, usize::from(status == 200), "{what}");
    }
    outer.stop().await?;
    inner.stop().await
}

#[tokio::test]
async fn a_tool_whose_marks_are_invalid_is_not_listed() -> Result<()> {
    let tool = |name: &str, mark: &str| {
        json!({ "name": name, "inputSchema": { "type": "object", "properties": {
            "region": { "type": "string", "x-mcp-header": mark } } } })
    };
    let script =
        Script { tools: vec![tool("good", "Region"), tool("bad", "not a name")], ..Script::default() };
    let server = RecordingServer::new(&script.speaking(&["2026-07-28"]))?;
    let site = site(&entry("recording", &server.command()?)?)?;
    let serving = site.serve(|command| command).await?;
    let list =
        modern(&serving.address, 1, "tools/list", &json!({})).send(&serving.address).await?.answer()?;
    let tools = list["result"]["tools"].as_array().cloned().unwrap_or_default();
    let names: Vec<_> = tools.iter().map(|tool| tool["name"].clone()).collect();
    assert_eq!(names, [json!("good")], "{list}");
    Ok(())
}
