use super::*;
use crate::classify::{Confidence, Judgement, Risk, RiskKind};
use crate::risk::Category;

const PATTERN: &str = r#"
id: wipe
name: Wiping
category: agent-behaviour
happens: Everything is wiped.
case: { what: It was., title: How it was, date: 2025-07, url: "https://example.com/it" }
access: { categories: [Destructive], risks: [bulk, file_path] }
control:
  what: A rule.
  policies: { disk: "version: \"1\"\ndefault: deny\ntools: { measure: {} }\n" }
  leaves: What the rule permits.
references: { owasp_mcp: [MCP02] }
scenario:
  servers:
    disk: { tools: [{ name: wipe, description: Wipes., inputSchema: { type: object } }] }
  steps: [{ call: { server: disk, tool: wipe } }]
  twin: [{ call: { server: disk, tool: measure } }]
  harm: [{ what: wiped, server: disk, tool: wipe }]
"#;

#[test]
fn a_file_is_read_strictly() {
    let pattern = Pattern::read("wipe", PATTERN).unwrap();
    assert_eq!(pattern.scenario.steps.len(), 1);
    for (from, to, expected) in [
        ("name: Wiping", "nom: Wiping", "nom"),
        ("happens: Everything is wiped.", "", "happens"),
        ("id: wipe", "id: Wipe", "lower case"),
        ("id: wipe", "id: swipe", "the name of the file"),
        ("2025-07", "July", "case.date"),
        ("https://example", "http://example", "case.url"),
        ("MCP02", "MCP99", "MCP99"),
        ("owasp_mcp: [MCP02]", "", "names nothing"),
        ("[Destructive]", "[Terrible]", "Terrible"),
        ("bulk, ", "bulky, ", "bulky"),
        ("policies: { disk:", "policies: { disc:", "no policy for the server `disk`"),
        ("steps: [{ call: { server: disk", "steps: [{ call: { server: dusk", "scenario.steps[0]"),
        ("twin: [{ call: { server: disk, tool: measure } }]", "twin: []", "scenario.twin"),
        ("twin: [{ call: { server: disk, tool: measure } }]", "twin: [{ list: disk }]", "calls nothing"),
        (
            "steps: [{ call: { server: disk, tool: wipe",
            "steps: [{ call: { server: disk, tool: wipe, repeat: 0",
            "no time",
        ),
        ("tool: measure }", "tool: measure, arguments: { a: b, c } }", "without a value"),
        ("what: wiped, server: disk, tool: wipe", "what: wiped, server: disk", "what arrives"),
        (
            "tools: { measure: {} }",
            "tools: { wipe: { rules: [{}, {}] } }",
            "which of `disk:/tools/wipe/rules/0`, `disk:/",
        ),
        ("tools: { measure: {} }", "tools: { wipe: {} }", "such as `gateway`"),
        ("tool: wipe }]", "tool: wipe, stopped_by: [policy] }]", "`policy` is none of"),
        ("tool: wipe }]", "tool: wipe, stopped_by: [\"disk:/hide\"] }]", "`disk:/hide` is no place"),
        ("tool: wipe }]", "tool: wipe, stopped_by: [\"disk:/default\", gateway] }]", "by itself"),
        ("scenario:\n", "scenario:\n  transport: http\n", "scenario.grants"),
        ("scenario:\n", "scenario:\n  transport: pigeon\n", "pigeon"),
    ] {
        assert!(PATTERN.contains(from), "{from}");
        let error = Pattern::read("wipe", &PATTERN.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn what_stops_a_harm_need_not_be_said_where_only_one_thing_can() {
    let said = |yaml: &str| {
        let pattern = Pattern::read("wipe", yaml).unwrap();
        pattern.scenario.harm[0].stopped_by.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(said(PATTERN), ["disk:/default"]);
    let one = PATTERN.replace("tools: { measure: {} }", "tools: { wipe: { rules: [{ action: deny }] } }");
    assert_eq!(said(&one), ["disk:/tools/wipe/rules/0"]);
    assert_eq!(said(&PATTERN.replace("tool: wipe }]", "tool: wipe, stopped_by: [gateway] }]")), ["gateway"]);
}

#[test]
fn mistakes_of_shape_have_their_line() {
    let error = Pattern::read("wipe", &PATTERN.replace("name: Wiping", "nom: Wiping")).unwrap_err();
    assert!(error.to_string().contains("line 3"), "{error}");
}

#[test]
fn a_tool_allows_what_it_gives_all_access_for() {
    let patterns = [Pattern::read("wipe", PATTERN).unwrap()];
    let judged = |category: Category, risks: &[RiskKind]| Judgement {
        category,
        severity: category.severity(),
        confidence: Confidence::High,
        evidence: Vec::new(),
        risks: risks.iter().map(|kind| Risk { kind: *kind, shown_by: String::new() }).collect(),
    };
    for (category, risks, expected) in [
        (Category::Destructive, [RiskKind::Bulk].as_slice(), 1),
        (Category::Destructive, &[RiskKind::Cost, RiskKind::FilePath], 1),
        (Category::Destructive, &[RiskKind::Cost], 0),
        (Category::Read, &[RiskKind::Bulk], 0),
    ] {
        assert_eq!(
            allowed_by(&patterns, &judged(category, risks)).count(),
            expected,
            "{category:?} {risks:?}"
        );
    }
    // Nor does an argument of another kind.
    let access =
        Access { risks: vec![RiskKind::Address], except: vec!["s3".to_owned()], ..Access::default() };
    let address = |parameter: &str| Judgement {
        risks: vec![Risk { kind: RiskKind::Address, shown_by: parameter.to_owned() }],
        ..judged(Category::Read, &[])
    };
    assert!(access.is_given_by(&address("page_url")));
    assert!(!access.is_given_by(&address("input_s3_uri")));
    // What is about the connection is no tool's own.
    assert!(!Access::default().is_given_by(&judged(Category::Financial, &[RiskKind::Bulk])));
}
