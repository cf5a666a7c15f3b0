//! Reservations in the embedded store.

use std::path::Path;

use anyhow::{Context, Result};
use interlock_json::Decimal;
use interlock_store::{
    Align, Bound, CounterRef, Counters, Embedded, Need, Options, ReserveAnswer, ReserveRequest, Settle,
    Window,
};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// A store and who asks it.
#[derive(Debug)]
pub struct Reserving {
    runtime: Runtime,
    store: Embedded,
}

impl Reserving {
    /// Opens a store in this directory.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(directory: &Path) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        Ok(Self { runtime, store: Embedded::open(directory, Options::default())? })
    }

    /// Reserves `counters` counters and lets them count, as one call does.
    ///
    /// # Errors
    /// When the store does not.
    pub fn one(&self, counters: usize) -> Result<()> {
        self.runtime.block_on(reserve(&self.store, counters))
    }

    /// `callers` calls at once, each as [`Reserving::one`].
    ///
    /// # Errors
    /// When the store does not take one of them.
    pub fn grouped(&self, callers: usize, counters: usize) -> Result<()> {
        self.runtime.block_on(async {
            let mut calls = JoinSet::new();
            for _ in 0..callers {
                let store = self.store.clone();
                calls.spawn(async move { reserve(&store, counters).await });
            }
            while let Some(call) = calls.join_next().await {
                call??;
            }
            Ok(())
        })
    }
}

async fn reserve(store: &Embedded, counters: usize) -> Result<()> {
    match store.reserve(request(counters)).await? {
        ReserveAnswer::Reserved(reservation) => Ok(store.settle(reservation.id, Settle::Commit).await?),
        other => Err(anyhow::anyhow!("{other:?}")).context("a limit was reached"),
    }
}

/// What three limits of a call ask for: calls a minute, a sum a day, calls an hour.
fn request(counters: usize) -> ReserveRequest {
    let kinds = [
        ("_rate_minute", Window::Seconds(60), Align::Sliding),
        ("daily_spend", Window::Day, Align::Calendar),
        ("_rate_hour", Window::Seconds(3_600), Align::Sliding),
    ];
    let need = |(name, window, align)| Need {
        counter: CounterRef {
            key: format!("server=payments/tools/create_charge/{name}/{align:?}/grant=local"),
            window,
            align,
        },
        amount: Decimal::ONE,
        bound: Bound::AtMost(Decimal::from(i64::MAX)),
        label: "server:/tools/create_charge/rules/0".to_owned(),
        shadow: false,
        refund: interlock_store::Refund::Never,
        pays: false,
    };
    ReserveRequest {
        needs: kinds.into_iter().take(counters).map(need).collect(),
        ..ReserveRequest::default()
    }
}
