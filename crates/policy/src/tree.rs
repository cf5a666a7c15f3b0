//! A document as a tree whose nodes know their place in the text. YAML and JSON both become this, and nothing after it
//! knows which one was read.

pub(crate) mod json;
pub(crate) mod yaml;

use std::collections::BTreeSet;
use std::ops::Range;

use compact_str::CompactString;

use crate::diagnostic::{At, Report};

/// Largest document that is read, in bytes.
pub(crate) const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Deepest nesting that is read.
pub(crate) const MOST_DEEP: usize = 64;
/// Most nodes that are read: they are what memory is spent on.
pub(crate) const MOST_NODES: usize = 500_000;

pub(super) const SMALLER: &str =
    "for names that are treated alike write one pattern, for many values one of `lists`";

/// A value with its place in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Bytes of the source text.
    pub range: Range<usize>,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Null, or nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// The number's text in JSON's grammar, every digit as written.
    Number(CompactString),
    /// Text. Most texts of a policy are short, and are held without memory of their own.
    Text(CompactString),
    /// A list.
    List(Vec<Node>),
    /// A map.
    Map(Vec<Member>),
}

/// A key of a map with its value; maps keep the order of the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The key.
    pub key: CompactString,
    /// Where the key is.
    pub key_range: Range<usize>,
    /// The value.
    pub value: Node,
}

impl Node {
    pub(crate) fn new(value: Value) -> Node {
        Node { value, range: 0..0 }
    }

    /// What the node is, in the words of messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// The place to point at: collections are marked by where they begin, not as a whole.
    pub fn mark(&self) -> Range<usize> {
        match self.value {
            Value::List(_) | Value::Map(_) => self.range.start..self.range.start + 1,
            _ => self.range.clone(),
        }
    }
}

/// The node that an RFC 6901 pointer names.
pub(crate) fn find<'t>(root: &'t Node, pointer: &str) -> Option<&'t Node> {
    let mut node = root;
    for segment in pointer.split('/').skip(1) {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        node = match &node.value {
            Value::List(items) => items.get(segment.parse::<usize>().ok()?)?,
            Value::Map(members) => &members.iter().find(|member| member.key == segment)?.value,
            _ => return None,
        };
    }
    Some(node)
}

/// The place of the key that an RFC 6901 pointer ends with.
pub(crate) fn find_key(root: &Node, pointer: &str) -> Option<Range<usize>> {
    let (parent, key) = pointer.rsplit_once('/')?;
    let key = key.replace("~1", "/").replace("~0", "~");
    let Value::Map(members) = &find(root, parent)?.value else { return None };
    members.iter().find(|member| member.key == key).map(|member| member.key_range.clone())
}

/// Reports every key that a map holds twice and keeps the first of each.
///
/// A reader that takes the last and one that takes the first would disagree about what the policy says.
pub(crate) fn refuse_duplicates(members: &mut Vec<Member>, report: &mut Report<'_>) {
    if is_small(members) && !has_duplicates(members) {
        return;
    }
    let mut order: Vec<usize> = (0..members.len()).collect();
    let key = |index: &usize| members.get(*index).map(|member| member.key.as_str());
    order.sort_by(|a, b| key(a).cmp(&key(b)).then(a.cmp(b)));
    let follows = order.iter().zip(order.iter().skip(1));
    let repeated: BTreeSet<usize> =
        follows.filter(|(one, next)| key(one) == key(next)).map(|(_, next)| *next).collect();
    let mut index = 0;
    members.retain(|member| {
        let repeats = repeated.contains(&index);
        index += 1;
        if repeats {
            let message = format!("duplicate key {}", crate::diagnostic::quoted(&member.key));
            report
                .error("duplicate-key", member.key_range.clone(), &At::ROOT, message)
                .help("keep one of them; for several constraints use a list");
        }
        !repeats
    });
}

/// Most maps have a few keys, which are compared with each other sooner than sorted.
fn is_small(members: &[Member]) -> bool {
    members.len() <= 8
}

fn has_duplicates(members: &[Member]) -> bool {
    let mut seen = members.iter().enumerate();
    seen.any(|(index, member)| members.iter().take(index).any(|before| before.key == member.key))
}

/// Reports a document that is larger than any policy, before it is read.
pub(crate) fn within_size(report: &mut Report<'_>) -> bool {
    let source = report.source();
    if source.len() > MOST_BYTES {
        let message =
            format!("the document is {} bytes long; the most that is read is {MOST_BYTES}", source.len());
        report.error("too-large", 0..0, &At::ROOT, message).help(SMALLER);
        return false;
    }
    if source.starts_with('\u{feff}') {
        report
            .error("byte-order-mark", 0..3, &At::ROOT, "the document begins with a byte-order mark")
            .help("save the file as UTF-8 without a byte-order mark");
        return false;
    }
    true
}

/// The value of a map's key.
pub(crate) fn member<'t>(node: &'t Node, key: &str) -> Option<&'t Node> {
    let Value::Map(members) = &node.value else { return None };
    members.iter().find(|member| member.key == key).map(|member| &member.value)
}
