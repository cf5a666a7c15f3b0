//! Clocks that the test sets.

use std::sync::Mutex;

use interlock_store::{ClockSource, Reading};

/// A Friday: 2026-11-20T12:00:00Z.
pub(crate) const NOON: i64 = 1_795_176_000_000;

#[derive(Debug)]
pub(crate) struct TestClock(Mutex<Reading>);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Reading { wall_ms: NOON, boot_ms: 1_000, boot_id: "first".to_owned() }))
    }

    /// Time passes.
    pub(crate) fn advance(&self, ms: i64) {
        let mut reading = self.0.lock().unwrap();
        reading.wall_ms += ms;
        reading.boot_ms += ms;
    }

    /// Somebody sets the wall clock; no time passes.
    pub(crate) fn set_by(&self, ms: i64) {
        self.0.lock().unwrap().wall_ms += ms;
    }

    /// The machine starts anew.
    pub(crate) fn reboot(&self, off_ms: i64) {
        let mut reading = self.0.lock().unwrap();
        reading.wall_ms += off_ms;
        reading.boot_ms = 10;
        reading.boot_id.push('\'');
    }
}

impl ClockSource for TestClock {
    fn read(&self) -> Reading {
        self.0.lock().unwrap().clone()
    }
}
