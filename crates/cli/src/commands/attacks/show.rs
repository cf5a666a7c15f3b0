//! `interlock attacks show`.

use clap::Args;
use interlock_catalog::attacks::Pattern;

use super::list::needs;
use super::parts;
use crate::args::Format;
use crate::attacks::{named, patterns};
use crate::exit::Exit;
use crate::terminal;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock attacks show rug-pull
  interlock attacks show path-escape --format json | jq -r '.control.policies[]'")]
pub(crate) struct ShowArgs {
    /// The pattern, as `list` shows it
    id: String,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(args: &ShowArgs) -> anyhow::Result<Exit> {
    let patterns = patterns()?;
    let pattern = named(&patterns, &args.id)?;
    match args.format {
        Format::Json => terminal::json(pattern)?,
        Format::Text => terminal::line(&text(pattern))?,
    }
    Ok(Exit::Yes)
}

fn text(pattern: &Pattern) -> String {
    let case = &pattern.case;
    let mut out = format!("{} ({})\n\n", pattern.name, pattern.category);
    let mut part = |title: &str, text: &str| {
        out.push_str(&format!("{title}\n{}\n\n", indented(text)));
    };
    part("What happens", &pattern.happens);
    part("A real case", &format!("{}\n{} ({})\n{}", case.what.trim(), case.title, case.date, case.url));
    part("What it needs", &needs(&pattern.access));
    part("What stops it", &pattern.control.what);
    for (server, policy) in &pattern.control.policies {
        part(&format!("The policy for `{server}`"), policy);
    }
    if let Some(settings) = &pattern.control.settings {
        part("The settings", settings);
    }
    part("What that leaves", &pattern.control.leaves);
    if let Some(recommended) = &pattern.control.recommended {
        part("What the policy that `scan` recommends lets through", recommended);
    }
    let references = pattern.references.by_framework();
    let references: Vec<String> = references
        .map(|(framework, identifiers)| format!("{framework}: {}", identifiers.join(", ")))
        .collect();
    part("What others call it", &references.join("\n"));
    let harm = pattern.scenario.harm.iter();
    let harm = harm.map(|harm| format!("- {}, which is stopped by {}", harm.what, parts(&harm.stopped_by)));
    part("What its scenario shows", &harm.collect::<Vec<_>>().join("\n"));
    out.push_str(&format!("Play it with `interlock attacks run {}`", pattern.id));
    terminal::escaped(&out)
}

/// The lines, each two columns further in.
fn indented(text: &str) -> String {
    let line = |line: &str| if line.is_empty() { String::new() } else { format!("  {line}") };
    text.trim_end().lines().map(line).collect::<Vec<_>>().join("\n")
}
