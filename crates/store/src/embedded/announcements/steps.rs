//! The steps of an announcement, each in the transaction that it is asked in.

use rusqlite::{Connection, Row, params};

use super::super::database::failed;
use super::{MOST, MOST_OF_GRANT, PAGE, TOLD_FOR_MS};
use crate::StoreError;
use crate::announcements::{Announcement, Claim, Claimed, Event, PutOff, Target};
use crate::approvals::Approval;

/// How events are written.
const fn code(event: Event) -> i64 {
    match event {
        Event::Asked => 0,
        Event::Decided => 1,
        Event::Expired => 2,
        Event::Withdrawn => 3,
    }
}

fn event(row: &Row<'_>, column: usize) -> rusqlite::Result<Event> {
    let code = row.get(column)?;
    let known = [Event::Asked, Event::Decided, Event::Expired, Event::Withdrawn].into_iter();
    known
        .into_iter()
        .find(|event| self::code(*event) == code)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(column, code))
}

/// Receivers as a question has them.
pub(in super::super) fn written_targets(targets: &[Target]) -> Vec<u8> {
    targets.iter().flat_map(|target| target.0).collect()
}

pub(in super::super) fn read_targets(written: &[u8]) -> Vec<Target> {
    written.as_chunks().0.iter().copied().map(Target).collect()
}

/// Writes down that this is to be announced to all to whom the question is.
pub(in super::super) fn write(
    connection: &Connection,
    approval: &Approval,
    event: Event,
    now_ms: i64,
) -> Result<(), StoreError> {
    let until = match event {
        Event::Asked => approval.expires_ms,
        Event::Decided | Event::Expired | Event::Withdrawn => now_ms.saturating_add(TOLD_FOR_MS),
    };
    for target in &approval.question.announce_to {
        if is_full(connection, target, &approval.question.asker.grant)? {
            lose(connection, target)?;
            continue;
        }
        let sql = "INSERT INTO announcements (approval, event, target, at_ms, until_ms, tries, due_ms) \
                   VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6) ON CONFLICT DO NOTHING";
        let at = approval.since_ms.unwrap_or(now_ms);
        let values = params![approval.question.id, code(event), target.0, at, until, now_ms];
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map_err(failed("note an announcement"))?;
    }
    Ok(())
}

/// What counts a receiver's announcements, no further than it matters.
pub(super) const COUNT: &str =
    "SELECT count(*) FROM (SELECT 1 FROM announcements WHERE target = ?1 LIMIT ?2)";

/// What counts those of them that are about calls of one grant.
pub(super) const COUNT_OF_GRANT: &str = "SELECT count(*) FROM (SELECT 1 FROM announcements CROSS JOIN approvals \
     ON approvals.id = announcements.approval WHERE target = ?1 AND grant_name = ?3 LIMIT ?2)";

fn is_full(connection: &Connection, target: &Target, grant: &str) -> Result<bool, StoreError> {
    let count = |sql, values: &[&dyn rusqlite::ToSql]| -> rusqlite::Result<i64> {
        connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))
    };
    let all = count(COUNT, params![target.0, MOST]);
    let of_grant = count(COUNT_OF_GRANT, params![target.0, MOST_OF_GRANT, grant]);
    let is_full = all.and_then(|all| Ok(all >= MOST || of_grant? >= MOST_OF_GRANT));
    is_full.map_err(failed("count its announcements"))
}

fn lose(connection: &Connection, target: &Target) -> Result<(), StoreError> {
    let sql = "INSERT INTO announcements_lost VALUES (?1, 1) ON CONFLICT DO UPDATE SET many = many + 1";
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(params![target.0]))
        .map(|_| ())
        .map_err(failed("note a lost announcement"))
}

/// What [`announcement`] is read from, in its order.
const COLUMNS: &str = "approval, event, target, at_ms, until_ms, tries";

fn announcement(row: &Row<'_>) -> rusqlite::Result<Announcement> {
    Ok(Announcement {
        approval: row.get(0)?,
        event: event(row, 1)?,
        target: Target(row.get(2)?),
        at_ms: row.get(3)?,
        until_ms: row.get(4)?,
        tries: row.get(5)?,
    })
}

/// What takes a receiver's announcements that are due.
pub(super) fn claim_sql() -> String {
    format!(
        "UPDATE announcements SET holder = ?1, tries = tries + 1, due_ms = ?2 FROM ( \
             SELECT approval AS claimed, event AS of_event FROM announcements INDEXED BY announcements_due \
             WHERE target = ?3 AND due_ms <= ?4 AND until_ms > ?4 ORDER BY due_ms LIMIT ?5 \
         ) WHERE approval = claimed AND event = of_event AND target = ?3 RETURNING {COLUMNS}"
    )
}

/// What takes out those that nobody announced in time. One that is held is its holder's.
pub(super) fn overdue_sql() -> String {
    format!(
        "DELETE FROM announcements WHERE (approval, event, target) IN ( \
             SELECT approval, event, target FROM announcements INDEXED BY announcements_overdue \
             WHERE until_ms <= ?1 AND (holder IS NULL OR due_ms <= ?1) ORDER BY until_ms LIMIT {PAGE} \
         ) RETURNING {COLUMNS}"
    )
}

pub(super) fn claim(connection: &Connection, claim: &Claim, now_ms: i64) -> Result<Claimed, StoreError> {
    let overdue = connection
        .prepare_cached(&overdue_sql())
        .and_then(|mut statement| statement.query_map(params![now_ms], announcement)?.collect())
        .map_err(failed("give announcements up"))?;
    let held_until = now_ms.saturating_add_unsigned(claim.for_ms);
    let mut announcements = Vec::new();
    for (target, most) in &claim.wanted {
        let most = i64::try_from(*most).unwrap_or(i64::MAX);
        let values = params![claim.by, held_until, target.0, now_ms, most];
        let claimed: Vec<Announcement> = connection
            .prepare_cached(&claim_sql())
            .and_then(|mut statement| statement.query_map(values, announcement)?.collect())
            .map_err(failed("claim announcements"))?;
        announcements.extend(claimed);
    }
    announcements.sort_by_key(|announcement| announcement.at_ms);
    let lost = connection
        .prepare_cached("DELETE FROM announcements_lost RETURNING target, many")
        .and_then(|mut statement| {
            let lost = |row: &Row<'_>| Ok((Target(row.get(0)?), row.get::<_, i64>(1)?.unsigned_abs()));
            statement.query_map([], lost)?.collect()
        })
        .map_err(failed("count lost announcements"))?;
    Ok(Claimed { announcements, overdue, lost })
}

/// What looks whether something is due for one receiver.
pub(super) const IS_DUE: &str =
    "SELECT EXISTS (SELECT 1 FROM announcements WHERE target = ?1 AND due_ms <= ?2)";
/// What looks whether something is to be given up or was lost.
pub(super) const IS_OVERDUE: &str = "SELECT EXISTS (SELECT 1 FROM announcements INDEXED BY announcements_overdue \
     WHERE until_ms <= ?1 AND (holder IS NULL OR due_ms <= ?1)) OR EXISTS (SELECT 1 FROM announcements_lost)";

/// Whether there is anything to claim.
pub(in super::super) fn is_due(
    connection: &Connection,
    targets: &[Target],
    now_ms: i64,
) -> Result<bool, StoreError> {
    let looked = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(values, |row| row.get(0)))
            .map_err(failed("look for announcements"))
    };
    for target in targets {
        if looked(IS_DUE, params![target.0, now_ms])? {
            return Ok(true);
        }
    }
    looked(IS_OVERDUE, params![now_ms])
}

/// Of whoever took it, and nobody since.
const MINE: &str = "approval = ?1 AND event = ?2 AND target = ?3 AND tries = ?4";

pub(super) fn finish(connection: &Connection, which: &Announcement) -> Result<bool, StoreError> {
    connection
        .prepare_cached(&format!("DELETE FROM announcements WHERE {MINE}"))
        .and_then(|mut statement| {
            statement.execute(params![which.approval, code(which.event), which.target.0, which.tries])
        })
        .map(|done| done > 0)
        .map_err(failed("note what was announced"))
}

pub(super) fn put_off(
    connection: &Connection,
    which: &Announcement,
    wait_ms: u64,
    now_ms: i64,
) -> Result<PutOff, StoreError> {
    let due = now_ms.saturating_add_unsigned(wait_ms);
    if due >= which.until_ms {
        return Ok(if finish(connection, which)? { PutOff::GivenUp } else { PutOff::Taken });
    }
    let values = params![which.approval, code(which.event), which.target.0, which.tries, due];
    connection
        .prepare_cached(&format!("UPDATE announcements SET due_ms = ?5, holder = NULL WHERE {MINE}"))
        .and_then(|mut statement| statement.execute(values))
        .map(|done| if done > 0 { PutOff::Later } else { PutOff::Taken })
        .map_err(failed("put an announcement off"))
}

/// What is there of questions that are to be forgotten goes before they do.
pub(in super::super) fn forget(connection: &Connection, before_ms: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM announcements WHERE until_ms < ?1")
        .and_then(|mut statement| statement.execute(params![before_ms]))
        .map(|_| ())
        .map_err(failed("forget announcements"))
}

/// The ledger's date was put right: what was to be announced by a date that has not come yet is due now, and for as
/// long as it would have been.
pub(in super::super) fn put_right(connection: &Connection, now_ms: i64) -> Result<(), StoreError> {
    let sql = "UPDATE announcements SET due_ms = min(due_ms, ?1), until_ms = ?1 + max(until_ms - at_ms, 0), at_ms = ?1 \
               WHERE at_ms > ?1";
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(params![now_ms]))
        .map(|_| ())
        .map_err(failed("put the time of its announcements right"))
}
