//! For people.

use std::time::Duration;

use super::Results;
use crate::policy_tests::coverage::{Covered, Exercise};
use crate::policy_tests::{CaseResult, FileResult};
use crate::terminal::escaped;

/// The whole report. Without `coverage`, as where only some cases ran, it says nothing of that.
pub(crate) fn text(results: &Results, coverage: bool) -> String {
    let mut out = String::new();
    for file in &results.files {
        add_file(file, &mut out);
    }
    if coverage {
        add_coverage(results, &mut out);
    }
    let (passed, failed) = results.counts();
    let unusable = match results.unusable() {
        0 => String::new(),
        1 => ", 1 file could not be run".to_owned(),
        count => format!(", {count} files could not be run"),
    };
    out.push_str(&format!("{passed} passed, {failed} failed{unusable} ({})\n", shown(results.time)));
    out
}

fn add_file(file: &FileResult, out: &mut String) {
    let name = escaped(&file.path.display().to_string());
    out.push_str(&format!("{name}\n"));
    if let Some(error) = &file.error {
        out.push_str(&format!("  \u{1b}[1;31mERROR\u{1b}[0m {}\n", escaped(error)));
    }
    for case in &file.cases {
        add_case(case, &name, out);
    }
}

fn add_case(case: &CaseResult, file: &str, out: &mut String) {
    let word = match case.failures.is_empty() {
        true => "\u{1b}[32mok\u{1b}[0m   ",
        false => "\u{1b}[1;31mFAIL\u{1b}[0m ",
    };
    out.push_str(&format!("  {word} {} ({})\n", escaped(&case.name), shown(case.time)));
    for failure in &case.failures {
        out.push_str(&format!("        {file}:{}: {}\n", failure.line, escaped(&failure.what)));
        for difference in &failure.differences {
            out.push_str(&format!("          {}\n", escaped(difference)));
        }
        for line in &failure.trace {
            out.push_str(&format!("          | {}\n", escaped(line)));
        }
    }
}

fn add_coverage(results: &Results, out: &mut String) {
    for (path, items) in results.coverage.policies() {
        let path = escaped(&path.display().to_string());
        let count = |wanted: &dyn Fn(Exercise) -> bool| {
            items.iter().filter(|covered| wanted(covered.exercise)).count()
        };
        let exercised = count(&|exercise| exercise > Exercise::Never);
        let decided = count(&|exercise| exercise == Exercise::Decided);
        let percent = (exercised * 100).checked_div(items.len()).unwrap_or(100);
        let all = items.len();
        out.push_str(&format!(
            "coverage of {path}: {percent}% ({exercised} of {all} exercised, {decided} decided)\n"
        ));
        for covered in items.iter().filter(|covered| covered.exercise == Exercise::Never) {
            out.push_str(&format!("  never exercised: {path}:{}: {}\n", covered.line, item(covered)));
        }
    }
}

fn item(covered: &Covered) -> String {
    let name = covered.item.name.as_ref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
    escaped(&format!("{} {}{name}", covered.item.kind.as_str(), covered.item.pointer))
}

/// A time as short as it is.
pub(super) fn shown(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1_000.0;
    if ms < 1_000.0 { format!("{ms:.1} ms") } else { format!("{:.2} s", time.as_secs_f64()) }
}
