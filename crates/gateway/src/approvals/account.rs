//! Who decides about calls. Whoever asks never does; the person at their client may, where the policies say so.

use std::fmt;

/// An account that decides. No account of one kind can be taken for one of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// A user of the operating system.
    User(String),
    /// An operator of the admin API, whose token was shown.
    Operator(String),
    /// Whoever holds a decision link that was made for this person.
    Link(String),
    /// Whoever sits at a client of this grant: nobody in particular, and so nobody who is named.
    Client(String),
}

impl Account {
    /// Whether a question is theirs to decide: it names them, or nobody. A name that says of no kind what it is means a
    /// user.
    pub fn may_decide(&self, approvers: &[String]) -> bool {
        let (own, user) = (self.to_string(), matches!(self, Self::User(_)));
        if matches!(self, Self::Client(_)) {
            return approvers.is_empty();
        }
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
            Self::Client(name) => ("client", name),
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
            (&[][..], [true, true, true, true]),
            (&["alice"], [true, false, false, false]),
            (&["user:alice"], [true, false, false, false]),
            (&["bob", "alice"], [true, false, false, false]),
            (&["client:alice"], [false, false, false, false]),
            (&["bob"], [false, false, false, false]),
            (&["operator:alice"], [false, true, false, false]),
            (&["link:alice", "operator:bob"], [false, false, true, false]),
            (&["Alice", "user:", "user:user:alice", "operator:", "link:", ""], [false, false, false, false]),
        ] {
            let approvers: Vec<String> = approvers.iter().map(|name| (*name).to_owned()).collect();
            let may = [&user, &operator, &link, &client].map(|account| account.may_decide(&approvers));
            assert_eq!(may, expected, "{approvers:?}");
        }
    }
}
