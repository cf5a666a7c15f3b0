//! Recommended policies of real servers: they are policies, in both syntaxes, and say what a careful person would.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test: it reads files, and to fail is its way to say so"
)]

use std::fs;
use std::path::{Path, PathBuf};

use interlock_catalog::{Category, Definition, Judgement, Recommended, classify, policy_as_json, recommend};
use interlock_policy::{Severity, Source, Syntax, compile};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The tools of one server, judged.
fn tools(server: &str) -> Vec<(Definition, Judgement)> {
    let text = fs::read_to_string(root().join(format!("catalogue/definitions/{server}.jsonl"))).unwrap();
    judged(text.lines().map(|line| Definition::read(line).unwrap()))
}

fn judged(definitions: impl Iterator<Item = Definition>) -> Vec<(Definition, Judgement)> {
    let judge = |definition: Definition| {
        let judgement = classify(&definition);
        (definition, judgement)
    };
    definitions.map(judge).collect()
}

fn servers() -> Vec<String> {
    let folder = fs::read_dir(root().join("catalogue/definitions")).unwrap();
    let names = folder.filter_map(|entry| {
        entry.unwrap().file_name().into_string().unwrap().strip_suffix(".jsonl").map(str::to_owned)
    });
    names.collect()
}

fn check(server: &str, recommended: &Recommended) {
    let source = Source { name: server, text: &recommended.yaml, syntax: Syntax::Yaml };
    let (policy, found) = compile(&source);
    let bad: Vec<_> = found.iter().filter(|one| one.severity != Severity::Note).collect();
    assert!(policy.is_some() && bad.is_empty(), "{server}: {bad:#?}\n{}", recommended.yaml);
    let json = policy_as_json(&recommended.yaml).unwrap();
    let source = Source { name: server, text: &json, syntax: Syntax::Json };
    let same = compile(&source).0.unwrap();
    assert_eq!(same.document(), policy.unwrap().document(), "{server}");
}

#[test]
fn every_real_server_gets_a_policy_that_compiles() {
    let servers = servers();
    assert!(servers.len() >= 150, "{}", servers.len());
    for server in &servers {
        check(server, &recommend(server, "tools.json", &tools(server)));
    }
}

#[test]
fn hostile_definitions_stay_text() {
    let definitions = [
        r#"{"tool": "a\"\n  b: {}\n", "description": "Deletes\n# tools:\n  x: {}"}"#,
        r#"{"tool": "*", "description": "Gets all"}"#,
        r#"{"tool": "delete_*"}"#,
        r#"{"tool": "delete_\u202efdp\udb40\udc41\u001b"}"#,
        r#"{"tool": "yes", "inputSchema": {"properties": {"path\"] }, op: exists}\n#": {"type": "string"}, "to\u202e_url": {"type": "string"}}}}"#,
        r#"{"tool": "export_x", "inputSchema": {"properties": {"out'put {url}": {"type": "string"}, "output_s3_uri": {"type": "string"}}}}"#,
        r#"{"tool": "", "description": "nothing"}"#,
    ];
    let tools = judged(definitions.iter().map(|json| Definition::read(json).unwrap()));
    let recommended = recommend("evil\n# server: {}", "tools.json", &tools);
    check("hostile", &recommended);
    let json = policy_as_json(&recommended.yaml).unwrap();
    for text in [&recommended.yaml, &json] {
        assert!(!text.contains(['\u{202e}', '\u{e0041}', '\u{1b}']), "{text}");
    }
    let source = Source { name: "hostile", text: &recommended.yaml, syntax: Syntax::Yaml };
    let policy = compile(&source).0.unwrap();
    let globs = ["x", "b", "delete_everything"];
    let call = |name| {
        interlock_policy::visible(
            &[(interlock_policy::Origin::Server, &policy)],
            interlock_policy::Section::Tools,
            name,
        )
    };
    assert!(globs.iter().all(|name| !call(name)), "{}", recommended.yaml);
    assert!(call("yes") && call("export_x"));
}

#[test]
fn an_empty_server_gets_a_policy_too() {
    check("empty", &recommend("empty", "tools.json", &[]));
}

/// Nothing that deletes or pays is let through without a person.
#[test]
fn what_cannot_be_undone_is_never_simply_allowed() {
    for server in servers() {
        let tools = tools(&server);
        let recommended = recommend(&server, "tools.json", &tools);
        let source = Source { name: &server, text: &recommended.yaml, syntax: Syntax::Yaml };
        let policy = compile(&source).0.unwrap();
        for (definition, _) in
            tools.iter().filter(|(_, judgement)| judgement.category >= Category::Destructive)
        {
            let call = interlock_policy::Call {
                section: interlock_policy::Section::Tools,
                server: &server,
                name: &definition.tool,
                arguments: None,
            };
            let facts = interlock_policy::Facts::new("local", "s", 0);
            let judged =
                interlock_policy::judge(&[(interlock_policy::Origin::Server, &policy)], &call, &facts);
            let allows = matches!(&judged, interlock_policy::Judgement::Decided(decision) if decision.verdict == interlock_policy::Verdict::Proceed);
            assert!(!allows, "{server}: {}: {judged:?}", definition.tool);
        }
    }
}
