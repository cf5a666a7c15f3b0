//! Counter names read back, for people who look at counters.

use std::sync::Arc;

use super::{CounterKey, ScopePart};
use crate::document::Section;
use crate::window::{Align, Window};
use crate::zone::Zone;

impl CounterKey {
    /// Reads what [`CounterKey::text`] wrote; `None` for anything else.
    pub fn read(text: &str) -> Option<CounterKey> {
        let mut parts = text.split('/').peekable();
        let (server, shared) = owner(parts.next()?)?;
        let section = parts.next()?;
        let mut key = CounterKey {
            server,
            shared,
            section: Section::ALL.into_iter().find(|known| known.key() == section)?,
            matcher: unescaped(parts.next()?)?,
            counter: unescaped(parts.next()?)?,
            window: Window::parse(parts.next()?)?,
            align: align(parts.next()?)?,
            scope: Vec::new(),
            shadow: false,
        };
        while let Some(part) = parts.next() {
            match part.split_once('=') {
                Some((kind, name)) => key.scope.push(scope(kind, name)?),
                None if part == "shadow" && parts.peek().is_none() => key.shadow = true,
                None => return None,
            }
        }
        Some(key)
    }
}

type Name = Option<Arc<str>>;

fn owner(part: &str) -> Option<(Name, Name)> {
    match part.split_once('=') {
        Some(("server", name)) => Some((Some(unescaped(name)?), None)),
        Some(("shared", name)) => Some((None, Some(unescaped(name)?))),
        None if part == "shared" => Some((None, None)),
        _ => None,
    }
}

fn align(part: &str) -> Option<Align> {
    match part {
        "sliding" => Some(Align::Sliding),
        "calendar" => Some(Align::Calendar),
        _ => {
            let zone = Zone::named(&unescaped(part.strip_prefix("calendar@")?)?)?;
            Some(Align::CalendarIn(zone))
        }
    }
}

fn scope(kind: &str, rest: &str) -> Option<ScopePart> {
    match kind {
        "grant" => Some(ScopePart::Grant(unescaped(rest)?)),
        "session" => Some(ScopePart::Session(unescaped(rest)?)),
        "tool" => Some(ScopePart::Tool(unescaped(rest)?)),
        "call" => Some(ScopePart::Call(unescaped(rest)?)),
        "arg" => {
            let (path, value) = rest.split_once('=')?;
            Some(ScopePart::Argument { path: unescaped(path)?, value: unescaped(value)? })
        }
        _ => None,
    }
}

/// Undoes the percent-encoding.
fn unescaped(part: &str) -> Option<Arc<str>> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        bytes.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
    }
    String::from_utf8(bytes).ok().map(Arc::from)
}
