//! How accounts and groups are named that may decide about calls.

use crate::diagnostic::{nearest, quoted};

/// What may stand before the first `:` of a name.
const KINDS: [&str; 4] = ["user", "operator", "link", "group"];

/// Why a name can be nobody's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnApprover {
    /// What it says that it names is nothing that decides.
    #[error("{} is nobody who can decide: {} is no kind of account", quoted(name), quoted(kind))]
    Kind {
        /// All of it.
        name: String,
        /// What stands before the first `:`.
        kind: String,
    },
    /// It says of which kind it is, and no more.
    #[error("{} names nobody", quoted(name))]
    Nameless {
        /// All of it.
        name: String,
    },
}

impl NotAnApprover {
    /// What to write.
    pub fn help(&self) -> String {
        let Self::Kind { name, kind } = self else { return "write the name after the `:`".to_owned() };
        match kind.to_lowercase().as_str() {
            "grant" | "grants" => return "grants never approve; name people".to_owned(),
            "client" => {
                return "to let whoever sits at the client decide, write `approve: client`".to_owned();
            }
            _ => {}
        }
        let rest = name.get(kind.len()..).unwrap_or_default();
        match nearest(kind, KINDS) {
            Some(meant) => format!("did you mean {}?", quoted(&format!("{meant}{rest}"))),
            None => {
                "write `user:NAME`, `operator:NAME`, `link:NAME` or `group:NAME`; a name alone is a user's"
                    .to_owned()
            }
        }
    }
}

/// Whether an account or a group may be named so. What says of no kind what it is means a user.
///
/// # Errors
/// [`NotAnApprover`] where nobody could ever be meant.
pub fn approver(name: &str) -> Result<(), NotAnApprover> {
    match name.split_once(':') {
        Some((kind, _)) if !KINDS.contains(&kind) => {
            Err(NotAnApprover::Kind { name: name.to_owned(), kind: kind.to_owned() })
        }
        Some((_, "")) => Err(NotAnApprover::Nameless { name: name.to_owned() }),
        _ => Ok(()),
    }
}

/// What makes it hardly the name of an account; groups are called as their settings like.
pub(crate) fn unlikely(name: &str) -> Option<&'static str> {
    let account = match name.split_once(':') {
        Some(("group", _)) => return None,
        Some((_, account)) => account,
        None => name,
    };
    if account.starts_with('@') {
        Some("it begins with `@`")
    } else if account.contains(char::is_whitespace) {
        Some("there is white space in it")
    } else {
        None
    }
}
