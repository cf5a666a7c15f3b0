//! The ledger in memory passes what the embedded one passes, as far as one caller and a set clock can ask.

use std::sync::atomic::{AtomicI64, Ordering};

use interlock_store::InMemory;

use crate::clock::NOON;
use crate::request::*;
use crate::suite;

fn ledger() -> InMemory {
    InMemory::new(NOON).unwrap()
}

#[tokio::test]
async fn it_passes_the_suite() {
    suite::a_call_takes_all_or_none(&ledger()).await;
    suite::needs_on_one_counter_add_up(&ledger()).await;
    suite::bounds_and_amounts(&ledger()).await;
    suite::an_edited_limit_keeps_what_was_counted(&ledger()).await;
    suite::what_is_given_back_can_be_used_once_more(&ledger()).await;
    suite::errors_refund_what_says_so(&ledger()).await;
    suite::what_has_reached_the_server_is_only_refunded(&ledger()).await;
    suite::what_was_judged_on_must_still_hold(&ledger()).await;
    suite::shadows_count_and_deny_nothing(&ledger()).await;
    suite::names_that_look_alike_are_different_counters(&ledger()).await;
    suite::those_near_their_limit_are_listed_first(&ledger()).await;
    suite::parallel_callers_share_one_limit(std::sync::Arc::new(ledger())).await;
}

#[tokio::test]
async fn it_counts_many_entries() {
    let (ledger, now) = (ledger(), AtomicI64::new(NOON));
    let advance = |ms: i64| ledger.set_time(now.fetch_add(ms, Ordering::Relaxed) + ms);
    suite::many_entries_are_all_counted(&ledger, advance).await;
}

#[tokio::test]
async fn it_counts_by_the_time_that_is_set() {
    let ledger = ledger();
    let once = || vec![call(sliding("a"), "1"), call(daily("b"), "9")];
    reserved(&ledger, once()).await;
    let wait = exhausted(&ledger, once()).await.retry_after_ms.unwrap();
    ledger.set_time(NOON + i64::try_from(wait).unwrap() - 1);
    exhausted(&ledger, once()).await;
    ledger.set_time(NOON - 1_000_000_000);
    exhausted(&ledger, once()).await;
    ledger.set_time(NOON + i64::try_from(wait).unwrap());
    reserved(&ledger, once()).await;
    assert_eq!(value(&ledger, daily("b")).await, number("2"));
}
