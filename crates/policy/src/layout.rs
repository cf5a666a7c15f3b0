//! Policies laid out in one way: comments, the order of entries, quotes and every value stay as they are.
//!
//! ```text
//! text ──read──► blocks with their comments ──write──► text, which must read back as the same tree
//! ```
//!
//! JSON has no comments, so there it is the tree that is printed again.

mod lex;
mod read;
mod remarks;
mod write;

use crate::compile::{Source, Syntax};
use crate::diagnostic::{At, Diagnostic, Report};
use crate::tree::{self, Node, Value};
pub(crate) use remarks::remarks;

/// A comment's line, or a line between paragraphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line<'s> {
    Blank,
    Comment(&'s str),
}

/// A member of a map or an item of a list.
#[derive(Debug)]
struct Entry<'s> {
    /// What stands above it.
    before: Vec<Line<'s>>,
    /// The key as written; `None` for items.
    key: Option<&'s str>,
    /// A comment behind the colon of a key whose value begins on a line of its own.
    beside_key: Option<&'s str>,
    value: Block<'s>,
    /// A comment behind it, on its line.
    after: Option<&'s str>,
}

/// A value as it was written.
#[derive(Debug)]
enum Block<'s> {
    /// A plain or quoted scalar, perhaps of several lines.
    Text(&'s str),
    /// A literal or folded scalar: what stands on the line of its mark, and its lines without their indentation.
    Lines {
        mark: &'s str,
        lines: Vec<&'s str>,
    },
    List(Entries<'s>),
    Map(Entries<'s>),
}

#[derive(Debug, Default)]
struct Entries<'s> {
    /// In brackets.
    flow: bool,
    entries: Vec<Entry<'s>>,
    /// Comments behind the last entry.
    tail: Vec<Line<'s>>,
}

/// The document in the one layout. Where there is none, the diagnostics say why.
pub fn laid_out(source: &Source<'_>) -> Result<String, Vec<Diagnostic>> {
    let mut report = Report::new(source.text);
    let root = match source.syntax {
        Syntax::Yaml => tree::yaml::read(&mut report),
        Syntax::Json => tree::json::read(&mut report),
    };
    let Some(root) = root.filter(|_| !report.has_errors()) else { return Err(report.finish()) };
    if !matches!(root.value, Value::Map(_) | Value::Null) {
        let message = format!("a policy is a map, not {}", root.kind());
        report.error("wrong-type", root.mark(), &At::ROOT, message);
        return Err(report.finish());
    }
    let text = match source.syntax {
        Syntax::Json => crate::print::tree_as_json(&root),
        Syntax::Yaml => yaml(source.text, &root, &mut report).ok_or_else(|| report.finish())?,
    };
    Ok(text)
}

fn yaml(text: &str, root: &Node, report: &mut Report<'_>) -> Option<String> {
    let written = match read::document(text) {
        Ok(document) => write::document(&document),
        Err(why) => {
            report.error("cannot-lay-out", why.range, &At::ROOT, why.message).maybe_help(why.help);
            return None;
        }
    };
    if !says_the_same(text, root, &written) {
        let message = "this document cannot be laid out without changing what it says";
        report.error("cannot-lay-out", 0..0, &At::ROOT, message).help("please report this with the document");
        return None;
    }
    Some(written)
}

/// Every value and every comment is there, in the same order.
fn says_the_same(text: &str, root: &Node, written: &str) -> bool {
    let again = tree::yaml::read(&mut Report::new(written));
    let comments = |text| read::comments(text).ok();
    again.is_some_and(|again| alike(root, &again)) && comments(text) == comments(written)
}

/// Equal but for their places.
fn alike(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
        }
        (Value::Map(one), Value::Map(other)) => {
            let same = |(one, other): (&tree::Member, &tree::Member)| {
                one.key == other.key && alike(&one.value, &other.value)
            };
            one.len() == other.len() && one.iter().zip(other).all(same)
        }
        (one, other) => one == other,
    }
}
