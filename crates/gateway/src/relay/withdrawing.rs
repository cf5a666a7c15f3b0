//! A caller that has left: over HTTP since 2026-07-28, closing the stream is the cancellation.

use interlock_wire::reply;

use super::Relay;
use crate::session::Awaited;
use crate::settle::Ending;

impl Relay {
    /// Withdraws everything that one exchange asked. What is still being judged is not made; what the server has
    /// seen, it is told.
    pub(crate) async fn withdraw_all(&self, exchange: u64) {
        let numbers = self.session().to_server.of_exchange(exchange);
        for number in numbers {
            self.withdraw(number).await;
        }
    }

    pub(super) async fn withdraw(&self, number: u64) {
        let (seen, waiting) = {
            let mut session = self.session();
            let judging = session.to_server.get(number).map(|waiting| &waiting.item.awaited);
            match judging {
                None => return,
                Some(Awaited::Judging) => (false, session.to_server.take(number)),
                Some(_) => (true, session.to_server.give_up(number)),
            }
        };
        let Some(waiting) = waiting else { return };
        if let Some(ticket) = waiting.item.awaited.into_ticket() {
            ticket.settle(Ending::Cancelled).await;
        }
        if seen {
            let params = format!(r#"{{"requestId":{number},"reason":"its caller has left"}}"#);
            self.upstream.push(reply::notification("notifications/cancelled", Some(&params)));
        }
    }
}
