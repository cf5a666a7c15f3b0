//! Operators that parse what they judge, each with the evasions that are tried on it.

mod addresses;
mod commands;
mod dates;

mod paths;
mod sql;
mod sql_evasions;
mod text;

use interlock_json::Limits;
use interlock_json::canonical::write_str;

use crate::diagnostic::{At, Report};
use crate::parse::operand;
use crate::tree;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    True,
    False,
    Unknown,
}

fn judged(name: &str, value: &str, ignore_case: bool, found: &str) -> Is {
    let mut report = Report::new(value);
    let node = tree::json::read(&mut report).unwrap();
    let reading = operand::read(name, &node, ignore_case, &At::ROOT, &mut report);
    let reading = reading.unwrap_or_else(|| panic!("{:?}", report.finish()));
    let document = interlock_json::scan(found, &Limits::default()).unwrap();
    match reading.judge(document.root()) {
        Ok(true) => Is::True,
        Ok(false) => Is::False,
        Err(_) => Is::Unknown,
    }
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
