//! Regular expressions of policies: linear in time, bounded in size.

use std::fmt;

use regex_syntax::hir::{Hir, Look};

/// Longest expression, in bytes.
const MOST_TEXT: usize = 4_096;
/// Largest compiled form that is tried, in bytes. The library does not tell how large a form is, so it is tried with
/// one bound after the other, and the bound that sufficed is what the expression is taken to cost.
const BOUNDS: [usize; 4] = [4 << 10, 32 << 10, 256 << 10, 1 << 20];
/// What all expressions of one document may cost together, in bytes.
const MOST_TOGETHER: usize = 64 << 20;

/// What further expressions of a document may cost.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Default for Budget {
    fn default() -> Budget {
        Budget(MOST_TOGETHER)
    }
}

/// A compiled regular expression that is equal to another if its text and its treatment of case are.
#[derive(Clone)]
pub struct Regular {
    text: String,
    ignore_case: bool,
    compiled: regex::Regex,
}

impl Regular {
    /// Compiles the expression; the error is a sentence without its subject.
    pub(crate) fn new(text: &str, ignore_case: bool, budget: &mut Budget) -> Result<Regular, String> {
        if text.len() > MOST_TEXT {
            return Err(format!("is longer than {MOST_TEXT} bytes"));
        }
        Regular::compile(text, text, ignore_case, budget)
    }

    /// Compiles an expression that is to match the whole of a text. It is anchored as a tree: an expression such as
    /// `a)|(b`, or one that ends in a comment, could break out of anchors put round its text.
    pub(crate) fn whole(text: &str, ignore_case: bool, budget: &mut Budget) -> Result<Regular, String> {
        if text.len() > MOST_TEXT {
            return Err(format!("is longer than {MOST_TEXT} bytes"));
        }
        let mut parser = regex_syntax::ParserBuilder::new().case_insensitive(ignore_case).build();
        let inner = parser.parse(text).map_err(|error| not_valid(&error.to_string()))?;
        let anchored = Hir::concat(vec![Hir::look(Look::Start), inner, Hir::look(Look::End)]);
        Regular::compile(text, &anchored.to_string(), ignore_case, budget)
    }

    fn compile(
        text: &str,
        expression: &str,
        ignore_case: bool,
        budget: &mut Budget,
    ) -> Result<Regular, String> {
        for bound in BOUNDS {
            let Some(left) = budget.0.checked_sub(bound) else {
                return Err("and those before it are too large together".to_owned());
            };
            let mut builder = regex::RegexBuilder::new(expression);
            match builder.case_insensitive(ignore_case).size_limit(bound).build() {
                Ok(compiled) => {
                    budget.0 = left;
                    return Ok(Regular { text: text.to_owned(), ignore_case, compiled });
                }
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(error) => return Err(not_valid(&error.to_string())),
            }
        }
        // Trying took as long as compiling it would have.
        let largest = BOUNDS.iter().copied().max().unwrap_or_default();
        budget.0 = budget.0.saturating_sub(largest);
        Err(format!("needs more than {largest} bytes when compiled"))
    }

    /// The expression's text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the expression matches anywhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }

    /// Whether every match begins at the beginning of the text and ends at its end.
    pub(crate) fn anchored(&self) -> bool {
        let Ok(parsed) = regex_syntax::parse(&self.text) else { return false };
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
        self.text == other.text && self.ignore_case == other.ignore_case
    }
}

impl Eq for Regular {}

impl fmt::Debug for Regular {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Regular({:?})", self.text)
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
