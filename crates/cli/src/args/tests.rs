//! `docs/commands.md` has a section for every command, with a table that is made from the command's definition.
//! `INTERLOCK_WRITE_DOCS=1 cargo nextest run -p interlock reference` writes the tables. The examples of `--help` are commands
//! that exist.

use std::path::Path;

use clap::{Arg, ArgAction, Command, CommandFactory, Parser as _};

use super::Args;

/// Every command that does something, by its whole name.
fn commands(command: &Command, name: &str, found: &mut Vec<(String, Command)>) {
    let subcommands: Vec<_> =
        command.get_subcommands().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set()).collect();
    if subcommands.is_empty() {
        found.push((name.to_owned(), command.clone()));
    }
    for sub in subcommands {
        commands(sub, &format!("{name} {}", sub.get_name()), found);
    }
}

/// What stands in the place of a table without rows.
const NO_OPTIONS: &str = "It takes no options.";

fn table(command: &Command) -> String {
    let shown = |arg: &&Arg| !matches!(arg.get_action(), ArgAction::Help | ArgAction::Version);
    let rows: Vec<String> = command.get_arguments().filter(shown).map(row).collect();
    if rows.is_empty() {
        return NO_OPTIONS.to_owned();
    }
    format!("| option | meaning |\n|---|---|\n{}", rows.join("\n"))
}

fn row(arg: &Arg) -> String {
    let takes = arg.get_action().takes_values();
    let value = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
    let value = value.unwrap_or_else(|| arg.get_id().as_str().to_uppercase());
    let long =
        arg.get_long().map(|long| if takes { format!("`--{long} {value}`") } else { format!("`--{long}`") });
    let aliases = arg.get_visible_aliases().unwrap_or_default();
    let names: Vec<String> = (arg.get_short().map(|short| format!("`-{short}`")).into_iter())
        .chain(long)
        .chain(aliases.into_iter().map(|alias| format!("`--{alias}`")))
        .collect();
    let names = if names.is_empty() { format!("`{value}`") } else { names.join(", ") };
    let mut meaning = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let words: Vec<String> = (arg.get_possible_values().iter())
        .filter(|value| takes && !value.is_hide_set())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if !words.is_empty() {
        meaning.push_str(&format!(": {}", words.join(", ")));
    }
    if let Some(default) = arg.get_default_values().first().filter(|_| takes) {
        meaning.push_str(&format!(" (default: `{}`)", default.display()));
    }
    if arg.is_required_set() {
        meaning.push_str(" (required)");
    }
    format!("| {names} | {meaning} |")
}

/// The page with the first table of each command's section replaced.
fn written(page: &str, commands: &[(String, Command)]) -> String {
    let mut out = String::new();
    for section in page.split_inclusive('\n').collect::<Vec<_>>().chunk_by(|_, line| !line.starts_with("## "))
    {
        let heading = section.first().copied().unwrap_or_default();
        let command = commands.iter().find(|(name, _)| heading.trim_end() == format!("## `{name}`"));
        let Some((_, command)) = command else {
            out.extend(section.iter().copied());
            continue;
        };
        let is_row = |line: &&str| line.starts_with('|') || line.trim_end() == NO_OPTIONS;
        let begin = section.iter().take_while(|line| !is_row(line)).count();
        let end = begin + section.iter().skip(begin).take_while(|line| is_row(line)).count();
        out.extend(section.iter().take(begin).copied());
        out.push_str(&table(command));
        out.push('\n');
        out.extend(section.iter().skip(end).copied());
    }
    out
}

#[test]
fn the_reference_says_what_the_commands_take() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/commands.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let mut all = Vec::new();
    commands(&Args::command(), "interlock", &mut all);
    for (name, _) in &all {
        assert!(page.contains(&format!("\n## `{name}`\n")), "docs/commands.md has no section `{name}`");
    }
    let headings = page.lines().filter(|line| line.starts_with("## `interlock")).count();
    assert_eq!(headings, all.len(), "docs/commands.md has a section of a command that does not exist");
    let written = written(&page, &all);
    if std::env::var_os("INTERLOCK_WRITE_DOCS").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    assert!(page == written, "docs/commands.md is stale; this file says how to write its tables");
}

/// The commands of an example: what stands between pipes, without what a shell does with their output.
fn examples(help: &str) -> Vec<String> {
    let lines = help.lines().filter_map(|line| line.strip_prefix("  "));
    let commands = lines.flat_map(|line| line.split(" | ")).filter(|line| line.starts_with("interlock "));
    commands
        .map(|line| {
            let line = line.split(" > ").next().unwrap_or(line);
            line.split(" < ").next().unwrap_or(line).to_owned()
        })
        .collect()
}

/// The words of a line, as a shell splits it; what `<(…)` gives is a file.
fn words(line: &str) -> Vec<String> {
    let (before, after) = line.split_once("<(").unwrap_or((line, ""));
    let rest = after.split_once(')').map_or(String::new(), |(_, rest)| format!("FILE{rest}"));
    let line = format!("{before}{rest}");
    let mut words = Vec::new();
    for (index, part) in line.split('\'').enumerate() {
        match index % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

#[test]
fn every_command_has_examples_that_it_understands() {
    let mut all = Vec::new();
    commands(&Args::command(), "interlock", &mut all);
    for (name, command) in &all {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = examples(&help);
        let own = examples.iter().any(|line| line.starts_with(&format!("{name} ")) || line == name);
        assert!(own, "`{name} --help` has no example of it");
        for line in examples {
            if let Err(error) = Args::try_parse_from(words(&line)) {
                panic!("`{name} --help` has the example `{line}`: {error}");
            }
        }
    }
}
