use std::str::FromStr;

use super::{Decimal, DecimalError};

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        parse(text)
    }
}

pub(super) fn parse(text: &str) -> Result<Decimal, DecimalError> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    if !is_whole(whole) || fraction.is_some_and(|digits| !is_digits(digits)) {
        return Err(DecimalError::NotANumber);
    }
    let exponent = exponent.map_or(Ok(Exponent::Power(0)), Exponent::parse)?;
    assemble(negative, whole, fraction.unwrap_or_default(), exponent)
}

fn assemble(
    negative: bool,
    whole: &str,
    fraction: &str,
    exponent: Exponent,
) -> Result<Decimal, DecimalError> {
    let fraction = fraction.trim_end_matches('0');
    let mut significand = Significand::default();
    for digit in whole.bytes().chain(fraction.bytes()) {
        significand.push(digit - b'0')?;
    }
    if significand.magnitude == 0 {
        return Ok(Decimal::ZERO);
    }
    let Exponent::Power(power) = exponent else { return Err(DecimalError::OutOfRange) };
    let shift = i64::try_from(fraction.len()).map_err(|_| DecimalError::OutOfRange)?;
    let exponent = power
        .checked_sub(shift)
        .and_then(|power| power.checked_add(significand.zeros))
        .and_then(|power| i32::try_from(power).ok())
        .ok_or(DecimalError::OutOfRange)?;
    Decimal::normalised(significand.magnitude, negative, exponent).ok_or(DecimalError::OutOfRange)
}

/// Digits read so far: `magnitude` followed by `zeros` zeros.
#[derive(Default)]
struct Significand {
    magnitude: u128,
    zeros: i64,
}

impl Significand {
    fn push(&mut self, digit: u8) -> Result<(), DecimalError> {
        if digit == 0 {
            // Zeros count only when a digit follows, so that 1 and a thousand zeros is one digit.
            self.zeros += i64::from(self.magnitude != 0);
            return Ok(());
        }
        let shift = u32::try_from(self.zeros + 1).map_err(|_| DecimalError::OutOfRange)?;
        self.magnitude = 10_u128
            .checked_pow(shift)
            .and_then(|ten| self.magnitude.checked_mul(ten))
            .and_then(|magnitude| magnitude.checked_add(u128::from(digit)))
            .filter(|magnitude| super::digits(*magnitude) <= Decimal::MAX_DIGITS)
            .ok_or(DecimalError::OutOfRange)?;
        self.zeros = 0;
        Ok(())
    }
}

#[derive(Copy, Clone)]
enum Exponent {
    Power(i64),
    /// Beyond anything that could be held, unless the number is 0.
    Beyond,
}

impl Exponent {
    fn parse(text: &str) -> Result<Self, DecimalError> {
        let (negative, digits) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => (false, text),
        };
        if !is_digits(digits) {
            return Err(DecimalError::NotANumber);
        }
        Ok(match digits.parse::<i64>() {
            Ok(power) => Self::Power(if negative { -power } else { power }),
            Err(_) => Self::Beyond,
        })
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// RFC 8259 section 6: no leading zeros.
fn is_whole(text: &str) -> bool {
    is_digits(text) && (text == "0" || !text.starts_with('0'))
}
