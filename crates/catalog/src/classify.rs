//! Judging a tool: what its name, its texts, its parameters and its publisher say, and what follows from them.
//!
//! ```text
//! name.rs ─┐
//! text.rs ─┤ (told.rs where there is no verb, foreign.rs in other languages)
//! statements.rs ─┼─► signals.rs: Evidence ─► judgement.rs: category and confidence ─► risks.rs: risks and severity
//! parameters.rs ─┘ (schema.rs finds them, actions.rs what is listed for them)
//! ```
//!
//! What then comes out as a read is held against `counts.rs`: what labelled tools with the same words were.
//!
//! `lexicon.rs` knows what verbs mean, `objects.rs` what their objects make of them, `words.rs` what words are.

mod actions;
mod counts;
mod foreign;
mod judgement;
mod lexicon;
mod name;
mod objects;
mod parameters;
mod risks;
mod schema;
mod signals;
mod statements;
#[cfg(test)]
mod tests;
mod text;
mod told;
pub(crate) mod words;

pub use counts::{Part, words_of};
pub use judgement::{Confidence, Judgement, classify};
pub use risks::{Risk, RiskKind};
pub(crate) use risks::{of_format, of_text};
pub use signals::{Evidence, Place};
pub(crate) use words::of_name as words_of_name;

/// Whether a word says what is done.
pub(crate) fn is_verb(word: &str) -> bool {
    lexicon::verb(word).is_some()
}
