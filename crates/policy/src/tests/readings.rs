//! Operators that parse what they judge, each with the evasions that are tried on it.

mod addresses;
mod agreement;
mod commands;
mod dates;
mod operands;

mod paths;
mod sql;
mod sql_evasions;
mod text;

use interlock_json::canonical::write_str;

use super::operators::{Is, value_of};

/// Judged whole: as a guard, as an objection, and as one that minds missing values.
fn judged(name: &str, operand: &str, ignore_case: bool, found: &str) -> Is {
    let compare = if ignore_case { r#", "compare": "ci""# } else { "" };
    let condition = format!(r#""path": "args.v", "op": "{name}", "value": {operand}{compare}"#);
    value_of(&condition, &format!(r#"{{"v": {found}}}"#))
}

/// Values are JSON.
fn check_values(name: &str, operand: &str, table: &[(&str, Is)]) {
    let wrong = table.iter().filter_map(|(value, expected)| {
        let found = judged(name, operand, false, value);
        (found != *expected).then(|| format!("{value} is {found:?}, not {expected:?}"))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{name}: {operand}\n{}", wrong.join("\n"));
}

/// Values are texts.
fn check_texts(name: &str, operand: &str, table: &[(&str, Is)]) {
    let values: Vec<String> = table.iter().map(|(text, _)| quoted(text)).collect();
    let table: Vec<(&str, Is)> =
        values.iter().zip(table).map(|(value, (_, is))| (value.as_str(), *is)).collect();
    check_values(name, operand, &table);
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    write_str(text, &mut out);
    out
}
