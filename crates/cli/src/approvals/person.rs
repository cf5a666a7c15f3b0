//! Who decides: the operating-system user whose process asks.

use nix::unistd::{Uid, User};

/// What stands before the names of the system's users; no other kind of account is called so.
const KIND: &str = "user:";

/// The user who runs this process, however its rights were changed since.
#[derive(Debug)]
pub(crate) struct Person(String);

impl Person {
    /// By the name that the system's user database has, or by number.
    pub(crate) fn of_this_process() -> Self {
        let uid = Uid::current();
        // A database that cannot be read knows nobody.
        let user = User::from_uid(uid).ok().flatten();
        Self(user.map_or_else(|| uid.to_string(), |user| user.name))
    }

    /// Under this name opinions are kept.
    pub(crate) fn account(&self) -> String {
        format!("{KIND}{}", self.0)
    }

    /// Whether a question is theirs to decide: it names them, or nobody.
    pub(crate) fn may_decide(&self, approvers: &[String]) -> bool {
        approvers.is_empty()
            || approvers.iter().any(|named| named.strip_prefix(KIND).unwrap_or(named) == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_users_unless_it_says_otherwise() {
        for (approvers, expected) in [
            (&[][..], true),
            (&["alice"], true),
            (&["user:alice"], true),
            (&["bob", "alice"], true),
            (&["bob"], false),
            (&["operator:alice"], false),
            (&["Alice"], false),
            (&["user:"], false),
            (&["user:user:alice"], false),
            (&[""], false),
        ] {
            let approvers: Vec<String> = approvers.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(Person("alice".to_owned()).may_decide(&approvers), expected, "{approvers:?}");
        }
    }
}
