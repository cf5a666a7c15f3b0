//! The page of a call, in lines of the screen's width. What comes from outside keeps what it stands behind on every line
//! that it takes, so that none of them can be taken for one of Interlock's own.

use interlock_gateway::approvals::shown::{Piece, Shown};
use interlock_gateway::approvals::{Row, Sheet};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthChar as _;

/// Columns of a label, and of what stands before a quoted line.
const LABEL: usize = 13;
const BAR: &str = "  │ ";
const ITEM: &str = "  ";
/// Columns that a tab takes.
const TAB: &str = "    ";
/// Columns of text that a line has at least, however narrow the screen is.
const NARROWEST: usize = 10;

/// A call's page.
#[derive(Debug)]
pub(super) struct Page {
    logical: Vec<Logical>,
    /// How wide the lines are that were made of it, and they.
    wrapped: (usize, Vec<Line<'static>>),
    scrolled: usize,
}

/// One line, however wide the screen is.
#[derive(Debug)]
struct Logical {
    /// What its first line begins with, and all others.
    begins: (String, String),
    letters: Vec<(char, Style)>,
}

impl Page {
    pub(super) fn new(sheet: &Sheet, scrolled: usize, has_colors: bool) -> Self {
        let marked = marked(has_colors);
        let mut logical = Vec::new();
        for row in &sheet.rows {
            add(row, marked, &mut logical);
        }
        if !sheet.marked.is_empty() {
            let warning = "some text hides something or imitates other letters. It is written as \\u{…}, and is no part \
                           of what it seems:";
            logical.push(labelled("", plain("")));
            logical.push(labelled("Warning", warning.chars().map(|letter| (letter, marked)).collect()));
            for mark in &sheet.marked {
                logical.push(behind(ITEM, plain(&mark.to_string())));
            }
        }
        Self { logical, wrapped: (0, Vec::new()), scrolled }
    }

    /// Lines of this width, from where it has been scrolled to.
    pub(super) fn lines(&mut self, width: usize, height: usize) -> Vec<Line<'static>> {
        if self.wrapped.0 != width {
            self.wrapped = (width, self.logical.iter().flat_map(|line| line.wrapped(width)).collect());
        }
        self.scroll(0, height);
        self.wrapped.1.iter().skip(self.scrolled).take(height).cloned().collect()
    }

    pub(super) fn scroll(&mut self, by: isize, height: usize) {
        let furthest = self.wrapped.1.len().saturating_sub(height);
        self.scrolled = self.scrolled.saturating_add_signed(by).min(furthest);
    }

    pub(super) fn scrolled(&self) -> usize {
        self.scrolled
    }

    /// Whether there is more below so many lines.
    pub(super) fn has_more(&self, height: usize) -> bool {
        self.scrolled.saturating_add(height) < self.wrapped.1.len()
    }
}

/// How a marked letter looks.
pub(super) fn marked(has_colors: bool) -> Style {
    let style = Style::new().add_modifier(Modifier::REVERSED);
    if has_colors { style.fg(Color::Red) } else { style }
}

fn add(row: &Row, marked: Style, logical: &mut Vec<Logical>) {
    match row {
        Row::Own { label, text } => logical.push(labelled(label, plain(text))),
        Row::Fact { label, text, whose } => {
            let mut letters = styled(text, marked);
            letters.extend(whose.map(|whose| plain(&format!(" ({whose})"))).unwrap_or_default());
            logical.push(labelled(label, letters));
        }
        Row::Quoted(text) => {
            let letters = styled(text, marked);
            let lines = letters.split(|(letter, _)| *letter == '\n');
            logical.extend(lines.map(|line| behind(BAR, line.to_vec())));
        }
        Row::Item { own, text } => {
            let mut letters = plain(&format!("{own} "));
            letters.extend(styled(text, marked));
            logical.push(behind(ITEM, letters));
        }
    }
}

fn labelled(label: &str, letters: Vec<(char, Style)>) -> Logical {
    Logical { begins: (format!("{label:<LABEL$}"), " ".repeat(LABEL)), letters }
}

fn behind(begins: &str, letters: Vec<(char, Style)>) -> Logical {
    Logical { begins: (begins.to_owned(), begins.to_owned()), letters }
}

fn plain(text: &str) -> Vec<(char, Style)> {
    text.chars().map(|letter| (letter, Style::new())).collect()
}

fn styled(shown: &Shown, marked: Style) -> Vec<(char, Style)> {
    let mut letters = Vec::new();
    for piece in &shown.pieces {
        let (text, style) = match piece {
            Piece::Plain(text) => (text, Style::new()),
            Piece::Marked(text) => (text, marked),
        };
        letters.extend(text.replace('\t', TAB).chars().map(|letter| (letter, style)));
    }
    letters
}

/// Text from outside in one line.
pub(super) fn spans(shown: &Shown, has_colors: bool) -> Vec<Span<'static>> {
    spans_of(&styled(shown, marked(has_colors)))
}

fn spans_of(letters: &[(char, Style)]) -> Vec<Span<'static>> {
    letters
        .chunk_by(|(_, one), (_, other)| one == other)
        .filter_map(|run| {
            let style = run.first()?.1;
            Some(Span::styled(run.iter().map(|(letter, _)| *letter).collect::<String>(), style))
        })
        .collect()
}

impl Logical {
    fn wrapped(&self, width: usize) -> Vec<Line<'static>> {
        let begins = &self.begins;
        let room = width.saturating_sub(begins.0.chars().count()).max(NARROWEST);
        let mut lines = Vec::new();
        let mut rest = self.letters.as_slice();
        loop {
            let (line, after) = rest.split_at(fits(rest, room));
            let begin = if lines.is_empty() { &begins.0 } else { &begins.1 };
            let mut spans = vec![Span::raw(begin.clone())];
            spans.extend(spans_of(line));
            lines.push(Line::from(spans));
            rest = after;
            if rest.is_empty() {
                return lines;
            }
        }
    }
}

/// How many letters fit into so many columns, to the end of a word where there is one.
fn fits(letters: &[(char, Style)], room: usize) -> usize {
    let (mut columns, mut word) = (0, None);
    for (place, (letter, _)) in letters.iter().enumerate() {
        columns += letter.width().unwrap_or(0);
        if columns > room {
            return word.unwrap_or(place).max(1);
        }
        if *letter == ' ' {
            word = Some(place + 1);
        }
    }
    letters.len()
}
