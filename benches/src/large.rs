//! Policies of many rules, to compile.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use interlock_policy::Syntax;

use crate::policies::{self, compiled};

/// How many rules the budget is for.
pub const RULES: usize = 10_000;

/// A document to compile.
#[derive(Debug, Clone)]
pub struct Text {
    /// All of it.
    pub text: String,
    /// Its notation.
    pub syntax: Syntax,
}

/// What the rules are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Each for a tool of its own, with one condition.
    ToolEach,
    /// A thousand for each tool, with one condition.
    FewTools,
    /// Each for a pattern of its own, with one condition.
    GlobEach,
    /// Ten of all kinds for each tool or pattern: conditions, a denial, an approval, hosts, paths, a rate and a budget.
    Mixed,
}

impl Shape {
    /// All of them.
    pub const ALL: [Shape; 4] = [Shape::ToolEach, Shape::FewTools, Shape::GlobEach, Shape::Mixed];

    /// A policy of this shape.
    ///
    /// # Errors
    /// When the policy has mistakes.
    pub fn text(self, rules: usize, syntax: Syntax) -> Result<Text> {
        let yaml = match self {
            Shape::ToolEach => policies::among(rules),
            Shape::FewTools => few_tools(rules),
            Shape::GlobEach => policies::among_globs(rules),
            Shape::Mixed => mixed(rules),
        };
        let text = match syntax {
            Syntax::Yaml => yaml,
            Syntax::Json => compiled(&yaml)?.document().to_json(),
        };
        Ok(Text { text, syntax })
    }
}

fn few_tools(rules: usize) -> String {
    let mut text = HEAD.to_owned();
    for rule in 0..rules {
        if rule % 1_000 == 0 {
            line(&mut text, format_args!("  tool_{}:\n    rules:", rule / 1_000));
        }
        let argument = rule % 50;
        line(
            &mut text,
            format_args!("      - conditions: [{{ path: args.n{argument}, op: lte, value: {rule} }}]"),
        );
    }
    text
}

const HEAD: &str = "version: \"1\"\ndefault: deny\ntools:\n";

/// How many rules an entry of [`mixed`] has.
const TOGETHER: usize = 10;
/// Every so many entries of [`mixed`] are about a pattern.
const GLOB_EVERY: usize = 20;
/// Named lists of [`mixed`], and the values of each.
const LISTS: usize = 20;
const VALUES: usize = 50;

/// Ten rules for each entry, of which every twentieth is about a pattern: three guards (a number and a text; a named
/// list of 50 values; a regular expression over the whole value, every second one a text of its own), one of any and
/// not, one that denies, one that asks for approval, one each for hosts and paths, a rate and a budget with its bound.
/// Every rule has a name, every third a text for the agent.
fn mixed(rules: usize) -> String {
    let mut text =
        "version: \"1\"\ndescription: Ten thousand rules\ndefault: deny\nhide: [\"internal_*\"]\nlists:\n"
            .to_owned();
    for list in 0..LISTS {
        let values: Vec<String> = (0..VALUES).map(|value| format!("bucket-{list}-{value}")).collect();
        line(&mut text, format_args!("  buckets_{list}: [{}]", values.join(", ")));
    }
    text.push_str("tools:\n");
    for entry in 0..rules / TOGETHER {
        let tool =
            if entry % GLOB_EVERY == 0 { format!("service_{entry}_*") } else { format!("tool_{entry}") };
        line(&mut text, format_args!("  {tool}:\n    rules:"));
        for rule in 0..TOGETHER {
            mixed_rule(&tool, entry, rule, &mut text);
        }
    }
    text
}

fn mixed_rule(tool: &str, entry: usize, rule: usize, text: &mut String) {
    line(text, format_args!("      - name: rule {rule} of {tool}"));
    match rule {
        0 => line(
            text,
            format_args!(
                "        conditions:\n          - {{ path: args.amount, op: lte, value: {}.50 }}\n          \
                 - {{ path: args.currency, op: in, value: [usd, eur, gbp] }}",
                1_000 + entry
            ),
        ),
        1 => line(
            text,
            format_args!(
                "        conditions: [{{ path: args.bucket, op: in, value: {{ list: buckets_{} }} }}]",
                entry % LISTS
            ),
        ),
        2 => {
            let own = if entry.is_multiple_of(2) { format!("{entry}-") } else { String::new() };
            line(
                text,
                format_args!(
                    "        conditions: [{{ path: args.id, op: matches, value: '{own}[a-z][a-z0-9-]{{1,30}}' }}]"
                ),
            );
        }
        3 => line(
            text,
            format_args!(
                "        conditions:\n          - any:\n              - {{ path: args.region, op: eq, value: eu-{entry} }}\n              \
                 - not: {{ path: args.tags, op: contains, value: restricted }}"
            ),
        ),
        4 => line(
            text,
            format_args!(
                "        action: deny\n        conditions:\n          \
                 - {{ path: args.query, op: contains, value: 'DROP TABLE', compare: ci, on_missing: ignore }}"
            ),
        ),
        5 => line(
            text,
            format_args!(
                "        action: require_approval\n        mode: shadow\n        approval_timeout: 30m\n        \
                 conditions: [{{ path: args.amount, op: gt, value: {}, on_missing: object }}]",
                500 + entry
            ),
        ),
        6 => line(
            text,
            format_args!(
                "        conditions: [{{ path: args.url, op: url_host_in, value: [api.example.com, \"*.eu{entry}.example.com\"] }}]"
            ),
        ),
        7 => line(
            text,
            format_args!(
                "        conditions: [{{ path: args.file, op: within_path, value: [/srv/data/{entry}, /tmp] }}]"
            ),
        ),
        8 => line(text, format_args!("        rate_limit: {}/minute", 10 + entry % 50)),
        _ => line(
            text,
            format_args!(
                "        conditions: [{{ path: 'state[\"{tool}\"].daily_spend', op: lte, value: 1000000 }}]\n        \
                 state: {{ counter: daily_spend, window: day, increment_from: args.amount }}"
            ),
        ),
    }
    if rule.is_multiple_of(3) {
        line(text, format_args!("        on_deny: Rule {rule} of {tool} does not permit this"));
    }
}

fn line(text: &mut String, written: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _written = text.write_fmt(written);
    text.push('\n');
}

/// Compiles a document.
///
/// # Errors
/// When it has mistakes.
pub fn compile(text: &Text) -> Result<interlock_policy::Policy> {
    let source = interlock_policy::Source { name: "bench", text: &text.text, syntax: text.syntax };
    let (policy, diagnostics) = interlock_policy::compile(&source);
    policy.with_context(|| format!("the policy has mistakes: {:?}", diagnostics.first()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is measured is compiling, and not finding fault.
    #[test]
    fn nothing_is_wrong_with_them() {
        for shape in Shape::ALL {
            for syntax in [Syntax::Yaml, Syntax::Json] {
                let text = shape.text(1_000, syntax).unwrap();
                let source =
                    interlock_policy::Source { name: "bench", text: &text.text, syntax: text.syntax };
                let (policy, diagnostics) = interlock_policy::compile(&source);
                assert_eq!(diagnostics.first(), None, "{shape:?} {syntax:?}");
                let policy = policy.unwrap();
                let sections = &policy.document().tools;
                let rules: usize = sections.iter().map(|(_, entry)| entry.rules.len()).sum();
                assert!((1_000..=1_002).contains(&rules), "{shape:?}: {rules}");
            }
        }
    }
}
