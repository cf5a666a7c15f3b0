//! For programs; stable.

use serde::Serialize;

use super::Results;
use crate::policy_tests::coverage::{Covered, Exercise};
use crate::policy_tests::{CaseResult, Failure, FileResult};

#[derive(Serialize)]
struct Report<'r> {
    passed: usize,
    failed: usize,
    milliseconds: f64,
    files: Vec<FileReport<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<CoverageReport<'r>>,
}

#[derive(Serialize)]
struct FileReport<'r> {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'r str>,
    cases: Vec<CaseReport<'r>>,
}

#[derive(Serialize)]
struct CaseReport<'r> {
    name: &'r str,
    line: usize,
    ok: bool,
    milliseconds: f64,
    failures: Vec<FailureReport<'r>>,
}

#[derive(Serialize)]
struct FailureReport<'r> {
    line: usize,
    what: &'r str,
    differences: &'r [String],
    trace: &'r [String],
}

#[derive(Serialize)]
struct CoverageReport<'r> {
    percent: usize,
    policies: Vec<PolicyReport<'r>>,
}

#[derive(Serialize)]
struct PolicyReport<'r> {
    policy: String,
    rules: Vec<RuleReport<'r>>,
}

#[derive(Serialize)]
struct RuleReport<'r> {
    rule: &'r str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'r str>,
    shadow: bool,
    line: usize,
    exercised: &'static str,
}

/// The whole report.
pub(crate) fn json(results: &Results, coverage: bool) -> anyhow::Result<String> {
    let (passed, failed) = results.counts();
    let report = Report {
        passed,
        failed,
        milliseconds: milliseconds(results.time),
        files: results.files.iter().map(file).collect(),
        coverage: coverage.then(|| coverage_of(results)),
    };
    Ok(serde_json::to_string_pretty(&report)?)
}

fn file(file: &FileResult) -> FileReport<'_> {
    FileReport {
        file: file.path.display().to_string(),
        error: file.error.as_deref(),
        cases: file.cases.iter().map(case).collect(),
    }
}

fn case(case: &CaseResult) -> CaseReport<'_> {
    CaseReport {
        name: &case.name,
        line: case.line,
        ok: case.failures.is_empty(),
        milliseconds: milliseconds(case.time),
        failures: case.failures.iter().map(failure).collect(),
    }
}

fn failure(failure: &Failure) -> FailureReport<'_> {
    FailureReport {
        line: failure.line,
        what: &failure.what,
        differences: &failure.differences,
        trace: &failure.trace,
    }
}

fn coverage_of(results: &Results) -> CoverageReport<'_> {
    let policies = results.coverage.policies().map(|(path, items)| PolicyReport {
        policy: path.display().to_string(),
        rules: items.into_iter().map(rule).collect(),
    });
    CoverageReport { percent: results.coverage.percent(), policies: policies.collect() }
}

fn rule(covered: &Covered) -> RuleReport<'_> {
    let exercise: Exercise = covered.exercise;
    RuleReport {
        rule: &covered.item.pointer,
        kind: covered.item.kind.as_str(),
        name: covered.item.name.as_deref(),
        shadow: covered.item.shadow,
        line: covered.line,
        exercised: exercise.as_str(),
    }
}

fn milliseconds(time: std::time::Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}
