//! What does not hold together in a pattern that has the right shape.

use std::collections::BTreeMap;

use serde_json::Value;

use super::identifiers::{self, Form};
use super::part::{Part, SETTINGS};
use super::pattern::{Control, Pattern, References};
use super::scenario::{Arrival, Scenario, Step, Transport};

/// Why a file is not a pattern.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    /// A key that there is not, one that is missing, a value of another type, or no YAML; with line and column.
    #[error("`{file}` is no attack pattern: {what}")]
    Shape {
        /// The file's name.
        file: String,
        /// What was found, and where.
        what: String,
    },
    /// The parts do not fit each other.
    #[error("`{file}` does not hold together: {}", mistakes.join("; "))]
    Mistakes {
        /// The file's name.
        file: String,
        /// Each with the keys that lead to it.
        mistakes: Vec<String>,
    },
}

/// All mistakes at once.
pub(super) fn of(file: &str, pattern: &Pattern) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |holds: bool, what: &str| {
        if !holds {
            found.push(what.to_owned());
        }
    };
    check(pattern.id == file, "`id` is not the name of the file");
    check(identifiers::kebab(&pattern.id), "`id` is not lower case words with `-` between");
    check(identifiers::date(&pattern.case.date), "`case.date` is none of `2025`, `2025-07` and `2025-07-18`");
    check(pattern.case.url.starts_with("https://"), "`case.url` is no https address");
    let texts = [
        ("name", &pattern.name),
        ("happens", &pattern.happens),
        ("case.what", &pattern.case.what),
        ("case.title", &pattern.case.title),
        ("control.what", &pattern.control.what),
        ("control.leaves", &pattern.control.leaves),
    ];
    for (key, text) in texts {
        check(!text.trim().is_empty(), &format!("`{key}` is empty"));
    }
    found.extend(of_references(&pattern.references));
    found.extend(of_policies("control.policies", &pattern.control.policies, &pattern.scenario));
    if !pattern.scenario.careless.is_empty() {
        found.extend(of_policies("scenario.careless", &pattern.scenario.careless, &pattern.scenario));
    }
    found.extend(of_scenario(&pattern.scenario));
    for (index, harm) in pattern.scenario.harm.iter().enumerate() {
        let what = of_parts(harm, &pattern.control);
        found.extend(what.map(|what| format!("`scenario.harm[{index}]` {what}")));
    }
    found
}

fn of_references(references: &References) -> Vec<String> {
    let forms: [(&str, &[String], Form); 5] = [
        ("owasp_mcp", &references.owasp_mcp, identifiers::owasp_mcp),
        ("owasp_agentic", &references.owasp_agentic, identifiers::owasp_agentic),
        ("mitre_atlas", &references.mitre_atlas, identifiers::mitre_atlas),
        ("cosai", &references.cosai, identifiers::cosai),
        ("safe_mcp", &references.safe_mcp, identifiers::safe_mcp),
    ];
    let wrong = forms.into_iter().flat_map(|(key, identifiers, form)| {
        identifiers
            .iter()
            .filter(move |one| !form(one))
            .map(move |one| format!("`references.{key}` has `{one}`"))
    });
    let mut found: Vec<String> = wrong.collect();
    if references.by_framework().next().is_none() {
        found.push("`references` names nothing".to_owned());
    }
    found
}

/// A policy for each server, and for no other.
fn of_policies(key: &str, policies: &BTreeMap<String, String>, scenario: &Scenario) -> Vec<String> {
    let missing = scenario.servers.keys().filter(|server| !policies.contains_key(*server));
    let missing = missing.map(|server| format!("`{key}` has no policy for the server `{server}`"));
    let strange = policies.keys().filter(|server| !scenario.servers.contains_key(*server));
    missing
        .chain(strange.map(|server| format!("`{key}` has the server `{server}`, which there is not")))
        .collect()
}

/// What stops a harm is said, and can be taken out.
fn of_parts(harm: &Arrival, control: &Control) -> Option<String> {
    if harm.stopped_by.is_empty() {
        let candidates: Vec<String> =
            control.candidates(harm).iter().map(|part| format!("`{part}`")).collect();
        return Some(match candidates.is_empty() {
            true => "does not say with `stopped_by` what stops it, such as `gateway`".to_owned(),
            false => format!("does not say with `stopped_by` which of {} stops it", candidates.join(", ")),
        });
    }
    if harm.stopped_by.len() > 1 && harm.stopped_by.contains(&Part::Gateway) {
        return Some(
            "is stopped by `gateway` and something else, and the first stops it by itself".to_owned(),
        );
    }
    let error = control.without(&harm.stopped_by).err()?;
    Some(format!("is stopped by what there is not: {error}"))
}

fn of_scenario(scenario: &Scenario) -> Vec<String> {
    let mut found = Vec::new();
    let empty = [
        ("scenario.servers", scenario.servers.is_empty()),
        ("scenario.steps", scenario.steps.is_empty()),
        ("scenario.twin", scenario.twin.is_empty()),
        ("scenario.harm", scenario.harm.is_empty()),
    ];
    found.extend(empty.iter().filter(|(_, empty)| *empty).map(|(key, _)| format!("`{key}` is empty")));
    for (key, steps) in [("steps", &scenario.steps), ("twin", &scenario.twin)] {
        for (index, step) in steps.iter().enumerate() {
            let place = format!("scenario.{key}[{index}]");
            found.extend(of_step(step, scenario).into_iter().map(|what| format!("`{place}` {what}")));
        }
    }
    if !scenario.twin.iter().any(|step| matches!(step, Step::Call(_))) {
        found.push("`scenario.twin` calls nothing".to_owned());
    }
    for (index, harm) in scenario.harm.iter().enumerate() {
        let place = format!("`scenario.harm[{index}]`");
        if !scenario.servers.contains_key(&harm.server) {
            found.push(format!("{place} names the server `{}`, which there is not", harm.server));
        }
        let says_nothing = harm.tool.is_none()
            && harm.contains.is_none()
            && !harm.with_the_callers_token
            && harm.longer_than == 0;
        if says_nothing {
            found.push(format!("{place} does not say what arrives"));
        }
    }
    if scenario.servers.contains_key(SETTINGS) {
        found.push(format!("`scenario.servers` has one that is called `{SETTINGS}`, as the settings are"));
    }
    if (scenario.transport == Transport::Http) == scenario.grants.is_empty() {
        found.push("`scenario.grants` go with `transport: http`, and it with them".to_owned());
    }
    found
}

fn of_step(step: &Step, scenario: &Scenario) -> Vec<String> {
    let (server, grants) = match step {
        Step::List(server) | Step::Reconnect(server) => (server, [None, None]),
        Step::Call(call) => (&call.server, [call.grant.as_ref(), call.in_session_of.as_ref()]),
        Step::Send(send) => (&send.server, [send.grant.as_ref(), None]),
        Step::Approve(approve) => (&approve.server, [None, None]),
    };
    let mut found = Vec::new();
    if !scenario.servers.contains_key(server) {
        found.push(format!("names the server `{server}`, which there is not"));
    }
    for grant in grants.into_iter().flatten().filter(|grant| !scenario.grants.contains_key(*grant)) {
        found.push(format!("names the grant `{grant}`, which there is not"));
    }
    let who = matches!(step, Step::Call(call) if call.grant.is_none())
        || matches!(step, Step::Send(send) if send.grant.is_none());
    if who && scenario.transport == Transport::Http {
        found.push("does not say with `as` on whose behalf".to_owned());
    }
    // In `{ query: select a, b }` the second word became a key: that is never meant.
    if matches!(step, Step::Call(call) if call.arguments.values().any(Value::is_null)) {
        found.push("has an argument without a value; quote a text with a comma".to_owned());
    }
    if matches!(step, Step::Call(call) if call.repeat == 0) {
        found.push("is repeated no time".to_owned());
    }
    let over_lines = matches!(step, Step::List(_) | Step::Reconnect(_));
    if over_lines && scenario.transport == Transport::Http {
        found.push("is a step of `transport: stdio` only".to_owned());
    }
    found
}
