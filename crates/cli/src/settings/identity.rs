//! Who callers are: issuers of tokens, what a grant takes, and the listener's certificate.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use interlock_gateway::transport::http::RemoteDocument;
use interlock_gateway::transport::tls::TlsFiles;
use interlock_gateway::{CertificateRule, Issuer, IssuerSettings, JwtRule, KeySource, Registry, Resource};
use interlock_policy::did_you_mean;
use serde::Deserialize;

use super::Settings;

/// `identity`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Identity {
    issuers: BTreeMap<String, IssuerEntry>,
    resource: ResourceEntry,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct IssuerEntry {
    issuer: String,
    audiences: Vec<String>,
    algorithms: Vec<String>,
    /// An `https://` address or a file.
    jwks: String,
    leeway_seconds: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ResourceEntry {
    url: Option<String>,
    authorization_servers: Vec<String>,
    scopes: Vec<String>,
    name: Option<String>,
}

/// One of the things by which a holder of a grant is known.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Auth {
    /// Tokens of `interlock grants`.
    Token,
    /// Signed tokens.
    Jwt(JwtEntry),
    /// Client certificates.
    Mtls(CertificateEntry),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct JwtEntry {
    issuer: String,
    claims: BTreeMap<String, OneOrMore>,
    scopes: Vec<String>,
}

impl Auth {
    /// What a person would call it.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Token => "token".to_owned(),
            Self::Jwt(entry) => format!("jwt of {}", entry.issuer),
            Self::Mtls(_) => "mtls".to_owned(),
        }
    }
}

/// A text, or several of which one is enough.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    /// All of them.
    pub(super) fn all(&self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text.clone()],
            Self::More(texts) => texts.clone(),
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CertificateEntry {
    subject: Option<String>,
    common_name: Option<String>,
    dns: Option<String>,
    uri: Option<String>,
    email: Option<String>,
}

/// `tls`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tls {
    certificate: String,
    key: String,
    client_ca: Option<String>,
    client_certificates: ClientCertificates,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ClientCertificates {
    #[default]
    Optional,
    Required,
}

/// How far clocks may be apart where nothing is said.
const LEEWAY: Duration = Duration::from_secs(30);

impl Settings {
    /// The issuers. One that is as it was goes on with the keys that it has.
    pub(crate) fn issuers(&self, before: Option<&Registry>) -> anyhow::Result<BTreeMap<String, Arc<Issuer>>> {
        let mut issuers: BTreeMap<String, Arc<Issuer>> = BTreeMap::new();
        for (name, entry) in &self.identity.issuers {
            let settings = self.issuer(entry).with_context(|| format!("the issuer `{name}`"))?;
            if issuers.values().any(|other| other.settings().issuer == settings.issuer) {
                bail!("two issuers are called `{}`; a token names its issuer by it", settings.issuer);
            }
            let kept = before.and_then(|before| before.issuers.get(name));
            let kept = kept.filter(|kept| *kept.settings() == settings).cloned();
            issuers.insert(name.clone(), kept.unwrap_or_else(|| Arc::new(Issuer::new(settings))));
        }
        Ok(issuers)
    }

    /// Each issuer by its name, or why it cannot be trusted so.
    pub(crate) fn each_issuer(&self) -> impl Iterator<Item = (&str, anyhow::Result<IssuerSettings>)> {
        self.identity.issuers.iter().map(|(name, entry)| (name.as_str(), self.issuer(entry)))
    }

    fn issuer(&self, entry: &IssuerEntry) -> anyhow::Result<IssuerSettings> {
        let issuer = self.expand(&entry.issuer)?;
        if issuer.is_empty() {
            bail!("it has no `issuer`; that is what its tokens say in `iss`");
        }
        let audiences: Vec<_> =
            entry.audiences.iter().map(|text| self.expand(text)).collect::<Result<_, _>>()?;
        if audiences.is_empty() && self.identity.resource.url.is_none() {
            bail!(
                "it has no `audiences`, and there is no `identity.resource.url`; tokens must be meant for somebody"
            );
        }
        let algorithms: Vec<_> =
            entry.algorithms.iter().map(|name| name.parse()).collect::<Result<_, _>>()?;
        if algorithms.is_empty() {
            bail!("it has no `algorithms`; write `[RS256]`, `[ES256]` or what else it signs by");
        }
        let jwks = self.expand(&entry.jwks)?;
        let keys = match jwks.as_str() {
            "" => bail!("it has no `jwks`; name the address of its keys, or a file"),
            url if url.contains("://") => {
                KeySource::Url(RemoteDocument::new(url).context("the address in `jwks` cannot be used")?)
            }
            _ => KeySource::File(self.path(&entry.jwks)?),
        };
        let leeway = entry.leeway_seconds.map_or(LEEWAY, Duration::from_secs);
        Ok(IssuerSettings { issuer, audiences, algorithms, keys, leeway })
    }

    /// What the gateway says of itself, where there is somebody to get a token from.
    pub(crate) fn resource(&self) -> anyhow::Result<Option<Resource>> {
        let entry = &self.identity.resource;
        let servers = if entry.authorization_servers.is_empty() {
            self.identity.issuers.values().map(|issuer| &issuer.issuer).collect::<Vec<_>>()
        } else {
            entry.authorization_servers.iter().collect()
        };
        if servers.is_empty() {
            return Ok(None);
        }
        let authorization_servers =
            servers.into_iter().map(|text| self.expand(text)).collect::<Result<_, _>>()?;
        let url = entry.url.as_ref().map(|url| self.expand(url)).transpose()?;
        let is_address = |url: &String| {
            let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_plain))
        };
        if let Some(url) = url.as_ref().filter(|url| !is_address(url)) {
            bail!("`identity.resource.url` is `{url}`, which is not an `https://` address");
        }
        if let Some(scope) = entry.scopes.iter().find(|scope| !is_scope(scope)) {
            bail!("`{scope}` in `identity.resource.scopes` is not one scope");
        }
        let (scopes, name) = (entry.scopes.clone(), entry.name.clone());
        Ok(Some(Resource { url, authorization_servers, scopes, name }))
    }

    /// What a grant takes for its holders.
    pub(crate) fn auth(&self, written: Option<&[Auth]>) -> anyhow::Result<interlock_gateway::Auth> {
        let Some(written) = written else { return Ok(interlock_gateway::Auth::default()) };
        let mut auth = interlock_gateway::Auth { token: false, ..interlock_gateway::Auth::default() };
        for one in written {
            match one {
                Auth::Token => auth.token = true,
                Auth::Jwt(entry) => auth.jwt.push(self.jwt(entry)?),
                Auth::Mtls(entry) => auth.certificates.push(self.certificate(entry)?),
            }
        }
        Ok(auth)
    }

    fn jwt(&self, entry: &JwtEntry) -> anyhow::Result<JwtRule> {
        if !self.identity.issuers.contains_key(&entry.issuer) {
            let known = self.identity.issuers.keys().map(String::as_str);
            let help = did_you_mean(&entry.issuer, known).map(|help| format!("; {help}")).unwrap_or_default();
            bail!("there is no issuer `{}` among `identity.issuers`{help}", entry.issuer);
        }
        let claims = entry.claims.iter().map(|(claim, wanted)| (claim.clone(), wanted.all()));
        let claims: BTreeMap<_, _> = claims.collect();
        if claims.is_empty() && entry.scopes.is_empty() {
            bail!("`jwt` has neither `claims` nor `scopes`; then every token of the issuer would do");
        }
        if let Some((claim, _)) = claims.iter().find(|(_, wanted)| wanted.is_empty()) {
            bail!("the claim `{claim}` can be nothing at all; write what it may be");
        }
        if let Some(scope) = entry.scopes.iter().find(|scope| !is_scope(scope)) {
            bail!("`{scope}` is not one scope; `scopes` is a list of them");
        }
        Ok(JwtRule { issuer: entry.issuer.clone(), claims, scopes: entry.scopes.clone() })
    }

    fn certificate(&self, entry: &CertificateEntry) -> anyhow::Result<CertificateRule> {
        if self.tls.as_ref().is_none_or(|tls| tls.client_ca.is_none()) {
            bail!("`mtls` needs `tls.client_ca`, the authorities whose certificates are taken");
        }
        let CertificateEntry { subject, common_name, dns, uri, email } = entry.clone();
        let rule = CertificateRule { subject, common_name, dns, uri, email };
        if rule.is_empty() {
            bail!("`mtls` says nothing of the certificate; then every one of the authorities would do");
        }
        Ok(rule)
    }

    /// Where the listener's certificate is.
    pub(crate) fn tls_files(&self) -> anyhow::Result<Option<TlsFiles>> {
        self.files_of("tls", self.tls.as_ref())
    }

    /// Where the certificate of the operators' listener is.
    pub(crate) fn admin_tls_files(&self) -> anyhow::Result<Option<TlsFiles>> {
        self.files_of("admin_tls", self.admin_tls.as_ref())
    }

    fn files_of(&self, key: &str, tls: Option<&Tls>) -> anyhow::Result<Option<TlsFiles>> {
        let Some(tls) = tls else { return Ok(None) };
        if tls.certificate.is_empty() || tls.key.is_empty() {
            bail!("`{key}` needs a `certificate` and a `key`");
        }
        let clients_required = tls.client_certificates == ClientCertificates::Required;
        if clients_required && tls.client_ca.is_none() {
            bail!("`{key}.client_certificates: required` needs `{key}.client_ca`");
        }
        let client_ca = tls.client_ca.as_ref().map(|path| self.path(path)).transpose()?;
        let (certificate, key) = (self.path(&tls.certificate)?, self.path(&tls.key)?);
        Ok(Some(TlsFiles { certificate, key, client_ca, clients_required }))
    }
}

/// RFC 6749, section 3.3.
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_plain)
}

/// What can stand between quotes in a header.
fn is_plain(byte: u8) -> bool {
    (0x21..0x7f).contains(&byte) && byte != b'"' && byte != b'\\'
}
