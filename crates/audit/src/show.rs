//! One record by its address.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::chain::{Blocks, instances, lines, segments};
use crate::log::audit_dir;
use crate::record::quick_seq;
use crate::seek::first_at_least;
use crate::{AuditError, InstanceId, Record, Seq};

/// Where a record stands: `<instance>:<seq>`, the instance by its whole name or by any beginning of it that
/// is unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The instance, or its beginning.
    pub instance: String,
    /// The record's number.
    pub seq: Seq,
}

impl FromStr for Address {
    type Err = AuditError;

    fn from_str(text: &str) -> Result<Self, AuditError> {
        let parsed = text.rsplit_once(':').and_then(|(instance, seq)| Some((instance, seq.parse().ok()?)));
        let plain =
            |instance: &str| !instance.is_empty() && instance.bytes().all(|b| b.is_ascii_alphanumeric());
        match parsed {
            Some((instance, seq)) if plain(instance) => {
                Ok(Self { instance: instance.to_ascii_lowercase(), seq: Seq(seq) })
            }
            _ => Err(AuditError::NotFound(format!(
                "`{text}` is not the address of a record; write `INSTANCE:SEQ`, as `interlock audit tail` prints it"
            ))),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.instance, self.seq)
    }
}

/// A record and those that belong to the same call.
#[derive(Debug)]
pub struct Shown {
    /// The record.
    pub record: Record,
    /// The outcome of an intent, or the intent of an outcome.
    pub related: Option<Record>,
}

/// Finds a record.
///
/// # Errors [`AuditError::NotFound`] if no instance, more than one, or no record has that address;
/// [`AuditError::Io`] as it comes.
pub fn show(data_dir: &Path, address: &Address) -> Result<Shown, AuditError> {
    let instance = instance(data_dir, &address.instance)?;
    let dir = audit_dir(data_dir).join(instance.as_str());
    let wanted = |record: &Record| record.seq() == address.seq;
    let record = from(&dir, &instance, address.seq, wanted)?
        .ok_or_else(|| AuditError::NotFound(format!("there is no record `{instance}:{}`", address.seq)))?;
    let related = match (record.kind().as_ref(), record.number("call")) {
        ("outcome", Some(call)) => from(&dir, &instance, Seq(call), |r| r.seq().0 == call)?,
        ("intent", _) => from(&dir, &instance, address.seq, |r| {
            r.kind() == "outcome" && r.number("call") == Some(address.seq.0)
        })?,
        _ => None,
    };
    Ok(Shown { record, related })
}

fn instance(data_dir: &Path, begins: &str) -> Result<InstanceId, AuditError> {
    let all = instances(data_dir)?.instances;
    let mut found = all.into_iter().filter(|instance| instance.as_str().starts_with(begins));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(one), Some(_)) if one.as_str() == begins => Ok(one),
        (None, _) => Err(AuditError::NotFound(format!(
            "there is no instance `{begins}`; `interlock audit tail` prints the addresses of records"
        ))),
        (Some(one), Some(other)) => Err(AuditError::NotFound(format!(
            "`{begins}` is the beginning of more than one instance: `{one}`, `{other}`, …"
        ))),
    }
}

/// The first record that is `wanted`, from number `seq` on.
fn from(
    dir: &Path,
    instance: &InstanceId,
    seq: Seq,
    wanted: impl Fn(&Record) -> bool,
) -> Result<Option<Record>, AuditError> {
    let segments = segments(dir)?;
    let number = i64::try_from(seq.0).unwrap_or(i64::MAX);
    let (index, mut offset) = first_at_least(&segments, number, quick_seq)?;
    for segment in segments.iter().skip(index) {
        let mut blocks = Blocks::open(&segment.path, std::mem::take(&mut offset))?;
        while let Some(block) = blocks.next()? {
            let late = lines(block).filter(|(_, line)| quick_seq(line).is_some_and(|seq| seq >= number));
            let found = late.filter_map(|(_, line)| Record::of(instance, line)).find(|record| wanted(record));
            if found.is_some() {
                return Ok(found);
            }
        }
    }
    Ok(None)
}
