//! `interlock init`: finds the MCP configurations on this machine and puts a policy in front of every server in them.

mod applied;
mod diff;
mod plan;
mod report;
mod rules;
mod screen;
mod undo;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use interlock_clients::Undoing;

use crate::args::{Format, name};
use crate::configured::known::{configuration_folder, journal_folder};
use crate::configured::{ClientName, Survey, asked, known};
use crate::exit::Exit;
use crate::settings::Settings;
use crate::terminal;
use plan::{Choices, Plan};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock init
  interlock init --dry-run
  interlock init --project --client claude-code
  interlock init --yes --client cursor --client claude-desktop
  interlock init --yes --policies ./policies --format json
  interlock init --undo --dry-run
  interlock init --undo

Looked at are the configurations of Claude Desktop, Claude Code, Cursor, VS Code, Windsurf, Cline, Gemini CLI, Codex, Zed \
and Continue in your home. The files of a project (`.mcp.json`, `.cursor/mcp.json` and others in the present folder) are \
looked at with --project alone: what they say is run, and whoever made the folder wrote them. Each server is started or reached and asked \
for its tools; one that does not answer is told and left as it is. Each of the others gets a policy, and its entry runs \
`interlock run` in front of it. Nothing else of a configuration changes.

Before anything is written you see what would change and are asked. Without a terminal nothing is written unless --yes is \
given. A policy that is there already is used as it is. Copies of what was there are kept, and --undo puts every byte back; \
in a file that was changed since, every entry that still runs through Interlock as it was written, and nothing else. \
What cannot be put back by itself is told; --force puts the whole file back, after a copy of it. Policies that were edited stay.

Exit codes: 0 done, or nothing to do, 1 not done (not agreed to, or --undo left something), 2 it could not be done.")]
pub(crate) struct InitArgs {
    /// Look at this client's configurations alone; may be given several times
    #[arg(long = "client", value_name = "NAME", value_enum)]
    clients: Vec<ClientName>,
    /// Also the files of the project in the present folder: what they say is run
    #[arg(long, conflicts_with = "undo")]
    project: bool,
    /// Where policies go [default: interlock/policies in the user's configuration directory]
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// The grant on whose behalf these clients call
    #[arg(long, value_name = "NAME", default_value = "local", value_parser = name)]
    grant: String,
    /// How long a server may take for one answer, such as 30s or 2m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = crate::when::span)]
    timeout: Duration,
    /// Do it without asking
    #[arg(short, long, conflicts_with_all = ["dry_run", "undo"])]
    yes: bool,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Put back what was there before
    #[arg(long, conflicts_with_all = ["clients", "policies"])]
    undo: bool,
    /// With --undo: the whole file, after a copy of it, where not all of it can be put back entry by entry
    #[arg(long, requires = "undo")]
    force: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What is done with a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Apply,
    /// It was to be shown only.
    Shown,
    /// Nobody could be asked.
    Unasked,
    /// Somebody was asked and did not agree.
    Declined,
    /// There is nothing to do.
    Nothing,
}

pub(crate) fn run(args: &InitArgs) -> anyhow::Result<Exit> {
    let survey = Survey::here()?;
    let journal = journal_folder()?;
    if args.undo {
        let how = Undoing { force: args.force, dry_run: args.dry_run };
        return undo::run(&survey, &journal, how, args.format);
    }
    let plan = planned(args, &survey)?;
    if args.format == Format::Text {
        screen::show(&plan, &survey, args.project)?;
    }
    let decision = decided(args, &plan)?;
    let applied = match decision {
        Decision::Apply => Some(applied::apply(&plan, &journal)?),
        _ => None,
    };
    match args.format {
        Format::Text => screen::end(&plan, decision, applied.as_ref(), &survey)?,
        Format::Json => terminal::json(&report::report(&plan, applied.as_ref()))?,
    }
    let failed = applied.is_some_and(|applied| !applied.failed.is_empty());
    Ok(match decision {
        Decision::Apply if failed => Exit::No,
        Decision::Apply | Decision::Shown | Decision::Nothing => Exit::Yes,
        Decision::Unasked | Decision::Declined => Exit::No,
    })
}

fn planned(args: &InitArgs, survey: &Survey) -> anyhow::Result<Plan> {
    // What a server is called depends on those of all clients.
    let all = survey.configurations(&[], args.project);
    let earlier = known::earlier()?;
    let known = known::known(&all, &earlier);
    let taken = known.iter().filter_map(|known| known.policy.clone());
    let taken = taken.chain(earlier.into_iter().map(|(_, policy)| policy)).collect();
    let (configurations, known) = known::restricted(all, known, |found| found.is_of(&args.clients));
    let servers = plan::questions(survey, &configurations, &known);
    let said = std::io::stderr().is_terminal();
    let settings = Arc::new(Settings::load(None)?);
    let answers = asked::ask(servers, &settings, args.timeout, said)?;
    let policies = match &args.policies {
        Some(folder) => std::path::absolute(folder).context("cannot tell the current folder")?,
        None => configuration_folder()?.join("policies"),
    };
    let choices = Choices { program: program()?, grant: args.grant.clone(), policies, taken };
    Ok(plan::plan(configurations, known, answers, &choices))
}

fn decided(args: &InitArgs, plan: &Plan) -> anyhow::Result<Decision> {
    if plan.changes.is_empty() {
        return Ok(Decision::Nothing);
    }
    if args.dry_run {
        return Ok(Decision::Shown);
    }
    if args.yes {
        return Ok(Decision::Apply);
    }
    let can_be_asked =
        args.format == Format::Text && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !can_be_asked {
        return Ok(Decision::Unasked);
    }
    let answer = terminal::asked(&screen::question(plan)).context("cannot read the answer")?;
    let agreed = matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes");
    Ok(if agreed { Decision::Apply } else { Decision::Declined })
}

/// This program by a path that stays: the one on the PATH where it is this very program, for that may be a link that
/// leads to the next version one day.
fn program() -> anyhow::Result<String> {
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    let same = |path: &PathBuf| path.canonicalize().ok() == own.canonicalize().ok() && path.is_absolute();
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let name = own.file_name().unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join(name)).find(same);
    let path = found.unwrap_or(own);
    let text = path
        .to_str()
        .with_context(|| format!("`{}` is not text, as a configuration needs it", path.display()))?;
    Ok(text.to_owned())
}
