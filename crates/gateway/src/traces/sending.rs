//! The thread that sends spans to their collector.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::{Sent, Spans, TraceOptions, otlp};
use crate::metrics::Metrics;

/// How long the first of several waits for others to go with.
const TOGETHER: Duration = Duration::from_secs(1);
/// Calls that are sent at once.
const MOST: usize = 256;

struct Sending {
    options: TraceOptions,
    metrics: Arc<Metrics>,
    waiting: mpsc::Receiver<Sent>,
    /// Whether the collector took the last ones: it is said once that it does not.
    is_taken: bool,
}

pub(super) fn start(options: TraceOptions, metrics: Arc<Metrics>) -> io::Result<mpsc::Sender<Sent>> {
    let (to_send, waiting) = mpsc::channel(options.queue.max(1));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let sending = Sending { options, metrics, waiting, is_taken: true };
    std::thread::Builder::new().name("traces".to_owned()).spawn(move || runtime.block_on(sending.run()))?;
    Ok(to_send)
}

impl Sending {
    /// Until nobody is left who could send anything.
    async fn run(mut self) {
        while let Some(first) = self.waiting.recv().await {
            let (mut calls, mut flushed) = (Vec::new(), Vec::new());
            sort(first, &mut calls, &mut flushed);
            let together = tokio::time::sleep(TOGETHER);
            tokio::pin!(together);
            while calls.len() < MOST && flushed.is_empty() {
                tokio::select! {
                    next = self.waiting.recv() => match next {
                        Some(next) => sort(next, &mut calls, &mut flushed),
                        None => break,
                    },
                    () = &mut together => break,
                }
            }
            if !calls.is_empty() {
                self.send(&calls).await;
            }
            for flushed in flushed {
                // Whoever waited may have given up.
                let _gone = flushed.send(());
            }
        }
    }

    async fn send(&mut self, calls: &[Spans]) {
        let body = otlp::request(&self.options.service, calls).to_string();
        let sent = self.options.collector.send(body.into_bytes()).await;
        let count = u64::try_from(calls.len()).unwrap_or(u64::MAX);
        self.metrics.traced(if sent.is_ok() { "exported" } else { "failed" }, count);
        match (&sent, self.is_taken) {
            (Err(error), true) => tracing::warn!("the collector of traces does not take them: {error}"),
            (Ok(()), false) => tracing::info!("the collector of traces takes them again"),
            _ => {}
        }
        self.is_taken = sent.is_ok();
    }
}

fn sort(sent: Sent, calls: &mut Vec<Spans>, flushed: &mut Vec<oneshot::Sender<()>>) {
    match sent {
        Sent::Call(spans) => calls.push(*spans),
        Sent::Flush(done) => flushed.push(done),
    }
}
