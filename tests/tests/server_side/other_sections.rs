//! Resources and prompts under the same language as tools: conditions on a prompt's arguments, limits, and lists.

use anyhow::Result;
use interlock_testkit::script::Script;
use interlock_tests::wrapped::Wrapped;
use serde_json::{Value, json};

const POLICY: &str = r#"version: "1"
default: deny
hide: ["doc:///hidden*"]
resources:
  "doc:///*": { rules: [{ rate_limit: 2/hour, on_deny: enough read }] }
  "doc:///never": { rules: [{ action: deny, on_deny: not this one }] }
prompts:
  greet:
    require: [{ path: args.length, op: in, value: [short, long] }]
    limits: [{ counter: greetings, window: hour, max: 1 }]
"#;

fn script() -> Script {
    let named = |member: &str, names: &[&str]| -> Vec<Value> {
        names.iter().map(|name| json!({ member: name, "name": name })).collect()
    };
    Script {
        resources: named("uri", &["doc:///a", "doc:///hidden1", "other:///a", "doc:///never", "doc:///b"]),
        templates: named("uriTemplate", &["doc:///{id}", "other:///{id}"]),
        prompts: named("name", &["greet", "shout"]),
        ..Script::default()
    }
}

/// The names that a list shows.
async fn shown(wrapped: &mut Wrapped, method: &str, list: &str, name: &str) -> Result<Vec<String>> {
    let answer = wrapped.client.ask(method, json!({})).await?;
    let entries = answer["result"][list].as_array().cloned().unwrap_or_default();
    Ok(entries.iter().filter_map(|entry| entry[name].as_str()).map(str::to_owned).collect())
}

/// What is said of a refused request; nothing of one that passed.
async fn refused(wrapped: &mut Wrapped, method: &str, params: Value) -> Result<String> {
    let answer = wrapped.client.ask(method, params).await?;
    if !answer["result"].is_null() {
        return Ok(String::new());
    }
    assert_eq!(answer["error"]["code"], 40_300, "{answer}");
    Ok(answer["error"]["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn lists_conditions_and_limits() -> Result<()> {
    let mut wrapped = Wrapped::connect(POLICY, "{}", &script()).await?;
    assert_eq!(
        shown(&mut wrapped, "resources/list", "resources", "uri").await?,
        ["doc:///a", "doc:///never", "doc:///b"]
    );
    let templates =
        shown(&mut wrapped, "resources/templates/list", "resourceTemplates", "uriTemplate").await?;
    assert_eq!(templates, ["doc:///{id}"]);
    assert_eq!(shown(&mut wrapped, "prompts/list", "prompts", "name").await?, ["greet"]);

    let read = |uri: &str| json!({ "uri": uri });
    let not_permitted = |uri: &str| format!("[INTERLOCK DENIED] resource \"{uri}\" is not permitted");
    for uri in ["doc:///hidden1", "other:///a"] {
        assert_eq!(refused(&mut wrapped, "resources/read", read(uri)).await?, not_permitted(uri));
    }
    assert_eq!(
        refused(&mut wrapped, "resources/read", read("doc:///never")).await?,
        "[INTERLOCK DENIED] not this one"
    );
    for uri in ["doc:///a", "doc:///b"] {
        assert_eq!(refused(&mut wrapped, "resources/read", read(uri)).await?, "", "{uri}");
    }
    let enough = refused(&mut wrapped, "resources/read", read("doc:///c")).await?;
    assert!(enough.starts_with("[INTERLOCK DENIED] enough read"), "{enough}");

    let greet = |length: Value| json!({ "name": "greet", "arguments": { "length": length } });
    let wrong = refused(&mut wrapped, "prompts/get", greet(json!("endless"))).await?;
    assert_eq!(wrong, "[INTERLOCK DENIED] argument \"length\" must be one of \"short\", \"long\"");
    let missing = refused(&mut wrapped, "prompts/get", json!({ "name": "greet" })).await?;
    assert_eq!(missing, "[INTERLOCK DENIED] argument \"length\" is missing");
    assert_eq!(refused(&mut wrapped, "prompts/get", greet(json!("short"))).await?, "");
    let again = refused(&mut wrapped, "prompts/get", greet(json!("short"))).await?;
    assert!(again.starts_with("[INTERLOCK DENIED] 1 call per hour reached"), "{again}");
    wrapped.finish().await
}

/// `list: all` shows what is denied by default and still not what is hidden.
#[tokio::test]
async fn lists_of_everything() -> Result<()> {
    let policy = POLICY.replace("default: deny\n", "default: deny\nlist: all\n");
    let mut wrapped = Wrapped::connect(&policy, "{}", &script()).await?;
    let resources = shown(&mut wrapped, "resources/list", "resources", "uri").await?;
    assert_eq!(resources, ["doc:///a", "other:///a", "doc:///never", "doc:///b"]);
    assert_eq!(shown(&mut wrapped, "prompts/list", "prompts", "name").await?, ["greet", "shout"]);
    wrapped.finish().await
}
