//! Named lists: `lists: { buckets: [a, b] }` and `value: { list: buckets }`.

use std::sync::Arc;

use super::fields::Fields;
use super::{operator, scalar};
use crate::diagnostic::{At, Report, did_you_mean, quoted};
use crate::document::{Listed, NamedList, Scalar};
use crate::tree::{Node, Value};

/// Most values that all references of a document copy out of their lists together.
const MOST_TOGETHER: usize = 1_000_000;

/// The lists of a document, while it is read.
#[derive(Debug)]
pub(crate) struct Lists {
    named: Vec<Named>,
    room: usize,
}

#[derive(Debug, Clone)]
struct Named {
    name: Arc<str>,
    key_range: std::ops::Range<usize>,
    values: Arc<Node>,
    /// The values to compare with; `None` where one of them is none.
    scalars: Option<Arc<[Scalar]>>,
    used: bool,
}

impl Default for Lists {
    fn default() -> Lists {
        Lists { named: Vec::new(), room: MOST_TOGETHER }
    }
}

/// The document's `lists`.
pub(super) fn read(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Vec<NamedList>> {
    let members = match &node.value {
        Value::Map(members) => members.as_slice(),
        Value::Null => &[],
        _ => {
            let message = format!("`lists` is a map from names to lists, not {}", node.kind());
            report
                .error("wrong-type", node.mark(), at, message)
                .help("write each name as a key, with its values behind it: `names: [a, b]`");
            return None;
        }
    };
    let mut lists = Vec::with_capacity(members.len());
    for member in members {
        let at = at.key(&member.key);
        let name: Arc<str> = member.key.as_str().into();
        if name.is_empty() || name.chars().any(char::is_control) {
            let message = "a name is not empty and has no control characters";
            report.error("bad-name", member.key_range.clone(), &at, message).help(scalar::A_NAME);
        }
        let scalars: Option<Arc<[Scalar]>> =
            written(&member.value, &at, report, operator::scalar_value).map(Arc::from);
        report.lists.named.push(Named {
            name: Arc::clone(&name),
            key_range: member.key_range.clone(),
            values: Arc::new(member.value.clone()),
            scalars: scalars.clone(),
            used: false,
        });
        lists.extend(scalars.map(|scalars| (name, scalars)));
    }
    Some(lists)
}

/// The values of an operator that takes several, each read by `read`: written out, or those of a named list.
pub(super) fn listed<T>(
    node: &Node,
    at: &At<'_>,
    report: &mut Report<'_>,
    read: impl FnMut(&Node, &At<'_>, &mut Report<'_>) -> Option<T>,
) -> Option<Listed<T>> {
    if !matches!(node.value, Value::Map(_)) {
        return written(node, at, report, read).map(|items| Listed { name: None, items: items.into() });
    }
    let list = referred(node, at, report)?;
    let items = written(&list.values, &At::ROOT.key("lists").key(&list.name), report, read)?;
    Some(Listed { name: Some(list.name), items: items.into() })
}

/// The same for values to compare with, as which named lists have been read already.
pub(super) fn listed_scalars(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Listed<Scalar>> {
    if !matches!(node.value, Value::Map(_)) {
        return listed(node, at, report, operator::scalar_value);
    }
    let list = referred(node, at, report)?;
    Some(Listed { name: Some(list.name), items: list.scalars? })
}

/// The list that a reference names.
fn referred(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Named> {
    let fields = Fields::open(node, "a reference to a list", &["list"], at, report)?;
    let name = fields.need("list", at, report, scalar::text)?;
    let Some(list) = report.lists.named.iter_mut().find(|list| *list.name == *name) else {
        let known: Vec<Arc<str>> = report.lists.named.iter().map(|list| Arc::clone(&list.name)).collect();
        let help = did_you_mean(&name, known.iter().map(AsRef::as_ref));
        let help = help.unwrap_or_else(|| "lists are defined at the top level, under `lists`".to_owned());
        report.error("unknown-list", fields.key_range("list"), &at.key("list"), no_list(&name)).help(help);
        return None;
    };
    list.used = true;
    let list = list.clone();
    let long = if let Value::List(items) = &list.values.value { items.len() } else { 0 };
    let Some(room) = report.lists.room.checked_sub(long) else {
        let message = format!("all references together name more than {MOST_TOGETHER} values");
        report
            .error("lists-too-large", fields.key_range("list"), &at.key("list"), message)
            .help("shorten the lists, or refer to each of them less often");
        return None;
    };
    report.lists.room = room;
    Some(list)
}

fn no_list(name: &str) -> String {
    format!("no list is called {}", quoted(name))
}

fn written<T>(
    node: &Node,
    at: &At<'_>,
    report: &mut Report<'_>,
    read: impl FnMut(&Node, &At<'_>, &mut Report<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    let items = scalar::list(node, at, report, read)?;
    if matches!(&node.value, Value::List(written) if written.len() != items.len()) {
        return None;
    }
    if items.is_empty() {
        report
            .error("empty-list", node.mark(), at, "an empty list compares with nothing")
            .help("list the values, or leave the condition out");
        return None;
    }
    Some(items)
}

/// Lists that nothing refers to. Where the document has errors, one of them may have hidden the reference.
pub(super) fn unused(report: &mut Report<'_>) {
    if report.has_errors() {
        return;
    }
    let named = std::mem::take(&mut report.lists.named);
    for list in named.iter().filter(|list| !list.used) {
        let at = At::ROOT.key("lists");
        report
            .warning("unused-list", list.key_range.clone(), &at.key(&list.name), unused_words(&list.name))
            .help("remove it, or refer to it with `value: { list: … }`");
    }
}

fn unused_words(name: &str) -> String {
    format!("nothing refers to the list {}", quoted(name))
}
