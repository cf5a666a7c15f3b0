//! Calls that wait for a person, as people are shown them, and who such a person is.

pub(crate) mod arguments;
pub(crate) mod person;
pub(crate) mod shown;
