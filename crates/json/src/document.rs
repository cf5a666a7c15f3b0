#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use crate::decimal::{Decimal, DecimalError};
use crate::escape;

/// A scanned document: its text and a flat list of what stands where.
///
/// A node is 16 bytes; the members of an object lie behind it as key, value, key, value, and a container
/// knows where the node after its last descendant is, so that skipping a value costs nothing.
#[derive(Clone)]
pub struct Document<S> {
    source: S,
    nodes: Vec<Node>,
}

/// Names a node of one document, for keeping a place without borrowing the document.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

/// What a value is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number, kept as its text.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// A value in a document: a cheap handle that borrows the document.
#[derive(Copy, Clone)]
pub struct Value<'d> {
    source: &'d str,
    nodes: &'d [Node],
    index: u32,
}

/// A member's key.
#[derive(Copy, Clone)]
pub struct Key<'d> {
    source: &'d str,
    node: Node,
}

#[derive(Copy, Clone, Debug)]
pub(crate) struct Node {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Containers: the index of the node behind the last descendant.
    pub(crate) next: u32,
    pub(crate) tag: Tag,
}

/// A node's kind (3 bits), whether its string has an escape (1 bit), and a container's length (28 bits).
#[derive(Copy, Clone, Debug)]
pub(crate) struct Tag(u32);

impl Tag {
    const ESCAPED: u32 = 1 << 3;

    pub(crate) const fn new(kind: Kind) -> Self {
        Self(match kind {
            Kind::Null => 0,
            Kind::Bool => 1,
            Kind::Number => 2,
            Kind::String => 3,
            Kind::Array => 4,
            Kind::Object => 5,
        })
    }

    pub(crate) const fn string(escaped: bool) -> Self {
        let tag = Self::new(Kind::String);
        if escaped { Self(tag.0 | Self::ESCAPED) } else { tag }
    }

    /// `len` stays below 2^28, because a document is at most that many bytes long.
    pub(crate) const fn with_len(self, len: u32) -> Self {
        Self((self.0 & 0xf) | (len << 4))
    }

    const fn kind(self) -> Kind {
        match self.0 & 7 {
            0 => Kind::Null,
            1 => Kind::Bool,
            2 => Kind::Number,
            3 => Kind::String,
            4 => Kind::Array,
            _ => Kind::Object,
        }
    }

    pub(crate) const fn escaped(self) -> bool {
        self.0 & Self::ESCAPED != 0
    }

    const fn len(self) -> usize {
        (self.0 >> 4) as usize
    }
}

impl Node {
    const NOTHING: Self = Self { start: 0, end: 0, next: 0, tag: Tag::new(Kind::Null) };

    fn span(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    pub(crate) fn raw(self, source: &str) -> &str {
        source.get(self.span()).unwrap_or_default()
    }

    /// The text between the quotes.
    pub(crate) fn inner(self, source: &str) -> &str {
        let inner = (self.start as usize).saturating_add(1)..(self.end as usize).saturating_sub(1);
        source.get(inner).unwrap_or_default()
    }

    pub(crate) fn text(self, source: &str) -> Cow<'_, str> {
        let inner = self.inner(source);
        if self.tag.escaped() { Cow::Owned(escape::unescape(inner)) } else { Cow::Borrowed(inner) }
    }

    #[inline]
    fn is(self, source: &str, text: &str) -> bool {
        if self.tag.escaped() {
            return escape::chars(self.inner(source)).eq(text.chars());
        }
        // The length first: most keys that are asked for differ in it.
        let quotes = 2;
        let start = self.start as usize;
        (self.end as usize).wrapping_sub(start) == text.len() + quotes
            && source.as_bytes().get(start + 1..=start + text.len()) == Some(text.as_bytes())
    }
}

impl<S> Document<S> {
    pub(crate) fn new(source: S, nodes: Vec<Node>) -> Self {
        Self { source, nodes }
    }

    /// Gives the text back.
    pub fn into_source(self) -> S {
        self.source
    }
}

impl<S: AsRef<str>> Document<S> {
    /// The document's value.
    pub fn root(&self) -> Value<'_> {
        self.at(NodeId(0))
    }

    /// The text, byte for byte as it was scanned.
    pub fn source(&self) -> &str {
        self.source.as_ref()
    }

    /// The value with this id. An id of another document names whatever stands there; an id beyond the
    /// end gives a null without text.
    pub fn at(&self, id: NodeId) -> Value<'_> {
        Value { source: self.source(), nodes: &self.nodes, index: id.0 }
    }
}

impl<S: AsRef<str>> fmt::Debug for Document<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Document").field(&self.source()).finish()
    }
}

impl<'d> Value<'d> {
    #[inline]
    fn node(self) -> Node {
        self.nodes.get(self.index as usize).copied().unwrap_or(Node::NOTHING)
    }

    /// What the value is.
    pub fn kind(self) -> Kind {
        self.node().tag.kind()
    }

    /// The value's text as it stands in the document, a string with its quotes and escapes.
    pub fn raw(self) -> &'d str {
        self.node().raw(self.source)
    }

    /// Where [`raw`](Self::raw) stands, in bytes.
    pub fn span(self) -> Range<usize> {
        self.node().span()
    }

    /// The value's place in its document.
    pub fn id(self) -> NodeId {
        NodeId(self.index)
    }

    /// Whether the value is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// Whether the value is an object.
    pub fn is_object(self) -> bool {
        self.kind() == Kind::Object
    }

    /// Whether the value is an array.
    pub fn is_array(self) -> bool {
        self.kind() == Kind::Array
    }

    /// The string, unescaped; borrowed where there is no escape in it.
    pub fn as_str(self) -> Option<Cow<'d, str>> {
        let node = self.node();
        (node.tag.kind() == Kind::String).then(|| node.text(self.source))
    }

    /// Whether the value is the string `text`, without unescaping into memory.
    pub fn is_str(self, text: &str) -> bool {
        let node = self.node();
        node.tag.kind() == Kind::String && node.is(self.source, text)
    }

    /// The boolean.
    pub fn as_bool(self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.raw() == "true")
    }

    /// The number's exact text.
    pub fn as_number(self) -> Option<&'d str> {
        (self.kind() == Kind::Number).then(|| self.raw())
    }

    /// The number's exact value; `None` where the value is not a number.
    ///
    /// # Errors
    /// [`DecimalError::OutOfRange`] for a number that a [`Decimal`] cannot hold exactly.
    pub fn decimal(self) -> Option<Result<Decimal, DecimalError>> {
        self.as_number().map(Decimal::parse)
    }

    /// The member of an object with this key, compared after unescaping.
    pub fn get(self, key: &str) -> Option<Value<'d>> {
        self.members().find(|(name, _)| name.is(key)).map(|(_, value)| value)
    }

    /// The members of an object in the order of the text; nothing for every other kind.
    pub fn members(self) -> Members<'d> {
        let node = self.node();
        let left = if node.tag.kind() == Kind::Object { node.tag.len() } else { 0 };
        Members { source: self.source, nodes: self.nodes, index: self.index.saturating_add(1), left }
    }

    /// The items of an array; nothing for every other kind.
    pub fn items(self) -> Items<'d> {
        let node = self.node();
        let left = if node.tag.kind() == Kind::Array { node.tag.len() } else { 0 };
        Items { source: self.source, nodes: self.nodes, index: self.index.saturating_add(1), left }
    }

    /// The number of items of an array or members of an object; 0 for every other kind.
    pub fn len(self) -> usize {
        match self.kind() {
            Kind::Array | Kind::Object => self.node().tag.len(),
            _ => 0,
        }
    }

    /// Whether [`len`](Self::len) is 0.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The index of the node behind this value.
    #[inline]
    fn next(self) -> u32 {
        match self.kind() {
            Kind::Array | Kind::Object => self.node().next,
            _ => self.index.saturating_add(1),
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.raw())
    }
}

impl<'d> Key<'d> {
    /// The key, unescaped; borrowed where there is no escape in it.
    pub fn text(self) -> Cow<'d, str> {
        self.node.text(self.source)
    }

    /// The key as it stands in the document, with its quotes and escapes.
    pub fn raw(self) -> &'d str {
        self.node.raw(self.source)
    }

    /// Where [`raw`](Self::raw) stands, in bytes.
    pub fn span(self) -> Range<usize> {
        self.node.span()
    }

    /// Whether the key is `text`, without unescaping into memory.
    pub fn is(self, text: &str) -> bool {
        self.node.is(self.source, text)
    }
}

impl fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.raw())
    }
}

/// The members of an object, in the order of the text.
#[derive(Clone, Debug)]
pub struct Members<'d> {
    source: &'d str,
    nodes: &'d [Node],
    index: u32,
    left: usize,
}

impl<'d> Iterator for Members<'d> {
    type Item = (Key<'d>, Value<'d>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let node = self.nodes.get(self.index as usize).copied()?;
        let value = Value { source: self.source, nodes: self.nodes, index: self.index.saturating_add(1) };
        self.index = value.next();
        Some((Key { source: self.source, node }, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Members<'_> {}

/// The items of an array.
#[derive(Clone, Debug)]
pub struct Items<'d> {
    source: &'d str,
    nodes: &'d [Node],
    index: u32,
    left: usize,
}

impl<'d> Iterator for Items<'d> {
    type Item = Value<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let value = Value { source: self.source, nodes: self.nodes, index: self.index };
        self.index = value.next();
        Some(value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Items<'_> {}
