//! Servers that want an access token, and an authorization server that gives some.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Result, ensure};
use interlock_testkit::answering::{Answer, Answering, Arrived};
use interlock_testkit::http::{Request, Response};
use interlock_testkit::serving::{Serving, Site};
use serde_json::{Value, json};

use crate::scene::{call, initialize, records};

/// What the client of the tests is called, and by what it is known.
pub const CLIENT: &str = "gateway-client";
pub const CLIENT_SECRET: &str = "client+secret/5f2b";

/// A server that takes no caller without a token, and the authorization server at the same place.
pub struct Guarded {
    pub far: Answering,
    pub said: Arc<Mutex<Said>>,
}

/// What is in force there.
#[derive(Debug, Default)]
pub struct Said {
    /// Access tokens that are taken.
    pub taken: BTreeSet<String>,
    /// The refresh token that is taken next.
    pub refresh: Option<String>,
    /// All that were ever given, or shown.
    pub secrets: BTreeSet<String>,
    given: u32,
    /// What the authorization server answers in the place of a token.
    pub instead: Option<Answer>,
    /// Seconds that a token is said to last.
    pub lasts: Option<u64>,
    /// Where the description of the server says that tokens are from, where not here.
    pub elsewhere: Option<String>,
}

pub fn locked(said: &Mutex<Said>) -> MutexGuard<'_, Said> {
    said.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Guarded {
    pub async fn start() -> Result<Self> {
        let said: Arc<Mutex<Said>> = Arc::default();
        let asked = Arc::clone(&said);
        let far = Answering::start(move |arrived| answer(&mut locked(&asked), arrived)).await?;
        Ok(Self { far, said })
    }

    pub fn said(&self) -> MutexGuard<'_, Said> {
        locked(&self.said)
    }

    /// The messages that reached the server with a token that is taken, as (method, token).
    pub fn reached(&self) -> Vec<(String, String)> {
        let posts = self.far.arrived_at("/mcp").into_iter().filter(|arrived| arrived.method == "POST");
        posts
            .map(|post| {
                let token = post.header("authorization").unwrap_or_default().to_owned();
                (post.json()["method"].as_str().unwrap_or_default().to_owned(), token)
            })
            .collect()
    }

    pub fn token_requests(&self) -> Vec<Arrived> {
        self.far.arrived_at("/token")
    }
}

fn answer(said: &mut Said, arrived: &Arrived) -> Answer {
    let host = arrived.header("host").unwrap_or_default();
    match arrived.path.as_str() {
        "/.well-known/oauth-protected-resource/mcp" => {
            let issuer = said.elsewhere.clone().unwrap_or_else(|| format!("http://{host}"));
            let resource = format!("http://{host}/mcp");
            Answer::json(200, &json!({ "resource": resource, "authorization_servers": [issuer] }))
        }
        "/.well-known/oauth-authorization-server" => {
            let (issuer, endpoint) = (format!("http://{host}"), format!("http://{host}/token"));
            Answer::json(200, &json!({ "issuer": issuer, "token_endpoint": endpoint }))
        }
        "/token" => token(said, arrived),
        "/mcp" => mcp(said, arrived),
        _ => Answer::status(404),
    }
}

fn token(said: &mut Said, arrived: &Arrived) -> Answer {
    if let Some(instead) = said.instead.clone() {
        return instead;
    }
    let form = arrived.text();
    let value = |name: &str| form.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    match (value("grant_type"), value("refresh_token")) {
        (Some("client_credentials"), None) => {}
        (Some("refresh_token"), shown) if shown.is_some() && shown == said.refresh.as_deref() => {}
        _ => return Answer::json(400, &json!({ "error": "invalid_grant", "error_description": form })),
    }
    said.given += 1;
    let access = format!("access-{}-4b7e", said.given);
    said.taken.insert(access.clone());
    let mut answer = json!({ "access_token": access, "token_type": "Bearer" });
    said.secrets.insert(access);
    if let Some(lasts) = said.lasts {
        answer["expires_in"] = json!(lasts);
    }
    if said.refresh.is_some() {
        // Each is of use once.
        let refresh = format!("refresh-{}-KeptRvx", said.given);
        answer["refresh_token"] = json!(refresh);
        said.secrets.insert(refresh.clone());
        said.refresh = Some(refresh);
    }
    Answer::json(200, &answer)
}

fn mcp(said: &Said, arrived: &Arrived) -> Answer {
    let shown = arrived.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    if !shown.is_some_and(|token| said.taken.contains(token)) {
        let host = arrived.header("host").unwrap_or_default();
        let described = format!("http://{host}/.well-known/oauth-protected-resource/mcp");
        let challenge = format!("Bearer resource_metadata=\"{described}\"");
        return Answer::Now(401, vec![("WWW-Authenticate", challenge)], String::new());
    }
    spoken(arrived)
}

/// What a small server of 2025-11-25 says, whoever asks.
pub fn spoken(arrived: &Arrived) -> Answer {
    if arrived.method != "POST" {
        return Answer::status(405);
    }
    let message = arrived.json();
    let result = match message["method"].as_str().unwrap_or_default() {
        "initialize" => json!({
            "protocolVersion": "2025-11-25", "capabilities": { "tools": {} },
            "serverInfo": { "name": "far", "version": "1" },
        }),
        "tools/list" => {
            json!({ "tools": [{ "name": "echo", "inputSchema": { "type": "object" } }] })
        }
        "tools/call" => json!({ "content": [{ "type": "text", "text": "done" }] }),
        _ => return Answer::status(202),
    };
    Answer::json(200, &json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }))
}

/// A gateway in front of a server with these further keys, which everybody may use.
pub async fn site(url: &str, more: &str) -> Result<Site> {
    let site = Site::new(&format!(
        "credentials: {{ key: \"${{file:credentials.key}}\" }}\n\
         servers:\n  far:\n    url: {url}\n    era: legacy\n    transport: streamable_http\n{more}\
         grants:\n  team: {{ servers: {{ far: allow.yaml }} }}\nanonymous: team\n"
    ))?;
    site.write("allow.yaml", "version: \"1\"\ndefault: allow\n")?;
    let made = interlock_testkit::command::Command::new(interlock_testkit::binaries::interlock()?)
        .args(["credentials", "key"])
        .arg(site.path().join("credentials.key"));
    let made = made.output().await?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Ok(site)
}

/// Keeps a credential of the server `far`.
pub async fn keep(site: &Site, name: &str, value: &str) -> Result<()> {
    site.write("value", value)?;
    let kept = site.command(&["credentials", "set", "far", name, "--from"])?;
    // `-c FILE` comes last: the value's file stands before it.
    let mut line = kept.line.clone();
    line.insert(line.len() - 2, site.path().join("value").into());
    let kept = interlock_testkit::command::Command { line, ..kept }.output().await?;
    ensure!(kept.status.success(), "{}", String::from_utf8_lossy(&kept.stderr));
    std::fs::remove_file(site.path().join("value"))?;
    Ok(())
}

/// One call of a client that has a session of its own.
pub async fn call_once(serving: &Serving) -> Result<Response> {
    let post = |message: &Value| Request::post(&serving.address, "/mcp/far", &message.to_string());
    let greeting = post(&initialize("2025-11-25")).send(&serving.address).await?;
    let Some(session) = greeting.header("mcp-session-id") else { return Ok(greeting) };
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    post(&initialized).header("Mcp-Session-Id", session).send(&serving.address).await?;
    post(&call(2, "echo")).header("Mcp-Session-Id", session).send(&serving.address).await
}

fn oauth(more: &str) -> String {
    format!(
        "    oauth:\n      client_id: {CLIENT}\n      client_secret: \"${{credential:secret}}\"\n      scopes: [read, write]\n{more}"
    )
}

#[tokio::test]
async fn a_token_is_found_out_had_once_and_renewed_when_it_is_refused() -> Result<()> {
    let guarded = Guarded::start().await?;
    let site = site(&guarded.far.url("/mcp"), &oauth("")).await?;
    keep(&site, "secret", CLIENT_SECRET).await?;
    let serving = site.serve(|command| command).await?;
    let all = (0..8).map(|_| call_once(&serving)).collect::<Vec<_>>();
    for response in join(all).await {
        let answer = response?.answer()?;
        ensure!(answer["result"]["content"][0]["text"] == "done", "{answer}");
    }
    let requests = guarded.token_requests();
    assert_eq!(requests.len(), 1, "eight callers wait for one token");
    let resource = format!("resource=http%3A%2F%2F{}%2Fmcp", guarded.far.address.replace(':', "%3A"));
    for part in ["grant_type=client_credentials", "scope=read+write", &resource] {
        ensure!(requests[0].text().split('&').any(|pair| pair == part), "{part}: {}", requests[0].text());
    }
    ensure!(!requests[0].text().contains("secret"), "it stands in a header");
    assert_eq!(requests[0].header("authorization"), Some(basic().as_str()));
    let tokens: BTreeSet<String> = guarded.reached().into_iter().map(|(_, token)| token).collect();
    assert_eq!(tokens, BTreeSet::from(["Bearer access-1-4b7e".to_owned()]));
    // From now on the server takes another one.
    guarded.said().taken.clear();
    let answer = call_once(&serving).await?.answer()?;
    ensure!(answer["result"]["content"][0]["text"] == "done", "{answer}");
    assert_eq!(guarded.token_requests().len(), 2);
    let calls = guarded.reached().into_iter().filter(|(method, _)| method == "tools/call");
    assert_eq!(calls.count(), 9, "no call is made twice");
    // A server that refuses every token is not asked for ever, nor is the authorization server.
    guarded.said().taken.clear();
    guarded.said().instead =
        Some(Answer::json(200, &json!({ "access_token": "odd", "token_type": "Bearer" })));
    let refused = call_once(&serving).await?.answer()?;
    ensure!(refused["error"]["message"].as_str().is_some_and(|text| text.contains("401")), "{refused}");
    let asked = guarded.token_requests().len();
    let refused = call_once(&serving).await?.answer()?;
    ensure!(refused["error"]["message"].as_str().is_some_and(|text| text.contains("401")), "{refused}");
    assert_eq!(guarded.token_requests().len(), asked, "another token would not help");
    Ok(())
}

fn basic() -> String {
    use base64::Engine as _;
    let pair = "gateway-client:client%2Bsecret%2F5f2b";
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

async fn join<T>(all: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut all: Vec<_> = all.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<T>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in all.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(value) = future.as_mut().poll(context) {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_token_that_ends_soon_is_renewed_before_and_nobody_waits() -> Result<()> {
    let guarded = Guarded::start().await?;
    guarded.said().lasts = Some(0);
    let site = site(&guarded.far.url("/mcp"), &oauth("")).await?;
    keep(&site, "secret", CLIENT_SECRET).await?;
    let serving = site.serve(|command| command).await?;
    let answer = call_once(&serving).await?.answer()?;
    ensure!(answer["result"]["content"][0]["text"] == "done", "{answer}");
    ensure!(guarded.token_requests().len() > 1, "one that has ended is not shown");
    guarded.said().lasts = Some(3600);
    call_once(&serving).await?;
    let asked = guarded.token_requests().len();
    call_once(&serving).await?;
    assert_eq!(guarded.token_requests().len(), asked, "one that is good is kept");
    Ok(())
}

#[tokio::test]
async fn a_refresh_token_that_is_replaced_is_kept_and_survives_the_gateway() -> Result<()> {
    let guarded = Guarded::start().await?;
    guarded.said().refresh = Some("refresh-0-KeptRvx".to_owned());
    let issuer = format!(
        "    oauth:\n      client_id: {CLIENT}\n      refresh_token: \"${{credential:refresh}}\"\n      issuer: http://{}\n",
        guarded.far.address
    );
    let site = site(&guarded.far.url("/mcp"), &issuer).await?;
    keep(&site, "refresh", "refresh-0-KeptRvx").await?;
    for round in 1..=3 {
        let serving = site.serve(|command| command).await?;
        let answer = call_once(&serving).await?.answer()?;
        ensure!(answer["result"]["content"][0]["text"] == "done", "{round}: {answer}");
        let shown = guarded.token_requests().pop().map(|request| request.text()).unwrap_or_default();
        ensure!(shown.contains(&format!("refresh_token=refresh-{}-KeptRvx", round - 1)), "{round}: {shown}");
        ensure!(shown.contains(&format!("client_id={CLIENT}")), "a public client says who it is: {shown}");
        serving.stop().await?;
    }
    // One that is of no use any more says so, and nothing of itself; one that is set anew is taken at once.
    guarded.said().refresh = Some("refresh-by-hand-KeptRvx".to_owned());
    let serving = site.serve(|command| command).await?;
    let refused = call_once(&serving).await?.answer()?;
    let text = refused["error"]["message"].as_str().unwrap_or_default().to_owned();
    ensure!(text.contains("no access token") && text.contains("`invalid_grant`"), "{refused}");
    ensure!(!text.contains("KeptRvx"), "{text}");
    keep(&site, "refresh", "refresh-by-hand-KeptRvx").await?;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let answer = call_once(&serving).await?.answer()?;
        if answer["result"]["content"][0]["text"] == "done" {
            break;
        }
        ensure!(std::time::Instant::now() < deadline, "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn a_server_cannot_name_who_gets_the_secret() -> Result<()> {
    let guarded = Guarded::start().await?;
    let thief = Answering::start(|_| Answer::status(404)).await?;
    guarded.said().elsewhere = Some(thief.url(""));
    let site = site(&guarded.far.url("/mcp"), &oauth("")).await?;
    keep(&site, "secret", CLIENT_SECRET).await?;
    let serving = site.serve(|command| command).await?;
    let refused = call_once(&serving).await?.answer()?;
    let text = refused["error"]["message"].as_str().unwrap_or_default();
    ensure!(text.contains(&format!("write `issuer: {}`", thief.url(""))), "{refused}");
    assert!(thief.arrived().is_empty(), "nobody has been there");
    assert!(guarded.reached().is_empty());
    serving.stop().await?;
    let outcomes = records(site.path(), "outcome").await?;
    ensure!(outcomes.iter().all(|outcome| outcome["outcome"] != "completed"), "{outcomes:?}");
    Ok(())
}

#[tokio::test]
async fn an_authorization_server_that_errs_is_told_of_without_a_secret() -> Result<()> {
    let guarded = Guarded::start().await?;
    let token_url =
        format!("      token_url: {}\n      client_authentication: post\n", guarded.far.url("/token"));
    let site = site(&guarded.far.url("/mcp"), &oauth(&token_url)).await?;
    keep(&site, "secret", CLIENT_SECRET).await?;
    for (what, instead, part) in [
        (
            "refuses",
            Answer::json(401, &json!({ "error": "invalid_client", "error_description": CLIENT_SECRET })),
            "`invalid_client`",
        ),
        ("repeats", Answer::json(400, &json!({ "error": CLIENT_SECRET })), "an unknown error"),
        ("errs", Answer::status(500), "500"),
        (
            "moves",
            Answer::Now(302, vec![("Location", "http://127.0.0.1:1/".to_owned())], String::new()),
            "302",
        ),
        ("says too much", Answer::Now(200, Vec::new(), "x".repeat(100_000)), "more than"),
        ("says something else", Answer::Now(200, Vec::new(), CLIENT_SECRET.to_owned()), "RFC 6749"),
    ] {
        guarded.said().instead = Some(instead);
        let serving = site.serve(|command| command).await?;
        let refused = call_once(&serving).await?.answer()?;
        let text = refused["error"]["message"].as_str().unwrap_or_default();
        ensure!(text.contains("no access token") && text.contains(part), "{what}: {refused}");
        ensure!(!text.contains("secret"), "{what}: {text}");
    }
    ensure!(guarded.reached().is_empty(), "nothing arrived at the server");
    let sent = guarded.token_requests().pop().map(|request| request.text()).unwrap_or_default();
    ensure!(sent.contains("client_secret=client%2Bsecret%2F5f2b"), "{sent}");
    guarded.said().instead = None;
    let serving = site.serve(|command| command).await?;
    let answer = call_once(&serving).await?.answer()?;
    ensure!(answer["result"]["content"][0]["text"] == "done", "{answer}");
    Ok(())
}
