use std::fmt;

use super::Decimal;

/// Longest run of digits written without an exponent, as in ECMAScript's Number::toString.
const PLAIN_DIGITS: i32 = 21;
/// Zeros at most between the point and the first digit.
const PLAIN_ZEROS: i32 = 6;

impl fmt::Display for Decimal {
    /// Plain notation where it is short (`0.25`, `1500`), an exponent elsewhere (`1e+400`); both are JSON
    /// numbers and parse back to the same value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_negative() { "-" } else { "" };
        let digits = self.coefficient.unsigned_abs().to_string();
        let point = self.magnitude();
        f.write_str(sign)?;
        if self.exponent >= 0 && point <= PLAIN_DIGITS {
            f.write_str(&digits)?;
            zeros(f, self.exponent)
        } else if self.exponent < 0 && point > 0 {
            let (whole, fraction) =
                usize::try_from(point).ok().and_then(|at| digits.split_at_checked(at)).unwrap_or_default();
            write!(f, "{whole}.{fraction}")
        } else if self.exponent < 0 && point >= -PLAIN_ZEROS {
            f.write_str("0.")?;
            zeros(f, -point)?;
            f.write_str(&digits)
        } else {
            scientific(f, &digits, point - 1)
        }
    }
}

fn zeros(f: &mut fmt::Formatter<'_>, count: i32) -> fmt::Result {
    (0..count).try_for_each(|_| f.write_str("0"))
}

fn scientific(f: &mut fmt::Formatter<'_>, digits: &str, power: i32) -> fmt::Result {
    let (first, rest) = digits.split_at_checked(1).unwrap_or_default();
    let point = if rest.is_empty() { "" } else { "." };
    write!(f, "{first}{point}{rest}e{power:+}")
}
