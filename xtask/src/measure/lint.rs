//! `cargo xtask measure lint`: the text lint over published texts of attacks and of harmless tools, and over real definitions.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use clap::Args;
use interlock_catalog::{Definition, lint};
use serde::Deserialize;
use serde_json::json;

use super::data;
use super::share::Share;

const PARTS: [&str; 2] = ["development", "unseen"];

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Also print the texts of the development part that are missed or flagged wrongly, and the flagged definitions of
    /// servers of the sample. Other texts are never printed
    #[arg(long)]
    show: bool,
}

/// One published text.
#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    source: String,
    surface: String,
    label: String,
    tool: Option<String>,
    text: String,
}

/// What the lint makes of the texts of one source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Figures {
    /// Attacks that are found, of all attacks.
    recall: Share,
    /// Attacks, of all that is flagged.
    precision: Share,
    /// Harmless texts that are flagged, of all harmless texts.
    false_alarms: Share,
    /// Flagged texts of tools whose code or name attacks and whose text does not say so. They count nowhere else.
    not_in_text: Share,
}

/// All that is measured.
#[derive(Debug, Default)]
struct Measured {
    /// By part and source; the source `all` is their sum.
    texts: BTreeMap<(&'static str, String), Figures>,
    /// Flagged real definitions, by part of their split; the part `all` is their sum.
    real: BTreeMap<String, Share>,
}

pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    let measured = measure(root, options.show)?;
    println!(
        "{:<12} {:<36} {:<34} {:<34} {:<30} not in the text",
        "texts", "source", "recall", "precision", "false alarms"
    );
    for ((part, source), figures) in &measured.texts {
        let Figures { recall, precision, false_alarms, not_in_text } = figures;
        let [recall, precision, false_alarms] = [recall, precision, false_alarms].map(ToString::to_string);
        println!("{part:<12} {source:<36} {recall:<34} {precision:<34} {false_alarms:<30} {not_in_text}");
    }
    println!("\nreal definitions flagged");
    for (part, flagged) in &measured.real {
        println!("{part:<12} {flagged}");
    }
    Ok(true)
}

fn measure(root: &Path, show: bool) -> Result<Measured> {
    let mut measured = Measured::default();
    for part in PARTS {
        let path = root.join(format!("catalogue/lint/{part}.jsonl"));
        let rows = fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
        for line in rows.lines() {
            let row: Row =
                serde_json::from_str(line).with_context(|| format!("a text of the {part} part"))?;
            let found = lint::lint(&row.definition()?);
            if show
                && part == "development"
                && row.is_attack().is_some_and(|attack| attack == found.is_empty())
            {
                println!("{} {} {}\n    {:?}", row.label, row.source, row.text.escape_debug(), found);
            }
            for source in [row.source.as_str(), "all"] {
                let figures = measured.texts.entry((part, source.to_owned())).or_default();
                figures.count(row.is_attack(), !found.is_empty());
            }
        }
    }
    for (part, definition) in data::definitions(root)? {
        let found = lint::lint(&definition);
        if show && part == "sample" && !found.is_empty() {
            println!("sample {} {}", definition.server, definition.tool);
            found.iter().for_each(|finding| println!("    {finding}"));
        }
        for part in [part.as_str(), "all"] {
            measured.real.entry(part.to_owned()).or_default().count(!found.is_empty());
        }
    }
    Ok(measured)
}

impl Row {
    /// Whether the text attacks. It says neither where only the code or the name of the tool does.
    fn is_attack(&self) -> Option<bool> {
        match self.label.as_str() {
            "attack" => Some(true),
            "benign" => Some(false),
            _ => None,
        }
    }

    /// The definition that has the text: a tool's own description as it is; what was said elsewhere is put behind a description's
    /// first sentence, or into that of a parameter, which its id decides.
    fn definition(&self) -> Result<Definition> {
        let tool = self.tool.as_deref().unwrap_or("list_records");
        let definition = if self.surface == "tool_description" {
            json!({ "name": tool, "description": self.text })
        } else if self.id.bytes().next().is_some_and(|first| first % 2 == 0) {
            json!({ "name": tool, "description": format!("Lists the records of a table. {}", self.text) })
        } else {
            let parameter = json!({ "type": "string", "description": format!("The table. {}", self.text) });
            json!({ "name": tool, "description": "Lists the records.", "inputSchema": { "properties": { "table": parameter } } })
        };
        Ok(Definition::read(&definition.to_string())?)
    }
}

impl Figures {
    fn count(&mut self, is_attack: Option<bool>, flagged: bool) {
        let Some(attack) = is_attack else { return self.not_in_text.count(flagged) };
        if attack {
            self.recall.count(flagged);
        } else {
            self.false_alarms.count(flagged);
        }
        if flagged {
            self.precision.count(attack);
        }
    }
}

#[cfg(test)]
mod tests {
    use interlock_testkit::binaries::workspace_root;

    use super::*;

    /// Recall and precision, rounded down, when the unseen part was counted: see `catalogue/lint/README.md`.
    const DEVELOPMENT: (f64, f64) = (0.92, 0.99);
    const UNSEEN: (f64, f64) = (0.83, 0.98);

    /// A change of the rules may not fall behind what was measured.
    #[test]
    fn the_lint_holds_what_was_measured() {
        let measured = measure(&workspace_root(), false).unwrap();
        let real = measured.real["all"].value().unwrap();
        assert!(real < 0.005, "{real}");
        for (part, recall, precision) in
            [("development", DEVELOPMENT.0, DEVELOPMENT.1), ("unseen", UNSEEN.0, UNSEEN.1)]
        {
            let figures = measured.texts[&(part, "all".to_owned())];
            assert!(figures.recall.value().unwrap() >= recall, "{part}: {}", figures.recall);
            assert!(figures.precision.value().unwrap() >= precision, "{part}: {}", figures.precision);
        }
    }
}
