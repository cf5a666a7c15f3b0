//! Tree to document. Every mistake is reported, not only the first one.

mod approvals;
mod check;
mod condition;
mod entry;
pub(crate) mod fields;
mod indentation;
mod limit;
pub(crate) mod lists;
mod operand;
pub(crate) mod operator;
mod rule;
mod scalar;
mod spend;
mod webhook;

use crate::diagnostic::{At, Report};
use crate::document::{
    DefaultVerdict, Document, Entries, Entry, ListMode, Matcher, Section, TellAgent, Version,
};
use crate::tool_list::ToolList;
use crate::tree::{self, Member, Node, Value};
use crate::{Source, Syntax};

use fields::Fields;

const KNOWN: [&str; 14] = [
    "version",
    "description",
    "default",
    "mode",
    "hide",
    "list",
    "tell_agent",
    "tools",
    "resources",
    "prompts",
    "all_tools",
    "approvals",
    "lists",
    "spend_currency",
];

/// Reads a source text. The document is as complete as its mistakes allow; it may be used only where the report has
/// no error.
pub(crate) fn read(
    source: &Source<'_>,
    tools: Option<&ToolList>,
    report: &mut Report<'_>,
) -> Option<Document> {
    let root = match source.syntax {
        Syntax::Yaml => tree::yaml::read(report),
        Syntax::Json => tree::json::read(report),
    };
    let document = root.map(|root| tree(&root, tools, report));
    if report.has_errors() && source.syntax == Syntax::Yaml {
        indentation::explain(report);
    }
    document
}

/// Reads a tree whose places are those of the report's text.
pub(crate) fn tree(root: &Node, tools: Option<&ToolList>, report: &mut Report<'_>) -> Document {
    let document = document(root, report);
    check::document(&document, root, tools, report);
    lists::unused(report);
    document
}

fn document(root: &Node, report: &mut Report<'_>) -> Document {
    let at = At::ROOT;
    let Some(fields) = Fields::open(root, "a policy", &KNOWN, &at, report) else {
        return Document::default();
    };
    let version = fields.read("version", &at, report, version);
    let mut document = Document {
        version,
        description: fields.read("description", &at, report, scalar::text),
        default: fields.read("default", &at, report, |node, at, report| {
            let words = [("allow", DefaultVerdict::Allow), ("deny", DefaultVerdict::Deny)];
            scalar::one_of(node, &words, at, report)
        }),
        mode: fields.read("mode", &at, report, scalar::mode),
        hide: fields.read("hide", &at, report, hide).unwrap_or_default(),
        list: fields.read("list", &at, report, |node, at, report| {
            scalar::one_of(node, &[("permitted", ListMode::Permitted), ("all", ListMode::All)], at, report)
        }),
        tell_agent: fields.read("tell_agent", &at, report, |node, at, report| {
            let words =
                [("reason", TellAgent::Reason), ("full", TellAgent::Full), ("nothing", TellAgent::Nothing)];
            scalar::one_of(node, &words, at, report)
        }),
        approvals: fields.read("approvals", &at, report, approvals::read),
        spend_currency: fields.read("spend_currency", &at, report, scalar::name),
        // Before the sections, which refer to them.
        lists: fields.read("lists", &at, report, lists::read).unwrap_or_default(),
        ..Document::default()
    };
    document.tools = section(&fields, Section::Tools, &at, report);
    document.resources = section(&fields, Section::Resources, &at, report);
    document.prompts = section(&fields, Section::Prompts, &at, report);
    document.all_tools = fields.meant("all_tools").and_then(|member| {
        let at = at.key(&member.key);
        entry::warn_if_empty(member, Section::Tools, &at, report);
        entry::read(&member.value, Section::Tools, &at, report)
    });
    document
}

fn version(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Version> {
    match &node.value {
        Value::Text(text) if text == "1" => return Some(Version::V1),
        Value::Number(number) if number == "1" => {
            report
                .error("wrong-type", node.mark(), at, "the version is text, not a number")
                .help("write `version: \"1\"`");
        }
        _ => {
            report
                .error("unknown-version", node.mark(), at, "this version of the language is not known")
                .help("the only one is `version: \"1\"`");
        }
    }
    None
}

fn hide(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Vec<Matcher>> {
    scalar::list(node, at, report, |item, at, report| {
        let text = scalar::text(item, at, report)?;
        matcher(&text, item.mark(), at, report)
    })
}

fn section(fields: &Fields<'_>, section: Section, at: &At<'_>, report: &mut Report<'_>) -> Entries {
    let Some(Member { key, value: node, .. }) = fields.meant(section.key()) else { return Vec::new() };
    let at = at.key(key);
    let members = match &node.value {
        Value::Map(members) => members.as_slice(),
        Value::Null => return Vec::new(),
        _ => {
            let message = format!("`{}` is a map from names to entries, not {}", section.key(), node.kind());
            report
                .error("wrong-type", node.mark(), &at, message)
                .help("write each name as a key, with an entry such as `{}` behind it");
            return Vec::new();
        }
    };
    let mut entries = Vec::with_capacity(members.len());
    for member in members {
        let at = at.key(&member.key);
        let matcher = matcher(&member.key, member.key_range.clone(), &at, report);
        entry::warn_if_empty(member, section, &at, report);
        let entry: Option<Entry> = entry::read(&member.value, section, &at, report);
        entries.extend(matcher.zip(entry));
    }
    entries
}

fn matcher(
    text: &str,
    range: std::ops::Range<usize>,
    at: &At<'_>,
    report: &mut Report<'_>,
) -> Option<Matcher> {
    if text.is_empty() {
        report
            .error("empty-name", range, at, "an empty name matches nothing")
            .help("write a name, a pattern such as \"get_*\", or \"*\"");
        return None;
    }
    if text.len() > 1 && text.bytes().all(|byte| byte == b'*') {
        report
            .error("only-stars", range, at, "a pattern of several stars is no other than `*`")
            .help("write \"*\"");
        return None;
    }
    Some(Matcher::new(text))
}
