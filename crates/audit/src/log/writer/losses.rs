//! Which staged records were lost: a batch that cannot be written takes some of them, and their numbers are used
//! again.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use crate::AuditError;
use crate::log::Staged;

/// Losses that are remembered one by one. A record that waits for its confirmation through more is taken for lost.
const MOST: usize = 64;

/// The batches that could not be written.
#[derive(Debug, Default)]
pub(super) struct Losses {
    count: u64,
    /// Where the latest ones began in the chain.
    began: VecDeque<u64>,
    path: PathBuf,
    why: String,
}

impl Losses {
    /// How many there were, for a record that is staged now.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Why the latest batch could not be written.
    pub(super) fn why(&self) -> AuditError {
        AuditError::Unwritten { path: self.path.clone(), message: self.why.clone() }
    }

    /// Another one, of the records from `first` on, which were to go into this file.
    pub(super) fn add(&mut self, first: u64, path: &Path, why: String) {
        self.count += 1;
        self.began.push_back(first);
        if self.began.len() > MOST {
            self.began.pop_front();
        }
        path.clone_into(&mut self.path);
        self.why = why;
    }

    /// Whether a record was lost. Only the first loss after it was staged may have taken it: what survived that was
    /// in the file by then.
    pub(super) fn took(&self, staged: Staged) -> bool {
        let since = usize::try_from(self.count - staged.losses.min(self.count)).unwrap_or(usize::MAX);
        if since == 0 {
            return false;
        }
        let first = self.began.len().checked_sub(since).and_then(|at| self.began.get(at));
        first.is_none_or(|first| staged.seq.0 >= *first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Seq;

    #[test]
    fn only_the_first_loss_after_it_takes_a_record() {
        let (mut losses, path) = (Losses::default(), Path::new("000001.jsonl"));
        let staged = |losses: &Losses, seq| Staged { seq: Seq(seq), losses: losses.count() };
        let (early, late) = (staged(&losses, 5), staged(&losses, 7));
        assert!(!losses.took(early) && !losses.took(late));
        losses.add(7, path, "full".to_owned());
        assert!(!losses.took(early), "it was in the file");
        assert!(losses.took(late));
        let again = staged(&losses, 7);
        losses.add(8, path, "full".to_owned());
        assert!(!losses.took(again), "its number was used again, and written");
        assert!(losses.took(late) && !losses.took(early));
        for _ in 0..MOST {
            losses.add(9, path, "full".to_owned());
        }
        assert!(losses.took(early), "nobody knows any more");
        assert!(losses.why().to_string().contains("full"), "{}", losses.why());
    }
}
