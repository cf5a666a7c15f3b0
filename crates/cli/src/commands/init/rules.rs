//! What a policy says of the tools of its server, in four words.

use interlock_gateway::reload;
use interlock_policy::{Origin, Policy, Source, Syntax, compile};
use serde::Serialize;

use super::plan::{Plan, Planned};
use crate::configured::standing::Standpoint;

/// The tools of a server by what becomes of their calls.
#[derive(Debug, Default, Serialize)]
pub(super) struct Rules {
    pub(super) allowed: Vec<String>,
    /// So many of their calls are allowed.
    pub(super) limited: Vec<String>,
    /// A person has to agree.
    pub(super) asking: Vec<String>,
    pub(super) denied: Vec<String>,
    /// Those of the first two whose arguments count, too.
    pub(super) conditional: usize,
}

impl Plan {
    /// What the policy of a server will say of its tools; of the worst first.
    pub(super) fn rules(&self, server: &Planned) -> Option<Rules> {
        let (path, offer) = (server.policy.as_ref()?, server.offer.as_ref().ok()?);
        let new = self.policies.iter().find(|policy| policy.path == *path);
        let policy = match new.and_then(|policy| policy.files.first()) {
            Some((_, text)) => compiled(&path.to_string_lossy(), text)?,
            None => reload::load(path).ok()?.policy,
        };
        let policies = [(Origin::Server, &policy)];
        let point = Standpoint { policies: &policies, grant: &self.grant, labels: &[] };
        let mut rules = Rules::default();
        for tool in offer.by_harm() {
            let name = &tool.definition.tool;
            let standing = point.standing(&server.known.name, tool, &offer.list);
            let group = match standing.verdict {
                "deny" => &mut rules.denied,
                "allow" if standing.limits.is_empty() => &mut rules.allowed,
                "allow" => &mut rules.limited,
                _ => &mut rules.asking,
            };
            group.push(name.clone());
            rules.conditional += usize::from(standing.verdict == "allow" && standing.conditions);
        }
        Some(rules)
    }

    /// Tools whose calls wait for a person by the policies that are put in force.
    pub(super) fn asking(&self) -> usize {
        let rules = self.servers.iter().filter(|server| self.is_wrapped(server));
        rules.filter_map(|server| self.rules(server)).map(|rules| rules.asking.len()).sum()
    }
}

fn compiled(name: &str, text: &str) -> Option<Policy> {
    compile(&Source { name, text, syntax: Syntax::of_path(name) }).0
}
