//! The step that settles: each ticket is settled exactly once, and its outcome recorded.

use std::sync::Arc;
use std::time::Instant;

use interlock_audit::{AuditError, Seq, Settlement, Staged, Status};
use interlock_store::Failure;
use interlock_wire::trace::TraceContext;
use tokio::runtime::Handle;

use crate::approvals::Granted;
use crate::fault::guarded;
use crate::gateway::Gateway;
use crate::metrics;
use crate::record::{About, Ended};
use crate::reserve::{self, Held};

/// What a fault of the store's cuts off: the answer goes back all the same.
const GIVING_BACK: &str = "giving back what was reserved";

/// The right to forward one call: what was reserved for it and the intent that was recorded.
#[derive(Debug)]
pub(crate) struct Ticket {
    /// Boxed: a ticket is handed on often.
    open: Option<Box<Open>>,
    /// How the call has ended, once that is known.
    ending: Option<Ending>,
}

#[derive(Debug)]
struct Open {
    gateway: Arc<Gateway>,
    about: About,
    reservation: Option<Held>,
    /// The approval that was taken for it.
    taken: Option<Granted>,
    /// The intent on its way to the log, until it is known whether it is there.
    staged: Option<Staged>,
    /// `None` when the log could not be written and the operator lets calls pass all the same.
    intent: Option<Seq>,
    since: Instant,
    bytes_in: u64,
    /// Counted for as long as the ticket is open.
    reserved: Option<metrics::Open>,
    in_flight: Option<metrics::Open>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It never reached the server: what was reserved is given back.
    NotSent,
    /// The server answered.
    Answered { status: Status, bytes: u64, code: Option<i64> },
    /// The server answered with what it wants first, and the retry will be the same call.
    Continues { status: Status, bytes: u64, code: Option<i64> },
    /// It reached the server, who answers no notification.
    HandedOver,
    /// The caller gave up.
    Cancelled,
    /// The server took too long.
    TimedOut,
    /// The server went away.
    Disconnected,
    /// The server's answer was not relayed.
    Blocked { reason: String },
}

impl Ending {
    /// The same answer, to a call that goes on.
    pub(crate) fn continues(self) -> Ending {
        match self {
            Ending::Answered { status, bytes, code } => Ending::Continues { status, bytes, code },
            other => other,
        }
    }
}

impl Ticket {
    pub(crate) fn new(
        gateway: Arc<Gateway>,
        about: About,
        reservation: Option<Held>,
        taken: Option<Granted>,
        staged: Option<Staged>,
    ) -> Self {
        let reserved = reservation.is_some().then(|| gateway.metrics.reserved());
        let open = Open {
            gateway,
            about,
            reservation,
            taken,
            staged,
            intent: None,
            since: Instant::now(),
            bytes_in: 0,
            reserved,
            in_flight: None,
        };
        Self { open: Some(Box::new(open)), ending: None }
    }

    /// Waits until the intent is in the log.
    pub(crate) async fn record(&mut self, staged: Result<Staged, AuditError>) -> Result<Seq, AuditError> {
        let Some(open) = &mut self.open else { return Err(AuditError::Finished) };
        let recorded = open.gateway.recorder.confirm(staged).await;
        open.staged = None;
        open.intent = recorded.as_ref().ok().copied();
        if let Some(trace) = &open.about.trace {
            trace.recorded();
        }
        recorded
    }

    /// Gives back what was reserved for a call that cannot be made, and has its refusal recorded.
    pub(crate) async fn refuse(mut self, record: impl FnOnce(&About)) {
        let Some(open) = &self.open else { return };
        record(&open.about);
        reserve::release(&open.gateway, open.reservation.clone()).await;
        open.gateway.give_approval_back(open.taken.as_ref()).await;
        self.open = None;
    }

    /// The call is being forwarded: from here on it counts.
    pub(crate) fn forwarded(&mut self, bytes: usize) {
        if let Some(open) = &mut self.open {
            open.since = Instant::now();
            open.bytes_in = bytes as u64;
            open.in_flight = Some(open.gateway.metrics.forwarded(&open.about));
            if let Some(trace) = &open.about.trace {
                trace.forwarded();
            }
        }
    }

    /// What the server is told of the trace that the call belongs to.
    pub(crate) fn trace(&self) -> Option<&TraceContext> {
        Some(self.open.as_ref()?.about.trace.as_ref()?.to_server())
    }

    /// Gives back what was reserved or lets it count, and records the outcome.
    ///
    /// Whoever waits for that may be cut off: the ticket is whole until then, and recorded when it is dropped.
    pub(crate) async fn settle(mut self, ending: Ending) {
        self.ending = Some(ending.clone());
        let Some(open) = &self.open else { return };
        let settled = match &ending {
            Ending::NotSent => {
                let releasing = reserve::release(&open.gateway, open.reservation.clone());
                let released = guarded(&open.gateway, GIVING_BACK, releasing).await.unwrap_or(false);
                open.gateway.give_approval_back(open.taken.as_ref()).await;
                released.then_some(Settlement::Release)
            }
            Ending::Answered { status: status @ (Status::Error | Status::ToolError), .. } => {
                let failure = if *status == Status::Error { Failure::Protocol } else { Failure::Result };
                let refunding = reserve::refund(&open.gateway, open.reservation.clone(), failure);
                let refunded = guarded(&open.gateway, GIVING_BACK, refunding).await.unwrap_or(false);
                if refunded { Some(Settlement::Refund) } else { open.counted() }
            }
            _ => open.counted(),
        };
        if let Some(mut open) = self.open.take() {
            open.record(&ending, settled);
        }
    }
}

impl Open {
    fn counted(&self) -> Option<Settlement> {
        self.reservation.is_some().then_some(Settlement::Commit)
    }

    fn record(&mut self, ending: &Ending, settled: Option<Settlement>) {
        drop((self.reserved.take(), self.in_flight.take()));
        if let Some(how) = settled {
            self.gateway.metrics.settled(how);
        }
        let Some(intent) = self.intent else { return };
        let (status, bytes_out, code, reason) = match ending {
            Ending::NotSent => (Status::NotSent, None, None, None),
            Ending::Answered { status, bytes, code } | Ending::Continues { status, bytes, code } => {
                (*status, Some(*bytes), *code, None)
            }
            Ending::HandedOver => (Status::Ok, None, None, None),
            Ending::Cancelled => (Status::Cancelled, None, None, None),
            Ending::TimedOut => (Status::TimedOut, None, None, None),
            Ending::Disconnected => (Status::Disconnected, None, None, None),
            Ending::Blocked { reason } => (Status::Blocked, None, None, Some(reason.as_str())),
        };
        let latency_us = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        let ended = Ended { status, settled, latency_us, bytes_in: self.bytes_in, bytes_out, code, reason };
        self.gateway.recorder.outcome(&self.about, intent, &ended);
    }
}

/// The call is not made whose intent nobody waits for any more. The intent comes into the log all the same, and has to have
/// its outcome there.
async fn not_made(mut open: Box<Open>, staged: Staged) {
    open.intent = open.gateway.recorder.confirm(Ok(staged)).await.ok();
    Ticket { open: Some(open), ending: None }.settle(Ending::NotSent).await;
}

/// A ticket that is dropped unsettled (its task was cut off) counts: the call may have reached the server, unless its
/// intent is not known to be in the log yet.
impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(mut open) = self.open.take() {
            let staged = open.staged.take();
            if let (Some(staged), Ok(runtime)) = (staged, Handle::try_current()) {
                runtime.spawn(not_made(open, staged));
                return;
            }
            let counted = open.counted();
            open.record(&self.ending.take().unwrap_or(Ending::Disconnected), counted);
        }
    }
}
