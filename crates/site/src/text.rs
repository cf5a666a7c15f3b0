//! Texts of others, as pages may show them: nothing in them is obeyed, nothing hides, and none is endless.

use std::fmt::{self, Display, Formatter, Write as _};

use askama::filters::HtmlSafe;
use interlock_json::is_deceptive;

/// Text as HTML. Letters that hide or deceive are marked as escapes; what goes on beyond the bound is left out, and said to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'t> {
    text: &'t str,
    letters: usize,
    lines: bool,
}

/// A name or another text of one line.
pub(crate) fn line(text: &str, letters: usize) -> Shown<'_> {
    Shown { text, letters, lines: false }
}

/// Text of several lines, which keeps them.
pub(crate) fn lines(text: &str, letters: usize) -> Shown<'_> {
    Shown { text: text.trim(), letters, lines: true }
}

impl HtmlSafe for Shown<'_> {}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("<bdi>")?;
        let mut letters = self.text.chars();
        for c in letters.by_ref().take(self.letters) {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' if self.lines => f.write_char('\n')?,
                '\r' if self.lines => {}
                '\t' if self.lines => f.write_char(' ')?,
                '\n' | '\t' => f.write_char(' ')?,
                c if is_deceptive(c) => write!(f, "<mark>{}</mark>", c.escape_unicode())?,
                c => f.write_char(c)?,
            }
        }
        f.write_str("</bdi>")?;
        match letters.count() {
            0 => Ok(()),
            more => write!(f, "… <span class=\"cut\">({} more letters are not shown)</span>", count(more)),
        }
    }
}

/// The same as text without any markup, for titles and for what the search shows: one line, blanks in a row made one.
pub(crate) fn plain(text: &str, letters: usize) -> String {
    let mut out = String::with_capacity(text.len().min(letters + 4));
    let mut taken = 0;
    for c in text.trim_start().chars() {
        if taken >= letters {
            out.truncate(out.trim_end().len());
            out.push('…');
            break;
        }
        match c {
            ' ' | '\n' | '\t' | '\r' if out.ends_with(' ') => continue,
            '\n' | '\t' | '\r' => out.push(' '),
            c if is_deceptive(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
        taken += 1;
    }
    out.truncate(out.trim_end().len());
    out
}

/// A number with its thousands apart.
pub(crate) fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of things, in words.
pub(crate) fn things(number: usize, one: &str) -> String {
    format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_obeyed_or_hides() {
        for (text, expected) in [
            ("plain", "plain"),
            ("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"),
            ("\" onload=\"x", "&quot; onload=&quot;x"),
            ("a&amp;b", "a&amp;amp;b"),
            ("exe\u{202e}gpj", "exe<mark>\\u{202e}</mark>gpj"),
            ("\u{1b}[2J\u{0}", "<mark>\\u{1b}</mark>[2J<mark>\\u{0}</mark>"),
            ("a\u{200b}b\u{feff}", "a<mark>\\u{200b}</mark>b<mark>\\u{feff}</mark>"),
            ("a\u{e0041}b", "a<mark>\\u{e0041}</mark>b"),
            ("a\nb", "a b"),
            ("עברית 漢字", "עברית 漢字"),
        ] {
            assert_eq!(line(text, 1000).to_string(), format!("<bdi>{expected}</bdi>"), "{text:?}");
        }
        assert_eq!(lines(" a\r\n\tb ", 100).to_string(), "<bdi>a\n b</bdi>");
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let text = "ü".repeat(2000);
        let shown = line(&text, 10).to_string();
        assert!(shown.starts_with(&format!("<bdi>{}</bdi>…", "ü".repeat(10))), "{shown}");
        assert!(shown.contains("(1,990 more letters are not shown)"), "{shown}");
        assert_eq!(plain("a  b\n c", 100), "a b c");
        assert_eq!(plain("abc def", 4), "abc…");
        assert_eq!(plain("<b>\u{202e}", 9), "<b>\\u{202e}");
    }

    #[test]
    fn numbers_are_read_at_a_glance() {
        for (number, expected) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (800_000, "800,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(number), expected);
        }
        assert_eq!((things(1, "tool"), things(2, "tool")), ("1 tool".to_owned(), "2 tools".to_owned()));
    }
}
