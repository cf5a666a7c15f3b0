//! What people see of a plan: configurations, what agents can call, and every line that would change.

use std::fmt::Write as _;

use super::Decision;
use super::applied::Applied;
use super::diff::{coloured, diff};
use super::plan::{Fate, Plan, Planned};
use super::report::words;
use super::rules::Rules;
use crate::configured::asked::{at_length, in_short};
use crate::configured::{NOT_LOOKED_AT, Read, Survey};
use crate::terminal;
use crate::terminal::table::table;

/// Tools of one server that are named; the others are counted.
const MOST_NAMED: usize = 5;
/// Tools of one kind that a policy's line names.
const MOST_IN_LINE: usize = 8;

const BOLD: &str = "\u{1b}[1m";
const RESET: &str = "\u{1b}[0m";

/// Shows the plan.
pub(super) fn show(plan: &Plan, survey: &Survey, with_project: bool) -> anyhow::Result<()> {
    let mut out = String::new();
    if plan.configurations.is_empty() {
        out.push_str("no configuration of an MCP client was found in your home");
        out.push_str(match with_project {
            true => " or in the present folder\n",
            false => "; `--project` looks at the files of the present folder, too\n",
        });
        return terminal::write_out(out.as_bytes());
    }
    let _infallible = writeln!(out, "{BOLD}Configurations{RESET}\n{}\n", entries(plan, survey));
    if !plan.servers.is_empty() {
        let _infallible = writeln!(out, "{BOLD}What agents can call{RESET}");
        plan.servers.iter().for_each(|server| offered(plan, server, survey, &mut out));
        out.push('\n');
    }
    for change in &plan.changes {
        let file = plan.file(change.configuration).map(|file| survey.shown(&file.path)).unwrap_or_default();
        let _infallible =
            writeln!(out, "{BOLD}{}{RESET}\n{}", terminal::escaped(&file), coloured(&diff(plan, change)));
    }
    let is_new =
        |server: &&Planned| plan.policies.iter().any(|new| Some(&new.path) == server.policy.as_ref());
    let wrapped = plan.servers.iter().filter(|server| plan.is_wrapped(server));
    let (new, used): (Vec<&Planned>, Vec<&Planned>) = wrapped.partition(is_new);
    for (title, servers) in
        [("Policies that would be written", new), ("Policies that are there, and are used as they are", used)]
    {
        if !servers.is_empty() {
            let _infallible = writeln!(out, "{BOLD}{title}{RESET}");
            servers.iter().for_each(|server| policy(plan, server, survey, &mut out));
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
                    let name = survey.entry(&configuration.place, server);
                    vec![client.to_owned(), file.clone(), name, fate_in_words(fate)]
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
        (word, why) => why.map_or(word.to_owned(), |why| format!("{word}: {}", in_short(why))),
    }
}

/// What a server is called where it is configured, and what Interlock calls it.
fn title(plan: &Plan, server: &Planned, survey: &Survey) -> String {
    let called = server.known.called(survey, &plan.configurations);
    terminal::escaped(&called).replace('\n', " ")
}

fn offered(plan: &Plan, server: &Planned, survey: &Survey, out: &mut String) {
    let title = title(plan, server, survey);
    let offer = match &server.offer {
        Ok(offer) => offer,
        Err(why) => {
            let why = at_length(why, "    ");
            let _infallible = writeln!(out, "  {title}: not known, for it does not answer: {why}");
            return;
        }
    };
    let counts: Vec<String> =
        offer.counts().iter().map(|(category, count)| format!("{count} {category:?}")).collect();
    let counts = if counts.is_empty() { "no tools".to_owned() } else { counts.join(", ") };
    let _infallible = writeln!(out, "  {title}: {counts}");
    let worst = offer.worst();
    let named: Vec<(String, String)> = (worst.iter().take(MOST_NAMED))
        .map(|tool| {
            let severity = format!("{:?}", tool.judgement.severity).to_lowercase();
            (one_line(&tool.definition.tool), format!("{:?}, {severity}", tool.judgement.category))
        })
        .collect();
    let width = named.iter().map(|(tool, _)| tool.chars().count()).max().unwrap_or_default();
    for (tool, risk) in &named {
        let _infallible = writeln!(out, "    {tool:width$}  {risk}");
    }
    if worst.len() > MOST_NAMED {
        let _infallible = writeln!(out, "    and {} more that can do harm", worst.len() - MOST_NAMED);
    }
}

/// A policy, and what it says of the tools.
fn policy(plan: &Plan, server: &Planned, survey: &Survey, out: &mut String) {
    let file = server.policy.as_ref().map(|path| survey.shown(path)).unwrap_or_default();
    let (file, name) = (one_line(&file), one_line(&server.known.name));
    let _infallible = writeln!(out, "  {file}\n    for {}, as server `{name}`", title(plan, server, survey));
    let Some(Rules { allowed, limited, asking, denied, conditional }) = plan.rules(server) else { return };
    let groups = [("allowed", allowed), ("limited", limited), ("ask a person", asking), ("denied", denied)];
    for (word, tools) in groups.iter().filter(|(_, tools)| !tools.is_empty()) {
        let mut names: Vec<String> = tools.iter().take(MOST_IN_LINE).map(|tool| one_line(tool)).collect();
        if tools.len() > MOST_IN_LINE {
            names.push(format!("and {} more", tools.len() - MOST_IN_LINE));
        }
        let _infallible = writeln!(out, "    {:>4} {word:12}  {}", tools.len(), names.join(", "));
    }
    if conditional > 0 {
        let _infallible =
            writeln!(out, "    of {conditional} that are allowed or limited the arguments count, too");
    }
}

fn one_line(text: &str) -> String {
    terminal::escaped(text).replace('\n', " ")
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
            if plan.asking() > 0 {
                let _infallible = writeln!(
                    out,
                    "calls of {} wait until a person decides: keep `interlock approvals watch` open in a terminal, or \
                     `interlock approvals serve` for pages in a browser",
                    counted(plan.asking(), "tool", "tools"),
                );
            }
            terminal::write_out(terminal::escaped(&out).as_bytes())
        }
    }
}
