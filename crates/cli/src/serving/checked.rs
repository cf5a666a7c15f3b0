//! Every mistake of the file at once, with its place, and without putting anything in force.

use anyhow::Context as _;
use interlock_gateway::Registration;
use interlock_gateway::transport::tls::{ReadTls, TlsFiles};
use interlock_policy::did_you_mean;

use super::{Policies, ends, judged, reached};
use crate::settings::Settings;
use crate::terminal;

/// Something that keeps the file from being put in force.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// The keys that lead to where it stands.
    pub(crate) keys: Vec<String>,
    pub(crate) message: String,
}

#[derive(Default)]
struct Found(Vec<Mistake>);

impl Found {
    fn keep<T>(&mut self, keys: &[&str], result: anyhow::Result<T>) -> Option<T> {
        result
            .map_err(|error| {
                let keys = keys.iter().map(|key| (*key).to_owned()).collect();
                self.0.push(Mistake { keys, message: terminal::with_causes(&error) });
            })
            .ok()
    }
}

/// What the file refers to is read: policies, keys of issuers, certificates, credentials.
pub(crate) fn mistakes(settings: &Settings, policies: &mut Policies) -> Vec<Mistake> {
    let mut found = Found::default();
    for (name, server) in &settings.servers {
        found.keep(&["servers", name], Registration::check_name(name).map_err(Into::into));
        found.keep(&["servers", name], reached(settings, name, server));
        if let Some(policy) = &server.policy {
            let read = settings.path(policy).map_err(Into::into).and_then(|path| policies.policy(path));
            found.keep(&["servers", name, "policy"], read);
        }
    }
    let groups = found.keep(&["groups"], settings.groups());
    for (name, grant) in &settings.grants {
        if groups.is_some() {
            found.keep(&["grants", name, "approvers"], settings.approvers(name));
        }
        for (server, named) in &grant.servers {
            let read = judged(settings, policies, server, named);
            found.keep(&["grants", name, "servers", server], read);
        }
        found.keep(&["grants", name, "auth"], settings.auth(grant.auth.as_deref()));
        if let Some(time) = &grant.expires {
            found.keep(&["grants", name, "expires"], ends(settings, time));
        }
    }
    found.keep(&["anonymous"], anonymous(settings));
    found.keep(&["identity", "resource"], settings.resource());
    for (name, issuer) in settings.each_issuer() {
        let issuer = found.keep(&["identity", "issuers", name], issuer);
        let keys = issuer.map_or(Ok(()), |issuer| issuer.check_keys().map_err(anyhow::Error::msg));
        found.keep(&["identity", "issuers", name, "jwks"], keys);
    }
    for (key, files) in [("tls", settings.tls_files()), ("admin_tls", settings.admin_tls_files())] {
        let read = |files: TlsFiles| Ok(ReadTls::read(&files).map(drop)?);
        found.keep(&[key], files.and_then(|files| files.map_or(Ok(()), read)));
    }
    found.keep(&["credentials"], settings.credential_keys());
    found.keep(&["data"], settings.data());
    found.keep(&["console", "url"], settings.console.address());
    found.keep(&["audit"], settings.arguments());
    found.keep(&["telemetry", "traces"], settings.traces());
    found.0
}

/// The grant of callers that show nothing must be one.
pub(super) fn anonymous(settings: &Settings) -> anyhow::Result<()> {
    let Some(anonymous) = &settings.anonymous else { return Ok(()) };
    let known = settings.grants.keys().map(String::as_str);
    let help = did_you_mean(anonymous, known).map(|help| format!("; {help}")).unwrap_or_default();
    settings.grants.get(anonymous).map(drop).with_context(|| {
        format!("`anonymous` names the grant `{anonymous}`, which is not among `grants`{help}")
    })
}
