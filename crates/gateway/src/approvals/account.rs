//! Who decides about calls. Grants never do: whoever asks has no account here.

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
}

impl Account {
    /// Whether a question is theirs to decide: it names them, or nobody. A name that says of no kind what it is means a
    /// user.
    pub fn may_decide(&self, approvers: &[String]) -> bool {
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
        };
        write!(f, "{kind}:{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_users_unless_it_says_otherwise() {
        let [user, operator, link] =
            [Account::User, Account::Operator, Account::Link].map(|kind| kind("alice".to_owned()));
        for (approvers, expected) in [
            (&[][..], [true, true, true]),
            (&["alice"], [true, false, false]),
            (&["user:alice"], [true, false, false]),
            (&["bob", "alice"], [true, false, false]),
            (&["bob"], [false, false, false]),
            (&["operator:alice"], [false, true, false]),
            (&["link:alice", "operator:bob"], [false, false, true]),
            (&["Alice", "user:", "user:user:alice", "operator:", "link:", ""], [false, false, false]),
        ] {
            let approvers: Vec<String> = approvers.iter().map(|name| (*name).to_owned()).collect();
            let may = [&user, &operator, &link].map(|account| account.may_decide(&approvers));
            assert_eq!(may, expected, "{approvers:?}");
        }
    }
}
