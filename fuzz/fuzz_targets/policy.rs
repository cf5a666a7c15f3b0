//! Document → policy → decisions. The first byte chooses the notation. Run in this folder:
//! `cargo +nightly fuzz run policy corpus/policy seeds/policy -- -dict=policy.dict -max_total_time=60`.
#![no_main]

use interlock_json::{Decimal, Limits, scan};
use interlock_policy::{
    Call, CounterKey, CounterValues, Diagnostic, Facts, Judgement, Origin, Policy, Section, Severity, Source,
    Syntax, ToolDefinition, ToolFacts, Verdict, compile, explain, judge, requires_definition, visible,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let syntax = if *first == b'j' { Syntax::Json } else { Syntax::Yaml };
    let (policy, diagnostics) = compile(&Source { name: "fuzz", text, syntax });
    check_diagnostics(text, policy.is_some(), &diagnostics);
    let Some(policy) = policy else { return };
    for (printed, syntax) in
        [(policy.document().to_yaml(), Syntax::Yaml), (policy.document().to_json(), Syntax::Json)]
    {
        let (again, found) = compile(&Source { name: "printed", text: &printed, syntax });
        let again =
            again.unwrap_or_else(|| panic!("a printed policy does not read back: {found:?}\n{printed}"));
        assert_eq!(again.document(), policy.document(), "{printed}");
        assert_eq!(again.digest(), policy.digest());
        check_calls(&policy, &again);
    }
});

/// There is a policy exactly where there is no error, and every finding points into the text.
fn check_diagnostics(text: &str, compiled: bool, diagnostics: &[Diagnostic]) {
    assert_eq!(compiled, diagnostics.iter().all(|found| found.severity != Severity::Error));
    for found in diagnostics {
        assert!(text.get(found.span.offset..found.span.offset + found.span.len).is_some(), "{found:?}");
        assert!(!found.message.is_empty() && !found.message.contains('\n'), "{found:?}");
    }
}

const ARGUMENTS: [&str; 5] = [
    "{}",
    r#"{"a": 1, "b": "x", "amount": 50000, "items": [{"x": 1}, {"x": null}]}"#,
    r#"{"a": "1", "b": [1, "x"], "amount": "5", "items": {"x": 1}}"#,
    r#"{"a": 9007199254740993, "b": null, "amount": 1e400, "path": "/a/../b"}"#,
    r#"{"a": -0, "b": true, "amount": -1, "items": []}"#,
];

const TOOL: &str = r#"{"inputSchema": {"required": ["a"], "properties": {"a": {"type": "integer"}, "items": {"items": {"properties": {"x": {"minimum": 1}}}}}}, "annotations": {"readOnlyHint": true, "destructiveHint": null, "title": ["x"]}}"#;

struct Fixed(Decimal);

impl CounterValues for Fixed {
    fn value(&self, _: &CounterKey) -> Option<Decimal> {
        Some(self.0)
    }
}

/// Two compiled forms of one document decide alike, and the second look at counters is the last.
fn check_calls(one: &Policy, other: &Policy) {
    let labels = [("team".to_owned(), "ops".to_owned())];
    let tool = scan(TOOL, &Limits::default()).expect("the tool is JSON");
    let definition = ToolDefinition::read(tool.root()).expect("the tool is well-formed");
    for section in Section::ALL {
        let named = one.document().section(section).iter().map(|(matcher, _)| matcher.as_str()).take(3);
        for name in named.chain(["t", "get_x"]) {
            for (index, arguments) in ARGUMENTS.into_iter().enumerate() {
                let document = scan(arguments, &Limits::default()).expect("the arguments are JSON");
                let call = Call { section, server: "s", name, arguments: Some(document.root()) };
                let tool = match index % 3 {
                    0 => ToolFacts::Known { definition: &definition },
                    1 => ToolFacts::Absent,
                    _ => ToolFacts::Unknown,
                };
                let now_ms = [0, 1_772_409_600_000, i64::MAX][index % 3];
                let client = (index % 2 == 0).then_some("client");
                let facts = Facts { labels: &labels, client, tool, ..Facts::new("g", "n", now_ms) };
                check_call(one, other, &call, &facts);
            }
        }
    }
}

fn check_call(one: &Policy, other: &Policy, call: &Call<'_>, facts: &Facts<'_>) {
    let (stack, again) = ([(Origin::Server, one)], [(Origin::Server, other)]);
    assert_eq!(judge(&stack, call, facts), judge(&again, call, facts));
    assert_eq!(visible(&stack, call.section, call.name), visible(&again, call.section, call.name));
    let read = Fixed(Decimal::ONE);
    let informed = Facts { counters: Some(&read), ..*facts };
    let Judgement::Decided(decision) = judge(&stack, call, &informed) else {
        panic!("asked for counters that were supplied")
    };
    assert!(decision.verdict != Verdict::Deny || decision.needs.is_empty());
    assert!(decision.needs.iter().all(|need| !need.amount.is_negative()));
    if !requires_definition(&stack, call) {
        let unknown = Facts { tool: ToolFacts::Unknown, ..informed };
        assert_eq!(judge(&stack, call, &unknown), Judgement::Decided(decision.clone()));
    }
    assert_eq!(explain(&stack, call, &informed).judgement, Judgement::Decided(decision));
}
