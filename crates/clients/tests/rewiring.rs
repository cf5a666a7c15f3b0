//! Entries of every client, in the ways in which people write them: what changes, and that nothing else does.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test: to fail is its way to say so"
)]

use std::path::PathBuf;

use interlock_clients::{
    Client, Place, Reached, RewireError, Rewiring, Scope, Server, State, Surroundings, System, Wrapped,
    Wrapping, places, rewire, servers,
};

fn place(client: Client) -> Place {
    let around =
        Surroundings { system: System::Linux, home: "/home/ada".into(), project: None, variable: &|_| None };
    places(&around).into_iter().find(|place| place.client == client && place.scope == Scope::User).unwrap()
}

/// What counts as this program here.
fn is_own(program: &str) -> bool {
    ["/bin/interlock", "/bin/inter lock\\interlock", "/x/interlock", "interlock"].contains(&program)
}

fn wrapping() -> Wrapping {
    let wrapped = Wrapped {
        policy: Some(PathBuf::from("/p.yaml")),
        server: Some("s".to_owned()),
        grant: Some("local".to_owned()),
        data: None,
    };
    Wrapping { program: "/bin/interlock".to_owned(), wrapped }
}

fn rewired(client: Client, text: &str) -> Result<String, RewireError> {
    let place = place(client);
    let found = servers(&place, text, &is_own).unwrap();
    let wrapping = wrapping();
    let open: Vec<Rewiring<'_>> = (found.iter())
        .filter(|server| server.state == State::Open)
        .map(|server| Rewiring { server, wrapping: &wrapping })
        .collect();
    assert!(!open.is_empty(), "{found:?}");
    rewire(&place, text, &open, &is_own)
}

/// The words in front of a server, as they are written.
const FRONT: &str = r#""run", "-c", "/p.yaml", "--grant", "local", "--server", "s""#;

fn check(client: Client, before: &str, after: &str) {
    let after = after.replace("FRONT", FRONT);
    assert_eq!(rewired(client, before).unwrap(), after, "{before}");
    // It is behind Interlock now, and nothing is left to do.
    let found = servers(&place(client), &after, &is_own).unwrap();
    assert!(found.iter().all(|server| matches!(server.state, State::Wrapped(_))), "{found:?}");
}

#[test]
fn json_keeps_its_bytes() {
    check(
        Client::Cursor,
        "{\r\n\t\"mcpServers\": { // mine\r\n\t\t\"ü\": {\r\n\t\t\t\"command\": \"npx\", \"args\": [\r\n\t\t\t\t\"-y\" /* yes */,\r\n\t\t\t\t\"pkg\",\r\n\t\t\t],\r\n\t\t},\r\n\t},\r\n}",
        "{\r\n\t\"mcpServers\": { // mine\r\n\t\t\"ü\": {\r\n\t\t\t\"command\": \"/bin/interlock\", \"args\": [\r\n\t\t\t\tFRONT, \"--\", \"npx\",\r\n\t\t\t\t\"-y\" /* yes */,\r\n\t\t\t\t\"pkg\",\r\n\t\t\t],\r\n\t\t},\r\n\t},\r\n}",
    );
    check(
        Client::ClaudeDesktop,
        r#"{"mcpServers":{"a":{"command":"x","args":[]},"b":{"command":"y"},"c":{"args":["1"],"command":"z","env":{"T":"s"}}}}"#,
        r#"{"mcpServers":{"a":{"command":"/bin/interlock","args":[FRONT, "--", "x"]},"b":{"command":"/bin/interlock", "args": [FRONT, "--", "y"]},"c":{"args":[FRONT, "--", "z", "1"],"command":"/bin/interlock","env":{"T":"s"}}}}"#,
    );
    check(
        Client::Zed,
        "{\n  \"context_servers\": {\n    \"a\": { \"command\": { \"path\": \"x\", \"args\": [\"1\"], \"env\": {\"K\": \"v\"} } }\n  }\n}\n",
        "{\n  \"context_servers\": {\n    \"a\": { \"command\": { \"path\": \"/bin/interlock\", \"args\": [FRONT, \"--\", \"x\", \"1\"], \"env\": {\"K\": \"v\"} } }\n  }\n}\n",
    );
    check(
        Client::ClaudeCode,
        "\u{feff}{\"projects\": {\"/w\": {\"mcpServers\": {\"a\": {\"type\": \"stdio\", \"command\": \"x\", \"args\": null}}}}}",
        "\u{feff}{\"projects\": {\"/w\": {\"mcpServers\": {\"a\": {\"type\": \"stdio\", \"command\": \"/bin/interlock\", \"args\": [FRONT, \"--\", \"x\"]}}}}}",
    );
}

#[test]
fn addresses_become_commands_and_headers_variables() {
    check(
        Client::VsCode,
        "{\n  \"inputs\": [],\n  \"servers\": {\n    \"a\": {\n      \"type\": \"http\",\n      \"url\": \"https://x.example/mcp\",\n      \"headers\": {\n        \"Authorization\": \"Bearer ${input:t}\", // mine\n        \"X-A\": \"1\"\n      }\n    }\n  }\n}",
        "{\n  \"inputs\": [],\n  \"servers\": {\n    \"a\": {\n      \"type\": \"stdio\",\n      \"command\": \"/bin/interlock\",\n      \"args\": [FRONT, \"--url\", \"https://x.example/mcp\", \"--header-env\", \"Authorization=INTERLOCK_HEADER_AUTHORIZATION\", \"--header-env\", \"X-A=INTERLOCK_HEADER_X_A\"],\n      \"env\": {\n        \"INTERLOCK_HEADER_AUTHORIZATION\": \"Bearer ${input:t}\", // mine\n        \"INTERLOCK_HEADER_X_A\": \"1\"\n      }\n    }\n  }\n}",
    );
    check(
        Client::Windsurf,
        r#"{"mcpServers": {"a": {"serverUrl": "https://x.example/mcp"}}}"#,
        r#"{"mcpServers": {"a": {"command": "/bin/interlock", "args": [FRONT, "--url", "https://x.example/mcp"]}}}"#,
    );
    check(
        Client::Codex,
        "[mcp_servers.a]\nurl = \"https://x.example/mcp\" # far\n[mcp_servers.a.http_headers]\nX-A = \"1\"\n",
        "[mcp_servers.a]\ncommand = \"/bin/interlock\" # far\nargs = [FRONT, \"--url\", \"https://x.example/mcp\", \"--header-env\", \"X-A=INTERLOCK_HEADER_X_A\"]\n[mcp_servers.a.env]\nINTERLOCK_HEADER_X_A = \"1\"\n",
    );
    check(
        Client::Continue,
        "mcpServers:\n  - name: a\n    type: streamable-http\n    url: https://x.example/mcp\n",
        "mcpServers:\n  - name: a\n    type: \"stdio\"\n    command: \"/bin/interlock\"\n    args: [FRONT, \"--url\", \"https://x.example/mcp\"]\n",
    );
}

#[test]
fn toml_keeps_its_bytes() {
    check(
        Client::Codex,
        "# mine\nmodel = 'x'\n\n[mcp_servers.a] # one\n  command = 'npx'   # run\n  args = [\n    '-y', # yes\n    'pkg',\n  ]\n[mcp_servers.a.env]\nK = 'v'",
        "# mine\nmodel = 'x'\n\n[mcp_servers.a] # one\n  command = \"/bin/interlock\"   # run\n  args = [\n    FRONT, \"--\", \"npx\",\n    '-y', # yes\n    'pkg',\n  ]\n[mcp_servers.a.env]\nK = 'v'",
    );
    check(
        Client::Codex,
        "mcp_servers.a.command = \"x\"\r\nmcp_servers.b = { command = \"y\" }\r\n[mcp_servers.c]\r\ncommand = \"z\"",
        "mcp_servers.a.command = \"/bin/interlock\"\r\nmcp_servers.a.args = [FRONT, \"--\", \"x\"]\r\nmcp_servers.b = { command = \"/bin/interlock\", args = [FRONT, \"--\", \"y\"] }\r\n[mcp_servers.c]\r\ncommand = \"/bin/interlock\"\r\nargs = [FRONT, \"--\", \"z\"]",
    );
}

#[test]
fn yaml_keeps_its_bytes() {
    check(
        Client::Continue,
        "name: mine # ü\nmcpServers:\n- command: npx # run\n  name: a\n- name: b\n  command: 'uvx'\n  args:\n  -   pkg\n  - --x\n- { name: c, command: z, args: [a] }\n",
        "name: mine # ü\nmcpServers:\n- command: \"/bin/interlock\" # run\n  args: [FRONT, \"--\", \"npx\"]\n  name: a\n- name: b\n  command: \"/bin/interlock\"\n  args:\n  -   \"run\"\n  -   \"-c\"\n  -   \"/p.yaml\"\n  -   \"--grant\"\n  -   \"local\"\n  -   \"--server\"\n  -   \"s\"\n  -   \"--\"\n  -   \"uvx\"\n  -   pkg\n  - --x\n- { name: c, command: \"/bin/interlock\", args: [FRONT, \"--\", \"z\", a] }\n",
    );
}

#[test]
fn a_remark_behind_quotes_stays() {
    check(
        Client::Continue,
        "mcpServers:\n- name: a\n  command: \"x\" # mine",
        "mcpServers:\n- name: a\n  command: \"/bin/interlock\" # mine\n  args: [FRONT, \"--\", \"x\"]",
    );
}

#[test]
fn what_cannot_be_said_on_a_command_line_is_left() {
    for (client, text, expected) in [
        (
            Client::Cursor,
            r#"{"mcpServers": {"a": {"url": "https://x.example/?key=s"}}}"#,
            RewireError::SecretAddress,
        ),
        (
            Client::Cursor,
            r#"{"mcpServers": {"a": {"url": "https://u:p@x.example/"}}}"#,
            RewireError::SecretAddress,
        ),
        (
            Client::Cursor,
            r#"{"mcpServers": {"a": {"url": "https://x.example/", "auth": {}}}}"#,
            RewireError::OnlyClient { key: "auth".to_owned() },
        ),
        (
            Client::Cursor,
            r#"{"mcpServers": {"a": {"url": "https://x.example/", "env": {}}}}"#,
            RewireError::Variables,
        ),
        (
            Client::Cursor,
            r#"{"mcpServers": {"a": {"url": "https://x.example/api/mcp/s/Zk3Lq9XyAb7TpR2wQz/mcp"}}}"#,
            RewireError::SecretAddress,
        ),
        (
            Client::Codex,
            "[mcp_servers.a]\nurl = 'https://x.example/'\nbearer_token_env_var = 'T'\n",
            RewireError::OnlyClient { key: "bearer_token_env_var".to_owned() },
        ),
        (Client::Continue, "mcpServers:\n- name: a\n  command: >-\n    npx\n", RewireError::Layout),
    ] {
        assert_eq!(rewired(client, text), Err(expected), "{text}");
    }
}

fn states(client: Client, text: &str) -> Vec<State> {
    servers(&place(client), text, &is_own).unwrap().into_iter().map(|server| server.state).collect()
}

#[test]
fn what_is_not_open_is_told() {
    let text = r#"{"mcp": {"excluded": ["b"]}, "mcpServers": {"a": {"command": "x", "disabled": true}, "b": {"command": "x"}, "c": {"command": "/x/interlock", "args": ["run", "-c", "p.yaml", "--", "y"]}}}"#;
    let wrapped = Wrapped { policy: Some("p.yaml".into()), ..Wrapped::default() };
    assert_eq!(states(Client::Gemini, text), [State::Disabled, State::Disabled, State::Wrapped(wrapped)]);
    assert_eq!(
        states(Client::Zed, r#"{"context_servers": {"a": {"enabled": false, "command": "x"}}}"#),
        [State::Disabled]
    );
    let text = r#"{"mcpServers": {"a": 1, "b": {}, "c": {"command": 1}, "d": {"command": "x", "args": "y"}, "e": {"command": "x", "args": [1]}, "f": {"command": "x", "url": "y"}, "g": {"command": "x", "env": {"A": 1}}}}"#;
    let found = states(Client::Cursor, text);
    assert!(found.iter().all(|state| matches!(state, State::Unclear(_))) && found.len() == 7, "{found:?}");
    let yaml = "mcpServers:\n- name: a\n  command: &c npx\n- name: b\n  command: *c\n- name: c\n  <<: { command: x }\n  command: x\n";
    let found = states(Client::Continue, yaml);
    assert!(found.iter().all(|state| matches!(state, State::Unclear(_))) && found.len() == 3, "{found:?}");
}

#[test]
fn a_program_that_is_only_called_interlock_is_not_it() {
    let text = r#"{"mcpServers": {
        "a": {"command": "/cloned/interlock", "args": ["run", "-c", "p.yaml", "--", "y"]},
        "b": {"command": "interlock", "args": ["run", "-c", "p.yaml", "--", "y"], "env": {"PATH": "/cloned"}},
        "c": {"command": "interlock", "args": ["run", "-c", "p.yaml", "--", "y"]}}}"#;
    let wrapped = Wrapped { policy: Some("p.yaml".into()), ..Wrapped::default() };
    assert_eq!(states(Client::Cursor, text), [State::Open, State::Open, State::Wrapped(wrapped)]);
    // Nor is it a server like any other.
    let found = servers(&place(Client::Cursor), text, &is_own).unwrap();
    let claims: Vec<_> = found.iter().map(Server::claims_interlock).collect();
    assert_eq!(claims, [Some("/cloned/interlock"), Some("interlock"), None]);
    let text = r#"{"mcpServers": {
        "a": {"command": "C:\\bin\\Interlock.exe", "args": ["run", "--url=https://x.example/"]},
        "b": {"command": "/cloned/interlock", "args": ["serve"]},
        "c": {"command": "/cloned/interlock-run", "args": ["run", "--", "y"]},
        "d": {"command": "/cloned/interlock"}}}"#;
    let found = servers(&place(Client::Cursor), text, &is_own).unwrap();
    let claims: Vec<_> = found.iter().map(Server::claims_interlock).collect();
    assert_eq!(claims, [Some(r"C:\bin\Interlock.exe"), None, None, None]);
}

#[test]
fn broken_files_are_told_by_their_lines_and_nothing_of_them() {
    for (client, text, expected) in [
        (Client::Cursor, "{\n  \"a\": SECRET\n}", "line 2 is not JSON (comments may be in it)"),
        (Client::ClaudeDesktop, "{\n // SECRET\n}", "line 2 is not JSON"),
        (Client::Cursor, "{\"a\": 1,\n\"a\": \"SECRET\"}", "line 2 has a key that is there already"),
        (Client::Codex, "a = 1\nb = SECRET", "line 2 is not TOML"),
        (Client::Continue, "a: 1\nb: [SECRET", "line 2 is not YAML"),
        (Client::Continue, "a: 1\n---\nb: SECRET", "line 2 begins a second document"),
        (Client::Cursor, "{\n\"mcpServers\": \"SECRET\"}", "`mcpServers` on line 2 holds no servers"),
    ] {
        let said = servers(&place(client), text, &is_own).unwrap_err().to_string();
        assert_eq!(said, expected, "{text}");
    }
    for (client, open) in [(Client::Cursor, "["), (Client::Codex, "["), (Client::Continue, "[")] {
        let text =
            if client == Client::Codex { format!("a = {}", open.repeat(5000)) } else { open.repeat(5000) };
        assert!(servers(&place(client), &text, &is_own).is_err(), "{client}");
    }
    for client in Client::ALL {
        assert_eq!(servers(&place(client), "", &is_own).unwrap(), Vec::<Server>::new(), "{client}");
    }
}

#[test]
fn a_server_behind_interlock_is_reached_as_before() {
    let text = r#"{"mcpServers": {"a": {"command": "interlock", "args": ["run", "--policy=p.yaml", "--url", "https://x.example/", "--header-env", "A=B"], "env": {"B": "v"}}}}"#;
    let found = servers(&place(Client::Cursor), text, &is_own).unwrap();
    let headers = vec![("A".to_owned(), "v".to_owned())];
    assert_eq!(found[0].reached, Reached::Url { url: "https://x.example/".to_owned(), headers });
    assert!(!format!("{found:?}").contains("https"));
}
