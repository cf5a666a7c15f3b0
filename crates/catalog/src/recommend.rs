//! The policy that fits a server, from its tools' definitions: what is allowed, limited, asked about or denied, with
//! constraints on the arguments that matter, and the tests that go with it.
//!
//! ```text
//! Judgement ──guards.rs, plain.rs, entry.rs──► Entry: guards, a verdict, a limit ──yaml.rs──► policy with comments that say why
//!                                                └──sample.rs (arguments that fit the schema)──tests.rs──► policy.test.yaml
//! ```

mod entry;
mod guards;
mod lists;
mod plain;
mod sample;
mod tests;
mod yaml;

use std::fmt::Write as _;

use interlock_policy::{Source, Syntax, compile, laid_out};

use crate::classify::Judgement;
use crate::definition::Definition;

/// A policy for a server, and its tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recommended {
    /// The policy, in YAML with comments.
    pub yaml: String,
    /// The policy's tests, for a file beside it: `NAME.test.yaml`. They read the server's tools from `NAME.tools.json`.
    pub tests: String,
}

/// What is known of a server beside its definitions, and goes into its policy.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'k> {
    /// The folders, absolute, that it was given: what may be changed without a person.
    pub folders: &'k [String],
}

/// Recommends a policy for the tools of one server. `name` is the server's, `tools_file` the file in which the tests
/// find its tools.
#[must_use]
pub fn recommend(
    name: &str,
    tools_file: &str,
    tools: &[(Definition, Judgement)],
    known: Known<'_>,
) -> Recommended {
    let entries = entries(tools);
    let yaml = laid(yaml::policy(name, &entries, known));
    Recommended { yaml, tests: tests::of(name, tools_file, &entries, known) }
}

/// Laid out as `policy fmt` does it.
fn laid(yaml: String) -> String {
    let source = Source { name: "recommended", text: &yaml, syntax: Syntax::Yaml };
    laid_out(&source).unwrap_or(yaml)
}

/// The policy alone, in YAML: a fraction of the work where nobody looks at the tests.
#[must_use]
pub fn recommend_policy(name: &str, tools: &[(Definition, Judgement)]) -> String {
    yaml::policy(name, &entries(tools), Known::default())
}

/// A recommended policy in JSON, which has no comments. `None` where it does not compile, which no definition can bring
/// about.
#[must_use]
pub fn policy_as_json(yaml: &str) -> Option<String> {
    let source = Source { name: "recommended", text: yaml, syntax: Syntax::Yaml };
    compile(&source).0.map(|policy| seen(&policy.document().to_json()))
}

/// JSON with what is not seen, or turns what is, written as escapes. Such letters stand in its texts only.
fn seen(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter == '\n' || !yaml::is_unseen(letter) {
            out.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            let _infallible = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

fn entries(tools: &[(Definition, Judgement)]) -> Vec<entry::Entry<'_>> {
    tools.iter().map(|(definition, judgement)| entry::of(definition, judgement)).collect()
}
