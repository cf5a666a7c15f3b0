//! Whether a command of a configuration is this program.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Whether a configuration's command is this very program: by its path, or by its bare name where the PATH leads to it.
pub(crate) fn is_own(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::current_exe().is_ok_and(|own| is(program, &own, &folders))
}

fn is(program: &str, own: &Path, folders: &OsStr) -> bool {
    let path = PathBuf::from(program);
    let path = if path.is_absolute() {
        Some(path)
    } else if program == "interlock" {
        let name = format!("interlock{}", std::env::consts::EXE_SUFFIX);
        // The first is the one that a client starts.
        std::env::split_paths(folders).map(|folder| folder.join(&name)).find(|path| path.is_file())
    } else {
        None
    };
    let real = path.and_then(|path| path.canonicalize().ok());
    real.is_some() && real == own.canonicalize().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_proves_nothing() {
        let folder = tempfile::TempDir::new().unwrap();
        let [ours, others] = ["ours", "others"].map(|name| folder.path().join(name));
        for folder in [&ours, &others] {
            std::fs::create_dir(folder).unwrap();
            std::fs::write(folder.join(format!("interlock{}", std::env::consts::EXE_SUFFIX)), "").unwrap();
        }
        let file = |folder: &Path| folder.join(format!("interlock{}", std::env::consts::EXE_SUFFIX));
        let own = file(&ours);
        let is =
            |program: &str, folders: &[&Path]| is(program, &own, &std::env::join_paths(folders).unwrap());
        assert!(is(own.to_str().unwrap(), &[]));
        assert!(is("interlock", &[&ours, &others]));
        assert!(!is("interlock", &[&others, &ours]));
        assert!(!is("interlock", &[]));
        assert!(!is(file(&others).to_str().unwrap(), &[&ours]));
        assert!(!is("./interlock", &[&ours]));
        assert!(!is("/nonexistent/interlock", &[&ours]));
    }
}
