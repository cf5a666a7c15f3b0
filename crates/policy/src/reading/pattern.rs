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

/// `starts_with` and `ends_with`: one of several texts at one end of the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Affixes(Vec<Affix>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Affix {
    text: String,
    folded: Option<String>,
}

impl Affixes {
    pub(crate) fn new(texts: &[String], ignore_case: bool) -> Result<Affixes, (usize, Flaw)> {
        let affix = |(index, text): (usize, &String)| {
            if text.is_empty() {
                return Err((
                    index,
                    Flaw::new("every text begins and ends with an empty one")
                        .help("write at least one character"),
                ));
            }
            Ok(Affix { text: text.clone(), folded: ignore_case.then(|| fold(text)) })
        };
        texts.iter().enumerate().map(affix).collect::<Result<_, _>>().map(Affixes)
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|affix| affix.text.as_str())
    }

    pub(super) fn begin(&self, text: &str) -> bool {
        self.any(text, |text, affix| text.starts_with(affix))
    }

    pub(super) fn end(&self, text: &str) -> bool {
        self.any(text, |text, affix| text.ends_with(affix))
    }

    fn any(&self, text: &str, holds: impl Fn(&str, &str) -> bool) -> bool {
        let folded = self.0.iter().any(|affix| affix.folded.is_some()).then(|| fold(text));
        self.0.iter().any(|affix| match (&affix.folded, &folded) {
            (Some(affix), Some(text)) => holds(text, affix),
            _ => holds(text, &affix.text),
        })
    }
}

/// `matches_glob`: the whole value, with `*` for any run of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shapes {
    globs: Vec<Glob>,
    folded: Option<Vec<Glob>>,
}

impl Shapes {
    pub(crate) fn new(texts: &[String], ignore_case: bool) -> Result<Shapes, (usize, Flaw)> {
        if let Some((index, text)) = texts.iter().enumerate().find(|(_, text)| is_another_notation(text)) {
            let message =
                format!("{} has no `*`, which is the only sign that means something here", quoted(text));
            let flaw = Flaw::new(message);
            return Err((
                index,
                flaw.help("use `op: eq` for one text, `op: matches` for a regular expression"),
            ));
        }
        let globs = texts.iter().map(|text| Glob::new(text.as_str())).collect();
        let folded = ignore_case.then(|| texts.iter().map(|text| Glob::new(fold(text))).collect());
        Ok(Shapes { globs, folded })
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.globs.iter().map(Glob::as_str)
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        match &self.folded {
            Some(folded) => {
                let text = fold(text);
                folded.iter().any(|glob| glob.matches(&text))
            }
            None => self.globs.iter().any(|glob| glob.matches(text)),
        }
    }
}

/// The signs of a shell's patterns, and none of ours.
fn is_another_notation(text: &str) -> bool {
    text.contains(['?', '[', '{']) && !text.contains('*')
}
