//! What the program says when it is started the wrong way.
#![allow(clippy::unwrap_used, reason = "a test: to fail is its way to say so")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
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
    fs::write(home.path().join("empty.yaml"), "\n").unwrap();
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
        (None, vec!["run", "-c", "none.yaml", "--", "true"], "name it with an absolute path"),
        (None, vec!["check", "none.yaml"], &checked),
        (None, vec!["check", "."], "is a directory; name the files in it"),
        (None, vec!["run", "-c", "empty.yaml", "--", "true"], "is empty, which would deny everything"),
        (None, vec!["run", "-c", "policy.yaml", "--", "/"], "is it an executable file, and may you run it?"),
        (None, vec!["run", "-c", "policy.yaml", "true"], "put `--` before the server's command: `-- true …`"),
        (None, vec!["run", "policy.yaml", "--", "true"], "name the policy with `-c policy.yaml`"),
        (
            None,
            vec!["run", "-c", "policy.yaml", "--data", "/proc/none", "--", "true"],
            "name another with `--data`",
        ),
        (
            None,
            vec!["status", "--data", "none"],
            "or start a gateway with `interlock run` or `interlock serve`",
        ),
        (
            None,
            vec!["audit", "tail", "--data", "none"],
            "or start a gateway with `interlock run` or `interlock serve`",
        ),
        (None, vec!["audit", "show", "zzz"], "as `interlock audit tail` prints it"),
        (
            None,
            vec!["status", "--data", "policy.yaml"],
            "policy.yaml` is not a directory; name one with `--data DIR`",
        ),
        (None, vec!["counters", "list", "--data", "policy.yaml"], "policy.yaml` is not a directory"),
        (None, vec!["audit", "tail", "--data", "policy.yaml"], "policy.yaml` is not a directory"),
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

/// One answer, and not one for each of its keys.
#[test]
fn a_file_of_serve_is_no_policy() {
    let home = home();
    let settings =
        "data: kept\nservers: { s: { command: \"true\" } }\ngrants: { g: { servers: { s: server } } }\n";
    fs::write(home.path().join("interlock.yaml"), settings).unwrap();
    for args in [
        &["run", "-c", "interlock.yaml", "--", "true"][..],
        &["check", "interlock.yaml"],
        &["diff", "policy.yaml", "interlock.yaml"],
        &["explain", "-c", "interlock.yaml", "--tool", "t"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_interlock"));
        command.args(args).current_dir(home.path()).env("HOME", home.path()).stdin(Stdio::null());
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        assert!(!output.status.success(), "{args:?}");
        for part in ["this is a file of `interlock serve`, and not a policy", "`interlock serve --check -c "]
        {
            assert!(text.contains(part), "{args:?}: {text}");
        }
        assert!(!text.contains("unknown key"), "{args:?}: {text}");
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
        for part in [
            "s.yaml:1:1",
            "s.yaml:3:10",
            "1 | dta: x\n",
            "did you mean `data`?",
            "`loud` is not a log level",
            "mend them, or name another file",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}

/// A server's name is a part of its address.
#[test]
fn a_server_that_no_caller_could_name_is_a_mistake() {
    let home = home();
    let config = "listen: 127.0.0.1:0\nadmin: none\nservers:\n  two words: { command: \"true\" }\n";
    fs::write(home.path().join("interlock.yaml"), config).unwrap();
    let (text, code) = said(home.path(), &[], &["serve", "-c", "interlock.yaml"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("`two words` cannot be a server's name"), "{text}");
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

/// What may not be looked at is not nothing.
#[test]
fn a_directory_of_somebody_else_is_not_an_empty_one() {
    const NOBODY: u32 = 65_534;
    let home = home();
    let data = home.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("ledger.db"), "").unwrap();
    fs::create_dir(data.join("audit")).unwrap();
    let root = rustix::process::geteuid().is_root();
    let mode = if root { 0o700 } else { 0o000 };
    fs::set_permissions(&data, fs::Permissions::from_mode(mode)).unwrap();
    // Root may look everywhere: somebody else has to look, with a program that they can reach.
    let copy = home.path().join("interlock");
    fs::copy(env!("CARGO_BIN_EXE_interlock"), &copy).unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let expected =
        if root { "` belongs to user 0; name another with `--data DIR`" } else { "cannot look into" };
    for args in [["status"].as_slice(), &["counters", "list"], &["audit", "tail"]] {
        let mut command = Command::new(&copy);
        command.args(args).arg("--data").arg(&data).env("HOME", home.path()).stdin(Stdio::null());
        command.env_remove("XDG_CONFIG_HOME").env_remove("INTERLOCK_DATA");
        if root {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && text.contains(expected), "{args:?}: {text}");
    }
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
}

/// A policy that asks people is nothing to warn of.
#[test]
fn a_start_says_that_there_are_warnings() {
    let home = home();
    let ask = "version: \"1\"\ndefault: deny\ntools: { t: { rules: [{ action: require_approval }] } }\n";
    for (policy, level, said) in [
        (ask.to_owned(), "warn", false),
        (ask.to_owned(), "info", false),
        (ask.replace("t: {", "t: { limits: , "), "warn", true),
    ] {
        fs::write(home.path().join("ask.yaml"), &policy).unwrap();
        let (text, _) =
            self::said(home.path(), &[("INTERLOCK_LOG", level)], &["run", "-c", "ask.yaml", "--", "cat"]);
        assert_eq!(text.contains("warning"), said, "{level}: {policy}{text}");
    }
}

#[test]
fn a_server_that_ends_by_itself_can_be_run_by_itself() {
    let home = home();
    let mut command = Command::new(env!("CARGO_BIN_EXE_interlock"));
    command.args(["run", "-c", "policy.yaml", "--data", "data", "--", "sh", "-c", "exit 3"]);
    command.current_dir(home.path()).env("XDG_CONFIG_HOME", home.path()).env_remove("INTERLOCK_LOG");
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The client stays: it is the server that goes.
    let client = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(client);
    let text = String::from_utf8(output.stderr).unwrap();
    let expected = "the server ended by itself: exit status: 3; run `sh -c 'exit 3'` by itself to see why";
    assert!(output.status.code() == Some(2) && text.contains(expected), "{text}");
}
