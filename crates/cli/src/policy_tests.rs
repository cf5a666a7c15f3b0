//! Tests of policies: files of calls and the decisions that are expected of them, beside the policies.

mod compare;
pub(crate) mod coverage;
mod document;
pub(crate) mod find;
mod read;
pub(crate) mod report;
mod run;
pub(crate) mod watch;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use run::run_file;

/// Every mistake of a file of tests, as far as it can be seen without its policy.
pub(crate) fn mistakes(text: &str, syntax: interlock_policy::Syntax) -> Vec<interlock_policy::Diagnostic> {
    read::read(text, syntax).1
}

/// What came of one file.
#[derive(Debug)]
pub(crate) struct FileResult {
    pub(crate) path: PathBuf,
    /// Everything that was read for it: whoever watches, watches these.
    pub(crate) read: Vec<PathBuf>,
    pub(crate) cases: Vec<CaseResult>,
    /// Why the file could not be run, in words; its mistakes have been shown.
    pub(crate) error: Option<String>,
    pub(crate) coverage: coverage::Coverage,
}

/// What came of one case.
#[derive(Debug)]
pub(crate) struct CaseResult {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) time: Duration,
    pub(crate) failures: Vec<Failure>,
}

/// An expectation that was not met.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The line of the step.
    pub(crate) line: usize,
    /// What was called, or looked at.
    pub(crate) what: String,
    /// What was expected and found, one line each.
    pub(crate) differences: Vec<String>,
    /// What became of the call, and what every rule made of it.
    pub(crate) trace: Vec<String>,
}

impl FileResult {
    fn failed(path: &Path, read: Vec<PathBuf>, error: String) -> Self {
        Self {
            path: path.to_owned(),
            read,
            cases: Vec::new(),
            error: Some(error),
            coverage: Default::default(),
        }
    }
}
