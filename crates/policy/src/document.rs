//! What a policy document says, as types. Everything in it has been checked; nothing in it has a place any more.

mod condition;
mod counting;

use std::sync::Arc;

use crate::cel::Expression;
use crate::glob::Glob;

pub use condition::{Condition, Leaf, Listed, OnMissing, Scalar, Test};
pub use counting::{Increment, Limit, RateLimit, Refund, Scope, Spend, SpendAmount, State};

/// A whole policy document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// `version`
    pub version: Option<Version>,
    /// `description`
    pub description: Option<String>,
    /// `default`: for whatever is not listed; left out it means deny.
    pub default: Option<DefaultVerdict>,
    /// `mode`
    pub mode: Option<Mode>,
    /// `hide`: taken out of lists and denied when called.
    pub hide: Vec<Matcher>,
    /// `list`: what lists show.
    pub list: Option<ListMode>,
    /// `tell_agent`: how much a denied agent learns.
    pub tell_agent: Option<TellAgent>,
    /// `tools`, in the order of the file.
    pub tools: Entries,
    /// `resources`, in the order of the file.
    pub resources: Entries,
    /// `prompts`, in the order of the file.
    pub prompts: Entries,
    /// `all_tools`
    pub all_tools: Option<Entry>,
    /// `approvals`
    pub approvals: Option<Approvals>,
    /// `spend_currency`: what `spend` counts in where it does not say.
    pub spend_currency: Option<String>,
    /// `lists`, in the order of the file.
    pub lists: Vec<NamedList>,
}

/// One of `lists`: its name and its values, which every reference shares.
pub type NamedList = (Arc<str>, Arc<[Scalar]>);

/// The entries of a section in the order of the file.
pub type Entries = Vec<(Matcher, Entry)>;

impl Document {
    /// The entries of a section.
    pub fn section(&self, section: Section) -> &Entries {
        match section {
            Section::Tools => &self.tools,
            Section::Resources => &self.resources,
            Section::Prompts => &self.prompts,
        }
    }

    /// The effective default: left out means deny.
    pub fn default_verdict(&self) -> DefaultVerdict {
        self.default.unwrap_or(DefaultVerdict::Deny)
    }
}

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Section {
    /// `tools/call`
    Tools,
    /// `resources/read`; the name is the URI.
    Resources,
    /// `prompts/get`
    Prompts,
}

impl Section {
    /// All sections in the order of the document.
    pub const ALL: [Section; 3] = [Section::Tools, Section::Resources, Section::Prompts];

    /// The section's key in a document.
    pub const fn key(self) -> &'static str {
        match self {
            Section::Tools => "tools",
            Section::Resources => "resources",
            Section::Prompts => "prompts",
        }
    }

    /// One of its members, in words.
    pub const fn noun(self) -> &'static str {
        match self {
            Section::Tools => "tool",
            Section::Resources => "resource",
            Section::Prompts => "prompt",
        }
    }
}

/// The version of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `"1"`
    V1,
}

/// What happens to a call of something that is not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultVerdict {
    /// It goes through.
    Allow,
    /// It is denied.
    Deny,
}

/// Whether constraints stop calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They do.
    Enforce,
    /// They are only recorded.
    Shadow,
}

/// What lists show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListMode {
    /// What is listed, or open by default.
    Permitted,
    /// Everything that is not hidden.
    All,
}

/// How much a denied agent learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum TellAgent {
    /// That the call was denied.
    Nothing,
    /// Also why.
    #[default]
    Reason,
    /// Also by which rule.
    Full,
}

/// Which names an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Matcher {
    /// One name, byte for byte.
    Exact(String),
    /// A name with `*` in it.
    Glob(Glob),
    /// `"*"`: constrains every call and lists none.
    Every,
}

impl Matcher {
    /// Reads a matcher as documents write it.
    pub fn new(text: &str) -> Matcher {
        match text {
            "*" => Matcher::Every,
            _ if text.contains('*') => Matcher::Glob(Glob::new(text)),
            _ => Matcher::Exact(text.to_owned()),
        }
    }

    /// The matcher as documents write it.
    pub fn as_str(&self) -> &str {
        match self {
            Matcher::Exact(name) => name,
            Matcher::Glob(glob) => glob.as_str(),
            Matcher::Every => "*",
        }
    }

    /// Whether the matcher is about this name.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Matcher::Exact(exact) => exact == name,
            Matcher::Glob(glob) => glob.matches(name),
            Matcher::Every => true,
        }
    }
}

/// What one entry says about the names it matches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// `rules`
    pub rules: Vec<Rule>,
    /// `require`
    pub require: Vec<Requirement>,
    /// `deny_if`
    pub deny_if: Vec<Block>,
    /// `approve_if`
    pub approve_if: Vec<Block>,
    /// `limits`
    pub limits: Vec<Limit>,
    /// `validate`
    pub validate: Validate,
    /// `mode`
    pub mode: Option<Mode>,
    /// `hide`
    pub hide: bool,
}

/// One of an entry's `require`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// A condition that must hold.
    Condition(Condition),
    /// Conditions that must hold, with what to say otherwise.
    Block(Block),
}

/// Conditions that hold together or not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    /// `name`
    pub name: Option<String>,
    /// `conditions`; an empty list always holds.
    pub conditions: Vec<Condition>,
    /// `on_deny`: the text for the agent.
    pub on_deny: Option<String>,
    /// `mode`
    pub mode: Option<Mode>,
}

/// One of an entry's `rules`. What few of them have is boxed: policies have many rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// `name`
    pub name: Option<String>,
    /// `action`, as written.
    pub action: Option<Action>,
    /// `conditions`: all must hold.
    pub conditions: Vec<Condition>,
    /// `when`: a CEL expression, which must hold beside the conditions.
    pub when: Option<Expression>,
    /// `rate_limit`
    pub rate_limit: Option<Box<RateLimit>>,
    /// `state`
    pub state: Option<Box<State>>,
    /// `spend`
    pub spend: Option<Box<Spend>>,
    /// `idempotency_window` in seconds: for so long an identical call is denied.
    pub idempotency_window: Option<u64>,
    /// `validate`
    pub validate: Validate,
    /// `on_deny` or `reason`: the text for the agent.
    pub on_deny: Option<String>,
    /// `approval_timeout` in seconds.
    pub approval_timeout: Option<u64>,
    /// `mode`
    pub mode: Option<Mode>,
}

impl Rule {
    /// What the rule does: left out, and with `allow` beside conditions, its conditions must hold.
    pub fn effective_action(&self) -> Action {
        match self.action {
            Some(Action::Allow) | None if !self.conditions.is_empty() || self.when.is_some() => {
                Action::Evaluate
            }
            None => Action::Allow,
            Some(action) => action,
        }
    }

    /// Whether no call is decided otherwise for this rule, and `action: allow` does not say that this is meant.
    pub(crate) fn constrains_nothing(&self) -> bool {
        matches!(self.action, None | Some(Action::Evaluate))
            && self.conditions.is_empty()
            && self.when.is_none()
            && self.rate_limit.is_none()
            && self.state.is_none()
            && self.spend.is_none()
            && self.idempotency_window.is_none()
            && self.validate.is_empty()
    }
}

/// `action` of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The conditions must hold.
    Evaluate,
    /// No constraint of its own.
    Allow,
    /// Where the conditions hold the call is denied.
    Deny,
    /// Where the conditions hold a person must approve the call.
    RequireApproval,
}

/// `validate`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Validate {
    /// `required_args`: what the tool's own schema requires must be there.
    pub required_args: bool,
    /// `schema`: the arguments must fit the tool's own schema.
    pub schema: bool,
    /// `unknown_args: deny`: every argument must be declared by the tool's own schema.
    pub refuse_unknown: bool,
}

impl Validate {
    /// Whether nothing is to be validated.
    pub fn is_empty(self) -> bool {
        self == Validate::default()
    }
}

/// `approvals`: how people are asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Approvals {
    /// `timeout` in seconds.
    pub timeout: Option<u64>,
    /// `dedupe_window` in seconds.
    pub dedupe_window: Option<u64>,
    /// `approvers`: who may approve.
    pub approvers: Vec<String>,
    /// `needed`: how many different people have to say yes; at least 1.
    pub needed: Option<u32>,
    /// `hold` in seconds: how long the caller is kept waiting.
    pub hold: Option<u64>,
    /// `approve`: where a call is approved.
    pub approve: Option<Approve>,
    /// `notify.webhook`
    pub webhook: Option<Webhook>,
}

/// `approvals.approve`: where a call is approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Approve {
    /// By people, away from who asks.
    #[default]
    People,
    /// Also at the client that makes the call, by the person who sits there.
    Client,
}

impl Approve {
    /// As it is written.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Client => "client",
        }
    }
}

/// `approvals.notify.webhook`
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Where requests are announced. It may have references in it, such as `${NAME}`.
    pub url: String,
    /// What signs the announcement, which may have references in it.
    pub secret: Option<String>,
    /// What announcements look like.
    pub format: Option<AnnouncementFormat>,
    /// As whom somebody decides who follows a link of the announcement; without it there are none.
    pub decide_as: Option<String>,
    /// How much of a call's arguments is announced.
    pub arguments: Option<AnnouncedArguments>,
}

/// What announcements look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AnnouncementFormat {
    /// Interlock's own document.
    #[default]
    Json,
    /// A message for an incoming webhook of Slack.
    Slack,
    /// A card for a workflow of Microsoft Teams.
    Teams,
}

/// How much of a call's arguments is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AnnouncedArguments {
    /// Their names.
    #[default]
    Keys,
    /// All of them.
    Full,
}

impl std::fmt::Debug for Webhook {
    /// No secret appears in a log, and an address may be one.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook")
            .field("secret", &self.secret.as_ref().map(|_| "…"))
            .field("format", &self.format)
            .field("decide_as", &self.decide_as)
            .field("arguments", &self.arguments)
            .finish_non_exhaustive()
    }
}
