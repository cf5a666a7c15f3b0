//! `interlock catalog`: definitions of many servers as JSON lines, judged without asking any server.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use interlock_catalog::Definition;

use crate::exit::Exit;
use crate::{definitions, terminal};

mod build;
mod classify;
mod lint;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock catalog classify definitions.jsonl
  interlock catalog lint --format text tools.json
  interlock catalog build -o site definitions.jsonl

Definitions are JSON lines: {\"server\": …, \"tool\": …, \"description\": …, \"inputSchema\": …, \"annotations\": …}; or a \
list as `interlock tools` writes it, or its answer to `tools/list`. All but `tool` (or `name`) may be absent.")]
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

/// Where definitions are read from.
#[derive(Debug, Args)]
struct InputArgs {
    /// Files with definitions, folders of such files, or `-` for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    inputs: Vec<PathBuf>,
}

impl InputArgs {
    /// Hands on each definition. What is none is told with its file and line; whether there was no such place.
    fn each_definition(
        &self,
        mut take: impl FnMut(Definition) -> anyhow::Result<()>,
    ) -> anyhow::Result<bool> {
        let mut all = true;
        definitions::each(&self.inputs, &mut |found| {
            let read_as = |text| Definition::read(text).map_err(|error| error.to_string());
            match found.tool.and_then(read_as) {
                Ok(mut definition) => {
                    if definition.server.is_empty() {
                        found.server.unwrap_or_default().clone_into(&mut definition.server);
                    }
                    take(definition)
                }
                Err(why) => {
                    terminal::note(&format!("{}:{}: {why}", found.source, found.line));
                    all = false;
                    Ok(())
                }
            }
        })?;
        Ok(all)
    }
}
