//! What of a server, a grant and an issuer stands in the audit log: never a header's, a variable's or an argument's value.

use interlock_audit::{Detail, format_ms};
use interlock_gateway::{CertificateRule, Era, IssuerSettings, JwtRule, KeySource, Server, Trust};

use super::{GrantInForce, ServerInForce};

/// A fact that is held for as long as its record is written.
pub(super) enum Shown {
    Text(String),
    Number(i64),
    List(Vec<String>),
}

impl Shown {
    /// Its texts, where it is a list.
    pub(super) fn texts(&self) -> Vec<&str> {
        match self {
            Self::List(texts) => texts.iter().map(String::as_str).collect(),
            Self::Text(_) | Self::Number(_) => Vec::new(),
        }
    }

    pub(super) fn detail<'d>(&'d self, texts: &'d [&'d str]) -> Detail<'d> {
        match self {
            Self::Text(text) => Detail::Text(text),
            Self::Number(number) => Detail::Number(*number),
            Self::List(_) => Detail::List(texts),
        }
    }
}

type Facts = Vec<(&'static str, Shown)>;

fn list(texts: impl IntoIterator<Item = String>) -> Shown {
    Shown::List(texts.into_iter().collect())
}

pub(super) fn server(server: &ServerInForce) -> Facts {
    let mut facts = match &server.reached {
        Server::Child(command) => {
            let mut names: Vec<String> =
                command.env.iter().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
            names.sort();
            vec![
                ("program", Shown::Text(command.program.to_string_lossy().into_owned())),
                ("arguments", Shown::Number(i64::try_from(command.args.len()).unwrap_or(i64::MAX))),
                ("variables", list(names)),
            ]
        }
        Server::Http(http) => vec![("url", Shown::Text(http.shown()))],
    };
    if let Some(era) = server.era {
        let era = if era == Era::Modern { "modern" } else { "legacy" };
        facts.push(("era", Shown::Text(era.to_owned())));
    }
    match server.trust {
        Trust::FirstUse => {}
        Trust::Review => facts.push(("trust", Shown::Text("review".to_owned()))),
        Trust::AllowChanges => facts.push(("trust", Shown::Text("allow_changes".to_owned()))),
    }
    if !server.extensions.is_empty() {
        facts.push(("extensions", list(server.extensions.clone())));
    }
    facts
}

pub(super) fn grant(grant: &GrantInForce) -> Facts {
    let auth = &grant.auth;
    let mut known_by = Vec::new();
    known_by.extend(auth.anonymous.then(|| "nothing (anonymous)".to_owned()));
    known_by.extend(auth.token.then(|| "token".to_owned()));
    known_by.extend(auth.jwt.iter().map(jwt));
    known_by.extend(auth.certificates.iter().map(certificate));
    let mut facts = vec![("servers", list(grant.servers.keys().cloned())), ("auth", list(known_by))];
    facts.extend(grant.expires_ms.map(|end| ("expires", Shown::Text(format_ms(end)))));
    if !grant.labels.is_empty() {
        facts.push(("labels", list(grant.labels.iter().map(|(name, value)| format!("{name}={value}")))));
    }
    facts
}

fn jwt(rule: &JwtRule) -> String {
    let mut text = format!("jwt of {}", rule.issuer);
    for (claim, wanted) in &rule.claims {
        text.push_str(&format!(", {claim}={}", wanted.join("|")));
    }
    if !rule.scopes.is_empty() {
        text.push_str(&format!(", scopes {}", rule.scopes.join(" ")));
    }
    text
}

fn certificate(rule: &CertificateRule) -> String {
    let CertificateRule { subject, common_name, dns, uri, email } = rule;
    let named =
        [("subject", subject), ("common_name", common_name), ("dns", dns), ("uri", uri), ("email", email)];
    let named = named.iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_ref()?)));
    format!("mtls {}", named.collect::<Vec<_>>().join(", "))
}

pub(super) fn issuer(issuer: &IssuerSettings) -> Facts {
    let keys = match &issuer.keys {
        KeySource::Url(_) => "fetched".to_owned(),
        KeySource::File(path) => path.display().to_string(),
    };
    vec![
        ("iss", Shown::Text(issuer.issuer.clone())),
        ("audiences", list(issuer.audiences.clone())),
        ("algorithms", list(issuer.algorithms.iter().map(ToString::to_string))),
        ("keys", Shown::Text(keys)),
    ]
}

fn parts(others: &[(&'static str, bool)]) -> Vec<&'static str> {
    others.iter().filter(|(_, is_other)| *is_other).map(|(part, _)| *part).collect()
}

pub(super) fn parts_of_server(old: &ServerInForce, new: &ServerInForce) -> Vec<&'static str> {
    let mut others = match (&old.reached, &new.reached) {
        (Server::Child(old), Server::Child(new)) => parts(&[
            ("command", old.program != new.program),
            ("args", old.args != new.args),
            ("env", old.env != new.env),
            ("cwd", old.directory != new.directory),
        ]),
        (Server::Http(old), Server::Http(new)) if old.shown() != new.shown() => vec!["url"],
        // What it is sent, its query included, is compared and not shown.
        (Server::Http(old), Server::Http(new)) => parts(&[("requests", old != new)]),
        _ => vec!["command", "url"],
    };
    others.extend(parts(&[
        ("era", old.era != new.era),
        ("trust", old.trust != new.trust),
        ("extensions", old.extensions != new.extensions),
    ]));
    others
}

/// Other policies at the same servers have records of their own.
pub(super) fn parts_of_grant(old: &GrantInForce, new: &GrantInForce) -> Vec<&'static str> {
    parts(&[
        ("servers", !old.servers.keys().eq(new.servers.keys())),
        ("auth", old.auth != new.auth),
        ("expires", old.expires_ms != new.expires_ms),
        ("labels", old.labels != new.labels),
    ])
}

pub(super) fn parts_of_issuer(old: &IssuerSettings, new: &IssuerSettings) -> Vec<&'static str> {
    parts(&[
        ("issuer", old.issuer != new.issuer),
        ("audiences", old.audiences != new.audiences),
        ("algorithms", old.algorithms != new.algorithms),
        ("jwks", old.keys != new.keys),
        ("leeway_seconds", old.leeway != new.leeway),
    ])
}
