//! The two journeys of the team, told once and played on each platform, with all three connected: what is done on one is
//! seen on the others within a second, against servers that take 50 ms to answer.

use crate::stage::{
    A_SECOND, On, SOON, Seat, Sender, Stage,
    chats::{Chats, Of, Platform, Player},
    on_both_databases,
};
use futures_util::future::join_all;
use rekindle_tests::{
    discord::TOKEN,
    program::{Running, within},
    slack::{APP_TOKEN, BOT_TOKEN},
};
use std::time::Duration;

on_both_databases!(
    a_hot_lead_is_worked_on_the_console,
    a_hot_lead_is_worked_in_slack,
    a_hot_lead_is_worked_on_discord,
    a_campaign_is_launched_on_the_console,
    a_campaign_is_launched_in_slack,
    a_campaign_is_launched_on_discord,
);

async fn a_hot_lead_is_worked_on_the_console(on: On) {
    a_hot_lead_is_worked(on, Platform::Console).await;
}

async fn a_hot_lead_is_worked_in_slack(on: On) {
    a_hot_lead_is_worked(on, Platform::Slack).await;
}

async fn a_hot_lead_is_worked_on_discord(on: On) {
    a_hot_lead_is_worked(on, Platform::Discord).await;
}

async fn a_campaign_is_launched_on_the_console(on: On) {
    a_campaign_is_launched(on, Platform::Console).await;
}

async fn a_campaign_is_launched_in_slack(on: On) {
    a_campaign_is_launched(on, Platform::Slack).await;
}

async fn a_campaign_is_launched_on_discord(on: On) {
    a_campaign_is_launched(on, Platform::Discord).await;
}

/// A house that speaks with a Slack and a Discord, each of which takes its time.
struct House {
    chats: Chats,
    stage: Stage,
    up: Running,
    admin: Seat,
}

impl House {
    async fn open(on: On) -> Self {
        let chats = Chats::start().await;
        let stage = chats.beside(Stage::new(on));
        chats.slack.answer_after(Duration::from_millis(50));
        chats.discord.answer_after(Duration::from_millis(50));
        stage.program.data(&["discord", "register"]).await;
        let up = stage.program.start(&["up"]).await;
        chats.heard(1).await;
        let admin = stage.seat(&up, "Ada", "admin").await;
        Self { chats, stage, up, admin }
    }

    async fn player(&self, name: &str, role: &str, number: u64) -> Player {
        Player::join(&self.stage, &self.up, &self.admin, name, role, number).await
    }

    /// The card says this on every platform, within this time.
    async fn everywhere(&self, most: Duration, of: Of, words: &str) {
        let looks = Platform::ALL.map(async |on| {
            let what = format!("“{words}” on {on:?}");
            let card =
                async || self.chats.card(on, of, &self.admin).await.filter(|card| card.contains(words));
            within(most, &what, card).await;
        });
        join_all(looks).await;
    }
}

async fn a_hot_lead_is_worked(on: On, platform: Platform) {
    let house = House::open(on).await;
    let (chats, stage) = (&house.chats, &house.stage);
    let kim = Sender::new(&house.up, &stage.key("crm", None).await);
    let ana = house.player("Ana", "sales", 501).await;
    let ben = house.player("Ben", "sales", 502).await;
    let looked = stage.program.run(&["doctor", "chat"]).await;
    assert_eq!(looked.code, Some(0), "{looked:?}");
    for channel in ["Slack: the channel C0HOT (hot-leads)", "Discord: the channel 44444 (hot-leads)"] {
        assert!(looked.stdout.contains(&format!("works   {channel}")), "{looked:?}");
    }

    kim.warm_kim().await;
    kim.track("kim", "Demo Requested").await;
    house.everywhere(A_SECOND, Of::Lead, "Nobody has it yet").await;

    chats.press(platform, &ana, Of::Lead, "claim").await;
    house.everywhere(A_SECOND, Of::Lead, "Claimed by Ana").await;
    assert_eq!(stage.lead("kim@acme.test").await["owner"], "ana");
    let told = chats.say(platform, &ben, "/lead claim kim@acme.test").await.text();
    assert!(told.contains("Ana has had this lead since"), "the loser hears who won: {told}");
    chats.press(platform, &ana, Of::Lead, "meeting").await;
    house.everywhere(A_SECOND, Of::Lead, "; meeting set").await;

    // Nothing secret was logged, and a kill doubles nothing.
    let (said, logged) = (house.up.stdout(), house.up.stderr());
    for token in [BOT_TOKEN, APP_TOKEN, TOKEN] {
        assert!(!said.contains(token) && !logged.contains(token), "{said}{logged}");
    }
    // The first start's example names a Kim; what is logged behind it names nobody.
    let logged = logged.split("invites a colleague.").last().unwrap_or_default();
    assert!(!logged.contains("Kim") && !logged.contains("kim@"), "logs carry ids: {logged}");
    let House { chats, stage, up, admin } = house;
    up.kill9().await;
    let up = stage.program.start(&["up"]).await;
    chats.heard(2).await;
    let house = House { chats, stage, up, admin };
    let told = house.chats.press_with(platform, &ana, "won", "12,000 EUR").await;
    assert!(told.contains("won (12,000 EUR)"), "{told}");
    house.everywhere(SOON, Of::Lead, "Won (12,000 EUR), says Ana").await;
    assert_eq!(house.stage.lead("kim@acme.test").await["lifecycle"], "customer");
    house.chats.slack.no_offences();
    assert_eq!(house.up.terminate().await, Some(0));
}

async fn a_campaign_is_launched(on: On, platform: Platform) {
    let house = House::open(on).await;
    let chats = &house.chats;
    let crm = Sender::new(&house.up, &house.stage.key("crm", Some("webinar form")).await);
    let mia = house.player("Mia", "marketing", 503).await;
    crm.warm_kim().await;
    crm.track("kim", "Demo Requested").await;
    house.everywhere(SOON, Of::Lead, "Nobody has it yet").await;
    let preview = chats.say(platform, &mia, "/campaign launch re-engagement everyone").await;
    for on in Platform::ALL {
        assert_eq!(chats.card(on, Of::Campaign, &house.admin).await, None, "a preview is for her alone");
    }
    chats.press_in(&mia, preview, "launch").await;
    house.everywhere(A_SECOND, Of::Campaign, "Running").await;
    chats.press(platform, &mia, Of::Campaign, "hold").await;
    house.everywhere(A_SECOND, Of::Campaign, "Held: nothing of it leaves").await;
    chats.press(platform, &mia, Of::Campaign, "resume").await;
    house.everywhere(A_SECOND, Of::Campaign, "Running").await;
    let listed = house.stage.program.chat("mia", "/campaign show").await;
    assert!(listed["text"].as_str().unwrap().contains("running"), "{listed}");
    chats.slack.no_offences();
    assert_eq!(house.up.terminate().await, Some(0));
}
