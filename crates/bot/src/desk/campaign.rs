//! `/campaign`, and the buttons of a campaign's card.

use super::{Desk, forms::address, preview::Wanted};
use crate::{
    command::{Audience, Campaign as Asked},
    intent::Intent,
    reply::Reply,
    table::table,
    wording::{clean, count, length, moment},
};
use rekindle_core::{
    campaign::{Campaign, CampaignState},
    ids::CampaignId,
    mail_check::may_launch,
    nearest::did_you_mean,
    refusal::Refusal,
    team::Member,
};
use rekindle_storage::{Result, campaigns::Whom};

impl Desk {
    pub(super) async fn campaign(&self, member: &Member, asked: &Asked) -> Result<Reply> {
        use CampaignState::{Asked as Waiting, Held, Running};
        match asked {
            Asked::Launch { confirm: Some(id), sequence, segment, subject, despite_mail_doctor, .. } => {
                let id = self.previewed(id, sequence.as_deref(), segment.as_deref(), subject).await?;
                self.launch(member, id, *despite_mail_doctor).await
            }
            Asked::Launch { confirm: None, sequence, segment, subject, despite_mail_doctor, audience } => {
                let missing =
                    || Refusal::Usage { text: "Write: /campaign launch SEQUENCE SEGMENT".to_owned() };
                let wanted = Wanted {
                    sequence: sequence.as_deref().ok_or_else(missing)?,
                    segment: segment.as_deref().ok_or_else(missing)?,
                    subjects: subject,
                    audience: audience.unwrap_or(Audience::Frozen),
                    despite: *despite_mail_doctor,
                };
                self.preview(member, wanted).await
            }
            Asked::Preview { sequence, segment, subject: subjects, audience } => {
                let audience = audience.unwrap_or(Audience::Frozen);
                self.preview(member, Wanted { sequence, segment, subjects, audience, despite: false }).await
            }
            Asked::Test { sequence } => self.mail_to_me(member, sequence).await,
            Asked::List | Asked::Show { campaign: None } => self.campaigns().await,
            Asked::Show { campaign: Some(name) } => {
                let campaign = self.store.campaigns().named(name).await?;
                self.shown(&campaign).await
            }
            Asked::Who { campaign, whom, page } => {
                let campaign = self.store.campaigns().named(campaign).await?;
                self.who(&campaign, whom.as_deref().unwrap_or("in"), page.unwrap_or(1)).await
            }
            Asked::Lift { sequence } => self.lift(sequence.as_deref()).await,
            Asked::Why { lead, campaign } => {
                let lead = self.meant(lead).await?;
                let campaign = self.named_or_newest(campaign.as_deref()).await?;
                self.why_in(&campaign, &lead).await
            }
            Asked::Report { campaign } => {
                let campaign = self.named_or_newest(campaign.as_deref()).await?;
                self.store.campaigns().tally(campaign.id).await?;
                let campaign = self.store.campaigns().named(&campaign.id.to_string()).await?;
                let mut reply = self.shown(&campaign).await?;
                if let Some(stand) = self.trial_of(&campaign).await? {
                    reply.text.push_str(&format!("\n{}", clean(&stand, 400)));
                }
                Ok(reply.with_data(serde_json::to_value(&campaign.figures).unwrap_or_default()))
            }
            Asked::Rest { campaign } => {
                let id = self.one(campaign.as_deref(), &[Running], "send the rest of").await?;
                self.move_campaign(id, &Intent::Rest).await
            }
            Asked::Hold { campaign } => {
                let id = self.one(campaign.as_deref(), &[Running], "hold").await?;
                self.move_campaign(id, &Intent::Hold).await
            }
            Asked::Resume { campaign } => {
                let id = self.one(campaign.as_deref(), &[Held], "resume").await?;
                self.move_campaign(id, &Intent::Resume).await
            }
            Asked::Stop { campaign } => {
                let id = self.one(campaign.as_deref(), &[Running, Held, Waiting], "stop").await?;
                self.move_campaign(id, &Intent::Stop).await
            }
        }
    }

    /// How a campaign stands: its card, and the same in words.
    async fn shown(&self, campaign: &Campaign) -> Result<Reply> {
        let card = self.view().campaign(campaign).await?;
        let (lines, facts) = (&card.lines, &card.facts);
        let mut said =
            vec![format!("{} {}: {}", card.title, card.subtitle.as_deref().unwrap_or(""), card.status)];
        said.extend(lines.iter().cloned());
        said.extend(facts.iter().map(|fact| format!("{}: {}", fact.label, fact.value)));
        Ok(Reply::done(said.join("\n")).with_card(card))
    }

    /// A page of the leads behind a count.
    async fn who(&self, campaign: &Campaign, whom: &str, page: u64) -> Result<Reply> {
        const A_PAGE: u64 = 20;
        let meant = match whom.trim().to_lowercase().as_str() {
            "in" => Whom::In,
            "out" => Whom::Out(None),
            "matched" | "match" | "all" => Whom::Matched,
            why => {
                let known = campaign.forecast.out.iter().map(|(known, _)| known);
                let why = why.strip_prefix("out: ").unwrap_or(why);
                Whom::Out(Some(known.clone().find(|known| known.to_lowercase() == why).cloned().ok_or_else(
                    || Refusal::Unknown {
                        what: "count",
                        name: clean(whom, 80),
                        help: did_you_mean(why, known.map(String::as_str).chain(["in", "out", "matched"])),
                    },
                )?))
            }
        };
        let page = page.clamp(1, 1_000_000);
        let listed =
            self.store.campaigns().audience(campaign.id, &meant, (page - 1) * A_PAGE, A_PAGE).await?;
        let rows: Vec<[String; 3]> = listed
            .leads
            .iter()
            .map(|(lead, why)| {
                let email = lead.email.as_ref().map(|email| email.as_str().to_owned()).unwrap_or_default();
                [clean(lead.called(), 40), email, why.clone().unwrap_or_else(|| "in".to_owned())]
            })
            .collect();
        let pages = listed.count.div_ceil(A_PAGE).max(1);
        let counted = count(i64::try_from(listed.count).unwrap_or(i64::MAX), "lead");
        let mut said =
            format!("{counted}, page {page} of {pages}\n{}", table(["lead", "address", "why"], &rows));
        if page < pages {
            said.push_str(&format!(
                "\nMore: /campaign who {} --page {} {}",
                campaign.id,
                page + 1,
                clean(whom, 80)
            ));
        }
        Ok(Reply::table(said))
    }

    /// Every mail of a sequence to the member's own address.
    async fn mail_to_me(&self, member: &Member, sequence: &str) -> Result<Reply> {
        let playbooks = self.store.load_playbooks().await?;
        let playbook = playbooks.current();
        let plan = playbook.plan(&clean(sequence, 80))?;
        let email = self.store.team().address_of(member).await?.ok_or_else(|| Refusal::Not {
            code: "no_address",
            text: format!(
                "Nobody knows where you read mail; an admin says it: /rekindle team email {} YOUR-ADDRESS",
                member.handle
            ),
        })?;
        let mails: Vec<&str> = plan.mails().collect();
        let me = self.lead_of(member, &address(&email)?).await?;
        self.store.outbox().test(me, &mails).await?;
        let number = i64::try_from(mails.len()).unwrap_or(i64::MAX);
        Ok(Reply::done(format!(
            "{} of {} on the way to {email}: {}. Links in them work as for a lead.",
            count(number, "mail"),
            clean(&plan.name, 80),
            mails.join(", ")
        )))
    }

    /// The preview that an id confirms, held against what is said beside it.
    async fn previewed(
        &self,
        id: &str,
        sequence: Option<&str>,
        segment: Option<&str>,
        subjects: &[String],
    ) -> Result<CampaignId> {
        let unknown = || Refusal::Unknown {
            what: "campaign",
            name: clean(id, 80),
            help: "; --confirm takes the id that the preview gave".to_owned(),
        };
        let id: CampaignId = id.parse().map_err(|_| unknown())?;
        let campaign =
            self.store.campaigns().named(&id.to_string()).await.map_err(|error| match error.refusal() {
                Some(Refusal::Unknown { .. }) => unknown().into(),
                _ => error,
            })?;
        let same = sequence.is_none_or(|name| name == campaign.sequence)
            && segment.is_none_or(|name| name.eq_ignore_ascii_case(&campaign.segment))
            && (subjects.is_empty()
                || subjects.iter().map(|typed| typed.trim()).eq(campaign.subjects.iter()));
        if same {
            return Ok(id);
        }
        let text = format!(
            "That id confirms {} at “{}”, which is not what you wrote. Preview again, or confirm what was previewed.",
            campaign.sequence, campaign.segment
        );
        Err(Refusal::Not { code: "other_preview", text }.into())
    }

    /// Whether a campaign may begin: somebody has looked whether its mails will be believed.
    pub(super) async fn may_launch(&self) -> Result<()> {
        let Some(of) = &self.mail_check else { return Ok(()) };
        let last = self.store.mail_check().await?;
        Ok(may_launch(last.as_ref(), of, self.store.clock().wall())?)
    }

    /// Launches what was previewed, where its mails will be believed, or despite that. The audit has the words of who did so.
    pub(super) async fn launch(&self, member: &Member, id: CampaignId, despite: bool) -> Result<Reply> {
        if !despite {
            self.may_launch().await?;
        }
        let campaign = self.store.campaigns().launch(id, &member.handle, &self.settings.caution).await?;
        if campaign.state == CampaignState::Asked {
            let channel = self.store.playbooks().await?.current().routing.campaigns.clone();
            let text = format!(
                "{} leads are more than {}: somebody else with the role marketing or admin has to confirm. It stands in #{}.",
                campaign.counted_in,
                self.settings.caution.second_person_above,
                clean(&channel, 40)
            );
            return Ok(Reply::done(text).with_card(self.view().campaign(&campaign).await?));
        }
        let leads = count(campaign.counted_in, "lead");
        let begins = match campaign.first {
            0 => format!("{leads} begin it now"),
            first => format!(
                "the first {first} of {leads} begin it now, the rest {} after they have left",
                length(campaign.pause)
            ),
        };
        let mut text = format!(
            "{} is launched at “{}”: {begins}.",
            clean(&campaign.sequence, 80),
            clean(&campaign.segment, 120),
        );
        if let Some(pause) = self.store.pause().await? {
            text.push_str(&format!(
                " All mail is paused by {}: nothing leaves until /rekindle resume.",
                pause.by.name()
            ));
        }
        Ok(Reply::done(text).with_card(self.view().campaign(&campaign).await?))
    }

    pub(super) async fn move_campaign(&self, id: CampaignId, intent: &Intent) -> Result<Reply> {
        let campaigns = self.store.campaigns();
        let moved = campaigns.moved(id, |campaign| match intent {
            Intent::Rest => campaign.send_rest(),
            Intent::Hold => campaign.hold(),
            Intent::Resume => campaign.resume(),
            Intent::Stop => campaign.stop(),
            _ => Err(Refusal::Usage { text: "This card has no such button.".to_owned() }),
        });
        let campaign = moved.await?;
        let name = clean(&campaign.sequence, 80);
        let text = match campaign.state {
            CampaignState::Held => format!("{name} is held: nothing of it leaves until it is resumed."),
            CampaignState::Stopped => format!("{name} is stopped: no further mail of it leaves."),
            _ if *intent == Intent::Rest => format!("{name}: the rest begins now."),
            _ => format!("{name} goes on."),
        };
        Ok(Reply::done(text).with_card(self.view().campaign(&campaign).await?))
    }

    /// The campaign that is meant; without a name, the only one that can be moved so.
    async fn one(&self, name: Option<&str>, from: &[CampaignState], verb: &str) -> Result<CampaignId> {
        if let Some(name) = name {
            return Ok(self.store.campaigns().named(name).await?.id);
        }
        let mut fit = self.store.campaigns().launched(200).await?;
        fit.retain(|campaign| from.contains(&campaign.state));
        match fit.as_slice() {
            [one] => Ok(one.id),
            [] => {
                let words: Vec<&str> = from.iter().map(|state| state.word()).collect();
                let text = format!("No campaign is {}; there is none to {verb}.", words.join(" or "));
                Err(Refusal::Not { code: "no_campaign", text }.into())
            }
            many => {
                let ids: Vec<String> =
                    many.iter().take(5).map(|one| format!("{} ({})", one.id, one.sequence)).collect();
                let text = format!("There are {} to {verb}; say which: {}.", many.len(), ids.join(", "));
                Err(Refusal::Usage { text }.into())
            }
        }
    }

    /// The campaign that is meant; without a name, the one that was previewed last of those that were launched.
    async fn named_or_newest(&self, name: Option<&str>) -> Result<Campaign> {
        if let Some(name) = name {
            return self.store.campaigns().named(name).await;
        }
        let none = || Refusal::Not { code: "no_campaign", text: "No campaign was launched yet.".to_owned() };
        Ok(self.store.campaigns().launched(1).await?.pop().ok_or_else(none)?)
    }

    async fn campaigns(&self) -> Result<Reply> {
        let campaigns = self.store.campaigns().launched(20).await?;
        if campaigns.is_empty() {
            return Ok(Reply::done(
                "No campaign was launched yet. Begin with /campaign preview SEQUENCE SEGMENT.",
            ));
        }
        let now = self.store.clock().calendar();
        let row = |campaign: &Campaign| {
            [
                campaign.state.word().to_owned(),
                campaign.sequence.clone(),
                campaign.segment.clone(),
                campaign.counted_in.to_string(),
                campaign.launched_at.map(|at| moment(at, now, self.settings.zone)).unwrap_or_default(),
                campaign.id.to_string(),
            ]
        };
        let rows: Vec<_> = campaigns.iter().map(row).collect();
        Ok(Reply::table(table(["state", "sequence", "segment", "leads", "launched", "id"], &rows)))
    }
}
