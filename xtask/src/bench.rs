//! `cargo xtask bench`: the comparison over HTTP, built and run.

use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::process::{cargo, command, run as run_command, target_directory};

/// What `cargo xtask bench` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What `interlock-bench-http` takes, such as `--check` or `--json FILE`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds all programs that take part, in the profile for benchmarks, and runs the comparison. `false` where a budget
/// that was to be checked is missed.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    let packages = ["-p", "interlock", "-p", "interlock-bench", "-p", "interlock-benches"];
    run_command(cargo(root, &["build", "--profile", "bench"]).args(packages))?;
    let program = target_directory(root).join("release/interlock-bench-http");
    let status = command(root, &[&program]).args(&options.arguments).status();
    let status = status.with_context(|| format!("start `{}`", program.display()))?;
    match status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => bail!("`{}` ended with {status}", program.display()),
    }
}
