//! What vouched for a caller ends while something of theirs is under way: a message whose body is still being sent, a
//! connection that is used again. What comes after that is nobody's.

use std::time::{Duration, SystemTime};

use anyhow::{Result, ensure};
use interlock_testkit::http::{Request, send_on};
use interlock_testkit::script::Script;
use interlock_testkit::tls::{Authority, Named};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::scene::{Scene, call, modern, records, with_token};
use crate::tls::{called, mutual, scene};

const PATIENCE: Duration = Duration::from_secs(20);

/// Sends all of a request but its last byte.
async fn begin(address: &str, request: &Request) -> Result<(TcpStream, u8)> {
    let mut bytes = request.bytes();
    let last = bytes.pop().unwrap_or_default();
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&bytes).await?;
    Ok((stream, last))
}

async fn finish((mut stream, last): (TcpStream, u8)) -> Result<String> {
    stream.write_all(&[last]).await?;
    let mut text = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut text)).await??;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_message_whose_token_is_revoked_while_it_is_sent_is_nobodys() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), "").await?;
    let token = scene.site.token("team").await?;
    let session = scene.initialize(Some(&token)).await?;
    let address = &scene.serving.address;
    let of_session = scene.post(&call(2, "echo")).header("Mcp-Session-Id", &session);
    let alone = modern(address, 3, "tools/call", &json!({ "name": "echo", "arguments": {} }));
    let again = alone.clone();
    let [of_session, alone, again] = [of_session, alone, again].map(|one| with_token(one, Some(&token)));
    // Its twin is slow, too, and its token is good.
    ensure!(finish(begin(address, &again).await?).await?.contains("200"));
    let (of_session, alone) = (begin(address, &of_session).await?, begin(address, &alone).await?);
    let old = with_token(scene.post(&json!({})), Some(&token));
    let rotated = scene.site.command(&["grants", "rotate", "team"])?.output().await?;
    ensure!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    let deadline = Instant::now() + PATIENCE;
    while scene.send(&old).await?.status != 401 {
        ensure!(Instant::now() < deadline, "the old token is still taken");
    }
    for begun in [of_session, alone] {
        let status = finish(begun).await?;
        ensure!(status.contains("401") || status.contains("404"), "{status}");
    }
    assert_eq!(scene.server.calls()?.len(), 1, "only the twin");
    let Scene { site, serving, .. } = scene;
    serving.stop().await?;
    assert_eq!(records(site.path(), "intent").await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_certificate_that_expires_on_an_open_connection_opens_nothing_more() -> Result<()> {
    let authority = Authority::new("ours")?;
    let scene = scene(&mutual("optional"), &authority.server()?, Some(&authority)).await?;
    let address = &scene.serving.address;
    let robot = Named { common_name: "x", uri: Some("spiffe://example/robot"), dns: None };
    // One that lasts long enough for one request, however slow this machine is.
    let (mut stream, until) = 'lasting: {
        for seconds in [2, 6, 18, 54] {
            let until = SystemTime::now() + Duration::from_secs(seconds);
            let shown = authority.client_until(&robot, Some(until))?;
            let client = authority.trusting(Some(&shown), &["http/1.1"])?;
            let Ok(mut stream) = client.connect(address).await else { continue };
            if send_on(&mut stream, &called(&scene)).await.is_ok_and(|response| response.status == 200) {
                break 'lasting (stream, until);
            }
        }
        anyhow::bail!("no certificate lasts for one request");
    };
    let calls = scene.server.calls()?.len();
    // To the second, and not before that second is over.
    while SystemTime::now() < until + Duration::from_secs(1) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let response = send_on(&mut stream, &called(&scene)).await?;
    assert_eq!(response.status, 401, "{response:?}");
    assert_eq!(scene.server.calls()?.len(), calls);
    Ok(())
}

#[tokio::test]
async fn a_certificate_whose_authority_is_taken_out_opens_nothing_more() -> Result<()> {
    let [ours, theirs] = [Authority::new("ours")?, Authority::new("theirs")?];
    let scene = scene(&mutual("optional"), &ours.server()?, Some(&ours)).await?;
    let address = &scene.serving.address;
    let robot = Named { common_name: "x", uri: Some("spiffe://example/robot"), dns: None };
    let shown = ours.client(&robot)?;
    let client = ours.trusting(Some(&shown), &["http/1.1"])?;
    let mut stream = client.connect(address).await?;
    assert_eq!(send_on(&mut stream, &called(&scene)).await?.status, 200);
    // One more authority takes nothing from those that there are.
    scene.site.write("clients.pem", &format!("{}{}", ours.pem(), theirs.pem()))?;
    let other = ours.trusting(Some(&theirs.client(&robot)?), &["http/1.1"])?;
    let deadline = Instant::now() + PATIENCE;
    while other.send(address, &called(&scene)).await.is_err() {
        ensure!(Instant::now() < deadline, "the new authority is not in force");
    }
    assert_eq!(send_on(&mut stream, &called(&scene)).await?.status, 200);
    scene.site.write("clients.pem", &theirs.pem())?;
    while client.send(address, &called(&scene)).await.is_ok() {
        ensure!(Instant::now() < deadline + PATIENCE, "the old authority is in force");
    }
    let calls = scene.server.calls()?.len();
    let response = send_on(&mut stream, &called(&scene)).await?;
    assert_eq!(response.status, 401, "{response:?}");
    assert_eq!(scene.server.calls()?.len(), calls);
    Ok(())
}
