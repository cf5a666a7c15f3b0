use interlock_json::{Limits, scan};

use super::*;

fn key() -> DigestKey {
    let dir = tempfile::tempdir().unwrap();
    DigestKey::open(dir.path()).unwrap()
}

/// The recorded member without its digest, which is checked to be that of the whole canonical arguments.
fn recorded(policy: &ArgumentPolicy, arguments: &str) -> String {
    let key = key();
    let document = scan(arguments, &Limits::default()).unwrap();
    let recorded = policy.record(&key, document.root());
    let digest = key.digest(&canonical::to_string(document.root()));
    assert_eq!(recorded.digest(), digest);
    let reread = scan(recorded.as_json(), &Limits::default()).unwrap();
    assert_eq!(canonical::to_string(reread.root()), recorded.as_json(), "canonical as it stands");
    recorded.as_json().replace(&digest, "D")
}

fn redacting(paths: &[&str]) -> ArgumentPolicy {
    ArgumentPolicy::Redacted(paths.iter().map(|p| p.parse().unwrap()).collect())
}

#[test]
fn each_policy_keeps_what_it_says() {
    let call = r#"{"b":1,"a":{"x":[{"y":"v","z":2}]},"Api-Key":"k","nextToken":"t"}"#;
    let check = |policy: ArgumentPolicy, expected: &str| assert_eq!(recorded(&policy, call), expected);
    check(ArgumentPolicy::None, r#"{"digest":"D"}"#);
    check(ArgumentPolicy::Keys, r#"{"digest":"D","keys":["b","a","Api-Key","nextToken"]}"#);
    let secrets = r#""Api-Key":"[redacted]","#;
    let end = r#""nextToken":"[redacted]""#;
    check(
        ArgumentPolicy::Full,
        &format!(r#"{{"digest":"D","full":{{{secrets}"a":{{"x":[{{"y":"v","z":2}}]}},"b":1,{end}}}}}"#),
    );
    for path in ["args.a.x[*].y", "args.a.x[0].y", "/args/a/x/0/y", r#"args["a"].x[0]["y"]"#] {
        let body = r#""a":{"x":[{"y":"[redacted]","z":2}]},"b":1"#;
        check(redacting(&[path]), &format!(r#"{{"digest":"D","redacted":{{{secrets}{body},{end}}}}}"#));
    }
    check(
        redacting(&["args.a", "args.b", "args.absent.x"]),
        &format!(r#"{{"digest":"D","redacted":{{{secrets}"a":"[redacted]","b":"[redacted]",{end}}}}}"#),
    );
    check(redacting(&["args"]), r#"{"digest":"D","redacted":"[redacted]"}"#);
}

#[test]
fn secrets_are_known_by_their_names() {
    for name in [
        "password",
        "dbPassword",
        "API_KEY",
        "x-api-key",
        "Authorization",
        "session_token",
        "client_secret",
        "AWSSecretAccessKey",
    ] {
        assert!(says_secret(name), "{name}");
    }
    for name in ["path", "query", "tokens_used", "keyword", "cookies_enabled", "passenger"] {
        assert!(!says_secret(name), "{name}");
    }
}

#[test]
fn no_secret_value_is_left() {
    let call = r#"{"password":"hunter2","deep":[{"token":{"inner":"hunter2"}}],"list":["hunter2"]}"#;
    for policy in [ArgumentPolicy::None, ArgumentPolicy::Keys, redacting(&["args.list[*]"])] {
        assert!(!recorded(&policy, call).contains("hunter2"), "{policy:?}");
    }
}

#[test]
fn key_lists_are_bounded() {
    let members: Vec<String> = (0..300).map(|i| format!(r#""k{i}":0"#)).collect();
    let out = recorded(&ArgumentPolicy::Keys, &format!("{{{}}}", members.join(",")));
    assert!(out.ends_with(r#""k255"],"keys_omitted":44}"#), "{out}");
    let long = format!(r#"{{"{}":0}}"#, "n".repeat(10_000));
    assert!(recorded(&ArgumentPolicy::Keys, &long).len() < 4300);
}

#[test]
fn other_paths_are_refused() {
    for text in ["", "a.b", "args.", "args..a", "args[", "args[x]", "args[\"a", "argsx", "/a", "args[-1]"] {
        assert!(text.parse::<RedactPath>().is_err(), "{text}");
    }
}
