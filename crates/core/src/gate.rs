//! The gate: everything that is asked again at the moment of sending.
//!
//! Its verdict is a value. *Never* is about the lead and the plan; *later* is about the hour, a
//! claim, a hold. The strongest no comes first, so that the reason kept is the one that matters.

use crate::{
    campaign::CampaignState,
    consent::ConsentState,
    delivery::{Event, MailKind},
    enrollment::LOOK_AGAIN,
    frequency::{Cap, closed_until},
    lead::{Nurture, may_be_mailed},
    preferences::{FEWER, Preferences},
    sequence::{Purpose, Sequence},
    team::Handle,
    time::Moment,
    window::SendWindow,
    zone::zone_of,
};
use chrono::TimeDelta;
use chrono_tz::Tz;

/// When a mail looks again that let another go first.
const AFTER_RIVAL: TimeDelta = TimeDelta::minutes(5);

/// What the gate asks of the lead: no more is read for each mail.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipient {
    /// Whether there is an address.
    pub has_address: bool,
    /// Whether we write at all.
    pub nurture: Nurture,
    /// What they said to being written to.
    pub consent: ConsentState,
    /// From when a yes counts for nothing.
    pub consent_until: Option<Moment>,
    /// How they want to be written to.
    pub preferences: Preferences,
    /// Who has claimed them.
    pub owner: Option<Handle>,
    /// Their time zone, as they told it.
    pub zone: Option<String>,
    /// Their country, which has a zone.
    pub country: Option<String>,
}

/// What the gate looks at.
#[derive(Debug, Clone)]
pub struct GateScene<'a> {
    /// To whom.
    pub to: &'a Recipient,
    /// Whether the address is suppressed.
    pub suppressed: bool,
    /// What the mail is for.
    pub kind: MailKind,
    /// The plan; none for a test mail.
    pub sequence: Option<&'a Sequence>,
    /// Whether the run still awaits this mail, and the reason when not.
    pub run: Result<(), String>,
    /// Of which campaign, as it stands.
    pub campaign: Option<CampaignState>,
    /// Whether the team has paused all mail: by whom.
    pub paused_by: Option<&'a str>,
    /// Why mail to them is held by a circuit breaker, if it is.
    pub rests: Option<&'a str>,
    /// When the last other campaign mail to this lead was committed, in [`FEWER`].
    pub last_mail_at: Option<Moment>,
    /// How often the lead may hear from us, and when the mail was committed that used each cap up, if one did.
    pub caps: &'a [(Cap, Option<Moment>)],
    /// The mail of another sequence to the lead that leaves first, in words, if one does.
    pub rival: Option<&'a str>,
    /// When marketing may be written at all.
    pub open: Option<&'a SendWindow>,
    /// After this it is too late.
    pub expires_at: Moment,
    /// The zone of leads that have none.
    pub zone: Tz,
}

/// What the gate says.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Send it now.
    Go,
    /// Not now.
    Later {
        /// When to ask again.
        until: Moment,
        /// Why.
        why: String,
        /// Whether the mail does not age meanwhile: the team or the closed window holds it.
        ageless: bool,
    },
    /// Not at all: [`Event::Suppress`], [`Event::Cancel`] or [`Event::Expire`].
    Never {
        /// Which no.
        event: Event,
        /// Why.
        why: String,
    },
}

/// Whether a reason to wait is the team's, or the lead's own pause: meanwhile the mail does not age.
pub fn is_hold(why: &str) -> bool {
    why == HELD || [PAUSED, CLAIMED, RESTS, RESTING].iter().any(|hold| why.starts_with(hold))
}

const HELD: &str = "the campaign is held";
const PAUSED: &str = "all mail is paused by ";
const CLAIMED: &str = "claimed by ";
/// How the reason of a mail that a circuit breaker holds begins.
pub const RESTS: &str = "mail is held: ";
const RESTING: &str = "the lead wants nothing before ";
/// How the reason of a mail that waits for an hour of the lead's day begins.
pub const OUTSIDE: &str = "outside ";

/// Asks everything again.
pub fn gate(scene: &GateScene<'_>, now: Moment) -> Verdict {
    let never = |event, why: &str| Verdict::Never { event, why: why.to_owned() };
    let held = |why: String| Verdict::Later { until: now + LOOK_AGAIN, why, ageless: true };
    let marketing = scene.kind == MailKind::Campaign
        && scene.sequence.is_none_or(|sequence| sequence.purpose == Purpose::Marketing);

    if scene.suppressed {
        return never(Event::Suppress, "the address is suppressed");
    }
    let to = scene.to;
    if let Err(why) = &scene.run {
        return never(Event::Cancel, why);
    }
    if marketing
        && let Err(why) = may_be_mailed(to.has_address, to.nurture, to.consent, to.consent_until, now)
    {
        let archived = to.nurture == Nurture::Archived;
        return never(if archived { Event::Cancel } else { Event::Suppress }, &why);
    }
    if marketing
        && let Some(sequence) = scene.sequence
        && let Err(why) = to.preferences.wants(sequence.topic())
    {
        return never(Event::Cancel, &why);
    }
    match scene.campaign {
        Some(CampaignState::Stopped) => return never(Event::Cancel, "the campaign was stopped"),
        Some(CampaignState::Held) => return held(HELD.to_owned()),
        _ => {}
    }
    if let Some(by) = scene.paused_by {
        return held(format!("{PAUSED}{by}"));
    }
    if let Some(why) = scene.rests.filter(|_| marketing) {
        return held(format!("{RESTS}{why}"));
    }
    if marketing && let Some(owner) = &to.owner {
        return held(format!("{CLAIMED}{}", owner.name()));
    }
    if marketing && let Some(until) = to.preferences.paused(now) {
        let why = format!("{RESTING}{}", until.format("%-d %B %Y"));
        return Verdict::Later { until, why, ageless: true };
    }
    if now >= scene.expires_at {
        return never(Event::Expire, "it became too late for it");
    }
    if marketing
        && to.preferences.fewer
        && let Some(last) = scene.last_mail_at.filter(|last| *last + FEWER > now)
    {
        let why = "the lead wants at most one mail in 30 days".to_owned();
        let until = last + FEWER;
        return match until < scene.expires_at {
            true => Verdict::Later { until, why, ageless: false },
            // It would be too late by then: the plan goes on without it.
            false => Verdict::Never { event: Event::Expire, why },
        };
    }
    if marketing {
        let used_up = scene.caps.iter().filter_map(|(cap, at)| Some((cap, (*at)? + cap.every.delta())));
        if let Some((cap, until)) = used_up.filter(|(_, until)| *until > now).max_by_key(|(_, until)| *until)
        {
            return Verdict::Later { until, why: format!("the lead got {}", cap.said()), ageless: false };
        }
        if let Some(rival) = scene.rival {
            return Verdict::Later {
                until: now + AFTER_RIVAL,
                why: format!("{rival} comes first"),
                ageless: false,
            };
        }
    }
    let (zone, _) = zone_of(to.zone.as_deref(), to.country.as_deref(), scene.zone);
    let own = scene.sequence.and_then(|sequence| sequence.send_window.as_ref());
    let all = own.into_iter().chain(scene.open.filter(|_| marketing));
    if let Some(until) = closed_until(all, now, zone) {
        let whose = if closed_until(own.into_iter(), now, zone).is_some() {
            "its send window"
        } else {
            "the hours of all mail"
        };
        return Verdict::Later { until, why: format!("{OUTSIDE}{whose} in {zone}"), ageless: true };
    }
    Verdict::Go
}
