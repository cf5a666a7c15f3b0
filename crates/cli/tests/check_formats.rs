//! `interlock check` and `interlock tools`, as people and programs start them.
#![allow(clippy::unwrap_used, reason = "a test: to fail is its way to say so")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const POLICY: &str = "version: \"1\"\ndefault: deny\ntools:\n  chrage: {}\n  t: { require: [{ path: args.x, op: eq, value: a }] }\n";
const TOOLS: &str = r#"{"tools": [{"name": "charge"}, {"name": "other"}, {"name": "t", "inputSchema": {"properties": {"x": {"enum": ["a", "b"]}}}}]}"#;

/// A server that lists two pages, asks something in between, and ends with its input.
const SERVER: &str = r#"
while read -r line; do
  case "$line" in
    *'"initialize"'*) echo 'not for the protocol' >&2
      echo '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"hello"}}'
      echo '{"jsonrpc":"2.0","id":"q","method":"roots/list"}'
      echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}}' ;;
    *'"cursor":"two"'*) echo '{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"b","x":1.0}]}}' ;;
    *'"tools/list"'*) echo '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}],"nextCursor":"two"}}' ;;
    *'"id":"q"'*) case "$line" in *-32601*) ;; *) exit 9 ;; esac ;;
  esac
done
"#;

fn interlock(home: &Path, args: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interlock"));
    command.args(args).current_dir(home).env("HOME", home);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Who does not read it is done before it is written.
    let _unread = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(output: &Output) -> (String, String, i32) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr), output.status.code().unwrap())
}

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("p.yaml"), POLICY).unwrap();
    fs::write(home.path().join("tools.json"), TOOLS).unwrap();
    home
}

#[test]
fn each_format_says_the_same() {
    let home = home();
    let run = |format: &str| {
        text(&interlock(home.path(), &["check", "--tools", "tools.json", "--format", format, "p.yaml"], ""))
    };
    let codes = ["unmentioned-tools", "unknown-tool"];
    let (out, _, code) = run("text");
    assert_eq!(code, 0, "warnings are no mistakes: {out}");
    assert!(codes.iter().all(|code| out.contains(&format!("[{code}]"))), "{out}");
    assert!(out.ends_with("p.yaml: ok (1 warning, 1 note)\n"), "{out}");
    let (out, ..) = run("json");
    let json: Value = serde_json::from_str(&out).unwrap();
    let found: Vec<_> = json[0]["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| (&found["severity"], &found["code"]))
        .collect();
    assert_eq!(found, [(&"note".into(), &codes[0].into()), (&"warning".into(), &codes[1].into())]);
    let (out, ..) = run("sarif");
    let sarif: Value = serde_json::from_str(&out).unwrap();
    let found: Vec<_> = sarif["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| (&found["level"], &found["ruleId"]))
        .collect();
    assert_eq!(found, [(&"note".into(), &codes[0].into()), (&"warning".into(), &codes[1].into())]);
    let (out, ..) = run("github");
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("::notice file=p.yaml,line=1,col=1,endColumn=1,title=interlock%3A unmentioned-tools::2 of the server's 3 tools"), "{out}");
    assert_eq!(
        lines[1],
        "::warning file=p.yaml,line=4,col=3,endColumn=9,title=interlock%3A unknown-tool::the server has no tool `chrage`%0Ahelp: did you mean `charge`?"
    );
    assert_eq!(lines.len(), 2);
}

#[test]
fn exit_codes_and_what_cannot_be_read() {
    let home = home();
    fs::write(home.path().join("bad.json"), "5").unwrap();
    fs::write(home.path().join("good.yaml"), "version: \"1\"\ndefault: deny\ntools: { t: {} }\n").unwrap();
    #[rustfmt::skip]
    let table = [
        (vec!["check", "--strict", "--tools", "tools.json", "p.yaml"], "", 1, ""),
        // A note is no warning.
        (vec!["check", "--strict", "--tools", "tools.json", "good.yaml"], "", 0, ""),
        (vec!["check", "--tools", "-", "p.yaml"], TOOLS, 0, ""),
        (vec!["check", "--tools", "-", "-"], TOOLS, 2, "only one file can come from standard input"),
        (vec!["check", "--tools", "bad.json", "p.yaml"], "", 2, "cannot use the tools in `bad.json`: it is not a list of tools"),
        (vec!["check", "--tools", "none.json", "p.yaml"], "", 2, "cannot read `"),
        (vec!["check", "--format", "github", "good.yaml"], "", 0, ""),
    ];
    for (args, input, expected, said) in table {
        let (out, err, code) = text(&interlock(home.path(), &args, input));
        assert!(code == expected && err.contains(said), "{args:?}: {code} {out} {err}");
    }
}

#[test]
fn the_list_of_a_server() {
    let home = home();
    let (out, err, code) = text(&interlock(home.path(), &["tools", "--", "sh", "-c", SERVER], ""));
    assert_eq!(
        (out.as_str(), code),
        ("{\"tools\": [\n{\"name\":\"a\"},\n{\"name\":\"b\",\"x\":1.0}\n]}\n", 0),
        "{err}"
    );
    assert_eq!(err, "not for the protocol\n", "standard error is no terminal here");
    let (out, ..) = text(&interlock(home.path(), &["tools", "--names", "--", "sh", "-c", SERVER], ""));
    assert_eq!(out, "a\nb\n");
    let refuses = r#"read -r line; echo '{"jsonrpc":"2.0","id":0,"error":{"code":-1,"message":"no"}}'; read -r line; echo '{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no list"}}'"#;
    #[rustfmt::skip]
    let table = [
        (vec!["tools", "--", "no-such-program"], "`no-such-program` was not found"),
        (vec!["tools", "--", "true"], "the server ended before it answered `initialize`"),
        (vec!["tools", "--timeout", "1s", "--", "sleep", "60"], "the server did not answer `initialize` within 1 s"),
        (vec!["tools", "--", "sh", "-c", "read -r line; echo hello"], "the server's answer to `initialize` is malformed"),
        (vec!["tools", "--", "sh", "-c", refuses], "the server refused `tools/list`: no list"),
        (vec!["tools"], "required"),
        (vec!["tools", "--timeout", "soon", "--", "true"], "write a length of time"),
    ];
    for (args, said) in table {
        let (out, err, code) = text(&interlock(home.path(), &args, ""));
        assert!(code == 2 && err.contains(said) && out.is_empty(), "{args:?}: {code} {out} {err}");
    }
}
