//! Patterns of schemas: ECMA-262's notation, matched in linear time.

use std::iter::Peekable;
use std::str::Chars;

use super::SchemaError;
use crate::describe::quoted;

/// Longest pattern, in bytes.
const MOST_TEXT: usize = 4_096;
/// Sizes that a compiled pattern is tried with, in bytes, and what a byte of text then costs: the slowest way to match
/// takes time for every state at every byte.
const SIZES: [(usize, usize); 3] = [(8 << 10, 1), (64 << 10, 8), (256 << 10, 32)];
/// What the patterns of one schema may take together, in bytes.
const MOST_TOGETHER: usize = 8 << 20;

#[derive(Debug)]
pub(super) struct Pattern {
    text: Box<str>,
    compiled: regex::Regex,
    /// What matching a byte of text costs.
    pub(super) weight: usize,
}

/// What further patterns of a schema may take.
#[derive(Debug)]
pub(super) struct Room(usize);

impl Default for Room {
    fn default() -> Room {
        Room(MOST_TOGETHER)
    }
}

impl Pattern {
    pub(super) fn new(text: &str, room: &mut Room) -> Result<Pattern, SchemaError> {
        let refused = |why: String| SchemaError::Pattern { pattern: quoted(text), why };
        if text.len() > MOST_TEXT {
            return Err(refused(format!("is longer than {MOST_TEXT} bytes")));
        }
        let translated = translate(text).map_err(|why| refused(why.to_owned()))?;
        for (size, weight) in SIZES {
            let Some(left) = room.0.checked_sub(size) else {
                return Err(refused("and those before it are too large together".to_owned()));
            };
            match regex::RegexBuilder::new(&translated).size_limit(size).dfa_size_limit(size).build() {
                Ok(compiled) => {
                    room.0 = left;
                    return Ok(Pattern { text: text.into(), compiled, weight });
                }
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(_) => return Err(refused("is not a regular expression".to_owned())),
            }
        }
        // Trying took as long as compiling it would have.
        room.0 = room.0.saturating_sub(MOST_TOGETHER / 16);
        Err(refused("is too large".to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches anywhere in the text.
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }
}

const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const SPACE: &str = concat!(
    r"\t\n\x0B\x0C\r \x{A0}\x{1680}\x{2000}-\x{200A}",
    r"\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}"
);
const ANY: &str = r"[^\n\r\x{2028}\x{2029}]";

/// The same expression in the notation of our engine. What the two read differently is written so that only one
/// reading is left; what a linear engine cannot do is refused.
fn translate(text: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text.chars().peekable();
    let mut in_class = false;
    let mut before = None;
    while let Some(character) = rest.next() {
        match character {
            '\\' => escape(&mut rest, in_class, &mut out)?,
            '[' if !in_class => {
                out.push('[');
                if rest.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                if rest.peek() == Some(&']') {
                    return Err("has an empty class");
                }
                in_class = true;
            }
            ']' if in_class => {
                out.push(']');
                in_class = false;
            }
            '-' if in_class && before == Some('-') => return Err("has an unclear range"),
            '-' if in_class => out.push('-'),
            _ if in_class => literal(character, &mut out),
            '(' => group(&mut rest, &mut out)?,
            '.' => out.push_str(ANY),
            '{' if !is_quantifier(rest.clone()) => out.push_str(r"\{"),
            '}' if !closes_quantifier(&out) => out.push_str(r"\}"),
            ']' => out.push_str(r"\]"),
            other => out.push(other),
        }
        before = Some(character);
    }
    Ok(out)
}

fn literal(character: char, out: &mut String) {
    if regex_syntax::is_meta_character(character) {
        out.push('\\');
    }
    out.push(character);
}

fn group(rest: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), &'static str> {
    out.push('(');
    if rest.next_if_eq(&'?').is_none() {
        return Ok(());
    }
    match rest.next() {
        Some(':') => out.push_str("?:"),
        Some('<') if !matches!(rest.peek(), Some('=' | '!')) => out.push_str("?<"),
        _ => return Err("looks around or sets flags, which takes more than linear time or another engine"),
    }
    Ok(())
}

/// Whether what follows a `{` makes it a quantifier: `n}`, `n,}` or `n,m}`.
fn is_quantifier(rest: Peekable<Chars<'_>>) -> bool {
    let inside: String = rest.take_while(|character| *character != '}').take(24).collect();
    let (least, most) = inside.split_once(',').unwrap_or((&inside, ""));
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && number(least) && number(most)
}

fn closes_quantifier(out: &str) -> bool {
    let Some((before, inside)) = out.rsplit_once('{') else { return false };
    !before.ends_with('\\') && inside.bytes().all(|byte| byte.is_ascii_digit() || byte == b',')
}

fn escape(rest: &mut Peekable<Chars<'_>>, in_class: bool, out: &mut String) -> Result<(), &'static str> {
    const UNKNOWN: &str = "has an escape that is not known";
    let class = |inner: &str| if in_class { inner.to_owned() } else { format!("[{inner}]") };
    match rest.next().ok_or("ends in a backslash")? {
        'd' => out.push_str(&class(DIGIT)),
        'w' => out.push_str(&class(WORD)),
        's' => out.push_str(&class(SPACE)),
        'D' => out.push_str(&format!("[^{DIGIT}]")),
        'W' => out.push_str(&format!("[^{WORD}]")),
        'S' => out.push_str(&format!("[^{SPACE}]")),
        'b' if in_class => out.push_str(r"\x08"),
        'b' => out.push_str(r"(?-u:\b)"),
        control @ ('t' | 'n' | 'r' | 'f' | 'v') => out.extend(['\\', control]),
        'c' => {
            let letter = rest.next().filter(char::is_ascii_alphabetic).ok_or(UNKNOWN)?;
            out.push_str(&format!(r"\x{:02X}", letter as u32 % 32));
        }
        '0' if !rest.peek().is_some_and(char::is_ascii_digit) => out.push_str(r"\x00"),
        '0'..='9' | 'k' => return Err("refers back to a group, which takes more than linear time"),
        'x' => character(hexadecimal(rest, 2)?, out)?,
        'u' => unicode(rest, out)?,
        property @ ('p' | 'P') => {
            out.extend(['\\', property]);
            if rest.peek() != Some(&'{') {
                return Err(UNKNOWN);
            }
            for inside in rest.by_ref() {
                out.push(inside);
                if inside == '}' {
                    return Ok(());
                }
            }
            return Err(UNKNOWN);
        }
        other if other.is_ascii_alphanumeric() => return Err(UNKNOWN),
        other => literal(other, out),
    }
    Ok(())
}

fn unicode(rest: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), &'static str> {
    if rest.next_if_eq(&'{').is_some() {
        let digits: String = rest.by_ref().take_while(|character| *character != '}').take(8).collect();
        let code = u32::from_str_radix(&digits, 16).map_err(|_| "has an escape that is not known")?;
        return character(code, out);
    }
    let first = hexadecimal(rest, 4)?;
    if !(0xD800..0xDC00).contains(&first) {
        return character(first, out);
    }
    // The other half of a surrogate pair must follow.
    if rest.next() != Some('\\') || rest.next() != Some('u') {
        return Err("has half a surrogate pair");
    }
    let second = hexadecimal(rest, 4)?.checked_sub(0xDC00).filter(|low| *low < 0x400);
    character(0x10000 + ((first - 0xD800) << 10) + second.ok_or("has half a surrogate pair")?, out)
}

fn hexadecimal(rest: &mut Peekable<Chars<'_>>, digits: usize) -> Result<u32, &'static str> {
    let text: String = rest.by_ref().take(digits).collect();
    let sound = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = u32::from_str_radix(&text, 16).ok().filter(|_| sound);
    code.ok_or("has an escape that is not known")
}

fn character(code: u32, out: &mut String) -> Result<(), &'static str> {
    let character = char::from_u32(code).ok_or("has half a surrogate pair")?;
    out.push_str(&format!(r"\x{{{:X}}}", u32::from(character)));
    Ok(())
}
