//! `/rekindle`: help, who am I, figures, the kill switch, the team, a link to sign in.

use super::{Desk, report::came_back};
use crate::{
    command::{self, House as Asked, Team},
    reply::Reply,
    table::{pairs, table},
    wording::moment,
};
use chrono::TimeDelta;
use rekindle_core::{
    refusal::Refusal,
    team::{Deed, Member, Role},
};
use rekindle_report::REVIVED_DAYS;
use rekindle_storage::{Result, settings::Pause};
use serde_json::json;

impl Desk {
    pub(super) async fn house(&self, member: &Member, asked: &Asked) -> Result<Reply> {
        match asked {
            Asked::Help { of } => Ok(Reply::table(command::help_of(of.as_deref().unwrap_or_default())?)),
            Asked::Whoami => Ok(whoami(member)),
            Asked::Status => self.status().await,
            Asked::Pause => self.pause(member).await,
            Asked::Resume => self.resume(member).await,
            Asked::Team { what: None } => self.team().await,
            Asked::Team { what: Some(Team::Add { name, role }) } => self.add(name, *role).await,
            Asked::Team { what: Some(Team::Role { member: name, role }) } => {
                self.give_role(name, *role).await
            }
            Asked::Team { what: Some(Team::Email { member, address }) } => {
                self.give_email(member, address).await
            }
            Asked::Team { what: Some(Team::Link { member, user }) } => self.link_user(member, user).await,
            Asked::Mute { topic: None } => self.muted(member).await,
            Asked::Mute { topic: Some(topic) } => self.mute(member, *topic, true).await,
            Asked::Unmute { topic } => self.mute(member, *topic, false).await,
            Asked::Dashboard => {
                let link = self.link(member).await?;
                Ok(Reply::done(format!(
                    "This link signs you in once, within 24 hours; keep it to yourself: {link}"
                )))
            }
        }
    }

    async fn status(&self) -> Result<Reply> {
        let figures = self.store.figures();
        let nurture = figures.leads_by_nurture().await?;
        let alerts = figures.alerts_by_state().await?;
        let deliveries = figures.deliveries_by_state().await?;
        let (pause, wall) = (self.store.pause().await?, self.store.clock().wall());
        let version = self.store.load_playbooks().await?.version();
        let of = |counts: &[(String, i64)], word: &str| {
            counts.iter().find(|(known, _)| known == word).map_or(0, |(_, count)| *count)
        };
        let listed = |counts: &[(String, i64)]| match counts {
            [] => "none".to_owned(),
            counts => {
                let said = counts.iter().map(|(word, count)| format!("{count} {}", word.replace('_', " ")));
                said.collect::<Vec<_>>().join(", ")
            }
        };
        let unknown = of(&deliveries, "unknown");
        let mail = match &pause {
            Some(pause) => {
                let since = moment(pause.at, self.store.clock().wall(), self.settings.zone);
                format!("paused by {} since {since}", pause.by.name())
            }
            None => "goes out".to_owned(),
        };
        let breakers = self.store.breakers().await?;
        let walls = self.store.walls().worked().await?;
        let mut rows = vec![
            ("leads", listed(&nurture)),
            ("queue", format!("{} open, {} claimed", of(&alerts, "open"), of(&alerts, "claimed"))),
            ("revived", came_back(&figures.revived(wall - TimeDelta::days(REVIVED_DAYS)).await?)),
            ("mail", mail),
            ("mails", listed(&deliveries)),
            (
                "unknown",
                match unknown {
                    0 => "0: the fate of every mail is known".to_owned(),
                    count => format!("{count}: nobody knows whether they arrived; `rekindle outbox unknown`"),
                },
            ),
            ("playbook", format!("version {version}")),
        ];
        rows.extend(breakers.iter().map(|(name, breaker)| {
            let what = if name == "all" { "campaigns" } else { name };
            (what, format!("{}: {}", breaker.state.word(), breaker.why))
        }));
        rows.extend(walls.iter().map(|wall| {
            let stands = match &wall.broken {
                None => "takes cards".to_owned(),
                Some((at, why)) => {
                    let since = moment(*at, self.store.clock().wall(), self.settings.zone);
                    format!("takes no cards since {since}: {why}")
                }
            };
            (wall.name.as_str(), stands)
        }));
        let text = pairs(&rows);
        let map =
            |counts: &[(String, i64)]| counts.iter().cloned().collect::<std::collections::BTreeMap<_, _>>();
        Ok(Reply::table(text).with_data(json!({
            "leads": map(&nurture),
            "alerts": map(&alerts),
            "deliveries": map(&deliveries),
            "unknown": unknown,
            "paused": pause.is_some(),
            "playbook": version,
        })))
    }

    async fn pause(&self, member: &Member) -> Result<Reply> {
        if let Some(pause) = self.store.pause().await? {
            return Ok(Reply::done(format!("All mail is paused already, by {}.", pause.by.name())));
        }
        let pause = Pause { by: member.handle.clone(), at: self.store.clock().wall() };
        let news = format!("{} paused all mail. /rekindle resume lets it go on.", member.name);
        self.store.set_pause(Some(pause), &news).await?;
        Ok(Reply::done("All mail is paused. What is due waits; /rekindle resume lets it go on."))
    }

    async fn resume(&self, member: &Member) -> Result<Reply> {
        let closed = self.store.close_breakers(&member.name).await?;
        if self.store.pause().await?.is_none() {
            let words = if closed > 0 { "Mail that was held goes on." } else { "Mail was not paused." };
            return Ok(Reply::done(words));
        }
        self.store.set_pause(None, &format!("{} let the mail go on.", member.name)).await?;
        Ok(Reply::done("Mail goes on."))
    }

    async fn team(&self) -> Result<Reply> {
        let rows: Vec<[String; 3]> = self
            .store
            .team()
            .all()
            .await?
            .into_iter()
            .map(|one| {
                let role = if one.active { one.role.to_string() } else { format!("{}, left", one.role) };
                [one.handle.to_string(), one.name, role]
            })
            .collect();
        Ok(Reply::table(table(["handle", "name", "role"], &rows)))
    }

    async fn add(&self, name: &str, role: Role) -> Result<Reply> {
        let known = rekindle_core::team::Handle::of(name);
        if self.store.team().all().await?.iter().any(|one| Some(&one.handle) == known.as_ref() && one.active)
        {
            return self.give_role(name, role).await;
        }
        let member = self.store.team().add(name, role).await?;
        let link = self.link(&member).await?;
        Ok(Reply::done(format!(
            "{} is in the team, as {role}. Their link to sign in, good once: {link}",
            member.name
        )))
    }

    async fn give_role(&self, name: &str, role: Role) -> Result<Reply> {
        let member = self.store.team().named(name).await?;
        let admins = self.store.team().all().await?;
        let others = admins.iter().any(|one| one.active && one.role == Role::Admin && one.id != member.id);
        if member.role == Role::Admin && role != Role::Admin && !others {
            let text = format!("{} is the last admin; make somebody else one first.", member.name);
            return Err(Refusal::Not { code: "last_admin", text }.into());
        }
        let member = self.store.team().add(member.handle.as_str(), role).await?;
        Ok(Reply::done(format!("{} is {role} now.", member.name)))
    }

    /// A one-time link that signs a member in.
    async fn link(&self, member: &Member) -> Result<String> {
        let token = self.store.team().link(member).await?;
        Ok(format!("{}/in/{token}", self.house_url().await?))
    }

    /// Where the house is. One that runs may listen elsewhere than the settings say (`--listen`).
    pub(crate) async fn house_url(&self) -> Result<String> {
        let house = self.store.public_url().await?.unwrap_or_else(|| self.settings.public_url.clone());
        Ok(house.trim_end_matches('/').to_owned())
    }
}

fn whoami(member: &Member) -> Reply {
    let may: Vec<&str> =
        Deed::ALL.into_iter().filter(|deed| member.may(*deed).is_ok()).map(Deed::words).collect();
    Reply::done(format!(
        "You are {} ({}), {}. You may {}.",
        member.name,
        member.handle,
        member.role,
        may.join(", ")
    ))
}
