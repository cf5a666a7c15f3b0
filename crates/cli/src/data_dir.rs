//! Where state and settings are kept when nobody says otherwise.

use std::path::PathBuf;

use anyhow::Context;

/// The data directory: `--data`, then the settings' `data`, then the platform's state directory.
pub(crate) fn data_dir(chosen: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    if let Some(chosen) = chosen {
        return Ok(chosen);
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
