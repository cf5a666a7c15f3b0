//! Which dialect a document is in.

use crate::compile::Syntax;
use crate::diagnostic::{At, Report, quoted};
use crate::tree::{Member, Node, Value, member};

/// A dialect that can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// PolicyLayer Intercept: `tools.<name>.rules[]`, in YAML.
    Intercept,
    /// PolicyLayer grant policies: `tools.<name>.{require,deny_if,limits}` and `all_tools`, in JSON.
    PolicyLayer,
}

impl Dialect {
    /// The dialect's name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Dialect::Intercept => "Intercept",
            Dialect::PolicyLayer => "PolicyLayer",
        }
    }
}

/// The dialect that is asked for, or the one that the document is written in.
pub(super) fn settle(
    asked: Option<Dialect>,
    root: &Node,
    syntax: Syntax,
    report: &mut Report<'_>,
) -> Option<Dialect> {
    if asked.is_some() {
        return asked;
    }
    let rules = first_key(root, &["rules"]);
    let grant = first_key(root, &["require", "deny_if", "limits"]).or_else(|| top(root, "all_tools"));
    match (rules, grant) {
        (Some(_), None) => Some(Dialect::Intercept),
        (None, Some(_)) => Some(Dialect::PolicyLayer),
        (None, None) if syntax == Syntax::Json => Some(Dialect::PolicyLayer),
        (None, None) => Some(Dialect::Intercept),
        (Some(rules), Some(grant)) => {
            let message = format!(
                "{} is Intercept's and {} is PolicyLayer's: the document is in neither dialect",
                quoted(&rules.key),
                quoted(&grant.key)
            );
            report.error("mixed-dialects", grant.key_range.clone(), &At::ROOT, message).help(
                "this language knows both, so it may be a policy of Interlock already: run `interlock check`",
            );
            None
        }
    }
}

fn top<'t>(root: &'t Node, key: &str) -> Option<&'t Member> {
    let Value::Map(members) = &root.value else { return None };
    members.iter().find(|member| member.key == key)
}

/// The first member of an entry of `tools` that is called one of these.
fn first_key<'t>(root: &'t Node, keys: &[&str]) -> Option<&'t Member> {
    let Value::Map(entries) = &member(root, "tools")?.value else { return None };
    entries.iter().find_map(|entry| {
        let Value::Map(members) = &entry.value.value else { return None };
        members.iter().find(|member| keys.contains(&member.key.as_str()))
    })
}
