//! Who calls: what is shown, looked up among the tokens, issuers and grants in force.

use std::sync::Arc;

use super::{Front, TurnedAway};
use crate::identify::{Credential, Proof, ShownCertificate, Unknown, certified, vouched};
use crate::registry::{Grant, Registry};

/// What a caller shows of who it is.
#[derive(Debug)]
pub(crate) struct Shown<'r> {
    pub(crate) token: Option<&'r str>,
    pub(crate) certificate: Option<&'r ShownCertificate>,
    /// The path that is called.
    pub(crate) path: &'r str,
}

/// Who calls, and until when that is known.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) grant: Arc<Grant>,
    pub(crate) credential: Arc<Credential>,
}

impl Front {
    /// Whose token or certificate this is, or who calls without one.
    pub(crate) async fn caller(&self, shown: &Shown<'_>, now_ms: i64) -> Result<Caller, TurnedAway> {
        let registry = self.registry.load_full();
        let certified = match shown.certificate {
            Some(shown) if !shown.holds(now_ms) => return Err(TurnedAway::BadCertificate),
            Some(shown) => certified(&registry, &shown.certificate)?.map(|grant| (grant, shown)),
            None => None,
        };
        let by_token = match shown.token {
            Some(token) => Some(self.by_token(&registry, token, shown, now_ms).await?),
            None => None,
        };
        let (grant, proof) = match (by_token, certified) {
            (Some((grant, _)), Some((other, _))) if grant.name != other.name => {
                return Err(Unknown::Ambiguous.into());
            }
            (Some((grant, proof)), _) => (grant, Some(proof)),
            (None, Some((grant, shown))) => {
                let (until_ms, withdrawn) = (Some(shown.certificate.until_ms), shown.withdrawn.clone());
                (grant, Some(Proof { until_ms, withdrawn }))
            }
            (None, None) => {
                let name = registry.anonymous.as_ref().ok_or(TurnedAway::NoToken)?;
                let grant = registry.grant(name).cloned().ok_or(TurnedAway::NoToken)?;
                (grant, None)
            }
        };
        if grant.expires_ms.is_some_and(|expires| expires <= now_ms) {
            return Err(TurnedAway::Expired);
        }
        let credential = Arc::new(Credential::new(&grant, proof));
        Ok(Caller { grant, credential })
    }

    async fn by_token(
        &self,
        registry: &Registry,
        token: &str,
        shown: &Shown<'_>,
        now_ms: i64,
    ) -> Result<(Arc<Grant>, Proof), TurnedAway> {
        if token.starts_with(crate::token::PREFIX) || registry.issuers.is_empty() {
            let known = self.tokens.grant_of(token, now_ms).await;
            let (name, proof) = known.ok_or(TurnedAway::BadToken)?;
            let grant = registry.grant(&name).filter(|grant| grant.auth.token);
            let grant = grant.cloned().ok_or(TurnedAway::BadToken)?;
            return Ok((grant, proof));
        }
        let audience = registry.resource.as_ref().and_then(|resource| resource.audience(shown.path));
        let certificate = shown.certificate.map(|shown| &shown.certificate);
        let vouching = vouched(registry, token, certificate, audience.as_deref(), now_ms);
        let vouched = Box::pin(vouching).await?;
        let proof = Proof { until_ms: Some(vouched.until_ms), withdrawn: vouched.withdrawn };
        Ok((vouched.grant, proof))
    }
}
