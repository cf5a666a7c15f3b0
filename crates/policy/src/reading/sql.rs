//! `sql_readonly`: one statement that only reads.
//!
//! Three gates, each of which knows what it lets pass and refuses the rest: [`notation`] the marks that every reader
//! takes alike, the parser the grammar, [`tree`] and [`expression`] the nodes with their [`functions`].

mod depth;
mod expression;
mod functions;
mod notation;
mod tree;

use sqlparser::dialect::{Dialect as Grammar, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::{Parser, ParserError};

use super::{Judged, Unjudgeable};

/// Deepest nesting that is parsed.
const MOST_DEEP: usize = 40;

/// Whose SQL it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Postgres,
    Mysql,
    Sqlite,
    /// Not known: the statement must only read in all of the others.
    Generic,
}

impl Dialect {
    /// The dialects by name.
    pub(crate) const NAMES: [(&str, Dialect); 4] = [
        ("postgres", Dialect::Postgres),
        ("mysql", Dialect::Mysql),
        ("sqlite", Dialect::Sqlite),
        ("generic", Dialect::Generic),
    ];

    pub(crate) fn name(self) -> &'static str {
        Dialect::NAMES.iter().find(|(_, known)| *known == self).map_or("generic", |(name, _)| name)
    }

    /// True for a statement that only reads, false for one that writes.
    pub(super) fn judge(self, text: &str) -> Judged {
        match self {
            Dialect::Postgres => judge(self, &PostgreSqlDialect {}, text),
            Dialect::Mysql => judge(self, &MySqlDialect {}, text),
            Dialect::Sqlite => judge(self, &SQLiteDialect {}, text),
            Dialect::Generic => {
                let mut all = Ok(true);
                for dialect in [Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite] {
                    match dialect.judge(text) {
                        Ok(true) => {}
                        Ok(false) => return Ok(false),
                        Err(why) if all.is_ok() => all = Err(why),
                        Err(_) => {}
                    }
                }
                all
            }
        }
    }
}

fn judge(dialect: Dialect, grammar: &dyn Grammar, text: &str) -> Judged {
    notation::check(dialect, text)?;
    let parsed = Parser::new(grammar).with_recursion_limit(MOST_DEEP).try_with_sql(text);
    let statements = match parsed.and_then(|mut parser| parser.parse_statements()) {
        Ok(statements) => statements,
        Err(ParserError::RecursionLimitExceeded) => return Err("is nested too deeply".into()),
        Err(_) => return Err("is not SQL that can be read".into()),
    };
    match statements.as_slice() {
        [statement] => tree::judge(dialect, statement),
        [] => Err("holds no statement".into()),
        _ => Err(several()),
    }
}

fn several() -> Unjudgeable {
    "holds more than one statement".into()
}
