//! Where a server's tokens are from: the server says who issues them (RFC 9728), the issuer says where (RFC 8414, OpenID
//! Connect Discovery 1.0).

use hyper::StatusCode;
use hyper::Uri;
use hyper::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::super::fetch::{FetchError, RemoteDocument};
use super::TokenError;
use super::settings::{ClientAuthentication, OAuthSettings, TokenSource};

/// Where tokens are from, and for what.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) endpoint: RemoteDocument,
    /// What tokens are for (RFC 8707).
    pub(super) resource: String,
    pub(super) authentication: ClientAuthentication,
}

/// What a protected resource says of itself (RFC 9728, section 2).
#[derive(Debug, Deserialize)]
struct OfResource {
    resource: String,
    #[serde(default)]
    authorization_servers: Vec<String>,
}

/// What an authorization server says of itself (RFC 8414, section 2).
#[derive(Debug, Deserialize)]
struct OfIssuer {
    issuer: String,
    token_endpoint: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// Bytes of a document.
const MOST: usize = 64 << 10;

/// Finds out what the settings do not say.
pub(super) async fn find(settings: &OAuthSettings, server: &Uri) -> Result<Found, TokenError> {
    let own = canonical(server);
    let resource = |found: Option<String>| settings.resource.clone().or(found).unwrap_or_else(|| own.clone());
    let chosen =
        |supported: Option<&[String]>| settings.authentication.unwrap_or_else(|| preferred(supported));
    let (issuer, named) = match &settings.source {
        TokenSource::TokenUrl(url) => {
            let endpoint = address(url)?;
            return Ok(Found { endpoint, resource: resource(None), authentication: chosen(None) });
        }
        TokenSource::Issuer(issuer) => (issuer.clone(), None),
        TokenSource::FoundOut => {
            let of_resource = of_resource(server, &own).await?;
            let issuer = of_resource.authorization_servers.into_iter().next();
            let issuer = issuer.ok_or_else(|| said("the server names none"))?;
            // A server that was taken over must not have the client's secret sent to a place of its choice.
            if !same_origin(&issuer, &own) {
                return Err(TokenError::OtherAuthority(shown(&issuer)));
            }
            (issuer, Some(of_resource.resource))
        }
    };
    let of_issuer = of_issuer(&issuer).await?;
    let endpoint = address(&of_issuer.token_endpoint)?;
    if address(&issuer)?.is_encrypted() && !endpoint.is_encrypted() {
        return Err(said("the address for tokens is not an `https://` address"));
    }
    let authentication = chosen(of_issuer.token_endpoint_auth_methods_supported.as_deref());
    Ok(Found { endpoint, resource: resource(named), authentication })
}

/// RFC 8414: where nothing is said, a client shows its secret in a header.
fn preferred(supported: Option<&[String]>) -> ClientAuthentication {
    let has = |name: &str| supported.is_some_and(|supported| supported.iter().any(|method| method == name));
    match has("client_secret_post") && !has("client_secret_basic") {
        true => ClientAuthentication::Post,
        false => ClientAuthentication::Basic,
    }
}

fn said(problem: &str) -> TokenError {
    TokenError::Discovery(problem.to_owned())
}

fn address(text: &str) -> Result<RemoteDocument, TokenError> {
    RemoteDocument::new(text).map_err(|error| TokenError::Discovery(format!("`{}`: {error}", shown(text))))
}

/// An address of somebody else's, for a message.
fn shown(text: &str) -> String {
    let plain = |c: &char| c.is_ascii_graphic() && !"`?#@".contains(*c);
    text.chars().take_while(plain).take(200).collect()
}

/// The server's address without what is no part of its name (RFC 8707, section 2).
fn canonical(server: &Uri) -> String {
    let text = server.to_string();
    let text = text.split(['?', '#']).next().unwrap_or_default();
    text.strip_suffix('/').unwrap_or(text).to_owned()
}

fn same_origin(one: &str, other: &str) -> bool {
    match (Url::parse(one), Url::parse(other)) {
        (Ok(one), Ok(other)) => one.origin() == other.origin() && one.origin().is_tuple(),
        _ => false,
    }
}

/// What the server says of itself: where its refusal of a caller without a token names a document, that one; otherwise the
/// one at the usual place for its path, or for the whole host.
async fn of_resource(server: &Uri, own: &str) -> Result<OfResource, TokenError> {
    let challenged = challenge(server, own).await;
    let usual = usual_places(own, "oauth-protected-resource");
    for place in challenged.into_iter().chain(usual) {
        let Some(of_resource) = document::<OfResource>(&place).await? else { continue };
        // RFC 9728, section 3.3: another's document is not used.
        let describes = same_origin(&of_resource.resource, own)
            && own.starts_with(of_resource.resource.trim_end_matches('/'));
        if !describes {
            return Err(said("the server's description is that of another resource"));
        }
        return Ok(of_resource);
    }
    Err(said("the server has no description of itself (RFC 9728); write `issuer` or `token_url`"))
}

/// The document that the server names when it is asked without a token (RFC 9728, section 5.1).
async fn challenge(server: &Uri, own: &str) -> Option<String> {
    let document = RemoteDocument::new(&server.to_string()).ok()?;
    let accept = HeaderValue::from_static("application/json, text/event-stream");
    let (status, headers) = document.look(accept).await.ok()?;
    if status != StatusCode::UNAUTHORIZED {
        return None;
    }
    named(&headers).filter(|named| same_origin(named, own))
}

fn named(headers: &HeaderMap) -> Option<String> {
    const PARAMETER: &str = "resource_metadata=\"";
    let texts = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    texts.filter_map(|text| Some(text.split_once(PARAMETER)?.1.split_once('"')?.0.to_owned())).next()
}

/// RFC 8414 and RFC 9728, section 3.1: between the host and the path.
fn usual_places(address: &str, kind: &str) -> Vec<String> {
    let Ok(url) = Url::parse(address) else { return Vec::new() };
    let path = url.path().trim_end_matches('/');
    let place = |path: &str| {
        let mut url = url.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.set_path(&format!("/.well-known/{kind}{path}"));
        url.to_string()
    };
    match path {
        "" => vec![place("")],
        path => vec![place(path), place("")],
    }
}

async fn of_issuer(issuer: &str) -> Result<OfIssuer, TokenError> {
    for place in issuer_places(issuer) {
        let Some(of_issuer) = document::<OfIssuer>(&place).await? else { continue };
        // RFC 8414, section 3.3. Whether a slash ends it is not looked at: providers themselves do not.
        if of_issuer.issuer.trim_end_matches('/') != issuer.trim_end_matches('/') {
            return Err(said("the issuer's description is that of another"));
        }
        return Ok(of_issuer);
    }
    Err(TokenError::Discovery(format!("the issuer `{}` has no description of itself", shown(issuer))))
}

/// In the order that MCP says ("Authorization Server Metadata Discovery").
fn issuer_places(issuer: &str) -> Vec<String> {
    let Some(first) = usual_places(issuer, "oauth-authorization-server").into_iter().next() else {
        return Vec::new();
    };
    let second = usual_places(issuer, "openid-configuration").into_iter().next();
    let third = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let mut places = vec![first];
    places.extend(second);
    if !places.contains(&third) {
        places.push(third);
    }
    places
}

/// The document at a place; `None` where there is none.
async fn document<T: DeserializeOwned>(place: &str) -> Result<Option<T>, TokenError> {
    let document = address(place)?;
    match document.fetch(MOST).await {
        Ok(body) => match serde_json::from_slice(&body) {
            Ok(read) => Ok(Some(read)),
            Err(_) => Err(TokenError::Discovery(format!("`{}` is no such document", shown(place)))),
        },
        Err(FetchError::Status(status)) if status.is_client_error() => Ok(None),
        Err(error) => {
            Err(TokenError::Unanswered { host: document.host().to_owned(), problem: error.to_string() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_standards() {
        let resource = |address: &str| usual_places(address, "oauth-protected-resource");
        assert_eq!(
            resource("https://a.example:8443/team/mcp"),
            [
                "https://a.example:8443/.well-known/oauth-protected-resource/team/mcp",
                "https://a.example:8443/.well-known/oauth-protected-resource"
            ]
        );
        assert_eq!(
            resource("https://a.example/"),
            ["https://a.example/.well-known/oauth-protected-resource"]
        );
        assert_eq!(
            issuer_places("https://id.example/tenant"),
            [
                "https://id.example/.well-known/oauth-authorization-server/tenant",
                "https://id.example/.well-known/openid-configuration/tenant",
                "https://id.example/tenant/.well-known/openid-configuration"
            ]
        );
        assert_eq!(
            issuer_places("https://id.example"),
            [
                "https://id.example/.well-known/oauth-authorization-server",
                "https://id.example/.well-known/openid-configuration"
            ]
        );
    }

    #[test]
    fn a_challenge_names_a_document() {
        let named = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_str(text).unwrap());
            named(&headers)
        };
        let found = named("Bearer realm=\"x\", resource_metadata=\"https://a.example/d\", scope=\"s\"");
        assert_eq!(found.as_deref(), Some("https://a.example/d"));
        assert_eq!(named("Bearer realm=\"x\""), None);
        assert_eq!(named("Bearer resource_metadata=\"https://a"), None);
    }

    #[test]
    fn what_is_shown_of_others_addresses_is_plain_and_short() {
        assert_eq!(shown("https://id.example/a?key=1"), "https://id.example/a");
        assert_eq!(shown("https://user:pass@id.example"), "https://user:pass");
        assert_eq!(shown("a\u{1b}[31m"), "a");
        assert_eq!(shown(&"a".repeat(300)).len(), 200);
        assert!(!same_origin("data:x", "data:x"));
    }

    #[test]
    fn a_secret_goes_into_the_body_only_where_a_header_will_not_do() {
        let methods = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        for (supported, expected) in [
            (None, ClientAuthentication::Basic),
            (Some(methods(&[])), ClientAuthentication::Basic),
            (Some(methods(&["client_secret_post"])), ClientAuthentication::Post),
            (Some(methods(&["client_secret_post", "client_secret_basic"])), ClientAuthentication::Basic),
        ] {
            assert_eq!(preferred(supported.as_deref()), expected, "{supported:?}");
        }
    }
}
