//! Names by their exact bytes: hidden, default-denied and unknown ones are told apart by nobody.

use anyhow::{Context, Result};
use interlock_testkit::script::{LEGACY, Script, VERSIONS};
use interlock_tests::wrapped::Wrapped;
use serde_json::{Value, json};

use super::session::{Case, Session, call_of, check, request};

const REFUSED: i64 = 40_300;

/// Names as JSON text, beside the name that the policy lists.
const VARIANTS: &[(&str, &str)] = &[
    ("\"Echo\"", "echo"),
    ("\"ECHO\"", "echo"),
    ("\"echo \"", "echo"),
    ("\" echo\"", "echo"),
    (r#""echo\u0000""#, "echo"),
    (r#""echo\n""#, "echo"),
    (r#""echo\u200b""#, "echo"),
    ("\"\u{435}cho\"", "echo"),
    ("\"\u{ff45}cho\"", "echo"),
    ("\"echo\u{301}\"", "echo"),
    ("\"server__echo\"", "echo"),
    ("\"./echo\"", "echo"),
    ("\"ech\"", "echo"),
    ("\"echoo\"", "echo"),
    ("\"\"", "echo"),
    ("\"*\"", "echo"),
    // Decomposed, where the policy lists the composed letter.
    ("\"cafe\u{301}\"", "caf\u{e9}"),
    ("\"CAF\u{c9}\"", "caf\u{e9}"),
    // A glob matches its own prefix and no other.
    ("\"File_read\"", "file_read"),
    ("\"xfile_read\"", "file_read"),
    ("\"file-read\"", "file_read"),
    ("\"\u{17f}ecret\"", "echo"),
];

/// Names that are not to be told apart: hidden by name and by glob, there but not listed, nowhere.
const UNSEEN: &[&str] = &["secret", "hidden_one", "hidden_none", "other", "nowhere"];

fn tools() -> Vec<Case> {
    let mut cases: Vec<Case> = VARIANTS
        .iter()
        .map(|(variant, listed)| {
            Case::denied_any(call_of(variant, "{}")).twin(call_of(&format!("\"{listed}\""), "{}"))
        })
        .collect();
    for name in UNSEEN {
        let words = format!("tool \"{name}\" is not permitted");
        cases.push(Case::denied(call_of(&format!("\"{name}\""), r#"{"a":1}"#), &words));
        let escaped = format!("\"\\u{:04x}{}\"", u32::from(name.as_bytes()[0]), &name[1..]);
        // Written with an escape it is the same name, and a listed one passes as it was written.
        cases.push(Case::denied(call_of(&escaped, "{}"), &words).twin(call_of(r#""\u0065cho""#, "{}")));
    }
    cases.push(Case::denied(call_of("\"denied\"", "{}"), "not this one"));
    cases.push(Case::denied_any(call_of("\"never\"", "{}")));
    cases
}

fn others() -> Vec<Case> {
    let resource = |uri: &str| request("resources/read", &format!(r#"$META"uri":"{uri}""#));
    let prompt = |name: &str| request("prompts/get", &format!(r#"$META"name":"{name}""#));
    let complete = |reference: &str| {
        request(
            "completion/complete",
            &format!(r#"$META"ref":{reference},"argument":{{"name":"a","value":""}}"#),
        )
    };
    let mut cases = Vec::new();
    for uri in [
        "doc:///shut",
        "doc:///none",
        "DOC:///open",
        "doc:///open/",
        "doc:///./open",
        "doc:///%6fpen",
        "doc:///open#a",
        "",
    ] {
        cases.push(Case::error(resource(uri), REFUSED, "is not permitted").twin(resource("doc:///open")));
    }
    // Other spellings of what a glob does not mean.
    for path in
        ["../etc/shadow", "%2e%2e/etc/shadow", "%252e%252e/etc/shadow", "..%2fetc", "..\\\\etc", "%61"]
    {
        let uri = format!("file:///public/{path}");
        let refused = Case::error(resource(&uri), REFUSED, "a server can read it as another");
        cases.push(refused.twin(resource("file:///public/..a/%20b.txt")));
    }
    for name in ["shut", "none", "Greet", "greet "] {
        cases.push(Case::error(prompt(name), REFUSED, "is not permitted").twin(prompt("greet")));
    }
    for name in ["shut", "none", "Greet"] {
        let reference = |name: &str| format!(r#"{{"type":"ref/prompt","name":"{name}"}}"#);
        cases.push(
            Case::error(complete(&reference(name)), REFUSED, "is not permitted")
                .twin(complete(&reference("greet"))),
        );
    }
    let refused = r#"{"type":"ref/prompt","name":"refused"}"#;
    cases.push(
        Case::error(complete(refused), REFUSED, "not this prompt")
            .twin(complete(r#"{"type":"ref/prompt","name":"greet"}"#)),
    );
    cases.push(
        Case::error(complete(r#"{"type":"ref/resource","uri":"doc:///shut"}"#), REFUSED, "is not permitted")
            .twin(complete(r#"{"type":"ref/resource","uri":"doc:///open"}"#)),
    );
    cases
}

#[tokio::test]
async fn tools_by_exact_bytes() -> Result<()> {
    for version in VERSIONS {
        check(version, &tools()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn resources_prompts_and_completions() -> Result<()> {
    for version in VERSIONS {
        check(version, &others()).await?;
    }
    Ok(())
}

/// `list: all` shows what is denied; it does not open it.
#[tokio::test]
async fn completions_of_what_is_only_listed() -> Result<()> {
    let policy = "version: \"1\"\ndefault: deny\nlist: all\nhide: [hidden]\nprompts:\n  ok: {}\n  hidden: {}\n  \"*\": { rules: [{ rate_limit: 1/hour }] }\n";
    for version in LEGACY {
        let mut wrapped = Wrapped::start(policy, "{}", &Script::default())?;
        wrapped.shake_hands(version).await?;
        for (name, passes) in
            [("ok", true), ("hidden", false), ("never_listed", false), ("ok", true), ("*", false)]
        {
            let reference = json!({ "type": "ref/prompt", "name": name });
            let params = json!({ "ref": reference, "argument": { "name": "a", "value": "" } });
            let answer = wrapped.client.ask("completion/complete", params).await?;
            assert_eq!(answer["result"].is_object(), passes, "{version} {name}: {answer}");
            assert_eq!(answer["error"]["code"] == REFUSED, !passes, "{version} {name}: {answer}");
        }
        assert_eq!(wrapped.server.received_method("completion/complete")?.len(), 2, "{version}");
        wrapped.finish().await?;
        let rules: Vec<Value> =
            wrapped.refusals(3).await?.iter_mut().map(|refusal| refusal["rule"].take()).collect();
        assert_eq!(rules, ["(hidden)", "(default deny)", "(default deny)"]);
    }
    Ok(())
}

#[tokio::test]
async fn subscriptions() -> Result<()> {
    for version in LEGACY {
        let subscribe = |method: &str, uri: &str| request(method, &format!(r#"$META"uri":"{uri}""#));
        // Ending one is never refused: the policy may have changed since it began.
        let case = Case::error(subscribe("resources/subscribe", "doc:///shut"), REFUSED, "is not permitted");
        check(
            version,
            &[
                case.clone().twin(subscribe("resources/subscribe", "doc:///open")),
                case.twin(subscribe("resources/unsubscribe", "doc:///shut")),
            ],
        )
        .await?;
    }
    // One that names several passes with all of them or not at all.
    let listen = |uris: &str| {
        request(
            "subscriptions/listen",
            &format!(r#"$META"notifications":{{"resourceSubscriptions":{uris}}}"#),
        )
    };
    let mut session = Session::with("2026-07-28", "{}").await?;
    session
        .refuse(&Case::error(listen(r#"["doc:///open","doc:///shut"]"#), REFUSED, "is not permitted"))
        .await?;
    session.refuse(&Case::error(listen(r#"["doc:///shut"]"#), REFUSED, "is not permitted")).await?;
    session.refuse(&Case::error(listen(r#""doc:///open""#), -32_602, "resourceSubscriptions")).await?;
    session.refuse(&Case::error(listen(r#"[["doc:///open"]]"#), -32_602, "resourceSubscriptions")).await?;
    session.finish().await
}

/// The whole answer, not only its words, is the same for what is hidden, not listed, and not there.
#[tokio::test]
async fn unseen_names_are_not_told_apart() -> Result<()> {
    for version in VERSIONS {
        let mut session = Session::start(version).await?;
        let mut answers = Vec::new();
        for name in UNSEEN {
            let id = session.new_id();
            let sent = call_of(&format!("\"{name}\""), "{}").replace("$ID", &id.to_string());
            let (line, _) = session.fill(sent.as_bytes());
            session.client.send(&line).await?;
            let answer = session.client.response(&json!(id)).await?;
            answers.push(answer.to_string().replace(name, "NAME").replace(&id.to_string(), "ID"));
            session.expect(name, None, super::session::Answer::Nothing, "is not permitted");
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:#?}");
        let shown = session.listed().await?;
        let mut names: Vec<_> = shown.iter().filter_map(|tool| tool["name"].as_str()).collect();
        names.sort_unstable();
        let listed = [
            "asks",
            "at_most",
            "caf\u{e9}",
            "denied",
            "echo",
            "exactly",
            "file_read",
            "file_slow",
            "never",
            "not_above",
            "one",
        ];
        assert_eq!(names, listed, "{version}");
        session.finish().await?;
    }
    Ok(())
}

impl Session {
    async fn listed(&mut self) -> Result<Vec<Value>> {
        let id = self.new_id();
        let (line, _) =
            self.fill(request("tools/list", r#"$META"x":1"#).replace("$ID", &id.to_string()).as_bytes());
        self.client.send(&line).await?;
        let answer = self.client.response(&json!(id)).await?;
        answer["result"]["tools"].as_array().cloned().context("a list of tools")
    }
}
