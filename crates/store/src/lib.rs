//! Where counters and instances are kept: the traits and the embedded backend.
//!
//! [`Counters`] keeps what limits count, [`Timekeeping`] puts the time right that they count by,
//! [`Instances`] knows which gateways run, [`Tokens`] what callers and operators show, [`Servers`] which servers were
//! registered, [`Credentials`] what servers are shown, sealed, [`Pins`] which definitions of tools are trusted, [`Approvals`] what people were asked and decided, and
//! [`Announcements`] what of that others are still to be told.
//! [`Embedded`] keeps all in one SQLite database in the data directory, for any number of processes on one machine at
//! once.

mod announcements;
mod approvals;
mod counters;
mod credentials;
mod embedded;
mod error;
mod instances;
mod pins;
mod servers;
mod timekeeping;
mod tokens;

pub use announcements::{Announcement, Announcements, Claim, Claimed, Event, PutOff, Target};
pub use approvals::{
    Approval, Approvals, Asked, Asker, Changed, Opinion, Outdated, Patience, Question, Standing, Taken, Told,
    Which,
};
pub use counters::{
    Cause, Change, CounterRef, CounterStatus, Counters, Exhausted, Failure, Need, Refund, Reservation,
    ReservationId, ReserveAnswer, ReserveRequest, Settle,
};
pub use credentials::{CredentialEntry, Credentials, Resealed};
pub use embedded::{AdminTokens, ClockSource, Durability, Embedded, InMemory, Options, SystemClock};
pub use error::StoreError;
pub use instances::{Instance, Instances};
pub use interlock_meter::{Align, Bound, Jump, Now, Reading, Refused, Window, Zone};
pub use pins::{
    AcceptOutcome, Acceptance, Accepted, DefinitionDigest, Observed, Offer, Pin, PinChange, PinState, Pins,
    PinsOfServer, Seen, Waiting,
};
pub use servers::{ServerEntry, Servers};
pub use timekeeping::{Dates, Reclocked, Timekeeping};
pub use tokens::{Revoked, TokenEntry, TokenKind, Tokens};

/// An answer that comes later, from wherever the store does its work.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
