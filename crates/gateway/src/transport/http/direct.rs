//! Calls that go to the server at once, past the queue of what is said to it.

use std::sync::{Arc, Weak};

use interlock_wire::{Message, Version};

use super::flight::{Flight, Flying};
use super::upstream::HttpLink;
use crate::crossing::Crossing;

/// A message on its way.
#[derive(Clone)]
pub(super) struct Posted {
    pub(super) message: Arc<Message>,
    /// How it is sent, where that is under another identifier than its own.
    pub(super) line: Option<String>,
    /// Who learns when it is on its way.
    pub(super) flight: Option<Arc<Flight>>,
}

/// The way of calls that need not wait for anything else that is said to the server.
#[derive(Debug)]
pub(crate) struct Direct {
    link: Weak<HttpLink>,
    crossing: Weak<Crossing>,
}

/// That way, where it is open.
pub(crate) struct Way {
    link: Arc<HttpLink>,
    crossing: Arc<Crossing>,
    version: Version,
}

impl Direct {
    pub(crate) fn new(link: &Arc<HttpLink>, crossing: &Arc<Crossing>) -> Self {
        Self { link: Arc::downgrade(link), crossing: Arc::downgrade(crossing) }
    }

    /// The way, once messages pass as they are and the server has been told whatever comes before the first call.
    pub(crate) fn open(&self) -> Option<Way> {
        let (link, crossing) = (self.link.upgrade()?, self.crossing.upgrade()?);
        let version = crossing.spoken();
        let is_open = crossing.passes() && link.is_ready(version);
        is_open.then_some(Way { link, crossing, version })
    }
}

/// A call that is about to go that way, and can be given up from here on.
pub(crate) struct Begun {
    way: Way,
    flying: Flying,
}

impl Way {
    /// Begins a call under this number.
    pub(crate) fn begin(self, number: u64) -> Begun {
        let flying = self.link.begin(number);
        Begun { way: self, flying }
    }
}

impl Begun {
    /// Asks the server what `line` says, which is `message` under that number, and takes in what it says.
    pub(crate) async fn ask(self, message: Arc<Message>, line: String) {
        let posted = Posted { message, line: Some(line), flight: None };
        let Way { link, crossing, version } = self.way;
        link.exchange(&crossing, self.flying, posted, version).await;
    }
}
