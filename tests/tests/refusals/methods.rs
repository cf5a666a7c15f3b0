//! Methods by their exact bytes, in their version, from the side that may send them.

use anyhow::Result;
use interlock_testkit::script::{LEGACY, MODERN, Script, Step, VERSIONS};
use interlock_tests::wrapped::Wrapped;
use serde_json::{Value, json};

use super::session::{Case, call, check, request};

const UNKNOWN: i64 = -32_601;

/// Spellings that some reader would take for `tools/call`; as JSON text.
const SPELLINGS: &[&str] = &[
    "Tools/call",
    "tools/Call",
    "TOOLS/CALL",
    "tools/call ",
    " tools/call",
    r"tools/call\u0000",
    r"tools/call\n",
    r"tools/call\u200b",
    "tools/c\u{430}ll",
    "t\u{43e}\u{43e}ls/call",
    "tools\u{2044}call",
    "tools\u{ff0f}call",
    "\u{ff54}ools/call",
    "tools//call",
    "tools/call/",
    "/tools/call",
    "tools.call",
    "tools/cal",
    "tools/calls",
    "tools/./call",
    "tools%2fcall",
    "tools\u{ad}/call",
    "",
    " ",
    "call",
    "rpc.discover",
    "tools/delete",
    "tools",
];

fn spellings() -> Vec<Case> {
    let sent = |method: &str| request(method, r#"$META"name":"echo","arguments":{}"#);
    let reason = "is not a method that Interlock knows";
    let mut cases: Vec<Case> =
        SPELLINGS.iter().map(|method| Case::error(sent(method), UNKNOWN, reason)).collect();
    cases.push(Case::error(sent("initialize "), UNKNOWN, reason).twin(sent(r"tools\/c\u0061ll")));
    // The other forms of the same bytes.
    let note = |method: &str| format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{"x":1}}}}"#);
    for method in
        ["Notifications/cancelled", "notifications/cancelled ", "notifications/none", "notifications/", ""]
    {
        cases.push(Case::silent(note(method), reason).twin(note("notifications/cancelled")));
    }
    cases
}

fn from_the_wrong_side() -> Vec<Case> {
    let request =
        |method: &str, params: &str| Case::error(request(method, &format!("$META{params}")), UNKNOWN, "");
    let note = |method: &str, params: &str| {
        Case::silent(format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{{params}}}}}"#), "")
    };
    vec![
        request("sampling/createMessage", r#""messages":[],"maxTokens":1"#),
        request("roots/list", r#""x":1"#),
        request("elicitation/create", r#""message":"","requestedSchema":{}"#),
        note("notifications/message", r#""level":"info","data":1"#),
        note("notifications/tools/list_changed", ""),
        note("notifications/resources/list_changed", ""),
        note("notifications/prompts/list_changed", ""),
        note("notifications/resources/updated", r#""uri":"doc:///open""#),
    ]
}

fn of_another_version(version: &str) -> Vec<Case> {
    let refused = |method: &str, params: &str| {
        Case::error(request(method, &format!("$META{params}")), UNKNOWN, "does not exist in protocol version")
    };
    let note = |method: &str| {
        Case::silent(
            format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{"progressToken":1,"progress":1}}}}"#),
            "does not exist in protocol version",
        )
    };
    let tasks = [("tasks/get", r#""taskId":"1""#), ("tasks/cancel", r#""taskId":"1""#)];
    if MODERN.contains(&version) {
        return vec![
            refused("initialize", r#""protocolVersion":"2025-11-25","capabilities":{}"#),
            refused("ping", r#""x":1"#),
            refused("logging/setLevel", r#""level":"info""#),
            refused("resources/subscribe", r#""uri":"doc:///open""#),
            refused("resources/unsubscribe", r#""uri":"doc:///open""#),
            refused("tasks/list", r#""x":1"#),
            refused("tasks/result", r#""taskId":"1""#),
            note("notifications/initialized"),
            note("notifications/roots/list_changed"),
            note("notifications/progress"),
        ];
    }
    let mut cases = vec![
        refused("server/discover", r#""x":1"#),
        refused("subscriptions/listen", r#""notifications":{}"#),
        refused("tasks/update", r#""taskId":"1""#),
    ];
    if version != "2025-11-25" {
        cases.extend(tasks.map(|(method, params)| refused(method, params)));
        cases.push(refused("tasks/list", r#""x":1"#));
    }
    cases
}

#[tokio::test]
async fn spelled_otherwise() -> Result<()> {
    for version in VERSIONS {
        check(version, &spellings()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn from_the_side_that_may_not_send_it() -> Result<()> {
    for version in VERSIONS {
        check(version, &from_the_wrong_side()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn in_a_version_that_does_not_have_it() -> Result<()> {
    for version in VERSIONS {
        check(version, &of_another_version(version)).await?;
    }
    Ok(())
}

/// What the settings list as an extension passes, in exactly its own bytes, and leaves an intent and an outcome.
#[tokio::test]
async fn extensions_of_the_operator() -> Result<()> {
    let settings = "servers: { wrapped: { extensions: [vendor/special, notifications/vendor] } }\n";
    for version in LEGACY.iter().chain(MODERN) {
        let mut session = super::session::Session::of("wrapped", version, settings).await?;
        let special = |method: &str| request(method, r#"$META"x":1"#);
        for method in ["vendor/Special", "vendor/special ", "vendor", "vendor/other"] {
            session.refuse(&Case::error(special(method), UNKNOWN, "not a method").twin(call("{}"))).await?;
        }
        let note = r#"{"jsonrpc":"2.0","method":"notifications/vendor","params":{"x":1.0}}"#;
        session.pass(note).await?;
        session.pass(&special("vendor/special")).await?;
        session.finish().await?;
    }
    Ok(())
}

/// No policy judges an extension, so its records say all there is to say of it.
#[tokio::test]
async fn extensions_are_recorded() -> Result<()> {
    let policy = "version: \"1\"\ndefault: deny\n";
    let settings = "servers: { recording: { extensions: [vendor/wipe, notifications/wipe] } }\n";
    let script = Script::default().on("vendor/wipe", [Step::Result { text: "{}".to_owned() }]);
    let mut wrapped = Wrapped::connect(policy, settings, &script).await?;
    wrapped.client.ask("vendor/wipe", json!({ "all": true })).await?;
    wrapped.client.notify("notifications/wipe", json!({})).await?;
    wrapped.client.ask("logging/setLevel", json!({ "level": "info" })).await?;
    wrapped.finish().await?;
    let seen = |records: Vec<Value>| -> Vec<Value> {
        records.iter().map(|record| json!([record["method"], record["status"], record["rule"]])).collect()
    };
    let methods = ["vendor/wipe", "notifications/wipe", "logging/setLevel"];
    let intents = seen(wrapped.interlock.records_of("intent").await?);
    assert_eq!(intents, methods.map(|method| json!([method, null, "(not judged)"])));
    let outcomes = seen(wrapped.outcomes(3).await?);
    let mut ended = methods.map(|method| json!([method, "ok", null])).to_vec();
    assert_eq!(outcomes.len(), 3, "{outcomes:#?}");
    ended.retain(|outcome| !outcomes.contains(outcome));
    assert!(ended.is_empty(), "{ended:#?} are not in {outcomes:#?}");
    wrapped.refusals(0).await.map(drop)
}
