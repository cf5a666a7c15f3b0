//! Keys that a reader who ignores case would take for the protocol's own.

use anyhow::Result;
use interlock_testkit::script::{MODERN, VERSIONS};

use super::session::{Case, call, check, request};

const KEYS: [&str; 10] =
    ["jsonrpc", "id", "method", "params", "name", "arguments", "uri", "_meta", "result", "error"];

/// Spellings of a key that differ from it by case only, as JSON text.
fn variants(key: &str) -> Vec<String> {
    let at = key.find(|char: char| char.is_ascii_lowercase()).unwrap_or_default();
    let (head, tail) = key.split_at(at);
    let (first, rest) = tail.split_at(1);
    let mut all = vec![key.to_uppercase(), format!("{head}{}{rest}", first.to_uppercase())];
    if let Some(at) = key.find('s') {
        // The long s folds to an s, written as it is and escaped.
        all.push(format!("{}\u{17f}{}", &key[..at], &key[at + 1..]));
        all.push(format!("{}\\u017f{}", &key[..at], &key[at + 1..]));
    }
    all.push(format!(
        "{head}\\u{:04x}{rest}",
        u32::from(first.to_uppercase().chars().next().unwrap_or_default())
    ));
    all
}

fn message(members: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":$ID,{members}"method":"tools/call","params":{{$META"name":"echo"}}}}"#)
}

/// Every variant beside the key itself, in every place where the protocol's keys stand.
fn beside() -> Vec<Case> {
    let mut cases = Vec::new();
    for key in KEYS {
        for variant in variants(key) {
            let member = format!(r#""{variant}":"x","#);
            // Inside arguments the same keys are the tool's own business.
            let twin = call(&format!(r#"{{"{variant}":1,"{key}":2,"deep":{{"{variant}":1,"{key}":3}}}}"#));
            let reason = "could be taken for it";
            let refused = |sent: String| Case::error(sent, -32_600, reason).twin(twin.clone());
            cases.push(match key {
                // Whether this is a request, and which, nobody can say.
                "id" | "result" | "error" => Case::silent(message(&member), reason).twin(twin.clone()),
                _ => refused(message(&member)),
            });
            cases.push(refused(request("tools/call", &format!(r#"$META{member}"name":"echo""#))));
            cases.push(refused(request(
                "tools/call",
                &format!(r#""_meta":{{$INNER"{variant}":"x"}},"name":"echo""#),
            )));
        }
    }
    cases
}

/// Variants in the place of the key.
fn instead() -> Vec<Case> {
    let reason = "could be taken for it";
    let params = r#"{$META"name":"echo","arguments":{}}"#;
    vec![
        Case::error(
            format!(r#"{{"jsonrpc":"2.0","id":$ID,"Method":"tools/call","params":{params}}}"#),
            -32_600,
            reason,
        ),
        Case::silent(
            format!(r#"{{"jsonrpc":"2.0","ID":7,"method":"tools/call","params":{params}}}"#),
            reason,
        ),
        Case::error(
            format!(r#"{{"jsonrpc":"2.0","id":$ID,"method":"tools/call","Params":{params}}}"#),
            -32_600,
            reason,
        ),
        Case::error(
            format!(r#"{{"JSONRPC":"2.0","id":$ID,"method":"tools/call","params":{params}}}"#),
            -32_600,
            reason,
        ),
        Case::error(request("tools/call", r#"$META"Name":"echo""#), -32_600, reason),
        Case::error(request("tools/call", r#"$META"name":"echo","Arguments":{"a":1}"#), -32_600, reason)
            .twin(request("tools/call", r#"$META"name":"echo","argument":{"a":1},"arguments":{"ID":1}"#)),
        Case::error(request("resources/read", r#"$META"URI":"doc:///open""#), -32_600, reason)
            .twin(request("resources/read", r#"$META"uri":"doc:///open","url":1"#)),
        Case::error(request("tools/call", r#"$META"name":"echo","_Meta":{}"#), -32_600, reason)
            .twin(request("tools/call", r#"$META"name":"echo","meta":{}"#)),
        // An answer is judged like a question; nobody asked for this one anyhow.
        Case::silent(r#"{"jsonrpc":"2.0","id":1,"Result":{}}"#, reason),
        Case::silent(r#"{"jsonrpc":"2.0","id":1,"result":{"_META":{}}}"#, reason),
    ]
}

/// Variants of what is judged inside params: the resources of a subscription, the reference of a completion.
fn inside(version: &str) -> Vec<Case> {
    let reason = "could be taken for it";
    let complete = |reference: &str| {
        let argument = r#"{"name":"a","value":"","Type":1}"#;
        request("completion/complete", &format!(r#"$META"ref":{reference},"argument":{argument}"#))
    };
    let good = complete(r#"{"type":"ref/prompt","name":"greet","names":1}"#);
    let mut cases: Vec<Case> = [
        r#"{"type":"ref/prompt","name":"greet","Name":"shut"}"#,
        r#"{"type":"ref/prompt","Type":"ref/resource","name":"greet","uri":"doc:///shut"}"#,
        r#"{"type":"ref/prompt","name":"greet","URI":"doc:///shut"}"#,
    ]
    .into_iter()
    .map(|reference| Case::error(complete(reference), -32_600, reason).twin(good.clone()))
    .collect();
    let twice = complete(r#"{"type":"ref/prompt","name":"greet"}"#);
    let twice = twice.replacen("\"ref\"", r#""Ref":{"type":"ref/prompt","name":"shut"},"ref""#, 1);
    cases.push(Case::error(twice, -32_600, reason).twin(good));
    if MODERN.contains(&version) {
        for filter in [
            r#""notifications":{},"Notifications":{"resourceSubscriptions":["doc:///shut"]}"#,
            r#""notifications":{"ResourceSubscriptions":["doc:///shut"]}"#,
            r#""notifications":{"re\u017fourceSubscriptions":["doc:///shut"]}"#,
        ] {
            let listen = request("subscriptions/listen", &format!("$META{filter}"));
            cases.push(Case::error(listen, -32_600, reason));
        }
    }
    cases
}

#[tokio::test]
async fn case_variants_inside_params() -> Result<()> {
    for version in VERSIONS {
        check(version, &inside(version)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn case_variants_beside_the_key() -> Result<()> {
    let cases = beside();
    for version in VERSIONS {
        check(version, &cases).await?;
    }
    Ok(())
}

#[tokio::test]
async fn case_variants_instead_of_the_key() -> Result<()> {
    for version in VERSIONS {
        check(version, &instead()).await?;
    }
    Ok(())
}
