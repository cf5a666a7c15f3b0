//! `interlock catalog lint`: what of each definition somebody should read before an agent does, a line for each.

use std::io::{BufWriter, Write, stdout};

use clap::{Args, ValueEnum};
use interlock_catalog::similar::{LookAlike, look_alikes};
use interlock_catalog::{Definition, Finding, lint};
use serde::Serialize;

use super::InputArgs;
use crate::exit::Exit;
use crate::terminal;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock catalog lint definitions.jsonl
  interlock catalog lint --format text tools.json
  interlock catalog lint --names definitions.jsonl | jq -r 'select(.severity == \"high\")'

One line is written for each definition, with `server`, `tool` and `findings`, each with `kind`, `place`, `excerpt` and `why`. A \
member `instructions` of a line is judged like every other text: so are those of a server. With `--format text` only what \
was found is written. What is no definition is told on standard error with its file and line, and the others are judged all the same.

What is found is advice: a text may be harmless, and one that is not may be worded so that nothing is found.

Exit codes: 0 nothing was found, 1 something was found or something was not read, 2 it could not be done.")]
pub(crate) struct LintArgs {
    #[command(flatten)]
    input: InputArgs,
    /// How to write what is found
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// Also compare the names of all tools: after the definitions, one line for each pair that is taken for one another
    #[arg(long)]
    names: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON lines
    Json,
    /// Text for people
    Text,
}

/// One line of the answer.
#[derive(Serialize)]
struct Line<'l> {
    server: &'l str,
    tool: &'l str,
    findings: Vec<Finding>,
}

pub(crate) fn run(args: &LintArgs) -> anyhow::Result<Exit> {
    let mut out = BufWriter::new(stdout().lock());
    let mut found = false;
    let mut names = Vec::new();
    let all = args.input.each_definition(|definition| {
        let findings = lint::lint(&definition);
        found |= !findings.is_empty();
        let Definition { server, tool, .. } = definition;
        args.format.definition(&mut out, &Line { server: &server, tool: &tool, findings })?;
        if args.names {
            names.push((server, tool));
        }
        Ok(())
    })?;
    for pair in look_alikes(names.iter().map(|(server, tool)| (server.as_str(), tool.as_str()))) {
        args.format.pair(&mut out, &pair)?;
        found = true;
    }
    out.flush()?;
    Ok(if all && !found { Exit::Yes } else { Exit::No })
}

impl Format {
    fn definition(self, out: &mut impl Write, line: &Line<'_>) -> anyhow::Result<()> {
        match self {
            Self::Json => json(out, line)?,
            Self::Text if line.findings.is_empty() => {}
            Self::Text => {
                writeln!(out, "{}", tool(line.server, line.tool))?;
                for finding in &line.findings {
                    writeln!(out, "  {}", terminal::escaped(&finding.to_string()))?;
                }
            }
        }
        Ok(())
    }

    fn pair(self, out: &mut impl Write, pair: &LookAlike<'_>) -> anyhow::Result<()> {
        if self == Self::Json {
            return json(out, pair);
        }
        let [first, second] = [&pair.first, &pair.second].map(|side| {
            side.servers.iter().map(|server| tool(server, side.tool)).collect::<Vec<_>>().join(", ")
        });
        writeln!(out, "names alike ({}): {first} and {second}", pair.likeness)?;
        Ok(())
    }
}

fn json(out: &mut impl Write, line: &impl Serialize) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// A tool as `server/tool`, with nothing in it that a terminal would obey.
fn tool(server: &str, tool: &str) -> String {
    let name = if server.is_empty() { tool.to_owned() } else { format!("{server}/{tool}") };
    terminal::escaped(&name)
}
