//! Unescaping of strings that the scan has accepted.

/// The characters that the text between two quotes stands for.
pub(crate) fn chars(inner: &str) -> Unescaped<'_> {
    Unescaped { rest: inner }
}

/// The text between two quotes, unescaped.
pub(crate) fn unescape(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let mut one = chars(escape);
        out.extend(one.next());
        rest = one.rest;
    }
    out.push_str(rest);
    out
}

#[derive(Clone, Debug)]
pub(crate) struct Unescaped<'d> {
    rest: &'d str,
}

impl Iterator for Unescaped<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let first = chars.next()?;
        self.rest = chars.as_str();
        if first != '\\' {
            return Some(first);
        }
        let letter = chars.next()?;
        self.rest = chars.as_str();
        Some(match letter {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => self.unicode(),
            same => same,
        })
    }
}

impl Unescaped<'_> {
    /// The digits behind `\u`, and the other half of a pair. Half a pair, which only
    /// [`skim`](crate::skim) lets through, becomes U+FFFD.
    fn unicode(&mut self) -> char {
        let Some((unit, rest)) = hex4(self.rest) else { return char::REPLACEMENT_CHARACTER };
        self.rest = rest;
        if let Some(char) = char::from_u32(unit) {
            return char;
        }
        let low = rest.strip_prefix("\\u").and_then(hex4);
        match low {
            Some((low @ 0xdc00..=0xdfff, rest)) if unit < 0xdc00 => {
                self.rest = rest;
                let code = 0x1_0000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => char::REPLACEMENT_CHARACTER,
        }
    }
}

fn hex4(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unescapes() {
        let check = |inner: &str, expected: &str| {
            assert_eq!(unescape(inner), expected, "{inner}");
            assert_eq!(chars(inner).collect::<String>(), expected, "{inner}");
        };
        check("", "");
        check("plain é 😀", "plain é 😀");
        check(r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t");
        check(r"a\u0062c", "abc");
        check(r"\u00e9\u00E9", "éé");
        check(r"\ud83d\ude00!", "😀!");
        check(r"\u0000", "\0");
        check(r"\\u0041", r"\u0041");
        check(r"\ud83d", "\u{fffd}");
        check(r"\ud83d\u0041", "\u{fffd}A");
        check(r"\ud83d\ud83d\ude00", "\u{fffd}😀");
        check(r"\ude00x", "\u{fffd}x");
    }
}
