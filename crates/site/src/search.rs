//! The index that pages are searched by: read by a script a part at a time, also from a disk.
//!
//! `words.js` says which part has which words; `w-N.js` are the parts, each with the tools that have its words, and
//! `t-N.js` what is shown of the tools. A browser reads files of a disk as scripts and in no other way, so that each part is
//! a call with data. Tools are numbered from the worst to the least, so that of two that fit alike the worse comes first.

use std::collections::HashMap;
use std::fmt::Write as _;

pub(crate) mod words;

/// Tools that a part of the index shows.
pub(crate) const BLOCK: usize = 64;
/// When a part with words is full, in bytes. One word alone may need more.
const PART: usize = 96 << 10;

/// Which tools have which words. Numbers are those of one chapter, or of the catalogue.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    of: HashMap<Box<str>, Postings>,
}

/// The tools that have a word: in a name, or only elsewhere.
#[derive(Debug, Default)]
struct Postings {
    named: Vec<u32>,
    said: Vec<u32>,
}

impl Terms {
    /// A tool with its words.
    pub(crate) fn add(&mut self, tool: u32, mut named: Vec<String>, mut said: Vec<String>) {
        named.sort_unstable();
        named.dedup();
        said.sort_unstable();
        said.dedup();
        said.retain(|word| named.binary_search(word).is_err());
        for word in named {
            self.of.entry(word.into()).or_default().named.push(tool);
        }
        for word in said {
            self.of.entry(word.into()).or_default().said.push(tool);
        }
    }

    /// Those of another, whose numbers begin here.
    pub(crate) fn absorb(&mut self, other: Self, begin: u32) {
        for (word, postings) in other.of {
            let own = self.of.entry(word).or_default();
            own.named.extend(postings.named.iter().map(|tool| tool + begin));
            own.said.extend(postings.said.iter().map(|tool| tool + begin));
        }
    }

    /// The parts: the first word of each, and its lines. `positions` has for each number the one that is shown.
    pub(crate) fn parts<E>(
        self,
        positions: &[u32],
        mut part: impl FnMut(&str, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut all: Vec<_> = self.of.into_iter().collect();
        all.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let (mut first, mut lines) = (Box::<str>::default(), String::new());
        for (word, postings) in all {
            if lines.len() >= PART {
                part(&first, &lines)?;
                lines.clear();
            }
            if lines.is_empty() {
                first.clone_from(&word);
            } else {
                lines.push('\n');
            }
            lines.push_str(&word);
            for tools in [postings.named, postings.said] {
                lines.push(' ');
                numbers(&tools, positions, &mut lines);
            }
        }
        if !lines.is_empty() {
            part(&first, &lines)?;
        }
        Ok(())
    }
}

/// Each as the difference to the one before, in digits of five bits, the lowest first, with a sixth that says whether there
/// are more: most take one or two letters.
fn numbers(tools: &[u32], positions: &[u32], out: &mut String) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut at: Vec<u32> = tools.iter().filter_map(|tool| positions.get(*tool as usize).copied()).collect();
    at.sort_unstable();
    let mut before = 0;
    for number in at {
        let mut rest = number - before;
        before = number;
        loop {
            let more = if rest >= 32 { 32 } else { 0 };
            let letter = LETTERS.get((rest & 31 | more) as usize).copied().unwrap_or(b'A');
            out.push(char::from(letter));
            rest >>= 5;
            if more == 0 {
                break;
            }
        }
    }
}

/// A call with data, as a script.
pub(crate) fn call(function: &str, number: usize, data: &serde_json::Value) -> String {
    let mut script = String::new();
    // Writing into a string cannot fail.
    let _infallible = writeln!(script, "{function}({number},{data});");
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_in_the_order_of_words_whoever_came_first() {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let mut one = Terms::default();
        one.add(0, owned(&["delete", "store"]), owned(&["store", "patient"]));
        let mut other = Terms::default();
        other.add(0, owned(&["list"]), owned(&["patient"]));
        let mut all = Terms::default();
        all.absorb(one, 0);
        all.absorb(other, 1);
        let mut parts = Vec::new();
        all.parts(&[1, 40], |first, lines| {
            parts.push((first.to_owned(), lines.to_owned()));
            Ok::<_, ()>(())
        })
        .unwrap();
        assert_eq!(parts, [("delete".to_owned(), "delete B \nlist oB \npatient  BnB\nstore B ".to_owned())]);
    }
}
