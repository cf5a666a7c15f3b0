//! `cargo xtask count`: which words the labelled tools have that turned out to be dangerous.
//!
//! It writes the table that `interlock_catalog::classify` weighs words by. Labelled tools are definitions as JSON lines
//! with one more member, `category`, by `catalogue/labels/rubric.md`. They are not part of the repository: most are
//! texts of publishers who have not been asked, and of all of them the counts are what is needed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use interlock_catalog::Definition;
use interlock_catalog::classify::{Part, words_of};

const TABLE: &str = "crates/catalog/src/classify/counts/counts.tsv";

/// A word that fewer servers have is the name of something, and would make a rule of one server.
const SERVERS: usize = 3;

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  cargo xtask count labelled.jsonl\n\nA line: {\"server\", \"tool\", \"description\", \
    \"inputSchema\", \"category\"}"
)]
pub(crate) struct Options {
    /// Labelled definitions, as JSON lines
    #[arg(required = true)]
    labelled: Vec<PathBuf>,
}

/// What is counted of a word.
#[derive(Default)]
struct Seen {
    servers: BTreeSet<String>,
    tools: u32,
    dangerous: u32,
}

#[derive(Default)]
struct Counting {
    /// The part that each server of `catalogue/definitions` is in.
    split: BTreeMap<String, String>,
    /// Servers and tools that have been counted.
    counted: BTreeSet<(String, String)>,
    tools: u32,
    dangerous: u32,
    words: BTreeMap<(Part, String), Seen>,
}

pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    let split =
        fs::read_to_string(root.join("catalogue/definitions/split.json")).context("read the split")?;
    let mut counting = Counting { split: serde_json::from_str(&split)?, ..Counting::default() };
    for file in &options.labelled {
        let lines = fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
        for line in lines.lines() {
            let definition = Definition::read(line).with_context(|| format!("a definition: {line}"))?;
            counting.add(&definition)?;
        }
    }
    fs::write(root.join(TABLE), counting.table()).with_context(|| format!("write {TABLE}"))?;
    println!("{} tools, {} of them dangerous; {TABLE} is written", counting.tools, counting.dangerous);
    Ok(true)
}

impl Counting {
    fn add(&mut self, definition: &Definition) -> Result<()> {
        let part = self.split.get(&definition.server);
        ensure!(
            part.is_none_or(|part| part != "held-out"),
            "`{}` is held out: nothing may be counted of it",
            definition.server
        );
        let label = definition.rest.get("category").and_then(serde_json::Value::as_str).unwrap_or_default();
        let dangerous = match label {
            "Execute" | "Destructive" | "Financial" => 1,
            "Read" | "Write" => 0,
            "Unclear" => return Ok(()),
            other => anyhow::bail!(
                "`{}` has the category `{other}`, which the rubric does not know",
                definition.tool
            ),
        };
        let tool = (definition.server.clone(), definition.tool.clone());
        ensure!(self.counted.insert(tool), "`{}` of `{}` is there twice", definition.tool, definition.server);
        self.tools += 1;
        self.dangerous += dangerous;
        for word in words_of(definition) {
            let seen = self.words.entry(word).or_default();
            seen.servers.insert(definition.server.clone());
            seen.tools += 1;
            seen.dangerous += dangerous;
        }
        Ok(())
    }

    fn table(&self) -> String {
        let mut table = format!("all\t\t{}\t{}\n", self.tools, self.dangerous);
        for ((part, word), seen) in &self.words {
            if seen.servers.len() >= SERVERS {
                let _ = writeln!(table, "{part}\t{word}\t{}\t{}", seen.tools, seen.dangerous);
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled(server: &str, tool: &str, category: &str) -> Definition {
        let line = format!(r#"{{"server": "{server}", "tool": "{tool}", "category": "{category}"}}"#);
        Definition::read(&line).expect("a definition")
    }

    #[test]
    fn a_word_counts_that_several_servers_have() {
        let mut counting = Counting::default();
        for (server, tool, category) in [
            ("a", "blink_lamp", "Execute"),
            ("b", "lamp_state", "Read"),
            ("c", "lamp_gone", "Unclear"),
            ("c", "lamp_remove", "Destructive"),
            ("c", "blink_screen", "Write"),
        ] {
            counting.add(&labelled(server, tool, category)).expect("a known category");
        }
        assert_eq!(counting.table(), "all\t\t4\t2\nname\tlamp\t3\t2\n");
        assert!(counting.add(&labelled("a", "other", "Harmless")).is_err());
    }

    #[test]
    fn nothing_is_counted_of_servers_that_judge() {
        let split =
            [("a", "held-out"), ("b", "sample")].map(|(server, part)| (server.to_owned(), part.to_owned()));
        let mut counting = Counting { split: split.into(), ..Counting::default() };
        let refused = counting.add(&labelled("a", "get", "Read")).expect_err("held out");
        assert!(refused.to_string().contains("held out"), "{refused}");
        for server in ["b", "c"] {
            counting.add(&labelled(server, "get", "Read")).expect("not held out");
        }
        assert_eq!(counting.tools, 2);
    }
}
