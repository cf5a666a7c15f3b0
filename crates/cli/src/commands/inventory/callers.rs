//! The servers that there are, and who may call them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use interlock_clients::{Place, Server, State};

use crate::configured::asked::Asked;
use crate::configured::known::known;
use crate::configured::{Configuration, NOT_LOOKED_AT, Read, Survey};
use crate::rehearsal::policies::Policies;
use crate::serving;
use crate::settings::{self, Settings};
use crate::terminal;

/// A server with its callers.
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) callers: Vec<Caller>,
    reached: Way,
}

/// How it is reached.
enum Way {
    Entry(Box<(Place, Server)>),
    Known(Result<interlock_gateway::Server, String>),
}

/// Those who call a server under the same grant and the same policies.
pub(super) struct Caller {
    /// The grant; `None` for clients that call it without Interlock.
    pub(super) grant: Option<String>,
    /// The clients, by their titles.
    pub(super) clients: Vec<&'static str>,
    /// What decides; or why nothing can be told.
    pub(super) policies: Result<Policies, String>,
    pub(super) labels: Vec<(String, String)>,
    /// The data directory of the gateway that they call through, where it is named.
    pub(super) data: Option<PathBuf>,
}

/// A grant, a policy's file and a data directory.
type Through = (Option<String>, Option<PathBuf>, Option<PathBuf>);

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

/// The files that were found and not read.
pub(super) fn not_looked_at(survey: &Survey, configurations: &[Configuration]) -> Vec<String> {
    let left_out = |found: &&Configuration| found.read.as_ref().is_err_and(|why| why == NOT_LOOKED_AT);
    configurations.iter().filter(left_out).map(|found| survey.shown(&found.place.path)).collect()
}

/// The servers of clients' configurations.
pub(super) fn of_clients(configurations: &[Configuration]) -> Vec<Listed> {
    let mut all = Vec::new();
    for server in known(configurations) {
        let mut callers: BTreeMap<Through, Vec<&'static str>> = BTreeMap::new();
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
            let titles = callers.entry(key).or_default();
            if !titles.contains(&place.client.title()) {
                titles.push(place.client.title());
            }
            reached = reached.or_else(|| Some(Way::Entry(Box::new((place.clone(), entry.clone())))));
        }
        let callers = callers.into_iter().map(|((grant, policy, data), clients)| {
            let policies = match (&grant, policy) {
                (None, _) => Ok(Policies::none()),
                (Some(_), Some(policy)) => {
                    Policies::load(&policy, None).map_err(|error| terminal::with_causes(&error))
                }
                (Some(_), None) => Err("its command names no policy".to_owned()),
            };
            Caller { grant, clients, policies, labels: Vec::new(), data }
        });
        let callers = callers.collect();
        let reached = reached.unwrap_or(Way::Known(Err("it is in no configuration".to_owned())));
        all.push(Listed { name: server.name, callers, reached });
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
            Some(Caller { grant: Some(grant.clone()), clients: Vec::new(), policies, labels, data: None })
        });
        Listed { name: name.clone(), callers: granted.collect(), reached: Way::Known(reached) }
    });
    listed.collect()
}

/// The stack of a grant at a server, as `serve` has it.
fn policies(settings: &Settings, server: &settings::Server, named: &str) -> anyhow::Result<Policies> {
    let servers_own = server.policy.as_ref().map(|path| settings.path(path)).transpose()?;
    let grants_own = (named != "server").then(|| settings.path(named)).transpose()?;
    Policies::stacked(servers_own.as_deref(), grants_own.as_deref())
}
