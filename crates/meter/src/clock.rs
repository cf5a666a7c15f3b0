//! Time that never steps back.
//!
//! Two lines of time come out of the readings. *Elapsed* time is for sliding windows: within one boot of the
//! machine it is the boot clock's, whatever happens to the wall clock; across boots it is what the wall clock
//! shows beyond the latest it ever showed. *Wall* time is for calendar windows: the wall clock's, held back to
//! the latest it ever showed. Both are kept with the counters, so that all processes and all restarts agree.

/// What the machine's clocks say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The wall clock, unix milliseconds.
    pub wall_ms: i64,
    /// Milliseconds since boot, suspension included.
    pub boot_ms: i64,
    /// Tells one boot from another.
    pub boot_id: String,
}

/// The times to count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// For sliding windows, milliseconds.
    pub elapsed_ms: i64,
    /// For calendar windows, unix milliseconds.
    pub wall_ms: i64,
}

/// The wall clock ran ahead of the boot clock by more than an hour: somebody set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jump {
    /// By how much, milliseconds.
    pub ahead_ms: i64,
}

/// What a reading means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    /// The times to count by.
    pub now: Now,
    /// A jump, reported once.
    pub jump: Option<Jump>,
}

/// A jump larger than this raises an alarm.
const ALARM_MS: i64 = 3_600_000;

/// The latest that was observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// The latest times given out.
    pub latest: Now,
    /// The wall clock when it was last read, wherever it stood.
    pub wall_ms: i64,
    /// The boot clock then.
    pub boot_ms: i64,
    /// The boot then.
    pub boot_id: String,
    /// How often it was put right. Of two copies of one clock, the one with more is the true one.
    pub reclocks: u64,
}

impl Clock {
    /// A clock that begins with this reading.
    #[must_use]
    pub fn new(reading: &Reading) -> Self {
        let latest = Now { elapsed_ms: reading.wall_ms, wall_ms: reading.wall_ms };
        let Reading { wall_ms, boot_ms, boot_id } = reading.clone();
        Self { latest, wall_ms, boot_ms, boot_id, reclocks: 0 }
    }

    /// Takes a reading and gives the times to count by.
    pub fn observe(&mut self, reading: &Reading) -> Observed {
        let same_boot = reading.boot_id == self.boot_id;
        let wall_passed = reading.wall_ms.saturating_sub(self.wall_ms);
        // Readings of several processes may arrive out of order: time stands still then.
        let boot_passed = reading.boot_ms.saturating_sub(self.boot_ms).max(0);
        // Measured from the latest the wall clock ever showed: had it been set back before the restart, putting
        // it right is not time that passed.
        let off = reading.wall_ms.saturating_sub(self.latest.wall_ms).max(0);
        let passed = if same_boot { boot_passed } else { off };
        let ahead_ms = if same_boot { wall_passed.saturating_sub(boot_passed) } else { 0 };
        self.latest = Now {
            elapsed_ms: self.latest.elapsed_ms.saturating_add(passed),
            wall_ms: self.latest.wall_ms.max(reading.wall_ms),
        };
        if !same_boot || reading.boot_ms >= self.boot_ms {
            self.wall_ms = reading.wall_ms;
            self.boot_ms = reading.boot_ms;
            self.boot_id.clone_from(&reading.boot_id);
        }
        Observed { now: self.latest, jump: (ahead_ms > ALARM_MS).then_some(Jump { ahead_ms }) }
    }

    /// Brings wall time to what the wall clock says now, back if need be: the only way that it goes back.
    ///
    /// It is for a wall clock that was ahead by mistake. Calendar windows count by the true date again, once
    /// their tallies are moved, too ([`Tally::reclock`](crate::Tally::reclock)). Elapsed time does not go back:
    /// within a boot a wrong wall clock never entered it; where the machine was started with one, the sliding
    /// windows that passed by it stay passed. From here on, time off is measured from the true date.
    pub fn reclock(&mut self, reading: &Reading) -> Now {
        self.observe(reading);
        self.latest.wall_ms = reading.wall_ms;
        self.reclocks = self.reclocks.saturating_add(1);
        self.latest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000;

    fn reading(wall_ms: i64, boot_ms: i64, boot: &str) -> Reading {
        Reading { wall_ms, boot_ms, boot_id: boot.to_owned() }
    }

    #[test]
    fn each_step_of_a_clock_does_what_it_should() {
        let mut clock = Clock::new(&reading(1_000_000, 500, "a"));
        for (wall, boot, id, elapsed, shown, alarm, why) in [
            (1_000_100, 600, "a", 1_000_100, 1_000_100, false, "both go on"),
            (900_000, 700, "a", 1_000_200, 1_000_100, false, "the wall clock steps back"),
            (900_100, 800, "a", 1_000_300, 1_000_100, false, "and goes on from there"),
            (1_000_400, 900, "a", 1_000_400, 1_000_400, false, "and is put right"),
            (1_000_400, 850, "a", 1_000_400, 1_000_400, false, "an older reading arrives late"),
            (9 * HOUR, 1_000, "a", 1_000_500, 9 * HOUR, true, "the wall clock jumps forward"),
            (9 * HOUR + 50, 1_050, "a", 1_000_550, 9 * HOUR + 50, false, "which is reported once"),
            (10 * HOUR, 10, "b", 1_000_550 + HOUR - 50, 10 * HOUR, false, "the machine was off for an hour"),
            (8 * HOUR, 10, "c", 1_000_500 + HOUR, 10 * HOUR, false, "and came up with a wrong clock"),
            (10 * HOUR, 10, "d", 1_000_500 + HOUR, 10 * HOUR, false, "which the next start puts right"),
        ] {
            let observed = clock.observe(&reading(wall, boot, id));
            assert_eq!(observed.now, Now { elapsed_ms: elapsed, wall_ms: shown }, "{why}");
            assert_eq!(observed.jump.is_some(), alarm, "{why}");
        }
    }

    #[test]
    fn a_false_date_is_put_right() {
        let mut clock = Clock::new(&reading(HOUR, 0, "a"));
        let false_date = clock.observe(&reading(100 * HOUR, 10, "a"));
        assert_eq!(false_date.now, Now { elapsed_ms: HOUR + 10, wall_ms: 100 * HOUR });
        assert_eq!(clock.observe(&reading(HOUR + 20, 20, "a")).now.wall_ms, 100 * HOUR);
        let right = clock.reclock(&reading(HOUR + 30, 30, "a"));
        assert_eq!(right, Now { elapsed_ms: HOUR + 30, wall_ms: HOUR + 30 });
        assert_eq!(clock.reclocks, 1);
        let later = clock.observe(&reading(HOUR + 40, 40, "a"));
        let expected = Now { elapsed_ms: HOUR + 40, wall_ms: HOUR + 40 };
        assert_eq!(later, Observed { now: expected, jump: None });
        // Time off counts again, which it would not while the mark stood in the future.
        let restarted = clock.observe(&reading(3 * HOUR, 0, "b")).now;
        assert_eq!(restarted, Now { elapsed_ms: 3 * HOUR, wall_ms: 3 * HOUR });
    }

    #[test]
    fn time_that_a_boot_with_a_false_date_took_for_passed_stays_passed() {
        let mut clock = Clock::new(&reading(HOUR, 0, "a"));
        clock.observe(&reading(100 * HOUR, 0, "b"));
        let right = clock.reclock(&reading(2 * HOUR, 0, "c"));
        assert_eq!(right, Now { elapsed_ms: 100 * HOUR, wall_ms: 2 * HOUR });
        assert_eq!(clock.observe(&reading(2 * HOUR + 5, 5, "c")).now.elapsed_ms, 100 * HOUR + 5);
    }

    proptest! {
        #[test]
        fn time_never_steps_back(
            readings in prop::collection::vec((0i64..10 * HOUR, 0i64..10 * HOUR, 0u8..3), 1..60)
        ) {
            let all: Vec<Reading> =
                readings.iter().map(|(wall, boot, id)| reading(*wall, *boot, &id.to_string())).collect();
            let mut clock = Clock::new(&all[0]);
            let mut last = clock.latest;
            for reading in &all {
                let now = clock.observe(reading).now;
                prop_assert!(now.elapsed_ms >= last.elapsed_ms && now.wall_ms >= last.wall_ms);
                last = now;
            }
        }
    }
}
