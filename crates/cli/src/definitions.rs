//! Tools' definitions from files, folders and standard input: JSON lines, as dumps of many servers have them, or a list, as
//! `interlock tools` writes it.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read as _, stdin};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use interlock_json::{Key, Limits, Value, scan};
use interlock_policy::{ToolListError, each_tool};

/// As long as a line may be. Real definitions have a hundredth of it.
const LONGEST: u64 = 4 << 20;
/// As long as a list may be.
const LONGEST_LIST: u64 = 64 << 20;

/// What is said of other JSON.
const NEITHER: &str = "not a tool's definition, and no list of tools: an array, an object with `tools`, or the answer to `tools/list`";

/// What stands at one place.
pub(crate) struct Found<'f> {
    /// The file's name, or what standard input is called.
    pub(crate) source: &'f str,
    /// Its line, from 1.
    pub(crate) line: usize,
    /// The server of what names none: the file's name without its ending.
    pub(crate) server: Option<&'f str>,
    /// A tool as it is written; or why it is none.
    pub(crate) tool: Result<&'f str, String>,
}

/// Hands on all that is in these, in their order. A folder stands for the `.jsonl` files in it, `-` for standard input.
pub(crate) fn each(
    inputs: &[PathBuf],
    take: &mut impl FnMut(Found<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for input in inputs {
        if input.as_os_str() == "-" {
            Source { name: "standard input", server: None, take }.read(stdin().lock())?;
        } else if input.is_dir() {
            files_in(input)?.iter().try_for_each(|path| file(path, take))?;
        } else {
            file(input, take)?;
        }
    }
    Ok(())
}

fn file(path: &Path, take: &mut impl FnMut(Found<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let file = File::open(path).with_context(|| format!("cannot open `{}`", path.display()))?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = path.display().to_string();
    Source { name: &name, server: stem.as_deref(), take }.read(BufReader::with_capacity(1 << 20, file))
}

/// The files with JSON lines in a folder, by name.
fn files_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let shown = || format!("cannot read the folder `{}`", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(shown)? {
        let path = entry.with_context(shown)?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    ensure!(!files.is_empty(), "the folder `{}` has no file that ends in `.jsonl`", folder.display());
    Ok(files)
}

/// A tool as servers list it: a line of a dump calls its name `tool`, and has its server beside it.
pub(crate) fn as_listed(tool: &str) -> Result<String, String> {
    let limits = Limits { bytes: tool.len(), ..Limits::default() };
    let document = scan(tool, &limits).map_err(|error| error.to_string())?;
    let root = document.root();
    if root.get("name").is_some() || root.get("tool").is_none() {
        return Ok(tool.to_owned());
    }
    let members = root.members().filter(|(key, _)| !key.is("server"));
    let member = |(key, value): (Key<'_>, Value<'_>)| {
        let key = if key.is("tool") { "\"name\"" } else { key.raw() };
        format!("{key}: {}", value.raw())
    };
    Ok(format!("{{{}}}", members.map(member).collect::<Vec<_>>().join(", ")))
}

/// One source, and who takes what is in it.
struct Source<'s, T> {
    name: &'s str,
    server: Option<&'s str>,
    take: &'s mut T,
}

/// Why the reading of a document ends: what it is, or what was made of it.
enum End {
    List(ToolListError),
    Taken(anyhow::Error),
}

impl From<ToolListError> for End {
    fn from(error: ToolListError) -> Self {
        Self::List(error)
    }
}

impl<T: FnMut(Found<'_>) -> anyhow::Result<()>> Source<'_, T> {
    /// A list begins with a line that is no document of its own; then all of it has to be one.
    fn read(mut self, mut input: impl BufRead) -> anyhow::Result<()> {
        let shown = format!("cannot read {}", self.name);
        let mut begun = Vec::new();
        while begun.trim_ascii().is_empty() && begun.len() as u64 <= LONGEST {
            let read = input.by_ref().take(LONGEST + 1).read_until(b'\n', &mut begun);
            if read.with_context(|| shown.clone())? == 0 {
                return Ok(());
            }
        }
        if is_document(&begun, LONGEST) {
            return self.lines(Cursor::new(begun).chain(input));
        }
        input.by_ref().take(LONGEST_LIST).read_to_end(&mut begun).with_context(|| shown.clone())?;
        if is_document(&begun, LONGEST_LIST) {
            let text = String::from_utf8_lossy(&begun);
            return self.document(&text, 1);
        }
        self.lines(Cursor::new(begun).chain(input))
    }

    fn lines(&mut self, mut input: impl BufRead) -> anyhow::Result<()> {
        let mut line = Vec::new();
        for number in 1_usize.. {
            line.clear();
            let read = input.by_ref().take(LONGEST + 1).read_until(b'\n', &mut line);
            if read.with_context(|| format!("cannot read {}", self.name))? == 0 {
                break;
            }
            if line.len() as u64 > LONGEST && !line.ends_with(b"\n") {
                self.found(number, Err(format!("longer than {} MiB", LONGEST >> 20)))?;
                skip_line(&mut input).with_context(|| format!("cannot read {}", self.name))?;
                continue;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            match std::str::from_utf8(&line) {
                Ok(text) => self.document(text.trim_end(), number)?,
                Err(error) => self.found(number, Err(format!("not UTF-8: {error}")))?,
            }
        }
        Ok(())
    }

    /// One document, which begins on this line.
    fn document(&mut self, text: &str, first: usize) -> anyhow::Result<()> {
        let limits = Limits { bytes: text.len(), ..Limits::default() };
        let document = match scan(text, &limits) {
            Ok(document) => document,
            Err(error) => return self.found(first, Err(format!("not JSON: {error}"))),
        };
        let mut lines = Lines { text, at: 0, line: first };
        let tools = each_tool(document.root(), &mut |tool: Value<'_>| {
            self.found(lines.of(tool.span().start), Ok(tool.raw())).map_err(End::Taken)
        });
        match tools {
            Ok(()) => Ok(()),
            Err(End::List(ToolListError::NotTools)) => self.found(first, Err(NEITHER.to_owned())),
            Err(End::List(error)) => self.found(first, Err(error.to_string())),
            Err(End::Taken(error)) => Err(error),
        }
    }

    fn found(&mut self, line: usize, tool: Result<&str, String>) -> anyhow::Result<()> {
        (self.take)(Found { source: self.name, line, server: self.server, tool })
    }
}

/// The lines of places that come one after the other.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn of(&mut self, place: usize) -> usize {
        let between = self.text.as_bytes().get(self.at..place).unwrap_or_default();
        self.line += between.iter().filter(|byte| **byte == b'\n').count();
        self.at = place;
        self.line
    }
}

fn is_document(bytes: &[u8], most: u64) -> bool {
    let limits = Limits { bytes: bytes.len(), ..Limits::default() };
    bytes.len() as u64 <= most && std::str::from_utf8(bytes).is_ok_and(|text| scan(text, &limits).is_ok())
}

/// Goes on to the next line without keeping any of this one.
fn skip_line(lines: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let there = lines.fill_buf()?;
        if there.is_empty() {
            return Ok(());
        }
        let (used, ends) = match there.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (there.len(), false),
        };
        lines.consume(used);
        if ends {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found: the line, and the tool or the beginning of why there is none.
    fn found(text: &str) -> Vec<(usize, String)> {
        let mut all = Vec::new();
        let mut take = |found: Found<'_>| {
            let tool = found.tool.map(str::to_owned).unwrap_or_else(|why| format!("! {why}"));
            all.push((found.line, tool));
            Ok(())
        };
        Source { name: "x", server: None, take: &mut take }.read(Cursor::new(text)).unwrap();
        all
    }

    fn check(text: &str, expected: &[(usize, &str)]) {
        let found = found(text);
        assert_eq!(found.len(), expected.len(), "{text}: {found:?}");
        for ((line, tool), expected) in found.iter().zip(expected) {
            assert!(*line == expected.0 && tool.starts_with(expected.1), "{text}: {found:?}");
        }
    }

    const ONE: &str = r#"{"name":"a"}"#;
    const OTHER: &str = r#"{"server":"s","tool":"b"}"#;

    #[test]
    fn lists_and_lines_are_read_alike() {
        check("", &[]);
        check("\n \n", &[]);
        check(ONE, &[(1, ONE)]);
        check(&format!("\n{ONE}\n\n{OTHER}"), &[(2, ONE), (4, OTHER)]);
        check(&format!("[{ONE}, {OTHER}]"), &[(1, ONE), (1, OTHER)]);
        check(&format!("{{\"tools\": [\n{ONE},\n{OTHER}\n]}}\n"), &[(2, ONE), (3, OTHER)]);
        check(
            &format!("{{\"jsonrpc\": \"2.0\",\n\"id\": 1, \"result\": {{\"tools\":\n[{ONE}]}}}}"),
            &[(3, ONE)],
        );
        check(&format!("{{\"tools\":[{ONE}]}}\n{{\"tools\":[{OTHER}]}}\n"), &[(1, ONE), (2, OTHER)]);
        check("{\n\"name\": \"a\"\n}\n", &[(1, "{\n\"name\": \"a\"\n}")]);
        check("{\"tools\": []}", &[]);
    }

    #[test]
    fn what_is_no_tool_is_told_with_its_line() {
        check(
            &format!("nothing\n{ONE}\n{{\"tool\n{OTHER}"),
            &[(1, "! not JSON"), (2, ONE), (3, "! not JSON"), (4, OTHER)],
        );
        check(&format!("{ONE}\n{{}}\n5\n"), &[(1, ONE), (2, "! not a tool's"), (3, "! not a tool's")]);
        let refused = r#"{"error": {"message": "no"}}"#;
        check(refused, &[(1, "! it is an answer that says why there is no list: `no`")]);
        // Nobody else's list is taken for the members of a tool.
        let tool = r#"{"tool":"a","tools":[],"result":[]}"#;
        check(tool, &[(1, tool)]);
        let long = " ".repeat(usize::try_from(LONGEST).unwrap());
        check(&format!("{ONE}\n{{{long}}}\n{OTHER}"), &[(1, ONE), (2, "! longer than 4 MiB"), (3, OTHER)]);
    }

    #[test]
    fn a_line_of_a_dump_becomes_an_element_of_a_list() {
        for (tool, expected) in [
            (
                r#"{"server": "s", "tool": "a", "inputSchema": { "x": 1.0 }}"#,
                r#"{"name": "a", "inputSchema": { "x": 1.0 }}"#,
            ),
            (r#"{ "name": "a", "server": "s" }"#, r#"{ "name": "a", "server": "s" }"#),
        ] {
            assert_eq!(as_listed(tool).unwrap(), expected);
        }
    }

    #[test]
    fn a_list_may_be_longer_than_a_line() {
        let long = "x".repeat(usize::try_from(LONGEST).unwrap());
        let tool = format!(r#"{{"name":"a","description":"{long}"}}"#);
        check(&format!("{{\"tools\":[{tool}]}}"), &[(1, &tool)]);
        check(&format!("{ONE}\n{{\"tools\":[{tool}]}}"), &[(1, ONE), (2, "! longer than 4 MiB")]);
    }

    #[test]
    fn a_list_may_be_as_long_as_a_server_may_make_it() {
        let tool =
            |number: usize| format!(r#"{{"name":"t{number}","_meta":{{"x":"{}"}}}}"#, "a".repeat(3 << 20));
        let list = format!("{{\"tools\": [{}]}}", [0, 1, 2].map(tool).join(","));
        let found = found(&list);
        assert!(found.len() == 3 && found.iter().all(|(_, tool)| !tool.starts_with('!')), "{}", found.len());
    }
}
