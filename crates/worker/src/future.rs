//! The future: the same worker on a copy of the data, with a clock that leaps from one due moment to the next.
//!
//! Nothing is invented: leads do nothing, so this is what happens if nobody answers. Mails are written whole and taken by a place in
//! memory; what the relay would say is not known, and so all are taken.

use crate::{Settings, Worker};
use chrono::TimeDelta;
use rekindle_core::{
    campaign::{Campaign, CampaignState, Caution},
    happening::Lived,
    ids::{CampaignId, LeadId},
    playbook::Files,
    time::{Clock, Moment},
};
use rekindle_mail::{memory::Memory, templates::Templates, transport::Transport};
use rekindle_storage::{Result, Store};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tracing::{instrument::WithSubscriber, subscriber::NoSubscriber};

/// A clock that stands still until it leaps.
#[derive(Debug)]
struct Leaps {
    begun: Moment,
    now: Mutex<Moment>,
}

impl Leaps {
    /// One that stands at a moment.
    fn at(now: Moment) -> Arc<Self> {
        Arc::new(Self { begun: now, now: Mutex::new(now) })
    }

    fn to(&self, at: Moment) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }
}

impl Clock for Leaps {
    fn calendar(&self) -> Moment {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wall(&self) -> Moment {
        self.calendar()
    }

    fn stopwatch(&self) -> Duration {
        (self.calendar() - self.begun).to_std().unwrap_or_default()
    }
}

/// What is to be lived.
#[derive(Debug)]
pub struct Ahead<'a> {
    /// Where the copy is made: a new database.
    pub url: &'a str,
    /// Who is copied; all, where nobody is named.
    pub leads: Option<&'a [LeadId]>,
    /// Other rules than those in force.
    pub playbook: Option<&'a Files>,
    /// A campaign: launched there, where it is only previewed here, and nothing is lived beyond its last run.
    pub campaign: Option<CampaignId>,
    /// How long.
    pub until: Moment,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many leads are copied.
    Copied(u64),
    /// Something is done at this moment.
    Lived(Moment),
}

/// Copies the data and lives on the copy, from now.
///
/// # Errors
/// As the databases say.
pub async fn ahead(
    store: &Store,
    asked: Ahead<'_>,
    settings: Settings,
    templates: Arc<Templates>,
    told: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Lived> {
    let clock = Leaps::at(store.clock().calendar());
    let copied = |count| told(Progress::Copied(count));
    let copy = store.copy_to(asked.url, clock.clone(), asked.leads, &copied).await?;
    if let Some(files) = asked.playbook {
        copy.apply_playbook(files).await?;
    }
    if let Some(id) = asked.campaign {
        let campaign = copy.campaigns().named(&id.to_string()).await?;
        if matches!(campaign.state, CampaignState::Draft | CampaignState::Asked) {
            // By the rules that are in force there.
            let version = copy.load_playbooks().await?.version();
            let renewed = |campaign| Ok(Campaign { version, ..campaign });
            copy.campaigns().moved(id, renewed).await?;
            copy.campaigns().launch(id, &campaign.made_by, &Caution::NONE).await?;
        }
    }
    // What is done there is no news of this house.
    let living = live(&copy, &clock, settings, templates, &asked, told);
    let lived = living.with_subscriber(NoSubscriber::default()).await?;
    copy.close().await?;
    Ok(lived)
}

/// What is due and does not move is looked at again so much later.
const STUCK: TimeDelta = TimeDelta::minutes(1);

/// Lives on the copy.
async fn live(
    copy: &Store,
    clock: &Leaps,
    settings: Settings,
    templates: Arc<Templates>,
    asked: &Ahead<'_>,
    told: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Lived> {
    let begun = clock.calendar();
    // Nothing leaves, nothing comes in, and nobody checks a signature.
    let settings = Settings {
        transport: Transport::Memory(Memory::default()),
        inbox: None,
        journal: None,
        signers: Arc::default(),
        // What is predicted decides nothing.
        train_model: None,
        predict_leads: None,
        ..settings
    };
    let mut worker = Worker::new(copy.clone(), settings, templates);
    let mut waits = BTreeMap::new();
    loop {
        let tick = worker.tick().await?;
        let now = clock.calendar();
        told(Progress::Lived(now));
        for (mail, why) in copy.outbox().waiting().await? {
            waits.insert(mail, why);
        }
        let still = tick == crate::Tick::default();
        let next = match worker.next_due_after(now).await? {
            Some(next) if next > now => next,
            // It is due, and did not move.
            Some(_) if still => now + STUCK,
            Some(_) => continue,
            None => break,
        };
        let over = match asked.campaign {
            Some(id) => !copy.campaigns().has_runs(id).await?,
            None => false,
        };
        if next > asked.until || over {
            break;
        }
        clock.to(next);
    }
    worker.leave().await;
    let mut waited: BTreeMap<String, usize> = BTreeMap::new();
    for why in waits.into_values() {
        *waited.entry(why).or_default() += 1;
    }
    Ok(Lived { happened: copy.happened(begun, asked.until).await?, waited })
}
