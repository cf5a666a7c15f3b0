//! The file of `interlock serve` as its operator writes it: every mistake with its place, before a start.

use std::io;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const GOOD: &str = "\
servers:
  files: { command: uvx, args: [files@1] }
grants:
  team:
    servers: { files: allow.yaml }
    expires: 2090-01-31
";

fn site(config: &str) -> io::Result<TempDir> {
    let site = tempfile::tempdir()?;
    std::fs::write(site.path().join("interlock.yaml"), config)?;
    std::fs::write(site.path().join("allow.yaml"), "version: \"1\"\ndefault: allow\n")?;
    Ok(site)
}

fn interlock(site: &Path, args: &[&str]) -> io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_interlock"))
        .args(args)
        .current_dir(site)
        .env("INTERLOCK_DATA", site.join("data"))
        .env("XDG_CONFIG_HOME", site)
        .output()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const CHECK: [&str; 4] = ["serve", "--check", "-c", "interlock.yaml"];

#[test]
fn a_good_file_is_checked_with_its_policies_and_nothing_is_made() {
    let site = site(GOOD).unwrap();
    let output = interlock(site.path(), &CHECK).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    assert!(
        out(&output).contains("interlock.yaml: ok") && out(&output).contains("allow.yaml: ok"),
        "{}",
        out(&output)
    );
    assert!(!site.path().join("data").exists());
}

#[test]
fn every_mistake_is_shown_at_once_with_its_place() {
    let config = "\
listen: nowhere
servers:
  files: { command: \"uvx files@1 --token abc\" }
  far: { url: \"ftp://x\" }
  keyed: { url: \"https://x/mcp\", headers: { X-Team: \"${INTERLOCK_NO_SUCH_NAME}\" } }
grants:
  team: { servers: { files: none.yaml, far: broken.yaml, other: allow.yaml } }
  jwt: { servers: { far: allow.yaml }, auth: [{ jwt: { issuer: corp, claims: { sub: a } } }] }
anonymous: nobody
identity:
  issuers:
    corp: { issuer: \"https://id\", audiences: [x], algorithms: [RS256], jwks: none.json }
tls: { certificate: none.pem, key: none.pem }
";
    let site = site(config).unwrap();
    std::fs::write(site.path().join("broken.yaml"), "version: \"1\"\ndefault: maybe\n").unwrap();
    let output = interlock(site.path(), &[CHECK.as_slice(), &["--format", "json"]].concat()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    let files: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    let found = |file: usize| files[file]["diagnostics"].as_array().unwrap().clone();
    let all = found(0);
    let has = |pointer: &str, line: u64, part: &str| {
        let fits = |one: &&serde_json::Value| {
            one["pointer"] == pointer
                && one["line"] == line
                && one["message"].as_str().unwrap().contains(part)
        };
        assert!(all.iter().any(|one| fits(&one)), "{pointer} {line} {part}: {all:#?}");
    };
    has("/listen", 1, "not an address");
    has("/servers/files", 3, "in `args`");
    has("/servers/far", 4, "ftp");
    has("/servers/keyed", 5, "INTERLOCK_NO_SUCH_NAME");
    has("/grants/team/servers/files", 7, "none.yaml");
    has("/grants/team/servers/far", 7, "broken.yaml");
    has("/grants/team/servers/other", 7, "no server `other`");
    has("/anonymous", 9, "`nobody`");
    has("/identity/issuers/corp/jwks", 12, "none.json");
    has("/tls", 13, "none.pem");
    assert_eq!(all.len(), 10, "{all:#?}");
    assert!(!out(&output).contains("--token"), "{}", out(&output));
    let broken: Vec<_> = files.as_array().unwrap().iter().filter(|file| file["valid"] == false).collect();
    assert_eq!(broken.len(), 2, "{files:#?}");
    assert_eq!(broken[1]["diagnostics"][0]["line"], 2);
}

#[test]
fn a_credential_that_is_not_kept_is_missed() {
    let far =
        "  far: { url: \"https://x/mcp\", headers: { Authorization: \"Bearer ${credential:token}\" } }\n";
    let key = "credentials: { key: \"${file:credentials.key}\" }\n";
    let site = site(&format!("{key}{}", GOOD.replace("grants:\n", &format!("{far}grants:\n")))).unwrap();
    let made = interlock(site.path(), &["credentials", "key", "credentials.key"]).unwrap();
    assert_eq!(made.status.code(), Some(0), "{}", err(&made));
    let output = interlock(site.path(), &CHECK).unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(
        out(&output).contains("no credential `token`") && out(&output).contains(":4:"),
        "{}",
        out(&output)
    );
    let value = site.path().join("value");
    std::fs::write(&value, "s3cret").unwrap();
    let set = ["credentials", "set", "far", "token", "-c", "interlock.yaml", "--from", "value"];
    assert_eq!(interlock(site.path(), &set).unwrap().status.code(), Some(0));
    let output = interlock(site.path(), &CHECK).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
}

#[test]
fn how_it_is_written_comes_first_and_what_cannot_be_read_is_no_answer() {
    let site = site("listn: x\n").unwrap();
    let output = interlock(site.path(), &CHECK).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        out(&output).contains("did you mean `listen`?") && out(&output).contains("interlock.yaml:1"),
        "{}",
        out(&output)
    );
    let output = interlock(site.path(), &["serve", "--check", "-c", "none.yaml"]).unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn check_says_what_the_file_is_and_which_command_reads_it() {
    let site = site(GOOD).unwrap();
    let output = interlock(site.path(), &["check", "interlock.yaml"]).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = out(&output);
    assert!(
        text.contains("a file of `interlock serve`")
            && text.contains("interlock serve --check -c interlock.yaml"),
        "{text}"
    );
    assert!(!text.contains("unknown key"), "{text}");
    assert_eq!(interlock(site.path(), &["check", "allow.yaml"]).unwrap().status.code(), Some(0));
}

#[test]
fn a_start_names_the_line_of_what_is_missing() {
    let site = site(&GOOD.replace("allow.yaml", "none.yaml")).unwrap();
    let output = interlock(site.path(), &["serve", "-c", "interlock.yaml"]).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        err(&output).contains("the grant `team`: line 5 of `interlock.yaml`: cannot read the policy"),
        "{}",
        err(&output)
    );
}

#[test]
fn grants_are_listed_with_what_is_wrong_with_them() {
    let site =
        site(&format!("{GOOD}  others:\n    servers: {{ files: none.yaml }}\n    expires: 2020-01-01\n"))
            .unwrap();
    let output =
        interlock(site.path(), &["grants", "list", "-c", "interlock.yaml", "--format", "json"]).unwrap();
    let grants: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!((&grants[0]["grant"], &grants[0]["expired"]), (&"others".into(), &true.into()), "{grants:#}");
    assert!(grants[0]["problems"][0].as_str().unwrap().contains("none.yaml"), "{grants:#}");
    assert_eq!(grants[1]["problems"], serde_json::json!([]));
    let output = interlock(site.path(), &["grants", "list", "-c", "interlock.yaml"]).unwrap();
    assert!(out(&output).contains("STATE") && out(&output).contains("none.yaml"), "{}", out(&output));
    let output = interlock(site.path(), &["grants", "create", "others", "-c", "interlock.yaml"]).unwrap();
    assert!(err(&output).contains("the grant `others` has expired (2020-01-01)"), "{}", err(&output));
    let output = interlock(site.path(), &["grants", "create", "team", "-c", "interlock.yaml"]).unwrap();
    assert!(!err(&output).contains("expired"), "{}", err(&output));
}

#[test]
fn a_server_that_could_not_be_in_force_is_not_registered() {
    let site = site(GOOD).unwrap();
    let add = |name: &str, rest: &[&str]| {
        let words = ["servers", "add", name, "-c", "interlock.yaml", "--grant", "team=allow.yaml"];
        interlock(site.path(), &[words.as_slice(), rest].concat()).unwrap()
    };
    let output = add("zv", &["--url", "ftp://x"]);
    assert_eq!(output.status.code(), Some(2), "{}", out(&output));
    assert!(err(&output).contains("ftp://x"), "{}", err(&output));
    assert_eq!(
        add("zv", &["--url", "https://x/${NAME}", "--header", "X-A: ${NO_SUCH}"]).status.code(),
        Some(0)
    );
    let output = add("a__b", &["--url", "https://x/mcp"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(err(&output).contains("served at /mcp/a__b alone"), "{}", err(&output));
    let output = interlock(site.path(), &["servers", "list", "-c", "interlock.yaml"]).unwrap();
    assert!(out(&output).contains("served at /mcp/a__b alone"), "{}", out(&output));
}

#[test]
fn what_was_kept_is_found_by_the_same_file() {
    let site = site(&format!("data: kept\n{GOOD}")).unwrap();
    let run = |words: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_interlock"))
            .args(words)
            .args(["-c", "interlock.yaml"])
            .current_dir(site.path())
            .env_remove("INTERLOCK_DATA")
            .output()
            .unwrap()
    };
    for words in [&["status"][..], &["audit", "tail"], &["counters", "list"]] {
        let output = run(words);
        assert!(
            err(&output).contains("`interlock serve`") && err(&output).contains("kept"),
            "{}",
            err(&output)
        );
    }
    assert_eq!(run(&["grants", "create", "team"]).status.code(), Some(0));
    let output = run(&["audit", "query", "--text", "token created"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(run(&["status"]).status.code(), Some(0));
    assert_eq!(run(&["counters", "list"]).status.code(), Some(0));
}

/// What policies need of the file to ask people is looked for, each with its place, before anything starts.
#[test]
fn what_policies_need_to_ask_people_is_checked() {
    let config = format!("{GOOD}    approvers: [\"group:board\"]\ngroups: {{ finance: [ada] }}\n");
    let site = site(&config).unwrap();
    let policy = "version: \"1\"\ndefault: allow\napprovals:\n  approvers: [\"group:finanse\"]\n  \
        notify: { webhook: { url: \"https://example.com/\", secret: \"${INTERLOCK_TEST_NO_SUCH_NAME}\", decide_as: bo } }\n";
    std::fs::write(site.path().join("allow.yaml"), policy).unwrap();
    let output = interlock(site.path(), &CHECK).unwrap();
    let out = out(&output);
    assert_eq!(output.status.code(), Some(1), "{out}{}", err(&output));
    for part in [
        "there is no group `board` among `groups`",
        "there is no group `finanse` among `groups`; did you mean `finance`?",
        "allow.yaml:4:3",
        "the environment has no `INTERLOCK_TEST_NO_SUCH_NAME`",
        "no links to decide by",
    ] {
        assert_eq!(out.matches(part).count(), 1, "{part} in {out}");
    }
}
