//! `interlock explain` from the outside.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test: to fail is its way to say so")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const POLICY: &str = r#"version: "1"
default: deny
hide: [secret_*]
tools:
  pay:
    rules:
      - name: cap
        conditions: [{ path: args.amount, op: lte, value: 50000 }]
        on_deny: too much
      - name: of the day
        conditions: [{ path: state.pay.spent, op: lte, value: 60000 }]
        state: { counter: spent, window: day, increment_from: args.amount }
      - { name: person, action: require_approval, conditions: [{ path: args.to, op: neq, value: us }] }
  job: { rules: [{ validate: { required_args: true }, rate_limit: 10/minute }] }
resources:
  file:///notes/*: { deny_if: [{ name: not by night, conditions: [{ path: grant.name, op: eq, value: night }] }] }
"#;

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(home.path().join(name), text).unwrap();
    write("p.yaml", POLICY);
    write("tools.json", r#"{"tools": [{"name": "job", "inputSchema": {"required": ["role"]}}]}"#);
    write(
        "call.json",
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{"amount":5}}}"#,
    );
    home
}

/// Standard output, standard error, and the exit code.
fn explained(home: &Path, args: &str, input: &str) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interlock"));
    command.args(["explain", "-c", "p.yaml", "--at", "2026-01-05"]).args(args.split_whitespace());
    command.current_dir(home).env("NO_COLOR", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that does not read its input may have ended.
    let _unread = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|stream| String::from_utf8(stream).unwrap());
    (out, err, output.status.code().unwrap())
}

#[test]
fn a_denied_call_with_all_that_was_looked_at() {
    let home = home();
    let expected = "\
call      tool pay {\"to\": \"us\", \"amount\": 70000}
by        grant local, of server server, at 2026-01-05T00:00:00Z
verdict   deny
rule      server:/tools/pay/rules/0 \"cap\" (p.yaml:7)
reason    too much

what applies, in the order in which it is judged
  entry     server:/tools/pay (p.yaml:5)
  require   server:/tools/pay/rules/0 \"cap\" (p.yaml:7): denies
            argument \"amount\" must be at most 50000: does not hold; args.amount is 70000
            too much
  approve   server:/tools/pay/rules/2 \"person\" (p.yaml:13): passes
            argument \"to\" is not \"us\": does not hold; args.to is \"us\"
  limit     server:/tools/pay/rules/1 \"of the day\" (p.yaml:10): counts
            60000 in all of argument \"amount\" per day: 70000 on top of 0 in server=server/tools/pay/spent/day/calendar/grant=local

what would change the verdict
  allow if argument \"amount\" were at most 50000
";
    let found = explained(home.path(), "--tool pay --arg-json amount=70000 --arg to=us", "");
    assert_eq!(found, (expected.to_owned(), String::new(), 1));
}

/// The lines of the verdict, rule and reason, and of what would change it.
fn short(out: &str) -> Vec<String> {
    let (before, after) = out.split_once("\nwhat would change the verdict\n").unwrap_or((out, ""));
    let wanted = ["verdict ", "rule ", "counter ", "note "];
    let is_wanted = |line: &&str| wanted.iter().any(|word| line.starts_with(word));
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    before.lines().filter(is_wanted).chain(after.lines()).map(words).collect()
}

#[test]
#[rustfmt::skip]
fn verdicts_and_what_would_change_them() {
    let home = home();
    let spent = "counter server=server/tools/pay/spent/day/calendar/grant=local:";
    let table: [(&str, i32, Vec<String>); 10] = [
        ("call.json", 0, vec![
            "verdict allow".into(), "rule server:/tools/pay (p.yaml:5)".into(), format!("{spent} 0 -> 5"),
            "deny if argument \"amount\" were not at most 50000, such as 50001, by server:/tools/pay/rules/0".into(),
            "await_approval if argument \"to\" were not \"us\", such as \"another than us\", by server:/tools/pay/rules/2".into(),
            "deny if the limit of 60000 in all of argument \"amount\" per day had counted 59996 or more already, by server:/tools/pay/rules/1".into(),
        ]),
        ("--tool job --tools tools.json --arg role=r --counter job._rate_minute_0=4", 0, vec![
            "verdict allow".into(), "rule server:/tools/job (p.yaml:14)".into(),
            "counter server=server/tools/job/_rate_minute_0/minute/sliding/grant=local: 4 -> 5".into(),
            "deny if argument \"role\" were not given, by server:/tools/job/rules/0".into(),
            "deny if the limit of 10 calls per minute had counted 10 or more already, by server:/tools/job/rules/0".into(),
        ]),
        ("--tool pay --arg-json amount=20000 --counter pay.spent=50000", 1, vec![
            "verdict deny".into(), "rule server:/tools/pay/rules/1 \"of the day\" (p.yaml:10)".into(),
            "allow if it were made 1 d later".into(), "allow if argument \"amount\" were at most 10000".into(),
        ]),
        ("--tool pay --arg-json amount=5 --arg to=them", 1, vec![
            "verdict await_approval".into(), "rule server:/tools/pay/rules/2 \"person\" (p.yaml:13)".into(),
            "allow if argument \"to\" were \"us\"".into(), "allow if argument \"to\" were not given".into(),
        ]),
        ("--tool job", 1, vec![
            "verdict deny".into(), "rule server:/tools/job/rules/0 (p.yaml:14)".into(),
            "note the policy looks at the tool's definition: give the server's list with --tools".into(),
            "allow if the policy were without `server:/tools/job/rules/0`".into(),
        ]),
        ("--tool job --tools tools.json", 1, vec![
            "verdict deny".into(), "rule server:/tools/job/rules/0 (p.yaml:14)".into(),
            "allow if argument \"role\" were given".into(),
        ]),
        ("--tool job --tools tools.json --arg role=r --counter job._rate_minute_0=10", 1, vec![
            "verdict deny".into(), "rule server:/tools/job/rules/0 (p.yaml:14)".into(),
            "allow if it were made 1 min 1 s later".into(),
            "allow if the policy were without `server:/tools/job/rules/0`".into(),
        ]),
        ("--tool none", 1, vec![
            "verdict deny".into(), "rule (default deny)".into(), "allow if tool \"none\" were listed in `tools`".into(),
        ]),
        ("--tool secret_key", 1, vec![
            "verdict deny".into(), "rule (hidden)".into(),
            "allow if tool \"secret_key\" were listed and not hidden".into(),
        ]),
        ("--resource file:///notes/a --grant night", 1, vec![
            "verdict deny".into(), "rule server:/resources/file:~1~1~1notes~1*/deny_if/0 \"not by night\" (p.yaml:16)".into(),
            "allow if the grant's name were not \"night\", such as \"another than night\"".into(),
        ]),
    ];
    for (args, code, expected) in table {
        let (out, err, found) = explained(home.path(), args, "");
        assert_eq!((short(&out), err.as_str(), found), (expected, "", code), "{args}\n{out}");
    }
}

#[test]
fn calls_come_from_standard_input_and_from_the_log() {
    let home = home();
    let record =
        r#"{"arguments":{"digest":"00","full":{"amount":60000}},"kind":"refusal","seq":7,"tool":"pay"}"#;
    let (out, _, code) = explained(home.path(), "--format json -", record);
    assert_eq!(code, 1);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["verdict"], "deny");
    assert_eq!(report["place"], "p.yaml:7");
    assert_eq!(report["call"]["arguments"]["amount"], 60000);
    assert_eq!(report["rules"][0]["conditions"][0]["holds"], false);
    assert_eq!(report["rules"][0]["conditions"][0]["values"][0], "60000");
    assert_eq!(report["changes"][0]["changes"][0]["path"], "args.amount");
    assert_eq!(report["changes"][0]["changes"][0]["to"], "50000");
    for (args, input, expected) in [
        (
            "-",
            r#"{"arguments":{"digest":"00","keys":["a"]},"kind":"intent","seq":7,"tool":"pay"}"#,
            "does not hold the call's arguments",
        ),
        ("-", "{", "`<stdin>` is not a call"),
        ("none.json", "", "there is no file `none.json` with a call"),
        ("get_charge", "", "to name a tool write `--tool get_charge`"),
        ("--tool pay --label =x", "", "NAME=TEXT"),
        ("--tool pay --arg amount", "", "`amount` is not written as `name=value`"),
        ("--tool pay --counter pay.spend=1", "", "did you mean `pay.spent`?"),
        ("--tool pay --counter pay.spent=-1", "", "a counter holds a number that is not negative"),
        ("--tool pay --tools p.yaml", "", "cannot use the tools in `p.yaml`"),
        ("--tool pay amount=5", "", "tip: give an argument with `--arg amount=5`"),
        ("", "", "no call is named: give `--tool`"),
        ("--tool pay --resource r", "", "cannot be used with"),
    ] {
        let (_, err, code) = explained(home.path(), args, input);
        assert!(code == 2 && err.contains(expected), "{args}: {err}");
    }
}

#[test]
fn a_limit_that_is_used_up_denies_and_one_that_was_not_asked_counts() {
    let home = home();
    let full = "--tools tools.json --counter job._rate_minute_0=10";
    let call = r#"{"tool": "job", "args": {"role": "r"}}"#;
    let (out, _, code) = explained(home.path(), &format!("{full} -"), call);
    assert!(code == 1 && out.contains("limit     server:/tools/job/rules/0 (p.yaml:14): denies"), "{out}");
    let (out, ..) = explained(home.path(), &format!("{full} --format json -"), call);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let kinds =
        |kind: &str| report["rules"].as_array().unwrap().iter().find(|rule| rule["kind"] == kind).unwrap();
    assert_eq!(
        (&kinds("validate")["verdict"], &kinds("limit")["verdict"]),
        (&"allow".into(), &"deny".into())
    );
    // The same rule denies by what it validates, and nothing is counted.
    let (out, ..) = explained(home.path(), &format!("{full} --tool job"), "");
    assert!(out.contains("validate  server:/tools/job/rules/0 (p.yaml:14): denies"), "{out}");
    assert!(out.contains("limit     server:/tools/job/rules/0 (p.yaml:14): counts"), "{out}");
}
