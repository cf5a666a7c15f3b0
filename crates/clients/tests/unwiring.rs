//! Entries of files that were changed since they were put behind Interlock: what was put in goes, what was changed stays.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test: to fail is its way to say so"
)]

use std::path::{Path, PathBuf};

use interlock_clients::{
    Client, EntryKept, Place, Rewiring, State, Unwired, Wired, Wrapped, Wrapping, rewire, servers, unwire,
};

const PROGRAM: &str = "/bin/interlock";

fn place(client: Client) -> Place {
    let name = if client == Client::Codex { "config.toml" } else { "mcp.json" };
    let name = if client == Client::Continue { "config.yaml" } else { name };
    Place::of_file(client, Path::new("/h").join(name))
}

fn rewired(place: &Place, text: &str) -> String {
    let is_own = |program: &str| program == PROGRAM;
    let wrapped = Wrapped {
        policy: Some(PathBuf::from("/p.yaml")),
        server: Some("s".to_owned()),
        grant: Some("local".to_owned()),
        data: None,
    };
    let wrapping = Wrapping { program: PROGRAM.to_owned(), wrapped };
    let found = servers(place, text, &is_own).unwrap();
    let open: Vec<Rewiring<'_>> = (found.iter())
        .filter(|server| server.state == State::Open)
        .map(|server| Rewiring { server, wrapping: &wrapping })
        .collect();
    rewire(place, text, &open, &is_own).unwrap()
}

/// Puts the servers of `before` behind Interlock, changes the file as somebody did, and takes Interlock away again.
fn check(client: Client, before: &str, since: &[(&str, &str)], expected: &str, what: &[Unwired]) {
    let place = place(client);
    let after = rewired(&place, before);
    let now = since.iter().fold(after.clone(), |text, (old, new)| {
        assert!(text.contains(old), "{old:?} in {text}");
        text.replacen(old, new, 1)
    });
    let wired = Wired { place: &place, before, after: &after, program: PROGRAM };
    let (text, entries) = unwire(&wired, &now).unwrap();
    let became: Vec<Unwired> = entries.into_iter().map(|entry| entry.what).collect();
    assert_eq!((text.as_str(), became.as_slice()), (expected, what), "{now}");
}

#[test]
fn what_else_was_changed_stays() {
    let before = r#"{"n": 1, "mcpServers": {"a": {"command": "x"}, "b": {"command": "y", "args": ["1"]}}}"#;
    check(
        Client::ClaudeCode,
        before,
        &[(r#""n": 1"#, r#""n": 2, "m": [3]"#)],
        &before.replace(r#""n": 1"#, r#""n": 2, "m": [3]"#),
        &[Unwired::Restored, Unwired::Restored],
    );
    // What somebody has added to an entry stays there.
    check(
        Client::ClaudeCode,
        before,
        &[(r#""1"]"#, r#""1", "/more"], "env": {"K": "v"}"#), (r#""y""#, r#""z""#)],
        r#"{"n": 1, "mcpServers": {"a": {"command": "x"}, "b": {"command": "z", "args": ["1", "/more"], "env": {"K": "v"}}}}"#,
        &[Unwired::Restored, Unwired::RestoredBut],
    );
    // One that is put out of use is taken away all the same: its policy goes, and it may be put into use again.
    check(
        Client::Cursor,
        "{\"mcpServers\": {\n\t\"a\": {\"command\": \"x\"} // mine\n}}",
        &[("{\"command\"", "{\"disabled\": true, \"command\"")],
        "{\"mcpServers\": {\n\t\"a\": {\"disabled\": true, \"command\": \"x\"} // mine\n}}",
        &[Unwired::RestoredBut],
    );
}

#[test]
fn a_file_that_was_written_anew_is_put_back_in_its_new_layout() {
    let place = place(Client::ClaudeCode);
    let before = "{\"n\":1,\"mcpServers\":{\"a\":{\"command\":\"x\",\"args\":[\"1\",\"2\"],\"env\":{}}}}";
    let after = rewired(&place, before);
    let value: serde_json::Value = serde_json::from_str(&after).unwrap();
    let now = serde_json::to_string_pretty(&value).unwrap();
    let wired = Wired { place: &place, before, after: &after, program: PROGRAM };
    let (text, entries) = unwire(&wired, &now).unwrap();
    assert_eq!(entries[0].what, Unwired::Restored, "{text}");
    let [old, new]: [serde_json::Value; 2] = [before, &text].map(|text| serde_json::from_str(text).unwrap());
    assert_eq!(old, new);
    assert!(text.starts_with("{\n"), "{text}");
}

#[test]
fn headers_come_back_with_the_values_that_they_have_now() {
    let before = r#"{"mcpServers": {"a": {"type": "http", "url": "https://x.example/mcp", "headers": {"Authorization": "old", "X-Team": "t"}}}}"#;
    check(
        Client::Cursor,
        before,
        &[("\"old\"", "\"new\"")],
        &before.replace("old", "new"),
        &[Unwired::RestoredBut],
    );
    let place = place(Client::Cursor);
    let after = rewired(&place, before);
    check(
        Client::Cursor,
        before,
        &[("\"old\"", "\"old\", \"MORE\": \"1\"")],
        &after.replace("\"old\"", "\"old\", \"MORE\": \"1\""),
        &[Unwired::Kept(EntryKept::Variables)],
    );
}

#[test]
fn toml_and_yaml_go_back_too() {
    let toml = "model = \"m\"\n\n[mcp_servers.a]\ncommand = 'x' # mine\n\n[mcp_servers.b]\nurl = \"https://x.example/mcp\"\n\n[mcp_servers.b.http_headers]\nAuthorization = \"t\"\n";
    check(
        Client::Codex,
        toml,
        &[("\"m\"", "\"other\"")],
        &toml.replace("\"m\"", "\"other\""),
        &[Unwired::Restored, Unwired::Restored],
    );
    let yaml = "name: mine\nmcpServers:\n  - name: a\n    command: x\n    args:\n      - \"1\"\n  - name: b\n    command: y\n";
    check(
        Client::Continue,
        yaml,
        &[("name: mine", "name: ours"), ("- name: a", "- name: new\n    command: z\n  - name: a")],
        &yaml
            .replace("name: mine", "name: ours")
            .replace("- name: a", "- name: new\n    command: z\n  - name: a"),
        &[Unwired::Restored, Unwired::Restored],
    );
}

#[test]
fn what_somebody_has_changed_of_it_is_kept() {
    let before = r#"{"mcpServers": {"a": {"command": "x"}, "b": {"command": "y"}, "c": {"command": "z"}}}"#;
    let place = place(Client::Cursor);
    let after = rewired(&place, before);
    let entry = |name: &str| format!("\"--\", \"{name}\"]");
    let (front, moved) = (r#""command": "/bin/interlock", "args": ["run", "-c", "/p.yaml""#, "/mine.yaml");
    let own = front.replace("/p.yaml", moved);
    let elsewhere = front.replace("/bin/", "/opt/");
    // Another policy, another program with the same policy, and one that somebody has put back by hand.
    for (since, expected) in [
        (own.as_str(), Unwired::Kept(EntryKept::Changed)),
        (&elsewhere, Unwired::Kept(EntryKept::Changed)),
        (r#""command": "x", "args": ["/p""#, Unwired::AsBefore),
    ] {
        let now = after.replacen(front, since, 1);
        let wired = Wired { place: &place, before, after: &after, program: PROGRAM };
        let (text, entries) = unwire(&wired, &now).unwrap();
        assert_eq!(
            entries.iter().map(|entry| &entry.what).collect::<Vec<_>>(),
            [&expected, &Unwired::Restored, &Unwired::Restored]
        );
        assert!(text.contains(since) && text.contains(&entry("x")) && !text.contains(&entry("y")), "{text}");
    }
    let now = after.replacen("\"a\"", "\"renamed\"", 1);
    let wired = Wired { place: &place, before, after: &after, program: PROGRAM };
    let (text, entries) = unwire(&wired, &now).unwrap();
    assert_eq!(entries[0].what, Unwired::Gone);
    assert!(text.contains(&entry("x")));
    // No text is too strange to be looked at.
    for now in
        ["", "{}", "{\"mcpServers\": {\"a\": 1, \"b\": {\"command\": \"/bin/interlock\"}, \"c\": null}}"]
    {
        let (text, _) = unwire(&wired, now).unwrap();
        assert_eq!(text, now);
    }
    assert!(unwire(&wired, "{").is_err());
}
