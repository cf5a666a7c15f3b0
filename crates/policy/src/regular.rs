//! Regular expressions of policies: linear in time, bounded in size.

mod automaton;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use regex_syntax::hir::{Hir, Look};

use automaton::{Automaton, NotCompiled};

/// Longest expression, in bytes.
const MOST_TEXT: usize = 4_096;
/// Largest compiled form, in bytes.
const MOST: usize = 1 << 20;
/// What all expressions of one document may cost together, in bytes.
const MOST_TOGETHER: usize = 64 << 20;

/// What further expressions of a document may cost.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
    /// What has been compiled so far: documents say the same expression often.
    known: HashMap<Kind, Arc<Automaton>>,
}

/// What makes two expressions one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    text: Arc<str>,
    ignore_case: bool,
    whole: bool,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { left: MOST_TOGETHER, known: HashMap::new() }
    }
}

impl Budget {
    /// The compiled expression. One that is compiled already costs as much again: whether a document is too large
    /// does not depend on what its expressions share.
    fn compiled(&mut self, kind: &Kind) -> Result<Arc<Automaton>, String> {
        let known = self.known.get(kind).map(Arc::clone);
        let compiled = known.map_or_else(|| self.compile(kind), Ok)?;
        let left = self.left.checked_sub(compiled.memory());
        self.left = left.unwrap_or_default();
        left.map(|_| compiled).ok_or_else(too_large_together)
    }

    fn compile(&mut self, kind: &Kind) -> Result<Arc<Automaton>, String> {
        let most = self.left.min(MOST);
        match Automaton::new(&kind.tree()?, most) {
            Ok(compiled) => {
                let compiled = Arc::new(compiled);
                self.known.insert(kind.clone(), Arc::clone(&compiled));
                Ok(compiled)
            }
            Err(NotCompiled::Invalid(error)) => Err(not_valid(&error)),
            Err(NotCompiled::TooLarge) => {
                // Trying took as long as compiling it would have.
                self.left -= most;
                if most < MOST {
                    return Err(too_large_together());
                }
                Err(format!("needs more than {MOST} bytes when compiled"))
            }
        }
    }
}

impl Kind {
    /// The expression as a tree. One that is to match the whole of a text is anchored as a tree too: an expression
    /// such as `a)|(b`, or one that ends in a comment, could break out of anchors put round its text.
    fn tree(&self) -> Result<Hir, String> {
        let mut parser = regex_syntax::ParserBuilder::new().case_insensitive(self.ignore_case).build();
        let tree = parser.parse(&self.text).map_err(|error| not_valid(&error.to_string()))?;
        if !self.whole {
            return Ok(tree);
        }
        Ok(Hir::concat(vec![Hir::look(Look::Start), tree, Hir::look(Look::End)]))
    }
}

fn too_large_together() -> String {
    "and those before it are too large together".to_owned()
}

/// A compiled regular expression that is equal to another if its text, its treatment of case and its anchors are.
#[derive(Clone)]
pub struct Regular {
    kind: Kind,
    compiled: Arc<Automaton>,
}

impl Regular {
    /// Compiles the expression; the error is a sentence without its subject.
    pub(crate) fn new(text: &str, ignore_case: bool, budget: &mut Budget) -> Result<Regular, String> {
        Regular::of(text, ignore_case, false, budget)
    }

    /// Compiles an expression that is to match the whole of a text.
    pub(crate) fn whole(text: &str, ignore_case: bool, budget: &mut Budget) -> Result<Regular, String> {
        Regular::of(text, ignore_case, true, budget)
    }

    fn of(text: &str, ignore_case: bool, whole: bool, budget: &mut Budget) -> Result<Regular, String> {
        if text.len() > MOST_TEXT {
            return Err(format!("is longer than {MOST_TEXT} bytes"));
        }
        let kind = Kind { text: text.into(), ignore_case, whole };
        Ok(Regular { compiled: budget.compiled(&kind)?, kind })
    }

    /// The expression's text.
    pub fn as_str(&self) -> &str {
        &self.kind.text
    }

    /// Whether the expression matches anywhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }

    /// Whether every match begins at the beginning of the text and ends at its end.
    pub(crate) fn anchored(&self) -> bool {
        let Ok(parsed) = regex_syntax::parse(&self.kind.text) else { return false };
        let properties = parsed.properties();
        properties.look_set_prefix().contains(Look::Start) && properties.look_set_suffix().contains(Look::End)
    }
}

/// The message of a regex error draws the expression over several lines; its last line says what is wrong.
fn not_valid(message: &str) -> String {
    let last = message.lines().last().unwrap_or(message).trim().trim_start_matches("error: ");
    format!("is not valid: {last}")
}

impl PartialEq for Regular {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Regular {}

impl fmt::Debug for Regular {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Regular({:?})", self.kind.text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Regular};

    #[test]
    fn an_anchor_at_both_ends_of_every_alternative() {
        #[rustfmt::skip]
        let table = [
            ("^a$", true), ("^(a|b)$", true), ("^a|b$", false), ("^a$|^b$", true), ("^a", false), ("a$", false), ("a", false),
            (r"\Aa\z", true), ("(?i)^a$", true), ("(?m)^a$", false), (r"^a\$", false), (r"\^a$", false), ("^a*$", true), ("(^a$)?", false),
            ("^$", true), (".*", false),
        ];
        for (text, expected) in table {
            assert_eq!(
                Regular::new(text, false, &mut Budget::default()).unwrap().anchored(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn what_all_cost_together_is_bounded() {
        let mut budget = Budget::default();
        let large = |budget: &mut Budget| Regular::new(r"^\w{20}$", false, budget);
        let compiled = std::iter::repeat_with(|| large(&mut budget)).take_while(Result::is_ok).count();
        assert!((64..=256).contains(&compiled), "{compiled}");
        assert_eq!(large(&mut budget).unwrap_err(), "and those before it are too large together");
        let mut fresh = Budget::default();
        let small = (0..10_000).filter(|_| Regular::new("^[a-z]+$", false, &mut fresh).is_ok()).count();
        assert_eq!(small, 10_000);
    }
}
