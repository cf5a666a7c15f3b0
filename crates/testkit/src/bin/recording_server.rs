//! `interlock-recording-server SCRIPT RECORD`: an MCP server on standard input and output that does what the
//! script says and writes down every byte it receives.

use std::process::ExitCode;

fn main() -> ExitCode {
    match interlock_testkit::recording::serve(std::env::args_os().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("interlock-recording-server: {error:#}");
            ExitCode::from(2)
        }
    }
}
