//! A lead goes quiet: breakup, offer, survey, goodbye; and what ends or holds that.

use crate::house::{House, at, days, hours, member, monday};
use rekindle_core::{
    alert::Reason,
    delivery::DeliveryState,
    desk,
    enrollment::{Ended, RunState},
    ids::AlertId,
    lead::Nurture,
    time::Clock,
};

const BREAKUP: &str = "Should I close your file, kim?";
const OFFER: &str = "Yours if you want it: 20 % off your first year";
const SURVEY: &str = "One question, kim, and one click answers it";

#[tokio::test]
async fn a_quiet_lead_is_written_to_three_times_in_its_window_and_then_archived() {
    let mut house = House::new().await;
    let kim = house.subscriber("kim@lead.test").await;
    house.tick().await;
    house.live(monday() + days(29)).await;
    assert_eq!(house.lead(kim).await.nurture, Nurture::Active);
    assert!(house.memory.is_empty());

    // Thirty days are over on Wednesday, 2 December, 9:00; the job looks at 6:00, so it is Thursday's that finds it.
    house.live(at("2026-12-03T05:00:00Z")).await;
    assert_eq!(house.lead(kim).await.nurture, Nurture::Active);
    house.live(at("2026-12-03T06:00:00Z")).await;
    assert_eq!(house.lead(kim).await.nurture, Nurture::Cold);
    assert!(house.memory.is_empty(), "at 6:00 its window is closed");
    house.live(at("2026-12-03T09:00:00Z")).await;
    assert_eq!(house.subjects(), [BREAKUP]);

    // Four days later it is Monday, 9:00.
    house.live(at("2026-12-07T08:00:00Z")).await;
    assert_eq!(house.memory.len(), 1);
    house.live(at("2026-12-07T09:00:00Z")).await;
    assert_eq!(house.subjects(), [BREAKUP, OFFER]);

    // Five days later it is Saturday: the survey waits for Monday.
    house.live(at("2026-12-14T08:00:00Z")).await;
    assert_eq!(house.memory.len(), 2);
    house.live(at("2026-12-14T09:00:00Z")).await;
    assert_eq!(house.subjects(), [BREAKUP, OFFER, SURVEY]);
    assert_eq!(house.lead(kim).await.nurture, Nurture::Cold);

    house.live(at("2026-12-21T09:00:00Z")).await;
    let lead = house.lead(kim).await;
    assert_eq!((lead.nurture, lead.nurture_why.as_deref()), (Nurture::Archived, Some("silent to the end")));
    let runs = house.runs(kim).await;
    assert_eq!(runs.len(), 1);
    assert!(matches!(runs[0].state, RunState::Ended { how: Ended::Archived, .. }), "{:?}", runs[0]);

    house.live(at("2027-03-01T09:00:00Z")).await;
    assert_eq!(house.memory.len(), 3, "an archived lead is left alone");
    assert!(house.deliveries().await.iter().all(|d| d.state == DeliveryState::Sent));
}

#[tokio::test]
async fn a_sign_of_life_ends_the_run_and_calls_the_team() {
    let mut house = House::new().await;
    let kim = house.subscriber("kim@lead.test").await;
    house.tick().await;
    house.live(at("2026-12-03T09:00:00Z")).await;
    assert_eq!(house.memory.len(), 1);
    house.clock.advance(days(1));
    house.act("kim@lead.test", "Pricing Viewed").await;
    let lead = house.lead(kim).await;
    assert_eq!(lead.nurture, Nurture::Active);
    let alert = house.store.alerts().live_on(kim).await.unwrap().unwrap();
    assert_eq!(alert.reason, Reason::Back);
    assert!(matches!(house.runs(kim).await[0].state, RunState::Ended { how: Ended::Exited, .. }));
    house.live(at("2026-12-20T09:00:00Z")).await;
    assert_eq!(house.memory.len(), 1, "no offer any more");
}

#[tokio::test]
async fn a_claim_holds_the_mail_a_release_lets_it_go_and_it_does_not_age_meanwhile() {
    let mut house = House::new().await;
    let kim = house.subscriber("kim@lead.test").await;
    house.tick().await;
    // Enqueued on Thursday at 6:00, outside its window, and then claimed.
    house.live(at("2026-12-03T06:00:00Z")).await;
    assert_eq!(house.deliveries().await[0].state, DeliveryState::Pending);
    let ana = member("ana");
    let by = ana.clone();
    house.decide(kim, move |scene, now| desk::claim(scene, &by, AlertId(Default::default()), now)).await;
    // Twenty days in her hands: many times what the mail would have lived.
    house.live(at("2026-12-23T10:00:00Z")).await;
    assert!(house.memory.is_empty());
    let held = &house.deliveries().await[0];
    assert_eq!((held.state, held.reason.as_deref()), (DeliveryState::Pending, Some("claimed by Ana")));
    house.decide(kim, move |scene, now| desk::release(scene, &ana, now)).await;
    house.tick().await;
    assert_eq!(house.subjects(), [BREAKUP], "released at 10:00 on a Wednesday, it leaves at once");
}

#[tokio::test]
async fn an_archive_step_waits_while_a_rep_has_the_lead() {
    let mut house = House::new().await;
    let kim = house.subscriber("kim@lead.test").await;
    house.tick().await;
    house.live(at("2026-12-15T09:00:00Z")).await;
    assert_eq!(house.memory.len(), 3);
    let ana = member("ana");
    let by = ana.clone();
    house.decide(kim, move |scene, now| desk::claim(scene, &by, AlertId(Default::default()), now)).await;
    house.live(at("2026-12-24T09:00:00Z")).await;
    assert_eq!(house.lead(kim).await.nurture, Nurture::Cold);
    house.decide(kim, move |scene, now| desk::release(scene, &ana, now)).await;
    house.tick().await;
    assert_eq!(house.lead(kim).await.nurture, Nurture::Archived);
}

#[tokio::test]
async fn who_may_not_be_written_to_is_archived_without_a_mail() {
    let mut house = House::new().await;
    let traits = serde_json::json!({"email": "lee@lead.test"});
    let kind = rekindle_core::activity::Kind::Identify;
    let lee = house.tell("1", kind, "identify", "lee@lead.test", traits).await;
    house.tick().await;
    house.live(monday() + days(31)).await;
    let lead = house.lead(lee).await;
    assert_eq!(lead.nurture, Nurture::Archived);
    assert!(lead.nurture_why.unwrap().contains("consent is unknown"));
    assert!(house.deliveries().await.is_empty());
}

#[tokio::test]
async fn more_quiet_leads_than_a_page_go_cold_in_one_night() {
    let mut house = House::new().await;
    for number in 0..520 {
        house.subscriber(&format!("lead{number}@lead.test")).await;
    }
    house.tick().await;
    house.clock.set(at("2026-12-03T06:00:00Z"));
    let tick = house.tick().await;
    assert_eq!(tick.swept["cool_leads"], 520);
    house.clock.advance(hours(3));
    assert_eq!(house.tick().await.mails, 520);
    assert_eq!(house.memory.len(), 520);
    assert_eq!(house.clock.calendar(), at("2026-12-03T09:00:00Z"));
}
