//! A folder for what has to be somewhere and is of no use afterwards.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// A folder of this process alone, which goes with it.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// Makes it; `id` is what nobody else can know. One that is there already is not taken: somebody else has made it.
    pub(super) fn new(id: &str) -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("interlock-{id}"));
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.with_context(|| format!("cannot make the folder `{}`", path.display()))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed holds nothing that anybody could use, and the system clears its folder of such.
        let _left_behind = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_its_makers_alone_and_goes_with_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let id = interlock_audit::InstanceId::generate(1).unwrap();
        let scratch = Scratch::new(id.as_str()).unwrap();
        let path = scratch.path().to_owned();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::write(path.join("x"), "y").unwrap();
        assert!(Scratch::new(id.as_str()).is_err());
        drop(scratch);
        assert!(!path.exists());
    }
}
