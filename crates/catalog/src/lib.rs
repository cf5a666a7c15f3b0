//! What an agent's tools can do and how bad that can get, told from their definitions alone.
//!
//! ```text
//! Definition ──classify──► Judgement: category, severity, confidence, the evidence it rests on, what else it risks
//!     └────────────────────────┴──recommend──► a policy that says why, and its tests
//! Judgement ──allowed_by──► the attack patterns for which an agent that has the tool has all it takes
//! ```
//!
//! The crate is pure: no clock, file, network or randomness, and no language model. The same definition always gives the same
//! judgement, which names what it rests on. No rule names a single tool or server.

pub mod attacks;
pub mod classify;
mod definition;
pub mod fingerprint;
pub mod lint;
mod recommend;
mod risk;
pub mod similar;

pub use classify::{Judgement, classify};
pub use definition::{Annotations, Definition, DefinitionError};
pub use fingerprint::{Canonical, Fingerprint};
pub use lint::{Finding, FindingKind};
pub use recommend::{Known, Recommended, policy_as_json, recommend, recommend_policy};
pub use risk::{Category, Severity};
