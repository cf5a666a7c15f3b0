//! What lists and the search know of each tool.

use interlock_catalog::classify::RiskKind;
use interlock_catalog::{Category, Severity};

use crate::phrases::RISKS;
use crate::search::{Terms, words};
use crate::{Server, Tool, address, phrases, text};

/// As much of a name as lists show.
pub(crate) const NAME: usize = 100;
/// As much of a description as lists show.
const SUMMARY: usize = 150;
/// As many words of a description as can be searched for: what comes later seldom tells what a tool does.
const SOUGHT: usize = 60;

/// A tool, as a list shows it.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    /// Which of the servers.
    pub(crate) server: u32,
    pub(crate) category: Category,
    pub(crate) severity: Severity,
    pub(crate) risks: Risks,
    pub(crate) name: Box<str>,
    /// The name of its file, without what it ends with; `None` where that is its name.
    slug: Option<Box<str>>,
    pub(crate) summary: Box<str>,
}

/// A set of kinds of risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Risks(pub(crate) u16);

impl Risks {
    pub(crate) fn of(kinds: impl Iterator<Item = RiskKind>) -> Self {
        let place = |kind| RISKS.iter().position(|one| *one == kind);
        Self(kinds.filter_map(place).fold(0, |set, place| set | 1 << place))
    }

    pub(crate) fn has(self, kind: RiskKind) -> bool {
        self.0 & Self::of(std::iter::once(kind)).0 != 0
    }

    pub(crate) fn each(self) -> impl Iterator<Item = RiskKind> {
        let set = self.0;
        RISKS.iter().enumerate().filter(move |(place, _)| set & (1 << place) != 0).map(|(_, kind)| *kind)
    }
}

/// A server, as a list shows it.
#[derive(Debug, Clone)]
pub(crate) struct ServerFact {
    pub(crate) name: Box<str>,
    pub(crate) folder: Box<str>,
    pub(crate) tools: u32,
    /// How many of its tools are of each severity, the worst first.
    pub(crate) by_severity: [u32; 4],
}

impl Fact {
    pub(crate) fn of(server: u32, tool: &Tool<'_>) -> Self {
        let definition = &tool.definition;
        let slug = address::slug(&definition.tool);
        let described = definition.description.as_deref().or(definition.title.as_deref()).unwrap_or_default();
        Self {
            server,
            category: tool.judgement.category,
            severity: tool.judgement.severity,
            risks: Risks::of(tool.judgement.risks.iter().map(|risk| risk.kind)),
            slug: (slug != definition.tool).then(|| slug.into()),
            name: text::plain(&definition.tool, NAME).into(),
            summary: text::plain(first_sentence(described), SUMMARY).into(),
        }
    }

    /// Among servers before whose so many others come.
    pub(crate) fn renumbered(self, before: u32) -> Self {
        Self { server: self.server + before, ..self }
    }

    /// The file of its page, in the folder of its server.
    pub(crate) fn file(&self) -> String {
        format!("{}.html", self.slug.as_deref().unwrap_or(&self.name))
    }
}

/// What a description begins with, up to the end of its first sentence or paragraph.
fn first_sentence(text: &str) -> &str {
    let text = text.trim_start();
    // A very short one is an abbreviation or a heading.
    let first = |end: &str| text.match_indices(end).map(|(at, end)| at + end.len()).find(|at| *at > 25);
    let ends = [". ", ".\n", "\n\n", "。"].iter().filter_map(|end| first(end));
    ends.min().and_then(|end| text.get(..end)).unwrap_or(text)
}

/// What is known of the tools of some servers.
#[derive(Debug, Default)]
pub struct Chapter {
    pub(crate) servers: Vec<ServerFact>,
    pub(crate) tools: Vec<Fact>,
    pub(crate) terms: Terms,
}

impl Chapter {
    /// Takes up a server.
    pub fn add(&mut self, server: &Server<'_>) {
        let number = u32::try_from(self.servers.len()).unwrap_or(u32::MAX);
        let mut by_severity = [0; 4];
        for tool in &server.tools {
            let id = u32::try_from(self.tools.len()).unwrap_or(u32::MAX);
            self.terms.add(id, named(server, tool), said(tool));
            let fact = Fact::of(number, tool);
            if let Some(count) = by_severity.get_mut(3 - fact.severity as usize) {
                *count += 1;
            }
            self.tools.push(fact);
        }
        self.servers.push(ServerFact {
            name: text::plain(server.name, NAME).into(),
            folder: address::of_server(server.name).into(),
            tools: u32::try_from(server.tools.len()).unwrap_or(u32::MAX),
            by_severity,
        });
    }
}

/// The words that a tool is called by.
fn named(server: &Server<'_>, tool: &Tool<'_>) -> Vec<String> {
    let mut found = words::of_name(&tool.definition.tool);
    found.extend(words::of_name(server.name));
    found
}

/// The other words that it may be found by: its texts', its parameters', and those for what it can do.
fn said(tool: &Tool<'_>) -> Vec<String> {
    let definition = &tool.definition;
    let mut found = words::of_text(definition.title.as_deref().unwrap_or_default(), SOUGHT);
    found.extend(words::of_text(definition.description.as_deref().unwrap_or_default(), SOUGHT));
    found.extend(definition.parameters().take(SOUGHT).flat_map(|(name, _)| words::of_name(name)));
    let category = phrases::category(tool.judgement.category);
    let risks = tool.judgement.risks.iter().map(|risk| phrases::risk(risk.kind));
    for of in std::iter::once(category).chain(risks) {
        found.extend([of.name, of.sought].iter().flat_map(|text| words::of_text(text, SOUGHT)));
    }
    found.extend(filters(tool));
    found
}

/// What the search's filters look for. No word of a text has a `:`.
fn filters(tool: &Tool<'_>) -> impl Iterator<Item = String> {
    let category = format!("category:{}", phrases::category(tool.judgement.category).key);
    let severity = format!("severity:{}", phrases::severity(tool.judgement.severity).key);
    let risks = tool.judgement.risks.iter().map(|risk| format!("risk:{}", phrases::risk(risk.kind).key));
    [category, severity].into_iter().chain(risks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_begins_with_its_first_sentence() {
        for (text, expected) in [
            ("Deletes a data store for good. It takes an id.", "Deletes a data store for good. "),
            (
                "e.g. this one is a sentence of some length. And another.",
                "e.g. this one is a sentence of some length. ",
            ),
            ("no end", "no end"),
        ] {
            assert_eq!(first_sentence(text), expected);
        }
    }
}
