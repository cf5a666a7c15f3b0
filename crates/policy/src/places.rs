//! Where in a document's text a rule stands.

use crate::Syntax;
use crate::diagnostic::{Report, Span};
use crate::tree::{self, Node};

/// A document's text with its tree, to find the places that RFC 6901 pointers name.
pub struct Places<'s> {
    report: Report<'s>,
    root: Option<Node>,
}

impl<'s> Places<'s> {
    /// Reads the text. What is wrong with it is not told here: there are fewer places to find then.
    pub fn new(text: &'s str, syntax: Syntax) -> Places<'s> {
        let mut report = Report::new(text);
        let root = match syntax {
            Syntax::Yaml => tree::yaml::read(&mut report),
            Syntax::Json => tree::json::read(&mut report),
        };
        Places { report, root }
    }

    /// The place of a key, an item or the whole document.
    pub fn find(&self, pointer: &str) -> Option<Span> {
        let root = self.root.as_ref()?;
        let range =
            tree::find_key(root, pointer).or_else(|| tree::find(root, pointer).map(|node| node.mark()))?;
        Some(self.report.span(range))
    }
}

impl std::fmt::Debug for Places<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Places").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_lead_to_lines() {
        let text = "version: '1'\ntools:\n  a/b:\n    rules:\n      - name: x\n      - action: deny\n";
        let places = Places::new(text, Syntax::Yaml);
        for (pointer, expected) in [
            ("/tools/a~1b", Some((3, 3))),
            ("/tools/a~1b/rules/0", Some((5, 9))),
            ("/tools/a~1b/rules/1/action", Some((6, 9))),
            ("/tools/none", None),
            ("/tools/a~1b/rules/2", None),
        ] {
            let found = places.find(pointer).map(|span| (span.line, span.column));
            assert_eq!(found, expected, "{pointer}");
        }
        let json = Places::new("{\"tools\":\n {\"t\": {\"limits\": [\n{}]}}}", Syntax::Json);
        assert_eq!(json.find("/tools/t/limits/0").map(|span| span.line), Some(3));
    }
}
