//! Hot reload of the policy file. One that does not compile never replaces a good snapshot.

mod watch;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use interlock_policy::{Diagnostic, Located, Policy, Severity, Source, Span, Syntax, Value, compile};

pub use watch::{Watch, Writing};

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
    let syntax = Syntax::of_path(&name);
    let (policy, diagnostics) = compile(&Source { name: &name, text: &text, syntax });
    match policy {
        Some(policy) => {
            // Who puts it in force names it, and has no time to print it.
            let _named = policy.digest();
            Ok(Loaded { policy, diagnostics, text })
        }
        None => {
            let other = not_a_policy(&name, &text, syntax).map(|found| vec![found]);
            Err(mistakes(path.to_owned(), other.unwrap_or(diagnostics), text))
        }
    }
}

/// What to say of the file that `interlock serve` reads where a policy is to be: it has keys that no policy has.
pub fn not_a_policy(name: &str, text: &str, syntax: Syntax) -> Option<Diagnostic> {
    let Value::Map(members) = Located::new(text).read(syntax)?.value else { return None };
    let is_of_gateway =
        members.iter().any(|member| ["servers", "grants", "listen"].contains(&member.key.as_str()));
    is_of_gateway.then(|| Diagnostic {
        severity: Severity::Error,
        code: "not-a-policy",
        message: "this is a file of `interlock serve`, and not a policy".to_owned(),
        help: Some(format!(
            "check it and the policies that it names with `interlock serve --check -c {name}`"
        )),
        span: Span { offset: 0, len: text.lines().next().map_or(0, str::len), line: 1, column: 1 },
        pointer: String::new(),
    })
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
    // A device has no size that could be asked for.
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MOST) {
        return Err(not_text("is larger than 16 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| not_text("is not UTF-8 text"))?;
    // Many a tool empties a file before it writes it: what it holds then is nobody's policy.
    if text.trim().is_empty() {
        return Err(not_text(
            "is empty, which would deny everything; begin it with `version: \"1\"` and `default: deny`",
        ));
    }
    Ok(text)
}
