//! Who may do what: tokens, grants, their policies, and what a change of them does.

use anyhow::{Result, ensure};
use interlock_testkit::http::{Request, Response};
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use interlock_testkit::serving::Site;
use serde_json::json;

use crate::scene::{ALLOW_ALL, Scene, call, entry, initialize, modern, records, with_token};

const TWO: &str = "  readers: { servers: { recording: readers.yaml } }\n";
const READERS: &str = "version: \"1\"\ndefault: deny\ntools:\n  read: {}\n";

async fn two_grants() -> Result<(Scene, String, String)> {
    two_grants_where(ALLOW_ALL).await
}

/// The same with this policy for `team`.
async fn two_grants_where(policy: &str) -> Result<(Scene, String, String)> {
    let server = RecordingServer::new(&Script::with_tools(&["read", "write"]))?;
    let config = format!(
        "servers:\n{}grants:\n  team: {{ servers: {{ recording: allow.yaml }} }}\n{TWO}",
        entry("recording", &server.command()?)?
    );
    let site = Site::new(&config)?;
    site.write("allow.yaml", policy)?;
    site.write("readers.yaml", READERS)?;
    let team = site.token("team").await?;
    let readers = site.token("readers").await?;
    let serving = site.serve(|command| command).await?;
    Ok((Scene { site, serving, server }, team, readers))
}

fn is_denied(response: &Response) -> Result<bool> {
    Ok(response.answer()?["result"]["isError"] == true)
}

#[tokio::test]
async fn each_token_may_do_what_its_grant_says() -> Result<()> {
    let (scene, team, readers) = two_grants().await?;
    let address = &scene.serving.address;
    let asked = |token: &str, tool: &str| {
        let request = modern(address, 1, "tools/call", &json!({ "name": tool, "arguments": {} }));
        with_token(request, Some(token))
    };
    for (token, tool, denied) in [
        (&team, "read", false),
        (&team, "write", false),
        (&readers, "read", false),
        (&readers, "write", true),
    ] {
        let response = scene.send(&asked(token, tool)).await?;
        ensure!(response.status == 200, "{response:?}");
        assert_eq!(is_denied(&response)?, denied, "{tool}: {response:?}");
    }
    let listed = with_token(modern(address, 2, "tools/list", &json!({})), Some(&readers));
    let listed = scene.send(&listed).await?.answer()?;
    let names: Vec<_> =
        listed["result"]["tools"].as_array().into_iter().flatten().map(|tool| &tool["name"]).collect();
    assert_eq!(names, ["read"]);
    let nobody = scene.send(&modern(address, 3, "tools/list", &json!({}))).await?;
    assert_eq!((nobody.status, nobody.header("www-authenticate")), (401, Some("Bearer")));
    assert_eq!(scene.server.calls()?.len(), 3);
    scene.serving.stop().await?;
    for record in records(scene.site.path(), "intent").await? {
        ensure!(!record.to_string().contains(&team), "a token is in the log: {record}");
    }
    Ok(())
}

#[tokio::test]
async fn a_session_is_of_no_use_to_another_grant() -> Result<()> {
    let (scene, team, readers) = two_grants().await?;
    let session = scene.initialize(Some(&team)).await?;
    let stolen = scene.post(&call(2, "write")).header("Mcp-Session-Id", &session);
    let refused = scene.send(&with_token(stolen.clone(), Some(&readers))).await?;
    assert_eq!(refused.status, 404, "{refused:?}");
    assert_eq!(scene.send(&stolen).await?.status, 401);
    assert_eq!(scene.server.calls()?.len(), 0);
    assert_eq!(scene.send(&with_token(stolen, Some(&team))).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_revoked_token_ends_on_open_sessions_too() -> Result<()> {
    let (scene, team, _) = two_grants().await?;
    let session = scene.initialize(Some(&team)).await?;
    let request = with_token(scene.post(&call(2, "read")).header("Mcp-Session-Id", &session), Some(&team));
    assert_eq!(scene.send(&request).await?.status, 200);
    let listen = Request::new(&scene.serving.address, "GET", "/mcp/recording")
        .header("Accept", "text/event-stream")
        .header("Mcp-Session-Id", &session);
    let mut stream = with_token(listen, Some(&team)).open(&scene.serving.address).await?;
    stream.until("\r\n\r\n").await?;
    let rotated = scene.site.command(&["grants", "rotate", "team"])?.output().await?;
    ensure!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    let new = String::from_utf8(rotated.stdout)?.trim().to_owned();
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while scene.send(&request).await?.status != 401 {
        ensure!(tokio::time::Instant::now() < deadline, "the old token is still taken");
    }
    // What was opened with the old one has ended: whoever has lost it may not be whom it was taken from.
    stream.to_end().await?;
    let request = with_token(scene.post(&call(3, "read")).header("Mcp-Session-Id", &session), Some(&new));
    assert_eq!(scene.send(&request).await?.status, 404);
    let again = scene.initialize(Some(&new)).await?;
    let request = with_token(scene.post(&call(4, "read")).header("Mcp-Session-Id", &again), Some(&new));
    assert_eq!(scene.send(&request).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn limits_are_the_grant_s_and_not_the_session_s() -> Result<()> {
    let limited = "version: \"1\"\ndefault: allow\ntools:\n  read: { rules: [{ rate_limit: 2/hour }] }\n";
    let (scene, team, _) = two_grants_where(limited).await?;
    let other = scene.site.token("team").await?;
    let mut passed = 0;
    for token in [&team, &other, &team, &other, &team] {
        let session = scene.initialize(Some(token)).await?;
        let request =
            with_token(scene.post(&call(2, "read")).header("Mcp-Session-Id", &session), Some(token));
        passed += usize::from(!is_denied(&scene.send(&request).await?)?);
    }
    assert_eq!(passed, 2);
    Ok(())
}

#[tokio::test]
async fn a_grant_that_goes_takes_its_connections_with_it_and_no_others() -> Result<()> {
    let (scene, team, readers) = two_grants().await?;
    let [mine, theirs] = [scene.initialize(Some(&readers)).await?, scene.initialize(Some(&team)).await?];
    let config = std::fs::read_to_string(scene.site.config())?;
    scene.site.write("interlock.yaml", &config.replace("  readers:", "  others:"))?;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    let request = with_token(scene.post(&call(2, "read")).header("Mcp-Session-Id", &mine), Some(&readers));
    while scene.send(&request).await?.status == 200 {
        ensure!(tokio::time::Instant::now() < deadline, "the grant is still served");
    }
    let request = with_token(scene.post(&call(2, "read")).header("Mcp-Session-Id", &theirs), Some(&team));
    assert_eq!(scene.send(&request).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_file_with_mistakes_leaves_what_was_in_force() -> Result<()> {
    let (scene, team, _) = two_grants().await?;
    scene.site.write("interlock.yaml", "grants: [")?;
    scene.site.write("allow.yaml", "tools: [")?;
    for _ in 0..5 {
        let response = scene.send(&with_token(scene.post(&initialize("2025-11-25")), Some(&team))).await?;
        assert_eq!(response.status, 200, "{response:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_file_that_was_emptied_ends_nothing() -> Result<()> {
    let (scene, team, _) = two_grants().await?;
    let session = scene.initialize(Some(&team)).await?;
    scene.site.write("interlock.yaml", "")?;
    recorded(&scene, "alarm").await?;
    let request = with_token(scene.post(&call(2, "read")).header("Mcp-Session-Id", &session), Some(&team));
    assert_eq!(scene.send(&request).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn nothing_of_a_file_with_a_mistake_is_put_in_force() -> Result<()> {
    let (scene, _, readers) = two_grants().await?;
    let session = scene.initialize(Some(&readers)).await?;
    let config = std::fs::read_to_string(scene.site.config())?;
    let loose = config.replace("readers.yaml", "allow.yaml");
    scene
        .site
        .write("interlock.yaml", &format!("{loose}  zebra: {{ servers: {{ recording: none.yaml }} }}\n"))?;
    recorded(&scene, "alarm").await?;
    let request =
        with_token(scene.post(&call(2, "write")).header("Mcp-Session-Id", &session), Some(&readers));
    assert!(is_denied(&scene.send(&request).await?)?, "the first half of it is in force");
    // The mistake mended, all of it is: the file that was missing is watched, too.
    scene.site.write("none.yaml", "version: \"1\"\ndefault: allow\n")?;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while is_denied(&scene.send(&request).await?)? {
        ensure!(tokio::time::Instant::now() < deadline, "the mended file is not in force");
    }
    Ok(())
}

/// All files are read together: while one of them is half written, another that is complete is not taken either.
#[tokio::test]
async fn half_of_a_file_is_not_read_because_another_is_complete() -> Result<()> {
    use std::io::Write as _;
    let (scene, team, readers) = two_grants().await?;
    let session = scene.initialize(Some(&readers)).await?;
    let path = scene.site.path().join("readers.yaml");
    let mut half = std::fs::OpenOptions::new().write(true).truncate(true).open(&path)?;
    // What stands there so far is a policy, and allows more.
    half.write_all(b"version: \"1\"\ndefault: allow\n")?;
    scene.site.write("allow.yaml", "version: \"1\"\ndefault: deny\n")?;
    let request =
        with_token(scene.post(&call(2, "write")).header("Mcp-Session-Id", &session), Some(&readers));
    for _ in 0..40 {
        assert!(is_denied(&scene.send(&request).await?)?, "half of a policy is in force");
    }
    half.write_all(b"tools: { write: { rules: [{ action: deny }] } }\n")?;
    drop(half);
    recorded(&scene, "policy_reload").await?;
    assert!(is_denied(&scene.send(&request).await?)?);
    let address = &scene.serving.address;
    let asked = modern(address, 1, "tools/call", &json!({ "name": "read", "arguments": {} }));
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while !is_denied(&scene.send(&with_token(asked.clone(), Some(&team))).await?)? {
        ensure!(tokio::time::Instant::now() < deadline, "the file that was complete is not in force");
    }
    assert!(!is_denied(&scene.send(&with_token(asked, Some(&readers))).await?)?, "nor is the other");
    Ok(())
}

/// Waits until something of this kind is in the log.
async fn recorded(scene: &Scene, kind: &str) -> Result<()> {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while records(scene.site.path(), kind).await?.is_empty() {
        ensure!(tokio::time::Instant::now() < deadline, "nothing of the kind {kind} is recorded");
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_reached_another_way_takes_its_old_connections_with_it() -> Result<()> {
    let (scene, team, _) = two_grants().await?;
    let session = scene.initialize(Some(&team)).await?;
    let config = std::fs::read_to_string(scene.site.config())?;
    scene
        .site
        .write("interlock.yaml", &config.replace("\"args\":", "\"extensions\":[\"vendor/x\"],\"args\":"))?;
    let request = with_token(scene.post(&call(2, "read")).header("Mcp-Session-Id", &session), Some(&team));
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while scene.send(&request).await?.status != 404 {
        ensure!(tokio::time::Instant::now() < deadline, "the session goes on by what is no longer in force");
    }
    let again = scene.initialize(Some(&team)).await?;
    let request = with_token(scene.post(&call(2, "read")).header("Mcp-Session-Id", &again), Some(&team));
    assert_eq!(scene.send(&request).await?.status, 200);
    Ok(())
}

const OPERATORS: &str = "version: \"1\"\ndefault: deny\ntools:\n  deploy:\n    require:\n      - name: for operators\n        \
    conditions: [{ path: grant.labels.team, op: eq, value: ops }]\n";

#[tokio::test]
async fn rules_look_at_the_labels_that_the_grant_has_now() -> Result<()> {
    let server = RecordingServer::new(&Script::with_tools(&["deploy"]))?;
    let entry = entry("recording", &server.command()?)?;
    let labelled = |team: &str| {
        format!(
            "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\ndata: data\nservers:\n{}grants:\n  \
             one: {{ servers: {{ recording: operators.yaml }}, labels: {{ team: {team} }} }}\n  \
             other: {{ servers: {{ recording: operators.yaml }} }}\n",
            entry
        )
    };
    let site = Site::new("")?;
    site.write("operators.yaml", OPERATORS)?;
    site.write("interlock.yaml", &labelled("sales"))?;
    let (one, other) = (site.token("one").await?, site.token("other").await?);
    let serving = site.serve(|command| command).await?;
    let scene = Scene { site, serving, server };
    let session = scene.initialize(Some(&one)).await?;
    let ask = || with_token(scene.post(&call(2, "deploy")), Some(&one)).header("Mcp-Session-Id", &session);
    ensure!(is_denied(&scene.send(&ask()).await?)?, "another label");
    let unlabelled =
        modern(&scene.serving.address, 1, "tools/call", &json!({ "name": "deploy", "arguments": {} }));
    ensure!(is_denied(&scene.send(&with_token(unlabelled, Some(&other))).await?)?, "no label");
    ensure!(scene.server.calls()?.is_empty());
    // In force at once, in the session that is open.
    scene.site.write("interlock.yaml", &labelled("ops"))?;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while is_denied(&scene.send(&ask()).await?)? {
        ensure!(std::time::Instant::now() < deadline, "the label is not in force");
    }
    assert_eq!(scene.server.calls()?.len(), 1);
    Ok(())
}

/// What ends first is what a grant's holders feel, and it is said which.
#[tokio::test]
async fn the_list_tells_which_end_comes_first() -> Result<()> {
    let site = Site::new(
        "servers: { files: { command: cat, policy: allow.yaml } }\nidentity:\n  issuers:\n    \
         corporate: { issuer: \"https://id.example\", audiences: [a], algorithms: [ES256], jwks: keys.json }\n\
         grants:\n  tokens: { servers: { files: server } }\n  \
         early: { servers: { files: server }, expires: 2020-01-01 }\n  \
         later: { servers: { files: server }, expires: 2999-01-01 }\n  \
         both: { servers: { files: server }, auth: [token, { jwt: { issuer: corporate, scopes: [x] } }] }\n  \
         lasting: { servers: { files: server } }\n",
    )?;
    site.write("allow.yaml", ALLOW_ALL)?;
    for grant in ["tokens", "early", "later", "both", "lasting"] {
        let made = site.command(&["grants", "create", grant, "--expires", "30d"])?.output().await?;
        ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
    site.token("lasting").await?;
    let output = site.command(&["grants", "list", "--format", "json"])?.output().await?;
    let list: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let text = String::from_utf8(site.command(&["grants", "list"])?.output().await?.stdout)?;
    for (grant, which, tokens_end, shown) in [
        ("tokens", json!("tokens"), true, "(last token)"),
        ("early", json!("grant"), true, "2020-01-01T00:00:00Z (grant, expired)"),
        ("later", json!("tokens"), true, "(last token)"),
        ("both", json!(null), true, "never"),
        ("lasting", json!(null), false, "never"),
    ] {
        let found = list.as_array().into_iter().flatten().find(|report| report["grant"] == grant);
        let report = found.unwrap_or(&serde_json::Value::Null);
        assert_eq!(
            (&report["ends_with"], report["tokens_expire"].is_string()),
            (&which, tokens_end),
            "{report}"
        );
        assert_eq!(report["ends"].is_string(), !which.is_null(), "{report}");
        let row = text.lines().find(|line| line.trim_start().starts_with(grant)).unwrap_or_default();
        ensure!(row.contains(shown), "{shown}: {text}");
    }
    assert_eq!(list[1]["expires"], "2020-01-01", "{list}");
    Ok(())
}

#[tokio::test]
async fn a_grant_is_shown_with_what_it_may_use_and_by_whom() -> Result<()> {
    let site = Site::new(
        "servers: { files: { command: cat, policy: allow.yaml } }\nanonymous: open\nidentity:\n  issuers:\n    \
         corporate: { issuer: \"https://id.example\", audiences: [a], algorithms: [ES256], jwks: keys.json }\n\
         grants:\n  team:\n    servers: { files: server }\n    labels: { team: ops }\n    expires: 2020-01-01T00:00:00Z\n    \
         auth: [token, { jwt: { issuer: corporate, scopes: [x] } }]\n  open: { servers: { files: allow.yaml } }\n",
    )?;
    let revoked = site.token("team").await?;
    let rotated = site.command(&["grants", "rotate", "team"])?.output().await?;
    ensure!(rotated.status.success());
    let output = site.command(&["grants", "list"])?.output().await?;
    let text = String::from_utf8(output.stdout)?;
    let row = |name: &str| {
        text.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_default().to_owned()
    };
    for part in ["files", "token, jwt of corporate", "2020-01-01T00:00:00Z (grant, expired)", " 1"] {
        ensure!(row("team").contains(part), "{part}: {text}");
    }
    for part in ["token, nothing (anonymous)", "never", " 0"] {
        ensure!(row("open").contains(part), "{part}: {text}");
    }
    let output = site.command(&["grants", "show", "team", "--format", "json"])?.output().await?;
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(shown["servers"], json!({ "files": "server" }));
    assert_eq!((&shown["labels"], &shown["expired"]), (&json!({ "team": "ops" }), &json!(true)));
    assert_eq!(shown["tokens"].as_array().map(Vec::len), Some(2));
    let output = site.command(&["grants", "show", "team"])?.output().await?;
    let text = String::from_utf8(output.stdout)?;
    for part in ["LABEL", "ops", "POLICY", "server", "revoked"] {
        ensure!(text.contains(part), "{part}: {text}");
    }
    ensure!(!text.contains(&revoked));
    Ok(())
}
