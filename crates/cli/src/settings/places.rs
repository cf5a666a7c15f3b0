//! Where in the file something stands.

use std::ops::Range;

use interlock_policy::{Located, Node, Syntax, Value};

use super::Settings;

/// The file's text, and what it is called.
#[derive(Debug, Clone, Default)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
}

impl Settings {
    /// The file's name and its text; both empty where there is none.
    pub(crate) fn source(&self) -> (&str, &str) {
        (&self.source.name, &self.source.text)
    }

    /// The bytes of the innermost of these keys that the file has.
    pub(crate) fn range_of(&self, keys: &[&str]) -> Range<usize> {
        let mut located = Located::new(&self.source.text);
        located.read(Syntax::Yaml).and_then(|root| innermost(&root, keys)).unwrap_or(0..0)
    }

    /// In words for an error: `line 3 of ‘interlock.yaml’`.
    pub(crate) fn place_of(&self, keys: &[&str]) -> String {
        let Source { name, text } = &self.source;
        let before = text.get(..self.range_of(keys).start).unwrap_or_default();
        format!("line {} of `{name}`", before.matches('\n').count() + 1)
    }
}

fn innermost(node: &Node, keys: &[&str]) -> Option<Range<usize>> {
    let (first, rest) = keys.split_first()?;
    let Value::Map(members) = &node.value else { return None };
    let member = members.iter().find(|member| member.key == *first)?;
    innermost(&member.value, rest).or_else(|| Some(member.key_range.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_key_that_is_there() {
        let text = "listen: a\ngrants:\n  team:\n    servers: { files: p.yaml }\n";
        let source = Source { name: "i.yaml".to_owned(), text: text.to_owned() };
        let settings = Settings { source, ..Settings::default() };
        for (keys, line) in [
            (&["grants", "team", "servers", "files"][..], 4),
            (&["grants", "team", "servers", "other"], 4),
            (&["grants", "team"], 3),
            (&["grants", "others"], 2),
            (&["servers"], 1),
            (&[], 1),
        ] {
            assert_eq!(settings.place_of(keys), format!("line {line} of `i.yaml`"), "{keys:?}");
        }
    }
}
