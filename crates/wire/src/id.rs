use std::borrow::Cow;
use std::fmt;

use interlock_json::{Kind, Value, canonical};

/// A request's id in a message: a string or an integer from -2^63 to 2^64 - 1.
///
/// `1.0`, `1e0`, `null` and the like are refused: JSON-RPC 2.0 section 4 says that numbers should not be
/// fractional, MCP that an id must not be null, and peers disagree whether `1` and `1.0` are the same.
#[derive(Copy, Clone, Debug)]
pub struct Id<'m> {
    value: Value<'m>,
}

/// A request's id on its own, equal where the values are: `"a"` and `"\u0061"` are one id, `1` and `"1"`
/// are two.
///
/// Displayed as JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId {
    /// Canonical JSON, so that equal ids are equal texts.
    json: Box<str>,
}

impl<'m> Id<'m> {
    /// `None` where the value is no id.
    pub(crate) fn new(value: Value<'m>) -> Option<Self> {
        let valid = match value.kind() {
            Kind::String => true,
            Kind::Number => integer(value.raw()).is_some(),
            _ => false,
        };
        valid.then_some(Self { value })
    }

    /// The id as it stands in the message.
    pub fn raw(self) -> &'m str {
        self.value.raw()
    }

    /// The value in the message.
    pub fn value(self) -> Value<'m> {
        self.value
    }

    /// The integer, where the id is one that fits.
    pub fn as_u64(self) -> Option<u64> {
        self.value.as_number()?.parse().ok()
    }

    /// The string, where the id is one.
    pub fn as_str(self) -> Option<Cow<'m, str>> {
        self.value.as_str()
    }

    /// The id on its own.
    pub fn to_request_id(self) -> RequestId {
        match self.value.as_number().and_then(integer) {
            Some(integer) => RequestId { json: integer.to_string().into() },
            None => RequestId { json: canonical::to_string(self.value).into() },
        }
    }
}

/// The integer, where a number's text is one without fraction or exponent, and in range.
fn integer(text: &str) -> Option<i128> {
    let integer = text.parse::<i128>().ok()?;
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&integer).then_some(integer)
}

impl RequestId {
    /// The id that a value is; `None` where it is none.
    pub fn from_value(value: Value<'_>) -> Option<Self> {
        Id::new(value).map(Id::to_request_id)
    }

    /// The id as JSON.
    pub fn raw(&self) -> &str {
        &self.json
    }

    /// The integer, where the id is one that fits.
    pub fn as_u64(&self) -> Option<u64> {
        self.json.parse().ok()
    }
}

impl From<u64> for RequestId {
    fn from(id: u64) -> Self {
        Self { json: id.to_string().into() }
    }
}

impl From<&str> for RequestId {
    /// The string id with this text.
    fn from(text: &str) -> Self {
        let mut json = String::with_capacity(text.len() + 2);
        canonical::write_str(text, &mut json);
        Self { json: json.into() }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.json)
    }
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.raw())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use interlock_json::{Limits, scan};

    fn id(text: &str) -> Option<RequestId> {
        RequestId::from_value(scan(text, &Limits::default()).unwrap().root())
    }

    #[test]
    fn what_is_an_id_and_what_is_not() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(id(text).as_ref().map(RequestId::raw), expected, "{text}");
        };
        check("0", Some("0"));
        check("-1", Some("-1"));
        check("18446744073709551615", Some("18446744073709551615"));
        check("18446744073709551616", None);
        check("-9223372036854775808", Some("-9223372036854775808"));
        check("-9223372036854775809", None);
        check(r#""""#, Some(r#""""#));
        check(r#""a""#, Some(r#""a""#));
        check(r#""\u0061\/\n""#, Some(r#""a/\n""#));
        check("1.0", None);
        check("1e0", None);
        check("null", None);
        check("true", None);
        check("[1]", None);
        check("{}", None);
    }

    #[test]
    fn equal_by_value() {
        assert_eq!(id(r#""a""#), id(r#""\u0061""#));
        assert_eq!(id("0"), id("-0"));
        assert_ne!(id("1"), id(r#""1""#));
        assert_eq!(id("7"), Some(RequestId::from(7)));
        assert_eq!(id(r#""\"7""#), Some(RequestId::from("\"7")));
        assert_eq!(id("7").unwrap().as_u64(), Some(7));
        assert_eq!(id(r#""7""#).unwrap().as_u64(), None);
    }
}
