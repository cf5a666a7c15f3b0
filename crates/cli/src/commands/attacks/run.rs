//! `interlock attacks run`.

use std::io::IsTerminal as _;

use anyhow::Context;
use clap::Args;

use crate::args::Format;
use crate::attacks::play::{Played, Run, Seen, With, play};
use crate::attacks::{named, patterns};
use crate::commands::attacks::parts;
use crate::exit::Exit;
use crate::terminal;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock attacks run destructive-autonomy
  interlock attacks run rug-pull tool-poisoning
  interlock attacks run --all --format json

Each scenario is played without what stops the attack, with it, and with all of it but the part that is said to stop the harm, \
which has to come back. What the policy that `scan` recommends for the same tools lets through is shown as well. A server that \
records what reaches it, a gateway and an agent that has been fooled are processes of this machine, in a folder that is removed \
afterwards.

Exit codes: 0 each attack did harm without the control, none with it and harm again without the part that stops it, and what \
is harmless arrived, 1 one did not come out so, 2 one could not be played.")]
pub(crate) struct RunArgs {
    /// The patterns, as `list` shows them
    #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "ID")]
    ids: Vec<String>,
    /// All of them
    #[arg(long)]
    all: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Do not say on standard error how far it has come
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) fn run(args: &RunArgs) -> anyhow::Result<Exit> {
    let patterns = patterns()?;
    let chosen = match args.all {
        true => patterns.iter().collect(),
        false => args.ids.iter().map(|id| named(&patterns, id)).collect::<anyhow::Result<Vec<_>>>()?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the event loop")?;
    let said = !args.quiet && std::io::stderr().is_terminal();
    let (mut all, mut exit) = (Vec::new(), Exit::Yes);
    for (index, pattern) in chosen.iter().enumerate() {
        if said {
            terminal::progress(&format!("{} of {}: {}", index + 1, chosen.len(), pattern.id));
        }
        let played = match runtime.block_on(play(pattern)) {
            Ok(played) => played,
            Err(error) => {
                terminal::error(&error);
                exit = Exit::Failed;
                continue;
            }
        };
        if !played.stopped && exit == Exit::Yes {
            exit = Exit::No;
        }
        match args.format {
            Format::Text => terminal::line(&text(&played))?,
            Format::Json => all.push(played),
        }
    }
    if args.format == Format::Json {
        terminal::json(&all)?;
    }
    Ok(exit)
}

fn text(played: &Played) -> String {
    let mut out = format!("{}: {}\n", played.id, played.name);
    for run in [&played.without, &played.with].into_iter().chain(&played.proofs).chain([&played.recommended])
    {
        out.push_str(&of_run(run));
    }
    let verdict = match played.stopped {
        true => {
            "stopped by what is said to stop it: no harm with it, harm without it, and what is harmless arrived"
        }
        false => "NOT AS IT SHOULD BE: look at what arrived above",
    };
    out.push_str(&format!("  {verdict}\n"));
    terminal::escaped(&out)
}

fn of_run(run: &Run) -> String {
    let mut out = match run.with {
        With::Nothing => "  without: the agent speaks to the server itself\n".to_owned(),
        With::CarelessPolicy => "  without: a gateway whose policy does not help\n".to_owned(),
        With::Control => "  with the control\n".to_owned(),
        With::ControlTakenOut => format!("  with the control, but not {}\n", parts(&run.taken_out)),
        With::PermissivePolicy => "  with a gateway alone, whose policy permits everything\n".to_owned(),
        With::RecommendedPolicy => "  with the policy that `scan` recommends for these tools\n".to_owned(),
    };
    for harm in &run.harm {
        out.push_str(&line(if harm.happened() { "HARM" } else { "none" }, harm));
    }
    for harmless in &run.harmless {
        out.push_str(&line(if harmless.happened() { "ok" } else { "MISSING" }, harmless));
    }
    for refusal in &run.refusals {
        out.push_str(&format!("    told  {}\n", refusal.replace('\n', " ")));
    }
    out
}

/// What reached a server, and how often.
fn line(sign: &str, seen: &Seen) -> String {
    let mut out = format!("    {sign:<5} {}: {} reached `{}`\n", seen.what, seen.arrived, seen.server);
    for example in &seen.examples {
        out.push_str(&format!("          {}\n", example.replace('\n', " ")));
    }
    out
}
