//! `/campaign`, and the buttons of a campaign's card.

use super::Desk;
use crate::{
    command::Campaign as Asked,
    intent::Intent,
    reply::Reply,
    table::table,
    wording::{clean, count, moment},
};
use rekindle_core::{
    campaign::{Campaign, CampaignState},
    ids::CampaignId,
    mail_check::may_launch,
    refusal::Refusal,
    team::Member,
};
use rekindle_storage::Result;

impl Desk {
    pub(super) async fn campaign(&self, member: &Member, asked: &Asked) -> Result<Reply> {
        use CampaignState::{Held, Running};
        match asked {
            Asked::Launch { confirm: Some(id), sequence, segment, despite_mail_doctor } => {
                let id = self.previewed(id, sequence.as_deref(), segment.as_deref()).await?;
                self.launch(member, id, *despite_mail_doctor).await
            }
            Asked::Launch { confirm: None, sequence, segment, despite_mail_doctor } => {
                let missing =
                    || Refusal::Usage { text: "Write: /campaign launch SEQUENCE SEGMENT".to_owned() };
                let sequence = sequence.as_deref().ok_or_else(missing)?;
                let segment = segment.as_deref().ok_or_else(missing)?;
                self.preview(member, sequence, segment, *despite_mail_doctor).await
            }
            Asked::Preview { sequence, segment } => self.preview(member, sequence, segment, false).await,
            Asked::Show { campaign: None } => self.campaigns().await,
            Asked::Show { campaign: Some(name) } => {
                let campaign = self.store.campaigns().named(name).await?;
                let card = self.view().campaign(&campaign).await?;
                let (lines, facts) = (&card.lines, &card.facts);
                let mut said = vec![format!(
                    "{} {}: {}",
                    card.title,
                    card.subtitle.as_deref().unwrap_or(""),
                    card.status
                )];
                said.extend(lines.iter().cloned());
                said.extend(facts.iter().map(|fact| format!("{}: {}", fact.label, fact.value)));
                Ok(Reply::done(said.join("\n")).with_card(card))
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
                let id = self.one(campaign.as_deref(), &[Running, Held], "stop").await?;
                self.move_campaign(id, &Intent::Stop).await
            }
        }
    }

    /// The preview that an id confirms, held against what is said beside it.
    async fn previewed(&self, id: &str, sequence: Option<&str>, segment: Option<&str>) -> Result<CampaignId> {
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
            && segment.is_none_or(|name| name.eq_ignore_ascii_case(&campaign.segment));
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
        let campaign = self.store.campaigns().launch(id, &member.handle).await?;
        let mut text = format!(
            "{} is launched at “{}”: {} begin it now.",
            clean(&campaign.sequence, 80),
            clean(&campaign.segment, 120),
            count(campaign.counted_in, "lead")
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
