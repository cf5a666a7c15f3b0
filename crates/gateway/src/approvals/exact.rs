//! What tells one exact call from every other that may look like it.

use std::sync::Arc;

use interlock_json::{Value, canonical};
use interlock_policy::Section;

use super::Settings;
use crate::access::Reached;
use crate::definitions::Described;
use crate::parts::Parts;
use crate::record::About;
use crate::route::Target;
use crate::snapshot::Snapshot;

/// Members of `params` that only go with a later leg of a call, and answer what its server asked.
const OF_A_LEG: [&str; 2] = ["requestState", "inputResponses"];
/// Members of `_meta` that are of the exchange: the protocol's own, and those of traces.
const META_OF_THE_EXCHANGE: [&str; 4] = ["progressToken", "traceparent", "tracestate", "baggage"];
/// What begins the protocol's own names in `_meta`.
const PROTOCOL: &str = "io.modelcontextprotocol/";

/// One call, by everything that an approval of it is bound to.
#[derive(Debug, Clone)]
pub(crate) struct Exact {
    /// SHA-256 over all of it.
    pub(crate) digest: [u8; 32],
    /// What its server says of the tool.
    pub(crate) definition: Option<Arc<Described>>,
    /// What the call carries beside its name and arguments, as a JSON object; `None` for nothing.
    pub(crate) besides: Option<String>,
}

impl Exact {
    /// The call of `about`, at the server that is reached there, with these `params`, judged by `snapshot`, which people are
    /// asked about so. The order of keys makes no difference; the text
    /// of a number does. What answers its server `is_leg` of a call that passed before, and nothing of a first one.
    pub(crate) fn of(
        (about, reached): (&About, Reached),
        settings: &Settings,
        target: &Target<'_>,
        params: Option<Value<'_>>,
        snapshot: &Snapshot,
        definition: Option<Arc<Described>>,
        is_leg: bool,
    ) -> Self {
        let mut whole = Parts::of("approval");
        let mut part = |text: &[u8]| whole.add(text);
        for text in
            [&*about.identity.grant, &about.server, target.section.noun(), &target.name, &about.method]
        {
            part(text.as_bytes());
        }
        part(&snapshot.judged_by());
        part(&reached.0);
        // A question that others may decide about now is another question.
        part(&settings.needed.to_le_bytes());
        part(&[u8::from(settings.has_enough), u8::from(settings.at_client)]);
        settings.approvers.iter().for_each(|person| part(person.as_bytes()));
        part(definition.as_ref().map_or(&[][..], |definition| definition.fingerprint.bytes()));
        let wanted = wanted(params, is_leg);
        part(joined(wanted.iter()).as_bytes());
        let shown: &[&str] = match target.section {
            Section::Tools | Section::Prompts => &["name", "arguments"],
            Section::Resources => &["uri"],
        };
        let besides = wanted.iter().filter(|(name, _)| !shown.contains(&name.as_str()));
        let besides = Some(joined(besides)).filter(|besides| besides != "{}");
        Self { digest: whole.digest(), definition, besides }
    }
}

/// What of `params` belongs to the call, in one form and order.
fn wanted(params: Option<Value<'_>>, is_leg: bool) -> Vec<(String, String)> {
    let mut members = Vec::new();
    for (key, value) in params.into_iter().flat_map(Value::members) {
        let name = key.text();
        if name == "_meta" {
            members.extend(meta(value).map(|meta| (name.into_owned(), meta)));
        } else if !(is_leg && OF_A_LEG.contains(&name.as_ref())) {
            members.push((name.into_owned(), canonical::as_written(value)));
        }
    }
    members.sort_unstable();
    members
}

/// An object of these members.
fn joined<'m>(members: impl Iterator<Item = &'m (String, String)>) -> String {
    let mut out = String::from("{");
    for (name, value) in members {
        if out.len() > 1 {
            out.push(',');
        }
        canonical::write_str(name, &mut out);
        out.push(':');
        out.push_str(value);
    }
    out.push('}');
    out
}

/// What of `_meta` a server may act on, where there is any: everything that the protocol does not know.
fn meta(meta: Value<'_>) -> Option<String> {
    let is_foreign = |name: &str| !META_OF_THE_EXCHANGE.contains(&name) && !name.starts_with(PROTOCOL);
    let members = meta.members().map(|(key, value)| (key.text(), value));
    let foreign = members.filter(|(name, _)| is_foreign(name));
    let mut foreign: Vec<(String, String)> =
        foreign.map(|(name, value)| (name.into_owned(), canonical::as_written(value))).collect();
    foreign.sort_unstable();
    (!foreign.is_empty()).then(|| joined(foreign.iter()))
}

#[cfg(test)]
mod tests {
    use interlock_json::{Limits, scan};

    fn wanted(params: &str) -> Vec<(String, String)> {
        let document = scan(params, &Limits::default()).unwrap();
        super::wanted(Some(document.root()), false)
    }

    #[test]
    fn a_retry_is_the_same_call_and_nothing_else_is() {
        let call = r#"{"name":"pay","arguments":{"amount":500,"to":"a"},"_meta":{"progressToken":1}}"#;
        for same in [
            r#"{"arguments":{"to":"a","amount":500},"name":"pay"}"#,
            r#"{"name":"pay","arguments":{"amount":500,"to":"\u0061"},"_meta":{"progressToken":"x","traceparent":"00"}}"#,
        ] {
            assert_eq!(wanted(same), wanted(call), "{same}");
        }
        for other in [
            r#"{"name":"pay","arguments":{"amount":500.0,"to":"a"}}"#,
            r#"{"name":"pay","arguments":{"amount":5e2,"to":"a"}}"#,
            r#"{"name":"pay","arguments":{"amount":"500","to":"a"}}"#,
            r#"{"name":"pay","arguments":{"amount":500,"to":"\u0430"}}"#,
            r#"{"name":"pay","arguments":{"amount":500,"to":"a","urgent":true}}"#,
            r#"{"name":"pay","arguments":{"amount":500,"to":"a"},"task":{}}"#,
            r#"{"name":"pay","arguments":{"amount":500,"to":"a"},"_meta":{"account":"b"}}"#,
            r#"{"name":"pay","arguments":{"amount":500,"to":"a"},"inputResponses":{}}"#,
            r#"{"name":"pay","arguments":{"amount":500,"to":"a"},"requestState":"s"}"#,
            r#"{"name":"pay"}"#,
        ] {
            assert_ne!(wanted(other), wanted(call), "{other}");
        }
        let leg = scan(
            r#"{"name":"pay","arguments":{"amount":500,"to":"a"},"requestState":"s","inputResponses":{}}"#,
            &Limits::default(),
        )
        .unwrap();
        assert_eq!(super::wanted(Some(leg.root()), true), wanted(call), "the legs of a call are one call");
        let one = r#"{"name":"x","_meta":{"account":1}}"#;
        assert_eq!(wanted(one), wanted(r#"{"_meta":{"account":1},"name":"x"}"#));
        assert_eq!(super::joined(wanted(one).iter()), r#"{"_meta":{"account":1},"name":"x"}"#);
    }
}
