//! What only one part may know: processes, databases, the environment.

use super::sources::findings;
use super::{Finding, Source};

/// Words that only the files under these places may hold.
struct Boundary {
    words: &'static [&'static str],
    home: &'static [&'static str],
    rule: &'static str,
}

const BOUNDARIES: &[Boundary] = &[
    Boundary {
        words: &["tokio::process", "process_wrap", "ChildStdin", "ChildStdout", "io::stdin(", "io::stdout("],
        home: &["crates/gateway/src/transport", "crates/cli/", "crates/testkit/"],
        rule: "only `gateway::transport` knows transports",
    },
    Boundary {
        words: &["rusqlite"],
        home: &["crates/store/", "crates/testkit/"],
        rule: "only `store` knows databases",
    },
    Boundary {
        words: &["env::var", "env::args", "env::vars"],
        home: &["crates/cli/", "crates/testkit/"],
        rule: "only `cli` reads arguments and environment",
    },
];

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let product = |path: &str| path.starts_with("crates/") && path.contains("/src/") && path.ends_with(".rs");
    let mut all = Vec::new();
    for source in sources.iter().filter(|source| product(&source.path)) {
        for boundary in BOUNDARIES {
            if !boundary.home.iter().any(|home| source.path.starts_with(home)) {
                let crosses = |line: &str| boundary.words.iter().any(|word| code(line).contains(word));
                all.extend(findings(source, crosses, boundary.rule));
            }
        }
    }
    all
}

/// The line without its comment.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_allowed_at_home_only() {
        for (path, text, expected) in [
            ("crates/store/src/lib.rs", "use rusqlite::Connection;", 0),
            ("crates/gateway/src/lib.rs", "use rusqlite::Connection;", 1),
            ("crates/gateway/src/transport/child.rs", "use tokio::process::Command;", 0),
            ("crates/gateway/src/route.rs", "use tokio::process::Command;", 1),
            ("crates/gateway/src/route.rs", "// as tokio::process does", 0),
            ("crates/policy/src/lib.rs", "let home = std::env::var(\"HOME\");", 1),
            ("crates/policy/tests/a.rs", "let home = std::env::var(\"HOME\");", 0),
        ] {
            let source = Source { path: path.to_owned(), text: text.to_owned() };
            assert_eq!(check(&[source]).len(), expected, "{path}: {text}");
        }
    }
}
