//! A call that waits, as programs read it.

use interlock_gateway::Details;
use interlock_store::{Approval, Opinion, Question};
use serde::Serialize;
use serde_json::value::RawValue;

use super::word;
use crate::when::to_the_second;

/// One call. What its details say is left out where they cannot be read.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) id: String,
    /// `waiting`, `approved`, `denied`, `expired` or `used`.
    pub(super) state: &'static str,
    asked: String,
    expires: String,
    since: Option<String>,
    grant: String,
    client: Option<String>,
    server: String,
    /// `tools`, `resources` or `prompts`.
    section: String,
    name: String,
    /// As they were written.
    arguments: Option<Box<RawValue>>,
    /// What the call carries besides: an object.
    besides: Option<Box<RawValue>>,
    rule: Option<String>,
    rule_name: Option<String>,
    reason: Option<String>,
    policy: Option<String>,
    definition: Option<interlock_gateway::Definition>,
    approvers: Vec<String>,
    /// How many different people have to say yes.
    needed: u32,
    opinions: Vec<Said>,
}

/// What one person said.
#[derive(Serialize)]
struct Said {
    by: String,
    approves: bool,
    reason: Option<String>,
    at: String,
}

impl From<&Opinion> for Said {
    fn from(opinion: &Opinion) -> Self {
        Self {
            by: opinion.by.clone(),
            approves: opinion.approves,
            reason: opinion.reason.clone(),
            at: to_the_second(opinion.at_ms),
        }
    }
}

/// What people are told of a call, where this version can read it.
pub(super) fn details(question: &Question) -> Option<Details> {
    serde_json::from_str(&question.details).ok()
}

impl Report {
    pub(super) fn new(approval: &Approval) -> Self {
        let Approval { question, opinions, .. } = approval;
        let details = details(question);
        let (mut arguments, mut client, mut rule, mut rule_name) = (None, None, None, None);
        let mut besides = None;
        let (mut reason, mut policy, mut definition) = (None, None, None);
        if let Some(details) = details {
            (arguments, client) = (details.arguments, details.client);
            besides = details.besides;
            (rule, rule_name, reason) = (Some(details.rule), details.rule_name, Some(details.reason));
            (policy, definition) = (Some(details.policy), details.definition);
        }
        Self {
            id: question.id.clone(),
            state: word(approval.standing),
            asked: to_the_second(approval.asked_ms),
            expires: to_the_second(approval.expires_ms),
            since: approval.since_ms.map(to_the_second),
            grant: question.asker.grant.clone(),
            client,
            server: question.server.clone(),
            section: question.section.clone(),
            name: question.name.clone(),
            arguments,
            besides,
            rule,
            rule_name,
            reason,
            policy,
            definition,
            approvers: question.approvers.clone(),
            needed: question.needed,
            opinions: opinions.iter().map(Said::from).collect(),
        }
    }
}
