//! Numbers of calls as CEL knows them: an int64 or a double, exactly.

use std::cmp::Ordering;

use interlock_json::Decimal;

/// A number of CEL.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Int(i64),
    Double(f64),
}

/// 2^63 as a double: every int64 is below it.
const BEYOND_INT: f64 = 9_223_372_036_854_775_808.0;

/// The number with this exact value. A fraction is exact where it is the shortest text of a double: no two such
/// numbers share one, so comparing the doubles compares the numbers.
pub(super) fn exact(number: Decimal) -> Option<Number> {
    if number.is_integer() {
        return whole(number.to_i128()?);
    }
    let double: f64 = number.to_string().parse().ok()?;
    let written = Decimal::parse(&double.to_string()).ok()?;
    (double.is_finite() && written == number).then_some(Number::Double(double))
}

fn whole(int: i128) -> Option<Number> {
    if let Ok(int) = i64::try_from(int) {
        return Some(Number::Int(int));
    }
    #[expect(clippy::cast_precision_loss, reason = "it is looked at next whether any was lost")]
    let double = int as f64;
    #[expect(clippy::cast_possible_truncation, reason = "a cast that is out of range gives another number")]
    let back = double as i128;
    (back == int).then_some(Number::Double(double))
}

/// Compares without rounding an int64 to a double.
pub(super) fn compare(a: Number, b: Number) -> Option<Ordering> {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => Some(a.cmp(&b)),
        (Number::Double(a), Number::Double(b)) => a.partial_cmp(&b),
        (Number::Int(a), Number::Double(b)) => int_and_double(a, b),
        (Number::Double(a), Number::Int(b)) => int_and_double(b, a).map(Ordering::reverse),
    }
}

fn int_and_double(int: i64, double: f64) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    if double >= BEYOND_INT {
        return Some(Ordering::Less);
    }
    if double < -BEYOND_INT {
        return Some(Ordering::Greater);
    }
    let whole = double.floor();
    // Within the range of int64, so that nothing is cut off.
    #[expect(clippy::cast_possible_truncation, reason = "the bounds are checked above")]
    let floor = whole as i64;
    Some(int.cmp(&floor).then(if double > whole { Ordering::Less } else { Ordering::Equal }))
}

/// The whole number that a double is rounded to towards zero, where there is one.
pub(super) fn truncated(double: f64) -> Option<i64> {
    let whole = double.trunc();
    #[expect(clippy::cast_possible_truncation, reason = "the bounds are checked here")]
    (-BEYOND_INT..BEYOND_INT).contains(&whole).then_some(whole as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exact_and_what_is_not() {
        let check = |text: &str, expected: Option<Number>| {
            assert_eq!(exact(text.parse().unwrap()), expected, "{text}");
        };
        check("0", Some(Number::Int(0)));
        check("-0", Some(Number::Int(0)));
        check("1.0", Some(Number::Int(1)));
        check("1e3", Some(Number::Int(1000)));
        check("9007199254740993", Some(Number::Int(9_007_199_254_740_993)));
        check("9223372036854775807", Some(Number::Int(i64::MAX)));
        check("-9223372036854775808", Some(Number::Int(i64::MIN)));
        check("9223372036854775808", Some(Number::Double(9_223_372_036_854_775_808.0)));
        check("9223372036854775809", None);
        check("0.5", Some(Number::Double(0.5)));
        check("9.99", Some(Number::Double(9.99)));
        check("0.1000000000000000055511151231257827", None);
        check("9.990000000000000000001", None);
        check("1e400", None);
        check("1e300", None);
        check("9223372036854776000", None);
        check("18446744073709551616", Some(Number::Double(18_446_744_073_709_551_616.0)));
    }

    #[test]
    fn whole_numbers_and_fractions_compare_exactly() {
        let check = |int: i64, double: f64, expected: Option<Ordering>| {
            assert_eq!(compare(Number::Int(int), Number::Double(double)), expected, "{int} {double}");
            let turned = compare(Number::Double(double), Number::Int(int));
            assert_eq!(turned, expected.map(Ordering::reverse), "{double} {int}");
        };
        check(1, 1.0, Some(Ordering::Equal));
        check(1, 1.5, Some(Ordering::Less));
        check(-1, -1.5, Some(Ordering::Greater));
        check(i64::MAX, 9_223_372_036_854_775_808.0, Some(Ordering::Less));
        check(i64::MIN, -9_223_372_036_854_775_808.0, Some(Ordering::Equal));
        check(9_007_199_254_740_993, 9_007_199_254_740_992.0, Some(Ordering::Greater));
        check(0, f64::NAN, None);
        check(0, f64::INFINITY, Some(Ordering::Less));
        check(0, f64::NEG_INFINITY, Some(Ordering::Greater));
    }
}
