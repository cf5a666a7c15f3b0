//! Putting the embedded backend's clock right.

use std::sync::Arc;

use interlock_json::Decimal;
use interlock_store::{Dates, Embedded, Reclocked, Timekeeping};

use crate::clock::{NOON, TestClock};
use crate::embedded::{ledger_with, options};
use crate::request::*;

/// One process puts the clock right; another one, which remembers the false date, goes by the true one.
#[tokio::test]
async fn every_process_takes_over_the_clock_that_was_put_right() {
    const DAY: i64 = 86_400_000;
    let clock = Arc::new(TestClock::new());
    let directory = tempfile::tempdir().unwrap();
    let open = || Embedded::open(directory.path(), options(&clock)).unwrap();
    let (first, second) = (open(), open());
    reserved(&first, vec![call(daily("a"), "3")]).await;
    clock.set_by(30 * DAY);
    reserved(&second, vec![call(daily("a"), "3")]).await;
    reserved(&first, vec![call(daily("a"), "3")]).await;
    clock.set_by(-30 * DAY);
    let still = first.dates().await.unwrap();
    assert_eq!(still, Dates { ledger_ms: NOON + 30 * DAY, machine_ms: NOON });
    assert_eq!(second.reclock().await.unwrap(), Reclocked { dates: still, moved: 1 });
    for store in [&first, &second, &open()] {
        assert_eq!(value(store, daily("a")).await, number("3"));
        let denied = exhausted(store, vec![call(daily("a"), "3")]).await;
        assert_eq!(denied.retry_after_ms, Some(12 * 3_600_000), "until the true midnight");
        assert_eq!(store.dates().await.unwrap(), Dates { ledger_ms: NOON, machine_ms: NOON });
    }
    clock.advance(DAY);
    reserved(&first, vec![call(daily("a"), "3")]).await;
    assert_eq!(value(&second, daily("a")).await, Decimal::ONE);
}

/// By the false date the day is over, and new counters clear what has expired away.
#[tokio::test]
async fn what_has_expired_by_a_false_date_is_not_cleared_away() {
    let ledger = ledger_with(|options| options);
    let full = || vec![call(daily("a"), "1")];
    reserved(&*ledger.counters, full()).await;
    ledger.clock.set_by(30 * 86_400_000);
    for key in 0..9 {
        reserved(&*ledger.counters, vec![call(daily(&key.to_string()), "1")]).await;
    }
    ledger.clock.set_by(-30 * 86_400_000);
    ledger.time.reclock().await.unwrap();
    exhausted(&*ledger.counters, full()).await;
}

/// Requests that are done together with it count by the true date, too.
#[tokio::test]
async fn putting_the_clock_right_fits_between_calls() {
    let ledger = ledger_with(|options| options);
    ledger.clock.set_by(30 * 86_400_000);
    reserved(&*ledger.counters, vec![call(daily("a"), "9")]).await;
    ledger.clock.set_by(-30 * 86_400_000);
    let one = || reserved(&*ledger.counters, vec![call(daily("a"), "9")]);
    let (_, reclocked, _) = tokio::join!(one(), ledger.time.reclock(), one());
    assert_eq!(reclocked.unwrap().moved, 1);
    assert_eq!(value(&*ledger.counters, daily("a")).await, number("3"));
    let wait = exhausted(&*ledger.counters, vec![call(daily("a"), "3")]).await.retry_after_ms;
    assert_eq!(wait, Some(12 * 3_600_000));
}
