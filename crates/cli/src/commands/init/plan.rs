//! What would change: found out before anything does.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use interlock_catalog::Known;
use interlock_clients::{Reached, Rewiring, Server, State, Wrapped, Wrapping, masked, rewire};
use interlock_gateway::reload;

use crate::configured::asked::{Answer, Asked, Offer};
use crate::configured::known::{EntryAt, KnownServer};
use crate::configured::own::is_own;
use crate::configured::{Configuration, Read, Survey};
use crate::new_policy::{NewPolicy, folders_in, stem};
use crate::terminal;

/// What a user chose.
pub(super) struct Choices {
    /// This program.
    pub(super) program: String,
    pub(super) grant: String,
    /// The folder of policies.
    pub(super) policies: PathBuf,
    /// The policies that servers have already, in whichever configuration.
    pub(super) taken: HashSet<PathBuf>,
}

/// Everything that was found, and what would become of it.
pub(super) struct Plan {
    pub(super) configurations: Vec<Configuration>,
    pub(super) servers: Vec<Planned>,
    /// What becomes of each entry of each configuration.
    pub(super) fates: Vec<Vec<Fate>>,
    pub(super) changes: Vec<FileChange>,
    pub(super) policies: Vec<NewPolicy>,
    /// What is put in front of servers.
    pub(super) program: String,
    pub(super) grant: String,
}

/// One server.
pub(super) struct Planned {
    pub(super) known: KnownServer,
    pub(super) offer: Result<Offer, String>,
    pub(super) policy: Option<PathBuf>,
}

/// What becomes of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is put behind Interlock.
    Wrapped,
    /// It is behind Interlock already.
    Already,
    /// Its client does not use it.
    Disabled,
    /// It is left as it is; why.
    Left(String),
}

/// A configuration's new text.
pub(super) struct FileChange {
    /// The number of the configuration.
    pub(super) configuration: usize,
    pub(super) after: String,
    /// What people are shown of it: before and after, without secrets.
    pub(super) shown: (String, String),
}

/// Who is to be asked for its tools.
pub(super) fn questions(
    survey: &Survey,
    configurations: &[Configuration],
    known: &[KnownServer],
) -> Vec<Asked> {
    let question = |known: &KnownServer| {
        let reached = known.reached(survey, configurations).map_err(|error| terminal::with_causes(&error));
        (known.name.clone(), reached)
    };
    known.iter().map(question).collect()
}

fn entry(configurations: &[Configuration], at: EntryAt) -> Option<(&Configuration, &Server)> {
    let configuration = configurations.get(at.configuration)?;
    let server = configuration.read.as_ref().ok()?.servers.get(at.server)?;
    Some((configuration, server))
}

/// Makes the plan.
pub(super) fn plan(
    configurations: Vec<Configuration>,
    known: Vec<KnownServer>,
    answers: Vec<Answer>,
    choices: &Choices,
) -> Plan {
    let mut plan = Plan {
        fates: configurations.iter().map(fates).collect(),
        configurations,
        servers: Vec::new(),
        changes: Vec::new(),
        policies: Vec::new(),
        program: choices.program.clone(),
        grant: choices.grant.clone(),
    };
    let mut wrappings: Vec<(EntryAt, Wrapping)> = Vec::new();
    let mut taken = choices.taken.clone();
    for (known, answer) in known.into_iter().zip(answers) {
        let planned = plan.server(known, answer, choices, &mut taken);
        if let Some(policy) = &planned.policy {
            let wrapped = Wrapped {
                policy: Some(policy.clone()),
                server: Some(planned.known.name.clone()),
                grant: Some(choices.grant.clone()),
                data: None,
            };
            let wrapping = Wrapping { program: choices.program.clone(), wrapped };
            wrappings.extend(planned.known.entries.iter().map(|at| (*at, wrapping.clone())));
        }
        plan.servers.push(planned);
    }
    for index in 0..plan.configurations.len() {
        plan.change(index, &wrappings);
    }
    plan.forget_unused_policies();
    plan
}

/// What becomes of the entries as far as they tell it themselves.
fn fates(configuration: &Configuration) -> Vec<Fate> {
    let Ok(Read { file, servers }) = &configuration.read else { return Vec::new() };
    let fate = |server: &Server| match &server.state {
        State::Disabled => Fate::Disabled,
        State::Wrapped(_) => Fate::Already,
        State::Unclear(why) => Fate::Left(why.clone()),
        State::Open => Fate::Left(match server.claims_interlock() {
            Some(program) => format!(
                "it runs through `{}`, which is another file than this program: name this one in its place",
                terminal::escaped(program)
            ),
            None => file.fixed.unwrap_or("its server has no policy").to_owned(),
        }),
    };
    servers.iter().map(fate).collect()
}

/// Whether an entry may be put behind Interlock. One that says that it is already is not put there a second time.
fn is_open(server: &Server) -> bool {
    server.state == State::Open && server.claims_interlock().is_none()
}

impl Plan {
    /// The server with the policy that it is to be behind.
    fn server(
        &mut self,
        known: KnownServer,
        answer: Answer,
        choices: &Choices,
        taken: &mut HashSet<PathBuf>,
    ) -> Planned {
        let may = |at: &EntryAt| entry(&self.configurations, *at).is_some_and(|(_, server)| is_open(server));
        let open: Vec<EntryAt> = known.entries.iter().copied().filter(may).collect();
        let offer = match answer {
            Ok(offer) => offer,
            Err(why) => {
                open.iter().for_each(|at| self.leave(*at, &why));
                return Planned { known, offer: Err(why), policy: None };
            }
        };
        if open.is_empty() {
            return Planned { known, offer: Ok(offer), policy: None };
        }
        let path = known.policy.clone().filter(|path| path.is_absolute());
        let path = path.unwrap_or_else(|| free(&choices.policies, &known.name, taken));
        taken.insert(path.clone());
        let usable = if path.exists() {
            reload::load(&path).map(drop).map_err(|error| error.to_string())
        } else {
            let folders = self.folders(&known);
            let about = Known { folders: &folders };
            let new = NewPolicy::recommended(&path, &known.name, &offer, about);
            new.map(|new| self.policies.push(new.without_what_is_there()))
                .map_err(|error| terminal::with_causes(&error))
        };
        match usable {
            Ok(()) => Planned { known, offer: Ok(offer), policy: Some(path) },
            Err(why) => {
                open.iter().for_each(|at| self.leave(*at, &why));
                Planned { known, offer: Ok(offer), policy: None }
            }
        }
    }

    /// The folders that a server is given.
    fn folders(&self, known: &KnownServer) -> Vec<String> {
        let first = known.entries.first().and_then(|at| entry(&self.configurations, *at));
        match first {
            Some((_, Server { reached: Reached::Command(words), .. })) => folders_in(words),
            _ => Vec::new(),
        }
    }

    fn leave(&mut self, at: EntryAt, why: &str) {
        self.decide(at, Fate::Left(why.to_owned()));
    }

    fn decide(&mut self, at: EntryAt, fate: Fate) {
        let place = self.fates.get_mut(at.configuration).and_then(|fates| fates.get_mut(at.server));
        if let Some(place) = place {
            *place = fate;
        }
    }

    /// Finds the new text of one configuration.
    fn change(&mut self, index: usize, wrappings: &[(EntryAt, Wrapping)]) {
        let Some(Configuration { place, read: Ok(Read { file, servers }) }) = self.configurations.get(index)
        else {
            return;
        };
        if file.fixed.is_some() {
            return;
        }
        let mut rewirings = Vec::new();
        let mut fates = Vec::new();
        for (at, wrapping) in wrappings.iter().filter(|(at, _)| at.configuration == index) {
            let Some(server) = servers.get(at.server).filter(|server| is_open(server)) else {
                continue;
            };
            let rewiring = Rewiring { server, wrapping };
            // One that cannot be changed keeps no other from it.
            match rewire(place, &file.text, &[rewiring], &is_own) {
                Ok(_) => {
                    rewirings.push(rewiring);
                    fates.push((*at, Fate::Wrapped));
                }
                Err(error) => fates.push((*at, Fate::Left(error.to_string()))),
            }
        }
        let after =
            if rewirings.is_empty() { None } else { Some(rewire(place, &file.text, &rewirings, &is_own)) };
        let shown = |after: &str| Some((masked(place.format, &file.text)?, masked(place.format, after)?));
        let change = match after {
            None => None,
            Some(Ok(after)) => shown(&after).map(|shown| FileChange { configuration: index, after, shown }),
            Some(Err(error)) => {
                fates.iter_mut().for_each(|(_, fate)| *fate = Fate::Left(error.to_string()));
                None
            }
        };
        self.changes.extend(change);
        fates.into_iter().for_each(|(at, fate)| self.decide(at, fate));
    }

    /// A policy that no changed entry names is not written.
    fn forget_unused_policies(&mut self) {
        let used: HashSet<&Path> = (self.servers.iter())
            .filter(|server| self.is_wrapped(server))
            .filter_map(|server| server.policy.as_deref())
            .collect();
        self.policies.retain(|policy| used.contains(policy.path.as_path()));
    }

    /// Whether any entry of a server is put behind Interlock.
    pub(super) fn is_wrapped(&self, server: &Planned) -> bool {
        server.known.entries.iter().any(|at| self.fate(*at) == Some(&Fate::Wrapped))
    }

    /// What becomes of an entry.
    pub(super) fn fate(&self, at: EntryAt) -> Option<&Fate> {
        self.fates.get(at.configuration)?.get(at.server)
    }

    /// A configuration's file, where it could be read.
    pub(super) fn file(&self, configuration: usize) -> Option<&interlock_clients::ConfigFile> {
        Some(&self.configurations.get(configuration)?.read.as_ref().ok()?.file)
    }
}

/// The file for a server's policy. One that is there is that server's: somebody has written it.
fn free(folder: &Path, name: &str, taken: &HashSet<PathBuf>) -> PathBuf {
    let stem = stem(name);
    let numbered = (2..).map(|number: u32| folder.join(format!("{stem}-{number}.yaml")));
    let first = folder.join(format!("{stem}.yaml"));
    std::iter::once(first.clone()).chain(numbered).find(|path| !taken.contains(path)).unwrap_or(first)
}
