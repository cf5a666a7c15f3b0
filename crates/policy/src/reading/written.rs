//! Operands as documents write them.

use super::{Operand, Reading};
use crate::tree::{Member, Node, Value};
use compact_str::ToCompactString;

impl Reading {
    /// The operand, which reads back as itself.
    pub(crate) fn written(&self) -> Node {
        match &self.operand {
            Operand::Matches(whole) => text(whole.as_str()),
            Operand::StartsWith(affixes) | Operand::EndsWith(affixes) => self.texts(affixes.texts()),
            Operand::MatchesGlob(shapes) => self.texts(shapes.texts()),
            Operand::LengthLte(length) | Operand::LengthGte(length) => {
                Node::new(Value::Number(length.bound().to_compact_string()))
            }
            Operand::OneOfTypes(types) => self.texts(types.names()),
            Operand::WithinPath(roots) => self.texts(roots.texts()),
            Operand::UrlHostIn(hosts) => match hosts.schemes() {
                None => self.texts(hosts.texts()),
                Some(schemes) => {
                    let schemes = named(self.schemes_list.as_deref(), schemes.texts());
                    map(vec![("hosts", self.texts(hosts.texts())), ("schemes", schemes)])
                }
            },
            Operand::UrlSchemeIn(schemes) => self.texts(schemes.texts()),
            Operand::IpIn(ranges) => self.texts(ranges.texts()),
            Operand::SqlReadonly(dialect) => map(vec![("dialect", text(dialect.name()))]),
            Operand::ArgvIn(commands) => self.texts(commands.texts()),
            Operand::EmailDomainIn(domains) => self.texts(domains.texts()),
            Operand::Before(moment) | Operand::After(moment) => text(moment.as_str()),
        }
    }

    fn texts<'t>(&self, texts: impl Iterator<Item = &'t str>) -> Node {
        named(self.list.as_deref(), texts)
    }
}

/// A list by its name, or its texts; one alone needs no brackets.
fn named<'t>(list: Option<&str>, texts: impl Iterator<Item = &'t str>) -> Node {
    if let Some(name) = list {
        return map(vec![("list", text(name))]);
    }
    let mut texts: Vec<Node> = texts.map(text).collect();
    match (texts.pop(), texts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => Node::new(Value::List(texts.into_iter().chain(last).collect())),
    }
}

fn text(text: &str) -> Node {
    Node::new(Value::Text(text.into()))
}

fn map(members: Vec<(&str, Node)>) -> Node {
    let member = |(key, value): (&str, Node)| Member { key: key.into(), key_range: 0..0, value };
    Node::new(Value::Map(members.into_iter().map(member).collect()))
}
