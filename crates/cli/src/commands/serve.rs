//! `interlock serve`: one gateway for many agents and servers.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use interlock_audit::DigestKey;
use interlock_gateway::reload::Watch;
use interlock_gateway::serve::Listening;
use interlock_gateway::{Front, KnownTokens, Registry};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::args::ServeArgs;
use crate::data_dir::data_dir;
use crate::exit::Exit;
use crate::instance::{Instance, Start};
use crate::serving::{self, Policies};
use crate::settings::Settings;
use crate::terminal;

const LISTEN: &str = "127.0.0.1:7420";

/// Serves until it is told to stop.
pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<Exit> {
    let settings = Settings::load(Some(&args.config))?;
    terminal::log::start(&settings.telemetry)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the event loop")?;
    let served = runtime.block_on(serve(args, settings));
    runtime.shutdown_background();
    served.map(|()| Exit::Yes)
}

async fn serve(args: &ServeArgs, settings: Settings) -> anyhow::Result<()> {
    let listening = listening(&settings)?;
    let data = data_dir(args.data.as_deref(), &settings)?;
    let bound = listening.bind().await?;
    let key = DigestKey::open_for_tokens(&data)?;
    let start = Start { kind: "serve", server: None, grant: None };
    let mut instance = Instance::start(&settings, data, &start).await?;
    let mut policies = Policies::default();
    let registry = serving::registry(&settings, &mut policies, &instance.gateway, None)?;
    let (servers, grants) = (registry.servers.len(), registry.grants.len());
    let tokens = KnownTokens::new(Arc::new(instance.store().clone()), key);
    let front = Front::new(Arc::clone(&instance.gateway), registry, tokens, instance.id.as_str());
    let front = Arc::new(front);
    terminal::note(&format!(
        "interlock: listening at http://{}/mcp/NAME for {servers} servers and {grants} grants",
        bound.address()
    ));
    let following = tokio::spawn(follow(
        args.config.clone(),
        Arc::clone(&front),
        Arc::clone(&instance.gateway),
        policies,
    ));
    let why = Arc::new(std::sync::Mutex::new("it was told to stop"));
    let said = Arc::clone(&why);
    let stop = async move {
        let name = stopped().await;
        *said.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = name;
    };
    bound.serve(front, stop).await;
    following.abort();
    instance.wind_up().await;
    let why = *why.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    instance.gateway.stopped(why)?;
    instance.finish().await;
    Ok(())
}

fn listening(settings: &Settings) -> anyhow::Result<Listening> {
    let text = settings.listen.as_deref().unwrap_or(LISTEN);
    let address: SocketAddr =
        text.parse().with_context(|| format!("`listen: {text}` is not an address and a port"))?;
    if settings.anonymous.is_some() && !address.ip().is_loopback() {
        anyhow::bail!("`anonymous` is for loopback addresses alone, and `listen: {text}` is not one");
    }
    Ok(Listening { address, hosts: settings.hosts.clone(), origins: settings.origins.clone() })
}

async fn stopped() -> &'static str {
    let kinds =
        [(SignalKind::terminate(), "SIGTERM was received"), (SignalKind::interrupt(), "SIGINT was received")];
    let mut waiting = JoinSet::new();
    for (kind, words) in kinds {
        match signal(kind) {
            Ok(mut signal) => {
                waiting.spawn(async move {
                    signal.recv().await;
                    words
                });
            }
            Err(error) => tracing::error!("a signal cannot be waited for: {error}"),
        }
    }
    match waiting.join_next().await {
        Some(Ok(words)) => words,
        _ => std::future::pending().await,
    }
}

/// Puts each good version of the file and of its policies in force.
async fn follow(
    config: std::path::PathBuf,
    front: Arc<Front>,
    gateway: Arc<interlock_gateway::Gateway>,
    policies: Policies,
) {
    let mut files = files(&config, &policies);
    loop {
        changed(&files).await;
        let before = front.registry();
        match read(&config, &gateway, &before) {
            Ok((registry, policies)) => {
                files = self::files(&config, &policies);
                tracing::info!("the settings `{}` were read again", config.display());
                front.use_registry(registry);
            }
            Err(error) => tracing::error!("{error:#}; what is in force is still what was before"),
        }
    }
}

fn read(
    config: &Path,
    gateway: &interlock_gateway::Gateway,
    before: &Registry,
) -> anyhow::Result<(Registry, Policies)> {
    let settings = Settings::load(Some(config))?;
    let mut policies = Policies::default();
    let registry = serving::registry(&settings, &mut policies, gateway, Some(before))?;
    Ok((registry, policies))
}

fn files(config: &Path, policies: &Policies) -> Vec<std::path::PathBuf> {
    std::iter::once(config).chain(policies.files()).map(Path::to_owned).collect()
}

/// Waits until one of the files has changed, and nobody writes it any more.
async fn changed(files: &[std::path::PathBuf]) {
    let (tell, mut told) = mpsc::channel(1);
    let mut watching = JoinSet::new();
    for file in files {
        let (file, tell) = (file.clone(), tell.clone());
        watching.spawn(async move {
            let mut watch = Watch::new(&file);
            watch.changed().await;
            // Another file may have been told of first.
            let _first = tell.try_send(());
        });
    }
    told.recv().await;
}
