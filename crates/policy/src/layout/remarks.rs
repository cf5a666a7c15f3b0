//! The comments of a document by what they are about, for those who write it in other words.

use super::read::{self, Document};
use super::{Block, Entry, Line};
use crate::diagnostic::push_pointer_segment;
use crate::print::Comments;

/// By the pointer of what it is about, each comment's lines without their marks. What stands behind the last entry of a
/// collection is said of the collection.
pub(crate) fn remarks(text: &str) -> Comments {
    let mut remarks = Comments::new();
    if let Ok(Document { above, root, below, .. }) = read::document(text) {
        lines("", above.as_deref().unwrap_or_default(), &mut remarks);
        entry("", &root, &mut remarks);
        lines("", &below, &mut remarks);
    }
    remarks
}

fn lines(pointer: &str, all: &[Line<'_>], remarks: &mut Comments) {
    for line in all {
        if let Line::Comment(comment) = line {
            comment_of(pointer, comment, remarks);
        }
    }
}

fn comment_of(pointer: &str, comment: &str, remarks: &mut Comments) {
    let text = comment.strip_prefix('#').unwrap_or(comment);
    let text = text.strip_prefix(' ').unwrap_or(text);
    // Another file's schema is not this one's.
    if !text.trim_start().starts_with("yaml-language-server:") {
        remarks.entry(pointer.to_owned()).or_default().push(text.to_owned());
    }
}

fn entry(pointer: &str, entry: &Entry<'_>, remarks: &mut Comments) {
    lines(pointer, &entry.before, remarks);
    for comment in entry.beside_key.into_iter().chain(entry.after) {
        comment_of(pointer, comment, remarks);
    }
    match &entry.value {
        Block::Text(_) | Block::Lines { .. } => {}
        Block::List(inner) | Block::Map(inner) => {
            for (index, inside) in inner.entries.iter().enumerate() {
                let mut pointer = pointer.to_owned();
                match inside.key {
                    None => push_pointer_segment(&mut pointer, &index.to_string()),
                    Some(key) => push_pointer_segment(&mut pointer, &said(key)),
                }
                self::entry(&pointer, inside, remarks);
            }
            lines(pointer, &inner.tail, remarks);
        }
    }
}

/// A key as it is read.
fn said(written: &str) -> String {
    let event = saphyr_parser::Parser::new_from_str(written).find_map(|event| match event {
        Ok((saphyr_parser::Event::Scalar(text, ..), _)) => Some(text.into_owned()),
        _ => None,
    });
    event.unwrap_or_else(|| written.to_owned())
}
