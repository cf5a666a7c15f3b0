//! JSON Web Tokens as access tokens (RFC 7519, RFC 9068), read as strictly as messages are: what two readers could
//! understand differently is refused, and so is what asks to be understood and is not.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use interlock_json::{Document, Limits, Value};

use super::keys::{Key, Keys};
use super::signature::SigningAlgorithm;

/// Bytes of a whole token, of its header, and of the name of its key.
const MOST_BYTES: usize = 16 << 10;
const MOST_HEADER: usize = 2 << 10;
const MOST_KID: usize = 256;
const DEEPEST: usize = 20;
/// Members of a header that name or bring a key: the issuer's own keys are the only ones. And `crit`, which names
/// what must be understood (RFC 7515, section 4.1.11).
const NOT_UNDERSTOOD: [&str; 6] = ["jku", "jwk", "x5u", "x5c", "crit", "zip"];

/// Why a token is not taken. Nothing of the token is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JwtError {
    #[error("it is not a signed JSON Web Token of at most {MOST_BYTES} bytes")]
    NoToken,
    #[error("its {part} is not strict JSON")]
    NotJson { part: &'static str },
    #[error("its header holds `{member}`, which is not understood here")]
    Header { member: &'static str },
    #[error("it is a token of another type than an access token")]
    Type,
    #[error("it is signed by an algorithm that its issuer does not use")]
    Algorithm,
    #[error("its issuer is not known here")]
    Issuer,
    #[error("its claim `{claim}` is missing or has another form than it must")]
    Claim { claim: &'static str },
    #[error("its key is not one of its issuer's")]
    UnknownKey,
    #[error("the keys of its issuer could not be read")]
    NoKeys,
    #[error("its signature is not its issuer's")]
    Signature,
    #[error("it has expired")]
    Expired,
    #[error("it is not valid yet")]
    NotYet,
    #[error("it is for another audience")]
    Audience,
    #[error("it is bound to a certificate or key that the caller has not shown")]
    Bound,
}

/// A token that was read and that nobody has vouched for yet.
#[derive(Debug)]
pub(super) struct Unverified<'t> {
    token: &'t str,
    algorithm: String,
    pub(super) kid: Option<String>,
    pub(super) issuer: String,
    claims: Document<String>,
}

/// What an issuer has vouched for.
#[derive(Debug)]
pub(crate) struct Claims {
    document: Document<String>,
    /// Seconds since 1970.
    expires: i64,
    not_before: Option<i64>,
    audiences: Vec<String>,
    scopes: Vec<String>,
    /// SHA-256 of the certificate that must be shown with it (RFC 8705, section 3.1).
    certificate: Option<Vec<u8>>,
    key: Arc<Key>,
}

impl<'t> Unverified<'t> {
    pub(super) fn read(token: &'t str) -> Result<Self, JwtError> {
        let mut parts = token.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(JwtError::NoToken);
        };
        if token.len() > MOST_BYTES || header.len() > MOST_HEADER || signature.is_empty() {
            return Err(JwtError::NoToken);
        }
        let header = object(header, "header")?;
        let (algorithm, kid) = check_header(header.root())?;
        let claims = object(claims, "claims")?;
        let issuer = text(claims.root(), "iss")?;
        Ok(Self { token, algorithm, kid, issuer, claims })
    }

    /// The algorithm, where it is one of these.
    pub(super) fn algorithm(&self, allowed: &[SigningAlgorithm]) -> Result<SigningAlgorithm, JwtError> {
        let named: SigningAlgorithm = self.algorithm.parse().map_err(|_| JwtError::Algorithm)?;
        if allowed.contains(&named) { Ok(named) } else { Err(JwtError::Algorithm) }
    }

    /// The claims, where one of these keys has signed them.
    pub(super) fn verify(self, keys: &Keys, algorithm: SigningAlgorithm) -> Result<Claims, JwtError> {
        let key = keys.find(self.kid.as_deref(), algorithm).ok_or(JwtError::UnknownKey)?;
        if !algorithm.has_signed(self.token, &key.public) {
            return Err(JwtError::Signature);
        }
        Claims::new(self.claims, Arc::clone(key))
    }
}

impl Claims {
    fn new(document: Document<String>, key: Arc<Key>) -> Result<Self, JwtError> {
        let root = document.root();
        let expires = seconds(root, "exp")?.ok_or(JwtError::Claim { claim: "exp" })?;
        let not_before = seconds(root, "nbf")?;
        // What was issued in the future was not issued yet.
        let not_before = not_before.max(seconds(root, "iat")?);
        let audiences = texts(root, "aud")?;
        let mut scopes = Vec::new();
        for claim in ["scope", "scp"] {
            let said = texts(root, claim)?;
            scopes.extend(
                said.iter()
                    .flat_map(|said| said.split(' '))
                    .filter(|scope| !scope.is_empty())
                    .map(str::to_owned),
            );
        }
        let certificate = binding(root)?;
        Ok(Self { expires, not_before, audiences, scopes, certificate, key, document })
    }

    /// Whether it is valid at this time, give or take.
    pub(super) fn check_time(&self, now_ms: i64, leeway_s: i64) -> Result<(), JwtError> {
        let now = now_ms.div_euclid(1_000);
        if self.key.withdrawn.is_cancelled() {
            return Err(JwtError::UnknownKey);
        }
        if now >= self.expires.saturating_add(leeway_s) {
            return Err(JwtError::Expired);
        }
        if self.not_before.is_some_and(|first| now < first.saturating_sub(leeway_s)) {
            return Err(JwtError::NotYet);
        }
        Ok(())
    }

    /// When it ends, in milliseconds since 1970.
    pub(super) fn until_ms(&self, leeway_s: i64) -> i64 {
        self.expires.saturating_add(leeway_s).saturating_mul(1_000)
    }

    /// Whether it is for one of these.
    pub(super) fn is_for<'a>(&self, mut audiences: impl Iterator<Item = &'a str>) -> bool {
        audiences.any(|audience| self.audiences.iter().any(|own| own == audience))
    }

    /// Whether whoever shows it may: one that is bound to a certificate comes with that certificate.
    pub(super) fn is_shown_with(&self, certificate: Option<&[u8]>) -> bool {
        self.certificate.as_deref().is_none_or(|bound| certificate == Some(bound))
    }

    /// Ends when its key is withdrawn.
    pub(super) fn withdrawn(&self) -> &tokio_util::sync::CancellationToken {
        &self.key.withdrawn
    }

    pub(super) fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope)
    }

    /// Whether a claim is one of these texts, or a list with one of them in it. A name that begins with `/` is a path
    /// (RFC 6901).
    pub(super) fn has(&self, claim: &str, wanted: &[String]) -> bool {
        let found = match claim.strip_prefix('/') {
            None => self.document.root().get(claim),
            Some(path) => path.split('/').try_fold(self.document.root(), |value, step| {
                value.get(&step.replace("~1", "/").replace("~0", "~"))
            }),
        };
        let is_wanted = |value: Value<'_>| wanted.iter().any(|text| value.is_str(text));
        found.is_some_and(|value| match value.is_array() {
            true => value.items().any(is_wanted),
            false => is_wanted(value),
        })
    }
}

/// The algorithm and the name of the key.
fn check_header(header: Value<'_>) -> Result<(String, Option<String>), JwtError> {
    if let Some(member) = NOT_UNDERSTOOD.into_iter().find(|member| header.get(member).is_some()) {
        return Err(JwtError::Header { member });
    }
    let kinds = ["JWT", "at+jwt", "application/at+jwt"];
    let is_access = |kind: Value<'_>| {
        kind.as_str().is_some_and(|kind| kinds.iter().any(|known| known.eq_ignore_ascii_case(&kind)))
    };
    if !header.get("typ").is_none_or(is_access) {
        return Err(JwtError::Type);
    }
    let algorithm = header.get("alg").and_then(Value::as_str).ok_or(JwtError::Algorithm)?.into_owned();
    let kid = match header.get("kid") {
        None => None,
        Some(kid) => {
            let plain =
                |kid: &str| kid.len() <= MOST_KID && kid.bytes().all(|byte| (0x20..0x7f).contains(&byte));
            let kid = kid.as_str().filter(|kid| plain(kid)).ok_or(JwtError::Header { member: "kid" })?;
            Some(kid.into_owned())
        }
    };
    Ok((algorithm, kid))
}

fn object(part: &str, called: &'static str) -> Result<Document<String>, JwtError> {
    let wrong = JwtError::NotJson { part: called };
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| wrong.clone())?;
    let limits = Limits { bytes: MOST_BYTES, depth: DEEPEST };
    let document = interlock_json::scan_bytes(bytes, &limits).map_err(|_| wrong.clone())?;
    if document.root().is_object() { Ok(document) } else { Err(wrong) }
}

fn text(claims: Value<'_>, claim: &'static str) -> Result<String, JwtError> {
    let text = claims.get(claim).and_then(Value::as_str);
    text.map(std::borrow::Cow::into_owned).ok_or(JwtError::Claim { claim })
}

/// A text or a list of texts.
fn texts(claims: Value<'_>, claim: &'static str) -> Result<Vec<String>, JwtError> {
    let Some(value) = claims.get(claim) else { return Ok(Vec::new()) };
    let one =
        |value: Value<'_>| value.as_str().map(std::borrow::Cow::into_owned).ok_or(JwtError::Claim { claim });
    if value.is_array() { value.items().map(one).collect() } else { Ok(vec![one(value)?]) }
}

/// A time (RFC 7519, section 2, `NumericDate`), down to the second.
fn seconds(claims: Value<'_>, claim: &'static str) -> Result<Option<i64>, JwtError> {
    let Some(value) = claims.get(claim) else { return Ok(None) };
    let wrong = JwtError::Claim { claim };
    let number = value.as_number().ok_or(wrong.clone())?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_plain = fraction.bytes().all(|byte| byte.is_ascii_digit());
    whole.parse().ok().filter(|_| is_plain).map(Some).ok_or(wrong)
}

/// What the token is bound to. Of all ways only certificates are understood here.
fn binding(claims: Value<'_>) -> Result<Option<Vec<u8>>, JwtError> {
    let Some(confirmation) = claims.get("cnf") else { return Ok(None) };
    let thumbprint = confirmation.get("x5t#S256").filter(|_| confirmation.len() == 1);
    let thumbprint = thumbprint.and_then(Value::as_str).ok_or(JwtError::Bound)?;
    let bytes = URL_SAFE_NO_PAD.decode(thumbprint.as_bytes()).map_err(|_| JwtError::Bound)?;
    Ok(Some(bytes))
}
