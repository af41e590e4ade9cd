//! Subjects that are typed at the launch: whether they can be meant, and what is said of them.

use super::Desk;
use crate::wording::clean;
use rekindle_core::{
    campaign::{Campaign, Subjects},
    refusal::Refusal,
    sequence::Sequence,
};
use rekindle_mail::templates::RenderError;
use rekindle_storage::Result;

impl Desk {
    /// What was typed for the first mail of a plan, where all of it can be meant.
    ///
    /// # Errors
    /// [`Refusal::Usage`]: which is wrong, what, and what would be right.
    pub(super) fn typed_subjects(
        &self,
        plan: &Sequence,
        typed: &[impl AsRef<str>],
    ) -> Result<Subjects, Refusal> {
        let usage = |text: String| Refusal::Usage { text };
        let subjects = Subjects::of(typed.iter().map(AsRef::as_ref)).map_err(usage)?;
        if subjects.is_empty() {
            return Ok(subjects);
        }
        let Some(first) = plan.first_mail().and_then(|step| plan.mail_at(step)) else {
            return Err(usage(match plan.mails().next() {
                None => format!("{} writes no mail, so it has no subject.", plan.name),
                Some(_) => format!(
                    "Not everybody gets the same first mail of {}: write the subjects into its file, each at its mail.",
                    plan.name
                ),
            }));
        };
        let Some(templates) = &self.templates else { return Ok(subjects) };
        for (at, subject) in subjects.iter().enumerate() {
            let wrong = |error: RenderError| {
                let what = match error {
                    RenderError::Template(error) => error.what,
                    error => error.to_string(),
                };
                let end = if what.ends_with('?') { "" } else { "." };
                usage(format!("Subject {}, “{}”: {}{end}", at + 1, clean(subject, 80), clean(&what, 300)))
            };
            templates.try_subject(first.mail, subject, first.offer.is_some()).map_err(wrong)?;
        }
        Ok(subjects)
    }

    /// What becomes of what was typed, a line each.
    pub(super) fn about_subjects(&self, plan: &Sequence, typed: &Subjects) -> Vec<String> {
        let Some(first) = plan.first_mail().and_then(|step| plan.mail_at(step)).filter(|_| !typed.is_empty())
        else {
            return Vec::new();
        };
        let all: Vec<String> = typed.iter().map(|subject| format!("“{}”", clean(subject, 200))).collect();
        let mut said = vec![match all.as_slice() {
            [one] => format!("Its subject is {one}, as typed."),
            all => format!(
                "{} subjects are tried, as typed: {}. The rest gets the better one.",
                all.len(),
                all.join(", ")
            ),
        }];
        let translated = self.templates.as_ref().map(|templates| {
            let variants = templates.variants(first.mail).filter_map(|name| name.split_once('.'));
            variants.map(|(_, tag)| tag).collect::<Vec<_>>().join(", ")
        });
        said.extend(translated.filter(|tags| !tags.is_empty()).map(|tags| {
            format!(
                "Who reads {} in another language ({tags}) gets the subject that is written there.",
                first.mail
            )
        }));
        said
    }

    /// How what was typed for a campaign stands, in words.
    pub(super) async fn trial_of(&self, campaign: &Campaign) -> Result<Option<String>> {
        let playbooks = self.store.playbooks().await?;
        let plan = playbooks.of(campaign.version).sequence(&campaign.sequence);
        match plan.and_then(|plan| campaign.trial(plan)) {
            Some(trial) => self.stands(&trial).await.map(|(_, words)| Some(words)),
            None => Ok(None),
        }
    }
}
