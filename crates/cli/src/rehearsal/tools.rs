//! A server's tool list, for what policies check against it.

use interlock_policy::{ToolFacts, ToolList};

/// What is known of a tool; without a list nothing is.
pub(crate) fn facts<'t>(tools: Option<&'t ToolList>, name: &str) -> ToolFacts<'t> {
    let Some(tools) = tools else { return ToolFacts::Unknown };
    tools.get(name).map_or(ToolFacts::Absent, |definition| ToolFacts::Known { definition })
}
