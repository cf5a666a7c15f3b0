//! Encrypted connections: certificates that change, and clients that are known by theirs.

use std::time::Duration;

use anyhow::{Result, ensure};
use interlock_testkit::http::Request;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use interlock_testkit::serving::Site;
use interlock_testkit::tls::{Authority, Named, Pair};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::scene::{Scene, entry, modern, records, with_token};

pub const TLS: &str = "tls: { certificate: cert.pem, key: key.pem }\nanonymous: team\n\
    grants:\n  team: { servers: { recording: allow.yaml } }\n";

pub async fn scene(config: &str, pair: &Pair, clients: Option<&Authority>) -> Result<Scene> {
    let server = RecordingServer::new(&Script::with_tools(&["echo"]))?;
    let site = Site::new(&format!("servers:\n{}{config}", entry("recording", &server.command()?)?))?;
    site.write("allow.yaml", "version: \"1\"\ndefault: allow\n")?;
    site.write("cert.pem", &pair.certificate)?;
    site.write("key.pem", &pair.key)?;
    if let Some(clients) = clients {
        site.write("clients.pem", &clients.pem())?;
    }
    let serving = site.serve(|command| command).await?;
    Ok(Scene { site, serving, server })
}

pub fn called(scene: &Scene) -> Request {
    modern(&scene.serving.address, 1, "tools/call", &json!({ "name": "echo", "arguments": {} }))
}

#[tokio::test]
async fn a_certificate_is_replaced_while_it_serves_and_a_bad_pair_never_is() -> Result<()> {
    let [first, second] = [Authority::new("first")?, Authority::new("second")?];
    let scene = scene(TLS, &first.server()?, None).await?;
    let address = &scene.serving.address;
    let [old, new] = [first.trusting(None, &["http/1.1"])?, second.trusting(None, &["http/1.1"])?];
    assert_eq!(old.send(address, &called(&scene)).await?.status, 200);
    ensure!(new.connect(address).await.is_err(), "a certificate of the first authority");
    // In the clear there is nothing.
    ensure!(called(&scene).send(address).await.is_err(), "it answers in the clear");
    // Half of a pair, then something else altogether: the first goes on.
    let next = second.server()?;
    scene.site.write("cert.pem", &next.certificate)?;
    alarms(&scene, 1).await?;
    assert_eq!(old.send(address, &called(&scene)).await?.status, 200);
    scene.site.write("key.pem", "not a key")?;
    alarms(&scene, 2).await?;
    assert_eq!(old.send(address, &called(&scene)).await?.status, 200);
    scene.site.write("key.pem", &next.key)?;
    let deadline = Instant::now() + Duration::from_secs(20);
    while new.connect(address).await.is_err() {
        ensure!(Instant::now() < deadline, "the new certificate is not in force");
    }
    assert_eq!(new.send(address, &called(&scene)).await?.status, 200);
    ensure!(old.connect(address).await.is_err(), "the old certificate is in force");
    Ok(())
}

async fn alarms(scene: &Scene, count: usize) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(20);
    while records(scene.site.path(), "alarm").await?.len() < count {
        ensure!(Instant::now() < deadline, "{count} alarms are not recorded");
    }
    Ok(())
}

#[tokio::test]
async fn both_versions_of_http_are_agreed_on() -> Result<()> {
    let authority = Authority::new("one")?;
    let scene = scene(TLS, &authority.server()?, None).await?;
    for (offered, agreed) in
        [(vec!["h2", "http/1.1"], Some("h2")), (vec!["http/1.1"], Some("http/1.1")), (vec![], None)]
    {
        let stream = authority.trusting(None, &offered)?.connect(&scene.serving.address).await?;
        let said = stream.get_ref().1.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        assert_eq!(said.as_deref(), agreed, "{offered:?}");
    }
    let unknown = authority.trusting(None, &["spdy/1"])?.connect(&scene.serving.address).await;
    ensure!(unknown.is_err(), "a protocol that is not spoken is agreed on");
    // The preface of HTTP/2 is answered with settings.
    let mut stream = authority.trusting(None, &["h2"])?.connect(&scene.serving.address).await?;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await?;
    let mut head = [0; 9];
    stream.read_exact(&mut head).await?;
    assert_eq!(head[3], 4, "{head:?}");
    Ok(())
}

pub fn mutual(clients: &str) -> String {
    format!(
        "tls: {{ certificate: cert.pem, key: key.pem, client_ca: clients.pem, client_certificates: {clients} }}\n\
         grants:\n  team:\n    servers: {{ recording: allow.yaml }}\n    auth: [token]\n  \
         robots:\n    servers: {{ recording: allow.yaml }}\n    \
         auth: [{{ mtls: {{ uri: \"spiffe://example/robot\" }} }}, {{ mtls: {{ subject: \"CN=robot one\" }} }}]\n  \
         cranes:\n    servers: {{ recording: allow.yaml }}\n    auth: [{{ mtls: {{ dns: crane.example }} }}]\n"
    )
}

#[tokio::test]
async fn a_client_is_known_by_its_certificate() -> Result<()> {
    let [authority, other] = [Authority::new("ours")?, Authority::new("theirs")?];
    let scene = scene(&mutual("optional"), &authority.server()?, Some(&authority)).await?;
    let token = scene.site.token("team").await?;
    let address = &scene.serving.address;
    let robot = Named { common_name: "x", uri: Some("spiffe://example/robot"), dns: None };
    let crane = Named { common_name: "x", dns: Some("crane.example"), uri: None };
    let cases = [
        ("a URI", Some(robot.clone()), None, 200),
        ("a subject", Some(Named { common_name: "robot one", ..Named::default() }), None, 200),
        ("a DNS name", Some(crane.clone()), None, 200),
        ("a token alone", None, Some(&token), 200),
        (
            "a token beside a certificate of nobody",
            Some(Named { common_name: "x", ..Named::default() }),
            Some(&token),
            200,
        ),
        ("nothing", None, None, 401),
        ("a certificate of nobody", Some(Named { common_name: "robot", ..Named::default() }), None, 401),
        ("a longer URI", Some(Named { uri: Some("spiffe://example/robot/2"), ..robot.clone() }), None, 401),
        ("a name below", Some(Named { dns: Some("a.crane.example"), ..crane.clone() }), None, 401),
        ("two grants", Some(Named { dns: crane.dns, ..robot.clone() }), None, 403),
        ("a token of one and a certificate of another", Some(crane.clone()), Some(&token), 403),
    ];
    for (what, named, token, status) in cases {
        let shown = named.map(|named| authority.client(&named)).transpose()?;
        let client = authority.trusting(shown.as_ref(), &["http/1.1"])?;
        let request = with_token(called(&scene), token.map(String::as_str));
        let response = client.send(address, &request).await?;
        assert_eq!(response.status, status, "{what}: {response:?}");
    }
    // What another authority has signed is worth nothing, whatever it says.
    let forged = other.client(&robot)?;
    let refused = authority.trusting(Some(&forged), &["http/1.1"])?.send(address, &called(&scene)).await;
    ensure!(refused.is_err(), "{refused:?}");
    assert_eq!(scene.server.calls()?.len(), 5);
    let Scene { site, serving, .. } = scene;
    serving.stop().await?;
    let intents = records(site.path(), "intent").await?;
    let grants: Vec<_> = intents.iter().map(|record| record["grant"].as_str().unwrap_or_default()).collect();
    assert_eq!(grants, ["robots", "robots", "cranes", "team", "team"]);
    Ok(())
}

#[tokio::test]
async fn where_certificates_are_required_nobody_comes_without() -> Result<()> {
    let authority = Authority::new("ours")?;
    let scene = scene(&mutual("required"), &authority.server()?, Some(&authority)).await?;
    let token = scene.site.token("team").await?;
    let address = &scene.serving.address;
    let request = with_token(called(&scene), Some(&token));
    let refused = authority.trusting(None, &["http/1.1"])?.send(address, &request).await;
    ensure!(refused.is_err(), "{refused:?}");
    ensure!(scene.server.received()?.is_empty(), "something arrived");
    let anybody = authority.client(&Named { common_name: "anybody", ..Named::default() })?;
    let client = authority.trusting(Some(&anybody), &["http/1.1"])?;
    assert_eq!(client.send(address, &request).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn operators_are_answered_with_a_certificate_of_their_own() -> Result<()> {
    let [first, second] = [Authority::new("first")?, Authority::new("second")?];
    let (old, new) = (first.server()?, second.server()?);
    let server = RecordingServer::new(&Script::with_tools(&["echo"]))?;
    let site = Site::new(&format!(
        "servers:\n{}admin_tls: {{ certificate: admin-cert.pem, key: admin-key.pem }}\nanonymous: team\n\
         grants:\n  team: {{ servers: {{ recording: allow.yaml }} }}\n",
        entry("recording", &server.command()?)?
    ))?;
    site.write("allow.yaml", "version: \"1\"\ndefault: allow\n")?;
    site.write("admin-cert.pem", &old.certificate)?;
    site.write("admin-key.pem", &old.key)?;
    let serving = site.serve(|command| command).await?;
    let scene = Scene { site, serving, server };
    let admin = &scene.serving.admin;
    let alive = Request::new(admin, "GET", "/healthz");
    let trusting = first.trusting(None, &["http/1.1"])?;
    assert_eq!(trusting.send(admin, &alive).await?.status, 200);
    ensure!(alive.send(admin).await.is_err(), "it answers in the clear");
    // Callers' listener is as it was.
    assert_eq!(called(&scene).send(&scene.serving.address).await?.status, 200);
    scene.site.write("admin-cert.pem", &new.certificate)?;
    scene.site.write("admin-key.pem", &new.key)?;
    let next = second.trusting(None, &["http/1.1"])?;
    let deadline = Instant::now() + Duration::from_secs(20);
    while next.connect(admin).await.is_err() {
        ensure!(Instant::now() < deadline, "the new certificate is not in force");
    }
    assert_eq!(next.send(admin, &alive).await?.status, 200);
    Ok(())
}
