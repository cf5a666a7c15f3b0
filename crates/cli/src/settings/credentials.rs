//! What servers are shown: credentials that are kept for them, and access tokens.

use std::sync::Arc;

use anyhow::{Context, bail};
use interlock_gateway::transport::http::{OAuth, OAuthError, OAuthSettings, TokenSource};
use interlock_gateway::{Authorization, CredentialKeys, Secret, Vault};
use interlock_store::{CredentialEntry, Embedded};
use serde::Deserialize;

use super::Settings;
use super::expand::{ExpandError, credential_name, expand_with};

/// `credentials`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CredentialSettings {
    key: Option<String>,
    previous_keys: Vec<String>,
}

impl std::fmt::Debug for CredentialSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialSettings").finish_non_exhaustive()
    }
}

/// What is kept for servers, as it was read, with the keys to it.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    keys: Option<CredentialKeys>,
    entries: Arc<[CredentialEntry]>,
    /// Where they are kept; nowhere before the first start.
    store: Option<Embedded>,
}

impl Settings {
    /// The keys to what is kept for servers, where the file names one.
    pub(crate) fn credential_keys(&self) -> anyhow::Result<Option<CredentialKeys>> {
        let Some(key) = &self.credentials.key else {
            if !self.credentials.previous_keys.is_empty() {
                bail!("`credentials.previous_keys` has no meaning without `credentials.key`");
            }
            return Ok(None);
        };
        let key = self.expand(key).context("`credentials.key`")?;
        let previous: Result<Vec<_>, _> =
            self.credentials.previous_keys.iter().map(|key| self.expand(key)).collect();
        let previous = previous.context("`credentials.previous_keys`")?;
        let keys = CredentialKeys::read(&key, previous.iter().map(String::as_str));
        Ok(Some(keys.context("`credentials`")?))
    }

    /// Takes what is kept for servers.
    pub(crate) fn use_credentials(
        &mut self,
        store: &Embedded,
        entries: Vec<CredentialEntry>,
    ) -> anyhow::Result<()> {
        let keys = self.credential_keys()?;
        self.kept = Some(Kept { keys, entries: entries.into(), store: Some(store.clone()) });
        Ok(())
    }

    /// Takes it that nothing is kept for servers yet.
    pub(crate) fn use_no_credentials(&mut self) -> anyhow::Result<()> {
        let keys = self.credential_keys()?;
        self.kept = Some(Kept { keys, entries: Arc::default(), store: None });
        Ok(())
    }

    /// A value of a server's entry, with the credentials that are kept for this server.
    pub(crate) fn expand_for(&self, server: &str, text: &str) -> Result<String, ExpandError> {
        expand_with(text, &self.folder, &|name| {
            let Some(kept) = &self.kept else { return Err(ExpandError::NotHere { name: name.to_owned() }) };
            let Some(keys) = &kept.keys else { return Err(ExpandError::NoKey { name: name.to_owned() }) };
            Ok(keys.find(&kept.entries, server, name)?.reveal().to_owned())
        })
    }

    /// How the access token of a server is had.
    pub(crate) fn oauth(&self, server: &str, url: &str, written: &Authorization) -> anyhow::Result<OAuth> {
        let text = |text: &String| self.expand_for(server, text);
        let source = match (&written.issuer, &written.token_url) {
            (Some(_), Some(_)) => bail!("`oauth` has an `issuer` and a `token_url`; one of them is enough"),
            (Some(issuer), None) => TokenSource::Issuer(text(issuer)?),
            (None, Some(url)) => TokenSource::TokenUrl(text(url)?),
            (None, None) => TokenSource::FoundOut,
        };
        let refresh_token = match &written.refresh_token {
            None => None,
            Some(text) => Some(credential_name(text).ok_or(OAuthError::RefreshToken)?.to_owned()),
        };
        let vault = match (&refresh_token, &self.kept) {
            (Some(name), Some(Kept { keys, entries, store })) => {
                let keys = keys.clone().ok_or_else(|| ExpandError::NoKey { name: name.clone() })?;
                // That it is there and can be read is known before the first call needs it.
                keys.find(entries, server, name)?;
                store.clone().map(|store| Vault::new(Arc::new(store), keys))
            }
            _ => None,
        };
        let settings = OAuthSettings {
            name: server.to_owned(),
            client_id: text(&written.client_id)?,
            client_secret: written.client_secret.as_ref().map(text).transpose()?.map(Secret::new),
            refresh_token,
            scopes: written.scopes.iter().map(text).collect::<Result<_, _>>()?,
            resource: written.resource.as_ref().map(text).transpose()?,
            source,
            authentication: written.client_authentication,
        };
        Ok(OAuth::new(settings, url, vault)?)
    }
}
