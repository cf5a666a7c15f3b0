//! From what a definition says to what its tool is taken for.

use serde::Serialize;

use super::risks::Risk;
use super::signals::{self, Evidence, Place};
use crate::definition::Definition;
use crate::risk::{Category, Severity};

/// How sure a judgement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Nothing says what it does, or what is said disagrees.
    Low,
    /// One part of the definition says so.
    Medium,
    /// Its name and its description say the same.
    High,
}

/// What a tool is taken for, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// The worst that one call can do.
    pub category: Category,
    /// How bad that is.
    pub severity: Severity,
    /// How sure that is.
    pub confidence: Confidence,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What else the definition shows of the care that the tool needs.
    pub risks: Vec<Risk>,
}

/// Judges a tool by its definition. What cannot be understood is not taken for reading.
#[must_use]
pub fn classify(definition: &Definition) -> Judgement {
    let evidence = signals::of(definition);
    let at = |place: Place| evidence.iter().filter(move |one| one.place == place).map(|one| one.category);
    let (name, said) = (at(Place::Name).max(), at(Place::Description).max());
    let within = at(Place::WithinName).max();
    let parameters = [Place::Action, Place::Flag].into_iter().flat_map(at).max();
    let code = at(Place::Code).max();
    let own = match (name, said) {
        (Some(name), Some(said)) => Some(name.max(said)),
        (one, other) => one.or(other),
    };
    // Further words of a name are mostly things, but a second verb may be the point: `get_and_delete`.
    let joined = joins(definition).then_some(within).flatten();
    let code = code.filter(|_| own.is_none_or(|own| own != Category::Read) || runs(&evidence));
    let ours =
        [own, joined, parameters.filter(|_| own != Some(Category::Read)), code].into_iter().flatten().max();
    let category = ours.unwrap_or(Category::Write);
    let category = at(Place::Annotation).fold(category, Category::max);
    let confidence = match (name, said) {
        _ if ours.is_none() => Confidence::Low,
        (Some(name), Some(said)) if name == said => Confidence::High,
        (Some(_), Some(_)) => Confidence::Low,
        _ => Confidence::Medium,
    };
    Judgement { category, severity: category.severity(), confidence, evidence, risks: Vec::new() }
}

/// Whether a name says that it does two things.
fn joins(definition: &Definition) -> bool {
    super::words::of_name(&definition.tool).iter().any(|word| matches!(word.as_str(), "and" | "or" | "then"))
}

/// Whether the definition speaks of running what it is given.
fn runs(evidence: &[Evidence]) -> bool {
    evidence.iter().any(|one| {
        matches!(one.place, Place::Name | Place::WithinName | Place::Description | Place::WithinDescription)
            && one.category == Category::Execute
    })
}
