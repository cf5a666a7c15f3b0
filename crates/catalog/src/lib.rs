//! What a tool can do and how bad that can get, told from its definition alone.
//!
//! ```text
//! Definition ──signals──► Evidence (words and schema fields, each with a category) ──weigh──► Judgement
//! ```
//!
//! The crate is pure: no clock, file, network or randomness, and no model. The same definition always gives the same
//! judgement, which names what it rests on. No rule names a single tool or server.

mod definition;
mod judgement;
mod lexicon;
mod risk;
mod signals;
mod words;

pub use definition::{Annotations, Definition};
pub use judgement::{Confidence, Judgement, classify};
pub use risk::{Category, Severity};
pub use signals::{Evidence, Place};
