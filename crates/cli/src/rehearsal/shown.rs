//! A trace in words: every rule that applies, in order, with what its conditions saw.

use interlock_policy::{Seen, TraceStep, Verdict};

use super::policies::RulePlaces;
use super::{Judged, verdict};

/// The lines of a trace, each with its indentation.
pub(crate) fn trace(judged: &Judged, places: &RulePlaces<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for rule in &judged.trace.entries {
        lines.push(format!("entry     {rule}{}", place(places.of(rule))));
    }
    for step in &judged.trace.steps {
        add_step(step, judged, places, &mut lines);
    }
    if lines.is_empty() {
        lines.push("no entry of the policies applies".to_owned());
    }
    lines
}

fn add_step(step: &TraceStep, judged: &Judged, places: &RulePlaces<'_>, lines: &mut Vec<String>) {
    let name = step.name.as_ref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
    let shadow = if step.shadow { " in shadow" } else { "" };
    let kind = step.kind.as_str();
    let said = match step.verdict {
        Verdict::Proceed if ran_out(step, judged) => "denies",
        Verdict::Proceed if step.need.is_some() => "counts",
        Verdict::Proceed => "passes",
        Verdict::Deny => "denies",
        Verdict::Ask => "asks a person",
    };
    lines.push(format!("{kind:<9} {}{name}{}: {said}{shadow}", step.rule, place(places.of(&step.rule))));
    step.seen.iter().for_each(|seen| add_seen(seen, 10, lines));
    if let Some(need) = &step.need {
        let held = judged.held(&need.key);
        lines.push(format!("          {}: {} on top of {held} in {}", need.words, need.amount, need.key));
    }
    let told = |reason: &&String| !step.seen.iter().any(|seen| seen.condition == **reason);
    if let Some(reason) = step.reason.as_ref().filter(told) {
        lines.push(format!("          {reason}"));
    }
}

/// Whether this is the limit that the call did not fit into.
pub(crate) fn ran_out(step: &TraceStep, judged: &Judged) -> bool {
    let ruled = &judged.rehearsed;
    // Other parts of the same rule may have denied: then the limits were never asked.
    let by_limit = ruled.verdict == Verdict::Deny && ruled.decision.verdict != Verdict::Deny;
    by_limit && step.need.is_some() && ruled.rule == step.rule.text()
}

fn add_seen(seen: &Seen, indent: usize, lines: &mut Vec<String>) {
    let holds = match seen.holds {
        Some(true) => "holds",
        Some(false) => "does not hold",
        None => "cannot be judged",
    };
    let looked = match (&seen.path, seen.values.as_slice()) {
        (None, _) => String::new(),
        (Some(path), []) => format!("; {path} is nothing"),
        (Some(path), values) => {
            let values: Vec<String> = values.iter().map(|value| short(value)).collect();
            format!("; {path} is {}", values.join(", "))
        }
    };
    let why = seen.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    let words = seen.joins.unwrap_or(&seen.condition);
    lines.push(format!("{:indent$}{words}: {holds}{looked}{why}", ""));
    seen.inner.iter().for_each(|inner| add_seen(inner, indent + 2, lines));
}

/// The longest value that is shown whole: JSON reports have all of every value.
const LONGEST: usize = 400;

/// A value that leaves room on the screen for the rest.
pub(crate) fn short(value: &str) -> String {
    match value.char_indices().nth(LONGEST) {
        None => value.to_owned(),
        Some((at, _)) => {
            let beginning = value.get(..at).unwrap_or_default();
            format!("{beginning}… ({} characters)", value.chars().count())
        }
    }
}

fn place(place: Option<String>) -> String {
    place.map(|place| format!(" ({place})")).unwrap_or_default()
}

/// What became of a call, in lines.
pub(crate) fn outcome(judged: &Judged, places: &RulePlaces<'_>) -> Vec<String> {
    let ruled = &judged.rehearsed;
    let name = ruled.name.as_ref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
    let at = rule_place(judged, places).map(|place| format!(" ({place})")).unwrap_or_default();
    let mut lines = vec![
        format!("verdict   {}", verdict(ruled.verdict)),
        format!("rule      {}{name}{at}", ruled.rule),
        format!("reason    {}", ruled.reason),
    ];
    if let Some(ms) = ruled.retry_after_ms {
        lines.push(format!("retry     after {}", interlock_gateway::duration(ms)));
    }
    for (key, before, after) in &ruled.changes {
        lines.push(format!("counter   {key}: {before} -> {after}"));
    }
    for finding in &ruled.shadow {
        lines.push(format!(
            "shadow    {}: {}, by {}",
            verdict(finding.verdict),
            finding.reason,
            finding.rule
        ));
    }
    lines
}

/// Where what decided stands.
pub(crate) fn rule_place(judged: &Judged, places: &RulePlaces<'_>) -> Option<String> {
    let ruled = &judged.rehearsed;
    let needs = ruled.decision.needs.iter().map(|need| &need.rule);
    let rule = needs.chain([&ruled.decision.rule]).find(|rule| rule.text() == ruled.rule)?;
    places.of(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut_between_characters() {
        let whole = "ä".repeat(LONGEST);
        assert_eq!(short(&whole), whole);
        assert_eq!(short(&format!("{whole}ö")), format!("{whole}… (401 characters)"));
    }
}
