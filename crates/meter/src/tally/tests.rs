use std::collections::BTreeMap;
use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::Counter;

/// Parts in memory. In tests a part holds four entries.
#[derive(Debug, Default)]
struct Parts(BTreeMap<u64, Vec<u8>>);

#[derive(Debug, PartialEq)]
struct Broken;

impl From<Malformed> for Broken {
    fn from(_: Malformed) -> Self {
        Self
    }
}

impl From<Infallible> for Broken {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl Spill for Parts {
    type Error = Broken;

    fn load(&mut self, number: u64) -> Result<Vec<u8>, Broken> {
        self.0.get(&number).cloned().ok_or(Broken)
    }

    fn save(&mut self, number: u64, part: &[u8]) -> Result<(), Broken> {
        self.0.insert(number, part.to_owned());
        Ok(())
    }

    fn remove(&mut self, numbers: Range<u64>) -> Result<(), Broken> {
        for number in numbers {
            self.0.remove(&number).ok_or(Broken)?;
        }
        Ok(())
    }
}

fn at(ms: i64) -> Now {
    Now { elapsed_ms: ms, wall_ms: ms }
}

fn at_most(max: i64) -> Bound {
    Bound::AtMost(Decimal::from(max))
}

#[derive(Debug, Clone)]
enum Step {
    Wait(i64),
    Reserve {
        amount: Decimal,
        max: i64,
    },
    Release(prop::sample::Index),
    /// Written and read back.
    Keep,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let amount = prop_oneof![
        6 => Just(Decimal::ONE),
        1 => (0..4_000_i64).prop_map(Decimal::from),
        1 => prop::sample::select(vec!["0.1", "2.5", "1e-20", "-1", "0"]).prop_map(|text| text.parse().unwrap()),
    ];
    let max = prop_oneof![2 => 10..40_i64, 1 => 9_990..10_010_i64];
    let step = prop_oneof![
        3 => prop_oneof![6 => 0..40_i64, 1 => 0..2_500_i64].prop_map(Step::Wait),
        9 => (amount, max).prop_map(|(amount, max)| Step::Reserve { amount, max }),
        2 => any::<prop::sample::Index>().prop_map(Step::Release),
        1 => Just(Step::Keep),
    ];
    prop::collection::vec(step, 1..200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// In pieces or whole, the counter is the same, also the time to wait.
    #[test]
    fn a_tally_is_the_counter_in_pieces(steps in steps(), sliding: bool) {
        let align = if sliding { Align::Sliding } else { Align::Calendar };
        let window = Window::Seconds(2);
        let (mut counter, mut tally) = (Counter::new(window, align), Tally::new(window, align));
        let mut parts = Parts::default();
        let mut open = Vec::new();
        let mut now = 1_790_000_000_000;
        for step in steps {
            tally.advance(at(now), &mut parts).unwrap();
            match step {
                Step::Wait(ms) => now += ms,
                Step::Keep => tally = Tally::from_bytes(&tally.to_bytes()).unwrap(),
                Step::Release(index) if !open.is_empty() => {
                    let mark = open.swap_remove(index.index(open.len()));
                    counter.release(mark);
                    tally.release(mark, &mut parts).unwrap();
                }
                Step::Release(_) => {}
                Step::Reserve { amount, max } => {
                    let bound = at_most(max);
                    match counter.reserve(at(now), amount, &bound) {
                        Ok(mark) => {
                            prop_assert!(bound.after(tally.value(), amount).is_ok());
                            prop_assert_eq!(tally.add(at(now), amount, &bound, &mut parts).unwrap(), Some(mark));
                            open.push(mark);
                        }
                        Err(exhausted) => {
                            let retry = tally.retry_after(at(now), amount, &bound, &mut parts).unwrap();
                            prop_assert_eq!(retry, exhausted.retry_after_ms);
                            prop_assert_eq!(bound.after(tally.value(), amount), Err(exhausted.refused));
                        }
                    }
                }
            }
            tally.advance(at(now), &mut parts).unwrap();
            prop_assert_eq!(tally.value(), counter.value(at(now)));
            prop_assert!(tally.value().is_zero() || tally.ends() > now);
        }
        tally.advance(at(now + 3_000), &mut parts).unwrap();
        prop_assert!(parts.0.is_empty(), "what has left the window leaves no parts");
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        if let Ok(tally) = Tally::from_bytes(&bytes) {
            prop_assert_eq!(Tally::from_bytes(&tally.to_bytes()), Ok(tally));
        }
    }
}

/// What is written for one call does not grow with the limit.
#[test]
fn a_long_tally_is_small() {
    let mut parts = Parts::default();
    let mut tally = Tally::new(Window::Day, Align::Sliding);
    for ms in 0..2_000 {
        let mark = tally.add(at(ms), Decimal::ONE, &at_most(10_000), &mut parts).unwrap();
        assert!(mark.is_some());
        assert!(tally.to_bytes().len() < 64, "at {ms}");
    }
    assert_eq!((tally.value(), parts.0.len()), (Decimal::from(2_000), 498));
}

/// Fractions, and shadows over their limit, do not make entries without end.
#[test]
fn entries_are_bounded() {
    let mut parts = Parts::default();
    let mut tally = Tally::new(Window::Day, Align::Sliding);
    for ms in 0..12_000 {
        tally.add(at(ms), "0.001".parse().unwrap(), &at_most(100), &mut parts).unwrap();
    }
    assert_eq!(tally.value(), Decimal::from(12));
    assert!(parts.0.len() <= 2_500);
    tally.advance(at(86_400_000 + 86_400_000 / 64 + 12_000), &mut parts).unwrap();
    assert_eq!((tally.value(), parts.0.len()), (Decimal::ZERO, 0));
}

#[test]
fn amounts_whose_parts_are_inexact_stay_counted() {
    let number = |text: &str| text.parse::<Decimal>().unwrap();
    let (tiny, large) = (number("5e-35"), number("4999.0000000000000000000000000000000001"));
    let bound = at_most(5_000);
    let mut parts = Parts::default();
    let mut tally = Tally::new(Window::Seconds(60), Align::Sliding);
    for (ms, amount) in [(0, tiny), (1_000, tiny), (2_000, large)] {
        tally.add(at(ms), amount, &bound, &mut parts).unwrap().unwrap();
    }
    tally.advance(at(60_500), &mut parts).unwrap();
    assert!(bound.after(tally.value(), large).is_err(), "when the first has left");
    let wait = tally.retry_after(at(60_500), large, &bound, &mut parts).unwrap();
    assert_eq!(wait, Some(62_001 - 60_500));
    tally.advance(at(62_001), &mut parts).unwrap();
    assert_eq!(tally.value(), Decimal::ZERO);
}

const DAY: i64 = 86_400_000;
const HOUR: i64 = 3_600_000;

/// A tally of the day that counts one call at each of these true times, which the clock shows as the other ones.
fn daily_at(times: &[(i64, i64)]) -> Tally {
    let mut tally = Tally::new(Window::Day, Align::Calendar);
    for (elapsed_ms, wall_ms) in times {
        let now = Now { elapsed_ms: *elapsed_ms, wall_ms: *wall_ms };
        tally.advance(now, &mut Parts::default()).unwrap();
        tally.add(now, Decimal::ONE, &Bound::None, &mut Parts::default()).unwrap();
    }
    tally
}

#[test]
fn what_was_counted_by_a_false_date_counts_by_the_true_one() {
    const LATE: i64 = 9 * DAY + 23 * HOUR;
    for (times, right, expected, moved, why) in [
        (vec![(1, 1), (2, 2)], 3, 2, false, "the date was never wrong"),
        (vec![(1, 1)], DAY, 0, false, "nor was it here, and a day has passed"),
        (vec![(1, 9 * DAY), (2, 9 * DAY)], 3, 2, true, "all by a false date"),
        (vec![(1, 1), (2, 9 * DAY)], 3, 2, true, "before and after the jump"),
        (vec![(1, 1), (2, 9 * DAY), (3, 20 * DAY), (4, 50 * DAY), (5, 90 * DAY)], 6, 5, true, "many jumps"),
        (vec![(1, 1), (2, 9 * DAY)], DAY, 1, true, "what the false date shows may be of today"),
        (vec![(1, 1), (2, 9 * DAY)], DAY + 3, 0, true, "both were more than a day ago"),
        (
            vec![(HOUR, LATE), (3 * HOUR, LATE + 2 * HOUR)],
            4 * HOUR,
            2,
            true,
            "midnight came by the false date",
        ),
    ] {
        let mut tally = Tally::from_bytes(&daily_at(&times).to_bytes()).unwrap();
        assert_eq!(tally.reclock(at(right)), moved, "{why}");
        tally.advance(at(right), &mut Parts::default()).unwrap();
        assert_eq!(tally.value(), Decimal::from(expected), "{why}");
        assert!(!tally.reclock(at(right)), "{why}: once is enough");
        tally.advance(at(right + DAY), &mut Parts::default()).unwrap();
        assert_eq!(tally.value(), Decimal::ZERO, "{why}: the next day begins anew");
    }
}

#[test]
fn a_tally_keeps_its_zone() {
    for name in ["UTC", "Europe/Berlin"] {
        let align = Align::calendar_in(Zone::named(name).unwrap());
        let tally = Tally::new(Window::Month, align);
        let read = Tally::from_bytes(&tally.to_bytes()).unwrap();
        assert_eq!((read.align(), &read), (align, &tally), "{name}");
    }
    // What was kept before there were zones counts in UTC.
    assert_eq!(Tally::from_bytes(b"\x01d\x01\x00\x00\x01\x00").unwrap().align(), Align::Calendar);
    assert!(Tally::from_bytes(b"\x01d\x02\x04Mars\x00\x00\x01\x00").is_err(), "an unknown zone");
}

#[test]
fn a_sliding_tally_has_nothing_to_put_right() {
    let mut tally = Tally::new(Window::Day, Align::Sliding);
    tally.add(at(9 * DAY), Decimal::ONE, &at_most(5), &mut Parts::default()).unwrap();
    let before = tally.clone();
    assert!(!tally.reclock(at(HOUR)));
    assert_eq!(tally, before);
}

proptest! {
    /// The clock jumps and is put right, at any time: what was really counted in the period that it is then is
    /// still counted.
    #[test]
    fn putting_the_clock_right_gives_nothing_back(
        steps in prop::collection::vec((0..DAY, 0..40 * DAY, prop::bool::weighted(0.2)), 1..30),
        window in prop::sample::select(vec![Window::Seconds(3_600), Window::Day, Window::Week, Window::Month]),
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/Havana", "Pacific/Apia"]),
    ) {
        let zone = Zone::named(zone).unwrap();
        let mut tally = Tally::new(window, Align::calendar_in(zone));
        let mut calls = Vec::new();
        let mut now = at(0);
        for (wait, jump, jumps) in steps {
            now = Now { elapsed_ms: now.elapsed_ms + wait, wall_ms: now.wall_ms + wait + if jumps { jump } else { 0 } };
            tally.advance(now, &mut Parts::default()).unwrap();
            tally.add(now, Decimal::ONE, &Bound::None, &mut Parts::default()).unwrap();
            calls.push(now.elapsed_ms);
        }
        let right = at(now.elapsed_ms);
        let mut tally = Tally::from_bytes(&tally.to_bytes())?;
        tally.reclock(right);
        tally.advance(right, &mut Parts::default()).unwrap();
        let present = window.period_end(zone, right.wall_ms);
        let counted = calls.iter().filter(|call| window.period_end(zone, **call) == present).count();
        prop_assert!(tally.value() >= Decimal::from(i64::try_from(counted)?), "{} < {counted}", tally.value());
    }
}
