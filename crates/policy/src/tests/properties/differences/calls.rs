//! Calls made up from what two documents speak of.

use interlock_json::Decimal;
use serde_json::{Value, json};

use super::MONDAY_MS;
use crate::{Example, Section};

/// A call with what is known besides.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) section: Section,
    pub(super) name: String,
    pub(super) arguments: String,
    pub(super) has_arguments: bool,
    pub(super) server: String,
    pub(super) grant: String,
    pub(super) client: Option<String>,
    pub(super) labels: Vec<(String, String)>,
    pub(super) category: Option<String>,
    pub(super) severity: Option<String>,
    pub(super) now_ms: i64,
    counts: Vec<Decimal>,
    seed: u64,
}

impl Given {
    /// What a counter holds: the same whenever it is asked.
    pub(super) fn held(&self, identity: &str) -> Decimal {
        let hash = identity.bytes().fold(self.seed, |hash, byte| mixed(hash ^ u64::from(byte)));
        self.counts[usize::try_from(hash % self.counts.len() as u64).unwrap()]
    }
}

/// Texts that operators judge in other ways than by what documents say.
const READ: [&str; 22] = [
    "/data",
    "/data/x",
    "/data/../etc",
    "/srv/x/y",
    "/data/x/y",
    "https://example.com/",
    "https://a.example.org/x",
    "ssh://example.com/",
    "http://other.example/",
    "10.1.2.3",
    "192.168.1.1",
    "8.8.8.8",
    "SELECT 1",
    "DELETE FROM t",
    "ls -l",
    "git status",
    "ls; rm",
    "a@example.com",
    "a@b.example.org",
    "2026-01-31",
    "2026-02-10T00:00:00Z",
    "bb",
];
const TOOLS: [&str; 7] = ["t", "u", "get_a", "get_b", "x_a", "other", "ops"];
const URIS: [&str; 7] =
    ["file:///a", "file:///b", "file:///x/b", "memo://a", "memo://b/b", "file:///x/../b", "t"];

/// Random choices that come out the same for the same seed.
pub(super) struct Chance {
    state: u64,
    values: Vec<Value>,
    counts: Vec<Decimal>,
}

fn mixed(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Chance {
    pub(super) fn new<'d>(seed: u64, documents: impl Iterator<Item = &'d Value>) -> Chance {
        let mut spoken = Vec::new();
        documents.for_each(|document| collect(document, "", &mut spoken));
        let mut values: Vec<Value> = READ.into_iter().map(Value::from).collect();
        let mut counts = vec![Decimal::ZERO, Decimal::ONE];
        values.extend(spoken.clone());
        for value in &spoken {
            match value {
                Value::Number(number) => {
                    let number = number.as_f64().unwrap();
                    let near = [number + 1.0, number - 1.0, number + 0.5, number];
                    values.extend(near.map(|near| json!(near)));
                    let whole = near.into_iter().filter(|near| *near >= 0.0 && near.fract() == 0.0);
                    counts.extend(whole.map(|near| Decimal::from(near as u64)));
                }
                Value::String(text) => {
                    let near = [
                        format!("{text}b"),
                        format!("a{text}"),
                        text.to_uppercase(),
                        format!("{text}{text}"),
                    ];
                    values.extend(near.map(Value::from));
                }
                _ => {}
            }
        }
        Chance { state: seed, values, counts }
    }

    fn below(&mut self, end: usize) -> usize {
        self.state = mixed(self.state);
        usize::try_from(self.state % end as u64).unwrap()
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    fn text(&mut self) -> String {
        let words = ["ops", "t", "get_a", "local", "server", "opsx", "dev", "tx"];
        self.of(&words).to_owned()
    }

    fn perhaps(&mut self) -> Option<String> {
        (self.below(2) == 0).then(|| self.text())
    }

    fn scalar(&mut self) -> Value {
        match self.below(12) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2 => json!(self.below(4)),
            _ => {
                let values = std::mem::take(&mut self.values);
                let value = self.of(&values);
                self.values = values;
                value
            }
        }
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(8) {
            0 if depth > 0 => {
                let many = self.below(3);
                Value::from((0..many).map(|_| self.value(depth - 1)).collect::<Vec<_>>())
            }
            1 if depth > 0 => json!({"x": self.value(depth - 1)}),
            _ => self.scalar(),
        }
    }

    fn arguments(&mut self) -> String {
        let mut arguments = json!({});
        for key in ["a", "b", "o", "items", "currency", "other"] {
            let value = match (key, self.below(4)) {
                (_, 0) | ("other" | "currency", 1 | 2) => continue,
                ("o", 1 | 2) => json!({"x": self.scalar()}),
                ("items", 1 | 2) => {
                    let many = self.below(3);
                    let plain = self.below(2) == 0;
                    let item = |chance: &mut Chance| {
                        if plain { chance.scalar() } else { json!({"x": chance.scalar()}) }
                    };
                    Value::from((0..many).map(|_| item(self)).collect::<Vec<_>>())
                }
                ("currency", _) => json!(["eur", "EUR", "usd"][self.below(3)]),
                _ => self.value(2),
            };
            arguments[key] = value;
        }
        arguments.to_string()
    }

    /// Any call.
    pub(super) fn call(&mut self) -> Given {
        let section =
            self.of(&[Section::Tools, Section::Tools, Section::Tools, Section::Resources, Section::Prompts]);
        let name = if section == Section::Resources { self.of(&URIS) } else { self.of(&TOOLS) };
        let arguments = self.arguments();
        let plain = self.below(2) == 0;
        let hour = i64::try_from(self.below(24 * 400)).unwrap();
        let word = |chance: &mut Chance, usual: &str| {
            if plain { usual.to_owned() } else { chance.text() }
        };
        Given {
            section,
            name: name.to_owned(),
            arguments,
            has_arguments: self.below(20) != 0,
            server: word(self, "server"),
            grant: word(self, "local"),
            client: if plain { None } else { self.perhaps() },
            labels: self.perhaps().into_iter().map(|team| ("team".to_owned(), team)).collect(),
            category: self.below(2).eq(&0).then(|| self.of(&["Read", "Write"]).to_owned()),
            severity: self.below(2).eq(&0).then(|| self.of(&["low", "high", "critical"]).to_owned()),
            now_ms: if plain { MONDAY_MS } else { MONDAY_MS + hour * 3_600_000 },
            counts: if plain { vec![Decimal::ZERO] } else { self.counts.clone() },
            seed: mixed(self.state),
        }
    }

    /// Calls that have the arguments of an example: they are telling for other names and facts, too.
    pub(super) fn like(&mut self, example: &Example) -> Vec<Given> {
        let Some(arguments) = &example.arguments else { return Vec::new() };
        let mut calls: Vec<Given> = (0..6).map(|_| self.call()).collect();
        calls.iter_mut().for_each(|call| call.arguments.clone_from(arguments));
        calls
    }
}

/// Every value that a condition or limit compares with.
fn collect(document: &Value, key: &str, found: &mut Vec<Value>) {
    match document {
        Value::Object(map) => map.iter().for_each(|(key, value)| collect(value, key, found)),
        Value::Array(items) => items.iter().for_each(|value| collect(value, key, found)),
        value if ["value", "max", "l", "per_call", "daily", "increment"].contains(&key) => {
            found.push(value.clone())
        }
        _ => {}
    }
}
