//! Asking a server for its tools: as a client does, with nothing called and nothing recorded.

mod scratch;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use interlock_audit::{ArgumentPolicy, DigestKey, InstanceId, Log};
use interlock_gateway::transport::child::StandardError;
use interlock_gateway::{
    Access, Gateway, Identity, Listing, Options, Progress, Server, Snapshot, Wrapped, list_tools,
    list_tools_through,
};
use interlock_policy::{Source, Syntax, compile};
use interlock_store::InMemory;

use crate::instance::wall_ms;
use crate::settings::Settings;
use scratch::Scratch;

/// Nobody but the asking command looks, and it wants to see everything.
const EVERYTHING: &str = "version: \"1\"\ndefault: allow\n";

/// How a server is asked.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    /// What it is called.
    pub(crate) name: &'a str,
    pub(crate) settings: &'a Settings,
    /// How long it may take for one answer.
    pub(crate) patience: Duration,
    /// Where a command's standard error goes.
    pub(crate) errors: StandardError,
}

impl Asking<'_> {
    /// Every page of the server's list.
    ///
    /// # Errors
    /// Why there is no complete one.
    pub(crate) async fn list(
        self,
        server: Server,
        progress: impl FnMut(Progress),
    ) -> anyhow::Result<Listing> {
        match &server {
            Server::Child(command) => Ok(list_tools(command, self.errors, self.patience, progress).await?),
            Server::Http(_) => self.through_gateway(server, progress).await,
        }
    }

    /// As a client of `interlock run --url` does, of a gateway that lets everything pass and whose records nobody keeps.
    async fn through_gateway(
        self,
        server: Server,
        progress: impl FnMut(Progress),
    ) -> anyhow::Result<Listing> {
        let Self { name, settings, patience, .. } = self;
        let source = Source { name: "policy", text: EVERYTHING, syntax: Syntax::Yaml };
        let policy = compile(&source).0.context("the policy for listing does not compile")?;
        let access = Access::new(name, settings.extensions(name), Snapshot::of_server(policy));
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
            access: Arc::new(access.speaking(settings.era(name))),
            identity: Identity { grant: "local".to_owned(), session: id.to_string(), client: None },
        };
        Ok(list_tools_through(Arc::new(gateway), wrapped, patience, progress).await?)
    }
}
