//! The database is away, somebody unsubscribes, the program is killed: nothing more is sent to them.

use crate::stage::{On, SOON, Sender, Stage, letter, link_in};
use crate::wire::Wire;
use rekindle_tests::{program::within, smtp::RecordingServer};
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn u8_an_unsubscribe_outlives_an_outage_and_a_crash() {
    let relay = RecordingServer::start().await;
    let stage = Stage::new(On::Postgres);
    let wire = Wire::to(stage.database_url()).await;
    let stage = stage
        .env("REKINDLE__DATABASE__URL", wire.url())
        .env("REKINDLE__MAIL__URL", relay.url())
        .calendar("2026-11-03T10:00:00Z", 1.0);
    let up = stage.program.start(&["up"]).await;
    let asked = Sender::new(&up, &stage.key("webinar", Some("webinar form 2026")).await);
    let traits = json!({"email": "kim@acme.test", "name": "Kim Park", "timezone": "UTC"});
    asked.identify("kim", traits, json!({})).await;
    let ana = stage.seat(&up, "Ana", "admin").await;
    assert_eq!(ana.say("/lead enroll kim@acme.test re-engagement").await["ok"], true);
    assert!(relay.wait_for(1, Duration::from_secs(60)).await, "the first mail of the plan");
    let mail = relay.messages().remove(0);
    let link = link_in(&letter(&mail), "/u/").expect("a link to unsubscribe");
    let link = up.at(&link[link.find("/u/").unwrap()..]);

    wire.cut();
    let one_click = [("List-Unsubscribe", "One-Click")];
    let stopped = up.http().post(&link).form(&one_click).send().await.unwrap();
    assert_eq!(stopped.status().as_u16(), 200);
    assert!(stopped.text().await.unwrap().contains("You are unsubscribed"));
    let spool = stage.program.folder().join("spool");
    let waiting = || std::fs::read_dir(&spool).unwrap().count();
    assert_eq!(waiting(), 1, "on the disk before the answer");
    up.kill9().await;
    assert_eq!(waiting(), 1);

    wire.mend();
    let _up = stage.program.start(&["up"]).await;
    within(SOON, "the spool is empty", async || (waiting() == 0).then_some(())).await;
    let lead = stage.lead("kim@acme.test").await;
    assert_eq!(lead["consent"]["state"], "unsubscribed", "{lead:#}");
    assert_eq!(lead["enrollments"][0]["state"], "stopped", "{lead:#}");
    assert_eq!(relay.count(), 1);
}
