//! How the screen looks.

use interlock_gateway::approvals::{details, shown, subject};
use interlock_store::Approval;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell, Clear, Paragraph, Row, Table, TableState, Wrap};

use super::{Decision, Mode, Screen, lines, short};

/// The smallest screen on which anything can be read.
const WIDTH: u16 = 40;
const HEIGHT: u16 = 12;

/// Letters of what a dialog repeats.
const LETTERS: usize = 60;

const KEYS: &str = " ↑↓ select   PgUp PgDn read   a approve   d deny   ? help   q quit ";
const HELP: &[&str] = &[
    "↑ ↓  j k        select a call",
    "Home End  g G   the one that has waited longest, the newest",
    "PgUp PgDn       read on in the call; also ← →, Ctrl-U and Ctrl-D",
    "a               approve exactly this call, once",
    "d               deny it; the reason is told to the agent",
    "q  Esc  Ctrl-C  leave",
    "",
    "What a text hides or imitates is written as \\u{…} and stands out.",
    "Any key closes this.",
];

impl Screen {
    /// Draws all of it.
    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>) {
        let area = frame.area();
        if area.width < WIDTH || area.height < HEIGHT {
            let words = format!("make this window {WIDTH} columns wide and {HEIGHT} lines high; q leaves");
            return frame.render_widget(Paragraph::new(words).wrap(Wrap { trim: true }), area);
        }
        let rows = u16::try_from(self.waiting.len()).unwrap_or(u16::MAX).saturating_add(3);
        let most = (area.height / 3).max(5);
        let parts = [Constraint::Length(rows.clamp(4, most)), Constraint::Min(3), Constraint::Length(1)];
        let [list, page, foot] = Layout::vertical(parts).areas(area);
        self.list(frame, list);
        self.page(frame, page);
        self.foot(frame, foot);
        match &self.mode {
            Mode::Help => help(frame, area),
            Mode::Reason(decision) | Mode::Confirming(decision) => self.dialog(frame, area, decision),
            Mode::Looking => {}
        }
    }

    fn color(&self, style: Style, color: Color) -> Style {
        if self.has_colors { style.fg(color) } else { style }
    }

    fn list(&self, frame: &mut Frame<'_>, area: Rect) {
        let more = if self.is_cut { ", and more" } else { "" };
        let title = match self.waiting.len() {
            0 => " No call waits for a person ".to_owned(),
            1 => format!(" 1 call waits for a person{more} "),
            many => format!(" {many} calls wait for a person{more} "),
        };
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let header = Row::new(["ID", "AGE", "EXPIRES IN", "GRANT", "SERVER", "TOOL", "RULE"]).style(bold);
        let columns = [
            Constraint::Length(8),
            Constraint::Length(8),
            Constraint::Length(10),
            Constraint::Fill(2),
            Constraint::Fill(2),
            Constraint::Fill(3),
            Constraint::Fill(3),
        ];
        // What does not fit is not looked at.
        let height = usize::from(area.height.saturating_sub(3));
        let place = self.place().unwrap_or(0);
        let first = (place + 1).saturating_sub(height);
        let rows = self.waiting.iter().skip(first).take(height).map(|approval| self.row(approval));
        let table = Table::new(rows, columns)
            .header(header)
            .block(Block::bordered().title(title))
            .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED))
            .highlight_symbol("> ");
        let mut state = TableState::default();
        state.select(self.place().map(|place| place - first));
        frame.render_stateful_widget(table, area, &mut state);
    }

    fn row(&self, approval: &Approval) -> Row<'static> {
        let question = &approval.question;
        let (age, left) = self.times(approval);
        let urgent = approval.expires_ms.saturating_sub(self.now_ms) < 60_000;
        let left =
            if urgent { Span::styled(left, self.color(Style::new(), Color::Yellow)) } else { left.into() };
        let rule = details(question).map(|details| details.rule_name.unwrap_or(details.rule));
        let text = |text: &str| Cell::from(Line::from(lines::spans(&shown::line(text), self.has_colors)));
        Row::new([
            Cell::from(short(&question.id).to_owned()),
            Cell::from(age),
            Cell::from(Line::from(left)),
            text(&question.asker.grant),
            text(&question.server),
            text(&subject(&question.section, &question.name)),
            text(&rule.unwrap_or_default()),
        ])
    }

    fn page(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let inner = area.inner(Margin::new(1, 1));
        let (width, height) = (usize::from(inner.width), usize::from(inner.height));
        self.page_height = height;
        let (lines, below) = match &mut self.page {
            Some((_, page)) => (page.lines(width, height), page.has_more(height)),
            None => (Vec::new(), false),
        };
        let block = Block::bordered().title(" All of it ");
        let block = if below { block.title_bottom(" more below: PgDn ") } else { block };
        frame.render_widget(block, area);
        frame.render_widget(Paragraph::new(lines), inner);
    }

    fn foot(&self, frame: &mut Frame<'_>, area: Rect) {
        let line = match &self.notice {
            Some(notice) => {
                let bold = self.color(Style::new().add_modifier(Modifier::BOLD), Color::Cyan);
                let mut spans = lines::spans(&shown::line(notice), self.has_colors);
                spans.insert(0, Span::raw(" "));
                Line::from(spans).style(bold)
            }
            None => Line::from(KEYS).style(Style::new().add_modifier(Modifier::DIM)),
        };
        frame.render_widget(Paragraph::new(line), area);
    }

    fn dialog(&self, frame: &mut Frame<'_>, area: Rect, decision: &Decision) {
        let verb = if decision.approves { "Approve" } else { "Deny" };
        let text = |text: &str| lines::spans(&shown::line(text), self.has_colors);
        // Nothing that is long pushes out of sight what is asked.
        let begin = |text: &str| text.chars().take(LETTERS).collect::<String>();
        let end = |text: &str| {
            let letters: Vec<char> = text.chars().collect();
            letters.iter().skip(letters.len().saturating_sub(LETTERS)).collect::<String>()
        };
        let mut what = vec![Span::raw(format!("{verb} {}: ", short(&decision.id)))];
        if let Some(approval) = self.approval(&decision.id) {
            let question = &approval.question;
            let call = subject(&question.section, &question.name);
            let whole = format!("{call} at {} for {}", question.server, question.asker.grant);
            what.extend(text(&begin(&whole)));
        }
        let mut why = vec![Span::raw("Why: ")];
        why.extend(text(&end(&decision.reason)));
        let is_typed = matches!(self.mode, Mode::Reason(_));
        if is_typed {
            why.push(Span::raw("▏"));
        }
        let asks = match (is_typed, decision.approves) {
            (true, _) => "Type a reason, or none. Enter goes on, Esc does not decide.",
            (false, true) => "May exactly this call be made, once? y / n",
            (false, false) => "Is this call to be refused? y / n",
        };
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let lines = vec![Line::from(what), Line::from(why), Line::from(""), Line::from(asks).style(bold)];
        let block = Block::bordered().title(format!(" {verb} "));
        popup(frame, area, 10, Paragraph::new(lines).wrap(Wrap { trim: false }).block(block));
    }
}

fn help(frame: &mut Frame<'_>, area: Rect) {
    let lines: Vec<Line<'_>> = HELP.iter().map(|line| Line::from(*line)).collect();
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    popup(frame, area, height, Paragraph::new(lines).block(Block::bordered().title(" Keys ")));
}

/// Something in the middle, over what is there.
fn popup(frame: &mut Frame<'_>, area: Rect, height: u16, what: Paragraph<'_>) {
    let (width, height) = (area.width.saturating_sub(4).min(76), height.min(area.height));
    let x = area.x + (area.width - width) / 2;
    let y = area.y + (area.height - height) / 2;
    let middle = Rect { x, y, width, height };
    frame.render_widget(Clear, middle);
    frame.render_widget(what, middle);
}
