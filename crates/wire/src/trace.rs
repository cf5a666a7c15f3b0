//! The W3C trace context that messages carry in `params._meta`, under the names of its headers (MCP 2026-07-28,
//! "`_meta`"; W3C Trace Context, section 3).

use std::fmt;

use interlock_json::Value;

use crate::message::Message;
use crate::splice::Edit;

/// Which trace something belongs to, and who begins it there.
pub const TRACEPARENT: &str = "traceparent";
/// What the systems on the way say of it.
pub const TRACESTATE: &str = "tracestate";

/// Characters of a `tracestate` that are passed on (W3C Trace Context, section 3.3.1.5).
const MOST_STATE: usize = 512;
/// Characters of a `traceparent` of the version that is written here.
const LENGTH: usize = 55;
/// The flag that says that somebody records the trace.
const SAMPLED: u8 = 1;

/// Where in a trace something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// Which trace.
    pub trace_id: [u8; 16],
    /// Which span of it.
    pub span_id: [u8; 8],
    /// Whether somebody records it.
    pub sampled: bool,
}

impl TraceContext {
    /// Reads a `traceparent`. One of a later version is read as far as this one goes.
    pub fn parse(text: &str) -> Option<Self> {
        let head = text.get(..LENGTH)?;
        let mut parts = head.split('-');
        let version = hex::<1>(parts.next()?)?;
        let (trace_id, span_id) = (hex::<16>(parts.next()?)?, hex::<8>(parts.next()?)?);
        let [flags] = hex::<1>(parts.next()?)?;
        let rest = text.get(LENGTH..)?;
        let ends_well = match version {
            [0] => rest.is_empty(),
            [0xff] => false,
            _ => rest.is_empty() || rest.starts_with('-'),
        };
        let is_known = trace_id != [0; 16] && span_id != [0; 8];
        let found = Self { trace_id, span_id, sampled: flags & SAMPLED != 0 };
        (ends_well && is_known && parts.next().is_none()).then_some(found)
    }
}

/// As a `traceparent`.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("00-")?;
        self.trace_id.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("-")?;
        self.span_id.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, "-{:02x}", u8::from(self.sampled))
    }
}

/// The trace that a message says it belongs to.
pub fn of_message(message: &Message) -> Option<TraceContext> {
    TraceContext::parse(&text(message, TRACEPARENT)?)
}

/// What a message says of its trace beside that.
pub fn state_of_message(message: &Message) -> Option<String> {
    text(message, TRACESTATE).filter(|state| is_state(state))
}

/// Whether a text may be passed on as a `tracestate`, in a header and in JSON as it is.
pub fn is_state(text: &str) -> bool {
    let fits = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
    !text.is_empty() && text.len() <= MOST_STATE && text.bytes().all(fits)
}

/// The edits that have a message say that it belongs there. What else it says of its trace stays, unless `state` is given.
pub fn carry(message: &Message, context: &TraceContext, state: Option<&str>) -> Vec<Edit> {
    let Some(params) = message.params() else { return Vec::new() };
    let state = state.filter(|state| is_state(state)).map(|state| (TRACESTATE, state.to_owned()));
    let members = std::iter::once((TRACEPARENT, context.to_string())).chain(state);
    // A message's `_meta` is an object, or it is none.
    let Some(meta) = params.get("_meta") else {
        let members: Vec<String> = members.map(|(name, text)| format!("\"{name}\":\"{text}\"")).collect();
        return vec![in_front(params, &format!("\"_meta\":{{{}}}", members.join(",")))];
    };
    let (mut edits, mut added) = (Vec::new(), Vec::new());
    for (name, text) in members {
        match meta.get(name) {
            Some(before) => edits.push(Edit::new(before.span(), format!("\"{text}\""))),
            None => added.push(format!("\"{name}\":\"{text}\"")),
        }
    }
    if !added.is_empty() {
        edits.push(in_front(meta, &added.join(",")));
    }
    edits
}

/// A new first member of an object.
fn in_front(object: Value<'_>, member: &str) -> Edit {
    let inside = object.span().start + 1;
    let comma = if object.members().next().is_some() { "," } else { "" };
    Edit::new(inside..inside, format!("{member}{comma}"))
}

fn text(message: &Message, name: &str) -> Option<String> {
    let text = message.params()?.get("_meta")?.get(name)?.as_str()?;
    Some(text.into_owned())
}

fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        // Capitals are not taken (section 3.2.2).
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut out = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = *pair else { return None };
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use interlock_json::Limits;

    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn context() -> TraceContext {
        TraceContext::parse(PARENT).unwrap()
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        assert_eq!(context().to_string(), PARENT);
        let not_recorded = TraceContext::parse(&PARENT.replace("-01", "-00")).unwrap();
        assert!(context().sampled && !not_recorded.sampled);
        // A later version may say more.
        for later in [PARENT.replacen("00", "01", 1), format!("{}-what", PARENT.replacen("00", "cc", 1))] {
            assert_eq!(TraceContext::parse(&later), Some(context()), "{later}");
        }
        for bad in [
            "",
            "00",
            &PARENT.to_uppercase(),
            &format!("{PARENT}-more"),
            &format!("{}x", PARENT.replacen("00", "01", 1)),
            &PARENT.replacen("00", "ff", 1),
            &PARENT.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
            &PARENT.replace("b7ad6b7169203331", &"0".repeat(16)),
            &PARENT.replace('-', "_"),
            &PARENT.replace("0af7", "0ag7"),
            &format!("0{PARENT}"),
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331é",
        ] {
            assert_eq!(TraceContext::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_message_carries_it_where_others_look_for_it() {
        let check = |params: &str, state: Option<&str>, expected: &str| {
            let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m"{params}}}"#);
            let message = Message::parse(text.into_bytes(), &Limits::default()).unwrap();
            let carried = message.with_edits(carry(&message, &context(), state));
            assert_eq!(carried, format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m"{expected}}}"#));
            let read = Message::parse(carried.into_bytes(), &Limits::default()).unwrap();
            let found = of_message(&read);
            assert!(found == Some(context()) || found.is_none() && expected == params, "{params}");
        };
        let own = format!(r#""traceparent":"{PARENT}""#);
        check(r#","params":{}"#, None, &format!(r#","params":{{"_meta":{{{own}}}}}"#));
        check(
            r#","params":{ "name":"a"}"#,
            Some("a=b"),
            &format!(r#","params":{{"_meta":{{{own},"tracestate":"a=b"}}, "name":"a"}}"#),
        );
        check(
            r#","params":{"_meta":{"progressToken":1e2}}"#,
            None,
            &format!(r#","params":{{"_meta":{{{own},"progressToken":1e2}}}}"#),
        );
        check(
            r#","params":{"_meta":{"traceparent":5,"tracestate":"c=d"}}"#,
            None,
            &format!(r#","params":{{"_meta":{{{own},"tracestate":"c=d"}}}}"#),
        );
        check(r#","params":{"_meta":{}}"#, Some("a\"b"), &format!(r#","params":{{"_meta":{{{own}}}}}"#));
        check("", None, "");
    }
}
