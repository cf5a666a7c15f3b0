//! The runs of a pattern: what stands before the servers in each, and what is looked at.

use std::collections::BTreeMap;

use anyhow::Context;
use interlock_catalog::attacks::{Arrival, Control, FixtureServer, Part, Pattern};
use interlock_catalog::{Definition, Known, classify, recommend};

use super::With;

/// Nobody waits at a question that is not answered at once.
const NOT_HELD: &str = "\napprovals: { hold: 0 }\n";

/// One run.
pub(super) struct Plan<'p> {
    pub(super) pattern: &'p Pattern,
    pub(super) with: With,
    /// The parts of the control that are taken out.
    pub(super) taken_out: &'p [Part],
    /// The gateway before the servers, where there is one.
    pub(super) front: Option<Front>,
    /// The harm that is looked for.
    pub(super) harm: Vec<&'p Arrival>,
}

/// What a gateway is given.
pub(super) struct Front {
    /// The policy for each server.
    pub(super) policies: BTreeMap<String, String>,
    pub(super) settings: Option<String>,
}

impl<'p> Plan<'p> {
    pub(super) fn without(pattern: &'p Pattern) -> Self {
        let careless = &pattern.scenario.careless;
        if careless.is_empty() {
            return Self::of_all(pattern, With::Nothing, None);
        }
        let front = Front { policies: careless.clone(), settings: None };
        Self::of_all(pattern, With::CarelessPolicy, Some(front))
    }

    pub(super) fn with(pattern: &'p Pattern) -> Self {
        Self::of_all(pattern, With::Control, Some(Front::of(pattern.control.clone())))
    }

    /// A run for each part that stops some of the harm, with all of the control but that.
    pub(super) fn proofs(pattern: &'p Pattern) -> anyhow::Result<Vec<Self>> {
        let of = |(parts, harm): (&'p [Part], Vec<&'p Arrival>)| {
            let left = pattern.control.without(parts).context("the control cannot be taken apart")?;
            let (with, taken_out) = match parts.contains(&Part::Gateway) {
                true => (With::PermissivePolicy, &[][..]),
                false => (With::ControlTakenOut, parts),
            };
            Ok(Self { pattern, with, taken_out, front: Some(Front::of(left)), harm })
        };
        pattern.stopped_by().into_iter().map(of).collect()
    }

    /// With what `scan` recommends for the tools of the scenario.
    pub(super) fn recommended(pattern: &'p Pattern) -> anyhow::Result<Self> {
        let servers = pattern.scenario.servers.iter();
        let policies = servers.map(|(name, server)| Ok((name.clone(), recommended(name, server)?)));
        let front = Front { policies: policies.collect::<anyhow::Result<_>>()?, settings: None };
        Ok(Self::of_all(pattern, With::RecommendedPolicy, Some(front)))
    }

    fn of_all(pattern: &'p Pattern, with: With, front: Option<Front>) -> Self {
        Self { pattern, with, taken_out: &[], front, harm: pattern.scenario.harm.iter().collect() }
    }

    /// Whether what is harmless is played as well. Where a part of the control is missing, what it let pass counts against
    /// limits that remain; and a recommended policy asks about what its reader has put on no list yet.
    pub(super) const fn has_twin(&self) -> bool {
        !matches!(self.with, With::ControlTakenOut | With::RecommendedPolicy)
    }
}

impl Front {
    fn of(control: Control) -> Self {
        Self { policies: control.policies, settings: control.settings }
    }
}

fn recommended(name: &str, server: &FixtureServer) -> anyhow::Result<String> {
    let tools = server.tools.iter().map(|tool| {
        let definition = Definition {
            server: name.to_owned(),
            tool: tool.name.clone(),
            description: Some(tool.description.clone()),
            input_schema: tool.input_schema.clone().into(),
            annotations: tool
                .annotations
                .clone()
                .map(|said| serde_json::from_value(said.into()))
                .transpose()
                .with_context(|| format!("the annotations of `{}` cannot be read", tool.name))?,
            ..Definition::default()
        };
        let judgement = classify(&definition);
        anyhow::Ok((definition, judgement))
    });
    let tools = tools.collect::<anyhow::Result<Vec<_>>>()?;
    let policy = recommend(name, "tools.json", &tools, Known::default()).yaml;
    Ok(policy + NOT_HELD)
}
