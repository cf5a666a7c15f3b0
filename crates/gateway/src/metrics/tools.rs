//! Which names of tools may be labels.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use foldhash::quality::RandomState;

/// Tools of one server that have a label of their own.
const MOST: usize = 256;
/// Bytes of a name that is a label.
const LONGEST: usize = 128;
/// The label of all others.
const OTHER: &str = "(other)";

type Names = HashSet<Arc<str>, RandomState>;

/// What servers have listed: a caller can name any tool, and must not make a series with each.
#[derive(Debug)]
pub(super) struct KnownTools {
    of_server: RwLock<HashMap<Arc<str>, Names, RandomState>>,
    other: Arc<str>,
}

impl Default for KnownTools {
    fn default() -> Self {
        Self { of_server: RwLock::default(), other: Arc::from(OTHER) }
    }
}

impl KnownTools {
    pub(super) fn learn<'n>(&self, server: &Arc<str>, tools: impl Iterator<Item = &'n str>) {
        let mut of_server = self.of_server.write().unwrap_or_else(PoisonError::into_inner);
        let known = of_server.entry(Arc::clone(server)).or_default();
        for tool in tools {
            if known.len() >= MOST {
                return;
            }
            if tool.len() <= LONGEST && !known.contains(tool) {
                known.insert(Arc::from(tool));
            }
        }
    }

    pub(super) fn label(&self, server: &str, tool: &str) -> Arc<str> {
        let of_server = self.of_server.read().unwrap_or_else(PoisonError::into_inner);
        let known = of_server.get(server).and_then(|known| known.get(tool));
        Arc::clone(known.unwrap_or(&self.other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_has_a_label_once_its_server_has_listed_it_and_only_so_many_have() {
        let known = KnownTools::default();
        let [files, other]: [Arc<str>; 2] = ["files", "other"].map(Arc::from);
        assert_eq!(&*known.label(&files, "read"), OTHER);
        known.learn(&files, ["read"].into_iter());
        assert_eq!(&*known.label(&files, "read"), "read");
        assert_eq!(&*known.label(&other, "read"), OTHER, "it is another server's");
        let names: Vec<String> = (0..1_000).map(|n| format!("t{n}")).collect();
        known.learn(&files, names.iter().map(String::as_str));
        let own = names.iter().filter(|name| &*known.label(&files, name) != OTHER).count();
        assert_eq!(own, MOST - 1);
        let long = "x".repeat(LONGEST + 1);
        known.learn(&other, [long.as_str()].into_iter());
        assert_eq!(&*known.label(&other, &long), OTHER);
    }
}
