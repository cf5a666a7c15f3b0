//! What holds while time passes and clocks are set.

use interlock_json::Decimal;
use interlock_store::{
    Align, CounterRef, Dates, Reclocked, ReservationId, ReserveAnswer, ReserveRequest, Settle, Window, Zone,
};

use crate::Ledger;
use crate::clock::NOON;
use crate::request::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

pub(crate) async fn waiting_as_long_as_told_is_enough_and_no_longer(ledger: &Ledger) {
    let Ledger { counters, clock, .. } = ledger;
    for (counter, max) in [(sliding("exact"), "2"), (daily("day"), "2"), (sliding("steps"), "20000")] {
        let half = if max == "2" { "1" } else { "10000" };
        let needs = || vec![need(counter.clone(), half, at_most(max))];
        reserved(&**counters, needs()).await;
        clock.advance(700);
        reserved(&**counters, needs()).await;
        clock.advance(5_000);
        let denied = exhausted(&**counters, needs()).await;
        let wait = i64::try_from(denied.retry_after_ms.unwrap()).unwrap();
        if counter.key == "exact" {
            assert_eq!(wait, MINUTE + 1 - 5_700);
        }
        clock.advance(wait - 1);
        assert_eq!(exhausted(&**counters, needs()).await.retry_after_ms, Some(1), "{counter:?}");
        clock.advance(1);
        reserved(&**counters, needs()).await;
        let never = need(counter.clone(), "20001", at_most(max));
        assert_eq!(exhausted(&**counters, vec![never]).await.retry_after_ms, None, "{counter:?}");
    }
}

pub(crate) async fn budgets_begin_anew_with_the_calendar(ledger: &Ledger) {
    let Ledger { counters, clock, .. } = ledger;
    // It is a Friday, at noon UTC.
    for (window, wait) in
        [(Window::Day, 12 * HOUR), (Window::Week, 2 * DAY + 12 * HOUR), (Window::Month, 10 * DAY + 12 * HOUR)]
    {
        let counter = CounterRef { key: format!("{window:?}"), window, align: Align::Calendar };
        reserved(&**counters, vec![need(counter.clone(), "5", at_most("5"))]).await;
        let denied = exhausted(&**counters, vec![call(counter, "5")]).await;
        assert_eq!(denied.retry_after_ms, Some(wait.unsigned_abs()), "{window:?}");
    }
    clock.advance(12 * HOUR);
    let counter = |window| CounterRef { key: format!("{window:?}"), window, align: Align::Calendar };
    reserved(&**counters, vec![call(counter(Window::Day), "5")]).await;
    exhausted(&**counters, vec![call(counter(Window::Week), "5")]).await;
    clock.advance(2 * DAY);
    reserved(&**counters, vec![call(counter(Window::Week), "5")]).await;
    exhausted(&**counters, vec![call(counter(Window::Month), "5")]).await;
    clock.advance(8 * DAY);
    assert_eq!(value(&**counters, counter(Window::Month)).await, Decimal::ZERO);
    reserved(&**counters, vec![need(counter(Window::Month), "5", at_most("5"))]).await;
}

/// The day of a zone ends at its midnight, also the one of 25 hours.
pub(crate) async fn days_of_a_zone_end_at_its_midnight(ledger: &Ledger) {
    let Ledger { counters, clock, .. } = ledger;
    let counter = |zone: &str| CounterRef {
        key: zone.to_owned(),
        window: Window::Day,
        align: Align::calendar_in(Zone::named(zone).unwrap()),
    };
    // It is a Friday, at noon UTC.
    for (zone, wait) in [("UTC", 12 * HOUR), ("Asia/Tokyo", 3 * HOUR), ("America/Phoenix", 19 * HOUR)] {
        reserved(&**counters, vec![need(counter(zone), "5", at_most("5"))]).await;
        let denied = exhausted(&**counters, vec![call(counter(zone), "5")]).await;
        assert_eq!(denied.retry_after_ms, Some(wait.unsigned_abs()), "{zone}");
    }
    clock.advance(3 * HOUR);
    reserved(&**counters, vec![call(counter("Asia/Tokyo"), "5")]).await;
    exhausted(&**counters, vec![call(counter("UTC"), "5")]).await;
    clock.advance(9 * HOUR);
    reserved(&**counters, vec![call(counter("UTC"), "5")]).await;
    exhausted(&**counters, vec![call(counter("America/Phoenix"), "5")]).await;
    // Set back over midnight, nothing begins anew.
    clock.set_by(-DAY);
    exhausted(&**counters, vec![call(counter("America/Phoenix"), "5")]).await;
    assert_eq!(value(&**counters, counter("Asia/Tokyo")).await, Decimal::ONE);
}

/// Setting the wall clock, in either direction, lets no call through early; nor does a restart with a wrong one.
pub(crate) async fn a_clock_that_is_set_reopens_nothing(ledger: &Ledger) {
    let Ledger { counters, clock, .. } = ledger;
    let full = || async {
        exhausted(&**counters, vec![call(sliding("sliding"), "1")]).await;
        exhausted(&**counters, vec![call(daily("daily"), "1")]).await;
    };
    reserved(&**counters, vec![call(sliding("sliding"), "1"), call(daily("daily"), "1")]).await;
    for step in [-1, -5_000, -HOUR, -3 * DAY, 3 * DAY + HOUR + 5_001, 2 * HOUR, -2 * HOUR] {
        clock.set_by(step);
        full().await;
    }
    clock.set_by(-2 * DAY);
    full().await;
    clock.reboot(0);
    full().await;
    clock.reboot(2 * DAY);
    full().await;
    clock.advance(MINUTE + 1);
    reserved(&**counters, vec![call(sliding("sliding"), "1")]).await;
    clock.advance(DAY);
    reserved(&**counters, vec![call(daily("daily"), "1")]).await;
}

/// Suspension and time off are time that passes.
pub(crate) async fn time_off_counts(ledger: &Ledger) {
    let Ledger { counters, clock, .. } = ledger;
    reserved(&**counters, vec![call(sliding("a"), "1")]).await;
    clock.reboot(30_000);
    exhausted(&**counters, vec![call(sliding("a"), "1")]).await;
    clock.reboot(35_000);
    reserved(&**counters, vec![call(sliding("a"), "1")]).await;
}

/// Until the clock is put right a false date stands; then what was counted before, by it, and since adds up.
pub(crate) async fn what_takes_the_place_of_an_earlier_one_counts_from_now_on(ledger: &Ledger) {
    let Ledger { counters, clock, .. } = ledger;
    let needs = || vec![call(sliding("s"), "2"), call(daily("d"), "9")];
    let instead = |earlier: &ReservationId| {
        let request =
            ReserveRequest { needs: needs(), replaces: Some(earlier.clone()), ..ReserveRequest::default() };
        async { counters.reserve(request).await.unwrap() }
    };
    let held = || async { counters.read(vec![sliding("s"), daily("d")]).await.unwrap() };
    let old = [reserved(&**counters, needs()).await.id, reserved(&**counters, needs()).await.id];
    clock.advance(MINUTE + 1);
    let young = [reserved(&**counters, needs()).await.id, reserved(&**counters, needs()).await.id];
    // The place of the old ones has gone, and without one there is no room.
    assert!(matches!(instead(&old[0]).await, ReserveAnswer::Exhausted(_)));
    assert_eq!(held().await, numbers(&["2", "4"]), "what was reserved before stays as it was");
    clock.advance(MINUTE / 2);
    let ReserveAnswer::Reserved(moved) = instead(&young[0]).await else { panic!("not reserved") };
    assert_eq!(moved.changes, [change("1", "2"), change("3", "4")]);
    counters.settle(young[0].clone(), Settle::Release).await.unwrap();
    assert_eq!(held().await, numbers(&["2", "4"]), "its place has been taken: it gives nothing back");
    clock.advance(MINUTE / 2 + 1);
    assert_eq!(held().await, numbers(&["1", "4"]), "the other one has left the window, this one has not");
    // Now there is room for an old one, whose budget counted it all the time.
    let ReserveAnswer::Reserved(late) = instead(&old[0]).await else { panic!("not reserved") };
    assert_eq!(late.changes, [change("1", "2"), change("3", "4")]);
}

pub(crate) async fn a_false_date_that_is_put_right_gives_nothing_back(ledger: &Ledger) {
    let Ledger { counters, clock, time, .. } = ledger;
    let both = || vec![call(sliding("s"), "9"), call(daily("d"), "3")];
    reserved(&**counters, both()).await;
    clock.set_by(30 * DAY);
    reserved(&**counters, both()).await;
    clock.set_by(-30 * DAY);
    let given_back = reserved(&**counters, both()).await.id;
    clock.advance(5_000);
    let dates = Dates { ledger_ms: NOON + 30 * DAY, machine_ms: NOON + 5_000 };
    assert_eq!(time.dates().await.unwrap(), dates);
    assert_eq!(time.reclock().await.unwrap(), Reclocked { dates, moved: 1 });
    assert_eq!(exhausted(&**counters, both()).await.retry_after_ms, Some((12 * HOUR - 5_000).unsigned_abs()));
    assert_eq!(value(&**counters, sliding("s")).await, Decimal::from(3));
    counters.settle(given_back, Settle::Release).await.unwrap();
    exhausted(&**counters, both()).await;
    assert_eq!(value(&**counters, sliding("s")).await, Decimal::from(2), "elapsed time is as it was");
    clock.advance(12 * HOUR);
    reserved(&**counters, both()).await;
    // Time off counts from the true date on.
    clock.reboot(MINUTE + 1);
    assert_eq!(value(&**counters, sliding("s")).await, Decimal::ZERO);
}

pub(crate) async fn a_true_date_needs_nothing(ledger: &Ledger) {
    let Ledger { counters, clock, time, .. } = ledger;
    let dates = |ms| Dates { ledger_ms: ms, machine_ms: ms };
    assert_eq!(time.dates().await.unwrap(), dates(NOON), "the ledger is empty");
    let week = CounterRef { key: "w".to_owned(), window: Window::Week, align: Align::Calendar };
    reserved(&**counters, vec![call(daily("d"), "1"), call(week.clone(), "1")]).await;
    clock.advance(DAY);
    assert_eq!(time.reclock().await.unwrap(), Reclocked { dates: dates(NOON + DAY), moved: 0 });
    exhausted(&**counters, vec![call(week, "1")]).await;
    reserved(&**counters, vec![call(daily("d"), "1")]).await;
}
