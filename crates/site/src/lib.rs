//! The pages of a catalogue: what the tools of many servers can do, to be read and searched without a server.
//!
//! ```text
//! Server (definitions, judgements, advice) ─┬─► server_pages: its page, and one for each tool
//!                                           └─► Chapter: what lists and the search know of each tool
//! Chapters ──absorb──► Catalogue ──pages──► overview, lists by category, severity and risk, the search index
//! ```
//!
//! Pages are handed to a [`Sink`] one at a time, so that a catalogue of any size needs little memory: beside what the lists
//! know of each tool, nothing is kept. The crate is pure. The same definitions always give the same bytes, in whatever order
//! they come.
//!
//! A definition is somebody else's text. All of it goes through [`text`], which escapes what HTML would obey, marks what
//! hides, and cuts what is endless; the script of the search sets texts and nothing else.

mod address;
mod answers;
mod attacks;
mod catalogue;
mod facts;
mod lists;
mod overview;
mod parameters;
mod phrases;
mod search;
mod server;
mod text;
mod tool;

use interlock_catalog::{Definition, Judgement};

pub use address::{is_within, of_server as server_folder, slug};
pub use attacks::AttackPage;
pub use catalogue::Catalogue;
pub use facts::Chapter;
pub use server::{MOST_TOOLS, server_pages};

/// Stands for all that decides how a definition becomes a page, but for the definition and its judgement.
pub const EDITION: &[&str] = &[
    env!("CARGO_PKG_VERSION"),
    include_str!("../templates/frame.html"),
    include_str!("../templates/pieces.html"),
    include_str!("../templates/tool.html"),
    include_str!("../templates/server.html"),
    include_str!("../templates/listing.html"),
    include_str!("answers.rs"),
    include_str!("parameters.rs"),
    include_str!("phrases.rs"),
    include_str!("server.rs"),
    include_str!("text.rs"),
    include_str!("tool.rs"),
];

/// What every page says.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// The day as of which the catalogue stands. Without one no page says any, and the same definitions give the same bytes.
    pub date: Option<String>,
}

/// A server and its tools.
#[derive(Debug, Clone)]
pub struct Server<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its tools, each name once.
    pub tools: Vec<Tool<'a>>,
}

/// A tool with what is known of it.
#[derive(Debug, Clone)]
pub struct Tool<'a> {
    /// As its server describes it.
    pub definition: Definition,
    /// What it is taken for.
    pub judgement: Judgement,
    /// The policy that is recommended for it, in YAML.
    pub policy: String,
    /// The attack patterns for which it gives the access.
    pub attacks: Vec<&'a AttackPage>,
}

/// Takes pages as they are made.
pub trait Sink {
    /// Why one was not taken.
    type Error: From<askama::Error>;

    /// Takes a file: its path below the site's folder, with `/` between names, and what is in it.
    ///
    /// # Errors
    /// It cannot be kept.
    fn page(&mut self, path: &str, contents: &str) -> Result<(), Self::Error>;
}

/// Why a page cannot be written.
pub use askama::Error as PageError;

/// What the frame of a page is filled with.
#[derive(Debug, Clone)]
struct Surroundings<'f> {
    root: String,
    date: Option<&'f str>,
}

impl Frame {
    fn of(&self, path: &str) -> Surroundings<'_> {
        Surroundings { root: address::back(path), date: self.date.as_deref() }
    }
}
