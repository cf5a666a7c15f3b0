//! Operands as documents write them.

use super::{Operand, Reading};
use crate::tree::{Member, Node, Value};

impl Reading {
    /// The operand, which reads back as itself.
    pub(crate) fn written(&self) -> Node {
        match &self.0 {
            Operand::Matches(whole) => text(whole.as_str()),
            Operand::StartsWith(affix) | Operand::EndsWith(affix) => text(affix.as_str()),
            Operand::MatchesGlob(shape) => text(shape.as_str()),
            Operand::LengthLte(length) | Operand::LengthGte(length) => {
                Node::new(Value::Number(length.bound().to_string()))
            }
            Operand::OneOfTypes(types) => list(types.names()),
            Operand::WithinPath(roots) => list(roots.texts()),
            Operand::UrlHostIn(hosts) => match hosts.schemes() {
                None => list(hosts.texts()),
                Some(schemes) => map([("hosts", list(hosts.texts())), ("schemes", list(schemes.texts()))]),
            },
            Operand::UrlSchemeIn(schemes) => list(schemes.texts()),
            Operand::IpIn(ranges) => list(ranges.texts()),
            Operand::SqlReadonly(dialect) => map([("dialect", text(dialect.name()))]),
            Operand::ArgvIn(commands) => list(commands.texts()),
            Operand::EmailDomainIn(domains) => list(domains.texts()),
            Operand::Before(moment) | Operand::After(moment) => text(moment.as_str()),
        }
    }
}

fn text(text: &str) -> Node {
    Node::new(Value::Text(text.to_owned()))
}

fn list<'t>(texts: impl Iterator<Item = &'t str>) -> Node {
    Node::new(Value::List(texts.map(text).collect()))
}

fn map<const N: usize>(members: [(&str, Node); N]) -> Node {
    let member = |(key, value): (&str, Node)| Member { key: key.to_owned(), key_range: 0..0, value };
    Node::new(Value::Map(members.into_iter().map(member).collect()))
}
