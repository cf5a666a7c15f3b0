//! `interlock-soak`: a thousand sessions at once, with calls for a minute. No call may fail, memory must not grow after
//! the warm-up, no child, thread, session, reservation or file may be left, and the audit log must have one intent and
//! one outcome for each call.

use std::process::ExitCode;

use clap::Parser;
use interlock_bench::soak::{self, Plan};

/// Many sessions at once for a while, after which nothing may be left of them.
#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    plan: Plan,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match soak::run(Options::parse().plan).await {
        Ok(seen) => {
            println!("{} calls, each answered well, with one intent and one outcome", seen.calls);
            println!(
                "resident memory {:.1} MB after the warm-up, {:.1} MB at the end",
                seen.memory.0, seen.memory.1
            );
            println!("held before: {:?}; after: {:?}", seen.held.0, seen.held.1);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}
