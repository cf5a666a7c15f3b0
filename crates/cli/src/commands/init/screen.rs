//! What people see of a plan: configurations, what agents can call, and every line that would change.

use std::fmt::Write as _;

use similar::TextDiff;

use super::Decision;
use super::applied::Applied;
use super::plan::{Fate, FileChange, Plan, Planned};
use super::report::words;
use crate::configured::{NOT_LOOKED_AT, Read, Survey};
use crate::terminal;
use crate::terminal::table::table;

/// Tools of one server that are named; the others are counted.
const MOST_NAMED: usize = 5;
/// Lines around a change that are shown.
const AROUND: usize = 2;

const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const BOLD: &str = "\u{1b}[1m";
const RESET: &str = "\u{1b}[0m";

/// Shows the plan.
pub(super) fn show(plan: &Plan, survey: &Survey) -> anyhow::Result<()> {
    let mut out = String::new();
    if plan.configurations.is_empty() {
        out.push_str("no configuration of an MCP client was found in your home or in the present folder\n");
        return terminal::write_out(out.as_bytes());
    }
    let _infallible = writeln!(out, "{BOLD}Configurations{RESET}\n{}\n", entries(plan, survey));
    if !plan.servers.is_empty() {
        let _infallible = writeln!(out, "{BOLD}What agents can call{RESET}");
        plan.servers.iter().for_each(|server| offered(server, &mut out));
        out.push('\n');
    }
    for change in &plan.changes {
        let file = plan.file(change.configuration).map(|file| survey.shown(&file.path)).unwrap_or_default();
        let _infallible =
            writeln!(out, "{BOLD}{}{RESET}\n{}", terminal::escaped(&file), coloured(&diff(change)));
    }
    if !plan.policies.is_empty() {
        let _infallible = writeln!(out, "{BOLD}Policies that would be written{RESET}");
        for policy in &plan.policies {
            let _infallible = writeln!(out, "  {}", terminal::escaped(&survey.shown(&policy.path)));
        }
    }
    terminal::write_out(out.as_bytes())
}

/// A row for each entry, and one for each file that cannot be read.
fn entries(plan: &Plan, survey: &Survey) -> String {
    let mut rows = Vec::new();
    for (configuration, fates) in plan.configurations.iter().zip(&plan.fates) {
        let (client, file) = (configuration.place.client.title(), survey.shown(&configuration.place.path));
        match &configuration.read {
            Err(why) => rows.push({
                let state = if why == NOT_LOOKED_AT { why.clone() } else { format!("left: {why}") };
                vec![client.to_owned(), file, "-".to_owned(), state]
            }),
            Ok(Read { servers, .. }) if servers.is_empty() => {
                rows.push(vec![client.to_owned(), file, "-".to_owned(), "no servers".to_owned()]);
            }
            Ok(Read { servers, .. }) => {
                rows.extend(servers.iter().zip(fates).map(|(server, fate)| {
                    vec![client.to_owned(), file.clone(), server.name.replace('\n', " "), fate_in_words(fate)]
                }));
            }
        }
    }
    table(&["CLIENT", "FILE", "SERVER", "STATE"], rows)
}

fn fate_in_words(fate: &Fate) -> String {
    match words(fate) {
        ("wrap", _) => "to be put behind Interlock".to_owned(),
        ("wrapped", _) => "behind Interlock".to_owned(),
        (word, why) => why.map_or(word.to_owned(), |why| format!("{word}: {}", why.replace('\n', " "))),
    }
}

fn offered(server: &Planned, out: &mut String) {
    let name = terminal::escaped(&server.known.name);
    let offer = match &server.offer {
        Ok(offer) => offer,
        Err(why) => {
            let why = terminal::escaped(why).replace('\n', " ");
            let _infallible = writeln!(out, "  {name}: not known, for it does not answer: {why}");
            return;
        }
    };
    let counts: Vec<String> =
        offer.counts().iter().map(|(category, count)| format!("{count} {category:?}")).collect();
    let counts = if counts.is_empty() { "no tools".to_owned() } else { counts.join(", ") };
    let _infallible = writeln!(out, "  {name}: {counts}");
    let worst = offer.worst();
    for tool in worst.iter().take(MOST_NAMED) {
        let judgement = &tool.judgement;
        let severity = format!("{:?}", judgement.severity).to_lowercase();
        let tool = terminal::escaped(&tool.definition.tool).replace('\n', " ");
        let _infallible = writeln!(out, "    {tool}  {:?}, {severity}", judgement.category);
    }
    if worst.len() > MOST_NAMED {
        let _infallible = writeln!(out, "    and {} more that can do harm", worst.len() - MOST_NAMED);
    }
}

/// The lines that change, as `diff -u` has them, without secrets.
pub(super) fn diff(change: &FileChange) -> String {
    let (before, after) = &change.shown;
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    diff.unified_diff().context_radius(AROUND).missing_newline_hint(false).to_string()
}

fn coloured(diff: &str) -> String {
    let mut out = String::new();
    for line in diff.lines() {
        let colour = match line.chars().next() {
            Some('+') => GREEN,
            Some('-') => RED,
            _ => "",
        };
        let line = terminal::escaped(line.trim_end_matches('\r'));
        let end = if colour.is_empty() { "" } else { RESET };
        let _infallible = writeln!(out, "{colour}{line}{end}");
    }
    out
}

/// What is asked.
pub(super) fn question(plan: &Plan) -> String {
    let policies = match plan.policies.len() {
        0 => String::new(),
        count => format!("Write {} and c", counted(count, "policy", "policies")),
    };
    let change = if policies.is_empty() { "C" } else { &policies };
    format!("\n{change}hange {}? [y/N] ", counted(plan.changes.len(), "configuration", "configurations"))
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// What was done, or how to have it done.
pub(super) fn end(
    plan: &Plan,
    decision: Decision,
    applied: Option<&Applied>,
    survey: &Survey,
) -> anyhow::Result<()> {
    match (decision, applied) {
        (Decision::Nothing, _) if plan.configurations.is_empty() => Ok(()),
        (Decision::Nothing, _) => terminal::line("nothing to change"),
        (Decision::Shown, _) => terminal::line("\nnothing was changed"),
        (Decision::Declined, _) => terminal::line("nothing was changed"),
        (Decision::Unasked, _) => terminal::line(
            "\nnothing was changed, for there is no terminal to ask at; `interlock init --yes` does it without asking",
        ),
        (Decision::Apply, applied) => {
            let mut out = String::new();
            for (file, why) in applied.map(|applied| applied.failed.as_slice()).unwrap_or_default() {
                let _infallible = writeln!(out, "{}: {}", survey.shown(file), why);
            }
            let changed = applied.map_or(0, |applied| applied.changed.len());
            let written = applied.map_or(0, |applied| applied.policies.len());
            let _infallible = writeln!(
                out,
                "wrote {} and changed {}; start the clients anew\n\
                 `interlock inventory` shows who may call what, `interlock init --undo` puts everything back",
                counted(written, "policy", "policies"),
                counted(changed, "configuration", "configurations"),
            );
            terminal::write_out(terminal::escaped(&out).as_bytes())
        }
    }
}
