//! The step that forwards: the bytes as judged, with the gateway's own identifier spliced in.

use interlock_json::Value;
use interlock_wire::splice::Edit;
use interlock_wire::{Message, RequestId};

/// The message under another identifier; every other byte is as it was received. In an exchange, where callers choose
/// their progress tokens without knowing of each other, that is the token, too.
pub(crate) fn with_number(message: &Message, number: u64, exchange: u64) -> String {
    let number = number.to_string();
    let (Some(id), Some(token)) = (message.id(), message.progress_token().filter(|_| exchange != 0)) else {
        return message.with_id(&number);
    };
    message.with_edits(vec![Edit::new(id.value().span(), &*number), Edit::new(token.span(), &*number)])
}

/// The answer under its asker's identifier, with `edits` to the rest.
pub(crate) fn answer_to(message: &Message, asker: &RequestId, mut edits: Vec<Edit>) -> String {
    if let Some(id) = message.id() {
        edits.push(Edit::new(id.value().span(), asker.raw()));
    }
    message.with_edits(edits)
}

/// A cancellation under the identifier by which its receiver knows the request.
pub(crate) fn cancellation(message: &Message, request: Value<'_>, id: &str) -> String {
    message.with_edits(vec![Edit::new(request.span(), id)])
}
