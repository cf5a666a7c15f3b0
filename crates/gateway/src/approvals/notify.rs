//! Telling others of calls that wait for a person: what is announced waits in the store, is taken by one process at a
//! time, and sent to the webhook that the policy names.

mod book;
mod card;
mod delivery;
mod message;
mod signature;
mod slack;
mod teams;
mod webhook;

pub(crate) use book::Webhooks;
pub(crate) use delivery::Announcer;
pub(crate) use message::Places;
pub use webhook::{Webhook, WebhookError};
