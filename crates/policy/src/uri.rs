//! Resources are named by URIs, and servers read different texts as the same resource. Policies go by the text: where
//! a text can be read as another, what they say of names does not tell what would be read.

use std::borrow::Cow;

/// How often a URI is decoded: once by its reader, once more by one that reads it twice.
const DECODINGS: usize = 2;

/// Whether a URI is read as its text by every reader: no `.` or `..` between its separators, no backslash, no control
/// character, and nothing of these nor of letters, digits and `/` behind percent signs, also encoded twice.
pub(crate) fn is_plain(uri: &str) -> bool {
    let mut text = Cow::Borrowed(uri);
    for _ in 0..DECODINGS {
        if !is_plain_text(&text) {
            return false;
        }
        match decode(&text) {
            Decoded::Unchanged => return true,
            Decoded::Ambiguous => return false,
            Decoded::Text(decoded) => text = Cow::Owned(decoded),
        }
    }
    is_plain_text(&text) && matches!(decode(&text), Decoded::Unchanged)
}

fn is_plain_text(text: &str) -> bool {
    let odd = |char: char| char == '\\' || char.is_ascii_control();
    let mut pieces = text.split(['/', '?', '#', ':', ';']);
    !text.contains(odd) && !pieces.any(|piece| piece == "." || piece == "..")
}

enum Decoded {
    /// Nothing was encoded.
    Unchanged,
    /// Something was encoded that need not be, or is no text.
    Ambiguous,
    Text(String),
}

/// RFC 3986, section 2: unreserved characters mean the same encoded or not; others may not.
fn decode(text: &str) -> Decoded {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    let mut changed = false;
    while let Some(byte) = bytes.next() {
        let Some(encoded) = (byte == b'%').then(|| hexadecimal(bytes.clone())).flatten() else {
            decoded.push(byte);
            continue;
        };
        if encoded.is_ascii_alphanumeric() || b"-._~/\\".contains(&encoded) {
            return Decoded::Ambiguous;
        }
        decoded.push(encoded);
        changed = true;
        bytes.nth(1);
    }
    match String::from_utf8(decoded) {
        _ if !changed => Decoded::Unchanged,
        Ok(text) => Decoded::Text(text),
        Err(_) => Decoded::Ambiguous,
    }
}

/// The byte that two hexadecimal digits stand for.
fn hexadecimal(mut digits: impl Iterator<Item = u8>) -> Option<u8> {
    let mut digit = || char::from(digits.next()?).to_digit(16);
    let value = digit()? * 16 + digit()?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn what_can_be_read_as_another() {
        for uri in [
            "file:///public/../etc/shadow",
            "file:///public/..",
            "file:///public/./a",
            "file:..",
            "..",
            "file:///public/%2e%2e/etc/shadow",
            "file:///public/.%2E/etc/shadow",
            "file:///public/%252e%252e/etc/shadow",
            "file:///public/%25252e%25252e/etc/shadow",
            "file:///public/..%2fetc/shadow",
            "file:///public/a%2Fb",
            "file:///public/a%252fb",
            "file:///public/..\\etc",
            "file:///public/a%5cb",
            "file:///public/a%255Cb",
            "file:///public/.\t./etc",
            "file:///public/a%00.txt",
            "file:///public/%73ecret",
            "file:///public/%2573ecret",
            "file:///public/%c0%ae%c0%ae/etc",
            "file:///public/..;a=b/etc",
            "http://host/a?b#../c",
        ] {
            assert!(!is_plain(uri), "{uri}");
        }
    }

    #[test]
    fn what_cannot() {
        for uri in [
            "",
            "file:///public/a.txt",
            "file:///public/.hidden",
            "file:///public/..a/b../...",
            "file:///public/a%20b%C3%A9%23%3f",
            "file:///public/a%2520b",
            "file:///public/100%",
            "file:///public/%zz%2",
            "file:///public/a b\u{e9}",
            "file:///public/{+path}",
            "http://host:80/a?b=c&d=.e#f",
            "memo://insights",
            "urn:isbn:0451450523",
        ] {
            assert!(is_plain(uri), "{uri}");
        }
    }
}
