//! The policy of a server that has none yet, from what its tools can do.

use std::fmt::Write as _;

use interlock_catalog::{Category, Severity};

use crate::configured::asked::{Offer, Offered};

/// A policy that permits reading, limits what changes things, and has a person agree to what cannot be undone.
pub(super) fn recommended(server: &str, offer: &Offer) -> String {
    let mut out = String::new();
    let _infallible = write!(
        out,
        "# Written by `interlock init` for {}. It is yours: change it, and calls are decided by the\n\
         # new version within a moment. `interlock check` finds mistakes in it.\n\
         version: \"1\"\ndefault: deny\n",
        one_line(server)
    );
    if offer.tools.is_empty() {
        out.push_str("tools: {}\n");
        return out;
    }
    out.push_str("tools:\n");
    let mut tools: Vec<&Offered> = offer.tools.iter().collect();
    tools.sort_by(|one, other| {
        let order = |tool: &Offered| tool.judgement.category;
        order(one).cmp(&order(other)).then_with(|| one.definition.tool.cmp(&other.definition.tool))
    });
    tools.dedup_by(|one, other| one.definition.tool == other.definition.tool);
    for group in tools.chunk_by(|one, other| one.judgement.category == other.judgement.category) {
        let Some(first) = group.first() else { continue };
        let _infallible = writeln!(out, "  # {}", heading(first.judgement.category));
        for tool in group {
            let _infallible = writeln!(out, "  {}: {}", quoted(&tool.definition.tool), entry(tool));
        }
    }
    out
}

const fn heading(category: Category) -> &'static str {
    match category {
        Category::Read => "They return information and change nothing.",
        Category::Write => "They create or change what another call can put right.",
        Category::Execute => "They start work elsewhere: jobs, code, messages.",
        Category::Destructive => "They delete, or cannot be undone: a person agrees to each call.",
        Category::Financial => "They move or commit money: a person agrees to each call.",
    }
}

fn entry(tool: &Offered) -> &'static str {
    match (tool.judgement.category, tool.judgement.severity) {
        (Category::Read, Severity::Low | Severity::Medium) => "{}",
        (Category::Read, _) => "{ rules: [{ rate_limit: 60/minute }] }",
        (Category::Write, _) => "{ rules: [{ rate_limit: 30/hour }] }",
        (Category::Execute, _) => "{ rules: [{ rate_limit: 10/minute, validate: { required_args: true } }] }",
        (Category::Destructive | Category::Financial, _) => {
            "{ rules: [{ action: require_approval }, { validate: { required_args: true } }] }"
        }
    }
}

fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(plain);
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    if is_word && !reserved.contains(&name.to_ascii_lowercase().as_str()) {
        return name.to_owned();
    }
    serde_json::Value::from(name).to_string()
}

fn one_line(text: &str) -> String {
    crate::terminal::escaped(text).replace('\n', " ")
}
