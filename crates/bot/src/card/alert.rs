//! The card of an alert: who, why hot, what they last did, who has them.

use super::{Ask, AskKind, Button, Card, Fact, Kind, Style};
use crate::wording::{capital, clean, clocks, dated, length};
use chrono_tz::Tz;
use rekindle_core::{
    activity::Activity,
    alert::{Alert, AlertState, Outcome, Reason},
    company::Company,
    consent::ConsentState,
    lead::Lead,
    observe::{described, reasons},
    prediction::Prediction,
    score::Explanation,
    time::Moment,
    zone::{ZoneFrom, zone_of},
};

/// What a rep wrote about a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Who: a name for people.
    pub by: String,
    /// When (wall).
    pub at: Moment,
    /// What.
    pub text: String,
}

/// Everything beside the alert that its card is made of.
#[derive(Debug, Clone)]
pub struct Scenery<'a> {
    /// On whom.
    pub lead: &'a Lead,
    /// Their score.
    pub explanation: &'a Explanation,
    /// How likely they are to be won, where that is shown.
    pub prediction: Option<&'a Prediction>,
    /// Who else is of their company.
    pub company: Option<&'a Company>,
    /// The last things that a person surely did, newest first.
    pub recent: &'a [Activity],
    /// What reps wrote, newest first.
    pub notes: &'a [Note],
    /// Now, on the calendar. Nothing that a card says grows wrong as time passes: it stands for days.
    pub now: Moment,
    /// The zone of the team.
    pub zone: Tz,
}

/// How many activities and notes a card shows.
const RECENT: usize = 3;

/// How many reasons beside its points a card shows.
const WHY: usize = 3;

/// Renders the card of an alert.
pub fn of_alert(alert: &Alert, scenery: &Scenery<'_>) -> Card {
    let Scenery { lead, explanation, .. } = scenery;
    let line = |text: &Option<String>| text.as_deref().map(|t| clean(t, 80)).filter(|t| !t.is_empty());
    let subtitle = match (line(&lead.title), line(&lead.company)) {
        (Some(title), Some(company)) => Some(format!("{title} at {company}")),
        (title, company) => title.or(company),
    };
    Card {
        id: alert.id.to_string(),
        kind: Kind::Alert,
        revision: alert.revision,
        state: alert.state.word(),
        accent: alert.reason.word(),
        title: clean(lead.called(), 80),
        subtitle,
        badge: Some(explanation.grade.clone()),
        score: Some(explanation.score),
        headline: headline(alert),
        lines: lines(alert, scenery),
        facts: facts(scenery),
        status: status(alert, scenery),
        email: lead.email.as_ref().map(|email| clean(email.as_str(), 120)),
        buttons: buttons(&alert.state),
    }
}

fn headline(alert: &Alert) -> String {
    let words = match alert.reason {
        Reason::Hot => "Hot lead",
        Reason::Surge => "Surging",
        Reason::Back => "Back from the cold",
        Reason::Reply => "Answered a mail",
        Reason::Plan => "A sequence asks",
        Reason::Hand => "Taken by hand",
    };
    match &alert.meant_for {
        Some(before) => format!("{words}, with {} before", before.name()),
        None => words.to_owned(),
    }
}

/// How likely they are to be won; what the points are made of, as of now; and, for one that came back, with what.
fn lines(alert: &Alert, scenery: &Scenery<'_>) -> Vec<String> {
    // Without times: a card stands for days, and "5 min ago" would be wrong after six.
    let mut timeless = scenery.explanation.clone();
    timeless.lines.iter_mut().for_each(|line| line.at = None);
    let mut lines: Vec<String> = alert.news.last().map(|news| capital(news)).into_iter().collect();
    let why = alert.because.iter().filter(|because| match alert.reason {
        Reason::Surge | Reason::Back | Reason::Reply | Reason::Plan => true,
        // Points are told as they stand now, and that it was taken by hand is said already; what else was asked is not.
        Reason::Hot => !is_of_points(because),
        Reason::Hand => **because != headline(alert),
    });
    lines.extend(why.take(WHY).cloned());
    // None of these may be cut: they add up to the score.
    lines.extend(reasons(&timeless, scenery.now));
    let predicted = scenery.prediction.map(|prediction| clean(&prediction.said(), 300));
    predicted.into_iter().chain(lines.iter().map(|line| clean(line, 120))).collect()
}

/// Whether a line is one of points: "+50 Demo Requested".
fn is_of_points(line: &str) -> bool {
    line.strip_prefix(['+', '-']).is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

fn facts(scenery: &Scenery<'_>) -> Vec<Fact> {
    let Scenery { lead, recent, notes, now, zone, .. } = scenery;
    let mut facts = vec![Fact::new("Grade", scenery.explanation.graded.clone())];
    if let Some(company) = scenery.company.filter(|company| company.people > 1) {
        facts.push(Fact::new("Company", clean(&company.words(), 160)));
    }
    let (theirs, from) = zone_of(lead.zone.as_deref(), lead.country.as_deref(), *zone);
    if matches!(from, ZoneFrom::Lead | ZoneFrom::Country) {
        facts.push(Fact::new("Their clock", clocks(theirs, *zone, *now)));
    }
    if lead.consent.state == ConsentState::Objected {
        facts.push(Fact::new("Objected", "no mail, and nothing they do is counted".to_owned()));
    }
    let did = recent.iter().take(RECENT);
    facts.extend(did.map(|activity| Fact::new(&dated(activity.at, *zone), clean(&described(activity), 100))));
    facts.extend(notes.iter().take(RECENT).map(|note| {
        Fact::new(&format!("Note by {}", clean(&note.by, 40)), {
            format!("{} ({})", clean(&note.text, 200), dated(note.at, *zone))
        })
    }));
    facts
}

/// How it stands: "Claimed by Ana, 14 s after the alert".
fn status(alert: &Alert, scenery: &Scenery<'_>) -> String {
    let zone = scenery.zone;
    let speed = || match alert.first_claimed_at {
        Some(at) if alert.reason != Reason::Hand => {
            format!(", {} after the alert", length(at - alert.raised_at))
        }
        _ => String::new(),
    };
    match &alert.state {
        AlertState::Open => format!("Nobody has it yet, since {}", dated(alert.raised_at, zone)),
        AlertState::Claimed { by, from: Some(from), .. } => {
            let claimed = match speed() {
                speed if speed.is_empty() => speed,
                speed => format!("; claimed{}", speed.trim_start_matches(',')),
            };
            format!("With {}, passed on by {}{claimed}", by.name(), from.name())
        }
        AlertState::Claimed { by, last, .. } => match last {
            Some(how) => format!("Claimed by {}{}; {}", by.name(), speed(), how.label()),
            None => format!("Claimed by {}{}", by.name(), speed()),
        },
        AlertState::Snoozed { by, until, kept } => {
            let until = dated(*until, zone);
            match kept {
                true => format!("With {}, put off until {until}", by.name()),
                false => format!("Put off by {} until {until}", by.name()),
            }
        }
        AlertState::Closed { how, note, by, .. } => {
            let label = capital(how.label());
            let note = note.as_deref().map(|note| format!(" ({})", clean(note, 120))).unwrap_or_default();
            format!(
                "{label}{note}, says {}{}",
                by.name(),
                match alert.first_claimed_at {
                    Some(_) => format!("; claimed{}", speed().trim_start_matches(',')),
                    None => String::new(),
                }
            )
        }
    }
}

const LATER: &[(&str, &str)] =
    &[("1h", "1 hour"), ("4h", "4 hours"), ("1d", "1 day"), ("monday", "Monday"), ("1w", "1 week")];
const LOST: &[(&str, &str)] = &[
    ("no budget", "No budget"),
    ("bad timing", "Bad timing"),
    ("a competitor", "A competitor"),
    ("no need", "No need"),
];
const UNFIT: &[(&str, &str)] =
    &[("student", "Student"), ("too small", "Too small"), ("competitor", "Competitor"), ("spam", "Spam")];

/// What the button `intent` asks for before it is pressed, on whatever card it is.
pub fn ask_of(intent: &str) -> Option<Ask> {
    let asking = [snooze(), unfit(), won(), lost(), pass()];
    asking.into_iter().find(|button| button.intent == intent).and_then(|button| button.ask)
}

fn said(how: Outcome, label: &'static str, style: Style) -> Button {
    Button::new(how.word(), label, style)
}

fn snooze() -> Button {
    Button::new("snooze", "Snooze", Style::Plain).asking(AskKind::Choice, "Until when?", LATER)
}

fn unfit() -> Button {
    said(Outcome::NotAFit, "Not a fit", Style::Danger).asking(AskKind::Text, "Why not?", UNFIT)
}

fn won() -> Button {
    said(Outcome::Won, "Won", Style::Primary).asking(AskKind::Amount, "How much?", &[])
}

fn lost() -> Button {
    said(Outcome::Lost, "Lost", Style::Danger).asking(AskKind::Text, "Why?", LOST)
}

fn pass() -> Button {
    Button::new("pass", "Pass to", Style::Plain).asking(AskKind::Form, "To whom?", &[])
}

fn buttons(state: &AlertState) -> Vec<Button> {
    let claim = || Button::new("claim", "Claim", Style::Primary);
    match state {
        AlertState::Open => vec![claim(), pass(), snooze(), unfit()],
        AlertState::Snoozed { kept: false, .. } => vec![claim(), pass(), unfit()],
        AlertState::Claimed { .. } | AlertState::Snoozed { kept: true, .. } => vec![
            said(Outcome::Connected, "Connected", Style::Plain),
            said(Outcome::NoAnswer, "No answer", Style::Plain),
            said(Outcome::Meeting, "Meeting", Style::Plain),
            won(),
            lost(),
            snooze(),
            pass(),
            Button::new("release", "Release", Style::Plain),
        ],
        AlertState::Closed { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
