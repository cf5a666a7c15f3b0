//! What judgements say, in words for people.

use interlock_catalog::classify::{Evidence, Place, RiskKind};
use interlock_catalog::{Category, Severity, classify::Confidence};

/// Every category, the worst first.
pub(crate) const CATEGORIES: [Category; 5] =
    [Category::Financial, Category::Destructive, Category::Execute, Category::Write, Category::Read];

/// Every severity, the worst first.
pub(crate) const SEVERITIES: [Severity; 4] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

/// Every kind of risk, in the order in which they are shown. Its place is its bit in a set of them.
pub(crate) const RISKS: [RiskKind; 14] = [
    RiskKind::PatientData,
    RiskKind::Credentials,
    RiskKind::PersonalData,
    RiskKind::Irreversible,
    RiskKind::Bulk,
    RiskKind::Egress,
    RiskKind::FreeCode,
    RiskKind::FreeQuery,
    RiskKind::FilePath,
    RiskKind::Address,
    RiskKind::Privilege,
    RiskKind::Exposure,
    RiskKind::Cost,
    RiskKind::ManyParameters,
];

/// A word for one of several: its name in an address, its name on a page, and what it means.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) means: &'static str,
    /// Words by which people look for it, beside those of its name.
    pub(crate) sought: &'static str,
}

const fn words(key: &'static str, name: &'static str, means: &'static str, sought: &'static str) -> Words {
    Words { key, name, means, sought }
}

pub(crate) const fn category(category: Category) -> Words {
    match category {
        Category::Read => words("read", "Read", "returns information and changes nothing", "show list"),
        Category::Write => words(
            "write",
            "Write",
            "creates or changes what another call can put right",
            "change create update edit",
        ),
        Category::Execute => words(
            "execute",
            "Execute",
            "starts work elsewhere: jobs, code, messages, workflows",
            "run start send",
        ),
        Category::Destructive => words(
            "destructive",
            "Destructive",
            "deletes, or cannot be undone",
            "delete deletes destroy remove erase",
        ),
        Category::Financial => {
            words("financial", "Financial", "moves or commits money", "pay money spend buy transfer")
        }
    }
}

pub(crate) const fn severity(severity: Severity) -> Words {
    match severity {
        Severity::Low => words("low", "Low", "of no consequence beyond what is read", ""),
        Severity::Medium => words("medium", "Medium", "somebody has to put it right", ""),
        Severity::High => words("high", "High", "it reaches beyond the service", ""),
        Severity::Critical => words("critical", "Critical", "it cannot be put right", ""),
    }
}

pub(crate) const fn confidence(confidence: Confidence) -> Words {
    match confidence {
        Confidence::Low => {
            words("low", "low", "little in the definition says what it does, or its parts disagree", "")
        }
        Confidence::Medium => words("medium", "medium", "one part of the definition says so", ""),
        Confidence::High => words("high", "high", "several parts of the definition say the same", ""),
    }
}

pub(crate) const fn risk(kind: RiskKind) -> Words {
    match kind {
        RiskKind::PatientData => {
            words("patient-data", "Patient data", "it touches data of patients", "patients medical health")
        }
        RiskKind::Credentials => words(
            "credentials",
            "Credentials",
            "it touches keys, tokens or passwords",
            "secret password key token",
        ),
        RiskKind::PersonalData => {
            words("personal-data", "Personal data", "it touches data of persons", "person people privacy")
        }
        RiskKind::Irreversible => words(
            "irreversible",
            "Irreversible",
            "by its own words it cannot be undone",
            "undone permanent permanently",
        ),
        RiskKind::Bulk => words(
            "bulk",
            "Many at once",
            "one call reaches everything, or many things",
            "bulk all everything",
        ),
        RiskKind::Egress => words(
            "egress",
            "Data leave",
            "an argument names a place to which data go",
            "egress export exfiltration",
        ),
        RiskKind::FreeCode => words(
            "free-code",
            "Runs code",
            "an argument is code or a command that is run",
            "script command shell",
        ),
        RiskKind::FreeQuery => {
            words("free-query", "Free-form query", "an argument is a query in a language", "sql query")
        }
        RiskKind::FilePath => {
            words("file-path", "File path", "an argument is a path in a file system", "files")
        }
        RiskKind::Address => {
            words("address", "Address", "an argument is an address that is fetched or called", "url link")
        }
        RiskKind::Privilege => words(
            "privilege",
            "Rights",
            "it gives, takes or uses rights: roles, policies, members",
            "privilege permission role admin",
        ),
        RiskKind::Exposure => {
            words("exposure", "Public", "it can show something to everybody", "public exposure anybody")
        }
        RiskKind::Cost => {
            words("cost", "Costs money", "calls, or what they make, cost money", "bill billing")
        }
        RiskKind::ManyParameters => {
            words("many-parameters", "Many parameters", "so many that nobody sees what a call does", "")
        }
    }
}

/// Where evidence was found, to follow the words that were found.
pub(crate) const fn place(place: Place) -> &'static str {
    match place {
        Place::Name => "a verb of its name",
        Place::Description => "a verb of its description",
        Place::Statement => "what its description says outright",
        Place::Action => "a parameter that says what is to be done",
        Place::Code => "a parameter that holds what is executed",
        Place::Whole => "its only parameter, which takes anything",
        Place::Flag => "a parameter that has the call do worse",
        Place::Words => "words that dangerous tools have more often than others",
        Place::Annotation => "what its publisher says, which counts only where it is worse",
    }
}

/// Evidence of the same words, place and meaning is told once.
pub(crate) fn evidence(all: &[Evidence]) -> Vec<(&str, &'static str, Words)> {
    let mut told: Vec<(&str, &'static str, Words)> = Vec::new();
    let mut sorted: Vec<&Evidence> = all.iter().collect();
    // What says the worst comes first.
    sorted.sort_by_key(|one| std::cmp::Reverse(one.category));
    for one in sorted {
        let next = (one.words.as_str(), place(one.place), category(one.category));
        if !told.iter().any(|(words, place, of)| (*words, *place, of.key) == (next.0, next.1, next.2.key)) {
            told.push(next);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_kind_has_a_key_of_its_own() {
        let risks: HashSet<_> = RISKS.iter().map(|kind| risk(*kind).key).collect();
        assert_eq!(risks.len(), RISKS.len());
        let most = RISKS.iter().map(|kind| *kind as usize).max();
        assert_eq!(most, Some(RISKS.len() - 1), "a kind has no page");
        let categories: HashSet<_> = CATEGORIES.iter().map(|one| category(*one).key).collect();
        assert_eq!(categories.len(), 5);
    }
}
