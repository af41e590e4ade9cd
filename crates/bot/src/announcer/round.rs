//! One look at a wall: what is behind there is posted or edited, as fast as the wall takes it.

use super::{Announcer, Hung, LOOK, PATIENCE, Shown, Standing, face::Face};
use crate::{desk::View, wall::Trouble};
use rekindle_core::{alert::Alert, campaign::Campaign, time::Moment};
use rekindle_storage::{
    Result, StoreError,
    cards::{Answer, Behind},
    news::News,
};
use std::{future::Future, time::Duration};
use uuid::Uuid;

/// How many cards are looked at in one go.
const BATCH: u64 = 200;
/// How long an edit that only moves figures waits for more of its kind.
const FIGURES_WAIT: Duration = Duration::from_secs(5);
/// How long until a message whose answer was lost can be found.
const SETTLES: Duration = Duration::from_secs(5);
/// The longest wait between two tries while a platform is away.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How long until a broken wall is tried again, with one card: an admin may have mended it.
const BROKEN_WAIT: Duration = Duration::from_secs(600);
/// How many cards are remembered between two looks.
const REMEMBERED: usize = 10_000;

/// A card that is behind on a wall.
struct Place {
    subject: Uuid,
    /// What it is to show.
    revision: i64,
    /// The message that holds it, as it was noted.
    message: Option<String>,
    /// Whether it may have been posted already.
    tried: bool,
}

impl Place {
    fn of<T>(subject: Uuid, revision: i64, behind: &Behind<T>) -> Self {
        Self { subject, revision, message: behind.message.clone(), tried: behind.nonce.is_some() }
    }
}

/// What is shown on walls, each in the channel that the routing has for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Alert,
    Campaign,
    News,
    /// Behind the alerts: an answer stands under the card of its lead.
    Answer,
}

/// What a card is about.
enum Subject {
    Alert(Alert),
    Campaign(Box<Campaign>),
    News(News),
    Answer(Answer),
}

/// What came of one card.
enum Step {
    /// Shown.
    Shown,
    /// Nothing to be done for it now.
    Passed,
    /// The wall takes nothing more now.
    Stop,
}

impl Announcer {
    /// Brings the cards of one wall up to date; how many were posted or edited.
    pub(super) async fn bring_up(&self, hung: &Hung) -> Result<usize> {
        let mut standing = hung.state.lock().await;
        if self.store.clock().stopwatch() < standing.not_before {
            return Ok(0);
        }
        if !self.store.works_at(hung.to.wall.name()).await? {
            standing.not_before = self.store.clock().stopwatch() + LOOK;
            return Ok(0);
        }
        let wall = self.store.walls().hang(hung.to.wall.name(), hung.to.platform).await?;
        // The console was always there: it shows all that ever was.
        let since = if hung.to.channel.is_none() { Moment::UNIX_EPOCH } else { wall.hung_at };
        let mut shown = 0;
        loop {
            let before = shown;
            for kind in [Kind::Alert, Kind::Campaign, Kind::News, Kind::Answer] {
                for (place, subject) in self.behind(hung, kind, since).await? {
                    match self.show(hung, &mut standing, place, &subject).await? {
                        Step::Shown => shown += 1,
                        Step::Passed => {}
                        Step::Stop => return Ok(shown),
                    }
                }
            }
            if shown == before {
                return Ok(shown);
            }
        }
    }

    /// What is behind on a wall, where the routing means this wall: asked first, since of all others everything is behind.
    async fn behind(&self, hung: &Hung, kind: Kind, since: Moment) -> Result<Vec<(Place, Subject)>> {
        if hung.to.channel.is_some() {
            let playbooks = self.store.load_playbooks().await?;
            let routing = &playbooks.current().routing;
            let channel = match kind {
                Kind::Alert | Kind::Answer => &routing.alerts,
                Kind::Campaign => &routing.campaigns,
                Kind::News => &routing.operations,
            };
            let stands_in = kind == Kind::News && self.stands_in(hung, channel);
            if !hung.to.is_called(channel) && !stands_in {
                return Ok(Vec::new());
            }
        }
        let (cards, name) = (self.store.cards(), hung.to.wall.name());
        Ok(match kind {
            Kind::Alert => {
                let behind = cards.alerts_behind(name, since, BATCH).await?;
                let place = |one: &Behind<Alert>| Place::of(one.subject.id.0, one.subject.revision, one);
                behind.into_iter().map(|one| (place(&one), Subject::Alert(one.subject))).collect()
            }
            Kind::Campaign => {
                let behind = cards.campaigns_behind(name, since, BATCH).await?;
                let place = |one: &Behind<Campaign>| Place::of(one.subject.id.0, one.subject.revision, one);
                behind
                    .into_iter()
                    .map(|one| (place(&one), Subject::Campaign(Box::new(one.subject))))
                    .collect()
            }
            Kind::News => {
                let behind = cards.news_behind(name, since, BATCH).await?;
                let place = |one: &Behind<News>| Place::of(one.subject.id, 1, one);
                behind.into_iter().map(|one| (place(&one), Subject::News(one.subject))).collect()
            }
            Kind::Answer => {
                let behind = cards.answers_behind(name, since, BATCH).await?;
                let place = |one: &Behind<Answer>| Place::of(one.subject.id, 1, one);
                behind.into_iter().map(|one| (place(&one), Subject::Answer(one.subject))).collect()
            }
        })
    }

    /// Whether a wall is the one that is told the news of a channel which its platform does not have: the first there.
    fn stands_in(&self, hung: &Hung, channel: &str) -> bool {
        let mut there = self.walls.iter().filter(|one| one.to.platform == hung.to.platform);
        let is_missing = there.clone().all(|one| !one.to.is_called(channel));
        is_missing && there.next().is_some_and(|first| first.to.wall.name() == hung.to.wall.name())
    }

    async fn render(&self, subject: &Subject) -> Result<Face> {
        Ok(match subject {
            Subject::Alert(alert) => Face::of_alert(alert, self.view().alert(alert).await?),
            Subject::Campaign(campaign) => Face::of_campaign(campaign, self.view().campaign(campaign).await?),
            Subject::News(news) => Face::News(news.text.clone()),
            Subject::Answer(answer) => Face::of_answer(answer),
        })
    }

    /// Posts or edits a card. One that cannot be rendered does not hold up the others.
    async fn show(
        &self,
        hung: &Hung,
        standing: &mut Standing,
        place: Place,
        subject: &Subject,
    ) -> Result<Step> {
        let now = self.store.clock().stopwatch();
        if let Some(known) = standing.cards.get(&place.subject)
            && known.waits == Some(place.revision)
            && now < known.at + FIGURES_WAIT
        {
            return Ok(Step::Passed);
        }
        let name = hung.to.wall.name();
        let face = match self.render(subject).await {
            Ok(face) => face,
            Err(error @ (StoreError::Away(_) | StoreError::Busy(_))) => return Err(error),
            // The lead is gone; nothing will ever show.
            Err(StoreError::Refused(_)) => {
                self.store
                    .cards()
                    .shown(place.subject, name, place.message.as_deref(), place.revision)
                    .await?;
                return Ok(Step::Passed);
            }
            Err(error) => {
                tracing::error!(%error, subject = %place.subject, "a card cannot be rendered");
                return Ok(Step::Passed);
            }
        };
        let says = face.told_at_once();
        if let Some(bucket) = &mut standing.bucket {
            let known = standing.cards.get_mut(&place.subject);
            match known.filter(|known| place.message.is_some() && known.says == says) {
                // Only figures moved: they wait for more of their kind, and for all that is said by people.
                Some(known) => {
                    let waits = now < known.at + FIGURES_WAIT || !bucket.take_spare(now);
                    if waits {
                        known.waits = Some(place.revision);
                        return Ok(Step::Passed);
                    }
                }
                None if !bucket.take(now) => return Ok(Step::Stop),
                None => {}
            }
        }
        let message = match self.put(hung, &place, &face).await? {
            Ok(message) => message,
            Err(trouble) => return self.troubled(hung, standing, &place, trouble).await,
        };
        self.store.cards().shown(place.subject, name, Some(&message), place.revision).await?;
        if std::mem::take(&mut standing.failures) > 0 {
            tracing::info!(wall = name, "this wall takes cards again");
        }
        let news = format!("{name} takes cards again. What was missed is shown now.");
        self.store.walls().mended(name, &news).await?;
        if standing.cards.len() >= REMEMBERED {
            standing.cards.clear();
        }
        standing.cards.insert(place.subject, Shown { says, at: now, waits: None });
        Ok(Step::Shown)
    }

    /// Brings the card to the wall; the message that holds it.
    async fn put(&self, hung: &Hung, place: &Place, face: &Face) -> Result<Result<String, Trouble>> {
        let wall = &*hung.to.wall;
        if let Some(message) = &place.message {
            let late = || Trouble::Later { after: None, why: "no answer within 10 s".to_owned() };
            let edited = in_time(face.edit(wall, message), late).await;
            return Ok(edited.map(|()| message.clone()));
        }
        let nonce = self.store.cards().posting(place.subject, wall.name()).await?;
        if place.tried {
            let late = || Trouble::Later { after: None, why: "no answer within 10 s".to_owned() };
            match in_time(wall.find(nonce, face.under()), late).await {
                Err(trouble) => return Ok(Err(trouble)),
                Ok(Some(message)) => {
                    let edited = in_time(face.edit(wall, &message), late).await;
                    return Ok(edited.map(|()| message));
                }
                Ok(None) => {}
            }
        }
        let late = || Trouble::Unknown { why: "no answer within 10 s".to_owned() };
        Ok(in_time(face.post(wall, nonce), late).await.map_err(|trouble| match trouble {
            // What was not posted cannot be gone.
            Trouble::Gone => Trouble::Later { after: None, why: "posted, and gone at once".to_owned() },
            trouble => trouble,
        }))
    }

    async fn troubled(
        &self,
        hung: &Hung,
        standing: &mut Standing,
        place: &Place,
        trouble: Trouble,
    ) -> Result<Step> {
        let (name, now) = (hung.to.wall.name(), self.store.clock().stopwatch());
        let subject = place.subject;
        match trouble {
            Trouble::Later { after, why } => {
                let wait = after
                    .unwrap_or_else(|| Duration::from_secs(1 << standing.failures.min(5)).min(LONGEST_WAIT));
                if standing.failures == 0 {
                    tracing::warn!(wall = name, why, "this wall takes no cards for now");
                }
                standing.failures = standing.failures.saturating_add(1);
                standing.not_before = now + wait;
                Ok(Step::Stop)
            }
            Trouble::Unknown { why } => {
                tracing::warn!(wall = name, why, %subject, "looking later whether this card was posted");
                standing.failures = standing.failures.saturating_add(1);
                standing.not_before = now + SETTLES;
                Ok(Step::Stop)
            }
            Trouble::Gone => {
                tracing::info!(wall = name, %subject, "somebody deleted this card; it is posted anew");
                self.store.cards().lost(subject, name).await?;
                Ok(Step::Shown)
            }
            Trouble::Broken { why } => {
                standing.not_before = now + BROKEN_WAIT;
                let news = format!("{name} takes no more cards: {why}");
                if self.store.walls().broke(name, &why, &news).await? {
                    tracing::error!(wall = name, why, "this wall is broken");
                }
                Ok(Step::Stop)
            }
            Trouble::Refused { why } => {
                tracing::error!(wall = name, why, %subject, "this card was not taken as it is");
                self.store.cards().shown(subject, name, place.message.as_deref(), place.revision).await?;
                Ok(Step::Passed)
            }
        }
    }

    fn view(&self) -> View<'_> {
        View { store: &self.store, settings: &self.settings }
    }
}

async fn in_time<T>(
    asked: impl Future<Output = Result<T, Trouble>>,
    late: impl FnOnce() -> Trouble,
) -> Result<T, Trouble> {
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err(late()))
}
