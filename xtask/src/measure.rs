//! `cargo xtask measure`: how well definitions are judged, by data that no rule was made from.

mod classifier;
mod data;
mod share;

use std::path::Path;

use anyhow::Result;
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What the classifier makes of tools of servers that no rule was made from
    Classifier,
}

pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    match &options.what {
        What::Classifier => classifier::run(root),
    }
}
