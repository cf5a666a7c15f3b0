//! Everything that a gateway says of itself, with its log at its most talkative, beside every secret that it was given.

use std::path::Path;

use anyhow::{Result, ensure};
use interlock_testkit::answering::{Answer, Answering};
use interlock_testkit::http::Request;
use serde_json::{Value, json};

use crate::authorized::{CLIENT_SECRET, Guarded, call_once, keep, site, spoken};
use crate::scene::{call, initialize};

/// Every secret here holds letters that no digest or identifier (lower-case, hexadecimal) can hold by chance.
const HEADER_SECRET: &str = "header-credential-KeptXwq";

/// Every file below a folder.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, found)?;
        } else {
            found.push((path.display().to_string(), std::fs::read(&path)?));
        }
    }
    Ok(())
}

#[tokio::test]
async fn nothing_that_comes_out_holds_a_secret() -> Result<()> {
    let guarded = Guarded::start().await?;
    guarded.said().refresh = Some("refresh-0-KeptRvx".to_owned());
    let keyed = Answering::start(spoken).await?;
    let collector = Answering::start(|_| Answer::json(200, &json!({}))).await?;
    let oauth = "    oauth:\n      client_id: gateway-client\n      client_secret: \"${credential:secret}\"\n      \
                 refresh_token: \"${credential:refresh}\"\n";
    let keyed_server = format!(
        "  keyed: {{ url: \"{}\", era: legacy, transport: streamable_http, headers: {{ X-Api-Key: \"${{credential:api}}\", \
         X-Other: \"${{OTHER_SECRET}}\" }} }}\n  broken: {{ url: \"http://127.0.0.1:1/mcp?key=query-KeptXwq\", headers: \
         {{ X-Api-Key: \"${{file:plain}}\" }} }}\n",
        keyed.url("/mcp?key=query-KeptXwq")
    );
    let site = site(&guarded.far.url("/mcp"), &format!("{oauth}{keyed_server}")).await?;
    site.write("plain", "file-secret-KeptXwq")?;
    let text = std::fs::read_to_string(site.config())?;
    let text = text.replace("far: allow.yaml }", "far: allow.yaml, keyed: allow.yaml, broken: allow.yaml }");
    site.write(
        "interlock.yaml",
        &format!(
            "{}telemetry:\n  level: trace\n  traces: {{ endpoint: \"http://{}\", ratio: 1, headers: {{ X-Key: \"${{file:plain}}\" }} }}\n",
            text.replace("anonymous: team\n", ""),
            collector.address
        ),
    )?;
    keep(&site, "secret", CLIENT_SECRET).await?;
    keep(&site, "refresh", "refresh-0-KeptRvx").await?;
    site.write("value", HEADER_SECRET)?;
    let set = site.command(&["credentials", "set", "keyed", "api", "--from"])?;
    let mut line = set.line.clone();
    line.insert(line.len() - 2, site.path().join("value").into());
    let set = interlock_testkit::command::Command { line, ..set }.output().await?;
    ensure!(set.status.success(), "{}", String::from_utf8_lossy(&set.stderr));
    let (token, operator) = (site.token("team").await?, site.admin_token("ops").await?);
    let serving = site.serve(|command| command.env("OTHER_SECRET", "environment-KeptXwq")).await?;
    let mut came = Vec::new();
    for server in ["far", "keyed", "broken", "none"] {
        let post = |message: &Value| {
            Request::post(&serving.address, &format!("/mcp/{server}"), &message.to_string())
                .header("Authorization", &format!("Bearer {token}"))
                .header("Cookie", "session=cookie-KeptXwq")
        };
        let greeting = post(&initialize("2025-11-25")).send(&serving.address).await?;
        let session = greeting.header("mcp-session-id").unwrap_or_default().to_owned();
        let ask = post(&call(2, "echo")).header("Mcp-Session-Id", &session);
        let answer = ask.send(&serving.address).await?;
        came.push(("an answer", format!("{greeting:?} {answer:?}")));
    }
    // What goes wrong is told of, too.
    guarded.said().taken.clear();
    guarded.said().instead =
        Some(Answer::json(400, &json!({ "error": "invalid_grant", "error_description": CLIENT_SECRET })));
    let post = |token: &str| {
        Request::post(&serving.address, "/mcp/far", &initialize("2025-11-25").to_string())
            .header("Authorization", &format!("Bearer {token}"))
    };
    came.push(("a failure", format!("{:?}", post(&token).send(&serving.address).await?)));
    let wrong = format!("{}x", token.get(..token.len() - 1).unwrap_or_default());
    came.push(("a refusal", format!("{:?}", post(&wrong).send(&serving.address).await?)));
    came.push(("nobody", format!("{:?}", call_once(&serving).await?)));
    // The file with a mistake, and one that is good again.
    let good = std::fs::read_to_string(site.config())?;
    site.write("interlock.yaml", &good.replace("${credential:secret}", "${credential:secrte}"))?;
    guarded.far.wait_until("nothing", |_| serving.said().contains("secrte")).await?;
    site.write("interlock.yaml", &good)?;
    for path in [
        "/api/v1/servers",
        "/api/v1/servers/keyed",
        "/api/v1/grants",
        "/api/v1/grants/team",
        "/api/v1/decisions",
        "/api/v1/counters",
        "/api/v1/openapi.json",
        "/metrics",
        "/readyz",
        "/livez",
    ] {
        let request =
            Request::new(&serving.admin, "GET", path).header("Authorization", &format!("Bearer {operator}"));
        came.push(("the operators' listener", format!("{path} {:?}", request.send(&serving.admin).await?)));
    }
    let pid = serving.pid();
    came.push(("the process list", std::fs::read_to_string(format!("/proc/{pid}/cmdline"))?));
    let log = serving.said();
    ensure!(log.contains("TRACE") || log.contains("DEBUG"), "the log is talkative: {log}");
    came.push(("the log", log));
    serving.stop().await?;
    for spans in collector.arrived() {
        ensure!(spans.header("x-key") == Some("file-secret-KeptXwq"), "it was of use");
        came.push(("the collector", spans.text()));
    }
    ensure!(came.iter().any(|(what, _)| *what == "the collector"), "there are traces");
    for command in [&["credentials", "list"][..], &["servers", "list"], &["grants", "list"]] {
        let output = site.command(command)?.output().await?;
        came.push((
            "a command",
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        ));
    }
    let mut kept = Vec::new();
    files(&site.path().join("data"), &mut kept)?;
    ensure!(kept.iter().any(|(name, _)| name.contains("audit/")), "there is a log of decisions");
    let mut secrets: Vec<String> = guarded.said().secrets.iter().cloned().collect();
    ensure!(secrets.len() >= 2, "tokens were given: {secrets:?}");
    secrets.extend([token, wrong, operator, CLIENT_SECRET.to_owned(), HEADER_SECRET.to_owned()]);
    secrets.extend(["refresh-0-KeptRvx", "KeptXwq", "client%2Bsecret%2F5f2b"].map(str::to_owned));
    secrets.push(std::fs::read_to_string(site.path().join("credentials.key"))?.trim().to_owned());
    let basic =
        guarded.token_requests().first().and_then(|one| one.header("authorization").map(str::to_owned));
    secrets.push(basic.unwrap_or_default().trim_start_matches("Basic ").to_owned());
    for secret in &secrets {
        ensure!(!secret.is_empty());
        for (what, text) in &came {
            ensure!(!text.contains(secret.as_str()), "{what} holds `{secret}`: {text}");
        }
        for (name, bytes) in &kept {
            let holds = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            ensure!(!holds, "{name} holds `{secret}`");
        }
    }
    // They were of use.
    ensure!(keyed.arrived().iter().any(|one| one.header("x-api-key") == Some(HEADER_SECRET)));
    ensure!(keyed.arrived().iter().any(|one| one.header("x-other") == Some("environment-KeptXwq")));
    ensure!(guarded.reached().iter().any(|(method, _)| method == "tools/call"), "{:?}", guarded.reached());
    Ok(())
}
