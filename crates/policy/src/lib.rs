//! The policy language: document to diagnostics and compiled policy, and the evaluator.
//!
//! ```text
//! text ──tree::{yaml, json}──► located tree ──parse──► Document ──compile──► Policy ──judge──► Decision
//!                                    └────── diagnostics, all of them at once ──────┘
//! ```
//!
//! The crate is pure: no clock, file, thread, environment or randomness. The same policies, call and facts always
//! give the same decision.

mod cel;
mod closed;
mod compile;
mod condition;
mod counter;
mod decision;
mod describe;
mod diagnostic;
mod diff;
mod digest;
mod document;
mod fact;
mod glob;
mod import;
mod inventory;
mod judge;
mod language_schema;
mod layout;
mod limit;
mod located;
mod operator;
mod parse;
mod path;
mod people;
mod places;
mod print;
mod quantity;
mod reading;
mod regular;
mod schema;
mod tool;
mod tool_list;
mod trace;
mod tree;
mod uri;
mod what_if;
mod window;
mod zone;

pub use cel::Expression;
pub use closed::{Closed, closed};
pub use compile::{Policy, Source, Syntax, compile, compile_for};
pub use counter::{CounterKey, CounterValues, ScopePart};
pub use decision::{
    Call, Decision, Judgement, Need, Origin, Payment, Price, RuleName, ShadowFinding, Verdict,
};
pub use diagnostic::{Diagnostic, Severity, Span, did_you_mean, quoted};
pub use diff::{
    Changed, Difference, Direction, Doubt, Effort, Example, Ruled, SettingChange, ShownChange, Who, diff,
};
pub use document::{
    Action, AnnouncedArguments, AnnouncementFormat, Approvals, Approve, Block, Condition, DefaultVerdict,
    Document, Entries, Entry, Increment, Leaf, Limit, ListMode, Listed, Matcher, Mode, NamedList, OnMissing,
    RateLimit, Refund, Requirement, Rule, Scalar, Scope, Section, Spend, SpendAmount, State, TellAgent, Test,
    Validate, Version, Webhook,
};
pub use fact::{Facts, ToolFacts};
pub use glob::Glob;
pub use import::{Choice, Dialect, Imported, import};
pub use inventory::{Item, ItemKind};
pub use judge::{judge, looks_at_definition, requires_definition, spends_on_challenge, visible};
pub use language_schema::schema;
pub use layout::laid_out;
pub use located::Located;
pub use path::{Path, Step};
pub use people::{NotAnApprover, approver};
pub use places::Places;
pub use quantity::Bound;
pub use reading::Reading;
pub use regular::Regular;
pub use schema::{Rejection, Schema, SchemaError};
pub use tool::ToolDefinition;
pub use tool_list::{ToolList, ToolListError, each_tool};
pub use trace::{Seen, Trace, TraceStep, explain};
pub use tree::{Member, Node, Value};
pub use what_if::{Alternative, Change, Outcome, Trial, alternatives, objections};
pub use window::{Align, Window};
pub use zone::Zone;

#[cfg(test)]
mod tests;
