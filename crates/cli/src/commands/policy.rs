//! `interlock policy`: write policies: from another dialect, in one format, with an editor's help.

mod fmt;
mod import;
mod schema;

pub(crate) use fmt::replace;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use interlock_policy::{Dialect, Syntax};

use crate::exit::Exit;

/// Where a policy's first line tells editors to look for the schema: beside it.
const SCHEMA: &str = "interlock-policy.schema.json";

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock policy import intercept.yaml > policy.yaml
  interlock policy fmt policy.yaml
  interlock policy schema > interlock-policy.schema.json")]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Translate a policy of PolicyLayer Intercept (YAML) or a PolicyLayer grant policy (JSON)
    #[command(after_help = "Examples:
  interlock policy import intercept.yaml > policy.yaml
  interlock policy import --from policylayer -o policy.yaml grant.json

The policy decides as the original did, with every default written out. Where a meaning had to be chosen a comment \
in the policy says so, and standard error lists the choices; those marked `stricter` deny more than the original.

Exit codes: 0 imported, 1 something cannot be kept, 2 a file could not be read or written.")]
    Import(ImportArgs),
    /// Lay policies out in one way; comments, the order of entries and the meaning stay
    #[command(after_help = "Examples:
  interlock policy fmt policy.yaml
  interlock policy fmt --check policies/*.yaml
  interlock policy fmt - < policy.yaml

Exit codes: 0 done, 1 a file is no policy document, or with --check would change, 2 a file could not be read or written.")]
    Fmt(FmtArgs),
    /// Print the JSON Schema of the policy language, for editors
    #[command(after_help = "Examples:
  interlock policy schema > interlock-policy.schema.json

A policy that begins with this line has completion and help in editors that speak YAML:
  # yaml-language-server: $schema=interlock-policy.schema.json")]
    Schema,
}

#[derive(Debug, Args)]
struct ImportArgs {
    /// The policy to translate; `-` reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What it is written in [default: what it looks like]
    #[arg(long, value_enum, value_name = "DIALECT")]
    from: Option<From>,
    /// Write the policy to a new file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Where editors find the schema, for the policy's first line
    #[arg(long, value_name = "PLACE", default_value = SCHEMA, value_parser = one_word)]
    schema: String,
}

#[derive(Debug, Args)]
struct FmtArgs {
    /// Policy files (YAML or JSON); `-` reads standard input and writes standard output
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing; show what would change
    #[arg(long)]
    check: bool,
}

/// A dialect as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum From {
    /// PolicyLayer Intercept: `rules` under each tool
    Intercept,
    /// PolicyLayer grant policies: `require`, `deny_if` and `limits`
    #[value(name = "policylayer")]
    PolicyLayer,
}

impl From {
    fn dialect(self) -> Dialect {
        match self {
            From::Intercept => Dialect::Intercept,
            From::PolicyLayer => Dialect::PolicyLayer,
        }
    }
}

/// The rest of a comment line: it must not end the line.
fn one_word(text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("a path or address without blanks".to_owned());
    }
    Ok(text.to_owned())
}

/// Runs one of the subcommands.
pub(crate) fn run(args: &PolicyArgs) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Import(args) => import::run(args),
        Command::Fmt(args) => fmt::run(args),
        Command::Schema => schema::run(),
    }
}

/// A file's name for messages, and its text.
fn read(file: &Path) -> anyhow::Result<(String, String)> {
    crate::input::read_text(file)
}

/// By the file's name, and for standard input by how the text begins.
fn syntax(name: &str, text: &str) -> Syntax {
    if name == "<stdin>" && text.trim_start().starts_with('{') { Syntax::Json } else { Syntax::of_path(name) }
}
