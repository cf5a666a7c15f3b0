//! The servers that there are, and who may call them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use interlock_clients::{Place, Server, State};
use interlock_policy::ToolList;
use serde::Serialize;

use super::pinned::Pins;
use crate::configured::asked::{Asked, Offered};
use crate::configured::known::KnownServer;
use crate::configured::standing::{Standing, Standpoint};
use crate::configured::{Configuration, NOT_LOOKED_AT, Read, Survey};
use crate::rehearsal::policies::Policies;
use crate::serving;
use crate::settings::{self, Settings};
use crate::terminal;

/// Nobody stands between the client and the server.
const NO_POLICY: &str = "(no policy)";

/// A server with its callers.
pub(super) struct Listed {
    pub(super) name: String,
    /// What its entries are called; empty where it is in no client's configuration.
    pub(super) called: String,
    pub(super) callers: Vec<Caller>,
    reached: Way,
}

/// How it is reached.
enum Way {
    Entry(Box<(Place, Server)>),
    Known(Result<interlock_gateway::Server, String>),
}

/// A configuration whose servers cannot be told.
#[derive(Serialize)]
pub(super) struct Unreadable {
    pub(super) client: &'static str,
    pub(super) file: String,
    pub(super) problem: String,
}

/// Those who call a server under the same grant and the same policies.
pub(super) struct Caller {
    /// The grant; `None` for clients that call it without Interlock.
    pub(super) grant: Option<String>,
    /// The clients, by their titles.
    pub(super) clients: Vec<&'static str>,
    /// Their entries: the client, and what the server is called there.
    pub(super) entries: Vec<String>,
    /// What decides; or why nothing can be told.
    pub(super) policies: Result<Policies, String>,
    pub(super) labels: Vec<(String, String)>,
    /// The data directory of the gateway that they call through, where it is named.
    pub(super) data: Option<PathBuf>,
}

/// A grant, a policy's file and a data directory.
type Through = (Option<String>, Option<PathBuf>, Option<PathBuf>);
/// Clients, and their entries.
#[derive(Default)]
struct Entries {
    clients: Vec<&'static str>,
    entries: Vec<String>,
}

impl Listed {
    /// What is asked of it, beside it.
    pub(super) fn with_question(mut self, survey: &Survey) -> (Self, Asked) {
        let server = match std::mem::replace(&mut self.reached, Way::Known(Err(String::new()))) {
            Way::Entry(entry) => {
                let (place, server) = *entry;
                survey.reached(&place, &server).map_err(|error| terminal::with_causes(&error))
            }
            Way::Known(reached) => reached,
        };
        let question = (self.name.clone(), server);
        (self, question)
    }
}

impl Caller {
    /// What they may do with a tool; or why that cannot be told.
    pub(super) fn standing(
        &self,
        server: &str,
        (tool, list): (&Offered, &ToolList),
        pins: &Pins,
    ) -> Result<Standing, String> {
        let policies = self.policies.as_ref().map_err(Clone::clone)?;
        let Some(grant) = &self.grant else {
            let rule = NO_POLICY.to_owned();
            let limits = Vec::new();
            return Ok(Standing { verdict: "allow", rule, conditions: false, limits, quarantine: None });
        };
        if let Some(why) = pins.quarantine(&tool.definition.tool)? {
            return Ok(Standing::quarantined(why));
        }
        let point = Standpoint { policies: &policies.stack(), grant, labels: &self.labels };
        Ok(point.standing(server, tool, list))
    }
}

/// The files that were found and whose servers are not known: first those that cannot be read, each with the reason, then
/// those that were not looked at.
pub(super) fn without_servers(
    survey: &Survey,
    configurations: &[Configuration],
) -> (Vec<Unreadable>, Vec<String>) {
    let mut unreadable = Vec::new();
    let mut left_out = Vec::new();
    for found in configurations {
        let file = survey.shown(&found.place.path);
        match &found.read {
            Err(why) if why == NOT_LOOKED_AT => left_out.push(file),
            Err(why) => {
                unreadable.push(Unreadable {
                    client: found.place.client.title(),
                    file,
                    problem: why.clone(),
                });
            }
            Ok(_) => {}
        }
    }
    (unreadable, left_out)
}

/// The servers of clients' configurations.
pub(super) fn of_clients(
    survey: &Survey,
    configurations: &[Configuration],
    known: Vec<KnownServer>,
) -> Vec<Listed> {
    let mut all = Vec::new();
    for server in known {
        let mut callers: BTreeMap<Through, Entries> = BTreeMap::new();
        let called = server.called(survey, configurations);
        let mut reached = None;
        for at in &server.entries {
            let Some(Configuration { place, read: Ok(Read { servers, .. }) }) =
                configurations.get(at.configuration)
            else {
                continue;
            };
            let Some(entry) = servers.get(at.server) else { continue };
            let key = match &entry.state {
                State::Wrapped(wrapped) => {
                    let grant = wrapped.grant.clone().unwrap_or_else(|| "local".to_owned());
                    (Some(grant), wrapped.policy.clone(), wrapped.data.clone())
                }
                _ => (None, None, None),
            };
            let title = place.client.title();
            let Entries { clients, entries } = callers.entry(key).or_default();
            if !clients.contains(&title) {
                clients.push(title);
            }
            entries.push(format!("{title}: {}", survey.entry(place, entry)));
            reached = reached.or_else(|| Some(Way::Entry(Box::new((place.clone(), entry.clone())))));
        }
        let callers = callers.into_iter().map(|((grant, policy, data), Entries { clients, entries })| {
            let policies = match (&grant, policy) {
                (None, _) => Ok(Policies::none()),
                (Some(_), Some(policy)) => {
                    Policies::load(&policy, None).map_err(|error| terminal::with_causes(&error))
                }
                (Some(_), None) => Err("its command names no policy".to_owned()),
            };
            Caller { grant, clients, entries, policies, labels: Vec::new(), data }
        });
        let callers = callers.collect();
        let reached = reached.unwrap_or(Way::Known(Err("it is in no configuration".to_owned())));
        all.push(Listed { name: server.name, called, callers, reached });
    }
    all
}

/// The servers of the file that `interlock serve` reads.
pub(super) fn of_gateway(settings: &Settings) -> Vec<Listed> {
    let listed = settings.servers.iter().map(|(name, server)| {
        let reached = serving::reached(settings, name, server).map_err(|error| terminal::with_causes(&error));
        let granted = settings.grants.iter().filter_map(|(grant, granted)| {
            let named = granted.servers.get(name)?;
            let policies = policies(settings, server, named).map_err(|error| terminal::with_causes(&error));
            let labels = granted.labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
            Some(Caller {
                grant: Some(grant.clone()),
                clients: Vec::new(),
                entries: Vec::new(),
                policies,
                labels,
                data: None,
            })
        });
        Listed {
            name: name.clone(),
            called: String::new(),
            callers: granted.collect(),
            reached: Way::Known(reached),
        }
    });
    listed.collect()
}

/// The stack of a grant at a server, as `serve` has it.
fn policies(settings: &Settings, server: &settings::Server, named: &str) -> anyhow::Result<Policies> {
    let servers_own = server.policy.as_ref().map(|path| settings.path(path)).transpose()?;
    let grants_own = (named != "server").then(|| settings.path(named)).transpose()?;
    Policies::stacked(servers_own.as_deref(), grants_own.as_deref())
}
