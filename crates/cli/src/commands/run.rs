//! `interlock run`: wrap one MCP server.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use interlock_audit::{Detail, DigestKey, InstanceId, Lifecycle, LifecycleKind, Log};
use interlock_gateway::reload::{self, LoadError, Watch};
use interlock_gateway::transport::child::ServerCommand;
use interlock_gateway::{Ended, Gateway, Identity, PolicyFile, Snapshot, Wrapped, transport};
use interlock_policy::Diagnostic;
use interlock_store::{Embedded, Instance, Instances, Jump};
use tokio::sync::mpsc;

use crate::args::RunArgs;
use crate::data_dir::data_dir;
use crate::exit::Exit;
use crate::server_name::server_name;
use crate::settings::Settings;
use crate::terminal;

/// Wraps the server and relays until one side goes.
pub(crate) fn run(args: RunArgs) -> anyhow::Result<Exit> {
    let (named, shown) = (args.policy.clone(), in_words(&args.command));
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

/// Says at the start what `check` warns of. That nobody can be asked is how a ready policy is meant, and no news at
/// every start.
fn warn(policy: &Path, diagnostics: &[Diagnostic]) {
    let policy = policy.display();
    let (known, news): (Vec<_>, Vec<_>) =
        diagnostics.iter().partition(|diagnostic| diagnostic.code == "cannot-ask");
    let said = |count: usize| {
        let s = if count == 1 { "" } else { "s" };
        format!("the policy `{policy}` has {count} warning{s}; `interlock check {policy}` shows them")
    };
    match (news.len(), known.len()) {
        (0, 0) => {}
        (0, known) => tracing::info!("{}", said(known)),
        (news, known) => tracing::warn!("{}", said(news + known)),
    }
}

/// A command as it is typed.
fn in_words(command: &[OsString]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./@:=,+%".contains(c);
    let word = |word: &OsString| {
        let text = word.to_string_lossy();
        if !text.is_empty() && text.chars().all(plain) {
            return text.into_owned();
        }
        format!("'{}'", text.replace('\'', "'\\''"))
    };
    command.iter().map(word).collect::<Vec<_>>().join(" ")
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

/// How long the end of a run waits for the logs of killed ones to be completed.
const RECOVERING: std::time::Duration = std::time::Duration::from_secs(5);

async fn wrap(args: RunArgs, settings: &Settings, loaded: reload::Loaded) -> anyhow::Result<Ended> {
    let server = args.server.unwrap_or_else(|| server_name(&args.command));
    let data = data_dir(args.place.data.as_deref(), settings)?;
    let (jumped, jumps) = mpsc::unbounded_channel();
    let store = Embedded::open(&data, watching(settings.store(), jumped))?;
    // What can fail because of how it was called fails before anything is recorded as started.
    let arguments = settings.arguments()?;
    let key = DigestKey::open(&data)?;
    let command = command_of(&args.command)?;
    let input = transport::stdio::input().context("cannot read standard input")?;
    let output = transport::stdio::output().context("cannot write standard output")?;
    let now = wall_ms();
    let instance = InstanceId::generate(now)?;
    register(&store, &instance, &server, &args.grant, now).await?;
    let log = Arc::new(Log::open(&data, &instance, settings.log())?);
    record_start(&log, &server, &args.grant, &args.policy, loaded.policy.digest())?;
    let gateway = Arc::new(Gateway::new(
        Snapshot::of_server(loaded.policy),
        Arc::new(store.clone()),
        Arc::clone(&log),
        arguments,
        key,
        settings.gateway(&server),
    ));
    let recovering = recover_others(Arc::clone(&gateway), data);
    let from = PolicyFile { server: server.clone(), path: args.policy.display().to_string() };
    let following = tokio::spawn(follow(Arc::clone(&gateway), args.policy, from));
    let alarming = tokio::spawn(report_jumps(Arc::clone(&gateway), jumps));
    let wrapped = Wrapped {
        command,
        server,
        identity: Identity { grant: args.grant, session: instance.to_string(), client: None },
    };
    greet(&wrapped.server);
    let ended = interlock_gateway::run(gateway, &wrapped, input, output).await;
    following.abort();
    alarming.abort();
    // A short run may be over before what others left behind is completed.
    let _too_much = tokio::time::timeout(RECOVERING, recovering).await;
    let ended = ended?;
    // Only a chain that has its last record may be called finished; the store may be the very reason why it
    // ended, and then recovery calls it so.
    if let Err(error) = Instances::finish(&store, instance.as_str(), wall_ms()).await {
        tracing::warn!("the end of this run is not noted in the ledger: {error}");
    }
    Ok(ended)
}

async fn register(
    store: &Embedded,
    instance: &InstanceId,
    server: &str,
    grant: &str,
    now: i64,
) -> anyhow::Result<()> {
    let entry = Instance {
        id: instance.to_string(),
        pid: std::process::id(),
        kind: "run".to_owned(),
        server: Some(server.to_owned()),
        grant: Some(grant.to_owned()),
        started_ms: now,
        finished_ms: None,
    };
    Ok(Instances::register(store, entry).await?)
}

fn record_start(log: &Log, server: &str, grant: &str, policy: &Path, digest: &str) -> anyhow::Result<()> {
    let file = policy.display().to_string();
    let details = [
        ("version", Detail::Text(env!("CARGO_PKG_VERSION"))),
        ("command", Detail::Text("run")),
        ("grant", Detail::Text(grant)),
    ];
    let start = Lifecycle { server: Some(server), details: &details, ..Lifecycle::new(LifecycleKind::Start) };
    log.append(wall_ms(), &interlock_audit::Entry::Lifecycle(start))?;
    let file = [("file", Detail::Text(&file))];
    let load = Lifecycle {
        server: Some(server),
        policy: Some(digest),
        details: &file,
        ..Lifecycle::new(LifecycleKind::PolicyLoad)
    };
    log.append(wall_ms(), &interlock_audit::Entry::Lifecycle(load))?;
    Ok(())
}

/// Has the store say when somebody sets the clock forward.
fn watching(
    options: interlock_store::Options,
    jumped: mpsc::UnboundedSender<Jump>,
) -> interlock_store::Options {
    let tell = move |jump| {
        // Once the run has ended nobody listens.
        let _nobody = jumped.send(jump);
    };
    interlock_store::Options { on_jump: Some(Arc::new(tell)), ..options }
}

async fn report_jumps(gateway: Arc<Gateway>, mut jumps: mpsc::UnboundedReceiver<Jump>) {
    while let Some(jump) = jumps.recv().await {
        let minutes = jump.ahead_ms / 60_000;
        gateway.alarm(&format!("the clock was set forward by {minutes} minutes; calendar budgets follow it"));
    }
}

/// Completes the chains of processes that were killed. Nobody waits for it.
fn recover_others(gateway: Arc<Gateway>, data: PathBuf) -> tokio::task::JoinHandle<()> {
    tokio::task::spawn_blocking(move || match interlock_audit::recover(&data, wall_ms()) {
        Ok(recovery) => {
            for (instance, error) in recovery.failed {
                gateway.alarm(&format!(
                    "the audit chain `{instance}` of a process that died is not in order: {error}"
                ));
            }
        }
        Err(error) => tracing::warn!("the records of a killed process could not be completed: {error}"),
    })
}

/// Puts each good version of the policy file in force, and says so when one is not good.
async fn follow(gateway: Arc<Gateway>, path: PathBuf, from: PolicyFile) {
    let mut watch = Watch::new(&path);
    let mut last_mistake = None;
    // What changed between reading the file first and watching it is read now.
    loop {
        take(&gateway, &path, &from, &mut last_mistake, &watch).await;
        watch.changed().await;
    }
}

/// Reading and compiling are done on a thread of their own: calls are answered by the policy before until they are
/// done, and wait for neither.
async fn take(
    gateway: &Gateway,
    path: &Path,
    from: &PolicyFile,
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
    match loaded {
        Ok(loaded) => {
            *last_mistake = None;
            let before = gateway.replace(Snapshot::of_server(loaded.policy), from);
            tokio::task::spawn_blocking(move || drop(before));
        }
        Err(error) => {
            let mistake = error.to_string();
            if last_mistake.as_ref() != Some(&mistake) {
                tracing::error!("{mistake}; the policy in force is still the one before");
                gateway.rejected(&mistake, from);
                *last_mistake = Some(mistake);
            }
        }
    }
}

pub(super) fn command_of(words: &[OsString]) -> anyhow::Result<ServerCommand> {
    let (program, args) = words.split_first().context("no command for the server; give it after `--`")?;
    Ok(ServerCommand { program: program.clone(), args: args.to_vec(), directory: None })
}

fn wall_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_typed_again() {
        for (words, expected) in [
            (&["uvx", "a.b-c@0.1.1"][..], "uvx a.b-c@0.1.1"),
            (&["sh", "-c", "exit 1"], "sh -c 'exit 1'"),
            (&["a", "", "it's"], r"a '' 'it'\''s'"),
        ] {
            let words: Vec<OsString> = words.iter().map(Into::into).collect();
            assert_eq!(in_words(&words), expected);
        }
    }
}
