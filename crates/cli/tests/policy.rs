//! `interlock policy`, as it is used.
#![allow(clippy::unwrap_used, reason = "a test: to fail is its way to say so")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs it; what it wrote to standard output and standard error, and its exit code.
fn policy(folder: &Path, args: &[&str], input: &str) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interlock"));
    command.arg("policy").args(args).current_dir(folder).env("HOME", folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that does not read its input has ended before it was all written.
    let _unread = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

const INTERCEPT: &str = "tools:\n  t:\n    rules:\n      - { name: r, rate_limit: 5/hour }\n";

#[test]
fn an_import_goes_to_standard_output_and_says_what_was_chosen() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old.yaml"), INTERCEPT).unwrap();
    let (out, said, code) = policy(folder.path(), &["import", "old.yaml"], "");
    assert_eq!(code, 0, "{said}");
    assert!(out.starts_with("# yaml-language-server: $schema=interlock-policy.schema.json\n"), "{out}");
    assert!(
        out.contains("\ndefault: allow\n")
            && out.contains("align: calendar\n          refund: on_protocol_error\n"),
        "{out}"
    );
    assert!(said.starts_with("old.yaml: imported from Intercept\n"), "{said}");
    assert!(said.contains("\n  1:1: Intercept gives a count back"), "{said}");

    let (piped, said, code) =
        policy(folder.path(), &["import", "--from", "intercept", "--schema", "s.json", "-"], INTERCEPT);
    assert_eq!(code, 0, "{said}");
    assert_eq!(piped, out.replace("interlock-policy.schema.json", "s.json"));

    let json = r#"{ "version": "1", "default": "deny", "tools": { "t": {} } }"#;
    let (out, said, code) = policy(folder.path(), &["import", "-"], json);
    assert_eq!((code, out.contains("tools:\n  t: {}\n")), (0, true), "{out}{said}");
}

#[test]
fn an_import_replaces_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("new.yaml");
    let (out, said, code) = policy(folder.path(), &["import", "-o", "new.yaml", "-"], INTERCEPT);
    assert_eq!((out.as_str(), code), ("", 0), "{said}");
    let written = fs::read_to_string(&place).unwrap();
    let (_, said, code) = policy(folder.path(), &["import", "-o", "new.yaml", "-"], "tools: {}\n");
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("cannot write `new.yaml`"), "{said}");
    assert_eq!(fs::read_to_string(&place).unwrap(), written);
}

#[test]
fn what_cannot_be_kept_is_pointed_at_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let text = "version: \"1\"\ndefault: deny\ntools:\n  read_*: { rules: [] }\n";
    let (out, said, code) = policy(folder.path(), &["import", "-o", "new.yaml", "-"], text);
    assert_eq!((out.as_str(), code), ("", 1), "{said}");
    for part in
        ["<stdin>:4:3", "takes `read_*` for the name of a tool", "name the tools one by one", "not imported"]
    {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!folder.path().join("new.yaml").exists());
}

#[test]
fn a_schema_is_one_word() {
    let folder = tempfile::tempdir().unwrap();
    let (_, said, code) = policy(folder.path(), &["import", "--schema", "a\ndefault: allow", "-"], INTERCEPT);
    assert_eq!(code, 2, "{said}");
}

#[test]
fn a_layout_is_checked_written_and_then_right() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("p.yaml");
    let (untidy, tidy) =
        ("version:   \"1\" # one\ntools: {t: {}}\n", "version: \"1\" # one\ntools: { t: {} }\n");
    fs::write(&place, untidy).unwrap();
    let (out, said, code) = policy(folder.path(), &["fmt", "--check", "p.yaml"], "");
    assert_eq!(code, 1, "{said}");
    assert!(out.contains("-version:   \"1\" # one\n") && out.contains("+version: \"1\" # one\n"), "{out}");
    assert_eq!(fs::read_to_string(&place).unwrap(), untidy);

    let (out, said, code) = policy(folder.path(), &["fmt", "p.yaml"], "");
    assert_eq!((out.as_str(), said.as_str(), code), ("", "p.yaml: laid out\n", 0));
    assert_eq!(fs::read_to_string(&place).unwrap(), tidy);
    for args in [["fmt", "p.yaml"].as_slice(), &["fmt", "--check", "p.yaml"]] {
        assert_eq!(policy(folder.path(), args, ""), (String::new(), String::new(), 0));
    }
    assert_eq!(policy(folder.path(), &["fmt", "-"], untidy), (tidy.to_owned(), String::new(), 0));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[cfg(unix)]
#[test]
fn a_layout_keeps_the_file_s_permissions_and_the_link_to_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real.yaml"), folder.path().join("link.yaml"));
    fs::write(&real, "tools:   {}\n").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let (_, said, code) = policy(folder.path(), &["fmt", "link.yaml"], "");
    assert_eq!(code, 0, "{said}");
    assert_eq!(fs::read_to_string(&real).unwrap(), "tools: {}\n");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn what_is_no_document_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.yaml"), "tools:  {}\n").unwrap();
    fs::write(folder.path().join("bad.yaml"), "tools: [\n").unwrap();
    let (_, said, code) = policy(folder.path(), &["fmt", "bad.yaml", "good.yaml"], "");
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("not valid YAML"), "{said}");
    assert_eq!(fs::read_to_string(folder.path().join("bad.yaml")).unwrap(), "tools: [\n");
    assert_eq!(fs::read_to_string(folder.path().join("good.yaml")).unwrap(), "tools: {}\n");
    let (_, said, code) = policy(folder.path(), &["fmt", "none.yaml"], "");
    assert_eq!(code, 2, "{said}");
}

#[test]
fn the_schema_is_json_schema() {
    let folder = tempfile::tempdir().unwrap();
    let (out, said, code) = policy(folder.path(), &["schema"], "");
    assert_eq!((said.as_str(), code), ("", 0));
    let schema: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert!(schema["definitions"]["rule"]["properties"]["on_deny"]["description"].is_string());
}
