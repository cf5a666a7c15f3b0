//! JSON Schema (2020-12, and by `$schema` 2019-09, draft-07, -06 and -04) for arguments that are to be judged.
//!
//! A server writes its schemas itself, so a schema is hostile until shown otherwise. Nothing is ever fetched; size,
//! parts and patterns are bounded when a schema is compiled, and every comparison draws on a bounded account, because
//! the work that a schema asks for grows exponentially with its size where its parts refer to each other. Numbers
//! are compared exactly, from their text. Whatever cannot be compiled or compared is a reason to deny.

mod arguments;
mod compile;
mod declared;
mod identity;
mod keywords;
mod node;
mod pattern;
mod place;
mod references;
mod validate;

use interlock_json::{Limits, Value, scan};

use node::Node;
use place::Place;
use validate::{Account, Validation};

/// Longest schema that is read, in bytes.
pub(crate) const MOST_BYTES: usize = 512 << 10;
/// Most parts that a schema may have.
const MOST_PARTS: usize = 20_000;
/// What comparing one call's arguments may cost: about a part of the schema, a member or a byte of a pattern's text.
const MOST_WORK: usize = 2_000_000;
/// Parts of the schema inside each other, on one way through the arguments.
const MOST_DEEP: usize = 256;

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    parts: Vec<Node>,
}

/// Why a tool's schema cannot be judged by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// It is longer than what is read.
    #[error("it is longer than {MOST_BYTES} bytes")]
    TooLong,
    /// It is not JSON that is read in one way only.
    #[error("it is not well-formed JSON")]
    NotJson,
    /// It has more parts than are kept.
    #[error("it has more than {MOST_PARTS} parts")]
    TooManyParts,
    /// `$schema` names none of the drafts.
    #[error("its `$schema` {0} is not known")]
    UnknownDialect(String),
    /// A keyword has a value that it cannot have.
    #[error("its `{keyword}` is not {wanted}")]
    Keyword {
        /// The keyword.
        keyword: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// A reference leads out of the schema, or nowhere in it.
    #[error("it refers to {0}, which it does not hold")]
    Reference(String),
    /// A reference that depends on the way by which it is reached, in a schema of several resources.
    #[error("its `{0}` depends on the way by which it is reached")]
    DynamicReference(&'static str),
    /// A pattern that cannot be matched in linear time, or not at all.
    #[error("its pattern {pattern} {why}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Why arguments are not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// In words: `argument "amount" must be at most 5`.
    pub reason: String,
    /// The arguments could not be compared with the schema at all.
    pub unjudgeable: bool,
}

impl Schema {
    /// Compiles a schema from its text.
    ///
    /// # Errors
    /// [`SchemaError`] for a schema that cannot be judged by.
    pub fn new(text: &str) -> Result<Schema, SchemaError> {
        if text.len() > MOST_BYTES {
            return Err(SchemaError::TooLong);
        }
        let document = scan(text, &Limits::default()).map_err(|_| SchemaError::NotJson)?;
        compile::compile(document.root())
    }

    /// Compares the arguments with the schema.
    ///
    /// # Errors
    /// [`Rejection`] where they do not fit, or where that cannot be found out.
    pub fn validate(&self, arguments: Value<'_>) -> Result<(), Rejection> {
        Validation::new(self).run(arguments)
    }

    /// Refuses arguments that the schema does not declare: at the top always, further down wherever the schema
    /// declares members at all. An argument is declared where any part that may apply names it, or where
    /// `additionalProperties` is a schema of its own, so that the object is a map.
    ///
    /// # Errors
    /// [`Rejection`] that names the first argument that is not declared.
    pub fn refuse_undeclared(&self, arguments: Value<'_>) -> Result<(), Rejection> {
        declared::refuse_undeclared(self, arguments)
    }

    fn part(&self, index: usize) -> Option<&Node> {
        self.parts.get(index)
    }
}

impl Rejection {
    fn too_much_work() -> Rejection {
        let reason = "the arguments take too much work to compare with the tool's schema".to_owned();
        Rejection { reason, unjudgeable: true }
    }
}

pub(crate) use arguments::{Form, Named};
pub(crate) use node::Types;

#[cfg(test)]
mod tests;
