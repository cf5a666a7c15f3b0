//! What is closed to everybody: names that no call gets through to, whatever its arguments are.

use crate::compile::Policy;
use crate::decision::{Call, Origin, RuleName};
use crate::fact::Facts;
use crate::judge::{Phase, Walk, shut_out, shut_out_words};

/// Why a name is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// What closes it.
    pub rule: RuleName,
    /// The rule's `name`.
    pub name: Option<String>,
    /// Why, in words for the agent.
    pub reason: String,
}

/// Whether a name is closed: it is hidden, denied by default, or denied by a rule without conditions. For what is
/// about a capability without using it: its completions, the news of it.
pub fn closed(stack: &[(Origin, &Policy)], call: &Call<'_>) -> Option<Closed> {
    if let Some(rule) = shut_out(stack, call) {
        return Some(Closed { reason: shut_out_words(&rule, call), rule, name: None });
    }
    // What has no conditions looks at no facts.
    let facts = Facts::new("", "", 0);
    let mut walk = Walk::new(stack, call, &facts);
    for applied in walk.applied {
        for constraint in Phase::Deny.of(&applied.entry.enforced) {
            if !constraint.is_unconditional() {
                continue;
            }
            if let Some(reason) = constraint.objection(Phase::Deny, &mut walk.look) {
                let pointer = constraint.pointer.clone();
                let rule = RuleName::At { origin: applied.origin, pointer };
                return Some(Closed { rule, name: constraint.name.as_deref().map(str::to_owned), reason });
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::tests::policy;
    use crate::{Call, Origin, Section};

    use super::closed;

    const POLICY: &str = "
version: '1'
default: deny
list: all
hide: [hidden]
prompts:
  open: {}
  hidden: {}
  denied: { rules: [{ action: deny }] }
  named: { rules: [{ name: never, action: deny, on_deny: not this one }] }
  blocked: { deny_if: [{ conditions: [] }] }
  asked: { rules: [{ action: require_approval }] }
  guarded: { rules: [{ action: deny, conditions: [{ path: args.x, op: exists }] }] }
  limited: { rules: [{ rate_limit: 0/hour }] }
  tried: { mode: shadow, rules: [{ action: deny }] }
";

    #[test]
    fn what_no_arguments_open() {
        let policy = policy(POLICY);
        for (name, expected) in [
            ("open", None),
            ("hidden", Some("(hidden): prompt \"hidden\" is not permitted")),
            ("other", Some("(default deny): prompt \"other\" is not permitted")),
            ("denied", Some("server:/prompts/denied/rules/0: prompt \"denied\" is denied by policy")),
            ("named", Some("server:/prompts/named/rules/0: not this one")),
            ("blocked", Some("server:/prompts/blocked/deny_if/0: prompt \"blocked\" is denied by policy")),
            ("asked", None),
            ("guarded", None),
            ("limited", None),
            ("tried", None),
        ] {
            let call = Call { section: Section::Prompts, server: "s", name, arguments: None };
            let found = closed(&[(Origin::Server, &policy)], &call);
            let found = found.map(|closed| format!("{}: {}", closed.rule, closed.reason));
            assert_eq!(found.as_deref(), expected, "{name}");
        }
        let call = Call { section: Section::Prompts, server: "s", name: "open", arguments: None };
        assert!(closed(&[], &call).is_some(), "no policy permits nothing");
    }
}
