//! What a caller has shown of who it is, and until when that holds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::record::now_ms;
use crate::registry::Grant;

/// What vouches for a caller: a token, a signed token, a certificate, or the listener's own address. What is open
/// under it ends with it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Credential {
    /// When it ends by itself, in milliseconds since 1970.
    pub(crate) until_ms: Option<i64>,
    /// Ends when whoever issued it takes it back.
    pub(crate) withdrawn: CancellationToken,
    /// Ends when the grant says other things of who may use it.
    pub(crate) of_grant: CancellationToken,
}

/// What was shown, beside the grant that it stands for.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    /// When it ends by itself, in milliseconds since 1970.
    pub(crate) until_ms: Option<i64>,
    /// Ends when whoever issued it takes it back.
    pub(crate) withdrawn: CancellationToken,
}

/// What a session was used with last: it does not outlive that. A session and those that are part of it share one.
#[derive(Debug, Clone)]
pub(crate) struct LastShown(Arc<Mutex<Credential>>);

impl LastShown {
    pub(crate) fn new(credential: &Credential) -> Self {
        Self(Arc::new(Mutex::new(credential.clone())))
    }

    fn credential(&self) -> MutexGuard<'_, Credential> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that it is used with this now. What was taken back meanwhile ends nothing that another has opened.
    pub(crate) fn replace(&self, credential: &Credential) {
        if !credential.is_withdrawn() {
            credential.clone_into(&mut self.credential());
        }
    }

    /// Whether it was taken back.
    pub(crate) fn is_withdrawn(&self) -> bool {
        self.credential().is_withdrawn()
    }

    /// Whether it was taken back, or ended by itself so long ago.
    pub(crate) fn is_over(&self, now_ms: i64, grace: Duration) -> bool {
        let credential = self.credential();
        credential.is_withdrawn() || credential.has_expired_for(now_ms, grace)
    }
}

/// The longest wait between two looks at the wall clock: it may be set.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

impl Credential {
    /// Of a holder of this grant; without `proof`, of one that shows nothing.
    pub(crate) fn new(grant: &Grant, proof: Option<Proof>) -> Self {
        let of_grant = grant.standing.clone();
        // Of who shows nothing, nothing can be taken back but the grant.
        let nothing = || Proof { until_ms: None, withdrawn: of_grant.clone() };
        let Proof { until_ms, withdrawn } = proof.unwrap_or_else(nothing);
        Self { until_ms, withdrawn, of_grant }.ending_by(grant.expires_ms)
    }

    /// Whether it was taken back: there is nothing to wait for.
    pub(crate) fn is_withdrawn(&self) -> bool {
        self.withdrawn.is_cancelled() || self.of_grant.is_cancelled()
    }

    /// Whether it ended by itself so long ago.
    pub(crate) fn has_expired_for(&self, now_ms: i64, grace: Duration) -> bool {
        let grace = i64::try_from(grace.as_millis()).unwrap_or(i64::MAX);
        self.until_ms.is_some_and(|until| now_ms >= until.saturating_add(grace))
    }

    /// The same, and ending no later than this.
    pub(crate) fn ending_by(mut self, until_ms: Option<i64>) -> Self {
        self.until_ms = [self.until_ms, until_ms].into_iter().flatten().min();
        self
    }

    /// Waits until it holds no longer.
    pub(crate) async fn ended(&self) {
        tokio::select! {
            () = self.withdrawn.cancelled() => {}
            () = self.of_grant.cancelled() => {}
            () = self.expired() => {}
        }
    }

    async fn expired(&self) {
        let Some(until) = self.until_ms else { return std::future::pending().await };
        loop {
            let left = until.saturating_sub(now_ms());
            if left <= 0 {
                return;
            }
            let left = Duration::from_millis(left.unsigned_abs());
            tokio::time::sleep(left.min(LOOK_AGAIN)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_ends_in_each_of_its_ways() {
        let past = Credential { until_ms: Some(now_ms() - 1), ..Credential::default() };
        past.ended().await;
        assert!(past.has_expired_for(now_ms(), Duration::ZERO));
        assert!(!past.has_expired_for(now_ms(), Duration::from_secs(60)), "it may be renewed");
        let shown = LastShown::new(&past);
        let shared = shown.clone();
        assert!(shared.is_over(now_ms(), Duration::ZERO) && !shared.is_withdrawn());
        shown.replace(&Credential::default());
        assert!(!shared.is_over(i64::MAX, Duration::ZERO), "what is renewed is renewed for its parts");
        let earlier = Credential::default().ending_by(Some(5)).ending_by(Some(7)).ending_by(None);
        assert_eq!(earlier.until_ms, Some(5));
        for end in [
            |credential: &Credential| credential.withdrawn.cancel(),
            |credential: &Credential| credential.of_grant.cancel(),
        ] {
            let credential = Credential { until_ms: Some(i64::MAX), ..Credential::default() };
            assert!(!credential.is_withdrawn());
            end(&credential);
            credential.ended().await;
            assert!(credential.is_withdrawn());
        }
    }

    #[test]
    fn what_was_taken_back_is_not_what_a_session_was_used_with_last() {
        let [first, second] = [Credential::default(), Credential::default()];
        let last = LastShown::new(&second);
        first.withdrawn.cancel();
        last.replace(&first);
        assert!(!last.is_withdrawn());
        let third = Credential::default();
        last.replace(&third);
        third.withdrawn.cancel();
        assert!(last.is_withdrawn(), "what it is used with now counts");
    }
}
