//! How deep the tree of a statement can become, told from its marks before there is a tree.
//!
//! The parser bounds what is nested, not what is chained: `1 + 1 + 1` is a tree as deep as it is long, and walking one
//! or dropping it takes as much of the stack. A chain does not go on past a comma, `WHERE` or `ON` at its own level of
//! brackets, except for one of `UNION`s.

use sqlparser::keywords::ALL_KEYWORDS;

/// The chains that are open, the innermost last.
#[derive(Debug)]
pub(super) struct Depth {
    levels: Vec<Level>,
}

/// What stands between two brackets.
#[derive(Debug, Default)]
struct Level {
    /// Queries that are joined to the first.
    queries: usize,
    /// Links of the chain so far.
    links: usize,
    /// The deepest brackets in the chain.
    inner: usize,
    /// The deepest chain before this one.
    deepest: usize,
}

impl Level {
    fn end_chain(&mut self) {
        self.deepest = self.deepest.max(self.links + self.inner);
        (self.links, self.inner) = (0, 0);
    }

    fn depth(&self) -> usize {
        1 + self.queries + self.deepest.max(self.links + self.inner)
    }
}

impl Depth {
    pub(super) fn new() -> Depth {
        Depth { levels: vec![Level::default()] }
    }

    /// The depth that the marks so far can lead to.
    pub(super) fn depth(&self) -> usize {
        self.levels.iter().map(Level::depth).sum()
    }

    /// How many brackets are open.
    pub(super) fn open(&self) -> usize {
        self.levels.len()
    }

    pub(super) fn bracket(&mut self, opens: bool) {
        if opens {
            self.levels.push(Level::default());
            return;
        }
        // A bracket too many is the parser's to find.
        if self.levels.len() > 1
            && let Some(closed) = self.levels.pop()
            && let Some(level) = self.levels.last_mut()
        {
            level.inner = level.inner.max(closed.depth());
        }
    }

    pub(super) fn comma(&mut self) {
        self.with_last(Level::end_chain);
    }

    pub(super) fn sign(&mut self) {
        self.with_last(|level| level.links += 1);
    }

    /// Every keyword may be a link; other words are names.
    pub(super) fn word(&mut self, word: &str) {
        let upper = word.to_ascii_uppercase();
        match upper.as_str() {
            "UNION" | "EXCEPT" | "INTERSECT" | "MINUS" => self.with_last(|level| {
                level.queries += 1;
                level.end_chain();
            }),
            "WHERE" | "ON" => self.with_last(Level::end_chain),
            _ if ALL_KEYWORDS.binary_search(&upper.as_str()).is_ok() => self.sign(),
            _ => {}
        }
    }

    fn with_last(&mut self, change: impl FnOnce(&mut Level)) {
        if let Some(level) = self.levels.last_mut() {
            change(level);
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlparser::keywords::ALL_KEYWORDS;

    #[test]
    fn the_keywords_can_be_searched() {
        assert!(ALL_KEYWORDS.is_sorted());
    }
}
