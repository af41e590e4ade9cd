//! Why one lead got a mail of a campaign, or did not: told from the record, each thing with its moment.

use super::{Campaign, CampaignState, Wave};
use crate::{
    delivery::{Delivery, DeliveryState},
    enrollment::{Enrollment, RunState},
    lead::{Lead, Nurture},
    sequence::Sequence,
    time::Moment,
};

/// What the record has of a lead and a campaign.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// The lead.
    pub lead: &'a Lead,
    /// What was said at the preview: nothing where they did not match, else in (`None`) or out and why.
    pub asked: Option<Option<String>>,
    /// The part of the segment's question that says no now; none where it says yes, or cannot be asked any more.
    pub because: Option<String>,
    /// Their run of it.
    pub run: Option<&'a Enrollment>,
    /// Another run of the same sequence, the newest.
    pub other_run: Option<&'a Enrollment>,
    /// The mails of it, oldest first.
    pub mails: Vec<&'a Delivery>,
    /// The plan that they are on.
    pub plan: Option<&'a Sequence>,
}

/// One thing that was, is or will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// When; none for what is so now.
    pub at: Option<Moment>,
    /// What, in words.
    pub what: String,
}

/// Tells it in the order in which it was.
pub fn why(case: &Case<'_>) -> Vec<Told> {
    let Case { campaign, lead, .. } = case;
    let mut told = vec![preview(case)];
    match (&case.asked, case.run) {
        (None, None) => told.push(now(match &case.because {
            Some(because) => format!("asked now, the segment says no: {because}"),
            None if campaign.follows => "they match now, and begin within a minute while it runs".to_owned(),
            None => "they match now, but the audience is that of the preview".to_owned(),
        })),
        (Some(Some(_)), None) => {}
        (_, run) => told.extend(begin(case, run)),
    }
    for mail in &case.mails {
        told.push(mail_story(mail));
    }
    if let Some(run) = case.run {
        told.push(run_story(run, case.plan));
    }
    if lead.nurture == Nurture::Archived {
        let why = lead.nurture_why.as_deref().unwrap_or("no reason was kept");
        told.push(at(lead.nurture_since, format!("archived: {why}")));
    }
    told
}

fn preview(case: &Case<'_>) -> Told {
    let Campaign { segment, made_at, .. } = case.campaign;
    at(
        *made_at,
        match &case.asked {
            None => format!("did not match “{segment}” at the preview"),
            Some(Some(why)) => format!("matched “{segment}”, and was left out: {why}"),
            Some(None) => format!("matched “{segment}”, and is in"),
        },
    )
}

/// How they began, or why they have not.
fn begin(case: &Case<'_>, run: Option<&Enrollment>) -> Option<Told> {
    let campaign = case.campaign;
    if let Some(run) = run {
        return Some(at(run.started_at, format!("began {}", run.sequence)));
    }
    if let Some(other) = case.other_run.filter(|other| other.started_at >= campaign.made_at) {
        return Some(at(other.started_at, format!("began {} in another way, and not again", other.sequence)));
    }
    Some(match (campaign.state, campaign.wave) {
        (CampaignState::Draft | CampaignState::Asked, _) => now("waits: nobody has launched it".to_owned()),
        (CampaignState::Stopped, _) => now("did not begin before it was stopped".to_owned()),
        (CampaignState::Held, _) => now("waits: the campaign is held".to_owned()),
        (_, Wave::First) => match campaign.rest_at {
            Some(rest) => at(rest, "begins with the rest, after the look at the first ones".to_owned()),
            None => now("begins with the rest, when the first ones have left and were looked at".to_owned()),
        },
        (_, Wave::Rest) => now("begins with the rest, which begins now".to_owned()),
        (_, Wave::All) => now("did not begin: was in the sequence when the others began".to_owned()),
    })
}

/// What became of a mail, or will.
pub fn mail_story(mail: &Delivery) -> Told {
    let name = &mail.mail;
    let why = mail.reason.as_deref().or(mail.answer.as_deref());
    let because = why.map(|why| format!(": {why}")).unwrap_or_default();
    match mail.state {
        DeliveryState::Pending => at(mail.not_before, format!("{name} waits until then{because}")),
        DeliveryState::Claimed | DeliveryState::Committing => now(format!("{name} is under way")),
        DeliveryState::Sent => {
            at(mail.moved_at, format!("{name} was sent: everything that is asked before said yes"))
        }
        DeliveryState::SentAssumed | DeliveryState::Unknown => {
            at(mail.moved_at, format!("{name} left, and nobody knows whether it arrived{because}"))
        }
        DeliveryState::Failed => at(mail.moved_at, format!("{name} was refused or came back{because}")),
        DeliveryState::Suppressed | DeliveryState::Canceled | DeliveryState::Expired => {
            at(mail.moved_at, format!("{name} was not sent{because}"))
        }
    }
}

/// Where a run stands, and why there. `plan` is its sequence, where the playbook still has it.
pub fn run_story(run: &Enrollment, plan: Option<&Sequence>) -> Told {
    let label = plan.and_then(|plan| plan.step.get(run.step)?.label());
    let step = label.map(|label| format!(" ({label})"));
    let step = format!("step {}{}", run.step + 1, step.unwrap_or_default());
    let because = run.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    match &run.state {
        RunState::Due { at: when } => at(*when, format!("{step} is due then{because}")),
        RunState::Awaiting { .. } => now(format!("{step} waits for its mail")),
        RunState::Ended { how, at: when, .. } => at(*when, format!("ended, {}{because}", how.word())),
    }
}

fn at(at: Moment, what: String) -> Told {
    Told { at: Some(at), what }
}

fn now(what: String) -> Told {
    Told { at: None, what }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        campaign::{Figures, Forecast},
        enrollment::{Ended, Planned},
        ids::{CampaignId, EnrollmentId, LeadId},
        team::Handle,
    };
    use chrono::TimeDelta;

    fn at_hour(hours: i64) -> Moment {
        Moment::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    fn campaign(state: CampaignState, wave: Wave) -> Campaign {
        Campaign {
            id: CampaignId(Default::default()),
            sequence: "welcome".to_owned(),
            segment: "warm".to_owned(),
            follows: false,
            subjects: Default::default(),
            version: 1,
            state,
            made_by: Handle::of("mia").unwrap(),
            made_at: at_hour(1),
            launched_by: None,
            launched_at: None,
            counted_in: 1,
            counted_out: 0,
            wave,
            first: 0,
            pause: TimeDelta::zero(),
            rest_at: None,
            harm: None,
            forecast: Forecast::default(),
            figures: Figures::default(),
            revision: 1,
        }
    }

    fn told(
        campaign: &Campaign,
        asked: Option<Option<&str>>,
        because: Option<&str>,
        run: Option<&Enrollment>,
    ) -> String {
        let lead = Lead::anonymous(LeadId(Default::default()), at_hour(0));
        let case = Case {
            campaign,
            lead: &lead,
            asked: asked.map(|why| why.map(str::to_owned)),
            because: because.map(str::to_owned),
            run,
            other_run: None,
            mails: Vec::new(),
            plan: None,
        };
        why(&case).into_iter().map(|told| told.what).collect::<Vec<_>>().join(" / ")
    }

    #[test]
    fn each_way_to_get_nothing_has_its_rule() {
        use CampaignState::{Asked, Held, Running, Stopped};
        let running = campaign(Running, Wave::All);
        assert_eq!(
            told(&running, None, Some("“score >= 40” is not so: it is 12"), None),
            "did not match “warm” at the preview / asked now, the segment says no: “score >= 40” is not so: it is 12"
        );
        assert_eq!(
            told(&running, None, None, None),
            "did not match “warm” at the preview / they match now, but the audience is that of the preview"
        );
        assert_eq!(
            told(&running, Some(Some("held out")), None, None),
            "matched “warm”, and was left out: held out"
        );
        for (state, wave, ends) in [
            (Asked, Wave::All, "waits: nobody has launched it"),
            (Held, Wave::Rest, "waits: the campaign is held"),
            (Stopped, Wave::Rest, "did not begin before it was stopped"),
            (Running, Wave::First, "begins with the rest, when the first ones have left and were looked at"),
            (Running, Wave::All, "did not begin: was in the sequence when the others began"),
        ] {
            let said = told(&campaign(state, wave), Some(None), None, None);
            assert_eq!(said, format!("matched “warm”, and is in / {ends}"));
        }
        let planned = Planned {
            sequence: "welcome".to_owned(),
            version: 1,
            campaign: None,
            at: None,
            since: None,
            key: None,
            held_out: None,
        };
        let run = Enrollment::begin(
            EnrollmentId(Default::default()),
            LeadId(Default::default()),
            &planned,
            at_hour(2),
        );
        let held = run.clone().due(0, at_hour(3), Some("claimed by Ana".to_owned()));
        let said = told(&running, Some(None), None, Some(&held));
        assert_eq!(said, "matched “warm”, and is in / began welcome / step 1 is due then: claimed by Ana");
        let ended = run.end(Ended::Stopped, "they said no", at_hour(4));
        assert!(told(&running, Some(None), None, Some(&ended)).ends_with("ended, stopped: they said no"));
    }
}
