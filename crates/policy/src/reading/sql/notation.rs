//! The marks of a statement: those that every reader of a dialect takes alike, whatever its version and its settings.
//!
//! What ends a text, what begins a comment and what separates statements must be beyond doubt before anything is
//! parsed, because a server that draws those borders elsewhere runs another statement than the one that was judged.

use super::depth::Depth;
use super::{Dialect, several};
use crate::reading::{Unjudgeable, is_hidden};

/// Longest statement that is read, in bytes.
const MOST: usize = 65_536;
/// Most brackets inside each other.
const MOST_BRACKETS: usize = 24;
/// Deepest tree, in links. Each may take some kilobytes of a stack of two megabytes.
const MOST_LINKS: usize = 100;

/// Refuses a text whose borders could be drawn in two ways.
pub(super) fn check(dialect: Dialect, text: &str) -> Result<(), Unjudgeable> {
    if text.len() > MOST {
        return Err(format!("is longer than {MOST} bytes").into());
    }
    let mut scan = Scan { dialect, rest: text, before: ' ', word: 0, depth: Depth::new(), ended: false };
    while let Some(character) = scan.rest.chars().next() {
        scan.step(character)?;
    }
    Ok(())
}

struct Scan<'t> {
    dialect: Dialect,
    rest: &'t str,
    /// What stands before `rest`.
    before: char,
    /// How many characters of a word stand right before `rest`.
    word: usize,
    depth: Depth,
    /// A semicolon has been seen.
    ended: bool,
}

impl Scan<'_> {
    fn step(&mut self, character: char) -> Result<(), Unjudgeable> {
        if self.rest.starts_with("--") {
            return self.line_comment();
        }
        if self.rest.starts_with("/*") {
            return self.block_comment();
        }
        if !matches!(character, ' ' | '\t' | '\n' | '\r') && self.ended {
            return Err(several());
        }
        match character {
            ' ' | '\t' | '\n' => {}
            '\r' if self.rest.starts_with("\r\n") => {}
            '\'' | '"' | '`' => return self.quoted(character),
            ';' => self.ended = true,
            '(' | ')' => self.depth.bracket(character == '('),
            ',' => self.depth.comma(),
            '.' => {}
            _ if is_word(character) => return self.word(),
            _ => self.sign(character)?,
        }
        self.advance(character.len_utf8());
        self.bounded()
    }

    fn word(&mut self) -> Result<(), Unjudgeable> {
        let end = self.rest.find(|character| !is_word(character)).unwrap_or(self.rest.len());
        let (word, _) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.depth.word(word);
        self.advance(word.len());
        self.word = word.chars().count();
        self.bounded()
    }

    fn advance(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.before = passed.chars().next_back().unwrap_or(self.before);
        self.rest = rest;
        self.word = 0;
    }

    fn bounded(&self) -> Result<(), Unjudgeable> {
        if self.depth.open() > MOST_BRACKETS || self.depth.depth() > MOST_LINKS {
            return Err("is nested or chained too deeply".into());
        }
        Ok(())
    }

    /// MySQL takes `--` for two minus signs unless a blank follows, and only SQLite ends a text at a lone return.
    fn line_comment(&mut self) -> Result<(), Unjudgeable> {
        let line = self.rest.split('\n').next().unwrap_or_default();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let body = line.strip_prefix("--").unwrap_or_default();
        if !(body.is_empty() || body.starts_with([' ', '\t'])) {
            return Err("holds `--` without a blank after it, which is read in two ways".into());
        }
        if body.chars().any(|character| is_hidden(character) && character != '\t') {
            return Err("holds a control or invisible character".into());
        }
        self.advance(line.len());
        self.before = ' ';
        Ok(())
    }

    /// MySQL runs what stands in `/*! */`, reads hints in `/*+ */`, and does not nest comments as PostgreSQL does.
    fn block_comment(&mut self) -> Result<(), Unjudgeable> {
        let inner = self.rest.strip_prefix("/*").unwrap_or_default();
        let Some((body, _)) = inner.split_once("*/") else {
            return Err("holds a comment that nothing closes".into());
        };
        if body.starts_with(['!', '+', 'M', 'm']) || body.contains("/*") || body.ends_with('/') {
            return Err("holds a comment that some servers run".into());
        }
        let odd = |character: char| is_hidden(character) && !matches!(character, '\n' | '\t' | '\r');
        if body.chars().any(odd) {
            return Err("holds a control or invisible character".into());
        }
        self.advance(body.len() + 4);
        self.before = ' ';
        Ok(())
    }

    /// A text or a name in quotation marks. Whether a backslash escapes depends on the server's settings, so none may
    /// stand where that would move the end.
    fn quoted(&mut self, mark: char) -> Result<(), Unjudgeable> {
        if mark == '`' && self.dialect == Dialect::Postgres {
            return Err("holds a backtick, which is no quotation mark in PostgreSQL".into());
        }
        self.prefix(mark)?;
        let mut backslashes = 0_usize;
        let mut at = mark.len_utf8();
        let mut characters = self.rest.get(at..).unwrap_or_default().chars().peekable();
        while let Some(character) = characters.next() {
            at += character.len_utf8();
            if character == '\0' {
                return Err("holds a control character".into());
            }
            if character == mark {
                if backslashes % 2 == 1 && self.dialect != Dialect::Sqlite {
                    return Err("holds a backslash before a quotation mark, which is read in two ways".into());
                }
                if characters.peek() != Some(&mark) {
                    self.advance(at);
                    return Ok(());
                }
                characters.next();
                at += mark.len_utf8();
            }
            backslashes = if character == '\\' { backslashes + 1 } else { 0 };
        }
        Err("holds a quotation mark that nothing closes".into())
    }

    /// Letters right before a quotation mark change how it is read. Known are `E`, `B`, `X` and `N` on their own.
    fn prefix(&self, mark: char) -> Result<(), Unjudgeable> {
        let letter = matches!(self.before, 'e' | 'E' | 'b' | 'B' | 'x' | 'X' | 'n' | 'N');
        let known = letter && self.word == 1 && mark == '\'';
        let joined = self.word > 0 || matches!(self.before, '$' | '&' | '@');
        if joined && !known {
            return Err("holds letters right before a quotation mark, which change how it is read".into());
        }
        Ok(())
    }

    fn sign(&mut self, character: char) -> Result<(), Unjudgeable> {
        let postgres = self.dialect == Dialect::Postgres;
        let rest = self.rest;
        let fits = match character {
            '=' | '<' | '>' | '!' | '+' | '-' | '*' | '/' | '%' | '|' | '&' | '^' | '~' | '?' => true,
            // A cast, or a parameter such as `:name`; not an assignment.
            ':' => !rest.starts_with(":="),
            // A parameter such as `$1`; not `$$`.
            '$' => {
                let numbered =
                    rest.get(1..).is_some_and(|after| after.starts_with(|next: char| next.is_ascii_digit()));
                numbered && self.word == 0 && self.before != '$'
            }
            '[' | ']' => postgres,
            '#' => postgres && ["#>", "#-"].iter().any(|known| rest.starts_with(known)),
            '@' => {
                postgres
                    && (self.before == '<'
                        || self.before == '@'
                        || ["@>", "@@", "@?"].iter().any(|known| rest.starts_with(known)))
            }
            _ => false,
        };
        if !fits {
            let shown = if is_hidden(character) {
                "a control or invisible character".to_owned()
            } else {
                format!("`{character}`")
            };
            return Err(format!("holds {shown} where it is not read alike everywhere").into());
        }
        match character {
            '[' | ']' => self.depth.bracket(character == '['),
            // One sign of several characters is one link.
            _ if is_sign(self.before) => {}
            _ => self.depth.sign(),
        }
        Ok(())
    }
}

/// Letters and digits of any script belong to words in every dialect.
fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

fn is_sign(character: char) -> bool {
    "=<>!+-*/%|&^~?:#@".contains(character)
}
