//! Step 1, admit: which version a message is judged by, and whether its method is one the gateway knows.

use interlock_wire::method::{self, Lookup, Sender, Spec};
use interlock_wire::{Era, ModernMeta, Request, Version, modern_meta};

use crate::session::Negotiated;

/// JSON-RPC: no such method.
const METHOD_NOT_FOUND: i64 = -32_601;
/// MCP 2026-07-28: the request's protocol version is not spoken here.
const UNSUPPORTED_VERSION: i64 = -32_022;

/// A message whose method has its place in the table, or is an extension that the operator listed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admitted {
    pub(crate) version: Version,
    /// `None` for an extension.
    pub(crate) spec: Option<&'static Spec>,
}

/// Why a message is not admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotAdmitted {
    pub(crate) code: i64,
    pub(crate) reason: String,
    /// `error.data` as raw JSON.
    pub(crate) data: Option<String>,
}

/// The version of a request: a modern `_meta` decides, strictly; then `initialize`'s own; then what the
/// session negotiated; and before that 2025-03-26, as the specification says.
pub(crate) fn version_of_request(
    request: &Request<'_>,
    negotiated: Negotiated,
) -> Result<Version, NotAdmitted> {
    if ModernMeta::is_claimed_by(request) {
        return modern(request);
    }
    // A client of both eras that found a legacy server begins anew with this.
    if request.method == "initialize" {
        return Ok(asked_for(request));
    }
    match negotiated {
        Negotiated::Modern => modern(request),
        Negotiated::Nothing | Negotiated::Legacy(_) => Ok(negotiated.version()),
    }
}

fn modern(request: &Request<'_>) -> Result<Version, NotAdmitted> {
    let meta = modern_meta(request).map_err(|refusal| NotAdmitted {
        code: refusal.code,
        reason: refusal.to_string(),
        data: None,
    })?;
    let version = Version::parse(&meta.protocol_version).filter(|version| version.era() == Era::Modern);
    version.ok_or_else(|| NotAdmitted {
        code: UNSUPPORTED_VERSION,
        reason: format!("protocol version `{}` is not spoken here", meta.protocol_version),
        data: Some(format!(r#"{{"supported":["{}"]}}"#, Version::V2026_07_28.as_str())),
    })
}

/// The version that `initialize` asks for. The server answers one it speaks, which is what counts; here it
/// only has to be one in which `initialize` exists.
fn asked_for(request: &Request<'_>) -> Version {
    request
        .params
        .and_then(|params| params.get("protocolVersion"))
        .and_then(interlock_json::Value::as_str)
        .and_then(|text| Version::parse(&text))
        .filter(|version| version.era() == Era::Legacy)
        .unwrap_or(Version::V2025_11_25)
}

/// Finds a method in the table: exact bytes, right direction, right kind, right version.
pub(crate) fn admit(
    name: &str,
    kind: method::Kind,
    from: Sender,
    version: Version,
    extensions: &[String],
) -> Result<Admitted, NotAdmitted> {
    let refused = |reason| Err(NotAdmitted { code: METHOD_NOT_FOUND, reason, data: None });
    match method::find(name, from, version) {
        Lookup::Known(spec) if spec.kind == kind => Ok(Admitted { version, spec: Some(spec) }),
        Lookup::Known(_) => {
            refused(format!("`{name}` is sent in the wrong form: request and notification differ"))
        }
        Lookup::WrongVersion(_) => {
            refused(format!("`{name}` does not exist in protocol version {}", version.as_str()))
        }
        // Only what the table does not know: a method of another version would pass unjudged.
        Lookup::Unknown if extensions.iter().any(|extension| extension == name) => {
            Ok(Admitted { version, spec: None })
        }
        Lookup::Unknown => refused(format!("`{name}` is not a method that Interlock knows")),
    }
}
