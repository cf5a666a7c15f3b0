//! Files that are named on the command line or by other files: one way to read them, one wording where that fails.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use interlock_policy::ToolList;

/// A file's name for messages, and its bytes; `-` is standard input.
pub(crate) fn read(file: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
        return Ok(("<stdin>".to_owned(), bytes));
    }
    let name = file.display().to_string();
    let tried = || std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    if file.is_dir() {
        anyhow::bail!("`{}` is a directory; name the files in it", tried().display());
    }
    let bytes = std::fs::read(file).with_context(|| format!("cannot read `{}`", tried().display()))?;
    Ok((name, bytes))
}

/// The same, of a file that must be text.
pub(crate) fn read_text(file: &Path) -> anyhow::Result<(String, String)> {
    let (name, bytes) = read(file)?;
    let Ok(text) = String::from_utf8(bytes) else { anyhow::bail!("`{name}` is not UTF-8 text") };
    Ok((name, text))
}

/// The tools that the policies are compared with.
pub(crate) fn tools(file: &Path) -> anyhow::Result<ToolList> {
    let (name, text) = read_text(file)?;
    ToolList::read(&text).with_context(|| format!("cannot use the tools in `{name}`"))
}
