//! Text by its shape: `matches`, `starts_with`, `ends_with`, `matches_glob`.

use super::Flaw;
use crate::diagnostic::quoted;
use crate::glob::Glob;
use crate::operator::fold;
use crate::regular::{Budget, Regular};

/// `matches`: a regular expression over the whole value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whole(Regular);

impl Whole {
    /// Compiles the expression; the error is a sentence without its subject.
    pub(crate) fn new(text: &str, ignore_case: bool, budget: &mut Budget) -> Result<Whole, String> {
        Regular::whole(text, ignore_case, budget).map(Whole)
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// `starts_with` and `ends_with`: a text at one end of the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Affix {
    text: String,
    folded: Option<String>,
}

impl Affix {
    pub(crate) fn new(text: &str, ignore_case: bool) -> Result<Affix, Flaw> {
        if text.is_empty() {
            return Err(Flaw::new("every text begins and ends with an empty one"));
        }
        Ok(Affix { text: text.to_owned(), folded: ignore_case.then(|| fold(text)) })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn begins(&self, text: &str) -> bool {
        match &self.folded {
            Some(folded) => fold(text).starts_with(folded.as_str()),
            None => text.starts_with(self.text.as_str()),
        }
    }

    pub(super) fn ends(&self, text: &str) -> bool {
        match &self.folded {
            Some(folded) => fold(text).ends_with(folded.as_str()),
            None => text.ends_with(self.text.as_str()),
        }
    }
}

/// `matches_glob`: the whole value, with `*` for any run of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    glob: Glob,
    folded: Option<Glob>,
}

impl Shape {
    pub(crate) fn new(text: &str, ignore_case: bool) -> Result<Shape, Flaw> {
        if let Some(mark) = text.chars().find(|character| matches!(character, '?' | '[' | '{'))
            && !text.contains('*')
        {
            let message = format!("{} has no `*`, and `{mark}` stands for itself", quoted(text));
            return Err(
                Flaw::new(message).help("use `op: eq` for one text, `op: matches` for a regular expression")
            );
        }
        Ok(Shape { glob: Glob::new(text), folded: ignore_case.then(|| Glob::new(fold(text))) })
    }

    pub(crate) fn as_str(&self) -> &str {
        self.glob.as_str()
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        match &self.folded {
            Some(folded) => folded.matches(&fold(text)),
            None => self.glob.matches(text),
        }
    }
}
