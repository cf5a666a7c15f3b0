//! What a document says about counting.

use interlock_json::Decimal;

use super::Mode;
use crate::path::Path;
use crate::window::{Align, Window};
use crate::zone::Zone;

/// `rate_limit`: so many calls in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimit {
    /// The most calls, a whole number.
    pub max: Decimal,
    /// `window`
    pub window: Window,
    /// `scope`; `None` is the grant's.
    pub scope: Option<Vec<Scope>>,
    /// `align`; `None` is sliding.
    pub align: Option<Align>,
    /// `timezone`: where the calendar's days begin; `None` is UTC.
    pub timezone: Option<Zone>,
    /// `refund`; `None` keeps.
    pub refund: Option<Refund>,
}

/// `state`: a counter that the rule's own conditions bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// `counter`
    pub counter: String,
    /// `window`
    pub window: Window,
    /// `increment` or `increment_from`; `None` adds one.
    pub increment: Option<Increment>,
    /// `scope`; `None` is the grant's.
    pub scope: Option<Vec<Scope>>,
    /// `align`; `None` is calendar.
    pub align: Option<Align>,
    /// `timezone`: where the calendar's days begin; `None` is UTC.
    pub timezone: Option<Zone>,
    /// `refund`; `None` keeps.
    pub refund: Option<Refund>,
}

/// What a call adds to a counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Increment {
    /// The same for every call.
    Fixed(Decimal),
    /// An argument's value.
    From(Path),
}

/// One of an entry's `limits`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// `counter`
    pub counter: Option<String>,
    /// `window`
    pub window: Window,
    /// `max`
    pub max: Decimal,
    /// `amount`: the argument that is added; `None` counts calls.
    pub amount: Option<Path>,
    /// `scope`; `None` is the grant's.
    pub scope: Option<Vec<Scope>>,
    /// `align`; `None` is sliding for calls and calendar for amounts.
    pub align: Option<Align>,
    /// `timezone`: where the calendar's days begin; `None` is UTC.
    pub timezone: Option<Zone>,
    /// `refund`; `None` keeps.
    pub refund: Option<Refund>,
    /// `min`: the least amount a call may have.
    pub min: Option<Decimal>,
    /// `mode`
    pub mode: Option<Mode>,
    /// `on_deny`
    pub on_deny: Option<String>,
    /// `shared`: one counter for all servers under this name.
    pub shared: Option<String>,
}

/// Who shares a counter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All calls of one grant.
    Grant,
    /// All calls of one session of a grant.
    Session,
    /// All calls of one tool by a grant.
    Tool,
    /// All calls to the server.
    Server,
    /// All calls.
    Global,
    /// All calls of one grant with the same value of an argument.
    Argument(Path),
}

impl Scope {
    /// The scopes that are words.
    pub const WORDS: [(&'static str, Scope); 5] = [
        ("grant", Scope::Grant),
        ("session", Scope::Session),
        ("tool", Scope::Tool),
        ("server", Scope::Server),
        ("global", Scope::Global),
    ];
}

/// What becomes of what was counted when the call fails; the more is given back, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refund {
    /// It stays counted: what the server did with the call nobody knows.
    Keep,
    /// It is given back where the server answers with an error of the protocol. A result that says it is an error stays
    /// counted: the tool has run.
    OnProtocolError,
    /// It is given back where the server answers with either.
    OnError,
}

impl Refund {
    /// The words for them.
    pub(crate) const WORDS: [(&'static str, Refund); 3] = [
        ("keep", Refund::Keep),
        ("on_protocol_error", Refund::OnProtocolError),
        ("on_error", Refund::OnError),
    ];
}

/// `spend`: budgets of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spend {
    /// `amount`
    pub amount: SpendAmount,
    /// `per_call`: the most that one call may spend.
    pub per_call: Option<Decimal>,
    /// `daily`: the most in a day of the calendar.
    pub daily: Option<Decimal>,
    /// `monthly`: the most in a month of the calendar.
    pub monthly: Option<Decimal>,
    /// `currency`: what is counted in; `None` is the document's `spend_currency`.
    pub currency: Option<String>,
    /// `currency_from`: the argument that names the call's currency.
    pub currency_from: Option<Path>,
    /// `scope`; `None` is the grant's.
    pub scope: Option<Vec<Scope>>,
    /// `timezone`: where the calendar's days begin; `None` is UTC.
    pub timezone: Option<Zone>,
    /// `refund`; `None` keeps.
    pub refund: Option<Refund>,
}

/// What a call spends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpendAmount {
    /// The value of an argument.
    Argument(Path),
    /// What the server's payment challenge asked for, where the call carries a payment.
    Challenge,
}
