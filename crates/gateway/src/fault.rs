//! A fault of Interlock's own: a panic. It must not leave anybody waiting, nor go unnoticed.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use crate::gateway::Gateway;

/// Does `work` and gives what it said when it panicked. Nothing that it held is used again but what locks guard, which
/// every step leaves whole.
///
/// It is no `async fn`, which would hold `work` twice.
pub(crate) fn caught<F: Future>(work: F) -> impl Future<Output = Result<F::Output, String>> {
    let caught = AssertUnwindSafe(work).catch_unwind();
    caught.map(|ended| ended.map_err(|payload| words(payload.as_ref())))
}

/// Does `work`; that it panicked is an alarm. `what` says what was cut off.
pub(crate) fn guarded<F: Future>(
    gateway: &Gateway,
    what: &'static str,
    work: F,
) -> impl Future<Output = Option<F::Output>> {
    let told = move |why| gateway.alarm(&format!("{what} was cut off by a fault of Interlock's own: {why}"));
    caught(work).map(move |ended| ended.map_err(told).ok())
}

fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no reason given".to_owned())
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
