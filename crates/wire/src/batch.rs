use interlock_json::{Limits, ScanError, ScanErrorKind, skim};

use crate::message::{Message, Shape};
use crate::recover;
use crate::refusal::{Refusal, RefusalKind};
use crate::version::Version;

/// Messages in a batch at most. Every one costs an answer, and a line of the allowed size could hold millions.
const MAX_MESSAGES: usize = 1_000;

/// What one line or body holds.
#[derive(Debug)]
pub enum Parsed {
    /// One message.
    One(Message),
    /// A batch, every message judged on its own. Never empty.
    Batch(Vec<Result<Message, Refusal>>),
}

/// Parses one line or body. Arrays are batches in protocol version 2025-03-26 and refused in every other
/// one, and before a version is known.
///
/// # Errors
/// [`Refusal`] for everything that [`Message::parse`] refuses, and for an array where it is no batch, is
/// empty, holds more than 1,000 messages, or is not JSON. A bad message in a batch is refused in its place.
pub fn parse(line: Vec<u8>, version: Option<Version>, limits: &Limits) -> Result<Parsed, Refusal> {
    let line = one_line(line, limits)?;
    if !is_array(&line) {
        return Message::parse(line, limits).map(Parsed::One);
    }
    if !version.is_some_and(Version::has_batches) {
        return Err(Refusal::new(RefusalKind::Batch));
    }
    let text = utf8(line)?;
    // Split leniently: the messages are scanned strictly, one by one, so that one bad message does not
    // leave the others without an answer.
    let document = skim(&text, limits).map_err(|error| Refusal::new(error.into()))?;
    if document.root().is_empty() {
        return Err(Refusal::new(RefusalKind::EmptyBatch));
    }
    if document.root().len() > MAX_MESSAGES {
        return Err(Refusal::new(RefusalKind::LongBatch { limit: MAX_MESSAGES }));
    }
    let element = |raw: &str| element(raw, limits);
    Ok(Parsed::Batch(document.root().items().map(|item| element(item.raw())).collect()))
}

fn element(raw: &str, limits: &Limits) -> Result<Message, Refusal> {
    let message = Message::parse(raw.as_bytes().to_vec(), limits)?;
    match message.shape() {
        Shape::Request(request) if request.method == "initialize" => {
            Err(recover::refuse(RefusalKind::InitializeInBatch, message.root()))
        }
        _ => Ok(message),
    }
}

/// To many readers a carriage return ends a line (Python's text streams, Node's `readline`): a message that
/// holds one could be read as two, of which only one was judged. One at the very end is an old line end.
fn one_line(mut line: Vec<u8>, limits: &Limits) -> Result<Vec<u8>, Refusal> {
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    if memchr::memchr(b'\r', &line).is_none() {
        return Ok(line);
    }
    let text = utf8(line)?;
    Err(recover::refuse_text(RefusalKind::CarriageReturn, &text, limits))
}

fn is_array(line: &[u8]) -> bool {
    line.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) == Some(&b'[')
}

fn utf8(line: Vec<u8>) -> Result<String, Refusal> {
    String::from_utf8(line).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        Refusal::new(RefusalKind::Json(ScanError { kind: ScanErrorKind::InvalidUtf8, offset }))
    })
}
