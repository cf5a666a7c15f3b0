//! What came of the tests: for people, for programs, for continuous integration.

mod json;
mod junit;
mod text;

pub(crate) use json::json;
pub(crate) use junit::junit;
pub(crate) use text::text;

use std::time::Duration;

use super::FileResult;
use super::coverage::Coverage;

/// All files together.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) files: Vec<FileResult>,
    pub(crate) time: Duration,
    pub(crate) coverage: Coverage,
}

impl Results {
    pub(crate) fn new(files: Vec<FileResult>, time: Duration) -> Self {
        let mut coverage = Coverage::default();
        files.iter().for_each(|file| coverage.add(&file.coverage));
        Self { files, time, coverage }
    }

    /// How many cases passed, and how many failed.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let cases = self.files.iter().flat_map(|file| &file.cases);
        let passed = cases.clone().filter(|case| case.failures.is_empty()).count();
        (passed, cases.count() - passed)
    }

    /// How many files could not be run.
    pub(crate) fn unusable(&self) -> usize {
        self.files.iter().filter(|file| file.error.is_some()).count()
    }
}
