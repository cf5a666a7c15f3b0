//! What the program says when it is started the wrong way.
#![allow(clippy::unwrap_used, reason = "a test: to fail is its way to say so")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs it in a home of its own; what it said on standard error, and its exit code.
fn said(home: &Path, variables: &[(&str, &str)], args: &[&str]) -> (String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interlock"));
    command.args(args).current_dir(home).stdin(Stdio::null());
    for (name, folder) in [("HOME", ""), ("XDG_STATE_HOME", "state"), ("XDG_CONFIG_HOME", "config")] {
        command.env(name, home.join(folder));
    }
    command.env_remove("INTERLOCK_DATA").env_remove("INTERLOCK_LOG").envs(variables.iter().copied());
    let output = command.output().unwrap();
    (String::from_utf8(output.stderr).unwrap(), output.status.code().unwrap())
}

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("policy.yaml"), "version: \"1\"\ndefault: deny\ntools: { t: {} }\n").unwrap();
    home
}

#[test]
fn each_is_named_with_what_to_do() {
    let home = home();
    let tried = format!("cannot read the policy `{}", home.path().join("none.yaml").display());
    let checked = format!("cannot read `{}", home.path().join("none.yaml").display());
    let table = [
        (None, vec!["run", "-c", "-", "--", "true"], "the policy cannot come from standard input"),
        (None, vec!["run", "-c", "none.yaml", "--", "true"], &tried),
        (None, vec!["check", "none.yaml"], &checked),
        (
            Some(("INTERLOCK_LOG", "loud")),
            vec!["run", "-c", "policy.yaml", "--", "true"],
            "the environment's `INTERLOCK_LOG`: `loud` is not a log level; a level is one of `off`",
        ),
    ];
    for (variables, args, expected) in table {
        let (text, code) = said(home.path(), variables.as_slice(), &args);
        assert!(code == 2 && text.contains(expected), "{args:?}: {code} {text}");
    }
}

#[test]
fn settings_are_shown_with_all_their_mistakes() {
    let home = home();
    fs::write(home.path().join("s.yaml"), "dta: x\ntelemetry:\n  level: loud\n").unwrap();
    for args in [
        ["run", "--settings", "s.yaml", "-c", "policy.yaml", "--", "true"].as_slice(),
        &["status", "--settings", "s.yaml"],
        &["audit", "tail", "--settings", "s.yaml"],
    ] {
        let (text, code) = said(home.path(), &[], args);
        assert_eq!(code, 2, "{text}");
        for part in
            ["s.yaml:1:1", "s.yaml:3:10", "1 | dta: x\n", "did you mean `data`?", "`loud` is not a log level"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}

/// An empty variable is one that is not set, as for every other program.
#[test]
fn an_empty_variable_names_no_data_directory() {
    let home = home();
    let named = home.path().join("named");
    let of_home = home.path().join("state/interlock").display().to_string();
    let of_variable = named.display().to_string();
    for (value, expected) in [("", &of_home), (of_variable.as_str(), &of_variable)] {
        let (text, code) = said(home.path(), &[("INTERLOCK_DATA", value)], &["status"]);
        assert!(code == 2 && text.contains(&format!("`{expected}`")), "{text}");
    }
}
