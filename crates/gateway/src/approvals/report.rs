//! A call that waits, or waited, as programs read it.

use interlock_audit::format_seconds;
use interlock_store::{Approval, Opinion, Question, Standing};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{Definition, Details};

/// One call, without what may be long. What its details say is left out where they cannot be read.
#[derive(Debug, Serialize, ToSchema)]
pub struct Summary {
    /// Its name: 32 hexadecimal digits.
    pub id: String,
    /// How it stands: `waiting`, `approved`, `denied`, `expired`, `used` or `withdrawn`.
    pub state: &'static str,
    /// When it was asked about.
    pub asked: String,
    /// When it expires, or did.
    pub expires: String,
    /// When it came to stand so, where it is not waiting.
    pub since: Option<String>,
    /// Whose call it is.
    pub grant: String,
    /// What the client says of itself.
    pub client: Option<String>,
    /// The server that would be called.
    pub server: String,
    /// `tools`, `resources` or `prompts`.
    pub section: String,
    /// What would be called there.
    pub name: String,
    /// The rule that asks, as policies name it.
    pub rule: Option<String>,
    /// The rule's own name.
    pub rule_name: Option<String>,
    /// Why it asks.
    pub reason: Option<String>,
    /// Who may decide; nobody is named where every operator may.
    pub approvers: Vec<String>,
    /// Whether whoever sits at the client may decide, too.
    pub at_client: bool,
    /// How many different people have to say yes.
    pub needed: u32,
    /// What people said.
    pub opinions: Vec<Said>,
}

/// One call with all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Report {
    /// What it is about.
    #[serde(flatten)]
    pub summary: Summary,
    /// The arguments as they were written.
    #[schema(value_type = Option<Object>)]
    pub arguments: Option<Box<RawValue>>,
    /// What the call carries besides: an object.
    #[schema(value_type = Option<Object>)]
    pub besides: Option<Box<RawValue>>,
    /// The digest of the policies that asked.
    pub policy: Option<String>,
    /// The tool as its server describes it.
    pub definition: Option<Definition>,
}

/// What one person said.
#[derive(Debug, Serialize, ToSchema)]
pub struct Said {
    /// Who: `user:`, `operator:` or `link:` and a name.
    pub by: String,
    /// Yes or no.
    pub approves: bool,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: String,
}

impl From<&Opinion> for Said {
    fn from(opinion: &Opinion) -> Self {
        Self {
            by: opinion.by.clone(),
            approves: opinion.approves,
            reason: opinion.reason.clone(),
            at: format_seconds(opinion.at_ms),
        }
    }
}

/// How a call stands, in a word.
#[must_use]
pub const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Waiting => "waiting",
        Standing::Approved => "approved",
        Standing::Denied => "denied",
        Standing::Expired => "expired",
        Standing::Used => "used",
        Standing::Withdrawn => "withdrawn",
    }
}

/// How a call stands, of a word.
pub(crate) fn standing(text: &str) -> Option<Standing> {
    use Standing::{Approved, Denied, Expired, Used, Waiting, Withdrawn};
    [Waiting, Approved, Denied, Expired, Used, Withdrawn].into_iter().find(|standing| word(*standing) == text)
}

/// What people are told of a call, where this version can read it.
#[must_use]
pub fn details(question: &Question) -> Option<Details> {
    serde_json::from_str(&question.details).ok()
}

/// What would be called; most are tools.
#[must_use]
pub fn subject(section: &str, name: &str) -> String {
    match section {
        "tools" => name.to_owned(),
        "resources" => format!("resource {name}"),
        "prompts" => format!("prompt {name}"),
        other => format!("{other} {name}"),
    }
}

/// How many say yes.
#[must_use]
pub fn yes(approval: &Approval) -> usize {
    approval.opinions.iter().filter(|opinion| opinion.approves).count()
}

impl Summary {
    /// Of a call.
    #[must_use]
    pub fn new(approval: &Approval) -> Self {
        Self::with(approval, details(&approval.question).as_ref())
    }

    fn with(approval: &Approval, details: Option<&Details>) -> Self {
        let Approval { question, opinions, .. } = approval;
        Self {
            id: question.id.clone(),
            state: word(approval.standing),
            asked: format_seconds(approval.asked_ms),
            expires: format_seconds(approval.expires_ms),
            since: approval.since_ms.map(format_seconds),
            grant: question.asker.grant.clone(),
            client: details.and_then(|details| details.client.clone()),
            server: question.server.clone(),
            section: question.section.clone(),
            name: question.name.clone(),
            rule: details.map(|details| details.rule.clone()),
            rule_name: details.and_then(|details| details.rule_name.clone()),
            reason: details.map(|details| details.reason.clone()),
            approvers: question.approvers.clone(),
            at_client: details.is_some_and(|details| details.at_client),
            needed: question.needed,
            opinions: opinions.iter().map(Said::from).collect(),
        }
    }
}

impl Report {
    /// Of a call.
    #[must_use]
    pub fn new(approval: &Approval) -> Self {
        let details = details(&approval.question);
        let summary = Summary::with(approval, details.as_ref());
        let (mut arguments, mut besides, mut policy, mut definition) = (None, None, None, None);
        if let Some(details) = details {
            (arguments, besides) = (details.arguments, details.besides);
            (policy, definition) = (Some(details.policy), details.definition);
        }
        Self { summary, arguments, besides, policy, definition }
    }
}
