//! What a reading of the file changes, for the audit log: who may use what, by what they are known, and how servers are
//! reached. Values that may be secrets are compared and never shown.

mod shown;

use std::collections::BTreeMap;

use interlock_audit::{AuditError, Detail, Identity, Lifecycle, LifecycleKind};
use interlock_gateway::{Auth, Era, Gateway, IssuerSettings, Server, Trust};

/// All that decides who may use what.
#[derive(Clone, Default)]
pub(crate) struct InForce {
    pub(super) servers: BTreeMap<String, ServerInForce>,
    pub(super) grants: BTreeMap<String, GrantInForce>,
    pub(super) issuers: BTreeMap<String, IssuerSettings>,
}

#[derive(Clone, PartialEq)]
pub(super) struct ServerInForce {
    pub(super) reached: Server,
    pub(super) era: Option<Era>,
    pub(super) trust: Trust,
    pub(super) extensions: Vec<String>,
}

#[derive(Clone, PartialEq)]
pub(super) struct GrantInForce {
    pub(super) servers: BTreeMap<String, PolicyInForce>,
    pub(super) auth: Auth,
    pub(super) expires_ms: Option<i64>,
    pub(super) labels: BTreeMap<String, String>,
}

/// The policies of a grant at a server.
#[derive(Clone, PartialEq)]
pub(super) struct PolicyInForce {
    /// The grant's own policy file, or the server's.
    pub(super) file: String,
    /// The server's, where the grant has one of its own beside it.
    pub(super) server_file: Option<String>,
    pub(super) digest: String,
}

/// What becomes of something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Start,
    Added,
    Changed,
    Removed,
}

impl Change {
    const fn in_words(self) -> &'static str {
        match self {
            Self::Start => "in force from the start",
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

impl InForce {
    /// Records everything, as what is in force from the start.
    pub(crate) fn record_start(&self, gateway: &Gateway) -> Result<(), AuditError> {
        Recording { gateway, is_start: true, changed: Vec::new() }.all(&Self::default(), self).map(drop)
    }

    /// Records what the change from another one to this adds, removes and changes, and names it in words.
    ///
    /// Whoever puts it in force records it first: what is not recorded does not happen.
    pub(crate) fn record_since(&self, before: &Self, gateway: &Gateway) -> Result<Vec<String>, AuditError> {
        Recording { gateway, is_start: false, changed: Vec::new() }.all(before, self)
    }
}

struct Recording<'a> {
    gateway: &'a Gateway,
    is_start: bool,
    /// What was recorded, in words.
    changed: Vec<String>,
}

/// What is recorded of one thing.
struct Facts<'a> {
    kind: &'static str,
    name: &'a str,
    change: Change,
    /// Which of its parts are others.
    parts: Vec<&'static str>,
    shown: Vec<(&'static str, shown::Shown)>,
}

impl Recording<'_> {
    fn all(mut self, before: &InForce, now: &InForce) -> Result<Vec<String>, AuditError> {
        for (name, old, new) in pairs(&before.issuers, &now.issuers) {
            let parts = old.zip(new).map(|(old, new)| shown::parts_of_issuer(old, new));
            let shown = new.map(shown::issuer).unwrap_or_default();
            self.thing("issuer", name, (old.is_some(), new.is_some()), parts, shown)?;
        }
        for (name, old, new) in pairs(&before.servers, &now.servers) {
            let parts = old.zip(new).map(|(old, new)| shown::parts_of_server(old, new));
            let shown = new.map(shown::server).unwrap_or_default();
            self.thing("server", name, (old.is_some(), new.is_some()), parts, shown)?;
        }
        for (name, old, new) in pairs(&before.grants, &now.grants) {
            let parts = old.zip(new).map(|(old, new)| shown::parts_of_grant(old, new));
            let shown = new.map(shown::grant).unwrap_or_default();
            self.thing("grant", name, (old.is_some(), new.is_some()), parts, shown)?;
            if let Some(new) = new {
                self.policies(name, old, new)?;
            }
        }
        Ok(self.changed)
    }

    /// Something that was there or not, and is there or not.
    fn thing(
        &mut self,
        kind: &'static str,
        name: &str,
        there: (bool, bool),
        parts: Option<Vec<&'static str>>,
        shown: Vec<(&'static str, shown::Shown)>,
    ) -> Result<(), AuditError> {
        let parts = parts.unwrap_or_default();
        let change = match there {
            (false, _) if self.is_start => Change::Start,
            (false, _) => Change::Added,
            (true, false) => Change::Removed,
            (true, true) if parts.is_empty() => return Ok(()),
            (true, true) => Change::Changed,
        };
        self.record(&Facts { kind, name, change, parts, shown })
    }

    fn record(&mut self, facts: &Facts<'_>) -> Result<(), AuditError> {
        let Facts { kind, name, change, parts, shown } = facts;
        let lists: Vec<Vec<&str>> = shown.iter().map(|(_, shown)| shown.texts()).collect();
        let mut details = vec![(*kind, Detail::Text(name))];
        if !parts.is_empty() {
            details.push(("changed", Detail::List(parts)));
        }
        details.extend(shown.iter().zip(&lists).map(|((key, shown), list)| (*key, shown.detail(list))));
        let reason = format!("{kind} {}", change.in_words());
        self.gateway.announce(Lifecycle {
            identity: Identity { grant: (*kind == "grant").then_some(name), ..Identity::default() },
            server: (*kind == "server").then_some(name),
            reason: Some(&reason),
            details: &details,
            ..Lifecycle::new(LifecycleKind::Configuration)
        })?;
        self.note(format!("{kind} `{name}` {}", change.in_words()));
        Ok(())
    }

    /// Which policies hold for a grant at each server, where that is not known from before.
    fn policies(
        &mut self,
        grant: &str,
        old: Option<&GrantInForce>,
        new: &GrantInForce,
    ) -> Result<(), AuditError> {
        for (server, policy) in &new.servers {
            let before = old.and_then(|old| old.servers.get(server));
            let kind = match before {
                None => LifecycleKind::PolicyLoad,
                Some(before) if before == policy => continue,
                Some(_) => LifecycleKind::PolicyReload,
            };
            let mut details = vec![("file", Detail::Text(&policy.file))];
            details.extend(policy.server_file.as_deref().map(|file| ("server_file", Detail::Text(file))));
            self.gateway.announce(Lifecycle {
                identity: Identity { grant: Some(grant), ..Identity::default() },
                server: Some(server),
                policy: Some(&policy.digest),
                details: &details,
                ..Lifecycle::new(kind)
            })?;
            if before.is_some() {
                self.note(format!("the policy of grant `{grant}` at `{server}`"));
            }
        }
        Ok(())
    }

    fn note(&mut self, words: String) {
        self.changed.push(words);
    }
}

/// Each name that either has, with what they have of it.
fn pairs<'m, T>(
    before: &'m BTreeMap<String, T>,
    now: &'m BTreeMap<String, T>,
) -> impl Iterator<Item = (&'m str, Option<&'m T>, Option<&'m T>)> {
    let gone = before.iter().filter(|(name, _)| !now.contains_key(*name));
    let gone = gone.map(|(name, old)| (name.as_str(), Some(old), None));
    gone.chain(now.iter().map(|(name, new)| (name.as_str(), before.get(name), Some(new))))
}
