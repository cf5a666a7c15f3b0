//! What of a call's arguments is recorded. Whatever is left out here is never hashed into the chain nor
//! written.

mod path;

use interlock_json::{Kind, Value, canonical};

use crate::encode;
use crate::key::DigestKey;
use path::Step;
pub use path::{RedactPath, RedactPathError};

/// The longest list of keys that is recorded; the rest is counted.
const MAX_KEYS: usize = 256;
const REDACTED: &str = "\"[redacted]\"";

/// How arguments are recorded. Their keyed digest always is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ArgumentPolicy {
    /// Only the digest.
    None,
    /// The names of the top level's members.
    #[default]
    Keys,
    /// Everything but the values at these paths and under names that say secret (`password`, `api_key`,
    /// `token`, …).
    Redacted(Vec<RedactPath>),
    /// Everything but the values under names that say secret.
    Full,
}

/// Arguments as they will stand in a record: `{"digest":"<hex>"}` and `keys`, `redacted` or `full` beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    json: String,
    digest: String,
}

impl Arguments {
    /// The record's member, canonical JSON.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.json
    }

    /// HMAC-SHA-256 of the whole canonical arguments, 64 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

impl ArgumentPolicy {
    /// Prepares the arguments of one call.
    #[must_use]
    pub fn record(&self, key: &DigestKey, arguments: Value<'_>) -> Arguments {
        self.record_canonical(key, arguments, &canonical::to_string(arguments))
    }

    /// The same where the canonical form has been made already.
    #[must_use]
    pub fn record_canonical(&self, key: &DigestKey, arguments: Value<'_>, canonical: &str) -> Arguments {
        let digest = key.digest(canonical);
        let mut json = String::with_capacity(128);
        json.push_str("{\"digest\":\"");
        json.push_str(&digest);
        json.push('"');
        match self {
            Self::None => {}
            Self::Keys => write_keys(arguments, &mut json),
            Self::Redacted(paths) => {
                json.push_str(",\"redacted\":");
                let steps: Vec<&[Step]> = paths.iter().map(RedactPath::steps).collect();
                write_redacted(arguments, &steps, &mut json);
            }
            Self::Full => {
                json.push_str(",\"full\":");
                write_redacted(arguments, &[], &mut json);
            }
        }
        json.push('}');
        Arguments { json, digest }
    }
}

fn write_keys(arguments: Value<'_>, out: &mut String) {
    if arguments.kind() != Kind::Object {
        return;
    }
    out.push_str(",\"keys\":[");
    for (i, (key, _)) in arguments.members().take(MAX_KEYS).enumerate() {
        if i > 0 {
            out.push(',');
        }
        encode::write_text(&key.text(), out);
    }
    out.push(']');
    if let Some(more) = arguments.len().checked_sub(MAX_KEYS + 1) {
        out.push_str(&format!(",\"keys_omitted\":{}", more + 1));
    }
}

/// Canonical JSON with what `paths` name, and what is secret by its name, replaced. The scan's depth limit
/// bounds the recursion.
fn write_redacted(value: Value<'_>, paths: &[&[Step]], out: &mut String) {
    if paths.iter().any(|path| path.is_empty()) {
        out.push_str(REDACTED);
        return;
    }
    match value.kind() {
        Kind::Object => write_object(value, paths, out),
        Kind::Array => {
            out.push('[');
            for (i, item) in value.items().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_redacted(item, &advance(paths, |step| step.takes_index(i)), out);
            }
            out.push(']');
        }
        _ => canonical::write(value, out),
    }
}

fn write_object(value: Value<'_>, paths: &[&[Step]], out: &mut String) {
    let mut members: Vec<_> = value.members().map(|(key, member)| (key.text(), member)).collect();
    members.sort_by(|(a, _), (b, _)| canonical::cmp_utf16(a, b));
    out.push('{');
    for (i, (name, member)) in members.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        canonical::write_str(name, out);
        out.push(':');
        if says_secret(name) {
            out.push_str(REDACTED);
        } else {
            write_redacted(*member, &advance(paths, |step| step.takes_key(name)), out);
        }
    }
    out.push('}');
}

fn advance<'p>(paths: &[&'p [Step]], takes: impl Fn(&Step) -> bool) -> Vec<&'p [Step]> {
    paths
        .iter()
        .filter_map(|path| path.split_first().filter(|(step, _)| takes(step)).map(|(_, rest)| rest))
        .collect()
}

/// Names under which people keep secrets, in any of the usual spellings (`apiKey`, `API-KEY`, `api_key`).
fn says_secret(name: &str) -> bool {
    const ANYWHERE: [&str; 9] = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "apikey",
        "privatekey",
        "accesskey",
        "credential",
        "authorization",
    ];
    const AT_END: [&str; 3] = ["token", "cookie", "bearer"];
    let plain: String =
        name.chars().filter(|c| !matches!(c, '_' | '-' | '.' | ' ')).collect::<String>().to_lowercase();
    ANYWHERE.iter().any(|word| plain.contains(word)) || AT_END.iter().any(|word| plain.ends_with(word))
}

#[cfg(test)]
mod tests;
