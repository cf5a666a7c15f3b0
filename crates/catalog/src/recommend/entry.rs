//! What a recommended policy says of one tool.

use interlock_policy::Schema;
use serde_json::Value;

use super::lists::List;
use crate::classify::{Confidence, Judgement, Place, RiskKind, of_parameters, words};
use crate::definition::Definition;
use crate::risk::Category;

/// One tool's entry.
#[derive(Debug)]
pub(super) struct Entry<'d> {
    pub(super) definition: &'d Definition,
    pub(super) judgement: &'d Judgement,
    pub(super) verdict: Verdict,
    /// So many calls in a window, such as `10/minute`.
    pub(super) rate: Option<&'static str>,
    pub(super) guards: Vec<Guard>,
    pub(super) validation: Validation,
    /// The argument that is money.
    pub(super) spends: Option<String>,
}

/// Most guards of one tool.
const MOST_GUARDS: usize = 16;

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

/// A condition on one argument.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Guard {
    pub(super) parameter: String,
    pub(super) is_list: bool,
    pub(super) kind: GuardKind,
}

/// What the condition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GuardKind {
    /// A person is asked about what is not on the list.
    Listed(List),
    /// A person is asked about SQL that does not only read, in this dialect.
    OnlyReads(&'static str),
    /// What lies in the network of the server is denied.
    NotInside,
    /// Files that hold keys are denied.
    NoKeys,
}

/// Decides what is recommended for one tool.
pub(super) fn of<'d>(definition: &'d Definition, judgement: &'d Judgement) -> Entry<'d> {
    let guards = guards(definition, judgement);
    let verdict = verdict(definition, judgement, &guards);
    let costs = judgement.risks.iter().any(|risk| risk.kind == RiskKind::Cost);
    let rate = match judgement.category {
        Category::Read if costs => Some("60/minute"),
        Category::Read => None,
        Category::Write => Some("30/hour"),
        Category::Execute => Some("10/minute"),
        Category::Destructive | Category::Financial => (verdict == Verdict::Ask).then_some("10/hour"),
    };
    let spends = (judgement.category == Category::Financial).then(|| amount(definition)).flatten();
    Entry {
        definition,
        judgement,
        verdict,
        rate,
        guards,
        validation: validation(definition, judgement),
        spends,
    }
}

fn verdict(definition: &Definition, judgement: &Judgement, guards: &[Guard]) -> Verdict {
    let shows = |kinds: &[RiskKind]| judgement.risks.iter().any(|risk| kinds.contains(&risk.kind));
    let is_held = |parameter: &str| {
        let of = guards.iter().find(|guard| guard.parameter == parameter);
        of.is_some_and(|guard| match guard.kind {
            GuardKind::OnlyReads(_) => true,
            // What is run beside its own arguments, or elsewhere, is not what the words of the command say.
            GuardKind::Listed(List::Commands) => !guard.is_list && !has_company(definition),
            GuardKind::Listed(_) | GuardKind::NotInside | GuardKind::NoKeys => false,
        })
    };
    let mut code = judgement.evidence.iter().filter(|one| one.place == Place::Code);
    let is_guarded = code.all(|one| is_held(&one.words));
    match judgement.category {
        Category::Destructive if shows(&[RiskKind::Bulk, RiskKind::PatientData, RiskKind::Irreversible]) => {
            Verdict::Deny
        }
        Category::Destructive | Category::Financial => Verdict::Ask,
        // A tool with so many arguments that matter is looked at as a whole.
        Category::Write | Category::Execute if guards.len() >= MOST_GUARDS => Verdict::Ask,
        // Code that nobody has read is read by a person first.
        Category::Execute if shows(&[RiskKind::FreeCode]) && !is_guarded => Verdict::Ask,
        _ => Verdict::Allow,
    }
}

fn validation(definition: &Definition, judgement: &Judgement) -> Validation {
    let schema = &definition.input_schema;
    let declares =
        schema.get("properties").and_then(Value::as_object).is_some_and(|properties| !properties.is_empty());
    let has_required = definition.required().next().is_some();
    let compiles = || Schema::new(&schema.to_string()).is_ok();
    let is_open = schema.get("additionalProperties").is_some_and(|open| open != &Value::Bool(false))
        || schema.get("patternProperties").is_some();
    match judgement.category {
        Category::Read => Validation::None,
        Category::Write | Category::Execute | Category::Destructive | Category::Financial
            if !declares || !compiles() =>
        {
            Validation::None
        }
        Category::Write if has_required => Validation::Required,
        Category::Write => Validation::None,
        _ if is_open => Validation::Schema,
        _ => Validation::Closed,
    }
}

fn guards(definition: &Definition, judgement: &Judgement) -> Vec<Guard> {
    let mut guards: Vec<Guard> = Vec::new();
    let mut add = |parameter: &str, kind: GuardKind| {
        let is_new = guards.len() < MOST_GUARDS && !guards.iter().any(|guard| guard.parameter == parameter);
        if let Some(is_list) = texts(definition, parameter).filter(|_| is_new) {
            guards.push(Guard { parameter: parameter.to_owned(), is_list, kind });
        }
    };
    for one in judgement.evidence.iter().filter(|one| one.place == Place::Code) {
        match code(&one.words, definition) {
            Some(kind) => add(&one.words, kind),
            None => continue,
        }
    }
    for (kind, parameter) in of_parameters(definition, judgement.category) {
        if let Some(kind) = guard(kind, parameter, definition, judgement.category) {
            add(parameter, kind);
        }
    }
    for (parameter, _) in definition.parameters().filter(|_| judgement.category > Category::Read) {
        let words = words::of_name(parameter);
        if words.iter().any(|word| word == "role")
            && words.last().is_some_and(|last| last == "arn" || last == "role")
            && words.len() > 1
        {
            add(parameter, GuardKind::Listed(List::Roles));
        }
    }
    guards
}

/// Whether a parameter takes text, and then whether it takes a list of it.
fn texts(definition: &Definition, parameter: &str) -> Option<bool> {
    let schema = definition.parameters().find(|(name, _)| *name == parameter)?.1;
    let of = |schema: &Value, kind: &str| match schema.get("type") {
        Some(Value::String(is)) => is == kind,
        Some(Value::Array(any)) => any.iter().any(|one| one == kind),
        _ => false,
    };
    let branches = || ["anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    if of(schema, "string")
        || branches().any(|branch| of(branch, "string"))
        || schema.get("type").is_none() && branches().next().is_none()
    {
        return Some(false);
    }
    let is_list = of(schema, "array") && schema.get("items").is_none_or(|items| of(items, "string"));
    is_list.then_some(true)
}

fn code(parameter: &str, definition: &Definition) -> Option<GuardKind> {
    let words = words::of_name(parameter);
    let any = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    if any(&["sql", "query", "statement", "statements"]) {
        return Some(GuardKind::OnlyReads(dialect(definition)));
    }
    any(&["command", "cmd", "commands"]).then_some(GuardKind::Listed(List::Commands))
}

/// The dialect of SQL that the definition speaks of; where it names none, or several, what all of them take.
fn dialect(definition: &Definition) -> &'static str {
    let text = format!(
        "{} {} {}",
        definition.server,
        definition.tool,
        definition.description.as_deref().unwrap_or_default()
    );
    let text = text.to_lowercase();
    let known = [("postgres", "postgres"), ("mysql", "mysql"), ("mariadb", "mysql"), ("sqlite", "sqlite")];
    let mut spoken = known.iter().filter(|(word, _)| text.contains(word)).map(|(_, dialect)| *dialect);
    match (spoken.next(), spoken.next()) {
        (Some(one), None) => one,
        _ => "generic",
    }
}

fn guard(kind: RiskKind, parameter: &str, definition: &Definition, category: Category) -> Option<GuardKind> {
    let words = words::of_name(parameter);
    let any = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let is_page = words
        .last()
        .is_some_and(|last| ["url", "urls", "website", "link", "webhook", "href"].contains(&last.as_str()));
    match (kind, category) {
        (RiskKind::Egress, _) if any(&["recipient", "recipients", "email", "to"]) => {
            Some(GuardKind::Listed(List::MailDomains))
        }
        (RiskKind::Egress, _) if is_page => Some(GuardKind::Listed(List::Hosts)),
        (RiskKind::Egress, _) if any(&["uri", "s3", "bucket"]) => Some(GuardKind::Listed(List::Places)),
        (RiskKind::Egress, _) if any(&["destination"]) && moves_files(definition) => {
            Some(GuardKind::Listed(List::Folders))
        }
        (RiskKind::Egress, _) if any(&["destination"]) => Some(GuardKind::Listed(List::Places)),
        (RiskKind::FilePath, Category::Read) => Some(GuardKind::NoKeys),
        (RiskKind::FilePath, _) => Some(GuardKind::Listed(List::Folders)),
        (RiskKind::Address, _) => Some(GuardKind::NotInside),
        _ => None,
    }
}

/// Whether a command has arguments, an environment or a folder of its own beside it.
fn has_company(definition: &Definition) -> bool {
    const COMPANY: [&str; 14] = [
        "args",
        "arguments",
        "argv",
        "env",
        "environment",
        "cwd",
        "workdir",
        "dir",
        "directory",
        "shell",
        "stdin",
        "input",
        "options",
        "flags",
    ];
    let is_company = |name: &str| words::of_name(name).iter().any(|word| COMPANY.contains(&word.as_str()));
    definition.parameters().any(|(name, _)| is_company(name))
}

/// Whether a destination is one in a file system.
fn moves_files(definition: &Definition) -> bool {
    let is_file = |word: &String| ["file", "files", "folder", "directory", "path"].contains(&word.as_str());
    words::of_name(&definition.tool).iter().any(is_file)
        || definition.parameters().any(|(name, _)| words::of_name(name).iter().any(is_file))
}

/// The argument that says how much is spent: a number.
fn amount(definition: &Definition) -> Option<String> {
    let is_number =
        |schema: &Value| schema.get("type").is_some_and(|kind| kind == "number" || kind == "integer");
    let known = ["amount", "total", "price", "cost", "total_amount"];
    let mut parameters = definition.parameters();
    let found = parameters.find(|(name, schema)| {
        known.contains(&words::of_name(name).join("_").as_str()) && is_number(schema)
    })?;
    Some(found.0.to_owned())
}

impl Entry<'_> {
    /// Whether nothing tells what the tool does.
    pub(super) fn is_guess(&self) -> bool {
        self.judgement.confidence == Confidence::Low
    }

    /// A name with `*` would be a pattern in a policy.
    pub(super) fn can_be_named(&self) -> bool {
        !self.definition.tool.contains('*') && !self.definition.tool.is_empty()
    }
}
