//! Who decides: the operating-system user whose process asks.

use anyhow::{Context, bail};
use interlock_gateway::Account;
use nix::unistd::{Uid, User};

/// The user who runs this process, however its rights were changed since, by the name that the system's user database
/// has, or by number where it has none.
///
/// # Errors
/// Where it cannot be told who that is: the database does not answer, or the process is in a user namespace, where
/// everybody may be called anything.
pub(crate) fn of_this_process() -> anyhow::Result<Account> {
    let map = std::fs::read_to_string("/proc/self/uid_map");
    // Other systems have no such namespaces, and no such file.
    let is_told = if cfg!(target_os = "linux") { map.is_ok_and(|map| is_identity(&map)) } else { true };
    if !is_told {
        bail!("in a user namespace it cannot be told who decides; run this outside of it");
    }
    let uid = Uid::current();
    let user = User::from_uid(uid).context("the system's user database does not say who you are")?;
    Ok(Account::User(user.map_or_else(|| uid.to_string(), |user| user.name)))
}

/// Whether users are called inside as they are outside (`user_namespaces(7)`).
fn is_identity(map: &str) -> bool {
    let all = ["0", "0", "4294967295"];
    map.lines().all(|line| line.split_whitespace().eq(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_namespace_has_names_of_its_own() {
        assert!(is_identity("         0          0 4294967295\n"));
        for map in ["1001 0 1\n", "0 1000 1\n", "0 100000 65536\n", "0 0 1\n1 100000 65536\n"] {
            assert!(!is_identity(map), "{map}");
        }
    }
}
