//! Step 2, identify: on whose behalf a call is made.

/// Who calls. Budgets, rules and records go by the grant and the session; what a client says of itself is
/// information and never enters a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The grant's name.
    pub grant: String,
    /// The session: for a wrapped server, the life of the process.
    pub session: String,
    /// The client's name and version, as it says.
    pub client: Option<String>,
}

/// Longest name or version kept: it goes into every record.
const MOST: usize = 128;

/// What a client says of itself (`clientInfo` of `initialize`, or of a modern request's `_meta`), as
/// `name/version`; `None` where it says nothing.
pub(crate) fn client_info(info: Option<interlock_json::Value<'_>>) -> Option<String> {
    let text = |key| {
        let text = info?.get(key)?.as_str()?;
        Some(text.chars().take(MOST).collect::<String>()).filter(|text| !text.is_empty())
    };
    match (text("name")?, text("version")) {
        (name, Some(version)) => Some(format!("{name}/{version}")),
        (name, None) => Some(name),
    }
}
