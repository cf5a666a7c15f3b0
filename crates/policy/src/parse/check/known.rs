//! What reading has left certain of a document that has errors: a mistake must not be the cause of a second finding.

use std::collections::BTreeSet;

use crate::diagnostic::Report;
use crate::tree::{Node, Value};

/// Where the errors are, and what else the text says.
pub(super) struct Known<'t> {
    /// Whether the keys of the document itself are in order.
    pub(super) head: bool,
    errors: BTreeSet<String>,
    texts: BTreeSet<&'t str>,
}

impl<'t> Known<'t> {
    pub(super) fn of(root: &'t Node, report: &Report<'_>) -> Known<'t> {
        let errors: BTreeSet<String> = report.error_pointers().map(str::to_owned).collect();
        let of_document = |pointer: &String| pointer.matches('/').count() <= 1;
        let mut texts = BTreeSet::new();
        if !errors.is_empty() {
            collect(root, &mut texts);
        }
        Known { head: !errors.iter().any(of_document), errors, texts }
    }

    /// Whether nothing at, above or below the place has an error.
    pub(super) fn is_sound(&self, pointer: &str) -> bool {
        let mut above = pointer.match_indices('/').filter_map(|(at, _)| pointer.get(..at));
        if self.errors.contains(pointer) || above.any(|above| self.errors.contains(above)) {
            return false;
        }
        let below = format!("{pointer}/");
        !self.errors.range(below.clone()..).next().is_some_and(|error| error.starts_with(&below))
    }

    /// Whether a counter that is not found may be one whose definition has an error.
    pub(super) fn may_have_lost(&self, counter: &str) -> bool {
        // Unnamed counters are numbered: one that is lost renames the others.
        let unnamed = counter.starts_with("_rate_");
        let somewhere = self.errors.iter().any(String::is_empty);
        !self.errors.is_empty() && (unnamed || somewhere || self.texts.contains(counter))
    }
}

/// Every text that is a value.
fn collect<'t>(node: &'t Node, texts: &mut BTreeSet<&'t str>) {
    match &node.value {
        Value::Text(text) => {
            texts.insert(text);
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Map(members) => members.iter().for_each(|member| collect(&member.value, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
