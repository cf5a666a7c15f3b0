//! A fault of Interlock's own in one call.

use interlock_wire::reply;

use super::Relay;

/// JSON-RPC: an error of the receiver's own.
const INTERNAL_ERROR: i64 = -32_603;

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
