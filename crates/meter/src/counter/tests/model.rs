//! The counter and the clock together against a model that keeps everything.

use proptest::prelude::*;

use super::super::*;
use crate::{Clock, EXACT, Reading, Tally, Zone};

/// Every amount that was let through, with the moment of real time.
struct Model {
    length: i64,
    passed: Vec<(i64, Decimal)>,
}

impl Model {
    /// What the interval of the window's length that ends now holds, both ends included.
    fn holds(&self, now: i64) -> Decimal {
        let within = |(at, _): &&(i64, Decimal)| (now - self.length..=now).contains(at);
        self.passed.iter().filter(within).fold(Decimal::ZERO, |sum, (_, amount)| add_up(sum, *amount))
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// Real time passes.
    Wait(i64),
    /// Somebody sets the wall clock.
    Set(i64),
    Reserve {
        amount: Decimal,
        max: i64,
    },
    /// Gives one of the open reservations back.
    Release(prop::sample::Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let amount = prop_oneof![
        4 => Just(Decimal::ONE),
        2 => (0..4_000_i64).prop_map(Decimal::from),
        1 => prop::sample::select(vec!["0.1", "0.333", "2.5", "1e-30", "-1"])
            .prop_map(|text| text.parse().unwrap()),
    ];
    // Edits go up and down and across the border of exactness.
    let max = prop_oneof![0..6_i64, 9_990..10_010_i64];
    let step = prop_oneof![
        3 => (0..700_i64).prop_map(Step::Wait),
        1 => (-7_200_000..7_200_000_i64).prop_map(Step::Set),
        6 => (amount, max).prop_map(|(amount, max)| Step::Reserve { amount, max }),
        1 => any::<prop::sample::Index>().prop_map(Step::Release),
    ];
    prop::collection::vec(step, 1..120)
}

fn reading(boot_ms: i64, offset: i64) -> Reading {
    Reading { wall_ms: offset + boot_ms, boot_ms, boot_id: "a".to_owned() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Whatever is waited, set, edited and given back: an amount that is let through fits the limit of its
    /// moment together with everything that the window before it holds. Where all was counted exactly, an
    /// amount that fits is let through.
    #[test]
    fn a_sliding_counter_never_holds_more_than_the_model_allows(steps in steps(), seconds in 1..4_u64) {
        let window = Window::Seconds(seconds);
        let mut counter = Counter::new(window, Align::Sliding);
        let mut model = Model { length: window.length_ms(), passed: Vec::new() };
        let (mut boot_ms, mut offset) = (5_i64, 1_790_000_000_000_i64);
        let mut clock = Clock::new(&reading(boot_ms, offset));
        let mut open: Vec<(Mark, (i64, Decimal))> = Vec::new();
        let mut exact = true;
        for step in steps {
            match step {
                Step::Wait(ms) => boot_ms += ms,
                Step::Set(by) => offset += by,
                Step::Reserve { amount, max } => {
                    let now = clock.observe(&reading(boot_ms, offset)).now;
                    let bound = Bound::AtMost(Decimal::from(max));
                    let fits = bound.after(model.holds(boot_ms), amount).is_ok();
                    match counter.reserve(now, amount, &bound) {
                        Ok(mark) => {
                            prop_assert!(fits, "{amount} went over {max}");
                            exact &= max <= EXACT;
                            model.passed.push((boot_ms, amount));
                            open.push((mark, (boot_ms, amount)));
                        }
                        Err(_) => prop_assert!(!fits || !exact, "{amount} was denied under {max}"),
                    }
                }
                Step::Release(index) if !open.is_empty() => {
                    let (mark, passed) = open.swap_remove(index.index(open.len()));
                    counter.release(mark);
                    let at = model.passed.iter().position(|each| *each == passed).unwrap();
                    model.passed.remove(at);
                }
                Step::Release(_) => {}
            }
        }
    }

    /// A turn of the calendar never holds more than its limit, wherever the wall clock is set to.
    #[test]
    fn a_calendar_counter_holds_at_most_its_limit_in_each_period(
        steps in prop::collection::vec((-3_000..3_000_i64, 0..400_i64), 1..120), max in 0..900_i64,
    ) {
        let bound = Bound::AtMost(Decimal::from(max));
        let mut counter = Counter::new(Window::Seconds(2), Align::Calendar);
        let mut offset = 1_790_000_000_000;
        let mut clock = Clock::new(&reading(0, offset));
        let mut held = std::collections::BTreeMap::<i64, i64>::new();
        for (step, amount) in steps {
            offset += step;
            let now = clock.observe(&reading(0, offset)).now;
            let period = held.entry(now.wall_ms.div_euclid(2_000)).or_default();
            let fits = *period + amount <= max;
            prop_assert_eq!(counter.reserve(now, Decimal::from(amount), &bound).is_ok(), fits);
            if fits {
                *period += amount;
            }
        }
    }
}

fn some_zone() -> impl Strategy<Value = Zone> {
    let names =
        ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kathmandu"];
    prop::sample::select(names.map(|name| Zone::named(name).unwrap()).to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// No date of a zone holds more than the limit, over changes to and from summer time, suspension and clocks
    /// that are set back: the model adds up by the date that the zone's clocks showed at the latest time.
    #[test]
    fn no_day_of_a_zone_holds_more_than_its_limit(
        zone in some_zone(),
        start in 1_772_000_000_000_i64..1_803_600_000_000,
        steps in prop::collection::vec((0..9 * 3_600_000_i64, -7_200_000..7_200_000_i64, prop::bool::weighted(0.1), 0..400_i64), 1..120),
        max in 0..900_i64,
    ) {
        let bound = Bound::AtMost(Decimal::from(max));
        let mut counter = Counter::new(Window::Day, Align::calendar_in(zone));
        let mut tally = Tally::new(Window::Day, Align::calendar_in(zone));
        let (mut boot_ms, mut offset) = (0, start);
        let mut clock = Clock::new(&reading(boot_ms, offset));
        let mut held = std::collections::BTreeMap::new();
        for (wait, set, is_set, amount) in steps {
            boot_ms += wait;
            offset += if is_set { set } else { 0 };
            let now = clock.observe(&reading(boot_ms, offset)).now;
            let date = zone.local(now.wall_ms).unwrap().date();
            let day = held.entry(date).or_insert(0_i64);
            let fits = *day + amount <= max;
            prop_assert_eq!(counter.reserve(now, Decimal::from(amount), &bound).is_ok(), fits);
            // The form that is kept agrees, also after it was kept.
            tally = Tally::from_bytes(&tally.to_bytes())?;
            tally.advance(now, &mut NoParts).unwrap();
            prop_assert_eq!(bound.after(tally.value(), Decimal::from(amount)).is_ok(), fits);
            if fits {
                *day += amount;
                tally.add(now, Decimal::from(amount), &bound, &mut NoParts).unwrap();
            }
        }
    }
}

/// Calendar tallies have no parts.
struct NoParts;

impl crate::Spill for NoParts {
    type Error = crate::Malformed;

    fn load(&mut self, _: u64) -> Result<Vec<u8>, crate::Malformed> {
        unreachable!()
    }

    fn save(&mut self, _: u64, _: &[u8]) -> Result<(), crate::Malformed> {
        unreachable!()
    }

    fn remove(&mut self, _: std::ops::Range<u64>) -> Result<(), crate::Malformed> {
        unreachable!()
    }
}

/// Amounts chosen so that a part of their sum cannot be held in 38 digits must not make the counter forget.
#[test]
fn amounts_whose_parts_are_inexact_stay_counted() {
    let number = |text: &str| text.parse::<Decimal>().unwrap();
    let bound = Bound::AtMost(number("5000"));
    let (tiny, large) = (number("5e-35"), number("4999.0000000000000000000000000000000001"));
    for align in [Align::Sliding, Align::Calendar] {
        let mut counter = Counter::new(Window::Seconds(60), align);
        let first = counter.reserve(at(0), tiny, &bound).unwrap();
        counter.reserve(at(1_000), tiny, &bound).unwrap();
        counter.reserve(at(2_000), large, &bound).unwrap();
        counter.release(first);
        assert!(counter.reserve(at(3_000), large, &bound).is_err(), "{align:?} after a release");
        let later = if align == Align::Sliding { 60_500 } else { 59_999 };
        assert!(counter.reserve(at(later), large, &bound).is_err(), "{align:?} when the first has left");
        assert!(counter.reserve(at(130_000), large, &bound).is_ok(), "{align:?} when all have left");
    }
}

fn at(ms: i64) -> Now {
    Now { elapsed_ms: ms, wall_ms: ms }
}
