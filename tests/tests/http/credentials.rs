//! What is kept for servers: who sees it, who can read it, and what becomes of it when it was changed.

use anyhow::{Context, Result, ensure};
use interlock_store::{CredentialEntry, Credentials, Embedded, Options};
use interlock_testkit::answering::Answering;
use interlock_testkit::http::Request;
use interlock_testkit::serving::Site;
use serde_json::{Value, json};

use crate::authorized::{call_once, keep, site, spoken};
use crate::scene::{call, initialize, records};

/// Every secret here holds letters that no digest or identifier (lower-case, hexadecimal) can hold by chance.
const SECRET: &str = "own-credential-KeptJwz";

const HEADER: &str = "    headers: { X-Api-Key: \"${credential:api}\", X-Team: tools }\n";

/// What `interlock` says, and whether it succeeded.
async fn said(site: &Site, arguments: &[&str]) -> Result<(Option<i32>, String)> {
    let output = site.command(arguments)?.output().await?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.code(), String::from_utf8_lossy(&text).into_owned()))
}

async fn listed(site: &Site) -> Result<Vec<(String, String)>> {
    let output = site.command(&["credentials", "list", "--format", "json"])?.output().await?;
    let list: Value = serde_json::from_slice(&output.stdout)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let row = |row: &Value| (text(&row["key"]), text(&row["state"]));
    Ok(list.as_array().into_iter().flatten().map(row).collect())
}

#[tokio::test]
async fn a_server_sees_its_own_credential_and_nothing_of_the_callers() -> Result<()> {
    let far = Answering::start(spoken).await?;
    let site = site(&far.url("/mcp"), HEADER).await?;
    keep(&site, "api", SECRET).await?;
    let text = std::fs::read_to_string(site.config())?;
    site.write("interlock.yaml", &text.replace("anonymous: team\n", ""))?;
    let token = site.token("team").await?;
    let serving = site.serve(|command| command).await?;
    let post = |message: &Value| {
        Request::post(&serving.address, "/mcp/far", &message.to_string())
            .header("Authorization", &format!("Bearer {token}"))
            .header("Cookie", "session=callers")
            .header("X-Api-Key", "callers")
            .header("Proxy-Authorization", "Basic Y2FsbGVycw==")
            .header("Forwarded", "for=10.0.0.1")
            .header("X-Forwarded-For", "10.0.0.1")
            .header("X-Own", "callers")
            .header("Keep-Alive", "timeout=5")
            .header("TE", "trailers")
            .header("User-Agent", "callers/1")
    };
    let greeting = post(&initialize("2025-11-25")).send(&serving.address).await?;
    let session = greeting.header("mcp-session-id").with_context(|| format!("{greeting:?}"))?.to_owned();
    let answered = post(&call(2, "echo")).header("Mcp-Session-Id", &session).send(&serving.address).await?;
    assert_eq!(answered.answer()?["result"]["content"][0]["text"], "done");
    far.wait_until("the call", |all| all.iter().any(|one| one.json()["method"] == "tools/call")).await?;
    for arrived in far.arrived() {
        let mut names: Vec<&str> = arrived.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.retain(|name| !name.starts_with("mcp-"));
        names.sort_unstable();
        let expected: &[&str] = match arrived.method.as_str() {
            "POST" => &["accept", "content-length", "content-type", "host", "x-api-key", "x-team"],
            _ => &["accept", "host", "x-api-key", "x-team"],
        };
        assert_eq!(names, expected, "{arrived:?}");
        assert_eq!(arrived.header("x-api-key"), Some(SECRET));
        ensure!(!format!("{:?} {}", arrived.headers, arrived.text()).contains("callers"), "{arrived:?}");
        ensure!(arrived.headers.iter().all(|(_, value)| !value.contains(&session)), "{arrived:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_set_is_sealed_listed_without_its_value_and_removed() -> Result<()> {
    let far = Answering::start(spoken).await?;
    let site = site(&far.url("/mcp"), HEADER).await?;
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(site.path().join("credentials.key"))?.permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    // Before it is kept, nothing starts, and it is said what to do.
    let (_, text) = said(&site, &["serve"]).await?;
    ensure!(text.contains("interlock credentials set far api"), "{text}");
    keep(&site, "api", SECRET).await?;
    for name in ["ledger.db", "ledger.db-wal"] {
        let bytes = std::fs::read(site.path().join("data").join(name)).unwrap_or_default();
        let holds = |part: &str| bytes.windows(part.len()).any(|window| window == part.as_bytes());
        ensure!(!holds(SECRET), "{name} holds the secret");
        ensure!(name != "ledger.db" || !bytes.is_empty());
    }
    let (code, text) = said(&site, &["credentials", "list"]).await?;
    ensure!(code == Some(0) && text.contains("far") && text.contains("good"), "{text}");
    ensure!(!text.contains(SECRET), "{text}");
    let serving = site.serve(|command| command).await?;
    assert_eq!(call_once(&serving).await?.answer()?["result"]["content"][0]["text"], "done");
    // Another value is in force for those who come, without a new start.
    keep(&site, "api", "another-credential-KeptJwz").await?;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while far.arrived().last().and_then(|last| last.header("x-api-key").map(str::to_owned))
        != Some("another-credential-KeptJwz".to_owned())
    {
        call_once(&serving).await?;
        ensure!(std::time::Instant::now() < deadline, "{:?}", far.arrived().last());
    }
    let (code, _) = said(&site, &["credentials", "remove", "far", "api"]).await?;
    assert_eq!(code, Some(0));
    let (code, _) = said(&site, &["credentials", "remove", "far", "api"]).await?;
    assert_eq!(code, Some(1), "there is none any more");
    let (code, text) = said(&site, &["credentials", "set", "far", "api"]).await?;
    ensure!(code == Some(2) && text.contains("empty"), "{text}");
    let mut actions = records(site.path(), "configuration").await?;
    actions.retain(|action| !action["details"]["credential"].is_null());
    let reasons: Vec<&str> = actions.iter().filter_map(|action| action["reason"].as_str()).collect();
    assert_eq!(reasons, ["credential set", "credential set", "credential removed"], "{actions:?}");
    for record in records(site.path(), "configuration").await? {
        ensure!(!record["details"].to_string().contains("KeptJwz"), "{record}");
    }
    Ok(())
}

/// Changes one record behind the gateway's back.
async fn change(site: &Site, change: impl FnOnce(&mut Vec<CredentialEntry>)) -> Result<()> {
    let store = Embedded::open(&site.path().join("data"), Options::default())?;
    let mut entries = store.credentials().await?;
    change(&mut entries);
    for entry in entries {
        store.keep_credential(entry).await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_was_changed_moved_or_sealed_by_another_key_keeps_the_gateway_from_starting() -> Result<()> {
    let far = Answering::start(spoken).await?;
    let site = site(&far.url("/mcp"), HEADER).await?;
    keep(&site, "api", SECRET).await?;
    keep(&site, "other", "other-credential-KeptJwz").await?;
    let store = Embedded::open(&site.path().join("data"), Options::default())?;
    let good = store.credentials().await?;
    drop(store);
    let restore = |entries: &mut Vec<CredentialEntry>| entries.clone_from(&good);
    change(&site, |entries| {
        if let Some(byte) = entries[0].sealed.last_mut() {
            *byte ^= 1;
        }
    })
    .await?;
    let (code, text) = said(&site, &["serve"]).await?;
    ensure!(code == Some(2) && text.contains("`api`") && text.contains("not as it was sealed"), "{text}");
    assert_eq!(listed(&site).await?.into_iter().map(|row| row.1).collect::<Vec<_>>(), ["changed", "good"]);
    change(&site, restore).await?;
    change(&site, |entries| {
        let sealed = entries[1].sealed.clone();
        entries[0].sealed = sealed;
    })
    .await?;
    let (code, text) = said(&site, &["serve"]).await?;
    ensure!(code == Some(2) && text.contains("put in the place of another"), "{text}");
    change(&site, restore).await?;
    let key = site.path().join("credentials.key");
    let kept = std::fs::read_to_string(&key)?;
    site.write("credentials.key", &"ab".repeat(32))?;
    let (code, text) = said(&site, &["serve"]).await?;
    ensure!(code == Some(2) && text.contains("is sealed with the key"), "{text}");
    ensure!(!text.contains(kept.trim()) && !text.contains("abababab") && !text.contains("KeptJwz"), "{text}");
    site.write("credentials.key", "not a key")?;
    let (code, text) = said(&site, &["serve"]).await?;
    ensure!(code == Some(2) && text.contains("32 bytes") && !text.contains("not a key"), "{text}");
    // The twin.
    site.write("credentials.key", &kept)?;
    let serving = site.serve(|command| command).await?;
    assert_eq!(call_once(&serving).await?.answer()?["result"]["content"][0]["text"], "done");
    Ok(())
}

#[tokio::test]
async fn the_key_changes_while_the_gateway_runs() -> Result<()> {
    let far = Answering::start(spoken).await?;
    let site = site(&far.url("/mcp"), HEADER).await?;
    keep(&site, "api", SECRET).await?;
    let serving = site.serve(|command| command).await?;
    let before = listed(&site).await?;
    let made = interlock_testkit::command::Command::new(interlock_testkit::binaries::interlock()?)
        .args(["credentials", "key"])
        .arg(site.path().join("new.key"));
    assert!(made.output().await?.status.success());
    assert!(!made.output().await?.status.success(), "a key is never written over");
    let text = std::fs::read_to_string(site.config())?;
    let both = "key: \"${file:new.key}\", previous_keys: [\"${file:credentials.key}\"]";
    let text = text.replace("key: \"${file:credentials.key}\"", both);
    site.write("interlock.yaml", &text)?;
    assert_eq!(listed(&site).await?[0].1, "to be rotated");
    let (code, said_of_it) = said(&site, &["credentials", "rotate"]).await?;
    ensure!(code == Some(0) && said_of_it.contains("1 credentials were sealed anew"), "{said_of_it}");
    let after = listed(&site).await?;
    ensure!(after[0].0 != before[0].0 && after[0].1 == "good", "{after:?}");
    site.write("interlock.yaml", &text.replace(", previous_keys: [\"${file:credentials.key}\"]", ""))?;
    std::fs::remove_file(site.path().join("credentials.key"))?;
    assert_eq!(call_once(&serving).await?.answer()?["result"]["content"][0]["text"], "done");
    serving.stop().await?;
    let serving = site.serve(|command| command).await?;
    assert_eq!(call_once(&serving).await?.answer()?["result"]["content"][0]["text"], "done");
    ensure!(far.arrived().iter().all(|one| one.header("x-api-key") == Some(SECRET)));
    Ok(())
}

#[tokio::test]
async fn a_registered_server_has_credentials_of_its_own_and_no_others() -> Result<()> {
    let far = Answering::start(spoken).await?;
    let site = site(&far.url("/mcp"), HEADER).await?;
    keep(&site, "api", SECRET).await?;
    let operator = site.admin_token("ops").await?;
    let serving = site.serve(|command| command).await?;
    let register = |name: &str, secret: &str| {
        let policy = site.path().join("allow.yaml").display().to_string();
        let body = json!({ "name": name, "url": far.url("/mcp"), "policy": policy,
            "headers": { "X-Api-Key": secret }, "grants": { "team": "server" } });
        Request::post(&serving.admin, "/api/v1/servers", &body.to_string())
            .header("Authorization", &format!("Bearer {operator}"))
    };
    let others = register("thief", "${credential:api}").send(&serving.admin).await?;
    ensure!(
        others.status == 422 && others.body.contains("interlock credentials set thief api"),
        "{others:?}"
    );
    let plain = register("thief", "plain-KeptJwz").send(&serving.admin).await?;
    ensure!(plain.status == 422 && !plain.body.contains("plain-KeptJwz"), "{plain:?}");
    let output = {
        site.write("value", "registered-KeptJwz")?;
        let command = site.command(&["credentials", "set", "second", "api", "--from"])?;
        let mut line = command.line.clone();
        line.insert(line.len() - 2, site.path().join("value").into());
        interlock_testkit::command::Command { line, ..command }.output().await?
    };
    let noted = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success() && noted.contains("no server `second` yet"), "{noted}");
    let good = register("second", "${credential:api}").send(&serving.admin).await?;
    assert_eq!(good.status, 201, "{good:?}");
    let greeting = Request::post(&serving.address, "/mcp/second", &initialize("2025-11-25").to_string());
    ensure!(greeting.send(&serving.address).await?.status == 200);
    let shown: Vec<_> =
        far.arrived().iter().filter_map(|one| one.header("x-api-key").map(str::to_owned)).collect();
    ensure!(!shown.is_empty() && shown.iter().all(|shown| shown == "registered-KeptJwz"), "{shown:?}");
    Ok(())
}

#[tokio::test]
async fn a_registered_server_says_what_it_speaks_and_is_not_asked() -> Result<()> {
    let far = Answering::start(spoken).await?;
    let site = site(&far.url("/mcp"), "").await?;
    let added =
        site.command(&["servers", "add", "second", "--era", "legacy", "--transport", "streamable-http"])?;
    let added =
        added.args(["--policy"]).arg(site.path().join("allow.yaml")).args(["--grant", "team", "--url"]);
    let added = added.arg(far.url("/mcp")).output().await?;
    ensure!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let serving = site.serve(|command| command).await?;
    let greeting = Request::post(&serving.address, "/mcp/second", &initialize("2025-11-25").to_string());
    ensure!(greeting.send(&serving.address).await?.status == 200);
    let methods: Vec<_> = far.arrived().iter().map(|one| one.json()["method"].clone()).collect();
    assert_eq!(methods.first(), Some(&json!("initialize")), "{methods:?}");
    let output = site
        .command(&["servers", "add", "third", "--transport", "sse"])?
        .args(["--", "cat"])
        .output()
        .await?;
    assert_eq!(output.status.code(), Some(2), "a program does not speak HTTP");
    Ok(())
}
