//! Records of all instances, merged by time, a block of each at a time in memory.

mod backward;
mod stream;

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::chain::instances;
use crate::filter::{Filter, Matcher};
use crate::log::audit_dir;
use crate::{AuditError, InstanceId, Record};
pub(crate) use backward::newest;
use stream::Stream;

/// The wanted records of all instances of a data directory, oldest first.
///
/// # Errors [`AuditError::Io`] if the audit directory cannot be listed. An error of a chain is an item, and
/// the chain ends with it.
pub fn query(data_dir: &Path, filter: Filter) -> Result<Query, AuditError> {
    let matcher = Arc::new(Matcher::new(filter));
    let heap = wanted_instances(data_dir, &matcher.filter)?.into_iter().map(Head::unopened).collect();
    let left = matcher.filter.limit.unwrap_or(usize::MAX);
    Ok(Query { audit: audit_dir(data_dir), matcher, heap, failed: Vec::new(), left })
}

pub(crate) fn wanted_instances(data_dir: &Path, filter: &Filter) -> Result<Vec<InstanceId>, AuditError> {
    let begins = |instance: &InstanceId| {
        filter.instance.as_deref().is_none_or(|prefix| instance.as_str().starts_with(prefix))
    };
    let in_time = |instance: &InstanceId| filter.to_ms.is_none_or(|to| instance.started_ms() < to);
    let all = instances(data_dir)?.instances;
    Ok(all.into_iter().filter(|instance| begins(instance) && in_time(instance)).collect())
}

/// An iterator over records, oldest first; of equal time, by instance, then by number.
#[derive(Debug)]
pub struct Query {
    audit: PathBuf,
    matcher: Arc<Matcher>,
    heap: BinaryHeap<Head>,
    /// Errors that came up behind a record that was still to be given.
    failed: Vec<AuditError>,
    left: usize,
}

/// A chain in the merge. Its files are opened only when the merge has come to its start, so that ten thousand
/// old instances do not hold ten thousand files and buffers.
#[derive(Debug)]
struct Head {
    time_ms: i64,
    instance: InstanceId,
    next: Option<(Record, Box<Stream>)>,
}

impl Head {
    fn unopened(instance: InstanceId) -> Self {
        Self { time_ms: instance.started_ms(), instance, next: None }
    }
}

impl Iterator for Query {
    type Item = Result<Record, AuditError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        loop {
            if let Some(error) = self.failed.pop() {
                return Some(Err(error));
            }
            let head = self.heap.pop()?;
            let (record, mut stream) = match head.next {
                Some((record, stream)) => (Some(record), stream),
                None => match Stream::open(&self.audit, &head.instance, &self.matcher) {
                    Ok(stream) => (None, Box::new(stream)),
                    Err(error) => return Some(Err(error)),
                },
            };
            let pushed = match stream.next() {
                Ok(Some(next)) => {
                    let time_ms = next.time_ms();
                    self.heap.push(Head { time_ms, instance: head.instance, next: Some((next, stream)) });
                    Ok(())
                }
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            };
            self.failed.extend(pushed.err());
            if let Some(record) = record {
                self.left -= 1;
                return Some(Ok(record));
            }
        }
    }
}

/// Reversed, because the heap gives its greatest first. An unopened chain comes before a record of the same
/// time.
impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |head: &Self| (head.time_ms, head.next.is_some());
        key(other).cmp(&key(self)).then_with(|| other.instance.cmp(&self.instance))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head {}

#[cfg(test)]
mod tests;
