//! What is found beside judgements: text that steers a model, names that are taken for one another, and the attacks that
//! a tool's access allows; and what judgements rest on, in words.

use interlock_catalog::attacks::{Pattern, allowed_by};
use interlock_catalog::classify::{Confidence, Evidence, Place, RiskKind};
use interlock_catalog::lint::{self, Finding};
use interlock_catalog::similar::{LookAlike, look_alikes};
use interlock_catalog::{Category, Judgement};

use super::Scanned;

/// All findings of a scan.
pub(super) struct Findings<'s> {
    /// By the server's and the tool's place in the scan.
    texts: Vec<(usize, usize, Vec<Finding>)>,
    /// In each server's instructions.
    instructions: Vec<Vec<Finding>>,
    patterns: &'s [Pattern],
    /// Pairs of tools that look alike.
    pub(super) alike: Vec<LookAlike<'s>>,
}

/// Looks at every definition.
pub(super) fn of<'s>(scanned: &'s [Scanned], patterns: &'s [Pattern]) -> Findings<'s> {
    let mut texts = Vec::new();
    for (server, one) in scanned.iter().enumerate() {
        let tools = one.offer.iter().flat_map(|offer| &offer.tools);
        for (tool, offered) in tools.enumerate() {
            let found = lint::lint(&offered.definition);
            if !found.is_empty() {
                texts.push((server, tool, found));
            }
        }
    }
    let names = scanned.iter().flat_map(|one| {
        let tools = one.offer.iter().flat_map(|offer| &offer.tools);
        tools.map(|offered| (one.name.as_str(), offered.definition.tool.as_str()))
    });
    Findings {
        texts,
        instructions: scanned.iter().map(of_instructions).collect(),
        patterns,
        alike: look_alikes(names),
    }
}

fn of_instructions(one: &Scanned) -> Vec<Finding> {
    let said = one.offer.iter().find_map(|offer| offer.instructions.as_deref());
    said.map(|said| lint::lint_text("instructions", said)).unwrap_or_default()
}

impl Findings<'_> {
    /// What was found in a server's instructions.
    pub(super) fn of_server(&self, server: usize) -> &[Finding] {
        self.instructions.get(server).map(Vec::as_slice).unwrap_or_default()
    }

    /// What was found in one tool's definition.
    pub(super) fn of_tool(&self, server: usize, tool: usize) -> &[Finding] {
        let found = self.texts.iter().find(|(of, one, _)| (*of, *one) == (server, tool));
        found.map(|(_, _, found)| found.as_slice()).unwrap_or_default()
    }

    /// The attacks that a tool's access allows.
    pub(super) fn attacks(&self, judgement: &Judgement) -> impl Iterator<Item = &Pattern> {
        allowed_by(self.patterns, judgement)
    }

    /// All attacks.
    pub(super) fn patterns(&self) -> &[Pattern] {
        self.patterns
    }

    /// Whether any text tries to steer a model.
    pub(super) fn steers(&self) -> bool {
        !self.texts.is_empty() || self.instructions.iter().any(|found| !found.is_empty())
    }
}

/// What a judgement rests on, what speaks against it, and what else is shown.
pub(super) fn why(judgement: &Judgement) -> String {
    let says = |one: &Evidence| format!("{} says \"{}\"", one.place.in_words(), one.words);
    let mut said: Vec<String> = Vec::new();
    match judgement.evidence.iter().find(|one| one.category == judgement.category) {
        Some(one) => said.push(says(one)),
        None => said.push("nothing says what it does".to_owned()),
    }
    if judgement.confidence == Confidence::Low {
        said.extend(against(judgement).map(|one| format!("but {} ({})", says(one), one.category)));
    }
    // How many parameters there are matters to who asks whether a call is harmless, and a read is.
    let tells = |kind| kind != RiskKind::ManyParameters || judgement.category > Category::Read;
    said.extend(judgement.risks.iter().filter(|risk| tells(risk.kind)).map(ToString::to_string));
    said.join("; ")
}

/// The first that name or description say otherwise.
fn against(judgement: &Judgement) -> Option<&Evidence> {
    let of_text = |one: &&Evidence| matches!(one.place, Place::Name | Place::Description | Place::Statement);
    judgement.evidence.iter().filter(of_text).find(|one| one.category != judgement.category)
}
