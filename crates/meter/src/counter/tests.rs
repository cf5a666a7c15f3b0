mod model;

use proptest::prelude::*;

use super::*;

fn at(ms: i64) -> Now {
    Now { elapsed_ms: ms, wall_ms: ms }
}

fn calls(max: i64) -> Bound {
    Bound::AtMost(Decimal::from(max))
}

#[test]
fn a_sliding_limit_frees_one_call_at_a_time() {
    let mut counter = Counter::new(Window::Seconds(60), Align::Sliding);
    for ms in [0, 10_000, 20_000] {
        counter.reserve(at(ms), Decimal::ONE, &calls(3)).unwrap();
    }
    let exhausted = counter.reserve(at(30_000), Decimal::ONE, &calls(3)).unwrap_err();
    assert_eq!(exhausted.retry_after_ms, Some(30_001));
    assert!(
        counter.reserve(at(60_000), Decimal::ONE, &calls(3)).is_err(),
        "a closed interval of 60 s holds four"
    );
    assert!(counter.reserve(at(60_001), Decimal::ONE, &calls(3)).is_ok());
    assert!(counter.reserve(at(60_001), Decimal::ONE, &calls(3)).is_err());
}

#[test]
fn an_edited_limit_keeps_what_was_counted() {
    let mut counter = Counter::new(Window::Seconds(60), Align::Sliding);
    for _ in 0..5 {
        counter.reserve(at(0), Decimal::ONE, &calls(5)).unwrap();
    }
    assert!(counter.reserve(at(1), Decimal::ONE, &calls(3)).is_err());
    assert!(
        counter.reserve(at(1), Decimal::ONE, &calls(20_000)).is_ok(),
        "also across the border of exactness"
    );
    assert_eq!(counter.value(at(1)), Decimal::from(6));
    assert!(counter.reserve(at(2), Decimal::ONE, &calls(6)).is_err());
}

#[test]
fn a_calendar_budget_starts_anew_with_its_period() {
    let mut counter = Counter::new(Window::Day, Align::Calendar);
    let day = 86_400_000;
    let hundred = Bound::AtMost(Decimal::from(100));
    counter.reserve(at(day - 1), Decimal::from(100), &hundred).unwrap();
    let exhausted = counter.reserve(at(day - 1), Decimal::ONE, &hundred).unwrap_err();
    assert_eq!(exhausted.retry_after_ms, Some(1));
    assert!(counter.reserve(at(day), Decimal::from(100), &hundred).is_ok());
    assert_eq!(counter.reserve(at(day), Decimal::from(101), &hundred).unwrap_err().retry_after_ms, None);
}

#[test]
fn what_is_given_back_can_be_used_again_once() {
    let mut counter = Counter::new(Window::Seconds(60), Align::Sliding);
    let mark = counter.reserve(at(0), Decimal::ONE, &calls(1)).unwrap();
    counter.release(mark);
    counter.release(mark);
    assert_eq!(counter.value(at(0)), Decimal::ZERO);
    counter.reserve(at(0), Decimal::ONE, &calls(1)).unwrap();
    assert!(counter.reserve(at(0), Decimal::ONE, &calls(1)).is_err());
}

proptest! {
    /// Whatever the limit and however it is edited upwards, no interval of the window's length holds
    /// more than the largest limit.
    #[test]
    fn no_interval_holds_more_than_the_limit(
        steps in prop::collection::vec((0i64..400, 1u8..4), 1..200),
        max in prop_oneof![1i64..20, Just(EXACT_PLUS)],
        seconds in 1u64..3,
    ) {
        let mut counter = Counter::new(Window::Seconds(seconds), Align::Sliding);
        let bound = calls(max);
        let mut now = 0;
        let mut passed: Vec<i64> = Vec::new();
        for (step, burst) in steps {
            now += step;
            for _ in 0..burst {
                if counter.reserve(at(now), Decimal::ONE, &bound).is_ok() {
                    passed.push(now);
                }
            }
        }
        let length = Window::Seconds(seconds).length_ms();
        for start in &passed {
            let held = passed.iter().filter(|call| (*start..=*start + length).contains(*call)).count();
            prop_assert!(i64::try_from(held).unwrap() <= max);
        }
    }

    /// Kept in steps, the counter never lets more through than when kept exactly.
    #[test]
    fn steps_are_never_more_generous(times in prop::collection::vec(0i64..3_000, 1..100), amount in 1i64..4_000) {
        let bound = Bound::AtMost(Decimal::from(EXACT_PLUS));
        let mut counter = Counter::new(Window::Seconds(1), Align::Sliding);
        let mut times = times;
        times.sort_unstable();
        let mut passed: Vec<(i64, i64)> = Vec::new();
        for time in times {
            if counter.reserve(at(time), Decimal::from(amount), &bound).is_ok() {
                passed.push((time, amount));
            }
        }
        for (start, _) in &passed {
            let held: i64 = passed
                .iter()
                .filter(|(time, _)| (*start..=*start + 1_000).contains(time))
                .map(|(_, amount)| amount)
                .sum();
            prop_assert!(held <= EXACT_PLUS);
        }
    }

    #[test]
    fn waiting_as_long_as_told_is_enough(times in prop::collection::vec(0i64..100, 1..40), max in 1i64..8) {
        let mut counter = Counter::new(Window::Seconds(1), Align::Sliding);
        let mut now = 0;
        for step in times {
            now += step;
            if let Err(exhausted) = counter.reserve(at(now), Decimal::ONE, &calls(max)) {
                let wait = i64::try_from(exhausted.retry_after_ms.unwrap()).unwrap();
                prop_assert!(counter.clone().reserve(at(now + wait - 1), Decimal::ONE, &calls(max)).is_err());
                prop_assert!(counter.clone().reserve(at(now + wait), Decimal::ONE, &calls(max)).is_ok());
            }
        }
    }
}

const EXACT_PLUS: i64 = crate::EXACT + 1;
