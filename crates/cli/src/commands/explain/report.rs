//! For programs; stable.

use interlock_policy::{Alternative, RuleName, Seen, ShadowFinding, TraceStep, Verdict};
use serde::Serialize;
use serde_json::value::RawValue;

use super::Explained;
use crate::rehearsal::policies::RulePlaces;
use crate::rehearsal::{Judged, shown, times, verdict};

#[derive(Serialize)]
struct Report<'r> {
    call: CallReport<'r>,
    server: &'r str,
    grant: &'r str,
    at: String,
    verdict: &'static str,
    rule: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    reason: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    policy: &'r str,
    counters: Vec<CounterReport>,
    shadow: Vec<ShadowReport<'r>>,
    entries: Vec<EntryReport>,
    rules: Vec<StepReport<'r>>,
    changes: Vec<AlternativeReport<'r>>,
}

#[derive(Serialize)]
struct CallReport<'r> {
    kind: &'static str,
    name: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct CounterReport {
    key: String,
    before: String,
    after: String,
}

#[derive(Serialize)]
struct ShadowReport<'r> {
    rule: String,
    verdict: &'static str,
    reason: &'r str,
}

#[derive(Serialize)]
struct EntryReport {
    rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
}

#[derive(Serialize)]
struct StepReport<'r> {
    kind: &'static str,
    rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    shadow: bool,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'r str>,
    conditions: Vec<ConditionReport<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reserves: Option<ReserveReport<'r>>,
}

#[derive(Serialize)]
struct ConditionReport<'r> {
    condition: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'r str>,
    values: &'r [String],
    holds: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    joins: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inner: Vec<ConditionReport<'r>>,
}

#[derive(Serialize)]
struct ReserveReport<'r> {
    counter: String,
    amount: String,
    limit: &'r str,
}

#[derive(Serialize)]
struct AlternativeReport<'r> {
    verdict: &'static str,
    rule: String,
    changes: Vec<ChangeReport<'r>>,
}

#[derive(Serialize)]
struct ChangeReport<'r> {
    words: &'r str,
    path: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'r str>,
}

/// The whole explanation.
pub(super) fn json(explained: &Explained<'_>, places: &RulePlaces<'_>) -> anyhow::Result<String> {
    let ruled = &explained.judged.rehearsed;
    let arguments = explained.call.arguments.clone().map(RawValue::from_string).transpose()?;
    let report = Report {
        call: CallReport { kind: explained.call.section.noun(), name: &explained.call.name, arguments },
        server: &explained.caller.server,
        grant: &explained.caller.grant,
        at: times::written(explained.at_ms),
        verdict: verdict(ruled.verdict),
        rule: &ruled.rule,
        name: ruled.name.as_deref(),
        place: shown::rule_place(&explained.judged, places),
        reason: &ruled.reason,
        retry_after_ms: ruled.retry_after_ms,
        policy: &ruled.decision.digest,
        counters: ruled
            .changes
            .iter()
            .map(|(key, before, after)| CounterReport {
                key: key.text(),
                before: before.to_string(),
                after: after.to_string(),
            })
            .collect(),
        shadow: ruled.shadow.iter().map(shadow).collect(),
        entries: explained.judged.trace.entries.iter().map(|rule| entry(rule, places)).collect(),
        rules: explained
            .judged
            .trace
            .steps
            .iter()
            .map(|found| step(found, &explained.judged, places))
            .collect(),
        changes: explained.changes.iter().map(alternative).collect(),
    };
    Ok(serde_json::to_string_pretty(&report)?)
}

fn shadow(finding: &ShadowFinding) -> ShadowReport<'_> {
    ShadowReport { rule: finding.rule.text(), verdict: verdict(finding.verdict), reason: &finding.reason }
}

fn entry(rule: &RuleName, places: &RulePlaces<'_>) -> EntryReport {
    EntryReport { rule: rule.text(), place: places.of(rule) }
}

fn step<'r>(step: &'r TraceStep, judged: &Judged, places: &RulePlaces<'_>) -> StepReport<'r> {
    let decided = if shown::ran_out(step, judged) { Verdict::Deny } else { step.verdict };
    let conditions = step.seen.iter().map(condition);
    StepReport {
        kind: step.kind.as_str(),
        rule: step.rule.text(),
        name: step.name.as_deref(),
        place: places.of(&step.rule),
        shadow: step.shadow,
        verdict: verdict(decided),
        reason: step.reason.as_deref(),
        conditions: conditions.collect(),
        reserves: step.need.as_ref().map(|need| ReserveReport {
            counter: need.key.text(),
            amount: need.amount.to_string(),
            limit: &need.words,
        }),
    }
}

fn condition(seen: &Seen) -> ConditionReport<'_> {
    ConditionReport {
        condition: &seen.condition,
        path: seen.path.as_deref(),
        values: &seen.values,
        holds: seen.holds,
        why: seen.why.as_deref(),
        joins: seen.joins,
        inner: seen.inner.iter().map(condition).collect(),
    }
}

fn alternative(found: &Alternative) -> AlternativeReport<'_> {
    let changes = found.changes.iter().map(|change| ChangeReport {
        words: &change.words,
        path: &change.path,
        to: change.to.as_deref(),
    });
    let verdict = verdict(found.outcome.verdict);
    AlternativeReport { verdict, rule: found.outcome.rule.text(), changes: changes.collect() }
}
