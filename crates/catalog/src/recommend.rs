//! The policy that fits a server, from its tools' definitions: what is allowed, limited, asked about or denied, with
//! constraints on the arguments that matter, and the tests that go with it.
//!
//! ```text
//! Judgement ──entry.rs──► Entry: guards, a verdict, a limit ──yaml.rs──► policy with comments that say why
//!                           └──sample.rs (arguments that fit the schema)──tests.rs──► policy.test.yaml
//! ```

mod entry;
mod lists;
mod sample;
mod tests;
mod yaml;

use interlock_policy::{Source, Syntax, compile};

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

impl Recommended {
    /// The same policy in JSON, which has no comments. `None` where it does not compile, which no definition can
    /// bring about.
    #[must_use]
    pub fn json(&self) -> Option<String> {
        let source = Source { name: "recommended", text: &self.yaml, syntax: Syntax::Yaml };
        compile(&source).0.map(|policy| policy.document().to_json())
    }
}

/// Recommends a policy for the tools of one server. `name` is the server's, `tools_file` the file in which the tests
/// find its tools.
#[must_use]
pub fn recommend(name: &str, tools_file: &str, tools: &[(Definition, Judgement)]) -> Recommended {
    let entries: Vec<entry::Entry<'_>> =
        tools.iter().map(|(definition, judgement)| entry::of(definition, judgement)).collect();
    Recommended { yaml: yaml::policy(name, &entries), tests: tests::of(name, tools_file, &entries) }
}
