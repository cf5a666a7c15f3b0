//! The language in the documents: every operator has a row that is true, and every key a sample.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use interlock_testkit::binaries::{self, workspace_root};
use serde_json::Value;
use tempfile::TempDir;

use super::{blocks, documents};

/// A row of the table of operators: the operator, its condition, and values for which it holds, does not, and cannot
/// be judged.
struct Row {
    operator: String,
    condition: String,
    values: Vec<(String, Option<bool>)>,
}

fn rows(page: &str) -> Result<Vec<Row>> {
    let table = page.lines().skip_while(|line| !line.starts_with("| operator |"));
    table.take_while(|line| line.starts_with('|')).skip(2).map(row).collect()
}

fn row(line: &str) -> Result<Row> {
    let cells: Vec<Vec<&str>> =
        line.trim_matches('|').split('|').map(|cell| cell.split('`').skip(1).step_by(2).collect()).collect();
    let [operator, condition, holds, not, unjudged] = cells.as_slice() else {
        anyhow::bail!("not five cells: {line}");
    };
    let (Some(operator), Some(condition)) = (operator.first(), condition.first()) else {
        anyhow::bail!("no operator or no condition: {line}");
    };
    ensure!(condition.split(',').next() == Some(&format!("op: {operator}")), "another operator: {line}");
    ensure!(!holds.is_empty() && !not.is_empty(), "nothing holds, or everything: {line}");
    let columns = [(holds, Some(true)), (not, Some(false)), (unjudged, None)];
    let values = columns.into_iter().flat_map(|(cell, holds)| {
        cell.iter().map(move |value| ((*value).to_owned(), holds)).collect::<Vec<_>>()
    });
    Ok(Row { operator: (*operator).to_owned(), condition: (*condition).to_owned(), values: values.collect() })
}

/// What the condition makes of the value, by `interlock explain`.
fn judged(condition: &str, value: &str) -> Result<Value> {
    let folder = TempDir::new()?;
    let policy = folder.path().join("policy.yaml");
    let text = format!(
        "version: \"1\"\ndefault: deny\ntools: {{ t: {{ require: [{{ path: args.x, {condition} }}] }} }}\n"
    );
    fs::write(&policy, text)?;
    let mut explain = Command::new(binaries::interlock()?);
    explain.args(["explain", "--format", "json", "--tool", "t", "--arg-json", &format!("x={value}"), "-c"]);
    let output = explain.arg(&policy).output()?;
    let report: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok(report["rules"][0]["conditions"][0]["holds"].clone())
}

#[test]
fn every_operator_has_a_row_that_is_true() -> Result<()> {
    let page = fs::read_to_string(workspace_root().join("docs/operators.md"))?;
    let rows = rows(&page)?;
    let mut wrong = Vec::new();
    for row in &rows {
        for (value, expected) in &row.values {
            let found = judged(&row.condition, value).with_context(|| row.condition.clone())?;
            if found.as_bool() != *expected || !(found.is_boolean() || found.is_null()) {
                wrong.push(format!(
                    "`{}` of {value}: the page says {expected:?}, it is {found}",
                    row.condition
                ));
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    let schema = schema()?;
    let known = schema["definitions"]["condition"]["properties"]["op"]["enum"].as_array();
    let known: BTreeSet<_> = known.context("no operators")?.iter().filter_map(Value::as_str).collect();
    let shown: BTreeSet<_> = rows.iter().map(|row| row.operator.as_str()).collect();
    ensure!(shown == known, "of {known:?} the page shows {shown:?}");
    Ok(())
}

#[test]
fn every_key_of_the_language_is_in_a_sample() -> Result<()> {
    let mut samples = String::new();
    for (file, text) in documents()? {
        let policies = blocks(&file, &text)?.into_iter().filter(|block| block.info.ends_with(" policy"));
        policies.for_each(|block| samples.push_str(&block.text));
    }
    let schema = schema()?;
    let shapes = schema["definitions"].as_object().context("no definitions")?;
    let mut missing = Vec::new();
    for (name, shape) in
        shapes.iter().map(|(name, shape)| (name.as_str(), shape)).chain([("document", &schema)])
    {
        let keys = shape["properties"].as_object().with_context(|| format!("`{name}` has no keys"))?;
        missing.extend(keys.keys().filter(|key| !has_key(&samples, key)).map(|key| format!("{name}.{key}")));
    }
    ensure!(missing.is_empty(), "no sample of the documents has {}", missing.join(", "));
    Ok(())
}

fn has_key(samples: &str, key: &str) -> bool {
    let pattern = format!("(?m)(^|[\\s{{,\"]){}\"?:\\s", regex::escape(key));
    regex::Regex::new(&pattern).is_ok_and(|pattern| pattern.is_match(samples))
}

fn schema() -> Result<Value> {
    let output = Command::new(binaries::interlock()?).args(["policy", "schema"]).output()?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[test]
fn rows_and_keys_are_read() -> Result<()> {
    let found = row("| `in` | `op: in, value: [a, b]` | `\"a\"` `\"b\"` | `\"c\"` | |")?;
    assert_eq!((found.operator.as_str(), found.condition.as_str()), ("in", "op: in, value: [a, b]"));
    let values = [("\"a\"", Some(true)), ("\"b\"", Some(true)), ("\"c\"", Some(false))];
    assert_eq!(found.values, values.map(|(value, holds)| (value.to_owned(), holds)));
    assert!(row("| `in` | `op: eq, value: a` | `1` | `2` | |").is_err());
    assert!(has_key("a: { max: 1 }", "max") && has_key("{\"max\": 1}", "max"));
    assert!(!has_key("a: { maximum: 1 }", "max") && !has_key("# the max of", "max"));
    Ok(())
}
