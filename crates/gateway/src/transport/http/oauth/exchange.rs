//! One request for a token, and what is answered (RFC 6749, sections 4.4, 5 and 6).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode};
use serde::Deserialize;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::TokenError;
use super::discovery::Found;
use super::settings::{ClientAuthentication, OAuthSettings};
use crate::credentials::Secret;

/// By what a token is asked for.
pub(super) enum Grant<'s> {
    ClientCredentials,
    Refresh(&'s Secret),
}

/// A token that was given.
pub(super) struct Answered {
    /// As servers are shown it.
    pub(super) header: HeaderValue,
    pub(super) expires: Option<Duration>,
    pub(super) refresh_token: Option<Secret>,
}

#[derive(Deserialize)]
struct Given {
    access_token: String,
    token_type: String,
    expires_in: Option<u64>,
    refresh_token: Option<String>,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

/// Bytes of an answer.
const MOST: usize = 64 << 10;
/// A token is not kept for longer, whatever is said of it.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Asks for a token.
pub(super) async fn exchange(
    settings: &OAuthSettings,
    found: &Found,
    grant: &Grant<'_>,
) -> Result<Answered, TokenError> {
    let host = || found.endpoint.host().to_owned();
    let asked = found.endpoint.ask(request(settings, found, grant)?, MOST).await;
    let answer =
        asked.map_err(|error| TokenError::Unanswered { host: host(), problem: error.to_string() })?;
    if answer.status == StatusCode::OK {
        return read(&answer.body);
    }
    match serde_json::from_slice::<Refused>(&answer.body) {
        Ok(refused) if answer.status.is_client_error() => {
            Err(TokenError::Refused { host: host(), code: code(&refused.error) })
        }
        _ => Err(TokenError::Unanswered {
            host: host(),
            problem: format!("answered with {}", answer.status.as_u16()),
        }),
    }
}

fn request(settings: &OAuthSettings, found: &Found, grant: &Grant<'_>) -> Result<Request<Bytes>, TokenError> {
    let mut form = Serializer::new(String::new());
    match grant {
        Grant::ClientCredentials => form.append_pair("grant_type", "client_credentials"),
        Grant::Refresh(token) => {
            form.append_pair("grant_type", "refresh_token").append_pair("refresh_token", token.reveal())
        }
    };
    if !settings.scopes.is_empty() {
        form.append_pair("scope", &settings.scopes.join(" "));
    }
    form.append_pair("resource", &found.resource);
    let mut header = None;
    match (&settings.client_secret, found.authentication) {
        (Some(secret), ClientAuthentication::Basic) => header = Some(basic(&settings.client_id, secret)?),
        (Some(secret), ClientAuthentication::Post) => {
            form.append_pair("client_id", &settings.client_id).append_pair("client_secret", secret.reveal());
        }
        (None, _) => {
            form.append_pair("client_id", &settings.client_id);
        }
    }
    let mut request = Request::new(Bytes::from(form.finish()));
    *request.method_mut() = Method::POST;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(header) = header {
        headers.insert(AUTHORIZATION, header);
    }
    Ok(request)
}

/// RFC 6749, section 2.3.1: both parts are encoded as in a form before they are put together.
fn basic(id: &str, secret: &Secret) -> Result<HeaderValue, TokenError> {
    let part = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", part(id), part(secret.reveal()));
    let value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)));
    let mut value = value.map_err(|_| TokenError::Answer("the client's secret cannot be shown"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn read(body: &[u8]) -> Result<Answered, TokenError> {
    let given: Given = serde_json::from_slice(body)
        .map_err(|_| TokenError::Answer("it is not that of RFC 6749, section 5.1"))?;
    if !given.token_type.eq_ignore_ascii_case("bearer") {
        return Err(TokenError::Answer("its token is not a bearer token"));
    }
    // RFC 6750, section 2.1.
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if given.access_token.is_empty() || !given.access_token.bytes().all(fits) {
        return Err(TokenError::Answer("its token is not one that a header can hold"));
    }
    let header = HeaderValue::from_str(&format!("Bearer {}", given.access_token));
    let mut header = header.map_err(|_| TokenError::Answer("its token is not one that a header can hold"))?;
    header.set_sensitive(true);
    let expires = given.expires_in.map(|seconds| Duration::from_secs(seconds).min(LONGEST));
    let refresh_token = given.refresh_token.filter(|token| !token.is_empty()).map(Secret::new);
    Ok(Answered { header, expires, refresh_token })
}

/// An error's code as it may be shown: one of RFC 6749 has no other characters.
fn code(text: &str) -> String {
    const LONGEST: usize = 40;
    let fits = text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if fits && !text.is_empty() { text.to_owned() } else { "an unknown error".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bearer_token_that_fits_a_header_is_taken() {
        let good = read(br#"{"access_token":"abc.DEF-1==","token_type":"bearer","expires_in":60,"more":[]}"#);
        let good = good.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(good.header, "Bearer abc.DEF-1==");
        assert_eq!(good.expires, Some(Duration::from_secs(60)));
        let endless =
            read(br#"{"access_token":"a","token_type":"Bearer","expires_in":18446744073709551615}"#);
        assert_eq!(endless.map(|answered| answered.expires).ok(), Some(Some(LONGEST)));
        for bad in [
            "",
            "[]",
            r#"{"access_token":"s3cret"}"#,
            r#"{"access_token":"s3cret","token_type":"DPoP"}"#,
            r#"{"access_token":"s3cret\r\nX: y","token_type":"Bearer"}"#,
            r#"{"access_token":"","token_type":"Bearer"}"#,
            r#"{"access_token":"s3cret","token_type":"Bearer","expires_in":-1}"#,
            r#"{"access_token":"s3cret","access_token":"other","token_type":"Bearer"}"#,
        ] {
            let error = read(bad.as_bytes()).map(|_| ()).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{bad}: {error}");
        }
    }

    #[test]
    fn a_code_that_is_none_is_not_repeated() {
        assert_eq!(code("invalid_client"), "invalid_client");
        for odd in ["", "the secret s3cret is wrong", "A", "a\nb", &"a".repeat(41)] {
            assert_eq!(code(odd), "an unknown error", "{odd}");
        }
    }

    #[test]
    fn both_parts_of_basic_are_encoded() {
        let value =
            basic("my client:1", &Secret::new("p:ä+".to_owned())).unwrap_or_else(|error| panic!("{error}"));
        let expected = STANDARD.encode("my+client%3A1:p%3A%C3%A4%2B");
        assert_eq!(value, format!("Basic {expected}").as_str());
        assert!(value.is_sensitive());
    }
}
