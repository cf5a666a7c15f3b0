//! A server that takes longer to start than it is waited for: it answers when it is asked something else already, and
//! the client may have given up and asked otherwise too.

use std::sync::Arc;

use interlock_wire::{Message, Shape};

use super::outcome::{answer_to, failed, is_modern};
use super::{Bridged, Crossing, State, Then};
use crate::settle::Ending;

/// From where a bridge counts whose server may still answer earlier requests: no relay counts up to here, so that
/// neither answer is taken for the other.
pub(super) const APART: u64 = 1 << 52;

impl Bridged {
    /// Takes the late answer to the question which era the server speaks: whether it is the client's.
    pub(super) fn late_answer(&mut self, message: &Message) -> Option<bool> {
        let outcome = answer_to(message, self.late?)?;
        let modern = is_modern(&outcome) && !self.pair.has_begun();
        if !modern {
            self.late = None;
        }
        Some(modern)
    }

    /// The number of a modern client's `initialize`: it was not answered in time which versions the server speaks, and
    /// takes it for a legacy one.
    pub(super) fn client_gave_up(&self, message: &Message) -> Option<u64> {
        match message.shape() {
            Shape::Request(request) if self.pair.is_modern_client() && request.method == "initialize" => {
                request.id.as_u64()
            }
            _ => None,
        }
    }
}

impl Crossing {
    /// The server speaks as its client after all: what waited goes to it as it is, and what it says to the `initialize`
    /// that nobody sent is for nobody.
    pub(super) fn overtaken(self: &Arc<Self>, state: &mut State) -> Then {
        let State::Bridged(bridged) = state else { return Then::Nothing };
        let Some(question) = bridged.late.take() else { return Then::Nothing };
        let Some((initialize, waiting)) = bridged.pair.take_waiting() else { return Then::Nothing };
        self.numbering.fetch_add(1, std::sync::atomic::Ordering::AcqRel);
        let is_question = |message: &Message| message.id().and_then(|id| id.as_u64()) == Some(question);
        let then = if waiting.iter().any(is_question) { Then::Pass } else { Then::Nothing };
        for message in waiting.into_iter().filter(|message| !is_question(message)) {
            self.to_server.push(message.source().to_owned());
        }
        *state = State::PassingBut(initialize);
        self.changed.notify_one();
        then
    }

    /// The client begins anew as a legacy one: what it asked before is over. Nobody has answered that, and the server may
    /// have seen it: it is not given back as what a server answers with an error may be.
    pub(super) fn begin_anew(self: &Arc<Self>, state: &mut State, number: u64, request: Message) {
        if let State::Bridged(bridged) = state {
            let ending = if bridged.pair.is_beginning() { Ending::NotSent } else { Ending::Disconnected };
            let actions = bridged.pair.bridge().server_gone(self.now());
            let (over, others): (Vec<_>, Vec<_>) =
                actions.into_iter().partition(|action| failed(action).is_some());
            self.act(bridged, others);
            let over = Then::Unanswered(over.iter().filter_map(failed).collect(), ending);
            let crossing = Arc::clone(self);
            tokio::spawn(async move { crossing.finish(over, "its client has begun anew").await });
        }
        self.numbering.fetch_add(1, std::sync::atomic::Ordering::AcqRel);
        *state = State::Trying { number, request };
        self.changed.notify_one();
    }
}
