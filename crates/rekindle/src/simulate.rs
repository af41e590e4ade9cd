//! `rekindle simulate`: what the plans will do, printed before they do it.
//!
//! A copy of the real data goes into a file that is gone afterwards; there the worker itself works, with a clock that leaps. So what is
//! printed is what will be done, if no lead does anything.

mod told;

use crate::{
    args,
    exit::{self, Doing, Done, Halt, say},
    house::{House, playbook_of},
    progress, tell, up,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use indicatif::ProgressBar;
use rekindle_bot::foresee::Foresee;
use rekindle_core::{
    happening::Lived,
    ids::{CampaignId, LeadId},
    playbook::Files,
    time::Moment,
};
use rekindle_mail::templates::Templates;
use rekindle_storage::{Result as Stored, Store, StoreError};
use rekindle_worker::{
    Settings,
    future::{Ahead, Progress, ahead},
};
use std::sync::Arc;
use tempfile::TempDir;
use told::Told;

/// How far a preview looks ahead at the most.
const PREVIEWED: TimeDelta = TimeDelta::days(90);

/// Simulates, and prints.
///
/// # Errors
/// What cannot be read, and why.
pub async fn run(house: &House, asked: &args::Simulate) -> Done {
    let days = i64::from(asked.days);
    let now = house.store.clock().calendar();
    let (campaign, leads) = whom(house, asked).await?;
    let present = Run {
        house,
        campaign,
        leads: leads.as_deref(),
        now,
        until: now + TimeDelta::days(days),
        quiet: asked.json || asked.quiet,
    };
    let (_, templates) = house.read_playbook()?;
    let lived = present.live(None, templates).await?;
    let other = match &asked.playbook {
        None => None,
        Some(folder_of) => {
            let (files, templates) = playbook_of(folder_of, &house.data)?;
            Some(present.live(Some(&files), templates).await?)
        }
    };
    let emails = house.store.leads().emails().await.doing("read the addresses")?;
    let told = Told { now, days, zone: house.config.team.zone, emails: &emails };
    if asked.json {
        return exit::data(told.json(&lived, other.as_ref()));
    }
    let alone = asked.lead.is_some();
    exit::data(told.words(&lived, other.as_ref(), alone).trim_end())?;
    say("Nothing was sent, and nothing was changed.");
    Ok(())
}

/// The campaign and the leads that are asked about; all where nobody is named.
async fn whom(
    house: &House,
    asked: &args::Simulate,
) -> Result<(Option<CampaignId>, Option<Vec<LeadId>>), Halt> {
    if let Some(lead) = &asked.lead {
        let lead = house.store.leads().named(lead).await.map_err(|error| tell::refused(error, house))?;
        return Ok((None, Some(vec![lead.id])));
    }
    if let Some(campaign) = &asked.campaign {
        let campaign =
            house.store.campaigns().named(campaign).await.map_err(|error| tell::refused(error, house))?;
        let leads = house.store.campaigns().everybody(campaign.id).await.doing("read the audience")?;
        return Ok((Some(campaign.id), Some(leads)));
    }
    Ok((None, None))
}

/// A folder for a copy, gone when it is dropped.
fn folder() -> std::io::Result<TempDir> {
    tempfile::Builder::new().prefix("rekindle-simulate-").tempdir()
}

fn url_in(folder: &TempDir) -> String {
    format!("sqlite://{}", folder.path().join("copy.db").display())
}

/// What previews are foreseen with.
#[derive(Debug)]
pub struct Foresight {
    store: Store,
    settings: Settings,
    templates: Arc<Templates>,
}

impl Foresight {
    /// Of this house.
    pub fn new(house: &House, templates: Arc<Templates>) -> Self {
        Self { store: house.store.clone(), settings: up::worker_settings(house), templates }
    }
}

#[async_trait]
impl Foresee for Foresight {
    async fn ahead(&self, campaign: CampaignId, leads: &[LeadId]) -> Stored<Lived> {
        let folder = folder().map_err(|error| StoreError::Unusable(error.to_string()))?;
        let asked = Ahead {
            url: &url_in(&folder),
            leads: Some(leads),
            playbook: None,
            campaign: Some(campaign),
            until: self.store.clock().calendar() + PREVIEWED,
        };
        ahead(&self.store, asked, self.settings.clone(), self.templates.clone(), &|_| ()).await
    }
}

/// What is lived, by the playbook in force or by another.
struct Run<'a> {
    house: &'a House,
    campaign: Option<CampaignId>,
    leads: Option<&'a [LeadId]>,
    now: Moment,
    until: Moment,
    quiet: bool,
}

impl Run<'_> {
    async fn live(&self, playbook: Option<&Files>, templates: Templates) -> Result<Lived, Halt> {
        let doing = "simulate";
        let store = &self.house.store;
        let folder = folder().doing("make a folder")?;
        let asked = Ahead {
            url: &url_in(&folder),
            leads: self.leads,
            playbook,
            campaign: self.campaign,
            until: self.until,
        };
        let leads = match self.leads {
            Some(leads) => leads.len() as u64,
            None => store.leads().count().await.doing(doing)?,
        };
        let whole = |days: TimeDelta| u64::try_from(days.num_days()).unwrap_or(0);
        let copies = self.bar(leads, "copies the leads");
        let lives = self.bar(whole(self.until - self.now), "lives the days");
        let told = |progress| match progress {
            Progress::Copied(count) => copies.set_position(count),
            Progress::Lived(at) => {
                copies.finish_and_clear();
                lives.set_position(whole(at - self.now));
            }
        };
        let settings = up::worker_settings(self.house);
        let lived = ahead(store, asked, settings, templates.into(), &told).await.doing(doing);
        copies.finish_and_clear();
        lives.finish_and_clear();
        lived
    }

    fn bar(&self, size: u64, what: &'static str) -> ProgressBar {
        progress::bar(size, "{msg} {bar:40} {pos}/{len}, {eta} left", self.quiet).with_message(what)
    }
}
