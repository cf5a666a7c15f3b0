//! `${NAME}` reads the environment and `${file:path}` a file.

use std::path::Path;

/// Why a reference cannot be read. The value never appears in an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExpandError {
    #[error("the environment has no `{name}`")]
    NoVariable { name: String },
    #[error("the file `{path}` cannot be read: {source}")]
    NoFile { path: String, source: std::io::Error },
    #[error("a `${{` has no `}}`")]
    Open,
}

/// Replaces every reference in `text`; paths of files start from `folder`.
pub(crate) fn expand(text: &str, folder: &Path) -> Result<String, ExpandError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (reference, after) = after.split_once('}').ok_or(ExpandError::Open)?;
        out.push_str(before);
        out.push_str(&value(reference, folder)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn value(reference: &str, folder: &Path) -> Result<String, ExpandError> {
    match reference.strip_prefix("file:") {
        Some(path) => std::fs::read_to_string(folder.join(path))
            .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
            .map_err(|source| ExpandError::NoFile { path: path.to_owned(), source }),
        None => std::env::var(reference).map_err(|_| ExpandError::NoVariable { name: reference.to_owned() }),
    }
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
    }
}
