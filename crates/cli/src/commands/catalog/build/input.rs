//! Definitions from files, folders and standard input, a line at a time.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, stdin};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use interlock_catalog::Definition;

use super::Says;
use super::buckets::Buckets;
use crate::terminal;

/// As long as a line may be. Real definitions have a hundredth of it.
const LONGEST: u64 = 4 << 20;
/// As many lines as are told one by one; further ones are counted.
const TOLD: usize = 100;
/// Lines between two words on how far it has come.
const BETWEEN: usize = 50_000;

/// Reads all, and gives the number of lines that were left out.
pub(super) fn read(inputs: &[PathBuf], buckets: &Buckets, says: &Says) -> anyhow::Result<usize> {
    let mut reading = Reading { buckets, says, read: 0, left_out: 0 };
    for input in inputs {
        if input.as_os_str() == "-" {
            reading.lines("standard input", "unnamed", &mut stdin().lock())?;
        } else if input.is_dir() {
            for file in files_in(input)? {
                reading.file(&file)?;
            }
        } else {
            reading.file(input)?;
        }
    }
    buckets.flush()?;
    ensure!(reading.read > 0, "there is no definition in what was given; give files with JSON lines, or `-`");
    Ok(reading.left_out)
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

struct Reading<'b> {
    buckets: &'b Buckets,
    says: &'b Says,
    read: usize,
    left_out: usize,
}

impl Reading<'_> {
    fn file(&mut self, path: &Path) -> anyhow::Result<()> {
        let file = File::open(path).with_context(|| format!("cannot open `{}`", path.display()))?;
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        self.lines(&path.display().to_string(), &stem, &mut BufReader::with_capacity(1 << 20, file))
    }

    /// Lines of one source. Those that name no server are of this one.
    fn lines(&mut self, source: &str, server: &str, lines: &mut impl BufRead) -> anyhow::Result<()> {
        let mut line = Vec::new();
        for number in 1_usize.. {
            line.clear();
            let read = lines.by_ref().take(LONGEST + 1).read_until(b'\n', &mut line);
            if read.with_context(|| format!("cannot read {source}"))? == 0 {
                break;
            }
            if line.len() as u64 > LONGEST && !line.ends_with(b"\n") {
                self.leave_out(source, number, &format!("longer than {} MiB", LONGEST >> 20));
                skip_line(lines).with_context(|| format!("cannot read {source}"))?;
                continue;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            if let Err(why) = self.line(source, number, server, &line)? {
                self.leave_out(source, number, &why);
            }
        }
        Ok(())
    }

    /// One line: an outer error ends it all, an inner one is the line's.
    fn line(
        &mut self,
        source: &str,
        number: usize,
        server: &str,
        line: &[u8],
    ) -> anyhow::Result<Result<(), String>> {
        let text = match std::str::from_utf8(line) {
            Ok(text) => text.trim(),
            Err(error) => return Ok(Err(format!("not UTF-8: {error}"))),
        };
        let definition = match Definition::read(text) {
            Ok(definition) => definition,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let server = if definition.server.is_empty() { server } else { &definition.server };
        self.buckets.put(server, (source, number), text)?;
        self.read += 1;
        if self.read.is_multiple_of(BETWEEN) {
            self.says.on(|| format!("{} definitions read", self.read));
        }
        Ok(Ok(()))
    }

    fn leave_out(&mut self, source: &str, number: usize, why: &str) {
        self.left_out += 1;
        if self.left_out <= TOLD {
            terminal::note(&format!("{source}:{number}: {why}"));
        } else if self.left_out == TOLD + 1 {
            terminal::note("more lines are left out and counted, but not told");
        }
    }
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
