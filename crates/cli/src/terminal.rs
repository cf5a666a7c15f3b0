//! What people see: standard output, errors, colours that respect NO_COLOR and non-terminals.

pub(crate) mod diagnostics;
pub(crate) mod log;
pub(crate) mod table;

use std::ffi::OsStr;
use std::io::{self, Write};

use serde::Serialize;

/// Writes to standard output. A reader that has gone (`| head`) is not an error.
pub(crate) fn write_out(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = anstream::AutoStream::auto(io::stdout());
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Writes one line of text.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    write_out(format!("{text}\n").as_bytes())
}

/// Writes a document to standard output. What a terminal would obey in it, or a reader be misled by, is escaped as JSON
/// has it.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(&plain_json(&serde_json::to_string_pretty(value)?))
}

/// The same document without a letter that deceives. Such letters stand in strings; but for the blanks that documents
/// of others have between their parts.
fn plain_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\n' | '\t' => out.push(c),
            '\r' => out.push(' '),
            c if is_deceptive(c) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => out.push(c),
        }
    }
    out
}

/// Says on standard error how far something has come.
pub(crate) fn progress(text: &str) {
    let mut err = anstream::AutoStream::auto(io::stderr());
    // Standard error may be closed: there is nobody left to tell.
    let _nobody = writeln!(err, "{}", escaped(text));
}

/// Says what went wrong, with its causes.
pub(crate) fn error(error: &anyhow::Error) {
    let mut err = anstream::AutoStream::auto(io::stderr());
    let text = escaped(&with_causes(error));
    // Standard error may be closed: there is nobody left to tell.
    let _nobody = writeln!(err, "\u{1b}[1;31merror:\u{1b}[0m {text}");
}

/// A line on standard error, beside the answer.
pub(crate) fn note(text: &str) {
    let mut err = anstream::AutoStream::auto(io::stderr());
    // Standard error may be closed: there is nobody left to tell.
    let _nobody = writeln!(err, "{}", escaped(text).replace('\n', "\\n"));
}

/// Text of this program's own making on standard error, for whoever is asked something there. What it has from outside
/// must be escaped already.
pub(crate) fn aside(text: &str) {
    let mut err = anstream::AutoStream::auto(io::stderr());
    // Standard error may be closed: there is nobody left to tell.
    let _nobody = writeln!(err, "{text}");
}

/// Asks on standard error, and reads a line. What was typed before the question is no answer to it.
pub(crate) fn asked(question: &str) -> io::Result<String> {
    rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush)?;
    let mut err = io::stderr();
    write!(err, "{question}")?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

/// The error and its causes, each said once: many an error's own text has its cause in it already.
pub(crate) fn with_causes(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// Text from outside (names, reasons, paths) without anything that a terminal would obey or a reader would
/// be misled by: control characters and the direction and width marks of Unicode are shown as escapes.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_deceptive(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// But for the ends of lines, which texts here may have.
fn is_deceptive(c: char) -> bool {
    c != '\n' && interlock_gateway::is_deceptive(c)
}

/// Words of a command as they are typed.
pub(crate) fn typed(words: &[impl AsRef<OsStr>]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./@:=,+%".contains(c);
    let word = |word: &OsStr| {
        let text = word.to_string_lossy();
        if !text.is_empty() && text.chars().all(plain) {
            return text.into_owned();
        }
        format!("'{}'", text.replace('\'', "'\\''"))
    };
    words.iter().map(|text| word(text.as_ref())).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_said_once() {
        let cause = || std::io::Error::other("the disk is gone");
        let said = anyhow::Error::new(cause()).context("cannot read `x`: the disk is gone");
        assert_eq!(with_causes(&said), "cannot read `x`: the disk is gone");
        let unsaid = anyhow::Error::new(cause()).context("cannot read `x`");
        assert_eq!(with_causes(&unsaid), "cannot read `x`: the disk is gone");
    }

    #[test]
    fn commands_can_be_typed_again() {
        for (words, expected) in [
            (&["uvx", "a.b-c@0.1.1"][..], "uvx a.b-c@0.1.1"),
            (&["sh", "-c", "exit 1"], "sh -c 'exit 1'"),
            (&["a", "", "it's"], r"a '' 'it'\''s'"),
        ] {
            assert_eq!(typed(words), expected);
        }
    }

    #[test]
    fn a_document_obeys_nobody_and_says_the_same() {
        let value = serde_json::json!({ "a\u{202e}b": "\u{9b}31m\u{7f} ü \u{e0041}\u{feff}\n" });
        let text = plain_json(&serde_json::to_string_pretty(&value).unwrap().replace(':', "\r:"));
        assert!(text.chars().all(|c| c == '\n' || !is_deceptive(c)), "{text:?}");
        assert!(text.contains(r"a\u202eb") && text.contains(r"\udb40\udc41"), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        for (text, expected) in [
            ("plain ü 漢\nnext", "plain ü 漢\nnext"),
            ("\u{1b}[2Jgone", "\\u{1b}[2Jgone"),
            ("a\rb\u{7}", "a\\rb\\u{7}"),
            ("abc\u{202e}txt.exe", "abc\\u{202e}txt.exe"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }
}
