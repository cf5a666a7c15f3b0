//! Something that happens once, for whoever waits for it: smaller than a token that is cancelled, in place where it is
//! kept, and without an allocation of its own.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

#[derive(Debug, Default)]
pub(crate) struct Flag {
    is_up: AtomicBool,
    raised: Notify,
}

impl Flag {
    /// It has happened.
    pub(crate) fn raise(&self) {
        self.is_up.store(true, Ordering::Release);
        self.raised.notify_waiters();
    }

    pub(crate) fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Acquire)
    }

    /// Waits until it has happened.
    pub(crate) async fn raised(&self) {
        // Made before it is looked, so that it cannot happen between.
        let raised = self.raised.notified();
        if !self.is_up() {
            raised.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::time::Duration;

    use futures_util::FutureExt as _;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn whoever_waits_is_told_and_whoever_comes_later_does_not_wait() {
        let flag = Flag::default();
        let mut waits = pin!(flag.raised());
        assert!(!flag.is_up() && waits.as_mut().now_or_never().is_none());
        flag.raise();
        waits.await;
        flag.raised().await;
        flag.raise();
        assert!(flag.is_up());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn it_is_not_missed_between_a_look_and_the_wait() {
        for _ in 0..2_000 {
            let flag = Arc::new(Flag::default());
            let waits = tokio::spawn({
                let flag = Arc::clone(&flag);
                async move { flag.raised().await }
            });
            flag.raise();
            timeout(Duration::from_secs(10), waits).await.expect("it is told").expect("no panic");
        }
    }
}
