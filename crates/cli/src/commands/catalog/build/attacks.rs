//! The attack patterns that are built in, as pages show them, and for which of them a tool gives the access.

use interlock_catalog::Judgement;
use interlock_catalog::attacks::{Access, Arrival, Pattern};
use interlock_site::AttackPage;

use crate::attacks::patterns;
use crate::commands::attacks::needs;

/// Every pattern with its page.
pub(super) struct Attacks {
    patterns: Vec<Pattern>,
    pages: Vec<AttackPage>,
}

impl Attacks {
    pub(super) fn built_in() -> anyhow::Result<Self> {
        let patterns = patterns()?;
        Ok(Self { pages: patterns.iter().map(page).collect(), patterns })
    }

    pub(super) fn pages(&self) -> &[AttackPage] {
        &self.pages
    }

    /// The pages of those that a tool of this judgement gives the access for.
    pub(super) fn allowed_by(&self, judgement: &Judgement) -> Vec<&AttackPage> {
        let with_pages = self.patterns.iter().zip(&self.pages);
        with_pages
            .filter(|(pattern, _)| pattern.access.is_given_by(judgement))
            .map(|(_, page)| page)
            .collect()
    }
}

fn page(pattern: &Pattern) -> AttackPage {
    let (case, control) = (&pattern.case, &pattern.control);
    let references = pattern.references.by_framework();
    AttackPage {
        id: pattern.id.clone(),
        name: pattern.name.clone(),
        category: capitalised(&pattern.category.to_string()),
        happens: pattern.happens.clone(),
        case: case.what.clone(),
        source: format!("{} ({})", case.title, case.date),
        url: case.url.clone(),
        access: access(pattern),
        control: control.what.clone(),
        leaves: control.leaves.clone(),
        recommended: control.recommended.clone(),
        stopped_by: pattern.scenario.harm.iter().map(stopped_by).collect(),
        policies: control.policies.iter().map(|(server, policy)| (server.clone(), policy.clone())).collect(),
        settings: control.settings.clone(),
        references: references.map(|(of, ids)| (of.to_owned(), ids.join(", "))).collect(),
    }
}

fn stopped_by(harm: &Arrival) -> (String, String) {
    let parts: Vec<String> = harm.stopped_by.iter().map(ToString::to_string).collect();
    (capitalised(&harm.what), parts.join(", "))
}

fn access(pattern: &Pattern) -> String {
    match pattern.access == Access::default() {
        true => "No tool of its own: it is about the connection between agents and servers, or a server as a whole.".to_owned(),
        false => format!("A tool that gives: {}.", needs(&pattern.access)),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
