//! The world around the demo: it posts what leads do to the intake API, and reads their mail as they
//! would: out of the folder, following the links that stand in it.

use super::leads::{ALL, Fate, Sample};
use crate::house::House;
use chrono::TimeDelta;
use rekindle_core::time::{Moment, SharedClock};
use rekindle_mail::folder::{StoredMail, read_folder};
use serde_json::{Value, json};
use std::{collections::HashSet, error::Error, path::PathBuf, time::Duration};

type Lived<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How long the month of the demo takes, on the stopwatch, at a day every two seconds.
const MONTH: TimeDelta = TimeDelta::days(31);

/// A browser of a person says so.
const BROWSER: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";

/// The invented leads, living.
pub(super) struct World {
    http: reqwest::Client,
    url: String,
    key: String,
    clock: SharedClock,
    mail: PathBuf,
    began: Moment,
    acted: HashSet<(&'static str, &'static str)>,
    calls: u64,
}

impl World {
    pub(super) fn new(house: &House, key: &str) -> Lived<Self> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(BROWSER)
            .timeout(Duration::from_secs(10))
            .build()?;
        Ok(Self {
            http,
            url: house.config.public_url(),
            key: key.to_owned(),
            clock: house.store.clock().clone(),
            mail: house.data.join("mail"),
            began: house.store.clock().calendar(),
            acted: HashSet::new(),
            calls: 0,
        })
    }

    /// Lives through a month.
    pub(super) async fn live(mut self) -> Lived<()> {
        for lead in &ALL {
            self.introduce(lead).await?;
        }
        let start = self.clock.stopwatch();
        let mut beat = 0_u64;
        while self.clock.calendar() < self.began + MONTH {
            for lead in &ALL {
                self.act(lead, beat, self.clock.stopwatch() - start).await?;
            }
            beat += 1;
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        Ok(())
    }

    /// Who they are, and what they did before the demo began.
    async fn introduce(&mut self, lead: &Sample) -> Lived<()> {
        let first = lead.name.split(' ').next().unwrap_or(lead.name);
        let traits = json!({
            "email": lead.email, "name": lead.name, "firstName": first, "title": lead.title,
            "company": lead.company, "country": lead.country,
        });
        let quiet = matches!(
            lead.fate,
            Fate::StaysSilent | Fate::ComesBack | Fate::TakesOffer | Fate::Answers | Fate::Unsubscribes
        );
        // Those who went quiet were last seen a month ago, less a day or two.
        let ago = TimeDelta::hours(29 * 24 + 3 * i64::try_from(lead.id.len()).unwrap_or(0));
        let seen = if quiet { self.began - ago } else { self.began - TimeDelta::days(2) };
        self.send("identify", lead, json!({ "traits": traits }), seen).await?;
        self.send("track", lead, json!({ "event": "E-book Downloaded" }), seen).await
    }

    async fn act(&mut self, lead: &Sample, beat: u64, since: Duration) -> Lived<()> {
        match lead.fate {
            Fate::TurnsHot { from } => self.turn_hot(lead, from, since).await,
            Fate::Browses => {
                // Every lead has its own rhythm, a few days long.
                let rhythm = 16 + 5 * lead.id.len() as u64;
                if beat % rhythm == lead.id.len() as u64 {
                    let path = ["/", "/blog/slow-leads", "/docs", "/customers"][(beat / rhythm) as usize % 4];
                    self.page(lead, path).await?;
                }
                Ok(())
            }
            Fate::StaysSilent => Ok(()),
            Fate::ComesBack => {
                self.on_mail(lead, "breakup", Press::Link).await?;
                // Who came back looks around again.
                if self.acted.contains(&(lead.id, "breakup")) && beat.is_multiple_of(40) {
                    self.page(lead, "/whats-new").await?;
                }
                Ok(())
            }
            Fate::Unsubscribes => self.on_mail(lead, "breakup", Press::Unsubscribe).await,
            Fate::TakesOffer => self.on_mail(lead, "offer", Press::Offer).await,
            Fate::Answers => self.on_mail(lead, "survey", Press::Answer).await,
        }
    }

    async fn turn_hot(&mut self, lead: &Sample, from: u64, since: Duration) -> Lived<()> {
        let story: [(&'static str, &str); 5] =
            [("1", "/customers"), ("2", "/pricing"), ("3", ""), ("4", "/pricing/enterprise"), ("5", "")];
        for (index, (step, path)) in story.into_iter().enumerate() {
            let due =
                Duration::from_secs(from) + Duration::from_millis(1200) * u32::try_from(index).unwrap_or(0);
            if since < due || !self.acted.insert((lead.id, step)) {
                continue;
            }
            let now = self.clock.calendar();
            match step {
                "3" => self.send("track", lead, json!({ "event": "Webinar Attended" }), now).await?,
                "5" => self.send("track", lead, json!({ "event": "Demo Requested" }), now).await?,
                _ => self.page(lead, path).await?,
            }
        }
        Ok(())
    }

    /// What a lead does with a mail, a day after it came.
    async fn on_mail(&mut self, lead: &Sample, name: &'static str, press: Press) -> Lived<()> {
        if self.acted.contains(&(lead.id, name)) {
            return Ok(());
        }
        let Some(mail) = self.mail_to(lead, press).await? else { return Ok(()) };
        self.acted.insert((lead.id, name));
        match press {
            Press::Link => self.http.get(mail).send().await?.error_for_status().map(drop)?,
            Press::Unsubscribe => {
                let form = [("List-Unsubscribe", "One-Click")];
                self.http.post(mail).form(&form).send().await?.error_for_status()?;
            }
            Press::Offer => {
                self.http.post(mail).send().await?.error_for_status()?;
            }
            Press::Answer => {
                self.http.post(mail).form(&[("answer", "price")]).send().await?.error_for_status()?;
            }
        }
        Ok(())
    }

    /// The link that a lead presses in the newest mail to them, if there is one.
    async fn mail_to(&self, lead: &Sample, press: Press) -> Lived<Option<String>> {
        let (folder, email) = (self.mail.clone(), lead.email);
        let mails = tokio::task::spawn_blocking(move || read_folder(&folder, 500)).await?;
        let Ok(mails) = mails else { return Ok(None) };
        let link =
            mails.iter().filter(|mail| mail.to.contains(email)).find_map(|mail| press.find(mail, &self.url));
        Ok(link)
    }

    async fn page(&mut self, lead: &Sample, path: &str) -> Lived<()> {
        let properties = json!({ "path": path, "url": format!("https://www.example.test{path}") });
        self.send("page", lead, json!({ "properties": properties }), self.clock.calendar()).await
    }

    async fn send(&mut self, call: &str, lead: &Sample, more: Value, at: Moment) -> Lived<()> {
        self.calls += 1;
        let mut body = json!({
            "userId": lead.id,
            "messageId": format!("demo-{}", self.calls),
            "timestamp": at.to_rfc3339(),
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        let request = self.http.post(format!("{}/v1/{call}", self.url)).basic_auth(&self.key, None::<&str>);
        request.json(&body).send().await?.error_for_status()?;
        Ok(())
    }
}

/// What is pressed in a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Press {
    Link,
    Unsubscribe,
    Offer,
    Answer,
}

impl Press {
    /// The first link of this kind.
    fn find(self, mail: &StoredMail, url: &str) -> Option<String> {
        let start = match self {
            Self::Link => "/c/",
            Self::Unsubscribe => "/u/",
            Self::Offer => "/o/",
            Self::Answer => "/s/",
        };
        let start = format!("{url}{start}");
        let html = mail.html.as_deref()?;
        let at = html.find(&start)?;
        let end = html[at..].find(['"', '\'', ' ', '<']).map_or(html.len(), |n| at + n);
        Some(html[at..end].to_owned())
    }
}
