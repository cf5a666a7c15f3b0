//! `interlock approvals serve`: where people decide about the calls of `run` processes, which nobody can reach.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use interlock_audit::DigestKey;
use interlock_gateway::admin::{AdminListening, Configuration, Offers};
use interlock_gateway::{Front, KnownTokens, Registry};

use crate::args::LookArgs;
use crate::commands::serve::stopped;
use crate::data_dir;
use crate::exit::Exit;
use crate::instance::{Instance, Start};
use crate::operators;
use crate::settings::Settings;
use crate::terminal;

/// What nobody expects who serves the pages of a gateway that runs.
const NOTHING_YET: &str =
    "; nothing has run with it yet: name the one that a gateway uses with `--data DIR` or `-c FILE`";

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7422")]
    listen: SocketAddr,
    #[command(flatten)]
    place: LookArgs,
}

/// Serves until it is told to stop.
pub(super) fn run(args: &ServeArgs) -> anyhow::Result<Exit> {
    let settings = Settings::load(args.place.settings.as_deref())?;
    terminal::log::start(&settings.telemetry)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the event loop")?;
    let served = runtime.block_on(serve(args, &settings));
    runtime.shutdown_background();
    served.map(|()| Exit::Yes)
}

async fn serve(args: &ServeArgs, settings: &Settings) -> anyhow::Result<()> {
    let data = data_dir::prepared(args.place.data.as_deref(), settings)?;
    let is_new = data_dir::used(&data).is_err();
    let listening = operators::listening(settings, args.listen)?;
    encrypted_or_local(&listening)?;
    let bound = listening.bind()?;
    let start = Start { kind: "approvals", server: None, grant: None };
    let mut instance = Instance::start(settings, data.clone(), &start).await?;
    // Nobody calls here: the front has no servers, no grants and no listener, and knows where refusals are recorded.
    let tokens = KnownTokens::new(Arc::new(instance.store().clone()), DigestKey::open_for_tokens(&data)?);
    let gateway = Arc::clone(&instance.gateway);
    let front = Arc::new(Front::new(gateway, Registry::default(), tokens, instance.id.as_str()));
    let operating = operators::Operating {
        store: instance.store(),
        front,
        configuration: Arc::new(Configuration::default()),
        check: Box::new(|_, _| Err("no servers are served here".to_owned())),
        data,
        offers: Offers::Approvals,
    };
    let address = bound.console();
    let place = operating.data.display().to_string();
    let administered = bound.start(operating.operated()?, interlock_console::pages)?;
    terminal::note(&format!(
        "interlock: people decide at {address}/console about the calls in the data directory `{place}`{}",
        if is_new { NOTHING_YET } else { "" }
    ));
    let why = stopped().await;
    drop(administered);
    instance.wind_up().await;
    instance.gateway.stopped(why)?;
    instance.finish().await;
    Ok(())
}

/// Tokens and decisions are not sent in the clear to another machine.
fn encrypted_or_local(listening: &AdminListening) -> anyhow::Result<()> {
    let is_encrypted =
        listening.tls.is_some() || listening.console.as_ref().is_some_and(|console| console.is_secure());
    if !listening.address.ip().is_loopback() && !is_encrypted {
        bail!(
            "`--listen {}` would have tokens read on their way: set `admin_tls`, or `console.url` to the https address of a proxy that encrypts",
            listening.address
        );
    }
    Ok(())
}
