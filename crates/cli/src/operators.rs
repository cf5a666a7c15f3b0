//! The operators' listener, of `serve` and of `approvals serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use interlock_audit::DigestKey;
use interlock_gateway::admin::{AdminListening, CheckServer, Configuration, Offers, Operated};
use interlock_gateway::transport::tls::{ReadTls, Tls};
use interlock_gateway::{Front, KnownTokens};
use interlock_store::Embedded;

use crate::settings::Settings;

/// Where operators are answered, and under which names.
pub(crate) fn listening(settings: &Settings, address: SocketAddr) -> anyhow::Result<AdminListening> {
    let tls = match settings.admin_tls_files()? {
        Some(files) => Some(Arc::new(Tls::new(ReadTls::read(&files)?))),
        None => None,
    };
    let console = settings.console.address()?;
    Ok(AdminListening { address, hosts: settings.hosts.clone(), console, tls })
}

/// What operators work on, all of it in one data directory.
pub(crate) struct Operating<'s> {
    pub(crate) store: &'s Embedded,
    pub(crate) front: Arc<Front>,
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) check: Box<CheckServer>,
    pub(crate) data: PathBuf,
    pub(crate) offers: Offers,
}

impl Operating<'_> {
    pub(crate) fn operated(self) -> anyhow::Result<Operated> {
        let Self { store, front, configuration, check, data, offers } = self;
        let shared = Arc::new(store.clone());
        let tokens = KnownTokens::new(Arc::new(store.admin_tokens()), DigestKey::open_for_tokens(&data)?);
        Ok(Operated {
            front,
            tokens,
            time: shared.clone(),
            grant_tokens: shared.clone(),
            grant_key: DigestKey::open_for_tokens(&data)?,
            servers: shared.clone(),
            configuration,
            check,
            approvals: shared,
            link_key: DigestKey::open_for_links(&data)?,
            data,
            offers,
        })
    }
}
