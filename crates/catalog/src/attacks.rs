//! Attack patterns: what goes wrong between agents and servers, a case where it did, what stops it, and a scenario that
//! shows both.
//!
//! A pattern is one YAML file. It is read strictly: an unknown key, a missing one or a name that nothing has is a mistake
//! with its place, so that nothing in the database is only believed to be there.

mod identifiers;
mod mistakes;
mod part;
mod pattern;
mod scenario;

pub use mistakes::PatternError;
pub use part::{Part, PartError};
pub use pattern::{Access, AttackCategory, Case, Control, Pattern, References};
pub use scenario::{
    Approve, Arrival, Call, Change, FixtureServer, FixtureTool, GrantOf, Scenario, Send, Step, Transport,
};

use crate::classify::Judgement;

/// The patterns for which a tool gives an agent, or whoever steers it, all the access that they take.
pub fn allowed_by<'p>(patterns: &'p [Pattern], judgement: &Judgement) -> impl Iterator<Item = &'p Pattern> {
    patterns.iter().filter(|pattern| pattern.access.is_given_by(judgement))
}

#[cfg(test)]
mod tests;
