//! A document as a tree in which every value knows its bytes: the same for all formats.

use std::ops::Range;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) range: Range<usize>,
    pub(crate) value: Value,
}

/// What a document can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Map(Vec<Member>, Layout),
    List(Vec<Node>, Layout),
    Text(String),
    /// Text whose beginning is on a line before it (YAML): its bytes are not all of it.
    Block(String),
    Bool(bool),
    Null,
    /// A number or a date, which nothing here reads.
    Other,
    /// What stands in several places of the document at once (YAML): changing it here changes it there.
    Shared,
}

/// How the parts of a map or list are held together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// By brackets and commas.
    Brackets,
    /// By lines.
    Lines,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) key_range: Range<usize>,
    pub(crate) value: Node,
}

impl Node {
    /// The members, of a map.
    pub(crate) fn members(&self) -> &[Member] {
        match &self.value {
            Value::Map(members, _) => members,
            _ => &[],
        }
    }

    /// The items, of a list.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items, _) => items,
            _ => &[],
        }
    }

    /// A map's member.
    pub(crate) fn member(&self, key: &str) -> Option<&Member> {
        self.members().iter().find(|member| member.key == key)
    }

    /// A map's value.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.member(key).map(|member| &member.value)
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Block(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is(&self, expected: bool) -> bool {
        self.value == Value::Bool(expected)
    }

    /// Whether anything in it stands elsewhere too.
    pub(crate) fn is_shared(&self) -> bool {
        match &self.value {
            Value::Shared => true,
            Value::Map(members, _) => {
                members.iter().any(|member| member.key == "<<" || member.value.is_shared())
            }
            Value::List(items, _) => items.iter().any(Self::is_shared),
            _ => false,
        }
    }
}
