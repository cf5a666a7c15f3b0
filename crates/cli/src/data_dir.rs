//! Where state and settings are kept when nobody says otherwise.

use std::path::{Path, PathBuf};

use anyhow::Context;

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

/// The settings file that is read when none is named.
pub(crate) fn default_settings() -> Option<PathBuf> {
    dirs::config_dir().map(|directory| directory.join("interlock").join("settings.yaml"))
}
