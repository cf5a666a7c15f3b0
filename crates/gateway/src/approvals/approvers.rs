//! Who may decide, where policies and settings name people: groups stand for their members, and whoever decides is named by
//! everybody who names anybody.

use std::collections::BTreeMap;
use std::sync::Arc;

use interlock_policy::{NotAnApprover, approver, did_you_mean};

use crate::parts::Parts;

/// What stands before the name of a group where people are named.
const GROUP: &str = "group:";
/// What may stand before the name of a user.
const USER: &str = "user:";

/// Whom the settings name: groups of people, and who may decide about the calls of a grant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approvers {
    groups: Arc<BTreeMap<String, Vec<String>>>,
    of_grant: Vec<String>,
}

/// Why people cannot be named so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNamed {
    /// There is no such group.
    #[error("there is no group `{name}` among `groups`{help}")]
    UnknownGroup {
        /// Its name.
        name: String,
        /// `; did you mean …`, or nothing.
        help: String,
    },
    /// A group in a group.
    #[error("the group `{group}` names `{member}`: groups hold people, and no groups")]
    Nested {
        /// The group.
        group: String,
        /// What it names.
        member: String,
    },
    /// A group names what nobody could be.
    #[error("the group `{group}`: {nobody}; {}", nobody.help())]
    Nobody {
        /// The group.
        group: String,
        /// What it names.
        nobody: NotAnApprover,
    },
    /// So do the approvers of the grant.
    #[error("`approvers`: {nobody}; {}", nobody.help())]
    NobodyOfGrant {
        /// What they name.
        nobody: NotAnApprover,
    },
    /// A name without a letter.
    #[error("the group `{group}` names somebody without a name")]
    Nameless {
        /// The group.
        group: String,
    },
}

impl Approvers {
    /// Of these groups, for a grant whose calls these people decide about; anybody where it names nobody.
    ///
    /// # Errors
    /// [`NotNamed`] where a group is not one of people, or there is none of that name.
    pub fn new(groups: Arc<BTreeMap<String, Vec<String>>>, of_grant: &[String]) -> Result<Self, NotNamed> {
        for (group, members) in groups.iter() {
            for member in members {
                let (group, member) = (group.clone(), member.clone());
                if member.starts_with(GROUP) {
                    return Err(NotNamed::Nested { group, member });
                }
                if member.trim().is_empty() {
                    return Err(NotNamed::Nameless { group });
                }
                approver(&member).map_err(|nobody| NotNamed::Nobody { group, nobody })?;
            }
        }
        let all_can_be = of_grant.iter().try_for_each(|name| approver(name));
        all_can_be.map_err(|nobody| NotNamed::NobodyOfGrant { nobody })?;
        let approvers = Self { groups, of_grant: of_grant.to_vec() };
        approvers.knows(of_grant)?;
        Ok(approvers)
    }

    /// What they say, for a digest of it.
    pub(crate) fn add_to(&self, parts: &mut Parts) {
        for (group, members) in self.groups.iter() {
            parts.add(b"group");
            parts.add(group.as_bytes());
            members.iter().for_each(|member| parts.add(member.as_bytes()));
        }
        parts.add(b"of grant");
        self.of_grant.iter().for_each(|person| parts.add(person.as_bytes()));
    }

    /// Whether there are all groups that are named here.
    ///
    /// # Errors
    /// [`NotNamed::UnknownGroup`] where one is missing.
    pub fn knows(&self, named: &[String]) -> Result<(), NotNamed> {
        let groups = named.iter().filter_map(|name| name.strip_prefix(GROUP));
        match groups.into_iter().find(|group| !self.groups.contains_key(*group)) {
            None => Ok(()),
            Some(missing) => {
                let help = did_you_mean(missing, self.groups.keys().map(String::as_str));
                let help = help.map(|help| format!("; {help}")).unwrap_or_default();
                Err(NotNamed::UnknownGroup { name: missing.to_owned(), help })
            }
        }
    }

    /// How many different people these are, groups being their members.
    pub fn count(&self, named: &[String]) -> usize {
        self.members(named).len()
    }

    /// Whom the grant and each of these name; `None` where nobody names anybody.
    pub(crate) fn in_common(&self, said: &[&[String]]) -> Option<Vec<String>> {
        let all = said.iter().copied().chain([self.of_grant.as_slice()]);
        let mut named = all.filter(|named| !named.is_empty()).map(|named| self.members(named));
        let first = named.next()?;
        Some(named.fold(first, |common, others| {
            let is_common = |name: &String| others.iter().any(|other| is_same(name, other));
            common.into_iter().filter(is_common).collect()
        }))
    }

    /// People in the place of groups, each once. A group that there is not has nobody.
    fn members(&self, named: &[String]) -> Vec<String> {
        let mut members: Vec<String> = Vec::new();
        for name in named {
            let people = match name.strip_prefix(GROUP) {
                Some(group) => self.groups.get(group).map(Vec::as_slice).unwrap_or_default(),
                None => std::slice::from_ref(name),
            };
            for person in people {
                if !members.iter().any(|member| is_same(member, person)) {
                    members.push(person.clone());
                }
            }
        }
        members
    }
}

/// Whether two names mean the same account: one that says of no kind what it is means a user.
fn is_same(one: &str, other: &str) -> bool {
    one.strip_prefix(USER).unwrap_or(one) == other.strip_prefix(USER).unwrap_or(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn approvers(of_grant: &[&str]) -> Result<Approvers, NotNamed> {
        let groups =
            [("finance", &["ada", "operator:bo"][..]), ("board", &["user:ada", "cy"]), ("empty", &[])];
        let groups = groups.map(|(name, people)| (name.to_owned(), names(people)));
        Approvers::new(Arc::new(groups.into_iter().collect()), &names(of_grant))
    }

    #[test]
    fn whoever_decides_is_named_by_everybody_who_names_anybody() {
        for (of_grant, said, expected) in [
            (&[][..], &[][..], None),
            (&[], &[&[][..]][..], None),
            (&[], &[&["ada"]], Some(&["ada"][..])),
            (&[], &[&["group:finance", "dee"]], Some(&["ada", "operator:bo", "dee"])),
            (&[], &[&["group:finance"], &["group:board"]], Some(&["ada"])),
            (&["group:finance"], &[&[]], Some(&["ada", "operator:bo"])),
            (&["cy"], &[&["group:finance"], &[]], Some(&[])),
            (&[], &[&["ada", "user:ada"]], Some(&["ada"])),
            (&[], &[&["bo"], &["operator:bo"]], Some(&[])),
            (&[], &[&["group:empty"]], Some(&[])),
            (&[], &[&["group:missing"]], Some(&[])),
        ] {
            let said: Vec<Vec<String>> = said.iter().map(|said| names(said)).collect();
            let said: Vec<&[String]> = said.iter().map(Vec::as_slice).collect();
            let common = approvers(of_grant).unwrap().in_common(&said);
            assert_eq!(common, expected.map(names), "{of_grant:?} {said:?}");
        }
    }

    #[test]
    fn groups_that_cannot_be_are_refused() {
        let error = approvers(&["group:finanse"]).unwrap_err().to_string();
        assert!(error.contains("no group `finanse`") && error.contains("`finance`"), "{error}");
        let error = approvers(&["grant:x"]).unwrap_err().to_string();
        assert!(error.contains("`grant:x`") && error.contains("grants never approve"), "{error}");
        let groups = BTreeMap::from([("g".to_owned(), names(&["ada", "operater:bo"]))]);
        let error = Approvers::new(Arc::new(groups), &[]).unwrap_err().to_string();
        assert!(error.contains("the group `g`") && error.contains("did you mean `operator:bo`?"), "{error}");
        let known = approvers(&[]).unwrap();
        assert!(known.knows(&names(&["ada", "group:board"])).is_ok());
        assert_eq!(known.count(&names(&["ada", "group:board", "group:finance", "group:empty"])), 3);
        for member in ["group:board", " "] {
            let groups = BTreeMap::from([("g".to_owned(), names(&[member]))]);
            assert!(Approvers::new(Arc::new(groups), &[]).is_err(), "{member:?}");
        }
    }
}
