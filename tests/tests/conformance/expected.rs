//! What is known not to come out the same, and why.

use anyhow::{Context, Result};
use interlock_testkit::binaries::workspace_root;

use crate::suite::Check;

/// A line of the file.
#[derive(Debug)]
pub struct Line {
    /// `VERSION/ERA-TRANSPORT` of the server behind the gateway.
    run: String,
    /// `SCENARIO:CHECK`.
    pub check: String,
    /// Whether it may come out the same as well.
    pub may: bool,
}

/// The lines for this run.
pub fn of(run: &str) -> Result<Vec<Line>> {
    Ok(read()?.into_iter().filter(|line| line.run == run).collect())
}

/// Whether the file says that this check differs.
pub fn is_expected(run: &str, check: &Check) -> Result<bool> {
    Ok(of(run)?.iter().any(|line| line.check == check.key()))
}

fn read() -> Result<Vec<Line>> {
    let path = workspace_root().join("tests/fixtures/conformance/expected-failures");
    let text = std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| parse(line).with_context(|| format!("`{line}` is not RUN CHECK REASON"))).collect()
}

fn parse(line: &str) -> Option<Line> {
    let (run, rest) = line.split_once(' ')?;
    let may = run.starts_with('~');
    let (check, reason) = rest.trim_start().split_once(' ')?;
    (!reason.trim().is_empty()).then(|| Line {
        run: run.trim_start_matches('~').to_owned(),
        check: check.to_owned(),
        may,
    })
}
