//! The whole program beside a Slack: an alert is there within a second, a claim there shows everywhere, and a kill doubles nothing.

use crate::stage::{A_SECOND, On, SOON, Sender, Stage, on_both_databases};
use rekindle_tests::{
    program::within,
    slack::{APP_TOKEN, BOT_TOKEN, FakeSlack, TEAM, payloads},
};
use tokio::time::Instant;

const HOT: &str = "C0HOT";

on_both_databases!(a_hot_lead_is_claimed_in_slack_and_a_kill_doubles_no_card);

async fn a_hot_lead_is_claimed_in_slack_and_a_kill_doubles_no_card(on: On) {
    let slack = FakeSlack::start(&[HOT]).await;
    let stage = Stage::new(on)
        .env("REKINDLE__SLACK__BOT_TOKEN", BOT_TOKEN)
        .env("REKINDLE__SLACK__APP_TOKEN", APP_TOKEN)
        .env("REKINDLE__SLACK__WORKSPACES", format!("[{TEAM:?}]"))
        .env("REKINDLE__SLACK__CHANNELS", format!("{{ hot-leads = {HOT:?} }}"))
        .env("REKINDLE__SLACK__API_URL", slack.url());
    let looked = stage.program.run(&["doctor", "chat"]).await;
    assert_eq!(looked.code, Some(0), "{looked:?}");
    assert!(looked.stdout.contains("works   Slack: the channel C0HOT (hot-leads)"), "{looked:?}");

    let up = stage.program.start(&["up"]).await;
    let kim = Sender::new(&up, &stage.key("crm", None).await);
    let ana = stage.seat(&up, "Ana", "sales").await;
    stage.member("Ada", "admin").await;
    let linked = stage.program.chat("ada", &format!("/rekindle team link ana slack:{TEAM}/U0ANA")).await;
    assert_eq!(linked["ok"], true, "{linked}");
    slack.heard().await;
    kim.warm_kim().await;
    let console = ana.events().await;
    kim.track("kim", "Demo Requested").await;
    let taken = Instant::now();
    let posted = within(SOON, "the card in Slack", async || slack.messages(HOT).first().cloned()).await;
    assert!(taken.elapsed() < A_SECOND, "the card took {:?}", taken.elapsed());
    assert!(posted.body["text"].as_str().unwrap().starts_with("Kim Park is hot"), "{posted:?}");

    let pressed = Instant::now();
    let acked = slack.deliver("interactive", payloads::press(&slack, "U0ANA", &posted, "claim", None)).await;
    assert!(acked.after < A_SECOND, "{acked:?}");
    let is_claimed =
        |text: &serde_json::Value| text.as_str().is_some_and(|text| text.contains("Claimed by Ana"));
    within(SOON, "the claim in Slack", async || {
        slack.messages(HOT).first().filter(|one| is_claimed(&one.body["text"])).cloned()
    })
    .await;
    let (_, at) = console.card(SOON, "kim@acme.test", "claimed").await;
    let took = at.saturating_duration_since(pressed).max(pressed.elapsed());
    assert!(took < 2 * A_SECOND, "both copies changed after {took:?}");
    let (said, logged) = (up.stdout(), up.stderr());
    for token in [BOT_TOKEN, APP_TOKEN] {
        assert!(!said.contains(token) && !logged.contains(token), "{said}{logged}");
    }
    // The first start's example names a Kim; what is logged behind it names nobody.
    let logged = logged.split("invites a colleague.").last().unwrap_or_default();
    assert!(!logged.contains("Kim") && !logged.contains("kim@"), "logs carry ids: {logged}");

    up.kill9().await;
    let up = stage.program.start(&["up"]).await;
    let done = stage.program.chat("ana", "/lead outcome kim@acme.test won 5000").await;
    assert_eq!(done["ok"], true, "{done}");
    within(SOON, "the end in Slack", async || {
        slack.messages(HOT).first().filter(|one| one.body["text"].to_string().contains("Won (5000)")).cloned()
    })
    .await;
    assert_eq!(slack.messages(HOT).len(), 1, "one lead, one card");
    slack.no_offences();
    assert_eq!(up.terminate().await, Some(0));
}
