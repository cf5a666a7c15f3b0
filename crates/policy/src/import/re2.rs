//! Regular expressions of Go's syntax as ones of this language's, which mean the same.
//!
//! The two agree but for this: Go's `\d`, `\w`, `\s` and `\b` know ASCII only; a class holds no class and no operators; a
//! brace that repeats nothing is a brace; `\Q…\E` quotes.

use std::iter::Peekable;
use std::str::Chars;

/// The expression in this language's syntax; the error says what has no equal.
pub(super) fn translated(pattern: &str) -> Result<String, &'static str> {
    let mut reader = Reader { rest: pattern.chars().peekable(), out: String::with_capacity(pattern.len()) };
    while let Some(character) = reader.rest.next() {
        match character {
            '\\' => reader.escape()?,
            '[' => reader.class()?,
            '{' => reader.brace(),
            other => reader.out.push(other),
        }
    }
    Ok(reader.out)
}

struct Reader<'p> {
    rest: Peekable<Chars<'p>>,
    out: String,
}

/// The characters of `\d`, `\w` and `\s`, as a class holds them.
fn ascii(letter: char) -> Option<&'static str> {
    match letter.to_ascii_lowercase() {
        'd' => Some("0-9"),
        'w' => Some("0-9A-Za-z_"),
        's' => Some(r"\t\n\f\r "),
        _ => None,
    }
}

impl Reader<'_> {
    fn escape(&mut self) -> Result<(), &'static str> {
        let Some(letter) = self.rest.next() else {
            self.out.push('\\');
            return Ok(());
        };
        match (letter, ascii(letter)) {
            (_, Some(members)) => self.bracketed(letter, members),
            ('b', _) => self.out.push_str(r"(?-u:\b)"),
            ('B', _) => return Err(r"`\B` is about ASCII there and about Unicode here"),
            ('Q', _) => self.quote(),
            _ => self.copy_escape(letter),
        }
        Ok(())
    }

    fn bracketed(&mut self, letter: char, members: &str) {
        self.out.push_str(if letter.is_ascii_uppercase() { "[^" } else { "[" });
        self.out.push_str(members);
        self.out.push(']');
    }

    fn copy_escape(&mut self, letter: char) {
        self.out.push('\\');
        self.out.push(letter);
        // The braces of `\x{…}`, `\p{…}` and `\P{…}` repeat nothing and are no characters either.
        if matches!(letter, 'x' | 'p' | 'P') && self.rest.peek() == Some(&'{') {
            for character in self.rest.by_ref() {
                self.out.push(character);
                if character == '}' {
                    break;
                }
            }
        }
    }

    /// `\Q…\E`, or to the end.
    fn quote(&mut self) {
        let mut text = String::new();
        while let Some(character) = self.rest.next() {
            if character == '\\' && self.rest.peek() == Some(&'E') {
                self.rest.next();
                break;
            }
            text.push(character);
        }
        self.out.push_str(&regex_syntax::escape(&text));
    }

    /// What stands behind `[`.
    fn class(&mut self) -> Result<(), &'static str> {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        if self.rest.next_if_eq(&']').is_some() {
            self.out.push_str(r"\]");
        }
        while let Some(character) = self.rest.next() {
            match character {
                ']' => {
                    self.out.push(']');
                    return Ok(());
                }
                '[' if self.rest.peek() == Some(&':') => self.posix(),
                '[' => self.out.push_str(r"\["),
                '\\' => self.class_escape(),
                '&' | '~' => self.out.extend(['\\', character]),
                '-' if self.rest.peek() == Some(&'-') => return Err("`--` in a class is an operator here"),
                other => self.out.push(other),
            }
        }
        Ok(())
    }

    /// `[:alpha:]`
    fn posix(&mut self) {
        self.out.push('[');
        for character in self.rest.by_ref() {
            self.out.push(character);
            if character == ']' {
                break;
            }
        }
    }

    fn class_escape(&mut self) {
        let Some(letter) = self.rest.next() else {
            self.out.push('\\');
            return;
        };
        match ascii(letter) {
            Some(members) if letter.is_ascii_lowercase() => self.out.push_str(members),
            Some(members) => self.bracketed(letter, members),
            None => self.copy_escape(letter),
        }
    }

    /// `{2}`, `{2,}` and `{2,5}` repeat; any other brace is a character.
    fn brace(&mut self) {
        let inside: String = self.rest.clone().take_while(|character| *character != '}').collect();
        let (least, most) = inside.split_once(',').unwrap_or((&inside, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let closed = self.rest.clone().nth(inside.chars().count()) == Some('}');
        let repeats = closed && !least.is_empty() && digits(least) && digits(most);
        self.out.push_str(if repeats { "{" } else { r"\{" });
    }
}

#[cfg(test)]
mod tests {
    use super::translated;

    #[test]
    fn go_says_the_same_in_other_words() {
        #[rustfmt::skip]
        let table = [
            ("^feat/", Ok("^feat/")), (r"^\d+$", Ok("^[0-9]+$")), (r"\D", Ok("[^0-9]")), (r"[\w.-]+@", Ok(r"[0-9A-Za-z_.-]+@")),
            (r"[^\s]", Ok(r"[^\t\n\f\r ]")), (r"[\W]", Ok("[[^0-9A-Za-z_]]")), (r"\bDROP\b", Ok(r"(?-u:\b)DROP(?-u:\b)")),
            (r"\B", Err(r"`\B` is about ASCII there and about Unicode here")), (r"\Qa.b\E.", Ok(r"a\.b.")), (r"\Qa+", Ok(r"a\+")),
            ("[[]", Ok(r"[\[]")), ("[]a]", Ok(r"[\]a]")), ("[^]a]", Ok(r"[^\]a]")), ("[a&&b]", Ok(r"[a\&\&b]")),
            ("[[:alpha:]_]", Ok("[[:alpha:]_]")), ("[a--b]", Err("`--` in a class is an operator here")), ("a{2,5}", Ok("a{2,5}")),
            ("a{2,}", Ok("a{2,}")), ("a{,5}", Ok(r"a\{,5}")), ("{x}", Ok(r"\{x}")), ("a{", Ok(r"a\{")), (r"\x{41}", Ok(r"\x{41}")),
            (r"\pL\p{Greek}", Ok(r"\pL\p{Greek}")), (r"a\.b\\", Ok(r"a\.b\\")), (r"\", Ok(r"\")), ("[a", Ok("[a")), ("é漢", Ok("é漢")),
        ];
        for (pattern, expected) in table {
            assert_eq!(translated(pattern).as_deref(), expected.as_ref().map(|text| *text), "{pattern}");
            if let Ok(text) = expected
                && !matches!(pattern, "\\" | "[a")
            {
                assert!(regex_syntax::parse(text).is_ok(), "{text}");
            }
        }
    }

    #[test]
    fn what_is_ascii_there_is_ascii_here() {
        for (pattern, text, expected) in [
            (r"^\w+$", "abc", true),
            (r"^\w+$", "äbc", false),
            (r"^\d+$", "١٢", false),
            (r"^\S+$", "a\u{a0}b", true),
            (r"^[^\w]+$", "ä", true),
            (r"a\b", "aä", true),
            ("^a{,2}$", "a{,2}", true),
        ] {
            let translated = translated(pattern).unwrap();
            assert_eq!(regex::Regex::new(&translated).unwrap().is_match(text), expected, "{pattern} {text}");
        }
    }
}
