//! The card of a campaign: before the launch whom it is for and what is foreseen, then how far it is and what has come of it.
//!
//! Everything on it stands in the campaign's own row, so that it says the same whoever renders it, and when.

mod results;

use self::results::results;
use super::{Button, Card, Fact, Kind, Style};
use crate::wording::{clean, count, dated, length};
use chrono_tz::Tz;
use rekindle_core::{
    campaign::{Campaign, CampaignState, Caution, Figures, Forecast, Wave},
    sequence::Sequence,
};

/// What belongs to the card beside the campaign's row.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Its sequence, where the playbook still has it.
    pub plan: Option<&'a Sequence>,
    /// How carefully campaigns are launched here.
    pub caution: Caution,
    /// The zone of the team.
    pub zone: Tz,
    /// Where the lists behind the counts are.
    pub public_url: &'a str,
}

/// How many reasons to be out have a place of their own.
const REASONS: usize = 4;
/// How many days of a mail are said.
const DAYS: usize = 4;

/// Renders the card of a campaign.
pub fn of_campaign(campaign: &Campaign, house: &Surroundings<'_>) -> Card {
    use CampaignState::{Asked, Draft, Running};
    let is_foreseen = matches!(campaign.state, Draft | Asked);
    let (lines, facts) = match is_foreseen {
        true => (foreseen(campaign, house), audience(campaign, house)),
        false => (so_far(campaign), results(campaign, house)),
    };
    Card {
        id: campaign.id.to_string(),
        kind: Kind::Campaign,
        revision: campaign.revision,
        state: campaign.state.word(),
        accent: if is_foreseen || campaign.state == Running { "campaign" } else { "muted" },
        title: clean(&campaign.sequence, 80),
        subtitle: Some(clean(&format!("at “{}”", campaign.segment), 120)),
        badge: None,
        score: None,
        headline: match campaign.state {
            Draft => "Preview: nothing was sent",
            Asked => "Waits for a second person: nothing was sent",
            CampaignState::Done => "Campaign: the result",
            _ => "Campaign",
        }
        .to_owned(),
        lines,
        facts,
        status: status(campaign, house),
        email: None,
        buttons: buttons(campaign),
    }
}

/// The address of the list behind a count: "matched", "in", "out", or out for one reason.
pub(crate) fn list_of(
    public_url: &str,
    campaign: &Campaign,
    whom: &str,
    why: Option<&str>,
) -> Option<String> {
    let page = format!("{}/campaigns/{}", public_url.trim_end_matches('/'), campaign.id);
    let mut url = reqwest::Url::parse(&page).ok()?;
    url.query_pairs_mut().append_pair("whom", whom).extend_pairs(why.map(|why| ("why", why)));
    Some(url.into())
}

/// Whom it is for: each count with its list.
fn audience(campaign: &Campaign, house: &Surroundings<'_>) -> Vec<Fact> {
    let list = |whom: &str, why: Option<&str>| list_of(house.public_url, campaign, whom, why);
    let counted = |label: &str, number: i64, link| Fact { link, ..Fact::new(label, number.to_string()) };
    let out = &campaign.forecast.out;
    let mut facts = vec![counted("Match", campaign.counted_in + campaign.counted_out, list("matched", None))];
    facts.extend(
        out.iter().take(REASONS).map(|(why, number)| {
            counted(&clean(&format!("Out: {why}"), 80), *number, list("out", Some(why)))
        }),
    );
    let others: i64 = out.iter().skip(REASONS).map(|(_, number)| number).sum();
    if others > 0 {
        facts.push(counted("Out: other reasons", others, list("out", None)));
    }
    facts.push(counted("Will get it", campaign.counted_in, list("in", None)));
    let mail = house.plan.and_then(|plan| plan.mails().next());
    facts.extend(mail.map(|mail| {
        let subject = campaign.forecast.subject.as_deref();
        let said = subject.map_or_else(|| mail.to_owned(), |subject| format!("{mail}: “{subject}”"));
        let link = format!("{}/templates/{mail}", house.public_url.trim_end_matches('/'));
        Fact { link: Some(link), ..Fact::new("First mail", clean(&said, 200)) }
    }));
    facts.extend(typed(campaign));
    let who = match campaign.follows {
        true => "follows: who comes to match later gets it, too",
        false => "frozen: those who match now, nobody later",
    };
    facts.push(Fact::new("Audience", who));
    facts
}

/// What is foreseen, a line each.
fn foreseen(campaign: &Campaign, house: &Surroundings<'_>) -> Vec<String> {
    let Forecast { days, waits, not_sent, lived_with, collisions, reputation, .. } = &campaign.forecast;
    let mut lines = vec![format!("{} in, {} out", count(campaign.counted_in, "lead"), campaign.counted_out)];
    let mut mails: Vec<&str> = days.iter().map(|day| day.mail.as_str()).collect();
    mails.dedup();
    for mail in mails.iter().take(3) {
        let of_mail: Vec<_> = days.iter().filter(|day| day.mail == *mail).collect();
        let said: Vec<String> = of_mail
            .iter()
            .take(DAYS)
            .map(|day| format!("{} {}", day.on.format("%a %-d %b"), day.leads))
            .collect();
        let rest: i64 = of_mail.iter().skip(DAYS).map(|day| day.leads).sum();
        let last = of_mail.last().filter(|_| rest > 0);
        let rest =
            last.map(|day| format!(", until {} {rest}", day.on.format("%a %-d %b"))).unwrap_or_default();
        lines.push(clean(&format!("{mail}: {}{rest}", said.join(", ")), 200));
    }
    if mails.len() > 3 {
        lines.push(format!("… and {} more", count(i64::try_from(mails.len() - 3).unwrap_or(0), "mail")));
    }
    let listed = |counts: &[(String, i64)]| -> Vec<String> {
        counts.iter().take(REASONS).map(|(why, mails)| format!("{mails} for “{why}”")).collect()
    };
    if !waits.is_empty() {
        lines.push(clean(&format!("Mails that have to wait: {}", listed(waits).join(", ")), 200));
    }
    if !not_sent.is_empty() {
        lines.push(clean(&format!("Mails that will not be sent: {}", listed(not_sent).join(", ")), 200));
    }
    if *lived_with > 0 {
        let with = match *lived_with < campaign.counted_in {
            true => format!("{lived_with} of them, each for as many"),
            false => "all of them".to_owned(),
        };
        lines.push(format!("Dates are from living ahead with {with}, if nobody answers"));
    }
    for met in collisions.iter().take(2) {
        let theirs = met.leads - met.ours_first;
        lines.push(clean(
            &format!(
                "{} also get a mail of {} within a day: it comes first for {theirs}, this one for {}; the other waits",
                count(met.leads, "lead"),
                met.sequence,
                met.ours_first
            ),
            200,
        ));
    }
    if campaign.counted_in > 0 {
        let share = |part: f64| part * 100.0 / campaign.counted_in as f64;
        let basis = match reputation.from_mails {
            0 => "2 % of the new addresses: nothing is known of their domains yet".to_owned(),
            mails => format!("from what became of {} to the same domains in 180 days", count(mails, "mail")),
        };
        let bounces = match reputation.bounces {
            few if few < 1.0 => "less than one".to_owned(),
            many => format!("about {many:.0}"),
        };
        lines.push(format!(
            "{} ({:.0} %) never had a mail from us; {bounces} ({:.1} %) may bounce, {basis}",
            reputation.never_mailed,
            share(reputation.never_mailed as f64),
            share(reputation.bounces),
        ));
    }
    let caution = &house.caution;
    if caution.first > 0 && campaign.counted_in > caution.first {
        lines.push(format!(
            "{} go first, then {} to look, then the rest by itself",
            caution.first,
            length(caution.pause)
        ));
    }
    lines
}

/// What the team wants to know while it goes on.
fn so_far(campaign: &Campaign) -> Vec<String> {
    let Figures { first, begun, .. } = &campaign.figures;
    let mut lines = vec![format!("{} in, {begun} have begun", count(campaign.counted_in, "lead"))];
    if campaign.wave == Wave::First && first.left > 0 {
        lines.push(format!(
            "Of the first {}: {} left, {} bounced, {} reported as spam",
            campaign.first, first.left, first.bounced, first.complained
        ));
    }
    lines
}

/// What was typed in place of the plan's subjects for the first mail.
fn typed(campaign: &Campaign) -> Option<Fact> {
    let all: Vec<String> = campaign.subjects.iter().map(|subject| format!("“{subject}”")).collect();
    match all.as_slice() {
        [] => None,
        [one] => Some(Fact::new("Subject", clean(one, 200))),
        all => Some(Fact::new("Subjects tried", clean(&all.join(", "), 400))),
    }
}

fn status(campaign: &Campaign, house: &Surroundings<'_>) -> String {
    let zone = house.zone;
    let (Some(by), Some(at)) = (&campaign.launched_by, campaign.launched_at) else {
        let by = campaign.made_by.name();
        let previewed = format!("Previewed by {by} on {}", dated(campaign.made_at, zone));
        let is_for_two = house.caution.is_for_two(campaign.counted_in);
        return match campaign.state {
            CampaignState::Asked => format!(
                "{by} asks for a second person: {} leads are more than {}",
                campaign.counted_in, house.caution.second_person_above
            ),
            CampaignState::Stopped => format!("Withdrawn; previewed by {by}"),
            _ if is_for_two => format!("{previewed}; somebody else than {by} has to confirm so many"),
            _ => format!("{previewed}; not launched"),
        };
    };
    let launched = format!("launched by {} on {}", by.name(), dated(at, zone));
    match campaign.state {
        CampaignState::Held => match &campaign.harm {
            Some(harm) if campaign.wave == Wave::First => {
                format!("Held by itself: {}; resume it when you have looked; {launched}", clean(harm, 120))
            }
            _ => format!("Held: nothing of it leaves; {launched}"),
        },
        CampaignState::Stopped => format!("Stopped; {launched}"),
        CampaignState::Done => format!("Done: all its runs are over; {launched}"),
        _ => match (campaign.wave, campaign.rest_at) {
            (Wave::First, None) => format!("Running: the first {} go out; {launched}", campaign.first),
            (Wave::First, Some(rest)) => format!(
                "Running: look at the first {}; the rest begins by itself on {}; {launched}",
                campaign.first,
                dated(rest, zone)
            ),
            (Wave::Rest, _) => format!("Running: the rest begins; {launched}"),
            (Wave::All, _) if campaign.follows => format!("Running, and follows its segment; {launched}"),
            (Wave::All, _) => format!("Running; {launched}"),
        },
    }
}

fn buttons(campaign: &Campaign) -> Vec<Button> {
    let hold = || Button::new("hold", "Hold", Style::Danger);
    let stop = || Button::new("stop", "Stop", Style::Plain);
    match campaign.state {
        CampaignState::Draft => vec![Button::new("launch", "Launch", Style::Primary)],
        CampaignState::Asked => vec![
            Button::new("launch", "Confirm", Style::Primary),
            Button::new("stop", "Withdraw", Style::Plain),
        ],
        CampaignState::Running if campaign.wave == Wave::First => {
            vec![hold(), Button::new("rest", "Send the rest now", Style::Plain), stop()]
        }
        CampaignState::Running => vec![hold(), stop()],
        CampaignState::Held => vec![Button::new("resume", "Resume", Style::Primary), stop()],
        CampaignState::Stopped | CampaignState::Done => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::gallery::{at, draft};
    use chrono::TimeDelta;
    use rekindle_core::{campaign::FirstOnes, team::Handle};

    #[test]
    fn each_state_has_its_words_and_buttons() {
        let (mia, now) = (Handle::of("mia").unwrap(), at("2026-11-23T09:00:00Z"));
        let caution = Caution { second_person_above: 500, first: 50, pause: TimeDelta::minutes(10) };
        let house = Surroundings { plan: None, caution, zone: Tz::UTC, public_url: "https://x.test" };
        let said = |campaign: &Campaign| {
            let card = of_campaign(campaign, &house);
            let buttons: Vec<&str> = card.buttons.iter().map(|button| button.intent).collect();
            (card.state, card.status, buttons.join(" "))
        };
        let status = "Previewed by Mia on Mon 23 Nov, 08:58; not launched".to_owned();
        assert_eq!(said(&draft()), ("draft", status, "launch".to_owned()));
        let running = draft().launch(&mia, &caution, now).unwrap().all_begun();
        let status = "Running; launched by Mia on Mon 23 Nov, 09:00".to_owned();
        assert_eq!(said(&running), ("running", status, "hold stop".to_owned()));
        let held = running.hold().unwrap();
        assert_eq!(said(&held).2, "resume stop");
        assert_eq!(said(&held.stop().unwrap()).2, "");

        let many = Campaign { counted_in: 884, ..draft() };
        let asked = many.launch(&mia, &caution, now).unwrap();
        let status = "Mia asks for a second person: 884 leads are more than 500".to_owned();
        assert_eq!(said(&asked), ("asked", status, "launch stop".to_owned()));
        let first = asked.launch(&Handle::of("ben").unwrap(), &caution, now).unwrap();
        assert_eq!(said(&first).2, "hold rest stop");
        let left = FirstOnes { left: 50, ..FirstOnes::default() };
        let looked = first.look(left, true, now).unwrap();
        assert!(
            said(&looked).1.contains("the rest begins by itself on Mon 23 Nov, 09:10"),
            "{}",
            said(&looked).1
        );
        let harmed = looked.look(FirstOnes { bounced: 5, ..left }, true, now).unwrap();
        assert!(
            said(&harmed).1.starts_with("Held by itself: 5 of the first 50 mails bounced"),
            "{}",
            said(&harmed).1
        );
    }

    #[test]
    fn every_count_of_a_preview_leads_to_its_list() {
        let house =
            Surroundings { plan: None, caution: Caution::NONE, zone: Tz::UTC, public_url: "https://x.test/" };
        let facts = of_campaign(&draft(), &house).facts;
        let links: Vec<(&str, &str)> = facts
            .iter()
            .filter_map(|fact| Some((fact.label.as_str(), fact.link.as_deref()?.split_once('?')?.1)))
            .collect();
        assert_eq!(
            links,
            [
                ("Match", "whom=matched"),
                ("Out: claimed by Ana", "whom=out&why=claimed+by+Ana"),
                ("Will get it", "whom=in"),
            ]
        );
    }
}
