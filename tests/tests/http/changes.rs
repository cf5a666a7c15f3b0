//! The file changes while the gateway runs: what is recorded of it.

use anyhow::{Context, Result, ensure};
use interlock_testkit::client::PATIENCE;
use interlock_testkit::command::Command;
use interlock_testkit::http::Request;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use interlock_testkit::serving::Site;
use rustix::process::{Pid, Resource, Rlimit};
use serde_json::{Value, json};

use crate::scene::{Scene, entry, initialize, records};

const ANYONE: &str = "anonymous: team\n";

/// The records of a kind, as soon as one of them is what is looked for.
async fn until(scene: &Scene, kind: &str, is_it: impl Fn(&Value) -> bool) -> Result<Vec<Value>> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let found = records(scene.site.path(), kind).await?;
        if found.iter().any(&is_it) {
            return Ok(found);
        }
        ensure!(tokio::time::Instant::now() < deadline, "{found:?}; it said {}", scene.serving.said());
    }
}

/// Waits for the record of one change, of which there is one.
async fn change(scene: &Scene, reason: &str, member: &str, name: &str) -> Result<Value> {
    let is_it = |record: &Value| record["reason"] == reason && record[member] == name;
    find(&until(scene, "configuration", is_it).await?, reason, member, name).cloned()
}

fn find<'r>(found: &'r [Value], reason: &str, member: &str, name: &str) -> Result<&'r Value> {
    let mut fitting = found.iter().filter(|record| record["reason"] == reason && record[member] == name);
    let one = fitting.next().with_context(|| format!("no `{reason}` of `{name}` in {found:?}"))?;
    ensure!(fitting.next().is_none(), "`{reason}` of `{name}` twice: {found:?}");
    Ok(one)
}

#[tokio::test]
async fn who_may_use_what_is_recorded_from_the_start() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), ANYONE).await?;
    let found = records(scene.site.path(), "configuration").await?;
    let server = find(&found, "server in force from the start", "server", "recording")?;
    ensure!(
        server["details"]["program"].is_string() && server["details"]["arguments"].is_number(),
        "{server}"
    );
    let grant = find(&found, "grant in force from the start", "grant", "team")?;
    assert_eq!(grant["details"]["auth"], json!(["nothing (anonymous)", "token"]));
    assert_eq!(grant["details"]["servers"], json!(["recording"]));
    let loaded = records(scene.site.path(), "policy_load").await?;
    let [loaded] = loaded.as_slice() else { anyhow::bail!("{loaded:?}") };
    assert_eq!((&loaded["grant"], &loaded["server"]), (&json!("team"), &json!("recording")));
    let file = scene.site.path().join("allow.yaml");
    assert_eq!(loaded["details"]["file"], json!(file.display().to_string()));
    Ok(())
}

#[tokio::test]
async fn every_change_of_rights_by_the_file_is_recorded_without_secrets() -> Result<()> {
    let scene =
        Scene::start(&Script::with_tools(&["echo"]), &format!("{ANYONE}telemetry: {{ level: info }}\n"))
            .await?;
    let before = std::fs::read_to_string(scene.site.config())?;
    let more = "  newone:\n    servers: { far: allow.yaml }\n    auth: [token]\n    expires: 2090-01-01T00:00:00Z\n    \
                labels: { ward: \"7\" }\n";
    let far = "  far: { url: \"https://far.example/mcp?key=s3cret\", headers: { Authorization: \"Bearer s3cret\" } }\n";
    let with = before.replace("grants:\n", &format!("{far}grants:\n{more}"));
    scene.site.write("interlock.yaml", &with)?;
    let added = change(&scene, "grant added", "grant", "newone").await?;
    assert_eq!(
        added["details"],
        json!({ "grant": "newone", "servers": ["far"], "auth": ["token"], "expires": "2090-01-01T00:00:00.000Z",
            "labels": ["ward=7"] })
    );
    let server = change(&scene, "server added", "server", "far").await?;
    assert_eq!(server["details"], json!({ "server": "far", "url": "https://far.example/mcp" }));
    let loaded = until(&scene, "policy_load", |record| record["grant"] == "newone").await?;
    ensure!(
        loaded.iter().any(|record| record["grant"] == "newone" && record["policy"].is_string()),
        "{loaded:?}"
    );

    // Other parts of both, and another policy, each say so.
    let changed = with
        .replace("Bearer s3cret", "Bearer other")
        .replace("auth: [token]", "auth: []")
        .replace("2090-", "2091-");
    scene.site.write("interlock.yaml", &changed)?;
    let grant = change(&scene, "grant changed", "grant", "newone").await?;
    assert_eq!(grant["details"]["changed"], json!(["auth", "expires"]));
    assert_eq!(grant["details"]["auth"], json!([]));
    let server = change(&scene, "server changed", "server", "far").await?;
    assert_eq!(server["details"]["changed"], json!(["requests"]));
    scene.site.write("allow.yaml", "version: \"1\"\ndefault: deny\n")?;
    let file = scene.site.path().join("allow.yaml").display().to_string();
    for grant in ["team", "newone"] {
        let reloaded = until(&scene, "policy_reload", |record| record["grant"] == grant).await?;
        let record = reloaded.iter().find(|record| record["grant"] == grant);
        let record = record.with_context(|| format!("{reloaded:?}"))?;
        assert_eq!(record["details"]["file"], json!(file));
    }

    scene.site.write("interlock.yaml", &before)?;
    change(&scene, "server removed", "server", "far").await?;
    change(&scene, "grant removed", "grant", "newone").await?;
    let said = scene.serving.said();
    ensure!(
        said.contains("read again: 2 servers, 2 grants, changed: server `far` added, grant `newone` added"),
        "{said}"
    );
    let found = records(scene.site.path(), "configuration").await?;
    for text in [format!("{found:?}"), said] {
        ensure!(!text.contains("s3cret") && !text.contains("Bearer other"), "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn what_takes_a_new_start_is_named() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), ANYONE).await?;
    let before = std::fs::read_to_string(scene.site.config())?;
    let changed = before.replace("listen: 127.0.0.1:0", "listen: 127.0.0.1:1");
    scene
        .site
        .write("interlock.yaml", &format!("{changed}hosts: [gateway.example]\nlimits: {{ depth: 5 }}\n"))?;
    let found = until(&scene, "alarm", |_| true).await?;
    let reason = found.first().and_then(|record| record["reason"].as_str()).unwrap_or_default();
    ensure!(
        reason.starts_with("`listen`, `hosts`, `limits` of `") && reason.contains("a new start"),
        "{reason}"
    );
    let said = scene.serving.said();
    ensure!(said.contains("`listen`, `hosts`, `limits`"), "{said}");
    // Read again without another change of them, it is not said again; put back, it is no matter any more.
    scene.site.write("interlock.yaml", &format!("{before}# the same\n"))?;
    scene.site.write("allow.yaml", "version: \"1\"\ndefault: deny\n")?;
    until(&scene, "policy_reload", |_| true).await?;
    assert_eq!(records(scene.site.path(), "alarm").await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_in_force_until_it_can_be() -> Result<()> {
    let server = RecordingServer::new(&Script::with_tools(&["echo"]))?;
    let entry = entry("recording", &server.command()?)?;
    let site = Site::new(&format!(
        "servers:\n{entry}grants:\n  team: {{ servers: {{ recording: allow.yaml }} }}\n{ANYONE}"
    ))?;
    site.write("allow.yaml", "version: \"1\"\ndefault: allow\n")?;
    // Without this the signal that goes with the limit ends the process.
    let ignoring = || Command::new("sh").args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]);
    let serving = site.serve(|command| command.behind(ignoring())).await?;
    let scene = Scene { site, serving, server };
    let pid = Pid::from_raw(scene.serving.pid().try_into()?).context("a process id")?;
    let limit = |bytes: Option<u64>| {
        rustix::process::prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes, maximum: None })
    };
    limit(Some(1))?;
    let config = std::fs::read_to_string(scene.site.config())?;
    let more = config.replace("{ recording: allow.yaml }", "{ recording: allow.yaml, other: allow.yaml }");
    scene.site.write(
        "interlock.yaml",
        &more.replace("grants:\n", "  other: { url: \"http://127.0.0.1:9/mcp\" }\ngrants:\n"),
    )?;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !scene.serving.said().contains("cannot be recorded") {
        ensure!(tokio::time::Instant::now() < deadline, "{}", scene.serving.said());
        tokio::task::yield_now().await;
    }
    let ask = || Request::post(&scene.serving.address, "/mcp/other", &initialize("2025-11-25").to_string());
    assert_eq!(scene.send(&ask()).await?.status, 404, "it is in force without a record");
    limit(None)?;
    let found = until(&scene, "configuration", |record| record["reason"] == "server added").await?;
    find(&found, "server added", "server", "other")?;
    while scene.send(&ask()).await?.status == 404 {
        ensure!(tokio::time::Instant::now() < deadline, "{}", scene.serving.said());
    }
    Ok(())
}
