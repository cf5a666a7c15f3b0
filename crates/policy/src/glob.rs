//! Names with `*`: the only metacharacter, any run of characters, also an empty one.

mod set;

use std::fmt;

pub(crate) use set::GlobSet;

/// A pattern for names. Case-sensitive; everything but `*` stands for itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Glob {
    text: String,
}

impl Glob {
    /// The pattern as written.
    pub fn new(text: impl Into<String>) -> Glob {
        Glob { text: text.into() }
    }

    /// The pattern's text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What a name must begin and end with to match. A pattern without a star is both.
    fn ends(&self) -> (&str, &str) {
        let beginning = self.text.split('*').next().unwrap_or_default();
        let end = self.text.rsplit('*').next().unwrap_or_default();
        (beginning, end)
    }

    /// Whether the whole of `name` matches. Linear in the name for every pattern.
    pub fn matches(&self, name: &str) -> bool {
        let mut pieces = self.text.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(last) = pieces.next_back() else { return name == first };
        let Some(middle) = name.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
            return false;
        };
        // Between two stars the leftmost place is always good enough: it leaves most for what follows.
        let mut rest = middle;
        for piece in pieces {
            match rest.find(piece) {
                Some(at) => rest = rest.get(at + piece.len()..).unwrap_or_default(),
                None => return false,
            }
        }
        true
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    #[test]
    fn stars_match_any_run() {
        #[rustfmt::skip]
        let table = [
            ("get_*", "get_", true), ("get_*", "get_x", true), ("get_*", "forget_x", false), ("*_get", "x_get", true),
            ("a*a", "a", false), ("a*a", "aa", true), ("a*b*c", "abc", true), ("a*b*c", "axxbyybzzc", true),
            ("a*b*c", "acb", false), ("*", "", true), ("*", "anything", true), ("a**b", "ab", true), ("a**b", "a-b", true),
            ("Get_*", "get_x", false), ("*é*", "café au lait", true), ("*bb*", "abab", false), ("*ab*b*", "ab", false), ("*aa*aa*", "aaa", false), ("x", "x", true), ("x", "xx", false),
        ];
        for (pattern, name, expected) in table {
            assert_eq!(Glob::new(pattern).matches(name), expected, "{pattern} {name}");
        }
    }
}
