//! Files that are named on the command line or by other files: one way to read them, one wording where that fails.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use interlock_policy::ToolList;

/// Largest file that is read: lists of tools are the largest that are of use.
const MOST_BYTES: u64 = 64 << 20;

/// A file's name for messages, and its bytes; `-` is standard input.
pub(crate) fn read(file: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    if file == Path::new("-") {
        let bytes = all(std::io::stdin()).context("cannot read standard input")?;
        return Ok(("<stdin>".to_owned(), bytes));
    }
    let name = file.display().to_string();
    let tried = || std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    if file.is_dir() {
        anyhow::bail!("`{}` is a directory; name the files in it", tried().display());
    }
    let bytes = std::fs::File::open(file).and_then(all);
    let bytes = bytes.with_context(|| format!("cannot read `{}`", tried().display()))?;
    Ok((name, bytes))
}

/// Everything there is, where that is not more than is read. A device has no size that could be asked for.
fn all(source: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = source.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if u64::try_from(read).is_ok_and(|read| read <= MOST_BYTES) {
        return Ok(bytes);
    }
    Err(std::io::Error::other(format!("it is larger than {} MiB", MOST_BYTES >> 20)))
}

/// The same, of a file that must be text.
pub(crate) fn read_text(file: &Path) -> anyhow::Result<(String, String)> {
    let (name, bytes) = read(file)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..good).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        anyhow::anyhow!("`{name}` is not UTF-8 text: byte {} on line {line}", good + 1)
    })?;
    Ok((name, text))
}

/// The tools that the policies are compared with.
pub(crate) fn tools(file: &Path) -> anyhow::Result<ToolList> {
    let (name, text) = read_text(file)?;
    ToolList::read(&text).with_context(|| format!("cannot use the tools in `{name}`"))
}
