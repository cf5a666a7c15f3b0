//! `interlock diff` from the outside.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test: to fail is its way to say so")]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

const OLD: &str = r#"version: "1"
default: deny
tools:
  pay: { require: [{ path: args.amount, op: lte, value: 50000 }] }
  gone: {}
"#;
const WIDER: &str = r#"version: "1"
default: deny
tools:
  pay: { require: [{ path: args.amount, op: lte, value: 60000 }] }
  gone: {}
"#;
const NARROWER: &str = r#"version: "1"
default: deny
tools:
  pay: { require: [{ path: args.amount, op: lte, value: 50000 }] }
"#;
const DOUBTFUL: &str = r#"version: "1"
default: deny
tools:
  pay: { rules: [{ when: "args.amount <= 50000" }] }
  gone: {}
"#;

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(home.path().join(name), text).unwrap();
    for (name, text) in [("old", OLD), ("wider", WIDER), ("narrower", NARROWER), ("doubtful", DOUBTFUL)] {
        write(&format!("{name}.yaml"), text);
    }
    write("broken.yaml", "tools: [");
    write("tools.json", r#"[{"name": "gone"}]"#);
    home
}

/// Standard output and the exit code.
fn compared(home: &Path, args: &str) -> (String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interlock"));
    command.arg("diff").args(args.split_whitespace()).current_dir(home).env("NO_COLOR", "1");
    let output = command.output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

#[test]
fn exit_codes() {
    let home = home();
    for (args, expected) in [
        ("old.yaml old.yaml", 0),
        ("old.yaml wider.yaml", 1),
        ("old.yaml narrower.yaml", 1),
        ("--fail-on any old.yaml narrower.yaml", 1),
        ("--fail-on widen old.yaml wider.yaml", 1),
        ("--fail-on widen old.yaml narrower.yaml", 0),
        ("--fail-on widen wider.yaml old.yaml", 0),
        ("--fail-on widen narrower.yaml old.yaml", 1),
        ("--fail-on widen old.yaml doubtful.yaml", 1),
        ("--tools tools.json old.yaml wider.yaml", 0),
        ("--tools tools.json old.yaml narrower.yaml", 1),
        ("old.yaml none.yaml", 2),
        ("old.yaml broken.yaml", 2),
        ("--tools old.yaml old.yaml wider.yaml", 2),
        ("old.yaml", 2),
    ] {
        assert_eq!(compared(home.path(), args).1, expected, "{args}");
    }
}

#[test]
fn a_difference_in_words() {
    let home = home();
    let (out, _) = compared(home.path(), "old.yaml wider.yaml");
    let expected = "\
widens     tool \"pay\": denied before by /tools/pay/require/0, allowed now by /tools/pay, when argument \"amount\" is 50001
           call: tool pay {\"amount\": 50001}
           before: old.yaml:4
           now: wider.yaml:4
";
    assert_eq!(out, expected);
    assert_eq!(compared(home.path(), "old.yaml old.yaml").0, "no call changes verdict\n");
    let (doubt, _) = compared(home.path(), "old.yaml doubtful.yaml");
    assert!(doubt.contains("may differ") && doubt.contains("`when`"), "{doubt}");
}

#[test]
fn a_difference_as_json() {
    let home = home();
    let (out, _) = compared(home.path(), "--format json old.yaml wider.yaml");
    let report: Value = serde_json::from_str(&out).unwrap();
    let change = &report["changes"][0];
    assert_eq!(report["differs"], true);
    assert_eq!(report["may_widen"], true);
    assert_eq!(change["direction"], "widen");
    assert_eq!(change["names"], json!({"section": "tools", "words": "tool \"pay\"", "only": "pay"}));
    assert_eq!(change["before"]["verdict"], "deny");
    assert_eq!(change["before"]["place"], "old.yaml:4");
    assert_eq!(change["after"]["verdict"], "allow");
    let call = json!({"method": "tools/call", "params": {"name": "pay", "arguments": {"amount": 50001}}});
    assert_eq!(change["example"], call);
    assert_eq!(report["may_differ"], json!([]));
    let (out, _) = compared(home.path(), "--format json narrower.yaml old.yaml");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["lists"][0]["direction"], "widen");
}

/// Changes as pull requests make them to the policies that come with Interlock: what is written for what.
const EDITS: [(&str, &str, &str); 12] = [
    ("stripe", "value: 100000", "value: 200000"),
    ("stripe", "[shop.example.com]", "[shop.example.com, pay.example.com]"),
    ("aws-support", "[low, normal]", "[low, normal, high]"),
    ("aws-support", "name: in all, rate_limit: 60/minute", "name: in all, rate_limit: 100/minute"),
    ("git", "agent/[a-z0-9][a-z0-9._-]{0,80}", "(agent|fix)/[a-z0-9][a-z0-9._-]{0,80}"),
    ("github", "rate_limit: 30/minute", "rate_limit: 30/hour"),
    ("slack", "writable: [C0EXAMPLE1]", "writable: [C0EXAMPLE1, C0EXAMPLE2]"),
    ("slack", "idempotency_window: 10m", "idempotency_window: 1m"),
    ("memory", "approval_timeout: 1h", "approval_timeout: 2h"),
    ("slack", "op: lte, value: 200", "op: lt, value: 200"),
    ("filesystem", r"\.kube|", ""),
    ("postgres", "default: deny", "default: allow"),
];

/// The policy, and the policy with the first of what is written otherwise.
fn edited(home: &Path, name: &str, from: &str, to: &str) {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let old = fs::read_to_string(policies.join(format!("{name}.yaml"))).unwrap();
    assert!(old.contains(from), "{name} says no {from}");
    fs::write(home.join("a.yaml"), &old).unwrap();
    fs::write(home.join("b.yaml"), old.replacen(from, to, 1)).unwrap();
}

#[test]
fn what_a_reviewer_reads() {
    let home = tempfile::tempdir().unwrap();
    let mut shown = String::new();
    for (name, from, to) in EDITS {
        edited(home.path(), name, from, to);
        let (out, code) = compared(home.path(), "a.yaml b.yaml");
        assert_eq!(code, 1);
        shown.push_str(&format!("{name}: `{from}` -> `{to}`\n{out}\n"));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn what_a_program_reads() {
    let home = tempfile::tempdir().unwrap();
    let mut shown = String::new();
    for (name, from, to) in [EDITS[0], EDITS[5], EDITS[8]] {
        edited(home.path(), name, from, to);
        shown.push_str(&compared(home.path(), "--format json a.yaml b.yaml").0);
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn the_other_policy_is_in_force_beside_both() {
    let home = home();
    let grant = OLD.replace("50000", "55000");
    fs::write(home.path().join("grant.yaml"), grant).unwrap();
    let (out, code) = compared(home.path(), "--grant-policy grant.yaml old.yaml wider.yaml");
    assert_eq!(code, 1);
    assert!(out.contains("denied before by server:/tools/pay/require/0"), "{out}");
    for (args, expected) in [
        ("--grant-policy old.yaml old.yaml wider.yaml", 0),
        ("--server-policy old.yaml old.yaml wider.yaml", 0),
        ("--server-policy wider.yaml old.yaml wider.yaml", 1),
        ("--server-policy old.yaml --grant-policy old.yaml old.yaml wider.yaml", 2),
    ] {
        assert_eq!(compared(home.path(), args).1, expected, "{args}");
    }
}
