//! Audit records, their chain, and reading, verifying and querying the log.
//!
//! The log of one running gateway (an *instance*) is one chain of records in `<data>/audit/<instance>/`, cut
//! into numbered segments (`000001.jsonl`, …). A line is `{"leaf":"<hex>","record":{…}}`: `record` is
//! canonical JSON (RFC 8785), `leaf` is the leaf hash of RFC 6962 over exactly those bytes, SHA-256(0x00 ‖
//! record). A record names the leaf of the one before it (`prev`), so that a change, a removal or a swap
//! anywhere is found by [`verify`].
//!
//! Writing: [`Log`], [`Entry`], [`ArgumentPolicy`], [`Flood`]. After a crash: [`recover()`]. Reading:
//! [`query()`], [`show()`], [`Tail`], [`verify()`].

mod arguments;
mod chain;
mod encode;
mod entry;
mod error;
mod fields;
mod filter;
mod flood;
mod head;
mod instance;
mod key;
mod last;
mod leaf;
mod line;
mod log;
mod query;
mod record;
mod recover;
mod seek;
mod shared;
mod show;
mod tail;
#[cfg(test)]
mod testing;
mod timestamp;
mod torn;
mod verify;

pub use arguments::{ArgumentPolicy, Arguments, RedactPath, RedactPathError};
pub use entry::{
    CounterChange, Detail, Entry, Finding, Identity, Intent, Lifecycle, LifecycleKind, Mode, Outcome,
    Refusal, RefusalCategory, Ruling, Settlement, Severity, Status, Subject, Target, Verdict,
};
pub use error::AuditError;
pub use fields::KINDS;
pub use filter::Filter;
pub use flood::{Flood, Fold, Folded};
pub use instance::InstanceId;
pub use key::DigestKey;
pub use leaf::{Leaf, leaf_of};
pub use log::{Durability, Log, Options, Pending, Seq, Staged};
pub use query::{Query, query};
pub use record::{Record, Shadow};
pub use recover::{Recovered, Recovery, recover};
pub use shared::append_shared;
pub use show::{Address, Shown, show};
pub use tail::Tail;
pub use timestamp::{format_ms, format_seconds, parse_ms};
pub use verify::{ChainReport, ChainState, MAX_FINDINGS, Problem, Registered, Report, verify};
