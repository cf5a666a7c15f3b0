//! Where MCP clients keep their servers, and how a configuration is rewired.
//!
//! ```text
//! Surroundings ──places──► Place ──open──► ConfigFile ──servers──► Server ──rewire──► the file's new text
//!                                                                                     └─ journal: backups, undo
//! ```
//!
//! A file is read as its client reads it, and changed in nothing but the values that have to change: every comment,
//! blank and other byte stays. Values of variables and headers are secrets: nothing here prints or logs them, and what
//! is shown to people goes through [`masked`].

mod client;
mod expand;
mod file;
mod format;
mod journal;
mod mask;
mod node;
mod places;
mod rewire;
mod server;

pub use client::Client;
pub use expand::{Known, NotKnown, expand};
pub use file::{ConfigFile, FileError, MOST_BYTES, WriteError, digest, open, replace};
pub use format::{Format, SyntaxError};
pub use journal::undo::{Kept, Restored, Undoing, Undone};
pub use journal::{Change, Journal, JournalError, Made, Named, Wiring};
pub use mask::{masked, masked_line, secrets_of};
pub use places::{Place, Scope, Surroundings, System, places};
pub use rewire::unwire::{EntryKept, EntryUndone, Unwired, Wired, unwire};
pub use rewire::{RewireError, Rewiring, Wrapping, rewire};
pub use server::{IsOwn, Reached, Server, State, Unreadable, Wrapped, line_of, servers};
