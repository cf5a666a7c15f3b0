//! `interlock tools`: what a server lists, for comparing policies with it.

use std::io::IsTerminal;
use std::sync::Arc;

use anyhow::Context;
use interlock_audit::{ArgumentPolicy, DigestKey, InstanceId, Log};
use interlock_gateway::{
    Access, Gateway, Identity, Listing, Options, Progress, Server, Snapshot, Wrapped, list_tools,
    list_tools_through,
};
use interlock_policy::{Source, Syntax, ToolList, compile};
use interlock_store::InMemory;

use super::run::{named, reached};
use crate::args::ToolsArgs;
use crate::exit::Exit;
use crate::instance::wall_ms;
use crate::scratch::Scratch;
use crate::settings::Settings;
use crate::terminal;

/// Nobody but this command asks, and it wants to see everything.
const EVERYTHING: &str = "version: \"1\"\ndefault: allow\n";

/// Reaches the server and prints its tools.
pub(crate) fn run(args: &ToolsArgs) -> anyhow::Result<Exit> {
    let settings = match args.reached.url {
        Some(_) => Settings::load(None)?,
        None => Settings::default(),
    };
    let server = reached(&args.reached, &settings)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the event loop")?;
    let said = !args.quiet && std::io::stderr().is_terminal();
    let progress = |progress| {
        if said {
            terminal::progress(&words(&progress));
        }
    };
    let listing = runtime.block_on(async {
        match &server {
            Server::Child(command) => Ok(list_tools(command, args.timeout, progress).await?),
            Server::Http(_) => through_gateway(server, args, &settings, progress).await,
        }
    })?;
    let text = document(&listing);
    // What is printed must be of use to the commands that read it.
    let list = ToolList::read(&text).context("the server's list cannot be used")?;
    match args.names {
        false => terminal::line(&text)?,
        true => {
            let names: Vec<String> =
                list.tools().map(|(name, _)| terminal::escaped(name).replace('\n', "\\n")).collect();
            terminal::line(&names.join("\n"))?;
        }
    }
    Ok(Exit::Yes)
}

/// Asks as a client of `interlock run --url` does, of a gateway that lets everything pass and whose records nobody keeps.
async fn through_gateway(
    server: Server,
    args: &ToolsArgs,
    settings: &Settings,
    progress: impl FnMut(Progress),
) -> anyhow::Result<Listing> {
    let name = named(&server, &args.reached.command);
    let source = Source { name: "policy", text: EVERYTHING, syntax: Syntax::Yaml };
    let policy = compile(&source).0.context("the policy for listing does not compile")?;
    let access = Access::new(&name, settings.extensions(&name), Snapshot::of_server(policy));
    let now = wall_ms();
    let id = InstanceId::generate(now)?;
    let scratch = Scratch::new(id.as_str())?;
    let gateway = Gateway::new(
        Arc::new(InMemory::new(now)?),
        Arc::new(Log::open(scratch.path(), &id, settings.log())?),
        ArgumentPolicy::None,
        DigestKey::open(scratch.path())?,
        Options { traces: None, ..settings.gateway() },
    );
    let wrapped = Wrapped {
        server,
        access: Arc::new(access.speaking(settings.era(&name))),
        identity: Identity { grant: "local".to_owned(), session: id.to_string(), client: None },
    };
    Ok(list_tools_through(Arc::new(gateway), wrapped, args.timeout, progress).await?)
}

fn words(progress: &Progress) -> String {
    match progress {
        Progress::Started => "started the server".to_owned(),
        Progress::Greeted => "the server answers; reading its tools".to_owned(),
        Progress::Page { tools } => format!("{tools} tools so far"),
    }
}

/// Every tool on a line of its own, byte for byte as the server wrote it.
fn document(listing: &Listing) -> String {
    if listing.tools.is_empty() {
        return "{\"tools\": []}".to_owned();
    }
    format!("{{\"tools\": [\n{}\n]}}", listing.tools.join(",\n"))
}
