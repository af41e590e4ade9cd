//! A marketer's day at the console: a form, an honest preview, a second person, the first ones, a hold that holds, a restart, the
//! rest, what came of it, and why one lead was left out.

use crate::stage::{On, SOON, Seat, Sender, Stage, letter, link_in, on_both_databases};
use rekindle_tests::{program::within, smtp::RecordingServer};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

on_both_databases!(a_marketers_day);

/// Who gets it.
const LEADS: usize = 40;
/// Who gets it before the others.
const FIRST: usize = 4;
/// Which subjects Mia types.
const SUBJECTS: [&str; 2] = ["Welcome aboard", "Your first week, day by day"];
/// How soon a hold holds, whatever is under way.
const HOLDS: Duration = Duration::from_secs(5);

async fn a_marketers_day(on: On) {
    let relay = RecordingServer::start().await;
    // A Tuesday morning, when mails may leave; one after the other, so that there is something to hold.
    let stage = Stage::new(on)
        .calendar("2026-11-03T10:00:00Z", 1.0)
        .env("REKINDLE__MAIL__URL", relay.url())
        .env("REKINDLE__MAIL__SESSIONS", "1")
        .env("REKINDLE__CAMPAIGN__SECOND_PERSON_ABOVE", "30")
        .env("REKINDLE__CAMPAIGN__FIRST", FIRST.to_string());
    let asked = stage.key("webinar", Some("webinar form 2026")).await;
    let met = stage.key("crm", None).await;
    let up = stage.program.start(&["up"]).await;
    let mia = stage.seat(&up, "Mia", "marketing").await;
    let max = stage.seat(&up, "Max", "marketing").await;
    let ana = stage.seat(&up, "Ana", "sales").await;
    let late = asked.clone();
    let (asked, met) = (Sender::new(&up, &asked), Sender::new(&up, &met));
    for number in 0..LEADS {
        lead(&asked, &format!("p{number}")).await;
    }
    lead(&asked, "lena").await;
    lead(&met, "nora").await;
    assert_eq!(ana.say("/lead claim lena@leads.test").await["ok"], true);

    // The form, and the preview: each count with its list, and what is foreseen.
    let form = mia.say("/campaign launch").await["form"].clone();
    let fields: Vec<&str> =
        form["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
    assert_eq!(fields, ["sequence", "segment", "audience", "subject"], "{form:#}");
    let filled = |subjects: String| json!({"sequence": "welcome", "segment": "everyone", "audience": "frozen", "subject": subjects});
    let wrong = mia.fill(&form["of"], filled("Hello {{ fist_name }}".to_owned())).await;
    let fault = wrong["faults"]["subject"].as_str().unwrap_or_default();
    assert!(fault.contains("Subject 1") && fault.contains("did you mean “first_name”?"), "{wrong:#}");
    let preview = mia.fill(&form["of"], filled(SUBJECTS.join("\n"))).await;
    assert_eq!(preview["ok"], true, "{preview:#}");
    let tried = fact(&preview["card"], "Subjects tried")["value"].as_str().unwrap();
    assert!(SUBJECTS.iter().all(|subject| tried.contains(subject)), "{tried}");
    let (card, id) = (&preview["card"], preview["card"]["id"].as_str().unwrap().to_owned());
    for (label, count) in [("Match", "42"), ("Out: claimed by Ana", "1")] {
        assert_eq!(fact(card, label)["value"], *count, "{card:#}");
    }
    // One in twenty or so is held out, always the same.
    let number = |label: &str| fact(card, label)["value"].as_str().map_or(0, |count| count.parse().unwrap());
    let (leads, held_out): (usize, usize) = (number("Will get it"), number("Out: held out"));
    assert!(leads + held_out == LEADS && held_out < LEADS / 4, "{card:#}");
    let lines = card["lines"].to_string();
    let wanted = [
        format!("welcome: Tue 3 Nov {leads}"),
        format!("{leads} (100 %) never had a mail"),
        "4 go first".to_owned(),
    ];
    for said in wanted {
        assert!(lines.contains(&said), "{said} in {lines}");
    }
    let out = card["facts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|fact| fact["label"].as_str().unwrap().contains("consent"));
    let link = out.expect("Nora never said yes")["link"].as_str().unwrap().to_owned();
    let (status, page) = mia.page(path_of(&link)).await;
    assert!(status == 200 && page.contains("nora@leads.test") && !page.contains("lena@"), "{status} {page}");
    assert_eq!(
        up.http().get(up.at(path_of(&link))).send().await.unwrap().status(),
        401,
        "only the team sees it"
    );
    let listed = mia.say(&format!("/campaign who {id} claimed by Ana")).await;
    assert!(listed["text"].as_str().unwrap().contains("lena@leads.test"), "{listed}");
    assert_eq!(relay.count(), 0, "nothing is sent by looking");

    // So many are for two: Mia asks, her second press is none, Max confirms on the card that everybody sees.
    assert_eq!(mia.press(&id, "launch", None).await["card"]["state"], "asked");
    assert_eq!(mia.press(&id, "launch", None).await["code"], "second_person");
    assert_eq!(ana.press(&id, "launch", None).await["code"], "not_allowed");
    assert_eq!(shown(&max, &id, |card| card["state"] == "asked").await["state"], "asked");
    let launched = max.press(&id, "launch", None).await;
    assert_eq!(
        (&launched["ok"], &launched["card"]["state"]),
        (&json!(true), &json!("running")),
        "{launched:#}"
    );

    // The first ones, and then nobody, while somebody looks.
    assert!(relay.wait_for(FIRST, SOON).await, "{}", relay.count());
    let looked =
        shown(&mia, &id, |card| card["status"].as_str().unwrap().contains("the rest begins by itself")).await;
    assert_eq!(intents(&looked), ["hold", "rest", "stop"]);
    assert!(
        looked["lines"].to_string().contains("Of the first 4: 4 left, 0 bounced, 0 reported as spam"),
        "{looked:#}"
    );
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(relay.count(), FIRST, "the rest waits");

    // The rest; held in the midst of it: five seconds later nothing more leaves.
    relay.set_delay_before_250(Duration::from_millis(250));
    assert_eq!(mia.press(&id, "rest", None).await["ok"], true);
    assert!(relay.wait_for(FIRST + 6, SOON).await, "{}", relay.count());
    assert_eq!(max.press(&id, "hold", None).await["card"]["state"], "held");
    tokio::time::sleep(HOLDS).await;
    let before = relay.count();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(relay.count(), before, "held is held");
    assert!(before < leads, "all had left before the hold: {before}");

    // Keila #273: a restart, and the exact remainder goes on.
    assert_eq!(up.terminate().await, Some(0));
    relay.set_delay_before_250(Duration::ZERO);
    let up = stage.program.start(&["up"]).await;
    let mia = Seat::sign_in(&up, &stage.program.data(&["link", "mia"]).await).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(relay.count(), before, "also after a restart");
    assert_eq!(mia.press(&id, "resume", None).await["card"]["state"], "running");
    assert!(relay.wait_for(leads, SOON).await, "{}", relay.count());

    // What came of it: each got one mail, one wants no more, and the card says so.
    let mails = relay.messages();
    let stop = link_in(&letter(&mails[0]), "/u/").expect("a campaign mail has a way out");
    let stopped = up.http().post(&stop).send().await.unwrap().status();
    assert!(stopped.is_success(), "{stopped}");
    let figures = within(SOON, "everything is counted", async || {
        let figures = mia.say("/campaign report").await["data"].clone();
        (figures["sent"] == leads && figures["unsubscribed"] == 1).then_some(figures)
    })
    .await;
    assert_eq!((&figures["begun"], &figures["bounced"]), (&json!(leads), &json!(0)), "{figures:#}");
    let card = shown(&mia, &id, |card| fact(card, "Sent")["value"] == leads.to_string().as_str()).await;
    // Each got one of the two that were typed, and the card counts them apart.
    for (number, subject) in SUBJECTS.into_iter().enumerate() {
        let with = mails.iter().filter(|mail| letter(mail).subject() == Some(subject)).count();
        let said = fact(&card, &format!("welcome, subject {}", number + 1))["value"].as_str().unwrap();
        assert!(with > 0 && said.starts_with(&format!("“{subject}”: {with} sent")), "{with}: {said}");
    }
    let got: Vec<String> = relay.accepted().into_iter().map(|mail| mail.rcpt).collect();
    assert_eq!((got.len(), relay.doubled()), (leads, Vec::<String>::new()));
    let asked: BTreeSet<String> = (0..LEADS).map(|number| format!("p{number}@leads.test")).collect();
    assert!(got.iter().cloned().collect::<BTreeSet<_>>().is_subset(&asked), "{got:?}");
    // Why one lead was left out, and one was not; from the record, with the rule.
    for (who, rule) in [
        ("nora@leads.test", "was left out: consent is unknown"),
        ("lena@leads.test", "was left out: claimed by Ana"),
        (got[1].as_str(), "welcome was sent"),
    ] {
        let why = mia.say(&format!("/campaign why {who}")).await["text"].as_str().unwrap().to_owned();
        assert!(why.contains(rule) && why.contains("Tue 3 Nov, 10:0"), "{who}: {why}");
    }
    lead(&Sender::new(&up, &late), "late").await;
    let why = mia.say("/campaign why late@leads.test").await["text"].as_str().unwrap().to_owned();
    assert!(
        why.contains("did not match “everyone” at the preview") && why.contains("they match now"),
        "{why}"
    );
    // Everything that was decided stands with its name.
    let done = mia.press(&id, "stop", None).await;
    assert_eq!((&done["card"]["state"], intents(&done["card"]).len()), (&json!("stopped"), 0));
    assert_eq!(up.terminate().await, Some(0));
}

/// A lead tells who they are.
async fn lead(sender: &Sender, id: &str) {
    let traits = json!({"email": format!("{id}@leads.test"), "timezone": "UTC"});
    sender.identify(id, traits, json!({})).await;
}

fn fact<'a>(card: &'a Value, label: &str) -> &'a Value {
    let facts = card["facts"].as_array().into_iter().flatten();
    facts.into_iter().find(|fact| fact["label"] == label).unwrap_or(&Value::Null)
}

fn intents(card: &Value) -> Vec<&str> {
    card["buttons"].as_array().into_iter().flatten().filter_map(|button| button["intent"].as_str()).collect()
}

/// An address of the house without where the house is.
fn path_of(link: &str) -> &str {
    let at = link.find("/campaigns/").expect("a list is a page of a campaign");
    &link[at..]
}

/// The card of a campaign as the console shows it to everybody, once it is so.
async fn shown(seat: &Seat, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    within(SOON, &format!("the card of {id} says so"), async || {
        let state = seat.state().await;
        let messages = state["messages"].as_array().into_iter().flatten();
        let mut cards = messages.map(|message| &message["card"]).filter(|card| card["id"] == id);
        cards.find(|card| is_so(card)).cloned()
    })
    .await
}
