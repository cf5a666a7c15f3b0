//! The policy language: document to diagnostics and compiled policy, and the evaluator.
//!
//! ```text
//! text ──tree::{yaml, json}──► located tree ──parse──► Document ──compile──► Policy ──judge──► Decision
//!                                    └────── diagnostics, all of them at once ──────┘
//! ```
//!
//! The crate is pure: no clock, file, thread, environment or randomness. The same policies, call and facts always
//! give the same decision.

mod compile;
mod condition;
mod counter;
mod decision;
mod describe;
mod diagnostic;
mod digest;
mod document;
mod glob;
mod judge;
mod limit;
mod located;
mod parse;
mod path;
mod print;
mod quantity;
mod regular;
mod schema;
mod tool;
mod tool_list;
mod trace;
mod tree;
mod window;

pub use compile::{Policy, Source, Syntax, compile, compile_for};
pub use counter::{CounterKey, CounterValues, ScopePart};
pub use decision::{
    Call, Decision, Facts, Judgement, Need, Origin, RuleName, ShadowFinding, ToolFacts, Verdict,
};
pub use diagnostic::{Diagnostic, Severity, Span, did_you_mean, quoted};
pub use document::{
    Action, Approvals, Block, Condition, DefaultVerdict, Document, Entries, Entry, Increment, Limit,
    ListMode, Matcher, Mode, OnMissing, RateLimit, Requirement, Rule, Scalar, Scope, Section, State,
    TellAgent, Test, Validate, Version, Webhook,
};
pub use glob::Glob;
pub use judge::{judge, requires_definition, visible};
pub use located::Located;
pub use path::{Path, Step};
pub use quantity::Bound;
pub use regular::Regular;
pub use schema::{Rejection, Schema, SchemaError};
pub use tool::{Annotations, ToolDefinition};
pub use tool_list::{ToolList, ToolListError};
pub use trace::{Seen, Trace, TraceStep, explain};
pub use tree::{Member, Node, Value};
pub use window::{Align, Window};

#[cfg(test)]
mod tests;
