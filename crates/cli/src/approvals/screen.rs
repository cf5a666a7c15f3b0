//! The screen of `interlock approvals watch`: what it holds, what keys do to it, and how it looks. It knows neither a
//! terminal nor a store, so that it can be tried without them.

mod drawing;
mod keys;
mod lines;
#[cfg(test)]
mod tests;

use interlock_gateway::approvals::{Sheet, length};
use interlock_store::Approval;

pub(crate) use keys::Wish;
use lines::Page;

/// All that is shown.
#[derive(Debug)]
pub(crate) struct Screen {
    /// Calls that wait, those that have waited longest first.
    waiting: Vec<Approval>,
    /// Whether more wait than are here.
    is_cut: bool,
    /// The one that is looked at, by its name: others that come or go change nothing about that.
    selected: Option<String>,
    /// Whether it came in the place of one that is gone: nobody has chosen it.
    is_unchosen: bool,
    /// The one that was decided here last: that it goes is no surprise.
    decided: Option<String>,
    /// All of it.
    page: Option<(String, Page)>,
    /// As of when the page is: the second, and the call's last change.
    page_of: Option<(i64, i64)>,
    mode: Mode,
    /// What came of the last thing that was done.
    notice: Option<String>,
    /// The time that calls expire by, unix milliseconds.
    now_ms: i64,
    has_colors: bool,
    /// Lines of the page that fit, once it has been drawn.
    page_height: usize,
}

/// What keys are for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mode {
    Looking,
    Help,
    /// A reason is typed.
    Reason(Decision),
    /// Whether it is meant is asked.
    Confirming(Decision),
}

/// What somebody is about to say of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Decision {
    id: String,
    approves: bool,
    reason: String,
}

impl Screen {
    pub(crate) fn new(has_colors: bool) -> Self {
        Self {
            waiting: Vec::new(),
            is_cut: false,
            selected: None,
            is_unchosen: false,
            decided: None,
            page: None,
            page_of: None,
            mode: Mode::Looking,
            notice: None,
            now_ms: 0,
            has_colors,
            page_height: 0,
        }
    }

    /// Time passes.
    pub(crate) fn at(&mut self, now_ms: i64) {
        self.now_ms = now_ms;
    }

    /// These wait now. Where the one that was looked at does not any more, its neighbour is, and has to be chosen before it
    /// is decided about.
    pub(crate) fn hold(&mut self, mut waiting: Vec<Approval>, is_cut: bool) {
        waiting.sort_by_key(|approval| (approval.asked_ms, approval.change));
        let place = self.place().unwrap_or(0);
        (self.waiting, self.is_cut) = (waiting, is_cut);
        if self.place().is_some() {
            return;
        }
        if let Some(gone) = self.selected.take() {
            let is_own = self.decided.take().is_some_and(|decided| decided == gone);
            if !is_own {
                self.left(&gone);
            }
            self.is_unchosen = !is_own && !self.waiting.is_empty();
        }
        let neighbour = self.waiting.get(place).or(self.waiting.last());
        self.selected = neighbour.map(|approval| approval.question.id.clone());
        self.page = self.page.take().filter(|(id, _)| Some(id) == self.selected.as_ref());
    }

    /// A call waits no more: nobody is to decide about another one in its place.
    fn left(&mut self, id: &str) {
        let is_about_it = match &self.mode {
            Mode::Reason(decision) | Mode::Confirming(decision) => decision.id == *id,
            Mode::Looking | Mode::Help => false,
        };
        if is_about_it {
            self.mode = Mode::Looking;
        }
        if is_about_it || self.mode == Mode::Looking {
            self.say(format!("{} waits no more: it was decided elsewhere, or has expired", short(id)));
        }
    }

    /// All of the call that is looked at.
    pub(crate) fn look(&mut self, id: &str, sheet: &Sheet) {
        if self.selected.as_deref() != Some(id) {
            return;
        }
        // Reading goes on where it was.
        let scrolled = self.page.as_ref().filter(|(old, _)| old == id).map(|(_, page)| page.scrolled());
        let page = Page::new(sheet, scrolled.unwrap_or(0), self.has_colors);
        self.page = Some((id.to_owned(), page));
        self.page_of = self.as_of(id);
    }

    /// Whether the page of the selected call is to be read, because it is another's or of another second.
    pub(crate) fn wants_page(&self) -> bool {
        let Some(id) = self.selected.as_deref() else { return false };
        self.page.as_ref().is_none_or(|(shown, _)| shown != id) || self.page_of != self.as_of(id)
    }

    fn as_of(&self, id: &str) -> Option<(i64, i64)> {
        self.approval(id).map(|approval| (self.now_ms / 1_000, approval.change))
    }

    /// Says what came of something.
    pub(crate) fn say(&mut self, notice: impl Into<String>) {
        self.notice = Some(notice.into());
    }

    /// The call whose page is to be shown.
    pub(crate) fn selected(&self) -> Option<&str> {
        self.selected.as_deref()
    }

    fn place(&self) -> Option<usize> {
        let selected = self.selected.as_deref()?;
        self.waiting.iter().position(|approval| approval.question.id == selected)
    }

    fn approval(&self, id: &str) -> Option<&Approval> {
        self.waiting.iter().find(|approval| approval.question.id == id)
    }

    /// How long a call has waited, and has left.
    fn times(&self, approval: &Approval) -> (String, String) {
        let left = approval.expires_ms.saturating_sub(self.now_ms);
        let left = if left > 0 { length(left) } else { "expired".to_owned() };
        (length(self.now_ms.saturating_sub(approval.asked_ms)), left)
    }
}

/// The beginning of a name.
fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}
