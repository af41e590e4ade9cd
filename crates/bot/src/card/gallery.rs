//! A card of each state there is, for the tests of whoever renders them.

use super::{Card, Note, Scenery, Surroundings, of_alert, of_campaign};
use chrono::TimeDelta;
use chrono_tz::Tz;
use rekindle_core::{
    alert::{Alert, Outcome, Raised, Reason},
    campaign::{Campaign, CampaignState, Caution, Figures, Forecast, Wave},
    company::{Company, Hottest},
    email::EmailAddress,
    lead::{Lead, Points},
    score::{Explanation, Line, LineKind},
    team::{Handle, Member, Role},
    time::Moment,
};

pub(crate) fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

pub(crate) fn kim() -> Lead {
    let mut lead = Lead::anonymous(id("lead"), at("2026-11-20T00:00:00Z"));
    lead.name = Some("Kim\r\nPark\u{202e}".to_owned());
    lead.title = Some("VP Sales".to_owned());
    lead.company = Some("Acme".to_owned());
    lead.country = Some("TH".to_owned());
    lead.email = Some(EmailAddress::parse("kim@acme.test").unwrap());
    lead
}

/// The same id for everything, told apart by its kind.
pub(crate) fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(kind: &str) -> T {
    format!("{kind}_0195f7c2a0e87b6e8d0c5a1b2c3d4e5f").parse().unwrap()
}

fn explanation() -> Explanation {
    let line = |what: &str, now| Line {
        kind: LineKind::Engagement,
        what: what.to_owned(),
        at: Some(at("2026-11-23T08:00:00Z")),
        activity: None,
        points: 50,
        now,
        limit: None,
    };
    Explanation {
        score: 105,
        fit: 10,
        engagement: 95,
        grade: "A1".to_owned(),
        graded: "A1: fit 10 (A from 10), engagement 95 (1 from 60)".to_owned(),
        points: Points { fit: 10.0, engagement: 95.0, at: at("2026-11-23T09:00:00Z") },
        worth: Default::default(),
        lines: vec![line("Demo Requested", 50.0), line("Demo Requested", 45.0)],
    }
}

pub(crate) fn rendered(alert: &Alert) -> Card {
    of(alert, &kim())
}

fn of(alert: &Alert, lead: &Lead) -> Card {
    let explanation = explanation();
    let hottest = Hottest { lead: lead.id, called: "Kim Park".to_owned(), score: 105 };
    let company = Company { domain: "acme.test".to_owned(), people: 3, active: 2, points: 140, hottest };
    let notes =
        [Note { by: "Ana".to_owned(), at: at("2026-11-23T08:59:00Z"), text: "likes\nblue".to_owned() }];
    of_alert(
        alert,
        &Scenery {
            lead,
            explanation: &explanation,
            company: Some(&company),
            recent: &[],
            notes: &notes,
            now: at("2026-11-23T09:00:00Z"),
            zone: Tz::UTC,
        },
    )
}

pub(crate) fn open() -> Alert {
    let raised = Raised { reason: Reason::Hot, because: vec![], meant_for: None };
    Alert::raise(id("alert"), id("lead"), &raised, at("2026-11-23T08:58:00Z"))
}

/// Ana, who works leads.
pub(crate) fn ana() -> Member {
    Member {
        id: id("member"),
        handle: Handle::of("ana").unwrap(),
        name: "Ana".to_owned(),
        role: Role::Sales,
        active: true,
    }
}

/// Every state, by its name.
pub(crate) fn all() -> Vec<(&'static str, Card)> {
    let (ana, then) = (ana(), at("2026-11-23T08:58:14Z"));
    let tomorrow = then + TimeDelta::days(1);
    let claimed = open().claim(&ana.handle, "Kim", then).unwrap();
    let ended = |alert: Alert, how, note: Option<&str>| {
        alert.outcome(&ana, "Kim", how, note.map(str::to_owned), then).unwrap()
    };
    let alerts = [
        ("open", open()),
        ("put off", open().snooze(&ana, "Kim", tomorrow, then).unwrap()),
        ("claimed", claimed.clone()),
        ("connected", ended(claimed.clone(), Outcome::Connected, None)),
        ("claimed and put off", claimed.clone().snooze(&ana, "Kim", tomorrow, then).unwrap()),
        ("won", ended(claimed, Outcome::Won, Some("5000"))),
        ("not a fit", ended(open(), Outcome::NotAFit, Some("student"))),
    ];
    let mut all: Vec<_> = alerts.into_iter().map(|(name, alert)| (name, rendered(&alert))).collect();
    let mia = Handle::of("mia").unwrap();
    let draft = draft();
    let running = Campaign {
        figures: Figures { begun: 2, mails: vec![("sent".to_owned(), 2)], sent: 2, ..Figures::default() },
        ..draft.clone().launch(&mia, &Caution::NONE, then).unwrap().all_begun()
    };
    let held = running.clone().hold().unwrap();
    let house = Surroundings {
        plan: None,
        caution: Caution::NONE,
        zone: Tz::UTC,
        public_url: "https://go.acme.test",
    };
    for (name, campaign) in [
        ("draft", &draft),
        ("running", &running),
        ("held", &held),
        ("stopped", &held.clone().stop().unwrap()),
    ] {
        all.push((name, of_campaign(campaign, &house)));
    }
    all
}

/// A campaign that Mia previewed.
pub(crate) fn draft() -> Campaign {
    Campaign {
        id: id("campaign"),
        sequence: "re-engagement".to_owned(),
        segment: "gone cold".to_owned(),
        follows: false,
        subjects: Default::default(),
        version: 1,
        state: CampaignState::Draft,
        made_by: Handle::of("mia").unwrap(),
        made_at: at("2026-11-23T08:58:14Z"),
        launched_by: None,
        launched_at: None,
        counted_in: 2,
        counted_out: 1,
        wave: Wave::All,
        first: 0,
        pause: TimeDelta::zero(),
        rest_at: None,
        harm: None,
        forecast: Forecast { out: vec![("claimed by Ana".to_owned(), 1)], ..Forecast::default() },
        figures: Figures::default(),
        revision: 1,
    }
}

/// A card on which everything that a lead or a marketer wrote is this text.
pub(crate) fn full_of(text: &str) -> Card {
    let mut lead = kim();
    lead.name = Some(text.to_owned());
    lead.title = Some(text.to_owned());
    lead.company = Some(text.to_owned());
    let mut card = of(&open(), &lead);
    // Past what of_alert cleans, too: whoever renders must not trust it.
    card.lines = vec![text.to_owned(); 5];
    card.headline = text.to_owned();
    card.status = text.to_owned();
    card.facts =
        (0..12).map(|_| super::Fact { label: text.to_owned(), value: text.to_owned(), link: None }).collect();
    card
}

/// Texts that have done harm elsewhere.
pub(crate) fn canaries() -> Vec<String> {
    let ours = [
        "<!channel>",
        "<!here>",
        "<!everyone>",
        "<@U123>",
        "<!subteam^S1>",
        "@everyone",
        "@here",
        "<@&1>",
        "<https://evil.test|Click>",
        "=cmd|' /C calc'!A0",
        "{{7*7}}",
        "</title><script>alert(1)</script>",
        "javascript:alert(1)",
        "\r\nBcc: x@y.test",
        "\u{202e}gnp.exe",
        "``` fence ```",
        "&lt;!channel&gt;",
        "",
        " ",
    ];
    let mut all: Vec<String> = ours.iter().map(|text| (*text).to_owned()).collect();
    all.push("e\u{301}".repeat(10_000));
    all.push("日本語".repeat(5_000));
    all.push("👩‍👩‍👧".repeat(3_000));
    all
}

/// The big list of naughty strings, where it lies beside the project; it is not part of it.
pub(crate) fn naughty() -> Vec<String> {
    let list = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora/naughty/blns/blns.json");
    let text = std::fs::read_to_string(list).unwrap_or_else(|_| "[]".to_owned());
    serde_json::from_str(&text).unwrap()
}
