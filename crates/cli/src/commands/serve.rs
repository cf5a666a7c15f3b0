//! `interlock serve`: one gateway for many agents and servers.

mod checking;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use interlock_audit::DigestKey;
use interlock_gateway::admin::{AdminListening, Configuration, Configured, Offers};
use interlock_gateway::reload::{Watch, Writing};
use interlock_gateway::serve::{Bound, Listening};
use interlock_gateway::transport::tls::{ReadTls, Tls};
use interlock_gateway::{Front, Gateway, KnownTokens, Registration};
use interlock_store::{CredentialEntry, Credentials, Embedded, ServerEntry, Servers, StoreError};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::args::ServeArgs;
use crate::data_dir::data_dir;
use crate::exit::Exit;
use crate::instance::{Instance, Start};
use crate::operators;
use crate::serving::{self, InForce, Plan, Policies};
use crate::settings::Settings;
use crate::terminal;

const LISTEN: &str = "127.0.0.1:7420";
const ADMIN: &str = "127.0.0.1:7421";
/// What `admin` says where operators are answered nowhere.
const NOWHERE: &str = "none";

/// Serves until it is told to stop.
pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<Exit> {
    if args.check {
        return checking::run(args);
    }
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

async fn serve(args: &ServeArgs, mut settings: Settings) -> anyhow::Result<()> {
    let listening = listening(&settings)?;
    let data = data_dir(args.data.as_deref(), &settings)?;
    let tls = listening.tls.clone();
    let bound = listening.bind().await?;
    warn_of_plain(&bound);
    let operators = operators(&settings)?;
    let admin_tls = operators.as_ref().and_then(|operators| operators.tls.clone());
    let operators = operators.map(|operators| operators.bind().context("`admin`")).transpose()?;
    let key = DigestKey::open_for_tokens(&data)?;
    let start = Start { kind: "serve", server: None, grant: None };
    let mut instance = Instance::start(&settings, data.clone(), &start).await?;
    let mut policies = Policies::of(&instance.gateway);
    let configuration = Arc::new(Configuration::default());
    let registered = instance.store().servers().await?;
    settings.use_credentials(instance.store(), instance.store().credentials().await?)?;
    let configured = serving::with_registered(&mut settings, &registered, &mut policies, true);
    configuration.end(configuration.begin(), configured);
    let plan = serving::plan(&settings, &mut policies, None)?;
    plan.in_force.record_start(&instance.gateway)?;
    let in_force = plan.in_force.clone();
    let registry = plan.apply(&instance.gateway);
    // Before anybody is told that it listens: what is written from then on is read when it is whole.
    let mut watching = Watching::default();
    watching.add(&args.config);
    for file in policies.tried() {
        watching.add(file);
    }
    let (servers, grants) = (registry.servers.len(), registry.grants.len());
    let tokens = KnownTokens::new(Arc::new(instance.store().clone()), key);
    let front = Front::new(Arc::clone(&instance.gateway), registry, tokens, instance.id.as_str());
    let front = Arc::new(front);
    let administered = operators
        .map(|operators| -> anyhow::Result<_> {
            let scheme = if operators.is_secure() { "https" } else { "http" };
            terminal::note(&format!(
                "interlock: operators are answered at {scheme}://{}",
                operators.address()
            ));
            terminal::note(&format!("interlock: people decide at {}/console", operators.console()));
            let operated = operators::Operating {
                store: instance.store(),
                front: Arc::clone(&front),
                configuration: Arc::clone(&configuration),
                check: Box::new(checking(args.config.clone(), instance.store().clone())),
                data,
                offers: Offers::Everything,
            };
            Ok(operators.start(operated.operated()?, interlock_console::pages)?)
        })
        .transpose()
        .context("cannot start the admin listener")?;
    terminal::note(&format!(
        "interlock: listening at {}://{}/mcp/NAME (servers: {servers}, grants: {grants})",
        if bound.is_secure() { "https" } else { "http" },
        bound.address()
    ));
    let following = Following {
        config: args.config.clone(),
        front: Arc::clone(&front),
        gateway: Arc::clone(&instance.gateway),
        address: bound.address(),
        tls,
        admin_tls,
        store: instance.store().clone(),
        configuration,
        started: settings,
    };
    let following = tokio::spawn(follow(following, watching, in_force));
    let why = Arc::new(std::sync::Mutex::new("it was told to stop"));
    let said = Arc::clone(&why);
    let stop = async move {
        let name = stopped().await;
        *said.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = name;
    };
    bound.serve(front, stop).await;
    drop(administered);
    following.abort();
    instance.wind_up().await;
    let why = *why.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    instance.gateway.stopped(why)?;
    instance.finish().await;
    Ok(())
}

/// Where callers are answered.
fn address(settings: &Settings) -> anyhow::Result<SocketAddr> {
    let text = settings.listen.as_deref().unwrap_or(LISTEN);
    let address: SocketAddr =
        text.parse().with_context(|| format!("`listen: {text}` is not an address and a port"))?;
    loopback_alone(settings, address)?;
    Ok(address)
}

/// Where operators are; nowhere where the file says so.
fn admin_address(settings: &Settings) -> anyhow::Result<Option<SocketAddr>> {
    let text = settings.admin.as_deref().unwrap_or(ADMIN);
    if text == NOWHERE {
        return Ok(None);
    }
    let address = text.parse();
    Ok(Some(address.with_context(|| format!("`admin: {text}` is not an address and a port, nor `none`"))?))
}

fn listening(settings: &Settings) -> anyhow::Result<Listening> {
    let address = address(settings)?;
    let tls = match settings.tls_files()? {
        Some(files) => Some(Arc::new(Tls::new(ReadTls::read(&files)?))),
        None => None,
    };
    Ok(Listening { address, hosts: settings.hosts.clone(), origins: settings.origins.clone(), tls })
}

/// Whether a server could be put in force beside what the file says now.
fn checking(
    config: PathBuf,
    store: Embedded,
) -> impl Fn(&str, &Registration) -> Result<(), String> + Send + Sync {
    let check = move |name: &str, server: &Registration| -> anyhow::Result<()> {
        let mut settings = Settings::load(Some(&config))?;
        // It is asked on a thread that may wait.
        let kept = tokio::runtime::Handle::current().block_on(store.credentials())?;
        settings.use_credentials(&store, kept)?;
        serving::check(&settings, name, server, &mut Policies::default())
    };
    move |name, server| check(name, server).map_err(|error| format!("{error:#}"))
}

/// Says where tokens could be read on their way.
fn warn_of_plain(bound: &Bound) {
    if !bound.is_secure() && !bound.address().ip().is_loopback() {
        tracing::warn!(
            "what callers send to {} is not encrypted: set `tls`, or let nobody reach it but a proxy that encrypts",
            bound.address()
        );
    }
}

/// Where operators are answered.
fn operators(settings: &Settings) -> anyhow::Result<Option<AdminListening>> {
    admin_address(settings)?.map(|address| operators::listening(settings, address)).transpose()
}

pub(super) async fn stopped() -> &'static str {
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

/// The file, and what it is read for.
struct Following {
    config: PathBuf,
    front: Arc<Front>,
    gateway: Arc<Gateway>,
    /// The address that is listened at, whatever the file says now.
    address: SocketAddr,
    /// The certificate in force.
    tls: Option<Arc<Tls>>,
    /// That of the operators' listener.
    admin_tls: Option<Arc<Tls>>,
    /// Where servers are registered.
    store: Embedded,
    configuration: Arc<Configuration>,
    /// What the file said at the start.
    started: Settings,
}

/// What the registers hold beside the file.
#[derive(PartialEq)]
struct Registered {
    servers: Vec<ServerEntry>,
    credentials: Vec<CredentialEntry>,
}

impl Registered {
    async fn read(store: &Embedded) -> Result<Self, StoreError> {
        Ok(Self { servers: store.servers().await?, credentials: store.credentials().await? })
    }
}

/// Everything that was read, all of it good.
struct Good {
    plan: Plan,
    tls: Option<ReadTls>,
    admin_tls: Option<ReadTls>,
    configured: Configured,
    /// What takes a new start, and is otherwise than it was then.
    fixed: Vec<&'static str>,
}

/// How often the registers are looked at, for what other processes have changed.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Puts each good version of the file and of its policies in force.
async fn follow(following: Following, mut watching: Watching, mut in_force: InForce) {
    let mut last_mistake = None;
    // Whether something may have been changed since the start.
    let mut is_woken = false;
    let mut kept_as_started = Vec::new();
    // What changed between reading the files first and watching them is read now.
    loop {
        let reading = following.configuration.begin();
        let mut policies = Policies::of(&following.gateway);
        let mut files = BTreeSet::new();
        let registered = Registered::read(&following.store).await;
        // Last: nothing is waited for between knowing that nobody writes the files and reading them.
        watching.settled().await;
        let read = following.read(&mut policies, &mut files, &registered);
        files.extend(policies.tried().map(Path::to_owned));
        let mut is_recorded = true;
        let known = files.iter().filter(|path| watching.add(path)).count() == 0;
        let recorded = read.and_then(|good| {
            let changed = good.plan.in_force.record_since(&in_force, &following.gateway);
            let changed = changed.inspect_err(|_| is_recorded = false);
            Ok((changed.context("not in force, because it cannot be recorded")?, good))
        });
        match recorded {
            Ok((changed, Good { plan, tls, admin_tls, configured, fixed })) => {
                last_mistake = None;
                in_force = plan.in_force.clone();
                tell(&plan, &changed, is_woken);
                following.warn_of_fixed(&mut kept_as_started, fixed);
                following.front.use_registry(plan.apply(&following.gateway));
                encrypt_with(following.tls.as_ref(), tls, "the listener");
                encrypt_with(following.admin_tls.as_ref(), admin_tls, "the operators' listener");
                following.gateway.reloaded(true);
                following.configuration.end(reading, configured);
            }
            Err(error) => {
                let mistake = terminal::with_causes(&error);
                let before = following.configuration.current();
                let configured = Configured { mistake: Some(mistake.clone()), ..(*before).clone() };
                following.configuration.end(reading, configured);
                let mistake = format!("{mistake}; what is in force is still what was before");
                if last_mistake.as_ref() != Some(&mistake) {
                    following.gateway.alarm(&mistake);
                    following.gateway.reloaded(false);
                    last_mistake = Some(mistake);
                }
            }
        }
        // A file that was not watched yet may have changed since it was read.
        is_woken = known;
        if known {
            // What could not be recorded is tried again soon.
            let registered = registered.ok().filter(|_| is_recorded);
            tokio::select! {
                () = watching.changed() => {}
                () = following.configuration.wanted(reading) => {}
                () = following.registered_otherwise(registered) => {}
            }
        }
    }
}

impl Following {
    /// Reads everything. Each file that is tried is among `files` then, so that it is watched.
    fn read(
        &self,
        policies: &mut Policies,
        files: &mut BTreeSet<PathBuf>,
        registered: &Result<Registered, StoreError>,
    ) -> anyhow::Result<Good> {
        let mut settings = Settings::load(Some(&self.config))?;
        // An editor or a script may have left an empty file: nothing that runs is ended for it.
        let names_nothing = settings.servers.is_empty() && settings.grants.is_empty();
        if names_nothing && !self.front.registry().grants.is_empty() {
            bail!("`{}` names no servers and no grants any more", self.config.display());
        }
        loopback_alone(&settings, self.address)?;
        let (tls, admin_tls) = (settings.tls_files()?, settings.admin_tls_files()?);
        for tls in tls.iter().chain(&admin_tls) {
            files.extend([tls.certificate.clone(), tls.key.clone()]);
            files.extend(tls.client_ca.clone());
        }
        // Where operators are answered nowhere, it does not matter how they would be.
        let answers = settings.admin.as_deref() != Some(NOWHERE);
        let changes = tls.is_some() != self.tls.is_some();
        if changes || answers && admin_tls.is_some() != self.admin_tls.is_some() {
            bail!("`tls` and `admin_tls` come or go with a new start alone");
        }
        let tls = tls.map(|files| ReadTls::read(&files)).transpose()?;
        let admin_tls = admin_tls.map(|files| ReadTls::read(&files)).transpose()?;
        let registered = registered.as_ref().map_err(Clone::clone)?;
        settings.use_credentials(&self.store, registered.credentials.clone())?;
        let configured = serving::with_registered(&mut settings, &registered.servers, policies, true);
        let plan = serving::plan(&settings, policies, Some(&self.front.registry()))?;
        let fixed = self.started.fixed_otherwise(&settings);
        Ok(Good { plan, tls, admin_tls, configured, fixed })
    }

    /// Says which settings of the file are not those in force, once.
    fn warn_of_fixed(&self, before: &mut Vec<&'static str>, fixed: Vec<&'static str>) {
        if !fixed.is_empty() && *before != fixed {
            let named: Vec<String> = fixed.iter().map(|key| format!("`{key}`")).collect();
            self.gateway.alarm(&format!(
                "{} of `{}` changed, which takes a new start: until then what it said at the start holds",
                named.join(", "),
                self.config.display()
            ));
        }
        *before = fixed;
    }

    /// Waits until other servers are registered than these, or other credentials are kept for them.
    async fn registered_otherwise(&self, known: Option<Registered>) {
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            let now = Registered::read(&self.store).await.ok();
            if now.is_some() && now != known {
                return;
            }
        }
    }
}

/// Says in the gateway's own log what has been read.
fn tell(plan: &Plan, changed: &[String], is_woken: bool) {
    if is_woken || !changed.is_empty() {
        let (servers, grants) = (plan.registry.servers.len(), plan.registry.grants.len());
        let changed = if changed.is_empty() { "nothing".to_owned() } else { changed.join(", ") };
        tracing::info!("read again: {servers} servers, {grants} grants, changed: {changed}");
    }
}

/// Encrypts the connections to come with another certificate.
fn encrypt_with(tls: Option<&Arc<Tls>>, read: Option<ReadTls>, whose: &str) {
    if let (Some(tls), Some(read)) = (tls, read)
        && tls.replace(read)
    {
        tracing::info!("the certificate of {whose} is another one now");
    }
}

/// Callers without a token are known by nothing but where they come from.
fn loopback_alone(settings: &Settings, address: SocketAddr) -> anyhow::Result<()> {
    if settings.anonymous.is_some() && !address.ip().is_loopback() {
        bail!("`anonymous` is for loopback addresses alone, and the gateway listens at {address}");
    }
    Ok(())
}

/// Files that are watched from the moment they are known.
struct Watching {
    files: BTreeMap<PathBuf, Writing>,
    tasks: JoinSet<()>,
    tell: mpsc::Sender<()>,
    told: mpsc::Receiver<()>,
}

impl Default for Watching {
    fn default() -> Self {
        let (tell, told) = mpsc::channel(1);
        Self { files: BTreeMap::new(), tasks: JoinSet::new(), tell, told }
    }
}

impl Watching {
    /// Watches one more file; `false` for one that is watched already.
    fn add(&mut self, file: &Path) -> bool {
        let is_new = !self.files.contains_key(file);
        if is_new {
            let (mut watch, tell) = (Watch::new(file), self.tell.clone());
            self.files.insert(file.to_owned(), watch.writing());
            self.tasks.spawn(async move {
                loop {
                    watch.changed().await;
                    // One that has been told and not been heard is enough.
                    let _told_already = tell.try_send(());
                }
            });
        }
        is_new
    }

    /// Waits until one of them has changed.
    async fn changed(&mut self) {
        self.told.recv().await;
    }

    /// Waits until nobody writes any of them: all are read together, and half of one may mean something else.
    async fn settled(&mut self) {
        while self.files.values().any(Writing::is_written) {
            self.told.recv().await;
        }
    }
}
