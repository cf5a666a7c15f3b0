//! Short ways to ask.

use interlock_json::Decimal;
use interlock_store::{
    Align, Bound, Change, CounterRef, Counters, Exhausted, Need, Refund, Reservation, ReserveAnswer,
    ReserveRequest, Window,
};

pub(crate) fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn numbers(texts: &[&str]) -> Vec<Decimal> {
    texts.iter().map(|text| number(text)).collect()
}

pub(crate) fn at_most(text: &str) -> Bound {
    Bound::AtMost(number(text))
}

/// A counter that slides over a minute.
pub(crate) fn sliding(key: &str) -> CounterRef {
    CounterRef { key: key.to_owned(), window: Window::Seconds(60), align: Align::Sliding }
}

/// A counter of the day.
pub(crate) fn daily(key: &str) -> CounterRef {
    CounterRef { key: key.to_owned(), window: Window::Day, align: Align::Calendar }
}

pub(crate) fn need(counter: CounterRef, amount: &str, bound: Bound) -> Need {
    Need {
        counter,
        amount: number(amount),
        bound,
        label: "a limit".to_owned(),
        shadow: false,
        refund: Refund::Never,
        pays: false,
    }
}

pub(crate) fn call(counter: CounterRef, max: &str) -> Need {
    need(counter, "1", at_most(max))
}

pub(crate) async fn ask(counters: &dyn Counters, needs: Vec<Need>) -> ReserveAnswer {
    counters.reserve(ReserveRequest { needs, ..ReserveRequest::default() }).await.unwrap()
}

pub(crate) async fn reserved(counters: &dyn Counters, needs: Vec<Need>) -> Reservation {
    match ask(counters, needs).await {
        ReserveAnswer::Reserved(reservation) => reservation,
        other => panic!("not reserved: {other:?}"),
    }
}

pub(crate) async fn exhausted(counters: &dyn Counters, needs: Vec<Need>) -> Exhausted {
    match ask(counters, needs).await {
        ReserveAnswer::Exhausted(exhausted) => exhausted,
        other => panic!("not exhausted: {other:?}"),
    }
}

pub(crate) async fn value(counters: &dyn Counters, counter: CounterRef) -> Decimal {
    counters.read(vec![counter]).await.unwrap()[0]
}

pub(crate) fn change(before: &str, after: &str) -> Change {
    Change { before: number(before), after: number(after), over: false }
}
