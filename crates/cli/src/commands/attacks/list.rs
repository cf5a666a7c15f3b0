//! `interlock attacks list`.

use clap::{Args, ValueEnum};
use interlock_catalog::attacks::{Access, AttackCategory, Pattern};
use interlock_catalog::{Category, classify::RiskKind};
use serde::Serialize;

use crate::args::Format;
use crate::attacks::patterns;
use crate::exit::Exit;
use crate::terminal::{self, table::table};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock attacks list
  interlock attacks list --category data --wide
  interlock attacks list --format json | jq -r '.[].id'")]
pub(crate) struct ListArgs {
    /// Only those of this category
    #[arg(long, value_enum, value_name = "CATEGORY")]
    category: Option<CategoryName>,
    /// Show what each takes of a tool, too
    #[arg(long)]
    wide: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The categories as they are typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum CategoryName {
    Protocol,
    Definition,
    AgentBehaviour,
    SupplyChain,
    Data,
}

/// A line of the list.
#[derive(Serialize)]
struct Row<'p> {
    id: &'p str,
    name: &'p str,
    category: AttackCategory,
    access: &'p Access,
    control: &'p str,
}

pub(crate) fn run(args: &ListArgs) -> anyhow::Result<Exit> {
    let mut patterns = patterns()?;
    if let Some(category) = args.category {
        patterns.retain(|pattern| pattern.category == category.into());
    }
    match args.format {
        Format::Json => terminal::json(&patterns.iter().map(row).collect::<Vec<_>>())?,
        Format::Text => {
            let header = ["ID", "NAME", "CATEGORY", "NEEDS"];
            let shown = if args.wide { header.len() } else { header.len() - 1 };
            let rows = patterns.iter().map(|pattern| {
                let category = pattern.category.to_string();
                let mut row =
                    vec![pattern.id.clone(), pattern.name.clone(), category, needs(&pattern.access)];
                row.truncate(shown);
                row
            });
            terminal::line(&table(header.get(..shown).unwrap_or(&header), rows))?;
        }
    }
    Ok(Exit::Yes)
}

fn row(pattern: &Pattern) -> Row<'_> {
    Row {
        id: &pattern.id,
        name: &pattern.name,
        category: pattern.category,
        access: &pattern.access,
        control: &pattern.control.what,
    }
}

/// What a tool must give for it, in words.
pub(crate) fn needs(access: &Access) -> String {
    let categories: Vec<String> = access.categories.iter().map(|one: &Category| format!("{one:?}")).collect();
    let risks: Vec<String> = access.risks.iter().map(|one: &RiskKind| words(*one)).collect();
    match (categories.is_empty(), risks.is_empty()) {
        (true, true) => "nothing of a tool".to_owned(),
        (false, true) => categories.join(" or "),
        (true, false) => risks.join(" or "),
        (false, false) => format!("{} with {}", categories.join(" or "), risks.join(" or ")),
    }
}

/// `free code` of `free_code`, as tools' pages and rows call it.
fn words(risk: RiskKind) -> String {
    let name = serde_json::to_value(risk).ok();
    let name = name.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    name.replace('_', " ")
}

impl From<CategoryName> for AttackCategory {
    fn from(name: CategoryName) -> Self {
        match name {
            CategoryName::Protocol => Self::Protocol,
            CategoryName::Definition => Self::Definition,
            CategoryName::AgentBehaviour => Self::AgentBehaviour,
            CategoryName::SupplyChain => Self::SupplyChain,
            CategoryName::Data => Self::Data,
        }
    }
}
