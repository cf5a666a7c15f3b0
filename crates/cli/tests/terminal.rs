//! What people see who sit at a terminal.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test: to fail is its way to say so")]

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use interlock_audit::{Entry, InstanceId, Lifecycle, LifecycleKind, Log, Options};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

const T0: i64 = 1_763_690_000_000;

/// A terminal: the side that a person reads, and the side that programs have.
fn terminal(columns: u16) -> (File, File) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    tcsetwinsize(&person, Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap();
    let program = OpenOptions::new().read(true).write(true).open(OsStr::from_bytes(name.as_bytes())).unwrap();
    (person.into(), program)
}

fn interlock(data: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interlock"));
    command
        .args(args)
        .env("INTERLOCK_DATA", data.join("data"))
        .env("XDG_CONFIG_HOME", data)
        .env("NO_COLOR", "1");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Everything up to where it says `until`, or to the end of the program.
fn read(person: &mut File, until: &str) -> String {
    let mut text = String::new();
    let mut bytes = [0; 4096];
    while !text.contains(until) {
        match person.read(&mut bytes) {
            // A terminal that no program has any more answers with an error.
            Ok(0) | Err(_) => break,
            Ok(count) => text.push_str(&String::from_utf8_lossy(bytes.get(..count).unwrap())),
        }
    }
    text
}

fn end(mut child: Child) {
    // It may have ended by itself.
    let _gone = child.kill();
    child.wait().unwrap();
}

#[test]
fn a_session_in_a_terminal_says_what_it_waits_for() {
    let data = tempfile::tempdir().unwrap();
    let policy = data.path().join("policy.yaml");
    fs::write(&policy, "version: \"1\"\ndefault: deny\ntools: { t: {} }\n").unwrap();
    let args = ["run", "-c", policy.to_str().unwrap(), "--", "cat"];
    let (mut person, program) = terminal(80);
    let mut command = interlock(data.path(), &args);
    command.stdin(program.try_clone().unwrap()).stderr(program);
    let child = command.spawn().unwrap();
    // The command keeps its side of the terminal open.
    drop(command);
    let said = read(&mut person, "to end");
    end(child);
    let expected =
        "interlock: in front of `cat`, waiting for a client on standard input; press Ctrl-C to end";
    assert!(said.contains(expected), "{said:?}");

    // A client's pipe is no person, even where the messages go to a terminal.
    let (mut person, program) = terminal(80);
    let mut command = interlock(data.path(), &args);
    let mut child = command.stdin(Stdio::piped()).stderr(program).spawn().unwrap();
    drop(command);
    drop(child.stdin.take());
    assert_eq!(read(&mut person, "to end"), "");
    end(child);
}

#[test]
fn tables_stay_whole_on_terminals_without_room() {
    let data = tempfile::tempdir().unwrap();
    let log =
        Log::open(&data.path().join("data"), &InstanceId::generate(T0).unwrap(), Options::default()).unwrap();
    log.append(T0, &Entry::Lifecycle(Lifecycle::new(LifecycleKind::Start))).unwrap();
    log.stop(T0 + 1, "done").unwrap();
    for columns in [0, 20, 200] {
        let (mut person, program) = terminal(columns);
        let mut command = interlock(data.path(), &["audit", "verify"]);
        let child = command.stdout(program).spawn().unwrap();
        drop(command);
        let said = read(&mut person, "checkpoint");
        end(child);
        let rows: Vec<Vec<&str>> = said.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows.first().map(Vec::len), Some(8), "{columns}: {said}");
        let [instance, rest @ ..] = rows.get(1).unwrap().as_slice() else { panic!("{said}") };
        assert_eq!(instance.len(), 14, "{columns}: {said}");
        assert_eq!(
            rest,
            ["finished", "2", "1", "0", "2025-11-21T01:53:20Z", "2025-11-21T01:53:20Z"],
            "{said}"
        );
    }
}

/// Of a list that is wider than the terminal no line is, and no name is cut.
#[test]
fn lists_fit_the_terminal() {
    let data = tempfile::tempdir().unwrap();
    let tools = data.path().join("tools.jsonl");
    let name = "delete_everything_that_a_rather_long_name_says";
    let tool = format!(
        r#"{{"name":"{name}","description":"Execute a deletion of all messages to recipients, which cannot be undone"}}"#
    );
    fs::write(&tools, format!("{tool}\n{{\"name\":\"get\"}}\n")).unwrap();
    let scan = ["scan", "--tools", tools.to_str().unwrap()];
    for (args, names) in [(&["attacks", "list", "--wide"][..], "destructive-autonomy"), (&scan, name)] {
        for columns in [60, 80, 90, 100, 120] {
            let (mut person, program) = terminal(columns);
            let mut command = interlock(data.path(), args);
            let child = command.stdout(program).spawn().unwrap();
            drop(command);
            let said = read(&mut person, "\0");
            end(child);
            assert!(said.contains(names), "{columns}: {said}");
            let widest = said.lines().map(|line| line.trim_end().chars().count()).max().unwrap();
            assert!(widest <= usize::from(columns), "{columns}: {said}");
        }
    }
}
