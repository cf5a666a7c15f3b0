//! What was found, for code scanning: what is worse than reading, texts that may steer a model, definitions that are not as they
//! were accepted.
//!
//! Code scanning takes a file as a whole or not at all: every result has a place in a file, and there are no more of them than it
//! reads. Two results are the same for it that have the same fingerprint, whatever their lines are.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use interlock_catalog::lint::FindingKind;
use interlock_catalog::similar::Likeness;
use interlock_catalog::{Category, Judgement, Severity};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Scanned;
use super::findings::{Findings, why};
use crate::commands::pins::differing;
use crate::sarif;

/// The rule that definitions are as they were accepted.
const CHANGED: &str = "definition-changed";
/// The rule that names differ.
const ALIKE: &str = "look-alike";
/// As many results as code scanning reads of a run.
const MOST_RESULTS: usize = 25_000;

pub(super) fn log(scanned: &[Scanned], findings: &Findings<'_>, output: Option<&Path>) -> Value {
    let mut results: Vec<Found> = Vec::new();
    for (at, one) in scanned.iter().enumerate() {
        results.extend(findings.of_server(at).iter().map(|found| Found {
            rule: format!("text/{}", found.kind),
            severity: Severity::High,
            message: format!("What `{}` says of itself may steer a model: {found}", one.name),
            place: Place::of(one, output, None),
            part: found.place.to_string(),
        }));
        let tools = one.offer.iter().flat_map(|offer| &offer.tools).enumerate();
        for (index, tool) in tools {
            let place = Place::of(one, output, Some((index, tool.definition.tool.as_str())));
            results.extend(judged(one, &tool.judgement, &place));
            results.extend(findings.of_tool(at, index).iter().map(|found| Found {
                rule: format!("text/{}", found.kind),
                severity: Severity::High,
                message: format!(
                    "The definition of `{}` of `{}` may steer a model: {found}",
                    place.tool, one.name
                ),
                place: place.clone(),
                part: found.place.to_string(),
            }));
        }
        let changed = one.pinned.iter().flat_map(|pinned| &pinned.changed);
        results.extend(changed.map(|report| {
            let tools = one.offer.iter().flat_map(|offer| &offer.tools);
            let index = tools.map(|tool| &tool.definition.tool).position(|tool| *tool == report.tool);
            let place = Place::of(one, output, Some((index.unwrap_or_default(), report.tool.as_str())));
            let message = format!("A tool is not defined as it was accepted: {}", differing::text(report));
            Found {
                rule: CHANGED.to_owned(),
                severity: Severity::Critical,
                message,
                place,
                part: String::new(),
            }
        }));
    }
    // That a name is the same is common.
    for pair in findings.alike.iter().filter(|pair| pair.likeness != Likeness::Same) {
        let first = pair.first.servers.first().copied().unwrap_or_default();
        let Some(one) = scanned.iter().find(|one| one.name == first) else { continue };
        let index = one.offer.iter().flat_map(|offer| &offer.tools);
        let index = index.map(|tool| &tool.definition.tool).position(|tool| *tool == pair.first.tool);
        let message = format!(
            "`{}` of {} and `{}` of {} are taken for one another: {}",
            pair.first.tool,
            pair.first.servers.join(", "),
            pair.second.tool,
            pair.second.servers.join(", "),
            pair.likeness
        );
        let place = Place::of(one, output, Some((index.unwrap_or_default(), pair.first.tool)));
        let part = format!("{} {}", pair.second.servers.join(" "), pair.second.tool);
        results.push(Found { rule: ALIKE.to_owned(), severity: pair.severity, message, place, part });
    }
    // Of too many the worst are told.
    results.sort_by_key(|found| std::cmp::Reverse(found.severity));
    let left_out = results.len().saturating_sub(MOST_RESULTS);
    results.truncate(MOST_RESULTS);
    let rules = rules();
    let ids: Vec<&str> = rules.iter().filter_map(|rule| rule["id"].as_str()).collect();
    let mut seen = HashMap::new();
    let results: Vec<Value> = results.iter().map(|found| found.result(&ids, &mut seen)).collect();
    sarif::log(&json!({
        "tool": sarif::tool(&rules),
        // Another analysis than that of policies: neither takes the place of the other.
        "automationDetails": { "id": "interlock-scan/" },
        "invocations": [invocation(scanned, left_out)],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }))
}

/// Whether all was judged, and what was not.
fn invocation(scanned: &[Scanned], left_out: usize) -> Value {
    let not_judged = scanned.iter().filter_map(|one| Some((one, one.offer.as_ref().err()?)));
    let mut told: Vec<Value> = not_judged
        .map(|(one, why)| {
            let text = message(&format!("`{}` was not judged: {why}", one.name));
            json!({ "level": "error", "message": { "text": text } })
        })
        .collect();
    let is_whole = told.is_empty();
    if left_out > 0 {
        let text = format!("{left_out} results of lesser severity are left out; scan fewer servers at once");
        told.push(json!({ "level": "warning", "message": { "text": text } }));
    }
    json!({ "executionSuccessful": is_whole, "toolExecutionNotifications": told })
}

/// What a tool can do, where that is more than reading what anybody may read.
fn judged(one: &Scanned, judgement: &Judgement, place: &Place) -> Option<Found> {
    if judgement.category == Category::Read && judgement.severity == Severity::Low {
        return None;
    }
    let what = format!(
        "`{}` of `{}` is {}, {} (sure: {}): {}",
        place.tool,
        one.name,
        judgement.category,
        judgement.severity,
        judgement.confidence,
        why(judgement)
    );
    Some(Found {
        rule: rule_of(judgement.category),
        severity: judgement.severity,
        message: what,
        place: place.clone(),
        part: String::new(),
    })
}

/// A result.
struct Found {
    rule: String,
    severity: Severity,
    message: String,
    place: Place,
    /// What tells it from others of the same rule at the same place.
    part: String,
}

/// Where somebody would look for it.
#[derive(Clone)]
struct Place {
    uri: String,
    line: usize,
    server: String,
    tool: String,
}

impl Place {
    /// The list that has the tool, the configuration that names the server, the policy that is written for it, or where its
    /// list would be kept.
    fn of(one: &Scanned, output: Option<&Path>, tool: Option<(usize, &str)>) -> Self {
        let origin = &one.origin;
        let in_list = tool.and_then(|(index, _)| origin.tools.get(index)).copied();
        let kept = || PathBuf::from("mcp").join(format!("{}.json", crate::new_policy::stem(&one.name)));
        let file = origin.file.clone().or_else(|| output.map(Path::to_owned)).unwrap_or_else(kept);
        Self {
            uri: sarif::uri(&in_repository(&file).display().to_string()),
            line: in_list.or(origin.line).unwrap_or(1),
            server: one.name.clone(),
            tool: tool.map(|(_, tool)| tool.to_owned()).unwrap_or_default(),
        }
    }
}

/// A path below the present folder is one in the repository, and has to be told as that.
fn in_repository(file: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    file.strip_prefix(&here).unwrap_or(file).to_owned()
}

impl Found {
    fn result(&self, rules: &[&str], seen: &mut HashMap<String, usize>) -> Value {
        let name = format!("{}/{}", self.place.server, self.place.tool);
        let whole =
            [&self.rule, &self.place.server, &self.place.tool, &self.part].map(String::as_str).join("\u{0}");
        let digest: String = hex(&Sha256::digest(whole));
        let number = seen.entry(digest.clone()).or_default();
        *number += 1;
        json!({
            "ruleId": self.rule,
            "ruleIndex": rules.iter().position(|rule| *rule == self.rule),
            "level": level(self.severity),
            "message": { "text": message(&self.message) },
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": { "uri": self.place.uri },
                    "region": { "startLine": self.place.line },
                },
                "logicalLocations": [{ "fullyQualifiedName": name, "kind": "member" }],
            }],
            // The name is the one that code scanning looks for; left to itself it would take the line, which tools share.
            "partialFingerprints": { "primaryLocationLineHash": format!("{digest}:{number}") },
            "properties": { "severity": self.severity, "security-severity": score(self.severity) },
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    const SHOWN: usize = 16;
    bytes.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect()
}

/// Text of a message: brackets would make a link of it, and braces a place for an argument.
fn message(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '[' | ']' | '\\' => out.extend(['\\', c]),
            '{' | '}' => out.extend([c, c]),
            c => out.push(c),
        }
    }
    out
}

fn rules() -> Vec<Value> {
    let mut rules = BTreeMap::from([
        (rule_of(Category::Read), (Severity::Medium, "A tool reads what not everybody may read", READ)),
        (
            rule_of(Category::Write),
            (Severity::Medium, "A tool changes what another call can put right", WRITE),
        ),
        (rule_of(Category::Execute), (Severity::High, "A tool starts work elsewhere", EXECUTE)),
        (
            rule_of(Category::Destructive),
            (Severity::Critical, "A tool deletes, or cannot be undone", DESTRUCTIVE),
        ),
        (rule_of(Category::Financial), (Severity::Critical, "A tool moves or commits money", FINANCIAL)),
        (CHANGED.to_owned(), (Severity::Critical, "A tool is not defined as it was accepted", OTHERWISE)),
        (ALIKE.to_owned(), (Severity::Medium, "Names of tools are taken for one another", NAMES)),
    ]);
    let text = (Severity::High, "A definition's text may steer a model", STEERS);
    rules.extend(FindingKind::ALL.iter().map(|kind| (format!("text/{kind}"), text)));
    rules
        .into_iter()
        .map(|(id, (severity, short, help))| {
            json!({
                "id": id,
                "name": id,
                "shortDescription": { "text": short },
                "fullDescription": { "text": short },
                "help": { "text": help, "markdown": help },
                "defaultConfiguration": { "level": level(severity) },
                "properties": { "tags": ["security", "mcp"], "security-severity": score(severity) },
            })
        })
        .collect()
}

const READ: &str = "The tool changes nothing, and what it returns is worth protecting: credentials, data of patients or of persons. \
                    Allow it to agents that need it, with a policy that limits how often: `interlock scan -o policy.yaml` writes one.";
const WRITE: &str = "A call of the tool creates or changes something; another call can put it right. Allow it with a limit, and hold the \
                     arguments that matter against lists: `interlock scan -o policy.yaml` writes such a policy.";
const EXECUTE: &str = "A call of the tool starts jobs, code, messages or workflows. Allow it with a limit, and hold places that data \
                       leave for against a list; have a person decide about free code. `interlock scan -o policy.yaml` writes such a policy.";
const DESTRUCTIVE: &str = "A call of the tool deletes something, or cannot be undone. Have a person decide about each call, or deny it: \
                           `interlock scan -o policy.yaml` writes such a policy.";
const FINANCIAL: &str = "A call of the tool moves or commits money. Have a person decide about each call, within a budget: \
                         `interlock scan -o policy.yaml` writes such a policy.";
const OTHERWISE: &str = "The server defines the tool otherwise than it was accepted. `interlock pins diff` shows what is different where a \
                         gateway has seen it, and `interlock pins accept` accepts it after somebody has read it.";
const NAMES: &str = "A model may call the one for the other. Connect an agent to one of the servers only, or hide one of the tools by \
                     its policy.";
const STEERS: &str = "The text is made for the model and not for people. Read the definition. Do not use the server, or hide the tool by \
                      its policy, unless you know why the text is there.";

fn rule_of(category: Category) -> String {
    format!("category/{}", category.to_string().to_lowercase())
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Low | Severity::Medium => "note",
        Severity::High => "warning",
        Severity::Critical => "error",
    }
}

/// A number in the range that code scanning calls by the same word.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "2.0",
        Severity::Medium => "5.0",
        Severity::High => "7.5",
        Severity::Critical => "9.5",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_neither_a_link_nor_has_arguments() {
        assert_eq!(
            message(r"see [this](https://x.example) {0} a\b"),
            r"see \[this\](https://x.example) {{0}} a\\b"
        );
    }

    #[test]
    fn rules_are_within_what_code_scanning_takes() {
        for rule in rules() {
            let text = |path: &str| rule.pointer(path).and_then(Value::as_str).unwrap_or_default();
            assert!(!text("/id").is_empty() && text("/id").len() <= 255, "{rule}");
            for path in ["/shortDescription/text", "/fullDescription/text", "/help/text", "/help/markdown"] {
                assert!((1..=1024).contains(&text(path).chars().count()), "{path} {rule}");
            }
            let score: f64 = text("/properties/security-severity").parse().unwrap();
            assert!((0.0..=10.0).contains(&score));
        }
    }
}
