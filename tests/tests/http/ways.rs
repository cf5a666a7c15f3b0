//! Every way in knows its callers alike: one server or all, Streamable HTTP or HTTP with SSE.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use interlock_testkit::http::{Request, Response, Stream};
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use serde_json::{Value, json};

use crate::scene::{Scene, initialize, records, with_token};

const PATIENCE: Duration = Duration::from_secs(20);
/// Each way in, and the name of its tool there.
const WAYS: [(&str, &str); 4] = [
    ("/mcp", "recording__echo"),
    ("/mcp/recording", "echo"),
    ("/sse", "recording__echo"),
    ("/sse/recording", "echo"),
];

/// What one client has open.
struct Open {
    /// Where it posts.
    path: String,
    /// The session's name, where a header says it.
    session: Option<String>,
    tool: &'static str,
    stream: Stream,
}

impl Open {
    /// A session at one of the ways, with its stream.
    async fn begin(scene: &Scene, (way, tool): (&str, &'static str), token: &str) -> Result<Self> {
        let address = &scene.serving.address;
        let get = Request::new(address, "GET", way).header("Accept", "text/event-stream");
        let get = with_token(get, Some(token));
        if way.starts_with("/sse") {
            let mut stream = get.open(address).await?;
            let head = stream.until("session=").await?.to_owned();
            ensure!(head.starts_with("HTTP/1.1 200"), "{way}: {head}");
            let text = stream.until("\n\n").await?.to_owned();
            let path = text.lines().find_map(|line| line.strip_prefix("data: ")).context("no address")?;
            let mut open = Self { path: path.trim().to_owned(), session: None, tool, stream };
            let greeted = open.post(scene, &initialize("2024-11-05"), token).await?;
            ensure!(greeted.status == 202, "{way}: {greeted:?}");
            open.stream.until("serverInfo").await?;
            return Ok(open);
        }
        let greeting = Request::post(address, way, &initialize("2025-11-25").to_string());
        let greeted = scene.send(&with_token(greeting, Some(token))).await?;
        let session = greeted.header("mcp-session-id").with_context(|| format!("{way}: {greeted:?}"))?;
        let mut stream = get.header("Mcp-Session-Id", session).open(address).await?;
        stream.until("\r\n\r\n").await?;
        Ok(Self { path: way.to_owned(), session: Some(session.to_owned()), tool, stream })
    }

    async fn post(&self, scene: &Scene, message: &Value, token: &str) -> Result<Response> {
        let request = Request::post(&scene.serving.address, &self.path, &message.to_string());
        let request = match &self.session {
            Some(session) => request.header("Mcp-Session-Id", session),
            None => request,
        };
        scene.send(&with_token(request, Some(token))).await
    }

    /// The status of a call; one that is taken has come to the server.
    async fn call(&mut self, scene: &Scene, id: u64, token: &str) -> Result<u16> {
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": { "name": self.tool, "arguments": {} } });
        let answer = self.post(scene, &call, token).await?;
        match answer.status {
            200 => ensure!(answer.answer()?["result"].is_object(), "{}: {answer:?}", self.path),
            202 => drop(self.stream.until(&format!("\"id\":{id}")).await?),
            _ => {}
        }
        Ok(answer.status)
    }

    fn is_taken(&self) -> u16 {
        if self.session.is_some() { 200 } else { 202 }
    }
}

async fn two_tokens() -> Result<(Scene, [String; 2])> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), "").await?;
    let tokens = [scene.site.token("team").await?, scene.site.token("team").await?];
    Ok((scene, tokens))
}

/// Revokes the token that was made first.
async fn revoke_first(scene: &Scene) -> Result<()> {
    let listed = scene.site.command(&["grants", "list", "--format", "json"])?.output().await?;
    let listed: Value = serde_json::from_slice(&listed.stdout)?;
    let id = listed[0]["tokens"][0]["token"].as_str().context("no name")?;
    let done = scene.site.command(&["grants", "revoke", "team", "--token", id])?.output().await?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

/// Waits until so many of the server's sessions have ended.
async fn wait_for_ends(scene: &Scene, count: usize) -> Result<()> {
    let ended = |server: &RecordingServer| {
        Ok(server.events()?.iter().filter(|event| *event == "end of input").count() == count)
    };
    scene.server.wait_until("their ends", PATIENCE, ended).await
}

#[tokio::test]
async fn who_shows_nothing_is_told_where_tokens_for_this_way_are_from() -> Result<()> {
    let more = "identity: { resource: { authorization_servers: [\"https://id.example\"] } }\n";
    let scene = Scene::start(&Script::with_tools(&["echo"]), more).await?;
    let token = scene.site.token("team").await?;
    let address = scene.serving.address.clone();
    for (way, _) in WAYS {
        for method in ["GET", "POST"] {
            let asked = Request::new(&address, method, way).header("Accept", "text/event-stream");
            let refused = scene.send(&asked).await?;
            ensure!(refused.status == 401, "{method} {way}: {refused:?}");
            let challenge = refused.header("www-authenticate").unwrap_or_default();
            let document = format!("http://{address}/.well-known/oauth-protected-resource{way}");
            ensure!(challenge == format!("Bearer resource_metadata=\"{document}\""), "{way}: {challenge}");
        }
        let document = Request::new(&address, "GET", &format!("/.well-known/oauth-protected-resource{way}"));
        let document = scene.send(&document).await?.answer()?;
        assert_eq!(document["resource"], format!("http://{address}{way}"));
    }
    ensure!(scene.server.received()?.is_empty(), "something arrived");
    // The twins.
    for (number, way) in (10..).zip(WAYS) {
        let mut open = Open::begin(&scene, way, &token).await?;
        assert_eq!(open.call(&scene, number, &token).await?, open.is_taken(), "{way:?}");
    }
    let Scene { site, serving, .. } = scene;
    serving.stop().await?;
    let refusals = records(site.path(), "refusal").await?;
    assert_eq!(refusals.len(), 8);
    ensure!(refusals.iter().all(|record| record["category"] == "unauthenticated"), "{refusals:?}");
    Ok(())
}

#[tokio::test]
async fn what_a_token_has_opened_ends_with_it_on_every_way() -> Result<()> {
    let (scene, [first, second]) = two_tokens().await?;
    let mut all = Vec::new();
    for way in WAYS {
        let mut open = Open::begin(&scene, way, &first).await?;
        assert_eq!(open.call(&scene, 7, &first).await?, open.is_taken(), "{way:?}");
        all.push(open);
    }
    revoke_first(&scene).await?;
    for open in &mut all {
        open.stream.to_end().await.with_context(|| open.path.clone())?;
        assert_eq!(open.call(&scene, 8, &first).await?, 401, "{}", open.path);
        assert_eq!(open.call(&scene, 9, &second).await?, 404, "{}", open.path);
    }
    wait_for_ends(&scene, WAYS.len()).await?;
    assert_eq!(scene.server.calls()?.len(), WAYS.len());
    // The twins: the other token is as good as before.
    for way in WAYS {
        let mut open = Open::begin(&scene, way, &second).await?;
        assert_eq!(open.call(&scene, 10, &second).await?, open.is_taken(), "{way:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_session_goes_on_with_the_token_that_it_was_used_with_last() -> Result<()> {
    let (scene, [first, second]) = two_tokens().await?;
    let mut all = Vec::new();
    for way in WAYS {
        let mut open = Open::begin(&scene, way, &first).await?;
        assert_eq!(open.call(&scene, 7, &second).await?, open.is_taken(), "{way:?}");
        all.push(open);
    }
    revoke_first(&scene).await?;
    for open in &mut all {
        // The stream was opened with the first.
        open.stream.to_end().await.with_context(|| open.path.clone())?;
        assert_eq!(open.call(&scene, 8, &first).await?, 401, "{}", open.path);
        // Where everything is on the stream, nothing is left without it.
        let expected = if open.session.is_some() { 200 } else { 404 };
        assert_eq!(open.call(&scene, 9, &second).await?, expected, "{}", open.path);
    }
    wait_for_ends(&scene, 2).await
}
