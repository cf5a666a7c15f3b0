//! Step 3, route: which capability of the server a judged request is for.

use std::borrow::Cow;

use interlock_json::Value;
use interlock_policy::Section;
use interlock_wire::method::Judged;

/// The capability that a request asks for: bytes as received, no trimming, no folding.
#[derive(Debug, Clone)]
pub(crate) struct Target<'m> {
    pub(crate) section: Section,
    pub(crate) name: Cow<'m, str>,
    pub(crate) arguments: Option<Value<'m>>,
}

/// Why a judged request has no target.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum RouteError {
    /// A member that names the capability is absent or of another type.
    #[error("`params.{member}` is missing or not a string")]
    Name {
        /// The member's name.
        member: &'static str,
    },
    /// `arguments` is there and is not an object.
    #[error("`params.arguments` is not an object")]
    Arguments,
    /// A completion's reference is of a kind the gateway does not know.
    #[error("`params.ref` is neither a `ref/prompt` nor a `ref/resource`")]
    Reference,
    /// The subscription filter is not what the specification says.
    #[error("`params.notifications.resourceSubscriptions` is not an array of strings")]
    Subscriptions,
    /// It names more resources than one request may.
    #[error("a subscription to more than {limit} resources")]
    TooMany {
        /// The limit.
        limit: usize,
    },
}

/// The targets of a judged request: none for a subscription to nothing in particular, several for one that
/// names several resources, one for everything else.
pub(crate) fn route<'m>(
    judged: Judged,
    params: Option<Value<'m>>,
    most: usize,
) -> Result<Vec<Target<'m>>, RouteError> {
    match judged {
        Judged::CallTool => Ok(vec![Target {
            section: Section::Tools,
            name: text(params, "name")?,
            arguments: arguments(params)?,
        }]),
        Judged::GetPrompt => Ok(vec![Target {
            section: Section::Prompts,
            name: text(params, "name")?,
            arguments: arguments(params)?,
        }]),
        Judged::ReadResource | Judged::Unsubscribe => Ok(vec![resource(text(params, "uri")?)]),
        Judged::Subscribe => subscribed(params, most),
        Judged::Complete => completed(params).map(|target| vec![target]),
        _ => Ok(Vec::new()),
    }
}

fn resource(uri: Cow<'_, str>) -> Target<'_> {
    Target { section: Section::Resources, name: uri, arguments: None }
}

/// `resources/subscribe` names one resource; `subscriptions/listen` (2026-07-28) any number of them.
fn subscribed(params: Option<Value<'_>>, most: usize) -> Result<Vec<Target<'_>>, RouteError> {
    let member = |name| params.and_then(|params| params.get(name));
    let mut targets = Vec::new();
    // A request may hold both members, and it is not for the gateway to guess which one the server reads.
    if member("uri").is_some() || member("notifications").is_none() {
        targets.push(resource(text(params, "uri")?));
    }
    let listed = member("notifications").and_then(|filter| filter.get("resourceSubscriptions"));
    if let Some(uris) = listed.filter(|uris| !uris.is_null()) {
        if uris.kind() != interlock_json::Kind::Array {
            return Err(RouteError::Subscriptions);
        }
        for uri in uris.items() {
            targets.push(uri.as_str().map(resource).ok_or(RouteError::Subscriptions)?);
            if targets.len() > most {
                return Err(RouteError::TooMany { limit: most });
            }
        }
    }
    Ok(targets)
}

/// A completion concerns the prompt or the resource template that it completes.
fn completed(params: Option<Value<'_>>) -> Result<Target<'_>, RouteError> {
    let reference = params.and_then(|params| params.get("ref")).ok_or(RouteError::Reference)?;
    match reference.get("type").and_then(Value::as_str).as_deref() {
        Some("ref/prompt") => {
            Ok(Target { section: Section::Prompts, name: text(Some(reference), "name")?, arguments: None })
        }
        Some("ref/resource") => Ok(resource(text(Some(reference), "uri")?)),
        _ => Err(RouteError::Reference),
    }
}

fn text<'m>(object: Option<Value<'m>>, member: &'static str) -> Result<Cow<'m, str>, RouteError> {
    object.and_then(|object| object.get(member)).and_then(Value::as_str).ok_or(RouteError::Name { member })
}

fn arguments(params: Option<Value<'_>>) -> Result<Option<Value<'_>>, RouteError> {
    match params.and_then(|params| params.get("arguments")) {
        None => Ok(None),
        Some(arguments) if arguments.kind() == interlock_json::Kind::Object => Ok(Some(arguments)),
        Some(_) => Err(RouteError::Arguments),
    }
}

#[cfg(test)]
mod tests {
    use interlock_json::{Limits, scan};

    use super::*;

    fn names(judged: Judged, params: &str) -> Result<Vec<String>, RouteError> {
        let document = scan(params, &Limits::default()).unwrap();
        let targets = route(judged, Some(document.root()), 3)?;
        Ok(targets.iter().map(|target| target.name.to_string()).collect())
    }

    #[test]
    fn nothing_that_a_subscription_names_goes_unjudged() {
        for (params, expected) in [
            (r#"{"uri":"a"}"#, Ok(vec!["a"])),
            (r#"{"uri":"a","notifications":{}}"#, Ok(vec!["a"])),
            (r#"{"uri":"a","notifications":{"resourceSubscriptions":["b","c"]}}"#, Ok(vec!["a", "b", "c"])),
            (r#"{"notifications":{"resourceSubscriptions":["b"]}}"#, Ok(vec!["b"])),
            (
                r#"{"uri":"a","notifications":{"resourceSubscriptions":["b","c","d"]}}"#,
                Err(RouteError::TooMany { limit: 3 }),
            ),
            (r#"{"notifications":{"toolsListChanged":true}}"#, Ok(vec![])),
            (r#"{"notifications":{"resourceSubscriptions":[1]}}"#, Err(RouteError::Subscriptions)),
            (r#"{"notifications":{"resourceSubscriptions":"b"}}"#, Err(RouteError::Subscriptions)),
            ("{}", Err(RouteError::Name { member: "uri" })),
            (r#"{"uri":1}"#, Err(RouteError::Name { member: "uri" })),
        ] {
            let expected = expected.map(|names| names.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(names(Judged::Subscribe, params), expected, "{params}");
        }
    }

    #[test]
    fn a_call_names_its_tool_and_nothing_else() {
        assert_eq!(names(Judged::CallTool, r#"{"name":" a ","arguments":{}}"#), Ok(vec![" a ".to_owned()]));
        assert_eq!(names(Judged::CallTool, r#"{"name":"a","arguments":[]}"#), Err(RouteError::Arguments));
        assert_eq!(
            names(Judged::Complete, r#"{"ref":{"type":"ref/tool","name":"a"}}"#),
            Err(RouteError::Reference)
        );
    }
}
