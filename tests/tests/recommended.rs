//! Recommended policies of real servers: they are policies, in both syntaxes, and let nothing through that cannot be undone.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use interlock_catalog::{Category, Definition, Judgement, Recommended, classify, policy_as_json, recommend};
use interlock_policy::{
    Call, Facts, Judgement as Judged, Origin, Policy, Section, Severity, Source, Syntax, ToolDefinition,
    ToolFacts, ToolList, Verdict, compile, compile_for, judge, visible,
};
use interlock_testkit::binaries::workspace_root;
use serde_json::json;

/// A server's tools, judged.
type Tools = Vec<(Definition, Judgement)>;

/// The tools of every server that there are definitions of, judged.
fn servers() -> Result<Vec<(String, Tools)>> {
    let mut servers = Vec::new();
    for entry in fs::read_dir(workspace_root().join("catalogue/definitions"))? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".jsonl")) else {
            continue;
        };
        servers.push((name.to_owned(), judged(fs::read_to_string(&path)?.lines())?));
    }
    ensure!(servers.len() >= 150, "{}", servers.len());
    Ok(servers)
}

fn judged<'l>(lines: impl IntoIterator<Item = &'l str>) -> Result<Tools> {
    let judge = |line| {
        let definition = Definition::read(line)?;
        let judgement = classify(&definition);
        Ok((definition, judgement))
    };
    lines.into_iter().map(judge).collect()
}

/// The policy, which must be one without warnings, and say the same in JSON.
fn compiled(server: &str, recommended: &Recommended) -> Result<Policy> {
    let (policy, found) = compile(&Source { name: server, text: &recommended.yaml, syntax: Syntax::Yaml });
    let bad: Vec<_> = found.iter().filter(|one| one.severity != Severity::Note).collect();
    ensure!(bad.is_empty(), "{server}: {bad:#?}\n{}", recommended.yaml);
    let policy = policy.context("no policy")?;
    let json = policy_as_json(&recommended.yaml).context("no JSON")?;
    let same = compile(&Source { name: server, text: &json, syntax: Syntax::Json })
        .0
        .context("no policy in JSON")?;
    ensure!(same.document() == policy.document(), "{server}: the JSON says something else");
    Ok(policy)
}

/// Beside the tools that it was made from, nothing of the policy is amiss.
fn fits(server: &str, recommended: &Recommended, tools: &Tools) -> Result<()> {
    let listed = tools.iter().map(|(one, _)| json!({ "name": one.tool, "inputSchema": one.input_schema }));
    let tools = ToolList::read(&json!({ "tools": listed.collect::<Vec<_>>() }).to_string())?;
    let source = Source { name: server, text: &recommended.yaml, syntax: Syntax::Yaml };
    let (_, found) = compile_for(&source, Some(&tools));
    let bad = found.iter().filter(|one| one.severity != Severity::Note);
    let bad: Vec<_> = bad.map(|one| (one.code, &one.pointer)).collect();
    ensure!(bad.is_empty(), "{server}: {bad:?}");
    Ok(())
}

/// What becomes of a call without arguments of a tool that takes none: what its rules say, and not what its schema does.
fn verdict(policy: &Policy, server: &str, tool: &str) -> Result<Option<Verdict>> {
    let none = interlock_json::scan("{}", &interlock_json::Limits::default())?;
    let definition = ToolDefinition::read(none.root()).map_err(anyhow::Error::msg)?;
    let call = Call { section: Section::Tools, server, name: tool, arguments: Some(none.root()) };
    let facts = Facts { tool: ToolFacts::Known { definition: &definition }, ..Facts::new("local", "s", 0) };
    Ok(match judge(&[(Origin::Server, policy)], &call, &facts) {
        Judged::Decided(decision) => Some(decision.verdict),
        Judged::Read(_) => None,
    })
}

#[test]
fn every_real_server_gets_a_policy_that_lets_nothing_final_through() -> Result<()> {
    for (server, tools) in servers()? {
        let recommended = recommend(&server, "tools.json", &tools);
        let policy = compiled(&server, &recommended)?;
        fits(&server, &recommended, &tools)?;
        for (definition, judgement) in &tools {
            let verdict = verdict(&policy, &server, &definition.tool)?;
            let is_final = judgement.category >= Category::Destructive;
            ensure!(
                !is_final || verdict != Some(Verdict::Proceed),
                "{server}: {}: {verdict:?}",
                definition.tool
            );
            ensure!(
                visible(&[(Origin::Server, &policy)], Section::Tools, &definition.tool),
                "{server}: {}",
                definition.tool
            );
        }
    }
    Ok(())
}

#[test]
fn hostile_definitions_stay_text() -> Result<()> {
    let tools = judged([
        r#"{"tool": "a\"\n  b: {}\n", "description": "Deletes\n# tools:\n  x: {}"}"#,
        r#"{"tool": "*", "description": "Gets all"}"#,
        r#"{"tool": "delete_*"}"#,
        r#"{"tool": "delete_\u202efdp\udb40\udc41\u001b"}"#,
        r#"{"tool": "get_c", "inputSchema": {"properties": {"x": {"default": "a\u202eb\u001b"}}, "required": ["x"]}}"#,
        r#"{"tool": "yes", "inputSchema": {"properties": {"path\"] }, op: exists}\n#": {"type": "string"}, "to\u202e_url": {"type": "string"}}}}"#,
        r#"{"tool": "export_x", "inputSchema": {"properties": {"out'put {url}": {"type": "string"}, "output_s3_uri": {"type": "string"}}}}"#,
        r#"{"tool": "", "description": "nothing"}"#,
    ])?;
    let recommended = recommend("evil\n# server: {}", "tools.json", &tools);
    let policy = compiled("hostile", &recommended)?;
    let json = policy_as_json(&recommended.yaml).context("no JSON")?;
    for text in [&recommended.yaml, &recommended.tests, &json] {
        ensure!(!text.contains(['\u{202e}', '\u{e0041}', '\u{1b}']), "{text}");
    }
    for name in ["x", "b", "delete_everything"] {
        ensure!(verdict(&policy, "s", name)? == Some(Verdict::Deny), "{name}: {}", recommended.yaml);
    }
    ensure!(verdict(&policy, "s", "yes")?.is_some());
    Ok(())
}

#[test]
fn an_empty_server_gets_a_policy_too() -> Result<()> {
    compiled("empty", &recommend("empty", "tools.json", &[])).map(drop)
}
