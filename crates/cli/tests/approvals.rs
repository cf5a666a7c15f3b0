//! `interlock approvals` from the outside, on questions that a gateway would have asked.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test: to fail is its way to say so"
)]

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use interlock_audit::{Filter, query};
use interlock_store::{
    Approvals as _, Asked, Asker, Embedded, Opinion, Options, Patience, Question, Standing, Taken,
};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;

const FIRST: &str = "1111aaaa000000000000000000000001";
const SECOND: &str = "1111aaaabb0000000000000000000002";
const THIRD: &str = "3333cccc000000000000000000000003";
const FOURTH: &str = "4444dddd000000000000000000000004";

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// What a gateway writes down of an export.
fn details(arguments: &str, description: &str) -> String {
    format!(
        r#"{{"method":"tools/call","arguments":{arguments},"rule":"server:/tools/start_dicom_export_job/approve_if/0",
        "rule_name":"unlisted bucket","reason":"the bucket is not on the list","policy":"0badcafe",
        "client":"agent-sdk 1.0","definition":{{"fingerprint":"f00df00d","description":{},
        "annotations":{{"destructiveHint":true}}}}}}"#,
        serde_json::to_string(description).unwrap()
    )
}

fn question(id: &str) -> Question {
    let mut digest = [0; 32];
    digest.copy_from_slice(id.as_bytes());
    Question {
        id: id.to_owned(),
        judged_by: [7; 32],
        digest,
        asker: Asker { grant: "radiology".to_owned(), instance: "i".to_owned(), session: None },
        server: "healthimaging".to_owned(),
        section: "tools".to_owned(),
        name: "start_dicom_export_job".to_owned(),
        approvers: Vec::new(),
        needed: 1,
        details: details(r#"{"output_s3_uri":"s3://new/","amount":1.10,"id":9007199254740993}"#, "Exports."),
        announce_to: Vec::new(),
    }
}

fn store(data: &Path) -> Embedded {
    Embedded::open(data, Options::default()).unwrap()
}

fn ask_for(data: &Path, question: Question, timeout_ms: u64) {
    let patience = Patience { timeout_ms, dedupe_ms: 0, most: 100, most_bytes: u64::MAX };
    let asked = now(store(data).ask(question, patience)).unwrap();
    assert!(matches!(asked, Asked::New(_)), "{asked:?}");
}

fn ask(data: &Path, question: Question) {
    ask_for(data, question, 1_800_000);
}

fn standing(data: &Path, id: &str) -> Standing {
    now(store(data).approval(id)).unwrap().unwrap().standing
}

fn command(data: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interlock"));
    command.arg("approvals").args(args).arg("--data").arg(data);
    command.env("XDG_CONFIG_HOME", data).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// Standard output, standard error, and the exit code.
fn approvals(data: &Path, args: &[&str]) -> (String, String, i32) {
    let output = command(data, args).output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|stream| String::from_utf8(stream).unwrap());
    (out, err, output.status.code().unwrap())
}

fn json(data: &Path, args: &[&str]) -> (Value, i32) {
    let (out, err, exit) = approvals(data, &[args, &["--format", "json"]].concat());
    (serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}")), exit)
}

/// The records of what people said, as they stand in the log.
fn records(data: &Path, kind: &str) -> Vec<Value> {
    let filter = Filter { kind: Some(kind.to_owned()), ..Filter::default() };
    let record = |record: Result<interlock_audit::Record, _>| serde_json::from_str(record.unwrap().json());
    query(data, filter).unwrap().map(record).collect::<Result<_, _>>().unwrap()
}

/// The user who runs this test, as the commands name them.
fn me() -> String {
    let output = Command::new("id").arg("-run").output().unwrap();
    format!("user:{}", String::from_utf8(output.stdout).unwrap().trim())
}

#[test]
fn an_approved_call_is_approved_once_and_recorded() {
    let data = tempfile::tempdir().unwrap();
    ask(data.path(), question(FIRST));
    let (out, err, exit) = approvals(data.path(), &["approve", "1111", "--reason", "agreed"]);
    assert_eq!((exit, err.as_str()), (0, ""), "{out}");
    assert!(out.starts_with("approved: start_dicom_export_job at healthimaging for radiology"), "{out}");
    let approval = now(store(data.path()).approval(FIRST)).unwrap().unwrap();
    assert_eq!(approval.standing, Standing::Approved);
    let [opinion] = &*approval.opinions else { panic!("one opinion") };
    assert_eq!((&opinion.by, opinion.approves, opinion.reason.as_deref()), (&me(), true, Some("agreed")));
    let [intent, record] = &*records(data.path(), "approval") else { panic!("two records") };
    let meant = ["step", "state", "by", "why"].map(|key| intent["details"][key].as_str().unwrap());
    assert_eq!(meant, ["approving", "waiting", &me(), "agreed"], "it is recorded before it is decided");
    assert_eq!((&record["grant"], &record["server"]), (&"radiology".into(), &"healthimaging".into()));
    let details = &record["details"];
    for (key, expected) in [
        ("approval", Value::from(FIRST)),
        ("step", Value::from("approved")),
        ("by", Value::from(me())),
        ("why", Value::from("agreed")),
        ("section", Value::from("tools")),
        ("name", Value::from("start_dicom_export_job")),
        ("approvals", Value::from(1)),
        ("needed", Value::from(1)),
        ("state", Value::from("approved")),
    ] {
        assert_eq!(details[key], expected, "{key}: {details}");
    }
    // Too late, whatever is said; each try is recorded.
    for verb in ["deny", "approve"] {
        let (report, exit) = json(data.path(), &[verb, FIRST]);
        assert_eq!(
            (exit, &report[0]["outcome"], &report[0]["state"]),
            (1, &"too late".into(), &"approved".into())
        );
    }
    assert_eq!(standing(data.path(), FIRST), Standing::Approved);
    assert_eq!(records(data.path(), "approval").len(), 4);
    let asker = question(FIRST).asker;
    let taken = now(store(data.path()).take(FIRST, question(FIRST).digest, &asker)).unwrap();
    assert!(matches!(taken, Taken::Taken(_)));
}

#[test]
fn several_calls_are_decided_at_once_and_each_by_itself() {
    let data = tempfile::tempdir().unwrap();
    ask(data.path(), question(FIRST));
    ask(data.path(), Question { needed: 2, ..question(SECOND) });
    ask_for(data.path(), question(THIRD), 0);
    // A beginning that two have is not theirs to guess.
    let (report, exit) = json(data.path(), &["deny", "1111aaaa"]);
    assert_eq!((exit, &report[0]["outcome"]), (2, &"ambiguous".into()));
    assert_eq!(standing(data.path(), FIRST), Standing::Waiting);
    let choice = "`1111aaaa` begins 2 names: `1111aaaa0` (start_dicom_export_job), `1111aaaab` (start_dicom_export_job); \
                  write more of it";
    assert_eq!(report[0]["message"], choice);
    let (_, err, exit) = approvals(data.path(), &["show", "1111aaaa"]);
    assert!(exit == 2 && err.contains(choice), "{err}");

    let (report, exit) = json(data.path(), &["approve", "nothing", "approval_1111AAAAB…", "33", "1111aaaa0"]);
    assert_eq!(exit, 1);
    let outcomes: Vec<&str> =
        report.as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["unknown", "counted", "too late", "counted"]);
    assert_eq!((&report[1]["approvals"], &report[1]["needed"]), (&1.into(), &2.into()));
    assert_eq!(standing(data.path(), FIRST), Standing::Approved);
    assert_eq!(standing(data.path(), SECOND), Standing::Waiting, "two people are needed");
    assert_eq!(standing(data.path(), THIRD), Standing::Expired);
    // The same person twice is one.
    let (report, exit) = json(data.path(), &["approve", SECOND]);
    assert_eq!((exit, &report[0]["outcome"]), (1, &"again".into()));
    assert_eq!(standing(data.path(), SECOND), Standing::Waiting);
    let steps: Vec<Value> =
        records(data.path(), "approval").iter().map(|record| record["details"]["step"].clone()).collect();
    assert_eq!(steps, ["approving", "approved", "too late", "approving", "approved", "repeated"]);
}

#[test]
fn whoever_is_not_named_may_not_decide() {
    let data = tempfile::tempdir().unwrap();
    let bare = me().split_once(':').unwrap().1.to_owned();
    for (number, approvers, allowed) in [
        (1, vec!["nobody-else".to_owned(), "operator:bob".to_owned()], false),
        (2, vec![format!("operator:{bare}")], false),
        (3, vec!["nobody-else".to_owned(), bare], true),
        (4, vec![me()], true),
    ] {
        let id = format!("{number:032}");
        ask(data.path(), Question { approvers: approvers.clone(), ..question(&id) });
        let (_, err, exit) = approvals(data.path(), &["deny", &id, "--reason", "no"]);
        assert_eq!(exit, i32::from(!allowed), "{err}");
        let expected = if allowed { Standing::Denied } else { Standing::Waiting };
        assert_eq!(standing(data.path(), &id), expected);
        if !allowed {
            assert!(err.contains(&format!("{} may not; {} may", me(), approvers.join(", "))), "{err}");
        }
    }
    let steps: Vec<Value> =
        records(data.path(), "approval").iter().map(|record| record["details"]["step"].clone()).collect();
    assert_eq!(steps, ["not allowed", "not allowed", "denying", "denied", "denying", "denied"]);
}

/// A reason is said again by nobody: a long one would hide what is wrong with it.
#[test]
fn a_reason_that_is_none_decides_nothing() {
    let data = tempfile::tempdir().unwrap();
    ask(data.path(), question(FIRST));
    for (reason, expected) in [
        (" ".to_owned(), "the reason is empty; leave it out, or write one"),
        ("word ".repeat(1_000), "a reason has at most 1000 letters"),
    ] {
        let (out, err, exit) = approvals(data.path(), &["deny", FIRST, "--reason", &reason]);
        assert!(exit == 2 && err.contains(expected) && !err.contains("word"), "{out}{err}");
    }
    assert_eq!(standing(data.path(), FIRST), Standing::Waiting);
}

/// Whoever is told of a command can type it as it stands, and it looks at the same place.
#[test]
fn hints_name_the_place_that_was_given() {
    let data = tempfile::tempdir().unwrap();
    ask(data.path(), question(FIRST));
    let (_, err, exit) = approvals(data.path(), &["show", "zzz"]);
    let list = format!("`interlock approvals list --all --data {}` shows them", data.path().display());
    assert!(exit == 1 && err.contains("no call `zzz` waits or waited here") && err.contains(&list), "{err}");
}

/// The pages of a directory that is nobody's show nothing, and say so when they start.
#[test]
fn pages_say_that_nothing_has_run_yet() {
    let home = tempfile::tempdir().unwrap();
    let used = home.path().join("used");
    drop(store(&used));
    for (args, is_new) in [(vec![], true), (vec!["--data", used.to_str().unwrap()], false)] {
        let mut serve = Command::new(env!("CARGO_BIN_EXE_interlock"));
        serve.args(["approvals", "serve", "--listen", "127.0.0.1:0"]).args(args);
        for name in ["HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
            serve.env(name, home.path());
        }
        serve.env_remove("INTERLOCK_DATA").stdin(Stdio::null()).stderr(Stdio::piped());
        let mut served = serve.spawn().unwrap();
        let mut lines = BufReader::new(served.stderr.take().unwrap()).lines().map(Result::unwrap);
        let start = lines.find(|line| line.contains("people decide at")).unwrap();
        served.kill().unwrap();
        served.wait().unwrap();
        assert_eq!(start.contains("nothing has run with it yet"), is_new, "{start}");
    }
}

#[test]
fn what_cannot_be_recorded_is_not_decided() {
    let data = tempfile::tempdir().unwrap();
    ask(data.path(), question(FIRST));
    std::fs::write(data.path().join("audit"), "in the way").unwrap();
    let (_, err, exit) = approvals(data.path(), &["approve", FIRST]);
    assert!(exit == 2 && err.contains("not decided, because it cannot be recorded"), "{exit} {err}");
    assert_eq!(standing(data.path(), FIRST), Standing::Waiting);
    std::fs::remove_file(data.path().join("audit")).unwrap();
    assert_eq!(approvals(data.path(), &["approve", FIRST]).2, 0, "and is, where it can be");
}

#[test]
fn calls_are_listed_by_how_long_they_have_waited() {
    let data = tempfile::tempdir().unwrap();
    let (out, err, exit) = approvals(data.path(), &["list"]);
    assert!(exit == 2 && err.contains("nothing has run"), "{out}{err}");
    drop(store(data.path()));
    assert_eq!(approvals(data.path(), &["list"]).0, "no call waits for a person\n");
    ask(data.path(), question(SECOND));
    ask(data.path(), Question { server: "p\u{430}y".to_owned(), ..question(FIRST) });
    ask(data.path(), question(THIRD));
    now(store(data.path())
        .tell(THIRD, Opinion { by: "user:x".to_owned(), approves: false, reason: None, at_ms: 0 }))
    .unwrap();

    let (out, err, exit) = approvals(data.path(), &["list"]);
    assert_eq!((exit, err.as_str()), (0, ""));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 3, "{out}");
    let header: Vec<&str> = lines[0].split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    assert_eq!(header, ["ID", "AGE", "EXPIRES IN", "GRANT", "SERVER", "TOOL", "RULE"]);
    assert!(lines[1].trim_start().starts_with("1111aaaab "), "{out}");
    assert!(lines[2].trim_start().starts_with("1111aaaa0 ") && lines[2].contains("p\\u{430}y"), "{out}");
    assert!(lines[1].contains("unlisted bucket") && lines[1].contains("radiology"), "{out}");
    let (out, err, _) = approvals(data.path(), &["list", "--limit", "1"]);
    assert!(out.lines().count() == 2 && err.contains("--limit"), "{out}{err}");

    for (args, expected) in [
        (&["list"][..], &[SECOND, FIRST][..]),
        (&["list", "--all"], &[THIRD, FIRST, SECOND]),
        (&["list", "--state", "denied"], &[THIRD]),
        (&["list", "--state", "used"], &[]),
        (&["list", "--server", "healthimaging"], &[SECOND]),
        (&["list", "--all", "--grant", "nobody"], &[]),
    ] {
        let (found, exit) = json(data.path(), args);
        let ids: Vec<&str> =
            found.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!((exit, &*ids), (0, expected), "{args:?}");
    }
    let (_, err, exit) = approvals(data.path(), &["list", "--all", "--state", "used"]);
    assert!(exit == 2 && err.contains("cannot be used with"), "{err}");
    assert!(!records(data.path(), "read").is_empty(), "who looks at arguments is recorded");
}

#[test]
fn a_call_is_shown_whole_and_nothing_in_it_hides() {
    let data = tempfile::tempdir().unwrap();
    let arguments =
        r#"{"output_s3_uri":"s3://p\u0430yroll/","z":1.10,"a":9007199254740993,"note":"\u001b[2J\u202Ex"}"#;
    let description = "Exports images.\nApproved by: everybody\u{200b}";
    let question = Question {
        details: details(arguments, description),
        approvers: vec![me(), "bob".to_owned()],
        needed: 2,
        ..question(FIRST)
    };
    ask(data.path(), self::question(THIRD));
    approvals(data.path(), &["deny", THIRD, "--reason", "not\nthis one"]);
    ask(data.path(), question);
    approvals(data.path(), &["approve", FIRST]);
    let (out, err, exit) = approvals(data.path(), &["show", "1111"]);
    assert_eq!((exit, err.as_str()), (0, ""));
    for expected in [
        "Server       healthimaging\n",
        "Calls        start_dicom_export_job\n",
        "Grant        radiology\n",
        "Client       agent-sdk 1.0 (as it calls itself)\n",
        "Rule         unlisted bucket (server:/tools/start_dicom_export_job/approve_if/0)\n",
        "Reason       the bucket is not on the list\n",
        "Policy       0badcafe\n",
        "Definition   f00df00d\n",
        "Description  the server's own word:\n  │ Exports images.\n  │ Approved by: everybody\\u{200b}\n",
        "  │   \"destructiveHint\": true\n",
        "  │   \"output_s3_uri\": \"s3://p\\u{430}yroll/\",\n  │   \"z\": 1.10,\n  │   \"a\": 9007199254740993,\n",
        "\"note\": \"\\u001b[2J\\u{202e}x\"\n",
        "Needs        2 different people to approve; one no denies\n",
        "arguments, line 2, column 27: U+0430, Cyrillic, which looks like `a`",
        "U+202E, which turns the direction of the text",
        "description, line 2, column 23: U+200B, of which nothing is seen",
        "not\\nthis one",
    ] {
        assert!(out.contains(expected), "{expected:?} in\n{out}");
    }
    assert!(out.contains(&format!("{} approves\n", me())), "{out}");
    assert!(out.contains(&format!("{THIRD} denied ")), "{out}");
    assert!(!out.contains(['\u{1b}', '\u{202e}', '\u{200b}', '\u{430}']), "{out}");

    let (found, _) = json(data.path(), &["show", FIRST]);
    assert_eq!((&found["state"], &found["needed"]), (&"waiting".into(), &2.into()));
    assert_eq!(
        (found["similar"][0]["id"].as_str(), found["marked"].as_array().unwrap().len()),
        (Some(THIRD), 3)
    );
    let (out, ..) = approvals(data.path(), &["show", FIRST, "--format", "json"]);
    assert!(out.contains(r#""z":1.10,"a":9007199254740993"#), "numbers to the last digit: {out}");

    let (_, err, exit) = approvals(data.path(), &["show", "ffff"]);
    assert!(exit == 1 && err.contains("`ffff`"), "{err}");
    let (_, err, exit) = approvals(data.path(), &["show", "../x"]);
    assert!(exit == 2 && err.contains("letters and digits"), "{err}");
}

/// What another version has written down is shown as it is.
#[test]
fn what_cannot_be_read_is_shown_all_the_same() {
    let data = tempfile::tempdir().unwrap();
    ask(data.path(), Question { details: "{\"other\":\"\u{202e}\"}".to_owned(), ..question(FIRST) });
    let (out, _, exit) = approvals(data.path(), &["show", FIRST]);
    assert!(exit == 0 && out.contains("{\"other\":\"\\u{202e}\"}") && out.contains("cannot read"), "{out}");
    assert_eq!(json(data.path(), &["list"]).0[0]["rule"], Value::Null);
}

#[test]
fn the_file_that_serve_reads_says_where_calls_wait() {
    let place = tempfile::tempdir().unwrap();
    ask(&place.path().join("kept"), question(FIRST));
    let file = place.path().join("interlock.yaml");
    std::fs::write(&file, "data: kept\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_interlock"));
    command.args(["approvals", "deny", "1111", "-c"]).arg(&file).env("XDG_CONFIG_HOME", place.path());
    command.env_remove("INTERLOCK_DATA");
    assert!(command.stdin(Stdio::null()).output().unwrap().status.success());
    assert_eq!(standing(&place.path().join("kept"), FIRST), Standing::Denied);
}

/// A policy says nothing of where calls wait.
#[test]
fn a_policy_is_no_file_of_settings() {
    let data = tempfile::tempdir().unwrap();
    ask(data.path(), question(FIRST));
    let file = data.path().join("policy.yaml");
    std::fs::write(&file, "version: \"1\"\ndefault: deny\napprovals: { timeout: 30m }\n").unwrap();
    let output = command(data.path(), &["list", "-c", file.to_str().unwrap()]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    for part in ["this is a policy, and not a settings file", "`--data DIR`", "policy.yaml:1:1"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!said.contains("unknown key"), "{said}");
}

/// A name with a mistake in it makes no directory in which nobody ever waits.
#[test]
fn what_may_come_first_makes_no_directory_that_was_mistyped() {
    let place = tempfile::tempdir().unwrap();
    let run = |args: &[&str], data: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_interlock"));
        command.args(args).arg("--data").arg(data).env("XDG_CONFIG_HOME", place.path());
        let output = command.stdin(Stdio::null()).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (mistyped, other, new) =
        (place.path().join("dta"), place.path().join("other"), place.path().join("new"));
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("letter.txt"), "Dear").unwrap();
    std::fs::create_dir(&new).unwrap();
    for args in [&["admin", "create", "ada"][..], &["approvals", "serve", "--listen", "127.0.0.1:0"]] {
        let (code, said) = run(args, &mistyped);
        assert!(code == 2 && said.contains("there is no data directory") && said.contains("mkdir"), "{said}");
        let (code, said) = run(args, &other);
        assert!(code == 2 && said.contains("nothing has run with the data directory"), "{said}");
    }
    for args in [&["admin", "list"][..], &["admin", "revoke", "ada"]] {
        let (code, said) = run(args, &new);
        assert!(code == 2 && said.contains("nothing has run with the data directory"), "{said}");
    }
    let config = place.path().join("interlock.yaml");
    std::fs::write(&config, "servers: { s: { command: \"true\" } }\ngrants: { team: {} }\n").unwrap();
    let config = config.to_str().unwrap();
    for args in [&["grants", "create", "team", "-c", config][..], &["servers", "list", "-c", config]] {
        let (code, said) = run(args, &mistyped);
        assert!(code == 2 && said.contains("there is no data directory"), "{said}");
    }
    assert!(!mistyped.exists());
    assert_eq!(std::fs::read_dir(&other).unwrap().count(), 1);
    assert_eq!(std::fs::read_dir(&new).unwrap().count(), 0);
    let (code, said) = run(&["admin", "create", "ada"], &new);
    assert_eq!(code, 0, "an empty one that is there is to be used: {said}");
}

/// A terminal: the side that a person reads, and the side that programs have.
fn terminal() -> (File, File) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap();
    let program = OpenOptions::new().read(true).write(true).open(OsStr::from_bytes(name.as_bytes())).unwrap();
    (person.into(), program)
}

/// Everything up to where it says `until`, or to the end of the program.
fn read(person: &mut File, until: &str) -> String {
    let mut text = String::new();
    let mut bytes = [0; 4096];
    while !text.contains(until) {
        match person.read(&mut bytes) {
            // A terminal that no program has any more answers with an error.
            Ok(0) | Err(_) => break,
            Ok(count) => text.push_str(&String::from_utf8_lossy(&bytes[..count])),
        }
    }
    text
}

/// What a person at a terminal reads and answers, question by question; then the exit code.
fn answered(data: &Path, args: &[&str], answers: &[(&str, &str)]) -> i32 {
    heard(data, args, answers).0
}

/// The same, with what it says at the end.
fn heard(data: &Path, args: &[&str], answers: &[(&str, &str)]) -> (i32, String) {
    let (mut person, program) = terminal();
    // Somebody types ahead of what is asked.
    writeln!(person, "y").unwrap();
    let mut command = command(data, args);
    command.stdin(program.try_clone().unwrap()).stderr(program).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    drop(command);
    for (question, answer) in answers {
        let said = read(&mut person, question);
        assert!(said.contains(question), "{said}");
        writeln!(person, "{answer}").unwrap();
    }
    let said = read(&mut person, "\0");
    (child.wait().unwrap().code().unwrap(), said)
}

#[test]
fn at_a_terminal_a_person_sees_the_call_and_is_asked() {
    let data = tempfile::tempdir().unwrap();
    ask(data.path(), question(FIRST));
    ask(data.path(), question(SECOND));
    ask(data.path(), question(THIRD));
    let may = "May exactly this call be made, once? [y/N]";
    // What is not a yes is none, and one that was typed before the question is no answer to it.
    for answer in ["", "n", "yy", "approve"] {
        let (exit, said) = heard(data.path(), &["approve", FIRST], &[(may, answer)]);
        let deny = format!("`interlock approvals deny {FIRST} --data {}` refuses it", data.path().display());
        assert!(exit == 1 && said.contains(&deny), "{said}");
    }
    assert_eq!(standing(data.path(), FIRST), Standing::Waiting);
    assert!(records(data.path(), "approval").is_empty(), "nothing was said");
    assert_eq!(answered(data.path(), &["approve", FIRST], &[(may, "y"), ("Why?", "it is mine")]), 0);
    let approval = now(store(data.path()).approval(FIRST)).unwrap().unwrap();
    assert_eq!(approval.standing, Standing::Approved);
    assert_eq!(approval.opinions[0].reason.as_deref(), Some("it is mine"));
    assert_eq!(answered(data.path(), &["deny", SECOND], &[("Why?", "")]), 0);
    assert_eq!(now(store(data.path()).approval(SECOND)).unwrap().unwrap().opinions[0].reason, None);
    assert_eq!(answered(data.path(), &["approve", THIRD, "--yes"], &[]), 0);
    assert_eq!(standing(data.path(), THIRD), Standing::Approved);
    ask(data.path(), question(FOURTH));
    assert_eq!(answered(data.path(), &["deny", FOURTH, "--yes"], &[]), 0);
    let refused = now(store(data.path()).approval(FOURTH)).unwrap().unwrap();
    assert_eq!((refused.standing, refused.opinions[0].reason.as_deref()), (Standing::Denied, None));
}
