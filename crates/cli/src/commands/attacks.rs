//! `interlock attacks`: the database of attack patterns.

use clap::{Args, Subcommand};
use interlock_catalog::attacks::Part;

use crate::attacks::fixture::{self, FixtureArgs};
use crate::exit::Exit;

mod list;
mod run;
mod show;

pub(crate) use list::needs;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock attacks list
  interlock attacks show rug-pull
  interlock attacks run destructive-autonomy
  interlock attacks run --all

Each pattern has a real case with its source, what an agent needs for it, what stops it, and a scenario that is played with \
real processes on this machine, in a folder of its own. Nothing else is reached or changed.")]
pub(crate) struct AttacksArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the patterns
    List(list::ListArgs),
    /// Show all of one pattern, with the policy that stops it
    Show(show::ShowArgs),
    /// Play scenarios without what stops them, with it and with all but it, and show what reached the servers
    Run(run::RunArgs),
    /// The server of a scenario
    #[command(hide = true)]
    Fixture(FixtureArgs),
}

/// Parts of a control, as files and commands write them.
pub(crate) fn parts(parts: &[Part]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| format!("`{part}`")).collect();
    parts.join(" and ")
}

pub(crate) fn run(args: &AttacksArgs) -> anyhow::Result<Exit> {
    match &args.command {
        Command::List(list) => list::run(list),
        Command::Show(show) => show::run(show),
        Command::Run(run) => run::run(run),
        Command::Fixture(fixture) => fixture::run(fixture),
    }
}
