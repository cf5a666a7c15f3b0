//! The servers and grants in force: who may use what.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::identify::{Auth, Issuer, Resource};
use crate::upstream::Server;

/// What a gateway for many serves, and to whom. One value is in force at a time; a request sees one from beginning
/// to end.
#[derive(Debug, Default)]
pub struct Registry {
    /// How to reach each server, by its name.
    pub servers: BTreeMap<String, Server>,
    /// Every grant, by its name.
    pub grants: BTreeMap<String, Arc<Grant>>,
    /// The grant of callers that show nothing.
    pub anonymous: Option<String>,
    /// Who is trusted to issue tokens, by their names in the settings.
    pub issuers: BTreeMap<String, Arc<Issuer>>,
    /// What the gateway says of itself to those who look for a token.
    pub resource: Option<Resource>,
}

/// What whoever holds it may use.
#[derive(Debug)]
pub struct Grant {
    /// Its name: budgets and records go by it.
    pub name: Arc<str>,
    /// Each server that it names, with the policies for it. A server that is not here does not exist for its holders.
    pub servers: BTreeMap<String, Arc<Access>>,
    /// By what its holders are known.
    pub auth: Auth,
    /// When it ends, in milliseconds since 1970.
    pub expires_ms: Option<i64>,
    /// Cancelled when who may use it is decided anew: with it ends what is open.
    pub standing: CancellationToken,
}

impl Grant {
    /// Whether whoever is known as a holder of this one is known as one of the other, too.
    pub fn is_held_like(&self, other: &Self) -> bool {
        self.auth == other.auth && self.expires_ms == other.expires_ms
    }
}

impl Registry {
    /// The grant of this name.
    pub fn grant(&self, name: &str) -> Option<&Arc<Grant>> {
        self.grants.get(name)
    }

    /// Ends what is open under grants that another registry has no longer, or gives to others.
    pub(crate) fn withdraw_others_than(&self, other: &Self) {
        for (name, grant) in &self.grants {
            if !other.grants.get(name).is_some_and(|kept| kept.is_held_like(grant)) {
                grant.standing.cancel();
            }
        }
    }

    /// The server of this name, as this grant may use it.
    pub(crate) fn access(&self, grant: &Grant, server: &str) -> Option<(&Server, Arc<Access>)> {
        let access = grant.servers.get(server)?;
        Some((self.servers.get(server)?, Arc::clone(access)))
    }
}
