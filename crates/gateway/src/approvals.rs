//! Calls that a person decides about: what is asked, who waits for the answer, and what it lets through.
//!
//! A call that a rule asks about is not made. It becomes a question in the store, which names it by everything that
//! matters of it ([`Exact`]); the call waits here for a while, and where somebody has approved it by then it is judged
//! anew, by the policies of that moment, and takes the approval: once, and only for that very call.

pub mod arguments;
mod asking;
mod at_client;
mod details;
pub(crate) mod elicitation;
mod exact;
mod people;
mod settings;
pub mod shown;

pub(crate) use asking::{Answered, Asking, Asks, Granted, nobody};
pub use details::{Definition, Details};
pub(crate) use exact::Exact;
pub(crate) use people::People;
pub use people::TakingOver;
pub(crate) use settings::Settings;
