//! Operators that parse what they judge: patterns, paths, addresses, statements, command lines, dates.
//!
//! Each module holds one operand type, checked when the policy is read, and what it makes of a value: it holds, it does
//! not, or the value cannot be judged. Two readers of one text may differ; whatever they could take differently is
//! unjudgeable here, which never helps a call.

mod argv;
mod date;
mod domain;
mod email;
mod ip;
mod length;
mod path;
mod pattern;
mod sample;
mod sql;
mod types;
mod url;
mod words;
mod written;

use std::borrow::Cow;
use std::sync::Arc;

use interlock_json::{Kind, Value};

pub(crate) use argv::Commands;
pub(crate) use date::Moment;
pub(crate) use domain::DomainPattern;
pub(crate) use email::EmailDomains;
pub(crate) use ip::Ranges;
pub(crate) use length::Length;
pub(crate) use path::Roots;
pub(crate) use pattern::{Affixes, Shapes, Whole};
pub(crate) use sql::Dialect;
pub(crate) use types::Types;
pub(crate) use url::{Hosts, Schemes};

/// An operator that parses what it judges, with its operand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub(crate) operand: Operand,
    /// The named list that the operand's texts come from; `None` where they are written out.
    pub(crate) list: Option<Arc<str>>,
    /// The same for the schemes of `url_host_in`.
    pub(crate) schemes_list: Option<Arc<str>>,
}

/// The operands by operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operand {
    Matches(Whole),
    StartsWith(Affixes),
    EndsWith(Affixes),
    MatchesGlob(Shapes),
    LengthLte(Length),
    LengthGte(Length),
    OneOfTypes(Types),
    WithinPath(Roots),
    UrlHostIn(Hosts),
    UrlSchemeIn(Schemes),
    IpIn(Ranges),
    SqlReadonly(Dialect),
    ArgvIn(Commands),
    EmailDomainIn(EmailDomains),
    Before(Moment),
    After(Moment),
}

/// Why an operator cannot judge a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unjudgeable {
    /// The value is of another type than this.
    Type(&'static str),
    /// The second half of a sentence about the value: `holds a backslash`.
    Value(Cow<'static, str>),
}

impl From<&'static str> for Unjudgeable {
    fn from(words: &'static str) -> Unjudgeable {
        Unjudgeable::Value(Cow::Borrowed(words))
    }
}

impl From<String> for Unjudgeable {
    fn from(words: String) -> Unjudgeable {
        Unjudgeable::Value(Cow::Owned(words))
    }
}

/// What an operator makes of a value.
pub(crate) type Judged = Result<bool, Unjudgeable>;

/// What is wrong with an operand, as a sentence, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Flaw {
    fn new(message: impl Into<String>) -> Flaw {
        Flaw { message: message.into(), help: None }
    }

    pub(crate) fn unknown_operator() -> Flaw {
        Flaw::new("this operator takes no texts").help("choose another operator")
    }

    fn help(self, help: impl Into<String>) -> Flaw {
        Flaw { help: Some(help.into()), ..self }
    }
}

/// The names of the operators, in the order of the language guide.
pub(crate) const NAMES: [&str; 16] = [
    "matches",
    "starts_with",
    "ends_with",
    "matches_glob",
    "length_lte",
    "length_gte",
    "one_of_types",
    "within_path",
    "url_host_in",
    "url_scheme_in",
    "ip_in",
    "sql_readonly",
    "argv_in",
    "email_domain_in",
    "before",
    "after",
];

impl Reading {
    /// The operator's name.
    pub const fn name(&self) -> &'static str {
        match self.operand {
            Operand::Matches(_) => "matches",
            Operand::StartsWith(_) => "starts_with",
            Operand::EndsWith(_) => "ends_with",
            Operand::MatchesGlob(_) => "matches_glob",
            Operand::LengthLte(_) => "length_lte",
            Operand::LengthGte(_) => "length_gte",
            Operand::OneOfTypes(_) => "one_of_types",
            Operand::WithinPath(_) => "within_path",
            Operand::UrlHostIn(_) => "url_host_in",
            Operand::UrlSchemeIn(_) => "url_scheme_in",
            Operand::IpIn(_) => "ip_in",
            Operand::SqlReadonly(_) => "sql_readonly",
            Operand::ArgvIn(_) => "argv_in",
            Operand::EmailDomainIn(_) => "email_domain_in",
            Operand::Before(_) => "before",
            Operand::After(_) => "after",
        }
    }

    /// The regular expression of `matches`.
    pub(crate) fn pattern(&self) -> Option<&str> {
        match &self.operand {
            Operand::Matches(whole) => Some(whole.as_str()),
            _ => None,
        }
    }

    /// Whether the operator can do without case.
    pub(crate) const fn folds(&self) -> bool {
        matches!(
            self.operand,
            Operand::Matches(_)
                | Operand::StartsWith(_)
                | Operand::EndsWith(_)
                | Operand::MatchesGlob(_)
                | Operand::WithinPath(_)
        )
    }

    /// What the operator makes of a value that is there.
    pub(crate) fn judge(&self, value: Value<'_>) -> Judged {
        match &self.operand {
            Operand::OneOfTypes(types) => types.judge(value),
            Operand::LengthLte(length) => length.of(value).map(|found| found <= length.bound()),
            Operand::LengthGte(length) => length.of(value).map(|found| found >= length.bound()),
            _ if value.kind() != Kind::String => Err(Unjudgeable::Type("text")),
            _ => match value.as_str() {
                Some(text) => self.judge_text(&text),
                None => Err(Unjudgeable::Type("text")),
            },
        }
    }

    /// What the operator makes of a text.
    pub(crate) fn judge_text(&self, text: &str) -> Judged {
        match &self.operand {
            Operand::Matches(whole) => Ok(whole.is_match(text)),
            Operand::StartsWith(affixes) => Ok(affixes.begin(text)),
            Operand::EndsWith(affixes) => Ok(affixes.end(text)),
            Operand::MatchesGlob(shapes) => Ok(shapes.is_match(text)),
            Operand::LengthLte(length) => Ok(Length::of_text(text) <= length.bound()),
            Operand::LengthGte(length) => Ok(Length::of_text(text) >= length.bound()),
            Operand::OneOfTypes(types) => Ok(types.has_text()),
            Operand::WithinPath(roots) => roots.judge(text),
            Operand::UrlHostIn(hosts) => hosts.judge(text),
            Operand::UrlSchemeIn(schemes) => schemes.judge(text),
            Operand::IpIn(ranges) => ranges.judge(text),
            Operand::SqlReadonly(dialect) => dialect.judge(text),
            Operand::ArgvIn(commands) => commands.judge(text),
            Operand::EmailDomainIn(domains) => domains.judge(text),
            Operand::Before(moment) => moment.judge(text).map(std::cmp::Ordering::is_lt),
            Operand::After(moment) => moment.judge(text).map(std::cmp::Ordering::is_gt),
        }
    }
}

/// A character that people do not see or that ends a line: no text that names one thing holds one.
fn is_hidden(character: char) -> bool {
    character.is_control() || crate::print::is_invisible(character)
}
