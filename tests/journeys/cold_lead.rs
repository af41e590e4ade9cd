//! Leads go quiet: breakup, offer, survey, archive, a day every two seconds, each mail through a real relay; and whoever shows a
//! sign of life, is claimed, or says no, gets no more of it.

use crate::stage::{On, SOON, Sender, Stage, letter, link_in, on_both_databases};
use chrono::{DateTime, Datelike, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use rekindle_tests::{program::within, smtp::RecordingServer};
use serde_json::{Value, json};
use std::time::Duration;

on_both_databases!(the_quiet_get_three_mails_and_are_archived_and_all_others_less);

/// A Monday. The cron table looks at six.
const START: &str = "2026-11-02T05:00:00Z";
/// A day every two seconds.
const SPEED: f64 = 43_200.0;
/// Twenty-two days, weekends in the way, and a machine that is busy.
const TO_THE_END: Duration = Duration::from_secs(150);
const BROWSER: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

async fn the_quiet_get_three_mails_and_are_archived_and_all_others_less(on: On) {
    let relay = RecordingServer::start().await;
    let stage = Stage::new(on).plain().calendar(START, SPEED).env("REKINDLE__MAIL__URL", relay.url());
    let asked = stage.key("webinar", Some("webinar form 2026")).await;
    let met = stage.key("crm", None).await;
    let (ana, ben) = (stage.member("Ana", "sales").await, stage.member("Ben", "sales").await);
    // The calendar begins with the program: all that was before is told in its first moments.
    let up = stage.program.start(&["up"]).await;
    let (asked, met) = (Sender::new(&up, &asked), Sender::new(&up, &met));
    let before = "2026-09-20T12:00:00Z";
    quiet(&asked, "ines", "Europe/Lisbon", before).await;
    let seat = crate::stage::Seat::sign_in(&up, &ana).await;
    assert_eq!(seat.say("/lead claim ines@leads.test").await["ok"], true);
    for (id, zone) in [
        ("yuki", "Asia/Tokyo"),
        ("sam", "America/New_York"),
        ("eva", "Europe/Prague"),
        ("piet", "Europe/Brussels"),
        ("omar", "Africa/Casablanca"),
        ("lena", "Europe/Vienna"),
    ] {
        quiet(&asked, id, zone, before).await;
    }
    quiet(&met, "nora", "Europe/Oslo", before).await;
    let ben = crate::stage::Seat::sign_in(&up, &ben).await;
    let watch = seat.events().await;

    let to = |id: &str| mails_to(&relay, id);
    let breakup = async |id: &str| {
        within(SOON, &format!("{id} gets the breakup mail"), async || to(id).first().cloned()).await
    };
    // Eva comes back by herself, Piet by a link, Omar says no, Lena is taken by Ben.
    breakup("eva").await;
    asked.track("eva", "Webinar Attended").await;
    let piet = breakup("piet").await;
    let link = link_in(&letter(&piet.bytes), "/c/").expect("the breakup mail has a link");
    let followed = up.http().get(&link).header("user-agent", BROWSER).send().await.unwrap();
    assert_eq!(followed.status().as_u16(), 302, "{link}");
    let omar = breakup("omar").await;
    unsubscribe(up.http(), &omar.bytes).await;
    breakup("lena").await;
    assert_eq!(ben.say("/lead claim lena@leads.test").await["ok"], true);

    for id in ["eva", "piet"] {
        let email = format!("{id}@leads.test");
        let (card, _) = watch.card(SOON, &email, "open").await;
        assert_eq!(
            (&card["accent"], &card["headline"]),
            (&json!("back"), &json!("Back from the cold")),
            "{id}"
        );
        let lead = stage.lead(&email).await;
        assert_eq!(
            (&lead["nurture"], &lead["enrollments"][0]["due_at"]),
            (&json!("active"), &Value::Null),
            "{lead:#}"
        );
        assert_eq!(lead["alerts"][0]["reason"], "back");
        assert!(lead["enrollments"][0]["reason"].is_string(), "why it ended: {lead:#}");
    }

    for id in ["yuki", "sam"] {
        let email = format!("{id}@leads.test");
        let lead = within(TO_THE_END, &format!("{id} is archived"), async || {
            let lead = stage.lead(&email).await;
            (lead["nurture"] == "archived").then_some(lead)
        })
        .await;
        assert_eq!(lead["consent"]["state"], "subscribed", "an archive is no suppression: {lead:#}");
        let mails = to(id);
        let kinds: Vec<&str> = mails.iter().map(Mail::kind).collect();
        assert_eq!(kinds, ["breakup", "offer", "survey"], "{id}");
        for (pair, wait) in mails.windows(2).zip([4, 5]) {
            let waited = pair[1].at - pair[0].at;
            assert!(waited.num_days() >= wait, "{id}: {waited} before the {}", pair[1].kind());
        }
        let zone: Tz = lead["zone"].as_str().unwrap().parse().unwrap();
        for mail in &mails {
            let there = mail.at.with_timezone(&zone);
            let workday = !matches!(there.weekday(), Weekday::Sat | Weekday::Sun);
            assert!(workday && (9..17).contains(&there.hour()), "{id} gets the {} on {there}", mail.kind());
        }
    }
    for (id, state) in
        [("omar", "unsubscribed"), ("nora", "unknown"), ("eva", "subscribed"), ("ines", "subscribed")]
    {
        let lead = stage.lead(&format!("{id}@leads.test")).await;
        assert_eq!(lead["consent"]["state"], state, "{id}");
        let mails = match id {
            "nora" | "ines" => 0,
            _ => 1,
        };
        assert_eq!(to(id).len(), mails, "{id}: {lead:#}");
    }
    assert_eq!(to("piet").len(), 1);
    let nora = stage.lead("nora@leads.test").await;
    assert_eq!((&nora["nurture"], &nora["deliveries"]), (&json!("archived"), &json!([])), "{nora:#}");
    assert_eq!(stage.lead("ines@leads.test").await["nurture"], "active", "a claimed lead never goes cold");

    // Lena has waited all the while; given back, it goes on where it stood.
    assert_eq!(to("lena").len(), 1, "a claimed lead waits");
    assert_eq!(ben.say("/lead release lena@leads.test").await["ok"], true);
    within(SOON, "Lena's mail goes on", async || to("lena").get(1).map(|m| assert_eq!(m.kind(), "offer")))
        .await;
    assert_eq!(relay.doubled(), Vec::<String>::new());
    assert_eq!(up.terminate().await, Some(0));
}

/// A lead who was last seen then.
async fn quiet(sender: &Sender, id: &str, zone: &str, before: &str) {
    let traits = json!({"email": format!("{id}@leads.test"), "name": id, "timezone": zone});
    sender.identify(id, traits, json!({"timestamp": before})).await;
    sender.sent("track", json!({"userId": id, "event": "E-book Downloaded", "timestamp": before})).await;
}

/// What the button of a mail program does: RFC 8058.
async fn unsubscribe(http: &reqwest::Client, mail: &[u8]) {
    let text = String::from_utf8_lossy(mail).replace("\r\n ", " ");
    let header = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::to_owned)
    };
    assert_eq!(header("List-Unsubscribe-Post").as_deref(), Some("List-Unsubscribe=One-Click"));
    let header = header("List-Unsubscribe").expect("a campaign mail can be stopped");
    let url = header.split(['<', '>']).find(|part| part.starts_with("http")).expect("by an address");
    let answer = http.post(url).form(&[("List-Unsubscribe", "One-Click")]).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
}

/// A mail that a lead got.
#[derive(Debug, Clone)]
struct Mail {
    subject: String,
    /// On the calendar.
    at: DateTime<Utc>,
    bytes: Vec<u8>,
}

impl Mail {
    fn kind(&self) -> &'static str {
        match self.subject.as_str() {
            s if s.starts_with("Should I close your file") => "breakup",
            s if s.starts_with("Yours if you want it: 20 % off") => "offer",
            s if s.starts_with("One question") => "survey",
            _ => "something else",
        }
    }
}

fn mails_to(relay: &RecordingServer, id: &str) -> Vec<Mail> {
    let to = format!("{id}@leads.test");
    let accepted = relay.accepted();
    let messages = relay.messages();
    let theirs = accepted.iter().zip(messages).filter(|(accepted, _)| accepted.rcpt == to);
    theirs
        .map(|(_, bytes)| {
            let mail = letter(&bytes);
            let at = mail.date().expect("a mail has a date").to_timestamp();
            Mail {
                subject: mail.subject().unwrap_or_default().to_owned(),
                at: DateTime::from_timestamp(at, 0).expect("a date of our time"),
                bytes: bytes.clone(),
            }
        })
        .collect()
}
