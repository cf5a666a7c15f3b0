//! Taking Interlock away from single entries of a file that was changed since: what [`rewire`](super::rewire) does,
//! backwards. What an entry was is known from the file's text of before, and what was made of it from that of after.

use std::path::PathBuf;

use super::command_of;
use super::splice::{Splice, Writing, spliced};
use crate::format;
use crate::node::{Member, Node, Value};
use crate::places::Place;
use crate::server::{ADDRESSES, HEADERS, Key, Reached, Server, State, Unreadable, servers};

/// What was done to a file once.
#[derive(Debug, Clone, Copy)]
pub struct Wired<'w> {
    /// Where the file is, and how it is read.
    pub place: &'w Place,
    /// What it said before.
    pub before: &'w str,
    /// What it said after.
    pub after: &'w str,
    /// The program that was put in front.
    pub program: &'w str,
}

/// One entry, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryUndone {
    /// Its name in the client.
    pub name: String,
    /// The project for which alone it counts.
    pub project: Option<PathBuf>,
    /// What became of it.
    pub what: Unwired,
}

/// What becomes of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unwired {
    /// It is what it was before.
    Restored,
    /// Interlock is not in front of it any more, and what else of it was changed since stays.
    RestoredBut,
    /// Somebody has taken Interlock away from it already.
    AsBefore,
    /// Somebody has removed it.
    Gone,
    /// It is left as it is.
    Kept(EntryKept),
}

/// Why an entry is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryKept {
    /// Its command line is another one.
    #[error("how it runs through Interlock was changed since")]
    Changed,
    /// What were headers once are variables, and others are among them.
    #[error("variables of it were added or removed since")]
    Variables,
    /// A value is written in another way now.
    #[error("it is written in a way that cannot be changed by itself")]
    Layout,
    /// What came out does not read as it should.
    #[error("changing it would change more than it")]
    Unsafe,
}

/// The text of now with every entry put back that is still behind Interlock as it was put there. Every other byte stays.
///
/// # Errors
/// [`Unreadable`]: one of the three texts is none of its format.
pub fn unwire(wired: &Wired<'_>, now: &str) -> Result<(String, Vec<EntryUndone>), Unreadable> {
    let Wired { place, before, after, program } = *wired;
    let is_own = |word: &str| word == program;
    let roots = (format::read(place.format, before)?, format::read(place.format, after)?);
    let (old, new) = (servers(place, before, &is_own)?, servers(place, after, &is_own)?);
    servers(place, now, &is_own)?;
    let mut text = now.to_owned();
    let mut undone = Vec::new();
    for (old, new) in old.iter().zip(&new) {
        let State::Wrapped(wrapped) = &new.state else { continue };
        let (Some(was), Some(made), State::Open) = (roots.0.at(&old.keys), roots.1.at(&new.keys), &old.state)
        else {
            continue;
        };
        let policy = wrapped.policy.as_ref().map(|path| path.display().to_string());
        let entry = Entry { wired, server: old, was, made, policy };
        let what = match entry.unwired(&text) {
            Ok((next, what)) => {
                text = next;
                what
            }
            Err(Stay::AsBefore) => Unwired::AsBefore,
            Err(Stay::Gone) => Unwired::Gone,
            Err(Stay::Kept(why)) => Unwired::Kept(why),
        };
        undone.push(EntryUndone { name: old.name.clone(), project: old.project.clone(), what });
    }
    Ok((text, undone))
}

/// Whether a text of a document is or has in it this one.
pub(crate) fn mentions(place: &Place, text: &str, wanted: &str) -> bool {
    fn has(node: &Node, wanted: &str) -> bool {
        node.text().is_some_and(|text| text.contains(wanted))
            || node.members().iter().any(|member| has(&member.value, wanted))
            || node.items().iter().any(|item| has(item, wanted))
    }
    match format::read(place.format, text) {
        Ok(root) => has(&root, wanted),
        Err(_) => text.contains(wanted),
    }
}

/// Why an entry's bytes stay.
enum Stay {
    AsBefore,
    Gone,
    Kept(EntryKept),
}

impl From<EntryKept> for Stay {
    fn from(why: EntryKept) -> Self {
        Self::Kept(why)
    }
}

/// An entry that was put behind Interlock.
struct Entry<'e> {
    wired: &'e Wired<'e>,
    /// As it was before.
    server: &'e Server,
    was: &'e Node,
    /// As it was made.
    made: &'e Node,
    policy: Option<String>,
}

impl Entry<'_> {
    fn unwired(&self, text: &str) -> Result<(String, Unwired), Stay> {
        let Wired { place, program, .. } = *self.wired;
        let is_own = |word: &str| word == program;
        let unsafely = |_| Stay::Kept(EntryKept::Unsafe);
        let all = servers(place, text, &is_own).map_err(unsafely)?;
        let root = format::read(place.format, text).map_err(|_| EntryKept::Unsafe)?;
        let is_it =
            |server: &&Server| server.name == self.server.name && server.project == self.server.project;
        let mut same = all.iter().filter(is_it);
        let now = same.next().ok_or(Stay::Gone)?;
        if same.next().is_some() {
            return Err(EntryKept::Unsafe.into());
        }
        let node = root.at(&now.keys).ok_or(Stay::Gone)?;
        let mut splices = Vec::new();
        let writing = Writing { text, format: place.format };
        let back = Back { entry: self, node, writing };
        let reached = match &self.server.reached {
            Reached::Command(_) => back.command(&mut splices)?,
            Reached::Url { url, .. } => back.address(url, &mut splices)?,
            Reached::Nothing => return Err(Stay::AsBefore),
        };
        let after = spliced(text, splices).ok_or(EntryKept::Unsafe)?;
        let found = servers(place, &after, &is_own).map_err(unsafely)?;
        let new_root = format::read(place.format, &after).map_err(|_| EntryKept::Unsafe)?;
        let is_meant = |(old, new): (&Server, &Server)| {
            if !std::ptr::eq(old, now) {
                return old == new;
            }
            matches!(new.state, State::Open | State::Disabled)
                && (&new.name, &new.project, &new.keys, &new.directory)
                    == (&old.name, &old.project, &old.keys, &old.directory)
                && new.reached == reached
        };
        let whole = (Text { node: &root, text }, Text { node: &new_root, text: &after });
        if found.len() != all.len()
            || !all.iter().zip(&found).all(is_meant)
            || !same_but(whole.0, whole.1, Some(&now.keys))
        {
            return Err(EntryKept::Unsafe.into());
        }
        let put_back = new_root.at(&now.keys).ok_or(EntryKept::Unsafe)?;
        let was = Text { node: self.was, text: self.wired.before };
        let is_same = same_but(was, Text { node: put_back, text: &after }, None);
        Ok((after, if is_same { Unwired::Restored } else { Unwired::RestoredBut }))
    }

    /// What stood there before, byte for byte.
    fn bytes(&self, range: &std::ops::Range<usize>) -> Result<String, EntryKept> {
        self.wired.before.get(range.clone()).map(str::to_owned).ok_or(EntryKept::Unsafe)
    }
}

/// An entry as it is now, on its way back.
struct Back<'b> {
    entry: &'b Entry<'b>,
    node: &'b Node,
    writing: Writing<'b>,
}

impl Back<'_> {
    /// What the entry runs: the program, and its words; or why there is nothing to take away.
    fn line(&self) -> Result<(&Member, &Node, Vec<&str>), Stay> {
        let (command, holder) = command_of(self.node).ok_or(Stay::AsBefore)?;
        let words = holder.get("args").map(texts).unwrap_or_default();
        if command.value.text() == Some(self.entry.wired.program) {
            return Ok((command, holder, words));
        }
        let names_policy = |policy: &str| words.contains(&policy);
        let is_behind = self.entry.policy.as_deref().is_some_and(names_policy);
        Err(if is_behind { EntryKept::Changed.into() } else { Stay::AsBefore })
    }

    fn command(&self, splices: &mut Vec<Splice>) -> Result<Reached, Stay> {
        let (command, holder, words) = self.line()?;
        let (was, held) = command_of(self.entry.was).ok_or(EntryKept::Unsafe)?;
        let (_, made) = command_of(self.entry.made).ok_or(EntryKept::Unsafe)?;
        let old = held.member("args");
        let made = made.get("args").map(texts).unwrap_or_default();
        let front = made.len() - old.map(|old| old.value.items().len()).unwrap_or_default().min(made.len());
        let options = made.get(..front.saturating_sub(1)).ok_or(EntryKept::Unsafe)?;
        let (Some(program), true) = (words.get(options.len()), words.starts_with(options)) else {
            return Err(EntryKept::Changed.into());
        };
        let written = match was.value.text() {
            Some(known) if known == *program => self.entry.bytes(&was.value.range)?,
            _ => self.writing.literal(program),
        };
        splices.push(self.replaced(&command.value, written)?);
        let args = holder.member("args").ok_or(EntryKept::Changed)?;
        let items = args.value.items();
        let first = items.first().ok_or(EntryKept::Changed)?.range.start;
        splices.push(match (items.get(front), old) {
            (Some(rest), _) => Splice::new(first..rest.range.start, String::new()),
            (None, None) => self.writing.without(holder, "args").ok_or(EntryKept::Layout)?,
            (None, Some(old)) if old.value.items().is_empty() => {
                self.replaced(&args.value, self.entry.bytes(&old.value.range)?)?
            }
            (None, Some(_)) => self.replaced(&args.value, "[]".to_owned())?,
        });
        let words = words.get(options.len()..).unwrap_or_default();
        Ok(Reached::Command(words.iter().map(|word| (*word).to_owned()).collect()))
    }

    fn address(&self, url: &str, splices: &mut Vec<Splice>) -> Result<Reached, Stay> {
        let (command, holder, words) = self.line()?;
        let Entry { was, made, .. } = self.entry;
        if words != made.get("args").map(texts).unwrap_or_default() || !std::ptr::eq(holder, self.node) {
            return Err(EntryKept::Changed.into());
        }
        let address = ADDRESSES.into_iter().find_map(|key| was.member(key)).ok_or(EntryKept::Unsafe)?;
        splices.push(Splice::new(command.key_range.clone(), self.entry.bytes(&address.key_range)?));
        splices.push(self.replaced(&command.value, self.entry.bytes(&address.value.range)?)?);
        splices.push(self.writing.without(self.node, "args").ok_or(EntryKept::Layout)?);
        for key in ["type", "transport"] {
            if let Some((old, now)) = was.get(key).zip(self.node.get(key))
                && now.text() == Some("stdio")
            {
                splices.push(self.replaced(now, self.entry.bytes(&old.range)?)?);
            }
        }
        let headers = self.headers(splices)?;
        Ok(Reached::Url { url: url.to_owned(), headers })
    }

    /// Variables that were headers are headers again, with the values that they have now.
    fn headers(&self, splices: &mut Vec<Splice>) -> Result<Vec<(String, String)>, Stay> {
        let Entry { was, made, .. } = self.entry;
        let members = |node: Option<&'_ Node>| node.map(Node::members).unwrap_or_default().to_vec();
        let (named, now) = (members(made.get("env")), members(self.node.get("env")));
        let holder = HEADERS.into_iter().find_map(|key| was.member(key));
        if named.len() != now.len() {
            return Err(EntryKept::Variables.into());
        }
        let Some((holder, env)) = holder.zip(self.node.member("env")) else { return Ok(Vec::new()) };
        splices.push(Splice::new(env.key_range.clone(), self.entry.bytes(&holder.key_range)?));
        let mut headers = Vec::new();
        for variable in &now {
            let at = named.iter().position(|named| named.key == variable.key);
            let header = at.and_then(|at| holder.value.members().get(at)).ok_or(EntryKept::Variables)?;
            splices.push(Splice::new(variable.key_range.clone(), self.entry.bytes(&header.key_range)?));
            let value = variable.value.text().ok_or(EntryKept::Variables)?;
            headers.push((header.key.clone(), value.to_owned()));
        }
        Ok(headers)
    }

    fn replaced(&self, value: &Node, written: String) -> Result<Splice, EntryKept> {
        if self.writing.is_block(value) {
            return Err(EntryKept::Layout);
        }
        Ok(Splice::new(value.range.clone(), written))
    }
}

/// The items of a list; what is no text is the empty one, which no option is.
fn texts(list: &Node) -> Vec<&str> {
    list.items().iter().map(|item| item.text().unwrap_or_default()).collect()
}

/// A value with the text that it stands in.
#[derive(Clone, Copy)]
struct Text<'t> {
    node: &'t Node,
    text: &'t str,
}

/// Whether two documents say the same, but for the value that these keys lead to.
fn same_but(one: Text<'_>, other: Text<'_>, except: Option<&[Key]>) -> bool {
    let pair = |one_node, other_node, key: &Key| {
        let rest = except.and_then(|keys| keys.split_first()).filter(|(first, _)| *first == key);
        let except = rest.map(|(_, rest)| rest);
        let (one, other) = (Text { node: one_node, ..one }, Text { node: other_node, ..other });
        except == Some(&[]) || same_but(one, other, except)
    };
    match (&one.node.value, &other.node.value) {
        (Value::Map(ones, _), Value::Map(others, _)) => {
            // A client that writes its file anew may sort its keys.
            ones.len() == others.len()
                && ones.iter().all(|one| {
                    let other = others.iter().find(|other| other.key == one.key);
                    other.is_some_and(|other| pair(&one.value, &other.value, &Key::Name(one.key.clone())))
                })
        }
        (Value::List(ones, _), Value::List(others, _)) => {
            ones.len() == others.len()
                && (ones.iter().zip(others).enumerate())
                    .all(|(index, (one, other))| pair(one, other, &Key::Item(index)))
        }
        (Value::Other | Value::Shared, _) => {
            one.node.value == other.node.value
                && one.text.get(one.node.range.clone()) == other.text.get(other.node.range.clone())
        }
        (one, other) => one == other,
    }
}
