//! What clients call their tasks: the server's own name and the tool that made it, sealed to one grant at one server. It
//! can be neither read nor made by anybody else, and a client that brings it back is known to have been given it, by this
//! process or by one before it with the same data directory.

use std::sync::Arc;

use interlock_audit::DigestKey;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;

/// Whose tasks: those of one grant at one server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Owner {
    pub(crate) grant: Arc<str>,
    pub(crate) server: Arc<str>,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// The tool whose call made the task.
    pub(crate) tool: String,
    /// The server's own name for it.
    pub(crate) own: String,
}

/// Seals and opens names. One task has one name, however often it is sealed: clients compare them.
#[derive(Debug)]
pub(super) struct Names {
    seal: LessSafeKey,
    nonces: hmac::Key,
}

/// Bytes of a server's own name for a task.
const MOST: usize = 1 << 10;

impl Names {
    /// With keys made of this one; `None` where that is no key.
    pub(super) fn new(key: &DigestKey) -> Option<Self> {
        let derived = |purpose: &str| hex::decode(key.digest(purpose)).ok();
        let seal = UnboundKey::new(&CHACHA20_POLY1305, &derived("interlock: the names of tasks, sealed")?);
        let nonces = derived("interlock: the names of tasks, their nonces")?;
        Some(Self { seal: LessSafeKey::new(seal.ok()?), nonces: hmac::Key::new(hmac::HMAC_SHA256, &nonces) })
    }

    /// The name of a task for its owner.
    pub(super) fn seal(&self, owner: &Owner, tool: &str, own: &str) -> Option<String> {
        if own.is_empty() || own.len() > MOST {
            return None;
        }
        let mut sealed = u16::try_from(tool.len()).ok()?.to_le_bytes().to_vec();
        sealed.extend_from_slice(tool.as_bytes());
        sealed.extend_from_slice(own.as_bytes());
        let bound = bound_to(owner);
        // The nonce is made of all that is sealed, so that no two texts share one (RFC 5297, "Nonce-based Authenticated
        // Encryption with SIV", has the same thought).
        let nonce = self.nonce(&bound, &sealed)?;
        let used = Nonce::assume_unique_for_key(nonce);
        self.seal.seal_in_place_append_tag(used, Aad::from(bound), &mut sealed).ok()?;
        Some(format!("{}{}", hex::encode(nonce), hex::encode(sealed)))
    }

    /// What a name stands for, where its owner was given it.
    pub(super) fn open(&self, owner: &Owner, name: &str) -> Option<Named> {
        // Longer than any that was given, or written otherwise: nothing is gained by trying.
        if name.len() > 8 * MOST || name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        let bytes = hex::decode(name).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let opened = self.seal.open_in_place(nonce, Aad::from(bound_to(owner)), &mut sealed).ok()?;
        let (length, rest) = opened.split_first_chunk()?;
        let (tool, own) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
        Some(Named { tool: text(tool)?, own: text(own)? })
    }

    fn nonce(&self, bound: &[u8], sealed: &[u8]) -> Option<[u8; NONCE_LEN]> {
        let mut context = hmac::Context::with_key(&self.nonces);
        context.update(bound);
        context.update(sealed);
        context.sign().as_ref().first_chunk().copied()
    }
}

/// Grant and server with their lengths, so that no two owners are one text.
fn bound_to(owner: &Owner) -> Vec<u8> {
    let mut bound = Vec::with_capacity(16 + owner.grant.len() + owner.server.len());
    for part in [&owner.grant, &owner.server] {
        bound.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bound.extend_from_slice(part.as_bytes());
    }
    bound
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(grant: &str, server: &str) -> Owner {
        Owner { grant: Arc::from(grant), server: Arc::from(server) }
    }

    #[test]
    fn a_name_is_its_owner_s_alone_and_outlives_the_process() {
        let data = tempfile::tempdir().unwrap();
        let names = || Names::new(&DigestKey::open(data.path()).unwrap()).unwrap();
        let alice = owner("alice", "a");
        let name = names().seal(&alice, "research", "786512e2").unwrap();
        assert_eq!(names().seal(&alice, "research", "786512e2"), Some(name.clone()), "always the same");
        let named = Named { tool: "research".to_owned(), own: "786512e2".to_owned() };
        assert_eq!(names().open(&alice, &name), Some(named));
        for other in [owner("bob", "a"), owner("alice", "b"), owner("alic", "ea")] {
            assert_eq!(names().open(&other, &name), None, "{other:?}");
        }
        let elsewhere = tempfile::tempdir().unwrap();
        let other = Names::new(&DigestKey::open(elsewhere.path()).unwrap()).unwrap();
        assert_eq!(other.open(&alice, &name), None);
        assert!(!name.contains("786512e2"));
    }

    #[test]
    fn no_letter_of_it_can_be_another() {
        let data = tempfile::tempdir().unwrap();
        let names = Names::new(&DigestKey::open(data.path()).unwrap()).unwrap();
        let owner = owner("g", "s");
        let name = names.seal(&owner, "t", "x").unwrap();
        for at in 0..name.len() {
            let mut changed = name.clone().into_bytes();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(names.open(&owner, std::str::from_utf8(&changed).unwrap()), None, "{at}");
            assert_eq!(names.open(&owner, &name[..at]), None, "{at}");
        }
        for text in ["", "x", "zz", "é", &name.to_uppercase(), &format!("{name}00")] {
            assert_eq!(names.open(&owner, text), None, "{text}");
        }
        assert_eq!(names.seal(&owner, "t", ""), None);
        assert_eq!(names.seal(&owner, "t", &"x".repeat(MOST + 1)), None);
    }
}
