//! `when`: a few expressions, each with what it means written out by hand.

use super::condition::Three;
use super::json::Json;
use super::number::Number;
use super::path::{Found, find, parse};
use super::scene::Scene;

type Meaning = fn(&Scene<'_>) -> Three;

pub(super) const KNOWN: [(&str, Meaning); 9] = [
    ("args.a == 1", |scene| compare(scene, "a", |a| a == Number::of("1"))),
    ("args.n <= 500 && args.n > 0.5", |scene| {
        compare(scene, "n", |n| n <= Number::of("500") && n > Number::of("0.5"))
    }),
    ("args.a in ['usd', 'eur']", |scene| text(scene, "a", |a| a == "usd" || a == "eur")),
    ("has(args.b) && args.b != 'Σ'", |scene| given(scene, "b").min(text(scene, "b", |b| b != "Σ"))),
    ("!has(args.b) || size(args.b) < 3", |scene| {
        let size = match argument(scene, "b") {
            Found::Value(Json::Text(text)) => truth(text.chars().count() < 3),
            Found::Value(Json::Array(items)) => truth(items.len() < 3),
            Found::Value(Json::Object(members)) => truth(members.len() < 3),
            _ => Three::Unknown,
        };
        not(given(scene, "b")).max(size)
    }),
    ("args.a.startsWith('/data')", |scene| text(scene, "a", |a| a.starts_with("/data"))),
    ("grant.name == 'g' && time.hour < 12", |scene| {
        let hour = match scene.time("time.hour", "UTC") {
            Json::Number(hour) => Number::of(&hour),
            other => panic!("{other}"),
        };
        truth(scene.grant == "g" && hour < Number::of("12"))
    }),
    ("call.tool.contains('get') || args.ok", |scene| {
        let ok = match argument(scene, "ok") {
            Found::Value(Json::Bool(ok)) => truth(ok),
            _ => Three::Unknown,
        };
        truth(scene.name.contains("get")).max(ok)
    }),
    ("args.items.all(item, item == 'a')", |scene| match argument(scene, "items") {
        Found::Value(Json::Array(items)) => {
            let one = |item: &Json| match item {
                Json::Text(text) => truth(text == "a"),
                // No type is compared with another, and null only where it is written out.
                _ => Three::Unknown,
            };
            items.iter().map(one).min().unwrap_or(Three::True)
        }
        Found::Value(Json::Object(members)) => {
            members.iter().map(|(key, _)| truth(key == "a")).min().unwrap_or(Three::True)
        }
        _ => Three::Unknown,
    }),
];

pub(super) fn value(expression: &str, scene: &Scene<'_>) -> Three {
    let (_, meaning) = KNOWN.iter().find(|(text, _)| *text == expression).unwrap();
    meaning(scene)
}

fn truth(value: bool) -> Three {
    if value { Three::True } else { Three::False }
}

fn not(value: Three) -> Three {
    match value {
        Three::True => Three::False,
        Three::False => Three::True,
        Three::Unknown => Three::Unknown,
    }
}

fn argument(scene: &Scene<'_>, name: &str) -> Found {
    find(scene.arguments, &parse(name))
}

/// `has` finds a null, too.
fn given(scene: &Scene<'_>, name: &str) -> Three {
    let members = scene.arguments.map_or(&[][..], Json::members);
    truth(members.iter().any(|(key, _)| key == name))
}

fn text(scene: &Scene<'_>, name: &str, holds: fn(&str) -> bool) -> Three {
    match argument(scene, name) {
        Found::Value(Json::Text(text)) => truth(holds(&text)),
        _ => Three::Unknown,
    }
}

fn compare(scene: &Scene<'_>, name: &str, holds: fn(Number) -> bool) -> Three {
    match argument(scene, name) {
        Found::Value(Json::Number(text)) => {
            exact(&text).map_or(Three::Unknown, |number| truth(holds(number)))
        }
        _ => Three::Unknown,
    }
}

/// A number that an int64 holds, or that is what a double is written as.
fn exact(text: &str) -> Option<Number> {
    let number = Number::parse(text)?;
    let held = |again: String| Number::parse(&again) == Some(number.clone());
    let float: f64 = text.parse().ok()?;
    let as_float = float.is_finite() && held(format!("{float:e}"));
    let whole = i64::MIN.to_string();
    let as_whole =
        number.is_whole() && number >= Number::of(&whole) && number <= Number::of(&i64::MAX.to_string());
    (as_float || as_whole).then_some(number)
}
