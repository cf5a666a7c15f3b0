//! `interlock policy schema`.

use crate::exit::Exit;
use crate::terminal;

pub(super) fn run() -> anyhow::Result<Exit> {
    terminal::write_out(interlock_policy::schema().as_bytes())?;
    Ok(Exit::Yes)
}
