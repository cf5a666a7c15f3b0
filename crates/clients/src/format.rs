//! The formats of configurations: a reader each, to one tree.

mod json;
mod toml;
mod yaml;

use std::ffi::OsStr;
use std::path::Path;

use crate::node::{Member, Node, Value};

/// The language that a configuration is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON as the standard has it.
    Json,
    /// JSON in which there may be comments, and commas behind the last of a list.
    JsonWithComments,
    /// TOML
    Toml,
    /// YAML
    Yaml,
}

/// Why a file is not of its format. It names places, and never what stands there: that may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// It does not follow the grammar.
    #[error("line {line} is not {format}")]
    Grammar {
        /// The line, from 1.
        line: usize,
        /// The format's name.
        format: &'static str,
    },
    /// A key is there twice, and clients differ in which of them counts.
    #[error("line {line} has a key that is there already")]
    Duplicate {
        /// The line of the second, from 1.
        line: usize,
    },
    /// It is nested too deeply.
    #[error("line {line} is nested too deeply")]
    TooDeep {
        /// The line, from 1.
        line: usize,
    },
    /// YAML with more than one document.
    #[error("line {line} begins a second document")]
    SeveralDocuments {
        /// The line, from 1.
        line: usize,
    },
}

impl Format {
    /// Whether a file is called as one of this format is.
    #[must_use]
    pub fn is_called(self, path: &Path) -> bool {
        let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        match self {
            Self::Json | Self::JsonWithComments => matches!(ending, "json" | "jsonc"),
            Self::Toml => ending == "toml",
            Self::Yaml => matches!(ending, "yaml" | "yml"),
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::JsonWithComments => "JSON (comments may be in it)",
            Self::Toml => "TOML",
            Self::Yaml => "YAML",
        }
    }
}

/// Reads a document; one without anything in it is `Null`.
pub(crate) fn read(format: Format, text: &str) -> Result<Node, SyntaxError> {
    let node = match format {
        Format::Json | Format::JsonWithComments => json::read(text, format)?,
        Format::Toml => toml::read(text)?,
        Format::Yaml => yaml::read(text)?,
    };
    without_duplicates(&node, text)?;
    Ok(node)
}

/// The line of a byte, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

fn without_duplicates(node: &Node, text: &str) -> Result<(), SyntaxError> {
    let mut seen = std::collections::HashSet::new();
    for Member { key, key_range, value } in node.members() {
        if !seen.insert(key.as_str()) {
            return Err(SyntaxError::Duplicate { line: line_of(text, key_range.start) });
        }
        without_duplicates(value, text)?;
    }
    if let Value::List(items, _) = &node.value {
        items.iter().try_for_each(|item| without_duplicates(item, text))?;
    }
    Ok(())
}
