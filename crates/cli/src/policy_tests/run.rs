//! Running the tests of one file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use interlock_policy::Syntax;

use super::compare;
use super::coverage::Coverage;
use super::document::{At, Case, ListExpectation, Setting, Step, TestFile, ToolSource};
use super::{CaseResult, Failure, FileResult, find, read};
use crate::input;
use crate::rehearsal::policies::{Policies, RulePlaces};
use crate::rehearsal::tools::Tools;
use crate::rehearsal::{Judged, Rehearsal, shown, times};
use crate::terminal;
use interlock_policy::ToolList;

/// Runs the cases of a file whose names `filter` is in.
pub(crate) fn run_file(path: &Path, filter: Option<&str>) -> FileResult {
    let mut read = vec![path.to_owned()];
    match load(path, &mut read) {
        Err(error) => FileResult::failed(path, read, format!("{error:#}")),
        Ok((file, policies, lists)) => {
            let places = policies.places();
            let mut coverage = Coverage::of(&policies);
            let chosen = |case: &&Case| filter.is_none_or(|text| case.name.contains(text));
            let cases = file.cases.iter().filter(chosen).map(|case| {
                let tools = case.setting.tools.as_ref().and_then(|source| lists.get(source));
                let runner = Runner { case, policies: &policies, tools, places: &places };
                runner.result(&mut coverage)
            });
            let cases = cases.collect();
            FileResult { path: path.to_owned(), read, cases, error: None, coverage }
        }
    }
}

type ToolLists = HashMap<ToolSource, Tools>;

fn load(path: &Path, read: &mut Vec<PathBuf>) -> anyhow::Result<(TestFile, Policies, ToolLists)> {
    let (name, text) = input::read_text(path)?;
    let (file, mistakes) = read::read(&text, Syntax::of_path(&name));
    let Some(file) = file else {
        terminal::diagnostics::to_stderr(&name, &text, &mistakes)?;
        let s = if mistakes.len() == 1 { "" } else { "s" };
        let first = mistakes.first().map_or_else(String::new, |found| {
            format!(": line {}, column {}: {}", found.span.line, found.span.column, found.message)
        });
        anyhow::bail!("`{name}` has {} mistake{s}{first}", mistakes.len());
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let server = match &file.policy {
        Some(policy) => folder.join(policy),
        None => find::policy_of(path).map_err(anyhow::Error::msg)?,
    };
    let grant = file.grant_policy.as_ref().map(|policy| folder.join(policy));
    read.push(server.clone());
    read.extend(grant.clone());
    let policies = Policies::load(&server, grant.as_deref())?;
    let mut lists = ToolLists::new();
    for source in file.cases.iter().filter_map(|case| case.setting.tools.as_ref()) {
        if !lists.contains_key(source) {
            lists.insert(source.clone(), tools(source, folder, read)?.into());
        }
    }
    Ok((file, policies, lists))
}

fn tools(source: &ToolSource, folder: &Path, read: &mut Vec<PathBuf>) -> anyhow::Result<ToolList> {
    match source {
        ToolSource::Inline(text) => ToolList::read(text).context("the list of `tools`"),
        ToolSource::File(name) => {
            let path = folder.join(name);
            read.push(path.clone());
            // `-` is a file here, too: standard input is nobody's tool list.
            input::tools(&Path::new(".").join(&path))
        }
    }
}

struct Runner<'r> {
    case: &'r Case,
    policies: &'r Policies,
    tools: Option<&'r Tools>,
    places: &'r RulePlaces<'r>,
}

impl Runner<'_> {
    fn result(&self, coverage: &mut Coverage) -> CaseResult {
        let since = Instant::now();
        let case = self.case;
        let failures = self.run(coverage).unwrap_or_else(|error| {
            vec![Failure {
                line: case.line,
                what: "the case could not be run".to_owned(),
                differences: vec![format!("{error:#}")],
                trace: Vec::new(),
            }]
        });
        CaseResult { name: case.name.clone(), line: case.line, time: since.elapsed(), failures }
    }

    fn run(&self, coverage: &mut Coverage) -> anyhow::Result<Vec<Failure>> {
        let Setting { caller, clock_ms, counters, .. } = &self.case.setting;
        let rehearsal = Rehearsal::new(self.policies, self.tools, *clock_ms)?;
        for (name, amount) in counters {
            for key in rehearsal.keys(name, caller, self.first_call())? {
                rehearsal.count(&key, *amount)?;
            }
        }
        let mut failures: Vec<Failure> =
            self.case.lists.iter().filter_map(|list| self.list(list, &rehearsal, coverage)).collect();
        let mut now_ms = *clock_ms;
        for step in &self.case.steps {
            now_ms = later(now_ms, step.at)?;
            rehearsal.set_time(now_ms);
            if let Some(failure) = self.step(step, &rehearsal, coverage)? {
                failures.push(failure);
                // What follows rests on what did not happen.
                break;
            }
        }
        Ok(failures)
    }

    /// Counters that are kept for each tool need to know which one.
    fn first_call(&self) -> Option<&crate::rehearsal::call::CallText> {
        self.case.steps.iter().find_map(|step| step.call.as_ref())
    }

    fn list(
        &self,
        list: &ListExpectation,
        rehearsal: &Rehearsal<'_>,
        coverage: &mut Coverage,
    ) -> Option<Failure> {
        let shows = rehearsal.shows(list.section, &list.name);
        coverage.saw_list(self.policies, list.section, &list.name, shows);
        let found = |shows| if shows { "visible" } else { "hidden" };
        (shows != list.visible).then(|| Failure {
            line: list.line,
            what: format!("{} {} in lists", list.section.noun(), list.name),
            differences: vec![format!("expected {}, found {}", found(list.visible), found(shows))],
            trace: Vec::new(),
        })
    }

    fn step(
        &self,
        step: &Step,
        rehearsal: &Rehearsal<'_>,
        coverage: &mut Coverage,
    ) -> anyhow::Result<Option<Failure>> {
        let caller = &self.case.setting.caller;
        let mut what = "counters".to_owned();
        let mut judged: Option<Judged> = None;
        let mut differences = Vec::new();
        if let Some(call) = &step.call {
            for time in 1..=step.repeat {
                let now = rehearsal.judge(caller, call)?;
                coverage.saw_call(self.policies, call.section, &call.name, &now);
                differences = compare::decision(&step.expect, &now.rehearsed);
                let failed = !differences.is_empty();
                judged = Some(now);
                if failed {
                    let which = if step.repeat > 1 {
                        format!(" (call {time} of {})", step.repeat)
                    } else {
                        String::new()
                    };
                    what = format!("{}{which}", call.shown());
                    break;
                }
            }
            if differences.is_empty() {
                what = call.shown();
            }
        }
        if differences.is_empty() {
            for (name, expected) in &step.expect.counters {
                for key in rehearsal.keys(name, caller, step.call.as_ref().or(self.first_call()))? {
                    let held = rehearsal.held(&key)?;
                    if held != *expected {
                        differences.push(format!("counter {name}: expected {expected}, found {held}"));
                    }
                }
            }
        }
        let trace = |judged: Judged| {
            let mut lines = shown::outcome(&judged, self.places);
            lines.extend(shown::trace(&judged, self.places));
            lines
        };
        Ok((!differences.is_empty()).then(|| Failure {
            line: step.line,
            what,
            differences,
            trace: judged.map(trace).unwrap_or_default(),
        }))
    }
}

fn later(now_ms: i64, at: Option<At>) -> anyhow::Result<i64> {
    match at {
        None => Ok(now_ms),
        Some(At::Later(span)) => Ok(now_ms.saturating_add(span)),
        Some(At::Moment(moment)) if moment >= now_ms => Ok(moment),
        Some(At::Moment(moment)) => anyhow::bail!(
            "a step is at {}, before {}, when the step before it was",
            times::written(moment),
            times::written(now_ms)
        ),
    }
}
