//! SARIF 2.1.0 (OASIS), which code scanning reads: what is worse than reading, and texts that may steer a model.

use std::collections::BTreeMap;

use interlock_catalog::lint::FindingKind;
use interlock_catalog::{Category, Severity};
use serde_json::{Value, json};

use super::Scanned;
use super::findings::Findings;

pub(super) fn log(scanned: &[Scanned], findings: &Findings<'_>) -> Value {
    let mut results = Vec::new();
    for (at, one) in scanned.iter().enumerate() {
        let tools = one.offer.iter().flat_map(|offer| &offer.tools).enumerate();
        for (index, tool) in tools {
            let place = format!("{}/{}", one.name, tool.definition.tool);
            let judgement = &tool.judgement;
            if judgement.category > Category::Read {
                let risks: Vec<String> = judgement.risks.iter().map(ToString::to_string).collect();
                let what = format!(
                    "`{}` is {}, {}: {}",
                    tool.definition.tool,
                    judgement.category,
                    judgement.severity,
                    risks.join("; ")
                );
                results.push(result(
                    &rule_of(judgement.category),
                    level(judgement.severity),
                    what.trim_end_matches(": "),
                    &place,
                ));
            }
            for found in findings.of_tool(at, index) {
                results.push(result(
                    &format!("text/{}", found.kind),
                    "warning",
                    &found.to_string(),
                    &format!("{place}/{}", found.place),
                ));
            }
        }
    }
    for report in scanned.iter().filter_map(|one| one.pinned.as_ref()).flat_map(|pinned| &pinned.changed) {
        results.push(result(CHANGED, "error", &report.text(), &format!("{}/{}", report.server, report.tool)));
    }
    for pair in &findings.alike {
        let what = format!("`{}` and `{}`: {}", pair.first.tool, pair.second.tool, pair.likeness);
        let place = pair
            .first
            .servers
            .first()
            .map_or_else(String::new, |server| format!("{server}/{}", pair.first.tool));
        results.push(result("look-alike", level(pair.severity), &what, &place));
    }
    let rules: Vec<Value> = rules()
        .into_iter()
        .map(|(id, text)| json!({ "id": id, "shortDescription": { "text": text } }))
        .collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "interlock", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "results": results,
        }],
    })
}

/// The rule that definitions are as they were accepted.
const CHANGED: &str = "definition-changed";

fn rules() -> BTreeMap<String, &'static str> {
    let mut rules = BTreeMap::from([
        (rule_of(Category::Write), "a tool creates or changes what another call can put right"),
        (rule_of(Category::Execute), "a tool starts work elsewhere"),
        (rule_of(Category::Destructive), "a tool deletes, or cannot be undone"),
        (rule_of(Category::Financial), "a tool moves or commits money"),
        (CHANGED.to_owned(), "a tool is not defined as it was accepted"),
        ("look-alike".to_owned(), "names of tools are taken for one another"),
    ]);
    rules.extend(
        FindingKind::ALL.iter().map(|kind| (format!("text/{kind}"), "a definition's text may steer a model")),
    );
    rules
}

fn rule_of(category: Category) -> String {
    format!("category/{}", category.to_string().to_lowercase())
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "none",
        Severity::Medium => "note",
        Severity::High => "warning",
        Severity::Critical => "error",
    }
}

fn result(rule: &str, level: &str, what: &str, place: &str) -> Value {
    json!({
        "ruleId": rule,
        "level": level,
        "message": { "text": what },
        "locations": [{ "logicalLocations": [{ "fullyQualifiedName": place, "kind": "member" }] }],
    })
}
