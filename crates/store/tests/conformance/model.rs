//! The embedded backend against the counters of `interlock_meter` kept in memory.

use std::collections::HashMap;

use interlock_json::Decimal;
use interlock_meter::{Clock, Counter};
use interlock_store::{
    Align, Bound, ClockSource, CounterRef, Need, Refund, ReservationId, ReserveAnswer, ReserveRequest,
    Settle, Window,
};
use proptest::prelude::*;

use crate::embedded::ledger_with;
use crate::request::*;

#[derive(Debug, Clone)]
enum Step {
    Wait(i64),
    Set(i64),
    Reboot(i64),
    Reserve(Vec<(usize, Decimal, i64)>),
    Release(prop::sample::Index),
}

fn counters() -> Vec<CounterRef> {
    let (sliding, calendar) = (Align::Sliding, Align::Calendar);
    [
        (Window::Seconds(2), sliding),
        (Window::Seconds(2), calendar),
        (Window::Seconds(7), sliding),
        (Window::Day, calendar),
    ]
    .into_iter()
    .map(|(window, align)| CounterRef { key: format!("{window:?} {align:?}"), window, align })
    .collect()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let amount = prop_oneof![
        4 => Just(Decimal::ONE),
        1 => (0..4_000_i64).prop_map(Decimal::from),
        1 => prop::sample::select(vec!["0.1", "2.5", "1e-30", "-1"]).prop_map(number),
    ];
    let max = prop_oneof![0..8_i64, 9_990..10_010_i64];
    let need = (0..counters().len(), amount, max);
    let step = prop_oneof![
        2 => (0..900_i64).prop_map(Step::Wait),
        1 => (-7_200_000..7_200_000_i64).prop_map(Step::Set),
        1 => (0..1_500_i64).prop_map(Step::Reboot),
        6 => prop::collection::vec(need, 1..4).prop_map(Step::Reserve),
        1 => any::<prop::sample::Index>().prop_map(Step::Release),
    ];
    prop::collection::vec(step, 1..60)
}

type Marks = Vec<(usize, interlock_meter::Mark)>;

/// All or none on the model's counters.
fn reserve(
    kept: &mut HashMap<usize, Counter>,
    now: interlock_store::Now,
    needs: &[(usize, Decimal, i64)],
) -> Result<Marks, (usize, Option<u64>, Decimal)> {
    let mut tried = kept.clone();
    let mut marks = Vec::new();
    for (index, (which, amount, max)) in needs.iter().enumerate() {
        let counter = &counters()[*which];
        let counter = tried.entry(*which).or_insert_with(|| Counter::new(counter.window, counter.align));
        match counter.reserve(now, *amount, &Bound::AtMost(Decimal::from(*max))) {
            Ok(mark) => marks.push((*which, mark)),
            Err(exhausted) => {
                let retry_after_ms = together(kept, now, &needs[..=index]);
                return Err((index, retry_after_ms, exhausted.value));
            }
        }
    }
    *kept = tried;
    Ok(marks)
}

/// How long to wait until the last need fits, together with those before it on the same counter.
fn together(
    kept: &HashMap<usize, Counter>,
    now: interlock_store::Now,
    needs: &[(usize, Decimal, i64)],
) -> Option<u64> {
    let (which, amount, max) = *needs.last().unwrap();
    if amount.is_negative() {
        return None;
    }
    let own = needs
        .iter()
        .filter(|need| need.0 == which)
        .fold(Decimal::ZERO, |sum, need| sum.checked_add(need.1).unwrap());
    let counter = &counters()[which];
    let mut counter =
        kept.get(&which).cloned().unwrap_or_else(|| Counter::new(counter.window, counter.align));
    counter.reserve(now, own, &Bound::AtMost(Decimal::from(max))).unwrap_err().retry_after_ms
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_embedded_backend_answers_as_the_counters_in_memory_do(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ledger = ledger_with(|options| options);
        let mut kept: HashMap<usize, Counter> = HashMap::new();
        // The ledger's clock begins with its first transaction.
        runtime.block_on(ledger.counters.read(counters())).unwrap();
        let mut clock = Clock::new(&ledger.clock.read());
        let mut open: Vec<(ReservationId, Marks)> = Vec::new();
        for step in steps {
            match step {
                Step::Wait(ms) => ledger.clock.advance(ms),
                Step::Set(by) => ledger.clock.set_by(by),
                Step::Reboot(off) => ledger.clock.reboot(off),
                Step::Reserve(needs) => {
                    let now = clock.observe(&ledger.clock.read()).now;
                    let expected = reserve(&mut kept, now, &needs);
                    let needs = needs.iter().map(|(which, amount, max)| Need {
                        counter: counters()[*which].clone(),
                        amount: *amount,
                        bound: Bound::AtMost(Decimal::from(*max)),
                        label: String::new(),
                        shadow: false,
                        refund: Refund::Never,
                        pays: false,
                    });
                    let request = ReserveRequest { needs: needs.collect(), ..ReserveRequest::default() };
                    let answer = match runtime.block_on(ledger.counters.reserve(request)).unwrap() {
                        ReserveAnswer::Reserved(reservation) => Ok(reservation.id),
                        ReserveAnswer::Exhausted(e) => Err((e.index, e.retry_after_ms, e.value)),
                        ReserveAnswer::Stale => panic!("nothing was expected"),
                    };
                    prop_assert_eq!(answer.as_ref().err(), expected.as_ref().err());
                    open.extend(answer.ok().zip(expected.ok()));
                }
                Step::Release(index) if !open.is_empty() => {
                    let now = clock.observe(&ledger.clock.read()).now;
                    let (id, marks) = open.swap_remove(index.index(open.len()));
                    runtime.block_on(ledger.counters.settle(id, Settle::Release)).unwrap();
                    for (which, mark) in marks {
                        kept.get_mut(&which).unwrap().release(mark);
                    }
                    let held = runtime.block_on(ledger.counters.read(counters())).unwrap();
                    let zero = Decimal::ZERO;
                    let expected: Vec<Decimal> =
                        (0..counters().len()).map(|which| kept.get(&which).map_or(zero, |counter| counter.value(now))).collect();
                    prop_assert_eq!(held, expected);
                }
                Step::Release(_) => {}
            }
        }
    }
}
