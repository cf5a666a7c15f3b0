//! What every request of 2026-07-28 says of itself.

use anyhow::Result;
use interlock_testkit::script::{LEGACY, VERSIONS};
use serde_json::json;

use super::session::{Answer, Case, Session, check, request};

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

fn with(meta: &str) -> String {
    request("tools/call", &format!(r#""_meta":{{{meta}}},"name":"echo""#))
}

/// Metadata that claims to be modern and is not whole: -32602 on any connection.
fn incomplete() -> Vec<Case> {
    let case = |meta: String| Case::error(with(&meta), -32_602, "`_meta`");
    vec![
        case(format!(r#""{VERSION}":"2026-07-28""#)),
        case(format!(r#""{VERSION}":20260728,"{CAPABILITIES}":{{}}"#)),
        case(format!(r#""{VERSION}":null,"{CAPABILITIES}":{{}}"#)),
        case(format!(r#""{VERSION}":["2026-07-28"],"{CAPABILITIES}":{{}}"#)),
        case(format!(r#""{VERSION}":"2026-07-28","{CAPABILITIES}":[]"#)),
        case(format!(r#""{VERSION}":"2026-07-28","{CAPABILITIES}":null"#)),
        case(format!(
            r#""{VERSION}":"2026-07-28","{CAPABILITIES}":{{}},"io.modelcontextprotocol/clientInfo":"me""#
        )),
        case(format!(
            r#""{VERSION}":"2026-07-28","{CAPABILITIES}":{{}},"io.modelcontextprotocol/logLevel":1"#
        )),
    ]
}

/// Versions that are not spoken as a modern one.
const NOT_SPOKEN: &[&str] = &[
    "2099-01-01",
    "2025-11-25",
    "2025-03-26",
    "2026-07-28 ",
    "2026-7-28",
    "",
    "DRAFT-2026",
    "2026-07-28\\u0000",
];

fn not_spoken() -> Vec<Case> {
    let meta = |version: &str| format!(r#""{VERSION}":"{version}","{CAPABILITIES}":{{}}"#);
    NOT_SPOKEN
        .iter()
        .map(|version| Case::error(with(&meta(version)), -32_022, "is not spoken here"))
        .collect()
}

#[tokio::test]
async fn metadata_that_is_not_whole() -> Result<()> {
    for version in VERSIONS {
        check(version, &incomplete()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn metadata_of_another_version() -> Result<()> {
    for version in VERSIONS {
        check(version, &not_spoken()).await?;
    }
    Ok(())
}

/// On a modern connection a request that says nothing of itself is refused, whatever it is; on a legacy one it
/// is what all are.
#[tokio::test]
async fn no_metadata() -> Result<()> {
    let bare = [
        (request("tools/call", r#""name":"echo""#), "name"),
        (request("tools/call", r#""_meta":{},"name":"echo""#), "empty"),
        (request("tools/call", &format!(r#""_meta":{{"{CAPABILITIES}":{{}}}},"name":"echo""#)), "no version"),
        (request("tools/list", ""), "list"),
        (request("ping", ""), "ping"),
    ];
    let cases: Vec<Case> =
        bare.iter().map(|(sent, _)| Case::error(sent.as_str(), -32_602, "_meta")).collect();
    check("2026-07-28", &cases).await?;
    for version in LEGACY {
        let mut session = Session::start(version).await?;
        for (sent, _) in &bare {
            session.pass(sent).await?;
        }
        session.finish().await?;
    }
    Ok(())
}

/// The error names what is spoken, so that a client can choose.
#[tokio::test]
async fn the_error_says_what_is_spoken() -> Result<()> {
    for version in VERSIONS {
        let mut session = Session::start(version).await?;
        let id = session.new_id();
        let sent = with(&format!(r#""{VERSION}":"2099-01-01","{CAPABILITIES}":{{}}"#))
            .replace("$ID", &id.to_string());
        session.client.send(sent).await?;
        let answer = session.client.response(&json!(id)).await?;
        assert_eq!(answer["error"]["code"], -32_022, "{answer}");
        assert_eq!(answer["error"]["data"]["supported"], json!(["2026-07-28"]), "{answer}");
        session.expect("another version", Some(id), Answer::Error(-32_022), "is not spoken here");
        session.finish().await?;
    }
    Ok(())
}
