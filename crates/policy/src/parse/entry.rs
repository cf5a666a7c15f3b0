//! Entries: what is said about the names that one matcher matches.

use super::condition;
use super::fields::Fields;
use super::{limit, rule, scalar};
use crate::condition::Kindness;
use crate::diagnostic::{At, Report, quoted};
use crate::document::{Block, Entry, Requirement, Rule, Section, Validate};
use crate::tree::{Member, Node, Value};

const KNOWN: [&str; 8] = ["rules", "require", "deny_if", "approve_if", "limits", "validate", "mode", "hide"];

pub(crate) fn read(node: &Node, section: Section, at: &At<'_>, report: &mut Report<'_>) -> Option<Entry> {
    if let Some(help) = verdict_alone(node) {
        let message = format!("an entry is a map, not {}", node.kind());
        report.error("wrong-type", node.mark(), at, message).help(help);
        return None;
    }
    let fields = Fields::open(node, "an entry", &KNOWN, at, report)?;
    warn_of_empty_lists(&fields, at, report);
    let blocks = |key: &str, report: &mut Report<'_>| {
        fields
            .read(key, at, report, |node, at, report| {
                scalar::list_in_place(node, at, report, Block::default, |item, at, report| {
                    block(item, Kindness::Deny, at, report)
                })
            })
            .unwrap_or_default()
    };
    Some(Entry {
        rules: fields
            .read("rules", at, report, |node, at, report| {
                scalar::list_in_place(node, at, report, Rule::default, |item, at, report| {
                    rule::read(item, section, at, report)
                })
            })
            .unwrap_or_default(),
        require: fields
            .read("require", at, report, |node, at, report| {
                let stand_in = || Requirement::Block(Block::default());
                scalar::list_in_place(node, at, report, stand_in, requirement)
            })
            .unwrap_or_default(),
        deny_if: blocks("deny_if", report),
        approve_if: blocks("approve_if", report),
        limits: fields
            .read("limits", at, report, |node, at, report| scalar::list(node, at, report, limit::limit))
            .unwrap_or_default(),
        validate: fields
            .read("validate", at, report, |node, at, report| validate(node, section, at, report))
            .unwrap_or_default(),
        mode: fields.read("mode", at, report, scalar::mode),
        hide: fields.read("hide", at, report, scalar::boolean).unwrap_or_default(),
    })
}

/// Not `rules` and `limits`, which stand empty where a tool is listed without any.
fn warn_of_empty_lists(fields: &Fields<'_>, at: &At<'_>, report: &mut Report<'_>) {
    for key in ["require", "deny_if", "approve_if"] {
        let empty =
            fields.get(key).is_some_and(|node| matches!(&node.value, Value::List(items) if items.is_empty()));
        if empty {
            let message = format!("an empty `{key}` constrains nothing");
            report
                .warning("no-effect", fields.key_range(key), &at.key(key), message)
                .help("write what is meant, or leave the key out");
        }
    }
}

/// What to write in the place of a bare `allow` or `deny`.
fn verdict_alone(node: &Node) -> Option<&'static str> {
    let permits = match &node.value {
        Value::Bool(yes) => *yes,
        Value::Text(text) => !matches!(text.to_ascii_lowercase().as_str(), "deny" | "block" | "no" | "off"),
        Value::Number(_) => true,
        Value::Null | Value::List(_) | Value::Map(_) => return None,
    };
    Some(if permits {
        "write `{}` to permit it, or a map with `rules`"
    } else {
        "write `{ rules: [{ action: deny }] }` to deny it"
    })
}

/// Half a line is easily written: a name with nothing behind it permits what it names, and says so nowhere.
pub(crate) fn warn_if_empty(member: &Member, section: Section, at: &At<'_>, report: &mut Report<'_>) {
    if member.value.value != Value::Null {
        return;
    }
    let name = quoted(&member.key);
    let of = if section == Section::Tools { "call" } else { "use" };
    let (consequence, help) = if member.key == "*" || member.key == "all_tools" {
        ("it constrains nothing".to_owned(), "write the constraints that are meant, or leave it out")
    } else {
        (format!("it permits every {of} of it"), "write `{}` behind it if that is meant, or what is required")
    };
    let message = format!("nothing stands behind {name}, so {consequence}");
    report.warning("empty-entry", member.key_range.clone(), at, message).help(help);
}

/// A block is told from a condition by its `conditions`.
fn requirement(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Requirement> {
    let is_block =
        matches!(&node.value, Value::Map(members) if members.iter().any(|member| member.key == "conditions"));
    if is_block {
        return block(node, Kindness::Allow, at, report).map(Requirement::Block);
    }
    condition::read(node, Kindness::Allow, at, report).map(Requirement::Condition)
}

fn block(node: &Node, kindness: Kindness, at: &At<'_>, report: &mut Report<'_>) -> Option<Block> {
    if is_bare_condition(node) {
        report
            .error("bare-condition", node.mark(), at, "a block holds its conditions in a list")
            .help("write `- conditions: [{ path: …, op: …, value: … }]`");
        return None;
    }
    const KNOWN: &[&str] = &["conditions", "on_deny", "name", "mode"];
    let fields = Fields::open(node, "a block", KNOWN, at, report)?;
    let conditions = fields
        .need("conditions", at, report, |node, at, report| condition::list(node, kindness, at, report))
        .unwrap_or_default();
    Some(Block {
        name: fields.read("name", at, report, scalar::name),
        conditions,
        on_deny: fields.read("on_deny", at, report, scalar::text),
        mode: fields.read("mode", at, report, scalar::mode),
    })
}

fn is_bare_condition(node: &Node) -> bool {
    let Value::Map(members) = &node.value else { return false };
    let has = |key: &str| members.iter().any(|member| member.key == key);
    has("path") && !has("conditions")
}

pub(crate) fn validate(
    node: &Node,
    section: Section,
    at: &At<'_>,
    report: &mut Report<'_>,
) -> Option<Validate> {
    if section != Section::Tools {
        let message = format!("`validate` reads the schema of a tool, and a {} has none", section.noun());
        report.error("no-effect", node.mark(), at, message).help("leave it out");
        return None;
    }
    const KNOWN: &[&str] = &["required_args", "schema", "unknown_args"];
    let fields = Fields::open(node, "`validate`", KNOWN, at, report)?;
    let unknown_args = fields.read("unknown_args", at, report, |node, at, report| {
        scalar::one_of(node, &[("deny", true)], at, report)
    });
    Some(Validate {
        required_args: fields.read("required_args", at, report, scalar::boolean).unwrap_or_default(),
        schema: fields.read("schema", at, report, scalar::boolean).unwrap_or_default(),
        refuse_unknown: unknown_args.unwrap_or_default(),
    })
}
