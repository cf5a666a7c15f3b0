//! How messages are signed: as Standard Webhooks says (version 1), with HMAC-SHA-256.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use ring::hmac;

/// What begins a secret that is written in base64.
const ENCODED: &str = "whsec_";

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// Signs messages.
#[derive(Clone)]
pub(super) struct SigningKey(hmac::Key);

/// A secret that begins like one of base64, and is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotBase64;

impl SigningKey {
    /// The bytes of the text, or what it encodes where it begins with `whsec_`.
    pub(super) fn new(secret: &str) -> Result<Self, NotBase64> {
        let key = |bytes: &[u8]| Self(hmac::Key::new(hmac::HMAC_SHA256, bytes));
        match secret.strip_prefix(ENCODED) {
            None => Ok(key(secret.as_bytes())),
            Some(encoded) => match STANDARD.decode(encoded) {
                Ok(bytes) if !bytes.is_empty() => Ok(key(&bytes)),
                _ => Err(NotBase64),
            },
        }
    }

    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut signing = hmac::Context::with_key(&self.0);
        signing.update(format!("{id}.{timestamp}.").as_bytes());
        signing.update(body);
        format!("v1,{}", STANDARD.encode(signing.sign()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

/// The headers of a message that is sent at this time, unix seconds. The name is the same however often it is sent.
pub(super) fn headers(key: Option<&SigningKey>, id: &str, timestamp: i64, body: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut put = |name, value: &str| {
        // Names, numbers and base64 are always fit.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(ID, id);
    put(TIMESTAMP, &timestamp.to_string());
    if let Some(key) = key {
        put(SIGNATURE, &key.sign(id, timestamp, body));
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        let key = SigningKey::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let headers = headers(Some(&key), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(headers["webhook-id"], "msg_p5jXN8AQM9LWM0D4loKWxJek");
        assert_eq!(headers["webhook-timestamp"], "1614265330");
        assert_eq!(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_taken_as_it_is_or_decoded() {
        let raw = STANDARD.decode("c2VjcmV0").unwrap();
        let plain = SigningKey::new(std::str::from_utf8(&raw).unwrap()).unwrap();
        let encoded = SigningKey::new("whsec_c2VjcmV0").unwrap();
        assert_eq!(plain.sign("a", 1, b"b"), encoded.sign("a", 1, b"b"));
        for bad in ["whsec_", "whsec_?", "whsec_c2VjcmV"] {
            assert_eq!(SigningKey::new(bad).err(), Some(NotBase64), "{bad}");
        }
    }

    #[test]
    fn without_a_secret_nothing_is_signed() {
        let headers = headers(None, "a", 1, b"b");
        assert_eq!(headers["webhook-id"], "a");
        assert!(!headers.contains_key("webhook-signature"));
    }
}
