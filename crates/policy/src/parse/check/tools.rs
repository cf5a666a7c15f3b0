//! A policy beside the tools of the server that it is for: what it names and the server does not have.

use std::collections::BTreeSet;

use interlock_json::Kind;

use super::Check;
use super::conditions::{self, Placed};
use crate::cel::Expression;
use crate::diagnostic::{At, did_you_mean, push_pointer_segment, quoted};
use crate::document::{DefaultVerdict, Entry, Matcher, Scalar, Scope, Section, SpendAmount, Test};
use crate::operator::fold;
use crate::path::Path;
use crate::quantity::{Adds, Counted, Money};
use crate::reading::Operand;
use crate::schema::{Form, Named, Schema, SchemaError, Types};
use crate::tool_list::ToolList;
use crate::tree;

/// Questions to schemas that one document may ask: where a document of many conditions is compared with a list of
/// many tools, a warning is not worth more time.
const MOST_QUESTIONS: usize = 200_000;
/// Names that a note shows.
const MOST_NAMED: usize = 10;

/// A tool whose schema can be asked.
struct Tool<'t> {
    name: &'t str,
    schema: &'t Schema,
}

impl Check<'_, '_, '_> {
    pub(super) fn tools(&mut self, tools: &ToolList) {
        let counters = self.counters;
        let mut questions = MOST_QUESTIONS;
        for (matcher, entry, counted) in counters.section(Section::Tools) {
            let mut pointer = format!("/{}", Section::Tools.key());
            push_pointer_segment(&mut pointer, matcher.as_str());
            self.unknown_tool(matcher, &pointer, tools);
            self.compared(matcher, entry, &pointer, counted, tools, &mut questions);
        }
        if let Some((entry, counted)) = counters.all_tools() {
            self.compared(&Matcher::Every, entry, "/all_tools", counted, tools, &mut questions);
        }
        self.hidden_tools(tools);
        self.unmentioned(tools);
    }

    fn unknown_tool(&mut self, matcher: &Matcher, pointer: &str, tools: &ToolList) {
        let name = matcher.as_str();
        let (code, message) = match matcher {
            Matcher::Exact(name) if tools.get(name).is_none() => {
                ("unknown-tool", format!("the server has no tool {}", quoted(name)))
            }
            Matcher::Glob(glob) if !tools.tools().any(|(name, _)| glob.matches(name)) => {
                ("unmatched-pattern", format!("no tool of the server matches {}", quoted(name)))
            }
            _ => return,
        };
        if self.report.is_full() {
            return;
        }
        let range = tree::find_key(self.root, pointer).unwrap_or_default();
        let known = tools.tools().map(|(name, _)| name);
        let help =
            did_you_mean(name, known).or_else(|| Some("the name is compared byte for byte".to_owned()));
        self.report.warning(code, range, &At::from_pointer(pointer), message).maybe_help(help);
    }

    /// `hide` is about resources and prompts too, which a list of tools does not show: only what looks like a
    /// misspelt tool is worth a word.
    fn hidden_tools(&mut self, tools: &ToolList) {
        for (index, matcher) in self.document.hide.iter().enumerate() {
            let Matcher::Exact(name) = matcher else { continue };
            if tools.get(name).is_some() {
                continue;
            }
            let Some(help) = did_you_mean(name, tools.tools().map(|(name, _)| name)) else { continue };
            let pointer = format!("/hide/{index}");
            let Some(range) = self.range(&pointer) else { return };
            let message = format!("the server has no tool {} to hide", quoted(name));
            self.report.warning("unknown-tool", range, &At::from_pointer(&pointer), message).help(help);
        }
    }

    fn unmentioned(&mut self, tools: &ToolList) {
        if !self.known.head {
            return;
        }
        let is_mentioned = |name: &&str| self.lists(name) || self.hides(name);
        let names: Vec<&str> =
            tools.tools().map(|(name, _)| name).filter(|name| !is_mentioned(name)).collect();
        if names.is_empty() {
            return;
        }
        let mut shown: Vec<String> = names.iter().take(MOST_NAMED).map(|name| quoted(name)).collect();
        if names.len() > shown.len() {
            shown.push(format!("{} more", names.len() - shown.len()));
        }
        let verdict = match self.document.default_verdict() {
            DefaultVerdict::Allow => "permitted",
            DefaultVerdict::Deny => "denied",
        };
        let message = format!(
            "{} of the server's {} tools are not listed, and by default {verdict}: {}",
            names.len(),
            tools.len(),
            shown.join(", ")
        );
        let start = self.root.range.start;
        self.report.note("unmentioned-tools", start..start, &At::ROOT, message);
    }

    /// Whether an entry that is not about every tool is about this one.
    fn lists(&self, name: &str) -> bool {
        let lists = |matcher: &Matcher| *matcher != Matcher::Every && matcher.matches(name);
        self.document.tools.iter().any(|(matcher, _)| lists(matcher))
    }

    fn hides(&self, name: &str) -> bool {
        self.document.hide.iter().any(|matcher| matcher.matches(name))
    }

    /// Whether somebody means calls of this tool to be possible at all.
    fn permits(&self, name: &str) -> bool {
        !self.hides(name) && (self.document.default_verdict() == DefaultVerdict::Allow || self.lists(name))
    }

    fn compared(
        &mut self,
        matcher: &Matcher,
        entry: &Entry,
        pointer: &str,
        counted: &[Counted<'_>],
        tools: &ToolList,
        questions: &mut usize,
    ) {
        let mut named = Vec::new();
        for (name, definition) in tools.tools().filter(|(name, _)| matcher.matches(name)) {
            match definition.schema() {
                Ok(schema) => named.push(Tool { name, schema }),
                // Of a tool that is denied anyway, there is nothing to tell.
                Err(error) if validates(entry) && (*matcher != Matcher::Every || self.permits(name)) => {
                    let Some(range) = self.range(pointer) else { return };
                    let message = format!(
                        "the schema of {} cannot be used, so every call of it is denied: {error}",
                        quoted(name)
                    );
                    self.report
                        .warning("unusable-schema", range, &At::from_pointer(pointer), message)
                        .help(unusable(&error));
                }
                // Nothing is known of its arguments.
                Err(_) => return,
            }
        }
        if named.is_empty() {
            return;
        }
        for placed in conditions::of_entry(entry) {
            self.condition(&placed, &named, &|| format!("{pointer}{}", placed.pointer), questions);
        }
        for counted in counted {
            let place = format!("{pointer}{}", counted.place.pointer());
            self.amount(counted, &named, &place, questions);
            for path in read_beside(counted) {
                self.forms(&path, &named, &|| place.clone(), questions);
            }
        }
        for (index, rule) in entry.rules.iter().enumerate() {
            for path in rule.when.iter().flat_map(Expression::paths) {
                self.forms(path, &named, &|| format!("{pointer}/rules/{index}/when"), questions);
            }
        }
    }

    fn condition(
        &mut self,
        placed: &Placed<'_>,
        tools: &[Tool<'_>],
        place: &dyn Fn() -> String,
        questions: &mut usize,
    ) {
        let condition = placed.leaf;
        let Some(forms) = self.forms(&condition.path, tools, place, questions) else { return };
        let Some((tool, form)) = forms.first() else { return };
        let of = format!("the argument {} of {}", quoted(&condition.path.to_string()), quoted(tool));
        let every = |fails: &dyn Fn(&Form) -> bool| forms.iter().all(|(_, form)| fails(form));
        let types = wanted(&condition.test);
        let mistyped =
            |form: &Form| form.types.zip(types).is_some_and(|(types, wanted)| !types.intersects(wanted));
        if every(&mistyped) {
            let words = form.types.map(Types::words).unwrap_or_default();
            let operator = condition.test.operator();
            let message = format!("{of} is {words}, which `{operator}` never compares with this value");
            self.mismatch(
                "argument-type",
                message,
                "a call whose argument cannot be compared is denied".to_owned(),
                &place(),
            );
        } else {
            for text in texts(&condition.test) {
                if every(&|form| {
                    form.texts.as_ref().is_some_and(|known| !is_among(text, known, condition.ignore_case))
                }) {
                    let known = form.texts.iter().flatten().map(String::as_str);
                    let help = did_you_mean(text, known.clone())
                        .unwrap_or_else(|| format!("it is one of {}", listed(known)));
                    self.mismatch("unknown-value", format!("{of} is never {}", quoted(text)), help, &place());
                }
            }
        }
        let overlooks =
            placed.overlooks && condition.on_missing.is_none() && !matches!(condition.test, Test::Exists(_));
        if let Some((tool, _)) = forms.iter().find(|(_, form)| overlooks && !form.required) {
            let message = format!(
                "{} may be called without {}, and then this condition objects to nothing",
                quoted(tool),
                quoted(&condition.path.to_string())
            );
            let help =
                "write `on_missing: object` to object then too, or `on_missing: ignore` if this is meant";
            self.mismatch("optional-argument", message, help.to_owned(), &place());
        }
    }

    /// An amount that is never a number.
    fn amount(&mut self, counted: &Counted<'_>, tools: &[Tool<'_>], place: &str, questions: &mut usize) {
        let path = match counted.adds {
            Adds::Argument(path) | Adds::Money(Money { amount: SpendAmount::Argument(path), .. }) => path,
            Adds::Call | Adds::Once | Adds::Fixed(_) | Adds::Money(_) => return,
        };
        let Some(forms) = self.forms(path, tools, &|| place.to_owned(), questions) else { return };
        let number = Types::of(Kind::Number);
        let wrong = |form: &Form| form.types.is_some_and(|types| !types.intersects(number));
        if let Some((tool, form)) = forms.iter().find(|(_, form)| wrong(form)) {
            let words = form.types.map(Types::words).unwrap_or_default();
            let message = format!(
                "the argument {} of {} is {words}: what is not a number cannot be counted, so every call is denied",
                quoted(&path.to_string()),
                quoted(tool)
            );
            self.mismatch("amount-type", message, "name an argument that is a number".to_owned(), place);
        }
    }

    /// What the tools say of an argument; `None` where nothing is certain, or where it has been said that none of them
    /// has it.
    fn forms<'t>(
        &mut self,
        path: &Path,
        tools: &[Tool<'t>],
        place: &dyn Fn() -> String,
        questions: &mut usize,
    ) -> Option<Vec<(&'t str, Form)>> {
        let Path::Args(steps) = path else { return None };
        *questions = questions.checked_sub(tools.len())?;
        let mut forms = Vec::new();
        let mut undeclared = Vec::new();
        for tool in tools {
            match tool.schema.named(steps) {
                Named::Declared(form) => forms.push((tool.name, form)),
                Named::Undeclared { step, names } => undeclared.push((tool.name, step, names)),
                Named::Open => return None,
            }
        }
        if let Some((tool, step, names)) = undeclared.first().filter(|_| forms.is_empty()) {
            let written = steps.get(*step).map(step_name).unwrap_or_default();
            let known: BTreeSet<&str> =
                undeclared.iter().flat_map(|(_, _, names)| names).map(String::as_str).collect();
            let help = did_you_mean(&written, known.iter().copied())
                .unwrap_or_else(|| format!("it has {}", listed(names.iter().map(String::as_str))));
            let whose = match undeclared.len() {
                1 => format!("the tool {} has", quoted(tool)),
                many => format!("none of the {many} tools that this entry is about has"),
            };
            let article = if undeclared.len() == 1 { "no" } else { "an" };
            let message = format!("{whose} {article} argument {}", quoted(&path.to_string()));
            self.mismatch("unknown-argument", message, help, &place());
        }
        (!forms.is_empty()).then_some(forms)
    }

    fn mismatch(&mut self, code: &'static str, message: String, help: String, place: &str) {
        if let Some(range) = self.range(place).filter(|_| self.known.is_sound(place)) {
            self.report.warning(code, range, &At::from_pointer(place), message).help(help);
        }
    }
}

/// What can be done about a schema that cannot be used.
fn unusable(error: &SchemaError) -> &'static str {
    match error {
        SchemaError::Reference(_) | SchemaError::DynamicReference(_) => {
            "references are followed inside the schema only, as `#/$defs/…` or an `$id` as it is written: \
             until the server writes them so, ask for `required_args` only"
        }
        _ => "until the server mends it, ask for `required_args` only",
    }
}

/// The arguments, besides the amount, that a counter reads.
fn read_beside(counted: &Counted<'_>) -> Vec<Path> {
    let scopes = counted.scope.iter().filter_map(|scope| match scope {
        Scope::Argument(path) => Some(path.clone()),
        _ => None,
    });
    let currency = match &counted.adds {
        Adds::Money(money) => money.currency_from.cloned(),
        Adds::Call | Adds::Once | Adds::Fixed(_) | Adds::Argument(_) => None,
    };
    scopes.chain(currency).collect()
}

fn validates(entry: &Entry) -> bool {
    let uses = |validate: &crate::document::Validate| validate.schema || validate.refuse_unknown;
    uses(&entry.validate) || entry.rules.iter().any(|rule| uses(&rule.validate))
}

fn step_name(step: &crate::path::Step) -> String {
    match step {
        crate::path::Step::Key(key) => key.clone(),
        _ => String::new(),
    }
}

/// The types that a test can judge; `None` where any will do.
pub(super) fn wanted(test: &Test) -> Option<Types> {
    let of = |value: &Scalar| {
        Types::of(match value {
            Scalar::Text(_) => Kind::String,
            Scalar::Number(_) => Kind::Number,
            Scalar::Bool(_) => Kind::Bool,
        })
    };
    match test {
        Test::Eq(value) | Test::Neq(value) => Some(of(value)),
        Test::In(values) | Test::NotIn(values) => {
            Some(values.iter().fold(Types::default(), |types, value| types.with(of(value))))
        }
        Test::Lt(_) | Test::Lte(_) | Test::Gt(_) | Test::Gte(_) => Some(Types::of(Kind::Number)),
        Test::Regex(_) => Some(Types::of(Kind::String)),
        Test::Contains(_) => Some(Types::of(Kind::String).with(Types::of(Kind::Array))),
        Test::Reading(reading) => match &reading.operand {
            Operand::OneOfTypes(_) => None,
            Operand::LengthLte(_) | Operand::LengthGte(_) => {
                Some(Types::of(Kind::String).with(Types::of(Kind::Array)))
            }
            _ => Some(Types::of(Kind::String)),
        },
        Test::Exists(_) => None,
    }
}

/// The texts that a test compares with.
fn texts(test: &Test) -> Vec<&str> {
    let values: &[Scalar] = match test {
        Test::Eq(value) | Test::Neq(value) => std::slice::from_ref(value),
        Test::In(values) | Test::NotIn(values) => values,
        _ => &[],
    };
    let texts = values.iter().filter_map(|value| match value {
        Scalar::Text(text) => Some(text.as_str()),
        Scalar::Number(_) | Scalar::Bool(_) => None,
    });
    texts.collect()
}

fn is_among(text: &str, known: &[String], ignore_case: bool) -> bool {
    known.iter().any(|known| if ignore_case { fold(known) == fold(text) } else { known == text })
}

fn listed<'n>(names: impl Iterator<Item = &'n str> + Clone) -> String {
    let mut shown: Vec<String> = names.clone().take(MOST_NAMED).map(quoted).collect();
    let more = names.count().saturating_sub(shown.len());
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}
