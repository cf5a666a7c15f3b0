//! What keys do.

use interlock_gateway::approvals::LONGEST_REASON;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{Decision, Mode, Screen};

/// What is to be done that the screen cannot do by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Nothing.
    None,
    /// To leave.
    Quit,
    /// To say yes or no to a call.
    Decide {
        /// The call.
        id: String,
        /// Yes or no.
        approves: bool,
        /// Why, where somebody said.
        reason: Option<String>,
    },
}

impl Screen {
    /// Takes a key.
    pub(crate) fn key(&mut self, key: KeyEvent) -> Wish {
        if key.kind == KeyEventKind::Release {
            return Wish::None;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return self.control(key.code);
        }
        match std::mem::replace(&mut self.mode, Mode::Looking) {
            Mode::Looking => self.looking(key.code),
            // Any key closes it.
            Mode::Help => Wish::None,
            Mode::Reason(decision) => self.typing(decision, key.code),
            Mode::Confirming(decision) => self.confirming(decision, key.code),
        }
    }

    fn control(&mut self, code: KeyCode) -> Wish {
        match code {
            KeyCode::Char('c') => return Wish::Quit,
            KeyCode::Char('d') => self.scroll(self.half_page()),
            KeyCode::Char('u') => self.scroll(-self.half_page()),
            _ => {}
        }
        Wish::None
    }

    fn looking(&mut self, code: KeyCode) -> Wish {
        match code {
            KeyCode::Char('q') | KeyCode::Esc => return Wish::Quit,
            KeyCode::Char('?') => self.mode = Mode::Help,
            KeyCode::Down | KeyCode::Char('j') => self.select(1),
            KeyCode::Up | KeyCode::Char('k') => self.select(-1),
            KeyCode::Home | KeyCode::Char('g') => self.select(isize::MIN),
            KeyCode::End | KeyCode::Char('G') => self.select(isize::MAX),
            KeyCode::PageDown | KeyCode::Char(' ') => self.scroll(2 * self.half_page()),
            KeyCode::PageUp => self.scroll(-2 * self.half_page()),
            KeyCode::Right | KeyCode::Char('l') => self.scroll(1),
            KeyCode::Left | KeyCode::Char('h') => self.scroll(-1),
            KeyCode::Char('a') => self.begin(true),
            KeyCode::Char('d') => self.begin(false),
            _ => {}
        }
        Wish::None
    }

    /// Begins to decide about the call whose page is there: nobody decides about what they cannot see.
    fn begin(&mut self, approves: bool) {
        let Some(id) = self.selected.clone() else { return };
        if self.page.as_ref().is_none_or(|(shown, _)| *shown != id) {
            return;
        }
        if self.is_unchosen {
            return self.say("another call is shown now: choose it with the arrows first");
        }
        (self.notice, self.decided) = (None, None);
        self.mode = Mode::Reason(Decision { id, approves, reason: String::new() });
    }

    fn typing(&mut self, mut decision: Decision, code: KeyCode) -> Wish {
        match code {
            KeyCode::Esc => self.say("not decided: it goes on to wait"),
            KeyCode::Enter => self.mode = Mode::Confirming(decision),
            KeyCode::Backspace => {
                decision.reason.pop();
                self.mode = Mode::Reason(decision);
            }
            KeyCode::Char(letter) => {
                let fits = decision.reason.chars().count() < LONGEST_REASON && !letter.is_control();
                decision.reason.extend(fits.then_some(letter));
                self.mode = Mode::Reason(decision);
            }
            _ => self.mode = Mode::Reason(decision),
        }
        Wish::None
    }

    fn confirming(&mut self, decision: Decision, code: KeyCode) -> Wish {
        match code {
            KeyCode::Char('y' | 'Y') => {
                let Decision { id, approves, reason } = decision;
                self.decided = Some(id.clone());
                let reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
                Wish::Decide { id, approves, reason }
            }
            KeyCode::Char('n' | 'N') | KeyCode::Esc => {
                self.say("not decided: it goes on to wait");
                Wish::None
            }
            _ => {
                self.mode = Mode::Confirming(decision);
                Wish::None
            }
        }
    }

    fn select(&mut self, by: isize) {
        self.is_unchosen = false;
        let last = self.waiting.len().saturating_sub(1);
        let place = self.place().unwrap_or(0).saturating_add_signed(by).min(last);
        let selected = self.waiting.get(place).map(|approval| approval.question.id.clone());
        if selected != self.selected {
            (self.selected, self.page, self.notice) = (selected, None, None);
        }
    }

    fn half_page(&self) -> isize {
        isize::try_from(self.page_height / 2).unwrap_or(1).max(1)
    }

    fn scroll(&mut self, by: isize) {
        let height = self.page_height;
        if let Some((_, page)) = &mut self.page {
            page.scroll(by, height);
        }
    }
}
