//! `interlock run`: wrap one MCP server.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use interlock_gateway::approvals::Approvers;
use interlock_gateway::reload::{self, LoadError, Watch};
use interlock_gateway::transport::child::ServerCommand;
use interlock_gateway::transport::http::HttpServer;
use interlock_gateway::{
    Access, Ended, Gateway, Identity, PolicyFile, Reached, Server, Snapshot, Wrapped, transport,
};
use interlock_policy::{Diagnostic, Policy};

use crate::args::{Header, ReachedArgs, RunArgs};
use crate::data_dir::data_dir;
use crate::exit::Exit;
use crate::instance::{Instance, Start};
use crate::server_name::server_name;
use crate::settings::Settings;
use crate::terminal;
use crate::webhooks;

/// Wraps the server and relays until one side goes.
pub(crate) fn run(args: RunArgs) -> anyhow::Result<Exit> {
    let (named, shown) = (args.policy.clone(), terminal::typed(&args.reached.command));
    let args = RunArgs { policy: policy_file(&args.policy)?, ..args };
    let settings = Settings::load(args.place.settings.as_deref())?;
    terminal::log::start(&settings.telemetry)?;
    let loaded = match reload::load(&args.policy) {
        Ok(loaded) => loaded,
        Err(LoadError::Mistakes { path, diagnostics, text, .. }) => {
            terminal::diagnostics::to_stderr(&path.display().to_string(), &text, &diagnostics)?;
            anyhow::bail!("the policy `{}` has mistakes, so nothing was started", path.display());
        }
        Err(error @ LoadError::Unreadable { .. }) if named.is_relative() => {
            anyhow::bail!(
                "{error}; name it with an absolute path: clients start servers in directories of their own"
            )
        }
        Err(error) => return Err(error.into()),
    };
    warn(&args.policy, &loaded.diagnostics);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the event loop")?;
    let ended = runtime.block_on(wrap(args, &settings, loaded));
    // A blocking read of a terminal cannot be interrupted and must not hold the process.
    runtime.shutdown_background();
    match ended? {
        Ended::ClientGone | Ended::Signalled { .. } => Ok(Exit::Yes),
        Ended::ServerGone { status } => {
            anyhow::bail!("the server ended by itself: {status}; run `{shown}` by itself to see why")
        }
    }
}

/// Says at the start how much `check` warns of.
fn warn(policy: &Path, diagnostics: &[Diagnostic]) {
    let (policy, count) = (policy.display(), diagnostics.len());
    if count > 0 {
        let s = if count == 1 { "" } else { "s" };
        tracing::warn!("the policy `{policy}` has {count} warning{s}; `interlock check {policy}` shows them");
    }
}

/// Whoever starts it in a terminal sees nothing else while all is well.
fn greet(server: &str) {
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        terminal::note(&format!(
            "interlock: in front of `{server}`, waiting for a client on standard input; press Ctrl-C to end"
        ));
    }
}

/// The policy's absolute path: a client may start the gateway in any directory, and says which one nowhere.
fn policy_file(named: &Path) -> anyhow::Result<PathBuf> {
    if named == Path::new("-") {
        anyhow::bail!(
            "the policy cannot come from standard input, on which the MCP client speaks; write it to a file and \
             name that with `-c FILE`"
        );
    }
    std::path::absolute(named).with_context(|| format!("cannot find the policy `{}`", named.display()))
}

async fn wrap(args: RunArgs, settings: &Settings, loaded: reload::Loaded) -> anyhow::Result<Ended> {
    let reached = reached(&args.reached, settings)?;
    let server = args.server.unwrap_or_else(|| named(&reached, &args.reached.command));
    let data = data_dir(args.place.data.as_deref(), settings)?;
    // What can fail because of how it was called fails before anything is recorded as started.
    let input = transport::stdio::input().context("cannot read standard input")?;
    let output = transport::stdio::output().context("cannot write standard output")?;
    let start = Start { kind: "run", server: Some(&server), grant: Some(&args.grant) };
    let mut instance = Instance::start(settings, data, &start).await?;
    instance.record_policy((&args.grant, &server), &args.policy, loaded.policy.digest())?;
    let gateway = Arc::clone(&instance.gateway);
    let approvers = settings.approvers(&args.grant)?;
    let snapshot = match in_force(loaded.policy, &args.policy, &gateway, &approvers) {
        Ok(snapshot) => snapshot,
        Err(error) => {
            // What was recorded as started is recorded as ended.
            gateway.stopped(&terminal::with_causes(&error))?;
            instance.finish().await;
            return Err(error);
        }
    };
    let access = Access::new(&server, settings.extensions(&server), snapshot);
    let place = place(&args.reached)?;
    let access = access.speaking(settings.era(&server)).trusting(settings.trust(&server));
    let access = Arc::new(access.reached(place));
    let from = PolicyFile { grant: args.grant.clone(), server, path: args.policy.display().to_string() };
    let following =
        tokio::spawn(follow(Arc::clone(&gateway), Arc::clone(&access), args.policy, from, approvers));
    let identity = Identity { grant: args.grant, session: instance.id.to_string(), client: None };
    let wrapped = Wrapped { server: reached, access, identity };
    greet(wrapped.access.server());
    let ended = interlock_gateway::run(gateway, &wrapped, input, output).await;
    following.abort();
    instance.wind_up().await;
    let ended = ended?;
    instance.finish().await;
    Ok(ended)
}

/// The policy of one file, with those whom it announces questions to and who may decide.
fn in_force(
    policy: Policy,
    file: &Path,
    gateway: &Gateway,
    approvers: &Approvers,
) -> anyhow::Result<Snapshot> {
    let webhook = webhooks::named(&policy, file, gateway)?;
    let snapshot = Snapshot::of_server(policy).announcing(webhook.into_iter().collect());
    snapshot.decided_by(approvers.clone()).with_context(|| format!("the policy `{}`", file.display()))
}

/// Puts each good version of the policy file in force, and says so when one is not good.
async fn follow(
    gateway: Arc<Gateway>,
    access: Arc<Access>,
    path: PathBuf,
    from: PolicyFile,
    approvers: Approvers,
) {
    let mut watch = Watch::new(&path);
    let mut last_mistake = None;
    // What changed between reading the file first and watching it is read now.
    loop {
        let news = News { path: &path, from: &from, approvers: &approvers };
        take(&gateway, &access, news, &mut last_mistake, &watch).await;
        watch.changed().await;
    }
}

/// A policy file that may have changed.
#[derive(Clone, Copy)]
struct News<'a> {
    path: &'a Path,
    from: &'a PolicyFile,
    approvers: &'a Approvers,
}

/// Reading and compiling are done on a thread of their own: calls are answered by the policy before until they are
/// done, and wait for neither.
async fn take(
    gateway: &Gateway,
    access: &Access,
    News { path, from, approvers }: News<'_>,
    last_mistake: &mut Option<String>,
    watch: &Watch,
) {
    let file = path.to_owned();
    let loaded = match tokio::task::spawn_blocking(move || reload::load(&file)).await {
        Ok(loaded) => loaded,
        Err(error) => {
            gateway.alarm(&format!("the policy in force is still the one before: reading the file: {error}"));
            return;
        }
    };
    if watch.is_written() {
        // Somebody began to write while it was read. When they are done, it is read again.
        return;
    }
    let loaded = loaded.map_err(anyhow::Error::from);
    match loaded.and_then(|loaded| in_force(loaded.policy, path, gateway, approvers)) {
        Ok(snapshot) => {
            *last_mistake = None;
            let before = gateway.replace(access, snapshot, from);
            tokio::task::spawn_blocking(move || drop(before));
        }
        Err(error) => {
            let mistake = terminal::with_causes(&error);
            if last_mistake.as_ref() != Some(&mistake) {
                tracing::error!("{mistake}; the policy in force is still the one before");
                gateway.rejected(access, &mistake, from);
                *last_mistake = Some(mistake);
            }
        }
    }
}

/// What a server is called that nobody has named.
pub(super) fn named(reached: &Server, command: &[OsString]) -> String {
    match reached {
        Server::Child(_) => server_name(command),
        Server::Http(server) => server.host().to_owned(),
    }
}

/// Where the server is: the same command does another thing in another folder.
fn place(args: &ReachedArgs) -> anyhow::Result<Reached> {
    if let Some(url) = &args.url {
        return Ok(Reached::by([url]));
    }
    let folder = std::env::current_dir().context("cannot tell the current folder")?;
    let words = args.command.iter().map(|word| word.as_encoded_bytes());
    Ok(Reached::by(words.chain([folder.as_os_str().as_encoded_bytes()])))
}

/// The server as the command line names it.
pub(super) fn reached(args: &ReachedArgs, settings: &Settings) -> anyhow::Result<Server> {
    let Some(url) = &args.url else { return Ok(Server::Child(command_of(&args.command)?)) };
    let mut headers = Vec::with_capacity(args.headers.len());
    for Header { name, value } in &args.headers {
        let value = settings.expand(value).with_context(|| format!("cannot read the header `{name}`"))?;
        headers.push((name.clone(), value));
    }
    for (name, variable) in &args.header_variables {
        let value = std::env::var(variable);
        let value = value
            .map_err(|_| anyhow::anyhow!("the environment has no `{variable}` for the header `{name}`"))?;
        headers.push((name.clone(), value));
    }
    Ok(Server::Http(HttpServer::new(url, &headers)?))
}

fn command_of(words: &[OsString]) -> anyhow::Result<ServerCommand> {
    let (program, args) = words.split_first().context("no command for the server; give it after `--`")?;
    Ok(ServerCommand { program: program.clone(), args: args.to_vec(), env: Vec::new(), directory: None })
}
