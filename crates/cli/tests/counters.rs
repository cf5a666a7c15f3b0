//! `interlock counters` from the outside.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test: to fail is its way to say so")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use interlock_audit::{Filter, query};
use interlock_meter::{Align, Bound, Window};
use interlock_store::{
    ClockSource, CounterRef, Counters, Dates, Embedded, Need, Options, Reading, Refund, ReserveRequest,
    SystemClock, Timekeeping,
};

const YEAR: i64 = 365 * 86_400_000;
const KEY: &str = "server=s/tools/t/_rate_day_0/day/calendar/grant=g";

/// The machine's clock, wrong by so much.
struct Wrong(i64);

impl ClockSource for Wrong {
    fn read(&self) -> Reading {
        let reading = SystemClock.read();
        Reading { wall_ms: reading.wall_ms + self.0, ..reading }
    }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A ledger that counted one call, by a clock that is wrong by so much.
fn ledger(data: &Path, wrong_by: i64) -> Embedded {
    let options = Options { clock: Arc::new(Wrong(wrong_by)), ..Options::default() };
    let store = Embedded::open(data, options).unwrap();
    let counter = CounterRef { key: KEY.to_owned(), window: Window::Day, align: Align::Calendar };
    let (amount, bound) = ("1".parse().unwrap(), Bound::AtMost("4".parse().unwrap()));
    let need = Need {
        counter,
        amount,
        bound,
        label: "a limit".to_owned(),
        shadow: false,
        refund: Refund::Never,
        pays: false,
    };
    now(store.reserve(ReserveRequest { needs: vec![need], ..ReserveRequest::default() })).unwrap();
    store
}

/// Standard output, standard error, and the exit code.
fn counters(data: &Path, args: &[&str]) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interlock"));
    command.arg("counters").args(args).arg("--data").arg(data);
    let output = command.env("XDG_CONFIG_HOME", data).env("NO_COLOR", "1").output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|stream| String::from_utf8(stream).unwrap());
    (out, err, output.status.code().unwrap())
}

fn records(data: &Path, kind: &str) -> Vec<String> {
    let filter = Filter { kind: Some(kind.to_owned()), ..Filter::default() };
    query(data, filter).unwrap().map(|record| record.unwrap().json().to_owned()).collect()
}

fn dates(store: &Embedded) -> Dates {
    now(store.dates()).unwrap()
}

#[test]
fn a_false_date_is_put_right_and_recorded() {
    let data = tempfile::tempdir().unwrap();
    drop(ledger(data.path(), YEAR));
    // A gateway that goes on running.
    let running = ledger(data.path(), 0);
    assert!(dates(&running).ledger_ms > dates(&running).machine_ms + YEAR / 2);

    let (_, err, exit) = counters(data.path(), &["reclock"]);
    assert!(exit == 2 && err.contains("--yes") && err.contains("the machine's date"), "{err}");
    assert!(records(data.path(), "reclock").is_empty());
    assert!(dates(&running).ledger_ms > dates(&running).machine_ms + YEAR / 2, "nothing was done");

    let (out, err, exit) = counters(data.path(), &["reclock", "--yes", "--format", "json"]);
    assert_eq!(exit, 0, "{err}");
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["reclocked"], &report["moved"]), (&true.into(), &1.into()), "{out}");
    let [record] = &*records(data.path(), "reclock") else { panic!("one record") };
    assert!(record.contains(report["ledger"].as_str().unwrap()), "{record}");
    assert!(dates(&running).ledger_ms <= dates(&running).machine_ms, "{:?}", dates(&running));

    let (out, err, exit) = counters(data.path(), &["reclock"]);
    assert!(exit == 0 && out.contains("nothing to do"), "{out}{err}");
    assert_eq!(records(data.path(), "reclock").len(), 1);
}

#[test]
fn what_cannot_be_recorded_is_not_done() {
    let data = tempfile::tempdir().unwrap();
    let store = ledger(data.path(), YEAR);
    std::fs::write(data.path().join("audit"), "in the way").unwrap();
    let (_, err, exit) = counters(data.path(), &["reclock", "--yes"]);
    assert!(exit == 2 && err.contains("cannot be recorded"), "{err}");
    drop(store);
    let store = Embedded::open(data.path(), Options::default()).unwrap();
    assert!(dates(&store).ledger_ms > dates(&store).machine_ms);
}

#[test]
fn counters_are_listed() {
    let data = tempfile::tempdir().unwrap();
    drop(ledger(data.path(), 0));
    let (out, err, exit) = counters(data.path(), &["list"]);
    assert_eq!(exit, 0, "{err}");
    assert!(out.contains("USED") && out.contains("1 of 4"), "{out}");
    let (out, ..) = counters(data.path(), &["list", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&found[0]["counter"], &found[0]["value"]), (&KEY.into(), &"1".into()), "{out}");
    assert_eq!(records(data.path(), "read").len(), 2);
    let (_, err, exit) = counters(data.path(), &["list", "--limit", "0"]);
    assert!(exit == 2 && err.contains("invalid value '0' for '--limit <COUNT>'"), "{err}");
    let nowhere = tempfile::tempdir().unwrap();
    let (_, err, exit) = counters(nowhere.path(), &["list"]);
    assert!(exit == 2 && err.contains("nothing has run"), "{err}");
    assert_eq!(std::fs::read_dir(nowhere.path()).unwrap().count(), 0);
}
