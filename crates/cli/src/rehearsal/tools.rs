//! A server's tool list, for what policies check against it.

use interlock_catalog::{Definition, classify};
use interlock_policy::{Facts, ToolFacts, ToolList};

/// The same facts with what is known of a tool; without a list nothing is.
pub(crate) fn with_tool<'f>(
    facts: Facts<'f>,
    tools: Option<&'f ToolList>,
    server: &str,
    name: &str,
) -> Facts<'f> {
    let Some(tools) = tools else { return Facts { tool: ToolFacts::Unknown, ..facts } };
    let Some(definition) = tools.get(name) else { return Facts { tool: ToolFacts::Absent, ..facts } };
    let judgement = Definition::of_tool(server, name, definition).map(|definition| classify(&definition));
    Facts {
        tool: ToolFacts::Known { definition },
        category: judgement.as_ref().map(|judgement| judgement.category.name()),
        severity: judgement.as_ref().map(|judgement| judgement.severity.name()),
        ..facts
    }
}
