//! The forms in which tools and servers are given to `interlock scan` and `interlock catalog`.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::Scanner;

const LINES: &str = "{\"server\": \"s\", \"tool\": \"get_a\", \"description\": \"Gets a\"}\n\
                     {\"server\": \"s\", \"tool\": \"delete_a\", \"description\": \"Deletes a\"}\n";
const LIST: &str = "{\"tools\": [\n{\"name\": \"get_a\", \"description\": \"Gets a\"},\n\
                    {\"name\": \"delete_a\", \"description\": \"Deletes a\"}\n]}\n";

/// How it ended, standard output, and standard error.
fn ran(scanner: &Scanner, arguments: &[&str]) -> Result<(Option<i32>, String, String)> {
    let output = scanner.interlock(arguments)?.output()?;
    Ok((output.status.code(), String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?))
}

/// Every command takes what `interlock tools` writes, answers to `tools/list`, and JSON lines.
#[test]
fn lists_and_lines_are_the_same_everywhere() -> Result<()> {
    let scanner = Scanner::new()?;
    let answer = format!("{{\"jsonrpc\": \"2.0\", \"id\": 1, \"result\": {LIST}}}");
    for (file, text) in [("s.jsonl", LINES), ("s.json", LIST), ("s.answer.json", &answer)] {
        fs::write(scanner.folder.path().join(file), text)?;
        let (code, out, err) =
            ran(&scanner, &["scan", "--format", "json", "--tools", file, "-o", &format!("{file}.yaml")])?;
        ensure!(code == Some(0), "{file}: {err}");
        let report: Value = serde_json::from_str(&out)?;
        let tools = report["servers"][0]["tools"].as_array().context("tools")?;
        let judged: Vec<_> = tools.iter().map(|tool| (&tool["tool"], &tool["category"])).collect();
        let expected = [(json!("get_a"), json!("Read")), (json!("delete_a"), json!("Destructive"))];
        ensure!(
            judged == expected.iter().map(|(tool, category)| (tool, category)).collect::<Vec<_>>(),
            "{report}"
        );
        // What was written beside the policy is the list, whichever form it was read from.
        let kept: Value =
            serde_json::from_slice(&fs::read(scanner.folder.path().join(format!("{file}.tools.json")))?)?;
        ensure!(kept["tools"][1] == json!({ "name": "delete_a", "description": "Deletes a" }), "{kept}");

        let (code, out, err) = ran(&scanner, &["catalog", "classify", file])?;
        ensure!(
            code == Some(0) && out.lines().count() == 2 && out.contains("\"Destructive\""),
            "{file}: {out}{err}"
        );
        let (code, _, err) = ran(&scanner, &["catalog", "lint", file])?;
        ensure!(code == Some(0), "{file}: {err}");
        let (code, out, err) = ran(&scanner, &["catalog", "build", "-o", &format!("{file}.site"), file])?;
        ensure!(code == Some(0) && out.contains("with 2 tools"), "{file}: {out}{err}");
        fs::write(
            scanner.folder.path().join("p.yaml"),
            "version: \"1\"\ndefault: deny\ntools: { get_b: {} }\n",
        )?;
        let (_, out, err) = ran(&scanner, &["check", "--tools", file, "p.yaml"])?;
        ensure!([&out, &err].iter().any(|said| said.contains("no tool `get_b`")), "{file}: {out}{err}");
    }
    Ok(())
}

#[test]
fn lines_of_several_servers_are_several_servers() -> Result<()> {
    let scanner = Scanner::new()?;
    let other = "{\"server\": \"other\", \"tool\": \"get_a\"}\n";
    fs::write(scanner.folder.path().join("all.jsonl"), [LINES, other].concat())?;
    let (code, out, err) =
        ran(&scanner, &["scan", "--format", "json", "--tools", "all.jsonl", "-o", "policies"])?;
    ensure!(code == Some(0), "{err}");
    let report: Value = serde_json::from_str(&out)?;
    ensure!(report["servers"][1]["server"] == "other", "{report}");
    ensure!(scanner.folder.path().join("policies/other.yaml").is_file(), "{err}");
    let (code, _, err) = ran(&scanner, &["scan", "--tools", "all.jsonl", "--server", "s"])?;
    ensure!(code == Some(2) && err.contains("the tools of 2 servers"), "{err}");
    Ok(())
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() -> Result<()> {
    let scanner = Scanner::new()?;
    for (file, text, told) in [
        ("a.jsonl", "{\"name\": \"a\"}\n{\"name\": 1}\n", "cannot use the tools in `a.jsonl`: line 2: "),
        ("a.json", "{\"name\": \"a\"", "cannot use the tools in `a.json`: line 1: not JSON"),
        ("b.json", "{\"a\": 1}", "`b.json`: line 1: not a tool's definition"),
        ("c.json", "{\"tools\": [{\"name\": \"a\"}, {\"name\": \"a\"}]}", "two tools are called `a`"),
    ] {
        fs::write(scanner.folder.path().join(file), text)?;
        let (code, _, err) = ran(&scanner, &["scan", "--tools", file])?;
        ensure!(code == Some(2) && err.contains(told), "{err}");
    }
    for (file, text, told) in [
        ("mcp.json", "{\"mcpServers\": {}}", "has no MCP server in it"),
        ("mcp.json", "{\"mcpServers\": {\n\"a\": }}", "line 2 is not JSON"),
        ("config.toml", "[mcp_servers]\n", "has no MCP server in it"),
        ("config.toml", "a = \n", "line 1 is not TOML"),
    ] {
        fs::write(scanner.folder.path().join(file), text)?;
        let (code, _, err) = ran(&scanner, &["scan", "--config", file])?;
        ensure!(code == Some(2) && err.contains(told), "{text}: {err}");
    }
    Ok(())
}
