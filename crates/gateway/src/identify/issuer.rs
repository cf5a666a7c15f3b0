//! An issuer of tokens that is trusted, and its keys: read outside of the way of any request, again and again.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::jwt::{Claims, JwtError, Unverified};
use super::keys::{self, Keys};
use super::signature::SigningAlgorithm;
use crate::reload::Watch;
use crate::transport::http::RemoteDocument;

/// What is known of an issuer before it is asked for its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerSettings {
    /// The claim `iss`, to the letter.
    pub issuer: String,
    /// One of them must be in the claim `aud`, beside the address of the resource itself.
    pub audiences: Vec<String>,
    /// By these alone it signs.
    pub algorithms: Vec<SigningAlgorithm>,
    /// Where its keys are.
    pub keys: KeySource,
    /// How far clocks may be apart.
    pub leeway: Duration,
}

/// Where an issuer's key set is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// To be fetched.
    Url(RemoteDocument),
    /// In a file, read again when it changes.
    File(PathBuf),
}

/// A trusted issuer. Its keys are kept as long as it is.
#[derive(Debug)]
pub struct Issuer {
    settings: IssuerSettings,
    known: watch::Receiver<Known>,
    wanted: Arc<Notify>,
    /// Tokens that were verified, by their digests: to look one up costs less than to check its signature.
    verified: Mutex<HashMap<[u8; 32], Arc<Claims>>>,
    reading: AbortHandle,
}

/// The keys, and when they were asked for last.
#[derive(Debug, Clone, Default)]
struct Known {
    keys: Option<Arc<Keys>>,
    asked: Option<Instant>,
}

/// How often keys are fetched when nothing is amiss.
const FETCH_EVERY: Duration = Duration::from_secs(300);
/// How soon after one attempt a token with an unknown key, or a failure, is worth another.
const FETCH_SOONEST: Duration = Duration::from_secs(5);
/// How long keys are good that could not be fetched again.
const STALE: Duration = Duration::from_secs(24 * 3_600);
/// How long a request waits for keys that are being read.
const PATIENCE: Duration = Duration::from_secs(3);
/// Verified tokens that are kept.
const MOST_VERIFIED: usize = 10_000;

impl IssuerSettings {
    /// Checks a file of keys, where they are in one: what is fetched is known when it is needed.
    ///
    /// # Errors
    /// Why no token of the issuer would be taken.
    pub fn check_keys(&self) -> Result<(), String> {
        let KeySource::File(path) = &self.keys else { return Ok(()) };
        let shown = path.display();
        let text =
            std::fs::read_to_string(path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
        Keys::read(&text, &Keys::default())
            .map(drop)
            .map_err(|error| format!("the keys in `{shown}`: {error}"))
    }
}

impl Issuer {
    /// Begins to read the keys.
    pub fn new(settings: IssuerSettings) -> Self {
        let (tell, known) = watch::channel(Known::default());
        let wanted = Arc::new(Notify::new());
        let reader = Reader { settings: settings.clone(), tell, wanted: Arc::clone(&wanted) };
        let reading = tokio::spawn(reader.keep_reading()).abort_handle();
        Self { settings, known, wanted, verified: Mutex::default(), reading }
    }

    /// What it was made of.
    pub fn settings(&self) -> &IssuerSettings {
        &self.settings
    }

    fn leeway_s(&self) -> i64 {
        i64::try_from(self.settings.leeway.as_secs()).unwrap_or(0)
    }

    fn verified(&self) -> MutexGuard<'_, HashMap<[u8; 32], Arc<Claims>>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it has vouched for this token, and for use here and now.
    pub(super) async fn verify(
        &self,
        token: Unverified<'_>,
        text: &str,
        resource: Option<&str>,
        now_ms: i64,
    ) -> Result<Arc<Claims>, JwtError> {
        let digest: [u8; 32] = Sha256::digest(text).into();
        let kept = self.verified().get(&digest).cloned();
        let claims = match kept {
            Some(claims) => claims,
            None => {
                let claims = Arc::new(self.verify_anew(token).await?);
                // What has expired is not worth a place.
                claims.check_time(now_ms, self.leeway_s())?;
                let mut verified = self.verified();
                if verified.len() >= MOST_VERIFIED {
                    verified.clear();
                }
                verified.insert(digest, Arc::clone(&claims));
                claims
            }
        };
        let in_time = claims.check_time(now_ms, self.leeway_s());
        in_time.inspect_err(|_| drop(self.verified().remove(&digest)))?;
        let audiences = self.settings.audiences.iter().map(String::as_str);
        if !claims.is_for(audiences.chain(resource)) {
            return Err(JwtError::Audience);
        }
        Ok(claims)
    }

    async fn verify_anew(&self, token: Unverified<'_>) -> Result<Claims, JwtError> {
        let algorithm = token.algorithm(&self.settings.algorithms)?;
        let keys = self.keys_with(token.kid.as_deref(), algorithm).await?;
        token.verify(&keys, algorithm)
    }

    /// When what this token opens ends.
    pub(super) fn until_ms(&self, claims: &Claims) -> i64 {
        claims.until_ms(self.leeway_s())
    }

    /// The keys in force. Where the one that is wanted is not among them, it may be new: they are asked for again,
    /// unless that was done lately.
    async fn keys_with(&self, kid: Option<&str>, algorithm: SigningAlgorithm) -> Result<Arc<Keys>, JwtError> {
        let mut known = self.known.clone();
        let has = |known: &Known| known.keys.as_ref().is_some_and(|keys| keys.find(kid, algorithm).is_some());
        let (is_known, asked) = {
            let now = known.borrow_and_update();
            (has(&now), now.asked)
        };
        if !is_known && asked.is_none_or(|asked| asked.elapsed() >= FETCH_SOONEST) {
            self.wanted.notify_one();
            let read_again = known.wait_for(|known| known.asked != asked);
            let _in_time = tokio::time::timeout(PATIENCE, read_again).await;
        }
        let keys = known.borrow().keys.clone();
        keys.ok_or(JwtError::NoKeys)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.reading.abort();
        if let Some(keys) = &self.known.borrow().keys {
            Keys::default().withdraw_others_of(keys);
        }
    }
}

/// Reads the keys of one issuer.
struct Reader {
    settings: IssuerSettings,
    tell: watch::Sender<Known>,
    wanted: Arc<Notify>,
}

impl Reader {
    async fn keep_reading(self) {
        match &self.settings.keys {
            KeySource::File(path) => {
                let mut watch = Watch::new(path);
                loop {
                    let read = path.clone();
                    let read = tokio::task::spawn_blocking(move || std::fs::read(read)).await;
                    let read = read.map_err(|error| error.to_string());
                    self.take(read.and_then(|read| read.map_err(|error| error.to_string())));
                    watch.changed().await;
                }
            }
            KeySource::Url(document) => self.keep_fetching(document).await,
        }
    }

    async fn keep_fetching(&self, document: &RemoteDocument) {
        let mut good = Instant::now();
        loop {
            let is_good =
                self.take(document.fetch(keys::MOST_BYTES).await.map_err(|error| error.to_string()));
            if is_good {
                good = Instant::now();
            } else if good.elapsed() >= STALE {
                tracing::error!(
                    "no token of `{}` is accepted any more: its keys are too old",
                    self.settings.issuer
                );
                self.put(None);
            }
            let again = if is_good { FETCH_EVERY } else { FETCH_SOONEST };
            tokio::time::sleep(FETCH_SOONEST).await;
            tokio::select! {
                () = tokio::time::sleep(again.saturating_sub(FETCH_SOONEST)) => {}
                () = self.wanted.notified() => {}
            }
        }
    }

    /// Puts keys in force that are good; what is not leaves those that were.
    fn take(&self, read: Result<Vec<u8>, String>) -> bool {
        let before = self.tell.borrow().keys.clone().unwrap_or_default();
        let keys = read.and_then(|bytes| {
            let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
            Keys::read(&text, &before).map_err(|error| error.to_string())
        });
        match keys {
            Ok(keys) => {
                self.put(Some(Arc::new(keys)));
                true
            }
            Err(error) => {
                let what = match &self.settings.keys {
                    KeySource::File(path) => format!("file `{}`", path.display()),
                    KeySource::Url(_) => "document".to_owned(),
                };
                tracing::error!(
                    "the {what} with the keys of `{}` is not taken: {error}",
                    self.settings.issuer
                );
                self.tell.send_modify(|known| known.asked = Some(Instant::now()));
                false
            }
        }
    }

    fn put(&self, keys: Option<Arc<Keys>>) {
        let before = self.tell.borrow().keys.clone().unwrap_or_default();
        if let Some(keys) = &keys {
            keys.withdraw_others_of(&before);
        } else {
            Keys::default().withdraw_others_of(&before);
        }
        self.tell.send_replace(Known { keys, asked: Some(Instant::now()) });
    }
}
