//! Values that are no plain ASCII travel as `=?base64?…?=` (2026-07-28, "Streamable HTTP", "Value Encoding").

use std::borrow::Cow;

const PREFIX: &str = "=?base64?";
const SUFFIX: &str = "?=";
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A text as the value of a header: itself where every reader reads the same, otherwise its base64.
pub fn encode(text: &str) -> Cow<'_, str> {
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let padded = text.starts_with(' ') || text.ends_with(' ');
    let marked = text.starts_with(PREFIX) && text.ends_with(SUFFIX);
    if plain && !padded && !marked {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{PREFIX}{}{SUFFIX}", to_base64(text.as_bytes())))
}

/// The text that a header's value stands for; `None` for base64 that is none. Only the one way of writing it
/// is read: with padding, and without bits that mean nothing.
pub fn decode(value: &str) -> Option<Cow<'_, str>> {
    let Some(inner) = value.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX)) else {
        return Some(Cow::Borrowed(value));
    };
    let bytes = from_base64(inner.as_bytes()).filter(|bytes| to_base64(bytes) == inner)?;
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// RFC 4648, section 4.
fn to_base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| (group << 8) | u32::from(*byte));
        let group = group << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let digit = ALPHABET.get((group >> (18 - 6 * index)) as usize & 0x3f);
            let digit = digit.filter(|_| index <= chunk.len());
            out.push(digit.map_or('=', |digit| char::from(*digit)));
        }
    }
    out
}

/// The bytes, leniently as to the bits of the last digit, which the caller compares.
fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    for chunk in text.chunks(4) {
        let digits = chunk.iter().position(|byte| *byte == b'=').unwrap_or(4);
        let mut group = 0_u32;
        for index in 0..4 {
            let byte = chunk.get(index).filter(|_| index < digits);
            let digit = match byte {
                Some(byte) => ALPHABET.iter().position(|digit| digit == byte)?,
                None => 0,
            };
            group = (group << 6) | u32::try_from(digit).ok()?;
        }
        out.extend(group.to_be_bytes().iter().skip(1).take(digits.checked_sub(1)?));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_the_specification() {
        for (text, value) in [
            ("us-west1", "us-west1"),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
            ("", ""),
            ("a b", "a b"),
            ("=?base64?=", "=?base64?PT9iYXNlNjQ/PQ==?="),
            ("=?BASE64?YQ==?=", "=?BASE64?YQ==?="),
        ] {
            assert_eq!(encode(text), value);
            assert_eq!(decode(value).as_deref(), Some(text));
        }
    }

    #[test]
    fn base64_is_read_in_one_way_only() {
        for value in ["YQ", "YQ=", "YR==", "Y===", "====", "YQ==YQ==", "Y Q==", "_-8=", "YQ==\t", "/w=="] {
            assert_eq!(decode(&format!("=?base64?{value}?=")), None, "{value}");
        }
        assert_eq!(decode("=?base64??=").as_deref(), Some(""));
        assert_eq!(decode("=?base64?YQ==").as_deref(), Some("=?base64?YQ=="), "not marked at its end");
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(text in any::<String>()) {
            let value = encode(&text).into_owned();
            prop_assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            prop_assert_eq!(value.trim(), &value);
            prop_assert_eq!(decode(&value), Some(Cow::Borrowed(&*text)));
        }
    }
}
