//! What a client is given to bring back (2026-07-28, `requestState`): sealed, so that it can be neither read nor made,
//! and bound to who got it, for which call, and on which connection. It is of use once, and not for ever.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// Seals and opens with a key that ends with the process, as what is waiting does.
#[derive(Debug)]
pub(crate) struct Sealer {
    key: LessSafeKey,
    /// Tells this key from those of other processes.
    name: [u8; NAME],
    /// Counts what was sealed: no nonce is used twice.
    next: AtomicU64,
}

/// What the sealed text says, beside what it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    /// The connection on which it was given.
    pub(crate) connection: u64,
    /// Its number there.
    pub(crate) number: u64,
    /// When it is of no use any more, in milliseconds since 1970.
    pub(crate) until_ms: u64,
    /// The server's own state.
    pub(crate) state: String,
}

/// Why a state is not taken. What is said helps who got it, and nobody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotOpened {
    /// Nothing that was sealed here looks so.
    #[error("`requestState` is not one that was given here")]
    Unknown,
    /// It was sealed under another key.
    #[error(
        "`requestState` is from before this gateway was started, or from another: what waited for it is lost; \
         make the call again without it"
    )]
    OtherProcess,
    /// It was changed, or is somebody else's, or another call's.
    #[error("`requestState` was not given to this caller for this very call")]
    OtherCall,
    /// Its connection has ended, or the retry came on another.
    #[error(
        "`requestState` was given on another connection, whose server waited for it: what waited is lost; \
         make the call again without it"
    )]
    OtherConnection,
    /// It was taken before, or so many were given since that it was forgotten.
    #[error("`requestState` was used before, or too many others were given since")]
    Used,
    /// It came too late.
    #[error("`requestState` is too old; make the call again without it")]
    Expired,
}

/// The states that one connection has given and not got back.
#[derive(Debug)]
pub(crate) struct Given {
    connection: u64,
    next: u64,
    /// When each ends, by its number.
    waiting: BTreeMap<u64, u64>,
}

const NAME: usize = 8;
/// Connection, number and time in front of the state.
const HEAD: usize = 24;

impl Sealer {
    /// With a key of its own; `None` where the system has no randomness to give.
    pub(crate) fn new() -> Option<Self> {
        let (mut secret, mut name) = ([0; 32], [0; NAME]);
        getrandom::fill(&mut secret).ok()?;
        getrandom::fill(&mut name).ok()?;
        let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &secret).ok()?);
        Some(Self { key, name, next: AtomicU64::new(0) })
    }

    /// Seals `content` for whoever can name what it is bound to.
    pub(crate) fn seal(&self, bound: &[u8; 32], content: &Content) -> Option<String> {
        let mut nonce = [0; NONCE_LEN];
        let count = self.next.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        nonce.iter_mut().zip(count).for_each(|(byte, count)| *byte = count);
        let mut sealed = Vec::with_capacity(HEAD + content.state.len() + CHACHA20_POLY1305.tag_len());
        for number in [content.connection, content.number, content.until_ms] {
            sealed.extend_from_slice(&number.to_le_bytes());
        }
        sealed.extend_from_slice(content.state.as_bytes());
        let used = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(used, Aad::from(bound), &mut sealed).ok()?;
        Some(format!("{}{}{}", hex::encode(self.name), hex::encode(nonce), hex::encode(sealed)))
    }

    /// Opens what was sealed for the same.
    ///
    /// # Errors
    /// [`NotOpened`] where it was not.
    pub(crate) fn open(&self, bound: &[u8; 32], text: &str) -> Result<Content, NotOpened> {
        let bytes = hex::decode(text).map_err(|_| NotOpened::Unknown)?;
        let (name, rest) = bytes.split_at_checked(NAME).ok_or(NotOpened::Unknown)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN).ok_or(NotOpened::Unknown)?;
        if name != self.name {
            return Err(NotOpened::OtherProcess);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| NotOpened::Unknown)?;
        let mut sealed = sealed.to_vec();
        let opened =
            self.key.open_in_place(nonce, Aad::from(bound), &mut sealed).map_err(|_| NotOpened::OtherCall)?;
        read(opened).ok_or(NotOpened::Unknown)
    }
}

fn read(opened: &[u8]) -> Option<Content> {
    let (connection, rest) = opened.split_first_chunk()?;
    let (number, rest) = rest.split_first_chunk()?;
    let (until_ms, state) = rest.split_first_chunk()?;
    Some(Content {
        connection: u64::from_le_bytes(*connection),
        number: u64::from_le_bytes(*number),
        until_ms: u64::from_le_bytes(*until_ms),
        state: std::str::from_utf8(state).ok()?.to_owned(),
    })
}

impl Given {
    /// Of the connection with this number, which no other of the process has.
    pub(crate) fn new(connection: u64) -> Self {
        Self { connection, next: 1, waiting: BTreeMap::new() }
    }

    /// Notes that a state is given. Of more than `most` the oldest is forgotten.
    pub(crate) fn give(&mut self, state: &str, until_ms: u64, most: usize) -> Content {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.waiting.insert(number, until_ms);
        while self.waiting.len() > most {
            self.waiting.pop_first();
        }
        Content { connection: self.connection, number, until_ms, state: state.to_owned() }
    }

    /// Takes a state back, once.
    ///
    /// # Errors
    /// [`NotOpened`] where it is of no use here any more.
    pub(crate) fn take(&mut self, content: Content, now_ms: u64) -> Result<String, NotOpened> {
        if content.connection != self.connection {
            return Err(NotOpened::OtherConnection);
        }
        match self.waiting.remove(&content.number) {
            None => Err(NotOpened::Used),
            Some(until_ms) if until_ms <= now_ms || content.until_ms <= now_ms => Err(NotOpened::Expired),
            Some(_) => Ok(content.state),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(state: &str) -> Content {
        Content { connection: 1, number: 2, until_ms: 3, state: state.to_owned() }
    }

    #[test]
    fn what_was_sealed_is_opened_by_whoever_can_name_what_it_is_bound_to() {
        let sealer = Sealer::new().unwrap();
        for state in ["", "a state", "\u{0}ü\""] {
            let sealed = sealer.seal(&[7; 32], &content(state)).unwrap();
            assert_eq!(sealer.open(&[7; 32], &sealed), Ok(content(state)));
            assert_eq!(sealer.open(&[8; 32], &sealed), Err(NotOpened::OtherCall));
        }
        let twice = [0, 1].map(|_| sealer.seal(&[7; 32], &content("s")).unwrap());
        assert_ne!(twice[0], twice[1], "no two are alike");
    }

    #[test]
    fn no_byte_of_it_can_be_another() {
        let sealer = Sealer::new().unwrap();
        let sealed = sealer.seal(&[7; 32], &content("state")).unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(sealer.open(&[7; 32], &changed).is_err(), "{at}");
            assert!(sealer.open(&[7; 32], &sealed[..at]).is_err(), "{at}");
        }
        let other = Sealer::new().unwrap();
        assert_eq!(other.open(&[7; 32], &sealed), Err(NotOpened::OtherProcess));
        for text in ["", "state", "zz", "é"] {
            assert_eq!(sealer.open(&[7; 32], text), Err(NotOpened::Unknown), "{text}");
        }
    }

    #[test]
    fn a_state_is_taken_once_in_time_and_where_it_was_given() {
        let mut given = Given::new(5);
        let first = given.give("a", 100, 2);
        let mut elsewhere = Given::new(6);
        assert_eq!(elsewhere.take(first.clone(), 0), Err(NotOpened::OtherConnection));
        assert_eq!(given.take(first.clone(), 99), Ok("a".to_owned()));
        assert_eq!(given.take(first, 99), Err(NotOpened::Used));
        let late = given.give("b", 100, 2);
        assert_eq!(given.take(late, 100), Err(NotOpened::Expired));
        let forgotten = given.give("c", 100, 2);
        given.give("d", 100, 2);
        given.give("e", 100, 2);
        assert_eq!(given.take(forgotten, 0), Err(NotOpened::Used), "bounded");
    }
}
