use super::*;

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn notation_does_not_matter() {
    let check = |a: &str, b: &str| {
        assert_eq!(decimal(a), decimal(b), "{a} {b}");
        assert_eq!(decimal(a).cmp(&decimal(b)), Ordering::Equal);
    };
    check("1", "1.0");
    check("1", "1e0");
    check("1", "10e-1");
    check("1", "0.001E+3");
    check("-0", "0");
    check("-0.000e5", "0");
    check("0e999999999999999999999999", "0");
    check("0e-999999999999999999999999", "0");
    check("100", "1e2");
    check("1e00000000000000000000000002", "100");
    check("123.4500", "123.45");
    check(&format!("1{}", "0".repeat(400)), "1e400");
    check(&format!("1.{}", "0".repeat(400)), "1");
    check(&format!("0.{}1", "0".repeat(399)), "1e-400");
}

#[test]
fn order_is_numeric() {
    let ascending = [
        "-1e9999",
        "-99999999999999999999999999999999999999",
        "-1.5",
        "-1.25",
        "-1e-400",
        "0",
        "1e-9999",
        "1e-400",
        "0.09",
        "0.1",
        "0.10000000000000000000000000000000000001",
        "1",
        "9.99",
        "10",
        "9007199254740992",
        "9007199254740993",
        "99999999999999999999999999999999999999",
        "1e38",
        "1e400",
        "99999999999999999999999999999999999999e9999",
    ];
    for (i, a) in ascending.iter().enumerate() {
        for (j, b) in ascending.iter().enumerate() {
            assert_eq!(decimal(a).cmp(&decimal(b)), i.cmp(&j), "{a} {b}");
        }
    }
}

#[test]
fn refusals_and_their_twins() {
    use DecimalError::{NotANumber, OutOfRange};
    let check = |bad: &str, error: DecimalError, good: &str| {
        assert_eq!(Decimal::parse(bad), Err(error), "{bad}");
        assert!(Decimal::parse(good).is_ok(), "{good}");
    };
    check("", NotANumber, "0");
    check("-", NotANumber, "-0");
    check("+1", NotANumber, "1");
    check(" 1", NotANumber, "1");
    check("01", NotANumber, "0");
    check("1.", NotANumber, "1.0");
    check(".5", NotANumber, "0.5");
    check("1e", NotANumber, "1e1");
    check("1e+", NotANumber, "1e+1");
    check("1e1.5", NotANumber, "1e1");
    check("1.5.5", NotANumber, "1.55");
    check("--1", NotANumber, "-1");
    check("1_000", NotANumber, "1000");
    check("NaN", NotANumber, "0");
    check("Infinity", NotANumber, "1e400");
    check("0x10", NotANumber, "10");
    check("١", NotANumber, "1");
    check("1e999999999", OutOfRange, "1e9999");
    check("1e-999999999", OutOfRange, "1e-9999");
    check("1e99999999999999999999", OutOfRange, "0e99999999999999999999");
    check("10e9999", OutOfRange, "10e9998");
    check("999999999999999999999999999999999999999", OutOfRange, "99999999999999999999999999999999999999");
    check("1.00000000000000000000000000000000000001", OutOfRange, "1.0000000000000000000000000000000000001");
    check("340282366920938463463374607431768211456", OutOfRange, "34028236692093846346337460743176821145");
}

#[test]
fn printing() {
    let check = |text: &str, expected: &str| assert_eq!(decimal(text).to_string(), expected);
    check("0", "0");
    check("-0.0", "0");
    check("1.50", "1.5");
    check("-12.34", "-12.34");
    check("1500", "1500");
    check("1e20", "100000000000000000000");
    check("1e21", "1e+21");
    check("0.000001", "0.000001");
    check("0.0000001", "0.0000001");
    check("0.00000001", "1e-8");
    check("12345e-12", "1.2345e-8");
    check("-123e400", "-1.23e+402");
    check("99999999999999999999999999999999999999", "9.9999999999999999999999999999999999999e+37");
    check("9007199254740993", "9007199254740993");
}

#[test]
fn sums_are_exact_or_fail() {
    let check = |a: &str, b: &str, expected: Option<&str>| {
        assert_eq!(decimal(a).checked_add(decimal(b)), expected.map(decimal), "{a} + {b}");
        assert_eq!(decimal(b).checked_add(decimal(a)), expected.map(decimal), "{b} + {a}");
        let difference = (-decimal(a)).checked_sub(decimal(b));
        assert_eq!(difference, expected.map(|sum| -decimal(sum)), "-{a} - {b}");
    };
    check("0.1", "0.2", Some("0.3"));
    check("1", "-1", Some("0"));
    check("-1.5", "1", Some("-0.5"));
    check("9.99", "0.01", Some("10"));
    check("1e400", "0", Some("1e400"));
    check("1e400", "-1e400", Some("0"));
    check("1e400", "1", None);
    check("1e38", "-1", Some("99999999999999999999999999999999999999"));
    check("1e38", "1", None);
    check("1e39", "-1", None);
    check("99999999999999999999999999999999999999", "1", Some("1e38"));
    check("99999999999999999999999999999999999999", "2", None);
    check(
        "99999999999999999999999999999999999995",
        "99999999999999999999999999999999999995",
        Some("199999999999999999999999999999999999990"),
    );
    check("5e9999", "5e9999", None);
    check("1e9999", "1e9999", Some("2e9999"));
    check("1e-9999", "1", None);
}

#[test]
fn integers() {
    let check = |text: &str, expected: Option<i128>| assert_eq!(decimal(text).to_i128(), expected, "{text}");
    check("0", Some(0));
    check("-1.0", Some(-1));
    check("1.5", None);
    check("12e3", Some(12_000));
    check("1e38", Some(10_i128.pow(38)));
    check("2e38", None);
    check("1e9999", None);
    assert_eq!(Decimal::from(i64::MIN), decimal("-9223372036854775808"));
    assert_eq!(Decimal::from(u64::MAX), decimal("18446744073709551615"));
    assert_eq!(Decimal::from(1_000_u32), decimal("1e3"));
    assert_eq!(Decimal::from(0), Decimal::ZERO);
    assert_eq!(decimal("1"), Decimal::ONE);
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    /// Numbers as people write them: a few digits, a point somewhere, a small exponent.
    fn text() -> impl Strategy<Value = String> {
        "-?(0|[1-9][0-9]{0,11})(\\.[0-9]{1,6})?([eE][+-]?[0-9]{1,2})?"
    }

    /// The number times 10^120, exactly, as digits: an oracle that shares nothing with the type.
    fn scaled(text: &str) -> (bool, String) {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let zeros = 120 + exponent.parse::<i32>().unwrap() - i32::try_from(fraction.len()).unwrap();
        let digits = format!("{whole}{fraction}{}", "0".repeat(usize::try_from(zeros).unwrap()));
        let digits = digits.trim_start_matches('0').to_owned();
        (negative && !digits.is_empty(), digits)
    }

    fn order(a: &str, b: &str) -> Ordering {
        let longer = |a: &str, b: &str| a.len().cmp(&b.len()).then_with(|| a.cmp(b));
        match (scaled(a), scaled(b)) {
            ((false, a), (false, b)) => longer(&a, &b),
            ((true, a), (true, b)) => longer(&b, &a),
            ((a, _), (b, _)) => b.cmp(&a),
        }
    }

    fn any_decimal() -> impl Strategy<Value = Decimal> {
        (-10_i128.pow(38) + 1..10_i128.pow(38), -9_999_i32..9_900)
            .prop_map(|(coefficient, exponent)| Decimal::parse(&format!("{coefficient}e{exponent}")).unwrap())
    }

    proptest! {
        #[test]
        fn order_agrees_with_the_digits(a in text(), b in text()) {
            prop_assert_eq!(decimal(&a).cmp(&decimal(&b)), order(&a, &b));
        }

        #[test]
        fn printing_parses_to_itself(number in any_decimal()) {
            let text = number.to_string();
            prop_assert_eq!(Decimal::parse(&text), Ok(number));
            prop_assert_eq!(crate::scan(&text, &crate::Limits::default()).unwrap().root().decimal(), Some(Ok(number)));
        }

        #[test]
        fn integers_agree(a in any::<i64>(), b in any::<i64>()) {
            let (x, y) = (Decimal::from(a), Decimal::from(b));
            prop_assert_eq!(x, decimal(&a.to_string()));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(x.checked_add(y).unwrap().to_i128(), Some(i128::from(a) + i128::from(b)));
            prop_assert_eq!(x.checked_sub(y).unwrap().to_i128(), Some(i128::from(a) - i128::from(b)));
        }

        /// A sum that is given can be undone, so nothing was rounded.
        #[test]
        fn sums_can_be_undone(a in any_decimal(), b in any_decimal()) {
            if let Some(sum) = a.checked_add(b) {
                prop_assert_eq!(sum.checked_sub(b), Some(a));
                prop_assert_eq!(b.checked_add(a), Some(sum));
                prop_assert_eq!(sum.cmp(&a), b.cmp(&Decimal::ZERO));
            }
        }

        /// Amounts of the same scale always add up until the digits run out.
        #[test]
        fn amounts_add_up(a in -10_i128.pow(30)..10_i128.pow(30), b in -10_i128.pow(30)..10_i128.pow(30), scale in 0_i32..20) {
            let of = |number: i128| Decimal::parse(&format!("{number}e-{scale}")).unwrap();
            prop_assert_eq!(of(a).checked_add(of(b)), Some(of(a + b)));
        }

        #[test]
        fn never_panics(text in "[-+0-9.eE]{0,60}|.*") {
            let _ = Decimal::parse(&text);
        }
    }
}

#[test]
fn multiples() {
    #[rustfmt::skip]
    let table = [
        ("0", "3", true), ("-0", "0", true), ("1", "0", false), ("9", "3", true), ("-9", "3", true), ("9", "-3", true), ("10", "3", false),
        ("19.99", "0.01", true), ("19.999", "0.01", false), ("0.3", "0.1", true), ("1e300", "7", false), ("7e300", "7", true),
        ("1e9999", "1e-9999", true), ("1", "1e1", false), ("25", "1e1", false), ("5e1", "1e1", true),
        ("9007199254740993", "2", false), ("99999999999999999999999999999999999999e9", "99999999999999999999999999999999999997", false),
        ("1e40", "99999999999999999999999999999999999999", false), ("2.5", "0.5", true),
    ];
    for (number, step, expected) in table {
        let [number, step] = [number, step].map(|text| Decimal::parse(text).unwrap());
        assert_eq!(number.is_multiple_of(step), expected, "{number} of {step}");
    }
}
