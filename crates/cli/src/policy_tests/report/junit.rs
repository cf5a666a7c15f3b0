//! For continuous integration: JUnit's XML, a suite for each file.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::Results;
use crate::policy_tests::{CaseResult, FileResult};

/// The whole report.
pub(crate) fn junit(results: &Results) -> anyhow::Result<String> {
    let mut report = Report::new("interlock test");
    report.set_time(results.time);
    report.add_test_suites(results.files.iter().map(suite));
    Ok(report.to_string()?)
}

fn suite(file: &FileResult) -> TestSuite {
    let name = file.path.display().to_string();
    let mut suite = TestSuite::new(name.as_str());
    suite.set_time(file.cases.iter().map(|case| case.time).sum());
    suite.add_test_cases(file.cases.iter().map(|case| test_case(case, &name)));
    if let Some(error) = &file.error {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(error.as_str());
        suite.add_test_case(TestCase::new("(the file)", status));
    }
    suite
}

fn test_case(case: &CaseResult, file: &str) -> TestCase {
    let status = match case.failures.first() {
        None => TestCaseStatus::success(),
        Some(first) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(format!("{}: {}", first.what, first.differences.join("; ")));
            status.set_description(description(case, file));
            status
        }
    };
    let mut test_case = TestCase::new(case.name.as_str(), status);
    test_case.set_classname(file).set_time(case.time);
    test_case
}

fn description(case: &CaseResult, file: &str) -> String {
    let mut out = String::new();
    for failure in &case.failures {
        out.push_str(&format!("{file}:{}: {}\n", failure.line, failure.what));
        for line in failure.differences.iter().chain(&failure.trace) {
            out.push_str(&format!("  {line}\n"));
        }
    }
    out
}
