//! Keys that a reader who ignores case would take for keys of the protocol.

/// The keys that decide what a message means.
const PROTOCOL_KEYS: [&str; 10] =
    ["jsonrpc", "id", "method", "params", "name", "arguments", "uri", "_meta", "result", "error"];

/// The protocol's key that `key` equals under case folding, but not byte for byte.
pub(crate) fn variant_of(key: &str) -> Option<&'static str> {
    let known = if key.is_ascii() {
        PROTOCOL_KEYS.into_iter().find(|known| known.eq_ignore_ascii_case(key))
    } else {
        PROTOCOL_KEYS.into_iter().find(|known| key.chars().map(fold).eq(known.chars()))
    };
    known.filter(|known| *known != key)
}

/// Unicode simple case folding, as far as its results are ASCII (CaseFolding.txt, status C).
fn fold(char: char) -> char {
    match char {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_and_their_twins() {
        let check =
            |key: &str, expected: Option<&'static str>| assert_eq!(variant_of(key), expected, "{key}");
        for key in PROTOCOL_KEYS {
            check(key, None);
            check(&key.to_uppercase(), Some(key));
        }
        check("Id", Some("id"));
        check("iD", Some("id"));
        check("Method", Some("method"));
        check("param\u{17f}", Some("params"));
        check("ARGUMENT\u{17f}", Some("arguments"));
        check("_META", Some("_meta"));
        check("\u{131}d", None);
        check("id ", None);
        check("ids", None);
        check("", None);
        check("names", None);
        check("to\u{212a}en", None);
    }

    /// Every character outside ASCII that the standard library's lower-casing makes ASCII is covered.
    #[test]
    fn no_other_letter_folds_to_ascii() {
        for char in (0x80..=0x10_ffff).filter_map(char::from_u32) {
            let mut lower = char.to_lowercase();
            if let (Some(first), None) = (lower.next(), lower.next())
                && first.is_ascii()
            {
                assert_eq!(fold(char), first, "{char:?}");
            }
        }
    }
}
