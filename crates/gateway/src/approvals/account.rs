//! Who decides about calls. Grants never do: whoever asks has no account here, but for whoever sits at a client where all
//! policies say that they may.

use std::fmt;

use interlock_store::Question;

/// An account that decides. No account of one kind can be taken for one of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// A user of the operating system.
    User(String),
    /// An operator of the admin API, whose token was shown.
    Operator(String),
    /// Whoever holds a decision link that was made for this person.
    Link(String),
    /// Whoever sits at a client of this grant: nobody in particular.
    Client(String),
}

impl Account {
    /// Whether this question is theirs to decide. Several people are never one client.
    pub(crate) fn may_decide_about(&self, question: &Question) -> bool {
        let is_one = question.needed == 1 || !matches!(self, Self::Client(_));
        is_one && self.may_decide(&question.approvers)
    }

    /// Whether a question is theirs to decide: it names them, or nobody. A name that says of no kind what it is means a
    /// user.
    pub fn may_decide(&self, approvers: &[String]) -> bool {
        if matches!(self, Self::Client(_)) {
            return approvers.is_empty();
        }
        let (own, user) = (self.to_string(), matches!(self, Self::User(_)));
        let is_meant = |named: &String| *named == own || user && own.strip_prefix("user:") == Some(named);
        approvers.is_empty() || approvers.iter().any(is_meant)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, name) = match self {
            Self::User(name) => ("user", name),
            Self::Operator(name) => ("operator", name),
            Self::Link(name) => ("link", name),
            Self::Client(grant) => ("client", grant),
        };
        write!(f, "{kind}:{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_users_unless_it_says_otherwise() {
        let [user, operator, link, client] =
            [Account::User, Account::Operator, Account::Link, Account::Client]
                .map(|kind| kind("alice".to_owned()));
        for (approvers, expected) in [
            (&[][..], [true, true, true]),
            (&["alice"], [true, false, false]),
            (&["user:alice"], [true, false, false]),
            (&["bob", "alice"], [true, false, false]),
            (&["bob"], [false, false, false]),
            (&["operator:alice"], [false, true, false]),
            (&["link:alice", "operator:bob"], [false, false, true]),
            (&["client:alice"], [false, false, false]),
            (&["Alice", "user:", "user:user:alice", "operator:", "link:", ""], [false, false, false]),
        ] {
            let approvers: Vec<String> = approvers.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(client.may_decide(&approvers), approvers.is_empty(), "{approvers:?}");
            let may = [&user, &operator, &link].map(|account| account.may_decide(&approvers));
            assert_eq!(may, expected, "{approvers:?}");
        }
    }
}
