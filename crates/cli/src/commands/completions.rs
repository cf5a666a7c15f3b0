//! `interlock completions`: from the same definition as the arguments themselves.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Args;
use crate::exit::Exit;

pub(crate) fn run(shell: Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "interlock", &mut script);
    crate::terminal::write_out(&script)?;
    Ok(Exit::Yes)
}
