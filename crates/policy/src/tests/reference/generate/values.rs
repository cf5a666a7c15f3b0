//! The few values that policies and calls share.

use super::super::json::Json;
use super::Dice;

pub(in super::super) const TOOLS: [&str; 6] = ["t", "get_a", "get_b", "put_a", "get_x_a", "other"];
pub(super) const COUNTERS: [&str; 5] = ["c0", "c1", "c2", "l0", "l1"];
pub(super) const AMOUNTS: [&str; 4] = ["args.n", "args.o.x", "args.items[0]", "/args/n"];

const TEXTS: [&str; 12] =
    ["a", "b", "A", "usd", "1", "500", "", "Σσς", "σςΣ", "straße", "STRASSE", "\u{212a}iß"];
/// Numbers that a policy can hold.
const NUMBERS: [&str; 13] = [
    "0",
    "-0",
    "1",
    "1.0",
    "1e0",
    "5",
    "5.5",
    "500",
    "9007199254740992",
    "9007199254740993",
    "1e400",
    "-1",
    "0.1",
];
/// Numbers that nothing can be said of.
const BEYOND: [&str; 3] = ["1e99999", "-1e-99999", "123456789012345678901234567890123456789"];

pub(super) fn text(dice: &mut Dice) -> Json {
    dice.pick(&TEXTS).into()
}

pub(super) fn number(dice: &mut Dice) -> Json {
    Json::number(dice.pick(&NUMBERS))
}

pub(super) fn scalar(dice: &mut Dice) -> Json {
    match dice.below(5) {
        0 | 1 => text(dice),
        2 | 3 => number(dice),
        _ => Json::Bool(dice.chance(50)),
    }
}

/// Any value of an argument.
pub(super) fn any(dice: &mut Dice) -> Json {
    match dice.below(12) {
        0 => Json::Null,
        1 => Json::number(dice.pick(&BEYOND)),
        2 => Json::Array((0..dice.below(4)).map(|_| item(dice)).collect()),
        3 => Json::Object(vec![("x".to_owned(), scalar(dice))]),
        4 => Json::Object(Vec::new()),
        _ => scalar(dice),
    }
}

pub(super) fn item(dice: &mut Dice) -> Json {
    match dice.below(8) {
        0 => Json::Null,
        1 => Json::Array(Vec::new()),
        2 | 3 => Json::Object(vec![("x".to_owned(), scalar(dice))]),
        _ => scalar(dice),
    }
}

/// Almost the same: another notation, case or type, or a little more.
pub(super) fn near(dice: &mut Dice, value: &Json) -> Json {
    match (value, dice.below(5)) {
        (Json::Number(text), 0) => Json::Text(text.clone()),
        (Json::Number(text), 1) if !text.contains(['e', '.']) => Json::Number(format!("{text}.0")),
        (Json::Number(text), 2) if !text.contains(['e', '.']) => Json::Number(format!("{text}.000000001")),
        (Json::Number(text), 3) if !text.contains('e') => Json::Number(format!("{text}e0")),
        (Json::Text(text), 0) => Json::Text(text.to_uppercase()),
        (Json::Text(text), 1) => Json::Text(text.to_lowercase()),
        (Json::Text(text), 2) => Json::Text(format!("{text}z")),
        (Json::Text(text), 3) if text.parse::<i64>().is_ok() => Json::number(text.parse::<i64>().unwrap()),
        (Json::Bool(value), 0) => Json::Text(value.to_string()),
        (_, 4) => vec![value.clone()].into(),
        _ => value.clone(),
    }
}
