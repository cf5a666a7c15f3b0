//! Who has logged in. Sessions are in memory alone: they end with the process, and with the token that began them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use interlock_gateway::admin::LoggedIn;
use subtle::ConstantTimeEq as _;

/// Sessions at the same time; of more, the one that was used longest ago ends.
const MOST: usize = 256;
/// How long one lasts that nobody uses.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// How long one lasts.
pub(crate) const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);
/// Random bytes of its name, and of what its forms carry.
const RANDOM: usize = 32;

/// What a session begins with, and ends with.
pub(crate) trait Login {
    /// Who it is.
    fn operator(&self) -> &str;
    /// Whether it still holds.
    fn is_valid(&self) -> bool;
}

impl Login for LoggedIn {
    fn operator(&self) -> &str {
        self.operator()
    }

    fn is_valid(&self) -> bool {
        self.is_valid()
    }
}

/// All sessions.
#[derive(Debug)]
pub(crate) struct Sessions<L = LoggedIn>(Mutex<HashMap<String, Session<L>>>);

impl<L> Default for Sessions<L> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

#[derive(Debug)]
struct Session<L> {
    login: L,
    form: String,
    begun: Instant,
    used: Instant,
}

/// A session as a request finds it.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    /// Who it is.
    pub(crate) operator: String,
    /// What the forms of its pages carry, and no other page knows.
    pub(crate) form: String,
}

impl Visit {
    /// Whether a form is from one of its pages.
    pub(crate) fn sent(&self, form: &str) -> bool {
        self.form.as_bytes().ct_eq(form.as_bytes()).into()
    }
}

impl<L: Login> Session<L> {
    fn is_over(&self, now: Instant) -> bool {
        let [begun, used] = [self.begun, self.used].map(|then| now.saturating_duration_since(then));
        begun >= LONGEST || used >= IDLE || !self.login.is_valid()
    }
}

impl<L: Login> Sessions<L> {
    /// Begins one, and gives its name; none where the system has no randomness to give.
    pub(crate) fn begin(&self, login: L, now: Instant) -> Option<String> {
        let [name, form] = [random()?, random()?];
        let mut sessions = self.sessions();
        sessions.retain(|_, session| !session.is_over(now));
        if sessions.len() >= MOST {
            let longest =
                sessions.iter().min_by_key(|(_, session)| session.used).map(|(name, _)| name.clone());
            longest.and_then(|longest| sessions.remove(&longest));
        }
        sessions.insert(name.clone(), Session { login, form, begun: now, used: now });
        Some(name)
    }

    /// The session of this name, while it lasts. Pages that fetch themselves anew do not make it last longer.
    pub(crate) fn visit(&self, name: &str, is_use: bool, now: Instant) -> Option<Visit> {
        let mut sessions = self.sessions();
        let session = sessions.get_mut(name)?;
        if session.is_over(now) {
            sessions.remove(name);
            return None;
        }
        if is_use {
            session.used = now;
        }
        Some(Visit { operator: session.login.operator().to_owned(), form: session.form.clone() })
    }

    /// Ends it.
    pub(crate) fn end(&self, name: &str) {
        self.sessions().remove(name);
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Session<L>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn random() -> Option<String> {
    let mut random = [0; RANDOM];
    getrandom::fill(&mut random).ok()?;
    Some(hex::encode(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ada;

    impl Login for Ada {
        fn operator(&self) -> &str {
            "ada"
        }

        fn is_valid(&self) -> bool {
            true
        }
    }

    fn minutes(count: u64) -> Duration {
        Duration::from_secs(60 * count)
    }

    #[test]
    fn a_session_ends_when_nobody_uses_it_and_after_half_a_day() {
        let (sessions, start) = (Sessions::<Ada>::default(), Instant::now());
        let begin = || sessions.begin(Ada, start).unwrap();
        let (idle, used) = (begin(), begin());
        assert_eq!(idle.len(), 64);
        assert_ne!(idle, used);
        for minute in (0..12 * 60).step_by(20) {
            let now = start + minutes(minute);
            assert!(
                sessions.visit(&used, true, now).is_some_and(|visit| visit.operator == "ada"),
                "{minute}"
            );
            assert_eq!(sessions.visit(&idle, false, now).is_some(), minute < 30, "{minute}");
        }
        assert!(sessions.visit(&used, true, start + minutes(12 * 60)).is_none());
        assert!(sessions.visit("", true, start).is_none());
    }

    #[test]
    fn forms_are_known_by_what_they_carry_and_a_session_that_ended_has_none() {
        let (sessions, now) = (Sessions::<Ada>::default(), Instant::now());
        let [one, other] = [(); 2].map(|()| sessions.begin(Ada, now).unwrap());
        let [mine, theirs] = [&one, &other].map(|name| sessions.visit(name, true, now).unwrap());
        assert!(mine.sent(&mine.form));
        for form in ["", &theirs.form, &mine.form[1..], &one] {
            assert!(!mine.sent(form), "{form}");
        }
        sessions.end(&one);
        assert!(sessions.visit(&one, true, now).is_none());
        assert!(sessions.visit(&other, true, now).is_some());
    }

    #[test]
    fn of_too_many_the_one_that_was_used_longest_ago_ends() {
        let (sessions, start) = (Sessions::<Ada>::default(), Instant::now());
        let begin = |second| sessions.begin(Ada, start + Duration::from_secs(second)).unwrap();
        let names: Vec<String> = (0..MOST as u64 + 1).map(begin).collect();
        let now = start + minutes(10);
        assert!(sessions.visit(&names[0], true, now).is_none());
        assert!(names[1..].iter().all(|name| sessions.visit(name, true, now).is_some()));
    }
}
