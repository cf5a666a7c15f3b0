//! Servers that misbehave, the traffic that goes from server to client, and how a run ends.

mod cancelling;
mod capabilities;
mod definitions;
mod dying;
mod ending;
mod input;
mod misbehaving;
mod other_sections;
mod questions;
mod schemas;
mod subscriptions;
