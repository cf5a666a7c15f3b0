//! The steps of a question, each in the transaction that it is asked in.

use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::super::announcements;
use super::super::database::failed;
use super::rows::{self, BARE, code};
use super::{
    EXPIRED_BYTES, FORGOTTEN_AT_ONCE, KEPT_BYTES_OF_GRANT, KEPT_OF_GRANT, LOOKED_AFTER, PAGE, changes,
    reading,
};
use crate::StoreError;
use crate::announcements::Event;
use crate::approvals::{
    Approval, Asked, Asker, Opinion, Outdated, Patience, Question, Standing, Taken, Told,
};

/// Asks, unless it was asked already.
pub(super) fn ask(
    connection: &Connection,
    question: &Question,
    patience: Patience,
    now_ms: i64,
) -> Result<Asked, StoreError> {
    if let Some(number) = known(connection, question, patience, now_ms)? {
        belong(connection, number, &question.asker)?;
        return Ok(Asked::Known(reading::numbered(connection, number, now_ms)?));
    }
    let (waiting, bytes) = waiting(connection, &question.asker.grant, patience.most, now_ms)?;
    if waiting >= patience.most {
        return Ok(Asked::TooMany);
    }
    if bytes.saturating_add(question.details.len() as u64) > patience.most_bytes {
        return Ok(Asked::TooLong);
    }
    let values = params![
        question.id,
        question.digest,
        question.asker.grant,
        question.asker.instance,
        question.asker.session,
        question.server,
        question.section,
        question.name,
        rows::written_names(&question.approvers),
        question.needed.max(1),
        question.details,
        now_ms,
        now_ms.saturating_add_unsigned(patience.timeout_ms),
        changes::next(connection, 1)?,
        announcements::written_targets(&question.announce_to),
        question.judged_by
    ];
    let sql = "INSERT INTO approvals (id, digest, grant_name, instance, session, server, section, name, approvers, \
               needed, details, asked_ms, expires_ms, change, announce_to, judged_by, standing) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 0)";
    let number = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.insert(values))
        .map_err(failed("note a question"))?;
    let asked = reading::numbered(connection, number, now_ms)?;
    announcements::write(connection, &asked, Event::Asked, now_ms)?;
    if number % LOOKED_AFTER == 0 {
        forget_surplus(connection, &question.asker.grant)?;
    }
    Ok(Asked::New(asked))
}

/// What looks for a question that another one is.
pub(super) const KNOWN: &str = "SELECT number FROM approvals WHERE digest = ?1 AND grant_name = ?2 \
     AND (standing IN (2, 4) OR session IS NULL OR (session = ?3 AND instance = ?4)) \
     AND CASE WHEN standing < 2 THEN expires_ms > ?5 WHEN standing IN (3, 5) THEN FALSE ELSE since_ms > ?6 END \
     ORDER BY standing = 1 DESC, standing = 0 DESC, change DESC LIMIT 1";

/// The question that this one is: one that can still be answered or used before one that was, a later one before an
/// earlier one.
fn known(
    connection: &Connection,
    question: &Question,
    patience: Patience,
    now_ms: i64,
) -> Result<Option<i64>, StoreError> {
    let asker = &question.asker;
    let forgiven = now_ms.saturating_sub_unsigned(patience.dedupe_ms);
    let values = params![question.digest, asker.grant, asker.session, asker.instance, now_ms, forgiven];
    connection
        .prepare_cached(KNOWN)
        .and_then(|mut statement| statement.query_row(values, |row| row.get(0)).optional())
        .map_err(failed("look for a question"))
}

/// Whoever asks again is the one whose answer it is.
fn belong(connection: &Connection, number: i64, asker: &Asker) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE approvals SET instance = ?2, session = ?3 WHERE number = ?1 AND standing < 2")
        .and_then(|mut statement| statement.execute(params![number, asker.instance, asker.session]))
        .map(|_| ())
        .map_err(failed("note a question"))
}

/// What counts a grant's waiting questions and the bytes of their details, no further than it matters. The index has
/// the lengths: no question is read.
pub(super) const COUNT_WAITING: &str = "SELECT count(*), coalesce(sum(bytes), 0) FROM ( \
     SELECT octet_length(details) AS bytes FROM approvals \
     WHERE grant_name = ?1 AND standing = 0 AND expires_ms > ?2 LIMIT ?3)";

/// How many of a grant's questions wait, up to `most`, and how many bytes their details have.
fn waiting(connection: &Connection, grant: &str, most: u64, now_ms: i64) -> Result<(u64, u64), StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    connection
        .prepare_cached(COUNT_WAITING)
        .and_then(|mut statement| {
            statement.query_row(params![grant, now_ms, most], |row| Ok((row.get(0)?, row.get(1)?)))
        })
        .map(|(count, bytes): (i64, i64)| (count.unsigned_abs(), bytes.unsigned_abs()))
        .map_err(failed("count its questions"))
}

/// Notes what a person says.
pub(super) fn tell(
    connection: &Connection,
    id: &str,
    opinion: &Opinion,
    now_ms: i64,
) -> Result<Told, StoreError> {
    let Some((number, approval)) = reading::named(connection, id, now_ms)? else {
        return Ok(Told::Unknown);
    };
    if approval.standing != Standing::Waiting {
        return Ok(Told::TooLate(approval));
    }
    if approval.opinions.iter().any(|earlier| earlier.by == opinion.by) {
        return Ok(Told::Again(approval));
    }
    let place = i64::try_from(approval.opinions.len()).unwrap_or(i64::MAX);
    connection
        .prepare_cached("INSERT INTO opinions VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
        .and_then(|mut statement| {
            statement.execute(params![number, place, opinion.by, opinion.approves, opinion.reason, now_ms])
        })
        .map_err(failed("note an opinion"))?;
    // Whoever said no ended it, so that all the others said yes.
    let approves = place.saturating_add(1) >= i64::from(approval.question.needed);
    let standing = match opinion.approves {
        false => Standing::Denied,
        true if approves => Standing::Approved,
        true => Standing::Waiting,
    };
    stand(connection, number, standing, now_ms)?;
    let told = reading::numbered(connection, number, now_ms)?;
    if standing != Standing::Waiting {
        announcements::write(connection, &told, Event::Decided, now_ms)?;
    }
    Ok(Told::Counted(told))
}

/// Has a question stand so from now on. One that goes on to wait has changed all the same.
fn stand(connection: &Connection, number: i64, standing: Standing, now_ms: i64) -> Result<(), StoreError> {
    let since = (standing != Standing::Waiting).then_some(now_ms);
    let change = changes::next(connection, 1)?;
    connection
        .prepare_cached("UPDATE approvals SET standing = ?2, since_ms = ?3, change = ?4 WHERE number = ?1")
        .and_then(|mut statement| statement.execute(params![number, code(standing), since, change]))
        .map(|_| ())
        .map_err(failed("note a decision"))
}

/// Takes an approval for the one call that it was given for.
pub(super) fn take(
    connection: &Connection,
    id: &str,
    digest: &[u8; 32],
    asker: &Asker,
    now_ms: i64,
) -> Result<Taken, StoreError> {
    let sql = "SELECT number FROM approvals WHERE id = ?1 AND standing = 1 AND expires_ms > ?2 AND digest = ?3 \
               AND grant_name = ?4 AND (session IS NULL OR (session = ?5 AND instance = ?6))";
    let values = params![id, now_ms, digest, asker.grant, asker.session, asker.instance];
    let number: Option<i64> = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row(values, |row| row.get(0)).optional())
        .map_err(failed("look for an approval"))?;
    let Some(number) = number else { return Ok(Taken::Refused) };
    stand(connection, number, Standing::Used, now_ms)?;
    Ok(Taken::Taken(reading::numbered(connection, number, now_ms)?))
}

/// Gives an approval back whose call was not made.
pub(super) fn give_back(
    connection: &Connection,
    id: &str,
    digest: &[u8; 32],
    now_ms: i64,
) -> Result<bool, StoreError> {
    let sql =
        "SELECT number FROM approvals WHERE id = ?1 AND digest = ?2 AND standing = 4 AND expires_ms > ?3";
    let number: Option<i64> = connection
        .prepare_cached(sql)
        .and_then(|mut statement| {
            statement.query_row(params![id, digest, now_ms], |row| row.get(0)).optional()
        })
        .map_err(failed("look for an approval"))?;
    let Some(number) = number else { return Ok(false) };
    stand(connection, number, Standing::Approved, now_ms)?;
    Ok(true)
}

/// What finds those that are judged otherwise.
pub(super) const JUDGED_OTHERWISE: &str = "SELECT number FROM approvals INDEXED BY approvals_open \
     WHERE grant_name = ?1 AND server = ?2 AND instance IN (?3, '') AND standing < 2 AND judged_by <> ?4 \
     AND expires_ms > ?5 LIMIT ?6";
/// What finds the one of this name.
const OPEN: &str = "SELECT number FROM approvals \
     WHERE id = ?1 AND standing < 2 AND grant_name = ?2 AND instance = ?3 AND session IS ?4 AND expires_ms > ?5";

/// Withdraws what nobody asks any more.
pub(super) fn withdraw(
    connection: &Connection,
    outdated: &Outdated,
    now_ms: i64,
) -> Result<Vec<Approval>, StoreError> {
    let numbers = |sql, values: &[&dyn ToSql]| -> rusqlite::Result<Vec<i64>> {
        connection.prepare_cached(sql)?.query_map(values, |row| row.get(0))?.collect()
    };
    let most = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let numbers = match outdated {
        Outdated::One { id, asker: Asker { grant, instance, session } } => {
            numbers(OPEN, params![id, grant, instance, session, now_ms])
        }
        Outdated::JudgedOtherwise { grant, server, instance, by } => {
            numbers(JUDGED_OTHERWISE, params![grant, server, instance, by, now_ms, most])
        }
    };
    let numbers = numbers.map_err(failed("look for what nobody asks any more"))?;
    let mut withdrawn = Vec::new();
    for number in numbers {
        stand(connection, number, Standing::Withdrawn, now_ms)?;
        let mut approval = reading::numbered(connection, number, now_ms)?;
        announcements::write(connection, &approval, Event::Withdrawn, now_ms)?;
        approval.question.details.clear();
        withdrawn.push(approval);
    }
    Ok(withdrawn)
}

/// What writes down that questions are past their time, those that are so longest first: a row is written anew as a
/// whole, so that long ones are written a few at a time.
pub(super) fn expire_sql() -> String {
    format!(
        "UPDATE approvals SET standing = 3, since_ms = expires_ms, change = ?2 + due.place FROM ( \
             SELECT number AS due_number, row_number() OVER earlier - 1 AS place, sum(bytes) OVER earlier AS bytes \
             FROM (SELECT number, expires_ms, octet_length(details) AS bytes FROM approvals \
                   WHERE standing < 2 AND expires_ms <= ?1 ORDER BY expires_ms, number LIMIT {PAGE}) \
             WINDOW earlier AS (ORDER BY expires_ms, number) \
         ) AS due WHERE number = due.due_number AND (due.place = 0 OR due.bytes <= {EXPIRED_BYTES}) \
         RETURNING {BARE}"
    )
}

/// Notes which questions are past their time.
pub(super) fn expire(connection: &Connection, now_ms: i64) -> Result<Vec<Approval>, StoreError> {
    let first = changes::last(connection)?.saturating_add(1);
    let expired: Vec<rows::Kept> = connection
        .prepare_cached(&expire_sql())
        .and_then(|mut statement| statement.query_map(params![now_ms, first], rows::kept)?.collect())
        .map_err(failed("note what expires"))?;
    if expired.is_empty() {
        return Ok(Vec::new());
    }
    changes::next(connection, i64::try_from(expired.len()).unwrap_or(i64::MAX))?;
    let mut expired = reading::complete(connection, expired, now_ms)?;
    expired.sort_by_key(|approval| approval.change);
    for approval in &expired {
        announcements::write(connection, approval, Event::Expired, now_ms)?;
    }
    Ok(expired)
}

/// What frees questions of a session.
pub(super) const FREE_OF_SESSION: &str =
    "UPDATE approvals SET session = NULL WHERE instance = ?1 AND session = ?2";
/// What frees questions of an instance.
pub(super) const FREE: &str = "UPDATE approvals INDEXED BY approvals_of_instance SET session = NULL, instance = '' \
     WHERE instance = ?1 AND standing < 2";

/// Questions of what has ended belong to nobody but their grant.
pub(super) fn free(connection: &Connection, instance: &str, session: Option<&str>) -> Result<(), StoreError> {
    let freed = match session {
        Some(session) => connection
            .prepare_cached(FREE_OF_SESSION)
            .and_then(|mut statement| statement.execute(params![instance, session])),
        None => {
            connection.prepare_cached(FREE).and_then(|mut statement| statement.execute(params![instance]))
        }
    };
    freed.map(|_| ()).map_err(failed("note that a session has ended"))
}

/// What finds what came to its end.
pub(super) const ENDED: &str =
    "SELECT number FROM approvals WHERE standing >= 2 AND since_ms < ?1 ORDER BY since_ms, number LIMIT ?2";

/// What finds those that a grant has too many of, the oldest. What people decided is no faster than they are, and tells
/// what may not be asked again.
pub(super) const SURPLUS: &str = "SELECT number FROM ( \
         SELECT number, row_number() OVER newest AS place, \
                sum(octet_length(details)) OVER newest AS bytes \
         FROM approvals WHERE grant_name = ?1 AND +standing IN (3, 5) WINDOW newest AS (ORDER BY change DESC) \
     ) WHERE place > ?2 OR bytes > ?3 LIMIT ?4";

/// Whoever asks a lot does not fill the disk.
fn forget_surplus(connection: &Connection, grant: &str) -> Result<(), StoreError> {
    let values = params![grant, KEPT_OF_GRANT, KEPT_BYTES_OF_GRANT, FORGOTTEN_AT_ONCE];
    let numbers: Vec<i64> = connection
        .prepare_cached(SURPLUS)
        .and_then(|mut statement| statement.query_map(values, |row| row.get(0))?.collect())
        .map_err(failed("look for old approvals"))?;
    for number in numbers {
        for sql in ["DELETE FROM opinions WHERE approval = ?1", "DELETE FROM approvals WHERE number = ?1"] {
            connection
                .prepare_cached(sql)
                .and_then(|mut statement| statement.execute(params![number]))
                .map_err(failed("forget approvals"))?;
        }
    }
    Ok(())
}

/// Forgets what came to its end before.
pub(super) fn forget(connection: &Connection, before_ms: i64) -> Result<u64, StoreError> {
    let delete = |from: &str| {
        connection
            .prepare_cached(&format!("DELETE FROM {from} IN ({ENDED})"))
            .and_then(|mut statement| statement.execute(params![before_ms, FORGOTTEN_AT_ONCE]))
            .map_err(failed("forget approvals"))
    };
    announcements::forget(connection, before_ms)?;
    delete("opinions WHERE approval")?;
    delete("approvals WHERE number").map(|forgotten| u64::try_from(forgotten).unwrap_or(u64::MAX))
}

/// The ledger's date was put right: what was asked by a date that has not come yet has no time left, and what came to
/// an end then has done so now.
pub(in super::super) fn put_right(connection: &Connection, now_ms: i64) -> Result<(), StoreError> {
    for sql in [
        "UPDATE approvals SET expires_ms = ?1 WHERE standing < 2 AND asked_ms > ?1 AND expires_ms > ?1",
        "UPDATE approvals SET since_ms = ?1 WHERE since_ms > ?1",
    ] {
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params![now_ms]))
            .map_err(failed("put the time of its questions right"))?;
    }
    Ok(())
}
