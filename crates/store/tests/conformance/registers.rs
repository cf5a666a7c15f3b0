//! The registers beside the counters: tokens of callers and of operators, servers, and their sealed credentials.

use interlock_store::{
    Announcements, Approvals, CredentialEntry, Credentials, Embedded, Options, Pins as _, Resealed, Revoked,
    ServerEntry, Servers, Target, TokenEntry, Tokens, Which,
};

fn token(id: &str, holder: &str) -> TokenEntry {
    TokenEntry {
        id: id.to_owned(),
        grant: holder.to_owned(),
        digest: format!("digest of {id}"),
        created_ms: 1,
        expires_ms: None,
        revoked_ms: None,
    }
}

#[tokio::test]
async fn one_kind_of_token_is_never_found_among_the_other() {
    let directory = tempfile::tempdir().unwrap();
    let store = Embedded::open(directory.path(), Options::default()).unwrap();
    let operators = store.admin_tokens();
    Tokens::add(&store, token("a", "same"), None).await.unwrap();
    operators.add(token("b", "same"), None).await.unwrap();
    assert_eq!(Tokens::tokens(&store).await.unwrap(), [token("a", "same")]);
    assert_eq!(operators.tokens().await.unwrap(), [token("b", "same")]);
    assert_eq!(operators.revoke(Revoked::Grant("same".to_owned()), 2).await.unwrap(), 1);
    assert_eq!(Tokens::tokens(&store).await.unwrap(), [token("a", "same")], "it is another's");
    assert_eq!(operators.revoke(Revoked::Token("a".to_owned()), 2).await.unwrap(), 0);
}

#[tokio::test]
async fn a_server_is_registered_once_and_until_it_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let store = Embedded::open(directory.path(), Options::default()).unwrap();
    let entry = |name: &str, definition: &str| ServerEntry {
        name: name.to_owned(),
        definition: definition.to_owned(),
        added_ms: 1,
    };
    assert!(store.add_server(entry("b", "{}")).await.unwrap());
    assert!(store.add_server(entry("a", "{}")).await.unwrap());
    assert!(!store.add_server(entry("a", "other")).await.unwrap(), "the first one stays");
    let other = Embedded::open(directory.path(), Options::default()).unwrap();
    assert_eq!(other.servers().await.unwrap(), [entry("a", "{}"), entry("b", "{}")]);
    assert!(other.remove_server("a").await.unwrap());
    assert!(!other.remove_server("a").await.unwrap());
    assert_eq!(store.servers().await.unwrap(), [entry("b", "{}")], "other processes know");
}

#[tokio::test]
async fn a_credential_is_replaced_only_by_whoever_read_it_last() {
    let directory = tempfile::tempdir().unwrap();
    let store = Embedded::open(directory.path(), Options::default()).unwrap();
    let entry = |server: &str, name: &str, sealed: &str| CredentialEntry {
        server: server.to_owned(),
        name: name.to_owned(),
        key_id: "key".to_owned(),
        sealed: sealed.as_bytes().to_vec(),
        written_ms: 1,
    };
    store.keep_credential(entry("b", "token", "first")).await.unwrap();
    store.keep_credential(entry("a", "token", "other")).await.unwrap();
    let other = Embedded::open(directory.path(), Options::default()).unwrap();
    let resealed = |before: &str, now: &str| Resealed {
        before: before.as_bytes().to_vec(),
        entry: entry("b", "token", now),
    };
    assert_eq!(other.reseal(vec![resealed("first", "second")]).await.unwrap(), 1);
    assert_eq!(store.reseal(vec![resealed("first", "third")]).await.unwrap(), 0, "it is another by now");
    let kept = [entry("a", "token", "other"), entry("b", "token", "second")];
    assert_eq!(store.credentials().await.unwrap(), kept);
    assert!(store.forget_credential("b", "token").await.unwrap());
    assert!(!store.forget_credential("b", "token").await.unwrap());
    assert_eq!(other.credentials().await.unwrap(), [entry("a", "token", "other")]);
}

/// What was kept by the layouts before stays, and has the registers that came later.
#[tokio::test]
async fn a_ledger_of_an_earlier_layout_gets_what_it_lacks() {
    // Each lacks what the later ones lack, too.
    let mut lacks = String::new();
    for (layout, since) in [
        (9, "DROP TABLE pins; DROP TABLE pinned_servers; DROP TABLE pin_changes;"),
        (
            8,
            "DROP INDEX approvals_open; DROP INDEX approvals_of_instance; ALTER TABLE approvals DROP COLUMN judged_by;",
        ),
        (
            7,
            "DROP TABLE announcements; DROP TABLE announcements_lost; ALTER TABLE approvals DROP COLUMN announce_to;",
        ),
        (6, "DROP TABLE opinions; DROP TABLE approvals; DROP TABLE approval_changes;"),
        (5, "DROP TABLE credentials;"),
        (4, "DROP TABLE admin_tokens; DROP TABLE servers;"),
        (3, "DROP TABLE tokens;"),
    ] {
        lacks.push_str(since);
        let directory = tempfile::tempdir().unwrap();
        drop(Embedded::open(directory.path(), Options::default()).unwrap());
        let connection = rusqlite::Connection::open(directory.path().join("ledger.db")).unwrap();
        connection.execute_batch(&lacks).unwrap();
        connection.pragma_update(None, "user_version", layout).unwrap();
        drop(connection);
        let store = Embedded::open(directory.path(), Options::default()).unwrap();
        assert_eq!(store.servers().await.unwrap(), []);
        assert_eq!(Tokens::tokens(&store).await.unwrap(), []);
        assert_eq!(store.admin_tokens().tokens().await.unwrap(), []);
        assert_eq!(store.credentials().await.unwrap(), []);
        assert_eq!(store.approvals(Which::default(), 9).await.unwrap(), []);
        assert_eq!(store.pins(None).await.unwrap(), []);
        assert!(!store.is_due(vec![Target([0; 32])]).await.unwrap());
    }
}
