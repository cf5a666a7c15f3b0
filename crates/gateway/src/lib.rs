//! The steps of a call, transports, sessions, definitions and hot reload.
//!
//! A call walks once, forwards, through modules that carry the steps' names: `admit`, `identify`, `route`,
//! `judge`, `reserve`, `record`, `forward`, `settle`, `answer`. `call` leads it from judging to its ticket,
//! `relay` carries everything between one client and one server.

mod access;
pub mod admin;
mod admit;
mod answer;
pub mod approvals;
mod batch;
mod call;
mod capabilities;
mod combined;
mod condition;
mod connection;
mod continuation;
mod credentials;
mod crossing;
mod definitions;
mod denial;
mod errand;
mod fault;
mod flag;
mod forward;
mod front;
mod gateway;
pub mod identify;
mod introduction;
mod judge;
mod known_tokens;
mod last_words;
mod limits;
mod listing;
mod lists;
mod mailbox;
mod metered;
pub mod metrics;
mod outbox;
mod parts;
mod pending;
mod pins;
mod record;
mod registration;
mod registry;
pub mod rehearse;
mod relay;
pub mod reload;
mod reserve;
mod route;
mod run;
mod sealed;
pub mod serve;
mod server_log;
mod session;
mod settle;
mod snapshot;
mod streams;
mod tasks;
mod token;
mod traces;
pub mod transport;
mod upstream;
mod way;

pub use access::{Access, Reached};
pub use answer::duration;
pub use approvals::{
    Account, DecisionLink, Definition, Details, NotALink, TakingOver, Webhook, WebhookError,
};
pub use combined::not_joinable;
pub use credentials::{CredentialError, CredentialKeys, MOST_CREDENTIAL, NotAKey, SealError, Secret, Vault};
pub use definitions::DefinitionsError;
pub use front::Front;
pub use gateway::{Gateway, OnFailure, Options, PolicyFile};
pub use identify::{
    Auth, CertificateRule, ClientInfo, Identity, Issuer, IssuerSettings, JwtRule, KeySource, NotTaken,
    Resource, SigningAlgorithm,
};
pub use interlock_json::is_deceptive;
pub use interlock_wire::Era;
pub use known_tokens::KnownTokens;
pub use limits::Limits;
pub use listing::{Listing, ListingError, Progress, list_tools, list_tools_through};
pub use pins::{ChangeKind, Differs, PinState, Quarantined, Trust, Unreadable};
pub use registration::{Authorization, DeclaredEra, DeclaredTransport, Registration, RegistrationError};
pub use registry::{Grant, Registry};
pub use run::{Ended, RunError, Wrapped, run};
pub use snapshot::Snapshot;
pub use token::Token;
pub use traces::TraceOptions;
pub use upstream::{OpenError, Server};
