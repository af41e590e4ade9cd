//! The preview of a campaign: who would get it, who would not and why, what, and when. Sends nothing.

use super::Desk;
use crate::{
    card::{Button, Style},
    reply::Reply,
    wording::{clean, moment},
};
use chrono::TimeDelta;
use rekindle_core::{
    enrollment::may_begin,
    ids::LeadId,
    lead::Lead,
    nearest::did_you_mean,
    playbook::{Playbook, Playbooks},
    refusal::Refusal,
    segment::{Facts, Predicate},
    sequence::{Sequence, Step},
    team::Member,
    time::Moment,
    window::WindowVerdict,
    zone::zone_of,
};
use rekindle_mail::letter::{Addressee, Letter};
use rekindle_storage::{Result, campaigns::Previewed};
use serde_json::json;

/// How many leads are asked at a time.
const PAGE: u64 = 500;

/// Who answered yes, and what follows.
#[derive(Default)]
struct Audience {
    /// Each with the reason to be out.
    asked: Vec<(LeadId, Option<String>)>,
    /// When the first mail of those who are in may leave, at the earliest and at the latest.
    dates: Option<(Moment, Moment)>,
    /// Somebody who is in, for the subject.
    somebody: Option<Lead>,
}

impl Desk {
    pub(super) async fn preview(
        &self,
        member: &Member,
        sequence: &str,
        segment: &str,
        despite: bool,
    ) -> Result<Reply> {
        let playbooks = self.store.load_playbooks().await?;
        let playbook = playbooks.current();
        let plan = playbook.sequence(sequence).ok_or_else(|| Refusal::Unknown {
            what: "sequence",
            name: clean(sequence, 80),
            help: did_you_mean(sequence, playbook.sequences.keys().map(String::as_str)),
        })?;
        let (segment, question) = question(segment, playbook)?;
        let audience = self.ask(&question, plan, &playbooks).await?;
        let previewed = Previewed {
            sequence: plan.name.clone(),
            segment: segment.clone(),
            version: playbooks.version(),
            by: member.handle.clone(),
            audience: audience.asked,
        };
        let campaign = self.store.campaigns().preview(previewed).await?;
        let out = self.store.campaigns().reasons_out(campaign.id).await?;
        let subject = self.subject(plan, audience.somebody.as_ref());

        let matched = campaign.counted_in + campaign.counted_out;
        let mut said = vec![format!(
            "{} at “{}”: {} match, {} will get it.",
            plan.name,
            clean(&segment, 200),
            matched,
            campaign.counted_in
        )];
        let reasons: Vec<String> =
            out.iter().map(|out| format!("{} {}", out.count, clean(&out.why, 80))).collect();
        if !reasons.is_empty() {
            said.push(format!("Out: {}.", reasons.join("; ")));
        }
        match &subject {
            Some((mail, Some(subject))) => {
                said.push(format!("First mail: {mail}, “{}”.", clean(subject, 150)));
            }
            Some((mail, None)) => said.push(format!("First mail: {mail}.")),
            None => said.push("It writes no mail.".to_owned()),
        }
        if let Some(dates) = audience.dates {
            said.push(self.when(dates));
        }
        let steps: Vec<String> = plan.step.iter().map(Step::label).collect();
        said.push(format!("Plan: {}.", steps.join(", ")));
        if let Some(pause) = self.store.pause().await? {
            said.push(format!(
                "All mail is paused by {}: nothing leaves until /rekindle resume.",
                pause.by.name()
            ));
        }
        let again = match segment.contains('"') {
            true => format!("'{segment}'"),
            false => format!("\"{segment}\""),
        };
        let held_back = match self.may_launch().await {
            Ok(()) => None,
            Err(error) => Some(error.refusal().map(|why| why.text(self.settings.zone)).ok_or(error)?),
        };
        let flag = if held_back.is_some() && despite { " --despite-mail-doctor" } else { "" };
        let launch = format!("/campaign launch {} {again} --confirm {}{flag}", plan.name, campaign.id);
        said.push(match &held_back {
            Some(why) if !despite => format!("Nothing was sent. {why}"),
            _ => format!("Nothing was sent. To launch: {launch}"),
        });
        let data = json!({
            "matched": matched,
            "in": campaign.counted_in,
            "out": out.iter().map(|out| json!({"why": out.why, "count": out.count})).collect::<Vec<_>>(),
            "mail": subject.as_ref().map(|(mail, _)| mail),
            "subject": subject.as_ref().and_then(|(_, subject)| subject.as_ref()),
            "first_at": audience.dates.map(|(first, _)| first),
            "last_at": audience.dates.map(|(_, last)| last),
        });
        let mut reply = Reply::done(said.join("\n")).with_data(data);
        reply.confirm = Some(campaign.id.to_string());
        let mut card = self.view().campaign(&campaign).await?;
        if held_back.is_some() {
            card.buttons = match despite {
                true => vec![Button::new("launch-despite", "Launch despite the mail doctor", Style::Danger)],
                false => Vec::new(),
            };
        }
        Ok(reply.with_card(card))
    }

    /// Asks every lead, a page at a time.
    async fn ask(&self, question: &Predicate, plan: &Sequence, playbooks: &Playbooks) -> Result<Audience> {
        let scoring = &playbooks.current().scoring;
        let now = self.store.clock().calendar();
        let mut audience = Audience::default();
        let mut after = None;
        loop {
            let page = self.store.leads().page(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(audience) };
            after = Some(last.id);
            let ids: Vec<LeadId> = page.iter().map(|lead| lead.id).collect();
            let histories = self.store.leads().histories(&ids, playbooks).await?;
            let activities = match question.needs_activities() {
                true => self.store.leads().activities(&ids, usize::MAX).await?,
                false => Default::default(),
            };
            let suppressed = self.store.leads().suppressed(&page).await?;
            let begun = self.store.runs().begun(&plan.name, &ids).await?;
            for lead in page {
                let history = histories.get(&lead.id).map(Vec::as_slice).unwrap_or_default();
                let did = activities.get(&lead.id).map(Vec::as_slice).unwrap_or_default();
                let explanation = scoring.explain(&lead, history, now);
                let facts = Facts::of(&lead, did, explanation.points.engagement).scored(&explanation);
                if !question.holds(&facts, now) {
                    continue;
                }
                let (began, live) = begun.get(&lead.id).copied().unzip();
                let suppressed = suppressed.contains(&lead.id);
                let why_out = may_begin(&lead, plan, live.unwrap_or(false), began, suppressed, now).err();
                audience.asked.push((lead.id, why_out.clone()));
                if why_out.is_none() {
                    audience.note_date(self.first_mail(plan, &lead, now));
                    audience.somebody.get_or_insert(lead);
                }
            }
        }
    }

    /// When the first mail may leave for a lead, by their clock.
    fn first_mail(&self, plan: &Sequence, lead: &Lead, now: Moment) -> Option<Moment> {
        let mut at = now;
        for step in &plan.step {
            match step {
                Step::Wait(span) => at += span.delta(),
                Step::Mail { .. } => break,
                Step::Archive | Step::Finish => return None,
            }
        }
        let Some(window) = &plan.send_window else { return Some(at) };
        let (zone, _) = zone_of(lead.zone.as_deref(), lead.country.as_deref(), self.settings.zone);
        match window.check(at, zone) {
            WindowVerdict::Open => Some(at),
            WindowVerdict::ClosedUntil(at) => Some(at),
        }
    }

    fn when(&self, (first, last): (Moment, Moment)) -> String {
        let now = self.store.clock().calendar();
        let said = |at: Moment| match at - now < TimeDelta::minutes(1) {
            true => "now".to_owned(),
            false => moment(at, now, self.settings.zone),
        };
        match said(first) == said(last) {
            true => format!("It leaves: {}.", said(first)),
            false => format!("It leaves: {} to {}, each by the lead's own clock.", said(first), said(last)),
        }
    }

    /// The first mail of a plan, and its subject as somebody who is in would read it.
    fn subject(&self, plan: &Sequence, to: Option<&Lead>) -> Option<(String, Option<String>)> {
        let (mail, subjects) = plan.step.iter().find_map(|step| match step {
            Step::Mail { mail, subjects, .. } => Some((mail, subjects)),
            _ => None,
        })?;
        let letter = Letter { lead: to.map(Addressee::from).unwrap_or_default(), ..Letter::sample() };
        let variant = subjects.first().map(String::as_str);
        let rendered = self.templates.as_ref().and_then(|templates| {
            let language = to.and_then(Lead::reads);
            let written = templates.in_language(mail, language.as_ref());
            let subject = variant.filter(|_| written == mail);
            let rendered = templates.render(written, subject, &letter, |_| self.settings.public_url.clone());
            rendered.map_err(|error| tracing::warn!(%error, "a preview could not be rendered")).ok()
        });
        let subject = rendered.map(|rendered| rendered.subject).or_else(|| variant.map(str::to_owned));
        Some((mail.clone(), subject))
    }
}

impl Audience {
    fn note_date(&mut self, at: Option<Moment>) {
        let Some(at) = at else { return };
        self.dates = Some(self.dates.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
    }
}

/// What a text asks: a segment by its name, or a question of the segment language. Also how it is called.
pub(super) fn question(text: &str, playbook: &Playbook) -> Result<(String, Predicate), Refusal> {
    playbook.question(text).map_err(|refusal| match refusal {
        Refusal::Unknown { what, name, help } => Refusal::Unknown { what, name: clean(&name, 200), help },
        other => other,
    })
}
