//! Judging a tool: what its name, its texts, its parameters and its publisher say, and what follows from them.

mod judgement;
mod lexicon;
mod risks;
mod signals;
mod words;

pub use judgement::{Confidence, Judgement, classify};
pub(crate) use lexicon::verb as verb_of;
pub use risks::{Risk, RiskKind};
pub use signals::{Evidence, Place};
pub(crate) use words::of_name as words_of_name;
