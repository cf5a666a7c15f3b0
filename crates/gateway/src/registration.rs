//! A server that is registered beside those of the file: what it takes to reach it, and who may use it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::pins::Trust;
use crate::transport::http::{ClientAuthentication, is_server_name};

/// What the file's entry of a server says, and the grants that may use it. `${NAME}`, `${file:PATH}` and
/// `${credential:NAME}` stand for themselves here: they are read by `interlock serve`, when the server is put in force.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Registration {
    /// The program of a server that speaks stdio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Its arguments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Variables of its environment.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// The folder that it runs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// The address of a server that speaks HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How it speaks HTTP, where that is not to be found out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<DeclaredTransport>,
    /// Which versions of the protocol it speaks, where it is not to be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub era: Option<DeclaredEra>,
    /// What is made of the definitions of its tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
    /// What every request to it carries.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// How its access token is had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth: Option<Authorization>,
    /// A policy file for all grants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Methods beyond the protocol that are relayed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<String>,
    /// The grants that may use it, each with a policy file, or `server` for the server's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub grants: BTreeMap<String, String>,
}

/// Which versions of the protocol a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeclaredEra {
    /// Up to 2025-11-25.
    Legacy,
    /// From 2026-07-28.
    Modern,
}

/// How a server speaks HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeclaredTransport {
    /// Streamable HTTP (2025-03-26 and later).
    StreamableHttp,
    /// HTTP with SSE (2024-11-05).
    Sse,
}

/// How a server's access token is had (OAuth 2.1): by client credentials, or by a refresh token. Each value may refer to the
/// environment, to a file, or to a credential that is kept for the server.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Authorization {
    /// What the client is called.
    pub client_id: String,
    /// By what it is known; a public client has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// The credential that holds the refresh token, written `${credential:NAME}`. Without one it is by client credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// What is asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// What the token is for (RFC 8707), where the server calls itself otherwise than its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Who issues tokens, where the server does not say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Where tokens are from, where the issuer does not say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
    /// How the client shows its secret, where the issuer does not say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_authentication: Option<ClientAuthentication>,
}

/// Why a server cannot be registered so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    /// Nobody could ask for it.
    #[error("`{name}` cannot be a server's name: it has letters, digits, `-`, `_` and `.`")]
    Name {
        /// The name.
        name: String,
    },
    /// It is reached by a command or by a URL.
    #[error("a server has either a `command` or a `url`")]
    Reached,
    /// What belongs to the other kind of server.
    #[error("`{member}` has no meaning for a server with a `{kind}`")]
    NoMeaning {
        /// The member.
        member: &'static str,
        /// `command` or `url`.
        kind: &'static str,
    },
    /// Nothing here is encrypted, so no secret is kept here.
    #[error(
        "`{name}` looks like a credential, and would be kept as it is; write `${{credential:NAME}}`, `${{NAME}}` or \
         `${{file:PATH}}` instead"
    )]
    Credential {
        /// The header or variable.
        name: String,
    },
}

impl Registration {
    /// Checks that callers can name a server so: its name is a part of its address, `/mcp/NAME`.
    ///
    /// # Errors
    /// [`RegistrationError::Name`] where they cannot.
    pub fn check_name(name: &str) -> Result<(), RegistrationError> {
        if is_server_name(name) { Ok(()) } else { Err(RegistrationError::Name { name: name.to_owned() }) }
    }

    /// Checks what can be told without the machine that it is for.
    ///
    /// # Errors
    /// [`RegistrationError`] for the first mistake.
    pub fn check(&self, name: &str) -> Result<(), RegistrationError> {
        Self::check_name(name)?;
        let no_meaning = |member, kind| Err(RegistrationError::NoMeaning { member, kind });
        match (&self.command, &self.url) {
            (Some(_), None) if !self.headers.is_empty() => return no_meaning("headers", "command"),
            (Some(_), None) if self.oauth.is_some() => return no_meaning("oauth", "command"),
            (Some(_), None) if self.transport.is_some() => return no_meaning("transport", "command"),
            (None, Some(_)) if !self.args.is_empty() => return no_meaning("args", "url"),
            (None, Some(_)) if !self.env.is_empty() => return no_meaning("env", "url"),
            (None, Some(_)) if self.cwd.is_some() => return no_meaning("cwd", "url"),
            (Some(_), None) | (None, Some(_)) => {}
            _ => return Err(RegistrationError::Reached),
        }
        // What is registered can be read by whoever reads the register: secrets have a place of their own.
        let oauth = self.oauth.iter().flat_map(|oauth| {
            let secret = oauth.client_secret.as_ref().map(|secret| ("client_secret", secret));
            secret.into_iter().chain(oauth.refresh_token.as_ref().map(|token| ("refresh_token", token)))
        });
        let named = self.env.iter().chain(&self.headers).map(|(name, value)| (name.as_str(), value));
        match named.chain(oauth).find(|(name, value)| is_plain_credential(name, value)) {
            Some((name, _)) => Err(RegistrationError::Credential { name: name.to_owned() }),
            None => Ok(()),
        }
    }

    /// The address without what may be a secret in it, or the program: its arguments may hold secrets.
    #[must_use]
    pub fn shown(&self) -> String {
        let url = self.url.as_deref().map(|url| {
            let url = url.split(['?', '#']).next().unwrap_or_default();
            match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?.1))) {
                Some((scheme, rest)) => format!("{scheme}://{rest}"),
                None => url.to_owned(),
            }
        });
        url.or_else(|| self.command.clone()).unwrap_or_default()
    }
}

/// Whether a value is kept in the open that its name calls a secret.
fn is_plain_credential(name: &str, value: &str) -> bool {
    const WORDS: [&str; 8] =
        ["authorization", "cookie", "token", "secret", "password", "passwd", "credential", "key"];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word)) && !value.contains("${")
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization").finish_non_exhaustive()
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("reached", &self.shown()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), String> {
        let registration: Registration = serde_json::from_str(text).map_err(|error| error.to_string())?;
        registration.check("files").map_err(|error| error.to_string())
    }

    #[test]
    fn a_server_is_reached_in_one_way_and_keeps_no_secret() {
        for text in [
            r#"{"command":"npx","args":["-y","x"],"env":{"LEVEL":"debug","API_KEY":"${KEY}"}}"#,
            r#"{"url":"https://example.com/mcp","headers":{"Authorization":"Bearer ${file:token}","X-Team":"a"}}"#,
            r#"{"url":"https://b","transport":"sse","era":"legacy"}"#,
            r#"{"url":"https://b","oauth":{"client_id":"a","client_secret":"${credential:secret}","scopes":["b"]}}"#,
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for (text, part) in [
            ("{}", "either a `command` or a `url`"),
            (r#"{"command":"a","url":"https://b"}"#, "either"),
            (r#"{"url":"https://b","args":["c"]}"#, "`args`"),
            (r#"{"command":"a","headers":{"X":"y"}}"#, "`headers`"),
            (r#"{"url":"https://b","headers":{"Authorization":"Bearer abc"}}"#, "`Authorization`"),
            (r#"{"command":"a","env":{"GITHUB_TOKEN":"abc"}}"#, "`GITHUB_TOKEN`"),
            (r#"{"command":"a","oauth":{"client_id":"a"}}"#, "`oauth`"),
            (r#"{"command":"a","transport":"sse"}"#, "`transport`"),
            (r#"{"command":"a","era":"new"}"#, "unknown variant"),
            (r#"{"url":"https://b","oauth":{"client_id":"a","client_secret":"abc"}}"#, "`client_secret`"),
            (r#"{"url":"https://b","oauth":{"client_id":"a","refresh_token":"abc"}}"#, "`refresh_token`"),
            (r#"{"comand":"a"}"#, "unknown field"),
        ] {
            let error = check(text).unwrap_err();
            assert!(error.contains(part) && !error.contains("abc"), "{text}: {error}");
        }
        for name in ["", "a/b", "..", "a b", "ä"] {
            let url = Registration { url: Some("https://b".to_owned()), ..Registration::default() };
            assert!(url.check(name).is_err(), "{name}");
        }
    }

    #[test]
    fn what_is_shown_has_no_secret() {
        let url = |url: &str| Registration { url: Some(url.to_owned()), ..Registration::default() };
        assert_eq!(url("https://user:pass@example.com/mcp?key=1#x").shown(), "https://example.com/mcp");
        assert!(!format!("{:?}", url("https://u:p@h/?k")).contains(":p@"));
    }
}
