//! Development tasks: `cargo xtask bench | count | env | demo | measure | test | tidy`.

mod bench;
mod checks;
mod count;
mod demo;
mod environment;
mod measure;
mod process;
mod synthesize;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use interlock_testkit::binaries::workspace_root;

/// Development tasks of Interlock.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Builds the comparison over HTTP and runs it; `bench/README.md` says how to read its table.
    Bench(bench::Options),
    /// Counts the words of labelled tools, which the classifier weighs.
    Count(count::Options),
    /// Installs what the tests and the demonstration need: into `.testenv`, and with apt when root.
    Env,
    /// Shows a policy at work: a real AWS server, a real client, and Interlock between them.
    Demo(demo::Options),
    /// Measures how well definitions are judged, by data that no rule was made from.
    Measure(measure::Options),
    /// Prints definitions of many servers, made from real ones, as JSON lines.
    Synthesize(synthesize::Options),
    /// Runs every check and prints a table of how each went.
    Test(checks::Options),
    /// Checks the rules of the code base that no compiler knows.
    Tidy,
}

fn main() -> ExitCode {
    let root = workspace_root();
    let outcome = match Arguments::parse().task {
        Task::Bench(options) => bench::run(&root, &options),
        Task::Count(options) => count::run(&root, &options),
        Task::Env => environment::install(&root).map(|()| true),
        Task::Demo(options) => demo::run(&root, &options),
        Task::Measure(options) => measure::run(&root, &options),
        Task::Synthesize(options) => synthesize::run(&root, &options),
        Task::Test(options) => checks::run(&root, &options),
        Task::Tidy => tidy::run(&root),
    };
    exit_code(&outcome)
}

/// 0: yes; 1: the answer is no; 2: could not do it.
fn exit_code(outcome: &Result<bool>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
