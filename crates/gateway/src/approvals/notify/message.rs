//! What is said of a call that waits for a person, or waited.

use interlock_audit::{DigestKey, format_ms};
use interlock_json::{Limits, scan};
use interlock_policy::AnnouncedArguments;
use interlock_store::{Announcement, Approval, Event, Standing};
use serde::Serialize;
use serde_json::value::RawValue;

use super::Webhook;
use crate::admin::ConsoleAddress;
use crate::approvals::{DecisionLink, Details, word};

/// Where people decide.
#[derive(Debug)]
pub(crate) struct Places {
    /// The address below which the pages are.
    pub(crate) console: ConsoleAddress,
    /// What signs links by which somebody decides without a login.
    pub(crate) key: DigestKey,
}

/// A message, as receivers of JSON read it. Nothing is taken out of it from one version to the next.
#[derive(Debug, Serialize)]
pub(super) struct Message<'a> {
    /// The same however often it is sent.
    pub(super) id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    /// When it happened, which may be a while ago.
    time: String,
    pub(super) approval: Told<'a>,
    #[serde(skip)]
    pub(super) event: Event,
    #[serde(skip)]
    pub(super) standing: Standing,
}

/// A question as it stands now.
#[derive(Debug, Serialize)]
pub(super) struct Told<'a> {
    pub(super) id: &'a str,
    pub(super) state: &'static str,
    pub(super) grant: &'a str,
    pub(super) server: &'a str,
    pub(super) section: &'a str,
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rule_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    asked: String,
    pub(super) expires: String,
    pub(super) needed: u32,
    approvers: &'a [String],
    pub(super) decisions: Vec<Decision<'a>>,
    pub(super) argument_names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) arguments: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    besides: Option<Box<RawValue>>,
    /// The page of this call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) link: Option<String>,
    /// Links by which somebody decides without a login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) decide: Option<Decide<'a>>,
}

/// What one person said.
#[derive(Debug, Serialize)]
pub(super) struct Decision<'a> {
    pub(super) by: &'a str,
    pub(super) approves: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
    time: String,
}

/// Links by which somebody decides, once.
#[derive(Debug, Serialize)]
pub(super) struct Decide<'a> {
    #[serde(rename = "as")]
    pub(super) person: &'a str,
    pub(super) approve: String,
    pub(super) deny: String,
}

/// What a message is about, as its name says it.
fn named(event: Event) -> (&'static str, &'static str) {
    match event {
        Event::Asked => ("asked", "approval.asked"),
        Event::Decided => ("decided", "approval.decided"),
        Event::Expired => ("expired", "approval.expired"),
        Event::Withdrawn => ("withdrawn", "approval.withdrawn"),
    }
}

/// The word for it in records.
pub(super) fn recorded(event: Event) -> &'static str {
    named(event).0
}

impl<'a> Message<'a> {
    pub(super) fn new(
        webhook: &'a Webhook,
        announcement: &Announcement,
        approval: &'a Approval,
        places: Option<&Places>,
    ) -> Self {
        let (word, kind) = named(announcement.event);
        Self {
            id: format!("approval_{}_{word}", approval.question.id),
            kind,
            time: format_ms(announcement.at_ms),
            approval: told(webhook, approval, places),
            event: announcement.event,
            standing: approval.standing,
        }
    }

    pub(super) fn json(&self) -> Vec<u8> {
        // Texts, numbers and documents that were written before are always written.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

fn told<'a>(webhook: &'a Webhook, approval: &'a Approval, places: Option<&Places>) -> Told<'a> {
    let question = &approval.question;
    // What another version wrote is told as far as it is known.
    let details: Option<Details> = serde_json::from_str(&question.details).ok();
    let details = details.as_ref();
    let is_full = webhook.arguments == AnnouncedArguments::Full;
    let arguments = details.and_then(|details| details.arguments.as_ref());
    Told {
        id: &question.id,
        state: word(approval.standing),
        grant: &question.asker.grant,
        server: &question.server,
        section: &question.section,
        name: &question.name,
        rule: details.map(|details| details.rule.clone()),
        rule_name: details.and_then(|details| details.rule_name.clone()),
        reason: details.map(|details| details.reason.clone()),
        client: details.and_then(|details| details.client.clone()),
        asked: format_ms(approval.asked_ms),
        expires: format_ms(approval.expires_ms),
        needed: question.needed,
        approvers: &question.approvers,
        decisions: approval.opinions.iter().map(decision).collect(),
        argument_names: arguments.map(|arguments| names(arguments.get())).unwrap_or_default(),
        arguments: arguments.filter(|_| is_full).cloned(),
        besides: details.and_then(|details| details.besides.clone()).filter(|_| is_full),
        link: places.map(|places| places.page(&question.id)),
        decide: places.and_then(|places| places.decide(webhook, approval)),
    }
}

impl Places {
    /// The page of a call. Who opens it has to log in.
    pub(crate) fn page(&self, id: &str) -> String {
        format!("{}/console/approvals/{id}", self.console)
    }

    /// Links for whom the policy names, as long as there is something to decide.
    fn decide<'a>(&self, webhook: &'a Webhook, approval: &Approval) -> Option<Decide<'a>> {
        let person = webhook.decide_as.as_deref()?;
        let link = |approves| DecisionLink {
            approval: approval.question.id.clone(),
            approves,
            person: person.to_owned(),
            expires_ms: approval.expires_ms,
        };
        let url = |approves| link(approves).url(&self.console.to_string(), &self.key);
        (approval.standing == Standing::Waiting).then(|| Decide {
            person,
            approve: url(true),
            deny: url(false),
        })
    }
}

fn decision(opinion: &interlock_store::Opinion) -> Decision<'_> {
    Decision {
        by: &opinion.by,
        approves: opinion.approves,
        reason: opinion.reason.as_deref(),
        time: format_ms(opinion.at_ms),
    }
}

/// The names of what a call is given.
fn names(arguments: &str) -> Vec<String> {
    match scan(arguments, &Limits::default()) {
        Ok(document) => document.root().members().map(|(name, _)| name.text().into_owned()).collect(),
        Err(_) => Vec::new(),
    }
}
