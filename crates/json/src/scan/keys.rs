//! Finding a key that occurs twice in one object, without hashing and never in quadratic time.

use std::borrow::Cow;

use super::{Scanner, Stop, stop};
use crate::document::Node;
use crate::error::ScanErrorKind;

/// Up to so many keys every new one is compared with those before it; beyond, all are sorted at the end.
const PAIRWISE: usize = 16;

/// The keys of all open objects, innermost last.
pub(super) struct Keys {
    seen: Vec<Seen>,
}

#[derive(Copy, Clone)]
struct Seen {
    /// The length and first bytes: two keys with different prints differ.
    print: u64,
    node: Node,
}

impl Keys {
    pub(super) fn with_room() -> Self {
        Self { seen: Vec::with_capacity(32) }
    }

    /// Where the keys of an object that begins now will begin.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.seen.len()
    }
}

impl Scanner<'_> {
    /// Remembers a key and compares it with those before it.
    #[inline]
    pub(super) fn note_key(&mut self, node: Node) -> Result<(), Stop> {
        let print = self.print(node);
        let siblings = self.keys.seen.get(self.top.keys..).unwrap_or_default();
        if siblings.len() < PAIRWISE
            && siblings.iter().any(|seen| seen.print == print && same(seen.node, node, self.source))
        {
            return Err(self.duplicate(node));
        }
        self.keys.seen.push(Seen { print, node });
        Ok(())
    }

    /// Keys with different prints differ: the first eight bytes, zeros behind shorter ones, and the length.
    #[inline]
    fn print(&self, node: Node) -> u64 {
        let start = node.start as usize + 1;
        let length = (node.end as usize).saturating_sub(start + 1);
        let from_here = self.bytes.get(start..).and_then(<[u8]>::first_chunk::<8>);
        match from_here {
            Some(eight) if !node.tag.escaped() => {
                let first = u64::from_le_bytes(*eight);
                let mask = if length < 8 { (1 << (8 * length)) - 1 } else { u64::MAX };
                (first & mask) ^ (length as u64).rotate_right(8)
            }
            _ => print_of(&node.text(self.source)),
        }
    }

    /// Ends an object: compares what [`note_key`](Self::note_key) did not, and forgets its keys.
    #[inline]
    pub(super) fn end_keys(&mut self, begin: usize) -> Result<(), Stop> {
        let keys = self.keys.seen.get(begin..).unwrap_or_default();
        if keys.len() > PAIRWISE
            && let Some(node) = sorted_duplicate(keys, self.source)
        {
            return Err(self.duplicate(node));
        }
        self.keys.seen.truncate(begin);
        Ok(())
    }

    #[cold]
    fn duplicate(&self, node: Node) -> Stop {
        let key = node.text(self.source).chars().take(64).collect();
        stop(ScanErrorKind::DuplicateKey { key }, node.start as usize)
    }
}

/// The first key, by place, that another one before it equals.
#[cold]
fn sorted_duplicate(keys: &[Seen], source: &str) -> Option<Node> {
    let mut texts: Vec<(Cow<'_, str>, Node)> =
        keys.iter().map(|seen| (seen.node.text(source), seen.node)).collect();
    texts.sort_unstable_by(|(a, at_a), (b, at_b)| a.cmp(b).then(at_a.start.cmp(&at_b.start)));
    texts
        .windows(2)
        .filter_map(|pair| match pair {
            [(a, _), (b, node)] if a == b => Some(*node),
            _ => None,
        })
        .min_by_key(|node| node.start)
}

#[cold]
fn print_of(text: &str) -> u64 {
    let mut eight = [0; 8];
    eight.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    u64::from_le_bytes(eight) ^ (text.len() as u64).rotate_right(8)
}

#[inline]
fn same(a: Node, b: Node, source: &str) -> bool {
    if a.tag.escaped() || b.tag.escaped() {
        return a.text(source) == b.text(source);
    }
    a.inner(source) == b.inner(source)
}
