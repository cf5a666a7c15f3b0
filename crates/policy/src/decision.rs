//! What goes into a judgement and what comes out of it.

use std::fmt;
use std::sync::Arc;

use interlock_json::{Decimal, Value};

use crate::counter::CounterKey;
use crate::document::{Refund, Section};
use crate::quantity::Bound;

/// Whose policy a rule is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// The server's policy.
    Server,
    /// The grant's policy for the server.
    Grant,
}

impl Origin {
    /// The prefix of rule names.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Server => "server",
            Origin::Grant => "grant",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The call that is judged.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// What is called.
    pub section: Section,
    /// The server's name.
    pub server: &'a str,
    /// The tool's or prompt's name, or the resource's URI.
    pub name: &'a str,
    /// The arguments, an object; `None` where the call has none.
    pub arguments: Option<Value<'a>>,
}

/// What a call says of a payment that its server asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Payment<'a> {
    /// It carries none.
    None,
    /// It carries one whose amount is not known, and why.
    Unknown(&'a str),
    /// It answers a challenge that asked for this.
    Due(&'a Price),
}

/// What a server asks for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// How much, in the units of the challenge.
    pub amount: Decimal,
    /// What is paid in: a currency's code, or a token's address.
    pub currency: String,
    /// The network that the address is on.
    pub network: Option<String>,
}

/// The outcome of one look at a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Judgement {
    /// Conditions read these counters: supply their values in [`Facts::counters`](crate::Facts::counters) and judge again.
    Read(Vec<CounterKey>),
    /// The decision, as far as the policies make it; the ledger's answer to its needs completes it.
    Decided(Box<Decision>),
}

/// What policies decide about a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Whether the call goes through.
    pub verdict: Verdict,
    /// What decided: the first rule that objects or asks, otherwise the entry that lists the name.
    pub rule: RuleName,
    /// The rule's `name`.
    pub name: Option<String>,
    /// Why, in words for the agent.
    pub reason: String,
    /// What must be reserved together before the call goes through; empty where it is denied.
    pub needs: Vec<Need>,
    /// What constraints in shadow mode would have done.
    pub shadow: Vec<ShadowFinding>,
    /// Digest of the policies that decided; two are joined by `+`.
    pub digest: String,
    /// Counter values that conditions were judged on, to be compared again inside the reservation.
    pub read: Vec<(CounterKey, Decimal)>,
    /// `approval_timeout` of the rule that asks, in seconds.
    pub approval_timeout: Option<u64>,
}

/// Whether a call goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It does not.
    Deny,
    /// A person must approve it.
    Ask,
    /// It does, if its needs can be reserved.
    Proceed,
}

/// An amount to be reserved in one counter.
#[derive(Debug, Clone, PartialEq)]
pub struct Need {
    /// The counter.
    pub key: CounterKey,
    /// What this call adds; never negative.
    pub amount: Decimal,
    /// What the counter may hold afterwards.
    pub bound: Bound,
    /// The limit's rule.
    pub rule: RuleName,
    /// The rule's `name`.
    pub name: Option<Arc<str>>,
    /// The rule's text for the agent.
    pub on_deny: Option<Arc<str>>,
    /// The limit in words, such as `10 calls per minute`.
    pub words: Arc<str>,
    /// Counted, and never a reason to deny.
    pub shadow: bool,
    /// When it is given back although the call has reached the server.
    pub refund: Refund,
    /// What the call pays for itself: also a call that continues an earlier one has not reserved it before.
    pub pays: bool,
}

/// What a constraint in shadow mode would have done.
#[derive(Debug, Clone, PartialEq)]
pub struct ShadowFinding {
    /// The constraint.
    pub rule: RuleName,
    /// The rule's `name`.
    pub name: Option<String>,
    /// Deny or Ask.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
}

/// The name of what decided.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RuleName {
    /// `(no policy)`
    NoPolicy,
    /// `(hidden)`
    Hidden,
    /// `(default deny)`
    DefaultDeny,
    /// `(ambiguous)`
    Ambiguous,
    /// `(default allow)`
    DefaultAllow,
    /// A JSON pointer into one of the policies: `server:/tools/create_charge/rules/0`.
    At {
        /// Whose policy.
        origin: Origin,
        /// RFC 6901 pointer.
        pointer: Arc<str>,
    },
}

impl RuleName {
    /// The name as logs and people see it.
    ///
    /// Every call names its rules, so this does without the formatting machinery.
    pub fn text(&self) -> String {
        match self {
            RuleName::NoPolicy => "(no policy)".to_owned(),
            RuleName::Hidden => "(hidden)".to_owned(),
            RuleName::DefaultDeny => "(default deny)".to_owned(),
            RuleName::Ambiguous => "(ambiguous)".to_owned(),
            RuleName::DefaultAllow => "(default allow)".to_owned(),
            RuleName::At { origin, pointer } => [origin.as_str(), ":", pointer].concat(),
        }
    }
}

impl fmt::Display for RuleName {
    /// [`RuleName::text`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}
