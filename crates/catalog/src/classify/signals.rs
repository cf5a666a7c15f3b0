//! What in a definition tells what a tool does.

use serde::Serialize;

use crate::risk::Category;

/// Something in a definition, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Where it is.
    pub place: Place,
    /// The verb, the words, or the parameter and its value.
    pub words: String,
    /// What they say.
    pub category: Category,
}

/// A part of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A verb of the name, beside the name of its server.
    Name,
    /// A verb of the title or the description.
    Description,
    /// A sentence that says outright what is done to what is there.
    Statement,
    /// A parameter that names what is to be done, by one of its values.
    Action,
    /// A parameter that holds what is executed.
    Code,
    /// The only parameter, which is handed on as a whole.
    Whole,
    /// A parameter that has the call do worse.
    Flag,
    /// Its words, which dangerous tools among the labelled ones have more often than others.
    Words,
    /// What the publisher says.
    Annotation,
}

impl Place {
    /// The place in words, to follow "says".
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Name => "its name",
            Self::Description => "its description",
            Self::Statement => "its description, outright",
            Self::Action => "a value of a parameter",
            Self::Code => "a parameter that holds what is executed",
            Self::Whole => "that it takes one object of anything",
            Self::Flag => "a parameter that makes it worse",
            Self::Words => "its choice of words",
            Self::Annotation => "its publisher's annotation",
        }
    }
}
