//! Where scalars end, and what stands between them.

use std::ops::Range;

use crate::tree::yaml::BLANKS;

/// A comment or an empty line between two tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trivia<'s> {
    Blank,
    Comment {
        text: &'s str,
        /// Columns from the beginning of its line.
        column: usize,
        /// On the line on which the token before it ends.
        beside: bool,
    },
}

/// The end of a quoted scalar, which begins with its quote.
pub(super) fn closing_quote(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let double = rest.starts_with('"');
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' if double => {
                characters.next();
            }
            '\'' if !double && characters.peek().is_some_and(|(_, next)| *next == '\'') => {
                characters.next();
            }
            '"' if double => return start + at + 1,
            '\'' if !double => return start + at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A literal or folded scalar.
pub(super) struct Literal<'s> {
    pub(super) mark: &'s str,
    pub(super) lines: Vec<&'s str>,
    pub(super) end: usize,
}

/// The mark of a literal or folded scalar behind a token: the parser's place of it is that of its first line.
pub(super) fn literal_mark(text: &str, after: usize) -> usize {
    let mut in_comment = false;
    let gap = text.get(after..).unwrap_or_default();
    let mark = gap.char_indices().find(|(_, character)| {
        in_comment = *character == '#' || (in_comment && *character != '\n');
        !in_comment && matches!(character, '|' | '>')
    });
    mark.map_or(text.len(), |(at, _)| after + at)
}

/// Reads a literal or folded scalar that begins at `start` inside a collection whose entries begin in column `parent`.
pub(super) fn literal(text: &str, start: usize, parent: usize) -> Literal<'_> {
    let rest = text.get(start..).unwrap_or_default();
    let (mark, body) = rest.split_once('\n').unwrap_or((rest, ""));
    let mark = mark.trim_end_matches(BLANKS);
    let header = mark.split([' ', '\t']).next().unwrap_or_default();
    let keeps = header.contains('+');
    let digit = header.chars().find_map(|character| character.to_digit(10));
    let blank = |line: &str| line.trim_matches(BLANKS).is_empty();
    // Where every line is blank none has content.
    let first = body.lines().find(|line| !blank(line)).map(indentation);
    let first = first.filter(|first| *first > parent).unwrap_or(usize::MAX);
    let depth = digit.and_then(|digit| usize::try_from(digit).ok()).map_or(first, |digit| parent + digit);
    let mut literal = Literal { mark, lines: Vec::new(), end: start + mark.len() };
    let mut at = start + mark_line(rest);
    let mut content = 0;
    for line in body.split_inclusive('\n') {
        if !blank(line) && indentation(line) < depth.max(1) {
            break;
        }
        at += line.len();
        let end = at - usize::from(line.ends_with('\n'));
        let line = line.trim_end_matches(['\n', '\r']);
        // Blanks beyond the indentation are content.
        let said = line.get(depth.min(indentation(line))..).unwrap_or_default();
        literal.lines.push(said);
        if !said.is_empty() || keeps {
            (content, literal.end) = (literal.lines.len(), end);
        }
    }
    literal.lines.truncate(content);
    literal
}

/// The length of the first line with its break.
fn mark_line(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |at| at + 1)
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The comments and empty lines of the text between two tokens, which is otherwise punctuation.
pub(super) fn trivia(text: &str, range: Range<usize>) -> Vec<Trivia<'_>> {
    let mut found = Vec::new();
    let gap = text.get(range.clone()).unwrap_or_default();
    // On the line of the token before; breaks since something that is seen.
    let (mut beside, mut breaks) = (range.start > 0, usize::from(range.start == 0));
    let mut at = 0;
    while let Some(next) = gap.get(at..).and_then(|rest| rest.find(['#', '\n'])).map(|next| at + next) {
        let punctuation = gap.get(at..next).is_some_and(|between| !between.trim().is_empty());
        let comment = gap.get(next..).is_some_and(|rest| rest.starts_with('#'));
        if breaks > 1 && (punctuation || comment) {
            found.push(Trivia::Blank);
        }
        if punctuation {
            breaks = 0;
        }
        if !comment {
            (beside, breaks, at) = (false, breaks + 1, next + 1);
            continue;
        }
        let offset = range.start + next;
        let line = gap.get(next..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let begin = text.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        found.push(Trivia::Comment { text: line.trim_end_matches(BLANKS), column: offset - begin, beside });
        (breaks, at) = (0, next + line.len());
    }
    if breaks > 1 {
        found.push(Trivia::Blank);
    }
    found
}
