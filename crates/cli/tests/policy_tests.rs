//! `interlock test` from the outside.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test: to fail is its way to say so")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const POLICY: &str = r#"version: "1"
default: deny
hide: [secret_*]
tools:
  pay:
    rules:
      - name: cap
        conditions: [{ path: args.amount, op: lte, value: 500 }]
        on_deny: too much
      - { name: two a minute, rate_limit: 2/minute }
      - { name: noted, mode: shadow, action: deny, conditions: [{ path: args.currency, op: eq, value: eur }] }
  look: {}
"#;

const TESTS: &str = r#"cases:
  - name: small amounts pass
    call: { tool: pay, args: { amount: 500 } }
    expect: allow
  - name: large amounts do not
    call: { tool: pay, args: { amount: 501 } }
    expect: { verdict: deny, rule: cap, reason: too much }
  - name: two a minute
    steps:
      - { call: { tool: pay, args: { amount: 1 } }, repeat: 2, expect: allow }
      - { call: { tool: pay, args: { amount: 1 } }, expect: { verdict: deny, retry_after: 60s } }
      - { at: +61s, call: { tool: pay, args: { amount: 1 } }, expect: allow, counters: { pay._rate_minute_0: 1 } }
  - name: euros are noted
    call: { tool: pay, args: { amount: 1, currency: eur } }
    expect: { verdict: allow, shadow: [noted] }
"#;

fn home(policy: &str, tests: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("p.yaml"), policy).unwrap();
    fs::write(home.path().join("p.test.yaml"), tests).unwrap();
    home
}

fn command(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interlock"));
    command.arg("test").args(args).current_dir(home).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// Standard output with times left out, standard error, and the exit code.
fn tested(home: &Path, args: &[&str]) -> (String, String, i32) {
    let output = command(home, args).output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|stream| String::from_utf8(stream).unwrap());
    (without_times(&out), err, output.status.code().unwrap())
}

/// `(0.4 ms)` becomes `(time)`.
fn without_times(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('(') {
        out.push_str(before);
        let (inside, behind) = after.split_once(')').unwrap_or((after, ""));
        let number = inside.strip_suffix(" ms").or_else(|| inside.strip_suffix(" s"));
        let is_time = number.is_some_and(|number| number.parse::<f64>().is_ok());
        out.push_str(if is_time { "(time" } else { "(" });
        if !is_time {
            out.push_str(inside);
        }
        out.push(')');
        rest = behind;
    }
    out + rest
}

#[test]
fn all_pass_and_what_is_left_out_is_named() {
    let home = home(POLICY, TESTS);
    let expected = "\
p.test.yaml
  ok    small amounts pass (time)
  ok    large amounts do not (time)
  ok    two a minute (time)
  ok    euros are noted (time)
coverage of p.yaml: 66% (4 of 6 exercised, 4 decided)
  never exercised: p.yaml:3: hide /hide/0
  never exercised: p.yaml:12: entry /tools/look
4 passed, 0 failed (time)
";
    for args in [&[][..], &["."], &["p.yaml"], &["p.test.yaml"], &["--coverage-min", "66"]] {
        assert_eq!(tested(home.path(), args), (expected.to_owned(), String::new(), 0), "{args:?}");
    }
    let (_, err, code) = tested(home.path(), &["--coverage-min", "67"]);
    assert_eq!((err.as_str(), code), ("coverage is 66%, below the 67% that are asked for\n", 1));
}

#[test]
fn a_failure_shows_what_was_expected_and_the_trace() {
    let tests = r#"cases:
  - name: wrong
    counters: { pay._rate_minute_0: 1 }
    steps:
      - call: { tool: pay, args: { amount: 5 } }
        repeat: 2
        expect: { verdict: allow, reason: { contains: permitted } }
      - { call: { tool: pay }, expect: deny }
  - name: lists
    visible: [secret_key, look]
    hidden: [pay]
  - name: unknown
    counters: { pay.rate: 1 }
    call: { tool: look }
    expect: allow
  - name: held
    steps:
      - counters: { pay._rate_minute_0: 3 }
"#;
    let home = home(POLICY, tests);
    let expected = "\
p.test.yaml
  FAIL  wrong (time)
        p.test.yaml:5: tool pay {\"amount\": 5} (call 2 of 2)
          verdict: expected allow, found deny
          reason: expected one with \"permitted\", found \"2 calls per minute reached\"
          | verdict   deny
          | rule      server:/tools/pay/rules/1 \"two a minute\" (p.yaml:10)
          | reason    2 calls per minute reached
          | retry     after 1 min 1 s
          | entry     server:/tools/pay (p.yaml:5)
          | require   server:/tools/pay/rules/0 \"cap\" (p.yaml:7): passes
          |           argument \"amount\" must be at most 500: holds; args.amount is 5
          | limit     server:/tools/pay/rules/1 \"two a minute\" (p.yaml:10): denies
          |           2 calls per minute: 1 on top of 2 in server=server/tools/pay/_rate_minute_0/minute/sliding/grant=local
          | deny      server:/tools/pay/rules/2 \"noted\" (p.yaml:11): passes in shadow
          |           argument \"currency\" is \"eur\": does not hold; args.currency is nothing
  FAIL  lists (time)
        p.test.yaml:10: tool secret_key in lists
          expected visible, found hidden
        p.test.yaml:11: tool pay in lists
          expected hidden, found visible
  FAIL  unknown (time)
        p.test.yaml:12: the case could not be run
          the policies have no counter `pay.rate`; did you mean `pay._rate_minute_0`?
  FAIL  held (time)
        p.test.yaml:18: counters
          counter pay._rate_minute_0: expected 3, found 0
coverage of p.yaml: 100% (6 of 6 exercised, 3 decided)
0 passed, 4 failed (time)
";
    assert_eq!(tested(home.path(), &[]), (expected.to_owned(), String::new(), 1));
}

#[test]
fn one_step_that_fails_ends_its_case_and_no_other() {
    let home = home(POLICY, &TESTS.replace("amount: 501", "amount: 499"));
    let (out, _, code) = tested(home.path(), &[]);
    assert_eq!(code, 1);
    assert!(out.ends_with("3 passed, 1 failed (time)\n"), "{out}");
    let (out, _, code) = tested(home.path(), &["--filter", "minute"]);
    assert_eq!(
        (out.as_str(), code),
        ("p.test.yaml\n  ok    two a minute (time)\n1 passed, 0 failed (time)\n", 0)
    );
    let (_, err, code) = tested(home.path(), &["--filter", "nothing"]);
    assert_eq!((err.as_str(), code), ("error: no case has a name with this in it: `nothing`\n", 2));
}

#[test]
fn mistakes_are_shown_like_those_of_policies() {
    let home = home(POLICY, &TESTS.replace("expect: allow\n", "expects: allow\n"));
    let (out, err, code) = tested(home.path(), &[]);
    assert_eq!(code, 2);
    assert_eq!(
        out,
        "p.test.yaml\n  ERROR `p.test.yaml` has 2 mistakes: line 2, column 5: a call needs an `expect`, such as `expect: allow`\n0 passed, 0 failed, 1 file could not be run (time)\n"
    );
    for part in ["p.test.yaml:4:5", "unknown key `expects` in a case", "did you mean `expect`?"] {
        assert!(err.contains(part), "{part}: {err}");
    }
    for (name, policy, tests, expected) in [
        ("a policy with a mistake", "tools: { t: { rule: [] } }", TESTS, "has 1 mistake"),
        (
            "a policy that is not there",
            POLICY,
            "policy: q.yaml\ncases: [{ name: x, visible: [look] }]",
            "cannot read",
        ),
        (
            "a tool list that is not there",
            POLICY,
            "tools: t.json\ncases: [{ name: x, visible: [look] }]",
            "t.json`: No such file",
        ),
        (
            "a tool list that is none",
            POLICY,
            "tools: [{ nam: x }]\ncases: [{ name: x, visible: [look] }]",
            "it is not a list of tools",
        ),
        ("not YAML", POLICY, "cases: [", "has 1 mistake"),
    ] {
        let home = self::home(policy, tests);
        let (out, err, code) = tested(home.path(), &[]);
        assert_eq!(code, 2, "{name}: {out}{err}");
        assert!(out.contains(expected), "{name}: {out}");
    }
    let empty = tempfile::tempdir().unwrap();
    let (_, err, code) = tested(empty.path(), &[]);
    assert_eq!(code, 2);
    assert!(err.contains("there are no tests here"), "{err}");
}

#[test]
fn the_grants_policy_is_judged_second() {
    let tests = "
grant_policy: g.yaml
grant: ci
server: s
tools: [{ name: look, inputSchema: { required: [id] } }]
cases:
  - name: what only one of them permits is denied
    call: { tool: pay, args: { amount: 1 } }
    expect: { verdict: deny, rule: (default deny) }
  - name: the grant's rule
    steps:
      - { call: { tool: look, args: { id: 1 } }, expect: { verdict: allow, counters: { look.looks: 1 } } }
      - { call: { tool: look, args: { id: 1 } }, expect: { verdict: deny, rule: grant:/tools/look/limits/0 } }
      - { counters: { server=s/tools/look/looks/hour/sliding/grant=ci: 1 } }
  - name: what the tool requires
    call: { tool: look }
    expect: { verdict: deny, reason: { contains: '\"id\"' } }
  - name: lists show what both permit
    visible: [look]
    hidden: [pay]
";
    let home = home(POLICY, tests);
    let grant = "version: '1'\ndefault: deny\ntools:\n  look:\n    validate: { required_args: true }\n    limits: [{ counter: looks, window: hour, max: 1 }]\n";
    fs::write(home.path().join("g.yaml"), grant).unwrap();
    let (out, err, code) = tested(home.path(), &[]);
    assert_eq!((err.as_str(), code), ("", 0), "{out}");
    assert!(out.contains("coverage of g.yaml: 100% (3 of 3 exercised, 2 decided)"), "{out}");
}

#[test]
fn reports_for_programs() {
    let home = home(POLICY, &TESTS.replace("amount: 501", "amount: 499"));
    let (out, _, code) = tested(home.path(), &["--format", "json", "--junit", "report.xml"]);
    assert_eq!(code, 1);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["passed"], &report["failed"]), (&3.into(), &1.into()));
    let failed = &report["files"][0]["cases"][1];
    assert_eq!((failed["ok"].as_bool(), failed["line"].as_u64()), (Some(false), Some(5)));
    assert_eq!(failed["failures"][0]["differences"][0], "verdict: expected deny, found allow");
    assert_eq!(report["coverage"]["policies"][0]["rules"][0]["rule"], "/hide/0");
    assert_eq!(report["coverage"]["policies"][0]["rules"][0]["exercised"], "never");
    let xml = fs::read_to_string(home.path().join("report.xml")).unwrap();
    for part in [
        "<testsuites name=\"interlock test\" tests=\"4\" skipped=\"0\" failures=\"1\" errors=\"0\"",
        "<testsuite name=\"p.test.yaml\" tests=\"4\" skipped=\"0\" errors=\"0\" failures=\"1\"",
        "<testcase name=\"small amounts pass\" classname=\"p.test.yaml\"",
        "verdict: expected deny, found allow",
    ] {
        assert!(xml.contains(part), "{part}\n{xml}");
    }
}

#[test]
fn many_cases_are_quick() {
    let mut tests = "cases:\n".to_owned();
    for case in 0..500 {
        tests.push_str(&format!(
            "  - {{ name: c{case}, call: {{ tool: pay, args: {{ amount: {case} }} }}, expect: allow }}\n"
        ));
    }
    let home = home(POLICY, &tests);
    let (out, _, code) = tested(home.path(), &["--format", "json"]);
    assert_eq!(code, 0);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["passed"], 500);
    // An unoptimised build on a busy machine: what is asked is only that nothing is slow by its nature.
    assert!(report["milliseconds"].as_f64().unwrap() < 10_000.0, "{}", report["milliseconds"]);
}

/// Ends the program, however the test ends.
struct Watching(Child);

impl Drop for Watching {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

#[test]
fn watching_runs_again_when_a_file_changes() {
    let home = home(POLICY, TESTS);
    let mut watching = command(home.path(), &["--watch"]);
    let mut watching = Watching(watching.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let out = watching.0.stdout.take().unwrap();
    let (send, lines) = mpsc::channel();
    let reading = std::thread::spawn(move || {
        for line in BufReader::new(out).lines() {
            let _nobody = send.send(line.unwrap());
        }
    });
    // Each run ends with this line.
    let run = || {
        let mut seen = Vec::new();
        loop {
            let line =
                lines.recv_timeout(Duration::from_secs(30)).unwrap_or_else(|_| panic!("no run: {seen:?}"));
            if line == "waiting for a change" {
                return seen.join("\n");
            }
            seen.push(line);
        }
    };
    assert!(run().contains("4 passed, 0 failed"));
    fs::write(home.path().join("p.yaml"), POLICY.replace("value: 500", "value: 400")).unwrap();
    let second = run();
    assert!(second.contains("FAIL  small amounts pass"), "{second}");
    // Editors replace files.
    fs::write(home.path().join("new"), TESTS.replace("amount: 500", "amount: 400")).unwrap();
    fs::rename(home.path().join("new"), home.path().join("p.test.yaml")).unwrap();
    let third = run();
    assert!(third.contains("4 passed, 0 failed"), "{third}");
    // New files of tests are found, too, and mistakes do not end the watching.
    fs::write(home.path().join("q.test.yaml"), "policy: p.yaml\ncases: 5\n").unwrap();
    let fourth = run();
    assert!(fourth.contains("q.test.yaml\n  ERROR"), "{fourth}");
    drop(watching);
    reading.join().unwrap();
}
