//! The register of pins.

mod reading;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::database::failed;
use crate::StoreError;
use crate::pins::{AcceptOutcome, Acceptance, DefinitionDigest, Observed, Offer, PinChange, Seen};

pub(super) use reading::{changes, pins, pins_of, quarantined};

/// The layout of the register.
pub(super) const TABLE: &str = "
CREATE TABLE pinned_servers (
    server TEXT PRIMARY KEY,
    first_seen_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE pins (
    server TEXT NOT NULL REFERENCES pinned_servers (server),
    tool TEXT NOT NULL,
    accepted BLOB,
    accepted_definition TEXT,
    -- Nobody where it was taken at first sight.
    accepted_by TEXT,
    accepted_ms INTEGER,
    offered BLOB,
    offered_definition TEXT,
    offered_ms INTEGER,
    is_quarantined INTEGER NOT NULL,
    is_back INTEGER NOT NULL,
    first_seen_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    PRIMARY KEY (server, tool)
);
CREATE INDEX pins_quarantined ON pins (server) WHERE is_quarantined;
CREATE TABLE pin_changes (
    count INTEGER NOT NULL
);
INSERT INTO pin_changes VALUES (0);
";

/// Tools of one server that are kept. Those beyond are not trusted either.
const MOST_TOOLS: i64 = 20_000;
/// Bytes of one server's definitions that are kept. Of what is offered beyond, only the digest is.
const MOST_BYTES: i64 = 256 << 20;

/// What is to be known of a pin to judge what is offered.
struct Known {
    accepted: Option<DefinitionDigest>,
    offered: Option<DefinitionDigest>,
    /// Whether the text of what was offered is there.
    is_kept: bool,
    is_quarantined: bool,
    is_back: bool,
}

/// Notes what a server has.
pub(super) fn observe(connection: &Connection, seen: &Seen, now_ms: i64) -> Result<Observed, StoreError> {
    let is_known = reading::is_known(connection, &seen.server)?;
    if !is_known && !seen.is_complete {
        return Ok(Observed { changes: Vec::new(), now: pins_of(connection, &seen.server)? });
    }
    if !is_known {
        connection
            .prepare_cached("INSERT INTO pinned_servers VALUES (?1, ?2)")
            .and_then(|mut statement| statement.execute(params![seen.server, now_ms]))
            .map_err(failed("note a server's first sight"))?;
    }
    let takes = !is_known && seen.trusts_first;
    let mut room = Room::of(connection, &seen.server)?;
    let mut changes = Vec::new();
    for offer in &seen.tools {
        let change = match known(connection, &seen.server, &offer.tool)? {
            None => add(connection, seen, offer, takes, &mut room, now_ms)?,
            Some(known) => compare(connection, seen, offer, &known, &mut room, now_ms)?,
        };
        changes.extend(change.map(|change| (offer.tool.clone(), change)));
    }
    if !changes.is_empty() || !is_known {
        count(connection)?;
    }
    Ok(Observed { changes, now: pins_of(connection, &seen.server)? })
}

/// A tool that was never seen.
fn add(
    connection: &Connection,
    seen: &Seen,
    offer: &Offer,
    takes: bool,
    room: &mut Room,
    now_ms: i64,
) -> Result<Option<PinChange>, StoreError> {
    if !room.takes_tool() {
        return Ok(None);
    }
    let definition = room.keeps(offer.definition.as_deref());
    // What cannot be kept cannot be compared with what comes after it, and is not trusted.
    let takes = takes && definition.is_some();
    let sql = match takes {
        true => "INSERT INTO pins VALUES (?1, ?2, ?3, ?4, NULL, ?5, NULL, NULL, NULL, 0, 0, ?5, ?5)",
        false => "INSERT INTO pins VALUES (?1, ?2, NULL, NULL, NULL, NULL, ?3, ?4, ?5, 1, 0, ?5, ?5)",
    };
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| {
            statement.execute(params![seen.server, offer.tool, offer.digest, definition, now_ms])
        })
        .map_err(failed("pin a tool"))?;
    Ok(Some(if takes { PinChange::Taken } else { PinChange::Added }))
}

/// A tool that is known already.
fn compare(
    connection: &Connection,
    seen: &Seen,
    offer: &Offer,
    known: &Known,
    room: &mut Room,
    now_ms: i64,
) -> Result<Option<PinChange>, StoreError> {
    if known.accepted == Some(offer.digest) {
        // Whoever shows another definition and then this one again may do so whenever it is looked at: only a person
        // ends a quarantine.
        if !known.is_quarantined || known.is_back {
            return Ok(None);
        }
        connection
            .prepare_cached("UPDATE pins SET is_back = 1, changed_ms = ?3 WHERE server = ?1 AND tool = ?2")
            .and_then(|mut statement| statement.execute(params![seen.server, offer.tool, now_ms]))
            .map_err(failed("note a definition that is back"))?;
        return Ok(Some(PinChange::Back));
    }
    let is_noted = known.is_quarantined && !known.is_back && known.offered == Some(offer.digest);
    if is_noted && known.is_kept {
        return Ok(None);
    }
    let definition = room.keeps(offer.definition.as_deref());
    if is_noted && definition.is_none() {
        return Ok(None);
    }
    connection
        .prepare_cached(
            "UPDATE pins SET offered = ?3, offered_definition = ?4, offered_ms = ?5, is_quarantined = 1, \
             is_back = 0, changed_ms = ?5 WHERE server = ?1 AND tool = ?2",
        )
        .and_then(|mut statement| {
            statement.execute(params![seen.server, offer.tool, offer.digest, definition, now_ms])
        })
        .map_err(failed("put a tool in quarantine"))?;
    // There may be room by now for the text of what is noted already.
    Ok((!is_noted).then_some(PinChange::Changed))
}

/// Trusts what a person has seen and its server has shown last.
pub(super) fn accept(
    connection: &Connection,
    acceptance: &Acceptance,
    now_ms: i64,
) -> Result<Vec<AcceptOutcome>, StoreError> {
    let Acceptance { server, tools, by } = acceptance;
    let mut outcomes = Vec::with_capacity(tools.len());
    for (tool, digest) in tools {
        let outcome = match known(connection, server, tool)? {
            Some(known) if known.accepted == Some(*digest) && !known.is_quarantined => AcceptOutcome::Already,
            Some(known) if known.accepted == Some(*digest) && known.is_back => {
                trust(connection, (server, tool, by), AGAIN, now_ms)?
            }
            Some(known) if known.offered == Some(*digest) && !known.is_back => {
                trust(connection, (server, tool, by), OFFERED, now_ms)?
            }
            _ => AcceptOutcome::Outdated,
        };
        outcomes.push(outcome);
    }
    if outcomes.contains(&AcceptOutcome::Accepted) {
        count(connection)?;
    }
    Ok(outcomes)
}

const OFFERED: &str = "UPDATE pins SET accepted = offered, accepted_definition = offered_definition, \
     accepted_by = ?3, accepted_ms = ?4, offered = NULL, offered_definition = NULL, offered_ms = NULL, \
     is_quarantined = 0, is_back = 0, changed_ms = ?4 \
     WHERE server = ?1 AND tool = ?2 AND offered_definition IS NOT NULL";
const AGAIN: &str = "UPDATE pins SET accepted_by = ?3, accepted_ms = ?4, offered = NULL, \
     offered_definition = NULL, offered_ms = NULL, is_quarantined = 0, is_back = 0, changed_ms = ?4 \
     WHERE server = ?1 AND tool = ?2";

fn trust(
    connection: &Connection,
    (server, tool, by): (&str, &str, &str),
    sql: &str,
    now_ms: i64,
) -> Result<AcceptOutcome, StoreError> {
    let updated = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(params![server, tool, by, now_ms]))
        .map_err(failed("accept a definition"))?;
    Ok(if updated > 0 { AcceptOutcome::Accepted } else { AcceptOutcome::Outdated })
}

fn known(connection: &Connection, server: &str, tool: &str) -> Result<Option<Known>, StoreError> {
    let known = |row: &rusqlite::Row<'_>| {
        Ok(Known {
            accepted: row.get(0)?,
            offered: row.get(1)?,
            is_kept: row.get(2)?,
            is_quarantined: row.get(3)?,
            is_back: row.get(4)?,
        })
    };
    connection
        .prepare_cached(
            "SELECT accepted, offered, offered_definition IS NOT NULL, is_quarantined, is_back \
             FROM pins WHERE server = ?1 AND tool = ?2",
        )
        .and_then(|mut statement| statement.query_row(params![server, tool], known).optional())
        .map_err(failed("look up a pin"))
}

fn count(connection: &Connection) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE pin_changes SET count = count + 1")
        .and_then(|mut statement| statement.execute([]))
        .map_err(failed("count a change of pins"))?;
    Ok(())
}

/// What is left of what one server may have kept.
struct Room {
    tools: i64,
    bytes: i64,
}

impl Room {
    fn of(connection: &Connection, server: &str) -> Result<Self, StoreError> {
        let (tools, bytes): (i64, i64) = connection
            .prepare_cached(
                "SELECT count(*), coalesce(sum(coalesce(octet_length(accepted_definition), 0) \
                 + coalesce(octet_length(offered_definition), 0)), 0) FROM pins WHERE server = ?1",
            )
            .and_then(|mut statement| statement.query_row([server], |row| Ok((row.get(0)?, row.get(1)?))))
            .map_err(failed("measure a server's pins"))?;
        Ok(Self { tools: MOST_TOOLS.saturating_sub(tools), bytes: MOST_BYTES.saturating_sub(bytes) })
    }

    fn takes_tool(&mut self) -> bool {
        self.tools -= 1;
        self.tools >= 0
    }

    /// The definition, where there is room for it.
    fn keeps<'d>(&mut self, definition: Option<&'d str>) -> Option<&'d str> {
        let definition = definition?;
        let length = i64::try_from(definition.len()).unwrap_or(i64::MAX);
        let left = self.bytes.checked_sub(length).filter(|left| *left >= 0)?;
        self.bytes = left;
        Some(definition)
    }
}
