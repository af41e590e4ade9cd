//! Stages in chat: `/lead stage`, the moves in `/lead why`, and `/report stages`.

use super::{Desk, Done};
use crate::{
    reply::Reply,
    table::table,
    wording::{capital, clean, count, length, moment},
};
use chrono::TimeDelta;
use rekindle_core::{
    lead::{Lead, Lifecycle},
    refusal::Refusal,
    scene::Scene,
    stage::{self, Ladder},
    team::Member,
    time::Moment,
};
use rekindle_storage::{Result, figures::AtStage, stages::Moved};
use serde_json::json;

/// How many moves, and how many reasons, are said.
const SAID: usize = 8;

/// Of how many days a report is, where nobody says it.
const DAYS: i64 = 30;

impl Desk {
    /// A member says how far a lead is.
    pub(super) async fn set_stage(
        &self,
        member: &Member,
        lead: &Lead,
        to: Lifecycle,
        why: Option<&str>,
    ) -> Result<Done> {
        let why = why.map(|why| clean(why, 200));
        let decide = |scene: &Scene, now: Moment| stage::set(scene, to, member, why.as_deref(), now);
        let playbooks = self.store.load_playbooks().await?;
        let from = lead.lifecycle;
        let lead = self.store.leads().decide(lead.id, &playbooks, decide).await?;
        let text =
            format!("{} is at {} now, before at {}.", clean(lead.called(), 80), to.word(), from.word());
        Ok(Done { reply: Reply::done(text), lead: Some(lead.id), audited: false })
    }

    /// How a lead came to where it is: its last moves, the first of them first.
    pub(super) async fn way_of(&self, lead: &Lead) -> Result<Vec<String>> {
        let moves = self.store.moves_of(lead.id).await?;
        let (now, zone) = (self.store.clock().calendar(), self.settings.zone);
        let mut said = vec![format!(
            "Stage: {} on the lifecycle, {} on the journey",
            lead.lifecycle.word(),
            lead.journey.word()
        )];
        if moves.len() > SAID {
            said.push(format!("       … {} before", count(moves.len().saturating_sub(SAID) as i64, "move")));
        }
        said.extend(moves.iter().skip(moves.len().saturating_sub(SAID)).map(|moved| {
            let Moved { evidence, .. } = moved;
            let by = evidence.by.as_ref().map(|by| format!(", by {}", by.name())).unwrap_or_default();
            let (way, why) = (moved.way(), clean(&evidence.why, 120));
            format!("       {}: {way}{by}: {why}", moment(moved.at, now, zone))
        }));
        Ok(said)
    }

    /// `/report stages`.
    pub(super) async fn stages(&self, days: Option<i64>) -> Result<Reply> {
        let days = days.unwrap_or(DAYS);
        if !(1..=3650).contains(&days) {
            return Err(Refusal::Usage { text: "--days is between 1 and 3650.".to_owned() }.into());
        }
        let since = self.store.clock().calendar() - TimeDelta::days(days);
        let figures = self.store.figures();
        let stages = figures.stages(since).await?;
        let fell_back = figures.fell_back(since, SAID as u64).await?;
        let mut said = vec![format!("Stages, the last {}", count(days, "day"))];
        for ladder in [Ladder::Lifecycle, Ladder::Journey] {
            let rows: Vec<[String; 6]> = stages.iter().filter(|at| at.ladder == ladder).map(row).collect();
            said.push(String::new());
            said.push(table([&capital(ladder.word()), "now", "came", "went on", "took", "fell back"], &rows));
        }
        if !fell_back.is_empty() {
            said.push("\nWhy they fell back".to_owned());
            let why = |one: &rekindle_storage::figures::FellBack| {
                let (from, to) = (&one.from_stage, &one.to_stage);
                format!("{:>5}  from {from} to {to}: {}", one.count, clean(&one.why, 100))
            };
            said.extend(fell_back.iter().map(why));
        }
        let data = json!({"days": days, "stages": stages, "fell_back": fell_back});
        Ok(Reply::table(said.join("\n")).with_data(data))
    }
}

fn row(at: &AtStage) -> [String; 6] {
    let number = |number: i64| if number == 0 { "-".to_owned() } else { number.to_string() };
    [
        at.stage.to_owned(),
        number(at.now),
        number(at.came),
        number(at.went_on),
        at.took.map_or_else(|| "-".to_owned(), length),
        number(at.fell_back),
    ]
}
