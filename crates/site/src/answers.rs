//! Questions that people have about a tool, answered from its judgement.

use interlock_catalog::classify::{Judgement, RiskKind};
use interlock_catalog::{Category, Definition};

use crate::phrases;

/// A question and its answer.
pub(crate) struct Answer {
    pub(crate) question: &'static str,
    pub(crate) answer: String,
}

pub(crate) fn of(definition: &Definition, judgement: &Judgement, has_policy: bool) -> [Answer; 4] {
    [
        Answer { question: "What can this tool do?", answer: what(judgement) },
        Answer { question: "Can it be undone?", answer: undone(judgement).to_owned() },
        Answer { question: "How do I limit it?", answer: limit(judgement, has_policy) },
        Answer { question: "How sure is this?", answer: sure(definition, judgement) },
    ]
}

fn shows(judgement: &Judgement, kind: RiskKind) -> bool {
    judgement.risks.iter().any(|risk| risk.kind == kind)
}

fn what(judgement: &Judgement) -> String {
    let mut told = String::from(match judgement.category {
        Category::Read => "It returns information and changes nothing, as far as its definition tells.",
        Category::Write => "It creates or changes something, which another call can put right.",
        Category::Execute => {
            "It starts work elsewhere: a job, code, a message or a workflow, whose effects go beyond the call."
        }
        Category::Destructive => "It deletes something, or does what no other call undoes.",
        Category::Financial => "It moves money, or commits somebody to pay.",
    });
    let worth: [(RiskKind, &str); 9] = [
        (RiskKind::PatientData, " It touches data of patients."),
        (RiskKind::Credentials, " It touches credentials."),
        (RiskKind::PersonalData, " It touches data of persons."),
        (RiskKind::Bulk, " One call may reach many things at once."),
        (RiskKind::Egress, " What it hands out goes to a place that an argument names."),
        (RiskKind::FreeCode, " It runs what an argument holds, so that the caller decides what it does."),
        (
            RiskKind::FreeQuery,
            " It takes a query in a language, so that the caller decides how much it reaches.",
        ),
        (RiskKind::Privilege, " It gives, takes or uses rights."),
        (RiskKind::Exposure, " It can show something to everybody."),
    ];
    for (kind, says) in worth {
        if shows(judgement, kind) {
            told.push_str(says);
        }
    }
    told
}

fn undone(judgement: &Judgement) -> &'static str {
    if shows(judgement, RiskKind::Irreversible) {
        return "No, by its own words.";
    }
    match judgement.category {
        Category::Read => {
            "There is nothing to undo, but what was read cannot be taken back from whoever read it."
        }
        Category::Write => {
            "Probably: what it creates or changes can be changed again by another call. The old value may not be kept."
        }
        Category::Execute => "What it starts may be stopped; what that has done by then stays done.",
        Category::Destructive => "Nothing in its definition says that it can. Take it for lasting.",
        Category::Financial => {
            "Not by the tool itself. Money that has moved comes back only if whoever has it agrees."
        }
    }
}

fn limit(judgement: &Judgement, has_policy: bool) -> String {
    let mut told = String::from(match judgement.category {
        Category::Read => "Allow it, with a limit for each minute where calls cost money.",
        Category::Write => "Allow it with a limit for each hour, so that a loop does not fill the service.",
        Category::Execute => "Allow it a few times a minute, and only with arguments that you expect.",
        Category::Destructive => "Deny it, or have a person approve each call.",
        Category::Financial => "Have a person approve each call, and cap what is spent.",
    });
    if shows(judgement, RiskKind::Egress) {
        told.push_str(" List the places to which it may send.");
    }
    if shows(judgement, RiskKind::FilePath) {
        told.push_str(" Name the folders that its path may be in.");
    }
    if shows(judgement, RiskKind::Address) {
        told.push_str(" Name the hosts that its address may have.");
    }
    if has_policy {
        told.push_str(" The recommended policy above says so in rules.");
    }
    told
}

fn sure(definition: &Definition, judgement: &Judgement) -> String {
    let confidence = phrases::confidence(judgement.confidence);
    let mut told = format!("The confidence is {}: {}.", confidence.name, confidence.means);
    if definition.description.as_deref().is_none_or(|text| text.trim().is_empty()) {
        told.push_str(" It has no description.");
    }
    if definition.annotations.is_none() {
        told.push_str(" Its publisher says nothing of its effects.");
    }
    told.push_str(" It was judged by its definition alone; nobody has called it.");
    told
}
