//! The team is asked once about a lead that turns hot, and once more about one that turns hot again.

use chrono::TimeDelta;
use rekindle_core::{
    alert::{Alert, AlertState, Outcome, Reason},
    desk,
    ids::LeadId,
    lead::Lifecycle,
    rescore::cool_down,
};
use rekindle_tests::{on_both, stores::Home};
use serde_json::json;
use tokio::task::JoinSet;

use crate::house::{House, member, playbook};
use crate::told::{Telling, identify, track};

on_both!(
    a_hot_lead_raises_one_alert,
    a_lead_that_hovers_raises_one_alert,
    a_lead_that_cooled_unseen_raises_a_new_alert,
    a_lead_that_is_hot_again_within_a_week_is_on_its_old_card,
    who_is_not_a_fit_is_not_asked_about_again_within_a_week,
    a_surge_asks_once_and_then_is_quiet,
    a_browser_makes_nobody_hot,
    hot_in_eight_places_at_once_is_one_alert,
);

async fn demo(house: &House, lead: LeadId) {
    let mut demo = track(&house.name(), "Demo Requested", house.now());
    demo.who.lead = Some(lead);
    house.tell(demo).await;
}

async fn alerts(house: &House, lead: LeadId) -> Vec<Alert> {
    house.store.leads().dossier(lead).await.unwrap().alerts
}

/// The daemon's look at leads that may have cooled.
async fn cool(house: &House) -> usize {
    let due = house.store.leads().due_to_cross(house.now(), 100).await.unwrap();
    let playbooks = &house.playbooks;
    let decide = |scene: &_, now| Some(cool_down(scene, playbooks, now));
    house.store.leads().decide_all(&due, playbooks, decide).await.unwrap()
}

/// Claimed and lost: the alert is over.
async fn close(house: &House, lead: LeadId) {
    house.claim(lead, "ana").await;
    let wall = house.now();
    let lost = |scene: &_, now| desk::outcome(scene, &member("ana"), Outcome::Lost, None, wall, now);
    house.decide(lead, lost).await.unwrap();
}

async fn a_hot_lead_raises_one_alert(home: Home) {
    let house = House::of(home).await;
    let kim = house.lead().await;
    demo(&house, kim).await;
    assert_eq!(alerts(&house, kim).await, []);
    demo(&house, kim).await;
    let raised = alerts(&house, kim).await;
    assert_eq!(raised.len(), 1);
    assert_eq!((raised[0].reason, &raised[0].state), (Reason::Hot, &AlertState::Open));
    assert_eq!(raised[0].because, ["+100 Demo Requested ×2, just now"]);
    assert_eq!(raised[0].raised_at, house.now());
    demo(&house, kim).await;
    let after = alerts(&house, kim).await;
    assert_eq!(after.len(), 1);
    assert!(after[0].revision > raised[0].revision, "the card shows the new sign of life");
    let lead = house.row(kim).await;
    assert!(lead.hot && lead.crosses_at.is_some() && lead.lifecycle == Lifecycle::Mql);
    assert_eq!(house.store.alerts().live_on(kim).await.unwrap().unwrap(), after[0]);
}

/// Peers' trap 16.
async fn a_lead_that_hovers_raises_one_alert(home: Home) {
    let house = House::of(home).await;
    let (kim, lee) = (house.lead().await, house.lead().await);
    for lead in [kim, lee] {
        demo(&house, lead).await;
        demo(&house, lead).await;
    }
    close(&house, kim).await;
    // Down to 90 and up again, ten times: between the two lines nothing happens.
    for _ in 0..10 {
        house.clock().forward(TimeDelta::days(5));
        cool(&house).await;
        for lead in [kim, lee] {
            let row = house.row(lead).await;
            let scoring = &house.playbooks.current().scoring;
            let history = house.store.leads().history(lead, &house.playbooks).await.unwrap();
            let score = scoring.explain(&row, &history, house.now()).score;
            assert!(row.hot && score >= 80, "{score}");
            if score < 95 {
                demo(&house, lead).await;
            }
        }
    }
    assert_eq!(alerts(&house, kim).await.len(), 1, "hovering asks nobody again");
    // Below 80: cooled. Back to 100: hot again, and one new alert; none where the old one is open.
    let crosses_at = house.row(kim).await.crosses_at.unwrap();
    house.clock().set_calendar(crosses_at - TimeDelta::minutes(2));
    assert_eq!(cool(&house).await, 0);
    house.clock().set_calendar(crosses_at + TimeDelta::days(20));
    assert_eq!(cool(&house).await, 2);
    for lead in [kim, lee] {
        let row = house.row(lead).await;
        assert!(!row.hot && row.crosses_at.is_none());
    }
    for _ in 0..3 {
        demo(&house, kim).await;
        demo(&house, lee).await;
    }
    let again = alerts(&house, kim).await;
    assert_eq!(again.len(), 2);
    assert_eq!(again.iter().filter(|alert| alert.is_live()).count(), 1);
    assert_eq!(again[0].meant_for, Some(member("ana").handle), "whom it concerns first");
    assert_eq!(alerts(&house, lee).await.len(), 1, "the old one is still open");
}

/// Nobody looked while it was cool: the daemon was down.
async fn a_lead_that_cooled_unseen_raises_a_new_alert(home: Home) {
    let house = House::of(home).await;
    let kim = house.lead().await;
    demo(&house, kim).await;
    demo(&house, kim).await;
    close(&house, kim).await;
    house.clock().forward(TimeDelta::days(40));
    for _ in 0..3 {
        demo(&house, kim).await;
    }
    let raised = alerts(&house, kim).await;
    assert_eq!(raised.len(), 2);
    assert!(raised[0].is_live() && raised[0].reason == Reason::Hot);
    assert!(house.row(kim).await.hot);
}

/// The house, with points that fade within days, and surges.
async fn fickle(home: Home) -> House {
    let mut house = House::of(home).await;
    let mut files = playbook();
    let scoring = files.get_mut("scoring.toml").unwrap();
    *scoring = scoring
        .replace("cools_below = 80 }", "cools_below = 80, surge = { points = 75, within = \"24h\" } }")
        .replace(
            "engagement = [\n",
            "engagement = [\n  { activity = [\"Flash\"], points = 60, half_life = \"1d\" },\n",
        );
    house.store.apply_playbook(&files).await.unwrap();
    house.playbooks = house.store.load_playbooks().await.unwrap();
    house
}

async fn flash(house: &House, lead: LeadId) {
    for _ in 0..2 {
        let mut flash = track(&house.name(), "Flash", house.now());
        flash.who.lead = Some(lead);
        house.tell(flash).await;
    }
}

async fn a_lead_that_is_hot_again_within_a_week_is_on_its_old_card(home: Home) {
    let house = fickle(home).await;
    let kim = house.lead().await;
    flash(&house, kim).await;
    let first = house.now();
    close(&house, kim).await;
    for _ in 0..2 {
        house.clock().forward(TimeDelta::days(3));
        assert_eq!(cool(&house).await, 1);
        assert!(!house.row(kim).await.hot);
        flash(&house, kim).await;
        assert!(house.row(kim).await.hot);
        let asked = alerts(&house, kim).await;
        assert_eq!(asked.len(), 1, "within the week");
        assert!(!asked[0].is_live());
        assert!(asked[0].news.last().unwrap().starts_with("turned hot: "), "{:?}", asked[0].news);
        assert_eq!(house.row(kim).await.rung_at, Some(first));
    }
    house.clock().forward(TimeDelta::days(3));
    cool(&house).await;
    flash(&house, kim).await;
    let asked = alerts(&house, kim).await;
    assert_eq!(asked.len(), 2, "a week later");
    assert!(asked[0].is_live() && asked[0].news.is_empty());
}

async fn who_is_not_a_fit_is_not_asked_about_again_within_a_week(home: Home) {
    let house = fickle(home).await;
    let kim = house.lead().await;
    flash(&house, kim).await;
    house.clock().forward(TimeDelta::days(5));
    cool(&house).await;
    let wall = house.now();
    let unfit = |scene: &_, now| desk::outcome(scene, &member("ana"), Outcome::NotAFit, None, wall, now);
    house.decide(kim, unfit).await.unwrap();
    // The week is counted from the answer; a sign of life of one who was archived is no news either.
    house.clock().forward(TimeDelta::days(6));
    flash(&house, kim).await;
    assert!(house.row(kim).await.hot);
    let asked = alerts(&house, kim).await;
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].news.len(), 3, "cooled, back, hot again: {:?}", asked[0].news);
    house.clock().forward(TimeDelta::days(6));
    cool(&house).await;
    flash(&house, kim).await;
    assert_eq!(alerts(&house, kim).await.len(), 2);
}

async fn a_surge_asks_once_and_then_is_quiet(home: Home) {
    let house = fickle(home).await;
    let kim = house.lead().await;
    // 50 now and 20 an hour later are not 75; 20 more are.
    demo(&house, kim).await;
    for at in ["/pricing", "/pricing"] {
        assert_eq!(alerts(&house, kim).await, []);
        house.clock().forward(TimeDelta::hours(1));
        let mut view = track(&house.name(), "Page Viewed", house.now()).path(at);
        view.who.lead = Some(kim);
        house.tell(view).await;
    }
    let asked = alerts(&house, kim).await;
    assert_eq!((asked.len(), asked[0].reason), (1, Reason::Surge));
    assert_eq!(asked[0].because, ["+90 points within 1d"]);
    assert!(!house.row(kim).await.hot);
    // Hot, it is on the same card.
    demo(&house, kim).await;
    let asked = alerts(&house, kim).await;
    assert_eq!((asked.len(), asked[0].reason), (1, Reason::Hot));
    assert_eq!(asked[0].news, ["turned hot: 140 points"]);
    // One that was lost surges again: within the week nobody is asked.
    let lee = house.lead().await;
    let surge = async || {
        let mut group = Vec::new();
        for name in ["Demo Requested", "Pricing Viewed", "Pricing Viewed"] {
            let mut told = track(&house.name(), name, house.now());
            told.who.lead = Some(lee);
            group.push(told);
        }
        house.tell_all(&group).await;
        alerts(&house, lee).await.len()
    };
    assert_eq!(surge().await, 1);
    close(&house, lee).await;
    house.clock().forward(TimeDelta::days(60));
    assert_eq!(surge().await, 2, "two months later it is news");
    close(&house, lee).await;
    house.clock().forward(TimeDelta::hours(2));
    demo(&house, lee).await;
    assert_eq!(alerts(&house, lee).await.len(), 2, "hot within the week of the surge is on the same card");
}

async fn a_browser_makes_nobody_hot(home: Home) {
    let house = House::of(home).await;
    let told = identify("m0", json!({"email": "kim@acme.test"}), house.now()).device("d1").browser();
    let kim = house.tell(told).await;
    for n in 1..9 {
        let demo = track(&format!("m{n}"), "Demo Requested", house.now()).device("d1").browser();
        assert_eq!(house.tell(demo).await, kim);
    }
    let lead = house.row(kim).await;
    assert!(!lead.hot && !lead.verified && lead.points.engagement > 300.0);
    assert_eq!(alerts(&house, kim).await, []);
    // Somebody with a secret vouches for the address.
    house.tell(identify("s1", json!({"email": "kim@acme.test"}), house.now())).await;
    assert!(house.row(kim).await.hot);
    assert_eq!(alerts(&house, kim).await.len(), 1);
    // An anonymous visitor is nobody to ask about, whatever a server tells.
    for n in 0..3 {
        house.tell(track(&format!("v{n}"), "Demo Requested", house.now()).device("d2")).await;
    }
    let visitor = house.tell(track("v9", "Demo Requested", house.now()).device("d2")).await;
    assert_eq!(alerts(&house, visitor).await, []);
}

async fn hot_in_eight_places_at_once_is_one_alert(home: Home) {
    let house = House::of(home).await;
    let stores = [house.store.clone(), house.home.open().await];
    for round in 0..10 {
        let kim = house.lead().await;
        let mut telling = JoinSet::new();
        for n in 0..8 {
            let (store, playbooks) = (stores[n % 2].clone(), house.playbooks.clone());
            let mut demo = track(&format!("{round}-{n}"), "Demo Requested", house.now());
            demo.who.lead = Some(kim);
            telling.spawn(async move { store.leads().observe(&[demo], &playbooks).await.unwrap() });
        }
        telling.join_all().await;
        assert_eq!(alerts(&house, kim).await.len(), 1);
        assert_eq!(house.row(kim).await.points.engagement.round() as i64, 400, "nothing is lost");
    }
}
