//! What an unreadable line would have been: whose answer, or which request.
//!
//! An answer that is no JSON, or too long to be kept, is not relayed, and its asker must not wait for another;
//! nor must the sender of a request that is too long. Taking the wrong request for it harms nobody but the
//! sender, which could have answered that request wrongly itself, or used that id; so a look that does not insist
//! on the grammar is enough here, and only here.

use interlock_json::{Limits, scan};

use crate::id::RequestId;

/// What an unreadable line would have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Likely {
    /// The answer to this request: an integer `id` at the top, no `method` and no `params`, as far as the bytes
    /// go.
    Response(RequestId),
    /// A request or a notification: it has a `method` or `params` at the top. With its `id`, where there is one
    /// and it is no answer as well.
    Call(Option<RequestId>),
    /// Nobody can say.
    Unknown,
}

/// The request that an unreadable line would have answered.
pub(crate) fn likely_response(bytes: &[u8]) -> Option<RequestId> {
    match likely(bytes) {
        Likely::Response(id) => Some(id),
        Likely::Call(_) | Likely::Unknown => None,
    }
}

/// What an unreadable line would have been, by as much of it as there is.
pub fn likely(bytes: &[u8]) -> Likely {
    let mut look = Look { bytes, at: 0, depth: 0 };
    let mut ids = Vec::new();
    let (mut calls, mut answers) = (false, false);
    while let Some(key) = look.key() {
        match key {
            b"method" | b"params" => calls = true,
            b"result" | b"error" => answers = true,
            b"id" => ids.push(look.id()),
            _ => {}
        }
    }
    // The last of several ids, or the first: nobody can say.
    let id = if ids.len() == 1 { ids.pop().flatten() } else { None };
    match (calls, id) {
        (true, id) => Likely::Call(id.filter(|_| !answers)),
        (false, Some(id)) if id.as_u64().is_some() => Likely::Response(id),
        (false, _) => Likely::Unknown,
    }
}

/// Whether a message, which has been read as one or was written here, is no request and no notification: the first of
/// its members that tells, tells for all.
pub fn is_answer(message: &[u8]) -> bool {
    let mut look = Look { bytes: message, at: 0, depth: 0 };
    while let Some(key) = look.key() {
        match key {
            b"method" | b"params" => return false,
            b"result" | b"error" => return true,
            _ => {}
        }
    }
    true
}

struct Look<'b> {
    bytes: &'b [u8],
    at: usize,
    depth: usize,
}

impl<'b> Look<'b> {
    fn next(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }

    /// The next key at the top, from behind the one before.
    fn key(&mut self) -> Option<&'b [u8]> {
        while let Some(byte) = self.next() {
            match byte {
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                b'"' => {
                    let text = self.string();
                    if self.depth == 1 && self.colon() {
                        return Some(text);
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn skip_white(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    /// The rest of a string, without its quotes and with its escapes.
    fn string(&mut self) -> &'b [u8] {
        let start = self.at;
        while let Some(byte) = self.next() {
            match byte {
                b'\\' => self.at += 1,
                b'"' => return self.bytes.get(start..self.at - 1).unwrap_or_default(),
                _ => {}
            }
        }
        &[]
    }

    fn colon(&mut self) -> bool {
        self.skip_white();
        let found = self.bytes.get(self.at) == Some(&b':');
        self.at += usize::from(found);
        found
    }

    /// An id that ends within the bytes.
    fn id(&mut self) -> Option<RequestId> {
        self.skip_white();
        let start = self.at;
        if self.bytes.get(start) == Some(&b'"') {
            self.at += 1;
            self.string();
        } else {
            let rest = self.bytes.get(start..)?;
            let ends = |byte: &u8| matches!(byte, b',' | b'}' | b'"') || byte.is_ascii_whitespace();
            self.at += rest.iter().position(ends)?;
        }
        let text = std::str::from_utf8(self.bytes.get(start..self.at)?).ok()?;
        RequestId::from_value(scan(text, &Limits::default()).ok()?.root())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_and_what_is_not() {
        for (line, expected) in [
            (&br#"{"jsonrpc":"2.0","id":7,"result":{"text":"..."#[..], Some(7)),
            (br#"{"result":{"id":3,"items":[{"id":4}],"x":NaN},"jsonrpc":"2.0" , "id" : 8}"#, Some(8)),
            (b"{\"result\":\"\xff\",\"id\":9}", Some(9)),
            (br#"{"result":{"id":3"#, None),
            (br#"{"id":"7","result":{}"#, None),
            (br#"{"id":1.5,"result":{}"#, None),
            (br#"{"id":7,"id":8,"result":{}"#, None),
            // It may go on: 7 or 71.
            (br#"{"result":{},"id":7"#, None),
            (br#"{"result":"\",\"id\":5"#, None),
            (br#"garbage "id":5"#, None),
            (b"", None),
            (b"{\"", None),
            (b"{\"\\", None),
        ] {
            let line_text = String::from_utf8_lossy(line).into_owned();
            let expected = expected.map_or(Likely::Unknown, |id: u64| Likely::Response(id.into()));
            assert_eq!(likely(line), expected, "{line_text}");
        }
    }

    #[test]
    fn what_has_a_method_answers_nothing() {
        for (line, expected) in [
            (&br#"{"id":7,"method":"ping","x":NaN}"#[..], Some(RequestId::from(7))),
            (br#"{"jsonrpc":"2.0","id" : -7 ,"params":{"id":8,"data":"x"#, Some(id("-7"))),
            (br#"{"id":"a\u0062","method":"ping"#, Some(RequestId::from("ab"))),
            (br#"{"method":"ping","id":"a,}"}"#, Some(RequestId::from("a,}"))),
            (br#"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"x"#, None),
            (br#"{"method":"#, None),
            (br#"{"method":"ping","id":7"#, None),
            (br#"{"method":"ping","id":"7"#, None),
            (br#"{"method":"ping","id":7.0,"#, None),
            (br#"{"method":"ping","id":null,"#, None),
            (br#"{"method":"ping","id":[7],"#, None),
            (br#"{"method":"ping","id":7,"id":7,"#, None),
            // Answering an answer would answer a question of one's own.
            (br#"{"method":"ping","id":7,"result":{}"#, None),
        ] {
            assert_eq!(likely(line), Likely::Call(expected), "{}", String::from_utf8_lossy(line));
        }
        // Further down it is anybody's.
        assert_eq!(likely(br#"{"result":{"method":"x"},"id":7}"#), Likely::Response(7.into()));
    }

    #[test]
    fn an_answer_is_told_from_a_call() {
        for (message, expected) in [
            (r#"{"jsonrpc":"2.0","id":7,"result":{"method":"x","params":{}}}"#, true),
            (r#"{"error":{"code":1,"message":"method"},"id":null,"jsonrpc":"2.0"}"#, true),
            (r#"{"jsonrpc":"2.0","id":"result","method":"ping"}"#, false),
            (r#"{"params":{"result":1},"method":"notifications/progress","jsonrpc":"2.0"}"#, false),
        ] {
            assert_eq!(is_answer(message.as_bytes()), expected, "{message}");
        }
    }

    fn id(json: &str) -> RequestId {
        RequestId::from_value(scan(json, &Limits::default()).unwrap().root()).unwrap()
    }
}
