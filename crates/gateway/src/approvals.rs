//! Calls that a person decides about: what is asked, who waits for the answer, and what it lets through.
//!
//! A call that a rule asks about is not made. It becomes a question in the store, which names it by everything that
//! matters of it ([`Exact`]); the call waits here for a while, and where somebody has approved it by then it is judged
//! anew, by the policies of that moment, and takes the approval: once, and only for that very call.

mod account;
mod approvers;
pub mod arguments;
mod asking;
mod at_client;
mod desk;
mod details;
pub(crate) mod elicitation;
mod exact;
mod link;
mod notify;
mod people;
mod report;
mod risk;
mod settings;
mod sheet;
pub mod shown;

pub use account::Account;
pub use approvers::{Approvers, NotNamed};
pub(crate) use asking::{Answered, Asking, Asks, Granted, Waiter, never_the_same, nobody, nobodys};
pub use desk::{Book, Decided, DecisionDesk, LONGEST_REASON, Looked, NotDecided, Saying, reason};
pub use details::{Definition, Details};
pub(crate) use exact::Exact;
pub use link::{DecisionLink, NotALink};
pub(crate) use notify::{Announcer, Places, Webhooks};
pub use notify::{Webhook, WebhookError};
pub(crate) use people::People;
pub use people::TakingOver;
pub(crate) use report::standing;
pub use report::{Report, Said, Summary, details, subject, word, yes};
pub(crate) use settings::Settings;
pub use sheet::{Marked, Row, Sheet, length};
