//! What was expected, and what was found.

use interlock_gateway::rehearse::Rehearsed;

use super::document::{Expect, ReasonExpectation};
use crate::rehearsal::{is_rule, verdict};

/// Each expectation that is not met, in words.
pub(super) fn decision(expect: &Expect, found: &Rehearsed) -> Vec<String> {
    let mut differences = Vec::new();
    if let Some(expected) = expect.verdict.filter(|expected| *expected != found.verdict) {
        differences.push(format!(
            "verdict: expected {}, found {}",
            verdict(expected),
            verdict(found.verdict)
        ));
    }
    if let Some(expected) = &expect.rule
        && !is_decided_by(expected, found)
    {
        let name = found.name.as_ref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
        differences.push(format!("rule: expected {expected}, found {}{name}", found.rule));
    }
    match &expect.reason {
        Some(ReasonExpectation::Is(text)) if *text != found.reason => {
            differences.push(format!("reason: expected \"{text}\", found \"{}\"", found.reason));
        }
        Some(ReasonExpectation::Contains(text)) if !found.reason.contains(text) => {
            differences.push(format!("reason: expected one with \"{text}\", found \"{}\"", found.reason));
        }
        _ => {}
    }
    if let Some(expected) = expect.retry_after_ms {
        differences.extend(wait(expected, found.retry_after_ms));
    }
    if let Some(expected) = &expect.shadow {
        differences.extend(shadow(expected, found));
    }
    differences
}

fn is_decided_by(expected: &str, found: &Rehearsed) -> bool {
    let bare = found.rule.split_once(":/").map(|(_, pointer)| format!("/{pointer}"));
    found.rule == expected || bare.as_deref() == Some(expected) || found.name.as_deref() == Some(expected)
}

/// A wait is told to the second: a sliding window ends one millisecond after its length.
fn wait(expected_ms: i64, found_ms: Option<u64>) -> Option<String> {
    let Some(found) = found_ms.and_then(|ms| i64::try_from(ms).ok()) else {
        return Some("retry_after: expected a wait, found none".to_owned());
    };
    let is_near = (found - expected_ms).abs() < 1_000;
    (!is_near).then(|| {
        let words = |ms: i64| interlock_gateway::duration(u64::try_from(ms).unwrap_or_default());
        format!("retry_after: expected {}, found {}", words(expected_ms), words(found))
    })
}

fn shadow(expected: &[String], found: &Rehearsed) -> Vec<String> {
    let mut differences = Vec::new();
    for wanted in expected {
        let is_it = |finding: &&interlock_policy::ShadowFinding| {
            is_rule(&finding.rule, finding.name.as_deref(), wanted)
        };
        if found.shadow.iter().find(is_it).is_none() {
            differences.push(format!("shadow: expected a finding of {wanted}, found none"));
        }
    }
    for finding in &found.shadow {
        if !expected.iter().any(|wanted| is_rule(&finding.rule, finding.name.as_deref(), wanted)) {
            differences
                .push(format!("shadow: found {} ({}), which is not expected", finding.rule, finding.reason));
        }
    }
    differences
}
