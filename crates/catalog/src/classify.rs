//! Judging a tool: what its name, its texts, its parameters and its publisher say, and what follows from them.
//!
//! ```text
//! name.rs ─┐
//! text.rs ─┤ (foreign.rs in other languages)
//! statements.rs ─┼─► signals.rs: Evidence ─► judgement.rs: category and confidence ─► risks.rs: risks and severity
//! parameters.rs ─┘
//! ```
//!
//! `lexicon.rs` knows what verbs mean, and what their objects make of them; `words.rs` what words are.

mod foreign;
mod judgement;
mod lexicon;
mod name;
mod parameters;
mod risks;
mod signals;
mod statements;
mod text;
pub(crate) mod words;

pub use judgement::{Confidence, Judgement, classify};
pub(crate) use risks::of_text;
pub use risks::{Risk, RiskKind};
pub use signals::{Evidence, Place};
pub(crate) use words::of_name as words_of_name;

/// Whether a word says what is done.
pub(crate) fn is_verb(word: &str) -> bool {
    lexicon::verb(word).is_some()
}
