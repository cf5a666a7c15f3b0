//! How it is found out which era a server speaks, and what is remembered of it for other connections.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use interlock_wire::bridge::Action;
use interlock_wire::{Era, Message};

use super::outcome::told;
use super::{Because, Bridged, Crossing, PROBE, State};

impl Crossing {
    /// Whether other connections have found out that the server does not speak as this client.
    pub(super) fn is_remembered_as_other(&self, modern: bool) -> bool {
        let within = self.gateway().options.limits.era;
        self.relay.access().found_era(within).is_some_and(|era| (era == Era::Modern) != modern)
    }

    /// Puts a bridge between the two without asking the server first.
    pub(super) fn begin_as_remembered(
        self: &Arc<Self>,
        state: &mut State,
        modern: bool,
        message: Message,
    ) -> bool {
        self.bridge(state, modern, &message, Because::Otherwise);
        if let State::Bridged(bridged) = state {
            bridged.remembered = Some(message);
        }
        false
    }

    /// Asks the server which era it speaks. Whether the request itself is the question.
    pub(super) fn find_out(
        self: &Arc<Self>,
        state: &mut State,
        modern: bool,
        number: u64,
        method: &str,
        message: Message,
    ) -> bool {
        if !modern {
            *state = State::Trying { number, request: message };
            return true;
        }
        let is_question = method == "server/discover";
        if !is_question {
            self.to_server.push(crate::relay::own::discover_request(PROBE));
        }
        let number = if is_question { number } else { PROBE };
        let until = self.now().saturating_add(self.gateway().options.limits.probe);
        *state = State::Probing { number, held: message, until };
        self.keep_time();
        is_question
    }

    /// What was remembered of the server does not hold any more.
    pub(super) fn find_out_again(self: &Arc<Self>, state: &mut State, held: Message) {
        self.relay.access().finds_era(None);
        self.numbering.fetch_add(1, Ordering::AcqRel);
        let Some(number) = held.id().and_then(|id| id.as_u64()) else { return };
        let (method, text) = (held.method().unwrap_or_default().into_owned(), held.source().to_owned());
        let modern = method != "initialize";
        if self.find_out(state, modern, number, &method, held) {
            self.to_server.push(text);
        }
        self.changed.notify_one();
    }

    /// Nobody will come back with this state.
    pub(crate) fn abandon(&self, requested: &str) {
        if let State::Bridged(bridged) = &mut *self.state() {
            let actions = bridged.pair.abandon(requested, self.now());
            self.act(bridged, actions);
        }
    }
}

impl Bridged {
    /// The client's first request, where these actions tell it that the server does not speak what was remembered.
    pub(super) fn disproved(&mut self, actions: &[Action]) -> Option<Message> {
        let held = self.remembered.take()?;
        match number_of(&held).and_then(|number| told(actions, number)) {
            // A call may fail at a server that speaks what it should.
            Some(false) if self.pair.has_failed() || !self.pair.is_modern_client() => Some(held),
            None if !self.pair.has_begun() => {
                self.remembered = Some(held);
                None
            }
            _ => None,
        }
    }
}

/// The number of a request of the client's.
pub(super) fn number_of(message: &Message) -> Option<u64> {
    message.id().and_then(|id| id.as_u64())
}
