//! Slack's user groups, and the roles that they give: asked for all at once, and again when Slack tells that one has changed
//! (<https://docs.slack.dev/reference/methods/usergroups.list>).

use super::api::{Api, harmless};
use crate::{groups::Groups, wall::Trouble};
use rekindle_core::{team::Role, time::SharedClock};
use serde_json::Value;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// How long an answer counts (stopwatch), where Slack tells of no change.
const COUNTS: Duration = Duration::from_secs(180);

/// The user groups of a workspace. Clones share what Slack said.
#[derive(Debug, Clone)]
pub(super) struct UserGroups {
    api: Api,
    groups: Groups,
    clock: SharedClock,
    told: Arc<Mutex<Option<Told>>>,
}

/// What Slack said.
#[derive(Debug)]
struct Told {
    /// When, on the stopwatch.
    at: Duration,
    roles: HashMap<String, Role>,
}

impl UserGroups {
    pub(super) fn new(api: Api, groups: Groups, clock: SharedClock) -> Self {
        Self { api, groups, clock, told: Arc::default() }
    }

    /// A group has changed: what was said of them counts no more.
    pub(super) async fn changed(&self) {
        *self.told.lock().await = None;
    }

    /// The role that a user's groups give.
    pub(super) async fn role_of(&self, user: &str) -> Result<Option<Role>, Trouble> {
        if self.groups.is_empty() {
            return Ok(None);
        }
        let mut told = self.told.lock().await;
        let now = self.clock.stopwatch();
        if let Some(told) = told.as_ref().filter(|told| now < told.at + COUNTS) {
            return Ok(told.roles.get(user).copied());
        }
        let groups = list(&self.api).await?;
        let mut of: HashMap<&str, Vec<&str>> = HashMap::new();
        for group in &groups {
            for member in &group.members {
                of.entry(member).or_default().extend([group.id.as_str(), group.handle.as_str()]);
            }
        }
        let given = |(user, of): (&str, Vec<&str>)| Some((user.to_owned(), self.groups.role(of)?));
        let roles: HashMap<String, Role> = of.into_iter().filter_map(given).collect();
        let role = roles.get(user).copied();
        *told = Some(Told { at: now, roles });
        Ok(role)
    }
}

/// A group, and who is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UserGroup {
    pub(super) id: String,
    pub(super) handle: String,
    members: Vec<String>,
}

/// All groups that are in use.
pub(super) async fn list(api: &Api) -> Result<Vec<UserGroup>, Trouble> {
    let told = api.get("usergroups.list", &[("include_users", "true")]).await.map_err(harmless)?;
    let text =
        |value: &Value, field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let group = |group: &Value| {
        let members = group.get("users").and_then(Value::as_array).into_iter().flatten();
        UserGroup {
            id: text(group, "id"),
            handle: text(group, "handle"),
            members: members.filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    };
    Ok(told.get("usergroups").and_then(Value::as_array).into_iter().flatten().map(group).collect())
}
