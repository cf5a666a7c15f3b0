//! One list of what several servers have: the entries as each wrote them, under names that say whose they are.

use std::sync::Arc;

use interlock_json::{Kind, Value, canonical};
use interlock_wire::{Message, Outcome, Shape};

use super::names;

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) method: &'static str,
    /// The member of the result that holds the entries.
    member: &'static str,
    /// The member of an entry that names it.
    name: &'static str,
    /// The capability of a server that has such a list: the names that lead to it.
    pub(crate) capability: &'static [&'static str],
}

const LISTS: [List; 5] = [
    List { method: "tools/list", member: "tools", name: "name", capability: &["tools"] },
    List { method: "prompts/list", member: "prompts", name: "name", capability: &["prompts"] },
    List { method: "resources/list", member: "resources", name: "uri", capability: &["resources"] },
    List { method: "tasks/list", member: "tasks", name: "taskId", capability: &["tasks", "list"] },
    List {
        method: "resources/templates/list",
        member: "resourceTemplates",
        name: "uriTemplate",
        capability: &["resources"],
    },
];

/// What one server answered: every page, or why there is none.
pub(crate) type Listed = (Arc<str>, Result<Vec<Message>, String>);

impl List {
    pub(crate) fn of(method: &str) -> Option<Self> {
        LISTS.into_iter().find(|list| list.method == method)
    }

    /// The result that holds what all of them have, in the order of the servers' names and then of each server's own.
    /// Entries that could be taken for another server's are left out.
    pub(crate) fn together(self, listed: &[Listed], is_modern: bool) -> String {
        let mut out = String::from("{");
        if is_modern {
            out.push_str(r#""resultType":"complete","#);
        }
        canonical::write_str(self.member, &mut out);
        out.push_str(":[");
        let mut hidden = Vec::new();
        let mut first = true;
        for (server, pages) in listed {
            let others = listed.iter().map(|(other, _)| &**other).filter(|other| *other != &**server);
            for entry in pages.iter().flatten().flat_map(|page| self.entries(page)) {
                let Some((name, value)) = self.name_of(entry) else { continue };
                if self.name == "name" && names::imitates(&name, &others) {
                    hidden.push((&**server, format!("`{name}` could be taken for another server's")));
                    continue;
                }
                if !first {
                    out.push(',');
                }
                first = false;
                self.write(entry, value, &name, server, &mut out);
            }
        }
        out.push(']');
        if is_modern {
            // A list that lacks a server is not to be kept, and one that policy has filtered is one caller's.
            let ttl = if listed.iter().all(|(_, pages)| pages.is_ok()) { least_ttl(listed) } else { 0 };
            out.push_str(&format!(r#","ttlMs":{ttl},"cacheScope":"private""#));
        }
        let down =
            listed.iter().filter_map(|(server, pages)| Some((&**server, pages.as_ref().err()?.clone())));
        write_meta(&mut out, None, &down.collect::<Vec<_>>(), &hidden);
        out.push('}');
        out
    }

    fn entries(self, page: &Message) -> impl Iterator<Item = Value<'_>> {
        let entries = result(page).and_then(|result| result.get(self.member));
        entries.filter(|entries| entries.kind() == Kind::Array).into_iter().flat_map(Value::items)
    }

    fn name_of(self, entry: Value<'_>) -> Option<(String, Value<'_>)> {
        let value = entry.get(self.name)?;
        Some((value.as_str()?.into_owned(), value))
    }

    /// The entry as its server wrote it, under its joint name.
    fn write(self, entry: Value<'_>, value: Value<'_>, name: &str, server: &str, out: &mut String) {
        let is_address = matches!(self.name, "uri" | "uriTemplate");
        let prefix = if is_address { names::address_prefix(server) } else { names::prefix(server) };
        let (raw, at) = (entry.raw(), entry.span().start);
        let begin = value.span().start.saturating_sub(at);
        let end = value.span().end.saturating_sub(at);
        out.push_str(raw.get(..begin).unwrap_or_default());
        canonical::write_str(&format!("{prefix}{name}"), out);
        out.push_str(raw.get(end..).unwrap_or_default());
    }
}

/// The result of an answer.
pub(crate) fn result(answer: &Message) -> Option<Value<'_>> {
    match answer.shape() {
        Shape::Response(response) => match response.outcome {
            Outcome::Result(result) => Some(result),
            Outcome::Error(_) => None,
        },
        _ => None,
    }
}

/// How long all of it may be kept.
fn least_ttl(listed: &[Listed]) -> u64 {
    let pages = listed.iter().flat_map(|(_, pages)| pages.iter().flatten());
    let ttl = |page: &Message| result(page)?.get("ttlMs")?.as_number()?.parse::<u64>().ok();
    pages.map(|page| ttl(page).unwrap_or(0)).min().unwrap_or(0)
}

/// Says who is missing, and why; nothing where nobody is. `own` is a member that is there in any case.
pub(crate) fn write_meta(
    out: &mut String,
    own: Option<&str>,
    down: &[(&str, String)],
    hidden: &[(&str, String)],
) {
    let groups = [("interlock/unavailable", down), ("interlock/hidden", hidden)];
    let mut wrote = own.is_some();
    if let Some(own) = own {
        out.push_str(",\"_meta\":{");
        out.push_str(own);
    }
    for (key, servers) in groups {
        if servers.is_empty() {
            continue;
        }
        out.push_str(if wrote { "," } else { ",\"_meta\":{" });
        wrote = true;
        canonical::write_str(key, out);
        out.push_str(":[");
        for (i, (server, reason)) in servers.iter().enumerate() {
            out.push_str(if i == 0 { "{\"server\":" } else { ",{\"server\":" });
            canonical::write_str(server, out);
            out.push_str(",\"reason\":");
            canonical::write_str(reason, out);
            out.push('}');
        }
        out.push(']');
    }
    if wrote {
        out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(result: &str) -> Message {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#);
        Message::parse(text.into_bytes(), &interlock_json::Limits::default()).unwrap()
    }

    fn listed(server: &str, pages: &[&str]) -> Listed {
        (Arc::from(server), Ok(pages.iter().map(|result| page(result)).collect()))
    }

    #[test]
    fn entries_stay_as_they_were_but_for_their_names() {
        let tools = List::of("tools/list").unwrap();
        let all = [
            listed(
                "a",
                &[
                    r#"{"tools":[{ "title":"x","name":"t" , "n":1e2}],"nextCursor":"q"}"#,
                    r#"{"tools":[{"name":"u"}]}"#,
                ],
            ),
            listed("b", &[r#"{"tools":[{"name":"t"},{"name":7}]}"#]),
        ];
        assert_eq!(
            tools.together(&all, false),
            r#"{"tools":[{ "title":"x","name":"a__t" , "n":1e2},{"name":"a__u"},{"name":"b__t"}]}"#
        );
        let resources = List::of("resources/list").unwrap();
        assert_eq!(
            resources
                .together(&[listed("a", &[r#"{"resources":[{"uri":"file:///x","name":"a__x"}]}"#])], false),
            r#"{"resources":[{"uri":"interlock://a/file:///x","name":"a__x"}]}"#
        );
    }

    #[test]
    fn who_is_missing_is_named_and_what_imitates_is_left_out() {
        let tools = List::of("tools/list").unwrap();
        let all = [
            listed("a", &[r#"{"tools":[{"name":"B__t"},{"name":"t"}]}"#]),
            (Arc::from("b"), Err("it is \"down\"".to_owned())),
        ];
        assert_eq!(
            tools.together(&all, false),
            r#"{"tools":[{"name":"a__t"}],"_meta":{"interlock/unavailable":[{"server":"b","reason":"it is \"down\""}],"interlock/hidden":[{"server":"a","reason":"`B__t` could be taken for another server's"}]}}"#
        );
    }

    #[test]
    fn a_modern_list_is_kept_no_longer_than_its_shortest_part() {
        let tools = List::of("tools/list").unwrap();
        let a = || listed("a", &[r#"{"tools":[],"ttlMs":500,"cacheScope":"public"}"#]);
        let b = listed("b", &[r#"{"tools":[],"ttlMs":90}"#]);
        let down = (Arc::from("c"), Err("down".to_owned()));
        assert!(tools.together(&[a(), b], true).ends_with(r#","ttlMs":90,"cacheScope":"private"}"#));
        assert!(tools.together(&[a(), down], true).contains(r#""ttlMs":0,"#));
    }
}
