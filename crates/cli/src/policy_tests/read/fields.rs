//! Maps whose keys are known, and the mistakes in them.

use interlock_json::Decimal;
use interlock_policy::{Located, Member, Node, Value, did_you_mean, quoted};

/// Collects mistakes.
pub(super) struct Reader<'s> {
    text: &'s str,
    pub(super) located: Located<'s>,
}

/// The members of a map.
pub(super) struct Fields<'n> {
    members: &'n [Member],
    pointer: String,
}

impl<'s> Reader<'s> {
    pub(super) fn new(text: &'s str, located: Located<'s>) -> Self {
        Self { text, located }
    }

    /// The line of a node, from 1.
    pub(super) fn line(&self, node: &Node) -> usize {
        let before = self.text.as_bytes().get(..node.range.start).unwrap_or_default();
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    pub(super) fn wrong(&mut self, node: &Node, pointer: &str, message: String, help: Option<String>) {
        self.located.error("bad-value", node.mark(), pointer, message, help);
    }

    pub(super) fn missing(&mut self, node: &Node, pointer: &str, message: &str) {
        self.located.error("missing-key", node.mark(), pointer, message.to_owned(), None);
    }

    pub(super) fn expected(&mut self, what: &str, node: &Node, pointer: &str) {
        let scalar = matches!(node.value, Value::Bool(_) | Value::Number(_));
        let help = (what == "text" && scalar).then(|| "put it in quotes".to_owned());
        self.wrong(node, pointer, format!("expected {what}, found {}", node.kind()), help);
    }

    pub(super) fn not_one_of(&mut self, text: &str, words: &[&'static str], node: &Node, pointer: &str) {
        let all: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        let message = format!("{} is not one of {}", quoted(text), all.join(", "));
        self.wrong(node, pointer, message, did_you_mean(text, words.iter().copied()));
    }

    /// Opens a map and reports its unknown keys.
    pub(super) fn open<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        keys: &[&'static str],
        pointer: &str,
    ) -> Fields<'n> {
        let members: &[Member] = match &node.value {
            Value::Map(members) => members,
            _ => {
                self.expected("a map", node, pointer);
                &[]
            }
        };
        for member in members.iter().filter(|member| !keys.contains(&member.key.as_str())) {
            let help = did_you_mean(&member.key, keys.iter().copied()).unwrap_or_else(|| {
                let all: Vec<String> = keys.iter().map(|key| quoted(key)).collect();
                format!("the keys here are {}", all.join(", "))
            });
            let message = format!("unknown key {} in {what}", quoted(&member.key));
            let below = format!("{pointer}/{}", member.key);
            self.located.error("unknown-key", member.key_range.clone(), &below, message, Some(help));
        }
        Fields { members, pointer: pointer.to_owned() }
    }
}

impl<'n> Fields<'n> {
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.members.iter().find(|member| member.key == key).map(|member| &member.value)
    }

    /// The pointer of a member.
    pub(super) fn below(&self, key: &str) -> String {
        format!("{}/{key}", self.pointer)
    }

    pub(super) fn text(&self, key: &str, reader: &mut Reader<'_>) -> Option<String> {
        let node = self.get(key)?;
        match &node.value {
            Value::Text(text) if !text.is_empty() => Some(text.to_string()),
            Value::Text(_) => {
                reader.wrong(node, &self.below(key), "an empty text says nothing".to_owned(), None);
                None
            }
            _ => {
                reader.expected("text", node, &self.below(key));
                None
            }
        }
    }

    pub(super) fn items(&self, key: &str, reader: &mut Reader<'_>) -> Option<&'n [Node]> {
        let node = self.get(key)?;
        match &node.value {
            Value::List(items) => Some(items),
            _ => {
                reader.expected("a list", node, &self.below(key));
                None
            }
        }
    }

    pub(super) fn texts(&self, key: &str, reader: &mut Reader<'_>) -> Option<Vec<String>> {
        let items = self.items(key, reader)?;
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match &item.value {
                Value::Text(text) => texts.push(text.to_string()),
                _ => reader.expected("text", item, &format!("{}/{index}", self.below(key))),
            }
        }
        Some(texts)
    }

    /// A whole number from 1.
    pub(super) fn count(&self, key: &str, most: u64, reader: &mut Reader<'_>) -> Option<u64> {
        let node = self.get(key)?;
        let number = match &node.value {
            Value::Number(number) => number.parse::<u64>().ok(),
            _ => None,
        };
        let number = number.filter(|number| (1..=most).contains(number));
        if number.is_none() {
            let message = format!("`{key}` is a whole number from 1 to {most}");
            reader.wrong(node, &self.below(key), message, None);
        }
        number
    }

    /// A map from names to texts.
    pub(super) fn pairs(&self, key: &str, reader: &mut Reader<'_>) -> Vec<(String, String)> {
        let Some(node) = self.get(key) else { return Vec::new() };
        let Value::Map(members) = &node.value else {
            reader.expected("a map from names to texts", node, &self.below(key));
            return Vec::new();
        };
        let mut texts = Vec::with_capacity(members.len());
        for member in members {
            if let Value::Text(text) = &member.value.value {
                texts.push((member.key.to_string(), text.to_string()));
            } else {
                let pointer = format!("{}/{}", self.below(key), member.key);
                reader.expected("text", &member.value, &pointer);
            }
        }
        texts
    }

    /// A map from names to amounts.
    pub(super) fn amounts(&self, key: &str, reader: &mut Reader<'_>) -> Vec<(String, Decimal)> {
        let Some(node) = self.get(key) else { return Vec::new() };
        let Value::Map(members) = &node.value else {
            reader.expected("a map from counters to what they hold", node, &self.below(key));
            return Vec::new();
        };
        let mut amounts = Vec::with_capacity(members.len());
        for member in members {
            let amount = match &member.value.value {
                Value::Number(number) => Decimal::parse(number).ok().filter(|amount| !amount.is_negative()),
                _ => None,
            };
            match amount {
                Some(amount) => amounts.push((member.key.to_string(), amount)),
                None => {
                    let pointer = format!("{}/{}", self.below(key), member.key);
                    let message = "a counter holds a number that is not negative".to_owned();
                    reader.wrong(&member.value, &pointer, message, None);
                }
            }
        }
        amounts
    }
}
