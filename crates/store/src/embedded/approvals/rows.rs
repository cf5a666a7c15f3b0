//! Rows of the register, and what they say.

use rusqlite::{Connection, Row, params};

use super::super::announcements;
use super::super::database::failed;
use crate::StoreError;
use crate::approvals::{Approval, Asker, Opinion, Question, Standing};

macro_rules! columns {
    ($details:literal) => {
        concat!(
            "number, id, digest, grant_name, instance, session, server, section, name, approvers, needed, ",
            $details,
            ", asked_ms, expires_ms, standing, since_ms, change, announce_to, judged_by"
        )
    };
}

/// What [`Kept`] is read from, in its order.
pub(super) const COLUMNS: &str = columns!("details");
/// The same without the details, which are long.
pub(super) const BARE: &str = columns!("''");

/// A question as it was written down, without what people said.
pub(super) struct Kept {
    pub(super) number: i64,
    pub(super) question: Question,
    asked_ms: i64,
    expires_ms: i64,
    standing: Standing,
    since_ms: Option<i64>,
    change: i64,
}

/// How standings are written.
pub(super) const fn code(standing: Standing) -> i64 {
    match standing {
        Standing::Waiting => 0,
        Standing::Approved => 1,
        Standing::Denied => 2,
        Standing::Expired => 3,
        Standing::Used => 4,
        Standing::Withdrawn => 5,
    }
}

fn standing(code: i64) -> Option<Standing> {
    use Standing::{Approved, Denied, Expired, Used, Waiting, Withdrawn};
    let known = [Waiting, Approved, Denied, Expired, Used, Withdrawn];
    known.into_iter().find(|standing| self::code(*standing) == code)
}

/// How something stands now that was written down to stand so until a time.
pub(super) fn stands(written: Standing, expires_ms: i64, now_ms: i64) -> Standing {
    match written {
        Standing::Waiting | Standing::Approved if expires_ms <= now_ms => Standing::Expired,
        standing => standing,
    }
}

/// Approvers' names as they are written: any text may be one, so that the end of each is what none can hold unescaped.
pub(super) fn written_names(names: &[String]) -> String {
    let escaped = |name: &String| name.replace('\\', "\\\\").replace('\n', "\\n") + "\n";
    names.iter().map(escaped).collect()
}

fn read_names(written: &str) -> Vec<String> {
    written.split_terminator('\n').map(unescaped).collect()
}

fn unescaped(line: &str) -> String {
    let mut letters = line.chars();
    let mut name = String::new();
    while let Some(letter) = letters.next() {
        name.push(match letter {
            '\\' if letters.next() == Some('n') => '\n',
            letter => letter,
        });
    }
    name
}

/// Reads a row of [`COLUMNS`] or [`BARE`].
pub(super) fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    Ok(Kept {
        number: row.get(0)?,
        question: Question {
            id: row.get(1)?,
            digest: row.get(2)?,
            judged_by: read_digest(row, 18)?,
            asker: Asker { grant: row.get(3)?, instance: row.get(4)?, session: row.get(5)? },
            server: row.get(6)?,
            section: row.get(7)?,
            name: row.get(8)?,
            approvers: read_names(row.get_ref(9)?.as_str()?),
            needed: row.get(10)?,
            details: row.get(11)?,
            announce_to: announcements::read_targets(row.get_ref(17)?.as_blob()?),
        },
        asked_ms: row.get(12)?,
        expires_ms: row.get(13)?,
        standing: read_standing(row, 14)?,
        since_ms: row.get(15)?,
        change: row.get(16)?,
    })
}

/// Reads by what a call is judged; of one that was asked before that was noted, by nothing that there is.
fn read_digest(row: &Row<'_>, column: usize) -> rusqlite::Result<[u8; 32]> {
    let written = row.get_ref(column)?.as_blob()?;
    Ok(written.try_into().unwrap_or([0; 32]))
}

/// Reads how something stands.
pub(super) fn read_standing(row: &Row<'_>, column: usize) -> rusqlite::Result<Standing> {
    let code = row.get(column)?;
    standing(code).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, code))
}

impl Kept {
    /// With what people said, as it stands now.
    pub(super) fn complete(self, connection: &Connection, now_ms: i64) -> Result<Approval, StoreError> {
        let standing = stands(self.standing, self.expires_ms, now_ms);
        let expired = standing != self.standing;
        Ok(Approval {
            opinions: opinions(connection, self.number)?,
            question: self.question,
            asked_ms: self.asked_ms,
            expires_ms: self.expires_ms,
            standing,
            since_ms: if expired { Some(self.expires_ms) } else { self.since_ms },
            change: self.change,
        })
    }
}

/// What people said, in that order.
fn opinions(connection: &Connection, number: i64) -> Result<Vec<Opinion>, StoreError> {
    let sql = "SELECT person, approves, reason, at_ms FROM opinions WHERE approval = ?1 ORDER BY place";
    let opinion = |row: &Row<'_>| {
        Ok(Opinion { by: row.get(0)?, approves: row.get(1)?, reason: row.get(2)?, at_ms: row.get(3)? })
    };
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_map(params![number], opinion)?.collect())
        .map_err(failed("read an approval"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_read_as_it_was_written() {
        for names in [
            vec![],
            vec![""],
            vec!["", ""],
            vec!["user:alice", "bob"],
            vec!["a\nb", "\\n", "\\", "n\\", "\n"],
        ] {
            let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
            assert_eq!(read_names(&written_names(&names)), names);
        }
    }
}
