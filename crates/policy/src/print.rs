//! Documents as text. What is printed reads back as the same document.

mod json;
mod tree;
mod yaml;

use std::collections::BTreeMap;

use crate::document::Document;
use crate::tree::Node;

/// What is said beside a printed tree: by the RFC 6901 pointer of the node, the lines above it. A line has no break.
pub(crate) type Comments = BTreeMap<String, Vec<String>>;

/// A tree in block-style YAML, with comments.
pub(crate) fn annotated(node: &Node, comments: &Comments) -> String {
    yaml::print(node, comments)
}

impl Document {
    /// The document in block-style YAML.
    pub fn to_yaml(&self) -> String {
        yaml::print(&tree::of(self).node(), &Comments::new())
    }

    /// The document in JSON, indented by two blanks, its keys in a fixed order.
    pub fn to_json(&self) -> String {
        json::print(&tree::of(self).node())
    }

    /// The document in JSON without blanks: one text for all documents that say the same.
    pub(crate) fn canonical(&self) -> String {
        json::compact(&tree::of(self))
    }
}

/// A tree in JSON, indented by two blanks.
pub(crate) fn tree_as_json(node: &Node) -> String {
    json::print(node)
}

/// Characters that are not seen, or that change how others are seen: they are written as escapes.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
