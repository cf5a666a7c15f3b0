//! Spans of calls for OpenTelemetry: when a call was received, decided, reserved for, recorded, and what its server took.
//! They are sent from a thread and a runtime of their own; a call never waits for that, and what there is no room for is
//! counted and let go. Nothing of a call's arguments or results, no address and no credential is in them.

mod otlp;
mod sending;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use interlock_policy::Section;
use interlock_wire::Message;
use interlock_wire::trace::{self, TraceContext};
use tokio::sync::{mpsc, oneshot};

use crate::identify::Identity;
use crate::metrics::Metrics;
use crate::record::About;
use crate::transport::http::Collector;

/// Where spans go, and which.
#[derive(Debug, Clone)]
pub struct TraceOptions {
    /// Who takes them.
    pub collector: Collector,
    /// Which share of the calls is traced that do not say it themselves, from 0 to 1.
    pub ratio: f64,
    /// What the gateway calls itself there.
    pub service: String,
    /// Calls whose spans wait at most.
    pub queue: usize,
}

/// Begins traces and hands them over.
#[derive(Debug)]
pub(crate) struct Traces {
    ratio: f64,
    to_send: mpsc::Sender<Sent>,
    metrics: Arc<Metrics>,
}

/// What the sending thread is told.
#[derive(Debug)]
enum Sent {
    Call(Box<Spans>),
    /// Send what there is, and say so.
    Flush(oneshot::Sender<()>),
}

/// One call while it is under way. Its spans are handed over when the last who knows of it lets go.
#[derive(Debug)]
pub(crate) struct CallTrace {
    traces: Arc<Traces>,
    since: Instant,
    spans: Mutex<Option<Box<Spans>>>,
    /// What its server is told of it.
    to_server: TraceContext,
}

/// What is known of a call. Times count from when it was received.
#[derive(Debug)]
struct Spans {
    context: TraceContext,
    parent: Option<[u8; 8]>,
    state: Option<String>,
    /// The span of what the server does.
    to_server: [u8; 8],
    received: SystemTime,
    method: String,
    server: Arc<str>,
    identity: Arc<Identity>,
    subject: Option<(Section, String)>,
    reserving: Option<(Duration, Duration)>,
    recording: Option<(Duration, Duration)>,
    forwarded: Option<Duration>,
    ended: Option<Duration>,
    /// What was decided, in a word, and by which rule.
    verdict: &'static str,
    rule: Option<String>,
    /// How it ended, in a word; whether that is an error.
    status: &'static str,
    failed: bool,
}

/// How long the end of the gateway waits for the last spans.
const FLUSH: Duration = Duration::from_secs(2);

impl Traces {
    /// Starts what sends them; `None` where there is no thread to be had.
    pub(crate) fn start(options: &TraceOptions, metrics: &Arc<Metrics>) -> Option<Arc<Self>> {
        let started = sending::start(options.clone(), Arc::clone(metrics));
        let to_send = started.inspect_err(|error| {
            tracing::error!("there are no traces: their thread does not start: {error}")
        });
        let (ratio, metrics) = (options.ratio, Arc::clone(metrics));
        Some(Arc::new(Self { ratio, to_send: to_send.ok()?, metrics }))
    }

    /// Begins the trace of a call, or goes on with that of its caller, who decides then whether it is recorded.
    pub(crate) fn begin(self: &Arc<Self>, message: &Message, about: &mut About) {
        let parent = trace::of_message(message);
        if parent.is_some_and(|parent| !parent.sampled) {
            return;
        }
        let Some((trace_id, span_id, to_server)) = random() else { return };
        if parent.is_none() && !is_sampled(&trace_id, self.ratio) {
            return;
        }
        let trace_id = parent.map_or(trace_id, |parent| parent.trace_id);
        let context = TraceContext { trace_id, span_id, sampled: true };
        let spans = Spans {
            context,
            parent: parent.map(|parent| parent.span_id),
            state: trace::state_of_message(message),
            to_server,
            received: SystemTime::now(),
            method: about.method.clone(),
            server: Arc::clone(&about.server),
            identity: Arc::clone(&about.identity),
            subject: None,
            reserving: None,
            recording: None,
            forwarded: None,
            ended: None,
            verdict: "proceed",
            rule: None,
            status: "unknown",
            failed: true,
        };
        about.traceparent = Some(context.to_string());
        about.trace = Some(Arc::new(CallTrace {
            traces: Arc::clone(self),
            since: Instant::now(),
            spans: Mutex::new(Some(Box::new(spans))),
            to_server: TraceContext { span_id: to_server, ..context },
        }));
    }

    /// Sends what there is, as far as that goes in a moment.
    pub(crate) async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        let flush = async {
            if self.to_send.send(Sent::Flush(done)).await.is_ok() {
                // Nobody is left to tell.
                let _gone = flushed.await;
            }
        };
        let _in_time = tokio::time::timeout(FLUSH, flush).await;
    }
}

impl CallTrace {
    fn spans(&self) -> MutexGuard<'_, Option<Box<Spans>>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, note: impl FnOnce(&mut Spans, Duration)) {
        let now = self.since.elapsed();
        if let Some(spans) = self.spans().as_mut() {
            note(spans, now);
        }
    }

    /// What the server is told of the trace.
    pub(crate) fn to_server(&self) -> &TraceContext {
        &self.to_server
    }

    /// What it asks for. An address of a resource may hold anything, and is left out.
    pub(crate) fn concerns(&self, subject: Option<&(Section, String)>) {
        let subject = subject.filter(|(section, _)| *section != Section::Resources);
        self.note(|spans, _| spans.subject = subject.cloned());
    }

    /// It has been judged, and is reserved for.
    pub(crate) fn reserves(&self) {
        self.note(|spans, now| {
            // Judged again, it has been decided by the last look.
            spans.reserving = Some((now, now));
        });
    }

    /// That has been done, or failed.
    pub(crate) fn reserved(&self) {
        self.note(|spans, now| {
            if let Some((_, end)) = &mut spans.reserving {
                *end = now;
            }
        });
    }

    /// Its intent is written.
    pub(crate) fn records(&self) {
        self.note(|spans, now| spans.recording = Some((now, now)));
    }

    /// It has been.
    pub(crate) fn recorded(&self) {
        self.note(|spans, now| {
            if let Some((_, end)) = &mut spans.recording {
                *end = now;
            }
        });
    }

    /// It goes to the server.
    pub(crate) fn forwarded(&self) {
        self.note(|spans, now| spans.forwarded = Some(now));
    }

    /// A rule let it through.
    pub(crate) fn allowed(&self, rule: &str) {
        self.note(|spans, _| spans.rule = Some(rule.to_owned()));
    }

    /// It was not let through.
    pub(crate) fn refused(&self, category: &'static str, rule: Option<&str>) {
        self.note(|spans, now| {
            spans.verdict = "deny";
            spans.rule = rule.map(str::to_owned).or(spans.rule.take());
            (spans.status, spans.failed, spans.ended) = (category, true, Some(now));
        });
    }

    /// It has ended so.
    pub(crate) fn ended(&self, status: &'static str, failed: bool) {
        self.note(|spans, now| (spans.status, spans.failed, spans.ended) = (status, failed, Some(now)));
    }
}

impl Drop for CallTrace {
    fn drop(&mut self) {
        let Some(mut spans) = self.spans().take() else { return };
        spans.ended.get_or_insert(self.since.elapsed());
        if self.traces.to_send.try_send(Sent::Call(spans)).is_err() {
            self.traces.metrics.traced("dropped", 1);
        }
    }
}

/// The names of a trace and of two spans.
fn random() -> Option<([u8; 16], [u8; 8], [u8; 8])> {
    let (mut trace, mut spans) = ([0; 16], [[0; 8]; 2]);
    getrandom::fill(&mut trace).ok()?;
    getrandom::fill(spans.as_flattened_mut()).ok()?;
    let [one, other] = spans;
    Some((trace, one, other))
}

/// Whether a trace of this name is one of the share that is traced: each who asks comes to the same (OpenTelemetry,
/// "TraceIdRatioBased").
fn is_sampled(trace_id: &[u8; 16], ratio: f64) -> bool {
    const ALL: f64 = (1_u64 << 53) as f64;
    let low = trace_id.last_chunk::<8>().map_or(0, |low| u64::from_be_bytes(*low));
    ((low >> 11) as f64) < ratio * ALL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_traces_is_recorded() {
        let share = |ratio: f64| (0..4_000).filter(|_| is_sampled(&random().unwrap().0, ratio)).count();
        assert_eq!((share(0.0), share(1.0)), (0, 4_000));
        let half = share(0.5);
        assert!((1_600..2_400).contains(&half), "{half}");
        assert!(is_sampled(&[0; 16], 0.000_1) && !is_sampled(&[0xff; 16], 0.999_9));
    }
}
