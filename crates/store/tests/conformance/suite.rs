//! What holds at any moment.

use std::sync::Arc;

use interlock_json::Decimal;
use interlock_store::{
    Bound, Change, CounterRef, Counters, Failure, Need, Refund, ReserveAnswer, ReserveRequest, Settle,
};

use crate::request::*;

pub(crate) async fn a_call_takes_all_or_none(counters: &dyn Counters) {
    let needs = |max| vec![call(sliding("a"), "5"), call(daily("b"), max), call(sliding("c"), "5")];
    let reservation = reserved(counters, needs("1")).await;
    assert_eq!(reservation.changes, vec![change("0", "1"); 3]);
    let denied = exhausted(counters, needs("1")).await;
    assert_eq!((denied.index, denied.value), (1, Decimal::ONE));
    let held = counters.read(vec![sliding("a"), daily("b"), sliding("c"), sliding("d")]).await.unwrap();
    assert_eq!(held, numbers(&["1", "1", "1", "0"]));
    assert_eq!(reserved(counters, needs("2")).await.changes, vec![change("1", "2"); 3]);
}

pub(crate) async fn needs_on_one_counter_add_up(counters: &dyn Counters) {
    let twice = || vec![call(sliding("a"), "3"), need(sliding("a"), "2", at_most("3"))];
    assert_eq!(reserved(counters, twice()).await.changes, [change("0", "1"), change("1", "3")]);
    assert_eq!(exhausted(counters, twice()).await.index, 0);
    let over = vec![call(daily("b"), "3"), need(daily("b"), "3", at_most("3"))];
    assert_eq!(exhausted(counters, over).await.index, 1);
    assert_eq!(value(counters, daily("b")).await, Decimal::ZERO, "nothing of a refused call is kept");
}

/// An amount, and what is held after it; `None`: denied.
type Step = (&'static str, Option<&'static str>);

pub(crate) async fn bounds_and_amounts(counters: &dyn Counters) {
    let below = Bound::Below(number("10"));
    let table: [(Bound, &[Step]); 8] = [
        (at_most("10"), &[("10", Some("10")), ("1e-30", None), ("0", Some("10"))]),
        (below, &[("10", None), ("9.999", Some("9.999")), ("0.001", None), ("0.0001", Some("9.9991"))]),
        (at_most("0"), &[("0", Some("0")), ("1", None)]),
        (at_most("10"), &[("-1", None), ("5", Some("5")), ("-5", None), ("-1e30", None), ("5", Some("10"))]),
        (at_most("0.3"), &[("0.1", Some("0.1")), ("0.1", Some("0.2")), ("0.1", Some("0.3")), ("0.1", None)]),
        (at_most("1e30"), &[("1e30", Some("1e30")), ("1", None), ("1e9999", None), ("0", Some("1e30"))]),
        // The sum has more digits than can be held exactly.
        (
            Bound::None,
            &[
                ("1e30", Some("1e30")),
                ("1e-30", None),
                ("-1", None),
                ("1", Some("1000000000000000000000000000001")),
            ],
        ),
        (at_most("9007199254740993"), &[("9007199254740993", Some("9007199254740993")), ("1", None)]),
    ];
    for (row, (bound, steps)) in table.into_iter().enumerate() {
        for (counter, shape) in
            [(sliding(&format!("s{row}")), "sliding"), (daily(&format!("d{row}")), "daily")]
        {
            let mut held = Decimal::ZERO;
            for (amount, expected) in steps {
                let answer = ask(counters, vec![need(counter.clone(), amount, bound)]).await;
                assert_eq!(
                    matches!(answer, ReserveAnswer::Reserved(_)),
                    expected.is_some(),
                    "{amount} on {held} in {shape} {row}: {answer:?}"
                );
                held = expected.map_or(held, number);
                assert_eq!(value(counters, counter.clone()).await, held, "after {amount} in {shape} {row}");
            }
        }
    }
}

/// The limit is the call's, what was counted stays, also where exact counting ends.
pub(crate) async fn an_edited_limit_keeps_what_was_counted(counters: &dyn Counters) {
    for _ in 0..3 {
        reserved(counters, vec![call(sliding("a"), "3")]).await;
    }
    exhausted(counters, vec![call(sliding("a"), "3")]).await;
    reserved(counters, vec![call(sliding("a"), "20000")]).await;
    assert_eq!(exhausted(counters, vec![call(sliding("a"), "2")]).await.value, number("4"));
    reserved(counters, vec![need(sliding("a"), "9996", at_most("10000"))]).await;
    exhausted(counters, vec![call(sliding("a"), "10000")]).await;
    reserved(counters, vec![call(sliding("a"), "10001")]).await;
    assert_eq!(value(counters, sliding("a")).await, number("10001"));
}

pub(crate) async fn what_is_given_back_can_be_used_once_more(counters: &dyn Counters) {
    for counter in [sliding("a"), daily("b")] {
        let needs = || vec![need(counter.clone(), "2.5", at_most("5"))];
        let (first, second) = (reserved(counters, needs()).await, reserved(counters, needs()).await);
        exhausted(counters, needs()).await;
        counters.settle(first.id.clone(), Settle::Release).await.unwrap();
        assert_eq!(value(counters, counter.clone()).await, number("2.5"));
        // Settled is settled: whatever the second attempt is answered, it gives nothing back.
        let _answer = counters.settle(first.id, Settle::Release).await;
        assert_eq!(value(counters, counter.clone()).await, number("2.5"));
        counters.settle(second.id.clone(), Settle::Commit).await.unwrap();
        let _answer = counters.settle(second.id, Settle::Release).await;
        assert_eq!(value(counters, counter.clone()).await, number("2.5"));
        reserved(counters, needs()).await;
        exhausted(counters, needs()).await;
    }
}

/// After an error only what says so is given back, and nothing twice.
pub(crate) async fn errors_refund_what_says_so(counters: &dyn Counters) {
    for counter in [sliding("a"), daily("b")] {
        let kept = CounterRef { key: format!("{} kept", counter.key), ..counter.clone() };
        let refunded = Need { refund: Refund::OnError, ..need(counter.clone(), "2.5", at_most("5")) };
        let needs = || vec![refunded.clone(), call(kept.clone(), "9")];
        let held = async || (value(counters, counter.clone()).await, value(counters, kept.clone()).await);
        let (first, second) = (reserved(counters, needs()).await, reserved(counters, needs()).await);
        counters.settle(first.id.clone(), Settle::Refund(Failure::Result)).await.unwrap();
        assert_eq!(held().await, (number("2.5"), number("2")));
        for how in [Settle::Refund(Failure::Result), Settle::Release] {
            let _answer = counters.settle(first.id.clone(), how).await;
            assert_eq!(held().await, (number("2.5"), number("2")), "{how:?}");
        }
        counters.settle(second.id.clone(), Settle::Commit).await.unwrap();
        let _answer = counters.settle(second.id, Settle::Refund(Failure::Result)).await;
        assert_eq!(held().await, (number("2.5"), number("2")));
    }
    for (failure, left) in [(Failure::Result, ["1", "0", "1"]), (Failure::Protocol, ["0", "0", "1"])] {
        let refunds = [Refund::OnProtocolError, Refund::OnError, Refund::Never];
        let of = |refund| Need { refund, ..call(sliding(&format!("{failure:?} {refund:?}")), "9") };
        let needs: Vec<Need> = refunds.into_iter().map(of).collect();
        let read = needs.iter().map(|need| need.counter.clone()).collect();
        let reservation = reserved(counters, needs).await;
        counters.settle(reservation.id, Settle::Refund(failure)).await.unwrap();
        assert_eq!(counters.read(read).await.unwrap(), numbers(&left), "{failure:?}");
    }
}

/// Whose need it was that fills a counter.
pub(crate) async fn the_last_label_is_told(counters: &dyn Counters) {
    let labelled = |label: &str| vec![Need { label: label.to_owned(), ..call(sliding("a"), "1") }];
    reserved(counters, labelled("the first")).await;
    for label in ["the second", "the third"] {
        assert_eq!(exhausted(counters, labelled(label)).await.last, "the first");
    }
    let never = vec![need(sliding("b"), "2", at_most("1"))];
    assert_eq!(exhausted(counters, never).await.last, "");
}

pub(crate) async fn what_was_judged_on_must_still_hold(counters: &dyn Counters) {
    let request = |expected: &[(&str, &str)]| ReserveRequest {
        needs: vec![call(sliding("a"), "9")],
        expect: expected.iter().map(|(key, held)| (daily(key), number(held))).collect(),
        replaces: None,
    };
    let answer = |request| async move { counters.reserve(request).await.unwrap() };
    assert!(matches!(answer(request(&[("x", "0"), ("y", "0.0")])).await, ReserveAnswer::Reserved(_)));
    reserved(counters, vec![need(daily("y"), "3", Bound::None)]).await;
    assert_eq!(answer(request(&[("x", "0"), ("y", "0")])).await, ReserveAnswer::Stale);
    assert_eq!(answer(request(&[("x", "1"), ("y", "3")])).await, ReserveAnswer::Stale);
    assert!(matches!(answer(request(&[("x", "0"), ("y", "3.00")])).await, ReserveAnswer::Reserved(_)));
    assert_eq!(value(counters, sliding("a")).await, number("2"), "a stale request counts nothing");
    let only_looking =
        ReserveRequest { expect: vec![(daily("y"), number("3"))], ..ReserveRequest::default() };
    assert!(matches!(answer(only_looking).await, ReserveAnswer::Reserved(_)));
}

pub(crate) async fn shadows_count_and_deny_nothing(counters: &dyn Counters) {
    let shadow = |amount| Need { shadow: true, ..need(sliding("a/shadow"), amount, at_most("1")) };
    let ask = |amount| vec![shadow(amount), call(sliding("b"), "4")];
    let over = |before, after| Change { over: true, ..change(before, after) };
    assert_eq!(reserved(counters, ask("1")).await.changes, [change("0", "1"), change("0", "1")]);
    assert_eq!(reserved(counters, ask("1")).await.changes, [over("1", "2"), change("1", "2")]);
    // What cannot be counted is not, and still denies nothing.
    assert_eq!(reserved(counters, ask("-1")).await.changes, [over("2", "2"), change("2", "3")]);
    assert_eq!(reserved(counters, ask("1e-38")).await.changes, [over("2", "2"), change("3", "4")]);
    assert_eq!(exhausted(counters, ask("1")).await.index, 1);
    assert_eq!(value(counters, sliding("a/shadow")).await, number("2"), "a refused call leaves no shadow");
}

pub(crate) async fn names_that_look_alike_are_different_counters(counters: &dyn Counters) {
    let names =
        ["a", "A", "a ", "a/", "a\0", "a\0b", "", "ä", "a\u{308}", "%61", "'; DROP TABLE counters; --"];
    for name in names {
        reserved(counters, vec![call(sliding(name), "1")]).await;
    }
    for name in names {
        exhausted(counters, vec![call(sliding(name), "1")]).await;
    }
}

/// More entries than any part that a backend may keep them in, taken back from both ends and the middle.
pub(crate) async fn many_entries_are_all_counted(counters: &dyn Counters, advance: impl Fn(i64)) {
    let counter = CounterRef { window: interlock_store::Window::Day, ..sliding("a") };
    let mut open = Vec::new();
    for _ in 0..700 {
        open.push(reserved(counters, vec![call(counter.clone(), "700")]).await.id);
        advance(3);
    }
    exhausted(counters, vec![call(counter.clone(), "700")]).await;
    for index in [699, 350, 0] {
        counters.settle(open[index].clone(), Settle::Release).await.unwrap();
    }
    assert_eq!(value(counters, counter.clone()).await, number("697"));
    for _ in 0..3 {
        reserved(counters, vec![call(counter.clone(), "700")]).await;
    }
    exhausted(counters, vec![call(counter, "700")]).await;
}

pub(crate) async fn those_near_their_limit_are_listed_first(counters: &dyn Counters) {
    for (key, amount, bound) in [
        ("tenth", "1", at_most("10")),
        ("full", "5", at_most("5")),
        ("half", "5", at_most("10")),
        ("unlimited", "99", Bound::None),
    ] {
        let need = Need { label: format!("limit of {key}"), ..need(daily(key), amount, bound) };
        reserved(counters, vec![need]).await;
    }
    let listed = counters.list(3).await.unwrap();
    let keys: Vec<&str> = listed.iter().map(|counter| counter.key.as_str()).collect();
    assert_eq!(keys, ["full", "half", "tenth"]);
    assert_eq!(listed[1].label, "limit of half");
    assert_eq!((listed[1].value, listed[1].limit), (number("5"), Some(number("10"))));
    assert_eq!(counters.list(10).await.unwrap().len(), 4);
}

/// Exactly as many as the limit says, whoever comes first.
pub(crate) async fn parallel_callers_share_one_limit(counters: Arc<dyn Counters>) {
    let callers = (0..200).map(|_| {
        let counters = Arc::clone(&counters);
        tokio::spawn(async move {
            let needs = vec![call(daily("other"), "1000"), call(sliding("shared"), "50")];
            matches!(ask(&*counters, needs).await, ReserveAnswer::Reserved(_))
        })
    });
    let mut passed = 0;
    for caller in callers.collect::<Vec<_>>() {
        passed += u32::from(caller.await.unwrap());
    }
    assert_eq!(passed, 50);
    assert_eq!(counters.read(vec![daily("other"), sliding("shared")]).await.unwrap(), numbers(&["50", "50"]));
}

/// What takes the place of an earlier reservation stands for a call that has reached the server: it is given back as
/// a refund, and not as though the call had never been made. What was paid stays, and adds up.
pub(crate) async fn what_has_reached_the_server_is_only_refunded(counters: &dyn Counters) {
    for (how, left) in [
        (Settle::Commit, ["1", "8", "8"]),
        (Settle::Release, ["1", "3", "3"]),
        (Settle::Refund(Failure::Result), ["1", "0", "8"]),
    ] {
        let key = |name: &str| sliding(&format!("{how:?} {name}"));
        let paid = |name: &str, amount| Need { pays: true, ..need(key(name), amount, at_most("9")) };
        let needs = |amount| {
            let refunded = Need { refund: Refund::OnError, ..paid("refunded", amount) };
            vec![call(key("calls"), "1"), refunded, paid("kept", amount)]
        };
        let first = reserved(counters, needs("3")).await.id;
        exhausted(counters, needs("5")).await;
        let instead = |amount| {
            let replaces = Some(first.clone());
            counters.reserve(ReserveRequest { needs: needs(amount), replaces, ..ReserveRequest::default() })
        };
        let refused = instead("7").await.unwrap();
        assert!(
            matches!(refused, ReserveAnswer::Exhausted(_)),
            "what was paid has no room twice: {refused:?}"
        );
        let ReserveAnswer::Reserved(last) = instead("5").await.unwrap() else { panic!("not reserved") };
        assert_eq!(last.changes, [change("0", "1"), change("3", "8"), change("3", "8")], "{how:?}");
        for reservation in [&first, &last.id, &last.id] {
            counters.settle(reservation.clone(), how).await.unwrap();
        }
        let held = counters.read(vec![key("calls"), key("refunded"), key("kept")]).await.unwrap();
        assert_eq!(held, numbers(&left), "{how:?}");
    }
}
