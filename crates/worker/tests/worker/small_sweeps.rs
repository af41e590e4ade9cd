//! Clicks, snoozed alerts, cooling scores, finished campaigns.

use crate::house::{House, at, days, hours, member};
use chrono::TimeDelta;
use rekindle_core::{
    alert::AlertState,
    campaign::{CampaignState, Caution},
    delivery::Delivery,
    desk,
    ids::LeadId,
    lead::{Journey, Nurture},
    machine::Fetched,
    scene::Scene,
    stage::Evidence,
    time::Clock,
};
use rekindle_storage::{campaigns::Previewed, fetches::Fetching};

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// A cold lead with its breakup mail, and two links in it.
async fn written_to() -> (House, LeadId, Delivery, [i32; 2]) {
    let mut house = House::new().await;
    let kim = house.subscriber("kim@lead.test").await;
    house.tick().await;
    house.live(at("2026-12-03T09:00:00Z")).await;
    assert_eq!(house.lead(kim).await.nurture, Nurture::Cold);
    let delivery = house.deliveries().await.remove(0);
    let urls = ["https://a.test/1".to_owned(), "https://a.test/2".to_owned()];
    let numbers = house.store.links().destinations("breakup", &urls).await.unwrap();
    let links = [numbers[&urls[0]], numbers[&urls[1]]];
    (house, kim, delivery, links)
}

async fn click(house: &House, delivery: &Delivery, destination: i32) {
    let click = Fetching {
        what: Fetched::Link,
        destination: Some(destination),
        head: false,
        agent: Some(BROWSER.to_owned()),
        from: Some([192, 0, 2, 7].into()),
    };
    house.store.fetches().keep(click, delivery).await.unwrap();
}

#[tokio::test]
async fn a_click_counts_after_ten_minutes_and_brings_the_lead_back() {
    let (mut house, kim, delivery, links) = written_to().await;
    house.clock.advance(hours(2));
    click(&house, &delivery, links[0]).await;
    house.clock.advance(TimeDelta::minutes(9));
    house.tick().await;
    assert_eq!(house.lead(kim).await.nurture, Nurture::Cold);
    house.clock.advance(TimeDelta::minutes(1));
    house.tick().await;
    assert_eq!(house.lead(kim).await.nurture, Nurture::Active);
    assert!(house.store.alerts().live_on(kim).await.unwrap().is_some());
    assert_eq!(house.tick().await.swept.get("release_clicks"), None, "it counts once");
}

#[tokio::test]
async fn a_machine_that_follows_every_link_brings_nobody_back_however_the_sweeps_fall() {
    let (mut house, kim, delivery, links) = written_to().await;
    house.clock.advance(hours(2));
    for link in [links[0], links[1], links[0]] {
        click(&house, &delivery, link).await;
        house.clock.advance(TimeDelta::seconds(8));
    }
    // One look at each second in which one of them becomes due.
    house.clock.advance(TimeDelta::minutes(10) - TimeDelta::seconds(25));
    for _ in 0..60 {
        house.tick().await;
        house.clock.advance(TimeDelta::seconds(1));
    }
    assert_eq!(house.lead(kim).await.nurture, Nurture::Cold);
    assert_eq!(house.store.fetches().next_due().await.unwrap(), None, "none is left");
}

#[tokio::test]
async fn an_alert_that_was_put_off_asks_again() {
    let (mut house, kim, ..) = written_to().await;
    house.clock.advance(hours(1));
    house.act("kim@lead.test", "Demo Requested").await;
    let until = house.clock.wall() + hours(4);
    let ana = member("ana");
    house.decide(kim, move |scene, wall| desk::snooze(scene, &ana, until, wall)).await;
    house.clock.advance(hours(3));
    house.tick().await;
    let state = |house: &House| {
        let store = house.store.clone();
        async move { store.alerts().live_on(kim).await.unwrap().unwrap().state }
    };
    assert!(matches!(state(&house).await, AlertState::Snoozed { .. }));
    house.clock.advance(hours(1));
    house.tick().await;
    assert!(matches!(state(&house).await, AlertState::Open));
}

#[tokio::test]
async fn a_hot_lead_cools_when_its_points_have_decayed() {
    let mut house = House::new().await;
    let kim = house.subscriber("kim@lead.test").await;
    for minute in 0..3 {
        house.clock.advance(TimeDelta::minutes(minute));
        house.act("kim@lead.test", "Demo Requested").await;
    }
    let lead = house.lead(kim).await;
    assert!(lead.hot, "{:?}", lead.points);
    let cools = lead.crosses_at.unwrap();
    house.clock.set(cools - TimeDelta::minutes(2));
    house.tick().await;
    assert!(house.lead(kim).await.hot);
    house.clock.set(cools);
    assert_eq!(house.tick().await.swept["cool_scores"], 1);
    assert!(!house.lead(kim).await.hot);
}

#[tokio::test]
async fn lines_the_wrong_way_round_do_not_count_a_hot_lead_without_end() {
    let mut house = House::with(|playbook| {
        let scoring = playbook.get_mut("scoring.toml").unwrap();
        *scoring = scoring.replace("cools_below = 80", "cools_below = 200");
    })
    .await;
    let kim = house.subscriber("kim@lead.test").await;
    for minute in 0..3 {
        house.clock.advance(TimeDelta::minutes(minute));
        house.act("kim@lead.test", "Demo Requested").await;
    }
    let lead = house.lead(kim).await;
    assert!(lead.hot && lead.crosses_at.unwrap() > house.clock.calendar(), "{lead:?}");
    assert_eq!(house.tick().await.swept.get("cool_scores"), None);
    house.clock.set(lead.crosses_at.unwrap());
    assert_eq!(house.tick().await.swept["cool_scores"], 1);
    assert!(!house.lead(kim).await.hot);
}

#[tokio::test]
async fn a_held_campaign_waits_a_stopped_one_ends_and_a_finished_one_is_done() {
    let mut house = House::new().await;
    let ana = member("ana").handle;
    let mut launched = Vec::new();
    for name in ["kim", "lee"] {
        let lead = house.subscriber(&format!("{name}@lead.test")).await;
        let previewed = Previewed {
            sequence: "re-engagement".to_owned(),
            segment: "all".to_owned(),
            follows: false,
            subjects: Default::default(),
            version: 1,
            by: ana.clone(),
            forecast: Default::default(),
        };
        let mut preview = house.store.campaigns().begin_preview();
        preview.add(vec![(lead, None)]).await.unwrap();
        let campaign = preview.keep(previewed).await.unwrap();
        house.store.campaigns().launch(campaign.id, &ana, &Caution::NONE).await.unwrap();
        launched.push(campaign.id);
    }
    let state = |house: &House, at: usize| {
        let (store, id) = (house.store.clone(), launched[at].to_string());
        async move { store.campaigns().named(&id).await.unwrap().state }
    };
    house.store.campaigns().moved(launched[0], rekindle_core::campaign::Campaign::hold).await.unwrap();
    house.tick().await;
    assert_eq!(house.memory.len(), 1, "one is held");
    house.store.campaigns().moved(launched[1], rekindle_core::campaign::Campaign::stop).await.unwrap();
    house.store.campaigns().moved(launched[0], rekindle_core::campaign::Campaign::resume).await.unwrap();
    house.tick().await;
    assert_eq!(house.memory.len(), 2, "resumed, it leaves at once");
    house.live(house.clock.calendar() + days(18)).await;
    assert_eq!(house.memory.len(), 4);
    assert_eq!(state(&house, 0).await, CampaignState::Done);
    assert_eq!(state(&house, 1).await, CampaignState::Stopped);
}

#[tokio::test]
async fn a_journey_falls_back_though_nothing_happens() {
    let mut house = House::new().await;
    let kim = house.subscriber("kim@lead.test").await;
    let shows = |scene: &Scene, now| {
        let mut change = scene.unchanged();
        change.show(Journey::Decision, now, Evidence::of("Demo Requested"));
        Ok(change)
    };
    house.decide(kim, shows).await;
    house.live(house.clock.calendar() + days(179)).await;
    assert_eq!(house.lead(kim).await.journey, Journey::Decision);
    house.live(house.clock.calendar() + days(2)).await;
    assert_eq!(house.lead(kim).await.journey, Journey::Awareness);
    let moves = house.store.moves_of(kim).await.unwrap();
    assert_eq!(moves.last().unwrap().evidence.why, "nothing of decision for 180d");
    house.clock.advance(TimeDelta::minutes(2));
    assert_eq!(house.tick().await.swept.get("follow_journeys"), None, "once");
}

#[tokio::test]
async fn a_bait_that_is_taken_while_a_click_is_looked_at_is_not_missed() {
    let (mut house, kim, delivery, links) = written_to().await;
    house.clock.advance(hours(2));
    click(&house, &delivery, links[0]).await;
    house.clock.advance(TimeDelta::minutes(10));
    // Another worker has looked, and holds a person's click in its hands.
    let fetches = house.store.fetches();
    let due = fetches.due(house.clock.calendar(), 10).await.unwrap();
    assert_eq!((due.people.len(), due.machines.len()), (1, 0));
    let playbooks = house.store.playbooks().await.unwrap();
    house.store.leads().observe(&due.people, &playbooks).await.unwrap();
    assert_eq!(house.lead(kim).await.nurture, Nurture::Active);
    house.clock.advance(TimeDelta::seconds(1));
    let bait = Fetching {
        what: Fetched::Bait,
        destination: None,
        head: false,
        agent: Some(BROWSER.to_owned()),
        from: Some([192, 0, 2, 7].into()),
    };
    fetches.keep(bait, &delivery).await.unwrap();
    fetches.release(&due).await.unwrap();
    house.tick().await;
    assert_eq!(house.lead(kim).await.nurture, Nurture::Cold, "it was a machine's, and is taken back");
}
