//! The digest that names a policy in decisions and records.

use sha2::{Digest, Sha256};

use crate::document::Document;

/// SHA-256 (hexadecimal) of the document's canonical text, in which the order of keys is fixed and blanks, comments and
/// notation are gone.
pub(crate) fn of(document: &Document) -> String {
    hex::encode(Sha256::digest(document.canonical().as_bytes()))
}
