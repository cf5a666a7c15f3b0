//! A fault of Interlock's own in one call: a panic. It must not leave its caller waiting, nor go unnoticed.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use interlock_wire::reply;

use super::Relay;

/// JSON-RPC: an error of the receiver's own.
const INTERNAL_ERROR: i64 = -32_603;

/// Does `work` and gives what it said when it panicked. Nothing that it held is used again but the session,
/// which every step leaves whole.
///
/// It is no `async fn`, which would hold `work` twice.
pub(super) fn caught<F: Future<Output = ()>>(work: F) -> impl Future<Output = Result<(), String>> {
    let caught = AssertUnwindSafe(work).catch_unwind();
    caught.map(|ended| ended.map_err(|payload| words(payload.as_ref())))
}

fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no reason given".to_owned())
}

impl Relay {
    /// A call's judging was cut off. What was reserved for it stays counted.
    pub(super) async fn cut_off(&self, number: u64, what: &str) {
        self.gateway.alarm(&format!("a call was cut off by a fault of Interlock's own: {what}"));
        let Some(waiting) = self.session().to_server.take(number) else { return };
        if let (Some(asker), Some(reply)) = (waiting.asker, waiting.item.reply) {
            let reason = "the call was cut off by a fault of Interlock's own";
            reply.deliver(reply::error(asker.id.raw(), INTERNAL_ERROR, reason, None)).await;
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
