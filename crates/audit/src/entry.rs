//! What a record says. Fields are those of the audit log's design; what is absent is left out of the record.

use interlock_json::Decimal;

use crate::arguments::Arguments;
use crate::log::Seq;

/// One record to be written. Everything is borrowed, so that building one costs nothing.
///
/// Any one text longer than 4,096 bytes is cut at a character and ends in `…[+N bytes]`: an attacker chooses
/// tool names, and the log is not theirs to fill.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// A call is about to be forwarded. Not written ⇒ not forwarded.
    Intent(Intent<'a>),
    /// How a call that had an intent ended.
    Outcome(Outcome<'a>),
    /// Something was not let through: exactly one record for each refusal.
    Refusal(Refusal<'a>),
    /// Start, stop, policies, alarms, recovery, reads of the log.
    Lifecycle(Lifecycle<'a>),
}

/// Who acts. What a client says of itself is recorded but never part of a decision.
#[derive(Clone, Copy, Debug, Default)]
pub struct Identity<'a> {
    /// The grant, once it is known.
    pub grant: Option<&'a str>,
    /// Who vouched for the identity: the token's or certificate's issuer.
    pub issuer: Option<&'a str>,
    /// The person or service on whose behalf the caller acts.
    pub on_behalf_of: Option<&'a str>,
    /// The client's own name and version, as it says.
    pub client: Option<&'a str>,
    /// The session.
    pub session: Option<&'a str>,
}

/// What is acted on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Target<'a> {
    /// The server's name in the configuration.
    pub server: Option<&'a str>,
    /// The JSON-RPC method.
    pub method: Option<&'a str>,
    /// The JSON-RPC id as raw JSON text: `7` and `"7"` are different ids.
    pub request: Option<&'a str>,
    /// The tool, resource or prompt.
    pub subject: Subject<'a>,
    /// All resources of a request that names several (a subscription); its `subject` is one of them.
    pub resources: &'a [String],
}

/// A tool, resource or prompt by its exact name after routing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subject<'a> {
    /// The method addresses none.
    #[default]
    None,
    /// A tool's name.
    Tool(&'a str),
    /// A resource's URI.
    Resource(&'a str),
    /// A prompt's name.
    Prompt(&'a str),
}

/// What was decided and why.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ruling<'a> {
    /// The verdict.
    pub verdict: Verdict,
    /// Whether it was enforced.
    pub mode: Mode,
    /// The rule that decided, as the policy names it (`server:…`, `grant:…`).
    pub rule: Option<&'a str>,
    /// The rule's own name, where its author gave one.
    pub name: Option<&'a str>,
    /// The reason, in words.
    pub reason: Option<&'a str>,
    /// Digest of the compiled policies that judged.
    pub policy: Option<&'a str>,
    /// Fingerprint of the pinned definition.
    pub pin: Option<&'a str>,
    /// The approval that let the call through.
    pub approval: Option<&'a str>,
    /// Counters the call moved, or would have moved.
    pub counters: &'a [CounterChange<'a>],
    /// What constraints in shadow mode would have done.
    pub shadow: &'a [Finding<'a>],
}

/// The verdict on a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Not let through.
    #[default]
    Deny,
    /// A person has to decide.
    Ask,
    /// Let through.
    Proceed,
}

/// Whether a verdict was enforced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It was.
    #[default]
    Enforce,
    /// It was only recorded.
    Shadow,
}

/// A counter before and after a call; exact decimals, written as strings.
#[derive(Clone, Copy, Debug)]
pub struct CounterChange<'a> {
    /// The counter's stable text.
    pub key: &'a str,
    /// Its value before the call.
    pub before: Decimal,
    /// Its value after the call.
    pub after: Decimal,
}

/// What one constraint in shadow mode would have done.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    /// The rule.
    pub rule: &'a str,
    /// The rule's own name, where its author gave one.
    pub name: Option<&'a str>,
    /// What it would have decided.
    pub verdict: Verdict,
    /// Its reason.
    pub reason: &'a str,
}

/// A call that is about to be forwarded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Intent<'a> {
    /// Who.
    pub identity: Identity<'a>,
    /// What.
    pub target: Target<'a>,
    /// The arguments, as the configuration lets them be recorded.
    pub arguments: Option<&'a Arguments>,
    /// The decision.
    pub ruling: Ruling<'a>,
    /// W3C trace context.
    pub traceparent: Option<&'a str>,
}

/// How a call ended. Identity and target are repeated so that the outcomes of a grant or a tool are found
/// without a join.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// The intent's `seq` in the same chain.
    pub call: Seq,
    /// Who.
    pub identity: Identity<'a>,
    /// What.
    pub target: Target<'a>,
    /// The end.
    pub status: Status,
    /// What became of the reservation, if there was one.
    pub settled: Option<Settlement>,
    /// From the forward to the answer, microseconds.
    pub latency_us: Option<u64>,
    /// Bytes forwarded to the server.
    pub bytes_in: Option<u64>,
    /// Bytes of the server's answer.
    pub bytes_out: Option<u64>,
    /// How many places of the result were redacted.
    pub redactions: u64,
    /// The JSON-RPC error code of the answer.
    pub code: Option<i64>,
    /// More, in words.
    pub reason: Option<&'a str>,
    /// Counters that changed on settling (given back).
    pub counters: &'a [CounterChange<'a>],
}

impl Outcome<'_> {
    /// An outcome of the call recorded as `call`, everything else absent.
    #[must_use]
    pub fn new(call: Seq, status: Status) -> Self {
        Self {
            call,
            status,
            identity: Identity::default(),
            target: Target::default(),
            settled: None,
            latency_us: None,
            bytes_in: None,
            bytes_out: None,
            redactions: 0,
            code: None,
            reason: None,
            counters: &[],
        }
    }
}

/// How a forwarded call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The server answered with a result, or was handed a notification.
    Ok,
    /// The server answered with a tool result that says `isError`.
    ToolError,
    /// The server answered with a JSON-RPC error.
    Error,
    /// The client gave up.
    Cancelled,
    /// The server did not answer in time.
    TimedOut,
    /// The server went away before it answered.
    Disconnected,
    /// The server's answer was refused (malformed, too large) and not relayed.
    Blocked,
    /// The call was never sent: forwarding failed after the intent was written.
    NotSent,
    /// Nobody knows: the gateway stopped between intent and outcome.
    Unknown,
}

/// What became of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It counts.
    Commit,
    /// It was given back.
    Release,
    /// The server answered with an error: what the policy refunds then was given back, the rest counts.
    Refund,
}

/// Something that was not let through.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    /// Which step refused.
    pub category: RefusalCategory,
    /// Overrides the category's own severity.
    pub severity: Option<Severity>,
    /// Who, as far as it is known.
    pub identity: Identity<'a>,
    /// What, as far as it is known.
    pub target: Target<'a>,
    /// The arguments, as the configuration lets them be recorded.
    pub arguments: Option<&'a Arguments>,
    /// The decision; its verdict is `deny` unless said otherwise.
    pub ruling: Ruling<'a>,
    /// The JSON-RPC error code answered.
    pub code: Option<i64>,
    /// After which time the same call may pass, milliseconds.
    pub retry_after_ms: Option<u64>,
    /// How many refusals this record stands for; 1 unless a flood was folded into it.
    pub count: u64,
    /// W3C trace context.
    pub traceparent: Option<&'a str>,
}

impl Refusal<'_> {
    /// A refusal by `category`, everything else absent.
    #[must_use]
    pub fn new(category: RefusalCategory) -> Self {
        Self {
            category,
            severity: None,
            identity: Identity::default(),
            target: Target::default(),
            arguments: None,
            ruling: Ruling::default(),
            code: None,
            retry_after_ms: None,
            count: 1,
            traceparent: None,
        }
    }
}

/// Which step refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalCategory {
    /// The message broke JSON, JSON-RPC or the protocol.
    Malformed,
    /// Nobody vouched for the caller.
    Unauthenticated,
    /// No such server, tool, resource or prompt for this caller.
    Unroutable,
    /// A policy said no.
    Policy,
    /// A limit is used up.
    Limit,
    /// A person said no, or none has been asked yet.
    Approval,
    /// A definition is not the one that was trusted.
    Pin,
    /// A store or log could not answer.
    Unavailable,
    /// The server's message was refused: an answer nobody asked for, a request it may not make.
    Server,
}

impl RefusalCategory {
    /// Whether it takes no grant, and no policy's consent, to cause such a refusal.
    pub(crate) fn is_before_policy(self) -> bool {
        matches!(self, Self::Malformed | Self::Unauthenticated | Self::Server)
    }
}

/// How grave; the names and order of OCSF's `severity_id` 1 to 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing to do.
    Informational,
    /// Worth knowing.
    Low,
    /// Worth a look.
    Medium,
    /// Look at it.
    High,
    /// Act.
    Critical,
}

/// An event of the instance itself.
#[derive(Clone, Copy, Debug)]
pub struct Lifecycle<'a> {
    /// Which event.
    pub kind: LifecycleKind,
    /// Overrides the kind's own severity.
    pub severity: Option<Severity>,
    /// Who caused it, where somebody did.
    pub identity: Identity<'a>,
    /// The server concerned.
    pub server: Option<&'a str>,
    /// Digest of the policies concerned.
    pub policy: Option<&'a str>,
    /// In words.
    pub reason: Option<&'a str>,
    /// How many things this record stands for.
    pub count: Option<u64>,
    /// Further facts by name, each name once.
    pub details: &'a [(&'a str, Detail<'a>)],
}

impl Lifecycle<'_> {
    /// An event of this kind, everything else absent.
    #[must_use]
    pub fn new(kind: LifecycleKind) -> Self {
        Self {
            kind,
            severity: None,
            identity: Identity::default(),
            server: None,
            policy: None,
            reason: None,
            count: None,
            details: &[],
        }
    }
}

/// An event of the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifecycleKind {
    /// The first record of a chain.
    Start,
    /// The last record of a chain; written by [`Log::stop`](crate::Log::stop) and by recovery.
    Stop,
    /// A policy was loaded at the start.
    PolicyLoad,
    /// A changed policy took effect.
    PolicyReload,
    /// A changed policy was refused; the old one stays.
    PolicyRejected,
    /// The configuration changed.
    Configuration,
    /// A server's child process or connection started.
    ServerStart,
    /// A server's child process or connection ended.
    ServerStop,
    /// Something needs a person: the clock jumped, a store does not answer, a peer floods.
    Alarm,
    /// A torn record was cut off after a crash; its bytes are named here.
    Torn,
    /// Records that could not be written while the log was failing, by number.
    Unrecorded,
    /// The audit log, or the counters, were read.
    Read,
    /// The ledger's clock was brought back to the machine's.
    Reclock,
    /// A person was asked about a call, or said what they think of it, or it was too late.
    Approval,
    /// Definitions of tools were taken, put in quarantine, or accepted by a person.
    Pin,
}

/// A fact of a [`Lifecycle`] record.
#[derive(Clone, Copy, Debug)]
pub enum Detail<'a> {
    /// Text.
    Text(&'a str),
    /// A whole number; beyond ±2^53 readers of JSON may round it, so give such as text.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// Several texts.
    List(&'a [&'a str]),
}
