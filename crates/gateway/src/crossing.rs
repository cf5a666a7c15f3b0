//! Between the relay, which judges in the client's era, and the transport, which speaks the server's.
//!
//! The first message tells the client's era, and the server is asked in that one first: a server of both is then
//! spoken to as its client speaks, and the bytes pass as they are. A modern client's server is asked
//! `server/discover`; one that does not answer as of 2026-07-28 gets `initialize`. A legacy client's server gets its
//! `initialize`; one that refuses it is asked `server/discover`. From then on a [bridge](interlock_wire::bridge)
//! stands between the two where they differ.

mod crossed;
mod finding;
mod outcome;
mod pair;
mod slow;
mod time;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use interlock_wire::bridge::{Action, List};
use interlock_wire::http::ParamHeaders;
use interlock_wire::line::Line;
use interlock_wire::{Era, Message, Outcome, Parsed, Refusal, RequestId, Shape, Version, reply};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::fault::guarded;
use crate::gateway::Gateway;
use crate::outbox::{Outbox, Outgoing, Taken, outbox};
use crate::relay::Relay;
use crate::settle::Ending;
pub(crate) use crossed::Crossed;
use finding::number_of;
use outcome::{answer_to, failed, is_modern, told};
use pair::Pair;

/// One connection's crossing.
#[derive(Debug)]
pub(crate) struct Crossing {
    pub(crate) relay: Arc<Relay>,
    /// The server's era, where the operator has said it.
    known: Option<Era>,
    /// Whether messages pass as they are, which is looked at for every one.
    passes: AtomicBool,
    numbering: AtomicU64,
    state: Mutex<State>,
    /// What is made here for the server.
    to_server: Outbox,
    /// Something has changed for the one who sends.
    changed: Notify,
    /// Something has changed for the one who keeps the time.
    due: Notify,
    began: Instant,
    /// Those who tell the client what bridges made for it.
    telling: Mutex<Vec<JoinHandle<()>>>,
    /// Who keeps the time.
    timer: Mutex<Option<JoinHandle<()>>>,
}

/// How far it is known whom the client speaks to.
#[derive(Debug)]
enum State {
    /// The client has said nothing that tells its era.
    New,
    /// A legacy client's `initialize` is on its way to the server.
    Trying { number: u64, request: Message },
    /// A modern client's server is being asked which versions it speaks; the request waits, or is the question itself.
    Probing { number: u64, held: Message, until: Duration },
    /// Both speak the same; the answer to this request, which the gateway made too early, is for nobody.
    PassingBut(u64),
    /// Both speak the same.
    Passing,
    /// They do not. Boxed: most do.
    Bridged(Box<Bridged>),
}

#[derive(Debug)]
struct Bridged {
    pair: Pair,
    to_client: Outbox,
    /// What a legacy client's server said to `initialize`, until it is known whether it is modern.
    refused: Option<Refused>,
    /// The question which era it speaks, which a modern client's server has not answered in time.
    late: Option<u64>,
    /// The client's first request, where the server's era was remembered and the server has not confirmed it.
    remembered: Option<Message>,
    /// Whether what was found out is noted for the connections after this.
    noted: bool,
}

/// Why a bridge is put between client and server.
#[derive(Debug)]
enum Because {
    /// The server is known to speak otherwise, or has said so.
    Otherwise,
    /// A modern client's server has not answered this question in time.
    Silent(u64),
    /// A legacy client's server refused its `initialize`.
    Refused(Refused),
}

/// A server's refusal of the client's `initialize`.
#[derive(Debug)]
struct Refused {
    number: u64,
    how: How,
}

#[derive(Debug)]
enum How {
    Answered(Message),
    Unanswered { reason: String, ending: Ending },
}

/// What is left to do when the state is no longer locked.
#[derive(Debug)]
enum Then {
    Nothing,
    /// The relay takes the message as it is.
    Pass,
    /// The relay learns that nobody answers these requests.
    Unanswered(Vec<u64>, Ending),
    /// The relay learns what the server said to `initialize`.
    Refused(Refused),
}

/// The number of the gateway's own question, larger than any that a relay counts up to.
const PROBE: u64 = (1 << 53) - 1;

/// Puts a crossing between a relay and what it queues for its server.
pub(crate) fn between(relay: Arc<Relay>, queued: Outgoing) -> (Arc<Crossing>, Crossed) {
    let (to_server, made) = outbox(relay.gateway().options.limits.queued_bytes);
    let crossing = Arc::new(Crossing {
        known: relay.server_era(),
        relay,
        passes: AtomicBool::new(false),
        numbering: AtomicU64::new(0),
        state: Mutex::new(State::New),
        to_server,
        changed: Notify::new(),
        due: Notify::new(),
        began: Instant::now(),
        telling: Mutex::default(),
        timer: Mutex::default(),
    });
    crossing.relay.crosses(&crossing);
    let crossed = Crossed::new(Arc::clone(&crossing), made, queued);
    (crossing, crossed)
}

impl Crossing {
    /// The version that the server is spoken to in.
    pub(crate) fn spoken(&self) -> Version {
        match &*self.state() {
            State::Bridged(bridged) => bridged.pair.spoken(),
            State::Probing { .. } => Version::LATEST,
            _ => self.relay.spoken(),
        }
    }

    /// The gateway that it belongs to.
    pub(crate) fn gateway(&self) -> &Gateway {
        self.relay.gateway()
    }

    /// The arguments of a tool that headers repeat, as the server's definitions say.
    pub(crate) async fn param_headers(&self, tool: &str) -> ParamHeaders {
        self.relay.param_headers(tool, true).await.unwrap_or_default()
    }

    /// Something is wrong with the server.
    pub(crate) fn server_failed(&self, why: &str) {
        self.gateway().server_failed(self.relay.access().server(), why);
    }

    /// The server's name.
    pub(crate) fn server(&self) -> &str {
        self.relay.server()
    }

    /// Whether the server still owes the answer to this request.
    pub(crate) fn awaits(&self, number: u64) -> bool {
        match &*self.state() {
            State::Bridged(bridged) => bridged.pair.awaits(number),
            State::Probing { number: probe, .. } if *probe == number => true,
            _ => self.relay.awaits(number),
        }
    }

    /// Changes when the numbers of requests come to mean others: a bridge has its own.
    pub(crate) fn numbering(&self) -> u64 {
        self.numbering.load(Ordering::Acquire)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether messages pass as they are, for as long as the connection lasts.
    pub(crate) fn passes(&self) -> bool {
        self.passes.load(Ordering::Acquire)
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Whether what the client says can be taken now.
    fn takes(&self) -> bool {
        !matches!(&*self.state(), State::Probing { .. })
    }

    /// Whether requests wait here until client and server have begun.
    fn is_beginning(&self) -> bool {
        match &*self.state() {
            State::Probing { .. } => true,
            State::Bridged(bridged) => bridged.pair.is_beginning(),
            State::New | State::Trying { .. } | State::Passing | State::PassingBut(_) => false,
        }
    }

    /// Takes what the client said; gives it back where it goes to the server as it is.
    fn from_client(self: &Arc<Self>, taken: Taken) -> Option<Taken> {
        let limits = &self.gateway().options.limits.message;
        // It was written by the gateway itself, from what it had read.
        let Ok(message) = Message::parse(taken.line.as_bytes().to_vec(), limits) else {
            tracing::error!("a message for the server cannot be read again");
            return None;
        };
        let mut state = self.state();
        match &mut *state {
            State::Passing | State::PassingBut(_) | State::Trying { .. } | State::Probing { .. } => {
                Some(taken)
            }
            State::New => self.begin(&mut state, message).then_some(taken),
            State::Bridged(bridged) => {
                if let Some(number) = bridged.client_gave_up(&message) {
                    self.begin_anew(&mut state, number, message);
                    return Some(taken);
                }
                let actions = bridged.pair.bridge().client_sent(&message, self.now());
                self.act(bridged, actions);
                None
            }
        }
    }

    /// Looks at what the client says first. Whether it goes to the server as it is.
    fn begin(self: &Arc<Self>, state: &mut State, message: Message) -> bool {
        let Shape::Request(request) = message.shape() else { return true };
        let (number, method) = (request.id.as_u64(), request.method.clone().into_owned());
        let modern = interlock_wire::ModernMeta::is_claimed_by(&request);
        drop(request);
        let Some(number) = number else { return true };
        match (modern, self.known) {
            // It says nothing of the client's era.
            (false, _) if method != "initialize" => true,
            (true, Some(Era::Modern)) | (false, Some(Era::Legacy)) => {
                self.pass(state);
                true
            }
            (true, Some(Era::Legacy)) | (false, Some(Era::Modern)) => {
                self.bridge(state, modern, &message, Because::Otherwise);
                false
            }
            (modern, None) => {
                if self.is_remembered_as_other(modern) {
                    return self.begin_as_remembered(state, modern, message);
                }
                self.find_out(state, modern, number, &method, message)
            }
        }
    }

    fn pass(&self, state: &mut State) {
        *state = State::Passing;
        self.passes.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    /// Puts a bridge between the two and hands it the client's first request.
    fn bridge(self: &Arc<Self>, state: &mut State, modern: bool, first: &Message, because: Because) {
        self.numbering.fetch_add(1, Ordering::AcqRel);
        let limits = &self.gateway().options.limits;
        let (refused, late) = match because {
            Because::Otherwise => (None, None),
            Because::Silent(question) => (None, Some(question)),
            Because::Refused(refused) => (Some(refused), None),
        };
        let pair = Pair::new(modern, limits, self.relay.declared_by_modern().as_deref());
        let (to_client, mut queue) = outbox(limits.queued_bytes);
        let relay = Arc::clone(&self.relay);
        let telling = tokio::spawn(async move {
            while let Some(taken) = queue.next().await {
                let telling = relay.from_server(Line::Complete(taken.line.into_bytes()), taken.on);
                guarded(relay.gateway(), "telling the client what its server says", telling).await;
            }
        });
        self.telling.lock().unwrap_or_else(PoisonError::into_inner).push(telling);
        self.keep_time();
        let bridged = Bridged { pair, to_client, refused, late, remembered: None, noted: false };
        let mut bridged = Box::new(bridged);
        let actions = bridged.pair.bridge().client_sent(first, self.now());
        self.act(&bridged, actions);
        *state = State::Bridged(bridged);
        self.changed.notify_one();
    }

    /// Takes one line from the server, which came on the stream of request `on` where it has one.
    pub(crate) async fn from_server(self: &Arc<Self>, line: Line, on: Option<u64>) {
        if self.passes() {
            return self.relay.from_server(line, on).await;
        }
        Box::pin(self.cross(line, on)).await;
    }

    /// Takes one line from a server that the client does not understand, or not yet.
    async fn cross(self: &Arc<Self>, line: Line, on: Option<u64>) {
        let limits = &self.gateway().options.limits.message;
        let refusal = match line {
            Line::TooLong { head, .. } => Refusal::of_long_line(&head, limits.bytes),
            Line::Complete(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => return,
            Line::Complete(bytes) => match interlock_wire::parse(bytes, self.for_batches(), limits) {
                Ok(Parsed::One(message)) => return self.server_message(message, on).await,
                Ok(Parsed::Batch(elements)) => {
                    for element in elements {
                        match element {
                            Ok(message) => self.server_message(message, on).await,
                            Err(refusal) => self.unreadable(&refusal).await,
                        }
                    }
                    return;
                }
                Err(refusal) => refusal,
            },
        };
        self.unreadable(&refusal).await;
    }

    /// The version in which the server may send batches.
    fn for_batches(&self) -> Option<Version> {
        match &*self.state() {
            State::Bridged(bridged) => bridged.pair.for_batches(),
            _ => self.relay.has_negotiated().then(|| self.relay.spoken()),
        }
    }

    async fn server_message(self: &Arc<Self>, message: Message, on: Option<u64>) {
        self.wait_for_room().await;
        let then = self.server_said(&mut self.state(), &message, on);
        match then {
            Then::Pass => {
                self.relay.from_server(Line::Complete(message.into_source().into_bytes()), on).await
            }
            then => self.finish(then, "the server refused").await,
        }
    }

    /// While the client does not read, or the server does not, the server is not read either.
    async fn wait_for_room(&self) {
        let to_client = match &*self.state() {
            State::Bridged(bridged) => bridged.to_client.clone(),
            _ => return,
        };
        drop(to_client.room(1).await);
        drop(self.to_server.room(1).await);
    }

    fn server_said(self: &Arc<Self>, state: &mut State, message: &Message, on: Option<u64>) -> Then {
        match state {
            State::New | State::Passing => Then::Pass,
            State::PassingBut(number) => match answer_to(message, *number) {
                None => Then::Pass,
                Some(_) => {
                    self.pass(state);
                    Then::Nothing
                }
            },
            State::Trying { number, request } => match answer_to(message, *number) {
                None => Then::Pass,
                Some(Outcome::Result(_)) => {
                    self.pass(state);
                    Then::Pass
                }
                Some(Outcome::Error(_)) => {
                    let refused = Refused { number: *number, how: How::Answered(message.clone()) };
                    let request = request.clone();
                    self.bridge(state, false, &request, Because::Refused(refused));
                    Then::Nothing
                }
            },
            State::Probing { number, held, .. } => {
                let Some(outcome) = answer_to(message, *number) else { return Then::Pass };
                let (own, held) = (*number == PROBE, held.clone());
                match (is_modern(&outcome), own) {
                    (true, false) => {
                        self.pass(state);
                        Then::Pass
                    }
                    (true, true) => {
                        self.to_server.push(held.source().to_owned());
                        self.pass(state);
                        Then::Nothing
                    }
                    (false, _) => {
                        self.bridge(state, true, &held, Because::Otherwise);
                        Then::Nothing
                    }
                }
            }
            State::Bridged(bridged) => {
                if let Some(modern) = bridged.late_answer(message) {
                    return if modern { self.overtaken(state) } else { Then::Nothing };
                }
                let actions = bridged.pair.bridge().server_sent(message, on, self.now());
                self.acted(state, actions)
            }
        }
    }

    /// Does what a bridge says, and looks at whether it goes on.
    fn acted(self: &Arc<Self>, state: &mut State, actions: Vec<Action>) -> Then {
        let State::Bridged(bridged) = state else { return Then::Nothing };
        if let Some(held) = bridged.disproved(&actions) {
            let others = actions.into_iter().filter(|action| failed(action) != number_of(&held));
            self.act(bridged, others.collect());
            self.find_out_again(state, held);
            return Then::Nothing;
        }
        if !bridged.noted && bridged.pair.has_begun() {
            bridged.noted = true;
            self.relay.access().finds_era(Some(bridged.pair.server_era()));
        }
        if let Some(refused) = bridged.refused.take() {
            match told(&actions, refused.number) {
                None => bridged.refused = Some(refused),
                // It is modern.
                Some(true) => {}
                // It is neither: the client learns what the server said to itself.
                Some(false) => {
                    *state = State::New;
                    return Then::Refused(refused);
                }
            }
        }
        self.act(bridged, actions);
        if bridged.pair.has_failed() {
            *state = State::New;
        }
        self.changed.notify_one();
        Then::Nothing
    }

    fn act(&self, bridged: &Bridged, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::ToServer(sent) => self.to_server.push(sent.line),
                Action::ToClient(sent) => {
                    let on = sent.on.as_ref().and_then(RequestId::as_u64);
                    bridged.to_client.push_on(sent.line, on);
                }
                // The transport makes of it what its server understands.
                Action::CloseStream(number) => {
                    let params = format!(r#"{{"requestId":{number}}}"#);
                    self.to_server.push(reply::notification("notifications/cancelled", Some(&params)));
                }
                Action::Changed(List::Tools) => self.relay.tools_changed(),
                Action::Changed(_) => {}
            }
        }
        self.due.notify_one();
    }

    async fn finish(&self, then: Then, reason: &str) {
        match then {
            Then::Nothing | Then::Pass => {}
            Then::Unanswered(numbers, ending) => {
                for number in numbers {
                    self.relay.unanswered(number, reason, ending.clone()).await;
                }
            }
            Then::Refused(Refused { how: How::Answered(message), .. }) => {
                self.relay.from_server(Line::Complete(message.into_source().into_bytes()), None).await;
            }
            Then::Refused(Refused { number, how: How::Unanswered { reason, ending } }) => {
                self.relay.unanswered(number, &reason, ending).await;
            }
        }
    }

    /// The server sent something that breaks the protocol.
    async fn unreadable(self: &Arc<Self>, refusal: &Refusal) {
        if !matches!(&*self.state(), State::Bridged(_)) {
            return self.relay.refuse_server(refusal).await;
        }
        let reason = self.relay.note_unreadable(refusal);
        if refusal.method.is_some() {
            if let Some(answer) = refusal.answer() {
                self.to_server.push(answer);
            }
            return;
        }
        let answered = refusal.response_to.as_ref().or(refusal.likely_response_to.as_ref());
        if let Some(number) = answered.and_then(RequestId::as_u64) {
            let told = format!("the server's answer was refused: {reason}");
            self.unanswered(number, &told, Ending::Blocked { reason }).await;
        }
    }

    /// A request that the server will not answer any more.
    pub(crate) async fn unanswered(self: &Arc<Self>, number: u64, reason: &str, ending: Ending) {
        let then = self.server_closed(&mut self.state(), number, reason, ending);
        self.finish(then, reason).await;
    }

    fn server_closed(self: &Arc<Self>, state: &mut State, number: u64, reason: &str, ending: Ending) -> Then {
        match state {
            State::Trying { number: tried, request } if *tried == number => {
                if ending == Ending::NotSent {
                    *state = State::New;
                    return Then::Unanswered(vec![number], ending);
                }
                let how = How::Unanswered { reason: reason.to_owned(), ending };
                let request = request.clone();
                self.bridge(state, false, &request, Because::Refused(Refused { number, how }));
                Then::Nothing
            }
            State::Probing { number: probe, held, .. } if *probe == number => {
                let held = held.clone();
                if ending == Ending::NotSent {
                    *state = State::New;
                    self.changed.notify_one();
                    return Then::Unanswered(
                        held.id().and_then(|id| id.as_u64()).into_iter().collect(),
                        ending,
                    );
                }
                self.bridge(state, true, &held, Because::Otherwise);
                Then::Nothing
            }
            State::New
            | State::Passing
            | State::PassingBut(_)
            | State::Trying { .. }
            | State::Probing { .. } => Then::Unanswered(vec![number], ending),
            State::Bridged(bridged) => {
                // What waits for the beginning has not been sent.
                let ending = if bridged.pair.is_beginning() { Ending::NotSent } else { ending };
                let actions = bridged.pair.bridge().server_closed(number, self.now());
                self.closed(state, actions, ending)
            }
        }
    }

    /// The relay hears of requests that a bridge gave up, as of those that it gives up itself.
    fn closed(self: &Arc<Self>, state: &mut State, actions: Vec<Action>, ending: Ending) -> Then {
        if let State::Bridged(bridged) = state
            && let Some(held) = bridged.disproved(&actions)
        {
            let others = actions.iter().filter_map(failed);
            let others = others.filter(|number| Some(*number) != number_of(&held)).collect();
            self.find_out_again(state, held);
            return Then::Unanswered(others, ending);
        }
        let (failed, others): (Vec<_>, Vec<_>) =
            actions.into_iter().partition(|action| failed(action).is_some());
        let numbers: Vec<u64> = failed.iter().filter_map(self::failed).collect();
        if let State::Bridged(bridged) = state
            && let Some(refused) = bridged.refused.take_if(|refused| numbers.contains(&refused.number))
        {
            *state = State::New;
            return Then::Refused(refused);
        }
        match self.acted(state, others) {
            Then::Nothing => Then::Unanswered(numbers, ending),
            then => then,
        }
    }

    /// The server has forgotten its session: what it worked at is lost, and the next request begins anew.
    pub(crate) async fn session_lost(self: &Arc<Self>, reason: &str) {
        let then = {
            let mut state = self.state();
            let State::Bridged(bridged) = &mut *state else { return };
            let actions = bridged.pair.bridge().server_gone(self.now());
            let then = self.closed(&mut state, actions, Ending::Disconnected);
            if bridged_is_modern_client(&state) {
                *state = State::New;
            }
            then
        };
        self.finish(then, reason).await;
    }
}

fn bridged_is_modern_client(state: &State) -> bool {
    matches!(state, State::Bridged(bridged) if bridged.pair.is_modern_client())
}
