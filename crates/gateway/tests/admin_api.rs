//! `docs/admin-api.json` is the document that the types say. `INTERLOCK_WRITE_DOCS=1 cargo nextest run --workspace -E
//! 'binary(admin_api)'` writes it.

use std::path::Path;

#[test]
fn the_document_of_the_admin_api_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/admin-api.json");
    let document = interlock_gateway::admin::openapi();
    if std::env::var_os("INTERLOCK_WRITE_DOCS").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == document, "docs/admin-api.json is stale; this file says how to write it");
}
