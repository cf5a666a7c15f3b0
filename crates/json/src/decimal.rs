mod display;
mod parse;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::ops::Neg;

use thiserror::Error;

/// An exact decimal number: a coefficient of at most 38 digits times a power of ten.
///
/// Equality, order and hash are those of the number, not of its notation: `1`, `1.0` and `1e0` are one
/// value, and so are `-0` and `0`. Arithmetic is exact or fails; nothing is ever rounded.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// No trailing zero, unless it is 0.
    coefficient: i128,
    /// 0 where the coefficient is 0.
    exponent: i32,
}

/// Why a text is not a [`Decimal`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum DecimalError {
    /// Not a number by the grammar of RFC 8259 section 6.
    #[error("not a number")]
    NotANumber,
    /// More than 38 significant digits, or an exponent beyond ±[`Decimal::MAX_EXPONENT`].
    #[error("number out of range")]
    OutOfRange,
}

impl Decimal {
    /// 0
    pub const ZERO: Self = Self { coefficient: 0, exponent: 0 };
    /// 1
    pub const ONE: Self = Self { coefficient: 1, exponent: 0 };
    /// Significant digits at most.
    pub const MAX_DIGITS: u32 = 38;
    /// The largest power of ten, in either direction, that the coefficient is multiplied with.
    pub const MAX_EXPONENT: i32 = 9_999;

    /// Reads a number in JSON's notation, from its whole text.
    ///
    /// # Errors
    /// [`DecimalError::NotANumber`] for everything else, [`DecimalError::OutOfRange`] for a number that
    /// cannot be held exactly.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        parse::parse(text)
    }

    /// The sum; `None` where it cannot be held exactly.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if self.is_zero() || other.is_zero() {
            return Some(if self.is_zero() { other } else { self });
        }
        let exponent = self.exponent.min(other.exponent);
        // Where scaling overflows, the exact sum has more than 38 digits: its last digit is that of the
        // operand with the smaller exponent, which is not 0, and its first stands above 10^38.
        let a = self.magnitude_at(exponent)?;
        let b = other.magnitude_at(exponent)?;
        let (magnitude, negative) = if self.is_negative() == other.is_negative() {
            (a.checked_add(b)?, self.is_negative())
        } else {
            (a.abs_diff(b), if a > b { self.is_negative() } else { other.is_negative() })
        };
        Self::normalised(magnitude, negative, exponent)
    }

    /// The difference; `None` where it cannot be held exactly.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(-other)
    }

    /// Whether the number is below 0.
    pub const fn is_negative(self) -> bool {
        self.coefficient < 0
    }

    /// Whether the number is 0.
    pub const fn is_zero(self) -> bool {
        self.coefficient == 0
    }

    /// Whether the number has no fractional part.
    pub const fn is_integer(self) -> bool {
        self.exponent >= 0
    }

    /// The integer, where the number is one that fits.
    pub fn to_i128(self) -> Option<i128> {
        let exponent = u32::try_from(self.exponent).ok()?;
        self.coefficient.checked_mul(10_i128.checked_pow(exponent)?)
    }

    /// Whether the number is a whole number of times `step`; nothing but 0 is a multiple of 0.
    pub fn is_multiple_of(self, step: Self) -> bool {
        if self.is_zero() || step.is_zero() {
            return self.is_zero();
        }
        // The coefficient does not end in 0, so it is no multiple of a larger power of ten.
        let Ok(shift) = u32::try_from(self.exponent - step.exponent) else { return false };
        let modulus = step.coefficient.unsigned_abs();
        let mut remainder = self.coefficient.unsigned_abs() % modulus;
        for _ in 0..shift {
            if remainder == 0 {
                break;
            }
            remainder = times_ten(remainder, modulus);
        }
        remainder == 0
    }

    fn normalised(mut magnitude: u128, negative: bool, mut exponent: i32) -> Option<Self> {
        if magnitude == 0 {
            return Some(Self::ZERO);
        }
        while magnitude.is_multiple_of(10) {
            magnitude /= 10;
            exponent = exponent.checked_add(1)?;
        }
        if digits(magnitude) > Self::MAX_DIGITS || exponent.abs() > Self::MAX_EXPONENT {
            return None;
        }
        let coefficient = i128::try_from(magnitude).ok()?;
        Some(Self { coefficient: if negative { -coefficient } else { coefficient }, exponent })
    }

    /// The coefficient's magnitude for a smaller exponent.
    fn magnitude_at(self, exponent: i32) -> Option<u128> {
        let shift = u32::try_from(self.exponent - exponent).ok()?;
        self.coefficient.unsigned_abs().checked_mul(10_u128.checked_pow(shift)?)
    }

    /// The power of ten behind the first digit: 0.5 has 0, 5 has 1, 50 has 2.
    const fn magnitude(self) -> i32 {
        digits(self.coefficient.unsigned_abs()) as i32 + self.exponent
    }

    fn cmp_magnitude(self, other: Self) -> Ordering {
        self.magnitude().cmp(&other.magnitude()).then_with(|| {
            // The first digits stand at the same place, so the shorter coefficient is filled up to at
            // most 38 digits, which cannot overflow.
            let exponent = self.exponent.min(other.exponent);
            self.magnitude_at(exponent).cmp(&other.magnitude_at(exponent))
        })
    }
}

/// `10 * number % modulus` for a number below the modulus, which is below 10^38.
const fn times_ten(number: u128, modulus: u128) -> u128 {
    // Three times 10^38 is what fits, so it is done by doubling: 10n = 2(4n + n).
    let twice = 2 * number % modulus;
    let four_times = 2 * twice % modulus;
    2 * ((four_times + number) % modulus) % modulus
}

const fn digits(number: u128) -> u32 {
    match number.checked_ilog10() {
        Some(log) => log + 1,
        None => 1,
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.coefficient.signum(), other.coefficient.signum()) {
            (1, 1) => self.cmp_magnitude(*other),
            (-1, -1) => other.cmp_magnitude(*self),
            (a, b) => a.cmp(&b),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Neg for Decimal {
    type Output = Self;

    fn neg(self) -> Self {
        // At most 38 digits, so there is always an opposite.
        Self { coefficient: -self.coefficient, exponent: self.exponent }
    }
}

impl Default for Decimal {
    fn default() -> Self {
        Self::ZERO
    }
}

macro_rules! from_integer {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Decimal {
            fn from(integer: $integer) -> Self {
                let mut coefficient = i128::from(integer);
                let mut exponent = 0;
                while coefficient != 0 && coefficient % 10 == 0 {
                    coefficient /= 10;
                    exponent += 1;
                }
                Self { coefficient, exponent }
            }
        }
    )*};
}

from_integer!(i32, u32, i64, u64);
