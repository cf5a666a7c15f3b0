//! Servers that cannot be used: operators are told which and why, once, and when it is over.

use anyhow::{Context, Result, ensure};
use interlock_testkit::client::PATIENCE;
use interlock_testkit::http::{Request, Response};
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use interlock_testkit::serving::Site;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::scene::{Scene, entry, initialize, with_token};

/// One server that ends at once, one that nobody listens for, and one that says nothing.
async fn scene(dead: &str) -> Result<Scene> {
    let server = RecordingServer::new(&Script::with_tools(&["echo"]))?;
    let site = Site::new(&format!(
        "servers:\n{}  ends: {{ command: \"false\" }}\n  dead: {{ url: 'http://{dead}/mcp' }}\n  \
         silent: {{ command: sleep, args: [\"1000\"] }}\ngrants:\n  many:\n    servers: \
         {{ ends: allow.yaml, dead: allow.yaml, silent: allow.yaml, recording: allow.yaml }}\n\
         anonymous: many\nlimits: {{ start_seconds: 1, keep_alive_seconds: 600 }}\n",
        entry("recording", &server.command()?)?
    ))?;
    site.write("allow.yaml", "version: \"1\"\ndefault: allow\n")?;
    let serving = site.serve(|command| command).await?;
    Ok(Scene { site, serving, server })
}

async fn begin(scene: &Scene, server: &str) -> Result<Response> {
    let message = initialize("2025-11-25").to_string();
    Request::post(&scene.serving.address, &format!("/mcp/{server}"), &message)
        .send(&scene.serving.address)
        .await
}

/// What the admin API says is wrong with each server.
async fn troubles(scene: &Scene, token: &str) -> Result<Value> {
    let admin = &scene.serving.admin;
    let list = with_token(Request::new(admin, "GET", "/api/v1/servers"), Some(token)).send(admin).await?;
    let servers = list.answer()?["servers"].as_array().context("no servers")?.clone();
    let named = |server: &Value| Some((server["name"].as_str()?.to_owned(), server["trouble"].clone()));
    Ok(Value::Object(servers.iter().filter_map(named).collect()))
}

/// Until what the gateway has said holds this.
async fn said(scene: &Scene, text: &str) -> Result<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let said = scene.serving.said();
        if said.contains(text) {
            return Ok(said);
        }
        ensure!(Instant::now() < deadline, "it does not say `{text}`:\n{said}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_server_is_said_once_and_shown_until_it_answers() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let dead = listener.local_addr()?.to_string();
    drop(listener);
    let scene = scene(&dead).await?;
    let token = scene.site.admin_token("ann").await?;
    for server in ["ends", "dead", "silent", "dead"] {
        let response = begin(&scene, server).await?;
        ensure!(response.body.contains("error"), "{server}: {response:?}");
    }
    assert_eq!(begin(&scene, "recording").await?.status, 200);

    let log = said(&scene, "the server `dead` fails: the server cannot be reached: ").await?;
    ensure!(log.contains("refused"), "{log}");
    assert_eq!(log.matches("the server `dead` fails").count(), 1, "{log}");
    said(&scene, "the server `ends` fails: it has ended by itself: exit status: 1").await?;
    said(&scene, "the server `silent` fails: it did not answer in time").await?;

    let shown = troubles(&scene, &token).await?;
    ensure!(shown["dead"].as_str().is_some_and(|why| why.contains("refused")), "{shown}");
    ensure!(shown["ends"].as_str().is_some_and(|why| why.contains("exit status: 1")), "{shown}");
    assert_eq!(shown["silent"], "it did not answer in time", "{shown}");
    assert_eq!(shown["recording"], json!(null), "{shown}");

    let admin = &scene.serving.admin;
    let metrics = with_token(Request::new(admin, "GET", "/metrics"), None).send(admin).await?.body;
    ensure!(metrics.contains("interlock_server_failures_total{server=\"dead\"} 2"), "{metrics}");
    Ok(())
}
