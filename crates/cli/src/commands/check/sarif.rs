//! SARIF 2.1.0 (OASIS), which code scanning reads.

use std::collections::BTreeSet;

use interlock_policy::Diagnostic;
use serde_json::{Value, json};

use super::{Checked, severity};
use crate::sarif::{log, tool, uri};

pub(super) fn print(checked: &[Checked]) -> anyhow::Result<String> {
    let found = checked.iter().flat_map(|file| file.diagnostics.iter().map(move |found| (file, found)));
    let codes: BTreeSet<&str> = found.clone().map(|(_, found)| found.code).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let results: Vec<Value> = found.map(|(file, found)| result(file, found, &codes)).collect();
    let rules: Vec<Value> = codes.iter().map(|code| json!({ "id": code })).collect();
    let log = log(&json!({
        "tool": tool(&rules),
        "columnKind": "unicodeCodePoints",
        "results": results,
    }));
    Ok(serde_json::to_string_pretty(&log)?)
}

fn result(file: &Checked, found: &Diagnostic, codes: &[&str]) -> Value {
    let help = found.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    let (end_line, end_column) = file.end(found);
    json!({
        "ruleId": found.code,
        "ruleIndex": codes.binary_search(&found.code).unwrap_or_default(),
        "level": severity(found.severity),
        "message": { "text": format!("{}{help}", found.message) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(&file.name) },
                "region": {
                    "startLine": found.span.line,
                    "startColumn": found.span.column,
                    "endLine": end_line,
                    "endColumn": end_column,
                    "byteOffset": found.span.offset,
                    "byteLength": found.span.len,
                },
            },
            "logicalLocations": [{ "fullyQualifiedName": found.pointer }],
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::checked;
    use super::print;

    #[test]
    fn each_finding_has_its_rule_and_region() {
        let one = checked("a b.yaml", "version: \"1\"\ndefault: deny\ntools:\n  café: { ruels: [] }\n");
        let other = checked("b.yaml", "tools:\n  t: {}\n");
        let log: serde_json::Value = serde_json::from_str(&print(&[one, other]).unwrap()).unwrap();
        let run = &log["runs"][0];
        let rules: Vec<_> =
            run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|rule| &rule["id"]).collect();
        assert_eq!(rules, ["missing-default", "missing-version", "unknown-key"]);
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), 3);
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index], &result["ruleId"]);
        }
        let first = &results[0];
        assert_eq!(first["level"], "error");
        assert_eq!(first["message"]["text"], "unknown key `ruels` in an entry (did you mean `rules`?)");
        let place = &first["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b.yaml");
        // Columns count characters, bytes count bytes.
        let region = &place["region"];
        let numbers = ["startLine", "startColumn", "endLine", "endColumn", "byteOffset", "byteLength"];
        assert_eq!(numbers.map(|name| region[name].as_u64().unwrap()), [4, 11, 4, 16, 45, 5]);
        assert_eq!(results[1]["level"], "warning");
    }
}
