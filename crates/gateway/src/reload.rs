//! Hot reload of the policy file.
//!
//! The directory is watched rather than the file, because editors and orchestrators replace files by renaming
//! over them or by swapping a link beside them. A file that does not compile never replaces a good snapshot.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use interlock_policy::{Diagnostic, Policy, Severity, Source, Syntax, compile};
use notify::Watcher;
use tokio::sync::mpsc;

/// Larger than any policy that a person could have written.
const MOST: u64 = 16 << 20;

/// A policy file that was read and compiled.
#[derive(Debug)]
pub struct Loaded {
    /// The compiled policy.
    pub policy: Policy,
    /// Warnings.
    pub diagnostics: Vec<Diagnostic>,
    /// The file's text, for showing the diagnostics.
    pub text: String,
}

/// Why a policy file is not in force.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the policy `{}`: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not text, or far too large.
    #[error("the policy `{}` {what}", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// The file has mistakes.
    #[error("the policy `{}` has {count} mistake{}: {first}", path.display(), if *count == 1 { "" } else { "s" })]
    Mistakes {
        /// The file.
        path: PathBuf,
        /// How many errors.
        count: usize,
        /// The first one, on one line with its place.
        first: String,
        /// All of them.
        diagnostics: Vec<Diagnostic>,
        /// The file's text.
        text: String,
    },
}

/// Reads and compiles a policy file.
///
/// # Errors
/// When the file cannot be read or has mistakes; all of them are reported.
pub fn load(path: &Path) -> Result<Loaded, LoadError> {
    let text = read(path)?;
    let name = path.display().to_string();
    let (policy, diagnostics) = compile(&Source { name: &name, text: &text, syntax: Syntax::of_path(&name) });
    match policy {
        Some(policy) => Ok(Loaded { policy, diagnostics, text }),
        None => Err(mistakes(path.to_owned(), diagnostics, text)),
    }
}

fn mistakes(path: PathBuf, diagnostics: Vec<Diagnostic>, text: String) -> LoadError {
    let mut errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let first = errors.next().map_or_else(String::new, |error| {
        format!("line {}, column {}: {}", error.span.line, error.span.column, error.message)
    });
    let count = errors.count() + 1;
    LoadError::Mistakes { path, count, first, diagnostics, text }
}

fn read(path: &Path) -> Result<String, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: path.to_owned(), source };
    let not_text = |what| LoadError::NotText { path: path.to_owned(), what };
    if std::fs::metadata(path).map_err(unreadable)?.len() > MOST {
        return Err(not_text("is larger than 16 MiB"));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|_| not_text("is not UTF-8 text"))?;
    // Many a tool empties a file before it writes it: what it holds then is nobody's policy.
    if text.trim().is_empty() {
        return Err(not_text("is empty"));
    }
    Ok(text)
}

/// Tells when something in the policy's directory has changed.
#[derive(Debug)]
pub struct Watch {
    events: mpsc::Receiver<()>,
    // Watching ends when this is dropped.
    _watcher: notify::RecommendedWatcher,
}

impl Watch {
    /// Watches the directory of `path`, and that of the file it links to.
    ///
    /// # Errors
    /// When the system cannot watch it.
    pub fn new(path: &Path) -> notify::Result<Self> {
        // One waiting event stands for any number: whoever wakes reads the file as it is then.
        let (sender, events) = mpsc::channel(1);
        let mut directories = vec![directory_of(path)];
        let mut names: Vec<OsString> = path.file_name().map(OsString::from).into_iter().collect();
        if let Ok(target) = std::fs::canonicalize(path) {
            directories.push(directory_of(&target));
            names.extend(target.file_name().map(OsString::from));
        }
        // Where a link leads here, the link may be swapped under another name (Kubernetes' `..data`).
        let linked = directories.first() != directories.get(1);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if linked || concerns(&event, &names) {
                let _already_told = sender.try_send(());
            }
        })?;
        directories.sort();
        directories.dedup();
        for directory in directories {
            watcher.watch(&directory, notify::RecursiveMode::NonRecursive)?;
        }
        Ok(Self { events, _watcher: watcher })
    }

    /// Waits for a change. `false` when there will be no more.
    pub async fn changed(&mut self) -> bool {
        self.events.recv().await.is_some()
    }
}

/// Whether an event can mean that the policy has changed. Other files of the directory may change all the
/// time; what is not understood counts.
fn concerns(event: &notify::Result<notify::Event>, names: &[OsString]) -> bool {
    let Ok(event) = event else { return true };
    if event.kind.is_access() {
        return false;
    }
    let named = |path: &PathBuf| path.file_name().is_none_or(|name| names.iter().any(|known| known == name));
    event.need_rescan() || event.paths.is_empty() || event.paths.iter().any(named)
}

fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
