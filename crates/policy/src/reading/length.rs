//! `length_lte` and `length_gte`: characters of a text, items of an array.

use interlock_json::{Decimal, Kind, Value};

use super::Unjudgeable;

/// A number of characters or items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Length(Decimal);

impl Length {
    /// The number is whole and not negative.
    pub(crate) fn new(bound: Decimal) -> Length {
        Length(bound)
    }

    pub(crate) fn bound(self) -> Decimal {
        self.0
    }

    /// Characters are code points: what looks like one letter may be several, and in another encoding take more room.
    pub(super) fn of_text(text: &str) -> Decimal {
        counted(text.chars().count())
    }

    pub(super) fn of(self, value: Value<'_>) -> Result<Decimal, Unjudgeable> {
        match value.kind() {
            Kind::String => Ok(Length::of_text(&value.as_str().unwrap_or_default())),
            Kind::Array => Ok(counted(value.len())),
            _ => Err(Unjudgeable::Type("text or an array")),
        }
    }
}

fn counted(count: usize) -> Decimal {
    u64::try_from(count).unwrap_or(u64::MAX).into()
}
