//! Many patterns and one name: which of them match.
//!
//! A pattern is found by the text before its first star or after its last one, whichever fewer patterns have. Only
//! patterns with neither are looked at for every name.

use std::collections::HashMap;

use super::Glob;

/// Patterns in an order.
#[derive(Debug, Default)]
pub(crate) struct GlobSet {
    globs: Vec<Glob>,
    by_beginning: Ends,
    /// By what stands at the end, read backwards.
    by_end: Ends,
    /// Those that begin and end with a star.
    others: Vec<usize>,
}

impl GlobSet {
    pub(crate) fn new(globs: Vec<Glob>) -> GlobSet {
        let (mut beginnings, mut ends): (HashMap<&str, usize>, HashMap<&str, usize>) = Default::default();
        for glob in &globs {
            let (beginning, end) = glob.ends();
            *beginnings.entry(beginning).or_default() += 1;
            *ends.entry(end).or_default() += 1;
        }
        let shared = |texts: &HashMap<&str, usize>, text: &str| match text {
            "" => usize::MAX,
            _ => texts.get(text).copied().unwrap_or_default(),
        };
        let mut by_beginning = Vec::new();
        let mut by_end = Vec::new();
        let mut others = Vec::new();
        for (index, glob) in globs.iter().enumerate() {
            let (beginning, end) = glob.ends();
            match (beginning, end) {
                ("", "") => others.push(index),
                _ if shared(&beginnings, beginning) <= shared(&ends, end) => {
                    by_beginning.push((beginning.bytes().collect(), index));
                }
                _ => by_end.push((end.bytes().rev().collect(), index)),
            }
        }
        GlobSet { by_beginning: Ends::new(by_beginning), by_end: Ends::new(by_end), others, globs }
    }

    /// The place of a pattern among all.
    pub(crate) fn position(&self, glob: &Glob) -> Option<usize> {
        self.globs.iter().position(|known| known == glob)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.globs.is_empty()
    }

    /// The places of the patterns that match, in their order.
    pub(crate) fn matching(&self, name: &str) -> Vec<usize> {
        let mut found = self.others.clone();
        self.by_beginning.collect(name.as_bytes(), &mut found);
        if !self.by_end.0.is_empty() {
            let backwards: Vec<u8> = name.bytes().rev().collect();
            self.by_end.collect(&backwards, &mut found);
        }
        found.retain(|index| self.globs.get(*index).is_some_and(|glob| glob.matches(name)));
        found.sort_unstable();
        found
    }

    /// The first pattern that matches.
    pub(crate) fn first(&self, name: &str) -> Option<&Glob> {
        self.matching(name).first().and_then(|index| self.globs.get(*index))
    }
}

/// Texts in the order of their bytes, with the patterns that each stands for.
#[derive(Debug, Default)]
struct Ends(Vec<End>);

#[derive(Debug)]
struct End {
    text: Box<[u8]>,
    /// The longest of the texts that this one begins with, other than itself.
    within: Option<usize>,
    globs: Vec<usize>,
}

impl Ends {
    fn new(mut texts: Vec<(Box<[u8]>, usize)>) -> Ends {
        texts.sort_unstable();
        let mut ends: Vec<End> = Vec::new();
        for (text, glob) in texts {
            let mut within = ends.len().checked_sub(1);
            if let Some(last) = ends.last_mut().filter(|last| last.text == text) {
                last.globs.push(glob);
                continue;
            }
            // Whatever the text begins with is the one before it, or what that one begins with.
            while let Some(end) =
                within.and_then(|at| ends.get(at)).filter(|end| !text.starts_with(&end.text))
            {
                within = end.within;
            }
            ends.push(End { text, within, globs: vec![glob] });
        }
        Ends(ends)
    }

    /// Adds the patterns whose text `name` begins with.
    fn collect(&self, name: &[u8], found: &mut Vec<usize>) {
        let after = self.0.partition_point(|end| &*end.text <= name);
        let mut at = after.checked_sub(1);
        // Every text that the name begins with is the last one that does not come after it, or one that this begins
        // with.
        while let Some(end) = at.and_then(|at| self.0.get(at)) {
            if name.starts_with(&end.text) {
                found.extend_from_slice(&end.globs);
            }
            at = end.within;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(texts: &[&str]) -> GlobSet {
        GlobSet::new(texts.iter().map(|text| Glob::new(*text)).collect())
    }

    #[test]
    fn the_order_is_that_of_the_file() {
        let set = set(&["*_x", "get_*", "*", "g*", "*et*", "get_a*x", "get_*", "other_*", "*y"]);
        assert_eq!(set.matching("get_a_x"), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(set.matching("g"), [2, 3]);
        assert_eq!(set.matching(""), [2]);
        assert_eq!(set.first("every").map(Glob::as_str), Some("*"));
    }

    /// What is looked at grows with the name, not with the patterns.
    #[test]
    fn most_patterns_are_not_looked_at() {
        let looked_at = |set: &GlobSet, name: &str| {
            let mut found = set.others.clone();
            set.by_beginning.collect(name.as_bytes(), &mut found);
            set.by_end.collect(&name.bytes().rev().collect::<Vec<_>>(), &mut found);
            found.len()
        };
        let many = |pattern: fn(usize) -> String| {
            GlobSet::new((0..10_000).map(|nth| Glob::new(pattern(nth))).collect())
        };
        for pattern in [
            |nth| format!("service_{nth}_*"),
            |nth| format!("*_service_{nth}"),
            |nth| format!("get_*_of_{nth}"),
            |nth| format!("{nth}_get_*_of"),
        ] {
            let set = many(pattern);
            for name in
                ["create_charge", "service_77_x", "x_service_77", "get_x_of_77", "77_get_x_of", "get_", ""]
            {
                assert!(looked_at(&set, name) <= 4, "{name}: {}", looked_at(&set, name));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn as_each_pattern_by_itself(
            texts in proptest::collection::vec("[ab*é]{0,6}", 0..40),
            names in proptest::collection::vec("[abé]{0,8}", 1..10),
        ) {
            let globs: Vec<Glob> = texts.iter().map(|text| Glob::new(text.as_str())).collect();
            let set = GlobSet::new(globs.clone());
            for name in names {
                let one_by_one: Vec<usize> =
                    globs.iter().enumerate().filter(|(_, glob)| glob.matches(&name)).map(|(at, _)| at).collect();
                prop_assert_eq!(set.matching(&name), one_by_one, "{}", name);
            }
        }
    }
}
