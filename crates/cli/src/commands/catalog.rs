//! `interlock catalog`: definitions of many servers as JSON lines, judged without asking any server.

use clap::{Args, Subcommand};

use crate::exit::Exit;

mod build;
mod classify;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock catalog classify < definitions.jsonl
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
    /// Build a site of pages about tools, servers and risks, with a search, that needs no server
    Build(build::BuildArgs),
}

pub(crate) fn run(args: &CatalogArgs) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Classify(classify) => classify::run(classify),
        Command::Build(build) => build::run(build),
    }
}
