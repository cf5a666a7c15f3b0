//! `interlock diff`: which calls two policies decide differently.

mod json;
mod text;

use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, ValueEnum};
use interlock_policy::{Difference, Effort, diff};

use crate::args::Format;
use crate::exit::Exit;
use crate::input;
use crate::rehearsal::policies::Policies;
use crate::terminal;

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  interlock diff old.yaml new.yaml
  interlock diff --tools tools.json old.yaml new.yaml
  interlock diff --grant-policy grant.yaml old.yaml new.yaml
  interlock diff --fail-on widen --format json old.yaml new.yaml
  interlock diff --fail-on widen <(git show main:policy.yaml) policy.yaml

Every call that is shown was judged by both policies. What cannot be seen into, such as expressions and schemas, \
is told as `may differ` where it could make a difference that no call showed.

Exit codes: 0 no difference (of the kind that --fail-on names), 1 there is one or may be one, 2 a file could not be read or has \
mistakes.")]
pub(crate) struct DiffArgs {
    /// The policy as it was (YAML or JSON)
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The policy as it is to be
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// The grant's policy, in force beside both
    #[arg(long, value_name = "FILE", conflicts_with = "server_policy")]
    grant_policy: Option<PathBuf>,
    /// The server's policy, in force beside both: OLD and NEW are the grant's
    #[arg(long, value_name = "FILE")]
    server_policy: Option<PathBuf>,
    /// The server's tool list: the answer to `tools/list`, or its `tools`; no other tools are compared then
    #[arg(long, value_name = "FILE")]
    tools: Option<PathBuf>,
    /// Which differences end with 1; what may differ always does
    #[arg(long, value_enum, value_name = "WHICH", default_value_t)]
    fail_on: FailOn,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Which differences are a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum FailOn {
    /// Every difference
    #[default]
    Any,
    /// More is let through, or shown, than before
    Widen,
}

/// Compares the policies and tells the difference.
pub(crate) fn run(args: &DiffArgs) -> anyhow::Result<Exit> {
    let tools = args.tools.as_deref().map(input::tools).transpose()?;
    let [old, new] = [stack(args, &args.old)?, stack(args, &args.new)?];
    let found = diff(&old.stack(), &new.stack(), tools.as_ref(), Effort::default());
    let places = [old.places(), new.places()];
    match args.format {
        Format::Text => terminal::write_out(text::text(&found, &places).as_bytes())?,
        Format::Json => terminal::line(&json::json(&found, &places)?)?,
    }
    Ok(if fails(args.fail_on, &found) { Exit::No } else { Exit::Yes })
}

/// The policies that are in force together with one of the two.
fn stack(args: &DiffArgs, compared: &Path) -> anyhow::Result<Policies> {
    match &args.server_policy {
        Some(server) => Policies::load(server, Some(compared)),
        None => Policies::load(compared, args.grant_policy.as_deref()),
    }
}

fn fails(on: FailOn, found: &Difference) -> bool {
    match on {
        FailOn::Any => !found.is_empty(),
        FailOn::Widen => found.may_widen(),
    }
}
