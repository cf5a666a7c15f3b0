//! What a fresh machine lacks: Python and Node with the real servers and clients of the end-to-end tests, and a browser.
//!
//! Everything goes into `.testenv` and the `node_modules` of `tests/fixtures/node` and `tests/fixtures/conformance`,
//! pinned by the requirements and lock files under `tests/fixtures`. A second run with nothing changed only compares those files with what was
//! installed last.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use interlock_testkit::peers::uvx_variables;

use crate::process::{command, output, run, show, works};

/// A Debian package and what shows that it is not needed.
struct SystemPackage {
    name: &'static str,
    present: &'static [&'static str],
}

const SYSTEM_PACKAGES: &[SystemPackage] = &[
    SystemPackage { name: "python3", present: &["python3", "--version"] },
    SystemPackage { name: "python3-venv", present: &["python3", "-c", "import venv, ensurepip"] },
    SystemPackage { name: "nodejs", present: &["node", "--version"] },
    SystemPackage { name: "npm", present: &["npm", "--version"] },
    SystemPackage { name: "procps", present: &["ps", "--version"] },
    SystemPackage { name: "strace", present: &["strace", "--version"] },
    SystemPackage { name: "chromium", present: &["chromium", "--version"] },
    // Without any font a browser shows no text.
    SystemPackage { name: "fonts-liberation", present: &["sh", "-c", "fc-list | grep -q ."] },
];

/// The server of the demonstration, as a user names it.
pub(crate) const HEALTHIMAGING: &str = "awslabs.healthimaging-mcp-server@0.1.1";

/// Installs whatever is missing.
pub(crate) fn install(root: &Path) -> Result<()> {
    system_packages()?;
    python(root)?;
    node(root, "node", "the npm servers and client")?;
    node(root, "conformance", "the conformance suite and its Node")?;
    tool_cache(root)
}

fn system_packages() -> Result<()> {
    let missing: Vec<_> = SYSTEM_PACKAGES
        .iter()
        .filter(|package| !works(package.present))
        .map(|package| package.name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let here = Path::new(".");
    let can_install =
        output(&mut command(here, &["id", "-u"])).as_deref() == Some("0") && works(&["apt-get", "--version"]);
    if !can_install {
        bail!(
            "these programs are missing: {0}; install them (on Debian: sudo apt-get install {0}) and run this again",
            missing.join(" ")
        );
    }
    eprintln!("installing with apt: {}", missing.join(" "));
    run(command(here, &["apt-get", "update", "-qq"]).stdout(Stdio::null()))?;
    let install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"];
    run(command(here, &[&install, missing.as_slice()].concat())
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdout(Stdio::null()))
}

/// A virtual environment that holds exactly what the requirements file says.
fn python(root: &Path) -> Result<()> {
    let requirements = root.join("tests/fixtures/python/requirements.txt");
    let venv = venv(root);
    let version = output(&mut command(root, &["python3", "--version"])).context("run python3")?;
    let wanted = format!("{version}\n{}", read(&requirements)?);
    let stamp = Stamp::new(root, "python", wanted);
    if stamp.is_current() && works(&[&venv.join("bin/python").to_string_lossy(), "--version"]) {
        return Ok(());
    }
    eprintln!("installing the Python servers and client into {}", venv.display());
    if venv.exists() {
        fs::remove_dir_all(&venv)?;
    }
    run(command(root, &["python3", "-m", "venv"]).arg(&venv))?;
    let uv = read(&requirements)?;
    let uv = uv.lines().find(|line| line.starts_with("uv==")).context("the requirements do not pin uv")?;
    let bin = venv.join("bin");
    run(command(root, &[bin.join("python")]).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        uv,
    ]))?;
    run(command(root, &[bin.join("uv")])
        .args(["pip", "sync", "--quiet", "--compile-bytecode", "--python"])
        .arg(bin.join("python"))
        .arg(&requirements)
        .env("UV_CACHE_DIR", cache(root)))?;
    stamp.write()
}

/// The npm packages of a lock file.
fn node(root: &Path, name: &str, what: &str) -> Result<()> {
    let directory = root.join("tests/fixtures").join(name);
    let stamp = Stamp::new(root, name, read(&directory.join("package-lock.json"))?);
    if stamp.is_current() && directory.join("node_modules").is_dir() {
        return Ok(());
    }
    eprintln!("installing {what} into {}", directory.join("node_modules").display());
    run(command(&directory, &["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"])
        .stdout(Stdio::null()))?;
    stamp.write()
}

/// Lets `uvx` download the demonstration's server once, so that it starts offline ever after.
fn tool_cache(root: &Path) -> Result<()> {
    let constraint = root.join("tests/fixtures/python/requirements.txt");
    let stamp = Stamp::new(root, "uvx", format!("{HEALTHIMAGING}\n{}", read(&constraint)?));
    if stamp.is_current() && cache(root).is_dir() {
        return Ok(());
    }
    eprintln!("letting uvx download {HEALTHIMAGING}");
    let mut uvx = command(root, &[venv(root).join("bin/uvx")]);
    // At the end of its input the server ends.
    uvx.arg(HEALTHIMAGING).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    for (name, value) in uvx_variables(root) {
        if name != "UV_OFFLINE" {
            uvx.env(name, value);
        }
    }
    run(&mut uvx).with_context(|| format!("download with `{}`", show(&uvx)))?;
    stamp.write()
}

/// The virtual environment's directory.
fn venv(root: &Path) -> PathBuf {
    root.join(".testenv/venv")
}

fn cache(root: &Path) -> PathBuf {
    root.join(".testenv/uv")
}

/// What was installed last, as the text of what pinned it.
struct Stamp {
    path: PathBuf,
    wanted: String,
}

impl Stamp {
    fn new(root: &Path, name: &str, wanted: String) -> Self {
        Self { path: root.join(".testenv").join(format!("{name}.installed")), wanted }
    }

    fn is_current(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|installed| installed == self.wanted)
    }

    fn write(&self) -> Result<()> {
        fs::create_dir_all(self.path.parent().unwrap_or(Path::new(".")))?;
        Ok(fs::write(&self.path, &self.wanted)?)
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}
