//! What the gateway says of itself as a protected resource (RFC 9728), so that clients find out where tokens are from.

use interlock_json::canonical;

/// Where the description is found (RFC 9728, section 3).
pub(crate) const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The gateway as a resource of OAuth.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resource {
    /// Its address as clients know it, without a path; where there is none, the one that they call.
    pub url: Option<String>,
    /// Who issues tokens for it.
    pub authorization_servers: Vec<String>,
    /// What a token may be asked for.
    pub scopes: Vec<String>,
    /// Its name for people.
    pub name: Option<String>,
}

impl Resource {
    /// The description of what is at this path, as called at this address.
    pub(crate) fn metadata(&self, called: &str, path: &str) -> String {
        let mut text = String::from("{\"resource\":");
        canonical::write_str(&self.at(called, path), &mut text);
        list("authorization_servers", &self.authorization_servers, &mut text);
        if !self.scopes.is_empty() {
            list("scopes_supported", &self.scopes, &mut text);
        }
        list("bearer_methods_supported", &["header".to_owned()], &mut text);
        if let Some(name) = &self.name {
            text.push_str(",\"resource_name\":");
            canonical::write_str(name, &mut text);
        }
        text.push('}');
        text
    }

    /// The address of what is at this path, which is its name as an audience (RFC 8707), too.
    fn at(&self, called: &str, path: &str) -> String {
        format!("{}{path}", self.url.as_deref().unwrap_or(called).trim_end_matches('/'))
    }

    /// The audience of what is at this path. Only an address that the operator has given is one: what a client calls
    /// the gateway is the client's choice.
    pub(crate) fn audience(&self, path: &str) -> Option<String> {
        self.url.as_ref().map(|url| self.at(url, path))
    }

    /// The challenge to whoever shows no token, or a wrong one (RFC 6750, section 3; RFC 9728, section 5.1).
    pub(crate) fn challenge(
        &self,
        called: &str,
        path: &str,
        error: Option<&str>,
        scopes: &[String],
    ) -> String {
        let mut text = String::from("Bearer");
        let mut parameter = |name: &str, value: &str| {
            let separator = if text.len() == "Bearer".len() { ' ' } else { ',' };
            text.push_str(&format!("{separator}{name}=\"{value}\""));
        };
        if let Some(error) = error {
            parameter("error", error);
        }
        parameter("resource_metadata", &self.at(called, &format!("{WELL_KNOWN}{path}")));
        let scopes = if scopes.is_empty() { &self.scopes } else { scopes };
        if !scopes.is_empty() {
            parameter("scope", &scopes.join(" "));
        }
        text
    }
}

fn list(name: &str, values: &[String], text: &mut String) {
    text.push_str(&format!(",\"{name}\":["));
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        canonical::write_str(value, text);
    }
    text.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_described_as_it_is_called_or_as_it_is_named() {
        let called = "http://127.0.0.1:7420";
        let mut resource =
            Resource { authorization_servers: vec!["https://id.example".to_owned()], ..Resource::default() };
        let text = resource.metadata(called, "/mcp/a");
        assert_eq!(
            text,
            r#"{"resource":"http://127.0.0.1:7420/mcp/a","authorization_servers":["https://id.example"],"bearer_methods_supported":["header"]}"#
        );
        assert_eq!(resource.audience("/mcp/a"), None);
        resource.url = Some("https://gateway.example/".to_owned());
        resource.scopes = vec!["tools".to_owned(), "more".to_owned()];
        assert!(resource.metadata(called, "").contains(r#""resource":"https://gateway.example""#));
        assert_eq!(resource.audience("/mcp/a").as_deref(), Some("https://gateway.example/mcp/a"));
        assert_eq!(
            resource.challenge(called, "/mcp/a", Some("invalid_token"), &[]),
            "Bearer error=\"invalid_token\",resource_metadata=\"https://gateway.example/.well-known/oauth-protected-resource/mcp/a\",scope=\"tools more\""
        );
    }
}
