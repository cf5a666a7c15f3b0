//! Where the programs built from this workspace are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The binary under test: `INTERLOCK_BIN`, else the one beside this test in the target directory.
///
/// # Errors
/// When it has not been built.
pub fn interlock() -> Result<PathBuf> {
    named("INTERLOCK_BIN", "interlock")
}

/// The recording server.
///
/// # Errors
/// When it has not been built.
pub fn recording_server() -> Result<PathBuf> {
    named("INTERLOCK_RECORDING_SERVER_BIN", "interlock-recording-server")
}

/// The relay that copies bytes.
///
/// # Errors
/// When it has not been built.
pub fn relay() -> Result<PathBuf> {
    named("INTERLOCK_RELAY_BIN", "interlock-relay")
}

/// The client made of `rmcp`, from the end-to-end tests.
///
/// # Errors
/// When it has not been built.
pub fn rmcp_client() -> Result<PathBuf> {
    named("INTERLOCK_RMCP_CLIENT_BIN", "interlock-rmcp-client")
}

/// The server of the conformance suite, from the end-to-end tests.
///
/// # Errors
/// When it has not been built.
pub fn conformance_server() -> Result<PathBuf> {
    named("INTERLOCK_CONFORMANCE_SERVER_BIN", "interlock-conformance-server")
}

/// The root of the repository.
#[must_use]
pub fn workspace_root() -> PathBuf {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_dir.ancestors().nth(2).unwrap_or(crate_dir).to_owned()
}

fn named(variable: &str, name: &str) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Ok(path.into());
    }
    // A test runs from `<target>/<profile>/deps/<test>`, a binary from `<target>/<profile>/<binary>`.
    let own = std::env::current_exe().context("find the running program")?;
    own.ancestors()
        .skip(1)
        .take(2)
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
        .with_context(|| format!("`{name}` is not built: run `cargo build --workspace --bins`"))
}
