//! What a file of tests says.

use interlock_json::Decimal;
use interlock_policy::{Section, Verdict};

use crate::rehearsal::Caller;
use crate::rehearsal::call::CallText;

/// A whole file.
#[derive(Debug)]
pub(crate) struct TestFile {
    /// The server's policy; left out, it is the file beside this one.
    pub(crate) policy: Option<String>,
    /// The grant's policy, if one applies as well.
    pub(crate) grant_policy: Option<String>,
    pub(crate) cases: Vec<Case>,
}

/// Calls with what is expected of them, on a ledger of their own.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) setting: Setting,
    pub(crate) lists: Vec<ListExpectation>,
    pub(crate) steps: Vec<Step>,
}

/// What a case is set in.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) caller: Caller,
    /// When it begins, unix milliseconds.
    pub(crate) clock_ms: i64,
    pub(crate) tools: Option<ToolSource>,
    /// What counters hold at the beginning.
    pub(crate) counters: Vec<(String, Decimal)>,
}

/// Where the server's tool list is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum ToolSource {
    /// In a file, beside the tests.
    File(String),
    /// Here, as JSON.
    Inline(String),
}

/// A name that lists show, or do not.
#[derive(Debug)]
pub(crate) struct ListExpectation {
    pub(crate) section: Section,
    pub(crate) name: String,
    pub(crate) visible: bool,
    pub(crate) line: usize,
}

/// One call, made once or several times, or a look at the counters.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) line: usize,
    pub(crate) at: Option<At>,
    pub(crate) call: Option<CallText>,
    pub(crate) repeat: u32,
    pub(crate) expect: Expect,
}

/// When a step takes place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum At {
    /// So many milliseconds after the step before.
    Later(i64),
    /// Unix milliseconds.
    Moment(i64),
}

/// What is expected of a call; what is left out may be anything.
#[derive(Debug, Default)]
pub(crate) struct Expect {
    pub(crate) verdict: Option<Verdict>,
    pub(crate) reason: Option<ReasonExpectation>,
    pub(crate) rule: Option<String>,
    pub(crate) retry_after_ms: Option<i64>,
    /// The rules that would have objected in shadow mode, all of them.
    pub(crate) shadow: Option<Vec<String>>,
    /// What counters hold afterwards.
    pub(crate) counters: Vec<(String, Decimal)>,
}

/// What a reason is.
#[derive(Debug)]
pub(crate) enum ReasonExpectation {
    /// This text.
    Is(String),
    /// A text with this in it.
    Contains(String),
}
