//! The admin API, and `interlock servers`: every answer is what the checked-in document says.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use interlock_testkit::binaries::workspace_root;
use interlock_testkit::client::PATIENCE;
use interlock_testkit::http::{Request, Response};
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use serde_json::{Value, json};

use crate::document::Document;
use crate::scene::{Scene, modern, records, with_token};

/// An operator who reads every answer beside the document.
pub struct Operator {
    admin: String,
    token: String,
    document: Document,
}

impl Operator {
    pub async fn of(scene: &Scene, name: &str) -> Result<Self> {
        let token = scene.site.admin_token(name).await?;
        let document = Document::read(&workspace_root().join("docs/admin-api.json"))?;
        Ok(Self { admin: scene.serving.admin.clone(), token, document })
    }

    pub async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, Value)> {
        let mut request = with_token(Request::new(&self.admin, method, path), Some(&self.token));
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(&body.to_string());
        }
        let response = request.send(&self.admin).await?;
        self.checked(method, path, &response)
    }

    fn checked(&self, method: &str, path: &str, response: &Response) -> Result<(u16, Value)> {
        let body = match response.body.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).with_context(|| text.to_owned())?,
        };
        let path = path.split('?').next().unwrap_or(path);
        self.document.check(method, path, response, &body)?;
        Ok((response.status, body))
    }
}

/// What registers the server, with a policy beside the file.
fn registration(name: &str, server: &RecordingServer) -> Result<Value> {
    let command = server.command()?;
    let mut words = command.line.iter().map(|word| word.to_string_lossy().into_owned());
    let env: serde_json::Map<String, Value> = command
        .env
        .iter()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), json!(value.to_string_lossy())))
        .collect();
    Ok(json!({
        "name": name, "command": words.next(), "args": words.collect::<Vec<_>>(), "env": env,
        "grants": { "team": "allow.yaml" },
    }))
}

fn called(address: &str, server: &str) -> Request {
    modern(address, 1, "tools/call", &json!({ "name": "echo", "arguments": {} }))
        .at(&format!("/mcp/{server}"))
}

#[tokio::test]
async fn a_server_that_is_registered_is_served_at_once_and_until_it_is_removed() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), "anonymous: team\n").await?;
    let operator = Operator::of(&scene, "alice").await?;
    let address = &scene.serving.address;
    assert_eq!(scene.send(&called(address, "recording")).await?.status, 200);
    assert_eq!(scene.send(&called(address, "other")).await?.status, 404);

    let other = RecordingServer::new(&Script::with_tools(&["echo"]))?;
    let wanted = registration("other", &other)?;
    let (status, added) = operator.ask("POST", "/api/v1/servers", Some(&wanted)).await?;
    assert_eq!(
        (status, &added["in_force"], &added["source"]),
        (201, &json!(true), &json!("registered")),
        "{added}"
    );
    assert_eq!(scene.send(&called(address, "other")).await?.status, 200);
    assert_eq!(other.calls()?.len(), 1);

    let (_, listed) = operator.ask("GET", "/api/v1/servers", None).await?;
    let names: Vec<_> =
        listed["servers"].as_array().into_iter().flatten().map(|server| &server["name"]).collect();
    assert_eq!(names, ["recording", "other"]);
    assert_eq!(listed["servers"][1]["connections"], 1);
    ensure!(!listed.to_string().contains("args"), "arguments may hold secrets: {listed}");

    assert_eq!(operator.ask("POST", "/api/v1/servers", Some(&wanted)).await?.0, 409);
    assert_eq!(operator.ask("DELETE", "/api/v1/servers/other", None).await?.0, 204);
    assert_eq!(scene.send(&called(address, "other")).await?.status, 404);
    assert_eq!(scene.send(&called(address, "recording")).await?.status, 200, "the others go on");
    assert_eq!(operator.ask("DELETE", "/api/v1/servers/other", None).await?.0, 404);
    assert_eq!(operator.ask("DELETE", "/api/v1/servers/recording", None).await?.0, 409);

    let made: Vec<_> = records(scene.site.path(), "configuration").await?;
    let by_alice =
        made.iter().filter(|record| record["details"]["operator"] == "alice" && record["server"].is_null());
    let reasons: Vec<_> = by_alice.map(|record| record["reason"].as_str().unwrap_or_default()).collect();
    assert_eq!(
        reasons.iter().filter(|reason| reason.starts_with("server ")).collect::<Vec<_>>(),
        [&"server registered", &"server removed"],
        "{made:?}"
    );
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_registered_is_refused_and_reaches_nobody() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), "anonymous: team\n").await?;
    let operator = Operator::of(&scene, "alice").await?;
    let good =
        || json!({ "name": "other", "url": "http://127.0.0.1:9/mcp", "grants": { "team": "allow.yaml" } });
    let with = |member: &str, value: Value| {
        let mut wanted = good();
        wanted[member] = value;
        wanted
    };
    for (what, wanted, status) in [
        ("no way to reach it", json!({ "name": "other" }), 422),
        ("two ways", with("command", json!("x")), 422),
        ("an unknown member", with("comand", json!("x")), 422),
        ("no name", json!({ "url": "http://127.0.0.1:9/" }), 422),
        ("a name that no path has", with("name", json!("a/b")), 422),
        ("a server of the file", with("name", json!("recording")), 409),
        ("an unknown grant", with("grants", json!({ "nobody": "allow.yaml" })), 422),
        ("a policy that is not there", with("grants", json!({ "team": "none.yaml" })), 422),
        ("a secret in the open", with("headers", json!({ "Authorization": "Bearer s3cret" })), 422),
        ("a variable that is not set", with("headers", json!({ "X-A": "${INTERLOCK_NO_SUCH}" })), 422),
    ] {
        let (answered, problem) = operator.ask("POST", "/api/v1/servers", Some(&wanted)).await?;
        assert_eq!(answered, status, "{what}: {problem}");
        ensure!(!problem.to_string().contains("s3cret"), "{what}: {problem}");
    }
    let (_, listed) = operator.ask("GET", "/api/v1/servers", None).await?;
    assert_eq!(listed["servers"].as_array().map(Vec::len), Some(1));
    assert_eq!(operator.ask("POST", "/api/v1/servers", Some(&good())).await?.0, 201);
    Ok(())
}

#[tokio::test]
async fn tokens_are_made_rotated_and_revoked() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), "").await?;
    let operator = Operator::of(&scene, "alice").await?;
    let called = |token: &Value| with_token(called(&scene.serving.address, "recording"), token.as_str());
    let (status, first) = operator.ask("POST", "/api/v1/grants/team/tokens", Some(&json!({}))).await?;
    assert_eq!(status, 201, "{first}");
    assert_eq!(scene.send(&called(&first["token"])).await?.status, 200);
    let wanted = json!({ "expires_seconds": 3600 });
    let (status, second) = operator.ask("POST", "/api/v1/grants/team/rotate", Some(&wanted)).await?;
    assert_eq!(status, 201, "{second}");
    assert_eq!(scene.send(&called(&second["token"])).await?.status, 200);
    assert_eq!(scene.send(&called(&first["token"])).await?.status, 401, "at once");
    let (_, shown) = operator.ask("GET", "/api/v1/grants/team", None).await?;
    let states: Vec<_> =
        shown["tokens"].as_array().into_iter().flatten().map(|token| &token["state"]).collect();
    assert_eq!(states, ["revoked", "valid"]);
    ensure!(!shown.to_string().contains(second["token"].as_str().context("no token")?), "{shown}");
    let path = format!("/api/v1/grants/team/tokens/{}", second["id"].as_str().unwrap_or_default());
    assert_eq!(operator.ask("DELETE", &path, None).await?, (200, json!({ "revoked": 1 })));
    assert_eq!(scene.send(&called(&second["token"])).await?.status, 401);
    assert_eq!(
        operator.ask("DELETE", "/api/v1/grants/team/tokens", None).await?,
        (200, json!({ "revoked": 0 }))
    );
    assert_eq!(operator.ask("GET", "/api/v1/grants", None).await?.0, 200);
    for (method, path) in [
        ("GET", "/api/v1/grants/nobody"),
        ("POST", "/api/v1/grants/nobody/tokens"),
        ("DELETE", "/api/v1/grants/team/tokens/none"),
    ] {
        assert_eq!(operator.ask(method, path, Some(&json!({}))).await?.0, 404, "{method} {path}");
    }
    for record in records(scene.site.path(), "configuration").await? {
        ensure!(!record.to_string().contains("ilk_"), "a token is in the log: {record}");
    }
    Ok(())
}

#[tokio::test]
async fn decisions_are_found_page_by_page_and_counters_are_shown() -> Result<()> {
    let policy = "version: \"1\"\ndefault: deny\ntools:\n  echo: { rules: [{ rate_limit: 3/hour }] }\n";
    let scene = Scene::with_policy(&Script::with_tools(&["echo"]), policy, "anonymous: team\n").await?;
    let operator = Operator::of(&scene, "alice").await?;
    for _ in 0..5 {
        scene.send(&called(&scene.serving.address, "recording")).await?;
    }
    let mut found = Vec::new();
    let mut path = "/api/v1/decisions?grant=team&tool=echo&limit=2".to_owned();
    loop {
        let (status, page) = operator.ask("GET", &path, None).await?;
        assert_eq!(status, 200, "{page}");
        found.extend(page["decisions"].as_array().into_iter().flatten().cloned());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/decisions?grant=team&tool=echo&limit=2&after={next}");
    }
    let verdicts: Vec<_> =
        found.iter().map(|found| found["record"]["verdict"].as_str().unwrap_or_default()).collect();
    assert_eq!(verdicts, ["proceed", "proceed", "proceed", "deny", "deny"]);
    let (_, denied) = operator.ask("GET", "/api/v1/decisions?verdict=deny", None).await?;
    assert_eq!(denied["decisions"].as_array().map(Vec::len), Some(2));
    for query in ["verdict=maybe", "limit=0", "limit=2000", "since=yesterday", "after=x", "unknown=1"] {
        assert_eq!(operator.ask("GET", &format!("/api/v1/decisions?{query}"), None).await?.0, 400, "{query}");
    }
    let (_, counters) = operator.ask("GET", "/api/v1/counters", None).await?;
    assert_eq!(
        (&counters["counters"][0]["value"], &counters["counters"][0]["limit"]),
        (&json!("3"), &json!("3"))
    );
    let (status, clock) = operator.ask("POST", "/api/v1/counters/reclock", None).await?;
    assert_eq!((status, &clock["reclocked"]), (200, &json!(false)));
    assert_eq!(operator.ask("GET", "/api/v1/openapi.json", None).await?.0, 200);
    assert_eq!(operator.ask("GET", "/api/v1/nothing", None).await?.0, 404);
    Ok(())
}

#[tokio::test]
async fn the_command_registers_and_removes_what_a_running_gateway_serves() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), "anonymous: team\n").await?;
    let address = scene.serving.address.clone();
    let other = RecordingServer::new(&Script::with_tools(&["echo"]))?;
    let command = other.command()?;
    let policy = scene.site.path().join("allow.yaml");
    let done = interlock(&scene, &["servers", "add", "other"], |add| {
        let mut add = add.args(["--grant", &format!("team={}", policy.display())]);
        for (name, value) in &command.env {
            add = add.args(["--env", &format!("{}={}", name.to_string_lossy(), value.to_string_lossy())]);
        }
        command.line.iter().fold(add.arg("--"), |add, word| add.arg(word))
    })
    .await?;
    assert_eq!(done.0, Some(0), "{}", done.1);
    until(&scene, &called(&address, "other"), 200).await?;
    assert_eq!(
        interlock(&scene, &["servers", "add", "other", "--url", "http://127.0.0.1:9/"], |add| add).await?.0,
        Some(2)
    );
    assert_eq!(
        interlock(&scene, &["servers", "add", "recording", "--url", "http://127.0.0.1:9/"], |add| add)
            .await?
            .0,
        Some(2)
    );
    let listed = interlock(&scene, &["servers", "list", "--format", "json"], |list| list).await?;
    let listed: Value = serde_json::from_str(&listed.1)?;
    assert_eq!((&listed[1]["name"], &listed[1]["problem"]), (&json!("other"), &Value::Null), "{listed}");
    assert_eq!(interlock(&scene, &["servers", "show", "none"], |show| show).await?.0, Some(1));

    // The file wins over a registered server of the same name, and says so.
    let text = std::fs::read_to_string(scene.site.config())?;
    let clash = text.replace("  recording: {", "  other: {");
    scene
        .site
        .write("interlock.yaml", &clash.replace("{ recording: allow.yaml }", "{ other: allow.yaml }"))?;
    let operator = Operator::of(&scene, "alice").await?;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let (_, servers) = operator.ask("GET", "/api/v1/servers", None).await?;
        if servers["servers"][1]["in_force"] == false {
            assert_eq!(servers["servers"][0]["source"], "file");
            ensure!(
                servers["servers"][1]["problem"].as_str().unwrap_or_default().contains("the file"),
                "{servers}"
            );
            break;
        }
        ensure!(tokio::time::Instant::now() < deadline, "{servers}");
    }
    scene.site.write("interlock.yaml", &text)?;
    until(&scene, &called(&address, "recording"), 200).await?;
    assert_eq!(interlock(&scene, &["servers", "remove", "other"], |remove| remove).await?.0, Some(0));
    until(&scene, &called(&address, "other"), 404).await?;
    assert_eq!(interlock(&scene, &["servers", "remove", "other"], |remove| remove).await?.0, Some(1));
    Ok(())
}

async fn interlock(
    scene: &Scene,
    arguments: &[&str],
    more: impl FnOnce(interlock_testkit::command::Command) -> interlock_testkit::command::Command,
) -> Result<(Option<i32>, String)> {
    let output = more(scene.site.command(arguments)?).output().await?;
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    Ok((output.status.code(), String::from_utf8(output.stdout)?))
}

async fn until(scene: &Scene, request: &Request, status: u16) -> Result<()> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let response = scene.send(request).await?;
        if response.status == status {
            return Ok(());
        }
        ensure!(tokio::time::Instant::now() < deadline, "{response:?}");
    }
}

#[test]
fn the_page_names_every_path_of_the_document() -> Result<()> {
    let root: &Path = &workspace_root();
    let page = std::fs::read_to_string(root.join("docs/admin-api.md"))?;
    let document: Value = serde_json::from_str(&std::fs::read_to_string(root.join("docs/admin-api.json"))?)?;
    for path in
        document["paths"].as_object().context("no paths")?.keys().filter(|path| path.starts_with("/api"))
    {
        ensure!(page.contains(&format!("| `{path}` |")), "docs/admin-api.md does not name {path}");
    }
    Ok(())
}
