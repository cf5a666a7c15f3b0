//! Which signatures are taken, and how they are checked: public keys alone, by the cryptography that TLS stands on.

use std::fmt;
use std::str::FromStr;
use std::sync::Once;

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::signature as by_ring;

/// An algorithm by which an issuer may sign (RFC 7518, section 3.1; RFC 8037). `none` and those with a shared secret
/// are not among them: what checks a signature must not be able to make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SigningAlgorithm(Algorithm);

/// All of them, as they are written.
const ALL: [(&str, Algorithm); 9] = [
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
];

/// Not an algorithm that is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no signature is taken that is made by another algorithm than RS256 to 512, PS256 to 512, ES256, ES384 and EdDSA"
)]
pub struct NotTaken;

impl SigningAlgorithm {
    /// The names of all that are taken.
    pub const NAMES: [&'static str; 9] =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

    /// The kind of key that it needs.
    pub(super) fn family(self) -> AlgorithmFamily {
        self.0.family()
    }

    /// Whether this key has made the signature of this token, whose header names this algorithm. Nothing that the
    /// token says is looked at.
    pub(super) fn has_signed(self, token: &str, key: &DecodingKey) -> bool {
        USE_RING.call_once(|| {
            // Another provider would be as good: whoever installed one chose it.
            let _installed_before = RING.install_default();
        });
        let Some((signed, signature)) = token.rsplit_once('.') else { return false };
        key.family() == self.family()
            && jsonwebtoken::crypto::verify(signature, signed.as_bytes(), key, self.0).unwrap_or(false)
    }
}

impl FromStr for SigningAlgorithm {
    type Err = NotTaken;

    fn from_str(name: &str) -> Result<Self, NotTaken> {
        let found = ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, algorithm)| Self(*algorithm)).ok_or(NotTaken)
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = ALL.iter().find(|(_, algorithm)| *algorithm == self.0);
        f.write_str(found.map_or("", |(name, _)| *name))
    }
}

static USE_RING: Once = Once::new();

/// Signatures are checked by `ring`, as those of TLS are. Nothing is ever signed.
static RING: CryptoProvider = CryptoProvider {
    signer_factory: |_: &Algorithm, _: &EncodingKey| Err(Error::from(ErrorKind::UnsupportedAlgorithm)),
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    if algorithm.family() != key.family() || key.family() == AlgorithmFamily::Hmac {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    Ok(Box::new(ByRing { algorithm: *algorithm, key: key.clone() }))
}

struct ByRing {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl JwtVerifier for ByRing {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for ByRing {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let is_good = match self.key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => rsa(self.algorithm).is_some_and(|parameters| {
                let key = by_ring::RsaPublicKeyComponents { n, e };
                key.verify(parameters, message, signature).is_ok()
            }),
            DecodingKeyKind::SecretOrDer(point) => plain(self.algorithm).is_some_and(|algorithm| {
                by_ring::UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok()
            }),
        };
        if is_good { Ok(()) } else { Err(signature::Error::new()) }
    }
}

/// Keys of fewer than 2048 bits are not taken.
fn rsa(algorithm: Algorithm) -> Option<&'static by_ring::RsaParameters> {
    Some(match algorithm {
        Algorithm::RS256 => &by_ring::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &by_ring::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &by_ring::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &by_ring::RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &by_ring::RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &by_ring::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

fn plain(algorithm: Algorithm) -> Option<&'static dyn by_ring::VerificationAlgorithm> {
    Some(match algorithm {
        Algorithm::ES256 => &by_ring::ECDSA_P256_SHA256_FIXED,
        Algorithm::ES384 => &by_ring::ECDSA_P384_SHA384_FIXED,
        Algorithm::EdDSA => &by_ring::ED25519,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_public_key_checks_is_taken() {
        for name in SigningAlgorithm::NAMES {
            assert_eq!(name.parse::<SigningAlgorithm>().unwrap().to_string(), name);
        }
        for name in ["none", "None", "NONE", "", "HS256", "HS384", "HS512", "rs256", "ES512", "RSA-OAEP"] {
            assert_eq!(name.parse::<SigningAlgorithm>(), Err(NotTaken), "{name}");
        }
    }
}
