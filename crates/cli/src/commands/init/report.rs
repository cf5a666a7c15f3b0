//! The answer for programs.

use interlock_clients::{Scope, Server};
use serde::Serialize;
use serde_json::{Value, json};

use super::applied::Applied;
use super::diff::diff;
use super::plan::{Fate, Plan, Planned};
use crate::configured::asked::Offered;
use crate::configured::{Configuration, Read};

/// What was found, what would change, and what was done.
pub(super) fn report(plan: &Plan, applied: Option<&Applied>) -> impl Serialize {
    json!({
        "configurations": plan.configurations.iter().enumerate().map(|(index, found)| configuration(plan, index, found)).collect::<Vec<_>>(),
        "servers": plan.servers.iter().map(|planned| server(plan, planned)).collect::<Vec<_>>(),
        "policies": plan.policies.iter().map(|policy| &policy.path).collect::<Vec<_>>(),
        "changes": plan.changes.iter().map(|change| json!({
            "file": plan.file(change.configuration).map(|file| &file.path),
            "diff": diff(plan, change),
        })).collect::<Vec<_>>(),
        "applied": applied.map(|applied| json!({
            "policies": applied.policies,
            "files": applied.changed,
            "backups": applied.backups,
            "failed": applied.failed.iter().map(|(file, why)| json!({ "file": file, "why": why })).collect::<Vec<_>>(),
        })),
    })
}

fn configuration(plan: &Plan, index: usize, found: &Configuration) -> Value {
    let none = Vec::new();
    let fates = plan.fates.get(index).unwrap_or(&none);
    let entry = |(server, fate): (&Server, &Fate)| {
        let (state, why) = words(fate);
        json!({ "name": server.name, "project": server.project, "state": state, "why": why })
    };
    json!({
        "client": found.place.client.id(),
        "scope": match found.place.scope { Scope::User => "user", Scope::Project => "project" },
        "file": found.place.path,
        "problem": match &found.read { Err(why) => Some(why.as_str()), Ok(Read { file, .. }) => file.fixed },
        "entries": found.read.as_ref().map(|read| read.servers.iter().zip(fates).map(entry).collect::<Vec<_>>()).unwrap_or_default(),
    })
}

/// A fate in a word, and why.
pub(super) fn words(fate: &Fate) -> (&'static str, Option<&str>) {
    match fate {
        Fate::Wrapped => ("wrap", None),
        Fate::Already => ("wrapped", None),
        Fate::Disabled => ("disabled", None),
        Fate::Left(why) => ("left", Some(why)),
    }
}

fn server(plan: &Plan, planned: &Planned) -> Value {
    let offer = planned.offer.as_ref();
    let tool = |tool: &&Offered| {
        json!({
            "tool": tool.definition.tool,
            "category": tool.judgement.category,
            "severity": tool.judgement.severity,
        })
    };
    json!({
        "name": planned.known.name,
        "entries": planned.known.entries.len(),
        "policy": planned.policy,
        "rules": plan.rules(planned),
        "problem": offer.err(),
        "tools": offer.ok().map(|offer| offer.tools.len()),
        "categories": offer.ok().map(|offer| offer.counts().into_iter().map(|(category, count)| (format!("{category:?}"), count)).collect::<std::collections::BTreeMap<_, _>>()),
        "worst": offer.ok().map(|offer| offer.worst().iter().map(tool).collect::<Vec<_>>()),
    })
}
