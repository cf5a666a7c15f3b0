//! The servers and grants in force: who may use what.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access::Access;
use crate::upstream::Server;

/// What a gateway for many serves, and to whom. One value is in force at a time; a request sees one from beginning
/// to end.
#[derive(Debug, Default)]
pub struct Registry {
    /// How to reach each server, by its name.
    pub servers: BTreeMap<String, Server>,
    /// Every grant, by its name.
    pub grants: BTreeMap<String, Arc<Grant>>,
    /// The grant of callers that show no token.
    pub anonymous: Option<String>,
}

/// What whoever holds it may use.
#[derive(Debug)]
pub struct Grant {
    /// Its name: budgets and records go by it.
    pub name: Arc<str>,
    /// Each server that it names, with the policies for it. A server that is not here does not exist for its holders.
    pub servers: BTreeMap<String, Arc<Access>>,
}

impl Registry {
    /// The grant of this name.
    pub fn grant(&self, name: &str) -> Option<&Arc<Grant>> {
        self.grants.get(name)
    }

    /// The server of this name, as this grant may use it.
    pub(crate) fn access(&self, grant: &Grant, server: &str) -> Option<(&Server, Arc<Access>)> {
        let access = grant.servers.get(server)?;
        Some((self.servers.get(server)?, Arc::clone(access)))
    }
}
