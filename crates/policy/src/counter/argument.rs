//! What a counter's key takes of the arguments.

use std::sync::Arc;

use interlock_json::{Kind, Value, canonical};
use sha2::{Digest, Sha256};

use super::ScopePart;
use crate::condition::kind_words;
use crate::decision::Call;
use crate::describe;
use crate::path::{self, Step};

/// The longest value that stands in a key as it is. What callers send must not fill the ledger.
const MOST_SHOWN: usize = 64;

/// An argument whose values are counted apart.
#[derive(Debug, Clone)]
pub(crate) struct ScopeArgument {
    /// As a condition names it.
    path: Arc<str>,
    steps: Vec<Step>,
}

impl ScopeArgument {
    pub(crate) fn new(path: &str, steps: Vec<Step>) -> ScopeArgument {
        ScopeArgument { path: path.into(), steps }
    }

    /// The part of the key for a call, or why there is none: calls that leave the value out, or make it something
    /// that has no one name, would share a counter or have none.
    pub(crate) fn part(&self, call: &Call<'_>) -> Result<ScopePart, String> {
        let value = call.arguments.and_then(|arguments| path::find(arguments, &self.steps));
        let refused =
            |why: String| Err(format!("argument {} {why}: its limit is kept for each value", self.name()));
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return refused("is missing".to_owned());
        };
        match named(value) {
            Ok(value) => Ok(ScopePart::Argument { path: Arc::clone(&self.path), value: value.into() }),
            Err(why) => refused(why),
        }
    }

    /// Where the value is.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The argument in words.
    pub(crate) fn name(&self) -> String {
        describe::quoted(&path::argument_name(&self.steps))
    }
}

/// The same for equal values and for no others: by type, numbers by what they are and not how they are written.
fn named(value: Value<'_>) -> Result<String, String> {
    let name = match (value.kind(), value.decimal()) {
        (Kind::String | Kind::Bool, _) => canonical::to_string(value),
        (_, Some(Ok(number))) => number.to_string(),
        (_, Some(Err(_))) => return Err("is out of the range of numbers that can be compared".to_owned()),
        (kind, None) => {
            return Err(format!("must be text, a number, true or false, not {}", kind_words(kind)));
        }
    };
    Ok(if name.len() > MOST_SHOWN { format!("#{}", hex::encode(Sha256::digest(name))) } else { name })
}

/// Everything that makes a call another one than the next, besides who makes it to which server. No arguments are
/// the same as none in an empty list.
pub(super) fn call_digest(call: &Call<'_>) -> String {
    let arguments = call.arguments.map_or_else(|| "{}".to_owned(), canonical::to_string);
    let mut hash = Sha256::new();
    // Each part with its length, so that no two lists of parts are one text.
    for part in [call.section.key(), call.name, &arguments] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use interlock_json::{Limits, scan};

    use super::*;
    use crate::document::Section;

    fn value_of(arguments: &str) -> Result<String, String> {
        let document = scan(arguments, &Limits::default()).unwrap();
        let call = Call { section: Section::Tools, server: "s", name: "t", arguments: Some(document.root()) };
        let argument = ScopeArgument::new("args.a", vec![Step::Key("a".to_owned())]);
        argument.part(&call).map(|part| match part {
            ScopePart::Argument { value, .. } => value.to_string(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn values_have_names_of_their_own() {
        for (arguments, expected) in [
            (r#"{"a":"x"}"#, r#""x""#),
            (r#"{"a":"\u0078"}"#, r#""x""#),
            (r#"{"a":"1"}"#, r#""1""#),
            (r#"{"a":1}"#, "1"),
            (r#"{"a":1.0}"#, "1"),
            (r#"{"a":1e0}"#, "1"),
            (r#"{"a":10e-1}"#, "1"),
            (r#"{"a":-0}"#, "0"),
            (r#"{"a":9007199254740993}"#, "9007199254740993"),
            (r#"{"a":true}"#, "true"),
            (r#"{"a":"true"}"#, r#""true""#),
            (r#"{"a":""}"#, r#""""#),
            (r##"{"a":"#x"}"##, r##""#x""##),
        ] {
            assert_eq!(value_of(arguments), Ok(expected.to_owned()), "{arguments}");
        }
    }

    #[test]
    fn long_values_are_digests() {
        let long = |last: &str| value_of(&format!(r#"{{"a":"{}{last}"}}"#, "x".repeat(1_000))).unwrap();
        assert_eq!(long("a").len(), 65);
        assert!(long("a").starts_with('#'));
        assert_ne!(long("a"), long("b"));
        assert_eq!(long("a"), long("a"));
        let short = "x".repeat(MOST_SHOWN - 2);
        assert_eq!(value_of(&format!(r#"{{"a":"{short}"}}"#)), Ok(format!("\"{short}\"")));
        assert!(value_of(&format!(r#"{{"a":"{short}x"}}"#)).unwrap().starts_with('#'));
    }

    #[test]
    fn what_has_no_one_name_is_refused() {
        for (arguments, expected) in [
            ("{}", "is missing"),
            (r#"{"A":1}"#, "is missing"),
            (r#"{"a":null}"#, "is missing"),
            (r#"{"a":[1]}"#, "must be text, a number, true or false, not an array"),
            (r#"{"a":{"b":1}}"#, "must be text, a number, true or false, not an object"),
            (r#"{"a":1e400000}"#, "is out of the range of numbers that can be compared"),
        ] {
            let reason = format!("argument \"a\" {expected}: its limit is kept for each value");
            assert_eq!(value_of(arguments), Err(reason), "{arguments}");
        }
    }

    #[test]
    fn only_identical_calls_have_one_digest() {
        let digest = |section, name, arguments: Option<&str>| {
            let document = arguments.map(|arguments| scan(arguments, &Limits::default()).unwrap());
            let arguments = document.as_ref().map(|document| document.root());
            call_digest(&Call { section, server: "s", name, arguments })
        };
        let own = digest(Section::Tools, "t", Some(r#"{"a":1,"b":"x"}"#));
        assert_eq!(own, digest(Section::Tools, "t", Some(r#"{ "b":"\u0078", "a":1.0 }"#)));
        for (section, name, arguments) in [
            (Section::Prompts, "t", Some(r#"{"a":1,"b":"x"}"#)),
            (Section::Tools, "u", Some(r#"{"a":1,"b":"x"}"#)),
            (Section::Tools, "t", Some(r#"{"a":"1","b":"x"}"#)),
            (Section::Tools, "t", Some(r#"{"a":2,"b":"x"}"#)),
            (Section::Tools, "t", Some(r#"{"a":1}"#)),
            (Section::Tools, "t", None),
        ] {
            assert_ne!(own, digest(section, name, arguments), "{section:?} {name} {arguments:?}");
        }
        assert_eq!(digest(Section::Tools, "t", None), digest(Section::Tools, "t", Some("{}")));
    }
}
