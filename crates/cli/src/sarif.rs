//! SARIF 2.1.0 (OASIS), which code scanning reads.

use std::path::Path;

use serde_json::{Value, json};

/// A log of one run.
pub(crate) fn log(run: &Value) -> Value {
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    })
}

/// This program, with the rules that it judges by.
pub(crate) fn tool(rules: &[Value]) -> Value {
    json!({ "driver": { "name": "interlock", "version": env!("CARGO_PKG_VERSION"), "rules": rules } })
}

/// A relative path is a relative reference, which code scanning resolves in the repository.
pub(crate) fn uri(name: &str) -> String {
    let mut out = String::from(if Path::new(name).is_absolute() { "file://" } else { "" });
    for (index, segment) in name.trim_start_matches("./").split('/').enumerate() {
        if index > 0 {
            out.push('/');
        }
        for byte in segment.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
                other => out.push_str(&format!("%{other:02X}")),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_as_references() {
        for (path, expected) in [
            ("a/b.yaml", "a/b.yaml"),
            ("./a.yaml", "a.yaml"),
            ("/x/ü#?.yaml", "file:///x/%C3%BC%23%3F.yaml"),
            ("<stdin>", "%3Cstdin%3E"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }
}
