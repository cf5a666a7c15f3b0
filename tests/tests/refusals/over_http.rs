//! What `interlock serve` refuses before it is a message that is judged: by HTTP, by the session, by the token, by the
//! stream. Each beside a twin that is harmless and arrives; each leaves one record, by the step that refused.

use anyhow::{Context, Result, ensure};
use interlock_testkit::http::Request;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use interlock_testkit::serving::Site;
use serde_json::json;

use super::scene::{Scene, call, entry, initialize, modern, records, with_token};

/// A request that is refused, and its twin.
struct Case {
    what: &'static str,
    sent: Request,
    twin: Request,
    status: u16,
    category: &'static str,
    /// A part of the record's reason.
    reason: &'static str,
}

/// A gateway with two grants, a token of each, and one that was revoked.
struct Room {
    scene: Scene,
    team: String,
    other: String,
    revoked: String,
    /// A session of the first grant.
    session: String,
}

impl Room {
    async fn open() -> Result<Self> {
        let server = RecordingServer::new(&Script::with_tools(&["echo"]))?;
        let command = server.command()?;
        let config = format!(
            "origins: [\"https://app.example\"]\nservers:\n{}{}grants:\n  \
             team: {{ servers: {{ recording: allow.yaml }} }}\n  \
             other: {{ servers: {{ recording: allow.yaml, second: allow.yaml }} }}\n",
            entry("recording", &command)?,
            entry("second", &command)?,
        );
        let site = Site::new(&config)?;
        site.write("allow.yaml", "version: \"1\"\ndefault: allow\n")?;
        let [team, other, revoked] =
            [site.token("team").await?, site.token("other").await?, site.token("other").await?];
        let listed = site.command(&["grants", "show", "other", "--format", "json"])?.output().await?;
        let listed: serde_json::Value = serde_json::from_slice(&listed.stdout)?;
        let last = listed["tokens"].as_array().and_then(|tokens| tokens.last()).context("no token")?;
        let id = last["token"].as_str().context("no name")?;
        let done = site.command(&["grants", "revoke", "other", "--token", id])?.output().await?;
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let serving = site.serve(|command| command).await?;
        let scene = Scene { site, serving, server };
        let session = scene.initialize(Some(&team)).await?;
        let room = Self { scene, team, other, revoked, session };
        room.shaken_hands(1).await?;
        Ok(room)
    }

    /// Waits until so many handshakes have come to the server: what is accepted may arrive later.
    async fn shaken_hands(&self, count: usize) -> Result<()> {
        let all = |server: &RecordingServer| {
            Ok(server.received_method("notifications/initialized")?.len() == count)
        };
        self.scene.server.wait_until("the handshakes", std::time::Duration::from_secs(20), all).await
    }

    /// A modern call.
    fn good(&self) -> Request {
        let request =
            modern(&self.scene.serving.address, 1, "tools/call", &json!({ "name": "echo", "arguments": {} }));
        with_token(request, Some(&self.team))
    }

    /// A call in the session.
    fn legacy(&self) -> Request {
        let request = self.scene.post(&call(7, "echo")).header("Mcp-Session-Id", &self.session);
        with_token(request, Some(&self.team))
    }

    fn at(&self, method: &str, path: &str) -> Request {
        with_token(Request::new(&self.scene.serving.address, method, path), Some(&self.team))
    }

    /// The whole table: with each twin as many calls arrive as it makes, and with each refusal none.
    async fn check(self, cases: Vec<Case>) -> Result<()> {
        ensure!(self.scene.server.calls()?.is_empty(), "something arrived before");
        for (index, case) in cases.iter().enumerate() {
            let before = self.scene.server.received()?.len();
            let refused = self.scene.send(&case.sent).await.context(case.what)?;
            ensure!(refused.status == case.status, "{}: {refused:?}", case.what);
            ensure!(self.scene.server.received()?.len() == before, "{}: something arrived", case.what);
            let twin = self.scene.send(&case.twin).await.context(case.what)?;
            ensure!(twin.status == 200, "the twin of {}: {twin:?}", case.what);
            ensure!(
                self.scene.server.calls()?.len() == index + 1,
                "the twin of {} did not arrive",
                case.what
            );
        }
        let Scene { site, serving, .. } = self.scene;
        serving.stop().await?;
        let left = records(site.path(), "refusal").await?;
        ensure!(left.len() == cases.len(), "{} records for {} refusals", left.len(), cases.len());
        for (case, record) in cases.iter().zip(&left) {
            ensure!(record["category"] == case.category, "{}: {record}", case.what);
            let reason = record["reason"].as_str().unwrap_or_default();
            ensure!(reason.contains(case.reason), "{}: {record}", case.what);
            for secret in [&self.team, &self.other, &self.revoked] {
                ensure!(
                    !record.to_string().contains(secret.as_str()),
                    "{}: a token is in {record}",
                    case.what
                );
            }
        }
        Ok(())
    }
}

#[tokio::test]
async fn by_http() -> Result<()> {
    let room = Room::open().await?;
    let malformed = |what, sent, status, reason| (what, sent, status, "malformed", reason);
    let good = || room.good();
    let cases = vec![
        malformed("another host", good().header("Host", "attacker.example"), 403, "`Host`"),
        malformed("no host", good().without("Host"), 400, "`Host`"),
        malformed("two hosts", good().also("Host", "attacker.example"), 400, "more than once"),
        malformed(
            "a page of another site",
            good().header("Origin", "https://attacker.example"),
            403,
            "`Origin`",
        ),
        malformed(
            "a page of the same name, in the clear",
            good().header("Origin", "http://app.example"),
            403,
            "`Origin`",
        ),
        malformed(
            "a page of a name below",
            good().header("Origin", "https://a.app.example"),
            403,
            "`Origin`",
        ),
        malformed("an opaque origin", good().header("Origin", "null"), 403, "`Origin`"),
        malformed("another media type", good().header("Content-Type", "text/plain"), 415, ""),
        malformed("a form", good().header("Content-Type", "application/x-www-form-urlencoded"), 415, ""),
        malformed(
            "another charset",
            good().header("Content-Type", "application/json; charset=utf-16"),
            415,
            "",
        ),
        malformed("a compressed body", good().header("Content-Encoding", "gzip"), 415, ""),
        malformed("two encodings", good().header("Content-Encoding", "identity, gzip"), 415, ""),
        malformed("accepts no stream", good().header("Accept", "application/json"), 406, ""),
        malformed("another method", room.at("PUT", "/mcp/recording"), 405, ""),
        malformed("another name in the header", good().header("Mcp-Name", "other"), 400, ""),
        malformed("another method in the header", good().header("Mcp-Method", "tools/list"), 400, ""),
        malformed(
            "another version in the header",
            good().header("MCP-Protocol-Version", "2025-11-25"),
            400,
            "",
        ),
        malformed("half of JSON", good().body("{"), 400, ""),
        ("another path", room.at("GET", "/"), 404, "unroutable", "nothing here"),
        ("an encoded name", room.at("GET", "/mcp/%72ecording"), 404, "unroutable", "nothing here"),
        ("a path with two slashes", room.at("GET", "//mcp/recording"), 404, "unroutable", "nothing here"),
        ("a path that goes up", room.at("GET", "/mcp/x/../recording"), 404, "unroutable", "nothing here"),
        ("a server of another case", room.at("GET", "/mcp/Recording"), 404, "unroutable", "no server"),
        ("a server of another grant", room.at("GET", "/mcp/second"), 404, "unroutable", "no server"),
        ("a server that nobody has", room.at("GET", "/mcp/third"), 404, "unroutable", "no server"),
    ];
    let twin = room.good().header("Origin", "https://app.example");
    let cases = cases.into_iter().map(|(what, sent, status, category, reason)| Case {
        what,
        sent,
        twin: twin.clone(),
        status,
        category,
        reason,
    });
    let cases = cases.collect();
    room.check(cases).await
}

#[tokio::test]
async fn by_the_session() -> Result<()> {
    let room = Room::open().await?;
    let legacy = || room.legacy();
    let of_other = |request: Request| with_token(request, Some(&room.other));
    let ended = {
        let name = room.scene.initialize(Some(&room.team)).await?;
        room.shaken_hands(2).await?;
        let end = room.at("DELETE", "/mcp/recording").header("Mcp-Session-Id", &name);
        ensure!(room.scene.send(&end).await?.status == 204, "it does not end");
        name
    };
    let stream = |name: &str| {
        room.at("GET", "/mcp/recording").header("Accept", "text/event-stream").header("Mcp-Session-Id", name)
    };
    let delete = room.at("DELETE", "/mcp/recording").header("Mcp-Session-Id", &room.session);
    let (unroutable, malformed) = ("unroutable", "malformed");
    let cases = vec![
        ("another grant's", of_other(legacy()), 404, unroutable),
        ("another grant's stream", of_other(stream(&room.session)), 404, unroutable),
        ("another grant's end", of_other(delete), 404, unroutable),
        ("one that has ended", legacy().header("Mcp-Session-Id", &ended), 404, unroutable),
        ("the stream of one that has ended", stream(&ended), 404, unroutable),
        (
            "an unknown one",
            legacy().header("Mcp-Session-Id", "0123456789abcdef0123456789abcdef"),
            404,
            unroutable,
        ),
        ("one in capitals", legacy().header("Mcp-Session-Id", &room.session.to_uppercase()), 404, unroutable),
        ("two", legacy().also("Mcp-Session-Id", &ended), 400, malformed),
        ("none", legacy().without("Mcp-Session-Id"), 400, malformed),
        ("another version", legacy().header("MCP-Protocol-Version", "2025-03-26"), 400, malformed),
        (
            "a stream of none",
            room.at("GET", "/mcp/recording").header("Accept", "text/event-stream"),
            405,
            malformed,
        ),
        (
            "a stream that accepts none",
            stream(&room.session).header("Accept", "application/json"),
            406,
            malformed,
        ),
        (
            "two places to go on from",
            stream(&room.session).header("Last-Event-ID", "1").also("Last-Event-ID", "2"),
            400,
            malformed,
        ),
    ];
    let cases = cases.into_iter().map(|(what, sent, status, category)| Case {
        what,
        sent,
        twin: legacy(),
        status,
        category,
        reason: "",
    });
    let cases = cases.collect();
    room.check(cases).await
}

#[tokio::test]
async fn by_the_token() -> Result<()> {
    let room = Room::open().await?;
    let good = || room.good();
    let bearing = |value: &str| good().header("Authorization", value);
    let cut = room.team.get(..room.team.len() - 1).unwrap_or_default();
    let cases = vec![
        ("none", good().without("Authorization"), 401, "a bearer token is needed"),
        ("an empty one", bearing("Bearer "), 401, "not a bearer token"),
        ("another kind", bearing("Basic dXNlcjpwYXNz"), 401, "not a bearer token"),
        ("two in one header", bearing(&format!("Bearer {0} {0}", room.team)), 401, "not a bearer token"),
        ("one that was revoked", with_token(good(), Some(&room.revoked)), 401, "not valid"),
        ("one that nobody has", bearing("Bearer ilk_00"), 401, "not valid"),
        ("one that lacks a character", bearing(&format!("Bearer {cut}")), 401, "not valid"),
        ("one with a character more", bearing(&format!("Bearer {}0", room.team)), 401, "not valid"),
        ("one in capitals", bearing(&format!("Bearer {}", room.team.to_uppercase())), 401, "not valid"),
        ("an unsigned one", bearing("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ0ZWFtIn0."), 401, "not valid"),
        (
            "none to begin a session",
            room.scene.post(&initialize("2025-11-25")),
            401,
            "a bearer token is needed",
        ),
    ];
    let cases = cases.into_iter().map(|(what, sent, status, reason)| Case {
        what,
        sent,
        twin: good(),
        status,
        category: "unauthenticated",
        reason,
    });
    let mut cases: Vec<Case> = cases.collect();
    cases.push(Case {
        what: "two headers",
        sent: good().also("Authorization", &format!("Bearer {}", room.other)),
        twin: good(),
        status: 400,
        category: "malformed",
        reason: "more than once",
    });
    room.check(cases).await
}

/// Floods become one record with a count, for each caller by itself: who knocks without a token hides nothing of what
/// a grant does.
#[tokio::test]
async fn by_floods_of_one_caller() -> Result<()> {
    let room = Room::open().await?;
    let strange = room.good().without("Authorization");
    for _ in 0..200 {
        ensure!(room.scene.send(&strange).await?.status == 401, "it is let in");
    }
    ensure!(room.scene.send(&room.good().header("Mcp-Name", "other")).await?.status == 400, "it passes");
    ensure!(room.scene.send(&room.good()).await?.status == 200, "it does not pass");
    ensure!(room.scene.server.calls()?.len() == 1, "something else arrived");
    let Scene { site, serving, .. } = room.scene;
    serving.stop().await?;
    let left = records(site.path(), "refusal").await?;
    let of_team: Vec<_> = left.iter().filter(|record| record["category"] == "malformed").collect();
    ensure!(of_team.len() == 1 && of_team.iter().all(|record| record["grant"] == "team"), "{of_team:?}");
    let strangers = left.iter().filter(|record| record["category"] == "unauthenticated");
    let counted: u64 = strangers.map(|record| record["count"].as_u64().unwrap_or(1)).sum();
    ensure!(counted == 200, "{counted} of 200 are counted");
    Ok(())
}
