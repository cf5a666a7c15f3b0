//! Calls that wait for a person, as people are shown them at a terminal, and who such a person is.

pub(crate) mod person;
pub(crate) mod screen;

pub(crate) use interlock_gateway::approvals::shown;
