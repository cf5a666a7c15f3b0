//! What a recommended policy says of one tool.

use interlock_policy::Schema;
use serde_json::Value;

use super::guards::{self, Guard, GuardKind, MOST_GUARDS};
use super::lists::List;
use super::yaml;
use crate::classify::{Confidence, Judgement, Place, RiskKind, words};
use crate::definition::{Definition, Step};
use crate::lint::{Finding, lint};
use crate::risk::Category;

/// One tool's entry.
#[derive(Debug)]
pub(super) struct Entry<'d> {
    pub(super) definition: &'d Definition,
    pub(super) judgement: &'d Judgement,
    /// Where the definition tries to steer a model.
    pub(super) findings: Vec<Finding>,
    pub(super) verdict: Verdict,
    /// So many calls in a window, such as `10/minute`.
    pub(super) rate: Option<&'static str>,
    pub(super) guards: Vec<Guard<'d>>,
    pub(super) validation: Validation,
    pub(super) spends: Option<Spending>,
}

/// Longest name as YAML has it, in bytes: keys end at 1,024 (YAML 1.2.2, section 8.2.2).
const MOST_NAME: usize = 1_000;

/// How much of the money that a call moves is let through.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spending {
    /// The argument that says how much.
    pub(super) amount: String,
    /// The most of one call, in the unit of the argument.
    pub(super) per_call: u32,
    /// The most of a day.
    pub(super) daily: u32,
}

/// What becomes of a call that no guard objects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Allow,
    Ask,
    Deny,
}

/// How far the tool's own schema is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Validation {
    None,
    Required,
    Schema,
    /// The schema, and nothing that it does not declare.
    Closed,
}

/// Decides what is recommended for one tool.
pub(super) fn of<'d>(definition: &'d Definition, judgement: &'d Judgement) -> Entry<'d> {
    let findings = lint(definition);
    let guards = guards::of(definition, judgement, &findings);
    let verdict = match verdict(definition, judgement, &guards) {
        // Whoever gives models orders in a definition has something in mind.
        Verdict::Allow if steers(&findings, definition) => Verdict::Ask,
        verdict => verdict,
    };
    // What asks for any address can carry in it what was read before.
    let is_counted = judgement.confidence == Confidence::Low
        || judgement.risks.iter().any(|risk| matches!(risk.kind, RiskKind::Cost | RiskKind::Address));
    let rate = match judgement.category {
        Category::Read if is_counted => Some("60/minute"),
        Category::Read => None,
        Category::Write => Some("30/hour"),
        Category::Execute => Some("10/minute"),
        Category::Destructive | Category::Financial => (verdict == Verdict::Ask).then_some("10/hour"),
    };
    let spends = (judgement.category == Category::Financial).then(|| spending(definition)).flatten();
    let validation = validation(definition, judgement, &guards);
    Entry { definition, judgement, findings, verdict, rate, guards, validation, spends }
}

fn verdict(definition: &Definition, judgement: &Judgement, guards: &[Guard<'_>]) -> Verdict {
    let shows = |kinds: &[RiskKind]| judgement.risks.iter().any(|risk| kinds.contains(&risk.kind));
    let is_held = |parameter: &str| {
        let of = guards.iter().find(|guard| guard.steps == [Step::Key(parameter)]);
        of.is_some_and(|guard| match guard.kind {
            GuardKind::OnlyReads(_) => true,
            // What is run beside its own arguments, or elsewhere, is not what the words of the command say.
            GuardKind::Listed(List::Commands) => !guards::has_company(definition),
            _ => false,
        })
    };
    let mut code = judgement.evidence.iter().filter(|one| one.place == Place::Code);
    let is_guarded = code.all(|one| is_held(&one.words));
    match judgement.category {
        // Writing over one file can be what is wanted; what it was is gone, so that a person looks at it.
        Category::Destructive if writes_over(judgement) => Verdict::Ask,
        Category::Destructive if shows(&[RiskKind::Bulk, RiskKind::PatientData, RiskKind::Irreversible]) => {
            Verdict::Deny
        }
        Category::Destructive | Category::Financial => Verdict::Ask,
        // What a secret is for, nobody takes back who has seen it.
        Category::Read if is_about(definition, judgement, RiskKind::Credentials) => Verdict::Ask,
        // A tool with so many arguments that matter is looked at as a whole.
        Category::Write | Category::Execute if main_guards(guards) >= MOST_GUARDS => Verdict::Ask,
        // Nobody's list says how many, or who may do what from now on.
        Category::Write | Category::Execute
            if [RiskKind::Bulk, RiskKind::Credentials]
                .into_iter()
                .any(|kind| is_about(definition, judgement, kind)) =>
        {
            Verdict::Ask
        }
        Category::Write | Category::Execute if gives_rights(judgement, guards) => Verdict::Ask,
        // Code that nobody has read is read by a person first.
        Category::Execute if shows(&[RiskKind::FreeCode]) && !is_guarded => Verdict::Ask,
        _ => Verdict::Allow,
    }
}

fn main_guards(guards: &[Guard<'_>]) -> usize {
    guards.iter().filter(|guard| guard.kind.is_main()).count()
}

/// Whether a definition tries to steer a model elsewhere than in what it says of a parameter that can be left out.
fn steers(findings: &[Finding], definition: &Definition) -> bool {
    let is_optional = |name: &str| !definition.required().any(|required| required == name);
    let can_be_left_out = |finding: &Finding| {
        let mut optional = definition.parameters().map(|(name, _)| name).filter(|name| is_optional(name));
        optional.any(|name| guards::is_of_parameter(finding, name))
    };
    !findings.iter().all(can_be_left_out)
}

/// Whether a risk is what the tool is about, and not what one of its parameters is for.
fn is_about(definition: &Definition, judgement: &Judgement, kind: RiskKind) -> bool {
    let is_parameter = |name: &str| {
        definition.parameters().any(|(parameter, _)| {
            parameter == name || words::of_name(parameter).iter().any(|word| word == name)
        })
    };
    let in_name = |name: &str| words::of_name(&definition.tool).iter().any(|word| word == name);
    let of = judgement.risks.iter().find(|risk| risk.kind == kind);
    of.is_some_and(|risk| in_name(&risk.shown_by) || !is_parameter(&risk.shown_by))
}

/// Whether rights are given that no list of roles holds.
fn gives_rights(judgement: &Judgement, guards: &[Guard<'_>]) -> bool {
    let shows = judgement.risks.iter().any(|risk| risk.kind == RiskKind::Privilege);
    shows && !guards.iter().any(|guard| guard.kind == GuardKind::Listed(List::Roles))
}

/// Whether all that is destroyed is what stood there before: no name and no action says that it deletes.
fn writes_over(judgement: &Judgement) -> bool {
    let mut destroys =
        judgement.evidence.iter().filter(|one| one.category == Category::Destructive).peekable();
    let is_file = judgement.risks.iter().any(|risk| risk.kind == RiskKind::FilePath);
    is_file
        && destroys.peek().is_some()
        && destroys.all(|one| matches!(one.place, Place::Statement | Place::Flag | Place::Annotation))
}

fn validation(definition: &Definition, judgement: &Judgement, guards: &[Guard<'_>]) -> Validation {
    let schema = &definition.input_schema;
    let declares =
        schema.get("properties").and_then(Value::as_object).is_some_and(|properties| !properties.is_empty());
    let takes_nothing =
        schema.get("properties").and_then(Value::as_object).is_some_and(serde_json::Map::is_empty);
    let has_required = definition.required().next().is_some();
    let is_unguarded = main_guards(guards) == 0;
    let compiles = || Schema::new(&schema.to_string()).is_ok();
    let is_open = schema.get("additionalProperties").is_some_and(|open| open != &Value::Bool(false))
        || schema.get("patternProperties").is_some();
    match judgement.category {
        // What is passed to a tool that takes nothing is for somebody else.
        _ if takes_nothing && !is_open && compiles() => Validation::Closed,
        Category::Read if is_unguarded => Validation::None,
        _ if !declares || !compiles() => Validation::None,
        // A guard that looks at `path` is no use where `Path` or `filename` is read as well.
        Category::Write if has_required && is_unguarded => Validation::Required,
        Category::Write if is_unguarded => Validation::None,
        _ if is_open => Validation::Schema,
        _ => Validation::Closed,
    }
}

/// The argument that says how much is spent, a number, with bounds in its unit. A price counts for one of several and bounds
/// nothing.
fn spending(definition: &Definition) -> Option<Spending> {
    let is_number = |schema: &Value| {
        let kind = schema.get("type");
        kind.is_some_and(|kind| kind == "number" || kind == "integer")
    };
    let any =
        |name: &str, known: &[&str]| words::of_name(name).iter().any(|word| known.contains(&word.as_str()));
    const SEVERAL: [&str; 8] = ["quantity", "qty", "shares", "units", "count", "size", "volume", "lots"];
    let is_of_each = definition.parameters().any(|(name, _)| any(name, &SEVERAL));
    let (name, schema) = definition.parameters().find(|(name, schema)| {
        let whole = any(name, &["amount", "total"]);
        let each = !is_of_each && any(name, &["price", "cost"]);
        (whole || each) && is_number(schema)
    })?;
    let said = schema.get("description").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let is_minor = any(name, &["cents", "pence", "minor"])
        || ["cents", "smallest currency unit", "minor unit"].iter().any(|unit| said.contains(unit));
    let (per_call, daily) = if is_minor { (10_000, 50_000) } else { (100, 500) };
    Some(Spending { amount: name.to_owned(), per_call, daily })
}

impl Entry<'_> {
    /// Whether nothing tells what the tool does.
    pub(super) fn is_guess(&self) -> bool {
        self.judgement.confidence == Confidence::Low
    }

    /// Whether it is a read of which there is nothing more to say.
    pub(super) fn is_plain_read(&self) -> bool {
        self.judgement.category == Category::Read
            && self.verdict == Verdict::Allow
            && self.rate.is_none()
            && self.findings.is_empty()
            && self.guards.is_empty()
    }

    /// A name with `*` would be a pattern in a policy, and one that is too long no key.
    pub(super) fn can_be_named(&self) -> bool {
        let name = &self.definition.tool;
        !name.contains('*') && !name.is_empty() && yaml::scalar(name).len() <= MOST_NAME
    }
}
