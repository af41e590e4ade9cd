//! What the plan says of the mail at a step: its subjects, offer and survey.

use rekindle_core::{
    delivery::MailKind,
    ids::CampaignId,
    playbook::Playbooks,
    sequence::{OfferTerms, Purpose, Sequence, SurveyTerms},
};
use rekindle_storage::outbox::Claimed;

/// The plan's word on one mail.
pub(super) struct Plan<'a> {
    /// The plan's name; the mail's own for one that is in no plan.
    pub(super) sequence: &'a str,
    /// Whether it sells: then it carries what makes it easy to leave.
    pub(super) is_marketing: bool,
    /// What it offers.
    pub(super) offer: Option<&'a OfferTerms>,
    subjects: &'a [String],
    survey: Option<&'a SurveyTerms>,
}

impl<'a> Plan<'a> {
    /// The plan of a delivery: the step of its run. A test mail has no run; it looks as in the first plan that writes it.
    pub(super) fn of(claimed: &'a Claimed, playbooks: &'a Playbooks) -> Self {
        let of_run = claimed.plan.as_ref().and_then(|(name, version)| {
            let sequence = playbooks.of(*version).sequence(name)?;
            Some((sequence, usize::try_from(claimed.step).ok()?))
        });
        let looks_like = || {
            let plans = playbooks.current().sequences.values();
            plans.filter_map(|sequence| Some((sequence, step_of(sequence, &claimed.mail)?))).next()
        };
        let Some((sequence, step)) = of_run.or_else(looks_like) else {
            return Self {
                sequence: &claimed.mail,
                is_marketing: claimed.kind == MailKind::Campaign,
                offer: None,
                subjects: &[],
                survey: None,
            };
        };
        let (subjects, offer, survey) = match sequence.mail_at(step) {
            Some(written) if written.mail == claimed.mail => {
                let typed = claimed.subjects.at(sequence, step);
                (typed.unwrap_or(written.subjects), written.offer, written.survey)
            }
            _ => (&[] as &[String], None, None),
        };
        let is_marketing = sequence.purpose == Purpose::Marketing;
        Self { sequence: &sequence.name, is_marketing, offer, subjects, survey }
    }

    /// The subject that was chosen when the mail was decided; the first for a mail that nobody decided about.
    pub(super) fn subject(&self, variant: Option<usize>) -> Option<&'a str> {
        self.subjects.get(variant.unwrap_or(0)).map(String::as_str)
    }

    /// The number of an answer within the survey.
    pub(super) fn answer(&self, key: &str) -> Option<u32> {
        let at = self.survey?.answers.iter().position(|answer| answer.key == key)?;
        u32::try_from(at).ok()
    }

    /// The plan's name as it may stand in a List-Id: letters, digits and hyphens.
    pub(super) fn label(&self) -> String {
        let safe = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let label: String = self.sequence.chars().take(60).map(safe).collect();
        match label.trim_matches('-') {
            "" => "mail".to_owned(),
            label => label.to_owned(),
        }
    }

    /// What Gmail counts complaints by: the campaign, or the plan.
    pub(super) fn launch(&self, campaign: Option<CampaignId>) -> String {
        campaign.map_or_else(|| self.label(), |CampaignId(id)| id.simple().to_string())
    }
}

fn step_of(sequence: &Sequence, wanted: &str) -> Option<usize> {
    (0..sequence.step.len())
        .find(|step| sequence.mail_at(*step).is_some_and(|written| written.mail == wanted))
}
