//! Issuers of signed tokens with keys of their own, and a place that serves key sets.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A key that tokens are signed with.
#[derive(Debug)]
pub struct SigningKey {
    kid: String,
    pair: Pair,
}

#[derive(Debug)]
enum Pair {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// A new key for `ES256`.
    ///
    /// # Errors
    /// When none can be made.
    pub fn es256(kid: &str) -> Result<Self> {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|_| anyhow!("no key"))?;
        let pair =
            EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).map_err(|_| anyhow!("no key"))?;
        Ok(Self { kid: kid.to_owned(), pair: Pair::P256(pair) })
    }

    /// A new key for `EdDSA`.
    ///
    /// # Errors
    /// When none can be made.
    pub fn ed25519(kid: &str) -> Result<Self> {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| anyhow!("no key"))?;
        let pair = Ed25519KeyPair::from_pkcs8(made.as_ref()).map_err(|_| anyhow!("no key"))?;
        Ok(Self { kid: kid.to_owned(), pair: Pair::Ed25519(pair) })
    }

    /// The public half, as a key set has it.
    #[must_use]
    pub fn public(&self) -> Value {
        match &self.pair {
            Pair::P256(pair) => {
                let point = pair.public_key().as_ref();
                let half = |range| URL_SAFE_NO_PAD.encode(point.get(range).unwrap_or_default());
                json!({ "kty": "EC", "crv": "P-256", "kid": self.kid, "use": "sig", "x": half(1..33), "y": half(33..65) })
            }
            Pair::Ed25519(pair) => {
                let x = URL_SAFE_NO_PAD.encode(pair.public_key());
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": self.kid, "use": "sig", "x": x })
            }
        }
    }

    /// The bytes of the public half: what a confused verifier would take for a shared secret.
    #[must_use]
    pub fn public_bytes(&self) -> Vec<u8> {
        match &self.pair {
            Pair::P256(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// The header that its tokens have.
    #[must_use]
    pub fn header(&self) -> Value {
        let algorithm = match self.pair {
            Pair::P256(_) => "ES256",
            Pair::Ed25519(_) => "EdDSA",
        };
        json!({ "alg": algorithm, "typ": "at+jwt", "kid": self.kid })
    }

    /// A token with these claims.
    #[must_use]
    pub fn token(&self, claims: &Value) -> String {
        self.sign(&self.header().to_string(), &claims.to_string())
    }

    /// A token of any header and claims, signed.
    #[must_use]
    pub fn sign(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = match &self.pair {
            Pair::P256(pair) => pair
                .sign(&SystemRandom::new(), signed.as_bytes())
                .map(|signature| signature.as_ref().to_vec())
                .unwrap_or_default(),
            Pair::Ed25519(pair) => pair.sign(signed.as_bytes()).as_ref().to_vec(),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The set of these keys.
    #[must_use]
    pub fn set(keys: &[&Self]) -> String {
        let keys: Vec<Value> = keys.iter().map(|key| key.public()).collect();
        json!({ "keys": keys }).to_string()
    }
}

/// Serves one document over HTTP, which may be replaced, and counts how often it is asked for.
#[derive(Debug, Clone)]
pub struct Published {
    state: Arc<Mutex<(String, usize)>>,
    /// Where it is.
    pub url: String,
}

impl Published {
    /// Begins to serve.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn new(document: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/keys", listener.local_addr()?);
        let state = Arc::new(Mutex::new((document.to_owned(), 0)));
        let served = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let served = Arc::clone(&served);
                tokio::spawn(async move {
                    let (mut head, mut chunk) = (Vec::new(), [0; 1024]);
                    while !head.ends_with(b"\r\n\r\n") {
                        match stream.read(&mut chunk).await {
                            Ok(read) if read > 0 => {
                                head.extend_from_slice(chunk.get(..read).unwrap_or_default())
                            }
                            _ => return,
                        }
                    }
                    let document = {
                        let mut served = served.lock().unwrap_or_else(PoisonError::into_inner);
                        served.1 += 1;
                        served.0.clone()
                    };
                    let text = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{document}",
                        document.len()
                    );
                    let _gone = stream.write_all(text.as_bytes()).await;
                });
            }
        });
        Ok(Self { state, url })
    }

    /// Serves another document from now on.
    pub fn replace(&self, document: &str) {
        document.clone_into(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).0);
    }

    /// How often it was asked for.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}
