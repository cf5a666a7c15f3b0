//! What a counter may hold.

use interlock_json::Decimal;

/// The limit on what is counted, this call's amount included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The counter only counts.
    None,
    /// This much, or less.
    AtMost(Decimal),
    /// Less than this.
    Below(Decimal),
}

/// Why an amount does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// What is counted and the amount together exceed the bound.
    #[error("the limit is used up")]
    Over,
    /// The sum is beyond exact arithmetic.
    #[error("the sum is too large to be counted exactly")]
    Overflow,
    /// No call may lower a counter.
    #[error("a negative amount cannot be counted")]
    Negative,
}

impl Bound {
    /// Whether a counter may hold this total.
    #[must_use]
    pub fn holds(&self, total: Decimal) -> bool {
        match self {
            Self::None => true,
            Self::AtMost(most) => total <= *most,
            Self::Below(limit) => total < *limit,
        }
    }

    /// What the counter holds after counting `amount` on top of `total`.
    ///
    /// # Errors
    /// [`Refused`] where it may not be counted.
    pub fn after(&self, total: Decimal, amount: Decimal) -> Result<Decimal, Refused> {
        if amount.is_negative() {
            return Err(Refused::Negative);
        }
        let after = total.checked_add(amount).ok_or(Refused::Overflow)?;
        if self.holds(after) { Ok(after) } else { Err(Refused::Over) }
    }

    /// The number that the bound names.
    #[must_use]
    pub fn limit(&self) -> Option<Decimal> {
        match self {
            Self::None => None,
            Self::AtMost(limit) | Self::Below(limit) => Some(*limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn what_fits() {
        let at_most = Bound::AtMost(number("10"));
        let below = Bound::Below(number("10"));
        for (bound, total, amount, expected) in [
            (Bound::None, "1e30", "1", Ok("1000000000000000000000000000001")),
            (at_most, "9", "1", Ok("10")),
            (at_most, "9", "1.0000000000000000001", Err(Refused::Over)),
            (below, "9", "1", Err(Refused::Over)),
            (below, "9", "0.9999999999", Ok("9.9999999999")),
            (at_most, "0", "-1", Err(Refused::Negative)),
            (Bound::None, "1e38", "1e-38", Err(Refused::Overflow)),
            (at_most, "0", "0", Ok("0")),
        ] {
            assert_eq!(
                bound.after(number(total), number(amount)),
                expected.map(number),
                "{bound:?} {total} {amount}"
            );
        }
    }
}
