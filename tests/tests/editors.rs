//! The schema of the policy language in the validators of real editors: ajv (draft-07), and the YAML language server,
//! asked through its protocol.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use interlock_testkit::binaries::{self, workspace_root};
use interlock_testkit::peers::Environment;
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

/// What no editor should let pass, each with one mistake.
const BROKEN: &[(&str, &str)] = &[
    ("unknown key of the document", "tolls: {}\n"),
    ("unknown default", "default: perhaps\n"),
    ("version as a number", "version: 1\n"),
    ("another version", "version: \"2\"\n"),
    ("hide is no list", "hide: delete_customer\n"),
    ("an empty name to hide", "hide: [\"\"]\n"),
    ("tools are no list", "tools: [a]\n"),
    ("an empty name", "tools: { \"\": {} }\n"),
    ("unknown key of an entry", "tools: { t: { rule: [] } }\n"),
    ("unknown key of a rule", "tools: { t: { rules: [{ on_denied: no }] } }\n"),
    ("unknown action", "tools: { t: { rules: [{ action: forbid }] } }\n"),
    ("unknown operator", "tools: { t: { require: [{ path: args.x, op: like, value: a }] } }\n"),
    ("no operator", "tools: { t: { require: [{ path: args.x, value: a }] } }\n"),
    ("a path to nowhere", "tools: { t: { require: [{ path: amount, op: eq, value: a }] } }\n"),
    ("text to compare by size", "tools: { t: { require: [{ path: args.x, op: lte, value: \"5\" }] } }\n"),
    ("one value for several", "tools: { t: { require: [{ path: args.x, op: in, value: a }] } }\n"),
    ("nothing to be one of", "tools: { t: { require: [{ path: args.x, op: in, value: [] }] } }\n"),
    ("a number as a pattern", "tools: { t: { require: [{ path: args.x, op: regex, value: 5 }] } }\n"),
    ("text for true", "tools: { t: { require: [{ path: args.x, op: exists, value: \"yes\" }] } }\n"),
    ("null to compare with", "tools: { t: { require: [{ path: args.x, op: eq, value: null }] } }\n"),
    ("a block without conditions", "tools: { t: { deny_if: [{ on_deny: no }] } }\n"),
    ("a rate that is none", "tools: { t: { rules: [{ rate_limit: ten/minute }] } }\n"),
    ("a rate without its window", "tools: { t: { rules: [{ rate_limit: { max: 10 } }] } }\n"),
    ("an unknown window", "tools: { t: { limits: [{ window: fortnight, max: 1 }] } }\n"),
    ("half a call", "tools: { t: { rules: [{ rate_limit: { max: 1.5, window: day } }] } }\n"),
    ("a negative limit", "tools: { t: { limits: [{ window: day, max: -1 }] } }\n"),
    ("a limit without a most", "tools: { t: { limits: [{ window: day }] } }\n"),
    ("an unknown scope", "tools: { t: { limits: [{ window: day, max: 1, scope: team }] } }\n"),
    ("an empty scope", "tools: { t: { limits: [{ window: day, max: 1, scope: [] }] } }\n"),
    ("an unknown refund", "tools: { t: { limits: [{ window: day, max: 1, refund: always }] } }\n"),
    ("an unknown alignment", "tools: { t: { limits: [{ window: day, max: 1, align: monday }] } }\n"),
    ("a counter without a name", "tools: { t: { rules: [{ state: { window: day } }] } }\n"),
    ("text for a switch", "tools: { t: { validate: { required_args: \"true\" } } }\n"),
    ("a span that is none", "tools: { t: { rules: [{ approval_timeout: soon }] } }\n"),
    ("a webhook without an address", "approvals: { notify: { webhook: { secret: x } } }\n"),
    (
        "a junction beside a test",
        "tools: { t: { require: [{ any: [], path: args.x, op: eq, value: 1 }] } }\n",
    ),
];

#[derive(Debug, Deserialize)]
struct Said {
    results: Vec<File>,
    hover: String,
}

#[derive(Debug, Deserialize)]
struct File {
    path: String,
    ajv: Vec<String>,
    editor: Vec<String>,
}

/// The ready policies and every sample of the documents, by a name that ends as its file would.
fn sound() -> Result<BTreeMap<String, String>> {
    let root = workspace_root();
    let mut sound = BTreeMap::new();
    for entry in fs::read_dir(root.join("policies"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".yaml") && !name.ends_with(".test.yaml") {
            sound.insert(format!("/policies/{name}"), fs::read_to_string(&path)?);
        }
    }
    let mut pages = vec![root.join("README.md")];
    for entry in fs::read_dir(root.join("docs"))? {
        pages.push(entry?.path());
    }
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    for page in pages {
        let text = fs::read_to_string(&page)?;
        let name = page.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for (index, block) in text.split("\n```").skip(1).enumerate() {
            for kind in ["yaml", "json"] {
                let sample = block.strip_prefix(&format!("{kind} policy\n"));
                if let Some(sample) = sample.or_else(|| block.strip_prefix("yaml file policy.yaml\n")) {
                    sound.insert(format!("/docs/{name}-{index}.{kind}"), format!("{sample}\n"));
                }
            }
        }
    }
    Ok(sound)
}

fn validated(policies: &BTreeMap<String, String>) -> Result<Said> {
    let folder = TempDir::new()?;
    let schema = folder.path().join("schema.json");
    let printed = Command::new(binaries::interlock()?).args(["policy", "schema"]).output()?;
    ensure!(printed.status.success(), "{printed:?}");
    fs::write(&schema, printed.stdout)?;
    let list: Vec<_> = policies.iter().map(|(path, text)| json!({ "path": path, "text": text })).collect();
    let script = Environment::find()?.node_script("editors.mjs");
    let (program, arguments) = script.line.split_first().context("an empty command")?;
    let mut node = Command::new(program);
    node.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut node = node.spawn()?;
    let question = json!({ "schema": schema, "policies": list }).to_string();
    node.stdin.take().context("no standard input")?.write_all(question.as_bytes())?;
    let output = node.wait_with_output()?;
    ensure!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).context("the script's answer")
}

#[test]
fn editors_accept_what_is_a_policy_and_mark_what_is_not() -> Result<()> {
    let mut policies = sound()?;
    ensure!(policies.len() > 12, "{:?}", policies.keys());
    for (what, text) in BROKEN {
        policies.insert(format!("/broken/{what}.yaml"), (*text).to_owned());
    }
    let said = validated(&policies)?;
    ensure!(said.results.len() == policies.len(), "{} of {}", said.results.len(), policies.len());
    let mut wrong = Vec::new();
    for file in &said.results {
        if file.path.starts_with("/broken/") {
            if file.ajv.is_empty() || file.editor.is_empty() {
                wrong.push(format!(
                    "{} is marked by ajv: {:?}, by the editor: {:?}",
                    file.path, file.ajv, file.editor
                ));
            }
        } else if !file.ajv.is_empty() || !file.editor.is_empty() {
            wrong.push(format!("{}: {:?} {:?}", file.path, file.ajv, file.editor));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    ensure!(said.hover.contains("For whatever is not listed"), "an editor shows: {}", said.hover);
    Ok(())
}

/// What editors mark, Interlock refuses too: the schema is not stricter than the language.
#[test]
fn the_broken_ones_are_broken() -> Result<()> {
    let folder = TempDir::new()?;
    let path = folder.path().join("policy.yaml");
    for (what, text) in BROKEN {
        fs::write(&path, text)?;
        let checked = Command::new(binaries::interlock()?).arg("check").arg(&path).output()?;
        ensure!(checked.status.code() == Some(1), "{what}: {}", String::from_utf8_lossy(&checked.stdout));
    }
    Ok(())
}
