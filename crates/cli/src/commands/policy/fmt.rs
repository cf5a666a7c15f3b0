//! `interlock policy fmt`.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context;
use interlock_policy::{Source, Syntax, laid_out};

use super::FmtArgs;
use crate::exit::Exit;
use crate::terminal;

/// Most cells of the table in which two texts are compared; larger changes are not shown line by line.
const MOST_COMPARED: usize = 4_000_000;
/// Unchanged lines around a change.
const AROUND: usize = 3;

pub(super) fn run(args: &FmtArgs) -> anyhow::Result<Exit> {
    let mut exit = Exit::Yes;
    for file in &args.files {
        if !one(file, args.check)? {
            exit = Exit::No;
        }
    }
    Ok(exit)
}

/// Lays one file out; false where it cannot be, or should have been.
fn one(file: &Path, check: bool) -> anyhow::Result<bool> {
    let (name, text) = super::read(file)?;
    let syntax = super::syntax(&name, &text);
    let written = match laid_out(&Source { name: &name, text: &text, syntax }) {
        Ok(written) => written,
        Err(found) => {
            terminal::diagnostics::to_stderr(&name, &text, &found)?;
            return Ok(false);
        }
    };
    same_digest(&name, &text, &written, syntax)?;
    if check {
        if written != text {
            terminal::write_out(terminal::escaped(&difference(&name, &text, &written)).as_bytes())?;
        }
        return Ok(written == text);
    }
    if file == Path::new("-") {
        terminal::write_out(written.as_bytes())?;
    } else if written != text {
        replace(file, &written)?;
        terminal::note(&format!("{name}: laid out"));
    }
    Ok(true)
}

/// A policy that compiles means afterwards what it meant before, by the digest that names it in records.
fn same_digest(name: &str, text: &str, written: &str, syntax: Syntax) -> anyhow::Result<()> {
    let digest = |text| {
        let (policy, _) = interlock_policy::compile(&Source { name, text, syntax });
        policy.map(|policy| policy.digest().to_owned())
    };
    anyhow::ensure!(
        digest(text) == digest(written),
        "`{name}` would change its meaning; nothing was written"
    );
    Ok(())
}

/// Puts the text in the file's place in one step, so that a gateway that watches it never sees half of it.
pub(crate) fn replace(file: &Path, text: &str) -> anyhow::Result<()> {
    let cannot = || format!("cannot write `{}`", file.display());
    // Behind a symbolic link it is the file that is replaced, not the link.
    let file = fs::canonicalize(file).with_context(cannot)?;
    let mut beside = file.clone().into_os_string();
    beside.push(format!(".{}.tmp", std::process::id()));
    let written = written_beside(&file, Path::new(&beside), text);
    if written.is_err() {
        // It is the first error that is told.
        let _gone = fs::remove_file(&beside);
    }
    written.with_context(cannot)
}

fn written_beside(file: &Path, beside: &Path, text: &str) -> std::io::Result<()> {
    let permissions = fs::metadata(file)?.permissions();
    let mut new = fs::OpenOptions::new().write(true).create_new(true).open(beside)?;
    new.set_permissions(permissions)?;
    new.write_all(text.as_bytes())?;
    new.sync_all()?;
    fs::rename(beside, file)
}

/// What would change, in the form of `diff -u`.
fn difference(name: &str, text: &str, written: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (text.lines().collect(), written.lines().collect());
    let mut out = format!("--- {name}\n+++ {name} (laid out)\n");
    let Some(changes) = changes(&old, &new) else {
        out.push_str("@@ nearly every line changes @@\n");
        return out;
    };
    let near = |at: usize| {
        let around = changes.get(at.saturating_sub(AROUND)..(at + AROUND + 1).min(changes.len()));
        around.is_some_and(|around| around.iter().any(|(mark, _)| *mark != ' '))
    };
    let (mut line, mut shown) = (1, false);
    for (at, (mark, content)) in changes.iter().enumerate() {
        if near(at) {
            if !shown {
                out.push_str(&format!("@@ line {line} @@\n"));
            }
            out.extend([mark.to_string().as_str(), *content, "\n"]);
        }
        shown = near(at);
        line += usize::from(*mark != '+');
    }
    if text.ends_with('\n') != written.ends_with('\n') {
        out.push_str("\\ the file ends with a line break\n");
    }
    out
}

/// The lines of both texts, each marked: a longest common subsequence stays, the rest goes or comes.
fn changes<'t>(old: &[&'t str], new: &[&'t str]) -> Option<Vec<(char, &'t str)>> {
    let width = new.len() + 1;
    let cells = (old.len() + 1).checked_mul(width).filter(|cells| *cells <= MOST_COMPARED)?;
    let mut common = vec![0_u32; cells];
    let get =
        |common: &[u32], row: usize, column: usize| common.get(row * width + column).copied().unwrap_or(0);
    for (row, one) in old.iter().enumerate().rev() {
        for (column, other) in new.iter().enumerate().rev() {
            let most = if one == other {
                get(&common, row + 1, column + 1) + 1
            } else {
                get(&common, row + 1, column).max(get(&common, row, column + 1))
            };
            if let Some(cell) = common.get_mut(row * width + column) {
                *cell = most;
            }
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut out = Vec::with_capacity(old.len().max(new.len()));
    loop {
        match (old.get(row), new.get(column)) {
            (Some(one), Some(other)) if one == other => {
                out.push((' ', *one));
                (row, column) = (row + 1, column + 1);
            }
            (Some(one), other)
                if other.is_none() || get(&common, row + 1, column) >= get(&common, row, column + 1) =>
            {
                out.push(('-', *one));
                row += 1;
            }
            (_, Some(other)) => {
                out.push(('+', *other));
                column += 1;
            }
            _ => return Some(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_shown_with_what_is_around_it() {
        let old = "a\nb\nc\nd\ne:  1\nf\ng\nh\ni\nj\nk\n";
        let new = "a\nb\nc\nd\ne: 1\nf\ng\nh\ni\nj\nk\nl\n";
        let expected =
            "--- p\n+++ p (laid out)\n@@ line 2 @@\n b\n c\n d\n-e:  1\n+e: 1\n f\n g\n h\n i\n j\n k\n+l\n";
        assert_eq!(difference("p", old, new), expected);
    }

    #[test]
    fn the_common_lines_stay() {
        for (old, new, expected) in [
            ("abc", "abc", " a b c"),
            ("abc", "ac", " a-b c"),
            ("ac", "abc", " a+b c"),
            ("", "a", "+a"),
            ("a", "", "-a"),
            ("ab", "ba", "-a b+a"),
        ] {
            let split =
                |text: &'static str| text.split("").filter(|part| !part.is_empty()).collect::<Vec<_>>();
            let shown: String = changes(&split(old), &split(new))
                .unwrap()
                .iter()
                .map(|(mark, line)| format!("{mark}{line}"))
                .collect();
            assert_eq!(shown, expected, "{old} {new}");
        }
    }
}
