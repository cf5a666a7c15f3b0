//! `interlock test`: calls, and the decisions that are expected of them.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context;
use clap::Args as ClapArgs;

use crate::args::Format;
use crate::exit::Exit;
use crate::policy_tests::report::{self, Results};
use crate::policy_tests::watch::Watch;
use crate::policy_tests::{FileResult, find, run_file};
use crate::terminal;

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  interlock test
  interlock test policies/aws-healthimaging.yaml
  interlock test policies --coverage-min 90 --junit report.xml
  interlock test --watch

Tests stand beside their policy: those of `policy.yaml` are in `policy.test.yaml`.

Exit codes: 0 all passed, 1 a case failed or too little is covered, 2 a file could not be used.")]
pub(crate) struct TestArgs {
    /// Files of tests, policies with tests beside them, or folders that are looked through [default: .]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Run only the cases whose names contain this
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Fail where less than this percentage of the policies' rules is exercised
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100), conflicts_with = "filter")]
    pub(crate) coverage_min: Option<u8>,
    /// Also write a report in JUnit's XML to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Run again whenever a policy, a test or a tool list changes, until interrupted
    #[arg(long)]
    pub(crate) watch: bool,
    /// How to print the results
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Runs the tests, once or until interrupted.
pub(crate) fn run(args: &TestArgs) -> anyhow::Result<Exit> {
    if args.watch { watch(args) } else { once(args).map(|(_, exit)| exit) }
}

fn once(args: &TestArgs) -> anyhow::Result<(Results, Exit)> {
    let files = find::tests(&args.paths)?.files;
    if files.is_empty() {
        anyhow::bail!(
            "there are no tests here; they are in files that end in `.test.yaml`, beside their policy"
        );
    }
    let since = Instant::now();
    let results = Results::new(run_all(&files, args.filter.as_deref()), since.elapsed());
    print(args, &results)?;
    if let Some(path) = &args.junit {
        std::fs::write(path, report::junit(&results)?)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    let exit = exit(args, &results)?;
    Ok((results, exit))
}

/// Runs files side by side; the results are in the order of the files.
fn run_all(files: &[PathBuf], filter: Option<&str>) -> Vec<FileResult> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(files.len());
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(files.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((index, file)) = take(&next, files) {
                    let result = run_file(file, filter);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

fn take<'f>(next: &AtomicUsize, files: &'f [PathBuf]) -> Option<(usize, &'f PathBuf)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    files.get(index).map(|file| (index, file))
}

fn print(args: &TestArgs, results: &Results) -> anyhow::Result<()> {
    // Where only some cases run, the others' rules are not to be blamed.
    let coverage = args.filter.is_none();
    match args.format {
        Format::Text => terminal::write_out(report::text(results, coverage).as_bytes()),
        Format::Json => terminal::line(&report::json(results, coverage)?),
    }
}

fn exit(args: &TestArgs, results: &Results) -> anyhow::Result<Exit> {
    let (passed, failed) = results.counts();
    if results.unusable() > 0 {
        return Ok(Exit::Failed);
    }
    if passed + failed == 0 {
        anyhow::bail!("no case has a name with this in it: `{}`", args.filter.as_deref().unwrap_or_default());
    }
    let percent = results.coverage.percent();
    if let Some(least) = args.coverage_min.filter(|least| percent < usize::from(*least)) {
        let mut err = std::io::stderr();
        // Standard error may be closed: the exit code says it, too.
        let _nobody = writeln!(err, "coverage is {percent}%, below the {least}% that are asked for");
        return Ok(Exit::No);
    }
    Ok(if failed > 0 { Exit::No } else { Exit::Yes })
}

fn watch(args: &TestArgs) -> anyhow::Result<Exit> {
    let mut watch = Watch::new()?;
    find::tests(&args.paths)?;
    loop {
        // Watched before they are read: what changes meanwhile is seen. Where files have gone, the run says so.
        if let Ok(found) = find::tests(&args.paths) {
            watch.folders(&found.folders)?;
            watch.files(&found.files)?;
        }
        if args.format == Format::Text && std::io::stdout().is_terminal() {
            terminal::write_out(b"\x1b[2J\x1b[H")?;
        }
        // Until it is put right, a mistake is one more result.
        match once(args) {
            Err(error) => terminal::error(&error),
            Ok((results, _)) => {
                // A folder that was not watched when its file was read may have changed meanwhile.
                if watch.files(results.files.iter().flat_map(|file| &file.read))? {
                    continue;
                }
            }
        }
        if args.format == Format::Text {
            terminal::line("waiting for a change")?;
        }
        watch.changed()?;
    }
}
