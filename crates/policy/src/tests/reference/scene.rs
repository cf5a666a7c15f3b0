//! What is known of one call.

use std::cell::RefCell;

use super::counters::Counter;
use super::json::Json;
use super::number::Number;
use super::path::{Found, Step, find, key, parse};
use crate::Section;

/// The call, and what is known besides.
pub(super) struct Scene<'a> {
    pub(super) section: Section,
    pub(super) server: &'a str,
    pub(super) name: &'a str,
    pub(super) arguments: Option<&'a Json>,
    pub(super) grant: &'a str,
    pub(super) session: &'a str,
    pub(super) labels: &'a [(String, String)],
    pub(super) client: Option<&'a str>,
    pub(super) now_ms: i64,
    pub(super) tool: Tool<'a>,
    pub(super) category: Option<&'a str>,
    pub(super) severity: Option<&'a str>,
    pub(super) paid: &'a Paid,
    /// What a counter holds; `None` where it cannot be read.
    pub(super) held: &'a dyn Fn(&Counter) -> Option<Number>,
    /// The counters that conditions asked for, with what they were told.
    pub(super) read: RefCell<Vec<(Counter, Number)>>,
}

/// What the server's list says of the tool.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tool<'a> {
    NotRead,
    Absent,
    Known(&'a Json),
}

/// What the call pays for itself.
#[derive(Debug, Clone)]
pub(super) enum Paid {
    Nothing,
    /// Nobody knows what.
    Unknown,
    Due {
        amount: &'static str,
        currency: &'static str,
        network: Option<&'static str>,
    },
}

impl Scene<'_> {
    /// What a path finds that is neither a counter nor the time; `None` for what nobody has said yet.
    pub(super) fn find(&self, path: &str) -> Option<Found> {
        let steps = parse(path);
        let (root, rest) = steps.split_first().unwrap();
        let text = |text: &str| Some(Found::Value(Json::from(text)));
        let perhaps = |found: Option<&str>| found.map_or(Some(Found::Missing), text);
        match (key(root), rest) {
            ("args", rest) => Some(find(self.arguments, rest)),
            ("call", [what]) if key(what) == "tool" => text(self.name),
            ("call", _) => text(self.server),
            ("grant", [_name]) => text(self.grant),
            ("grant", [_labels, label]) => perhaps(
                self.labels.iter().find(|(name, _)| name == key(label)).map(|(_, value)| value.as_str()),
            ),
            ("client", _) => perhaps(self.client),
            ("tool", [what]) if key(what) == "category" => {
                self.category.map(|name| Found::Value(Json::from(name)))
            }
            ("tool", [_severity]) => self.severity.map(|name| Found::Value(Json::from(name))),
            ("tool", [_annotations, hint]) => self.annotation(hint),
            other => panic!("no such path: {other:?}"),
        }
    }

    fn annotation(&self, hint: &Step) -> Option<Found> {
        let Tool::Known(definition) = self.tool else { return None };
        match definition.get("annotations") {
            None => Some(Found::Missing),
            Some(annotations @ Json::Object(_)) => Some(find(annotations.get(key(hint)), &[])),
            Some(_) => None,
        }
    }

    /// The hour or the name of the day.
    pub(super) fn time(&self, path: &str, zone: &str) -> Json {
        let zone = jiff::tz::TimeZone::get(zone).unwrap();
        let now = jiff::Timestamp::from_millisecond(self.now_ms).unwrap().to_zoned(zone);
        if path.ends_with("hour") {
            return Json::number(now.hour());
        }
        Json::Text(format!("{:?}", now.weekday()).to_lowercase())
    }

    /// What a counter holds, if that can be told.
    pub(super) fn ask(&self, counter: Counter) -> Option<Number> {
        let value = (self.held)(&counter)?;
        let mut read = self.read.borrow_mut();
        if !read.iter().any(|(known, _)| *known == counter) {
            read.push((counter, value.clone()));
        }
        Some(value)
    }
}
