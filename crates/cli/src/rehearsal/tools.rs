//! A server's tool list, for what policies check against it.

use std::cell::RefCell;
use std::collections::HashMap;

use interlock_catalog::{Category, Definition, Severity, classify};
use interlock_policy::{Call, Facts, Origin, Policy, ToolFacts, ToolList, looks_at_definition};

/// What tools can do, by server and tool.
type Judged = HashMap<(String, String), Option<(Category, Severity)>>;

/// A server's tools, each classified once, when a policy first looks at its definition.
#[derive(Debug, Default)]
pub(crate) struct Tools {
    list: ToolList,
    judged: RefCell<Judged>,
}

impl From<ToolList> for Tools {
    fn from(list: ToolList) -> Self {
        Self { list, judged: RefCell::default() }
    }
}

impl Tools {
    fn judged(&self, server: &str, name: &str) -> Option<(Category, Severity)> {
        let judge = || {
            let judgement = classify(&Definition::of_tool(server, name, self.list.get(name)?)?);
            Some((judgement.category, judgement.severity))
        };
        *self.judged.borrow_mut().entry((server.to_owned(), name.to_owned())).or_insert_with(judge)
    }
}

/// The same facts with what is known of the tool that is called; without a list nothing is.
pub(crate) fn with_tool<'f>(
    facts: Facts<'f>,
    tools: Option<&'f Tools>,
    stack: &[(Origin, &Policy)],
    call: &Call<'_>,
) -> Facts<'f> {
    let Some(tools) = tools else { return Facts { tool: ToolFacts::Unknown, ..facts } };
    let Some(definition) = tools.list.get(call.name) else {
        return Facts { tool: ToolFacts::Absent, ..facts };
    };
    let judged = looks_at_definition(stack, call).then(|| tools.judged(call.server, call.name)).flatten();
    let (category, severity) = judged.map(|(category, severity)| (category.name(), severity.name())).unzip();
    Facts { tool: ToolFacts::Known { definition }, category, severity, ..facts }
}

#[cfg(test)]
mod tests {
    use interlock_policy::{Section, Source, Syntax, compile};

    use super::*;

    /// The category that policies see of `delete_all`, and how many tools were classified for that.
    fn seen(policy: &str, calls: usize) -> (Option<&'static str>, usize) {
        let list = r#"{"tools": [{"name": "delete_all"}, {"name": "read"}]}"#;
        let tools = Tools::from(ToolList::read(list).unwrap());
        let (policy, found) = compile(&Source { name: "p", text: policy, syntax: Syntax::Yaml });
        let policy = policy.unwrap_or_else(|| panic!("{found:?}"));
        let stack = [(Origin::Server, &policy)];
        let call = Call { section: Section::Tools, server: "s", name: "delete_all", arguments: None };
        let mut category = None;
        for _ in 0..calls {
            let facts = with_tool(Facts::new("g", "s", 0), Some(&tools), &stack, &call);
            assert!(matches!(facts.tool, ToolFacts::Known { .. }));
            category = facts.category;
        }
        let judged = tools.judged.borrow().len();
        (category.map(|_| "known"), judged)
    }

    #[test]
    fn a_tool_is_classified_once_and_only_where_a_policy_looks() {
        let looks = "version: \"1\"\ndefault: allow\nall_tools:\n  deny_if: [{ conditions: [{ path: tool.category, op: eq, value: Destructive }] }]\n";
        assert_eq!(seen(looks, 3), (Some("known"), 1));
        assert_eq!(seen("version: \"1\"\ndefault: allow\n", 3), (None, 0));
    }
}
