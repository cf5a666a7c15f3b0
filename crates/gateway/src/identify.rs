//! Step 2, identify: on whose behalf a call is made.

mod auth;
mod certificate;
mod credential;
mod issuer;
mod jwt;
mod keys;
mod resource;
mod signature;

pub use auth::{Auth, JwtRule};
pub(crate) use auth::{Unknown, certified, vouched};
pub use certificate::CertificateRule;
pub(crate) use certificate::{Certificate, ShownCertificate};
pub(crate) use credential::{Credential, LastShown, Proof};
pub use issuer::{Issuer, IssuerSettings, KeySource};
pub use resource::Resource;
pub(crate) use resource::WELL_KNOWN;
pub use signature::{NotTaken, SigningAlgorithm};

/// Who calls. Budgets, rules and records go by the grant and the session; what a client says of itself is
/// information and never enters a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The grant's name.
    pub grant: String,
    /// The session: for a wrapped server, the life of the process.
    pub session: String,
    /// What the client says of itself.
    pub client: Option<ClientInfo>,
}

/// What a client calls itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientInfo {
    /// Its name.
    pub name: String,
    /// `name/version`, or the name alone where it says no version.
    pub text: String,
}

/// Longest name or version kept: it goes into every record.
const MOST: usize = 128;

/// What a client says of itself (`clientInfo` of `initialize`, or of a modern request's `_meta`);
/// `None` where it says nothing.
pub(crate) fn client_info(info: Option<interlock_json::Value<'_>>) -> Option<ClientInfo> {
    let text = |key| {
        let text = info?.get(key)?.as_str()?;
        Some(text.chars().take(MOST).collect::<String>()).filter(|text| !text.is_empty())
    };
    let name = text("name")?;
    let text = text("version").map_or_else(|| name.clone(), |version| format!("{name}/{version}"));
    Some(ClientInfo { name, text })
}
