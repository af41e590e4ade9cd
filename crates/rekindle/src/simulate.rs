//! `rekindle simulate`: what the plans will do, printed before they do it.
//!
//! A copy of the real data goes into a file that is gone afterwards; there the worker itself works, with a clock that leaps. So what is
//! printed is what will be done, if no lead does anything.

mod told;

use crate::{
    args,
    exit::{self, Doing, Done, Halt, say},
    house::{House, playbook_of},
    tell, up,
};
use chrono::TimeDelta;
use indicatif::{ProgressBar, ProgressStyle};
use rekindle_core::{ids::LeadId, time::Moment};
use rekindle_mail::templates::Templates;
use rekindle_storage::Store;
use rekindle_worker::future::{Future, Leaps, live};
use std::{collections::HashMap, path::Path};
use told::Told;

/// Simulates, and prints.
///
/// # Errors
/// What cannot be read, and why.
pub async fn run(house: &House, asked: &args::Simulate) -> Done {
    let days = i64::from(asked.days);
    let now = house.store.clock().calendar();
    let until = now + TimeDelta::days(days);
    let only = whom(house, asked).await?;
    let folder = tempfile::Builder::new().prefix("rekindle-simulate-").tempdir().doing("make a folder")?;
    let quiet = asked.json || asked.quiet;
    let present = Run { house, only: only.as_deref(), now, until, quiet };
    let (_, templates) = house.read_playbook()?;
    let (future, emails) = present.live(&folder.path().join("present.db"), None, templates).await?;
    let other = match &asked.playbook {
        None => None,
        Some(folder_of) => {
            let (files, templates) = playbook_of(folder_of, &house.data)?;
            Some(present.live(&folder.path().join("other.db"), Some(files), templates).await?.0)
        }
    };
    let told = Told { now, days, zone: house.config.team.zone, emails: &emails };
    if asked.json {
        return exit::data(told.json(&future, other.as_ref()));
    }
    let alone = asked.lead.is_some();
    exit::data(told.words(&future, other.as_ref(), alone).trim_end())?;
    say("Nothing was sent, and nothing was changed.");
    Ok(())
}

/// The leads that are asked about; all where nobody is named.
async fn whom(house: &House, asked: &args::Simulate) -> Result<Option<Vec<LeadId>>, Halt> {
    if let Some(lead) = &asked.lead {
        let lead = house.store.leads().named(lead).await.map_err(|error| tell::refused(error, house))?;
        return Ok(Some(vec![lead.id]));
    }
    if let Some(campaign) = &asked.campaign {
        let campaign =
            house.store.campaigns().named(campaign).await.map_err(|error| tell::refused(error, house))?;
        return house.store.campaigns().everybody(campaign.id).await.doing("read the audience").map(Some);
    }
    Ok(None)
}

/// One way that the future may go.
struct Run<'a> {
    house: &'a House,
    only: Option<&'a [LeadId]>,
    now: Moment,
    until: Moment,
    quiet: bool,
}

impl Run<'_> {
    async fn live(
        &self,
        file: &Path,
        playbook: Option<rekindle_core::playbook::Files>,
        templates: Templates,
    ) -> Result<(Future, HashMap<LeadId, String>), Halt> {
        let doing = "simulate";
        let clock = Leaps::at(self.now);
        let url = format!("sqlite://{}", file.display());
        let store = &self.house.store;
        let leads = match self.only {
            Some(only) => only.len() as u64,
            None => store.leads().count().await.doing(doing)?,
        };
        let bar = self.bar(leads, "copies the leads");
        let copied = store.copy_to(&url, clock.clone(), self.only, |count| bar.set_position(count)).await;
        bar.finish_and_clear();
        let copy: Store = copied.doing("copy the data")?;
        if let Some(files) = playbook {
            copy.apply_playbook(&files).await.doing("take the other playbook")?;
        }
        let days = u64::try_from((self.until - self.now).num_days()).unwrap_or(0);
        let bar = self.bar(days, "lives the days");
        let now = self.now;
        let told = |at: Moment| bar.set_position(u64::try_from((at - now).num_days()).unwrap_or(0));
        let settings = up::worker_settings(self.house);
        let future = live(&copy, &clock, settings, templates, self.until, told).await.doing(doing)?;
        bar.finish_and_clear();
        let named = copy.leads().emails().await.doing(doing)?;
        Ok((future, named))
    }

    fn bar(&self, size: u64, what: &'static str) -> ProgressBar {
        if self.quiet {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len}, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(size).with_style(style).with_message(what)
    }
}
