//! The access token that a server is shown (OAuth 2.1, as a client): had by client credentials or by a refresh token, kept
//! in memory, renewed before it ends and when the server refuses it. However many calls want one, one renewal is under
//! way at a time, and it goes on when the call that began it is given up: a refresh token may be of use only once.

mod discovery;
mod exchange;
mod settings;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::{HeaderMap, Uri};
use tokio::sync::watch;

use crate::credentials::{Secret, Vault, VaultError};
use discovery::Found;
use exchange::{Answered, Grant};
pub use settings::{ClientAuthentication, OAuthError, OAuthSettings, TokenSource};

/// A server's access token, whoever asks for it.
pub struct OAuth {
    settings: OAuthSettings,
    /// The server's address.
    server: Uri,
    /// Where the refresh token is kept.
    vault: Option<Vault>,
    state: Mutex<State>,
    found: Mutex<Option<Arc<Found>>>,
}

#[derive(Default)]
struct State {
    token: Option<Arc<AccessToken>>,
    /// Numbers the tokens.
    count: u64,
    /// What went wrong last, and when.
    failed: Option<(Instant, TokenError)>,
    /// What the renewal under way will come to.
    renewing: Option<Renewal>,
    /// A refresh token that could not be written back, in the place of this one.
    unwritten: Option<(Secret, Secret)>,
}

type Renewal = watch::Receiver<Option<Result<Arc<AccessToken>, TokenError>>>;

/// A token that servers take.
pub(super) struct AccessToken {
    header: HeaderValue,
    number: u64,
    /// When another is asked for, and when it is of no use any more.
    ends: Option<(Instant, Instant)>,
    made: Instant,
    /// The one before was refused by the server.
    after_refusal: bool,
}

/// Why there is no token. Nothing in it is a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("the server's authorization server cannot be found out: {0}")]
    Discovery(String),
    #[error(
        "the server names the authorization server `{0}`, which is at another place than itself; if that is right, write `issuer: {0}`"
    )]
    OtherAuthority(String),
    #[error("the authorization server `{host}` {problem}")]
    Unanswered { host: String, problem: String },
    #[error("the authorization server `{host}` refuses: `{code}`")]
    Refused { host: String, code: String },
    #[error("the authorization server's answer cannot be used: {0}")]
    Answer(&'static str),
    #[error("{0}")]
    Kept(String),
    #[error("its renewal was cut off")]
    CutOff,
}

/// How long what went wrong is the answer to all who ask.
const FAILED_FOR: Duration = Duration::from_secs(2);
/// A token is renewed so long before it ends, or after three quarters of its time.
const EARLY: Duration = Duration::from_secs(60);
/// A server that refuses a token so soon after it refused the one before is not helped by another.
const REFUSED_AGAIN: Duration = Duration::from_secs(10);

impl OAuth {
    /// For the server at this address; a refresh token is kept in `vault`.
    ///
    /// # Errors
    /// [`OAuthError`] for settings that cannot be used.
    pub fn new(settings: OAuthSettings, server: &str, vault: Option<Vault>) -> Result<Self, OAuthError> {
        settings.check(vault.is_some())?;
        let server: Uri = server.parse().map_err(|_| OAuthError::Server)?;
        let is_here = matches!(server.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if server.scheme_str() != Some("https") && !is_here {
            return Err(OAuthError::Server);
        }
        Ok(Self { settings, server, vault, state: Mutex::default(), found: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token that is good as far as is known.
    pub(super) async fn token(self: &Arc<Self>) -> Result<Arc<AccessToken>, TokenError> {
        let renewal = {
            let mut state = self.state();
            let now = Instant::now();
            let failed = state.failed.clone().filter(|(when, _)| now.duration_since(*when) < FAILED_FOR);
            if let Some(token) = state.token.clone().filter(|token| !token.has_ended(now)) {
                if token.is_due(now) && failed.is_none() {
                    drop(self.renewal(&mut state, false));
                }
                return Ok(token);
            }
            if let Some((_, error)) = failed {
                return Err(error);
            }
            self.renewal(&mut state, false)
        };
        outcome(renewal).await
    }

    /// Another token than this one, which the server has refused; `None` where another would not help.
    pub(super) async fn other_than(
        self: &Arc<Self>,
        refused: &AccessToken,
    ) -> Option<Result<Arc<AccessToken>, TokenError>> {
        let renewal = {
            let mut state = self.state();
            match state.token.clone() {
                Some(token) if token.number != refused.number => return Some(Ok(token)),
                _ if refused.after_refusal && refused.made.elapsed() < REFUSED_AGAIN => return None,
                _ => {}
            }
            state.token = None;
            self.renewal(&mut state, true)
        };
        Some(outcome(renewal).await)
    }

    /// The renewal that is under way, or one that begins now.
    fn renewal(self: &Arc<Self>, state: &mut State, after_refusal: bool) -> Renewal {
        // One whose task is gone has no sender left.
        if let Some(under_way) = state.renewing.as_ref().filter(|renewal| renewal.has_changed().is_ok()) {
            return under_way.clone();
        }
        let (done, renewal) = watch::channel(None);
        state.renewing = Some(renewal.clone());
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let renewed = this.renew().await;
            let mut state = this.state();
            let outcome = match renewed {
                Ok(answered) => {
                    state.count += 1;
                    let token = Arc::new(AccessToken::new(&answered, state.count, after_refusal));
                    (state.token, state.failed) = (Some(Arc::clone(&token)), None);
                    Ok(token)
                }
                Err(error) => {
                    let server = &this.settings.name;
                    tracing::warn!("there is no access token for the server `{server}`: {error}");
                    state.failed = Some((Instant::now(), error.clone()));
                    Err(error)
                }
            };
            state.renewing = None;
            drop(state);
            done.send_replace(Some(outcome));
        });
        renewal
    }

    async fn renew(&self) -> Result<Answered, TokenError> {
        let found = self.find().await?;
        let renewed = match &self.settings.refresh_token {
            None => self.exchange(&found, &Grant::ClientCredentials).await,
            Some(name) => self.refresh(&found, name).await,
        };
        if matches!(renewed, Err(TokenError::Unanswered { .. } | TokenError::Answer(_))) {
            // It may be at another place by now.
            *self.found.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        renewed
    }

    async fn find(&self) -> Result<Arc<Found>, TokenError> {
        let known = self.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known {
            return Ok(known);
        }
        let found = Arc::new(discovery::find(&self.settings, &self.server).await?);
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&found));
        Ok(found)
    }

    async fn exchange(&self, found: &Found, grant: &Grant<'_>) -> Result<Answered, TokenError> {
        exchange::exchange(&self.settings, found, grant).await
    }

    /// Shows the refresh token that is kept, and keeps the one that comes in its place.
    async fn refresh(&self, found: &Found, name: &str) -> Result<Answered, TokenError> {
        let vault = self.vault.as_ref().ok_or(TokenError::CutOff)?;
        let read = || vault.read(&self.settings.name, name);
        let (mut kept, mut entry) = read().await.map_err(|error| kept_problem(&error))?;
        let newer =
            self.state().unwritten.clone().filter(|(before, _)| *before == kept).map(|(_, newer)| newer);
        let mut shown = newer.unwrap_or_else(|| kept.clone());
        let mut answered = self.exchange(found, &Grant::Refresh(&shown)).await;
        if matches!(&answered, Err(TokenError::Refused { code, .. }) if code == "invalid_grant") {
            // Another process may have used it, and kept what came in its place.
            let (now, now_entry) = read().await.map_err(|error| kept_problem(&error))?;
            if now != kept {
                (shown, kept, entry) = (now.clone(), now, now_entry);
                answered = self.exchange(found, &Grant::Refresh(&shown)).await;
            }
        }
        let answered = answered?;
        let newest = answered.refresh_token.clone().unwrap_or(shown);
        if newest == kept {
            return Ok(answered);
        }
        let unwritten = match vault.replace(&entry, &newest).await {
            Ok(()) => None,
            Err(error) => {
                let server = &self.settings.name;
                tracing::error!(
                    "the new refresh token of the server `{server}` is known in memory alone, and lost with it: {error}"
                );
                Some((kept, newest))
            }
        };
        self.state().unwritten = unwritten;
        Ok(answered)
    }
}

async fn outcome(mut renewal: Renewal) -> Result<Arc<AccessToken>, TokenError> {
    match renewal.wait_for(Option::is_some).await {
        Ok(outcome) => outcome.clone().unwrap_or(Err(TokenError::CutOff)),
        Err(_) => Err(TokenError::CutOff),
    }
}

fn kept_problem(error: &VaultError) -> TokenError {
    TokenError::Kept(error.to_string())
}

impl AccessToken {
    fn new(answered: &Answered, number: u64, after_refusal: bool) -> Self {
        let made = Instant::now();
        let ends = answered.expires.map(|lasts| {
            let early = EARLY.min(lasts / 4);
            (made + (lasts - early), made + lasts)
        });
        Self { header: answered.header.clone(), number, ends, made, after_refusal }
    }

    fn is_due(&self, now: Instant) -> bool {
        self.ends.is_some_and(|(due, _)| now >= due)
    }

    fn has_ended(&self, now: Instant) -> bool {
        self.ends.is_some_and(|(_, end)| now >= end)
    }

    /// Puts it into a request.
    pub(super) fn carry(&self, headers: &mut HeaderMap) {
        headers.insert(AUTHORIZATION, self.header.clone());
    }
}

/// Whether they come to the same tokens.
impl PartialEq for OAuth {
    fn eq(&self, other: &Self) -> bool {
        self.settings == other.settings && self.server == other.server && self.vault == other.vault
    }
}

impl Eq for OAuth {}

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth").field("settings", &self.settings).finish_non_exhaustive()
    }
}
