//! Operators on texts, and those that parse what they judge.

mod address;
mod command;
pub(super) use command::STATEMENTS;
mod place;

use std::cell::RefCell;
use std::collections::HashMap;

use regex::{Regex, RegexBuilder};

use super::condition::Four;
use super::json::Json;
use super::number::Number;
use super::operator::{folded, truth};
use super::policy::{Policy, glob};

/// What one text is by an operator; `None` where it cannot be judged.
type Judged = Option<bool>;

pub(super) fn test(operator: &str, value: &Json, wanted: &Json, policy: &Policy, fold: bool) -> Four {
    let judged = match (operator, value) {
        ("one_of_types", _) => one_of_types(value, &texts(wanted)),
        ("length_lte", _) => length(value).map(|length| length <= super::counters::number(wanted)),
        ("length_gte", _) => length(value).map(|length| length >= super::counters::number(wanted)),
        ("sql_readonly", Json::Text(text)) => command::sql_readonly(text, wanted.text_at("dialect").unwrap()),
        ("url_host_in", Json::Text(text)) => {
            let hosts = texts(policy.listed(wanted.get("hosts").unwrap_or(wanted)));
            let schemes = wanted.get("schemes").map_or(vec!["http".to_owned(), "https".to_owned()], texts);
            address::url_host_in(text, &hosts, &schemes)
        }
        (_, Json::Text(text)) => of_text(operator, text, &texts(wanted), fold),
        _ => None,
    };
    judged.map_or(Four::Unjudgeable, truth)
}

fn texts(wanted: &Json) -> Vec<String> {
    match wanted {
        Json::Array(items) => items.iter().filter_map(|item| item.text().map(str::to_owned)).collect(),
        one => one.text().map(str::to_owned).into_iter().collect(),
    }
}

fn of_text(operator: &str, text: &str, wanted: &[String], fold: bool) -> Judged {
    let any = |holds: &dyn Fn(&str, &str) -> bool| {
        let text = folded(text, fold);
        Some(wanted.iter().any(|wanted| holds(&text, &folded(wanted, fold))))
    };
    match operator {
        "matches" => Some(matches(&format!("\\A(?:{})\\z", wanted[0]), text, fold)),
        "regex" => Some(matches(&wanted[0], text, fold)),
        "starts_with" => any(&|text, wanted| text.starts_with(wanted)),
        "ends_with" => any(&|text, wanted| text.ends_with(wanted)),
        "matches_glob" => any(&|text, wanted| glob(wanted, text)),
        "within_path" => place::within_path(text, wanted, fold),
        "url_scheme_in" => address::url_scheme_in(text, wanted),
        "ip_in" => address::ip_in(text, wanted),
        "email_domain_in" => address::email_domain_in(text, wanted),
        "argv_in" => command::argv_in(text, wanted),
        "before" => compare_dates(text, &wanted[0]).map(|order| order.is_lt()),
        "after" => compare_dates(text, &wanted[0]).map(|order| order.is_gt()),
        other => panic!("no such operator: {other}"),
    }
}

thread_local! {
    static PATTERNS: RefCell<HashMap<(String, bool), Regex>> = RefCell::default();
}

fn matches(pattern: &str, text: &str, fold: bool) -> bool {
    PATTERNS.with_borrow_mut(|patterns| {
        let build = || RegexBuilder::new(pattern).case_insensitive(fold).build().unwrap();
        patterns.entry((pattern.to_owned(), fold)).or_insert_with(build).is_match(text)
    })
}

/// Characters of a text, items of an array.
fn length(value: &Json) -> Option<Number> {
    let length = match value {
        Json::Text(text) => text.chars().count(),
        Json::Array(items) => items.len(),
        _ => return None,
    };
    Some(Number::of(&length.to_string()))
}

/// Whether a number is whole is not known of one that is out of range.
fn one_of_types(value: &Json, names: &[String]) -> Judged {
    let named = |name: &str| names.iter().any(|one| one == name);
    match value {
        Json::Null => None,
        Json::Bool(_) => Some(named("boolean")),
        Json::Text(_) => Some(named("string")),
        Json::Array(_) => Some(named("array")),
        Json::Object(_) => Some(named("object")),
        Json::Number(_) if named("number") => Some(true),
        Json::Number(_) if !named("integer") => Some(false),
        Json::Number(text) => Number::parse(text).map(|number| number.is_whole()),
    }
}

/// Dates with dates, moments with moments.
fn compare_dates(text: &str, wanted: &str) -> Option<std::cmp::Ordering> {
    let shape = |text: &str| -> String {
        text.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect()
    };
    let (text, wanted) = (&*text.to_ascii_uppercase(), &*wanted.to_ascii_uppercase());
    let is_date = |text: &str| shape(text) == "0000-00-00";
    let is_moment = |text: &str| {
        let shape = shape(text);
        ["0000-00-00T00:00:00Z", "0000-00-00T00:00:00+00:00", "0000-00-00T00:00:00-00:00"]
            .contains(&shape.as_str())
    };
    if is_date(text) && is_date(wanted) {
        let [text, wanted] = [text, wanted].map(|text| text.parse::<jiff::civil::Date>());
        return Some(text.ok()?.cmp(&wanted.ok()?));
    }
    if is_moment(text) && is_moment(wanted) && !text.contains(":60") {
        let [text, wanted] = [text, wanted].map(|text| text.parse::<jiff::Timestamp>());
        return Some(text.ok()?.cmp(&wanted.ok()?));
    }
    None
}
