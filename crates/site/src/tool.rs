//! The page of one tool.

use askama::Template;
use interlock_catalog::policy_as_json;

use crate::answers::Answer;
use crate::parameters::Parameters;
use crate::phrases::{self, Words};
use crate::text::{self, Shown};
use crate::{AttackPage, Frame, Server, Surroundings, Tool, answers, parameters};

/// As much of a description as its page shows.
const DESCRIPTION: usize = 4_000;
/// As much of what else is somebody's text.
const WORDS: usize = 200;
/// As much of a policy as is shown, which is more than any that is recommended for one tool.
const POLICY: usize = 20_000;

#[derive(Template)]
#[template(path = "tool.html")]
struct Page<'a> {
    frame: Surroundings<'a>,
    title: String,
    name: Shown<'a>,
    server: Shown<'a>,
    called: Option<Shown<'a>>,
    severity: Words,
    category: Words,
    confidence: Words,
    description: Option<Shown<'a>>,
    evidence: Vec<(Shown<'a>, &'static str, Words)>,
    /// Each, and the words that show it.
    risks: Vec<(Words, Shown<'a>)>,
    parameters: Parameters<'a>,
    attacks: &'a [&'a AttackPage],
    /// In YAML and in JSON: names of others are in both.
    policy: Option<(Shown<'a>, Shown<'a>)>,
    answers: [Answer; 4],
}

pub(crate) fn render(
    frame: &Frame,
    path: &str,
    server: &Server<'_>,
    tool: &Tool<'_>,
) -> askama::Result<String> {
    let (definition, judgement) = (&tool.definition, &tool.judgement);
    let given = |text: &'_ Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
    let evidence = phrases::evidence(&judgement.evidence);
    // What does not compile is not recommended.
    let json = policy_as_json(&tool.policy);
    let policy = json.as_deref().map(|json| (text::lines(&tool.policy, POLICY), text::lines(json, POLICY)));
    let page = Page {
        frame: frame.of(path),
        title: format!("{} of {}", text::plain(&definition.tool, 80), text::plain(server.name, 80)),
        name: text::line(&definition.tool, WORDS),
        server: text::line(server.name, WORDS),
        called: definition
            .title
            .as_deref()
            .filter(|_| given(&definition.title))
            .map(|text| text::line(text, WORDS)),
        severity: phrases::severity(judgement.severity),
        category: phrases::category(judgement.category),
        confidence: phrases::confidence(judgement.confidence),
        description: definition
            .description
            .as_deref()
            .filter(|_| given(&definition.description))
            .map(|text| text::lines(text, DESCRIPTION)),
        evidence: evidence
            .into_iter()
            .map(|(words, place, says)| (text::line(words, WORDS), place, says))
            .collect(),
        risks: judgement
            .risks
            .iter()
            .map(|risk| (phrases::risk(risk.kind), text::line(&risk.shown_by, WORDS)))
            .collect(),
        parameters: parameters::of(definition),
        attacks: &tool.attacks,
        answers: answers::of(definition, judgement, policy.is_some()),
        policy,
    };
    page.render()
}
