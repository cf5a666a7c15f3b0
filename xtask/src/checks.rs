//! `cargo xtask test`: every check there is, one after another, and a table of how each went.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::process::{cargo, command, output, works};
use crate::{demo, environment, process, tidy};

const FUZZ_SECONDS: u32 = 30;

/// What `cargo xtask test` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// As continuous integration runs it: the lock file must be current, and the fuzz targets run.
    #[arg(long)]
    ci: bool,
    /// Runs each fuzz target for a minute as well. Needs a nightly toolchain.
    #[arg(long)]
    fuzz: bool,
    /// Runs only the checks whose names contain this.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// A check by name. Nothing to do it with is a reason to skip it.
struct Check {
    name: &'static str,
    run: fn(&Path, &Options) -> Result<Outcome>,
}

enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

/// In the order of what fails soonest.
const CHECKS: &[Check] = &[
    Check { name: "format", run: format },
    Check { name: "tidy", run: |root, _| Ok(yes_or_no(tidy::run(root)?)) },
    Check { name: "lints", run: lints },
    Check { name: "build", run: build },
    Check { name: "unit and integration tests", run: own_tests },
    Check { name: "documentation tests", run: doctests },
    Check { name: "test environment", run: |root, _| environment::install(root).map(|()| Outcome::Passed) },
    Check { name: "documents", run: documents },
    Check { name: "end to end", run: end_to_end },
    Check {
        name: "demonstration",
        run: |root, _| Ok(yes_or_no(demo::run(root, &demo::Options::default())?)),
    },
    Check { name: "dependencies", run: dependencies },
    Check { name: "installation", run: installation },
    Check { name: "fuzz", run: fuzz },
];

/// Runs the checks; false when one failed.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    let chosen = |check: &&Check| options.only.as_deref().is_none_or(|text| check.name.contains(text));
    let mut rows = Vec::new();
    for check in CHECKS.iter().filter(chosen) {
        println!("\n==> {}", check.name);
        let start = Instant::now();
        let outcome =
            (check.run)(root, options).unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        if let Outcome::Failed(why) = &outcome {
            println!("{}: {why}", check.name);
        }
        rows.push((check.name, outcome, start.elapsed()));
    }
    Ok(summary(&rows))
}

fn summary(rows: &[(&str, Outcome, Duration)]) -> bool {
    println!("\n{:<28}{:<9}{:>8}", "check", "result", "time");
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for (name, outcome, time) in rows {
        let (word, why) = match outcome {
            Outcome::Passed => ("passed", ""),
            Outcome::Failed(why) => ("FAILED", why.as_str()),
            Outcome::Skipped(why) => ("skipped", why.as_str()),
        };
        match outcome {
            Outcome::Passed => passed += 1,
            Outcome::Failed(_) => failed += 1,
            Outcome::Skipped(_) => skipped += 1,
        }
        println!("{name:<28}{word:<9}{:>7.1}s  {why}", time.as_secs_f64());
    }
    println!("\nchecks: {passed} passed, {failed} failed, {skipped} skipped");
    failed == 0
}

fn format(root: &Path, _: &Options) -> Result<Outcome> {
    done(&mut cargo(root, &["fmt", "--all", "--check"]))
}

fn lints(root: &Path, options: &Options) -> Result<Outcome> {
    let mut clippy = cargo(root, &["clippy", "--workspace", "--all-targets"]);
    done(locked(&mut clippy, options).args(["--", "-D", "warnings"]))
}

/// Programs and tests in one build, so that both use the same compiled dependencies.
fn build(root: &Path, options: &Options) -> Result<Outcome> {
    done(locked(&mut cargo(root, &["build", "--workspace", "--bins", "--tests"]), options))
}

fn own_tests(root: &Path, options: &Options) -> Result<Outcome> {
    let mut tests = if has_nextest() {
        nextest(root, "not package(interlock-tests)")
    } else {
        // Without nextest the end-to-end tests run here too: leaving a package out would build everything anew.
        cargo(root, &["test", "--workspace", "--bins", "--lib", "--tests"])
    };
    if options.ci {
        // Continuous integration tries the same cases whenever the code is the same; everybody else's runs try others.
        tests.env("PROPTEST_RNG_SEED", "1");
    }
    done(&mut tests)
}

fn doctests(root: &Path, _: &Options) -> Result<Outcome> {
    done(&mut cargo(root, &["test", "--workspace", "--doc", "--quiet"]))
}

fn documents(root: &Path, _: &Options) -> Result<Outcome> {
    if has_nextest() {
        return done(&mut nextest(root, "package(interlock-tests) and binary(docs)"));
    }
    Ok(Outcome::Skipped("ran among the tests above".to_owned()))
}

fn end_to_end(root: &Path, _: &Options) -> Result<Outcome> {
    if has_nextest() {
        return done(&mut nextest(root, "package(interlock-tests) and not binary(docs)"));
    }
    Ok(Outcome::Skipped("ran among the tests above".to_owned()))
}

fn dependencies(root: &Path, _: &Options) -> Result<Outcome> {
    installed("cargo-deny", &["deny", "--version"], root)?;
    done(&mut cargo(root, &["deny", "--all-features", "check", "bans", "licenses", "sources"]))
}

/// The README's way to install, into a directory that is thrown away.
fn installation(root: &Path, options: &Options) -> Result<Outcome> {
    if !options.ci {
        return Ok(Outcome::Skipped("runs with --ci".to_owned()));
    }
    let directory = root.join(".testenv/installed");
    let mut install = cargo(root, &["install", "--locked", "--quiet", "--path", "crates/cli", "--root"]);
    process::run(quickly(&mut install).arg(&directory))?;
    done(&mut command(root, &[directory.join("bin/interlock").as_os_str(), "--version".as_ref()]))
}

fn fuzz(root: &Path, options: &Options) -> Result<Outcome> {
    if !options.ci && !options.fuzz {
        return Ok(Outcome::Skipped("runs with --fuzz".to_owned()));
    }
    if !works(&["cargo", "+nightly", "--version"]) {
        return Ok(Outcome::Skipped(
            "needs a nightly toolchain: rustup toolchain install nightly".to_owned(),
        ));
    }
    installed("cargo-fuzz", &["fuzz", "--version"], root)?;
    let list = output(command(root, &["cargo", "+nightly", "fuzz", "list"]).env_remove("CARGO"));
    let Some(targets) = list.filter(|list| !list.is_empty()) else {
        return Ok(Outcome::Failed("there are no fuzz targets in `fuzz`".to_owned()));
    };
    for target in targets.lines() {
        println!("fuzzing {target} for {FUZZ_SECONDS} s");
        process::run(&mut fuzz_target(root, target)?)?;
    }
    Ok(Outcome::Passed)
}

/// What is found grows the corpus, which is not tracked; the seeds and the dictionary are. The fixed seed
/// makes two runs over the same code try the same inputs in the same order.
fn fuzz_target(root: &Path, target: &str) -> Result<Command> {
    let folder = root.join("fuzz");
    let (corpus, seeds) = (folder.join("corpus").join(target), folder.join("seeds").join(target));
    std::fs::create_dir_all(&corpus)?;
    let mut fuzz = command(root, &["cargo", "+nightly", "fuzz", "run", target]);
    fuzz.env_remove("CARGO").arg(corpus);
    if seeds.is_dir() {
        fuzz.arg(seeds);
    }
    let seconds = format!("-max_total_time={FUZZ_SECONDS}");
    fuzz.args(["--", "-seed=1", &seconds, "-print_final_stats=1", "-verbosity=0"]);
    let dictionary = folder.join(format!("{target}.dict"));
    if dictionary.is_file() {
        fuzz.arg(format!("-dict={}", dictionary.display()));
    }
    Ok(fuzz)
}

/// Installs a cargo subcommand when it is missing.
fn installed(package: &str, probe: &[&str], root: &Path) -> Result<()> {
    if output(&mut cargo(root, probe)).is_some() {
        return Ok(());
    }
    println!("installing {package}");
    process::run(quickly(&mut cargo(root, &["install", "--locked", "--quiet", package])))
}

/// What is only tried once need not be optimised.
fn quickly(command: &mut Command) -> &mut Command {
    command
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
}

fn nextest(root: &Path, filter: &str) -> Command {
    cargo(
        root,
        &["nextest", "run", "--workspace", "--bins", "--lib", "--tests", "--no-fail-fast", "-E", filter],
    )
}

fn has_nextest() -> bool {
    works(&["cargo", "nextest", "--version"])
}

fn locked<'c>(command: &'c mut Command, options: &Options) -> &'c mut Command {
    if options.ci { command.arg("--locked") } else { command }
}

fn done(command: &mut Command) -> Result<Outcome> {
    process::run(command).map(|()| Outcome::Passed)
}

fn yes_or_no(yes: bool) -> Outcome {
    if yes { Outcome::Passed } else { Outcome::Failed("see above".to_owned()) }
}
