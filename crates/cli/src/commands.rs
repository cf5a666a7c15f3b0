//! One module for each command.

pub(crate) mod admin;
pub(crate) mod approvals;
pub(crate) mod attacks;
pub(crate) mod audit;
pub(crate) mod catalog;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod counters;
pub(crate) mod credentials;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod grants;
pub(crate) mod init;
pub(crate) mod inventory;
pub(crate) mod pins;
pub(crate) mod policy;
pub(crate) mod run;
pub(crate) mod scan;
pub(crate) mod serve;
pub(crate) mod servers;
pub(crate) mod status;
pub(crate) mod test;
pub(crate) mod tools;
