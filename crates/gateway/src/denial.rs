//! Why a call is refused: the one shape in which every step says no.

use interlock_audit::RefusalCategory;
use interlock_catalog::Fingerprint;
use interlock_policy::Section;

/// A refusal: what the agent is told (as far as the policy lets it) and what the log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Denial {
    /// Which step said no.
    pub(crate) category: RefusalCategory,
    /// The rule, as policies name it, or a name in parentheses for what is no rule.
    pub(crate) rule: String,
    /// The rule's own name.
    pub(crate) name: Option<String>,
    /// In words, for the agent.
    pub(crate) reason: String,
    /// In words, for the operator alone: what failed inside.
    pub(crate) cause: Option<String>,
    /// After which time the same call may pass.
    pub(crate) retry_after_ms: Option<u64>,
    /// The definition that was accepted of what was called, where it is not the one that is offered.
    pub(crate) pin: Option<Fingerprint>,
    /// The question that waits for a person, where the call may pass once it is answered.
    pub(crate) approval: Option<Box<Waits>>,
}

/// A question that a person has not decided yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Waits {
    pub(crate) id: String,
    /// When it expires, unix milliseconds.
    pub(crate) expires_ms: i64,
    /// Whether the same call may come again at once, to wait on.
    pub(crate) waits_on: bool,
    /// Where people decide it, where there is such a place.
    pub(crate) url: Option<String>,
    /// What a modern client is asked before the call comes again.
    pub(crate) asks: Option<AsksClient>,
}

/// What a modern client is asked (2026-07-28, `inputRequests`), as the `params` of an elicitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AsksClient {
    /// To decide.
    Form(String),
    /// To send its user to where it is decided.
    Link(String),
}

impl Denial {
    fn new(category: RefusalCategory, rule: &str, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self {
            category,
            rule: rule.to_owned(),
            name: None,
            reason,
            cause: None,
            retry_after_ms: None,
            pin: None,
            approval: None,
        }
    }

    /// A policy's rule objects.
    pub(crate) fn policy(rule: &str, reason: impl Into<String>) -> Self {
        Self::new(RefusalCategory::Policy, rule, reason)
    }

    /// A limit is used up.
    pub(crate) fn limit(rule: &str, reason: impl Into<String>) -> Self {
        Self::new(RefusalCategory::Limit, rule, reason)
    }

    /// A person has to decide, and has not, or has said no.
    pub(crate) fn approval(rule: &str, reason: impl Into<String>) -> Self {
        Self::new(RefusalCategory::Approval, rule, reason)
    }

    /// What is called is not defined as it was accepted.
    pub(crate) fn pin(accepted: Option<Fingerprint>, reason: impl Into<String>) -> Self {
        Self { pin: accepted, ..Self::new(RefusalCategory::Pin, "(pin)", reason) }
    }

    /// There is no such tool.
    pub(crate) fn unlisted(reason: impl Into<String>) -> Self {
        Self::new(RefusalCategory::Unroutable, "(definitions)", reason)
    }

    /// Names the one of several that it is about, where its words do not.
    pub(crate) fn concerns(&mut self, section: Section, name: &str) {
        let named = format!("\"{name}\"");
        if !self.reason.contains(&named) {
            self.reason = format!("{} {named}: {}", section.noun(), self.reason);
        }
    }

    /// Something that the decision needs cannot answer.
    pub(crate) fn unavailable(rule: &str, reason: &str, cause: &dyn std::fmt::Display) -> Self {
        let cause = Some(cause.to_string());
        Self { cause, ..Self::new(RefusalCategory::Unavailable, rule, reason) }
    }
}
