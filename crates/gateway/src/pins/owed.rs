//! What servers showed otherwise than it was accepted while the store could not be told.
//!
//! It is distrusted at once and written as soon as the store answers, whatever the server shows by then: whoever
//! changes a definition while nothing can be kept is found out all the same.

use std::collections::{HashMap, HashSet};

use foldhash::quality::RandomState;
use interlock_catalog::Fingerprint;
use interlock_store::{DefinitionDigest, Offer, PinsOfServer, StoreError};

use super::{Held, Known, PinnedServer, Pinning, Trust};
use crate::gateway::Gateway;

/// Tools of one server that wait, beside those that were accepted once: as many as a server may have pinned.
const MOST_TOOLS: usize = 20_000;
/// Bytes of definitions that wait for one server. Of those beyond only the fingerprint does.
const MOST_BYTES: usize = 64 << 20;

/// What the store is still to be told of one server.
#[derive(Debug, Default)]
pub(super) struct Owed {
    tools: HashMap<String, Shown, RandomState>,
    bytes: usize,
}

/// What was shown of one tool: of several definitions the first and the last. Two that differ are enough to tell that
/// it was another, whichever of them was accepted.
#[derive(Debug)]
struct Shown {
    first: Offer,
    last: Option<Offer>,
}

impl Shown {
    fn offers(&self) -> impl Iterator<Item = &Offer> {
        std::iter::once(&self.first).chain(&self.last)
    }
}

impl Owed {
    fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    /// Adds what was shown last. A tool that was never accepted is not trusted anyway, so that not all of those have to
    /// be remembered.
    fn add(&mut self, offer: &Offer, is_accepted: bool) {
        let is_there = self.tools.contains_key(&offer.tool);
        if !is_there && !is_accepted && self.tools.len() >= MOST_TOOLS {
            return;
        }
        match self.tools.get_mut(&offer.tool) {
            None => {
                let first = kept(&mut self.bytes, offer);
                self.tools.insert(offer.tool.clone(), Shown { first, last: None });
            }
            Some(shown) if shown.offers().any(|known| known.digest == offer.digest) => {}
            Some(shown) => {
                self.bytes -= shown.last.take().map_or(0, |last| size(&last));
                shown.last = Some(kept(&mut self.bytes, offer));
            }
        }
    }

    /// All of it, by name, and of each tool in the order in which it was shown.
    fn offers(&self) -> Vec<Offer> {
        let mut offers: Vec<Offer> = self.tools.values().flat_map(Shown::offers).cloned().collect();
        offers.sort_by(|one, other| one.tool.cmp(&other.tool));
        offers
    }

    /// The store was told these. A tool that was shown otherwise meanwhile is still owed.
    fn remove(&mut self, told: &HashSet<(String, DefinitionDigest), RandomState>) {
        let is_told = |offer: &Offer| told.contains(&(offer.tool.clone(), offer.digest));
        self.tools.retain(|_, shown| !shown.offers().all(is_told));
        self.bytes = self.tools.values().flat_map(Shown::offers).map(size).sum();
    }

    /// Distrusts what was shown otherwise than it was accepted.
    pub(super) fn applied_to(&self, held: &mut Held) {
        for shown in self.tools.values() {
            for Offer { tool, digest, .. } in shown.offers() {
                if !held.trusts(tool, Fingerprint::from(*digest)) {
                    held.distrust(tool);
                }
            }
        }
    }
}

fn size(offer: &Offer) -> usize {
    offer.definition.as_ref().map_or(0, String::len)
}

/// The offer, with its text where there is room for it.
fn kept(bytes: &mut usize, offer: &Offer) -> Offer {
    let room = MOST_BYTES.saturating_sub(*bytes);
    let definition = offer.definition.as_ref().filter(|text| text.len() <= room).cloned();
    *bytes += definition.as_ref().map_or(0, String::len);
    Offer { definition, ..offer.clone() }
}

impl PinnedServer {
    /// Puts tools in quarantine that were shown otherwise than they were accepted, at once; the store is still to be
    /// told. Where it is not known what was accepted, that is decided when the store is.
    pub(crate) fn distrust(&self, offers: &[Offer]) {
        if offers.is_empty() {
            return;
        }
        let mut writing = self.writing();
        let known = self.known.load_full();
        let held = if let Known::Pins(held) = &*known { Some(held) } else { None };
        for offer in offers {
            let accepted =
                held.map(|held| held.tools.get(&offer.tool).is_some_and(|pin| pin.accepted.is_some()));
            writing.owed.add(offer, accepted.unwrap_or(false));
        }
        if let Some(held) = held {
            let mut held = held.clone();
            writing.owed.applied_to(&mut held);
            self.put(Known::Pins(held));
        }
    }

    /// Whether the store is still to be told anything.
    pub(super) fn owes(&self) -> bool {
        !self.writing().owed.is_empty()
    }

    /// The store has been told, and this is what it has now: both in one step, so that nothing that was read before
    /// makes a tool trusted in between.
    fn settled(&self, told: &HashSet<(String, DefinitionDigest), RandomState>, now: &PinsOfServer) {
        let mut writing = self.writing();
        writing.owed.remove(told);
        self.replace(&mut writing, now);
    }
}

impl Pinning {
    /// Tells the store what it is still to be told of a server, one teller at a time. Whatever it was told is in
    /// quarantine there when this returns.
    ///
    /// # Errors
    /// When the store does not answer. Then it is still to be told, and nothing is trusted.
    pub(super) async fn pay(&self, gateway: &Gateway, server: &PinnedServer) -> Result<(), StoreError> {
        let is_busy = server.telling.available_permits() == 0;
        // It is never closed, so that a turn always comes.
        let _turn = server.telling.acquire().await;
        // Who has waited for one that had no success waits for no second time.
        if let (true, Known::Unreadable(error)) = (is_busy, &**server.known.load()) {
            return Err(error.clone());
        }
        let offers = server.writing().owed.offers();
        if offers.is_empty() {
            return Ok(());
        }
        let told = offers.iter().map(|offer| (offer.tool.clone(), offer.digest)).collect();
        let observed = self.observe(server, offers, false, Trust::Review).await;
        let observed = observed.inspect_err(|error| server.fails(error))?;
        server.settled(&told, &observed.now);
        gateway.took_note(server, &observed.changes);
        Ok(())
    }

    /// Makes what is known of a server what the store has, and has the store know what was seen of it.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(super) async fn catch_up(&self, gateway: &Gateway, server: &PinnedServer) -> Result<(), StoreError> {
        if server.owes() { self.pay(gateway, server).await } else { self.read(gateway, server).await }
    }
}
