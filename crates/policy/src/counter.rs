//! The name under which calls are counted.

mod argument;
mod read;

use std::cell::OnceCell;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use interlock_json::Decimal;

use crate::decision::Call;
use crate::document::Section;
use crate::fact::Facts;
use crate::window::{Align, Window};

pub(crate) use argument::ScopeArgument;

/// Identity of a counter: server, section, matcher, counter name, window, align, scope. The policy's text and the
/// limit's `max` are no part of it, so that an edited limit applies to what has been counted already.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CounterKey {
    /// The server; `None` for a counter that all servers share.
    pub server: Option<Arc<str>>,
    /// The name under which servers share it.
    pub shared: Option<Arc<str>>,
    /// Tools, resources or prompts.
    pub section: Section,
    /// The entry's matcher as written: one counter for all the names it matches.
    pub matcher: Arc<str>,
    /// The counter's name in the entry.
    pub counter: Arc<str>,
    /// How long it counts.
    pub window: Window,
    /// Where its window begins.
    pub align: Align,
    /// Who shares it; empty for everybody.
    pub scope: Vec<ScopePart>,
    /// Counted by a shadow limit, apart from the enforced ones.
    pub shadow: bool,
}

/// One part of a counter's scope key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScopePart {
    /// The grant's name.
    Grant(Arc<str>),
    /// The session's id.
    Session(Arc<str>),
    /// The tool's name.
    Tool(Arc<str>),
    /// The value of an argument.
    Argument {
        /// The path, as a condition names it.
        path: Arc<str>,
        /// The value: JSON in its canonical form, or `#` and a digest of one that is long.
        value: Arc<str>,
    },
    /// One call by all that makes it another: what is called and its arguments, as a digest.
    Call(Arc<str>),
}

/// Values of counters, as the ledger holds them at one moment.
pub trait CounterValues {
    /// The value, zero for a counter that has counted nothing; `None` where it could not be read.
    fn value(&self, counter: &CounterKey) -> Option<Decimal>;
}

impl CounterKey {
    /// `server=s/tools/matcher/counter/minute/sliding/grant=g`: stable, and different for different counters, because
    /// the separators are escaped inside the parts.
    ///
    /// Every call names its counters, so this does without the formatting machinery.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(128);
        match (&self.server, &self.shared) {
            (_, Some(name)) => push("shared=", name, &mut text),
            (Some(server), None) => push("server=", server, &mut text),
            (None, None) => text.push_str("shared"),
        }
        push("/", self.section.key(), &mut text);
        push("/", &self.matcher, &mut text);
        push("/", &self.counter, &mut text);
        // Writing to a string does not fail.
        let _written = write!(text, "/{}", self.window);
        match self.align {
            Align::Sliding => text.push_str("/sliding"),
            Align::Calendar => text.push_str("/calendar"),
            Align::CalendarIn(zone) => push("/calendar@", zone.name(), &mut text),
        }
        for part in &self.scope {
            match part {
                ScopePart::Grant(name) => push("/grant=", name, &mut text),
                ScopePart::Session(id) => push("/session=", id, &mut text),
                ScopePart::Tool(name) => push("/tool=", name, &mut text),
                ScopePart::Argument { path, value } => {
                    push("/arg=", path, &mut text);
                    push("=", value, &mut text);
                }
                ScopePart::Call(digest) => push("/call=", digest, &mut text),
            }
        }
        if self.shadow {
            text.push_str("/shadow");
        }
        text
    }

    /// Whether it counts identical calls, of which one is let through.
    pub fn is_of_one_call(&self) -> bool {
        self.scope.iter().any(|part| matches!(part, ScopePart::Call(_)))
    }
}

impl fmt::Display for CounterKey {
    /// [`CounterKey::text`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// Appends `before` as it is, and `part` with `/`, `=`, `%` and control characters percent-encoded.
fn push(before: &str, part: &str, text: &mut String) {
    text.push_str(before);
    // 0xc2 begins the control characters U+0080 to U+009F, and others that the second look lets be.
    let suspect = |byte: u8| matches!(byte, 0..0x20 | b'/' | b'=' | b'%' | 0x7f | 0xc2);
    if part.bytes().any(suspect) {
        push_escaped(part, text);
    } else {
        text.push_str(part);
    }
}

fn push_escaped(part: &str, text: &mut String) {
    for character in part.chars() {
        if !matches!(character, '/' | '=' | '%') && !character.is_control() {
            text.push(character);
            continue;
        }
        for byte in character.encode_utf8(&mut [0; 4]).bytes() {
            // Writing to a string does not fail.
            let _written = write!(text, "%{byte:02X}");
        }
    }
}

/// A counter as a policy names it; the call supplies who counts.
#[derive(Debug, Clone)]
pub(crate) struct CounterTemplate {
    pub(crate) section: Section,
    pub(crate) matcher: Arc<str>,
    pub(crate) counter: Arc<str>,
    pub(crate) window: Window,
    pub(crate) align: Align,
    pub(crate) parts: KeyParts,
    pub(crate) shared: Option<Arc<str>>,
    pub(crate) shadow: bool,
    /// The tool whose counter is read, where it is not the called one.
    pub(crate) tool: Option<Arc<str>>,
}

/// What a counter's key takes of the call.
#[derive(Debug, Clone)]
pub(crate) struct KeyParts {
    pub(crate) grant: bool,
    pub(crate) session: bool,
    pub(crate) tool: bool,
    pub(crate) arguments: Vec<ScopeArgument>,
    pub(crate) call: bool,
}

impl CounterTemplate {
    /// The counter for a call, or why the call has none.
    pub(crate) fn key(&self, caller: &Caller<'_>) -> Result<CounterKey, String> {
        let parts = &self.parts;
        let mut scope = Vec::with_capacity(3);
        if parts.grant {
            scope.push(ScopePart::Grant(caller.grant()));
        }
        if parts.session {
            scope.push(ScopePart::Session(caller.session()));
        }
        if parts.tool {
            scope.push(ScopePart::Tool(self.tool.clone().unwrap_or_else(|| caller.tool())));
        }
        for argument in &parts.arguments {
            scope.push(argument.part(caller.call)?);
        }
        if parts.call {
            scope.push(ScopePart::Call(caller.digest()));
        }
        Ok(CounterKey {
            server: self.shared.is_none().then(|| caller.server()),
            shared: self.shared.clone(),
            section: self.section,
            matcher: Arc::clone(&self.matcher),
            counter: Arc::clone(&self.counter),
            window: self.window,
            align: self.align,
            scope,
            shadow: self.shadow,
        })
    }
}

/// The names in a call's counter keys, copied once for all its counters.
pub(crate) struct Caller<'a> {
    call: &'a Call<'a>,
    facts: &'a Facts<'a>,
    server: OnceCell<Arc<str>>,
    grant: OnceCell<Arc<str>>,
    session: OnceCell<Arc<str>>,
    tool: OnceCell<Arc<str>>,
    digest: OnceCell<Arc<str>>,
}

impl<'a> Caller<'a> {
    pub(crate) fn new(call: &'a Call<'a>, facts: &'a Facts<'a>) -> Caller<'a> {
        let [server, grant, session, tool, digest] = [const { OnceCell::new() }; 5];
        Caller { call, facts, server, grant, session, tool, digest }
    }

    fn server(&self) -> Arc<str> {
        Arc::clone(self.server.get_or_init(|| self.call.server.into()))
    }

    fn grant(&self) -> Arc<str> {
        Arc::clone(self.grant.get_or_init(|| self.facts.grant.into()))
    }

    fn session(&self) -> Arc<str> {
        Arc::clone(self.session.get_or_init(|| self.facts.session.into()))
    }

    fn tool(&self) -> Arc<str> {
        Arc::clone(self.tool.get_or_init(|| self.call.name.into()))
    }

    fn digest(&self) -> Arc<str> {
        Arc::clone(self.digest.get_or_init(|| argument::call_digest(self.call).into()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn part() -> impl Strategy<Value = Arc<str>> {
        prop_oneof![
            proptest::sample::select(vec![
                "a", "a/b", "a%2Fb", "grant=a", "shared", "", "*", "/", "%", "=", "shadow"
            ])
            .prop_map(Arc::from),
            "[a/=%]{0,4}".prop_map(Arc::from),
        ]
    }

    fn key() -> impl Strategy<Value = CounterKey> {
        let scope = prop_oneof![
            Just(Vec::new()),
            part().prop_map(|grant| vec![ScopePart::Grant(grant)]),
            (part(), part()).prop_map(|(grant, tool)| vec![ScopePart::Grant(grant), ScopePart::Tool(tool)]),
            (part(), part()).prop_map(|(grant, id)| vec![ScopePart::Grant(grant), ScopePart::Session(id)]),
            (part(), part()).prop_map(|(path, value)| vec![ScopePart::Argument { path, value }]),
            part().prop_map(|digest| vec![ScopePart::Call(digest)]),
        ];
        let align = proptest::sample::select(vec![
            Align::Sliding,
            Align::Calendar,
            Align::CalendarIn(crate::Zone::named("Europe/Berlin").unwrap()),
            Align::CalendarIn(crate::Zone::named("Etc/GMT+1").unwrap()),
        ]);
        let place = (any::<bool>(), part(), proptest::sample::select(Section::ALL.to_vec()));
        (place, part(), part(), align, scope, any::<bool>()).prop_map(
            |((shared, name, section), matcher, counter, align, scope, shadow)| CounterKey {
                server: (!shared).then(|| Arc::clone(&name)),
                shared: shared.then_some(name),
                section,
                matcher,
                counter,
                window: Window::Day,
                align,
                scope,
                shadow,
            },
        )
    }

    #[test]
    fn names_of_counters_are_stable() {
        for text in [
            "server=s/tools/t/_rate_minute_0/minute/sliding/grant=g",
            "server=s/tools/t/c/day/calendar/grant=g/session=n/tool=t/shadow",
            "shared=all/prompts/p_*/c/90s/calendar",
            "server=s/tools/t/c/day/calendar@Europe%2FBerlin/grant=g",
            "server=s/tools/t/c/day/sliding/grant=g/arg=args.a=\"x%3D%2Fy\"/arg=args.b=1",
            "server=s/tools/t/_once_600s_0/600s/sliding/grant=g/call=00ff",
        ] {
            assert_eq!(CounterKey::read(text).unwrap().text(), text);
        }
        for text in [
            "server=s/tools/t/c/day/calendar@Mars/grant=g",
            "server=s/tools/t/c/day/sliding@UTC/grant=g",
            "server=s/tools/t/c/day/sliding/arg=args.a",
        ] {
            assert_eq!(CounterKey::read(text), None, "{text}");
        }
    }

    #[test]
    fn separators_and_their_escapes_stay_apart() {
        let check = |part: &str, expected: &str| {
            let mut text = String::new();
            push("<", part, &mut text);
            assert_eq!(text, format!("<{expected}"));
        };
        check("", "");
        check("a/b", "a%2Fb");
        check("a%2Fb", "a%252Fb");
        check("a%252Fb", "a%25252Fb");
        check("a=b", "a%3Db");
        check("a%3Db", "a%253Db");
        check("a\nb", "a%0Ab");
        check("a%0Ab", "a%250Ab");
        check("\u{7f}", "%7F");
        check("ü\u{85}", "ü%C2%85");
        check("\u{a0}§", "\u{a0}§");
    }

    /// The key with one part replaced: keys that differ much hardly ever look alike.
    fn with_part(key: &CounterKey, which: u8, part: Arc<str>) -> CounterKey {
        let mut other = key.clone();
        match which {
            0 => other.matcher = part,
            1 => other.counter = part,
            2 if other.shared.is_some() => other.shared = Some(part),
            2 => other.server = Some(part),
            3 => other.scope = vec![ScopePart::Grant(part)],
            4 => other.scope = vec![ScopePart::Argument { path: part, value: "1".into() }],
            5 => other.scope = vec![ScopePart::Argument { path: "a".into(), value: part }],
            _ => other.shadow = !other.shadow,
        }
        other
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        #[test]
        fn different_counters_have_different_names(one in key(), far in key(), which in 0..7_u8, part in part()) {
            for other in [with_part(&one, which, part), far] {
                let read = CounterKey::read(&other.text());
                prop_assert_eq!(read.as_ref(), Some(&other));
                prop_assert_eq!(one == other, one.to_string() == other.to_string(), "{} {}", one, other);
            }
        }
    }
}
