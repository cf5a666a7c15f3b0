//! The Python SDK's own OAuth client, an authorization server, and the gateway between them: nothing but the address of
//! the gateway is told to the client.

use anyhow::{Context, Result, ensure};
use interlock_testkit::http::Request;
use interlock_testkit::peers::Environment;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use interlock_testkit::serving::Site;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::scene::{Scene, entry, records};

#[tokio::test]
async fn a_client_finds_out_where_tokens_are_from() -> Result<()> {
    let environment = Environment::find()?;
    let issuing = environment.python_script("authorization_server.py").args(["tools", "admin"]);
    let (mut child, _group) = issuing.spawn()?;
    let mut said = String::new();
    BufReader::new(child.stdout.take().context("no output")?).read_line(&mut said).await?;
    let said: Value = serde_json::from_str(&said).with_context(|| said.clone())?;
    let server = RecordingServer::new(&Script::with_tools(&["echo"]))?;
    // The port is not known before the gateway has it, and the address is an audience: it is asked for first.
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let config = format!(
        "servers:\n{}identity:\n  issuers:\n    local:\n      issuer: {}\n      algorithms: [RS256]\n      jwks: {}\n  \
         resource: {{ url: \"http://127.0.0.1:{port}\", scopes: [tools] }}\n\
         grants:\n  agents:\n    servers: {{ recording: allow.yaml }}\n    \
         auth: [{{ jwt: {{ issuer: local, claims: {{ sub: someone }}, scopes: [tools] }} }}]\n",
        entry("recording", &server.command()?)?,
        said["issuer"],
        said["jwks"],
    );
    let site = Site::new(&config)?;
    site.write("allow.yaml", "version: \"1\"\ndefault: allow\n")?;
    let text = std::fs::read_to_string(site.config())?;
    site.write("interlock.yaml", &text.replace("listen: 127.0.0.1:0", &format!("listen: 127.0.0.1:{port}")))?;
    let serving = site.serve(|command| command).await?;
    let url = serving.url("recording");
    let ran = environment.python_script("oauth_client.py").arg(&url).output().await?;
    ensure!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let seen: Value = serde_json::from_slice(&ran.stdout)?;
    assert_eq!(
        seen,
        json!({ "tools": ["echo"], "is_error": false, "resource": url, "scope": "tools", "granted": "tools" })
    );
    assert_eq!(server.calls()?.len(), 1);
    let scene = Scene { site, serving, server };
    described(&scene, &url, said["issuer"].as_str().unwrap_or_default()).await?;
    let Scene { site, serving, .. } = scene;
    serving.stop().await?;
    let intents = records(site.path(), "intent").await?;
    assert_eq!(intents.len(), 1);
    ensure!(intents.iter().all(|record| record["grant"] == "agents"), "{intents:?}");
    Ok(())
}

/// What RFC 9728 asks for, for each server and for names that are none alike.
async fn described(scene: &Scene, url: &str, issuer: &str) -> Result<()> {
    let address = &scene.serving.address;
    let get =
        |path: &str| Request::new(address, "GET", &format!("/.well-known/oauth-protected-resource{path}"));
    for (path, resource) in [
        ("/mcp/recording", url.to_owned()),
        ("/mcp/other", url.replace("recording", "other")),
        ("", url.replace("/mcp/recording", "")),
    ] {
        let response = scene.send(&get(path)).await?;
        ensure!(response.status == 200, "{path}: {response:?}");
        let expected = json!({
            "resource": resource, "authorization_servers": [issuer], "scopes_supported": ["tools"],
            "bearer_methods_supported": ["header"],
        });
        assert_eq!(response.answer()?, expected);
    }
    for path in ["/", "/mcp/", "/mcp/a/b", "/mcp/..", "/other", "/mcp/recording/"] {
        assert_eq!(scene.send(&get(path)).await?.status, 404, "{path}");
    }
    let post = Request::post(address, "/.well-known/oauth-protected-resource", "{}");
    assert_eq!(scene.send(&post).await?.status, 405);
    let nobody = scene.send(&Request::post(address, "/mcp/recording", "{}")).await?;
    let expected = format!(
        "Bearer resource_metadata=\"{}\",scope=\"tools\"",
        url.replace("/mcp/", "/.well-known/oauth-protected-resource/mcp/")
    );
    assert_eq!((nobody.status, nobody.header("www-authenticate")), (401, Some(expected.as_str())));
    Ok(())
}
