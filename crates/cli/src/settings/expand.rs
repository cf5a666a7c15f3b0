//! `${NAME}` reads the environment, `${file:path}` a file, and `${credential:name}` what is kept for a server.

use std::path::Path;

use interlock_gateway::CredentialError;

const CREDENTIAL: &str = "credential:";

/// Why a reference cannot be read. The value never appears in an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExpandError {
    #[error("the environment has no `{name}`")]
    NoVariable { name: String },
    #[error("the file `{path}` cannot be read: {source}")]
    NoFile { path: String, source: std::io::Error },
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error(
        "the settings have no `credentials.key`, which opens `${{credential:{name}}}`; `interlock credentials key FILE` makes one"
    )]
    NoKey { name: String },
    #[error(
        "`${{credential:{name}}}` is for the `env`, `headers` and `oauth` of a server of `interlock serve`"
    )]
    NotHere { name: String },
    #[error("a `${{` has no `}}`")]
    Open,
}

/// Where credentials are.
pub(crate) type Credentials<'c> = &'c dyn Fn(&str) -> Result<String, ExpandError>;

/// Replaces every reference in `text` where there are no credentials; paths of files start from `folder`.
pub(crate) fn expand(text: &str, folder: &Path) -> Result<String, ExpandError> {
    expand_with(text, folder, &|name| Err(ExpandError::NotHere { name: name.to_owned() }))
}

/// Replaces every reference in `text`.
pub(crate) fn expand_with(
    text: &str,
    folder: &Path,
    credentials: Credentials<'_>,
) -> Result<String, ExpandError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (reference, after) = after.split_once('}').ok_or(ExpandError::Open)?;
        out.push_str(before);
        out.push_str(&value(reference, folder, credentials)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn value(reference: &str, folder: &Path, credentials: Credentials<'_>) -> Result<String, ExpandError> {
    if let Some(name) = reference.strip_prefix(CREDENTIAL) {
        return credentials(name);
    }
    match reference.strip_prefix("file:") {
        Some(path) => std::fs::read_to_string(folder.join(path))
            .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
            .map_err(|source| ExpandError::NoFile { path: path.to_owned(), source }),
        None => std::env::var(reference).map_err(|_| ExpandError::NoVariable { name: reference.to_owned() }),
    }
}

/// The name in a text that is one reference to a credential and nothing else.
pub(crate) fn credential_name(text: &str) -> Option<&str> {
    let name = text.strip_prefix("${")?.strip_prefix(CREDENTIAL)?.strip_suffix('}')?;
    (!name.contains('}')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_once_and_never_twice() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "a${PATH}b\n").unwrap();
        let home = std::env::var("PATH").unwrap();
        assert_eq!(expand("x ${PATH} y", folder.path()).unwrap(), format!("x {home} y"));
        assert_eq!(expand("${file:secret}", folder.path()).unwrap(), "a${PATH}b");
        assert!(expand("${", folder.path()).is_err());
        assert!(expand("${INTERLOCK_NO_SUCH_NAME}", folder.path()).is_err());
        assert!(expand("${file:none}", folder.path()).is_err());
        assert_eq!(expand("$x {y}", folder.path()).unwrap(), "$x {y}");
        assert!(matches!(expand("${credential:a}", folder.path()), Err(ExpandError::NotHere { .. })));
        let kept = |name: &str| Ok(format!("{name}${{PATH}}"));
        let text = expand_with("Bearer ${credential:a}", folder.path(), &kept).unwrap();
        assert_eq!(text, "Bearer a${PATH}");
    }

    #[test]
    fn a_reference_to_a_credential_stands_alone() {
        assert_eq!(credential_name("${credential:a}"), Some("a"));
        for text in ["credential:a", "${credential:a} ", "${file:a}", "${credential:a}${b}"] {
            assert_eq!(credential_name(text), None, "{text}");
        }
    }
}
