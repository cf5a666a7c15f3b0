//! Calls that a person decides about.

mod details;

pub use details::{Definition, Details};
