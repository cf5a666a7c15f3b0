//! Loops that make calls, and how long each took.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::Client;

/// What a loop gave.
#[derive(Debug)]
pub struct Turn {
    /// Nanoseconds of each call.
    pub latencies: Histogram<u64>,
    /// All of them together.
    pub taken: Duration,
}

impl Turn {
    /// Microseconds within which this share (0 to 1) of the calls were answered.
    pub fn within(&self, share: f64) -> f64 {
        self.latencies.value_at_quantile(share) as f64 / 1e3
    }

    /// Calls answered in a second.
    pub fn throughput(&self) -> f64 {
        self.latencies.len() as f64 / self.taken.as_secs_f64()
    }
}

/// Two digits in three are exact, up to a minute.
fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1_000, 60_000_000_000, 3)?)
}

/// Every client makes its next call when the one before is answered, until so many have been made together.
///
/// # Errors
/// When a call fails.
pub async fn closed(clients: &mut Vec<Client>, calls: u64) -> Result<Turn> {
    let made = Arc::new(AtomicU64::new(0));
    run(clients, move |client, latencies| {
        let made = Arc::clone(&made);
        async move {
            let (mut client, mut latencies) = (client, latencies);
            while made.fetch_add(1, Ordering::Relaxed) < calls {
                let begun = Instant::now();
                client.call().await?;
                latencies.saturating_record(nanoseconds(begun.elapsed()));
            }
            Ok((client, latencies))
        }
    })
    .await
}

/// Calls at a fixed rate, whether those before are answered or not. A call's time counts from when it was due, not
/// from when a client was free to make it, so that what waits behind a slow answer is counted as waiting.
///
/// # Errors
/// When a call fails.
pub async fn open(clients: &mut Vec<Client>, calls: u64, rate: f64) -> Result<Turn> {
    let made = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    run(clients, move |client, latencies| {
        let made = Arc::clone(&made);
        async move {
            let (mut client, mut latencies) = (client, latencies);
            loop {
                let number = made.fetch_add(1, Ordering::Relaxed);
                if number >= calls {
                    return Ok((client, latencies));
                }
                let due = begun + Duration::from_secs_f64(number as f64 / rate);
                tokio::time::sleep_until(due).await;
                client.call().await?;
                latencies.saturating_record(nanoseconds(due.elapsed()));
            }
        }
    })
    .await
}

async fn run<Loop, Done>(clients: &mut Vec<Client>, mut each: Loop) -> Result<Turn>
where
    Loop: FnMut(Client, Histogram<u64>) -> Done,
    Done: Future<Output = Result<(Client, Histogram<u64>)>> + Send + 'static,
{
    let mut loops = JoinSet::new();
    let begun = Instant::now();
    for client in clients.drain(..) {
        loops.spawn(each(client, histogram()?));
    }
    let mut latencies = histogram()?;
    while let Some(ended) = loops.join_next().await {
        let (client, of_client) = ended??;
        latencies.add(of_client)?;
        clients.push(client);
    }
    Ok(Turn { latencies, taken: begun.elapsed() })
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
