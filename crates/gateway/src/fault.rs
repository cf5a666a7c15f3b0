//! A fault of Interlock's own: a panic. It must not leave anybody waiting, nor go unnoticed.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::gateway::Gateway;

/// Does `work` and gives what it said when it panicked. Nothing that it held is used again but what
/// locks guard, which every step leaves whole.
pub(crate) async fn caught<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let mut work = pin!(work);
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
        Ok(polled) => polled.map(Ok),
        Err(payload) => Poll::Ready(Err(words(payload.as_ref()))),
    })
    .await
}

fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no reason given".to_owned())
}

/// Does `work`; that it panicked is an alarm. `what` says what was cut off.
pub(crate) async fn guarded<T>(gateway: &Gateway, what: &str, work: impl Future<Output = T>) -> Option<T> {
    match caught(work).await {
        Ok(done) => Some(done),
        Err(why) => {
            gateway.alarm(&format!("{what} was cut off by a fault of Interlock's own: {why}"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_whenever_it_comes() {
        assert_eq!(caught(async {}).await, Ok(()));
        assert_eq!(caught(async { panic!("at once") }).await, Err("at once".to_owned()));
        let later = async {
            tokio::task::yield_now().await;
            let number = 7;
            panic!("later, {number}")
        };
        assert_eq!(caught(later).await, Err("later, 7".to_owned()));
    }
}
