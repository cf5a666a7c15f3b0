//! `interlock catalog classify`: a judgement for each definition, a line for each.

use std::io::{BufWriter, Write, stdout};

use clap::Args;
use interlock_catalog::{Judgement, classify};
use serde::Serialize;

use super::InputArgs;
use crate::exit::Exit;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock catalog classify definitions.jsonl
  interlock catalog classify definitions.jsonl | jq -r 'select(.category == \"Destructive\") | .tool'

One line is written for each definition, with `server`, `tool`, `category` (Read, Write, Execute, Destructive, Financial), \
`severity` (low, medium, high, critical), `confidence` (low, medium, high), `evidence` and `risks`. What is no \
definition is told on standard error with its file and line, and the others are judged all the same.

Exit codes: 0 every definition was judged, 1 some were not, 2 it could not be done.")]
pub(crate) struct ClassifyArgs {
    #[command(flatten)]
    input: InputArgs,
}

/// One line of the answer.
#[derive(Serialize)]
struct Line<'l> {
    server: &'l str,
    tool: &'l str,
    #[serde(flatten)]
    judgement: Judgement,
}

pub(crate) fn run(args: &ClassifyArgs) -> anyhow::Result<Exit> {
    let mut out = BufWriter::new(stdout().lock());
    let all = args.input.each_definition(|definition| {
        let judgement = classify(&definition);
        let line = Line { server: &definition.server, tool: &definition.tool, judgement };
        serde_json::to_writer(&mut out, &line)?;
        Ok(out.write_all(b"\n")?)
    })?;
    out.flush()?;
    Ok(if all { Exit::Yes } else { Exit::No })
}
