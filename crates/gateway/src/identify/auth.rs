//! By what callers are known as holders of a grant.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::certificate::{Certificate, CertificateRule};
use super::issuer::Issuer;
use super::jwt::{Claims, JwtError, Unverified};
use crate::registry::{Grant, Registry};

/// What a grant takes for its holders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    /// Whether callers that show nothing are.
    pub anonymous: bool,
    /// Whether tokens of `interlock grants` are taken.
    pub token: bool,
    /// Which signed tokens are.
    pub jwt: Vec<JwtRule>,
    /// Which client certificates are.
    pub certificates: Vec<CertificateRule>,
}

impl Default for Auth {
    fn default() -> Self {
        Self { anonymous: false, token: true, jwt: Vec::new(), certificates: Vec::new() }
    }
}

/// Signed tokens that stand for a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtRule {
    /// The issuer's name in the settings.
    pub issuer: String,
    /// Each claim with the texts of which it must be, or hold, one.
    pub claims: BTreeMap<String, Vec<String>>,
    /// Scopes that it must have, too.
    pub scopes: Vec<String>,
}

impl JwtRule {
    fn claims_match(&self, issuer: &str, claims: &Claims) -> bool {
        self.issuer == issuer && self.claims.iter().all(|(claim, wanted)| claims.has(claim, wanted))
    }

    fn scopes_match(&self, claims: &Claims) -> bool {
        self.scopes.iter().all(|scope| claims.has_scope(scope))
    }
}

/// Why nobody is known by what was shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unknown {
    /// It is no good.
    #[error("the token is not valid: {0}")]
    Jwt(#[from] JwtError),
    /// It is good, and stands for nothing.
    #[error("no grant is for callers like this one")]
    NoGrant,
    /// It stands for more than one grant: which limits would be spent?
    #[error("more than one grant is for callers like this one")]
    Ambiguous,
    /// It would stand for a grant if it had these scopes.
    #[error("the token lacks the scope `{}`", scopes.join(" "))]
    Scope {
        /// Those that are needed.
        scopes: Vec<String>,
    },
}

/// A signed token that stands for one grant.
#[derive(Debug)]
pub(crate) struct Vouched {
    pub(crate) grant: Arc<Grant>,
    pub(crate) until_ms: i64,
    pub(crate) withdrawn: tokio_util::sync::CancellationToken,
}

/// The grant of a signed token, as the issuers and grants in force say.
pub(crate) async fn vouched(
    registry: &Registry,
    token: &str,
    certificate: Option<&Certificate>,
    resource: Option<&str>,
    now_ms: i64,
) -> Result<Vouched, Unknown> {
    let unverified = Unverified::read(token)?;
    let mut trusted =
        registry.issuers.iter().filter(|(_, issuer)| issuer.settings().issuer == unverified.issuer);
    let (name, issuer) = trusted.next().ok_or(JwtError::Issuer)?;
    let claims = issuer.verify(unverified, token, resource, now_ms).await?;
    if !claims.is_shown_with(certificate.map(Certificate::thumbprint)) {
        return Err(JwtError::Bound.into());
    }
    let grant = grant_of(registry, name, &claims)?;
    Ok(Vouched { grant, until_ms: Issuer::until_ms(issuer, &claims), withdrawn: claims.withdrawn().clone() })
}

fn grant_of(registry: &Registry, issuer: &str, claims: &Claims) -> Result<Arc<Grant>, Unknown> {
    let mut meant = Vec::new();
    let mut lacking = None;
    for grant in registry.grants.values() {
        let mut rules = grant.auth.jwt.iter().filter(|rule| rule.claims_match(issuer, claims)).peekable();
        let first = rules.peek().map(|rule| &rule.scopes);
        lacking = lacking.or(first);
        if rules.any(|rule| rule.scopes_match(claims)) {
            meant.push(grant);
        }
    }
    match (meant.as_slice(), lacking) {
        ([grant], _) => Ok(Arc::clone(grant)),
        ([], None) => Err(Unknown::NoGrant),
        ([], Some(scopes)) => Err(Unknown::Scope { scopes: scopes.clone() }),
        _ => Err(Unknown::Ambiguous),
    }
}

/// The grant of a certificate, where it stands for one.
pub(crate) fn certified(
    registry: &Registry,
    certificate: &Certificate,
) -> Result<Option<Arc<Grant>>, Unknown> {
    let is_meant = |grant: &&Arc<Grant>| grant.auth.certificates.iter().any(|rule| rule.matches(certificate));
    let mut meant = registry.grants.values().filter(is_meant);
    let first = meant.next();
    if meant.next().is_some() {
        return Err(Unknown::Ambiguous);
    }
    Ok(first.cloned())
}
