//! What is due, and the end of a crossing.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::{Because, Crossing, State, Then};
use crate::fault::guarded;
use crate::settle::Ending;

impl Crossing {
    /// Sees to it that what is due is done.
    pub(super) fn keep_time(self: &Arc<Self>) {
        let mut timer = self.timer.lock().unwrap_or_else(PoisonError::into_inner);
        if timer.is_none() {
            let crossing = Arc::clone(self);
            *timer = Some(tokio::spawn(async move {
                while guarded(crossing.gateway(), "keeping the time", crossing.tick()).await.is_some() {}
            }));
        }
    }

    /// Waits until something is due, or something else may be.
    async fn tick(self: &Arc<Self>) {
        const LONG: Duration = Duration::from_secs(3_600);
        let due = match &*self.state() {
            State::Probing { until, .. } => Some(*until),
            State::Bridged(bridged) => bridged.pair.next_tick(),
            State::New | State::Trying { .. } | State::Passing | State::PassingBut(_) => None,
        };
        let wait = due.map_or(LONG, |due| due.saturating_sub(self.now()));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.due.notified() => return,
        }
        let now = self.now();
        let then = {
            let mut state = self.state();
            match &mut *state {
                State::Probing { number, held, until } if *until <= now => {
                    let (question, held) = (*number, held.clone());
                    self.bridge(&mut state, true, &held, Because::Silent(question));
                    Then::Nothing
                }
                State::Bridged(bridged) => {
                    let actions = bridged.pair.bridge().tick(now);
                    self.acted(&mut state, actions)
                }
                _ => Then::Nothing,
            }
        };
        self.finish(then, "the server did not answer in time").await;
    }

    /// Asking the server was cut off by a fault of Interlock's own: whoever waits is told, and so is the operator.
    pub(crate) async fn cut_off(self: &Arc<Self>, number: u64, what: &str) {
        let server = self.server();
        self.gateway().alarm(&format!(
            "asking the server `{server}` was cut off by a fault of Interlock's own: {what}"
        ));
        let reason = "asking the server was cut off by a fault of Interlock's own";
        guarded(
            self.gateway(),
            "ending the wait for it",
            self.unanswered(number, reason, Ending::Disconnected),
        )
        .await;
    }

    /// The server is gone: what waits for it ends, and what was said before is told.
    pub(crate) async fn end(self: &Arc<Self>, grace: Duration) {
        let then = {
            let mut state = self.state();
            match &mut *state {
                State::Bridged(bridged) => {
                    let actions = bridged.pair.bridge().server_gone(self.now());
                    let then = self.closed(&mut state, actions, Ending::Disconnected);
                    if let State::Bridged(bridged) = &*state {
                        bridged.to_client.close();
                    }
                    then
                }
                _ => Then::Nothing,
            }
        };
        self.finish(then, "the server ended before it answered").await;
        let timer = self.timer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(timer) = timer {
            timer.abort();
        }
        let telling = std::mem::take(&mut *self.telling.lock().unwrap_or_else(PoisonError::into_inner));
        for telling in telling {
            let stop = telling.abort_handle();
            if tokio::time::timeout(grace, telling).await.is_err() {
                stop.abort();
            }
        }
    }
}
