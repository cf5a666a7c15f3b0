//! From the settings to the servers and grants that `serve` puts in force.

mod changes;
mod checked;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use interlock_gateway::admin::{Configured, ConfiguredServer, Source};
use interlock_gateway::reload::{self, LoadError};
use interlock_gateway::transport::child::ServerCommand;
use interlock_gateway::transport::http::{HttpServer, HttpTransport};
use interlock_gateway::{
    Access, Auth, DeclaredTransport, Gateway, Grant, Registration, Registry, Server, Snapshot, Webhook,
    not_joinable,
};
use interlock_policy::{Policy, did_you_mean};
use interlock_store::ServerEntry;
use tokio_util::sync::CancellationToken;

use crate::settings::{self, Settings};
use crate::terminal;
use crate::webhooks;
use crate::when;
pub(crate) use changes::InForce;
use changes::{GrantInForce, PolicyInForce, ServerInForce};
pub(crate) use checked::{Mistake, mistakes};

/// What a grant says where the server's own policy is meant to be enough.
pub(crate) const SERVERS_OWN: &str = "server";

/// Policy files, each read once.
#[derive(Default)]
pub(crate) struct Policies {
    read: BTreeMap<PathBuf, Arc<Policy>>,
    /// Those that were to be read, whether they could be or not.
    tried: BTreeSet<PathBuf>,
    /// Whether somebody else shows their mistakes.
    is_quiet: bool,
    /// Where they are to be in force.
    gateway: Option<Arc<Gateway>>,
}

/// What the settings say, before it is in force. Nothing is, until all of it is known to be good.
pub(crate) struct Plan {
    pub(crate) registry: Registry,
    /// The same for the audit log, and for telling one from another.
    pub(crate) in_force: InForce,
    /// Other policies for what goes on.
    replacements: Vec<(Arc<Access>, Snapshot)>,
}

impl Plan {
    /// Puts the policies in force where connections go on, and gives the rest. All of it has been recorded.
    pub(crate) fn apply(self, gateway: &Gateway) -> Registry {
        for (access, snapshot) in self.replacements {
            let before = gateway.replace_announced(&access, snapshot);
            tokio::task::spawn_blocking(move || drop(before));
        }
        self.registry
    }
}

impl Policies {
    fn policy(&mut self, path: PathBuf) -> anyhow::Result<Arc<Policy>> {
        if let Some(policy) = self.read.get(&path) {
            return Ok(Arc::clone(policy));
        }
        self.tried.insert(path.clone());
        let loaded = reload::load(&path).inspect_err(|error| {
            if let LoadError::Mistakes { path, diagnostics, text, .. } = error
                && !self.is_quiet
            {
                // Where they cannot be shown, the error still says how many there are.
                let _shown = terminal::diagnostics::to_stderr(&path.display().to_string(), text, diagnostics);
            }
        })?;
        let policy = Arc::new(loaded.policy);
        self.read.insert(path, Arc::clone(&policy));
        Ok(policy)
    }

    /// None is read yet, and they are to be in force at this gateway.
    pub(crate) fn of(gateway: &Arc<Gateway>) -> Self {
        Self { gateway: Some(Arc::clone(gateway)), ..Self::default() }
    }

    /// Where a policy announces what people are asked. Where it is not to be in force, it is looked at what that reads.
    fn webhook(&self, policy: &Policy, file: &Path) -> anyhow::Result<Option<Arc<Webhook>>> {
        match &self.gateway {
            Some(gateway) => webhooks::named(policy, file, gateway),
            // Whoever shows the mistakes of policies shows what their webhooks lack, too.
            None if self.is_quiet => Ok(None),
            None => webhooks::check(policy, file).map(|()| None),
        }
    }

    /// None is read yet, and their mistakes are shown by whoever reads them so.
    pub(crate) fn quiet() -> Self {
        Self { is_quiet: true, ..Self::default() }
    }

    /// Every file that was to be read.
    pub(crate) fn tried(&self) -> impl Iterator<Item = &Path> {
        self.tried.iter().map(PathBuf::as_path)
    }
}

/// The servers and grants of the settings. Where one of `before` goes on, its counters, connections and clients do,
/// too.
pub(crate) fn plan(
    settings: &Settings,
    policies: &mut Policies,
    before: Option<&Registry>,
) -> anyhow::Result<Plan> {
    let mut replacements = Vec::new();
    let mut in_force = InForce::default();
    let mut servers = BTreeMap::new();
    for (name, server) in &settings.servers {
        Registration::check_name(name)?;
        let reached = reached(settings, name, server)
            .with_context(|| format!("the server `{name}`: {}", settings.place_of(&["servers", name])))?;
        // One that is as it was goes on with the connections and the access token that it has.
        let kept = before.and_then(|before| before.servers.get(name)).filter(|kept| **kept == reached);
        let reached = kept.cloned().unwrap_or(reached);
        let (era, extensions) = (settings.era(name), settings.extensions(name));
        let facts = ServerInForce { reached: reached.clone(), era, trust: settings.trust(name), extensions };
        in_force.servers.insert(name.clone(), facts);
        servers.insert(name.clone(), reached);
    }
    let mut grants = BTreeMap::new();
    for (name, grant) in &settings.grants {
        let whose = || format!("the grant `{name}`");
        let (accesses, policies) =
            accesses(settings, policies, &mut replacements, before, name, grant).with_context(whose)?;
        let held = held(settings, grant, accesses, before, name).with_context(whose)?;
        let facts = GrantInForce {
            servers: policies,
            auth: held.auth.clone(),
            expires_ms: held.expires_ms,
            labels: grant.labels.clone(),
        };
        in_force.grants.insert(name.clone(), facts);
        grants.insert(name.clone(), Arc::new(held));
    }
    checked::anonymous(settings)?;
    // Last: nothing is asked for its keys on behalf of a file with mistakes.
    let resource = settings.resource()?;
    let issuers = settings.issuers(before)?;
    let known = issuers.iter().map(|(name, issuer)| (name.clone(), issuer.settings().clone()));
    in_force.issuers = known.collect();
    let registry = Registry { servers, grants, anonymous: settings.anonymous.clone(), issuers, resource };
    Ok(Plan { registry, in_force, replacements })
}

/// A grant, and by what its holders are known. Where that is as it was, what they have open goes on.
fn held(
    settings: &Settings,
    grant: &settings::Grant,
    servers: BTreeMap<String, Arc<Access>>,
    before: Option<&Registry>,
    name: &str,
) -> anyhow::Result<Grant> {
    let expires = grant.expires.as_deref().map(|time| ends(settings, time)).transpose()?;
    let mut held = Grant {
        name: Arc::from(name),
        servers,
        auth: Auth {
            anonymous: settings.anonymous.as_deref() == Some(name),
            ..settings.auth(grant.auth.as_deref())?
        },
        expires_ms: expires,
        standing: CancellationToken::new(),
    };
    if let Some(kept) = before.and_then(|before| before.grant(name)).filter(|kept| kept.is_held_like(&held)) {
        held.standing = kept.standing.clone();
    }
    Ok(held)
}

/// When a grant ends that says so, in milliseconds since 1970.
fn ends(settings: &Settings, time: &str) -> anyhow::Result<i64> {
    when::point(&settings.expand(time)?)
        .context("`expires` is not a date or time such as `2027-01-31` or `2027-01-31T12:00:00Z`")
}

/// Adds each registered server that could be put in force, and says of every server what it is. Only where they are
/// reached from `here` is it looked at what they read of the environment.
pub(crate) fn with_registered(
    settings: &mut Settings,
    registered: &[ServerEntry],
    policies: &mut Policies,
    here: bool,
) -> Configured {
    let named: BTreeSet<String> = settings.servers.keys().cloned().collect();
    let mut others = Vec::new();
    for entry in registered {
        let (mut server, problem) = match serde_json::from_str::<Registration>(&entry.definition) {
            Err(error) => (Registration::default(), Some(format!("it cannot be read: {error}"))),
            Ok(server) if named.contains(&entry.name) => {
                (server, Some("the file has a server of this name, and that one is in force".to_owned()))
            }
            Ok(server) => {
                let problem = match here {
                    true => check(settings, &entry.name, &server, policies).err(),
                    false => check_named(settings, &entry.name, &server, policies).err(),
                };
                (server, problem.map(|error| format!("{error:#}")))
            }
        };
        let is_named_in_file = !named.contains(&entry.name) && !grants_of(settings, &entry.name).is_empty();
        match &problem {
            None => settings.register(&entry.name, &server),
            Some(problem) => {
                tracing::warn!("the registered server `{}` is not in force: {problem}", entry.name);
                // What a grant names that is not there would keep everything else from being in force.
                settings.forget(&entry.name, &named);
            }
        }
        server.grants = match &problem {
            None => grants_of(settings, &entry.name),
            Some(_) => std::mem::take(&mut server.grants),
        };
        others.push(ConfiguredServer {
            name: entry.name.clone(),
            source: Source::Registered,
            transport: if server.url.is_some() { "url" } else { "command" },
            reached: server.shown(),
            policy: server.policy,
            grants: server.grants,
            is_named_in_file,
            problem,
        });
    }
    let mut servers: Vec<ConfiguredServer> = named.iter().map(|name| of_file(settings, name)).collect();
    servers.extend(others);
    let grants = settings.grants.iter().map(|(name, grant)| (name.clone(), grant.servers.clone())).collect();
    Configured { servers, grants, mistake: None }
}

fn grants_of(settings: &Settings, server: &str) -> BTreeMap<String, String> {
    let policy = |grant: &settings::Grant| grant.servers.get(server).cloned();
    settings.grants.iter().filter_map(|(name, grant)| Some((name.clone(), policy(grant)?))).collect()
}

fn of_file(settings: &Settings, name: &str) -> ConfiguredServer {
    let server = settings.servers.get(name);
    let shown = Registration {
        command: server.and_then(|server| server.command.clone()),
        url: server.and_then(|server| server.url.clone()),
        ..Registration::default()
    };
    ConfiguredServer {
        name: name.to_owned(),
        source: Source::File,
        transport: if shown.url.is_some() { "url" } else { "command" },
        reached: shown.shown(),
        policy: server.and_then(|server| server.policy.clone()),
        grants: grants_of(settings, name),
        is_named_in_file: false,
        problem: None,
    }
}

/// Whether a server that is to be registered could be put in force here, beside what the file says.
pub(crate) fn check(
    settings: &Settings,
    name: &str,
    server: &Registration,
    policies: &mut Policies,
) -> anyhow::Result<()> {
    check_named(settings, name, server, policies)?;
    let mut alone = Settings::in_folder_of(settings);
    alone.register(name, server);
    let server = alone.servers.get(name).context("it is there")?;
    reached(&alone, name, server).map(drop)
}

/// Whether what it names is there, but for what it reads of the environment.
pub(crate) fn check_named(
    settings: &Settings,
    name: &str,
    server: &Registration,
    policies: &mut Policies,
) -> anyhow::Result<()> {
    server.check(name)?;
    for (grant, named) in &server.grants {
        if !settings.grants.contains_key(grant) {
            let help = did_you_mean(grant, settings.grants.keys().map(String::as_str));
            let help = help.map(|help| format!("; {help}")).unwrap_or_default();
            bail!("the file has no grant `{grant}` among its `grants`{help}");
        }
        if named == SERVERS_OWN && server.policy.is_none() {
            bail!(
                "it says `server` for the grant `{grant}`, and has no `policy` of its own; name a policy file"
            );
        }
    }
    let files = server.grants.values().filter(|named| *named != SERVERS_OWN).chain(&server.policy);
    for file in files {
        policies.policy(settings.path(file)?)?;
    }
    if let Some(plain) = without_references(server) {
        let mut alone = Settings::in_folder_of(settings);
        alone.register(name, &plain);
        reached(&alone, name, alone.servers.get(name).context("it is there")?)?;
    }
    Ok(())
}

/// As much of a server as says the same wherever it is read; nothing where that is not enough to reach it.
fn without_references(server: &Registration) -> Option<Registration> {
    let is_plain = |text: &String| !text.contains("${");
    let plain = |map: &BTreeMap<String, String>| {
        map.iter().filter(|(_, value)| is_plain(value)).map(|(k, v)| (k.clone(), v.clone())).collect()
    };
    let fixed = [&server.url, &server.cwd];
    fixed.into_iter().flatten().all(is_plain).then(|| Registration {
        args: server.args.iter().filter(|arg| is_plain(arg)).cloned().collect(),
        env: plain(&server.env),
        headers: plain(&server.headers),
        oauth: None,
        ..server.clone()
    })
}

/// Why a server is served under its own address alone, and not among all at `/mcp`, where that is so.
pub(crate) fn apart(name: &str) -> Option<String> {
    not_joinable(name).map(|why| format!("served at /mcp/{name} alone, not at /mcp: {why}"))
}

/// What a grant may use, with the policies there.
type Accesses = (BTreeMap<String, Arc<Access>>, BTreeMap<String, PolicyInForce>);

fn accesses(
    settings: &Settings,
    policies: &mut Policies,
    replacements: &mut Vec<(Arc<Access>, Snapshot)>,
    before: Option<&Registry>,
    name: &str,
    grant: &settings::Grant,
) -> anyhow::Result<Accesses> {
    let (mut accesses, mut in_force) = (BTreeMap::new(), BTreeMap::new());
    let labels: Arc<[(String, String)]> =
        grant.labels.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let approvers = settings.approvers(name).with_context(|| settings.place_of(&["grants", name]))?;
    for (server, named) in &grant.servers {
        let (snapshot, facts) = judged(settings, policies, server, named)
            .with_context(|| settings.place_of(&["grants", name, "servers", server]))?;
        let snapshot = snapshot
            .labelled(Arc::clone(&labels))
            .decided_by(approvers.clone())
            .with_context(|| settings.place_of(&["grants", name, "servers", server]))?;
        in_force.insert(server.clone(), facts);
        let reached = settings.reached(server);
        let kept = before.and_then(|before| before.grant(name)?.servers.get(server)).filter(|access| {
            access.extensions() == settings.extensions(server)
                && access.era() == settings.era(server)
                && access.trust() == settings.trust(server)
                && access.where_it_is() == reached
        });
        let access = match kept {
            Some(access) => {
                replacements.push((Arc::clone(access), snapshot));
                Arc::clone(access)
            }
            None => {
                let access = Access::new(server, settings.extensions(server), snapshot);
                let access = access.speaking(settings.era(server)).trusting(settings.trust(server));
                Arc::new(access.reached(reached))
            }
        };
        accesses.insert(server.clone(), access);
    }
    Ok((accesses, in_force))
}

/// The policies for a grant at a server, of which it names a file, or `server` for the server's own.
fn judged(
    settings: &Settings,
    policies: &mut Policies,
    server: &str,
    named: &str,
) -> anyhow::Result<(Snapshot, PolicyInForce)> {
    let Some(declared) = settings.servers.get(server) else {
        let known = settings.servers.keys().map(String::as_str);
        let help = did_you_mean(server, known).map(|help| format!("; {help}")).unwrap_or_default();
        bail!("there is no server `{server}` among `servers`{help}");
    };
    let servers_own = declared.policy.as_ref().map(|path| settings.path(path)).transpose()?;
    let own = (named != SERVERS_OWN).then(|| settings.path(named)).transpose()?;
    if servers_own.is_none() && own.is_none() {
        bail!("it says `server` for `{server}`, which has no `policy` of its own; name a policy file");
    }
    let mut files = own.iter().chain(&servers_own).map(|path| path.display().to_string());
    let (file, server_file) = (files.next().unwrap_or_default(), files.next());
    drop(files);
    let mut announced = Vec::new();
    let mut in_force = |path: PathBuf| -> anyhow::Result<Arc<Policy>> {
        let policy = policies.policy(path.clone())?;
        announced.extend(policies.webhook(&policy, &path)?);
        Ok(policy)
    };
    let servers_own = servers_own.map(&mut in_force).transpose()?;
    let own = own.map(in_force).transpose()?;
    let snapshot = Snapshot::new(servers_own, own).announcing(announced);
    let digest = snapshot.digest().to_owned();
    Ok((snapshot, PolicyInForce { file, server_file, digest }))
}

/// A whole command line in the place of a program's name would be looked for as a program.
fn program_alone(settings: &Settings, command: &str) -> anyhow::Result<()> {
    let Some((first, _)) = command.split_once(char::is_whitespace) else { return Ok(()) };
    let is_program = |text: &str| settings.path(text).is_ok_and(|path| path.is_file());
    if is_program(command) || first.contains('/') && !is_program(first) {
        return Ok(());
    }
    // The rest may hold a secret.
    bail!(
        "`command` is the program alone, and this one has a blank in its name; write `command: {first}`, and what \
         comes after it in `args`"
    )
}

/// How a server is reached.
pub(crate) fn reached(settings: &Settings, name: &str, server: &settings::Server) -> anyhow::Result<Server> {
    let expand = |text: &String| settings.expand(text);
    let kept = |text: &String| settings.expand_for(name, text);
    match (&server.command, &server.url) {
        (Some(_), None) if server.oauth.is_some() => {
            bail!("`oauth` has no meaning for a server with a `command`")
        }
        (Some(command), None) => {
            program_alone(settings, command)?;
            let args: Result<Vec<_>, _> = server.args.iter().map(|arg| expand(arg).map(Into::into)).collect();
            let env: Result<Vec<_>, _> = server
                .env
                .iter()
                .map(|(name, value)| Ok::<_, settings::ExpandError>((name.into(), kept(value)?.into())))
                .collect();
            let directory = server.cwd.as_ref().map(|cwd| settings.path(cwd)).transpose()?;
            Ok(Server::Child(ServerCommand { program: command.into(), args: args?, env: env?, directory }))
        }
        (None, Some(url)) => {
            let headers: Result<Vec<_>, _> = server
                .headers
                .iter()
                .map(|(name, value)| Ok::<_, settings::ExpandError>((name.clone(), kept(value)?)))
                .collect();
            let transport = match server.transport {
                None => HttpTransport::FoundOut,
                Some(DeclaredTransport::Sse) => HttpTransport::Sse,
                Some(DeclaredTransport::StreamableHttp) => HttpTransport::Streamable,
            };
            let url = expand(url)?;
            let reached = HttpServer::new(&url, &headers?)?.over(transport);
            Ok(Server::Http(match &server.oauth {
                Some(oauth) => reached.authorized_by(settings.oauth(name, &url, oauth)?)?,
                None => reached,
            }))
        }
        (Some(_), Some(_)) => bail!("it has a `command` and a `url`; it is reached by one of them"),
        (None, None) => bail!("it has neither a `command` nor a `url`"),
    }
}
