//! Where state and settings are kept when nobody says otherwise.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::settings::Settings;

/// Names the data directory where the command line does not. An empty one is none, as everywhere in a shell.
const VARIABLE: &str = "INTERLOCK_DATA";

/// The data directory: `--data`, then the variable, then the settings' `data`, then the platform's state
/// directory.
pub(crate) fn data_dir(chosen: Option<&Path>, settings: &Settings) -> anyhow::Result<PathBuf> {
    let variable = || std::env::var_os(VARIABLE).filter(|text| !text.is_empty()).map(PathBuf::from);
    if let Some(chosen) = chosen.map(Path::to_owned).or_else(variable) {
        return Ok(chosen);
    }
    if let Some(set) = settings.data()? {
        return Ok(set);
    }
    // Only Linux has a state directory; elsewhere local data is its place.
    let base = dirs::state_dir().or_else(dirs::data_local_dir);
    let base = base.context("no home directory to keep state in; say where with `--data DIR`")?;
    Ok(base.join("interlock"))
}

/// Whether something has run with a data directory: looking must not make what is not there, and what may not be
/// looked at is not nothing.
///
/// # Errors
/// Why it is not to be used, and what to do.
pub(crate) fn used(data: &Path) -> anyhow::Result<()> {
    there(data, &data.join("ledger.db"), "nothing has run with the data directory")
}

/// The data directory of a command that may be the first to use it. One that is named on the command line has to be
/// there, with what a gateway has kept or with nothing: a name with a mistake in it makes no other one.
///
/// # Errors
/// Why it is not to be used, and what to do.
pub(crate) fn prepared(chosen: Option<&Path>, settings: &Settings) -> anyhow::Result<PathBuf> {
    let data = data_dir(chosen, settings)?;
    if chosen.is_none() {
        return Ok(data);
    }
    match std::fs::read_dir(&data).map(|mut entries| entries.next().is_none()) {
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(
            "there is no data directory `{0}`; name the one that a gateway uses, or make it first: `mkdir -m 700 {0}`",
            data.display()
        ),
        Ok(true) => {}
        _ => used(&data)?,
    }
    Ok(data)
}

/// Whether a data directory has an audit log; a copy may have that alone.
///
/// # Errors
/// Why it is not to be used, and what to do.
pub(crate) fn has_log(data: &Path) -> anyhow::Result<()> {
    there(data, &data.join("audit"), "there is no audit log in")
}

fn there(data: &Path, needed: &Path, absent: &str) -> anyhow::Result<()> {
    let shown = data.display();
    let Err(error) = needed.metadata() else { return Ok(()) };
    match error.kind() {
        ErrorKind::NotFound => {
            bail!(
                "{absent} `{shown}`; say where with `--data DIR` or `-c FILE`, or start a gateway with `interlock run` or `interlock serve`"
            )
        }
        ErrorKind::NotADirectory => bail!("`{shown}` is not a directory; name one with `--data DIR`"),
        ErrorKind::PermissionDenied => match data.metadata() {
            Ok(directory) if directory.uid() != rustix::process::geteuid().as_raw() => bail!(
                "the data directory `{shown}` belongs to user {}; name another with `--data DIR`",
                directory.uid()
            ),
            _ => Err(error).with_context(|| format!("cannot look into the data directory `{shown}`")),
        },
        _ => Err(error).with_context(|| format!("cannot look into the data directory `{shown}`")),
    }
}

/// The settings file that is read when none is named.
pub(crate) fn default_settings() -> Option<PathBuf> {
    dirs::config_dir().map(|directory| directory.join("interlock").join("settings.yaml"))
}
