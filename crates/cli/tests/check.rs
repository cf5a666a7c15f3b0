//! `interlock check` from the outside.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: to fail is its way to say so")]

use std::fs;
use std::path::Path;
use std::process::Command;

const GOOD: &str = "version: \"1\"\ndefault: deny\ntools: { t: {} }\n";
const LAX: &str = "default: deny\ntools: { t: {} }\n";
const BAD: &str = "version: \"1\"\ndefault: denny\n";

/// Standard output, standard error, and the exit code.
fn check(folder: &Path, args: &[&str]) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interlock"));
    let output = command.arg("check").args(args).current_dir(folder).env("NO_COLOR", "1").output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|stream| String::from_utf8(stream).unwrap());
    (out, err, output.status.code().unwrap())
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("good.yaml", GOOD), ("lax.yaml", LAX), ("bad.yaml", BAD)] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn verdicts() {
    let folder = folder();
    for (args, last, code) in [
        (["good.yaml"].as_slice(), "good.yaml: ok", 0),
        (&["lax.yaml"], "lax.yaml: ok (1 warning)", 0),
        (&["lax.yaml", "--strict"], "lax.yaml: invalid with --strict (1 warning)", 1),
        (&["good.yaml", "--strict"], "good.yaml: ok", 0),
        (&["bad.yaml"], "bad.yaml: invalid (1 error)", 1),
        (&["bad.yaml", "--strict"], "bad.yaml: invalid (1 error)", 1),
    ] {
        let (out, err, exit) = check(folder.path(), args);
        assert_eq!((out.lines().last(), err.as_str(), exit), (Some(last), "", code), "{args:?}");
        let (out, _, exit) = check(folder.path(), &[args, &["--format", "json"]].concat());
        let found: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!((found[0]["valid"].as_bool(), exit), (Some(code == 0), code), "{args:?}");
    }
}

/// What nobody could ever approve is in force nowhere.
#[test]
fn more_people_than_are_named_can_never_approve() {
    let folder = folder();
    let policy = |people: &str| format!("{GOOD}approvals: {{ approvers: [{people}], needed: 2 }}\n");
    fs::write(folder.path().join("few.yaml"), policy("ada")).unwrap();
    fs::write(folder.path().join("enough.yaml"), policy("ada, bo")).unwrap();
    let (out, _, exit) = check(folder.path(), &["few.yaml"]);
    assert_eq!(exit, 1, "{out}");
    for part in [
        "few.yaml:4:",
        "nobody can ever approve: 2 have to, and `approvers` names one person",
        "`group:NAME`",
    ] {
        assert!(out.contains(part), "{part} in {out}");
    }
    let (out, _, exit) = check(folder.path(), &["enough.yaml"]);
    assert_eq!(exit, 0, "{out}");
}

/// What cannot be read takes nothing away from what can.
#[test]
fn every_file_is_reported() {
    let folder = folder();
    fs::write(folder.path().join("latin.yaml"), b"description: caf\xe9\n").unwrap();
    let files = ["none.yaml", "bad.yaml", "latin.yaml", "good.yaml"];
    let (out, err, exit) = check(folder.path(), &files);
    assert_eq!(exit, 2, "{err}");
    for part in ["did you mean `deny`?", "bad.yaml: invalid (1 error)", "good.yaml: ok"] {
        assert!(out.contains(part), "{part} in {out}");
    }
    for part in ["none.yaml`: No such file", "`latin.yaml` is not UTF-8 text"] {
        assert!(err.contains(part), "{part} in {err}");
    }
    let (out, ..) = check(folder.path(), &[&files[..], &["--format", "json"]].concat());
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(found.as_array().map(Vec::len), Some(2), "{out}");
}

/// Findings that say the same are said once, with each of their places.
#[test]
fn what_is_alike_stands_together() {
    let folder = folder();
    let entry = |index| format!("  t{index}: {{ rules: [{{ rate_limit: 0/minute }}] }}\n");
    let rules: String = (0..5).map(entry).collect();
    let text = format!("version: \"1\"\ndefault: deny\ntools:\n{rules}");
    fs::write(folder.path().join("none.yaml"), text).unwrap();
    let (out, _, exit) = check(folder.path(), &["none.yaml"]);
    assert_eq!((out.matches("warning[never-permits]").count(), exit), (1, 0), "{out}");
    assert_eq!(out.lines().filter(|line| line.contains('^')).count(), 5, "{out}");
    assert!(out.ends_with("none.yaml: ok (5 warnings)\n"), "{out}");
}

/// A device that never ends, and a text that is none, are refused without being kept.
#[test]
#[cfg(unix)]
fn what_is_no_file_of_a_policy() {
    let folder = folder();
    fs::write(folder.path().join("binary.yaml"), b"version: \"1\"\n# caf\xe9\n").unwrap();
    let (out, err, exit) = check(folder.path(), &["/dev/zero", "binary.yaml"]);
    assert_eq!((out.as_str(), exit), ("", 2), "{err}");
    for part in ["it is larger than 64 MiB", "`binary.yaml` is not UTF-8 text: byte 19 on line 2"] {
        assert!(err.contains(part), "{part} in {err}");
    }
}

const TOOLS: &str = r#"{"tools": [{"name": "send", "inputSchema": {"properties": {
  "to": {"type": "string"}, "kind": {"enum": ["mail", "text"]}, "at": {"type": "object", "properties": {"hour": {"type": "integer"}}}}}}]}"#;

/// What the server does not have, in every form.
#[test]
fn against_the_tools_of_a_server() {
    let folder = folder();
    fs::write(folder.path().join("tools.json"), TOOLS).unwrap();
    let rules = "  sned: {}\n  send:\n    require: [{ path: args.at.huor, op: lt, value: 9 }, { path: args.kind, op: eq, value: texts }]\n";
    fs::write(folder.path().join("p.yaml"), format!("version: \"1\"\ndefault: deny\ntools:\n{rules}"))
        .unwrap();
    let with = |format: &str| check(folder.path(), &["p.yaml", "--tools", "tools.json", "--format", format]);
    let wanted = [
        ("unknown-tool", "the server has no tool `sned`", "did you mean `send`?", 4, 3),
        ("unknown-argument", "the tool `send` has no argument `args.at.huor`", "did you mean `hour`?", 6, 15),
        (
            "unknown-value",
            "the argument `args.kind` of `send` is never `texts`",
            "did you mean `text`?",
            6,
            57,
        ),
    ];
    let (text, _, exit) = with("text");
    assert_eq!(exit, 0, "{text}");
    assert!(text.ends_with("p.yaml: ok (3 warnings)\n") && !text.contains('\u{1b}'), "{text}");
    let (json, ..) = with("json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let (sarif, ..) = with("sarif");
    let sarif: serde_json::Value = serde_json::from_str(&sarif).unwrap();
    let (github, ..) = with("github");
    for (index, (code, message, help, line, column)) in wanted.into_iter().enumerate() {
        for part in
            [format!("warning[{code}]: {message}"), help.to_owned(), format!("p.yaml:{line}:{column}")]
        {
            assert!(text.contains(&part), "{part} in {text}");
        }
        let found = &json[0]["diagnostics"][index];
        assert_eq!(
            (&found["code"], &found["message"], &found["help"]),
            (&code.into(), &message.into(), &help.into())
        );
        assert_eq!((&found["line"], &found["column"]), (&line.into(), &column.into()));
        let result = &sarif["runs"][0]["results"][index];
        assert_eq!(result["ruleId"], code);
        assert_eq!(result["message"]["text"], format!("{message} ({help})"));
        let region = &result["locations"][0]["physicalLocation"]["region"];
        assert_eq!((&region["startLine"], &region["startColumn"]), (&line.into(), &column.into()));
        let command = github.lines().nth(index).unwrap();
        assert!(
            command.starts_with(&format!("::warning file=p.yaml,line={line},col={column},")),
            "{command}"
        );
        assert!(
            command.ends_with(&format!("title=interlock%3A {code}::{message}%0Ahelp: {help}")),
            "{command}"
        );
    }
}

/// What a policy needs of the settings and the environment is a note where they are not known, and found where they are.
#[test]
fn what_people_are_asked_needs_more_than_the_policy() {
    let folder = folder();
    let policy = |secret: &str| {
        format!(
            "{GOOD}approvals:\n  approvers: [\"group:finance\", \"link:bo\"]\n  needed: 2\n  notify:\n    webhook:\n      \
             url: https://example.com/\n      secret: ${{{secret}}}\n      decide_as: bo\n"
        )
    };
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("asks.yaml", &policy("INTERLOCK_TEST_NO_SUCH_NAME"));
    let (out, _, exit) = check(folder.path(), &["asks.yaml", "--strict"]);
    assert_eq!(exit, 0, "{out}");
    for part in [
        "note[needs-settings]: the settings have to say who is in `group:finance`",
        "note[needs-settings]: messages have links to decide by where the settings have `console.url`",
        "note[missing-reference]: the `secret` of the webhook cannot be read",
        "`INTERLOCK_TEST_NO_SUCH_NAME`",
        "interlock check --settings FILE",
        "asks.yaml: ok (3 notes)",
    ] {
        assert!(out.contains(part), "{part} in {out}");
    }

    write("wrong.yaml", "groups: { finanse: [ada] }\n");
    let (out, _, exit) = check(folder.path(), &["asks.yaml", "--settings", "wrong.yaml"]);
    assert_eq!(exit, 1, "{out}");
    for part in [
        "error[unknown-group]: there is no group `finance` among `groups`; did you mean `finanse`?",
        "asks.yaml:5:3",
        "warning[no-effect]: messages have no links to decide by",
        "asks.yaml:11:7",
        "error[missing-reference]: the `secret`",
    ] {
        assert!(out.contains(part), "{part} in {out}");
    }
    write("nobody.yaml", "groups: { finance: [\"operater:bo\"] }\n");
    let (out, _, exit) = check(folder.path(), &["asks.yaml", "--settings", "nobody.yaml"]);
    assert!(
        exit == 1 && out.contains("did you mean `operator:bo`?") && out.contains("asks.yaml:5:3"),
        "{out}"
    );
    write("few.yaml", "groups: { finance: [\"link:bo\"] }\nconsole: { url: \"https://example.com\" }\n");
    let (out, _, exit) = check(folder.path(), &["asks.yaml", "--settings", "few.yaml"]);
    assert!(exit == 1 && out.contains("nobody can ever approve") && out.contains("asks.yaml:6:3"), "{out}");

    write("asks.yaml", &policy("file:secret"));
    write("secret", "not to be guessed");
    write("good.settings.yaml", "groups: { finance: [ada] }\nconsole: { url: \"https://example.com\" }\n");
    let (out, _, exit) = check(folder.path(), &["asks.yaml", "--settings", "good.settings.yaml"]);
    assert_eq!((exit, out.as_str()), (0, "asks.yaml: ok\n"));
    // What is there has to be of use, too, as where the policy is put in force.
    for (secret, expected) in [("\n", "its `secret` is empty"), ("whsec_!!!", "is not base64")] {
        write("secret", secret);
        let (out, _, exit) = check(folder.path(), &["asks.yaml", "--settings", "good.settings.yaml"]);
        assert!(exit == 1 && out.contains("error[bad-value]: the webhook cannot be used"), "{out}");
        assert!(out.contains(expected) && out.contains("asks.yaml:10:7") && !out.contains("!!!"), "{out}");
        let (out, _, exit) = check(folder.path(), &["asks.yaml"]);
        assert!(exit == 0 && out.contains("note[bad-value]: the webhook cannot be used"), "{out}");
    }
    let (_, err, exit) = check(folder.path(), &["good.yaml", "--settings", "good.yaml"]);
    assert!(exit == 2 && err.contains("this is a policy, and not a settings file"), "{err}");
}
