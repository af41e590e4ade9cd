//! Two bots on one database, as on two machines: a card is posted by one of them, and when that one is killed the other goes
//! on with its walls, and with what it had in hand.

use crate::stage::{
    A_SECOND, On, SOON, Sender, Stage,
    chats::{HOT, post_to_slack_door},
    on_both_databases,
};
use rekindle_tests::{
    program::{free_port, within},
    slack::{BOT_TOKEN, FakeSlack, Fault, SIGNING_SECRET, TEAM, payloads},
};
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

on_both_databases!(of_two_bots_one_posts_and_the_other_takes_over_what_a_kill_leaves);

async fn of_two_bots_one_posts_and_the_other_takes_over_what_a_kill_leaves(on: On) {
    let slack = FakeSlack::start(&[HOT]).await;
    let stage = Stage::new(on)
        .env("REKINDLE__SLACK__BOT_TOKEN", BOT_TOKEN)
        .env("REKINDLE__SLACK__SIGNING_SECRET", SIGNING_SECRET)
        .env("REKINDLE__SLACK__TRANSPORT", "http")
        .env("REKINDLE__SLACK__WORKSPACES", format!("[{TEAM:?}]"))
        .env("REKINDLE__SLACK__CHANNELS", format!("{{ hot-leads = {HOT:?} }}"))
        .env("REKINDLE__SLACK__API_URL", slack.url());
    let web = stage.program.start(&["web"]).await;
    let one = stage.program.start(&["bot"]).await;
    let other = stage.program.start(&["bot", "--listen", &format!("127.0.0.1:{}", free_port())]).await;
    let crm = Sender::new(&web, &stage.key("crm", None).await);
    stage.member("Leo", "sales").await;
    stage.member("Ada", "admin").await;
    let known = stage.program.chat("ada", "/rekindle team email leo leo@acme.test").await;
    assert_eq!(known["ok"], true, "{known}");
    slack.person("U0LEO", "leo@acme.test", true);

    // Each card once, although both look.
    crm.warm_kim().await;
    crm.track("kim", "Demo Requested").await;
    let turned_hot = Instant::now();
    let card = within(SOON, "Kim's card", async || slack.messages(HOT).first().cloned()).await;
    assert!(turned_hot.elapsed() < A_SECOND, "the card took {:?}", turned_hot.elapsed());

    // One takes a press in, and is killed while it asks Slack who that is.
    slack.fault("users.info", Fault::Slow(Duration::from_secs(8)));
    let press = payloads::press(&slack, "U0LEO", &card, "claim", None);
    post_to_slack_door(&one, &press).await;
    within(SOON, "Slack is asked who that is", async || slack.calls("users.info").first().cloned()).await;
    one.kill9().await;
    let killed = Instant::now();
    let told = within(SOON, "the other does it", async || slack.whispers().first().cloned()).await;
    assert_eq!(told["text"], "Kim Park is yours. Their marketing mail waits while you have them.");
    assert_eq!(stage.lead("kim@acme.test").await["owner"], "leo");
    let is_claimed = |one: &Value| one["text"].to_string().contains("Claimed by Leo");
    within(SOON, "the other works the wall", async || {
        slack.messages(HOT).first().filter(|one| is_claimed(&one.body)).cloned()
    })
    .await;
    assert!(killed.elapsed() < Duration::from_secs(8), "within seconds, not {:?}", killed.elapsed());

    // Slack sends it again to whoever is there now, and a new lead comes.
    post_to_slack_door(&other, &press).await;
    let traits = serde_json::json!({"email": "lee@acme.test", "name": "Lee Wong", "title": "Head of Sales"});
    crm.identify("lee", traits, serde_json::json!({})).await;
    for _ in 0..2 {
        crm.track("lee", "Demo Requested").await;
    }
    within(SOON, "Lee's card", async || slack.messages(HOT).get(1).cloned()).await;
    assert_eq!((slack.messages(HOT).len(), slack.whispers().len()), (2, 1), "nothing twice");
    slack.no_offences();
    assert_eq!(other.terminate().await, Some(0));
}
