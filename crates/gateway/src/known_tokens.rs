//! The tokens in force, as the store has them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use interlock_audit::DigestKey;
use interlock_store::{TokenEntry, Tokens};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

use crate::identify::Proof;

/// What is known of one token.
#[derive(Debug)]
struct Facts {
    grant: String,
    expires_ms: Option<i64>,
    /// Cancelled when the token is revoked.
    withdrawn: CancellationToken,
}

/// Recognises tokens by their digests. What the store says is read again and again, so that what one command revoked
/// ends for every connection.
pub struct KnownTokens {
    store: Arc<dyn Tokens>,
    key: DigestKey,
    known: ArcSwap<HashMap<String, Facts>>,
    read: Mutex<LastRead>,
    revoked: Notify,
}

/// The reading before.
#[derive(Debug, Default)]
struct LastRead {
    began: Option<Instant>,
    /// What ends with each token. A store that does not answer for a moment ends none of it.
    withdrawn: HashMap<String, CancellationToken>,
}

/// How often the store is read.
const AGAIN: Duration = Duration::from_millis(250);
/// How soon one reading for an unknown token follows another: guessing tokens must not keep the store busy.
const SOONEST: Duration = Duration::from_millis(20);

impl KnownTokens {
    /// Knows no token before it has read the store.
    pub fn new(store: Arc<dyn Tokens>, key: DigestKey) -> Self {
        Self { store, key, known: ArcSwap::default(), read: Mutex::default(), revoked: Notify::new() }
    }

    /// The grant that a token stands for, and what ends with the token.
    pub(crate) async fn grant_of(&self, token: &str, now_ms: i64) -> Option<(String, Proof)> {
        let asked = Instant::now();
        let digest = self.key.digest(token);
        if let Some(grant) = self.known_grant(&digest, now_ms) {
            return Some(grant);
        }
        // It may be newer than what was read.
        Box::pin(self.read(asked, SOONEST)).await;
        self.known_grant(&digest, now_ms)
    }

    fn known_grant(&self, digest: &str, now_ms: i64) -> Option<(String, Proof)> {
        let known = self.known.load();
        let facts = known.get(digest)?;
        let withdrawn = facts.withdrawn.clone();
        let proof = Proof { until_ms: facts.expires_ms, withdrawn };
        facts.expires_ms.is_none_or(|expires| expires > now_ms).then(|| (facts.grant.clone(), proof))
    }

    /// Waits until a token has been revoked.
    pub(crate) async fn revoked(&self) {
        self.revoked.notified().await;
    }

    /// Reads the store now: what was just changed there holds when this returns.
    pub(crate) async fn read_now(&self) {
        self.read(Instant::now(), Duration::ZERO).await;
    }

    /// Reads the store for as long as this is polled.
    pub(crate) async fn keep_reading(&self) {
        loop {
            self.read(Instant::now(), Duration::ZERO).await;
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Sees to it that what is known is not older than `asked`. Whoever asks in the `pause` after a reading waits for the
    /// end of it, and one reading serves all who do.
    async fn read(&self, asked: Instant, pause: Duration) {
        let mut read = self.read.lock().await;
        if let Some(began) = read.began {
            if began >= asked {
                return;
            }
            tokio::time::sleep(pause.saturating_sub(began.elapsed())).await;
        }
        let began = Instant::now();
        match self.store.tokens().await {
            Ok(entries) => {
                let entries = entries.into_iter();
                let known: HashMap<_, _> =
                    entries.filter_map(|entry| in_force(entry, &read.withdrawn)).collect();
                let known = Arc::new(known);
                // A token is nobody's before what it has opened ends: nothing is opened with it in between.
                self.known.store(Arc::clone(&known));
                self.withdraw_others_of(&mut read, &known);
            }
            // Whoever was known stays known only as long as that can be looked up.
            Err(error) => {
                tracing::error!("no token is accepted, because the store does not answer: {error}");
                self.known.store(Arc::default());
            }
        }
        read.began = Some(began);
    }

    fn withdraw_others_of(&self, read: &mut LastRead, known: &HashMap<String, Facts>) {
        let revoked = read.withdrawn.extract_if(|digest, _| !known.contains_key(digest));
        let any = revoked.map(|(_, withdrawn)| withdrawn.cancel()).count() > 0;
        for (digest, facts) in known {
            read.withdrawn.entry(digest.clone()).or_insert_with(|| facts.withdrawn.clone());
        }
        if any {
            self.revoked.notify_one();
        }
    }
}

fn in_force(entry: TokenEntry, before: &HashMap<String, CancellationToken>) -> Option<(String, Facts)> {
    let TokenEntry { digest, grant, expires_ms, revoked_ms: None, .. } = entry else { return None };
    let withdrawn = before.get(&digest).cloned().unwrap_or_default();
    Some((digest, Facts { grant, expires_ms, withdrawn }))
}

impl std::fmt::Debug for KnownTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KnownTokens").field("known", &self.known.load().len()).finish_non_exhaustive()
    }
}
