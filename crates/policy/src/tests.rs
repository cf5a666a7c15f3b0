//! Documents in, decisions and diagnostics out.

mod advice;
mod counting;
mod diagnostics;
mod dialects;
mod diff;
mod documents;
mod evasions;
mod expressions;
mod facts;
mod language_schema;
mod layout;
mod meaning;
mod nested;
mod odd;
mod operators;
pub(crate) mod properties;
mod readings;
mod ready;
mod reference;
mod tool_lists;
mod typos;
mod validation;
mod what_if;

use interlock_json::{Decimal, Limits};

use crate::{
    Bound, Call, CounterKey, CounterValues, Decision, Diagnostic, Facts, Judgement, Origin, Payment, Policy,
    Price, Refund, Section, Severity, Source, Syntax, ToolDefinition, ToolFacts, Verdict, compile, judge,
};

/// Compiles a document; what begins with a brace is JSON.
pub(crate) fn compiled(text: &str) -> (Option<Policy>, Vec<Diagnostic>) {
    let json = text.trim_start().starts_with('{');
    let syntax = if json { Syntax::Json } else { Syntax::Yaml };
    compile(&Source { name: "policy", text, syntax })
}

/// Compiles a document that has no errors.
pub(crate) fn policy(text: &str) -> Policy {
    let (policy, diagnostics) = compiled(text);
    let errors: Vec<_> = diagnostics.iter().filter(|found| found.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{text}\n{errors:#?}");
    policy.unwrap()
}

/// What a test knows besides the policy.
#[derive(Clone)]
pub(crate) struct Given {
    pub(crate) section: Section,
    pub(crate) required: Option<Vec<String>>,
    pub(crate) absent: bool,
    /// `inputSchema`
    pub(crate) schema: Option<&'static str>,
    /// Values of counters by the end of their key; others are zero.
    pub(crate) counters: Option<Vec<(&'static str, &'static str)>>,
    /// What a payment in the call answers: nothing that is known, or this.
    pub(crate) paid: Option<Result<Price, &'static str>>,
}

impl Given {
    fn payment(&self) -> Payment<'_> {
        match &self.paid {
            None => Payment::None,
            Some(Ok(price)) => Payment::Due(price),
            Some(Err(why)) => Payment::Unknown(why),
        }
    }
}

impl Default for Given {
    fn default() -> Self {
        let section = Section::Tools;
        Given { section, required: None, absent: false, schema: None, counters: None, paid: None }
    }
}

/// A tool with this `inputSchema`.
pub(crate) fn defined(schema: &str) -> ToolDefinition {
    definition(&format!("{{\"inputSchema\": {schema}}}"))
}

/// A tool of which its server says this.
pub(crate) fn annotated(annotations: &str) -> ToolDefinition {
    definition(&format!("{{\"annotations\": {annotations}}}"))
}

fn definition(tool: &str) -> ToolDefinition {
    ToolDefinition::read(interlock_json::scan(tool, &Limits::default()).unwrap().root()).unwrap()
}

struct Values<'v>(&'v [(&'static str, &'static str)]);

impl CounterValues for Values<'_> {
    fn value(&self, counter: &CounterKey) -> Option<Decimal> {
        let key = counter.to_string();
        let found = self.0.iter().find(|(part, _)| key.contains(part)).map(|(_, value)| *value);
        match found {
            None => Some(Decimal::ZERO),
            Some("unreadable") => None,
            Some(value) => Some(value.parse().unwrap()),
        }
    }
}

/// A call of a tool of server `s`.
pub(crate) fn call<'a>(name: &'a str, arguments: Option<interlock_json::Value<'a>>) -> Call<'a> {
    Call { section: Section::Tools, server: "s", name, arguments }
}

/// What is known where a test says nothing else: grant `g`, session `n`, every counter zero.
pub(crate) fn facts() -> Facts<'static> {
    Facts { tool: ToolFacts::Absent, counters: Some(&Values(&[])), ..Facts::new("g", "n", 0) }
}

/// Judges one call of server `s` by grant `g` in session `n`. Arguments are JSON; an empty text is none.
pub(crate) fn judged(stack: &[(Origin, &Policy)], name: &str, arguments: &str, given: &Given) -> Judgement {
    let document =
        (!arguments.is_empty()).then(|| interlock_json::scan(arguments, &Limits::default()).unwrap());
    let arguments = document.as_ref().map(|document| document.root());
    let call = Call { section: given.section, ..call(name, arguments) };
    let values = given.counters.as_deref().map(Values);
    let definition = match (&given.schema, &given.required) {
        (Some(schema), _) => Some(defined(schema)),
        (None, Some(required)) => Some(defined(&format!("{{\"required\": {required:?}}}"))),
        (None, None) => None,
    };
    let tool = match &definition {
        _ if given.absent => ToolFacts::Absent,
        None => ToolFacts::Unknown,
        Some(definition) => ToolFacts::Known { definition },
    };
    let counters = values.as_ref().map(|values| values as &dyn CounterValues);
    let judgement = judge(stack, &call, &Facts { tool, counters, payment: given.payment(), ..facts() });
    if let Judgement::Decided(decision) = &judgement {
        assert!(
            decision.verdict != Verdict::Deny || decision.needs.is_empty(),
            "a denied call consumes nothing"
        );
    }
    judgement
}

/// One line for the decision, one for each need (`+`), reading (`=`) and shadow finding (`~`).
pub(crate) fn shown(judgement: &Judgement) -> String {
    match judgement {
        Judgement::Read(keys) => {
            let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
            format!("read {}", keys.join(" "))
        }
        Judgement::Decided(decision) => shown_decision(decision),
    }
}

fn shown_decision(decision: &Decision) -> String {
    let name = decision.name.as_ref().map(|name| format!(" [{name}]")).unwrap_or_default();
    let mut out = format!("{} {}{name}: {}", verdict(decision.verdict), decision.rule, decision.reason);
    for need in &decision.needs {
        let bound = match need.bound {
            Bound::None => String::new(),
            Bound::AtMost(most) => format!(" <= {most}"),
            Bound::Below(below) => format!(" < {below}"),
        };
        let refund = match need.refund {
            Refund::Keep => "",
            Refund::OnProtocolError => " refunded unless it has run",
            Refund::OnError => " refunded",
        };
        out.push_str(&format!("\n+ {} {}{bound}{refund}", need.amount, need.key));
    }
    for (key, value) in &decision.read {
        out.push_str(&format!("\n= {value} {key}"));
    }
    for finding in &decision.shadow {
        out.push_str(&format!("\n~ {} {}: {}", verdict(finding.verdict), finding.rule, finding.reason));
    }
    out
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Deny => "deny",
        Verdict::Ask => "ask",
        Verdict::Proceed => "proceed",
    }
}

/// Judges by one policy and compares what is shown.
pub(crate) fn check(text: &str, name: &str, arguments: &str, given: &Given, expected: &str) {
    let policy = policy(text);
    let judgement = judged(&[(Origin::Server, &policy)], name, arguments, given);
    assert_eq!(shown(&judgement), expected, "{name} {arguments}\nby {text}");
}
