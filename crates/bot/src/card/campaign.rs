//! The card of a campaign: what was launched at whom, how far it is, and how to hold it.

use super::{Button, Card, Fact, Kind, Style};
use crate::wording::{clean, count, dated};
use chrono_tz::Tz;
use rekindle_core::{
    campaign::{Campaign, CampaignState},
    sequence::Sequence,
};
use rekindle_storage::campaigns::Reason;

/// How far a campaign is.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Who was out at the preview, by reason.
    pub out: Vec<Reason>,
    /// Its mails, by state.
    pub mails: Vec<Reason>,
    /// Its runs, by state.
    pub runs: Vec<Reason>,
}

/// Renders the card of a campaign. `plan` is its sequence, where the playbook still has it.
pub fn of_campaign(campaign: &Campaign, plan: Option<&Sequence>, progress: &Progress, zone: Tz) -> Card {
    let running = campaign.state == CampaignState::Running;
    let mut facts = Vec::new();
    let steps = plan.map(rekindle_core::sequence::Sequence::labels);
    facts.extend(steps.map(|steps| Fact::new("Plan", clean(&steps.join(", "), 200))));
    facts.extend(listed("Mails", &progress.mails));
    facts.extend(listed("Runs", &progress.runs));
    let mut lines = vec![format!("{} in", count(campaign.counted_in, "lead"))];
    lines.extend(
        progress.out.iter().take(5).map(|out| clean(&format!("{} out: {}", out.count, out.why), 120)),
    );
    Card {
        id: campaign.id.to_string(),
        kind: Kind::Campaign,
        revision: campaign.revision,
        state: campaign.state.word(),
        accent: if running || campaign.state == CampaignState::Draft { "campaign" } else { "muted" },
        title: clean(&campaign.sequence, 80),
        subtitle: Some(clean(&format!("at “{}”", campaign.segment), 120)),
        badge: None,
        score: None,
        headline: match campaign.state {
            CampaignState::Draft => "Preview: nothing was sent",
            _ => "Campaign",
        }
        .to_owned(),
        lines,
        facts,
        status: status(campaign, zone),
        email: None,
        buttons: buttons(campaign.state),
    }
}

fn listed(label: &str, counts: &[Reason]) -> Option<Fact> {
    let said: Vec<String> =
        counts.iter().map(|state| format!("{} {}", state.count, state.why.replace('_', " "))).collect();
    (!said.is_empty()).then(|| Fact::new(label, clean(&said.join(", "), 200)))
}

fn status(campaign: &Campaign, zone: Tz) -> String {
    let (Some(by), Some(at)) = (&campaign.launched_by, campaign.launched_at) else {
        let made = dated(campaign.made_at, zone);
        return format!("Previewed by {} on {made}; not launched", campaign.made_by.name());
    };
    let launched = format!("launched by {} on {}", by.name(), dated(at, zone));
    match campaign.state {
        CampaignState::Held => format!("Held: nothing of it leaves; {launched}"),
        CampaignState::Stopped => format!("Stopped; {launched}"),
        CampaignState::Done => format!("Done: all its runs are over; {launched}"),
        CampaignState::Draft | CampaignState::Running => format!("Running; {launched}"),
    }
}

fn buttons(state: CampaignState) -> Vec<Button> {
    let stop = || Button::new("stop", "Stop", Style::Danger);
    match state {
        CampaignState::Draft => vec![Button::new("launch", "Launch", Style::Primary)],
        CampaignState::Running => vec![Button::new("hold", "Hold", Style::Plain), stop()],
        CampaignState::Held => vec![Button::new("resume", "Resume", Style::Primary), stop()],
        CampaignState::Stopped | CampaignState::Done => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rekindle_core::{team::Handle, time::Moment};

    #[test]
    fn each_state_has_its_words_and_buttons() {
        let now: Moment = "2026-11-23T09:00:00Z".parse().unwrap();
        let mia = Handle::of("mia").unwrap();
        let draft = Campaign {
            id: "campaign_0195f7c2a0e87b6e8d0c5a1b2c3d4e5f".parse().unwrap(),
            sequence: "re-engagement".to_owned(),
            segment: "gone cold".to_owned(),
            version: 1,
            state: CampaignState::Draft,
            made_by: mia.clone(),
            made_at: now,
            launched_by: None,
            launched_at: None,
            counted_in: 2,
            counted_out: 1,
            revision: 1,
        };
        let out = Progress {
            out: vec![Reason { why: "claimed by Ana".to_owned(), count: 1 }],
            ..Progress::default()
        };
        let said = |campaign: &Campaign| {
            let card = of_campaign(campaign, None, &out, Tz::UTC);
            let buttons: Vec<&str> = card.buttons.iter().map(|button| button.intent).collect();
            (card.state, card.status, buttons.join(" "), card.lines)
        };
        let lines = vec!["2 leads in".to_owned(), "1 out: claimed by Ana".to_owned()];
        let status = "Previewed by Mia on Mon 23 Nov, 09:00; not launched".to_owned();
        assert_eq!(said(&draft), ("draft", status, "launch".to_owned(), lines.clone()));
        let running = draft.launch(&mia, now).unwrap();
        let status = "Running; launched by Mia on Mon 23 Nov, 09:00".to_owned();
        assert_eq!(said(&running), ("running", status, "hold stop".to_owned(), lines));
        let held = running.hold().unwrap();
        assert_eq!(said(&held).2, "resume stop");
        assert_eq!(said(&held.stop().unwrap()).2, "");
    }
}
