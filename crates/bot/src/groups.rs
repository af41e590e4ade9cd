//! Groups of a chat that give a role: Slack's user groups, Discord's roles, as the settings map them.
//!
//! They count for nobody to whom an admin gave a role ([`crate::inbound`]).

use rekindle_core::team::Role;
use std::collections::BTreeMap;

/// Which group gives which role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups(BTreeMap<String, Role>);

impl Groups {
    /// By the group's id; in Slack also by its handle.
    pub fn new(roles: BTreeMap<String, Role>) -> Self {
        Self(
            roles.into_iter().map(|(group, role)| (group.trim_start_matches('@').to_owned(), role)).collect(),
        )
    }

    /// Whether no group gives a role.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The groups that give a role.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The role of somebody who is in these groups: of several the one that stands last in [`Role::ALL`].
    pub fn role<'a>(&self, of: impl IntoIterator<Item = &'a str>) -> Option<Role> {
        let given: Vec<&Role> = of.into_iter().filter_map(|group| self.0.get(group)).collect();
        Role::ALL.into_iter().rev().find(|role| given.contains(&role))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_groups_the_one_that_gives_most_counts() {
        let groups = Groups::new(BTreeMap::from([
            ("S1".to_owned(), Role::Sales),
            ("@boss".to_owned(), Role::Admin),
            ("S2".to_owned(), Role::Marketing),
        ]));
        assert_eq!(groups.role(["S1", "S9"]), Some(Role::Sales));
        assert_eq!(groups.role(["S1", "S2"]), Some(Role::Marketing));
        assert_eq!(groups.role(["S2", "boss", "S1"]), Some(Role::Admin));
        assert_eq!(groups.role(["S9"]), None);
        assert_eq!(groups.role([]), None);
    }
}
