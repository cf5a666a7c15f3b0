//! `interlock catalog build`: a site of pages about the tools of many servers, to be read and searched without a server.
//!
//! ```text
//! input ──► buckets (on disk, by server) ──► workers: judge, and render what has changed ──► catalogue: lists, search
//!                                                        │                                        │
//!                                                        └──────────► folder and manifest ◄───────┘
//! ```
//!
//! No more of the definitions than a bucket for each worker is in memory at once.

mod attacks;
mod buckets;
mod folder;
mod input;
mod manifest;
mod workers;

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use interlock_site::Frame;
use serde::Serialize;

use crate::args::Format;
use crate::exit::Exit;
use crate::terminal;

use attacks::Attacks;
use buckets::Buckets;
use folder::Folder;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock catalog build -o site definitions.jsonl
  interlock catalog build -o site --date 2026-11-22 dumps/
  zstd -dc registry.jsonl.zst | interlock catalog build -o site -

Definitions are JSON lines: {\"server\": …, \"tool\": …, \"description\": …, \"inputSchema\": …, \"annotations\": …}; or a list \
as `interlock tools` writes it. All but `tool` (or `name`) may be absent; without `server` it is the file's name. A folder stands for the `.jsonl` files in it. A line that is no \
definition is told on standard error with its file and number, and the others are built all the same.

The same definitions give the same files. Built again into the same folder, only servers that have changed are rendered, and \
the pages of those that are gone are removed; `site.manifest` in the folder says which files are the site's, and no other file \
is removed.

Exit codes: 0 all of it was built, 1 some lines were left out, 2 it could not be built.")]
pub(crate) struct BuildArgs {
    /// The folder of the site: a new or empty one, or one that was built before
    #[arg(short = 'o', long = "output", value_name = "DIR")]
    output: PathBuf,
    /// Files with definitions, folders of such files, or `-` for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    inputs: Vec<PathBuf>,
    /// The day as of which the catalogue stands (YYYY-MM-DD), for the foot of each page
    #[arg(long, value_name = "DATE")]
    date: Option<jiff::civil::Date>,
    /// How the summary is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What was done.
#[derive(Debug, Default, Serialize)]
struct Summary {
    servers: usize,
    tools: usize,
    servers_rendered: usize,
    servers_unchanged: usize,
    servers_removed: usize,
    files_written: usize,
    files_removed: usize,
    lines_left_out: usize,
}

pub(crate) fn run(args: &BuildArgs) -> anyhow::Result<Exit> {
    let says = Says { to_terminal: std::io::stderr().is_terminal() };
    let folder = Folder::open(&args.output)?;
    let buckets = Buckets::new(&folder)?;
    let mut left_out = input::read(&args.inputs, &buckets, &says)?;
    let frame = Frame { date: args.date.map(|date| date.to_string()) };
    let attacks = Attacks::built_in()?;
    let built = workers::build(&folder, &buckets, &frame, &attacks, &says)?;
    drop(buckets);
    left_out += built.left_out;
    let mut summary = Summary {
        servers: built.catalogue.servers(),
        tools: built.catalogue.tools(),
        servers_rendered: built.rendered,
        servers_unchanged: built.unchanged,
        lines_left_out: left_out,
        ..Summary::default()
    };
    says.on(|| "writing lists and the index of the search".to_owned());
    let mut site = folder.pages_of_all();
    built.catalogue.pages(&frame, attacks.pages(), &mut site)?;
    let finished =
        folder.finish(site).context("the site is built, but what was there before is not put in order")?;
    summary.servers_removed = finished.servers_removed;
    summary.files_removed = finished.files_removed;
    summary.files_written = finished.files_written;
    match args.format {
        Format::Json => terminal::json(&summary)?,
        Format::Text => terminal::line(&summary.text(&args.output))?,
    }
    Ok(if left_out == 0 { Exit::Yes } else { Exit::No })
}

impl Summary {
    fn text(&self, output: &std::path::Path) -> String {
        let mut text = format!(
            "{} with {} in `{}`: {} rendered, {} unchanged, {} removed; {} written, {} removed",
            things(self.servers, "server"),
            things(self.tools, "tool"),
            terminal::escaped(&output.display().to_string()),
            self.servers_rendered,
            self.servers_unchanged,
            self.servers_removed,
            things(self.files_written, "file"),
            self.files_removed,
        );
        if self.lines_left_out > 0 {
            text.push_str(&format!("\n{} left out", things(self.lines_left_out, "line")));
        }
        text
    }
}

fn things(number: usize, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

/// Says how far it has come, to whoever sits before it.
struct Says {
    to_terminal: bool,
}

impl Says {
    fn on(&self, text: impl FnOnce() -> String) {
        if self.to_terminal {
            terminal::progress(&text());
        }
    }
}
