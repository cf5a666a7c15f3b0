//! The embedded backend passes the suite, and keeps what it promises of its files.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use interlock_json::Decimal;
use interlock_store::{
    Cause, Counters, Durability, Embedded, Instance, Instances, Need, Options, ReserveAnswer, ReserveRequest,
    Settle, StoreError,
};

use crate::clock::TestClock;
use crate::request::*;
use crate::{Ledger, suite, timed};

pub(crate) fn options(clock: &Arc<TestClock>) -> Options {
    Options { clock: Arc::<TestClock>::clone(clock), ..Options::default() }
}

pub(crate) fn ledger_with(change: impl FnOnce(Options) -> Options) -> Ledger {
    let clock = Arc::new(TestClock::new());
    let directory = tempfile::tempdir().unwrap();
    let store = Embedded::open(directory.path(), change(options(&clock))).unwrap();
    Ledger { counters: Arc::new(store.clone()), time: Arc::new(store), clock, _keep: Box::new(directory) }
}

fn ledger() -> Ledger {
    ledger_with(|options| options)
}

/// Each function of the suite as a test, with an empty ledger.
macro_rules! passes {
    ($($module:ident { $($test:ident($($part:ident),*)),* $(,)? })*) => {$($(
        #[tokio::test]
        async fn $test() {
            let ledger = ledger();
            $module::$test($(passes!(@ $part ledger)),*).await;
        }
    )*)*};
    (@ counters $ledger:ident) => { &*$ledger.counters };
    (@ shared $ledger:ident) => { Arc::clone(&$ledger.counters) };
    (@ advance $ledger:ident) => { |ms| $ledger.clock.advance(ms) };
    (@ ledger $ledger:ident) => { &$ledger };
}

passes! {
    suite {
        a_call_takes_all_or_none(counters),
        needs_on_one_counter_add_up(counters),
        bounds_and_amounts(counters),
        an_edited_limit_keeps_what_was_counted(counters),
        what_is_given_back_can_be_used_once_more(counters),
        errors_refund_what_says_so(counters),
        what_has_reached_the_server_is_only_refunded(counters),
        the_last_label_is_told(counters),
        what_was_judged_on_must_still_hold(counters),
        shadows_count_and_deny_nothing(counters),
        names_that_look_alike_are_different_counters(counters),
        many_entries_are_all_counted(counters, advance),
        those_near_their_limit_are_listed_first(counters),
        parallel_callers_share_one_limit(shared),
    }
    timed {
        waiting_as_long_as_told_is_enough_and_no_longer(ledger),
        budgets_begin_anew_with_the_calendar(ledger),
        days_of_a_zone_end_at_its_midnight(ledger),
        a_clock_that_is_set_reopens_nothing(ledger),
        time_off_counts(ledger),
        what_takes_the_place_of_an_earlier_one_counts_from_now_on(ledger),
        a_false_date_that_is_put_right_gives_nothing_back(ledger),
        a_true_date_needs_nothing(ledger),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_on_several_threads_share_one_limit() {
    suite::parallel_callers_share_one_limit(ledger().counters).await;
}

#[tokio::test]
async fn what_was_counted_survives_in_the_directory() {
    let clock = Arc::new(TestClock::new());
    let directory = tempfile::tempdir().unwrap();
    for held in ["0", "1", "2"] {
        for durability in [Durability::Process, Durability::PowerLoss] {
            let options = Options { durability, ..options(&clock) };
            let store = Embedded::open(&directory.path().join("made/here"), options).unwrap();
            let counter = daily(&format!("{durability:?}"));
            let change = reserved(&store, vec![call(counter, "9")]).await.changes[0];
            assert_eq!(change.before, number(held));
        }
    }
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory.path().join("made/here")), 0o700);
    for entry in std::fs::read_dir(directory.path().join("made/here")).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()) & 0o077, 0, "only the owner reads the ledger");
    }
}

/// Two editors, one budget; what one gives back the other can use.
#[tokio::test]
async fn two_handles_share_one_directory() {
    let clock = Arc::new(TestClock::new());
    let directory = tempfile::tempdir().unwrap();
    let open = || Embedded::open(directory.path(), options(&clock)).unwrap();
    let (first, second) = (open(), open());
    let mut last = None;
    for held in 0..20_u32 {
        let store = if held % 2 == 0 { &first } else { &second };
        let reservation = reserved(store, vec![call(sliding("a"), "20")]).await;
        assert_eq!(reservation.changes[0].before, Decimal::from(u64::from(held)));
        last = Some(reservation.id);
        clock.advance(1);
    }
    exhausted(&first, vec![call(sliding("a"), "20")]).await;
    exhausted(&second, vec![call(sliding("a"), "20")]).await;
    second.settle(last.unwrap(), Settle::Release).await.unwrap();
    assert_eq!(value(&first, sliding("a")).await, number("19"));
    reserved(&first, vec![call(sliding("a"), "20")]).await;
    exhausted(&second, vec![call(sliding("a"), "20")]).await;
}

#[tokio::test]
async fn new_counters_are_denied_past_the_cap_and_expired_ones_make_room() {
    let Ledger { counters, clock, _keep, .. } = ledger_with(|options| Options { max_counters: 3, ..options });
    for key in ["a", "b", "c"] {
        reserved(&*counters, vec![call(sliding(key), "2")]).await;
    }
    exhausted(&*counters, vec![call(sliding("a"), "2"), call(sliding("d"), "2")]).await;
    assert_eq!(value(&*counters, sliding("a")).await, Decimal::ONE, "all or none");
    reserved(&*counters, vec![call(sliding("a"), "2")]).await;
    let shadow = Need { shadow: true, ..call(sliding("d"), "2") };
    assert!(reserved(&*counters, vec![shadow]).await.changes[0].over, "a shadow opens none either");
    // Expired, and an eighth of the window more.
    clock.advance(2 * 60_001);
    reserved(&*counters, vec![call(sliding("d"), "2"), call(sliding("e"), "2"), call(daily("f"), "2")]).await;
    let denied = exhausted(&*counters, vec![call(sliding("a"), "2")]).await;
    assert_eq!(denied.cause, Cause::TooManyCounters { most: 3 });
}

/// A date that may be false makes no room: what was spent by the true one must still be there when it is put right.
#[tokio::test]
async fn a_false_date_makes_no_room() {
    let ledger = ledger_with(|options| Options { max_counters: 1, ..options });
    let Ledger { counters, clock, time, .. } = &ledger;
    reserved(&**counters, vec![call(daily("spent"), "1")]).await;
    clock.set_by(3 * 86_400_000);
    let denied = exhausted(&**counters, vec![call(daily("other"), "1")]).await;
    assert_eq!(denied.cause, Cause::TooManyCounters { most: 1 });
    clock.set_by(-3 * 86_400_000);
    time.reclock().await.unwrap();
    exhausted(&**counters, vec![call(daily("spent"), "1")]).await;
    // The twin: what has really expired makes room.
    clock.advance(3 * 86_400_000);
    reserved(&**counters, vec![call(daily("other"), "1")]).await;
}

/// Calls that count nothing open nothing: nothing would ever clear it away.
#[tokio::test]
async fn amounts_of_nothing_take_no_room() {
    let Ledger { counters, _keep, .. } = ledger_with(|options| Options { max_counters: 1, ..options });
    for key in ["a", "b", "c"] {
        let nothing = || need(sliding(key), "0", at_most("2"));
        reserved(&*counters, vec![nothing(), nothing()]).await;
    }
    reserved(&*counters, vec![need(sliding("d"), "1", at_most("2"))]).await;
    exhausted(&*counters, vec![need(sliding("e"), "1", at_most("2"))]).await;
}

/// Whoever asks may go at any moment: what was to be given back is all the same.
#[tokio::test]
async fn callers_that_go_leave_nothing_waiting() {
    let clock = Arc::new(TestClock::new());
    let directory = tempfile::tempdir().unwrap();
    let open = || Embedded::open(directory.path(), options(&clock)).unwrap();
    let (store, observer) = (open(), open());
    let reservation = reserved(&store, vec![call(sliding("a"), "9")]).await;
    let mut release = store.settle(reservation.id, Settle::Release);
    assert!(poll_once(&mut release).is_pending());
    drop(release);
    while value(&observer, sliding("a")).await != Decimal::ZERO {
        tokio::task::yield_now().await;
    }
}

fn poll_once<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    std::pin::Pin::new(future).poll(&mut context)
}

/// The wall clock's high-water mark outlives the process and the boot.
#[tokio::test]
async fn time_goes_on_where_it_was() {
    let clock = Arc::new(TestClock::new());
    let directory = tempfile::tempdir().unwrap();
    let open = || Embedded::open(directory.path(), options(&clock)).unwrap();
    let store = open();
    reserved(&store, vec![call(daily("a"), "1"), call(daily("b"), "1")]).await;
    clock.advance(13 * 3_600_000);
    // It is the next day.
    reserved(&store, vec![call(daily("a"), "1")]).await;
    drop(store);
    clock.reboot(-12 * 3_600_000);
    let store = open();
    exhausted(&store, vec![call(daily("a"), "1")]).await;
    reserved(&store, vec![call(daily("b"), "1")]).await;
}

/// A long counter is kept in parts, which go with time even when nothing is counted; the next process finds the rest.
#[tokio::test]
async fn a_long_counter_that_is_only_looked_at_can_be_opened_again() {
    let clock = Arc::new(TestClock::new());
    let directory = tempfile::tempdir().unwrap();
    let open = || Embedded::open(directory.path(), options(&clock)).unwrap();
    let store = open();
    for _ in 0..700 {
        reserved(&store, vec![call(sliding("a"), "1000")]).await;
        clock.advance(50);
    }
    // 400 of them are older than a minute now.
    clock.advance(45_000);
    assert_eq!(value(&store, sliding("a")).await, number("300"));
    drop(store);
    let store = open();
    assert_eq!(value(&store, sliding("a")).await, number("300"));
    assert_eq!(store.list(9).await.unwrap()[0].value, number("300"));
    reserved(&store, vec![call(sliding("a"), "301")]).await;
    exhausted(&store, vec![call(sliding("a"), "301")]).await;
}

fn refusal(directory: &Path) -> StoreError {
    Embedded::open(directory, Options::default()).map(|_| ()).unwrap_err()
}

#[test]
fn a_directory_that_others_can_write_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let set =
        |mode| std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    for mode in [0o777, 0o770, 0o702] {
        set(mode);
        let error = refusal(directory.path());
        assert!(matches!(error, StoreError::Directory { .. }), "{mode:o}: {error}");
        assert!(error.to_string().contains("chmod"), "says what to do: {error}");
    }
    set(0o700);
    Embedded::open(directory.path(), Options::default()).unwrap();
}

#[test]
fn what_is_no_ledger_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ledger.db");
    std::fs::write(&file, "these are not the counters you are looking for".repeat(200)).unwrap();
    let before = std::fs::read(&file).unwrap();
    let error = refusal(directory.path());
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), before);

    let error = refusal(&file);
    assert!(matches!(error, StoreError::Directory { .. }), "{error}");
}

#[test]
fn a_ledger_of_another_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    drop(Embedded::open(directory.path(), Options::default()).unwrap());
    let connection = rusqlite::Connection::open(directory.path().join("ledger.db")).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let error = refusal(directory.path());
    assert!(matches!(error, StoreError::Layout { found: 99, .. }), "{error}");
}

/// Damage that is found later denies the calls that meet it.
#[tokio::test]
async fn a_damaged_ledger_denies() {
    let directory = tempfile::tempdir().unwrap();
    let store = Embedded::open(directory.path(), Options::default()).unwrap();
    for index in 0..200 {
        reserved(&store, vec![call(daily(&format!("a long name for a counter {index}")), "2")]).await;
    }
    drop(store);
    let file = directory.path().join("ledger.db");
    let mut bytes = std::fs::read(&file).unwrap();
    // Every page but the first.
    bytes[4096..].fill(0x5a);
    std::fs::write(&file, bytes).unwrap();
    match Embedded::open(directory.path(), Options::default()) {
        Err(error) => assert!(matches!(error, StoreError::Damaged { .. }), "{error}"),
        Ok(store) => {
            let request = ReserveRequest {
                needs: vec![call(daily("a long name for a counter 7"), "2")],
                ..ReserveRequest::default()
            };
            let error = store.reserve(request).await.unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        }
    }
}

/// Requests that are done together: one that meets a damaged counter fails alone, and the others count once.
#[tokio::test]
async fn a_damaged_counter_denies_only_those_that_need_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = Embedded::open(directory.path(), Options::default()).unwrap();
    reserved(&store, vec![call(sliding("bad"), "9"), call(sliding("good"), "9")]).await;
    let connection = rusqlite::Connection::open(directory.path().join("ledger.db")).unwrap();
    connection.execute("UPDATE counters SET tally = x'00ff' WHERE key = 'bad'", []).unwrap();
    let ask = |keys: &[&str]| {
        let needs = keys.iter().map(|key| call(sliding(key), "9")).collect();
        store.reserve(ReserveRequest { needs, ..ReserveRequest::default() })
    };
    let (first, second, third) = tokio::join!(ask(&["good"]), ask(&["good", "bad"]), ask(&["good"]));
    for (answer, expected) in [(first, change("1", "2")), (third, change("2", "3"))] {
        let ReserveAnswer::Reserved(reservation) = answer.unwrap() else { panic!("not reserved") };
        assert_eq!(reservation.changes, [expected]);
    }
    let error = second.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert_eq!(value(&store, sliding("good")).await, number("3"));
}

/// Ten thousand that have finished, and all that have not.
#[tokio::test]
async fn the_register_of_instances_is_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let store = Embedded::open(directory.path(), Options::default()).unwrap();
    let instance = |number: u32, finished_ms| Instance {
        id: format!("{number:06}"),
        pid: 1,
        kind: "run".to_owned(),
        server: None,
        grant: None,
        started_ms: number.into(),
        finished_ms,
    };
    store.register(instance(0, None)).await.unwrap();
    for number in 1..=10_000 {
        store.register(instance(number, Some(1))).await.unwrap();
    }
    let known =
        async || store.instances().await.unwrap().into_iter().map(|instance| instance.id).collect::<Vec<_>>();
    assert_eq!(known().await.len(), 10_001);
    for number in 10_001..=10_005 {
        store.register(instance(number, None)).await.unwrap();
        store.finish(&format!("{number:06}"), 2).await.unwrap();
    }
    store.register(instance(10_006, None)).await.unwrap();
    let known = known().await;
    assert_eq!((known.len(), known[0].as_str(), known[1].as_str()), (10_002, "000000", "000006"));
    assert_eq!(known[10_001], "010006");
}

/// The wall clock going forward by more than an hour while the machine runs is told, once.
#[tokio::test]
async fn a_jump_forward_raises_an_alarm() {
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let ledger = ledger_with(|options| {
        let told = Arc::clone(&told);
        Options { on_jump: Some(Arc::new(move |jump| told.lock().unwrap().push(jump.ahead_ms))), ..options }
    });
    for (step, expected) in [(0, 0), (3_599_999, 0), (-3_599_999, 0), (3_600_001, 1), (5, 1), (-9_000_000, 1)]
    {
        ledger.clock.set_by(step);
        reserved(&*ledger.counters, vec![call(sliding("a"), "99")]).await;
        assert_eq!(told.lock().unwrap().len(), expected, "after {step}");
    }
}
