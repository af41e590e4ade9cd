//! `/lead why` and `/campaign why`: why so many points, why alerted, why mailed or not; answered from rule and row.

use super::Desk;
use crate::{
    reply::Reply,
    wording::{clean, dated, moment, timeless},
};
use rekindle_core::{
    campaign::{Campaign, Case, Told, mail_story, run_story, why},
    enrollment::Enrollment,
    lead::{Lead, Nurture},
    score::{Explanation, Line, parts},
    segment::Facts,
    time::Moment,
};
use rekindle_storage::Result;

/// How many lines of each kind are said.
const LINES: usize = 12;

impl Desk {
    pub(super) async fn why(&self, lead: &Lead) -> Result<Reply> {
        let zone = self.settings.zone;
        let clock = self.store.clock();
        let (now, wall) = (clock.calendar(), clock.wall());
        let explanation = self.view().explained(lead).await?;
        let dossier = self.store.leads().dossier(lead.id).await?;
        let mut said = vec![format!(
            "{}: {} points ({}), {}",
            clean(lead.called(), 80),
            explanation.score,
            explanation.grade,
            if lead.hot { "hot" } else { "not hot" }
        )];
        said.extend(self.points(&explanation, now));
        said.push(format!("{:>5}", explanation.score));
        said.push(String::new());
        said.push(explanation.graded.clone());
        if let Some(company) = self.view().company(lead).await? {
            said.push(format!("Company: {}", clean(&company.words(), 160)));
        }
        if let Some((how, at)) = lead.crossing() {
            said.push(format!("{how} {}, if nothing else happens", dated(at, zone)));
        }
        if let Some(prediction) = self.store.predictions().of(lead.id).await? {
            let when = moment(prediction.at, now, zone);
            said.push(format!(
                "Predicted: {} (model {}, {when})",
                clean(&prediction.said(), 300),
                prediction.version
            ));
        }
        said.push(String::new());
        said.extend(self.way_of(lead).await?);
        match dossier.alerts.first() {
            None => said.push("Alerted: never".to_owned()),
            Some(alert) => {
                said.push(format!(
                    "Alerted: {} at {}, now {}, because of",
                    alert.reason.word(),
                    moment(alert.raised_at, wall, zone),
                    alert.state.word()
                ));
                said.extend(
                    alert
                        .because
                        .iter()
                        .take(LINES)
                        .map(|why| format!("       {}", clean(timeless(why), 100))),
                );
                said.extend(alert.news.iter().map(|news| format!("       then {}", clean(news, 160))));
            }
        }
        said.push(format!("Mail: {}", self.may_be_mailed(lead).await?));
        if lead.nurture != Nurture::Active {
            let why =
                lead.nurture_why.as_deref().map(|why| format!(": {}", clean(why, 100))).unwrap_or_default();
            let since = moment(lead.nurture_since, now, zone);
            said.push(format!("       {} since {since}{why}", lead.nurture.word()));
        }
        let playbooks = self.store.playbooks().await?;
        for run in dossier.enrollments.iter().take(5) {
            let plan = playbooks.of(run.version).sequence(&run.sequence);
            let story = self.told(&run_story(run, plan));
            said.push(format!("       {}: {story}", clean(&run.sequence, 40)));
        }
        for delivery in dossier.deliveries.iter().take(8) {
            said.push(format!("       {}", self.told(&mail_story(delivery))));
        }
        Ok(Reply::table(said.join("\n")).with_data(serde_json::to_value(&explanation).unwrap_or_default()))
    }

    /// The lines of a score, those that say most first, and what counts for nothing last; their points add up to the score.
    fn points(&self, explanation: &Explanation, now: Moment) -> Vec<String> {
        let mut counted: Vec<&Line> = explanation.lines.iter().filter(|line| line.limit.is_none()).collect();
        counted.sort_by(|a, b| b.now.abs().total_cmp(&a.now.abs()).then(b.at.cmp(&a.at)));
        let shown = parts(counted.iter().map(|line| line.now));
        let mut said: Vec<String> = Vec::new();
        for (line, points) in counted.iter().zip(&shown).take(LINES) {
            let when =
                line.at.map(|at| format!(", {}", moment(at, now, self.settings.zone))).unwrap_or_default();
            let faded = line.activity.is_some() && i64::from(line.points) != *points;
            let was = if faded { format!(" (was {:+})", line.points) } else { String::new() };
            said.push(format!("{points:>+5}  {}{when}{was}", clean(&line.what, 80)));
        }
        if let Some(rest) = shown.get(LINES..).filter(|rest| !rest.is_empty()) {
            said.push(format!("{:>+5}  by {} more", rest.iter().sum::<i64>(), rest.len()));
        }
        let held = explanation.together();
        let held = held.iter().flat_map(|line| line.held.iter().map(move |held| (line, held))).take(LINES);
        said.extend(
            held.map(|(line, (times, limit))| format!("    –  {} ×{times}: {limit}", clean(&line.what, 80))),
        );
        said
    }

    /// Why a lead got a mail of a campaign, or did not.
    pub(super) async fn why_in(&self, campaign: &Campaign, lead: &Lead) -> Result<Reply> {
        let playbooks = self.store.load_playbooks().await?;
        let now = self.store.clock().calendar();
        let dossier = self.store.leads().dossier(lead.id).await?;
        let because = match playbooks.current().question(&campaign.segment) {
            Ok((_, question)) => {
                let did = self.store.leads().activities(&[lead.id], usize::MAX).await?;
                let did = did.get(&lead.id).map(Vec::as_slice).unwrap_or_default();
                let explanation = self.view().explained(lead).await?;
                let facts = Facts::of(lead, did, explanation.points.engagement).scored(&explanation);
                question.because(&facts, now)
            }
            Err(_) => Some("it cannot be asked any more".to_owned()),
        };
        let of_it = |run: &&Enrollment| run.campaign == Some(campaign.id);
        let mails = dossier.deliveries.iter().rev().filter(|mail| mail.campaign == Some(campaign.id));
        let case = Case {
            campaign,
            lead,
            asked: self.store.campaigns().asked_of(campaign.id, lead.id).await?,
            because,
            run: dossier.enrollments.iter().find(of_it),
            other_run: dossier
                .enrollments
                .iter()
                .find(|run| !of_it(run) && run.sequence == campaign.sequence),
            mails: mails.collect(),
            plan: playbooks.of(campaign.version).sequence(&campaign.sequence),
        };
        let mut said = vec![format!(
            "{}: {} at “{}”, {}",
            clean(lead.called(), 80),
            clean(&campaign.sequence, 80),
            clean(&campaign.segment, 120),
            campaign.state.word()
        )];
        said.extend(why(&case).iter().map(|told| self.told(told)));
        Ok(Reply::done(said.join("\n")))
    }

    /// One thing with its moment.
    fn told(&self, told: &Told) -> String {
        let what = clean(&told.what, 300);
        match told.at {
            Some(at) => format!("{}: {what}", dated(at, self.settings.zone)),
            None => format!("Now: {what}"),
        }
    }

    /// What stands in the way of a marketing mail now, the strongest first.
    async fn may_be_mailed(&self, lead: &Lead) -> Result<String> {
        let suppressed = self.store.leads().suppressed(std::slice::from_ref(lead)).await?;
        let no = if suppressed.contains(&lead.id) {
            "the address is suppressed".to_owned()
        } else if let Err(why) = lead.may_be_mailed(self.store.clock().calendar()) {
            why
        } else if let Some(pause) = self.store.pause().await? {
            format!("all mail is paused by {}", pause.by.name())
        } else if let Some(owner) = &lead.owner {
            format!("it waits, claimed by {}", owner.name())
        } else {
            let basis = lead.consent.basis.as_deref().unwrap_or("no basis noted");
            return Ok(format!("may be written to (subscribed: {})", clean(basis, 80)));
        };
        Ok(format!("none now: {no}"))
    }
}
