//! Following the log as it grows.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::chain::{Blocks, SegmentFile, lines, segments};
use crate::filter::{Filter, Matcher};
use crate::log::{STOPPED, audit_dir};
use crate::query::{newest, wanted_instances};
use crate::{AuditError, InstanceId, Record, last};

/// The newest wanted records, and then every new one, of instances that start later too.
#[derive(Debug)]
pub struct Tail {
    data_dir: PathBuf,
    matcher: Matcher,
    /// How far the chains that may still grow have been read.
    growing: BTreeMap<InstanceId, Place>,
    /// Chains that have their `stop` record.
    finished: HashSet<InstanceId>,
    /// When the audit directory had changed last, as of the last listing.
    listed: Option<Listed>,
    /// Read, but not given because of an error elsewhere.
    held: Vec<Record>,
}

#[derive(Debug, Clone, Copy)]
struct Listed {
    changed: SystemTime,
    at: SystemTime,
}

/// How far a chain has been read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Place {
    segment: u64,
    offset: u64,
}

impl Tail {
    /// The `count` newest wanted records, oldest first, and a tail that goes on behind them. The filter's `limit`
    /// means nothing here.
    ///
    /// # Errors
    /// [`AuditError::Io`] if something cannot be read.
    pub fn open(data_dir: &Path, filter: &Filter, count: usize) -> Result<(Self, Vec<Record>), AuditError> {
        let mut tail = Self {
            data_dir: data_dir.to_owned(),
            matcher: Matcher::new(filter.clone()),
            growing: BTreeMap::new(),
            finished: HashSet::new(),
            listed: None,
            held: Vec::new(),
        };
        // Places first: a record written in between is then read twice rather than never, and left out once below.
        for instance in wanted_instances(data_dir, filter)? {
            match end_of(&audit_dir(data_dir).join(instance.as_str()))? {
                Some(place) => drop(tail.growing.insert(instance, place)),
                None => drop(tail.finished.insert(instance)),
            }
        }
        let mut records = if count == 0 { Vec::new() } else { newest(data_dir, filter, count)? };
        let since = tail.poll()?;
        records.retain(|old| {
            !since.iter().any(|new| (old.instance(), old.seq()) == (new.instance(), new.seq()))
        });
        records.extend(since);
        let excess = records.len().saturating_sub(count);
        records.drain(..excess);
        Ok((tail, records))
    }

    /// The wanted records written since the last call, oldest first. It does not wait: call it every 200 ms or so.
    ///
    /// # Errors
    /// [`AuditError::Io`] if something cannot be read; what was read before the error is given by the next call.
    pub fn poll(&mut self) -> Result<Vec<Record>, AuditError> {
        self.look_for_new()?;
        let audit = audit_dir(&self.data_dir);
        let mut fresh = std::mem::take(&mut self.held);
        let mut finished = Vec::new();
        let mut failed = None;
        for (instance, place) in &mut self.growing {
            match read(&self.matcher, &audit.join(instance.as_str()), instance, place, &mut fresh) {
                Ok(true) => finished.push(instance.clone()),
                Ok(false) => {}
                Err(error) => failed = Some(error),
            }
        }
        for instance in finished {
            self.growing.remove(&instance);
            self.finished.insert(instance);
        }
        if let Some(error) = failed {
            self.held = fresh;
            return Err(error);
        }
        fresh.sort_by(|a, b| (a.time_ms(), a.instance(), a.seq()).cmp(&(b.time_ms(), b.instance(), b.seq())));
        Ok(fresh)
    }

    /// Lists the directory only if it has changed: it may hold many thousand finished chains.
    fn look_for_new(&mut self) -> Result<(), AuditError> {
        /// How coarse the time of a directory may be.
        const COARSE: Duration = Duration::from_secs(2);
        let audit = audit_dir(&self.data_dir);
        let changed = fs::metadata(&audit).and_then(|directory| directory.modified()).ok();
        let same = |listed: &Listed| {
            Some(listed.changed) == changed
                && listed.at.duration_since(listed.changed).is_ok_and(|age| age > COARSE)
        };
        if self.listed.as_ref().is_some_and(same) {
            return Ok(());
        }
        let at = SystemTime::now();
        for instance in wanted_instances(&self.data_dir, &self.matcher.filter)? {
            if !self.finished.contains(&instance) {
                self.growing.entry(instance).or_default();
            }
        }
        self.listed = changed.map(|changed| Listed { changed, at });
        Ok(())
    }
}

/// Reads on behind `place`, and says whether the chain is finished.
fn read(
    matcher: &Matcher,
    dir: &Path,
    instance: &InstanceId,
    place: &mut Place,
    fresh: &mut Vec<Record>,
) -> Result<bool, AuditError> {
    let mut stopped = false;
    let begun = place.segment;
    for segment in segments(dir)?.into_iter().filter(|segment| segment.number >= begun) {
        if segment.number > place.segment {
            *place = Place { segment: segment.number, offset: 0 };
        }
        stopped |= read_segment(matcher, &segment, &mut place.offset, instance, fresh)?;
    }
    Ok(stopped)
}

fn read_segment(
    matcher: &Matcher,
    segment: &SegmentFile,
    offset: &mut u64,
    instance: &InstanceId,
    fresh: &mut Vec<Record>,
) -> Result<bool, AuditError> {
    // Most polls find nothing: asking for the length is cheaper than reading to the end.
    if fs::metadata(&segment.path).map_err(AuditError::io("read", &segment.path))?.len() <= *offset {
        return Ok(false);
    }
    let mut stopped = false;
    let mut blocks = Blocks::open(&segment.path, *offset)?;
    while let Some(block) = blocks.next()? {
        if !block.whole {
            break;
        }
        for (_, line) in lines(block) {
            let Some(record) = Record::of(instance, line) else { continue };
            stopped = record.kind() == "stop";
            if matcher.matches(&record) {
                fresh.push(record);
            }
        }
        *offset = block.offset + block.bytes.len() as u64;
    }
    Ok(stopped)
}

/// Behind the last whole line of a chain; `None` if it is finished.
fn end_of(dir: &Path) -> Result<Option<Place>, AuditError> {
    if dir.join(STOPPED).exists() || last::is_stopped(dir)? {
        return Ok(None);
    }
    let Some(segment) = segments(dir)?.pop() else { return Ok(Some(Place::default())) };
    let length = fs::metadata(&segment.path).map_err(AuditError::io("read", &segment.path))?.len();
    let torn = match last::last_line(&segment.path)? {
        Some(line) if !line.ends_with(b"\n") => line.len() as u64,
        _ => 0,
    };
    Ok(Some(Place { segment: segment.number, offset: length.saturating_sub(torn) }))
}
