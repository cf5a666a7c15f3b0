//! Signed tokens: what is taken, what is not, and what each refusal leaves.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use interlock_testkit::http::{Request, Response};
use interlock_testkit::issuer::{Published, SigningKey};
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use interlock_testkit::serving::Site;
use serde_json::{Value, json};

use crate::scene::{Scene, call, entry, initialize, modern, records, with_token};

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "https://gateway.example";

/// A gateway with two grants for two groups, and an issuer's keys.
struct Trusting {
    scene: Scene,
    key: SigningKey,
    keys: Published,
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}

/// What a good token says, with these in the place of some of it; `null` takes one away.
fn claims(other: &Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "agent", "groups": ["readers", "staff"],
        "iat": now(), "exp": now() + 300,
    });
    for (name, value) in other.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    if let Some(members) = claims.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    claims
}

fn config(keys: &str) -> String {
    format!(
        "identity:\n  issuers:\n    corporate:\n      issuer: {ISSUER}\n      audiences: [{AUDIENCE}]\n      \
         algorithms: [ES256]\n      jwks: {keys}\n      leeway_seconds: 0\n\
         grants:\n  readers:\n    servers: {{ recording: allow.yaml }}\n    \
         auth: [{{ jwt: {{ issuer: corporate, claims: {{ groups: readers }} }} }}]\n  \
         writers:\n    servers: {{ recording: allow.yaml }}\n    \
         auth: [token, {{ jwt: {{ issuer: corporate, claims: {{ groups: [writers, admins] }}, scopes: [write] }} }}]\n"
    )
}

impl Trusting {
    async fn start() -> Result<Self> {
        let key = SigningKey::es256("one")?;
        let keys = Published::new(&SigningKey::set(&[&key])).await?;
        let scene = scene(&config(&keys.url)).await?;
        Ok(Self { scene, key, keys })
    }

    fn request(&self, token: &str) -> Request {
        let address = &self.scene.serving.address;
        let request = modern(address, 1, "tools/call", &json!({ "name": "echo", "arguments": {} }));
        with_token(request, Some(token))
    }

    async fn ask(&self, token: &str) -> Result<Response> {
        self.scene.send(&self.request(token)).await
    }
}

async fn scene(config: &str) -> Result<Scene> {
    let server = RecordingServer::new(&Script::with_tools(&["echo"]))?;
    let site = Site::new(&format!("servers:\n{}{config}", entry("recording", &server.command()?)?))?;
    site.write("allow.yaml", "version: \"1\"\ndefault: allow\n")?;
    let serving = site.serve(|command| command).await?;
    Ok(Scene { site, serving, server })
}

#[tokio::test]
async fn only_a_token_that_is_right_in_every_way_is_taken() -> Result<()> {
    let trusting = Trusting::start().await?;
    let (key, other) = (&trusting.key, SigningKey::es256("one")?);
    let edwards = SigningKey::ed25519("one")?;
    let good = claims(&json!({}));
    let text = good.to_string();
    let header = |member: &str, value: Value| {
        let mut header = key.header();
        header[member] = value;
        key.sign(&header.to_string(), &text)
    };
    let unsigned = |header: &Value| {
        let signed = key.sign(&header.to_string(), &text);
        signed.rsplit_once('.').map(|(signed, _)| format!("{signed}.")).unwrap_or_default()
    };
    let cut = key.token(&good).rsplit_once('.').map(|(signed, _)| signed.to_owned()).unwrap_or_default();
    let with = |other: Value| key.token(&claims(&other));
    let cases: Vec<(&str, String)> = vec![
        ("another key of the same name", other.token(&good)),
        ("a key of another kind", edwards.token(&good)),
        ("no algorithm", unsigned(&json!({ "alg": "none" }))),
        ("no algorithm in capitals", unsigned(&json!({ "alg": "NONE", "kid": "one" }))),
        ("the public key as a secret", hmac(&key.public_bytes(), &text)?),
        ("another algorithm", header("alg", json!("ES384"))),
        ("an algorithm that is no text", header("alg", json!(["ES256"]))),
        ("an unknown key", header("kid", json!("two"))),
        ("a key that is a path", header("kid", json!("../../dev/null"))),
        ("a key that is no text", header("kid", json!(1))),
        ("a key that it brings itself", header("jwk", other.public())),
        ("a key at an address", header("jku", json!("https://attacker.example/keys"))),
        ("a certificate that it brings itself", header("x5c", json!(["AA"]))),
        ("what must be understood", header("crit", json!(["exp"]))),
        ("a token of another type", header("typ", json!("logout+jwt"))),
        ("a header with two algorithms", key.sign(r#"{"alg":"none","alg":"ES256","kid":"one"}"#, &text)),
        (
            "two audiences in two members",
            key.sign(
                &key.header().to_string(),
                &text
                    .replacen('{', r#"{"aud":"https://gateway.example","#, 1)
                    .replace("\"aud\":\"https://gateway.example\",\"e", "\"aud\":\"x\",\"e"),
            ),
        ),
        ("no signature", cut.clone()),
        ("an empty signature", format!("{cut}.")),
        ("a signature and more", format!("{}.AA", key.token(&good))),
        ("five parts", format!("{}.AA.AA", key.token(&good))),
        ("another issuer", with(json!({ "iss": "https://other.example" }))),
        ("an issuer with a slash more", with(json!({ "iss": format!("{ISSUER}/") }))),
        ("no issuer", with(json!({ "iss": null }))),
        ("an issuer in a list", with(json!({ "iss": [ISSUER] }))),
        ("another audience", with(json!({ "aud": "https://other.example" }))),
        ("a part of the audience", with(json!({ "aud": "https://gateway" }))),
        ("no audience", with(json!({ "aud": null }))),
        ("expired", with(json!({ "exp": now() - 1 }))),
        ("no end", with(json!({ "exp": null }))),
        ("an end that is text", with(json!({ "exp": (now() + 300).to_string() }))),
        (
            "an end beyond all numbers",
            key.sign(
                &key.header().to_string(),
                &text.replace(&format!("\"exp\":{}", good["exp"]), "\"exp\":1e99"),
            ),
        ),
        ("not valid yet", with(json!({ "nbf": now() + 300 }))),
        ("issued in the future", with(json!({ "iat": now() + 300 }))),
        ("bound to a certificate", with(json!({ "cnf": { "x5t#S256": "AAAA" } }))),
        ("bound to a key", with(json!({ "cnf": { "jkt": "AAAA" } }))),
        ("too large", with(json!({ "more": "x".repeat(17_000) }))),
        ("claims that are no object", key.sign(&key.header().to_string(), "[]")),
        ("no base64", format!("{cut}.!!")),
    ];
    let refused = cases.len();
    for (what, token) in cases {
        let response = trusting.ask(&token).await?;
        ensure!(response.status == 401, "{what}: {response:?}");
        let challenge = response.header("www-authenticate").unwrap_or_default();
        ensure!(challenge.contains("error=\"invalid_token\""), "{what}: {challenge}");
        ensure!(challenge.contains("/.well-known/oauth-protected-resource/mcp/recording"), "{challenge}");
        ensure!(!response.body.contains(&token), "{what}: the token is sent back");
    }
    ensure!(trusting.scene.server.received()?.is_empty(), "something arrived");
    for (what, other) in [
        ("as it is", json!({})),
        ("several audiences", json!({ "aud": ["https://other.example", AUDIENCE] })),
        ("a fraction of a second", json!({ "exp": 4_000_000_000.5 })),
        ("valid since", json!({ "nbf": now() - 5 })),
        ("what nobody asks for", json!({ "email": "a@b.example" })),
    ] {
        let response = trusting.ask(&with(other)).await?;
        ensure!(response.status == 200, "{what}: {response:?}");
    }
    assert_eq!(trusting.scene.server.calls()?.len(), 5);
    let Trusting { scene, .. } = trusting;
    scene.serving.stop().await?;
    let refusals = records(scene.site.path(), "refusal").await?;
    let counted: u64 = refusals.iter().map(|record| record["count"].as_u64().unwrap_or(1)).sum();
    assert_eq!(counted, refused as u64, "one record for each");
    for record in &refusals {
        ensure!(record.to_string().contains("unauthenticated"), "{record}");
        ensure!(!record.to_string().contains("eyJ"), "a token is in the log: {record}");
    }
    Ok(())
}

/// A token signed with a shared secret.
fn hmac(secret: &[u8], claims: &str) -> Result<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ring::hmac::{HMAC_SHA256, Key, sign};
    let header = json!({ "alg": "HS256", "kid": "one" }).to_string();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = sign(&Key::new(HMAC_SHA256, secret), signed.as_bytes());
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[tokio::test]
async fn claims_and_scopes_decide_on_the_grant() -> Result<()> {
    let trusting = Trusting::start().await?;
    let key = &trusting.key;
    let grant =
        |groups: Value, scope: Value| key.token(&claims(&json!({ "groups": groups, "scope": scope })));
    for (what, token, status) in [
        ("a reader", grant(json!("readers"), json!(null)), 200),
        ("a reader among others", grant(json!(["x", "readers"]), json!(null)), 200),
        ("a writer", grant(json!(["admins"]), json!("read write")), 200),
        ("nobody that is known", grant(json!(["guests"]), json!("write")), 403),
        ("a name that only begins so", grant(json!(["readers2"]), json!(null)), 403),
        ("a group that is a number", grant(json!([1]), json!(null)), 403),
        ("a writer without the scope", grant(json!(["writers"]), json!("read writes")), 403),
        ("both", grant(json!(["readers", "writers"]), json!("write")), 403),
    ] {
        let response = trusting.ask(&token).await?;
        assert_eq!(response.status, status, "{what}: {response:?}");
        let challenge = response.header("www-authenticate").unwrap_or_default();
        let lacks_scope =
            challenge.contains("error=\"insufficient_scope\"") && challenge.contains("scope=\"write\"");
        assert_eq!(lacks_scope, what.contains("without the scope"), "{what}: {challenge}");
    }
    assert_eq!(trusting.scene.server.calls()?.len(), 3);
    let Trusting { scene, .. } = trusting;
    scene.serving.stop().await?;
    let intents = records(scene.site.path(), "intent").await?;
    let grants: Vec<_> = intents.iter().map(|record| record["grant"].as_str().unwrap_or_default()).collect();
    assert_eq!(grants, ["readers", "readers", "writers"]);
    Ok(())
}

#[tokio::test]
async fn new_keys_are_fetched_when_a_token_names_one_and_floods_fetch_nothing() -> Result<()> {
    let mut trusting = Trusting::start().await?;
    let first = trusting.key.token(&claims(&json!({})));
    assert_eq!(trusting.ask(&first).await?.status, 200);
    let next = SigningKey::es256("two")?;
    trusting.keys.replace(&SigningKey::set(&[&next]));
    let token = next.token(&claims(&json!({})));
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while trusting.ask(&token).await?.status != 200 {
        ensure!(tokio::time::Instant::now() < deadline, "the new key is not taken");
    }
    // The old key went with the old set.
    assert_eq!(trusting.ask(&first).await?.status, 401);
    let asked = trusting.keys.asked();
    for number in 0..50 {
        let stranger = SigningKey::es256(&format!("unknown-{number}"))?;
        assert_eq!(trusting.ask(&stranger.token(&claims(&json!({})))).await?.status, 401);
    }
    let more = trusting.keys.asked() - asked;
    ensure!(more < 10, "50 unknown keys made {more} fetches");
    // A set that is none leaves the keys that were.
    trusting.keys.replace("{}");
    trusting.key = next;
    assert_eq!(trusting.ask(&token).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn keys_may_be_in_a_file_that_changes() -> Result<()> {
    let [first, next] = [SigningKey::es256("one")?, SigningKey::es256("two")?];
    let server = RecordingServer::new(&Script::with_tools(&["echo"]))?;
    let config = format!("servers:\n{}{}", entry("recording", &server.command()?)?, config("keys.json"));
    let site = Site::new(&config)?;
    site.write("allow.yaml", "version: \"1\"\ndefault: allow\n")?;
    site.write("keys.json", &SigningKey::set(&[&first]))?;
    let serving = site.serve(|command| command).await?;
    let scene = Scene { site, serving, server };
    let session = scene.initialize(Some(&first.token(&claims(&json!({}))))).await?;
    let ask = |key: &SigningKey| {
        let request = scene.post(&call(2, "echo")).header("Mcp-Session-Id", &session);
        with_token(request, Some(&key.token(&claims(&json!({})))))
    };
    assert_eq!(scene.send(&ask(&first)).await?.status, 200);
    let listen = Request::new(&scene.serving.address, "GET", "/mcp/recording")
        .header("Accept", "text/event-stream")
        .header("Mcp-Session-Id", &session);
    let listen = with_token(listen, Some(&first.token(&claims(&json!({})))));
    let mut stream = listen.open(&scene.serving.address).await?;
    stream.until("\r\n\r\n").await?;
    scene.site.write("keys.json", &SigningKey::set(&[&next]))?;
    // What the withdrawn key had opened ends with it.
    stream.to_end().await?;
    assert_eq!(scene.send(&ask(&first)).await?.status, 401);
    let request = with_token(scene.post(&initialize("2025-11-25")), Some(&next.token(&claims(&json!({})))));
    assert_eq!(scene.send(&request).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_stream_ends_with_the_token_that_opened_it() -> Result<()> {
    let trusting = Trusting::start().await?;
    let soon = trusting.key.token(&claims(&json!({ "exp": now() + 4 })));
    let later = trusting.key.token(&claims(&json!({})));
    let session = trusting.scene.initialize(Some(&soon)).await?;
    let address = &trusting.scene.serving.address;
    let listen = |token: &str| {
        let listen = Request::new(address, "GET", "/mcp/recording")
            .header("Accept", "text/event-stream")
            .header("Mcp-Session-Id", &session);
        with_token(listen, Some(token))
    };
    let mut stream = listen(&soon).open(address).await?;
    ensure!(stream.until("\r\n\r\n").await?.starts_with("HTTP/1.1 200"), "{}", stream.text);
    stream.to_end().await?;
    ensure!(trusting.scene.send(&listen(&soon)).await?.status == 401, "an expired token is taken");
    // The session is the grant's, and waits a while for a fresh token.
    let mut stream = listen(&later).open(address).await?;
    ensure!(stream.until("\r\n\r\n").await?.starts_with("HTTP/1.1 200"), "{}", stream.text);
    Ok(())
}
