//! What a settings file may say, and every mistake of one at once.

use interlock_audit::RedactPath;
use interlock_gateway::SigningAlgorithm;
use interlock_policy::{Diagnostic, Located, Member, Node, Syntax, Value, did_you_mean, quoted};

use crate::terminal::log::check_level;

/// What the value of a key may be.
enum Shape {
    Text,
    Texts,
    OneOf(&'static [&'static str]),
    /// A list of some of these.
    WordsOf(&'static [&'static str]),
    /// A whole number that is at least and at most so much.
    Count(u64, u64),
    Map(&'static [(&'static str, Shape)]),
    /// A map from names to maps; each is called so.
    Named(&'static str, &'static [(&'static str, Shape)]),
    /// A map from names to texts.
    TextMap,
    /// A map from names to texts or lists of them.
    TextsMap,
    /// A list whose items are one of the words, or a map with one of the keys.
    Ways(&'static [&'static str], &'static [(&'static str, Shape)]),
    Time,
    /// A number from 0 to 1.
    Share,
    LogLevel,
    RedactPaths,
}

const ON_FAILURE: Shape = Shape::OneOf(&["deny", "allow"]);
/// What reads a message deeper than this needs more stack than there is.
const DEEPEST: u64 = 1_000;

const DOCUMENT: &[(&str, Shape)] = &[
    ("data", Shape::Text),
    ("on_store_failure", ON_FAILURE),
    ("durability", Shape::OneOf(&["process", "power_loss"])),
    ("audit", Shape::Map(AUDIT)),
    ("limits", Shape::Map(LIMITS)),
    ("servers", Shape::Named("server", SERVER)),
    ("listen", Shape::Text),
    ("admin", Shape::Text),
    ("groups", Shape::TextsMap),
    ("console", Shape::Map(&[("url", Shape::Text)])),
    ("hosts", Shape::Texts),
    ("origins", Shape::Texts),
    ("grants", Shape::Named("grant", GRANT)),
    ("anonymous", Shape::Text),
    (
        "identity",
        Shape::Map(&[("issuers", Shape::Named("issuer", ISSUER)), ("resource", Shape::Map(RESOURCE))]),
    ),
    ("tls", Shape::Map(TLS)),
    ("admin_tls", Shape::Map(TLS)),
    ("telemetry", Shape::Map(TELEMETRY)),
    ("credentials", Shape::Map(&[("key", Shape::Text), ("previous_keys", Shape::Texts)])),
];
const GRANT: &[(&str, Shape)] = &[
    ("servers", Shape::TextMap),
    ("auth", Shape::Ways(&["token"], &[("jwt", Shape::Map(JWT)), ("mtls", Shape::Map(MTLS))])),
    ("expires", Shape::Time),
    ("labels", Shape::TextMap),
    ("approvers", Shape::Texts),
];
const JWT: &[(&str, Shape)] =
    &[("issuer", Shape::Text), ("claims", Shape::TextsMap), ("scopes", Shape::Texts)];
const MTLS: &[(&str, Shape)] = &[
    ("subject", Shape::Text),
    ("common_name", Shape::Text),
    ("dns", Shape::Text),
    ("uri", Shape::Text),
    ("email", Shape::Text),
];
const ISSUER: &[(&str, Shape)] = &[
    ("issuer", Shape::Text),
    ("audiences", Shape::Texts),
    ("algorithms", Shape::WordsOf(&SigningAlgorithm::NAMES)),
    ("jwks", Shape::Text),
    ("leeway_seconds", Shape::Count(0, 300)),
];
const RESOURCE: &[(&str, Shape)] = &[
    ("url", Shape::Text),
    ("authorization_servers", Shape::Texts),
    ("scopes", Shape::Texts),
    ("name", Shape::Text),
];
const TLS: &[(&str, Shape)] = &[
    ("certificate", Shape::Text),
    ("key", Shape::Text),
    ("client_ca", Shape::Text),
    ("client_certificates", Shape::OneOf(&["optional", "required"])),
];
const SERVER: &[(&str, Shape)] = &[
    ("command", Shape::Text),
    ("args", Shape::Texts),
    ("env", Shape::TextMap),
    ("cwd", Shape::Text),
    ("url", Shape::Text),
    ("headers", Shape::TextMap),
    ("oauth", Shape::Map(OAUTH)),
    ("transport", Shape::OneOf(&["streamable_http", "sse"])),
    ("policy", Shape::Text),
    ("era", Shape::OneOf(&["legacy", "modern"])),
    ("trust", Shape::OneOf(&["first_use", "review", "allow_changes"])),
    ("extensions", Shape::Texts),
];
const OAUTH: &[(&str, Shape)] = &[
    ("client_id", Shape::Text),
    ("client_secret", Shape::Text),
    ("refresh_token", Shape::Text),
    ("scopes", Shape::Texts),
    ("resource", Shape::Text),
    ("issuer", Shape::Text),
    ("token_url", Shape::Text),
    ("client_authentication", Shape::OneOf(&["basic", "post"])),
];
const AUDIT: &[(&str, Shape)] = &[
    ("arguments", Shape::OneOf(&["none", "keys", "redacted", "full"])),
    ("redact", Shape::RedactPaths),
    ("on_failure", ON_FAILURE),
];
const LIMITS: &[(&str, Shape)] = &[
    ("message_bytes", Shape::Count(1, u64::MAX)),
    ("depth", Shape::Count(0, DEEPEST)),
    ("in_flight", Shape::Count(1, u64::MAX)),
    ("queued_bytes", Shape::Count(0, u64::MAX)),
    ("answer_seconds", Shape::Count(0, u64::MAX)),
    ("start_seconds", Shape::Count(1, u64::MAX)),
    ("shutdown_seconds", Shape::Count(0, u64::MAX)),
    ("counters", Shape::Count(0, u64::MAX)),
    ("keep_alive_seconds", Shape::Count(1, u64::MAX)),
    ("request_seconds", Shape::Count(1, 3_600)),
    ("connection_idle_seconds", Shape::Count(1, 86_400)),
    ("connections", Shape::Count(1, 1_000_000)),
    ("connections_of_address", Shape::Count(1, 1_000_000)),
    ("requests_of_grant", Shape::Count(1, 1_000_000)),
    ("sessions_of_grant", Shape::Count(1, 1_000_000)),
    ("together_seconds", Shape::Count(0, u64::MAX)),
];
const TELEMETRY: &[(&str, Shape)] = &[
    ("level", Shape::LogLevel),
    ("format", Shape::OneOf(&["text", "json"])),
    ("traces", Shape::Map(TRACES)),
];
const TRACES: &[(&str, Shape)] = &[
    ("endpoint", Shape::Text),
    ("ratio", Shape::Share),
    ("headers", Shape::TextMap),
    ("service", Shape::Text),
    ("queue", Shape::Count(1, 1_000_000)),
];

/// Every mistake of the file; with none of them it can be used.
pub(super) fn mistakes(text: &str) -> Vec<Diagnostic> {
    let mut walk = Walk { located: Located::new(text) };
    if let Some(root) = walk.located.read(Syntax::Yaml) {
        if let Some(member) = of_a_policy(&root) {
            walk.located.error(
                "not-settings",
                member.key_range.clone(),
                &format!("/{}", member.key),
                "this is a policy, and not a settings file".to_owned(),
                Some(NOT_A_POLICY.to_owned()),
            );
            return walk.located.finish();
        }
        walk.map(&root, DOCUMENT, "the settings", "");
        walk.redact_without_redacted(&root);
    }
    let mut found = walk.located.finish();
    // A file in which nothing is set is a file of settings.
    found.retain(|finding| finding.code != "empty");
    found
}

/// What to give in the place of a policy.
const NOT_A_POLICY: &str = "name the file that `interlock serve` reads, or the data directory alone: `--data DIR`; a policy is \
     for `interlock run -c`, `interlock check` and the `policy` of a server";

/// The first key that says that a file is a policy, where none says that it is one of settings.
fn of_a_policy(root: &Node) -> Option<&Member> {
    const POLICYS: [&str; 8] =
        ["version", "default", "tools", "all_tools", "resources", "prompts", "approvals", "hide"];
    let Value::Map(members) = &root.value else { return None };
    let is_set = |member: &Member| DOCUMENT.iter().any(|(key, _)| *key == member.key);
    if members.iter().any(is_set) {
        return None;
    }
    members.iter().find(|member| POLICYS.contains(&member.key.as_str()))
}

struct Walk<'s> {
    located: Located<'s>,
}

impl Walk<'_> {
    fn wrong(&mut self, node: &Node, pointer: &str, message: String, help: Option<String>) {
        self.located.error("bad-value", node.mark(), pointer, message, help);
    }

    fn expected(&mut self, what: &str, node: &Node, pointer: &str) {
        let scalar = matches!(node.value, Value::Bool(_) | Value::Number(_));
        let help = (what == "text" && scalar).then(|| "put it in quotes".to_owned());
        self.wrong(node, pointer, format!("expected {what}, found {}", node.kind()), help);
    }

    fn members<'n>(&mut self, node: &'n Node, pointer: &str) -> &'n [Member] {
        match &node.value {
            Value::Map(members) => return members,
            Value::Null => {}
            _ => self.expected("a map", node, pointer),
        }
        &[]
    }

    fn map(&mut self, node: &Node, keys: &'static [(&'static str, Shape)], what: &str, pointer: &str) {
        for member in self.members(node, pointer) {
            let below = format!("{pointer}/{}", member.key);
            match keys.iter().find(|(key, _)| *key == member.key) {
                Some((_, shape)) => self.value(&member.value, shape, &below),
                None => self.unknown(member, keys, what, &below),
            }
        }
    }

    fn unknown(&mut self, member: &Member, keys: &[(&'static str, Shape)], what: &str, pointer: &str) {
        let names = || keys.iter().map(|(key, _)| *key);
        let help = did_you_mean(&member.key, names()).unwrap_or_else(|| {
            let all: Vec<String> = names().map(quoted).collect();
            format!("the keys here are {}", all.join(", "))
        });
        let message = format!("unknown key {} in {what}", quoted(&member.key));
        self.located.error("unknown-key", member.key_range.clone(), pointer, message, Some(help));
    }

    fn value(&mut self, node: &Node, shape: &'static Shape, pointer: &str) {
        match (shape, &node.value) {
            (Shape::Map(keys), _) => {
                let what = format!("`{}`", pointer.trim_start_matches('/').replace('/', "."));
                self.map(node, keys, &what, pointer);
            }
            (Shape::Named(noun, keys), _) => {
                for member in self.members(node, pointer) {
                    let what = format!("the {noun} {}", quoted(&member.key));
                    self.map(&member.value, keys, &what, &format!("{pointer}/{}", member.key));
                }
            }
            (Shape::TextMap, _) => {
                for member in self.members(node, pointer) {
                    self.value(&member.value, &Shape::Text, &format!("{pointer}/{}", member.key));
                }
            }
            (Shape::TextsMap, _) => {
                for member in self.members(node, pointer) {
                    let below = format!("{pointer}/{}", member.key);
                    match &member.value.value {
                        Value::List(_) => self.value(&member.value, &Shape::Texts, &below),
                        _ => self.value(&member.value, &Shape::Text, &below),
                    }
                }
            }
            (Shape::Ways(words, keys), Value::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.way(item, words, keys, &format!("{pointer}/{index}"));
                }
            }
            (Shape::WordsOf(words), Value::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    let below = format!("{pointer}/{index}");
                    match &item.value {
                        Value::Text(text) => self.one_of(text, words, item, &below),
                        _ => self.expected("text", item, &below),
                    }
                }
            }
            (Shape::Time, Value::Text(text)) => {
                if crate::when::point(text).is_none() {
                    let help =
                        "write it as `2027-01-31` (from midnight, UTC) or `2027-01-31T12:00:00Z`".to_owned();
                    self.wrong(node, pointer, format!("{} is not a time", quoted(text)), Some(help));
                }
            }
            (Shape::Text, Value::Text(_)) => {}
            (Shape::Texts | Shape::RedactPaths, Value::List(items)) => {
                let paths = matches!(shape, Shape::RedactPaths);
                items
                    .iter()
                    .enumerate()
                    .for_each(|(i, item)| self.item(item, paths, &format!("{pointer}/{i}")));
            }
            (Shape::OneOf(words), Value::Text(text)) => self.one_of(text, words, node, pointer),
            (Shape::Count(least, most), Value::Number(number)) => {
                self.count(number, *least, *most, node, pointer);
            }
            (Shape::Share, Value::Number(number)) => {
                if !number.parse::<f64>().is_ok_and(|share| (0.0..=1.0).contains(&share)) {
                    let help = Some("it is a number from 0 to 1".to_owned());
                    self.wrong(node, pointer, format!("{} is out of range", quoted(number)), help);
                }
            }
            (Shape::LogLevel, Value::Text(text)) => {
                if let Err(error) = check_level(text) {
                    self.wrong(node, pointer, error.to_string(), Some(error.help()));
                }
            }
            (Shape::Texts | Shape::RedactPaths | Shape::WordsOf(_) | Shape::Ways(..), _) => {
                self.expected("a list", node, pointer);
            }
            (Shape::Count(..) | Shape::Share, _) => self.expected("a number", node, pointer),
            (Shape::Text | Shape::OneOf(_) | Shape::LogLevel | Shape::Time, _) => {
                self.expected("text", node, pointer)
            }
        }
    }

    /// One way in which a holder of a grant is known: a word, or a map with one key.
    fn way(
        &mut self,
        item: &Node,
        words: &'static [&'static str],
        keys: &'static [(&'static str, Shape)],
        pointer: &str,
    ) {
        match &item.value {
            Value::Text(text) => self.one_of(text, words, item, pointer),
            Value::Map(members) if members.len() == 1 => self.map(item, keys, "a way to be known", pointer),
            Value::Map(_) => {
                let names: Vec<String> = keys.iter().map(|(key, _)| quoted(key)).collect();
                let message = format!("expected a map with one key, of {}", names.join(", "));
                self.wrong(item, pointer, message, None);
            }
            _ => self.expected("text or a map", item, pointer),
        }
    }

    fn item(&mut self, item: &Node, is_path: bool, pointer: &str) {
        let Value::Text(text) = &item.value else { return self.expected("text", item, pointer) };
        if let Some(error) = text.parse::<RedactPath>().err().filter(|_| is_path) {
            self.wrong(item, pointer, error.to_string(), None);
        }
    }

    fn one_of(&mut self, text: &str, words: &[&'static str], node: &Node, pointer: &str) {
        if !words.contains(&text) {
            let all: Vec<String> = words.iter().map(|word| quoted(word)).collect();
            let message = format!("{} is not one of {}", quoted(text), all.join(", "));
            self.wrong(node, pointer, message, did_you_mean(text, words.iter().copied()));
        }
    }

    fn count(&mut self, number: &str, least: u64, most: u64, node: &Node, pointer: &str) {
        let Ok(count) = number.parse::<u64>() else {
            return self.wrong(node, pointer, format!("{} is not a whole number", quoted(number)), None);
        };
        let bound = match count {
            _ if count < least => format!("it is at least {least}"),
            _ if count > most => format!("it is at most {most}"),
            _ => return,
        };
        self.wrong(node, pointer, format!("{} is out of range", quoted(number)), Some(bound));
    }

    /// Paths to redact do nothing beside another choice, and whoever wrote them believes that they do.
    fn redact_without_redacted(&mut self, root: &Node) {
        let Some(audit) = member(root, "audit") else { return };
        let Some(redact) = member(&audit.value, "redact") else { return };
        let chosen = member(&audit.value, "arguments").map(|member| &member.value.value);
        let redacted = matches!(chosen, Some(Value::Text(text)) if text == "redacted");
        if !redacted && matches!(&redact.value.value, Value::List(items) if !items.is_empty()) {
            let message = "`audit.redact` has a meaning only with `audit.arguments: redacted`".to_owned();
            let help = Some("add `arguments: redacted` to `audit`".to_owned());
            self.located.error("no-effect", redact.key_range.clone(), "/audit/redact", message, help);
        }
    }
}

fn member<'n>(node: &'n Node, key: &str) -> Option<&'n Member> {
    let Value::Map(members) = &node.value else { return None };
    members.iter().find(|member| member.key == key)
}
