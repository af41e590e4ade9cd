//! The preview of a campaign: who would get it, who would not and why, what, and when. Sends nothing.

use super::Desk;
use crate::{
    card::{Button, Style},
    command::Audience,
    foresee::LIVED_WITH,
    reply::Reply,
    wording::{clean, count, moment},
};
use chrono::TimeDelta;
use rekindle_core::{
    campaign::{Campaign, Collision, Forecast, Subjects, first_mail},
    email::EmailAddress,
    lead::Lead,
    playbook::Playbooks,
    segment::Predicate,
    sequence::{Sequence, Step},
    team::Member,
    time::Moment,
    zone::zone_of,
};
use rekindle_mail::letter::{Addressee, Letter};
use rekindle_storage::{
    Result,
    campaigns::{ASKED_AT_ONCE, Asked, Preview, Previewed},
};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};

/// How many steps of a plan are said.
const LABELS: usize = 12;

/// What is asked for.
pub(super) struct Wanted<'a> {
    pub(super) sequence: &'a str,
    pub(super) segment: &'a str,
    /// Typed in place of the plan's for the first mail.
    pub(super) subjects: &'a [String],
    pub(super) audience: Audience,
    /// Although nobody vouches that the mail will be believed.
    pub(super) despite: bool,
}

/// What is counted while all leads are asked.
#[derive(Default)]
struct Counted {
    forecast: Forecast,
    out: HashMap<String, i64>,
    met: BTreeMap<String, (i64, i64)>,
    /// Somebody who is in, for the subject.
    somebody: Option<Lead>,
}

impl Desk {
    pub(super) async fn preview(&self, member: &Member, wanted: Wanted<'_>) -> Result<Reply> {
        let Wanted { sequence, segment, subjects, audience, despite } = wanted;
        let playbooks = self.store.load_playbooks().await?;
        let playbook = playbooks.current();
        let plan = playbook.plan(&clean(sequence, 80))?;
        let (segment, question) = playbook.question(segment)?;
        let subjects = self.typed_subjects(plan, subjects)?;
        let mut preview = self.store.campaigns().begin_preview();
        let mut counted = self.ask(&mut preview, &question, plan, &playbooks).await?;
        let subject = self.subject(plan, &subjects, counted.somebody.as_ref());
        counted.forecast.subject = subject.as_ref().and_then(|(_, subject)| subject.clone());
        let previewed = Previewed {
            sequence: plan.name.clone(),
            segment: segment.clone(),
            follows: audience == Audience::Follows,
            subjects,
            version: playbooks.version(),
            by: member.handle.clone(),
            forecast: counted.foreseen(),
        };
        let campaign = self.live_ahead(preview.keep(previewed).await?, plan).await?;
        let dates = campaign.forecast.first_mail;
        let out = &campaign.forecast.out;

        let matched = campaign.counted_in + campaign.counted_out;
        let mut said = vec![format!(
            "{} at “{}”: {} match, {} will get it.",
            plan.name,
            clean(&segment, 200),
            matched,
            campaign.counted_in
        )];
        let reasons: Vec<String> =
            out.iter().map(|(why, count)| format!("{count} {}", clean(why, 80))).collect();
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
        said.extend(self.about_subjects(plan, &campaign.subjects));
        if let Some(dates) = dates {
            said.push(self.when(dates));
        }
        let labels = plan.labels();
        let more = match labels.len().saturating_sub(LABELS) {
            0 => String::new(),
            more => format!(", … and {}", count(i64::try_from(more).unwrap_or(0), "step")),
        };
        said.push(format!("Plan: {}{more}.", labels[..labels.len().min(LABELS)].join(", ")));
        let mut card = self.view().campaign(&campaign).await?;
        // The counts stand above; what is foreseen is said to who reads no card.
        said.extend(card.lines.iter().skip(1).map(|line| format!("{line}.")));
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
        let who = match self.settings.caution.is_for_two(campaign.counted_in) {
            true => format!("; so many are for two: somebody else than {} confirms", member.handle.name()),
            false => String::new(),
        };
        said.push(match &held_back {
            Some(why) if !despite => format!("Nothing was sent. {why}"),
            _ => format!("Nothing was sent. To launch{who}: {launch}"),
        });
        let data = json!({
            "matched": matched,
            "in": campaign.counted_in,
            "out": out.iter().map(|(why, count)| json!({"why": why, "count": count})).collect::<Vec<_>>(),
            "mail": subject.as_ref().map(|(mail, _)| mail),
            "subject": subject.as_ref().and_then(|(_, subject)| subject.as_ref()),
            "subjects": campaign.subjects,
            "first_at": dates.map(|(first, _)| first),
            "last_at": dates.map(|(_, last)| last),
            "forecast": campaign.forecast,
        });
        let mut reply = Reply::done(said.join("\n")).with_data(data);
        reply.confirm = Some(campaign.id.to_string());
        if held_back.is_some() {
            card.buttons = match despite {
                true => vec![Button::new("launch-despite", "Launch despite the mail doctor", Style::Danger)],
                false => Vec::new(),
            };
        }
        Ok(reply.with_card(card))
    }

    /// Asks all who match, some at a time, and writes down who is in and who is out.
    async fn ask(
        &self,
        preview: &mut Preview<'_>,
        question: &Predicate,
        plan: &Sequence,
        playbooks: &Playbooks,
    ) -> Result<Counted> {
        let campaigns = self.store.campaigns();
        let (domains, now) = (campaigns.domains().await?, self.store.clock().calendar());
        let mut counted = Counted::default();
        counted.forecast.reputation.from_mails = domains.values().map(|(mails, _)| mails).sum();
        for some in self.store.segments().all(question, playbooks.current(), now).await?.chunks(ASKED_AT_ONCE)
        {
            let asked = campaigns.ask(plan, playbooks, some).await?;
            for one in &asked {
                self.count(&mut counted, one, plan, &domains, now);
            }
            preview.add(asked.into_iter().map(|one| (one.lead.id, one.why_out)).collect()).await?;
        }
        Ok(counted)
    }

    fn count(
        &self,
        counted: &mut Counted,
        one: &Asked,
        plan: &Sequence,
        domains: &HashMap<String, (i64, i64)>,
        now: Moment,
    ) {
        if let Some(why) = &one.why_out {
            *counted.out.entry(why.clone()).or_default() += 1;
            return;
        }
        let lead = &one.lead;
        let (zone, _) = zone_of(lead.zone.as_deref(), lead.country.as_deref(), self.settings.zone);
        if let Some(first) = first_mail(plan, zone, now) {
            // Each other sequence meets a lead once.
            let others: BTreeMap<&str, Moment> = one
                .others
                .iter()
                .filter(|(_, at)| Collision::meet(first, *at))
                .map(|(sequence, at)| (sequence.as_str(), *at))
                .collect();
            for (sequence, at) in others {
                let met = counted.met.entry(sequence.to_owned()).or_default();
                met.0 += 1;
                met.1 += i64::from(first < at);
            }
        }
        let domain = lead.email.as_ref().map(EmailAddress::domain).unwrap_or_default();
        let past = domains.get(domain).copied().unwrap_or_default();
        counted.forecast.reputation.count(one.was_mailed, past);
        counted.somebody.get_or_insert_with(|| lead.clone());
    }

    /// Lives ahead with some of those who are in: dates, and what has to wait.
    async fn live_ahead(&self, campaign: Campaign, plan: &Sequence) -> Result<Campaign> {
        let Some(foresee) = self.foresee.as_ref().filter(|_| campaign.counted_in > 0) else {
            return Ok(campaign);
        };
        let some = self.store.campaigns().some(&campaign, LIVED_WITH).await?;
        let lived = match foresee.ahead(campaign.id, &some).await {
            Ok(lived) => lived,
            // What is known is worth showing without dates.
            Err(error) => {
                tracing::warn!(%error, campaign = %campaign.id, "a preview could not live ahead");
                return Ok(campaign);
            }
        };
        let (with, all) = (i64::try_from(some.len()).unwrap_or(i64::MAX), campaign.counted_in);
        let mut forecast = campaign.forecast.clone();
        forecast.live(plan, &lived, with, all, self.settings.zone);
        let foreseen = |campaign: Campaign| Ok(campaign.foreseen(forecast.clone()));
        self.store.campaigns().moved(campaign.id, foreseen).await
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
    fn subject(
        &self,
        plan: &Sequence,
        typed: &Subjects,
        to: Option<&Lead>,
    ) -> Option<(String, Option<String>)> {
        let (mail, written) = plan.step.iter().find_map(|step| match step {
            Step::Mail { mail, subjects, .. } => Some((mail, subjects)),
            _ => None,
        })?;
        let letter = Letter { lead: to.map(Addressee::from).unwrap_or_default(), ..Letter::sample() };
        let variant = typed.iter().next().or(written.first().map(String::as_str));
        let rendered = self.templates.as_ref().and_then(|templates| {
            let language = to.and_then(Lead::reads);
            let translated = templates.in_language(mail, language.as_ref());
            let subject = variant.filter(|_| translated == mail);
            let rendered =
                templates.render(translated, subject, &letter, |_| self.settings.public_url.clone());
            rendered.map_err(|error| tracing::warn!(%error, "a preview could not be rendered")).ok()
        });
        let subject = rendered.map(|rendered| rendered.subject).or_else(|| variant.map(str::to_owned));
        Some((mail.clone(), subject))
    }
}

impl Counted {
    fn foreseen(self) -> Forecast {
        let mut out: Vec<(String, i64)> = self.out.into_iter().collect();
        out.sort_by(|(one, many), (other, more)| more.cmp(many).then(one.cmp(other)));
        let collisions = self.met.into_iter().map(|(sequence, (leads, ours_first))| Collision {
            sequence,
            leads,
            ours_first,
        });
        Forecast { out, collisions: collisions.collect(), ..self.forecast }
    }
}
