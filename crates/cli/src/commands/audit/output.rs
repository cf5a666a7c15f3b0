//! Records on standard output: lines for people, JSON lines for programs.

use std::io::{self, ErrorKind, IsTerminal as _};

use anstream::AutoStream;
use interlock_audit::{Record, Seq, Shown};

use super::text;
use crate::args::Format;
use crate::terminal;

/// Written at once; a million short writes would take longer than the search.
const CHUNK: usize = 64 << 10;

pub(super) struct Output {
    format: Format,
    /// A terminal gets JSON with everything that it might obey escaped; a program gets the record's own
    /// bytes.
    to_terminal: bool,
    /// The record of this very read, which is not part of the answer.
    own: Option<Seq>,
    buffer: String,
    shown: bool,
    closed: bool,
}

impl Output {
    pub(super) fn new(format: Format, own: Option<Seq>) -> Self {
        let to_terminal = io::stdout().is_terminal();
        Self { format, to_terminal, own, buffer: String::new(), shown: false, closed: false }
    }

    /// Whether this is the record of the read that is being answered.
    pub(super) fn is_own(&self, record: &Record) -> bool {
        record.instance().is_shared() && Some(record.seq()) == self.own
    }

    pub(super) fn record(&mut self, record: &Record) -> anyhow::Result<()> {
        if self.is_own(record) {
            return Ok(());
        }
        self.shown = true;
        match self.format {
            Format::Text => text::line(record, &mut self.buffer),
            Format::Json => {
                self.json(record);
                self.buffer.push('\n');
            }
        }
        if self.buffer.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    pub(super) fn shown(&mut self, shown: &Shown) -> anyhow::Result<()> {
        match self.format {
            Format::Text => text::whole(shown, &mut self.buffer),
            Format::Json => {
                self.buffer.push_str("{\"intact\":");
                self.buffer.push_str(if shown.record.is_intact() { "true" } else { "false" });
                if let Some(related) = &shown.related {
                    self.buffer.push_str(",\"related\":");
                    self.json(related);
                }
                self.buffer.push_str(",\"shown\":");
                self.json(&shown.record);
                self.buffer.push_str("}\n");
            }
        }
        Ok(())
    }

    /// The line as it stands in the log.
    fn json(&mut self, record: &Record) {
        self.buffer.push_str("{\"leaf\":\"");
        self.buffer.push_str(&text::plain(record.leaf()));
        self.buffer.push_str("\",\"record\":");
        if self.to_terminal {
            self.buffer.push_str(&json_escaped(record.json()));
        } else {
            self.buffer.push_str(record.json());
        }
        self.buffer.push('}');
    }

    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        // JSON passes as it is: stripping colours from it could only take something away.
        let result = match self.format {
            Format::Text => write(AutoStream::auto(io::stdout()), &self.buffer),
            Format::Json => write(io::stdout(), &self.buffer),
        };
        self.buffer.clear();
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.closed = true,
            other => other?,
        }
        Ok(())
    }

    /// Whether there was any record.
    pub(super) fn has_shown(&self) -> bool {
        self.shown
    }

    /// Whether the reader has gone (`| head`).
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }
}

fn write(mut out: impl io::Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Outside of ASCII, JSON text has such characters only in strings, where an escape means the same.
fn json_escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\u{7f}'
            || (!c.is_ascii() && terminal::escaped(c.encode_utf8(&mut [0; 4])).len() > c.len_utf8())
        {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_json_means_the_same() {
        let json = "{\"a\":\"\u{9b}2J \u{202e}x\u{7f}\u{e0041} é漢😀 \\u001b\"}";
        let escaped = json_escaped(json);
        assert_eq!(escaped, r#"{"a":"\u009b2J \u202ex\u007f\udb40\udc41 é漢😀 \u001b"}"#);
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&escaped), value(json));
    }
}
