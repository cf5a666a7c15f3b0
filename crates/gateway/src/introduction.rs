//! How a server introduces itself: the answer to `initialize` and to `server/discover`. What is no part of that by the
//! specification is cut out, so that nothing which belongs into a list (a tool's definition) reaches a client past the
//! lists, where policies and pins are asked. What the specification leaves to servers (`experimental`, `extensions`,
//! `_meta`) stays as it is.

use interlock_json::{Kind, Value};
use interlock_wire::splice::Edit;

use crate::lists::cut_parts;

/// What the specification puts at a place, all versions together.
enum Part {
    /// A text, a number, a truth value.
    Plain,
    /// An object of these members.
    Object(&'static [(&'static str, Part)]),
    /// An array of these.
    Array(&'static Part),
    /// Whatever the server puts there.
    Open,
    /// An object of whatever the server puts there, and of these members.
    OpenWith(&'static [(&'static str, Part)]),
}

use Part::{Array, Object, Open, OpenWith, Plain};

const NOTHING: Part = Object(&[]);

const LIST: Part = Object(&[("listChanged", Plain)]);

const CAPABILITIES: Part = Object(&[
    ("experimental", Open),
    ("extensions", Open),
    ("logging", NOTHING),
    ("completions", NOTHING),
    ("prompts", LIST),
    ("resources", Object(&[("listChanged", Plain), ("subscribe", Plain)])),
    ("tools", LIST),
    ("tasks", Object(&[("list", NOTHING), ("cancel", NOTHING), ("requests", TASK_REQUESTS)])),
]);

const TASK_REQUESTS: Part = Object(&[("tools", Object(&[("call", NOTHING)]))]);

const SERVER_INFO: Part = Object(&[
    ("name", Plain),
    ("title", Plain),
    ("version", Plain),
    ("description", Plain),
    ("websiteUrl", Plain),
    ("icons", Array(&ICON)),
]);

const ICON: Part = Object(&[("src", Plain), ("mimeType", Plain), ("sizes", Array(&Plain)), ("theme", Plain)]);

const RESULT: Part = Object(&[
    ("protocolVersion", Plain),
    ("supportedVersions", Array(&Plain)),
    ("capabilities", CAPABILITIES),
    ("serverInfo", SERVER_INFO),
    ("instructions", Plain),
    ("resultType", Plain),
    ("ttlMs", Plain),
    ("cacheScope", Plain),
    ("_meta", OpenWith(&[("io.modelcontextprotocol/serverInfo", SERVER_INFO)])),
]);

/// The edits that leave of a server's introduction what the specification gives it.
pub(crate) fn as_specified(result: Value<'_>) -> Vec<Edit> {
    let mut edits = Vec::new();
    if !leave(&RESULT, result, &mut edits) {
        edits.push(Edit::new(result.span(), "{}"));
    }
    edits
}

/// Cuts out of a value what does not belong into the part. Whether it may be there at all: an object or array may not
/// where the specification has another kind of value; a plain value does no harm anywhere.
fn leave(part: &Part, value: Value<'_>, edits: &mut Vec<Edit>) -> bool {
    match (part, value.kind()) {
        (Open, _) => true,
        (Object(members) | OpenWith(members), Kind::Object) => {
            let is_open = matches!(part, OpenWith(_));
            let parts = value.members().map(|(key, value)| {
                let part = members.iter().find(|(name, _)| key.is(name));
                let stays = part.map_or(is_open, |(_, part)| leave(part, value, edits));
                (key.span().start..value.span().end, stays)
            });
            let cuts = cut_parts(value.span(), parts);
            edits.extend(cuts);
            true
        }
        (Array(element), Kind::Array) => {
            let parts = value.items().map(|item| (item.span(), leave(element, item, edits)));
            let cuts = cut_parts(value.span(), parts);
            edits.extend(cuts);
            true
        }
        (_, kind) => !matches!(kind, Kind::Object | Kind::Array),
    }
}

#[cfg(test)]
mod tests {
    use interlock_json::{Limits, scan};
    use interlock_wire::splice;

    use super::*;

    fn introduced(source: &str) -> String {
        let document = scan(source, &Limits::default()).unwrap();
        let text = splice::apply(source, &mut as_specified(document.root()));
        scan(text.as_str(), &Limits::default()).unwrap();
        text
    }

    #[test]
    fn what_the_specification_gives_it_stays_byte_for_byte() {
        for source in [
            r#"{ "protocolVersion" : "2025-11-25","capabilities":{"experimental":{"x":{"tools":[1.0]}},"logging":{},"completions":{},"prompts":{"listChanged":true},"resources":{"subscribe":true,"listChanged":false},"tools":{"listChanged":true},"tasks":{"list":{},"cancel":{},"requests":{"tools":{"call":{}}}}},"serverInfo":{"name":"s\u0061","title":"S","version":"1","description":"d","websiteUrl":"https://example.com","icons":[{"src":"data:,","mimeType":"image/png","sizes":["48x48"],"theme":"dark"}]},"instructions":"i","_meta":{"k":1e2}}"#,
            r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}},"ttlMs":5,"cacheScope":"public","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"2"}}}"#,
            "{}",
        ] {
            assert_eq!(introduced(source), source);
        }
    }

    #[test]
    fn definitions_are_no_part_of_it() {
        let tools = r#"[{"name":"a","description":"DEFINED"}]"#;
        for (source, expected) in [
            (r#"{"protocolVersion":"v","tools":$T}"#, r#"{"protocolVersion":"v"}"#),
            (r#"{"tools":$T,"protocolVersion":"v"}"#, r#"{"protocolVersion":"v"}"#),
            (r#"{"to\u006fls":$T}"#, "{}"),
            (
                r#"{"capabilities":{"tools":{"listChanged":true,"list":$T},"x":$T,"logging":{"tools":$T}}}"#,
                r#"{"capabilities":{"tools":{"listChanged":true},"logging":{}}}"#,
            ),
            (r#"{"capabilities":{"tools":$T,"prompts":{}}}"#, r#"{"capabilities":{"prompts":{}}}"#),
            (r#"{"capabilities":{"tools":{"listChanged":$T}}}"#, r#"{"capabilities":{"tools":{}}}"#),
            (r#"{"serverInfo":{"name":"s","tools":$T}}"#, r#"{"serverInfo":{"name":"s"}}"#),
            (r#"{"instructions":{"tools":$T}}"#, "{}"),
            (r#"{"supportedVersions":["a",$T,{"t":$T},"b"]}"#, r#"{"supportedVersions":["a","b"]}"#),
            (r#"{"serverInfo":{"icons":[{"src":"s","t":$T}]}}"#, r#"{"serverInfo":{"icons":[{"src":"s"}]}}"#),
            (
                r#"{"_meta":{"k":[1],"io.modelcontextprotocol/serverInfo":{"name":"s","tools":$T}}}"#,
                r#"{"_meta":{"k":[1],"io.modelcontextprotocol/serverInfo":{"name":"s"}}}"#,
            ),
            ("$T", "{}"),
        ] {
            assert_eq!(introduced(&source.replace("$T", tools)), expected);
        }
    }
}
