//! Web, bot and worker as three programs on three machines, over one PostgreSQL: what one door hears, the others act on.

use crate::stage::{A_SECOND, On, SOON, Seat, Sender, Stage, letter, link_in};
use rekindle_tests::{
    program::{Program, within},
    smtp::RecordingServer,
};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Three mails, little more than a day apart (no lead gets two in a day), at any hour.
const PLAN: &str = r#"
name = "three-mails"
exit_when = ["unsubscribed"]

[[step]]
mail = "breakup"

[[step]]
wait = "25h"

[[step]]
mail = "offer"
offer = { gives = "20 % off", expires = "14d" }

[[step]]
wait = "25h"

[[step]]
mail = "survey"
survey = { question = "Why?", answers = [
  { key = "later", says = "Later" }, { key = "price", says = "Price" }, { key = "missing", says = "Missing" },
  { key = "person", says = "Not me" }, { key = "stop", says = "Stop" },
] }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn hot_in_web_is_a_card_in_bot_and_a_claim_there_stops_the_mail_of_the_worker() {
    let relay = RecordingServer::start().await;
    let database = rekindle_tests::postgres::database();
    let folder = tempfile::tempdir().unwrap();
    // A day every three seconds: the three tell the same time but for some hours, on which nothing here depends.
    let machine = |name: &str| {
        Program::new(&folder.path().join(name))
            .env("REKINDLE__DATABASE__URL", database.url())
            .env("REKINDLE__CLOCK__START", "2026-11-03T10:00:00Z")
            .env("REKINDLE__CLOCK__SPEED", "28800")
    };
    let web = machine("web");
    let public = web.url();
    let [web, bot, worker] = [web, machine("bot"), machine("worker").env("REKINDLE__MAIL__URL", relay.url())]
        .map(|door| door.env("REKINDLE__WEB__PUBLIC_URL", public.clone()));
    let plan = worker.folder().join("playbook/sequences/three-mails.toml");
    std::fs::create_dir_all(plan.parent().unwrap()).unwrap();
    std::fs::write(plan, PLAN).unwrap();
    worker.data(&["playbook", "apply"]).await;
    let (at_web, at_bot) = (web.start(&["web"]).await, bot.start(&["bot"]).await);
    let at_worker = worker.start(&["worker"]).await;

    let key = web.data(&["key", "new", "crm", "--basis", "webinar form"]).await;
    let kim = Sender::new(&at_web, &key);
    let link = bot.data(&["team", "add", "Ana", "--role", "sales"]).await;
    let ana = Seat::sign_in(&at_bot, &link).await;
    kim.warm_kim().await;
    kim.track("kim", "Pricing Viewed").await;
    let watch = ana.events().await;
    assert_eq!(ana.say("/lead enroll kim@acme.test three-mails").await["ok"], true);
    assert!(relay.wait_for(1, SOON).await, "the worker sends what was begun in the bot's door");

    kim.track("kim", "Demo Requested").await;
    let taken = Instant::now();
    let (card, at) = watch.card(SOON, "kim@acme.test", "open").await;
    let took = at.saturating_duration_since(taken);
    assert!(took < A_SECOND, "the card took {took:?} from door to door");
    let claimed = ana.press(card["id"].as_str().unwrap(), "claim", None).await;
    assert_eq!(claimed["ok"], true, "{claimed}");

    // Forty hours pass, and the next mail was due after twenty-five.
    sleep(Duration::from_secs(5)).await;
    let sent = relay.count();
    assert_eq!(sent, 1, "no mail leaves while Ana talks to her");
    assert_eq!(ana.say("/lead release kim@acme.test").await["ok"], true);
    if !relay.wait_for(sent + 1, SOON).await {
        let lead = web.json(&["lead", "show", "kim@acme.test", "--json"]).await;
        panic!("given back, the mail goes on: {lead:#}\n{}", at_worker.stderr());
    }

    // A link in a mail of the worker is known in web's door, and stops the rest.
    let messages = relay.messages();
    let link = link_in(&letter(&messages[0]), "/u/").expect("a link to stop");
    assert!(link.starts_with(&public), "{link}");
    let stopped = at_web.http().post(&link).form(&[("List-Unsubscribe", "One-Click")]).send().await.unwrap();
    assert_eq!(stopped.status(), 200);
    let lead = within(SOON, "the run has ended", async || {
        let lead = web.json(&["lead", "show", "kim@acme.test", "--json"]).await;
        (lead["enrollments"][0]["reason"] == "unsubscribed").then_some(lead)
    })
    .await;
    assert_eq!(lead["consent"]["state"], json!("unsubscribed"));
    let sent = relay.count();
    sleep(Duration::from_secs(4)).await;
    assert_eq!(relay.count(), sent, "nothing more comes");
    for door in [at_web, at_bot, at_worker] {
        assert_eq!(door.terminate().await, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_send_each_mail_once() {
    let relay = RecordingServer::start().await;
    let stage = Stage::new(On::Postgres)
        .plain()
        .calendar("2026-11-03T10:00:00Z", 1.0)
        .env("REKINDLE__MAIL__URL", relay.url())
        .env("REKINDLE__CAMPAIGN__FIRST", "0");
    let web = stage.program.start(&["web"]).await;
    let one = stage.program.start(&["worker"]).await;
    let other = stage.program.start(&["worker"]).await;
    let sender = Sender::new(&web, &stage.key("crm", Some("form")).await);
    stage.member("Mia", "marketing").await;
    let many: Vec<_> = (0..300)
        .map(|n| json!({"type": "identify", "userId": format!("u{n}"), "traits": {"email": format!("u{n}@leads.test")}}))
        .collect();
    sender.sent("batch", json!({"batch": many})).await;
    let preview = stage.program.chat("mia", "/campaign launch re-engagement everyone").await;
    let confirm = format!("/campaign launch --confirm {}", preview["confirm"].as_str().unwrap());
    assert_eq!(stage.program.chat("mia", &confirm).await["ok"], true);
    assert!(relay.wait_for(300, Duration::from_secs(60)).await, "{} of 300", relay.count());
    sleep(Duration::from_secs(2)).await;
    let mut to: Vec<String> = relay.accepted().into_iter().map(|mail| mail.rcpt).collect();
    assert_eq!(to.len(), 300);
    to.sort();
    to.dedup();
    assert_eq!(to.len(), 300, "each once");
    for worker in [one, other] {
        assert_eq!(worker.terminate().await, Some(0));
    }
}
