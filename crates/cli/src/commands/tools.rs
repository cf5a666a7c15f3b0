//! `interlock tools`: what a server lists, for comparing policies with it.

use std::io::IsTerminal;

use anyhow::Context;
use interlock_gateway::transport::child::StandardError;
use interlock_gateway::{Listing, Progress};
use interlock_policy::ToolList;

use super::run::{named, reached};
use crate::args::ToolsArgs;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::terminal;
use crate::tool_listing::Asking;

/// Reaches the server and prints its tools.
pub(crate) fn run(args: &ToolsArgs) -> anyhow::Result<Exit> {
    let settings = match args.reached.url {
        Some(_) => Settings::load(None)?,
        None => Settings::default(),
    };
    let server = reached(&args.reached, &settings)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the event loop")?;
    let said = !args.quiet && std::io::stderr().is_terminal();
    let progress = |progress| {
        if said {
            terminal::progress(&words(&progress));
        }
    };
    let name = named(&server, &args.reached.command);
    let asking =
        Asking { name: &name, settings: &settings, patience: args.timeout, errors: StandardError::Shared };
    let listing = runtime.block_on(asking.list(server, progress))?;
    let text = document(&listing);
    // What is printed must be of use to the commands that read it.
    let list = ToolList::read(&text).context("the server's list cannot be used")?;
    match args.names {
        false => terminal::line(&text)?,
        true => {
            let names: Vec<String> =
                list.tools().map(|(name, _)| terminal::escaped(name).replace('\n', "\\n")).collect();
            terminal::line(&names.join("\n"))?;
        }
    }
    Ok(Exit::Yes)
}

fn words(progress: &Progress) -> String {
    match progress {
        Progress::Started => "started the server".to_owned(),
        Progress::Greeted => "the server answers; reading its tools".to_owned(),
        Progress::Page { tools } => format!("{tools} tools so far"),
    }
}

/// Every tool on a line of its own, byte for byte as the server wrote it.
fn document(listing: &Listing) -> String {
    if listing.tools.is_empty() {
        return "{\"tools\": []}".to_owned();
    }
    format!("{{\"tools\": [\n{}\n]}}", listing.tools.join(",\n"))
}
