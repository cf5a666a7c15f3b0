//! An issuer's public keys (RFC 7517).

use std::sync::Arc;

use interlock_json::{Limits, ScanError};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{AlgorithmFamily, DecodingKey};
use tokio_util::sync::CancellationToken;

use super::signature::SigningAlgorithm;

/// Bytes of a whole key set.
pub(crate) const MOST_BYTES: usize = 1 << 20;
/// Keys of one set.
const MOST_KEYS: usize = 100;

/// The keys of one issuer, as they were read last.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<Arc<Key>>);

/// One key that signatures can be checked with.
#[derive(Debug)]
pub(super) struct Key {
    /// The key as it stands in the set.
    text: String,
    kid: Option<String>,
    /// The one algorithm that it is for, where it says so.
    algorithm: Option<String>,
    family: AlgorithmFamily,
    pub(super) public: DecodingKey,
    /// Ends when the issuer has withdrawn the key: with it ends what its signatures opened.
    pub(super) withdrawn: CancellationToken,
}

/// Why a key set is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeysError {
    #[error("it is not JSON: {0}")]
    NotJson(#[from] ScanError),
    #[error("it has no `keys`, or they are no list")]
    NoList,
    #[error("it has more than {MOST_KEYS} keys")]
    TooMany,
    #[error("none of its keys is one that signatures can be checked with")]
    NoneOfUse,
}

impl Keys {
    /// Reads a key set. A key that is in force already stays the same one. Keys of other kinds and for other uses are
    /// passed over (RFC 7517, section 5).
    pub(super) fn read(text: &str, before: &Self) -> Result<Self, KeysError> {
        let document = interlock_json::scan(text, &Limits { bytes: MOST_BYTES, depth: 20 })?;
        let list = document.root().get("keys").filter(|keys| keys.is_array()).ok_or(KeysError::NoList)?;
        if list.len() > MOST_KEYS {
            return Err(KeysError::TooMany);
        }
        let keys: Vec<_> = list.items().filter_map(|key| before.keep_or_read(key.raw())).collect();
        if keys.is_empty() {
            return Err(KeysError::NoneOfUse);
        }
        Ok(Self(keys))
    }

    fn keep_or_read(&self, text: &str) -> Option<Arc<Key>> {
        let kept = self.0.iter().find(|key| key.text == text).cloned();
        kept.or_else(|| Key::read(text).map(Arc::new))
    }

    /// The one key that a token means. Where two could be meant, none is.
    pub(super) fn find(&self, kid: Option<&str>, algorithm: SigningAlgorithm) -> Option<&Arc<Key>> {
        let mut meant = self.0.iter().filter(|key| key.fits(kid, algorithm));
        meant.next().filter(|_| meant.next().is_none())
    }

    /// Ends what the keys opened that are no longer among these.
    pub(super) fn withdraw_others_of(&self, before: &Self) {
        let is_gone = |key: &&Arc<Key>| !self.0.iter().any(|kept| Arc::ptr_eq(kept, key));
        before.0.iter().filter(is_gone).for_each(|key| key.withdrawn.cancel());
    }
}

impl Key {
    fn read(text: &str) -> Option<Self> {
        let jwk: Jwk = serde_json::from_str(text).ok()?;
        let is_for_signatures = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
        let checks = |uses: &Vec<KeyOperations>| uses.contains(&KeyOperations::Verify);
        let may_check = jwk.common.key_operations.as_ref().is_none_or(checks);
        let is_public = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => true,
            AlgorithmParameters::EllipticCurve(key) => {
                matches!(key.curve, EllipticCurve::P256 | EllipticCurve::P384)
            }
            AlgorithmParameters::OctetKeyPair(key) => matches!(key.curve, EllipticCurve::Ed25519),
            _ => false,
        };
        if !(is_for_signatures && may_check && is_public) {
            return None;
        }
        let public = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self {
            text: text.to_owned(),
            kid: jwk.common.key_id,
            algorithm: jwk.common.key_algorithm.map(|algorithm| algorithm.to_string()),
            family: public.family(),
            public,
            withdrawn: CancellationToken::new(),
        })
    }

    /// Whether a token that names this key, or none, can mean this one.
    fn fits(&self, kid: Option<&str>, algorithm: SigningAlgorithm) -> bool {
        (kid.is_none() || kid == self.kid.as_deref())
            && self.family == algorithm.family()
            && self.algorithm.as_ref().is_none_or(|own| *own == algorithm.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P256: &str = r#"{"kty":"EC","crv":"P-256","kid":"a","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

    fn set(keys: &[&str]) -> String {
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }

    fn with(member: &str) -> String {
        P256.replacen('{', &format!("{{{member},"), 1)
    }

    #[test]
    fn keys_of_other_kinds_and_uses_are_passed_over() {
        let secret = r#"{"kty":"oct","kid":"s","k":"c2VjcmV0"}"#;
        let unknown = r#"{"kty":"AKP","kid":"n","pub":"AA"}"#;
        for other in [secret, unknown, &with(r#""use":"enc""#), &with(r#""key_ops":["sign"]"#)] {
            assert!(
                matches!(Keys::read(&set(&[other]), &Keys::default()), Err(KeysError::NoneOfUse)),
                "{other}"
            );
            assert_eq!(Keys::read(&set(&[other, P256]), &Keys::default()).unwrap().0.len(), 1);
        }
        for broken in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
            assert!(Keys::read(broken, &Keys::default()).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_key_is_meant_by_its_name_and_kind_or_not_at_all() {
        let es256: SigningAlgorithm = "ES256".parse().unwrap();
        let rs256: SigningAlgorithm = "RS256".parse().unwrap();
        let one = Keys::read(&set(&[P256]), &Keys::default()).unwrap();
        assert!(one.find(Some("a"), es256).is_some());
        assert!(one.find(None, es256).is_some(), "there is one alone");
        assert!(one.find(Some("b"), es256).is_none());
        assert!(one.find(Some("a"), rs256).is_none());
        let other = Keys::read(&set(&[&with(r#""alg":"ES384""#)]), &Keys::default()).unwrap();
        assert!(other.find(Some("a"), es256).is_none(), "it is for another algorithm");
        let again = with(r#""use":"sig""#);
        let two = Keys::read(&set(&[P256, &again]), &Keys::default()).unwrap();
        assert!(two.find(Some("a"), es256).is_none(), "two of one name");
        assert!(two.find(None, es256).is_none());
    }

    #[test]
    fn a_key_that_stays_is_the_same_and_one_that_goes_is_withdrawn() {
        let es256: SigningAlgorithm = "ES256".parse().unwrap();
        let before = Keys::read(&set(&[P256]), &Keys::default()).unwrap();
        let key = Arc::clone(before.find(Some("a"), es256).unwrap());
        let more = Keys::read(&set(&[P256, &P256.replace(r#""a""#, r#""b""#)]), &before).unwrap();
        more.withdraw_others_of(&before);
        assert!(!key.withdrawn.is_cancelled());
        let others = Keys::read(&set(&[&P256.replace(r#""a""#, r#""b""#)]), &more).unwrap();
        others.withdraw_others_of(&more);
        assert!(key.withdrawn.is_cancelled());
    }
}
