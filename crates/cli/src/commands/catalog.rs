//! `interlock catalog`: definitions of many servers as JSON lines, judged without asking any server.

use std::io::{BufRead as _, stdin};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use interlock_catalog::Definition;

use crate::exit::Exit;
use crate::terminal;

mod build;
mod classify;
mod lint;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock catalog classify < definitions.jsonl
  interlock catalog lint --format text < definitions.jsonl
  interlock catalog build -o site definitions.jsonl

Definitions are JSON lines: {\"server\": …, \"tool\": …, \"description\": …, \"inputSchema\": …, \"annotations\": …}. All but \
`tool` may be absent.")]
pub(crate) struct CatalogArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say of each tool what it can do, how bad that can get, and by which words of its definition
    Classify(classify::ClassifyArgs),
    /// Find text in definitions that tries to steer a model, and names that are taken for one another
    Lint(lint::LintArgs),
    /// Build a site of pages about tools, servers and risks, with a search, that needs no server
    Build(build::BuildArgs),
}

pub(crate) fn run(args: &CatalogArgs) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Classify(classify) => classify::run(classify),
        Command::Lint(lint) => lint::run(lint),
        Command::Build(build) => build::run(build),
    }
}

/// Hands on each definition of standard input. A line that is none is told with its number; whether there was no such line.
fn each_definition(mut take: impl FnMut(Definition) -> anyhow::Result<()>) -> anyhow::Result<bool> {
    let mut all = true;
    for (number, line) in stdin().lock().lines().enumerate() {
        let line = line.context("cannot read standard input")?;
        if line.trim().is_empty() {
            continue;
        }
        match Definition::read(&line) {
            Ok(definition) => take(definition)?,
            Err(error) => {
                terminal::note(&format!("line {}: {error}", number + 1));
                all = false;
            }
        }
    }
    Ok(all)
}
