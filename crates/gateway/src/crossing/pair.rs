//! The two bridges, and what a crossing wants to know of either.

use std::time::Duration;

use interlock_wire::bridge::{Action, Bridge, Cancels, LegacyToModern, Limits, ModernToLegacy};
use interlock_wire::{Era, Message, Version};

/// A client and a server of different eras.
#[derive(Debug)]
pub(super) enum Pair {
    ModernToLegacy(Box<ModernToLegacy>),
    LegacyToModern(Box<LegacyToModern>),
}

impl Pair {
    /// A bridge for a client that is modern, or is not, and has `declared` that it can be asked something. Its own
    /// requests count from `first`, where the client is modern.
    pub(super) fn new(modern: bool, limits: &crate::Limits, declared: Option<&str>, first: u64) -> Self {
        let of_bridge = Limits {
            message: limits.message,
            in_flight: limits.in_flight,
            handshake: limits.start,
            held: limits.continuations,
            hold: limits.continuation,
            ..Limits::default()
        };
        if !modern {
            // A cancellation reaches an HTTP transport as a message, and closes the stream there.
            return Self::LegacyToModern(Box::new(LegacyToModern::new(of_bridge, Cancels::ByNotification)));
        }
        let message = of_bridge.message;
        // Whoever gives a state to the client seals it.
        let bridge = ModernToLegacy::new(of_bridge, Box::new(String::new)).counting_from(first);
        let declared = declared.and_then(|text| interlock_json::scan(text, &message).ok());
        let bridge = match &declared {
            Some(declared) => bridge.declaring(declared.root()),
            None => bridge,
        };
        Self::ModernToLegacy(Box::new(bridge))
    }

    pub(super) fn bridge(&mut self) -> &mut dyn Bridge {
        match self {
            Self::ModernToLegacy(bridge) => bridge.as_mut(),
            Self::LegacyToModern(bridge) => bridge.as_mut(),
        }
    }

    /// Nobody will come back with this state.
    pub(super) fn abandon(&mut self, state: &str, now: Duration) -> Vec<Action> {
        match self {
            Self::ModernToLegacy(bridge) => bridge.abandon(state, now),
            Self::LegacyToModern(_) => Vec::new(),
        }
    }

    /// The number of `initialize` and what waits for its answer, where a modern client's server owes it.
    pub(super) fn take_waiting(&mut self) -> Option<(u64, Vec<Message>)> {
        match self {
            Self::ModernToLegacy(bridge) => bridge.take_waiting(),
            Self::LegacyToModern(_) => None,
        }
    }

    /// The era of the server.
    pub(super) fn server_era(&self) -> Era {
        if self.is_modern_client() { Era::Legacy } else { Era::Modern }
    }

    pub(super) fn next_tick(&self) -> Option<Duration> {
        match self {
            Self::ModernToLegacy(bridge) => bridge.next_tick(),
            Self::LegacyToModern(bridge) => bridge.next_tick(),
        }
    }

    /// Whether the server still owes the answer to this request.
    pub(super) fn awaits(&self, request: u64) -> bool {
        match self {
            Self::ModernToLegacy(bridge) => bridge.awaits(request),
            Self::LegacyToModern(bridge) => bridge.awaits(request),
        }
    }

    pub(super) fn is_modern_client(&self) -> bool {
        matches!(self, Self::ModernToLegacy(_))
    }

    /// The version that the server is spoken to in.
    pub(super) fn spoken(&self) -> Version {
        match self {
            Self::ModernToLegacy(bridge) => bridge.negotiated().unwrap_or(Version::V2025_03_26),
            Self::LegacyToModern(_) => Version::LATEST,
        }
    }

    /// The version in which the server may send batches: none before one is agreed on.
    pub(super) fn for_batches(&self) -> Option<Version> {
        match self {
            Self::ModernToLegacy(bridge) => bridge.negotiated(),
            Self::LegacyToModern(_) => None,
        }
    }

    /// Whether client and server have not agreed on a version yet.
    pub(super) fn is_beginning(&self) -> bool {
        match self {
            Self::ModernToLegacy(bridge) => bridge.negotiated().is_none() && !bridge.has_failed(),
            Self::LegacyToModern(bridge) => bridge.negotiated().is_none(),
        }
    }

    /// Whether client and server have agreed on a version.
    pub(super) fn has_begun(&self) -> bool {
        !self.is_beginning() && !self.has_failed()
    }

    /// Whether nothing more will come of it.
    pub(super) fn has_failed(&self) -> bool {
        match self {
            Self::ModernToLegacy(bridge) => bridge.has_failed(),
            Self::LegacyToModern(_) => false,
        }
    }
}
