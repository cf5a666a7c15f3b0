//! `interlock-relay [--record DIR] -- COMMAND…`: copies bytes between its own streams and the command's and
//! looks at none of them. The floor that the gateway is measured against, and with `--record` the tap that
//! says what went over the wire (`DIR/to_server`, `DIR/to_client`).

use std::process::ExitCode;

fn main() -> ExitCode {
    match interlock_testkit::relay::run(std::env::args_os().skip(1).collect()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("interlock-relay: {error:#}");
            ExitCode::from(2)
        }
    }
}
