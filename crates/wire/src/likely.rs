//! Whose answer an unreadable line would have been.
//!
//! A server's answer that is no JSON, or too long to be kept, is not relayed, and its asker must not wait for
//! another. Taking the wrong request for it harms nobody but the server, which could have answered that
//! request wrongly itself; so a look that does not insist on the grammar is enough here, and only here.

use crate::id::RequestId;

/// What an unreadable line would have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Likely {
    /// The answer to this request: an integer `id` at the top and no `method`, as far as the bytes go.
    Response(RequestId),
    /// A request or a notification: it has a `method` at the top.
    Call,
    /// Nobody can say.
    Unknown,
}

/// The request that an unreadable line would have answered.
pub(crate) fn likely_response(bytes: &[u8]) -> Option<RequestId> {
    match likely(bytes) {
        Likely::Response(id) => Some(id),
        Likely::Call | Likely::Unknown => None,
    }
}

/// What an unreadable line would have been, by as much of it as there is.
pub fn likely(bytes: &[u8]) -> Likely {
    let mut look = Look { bytes, at: 0 };
    let mut depth = 0_usize;
    let mut id = None;
    while let Some(byte) = look.next() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let text = look.string();
                if depth != 1 || !look.colon() {
                    continue;
                }
                match text {
                    b"method" => return Likely::Call,
                    b"id" => id = look.integer(),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    id.map_or(Likely::Unknown, |id| Likely::Response(id.into()))
}

struct Look<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Look<'b> {
    fn next(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied()?;
        self.at += 1;
        Some(byte)
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

    fn integer(&mut self) -> Option<u64> {
        self.skip_white();
        let rest = self.bytes.get(self.at..)?;
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        std::str::from_utf8(rest.get(..length)?).ok()?.parse().ok()
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
        for line in [
            &br#"{"id":7,"method":"ping","x":NaN}"#[..],
            br#"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"x"#,
            br#"{"method":"#,
        ] {
            assert_eq!(likely(line), Likely::Call, "{}", String::from_utf8_lossy(line));
        }
        // Further down it is anybody's.
        assert_eq!(likely(br#"{"result":{"method":"x"},"id":7"#), Likely::Response(7.into()));
    }
}
