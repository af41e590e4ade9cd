//! What is kept up by time and by new rules: who is in which segment, how leads are counted, who joins what follows a segment.

use crate::house::{House, days, hours, member};
use chrono::TimeDelta;
use rekindle_core::{activity::Kind, campaign::Caution, ids::LeadId, sequence::Sequence, time::Clock};
use rekindle_storage::campaigns::Previewed;
use serde_json::json;
use std::collections::BTreeMap;

async fn is_in(house: &House, lead: LeadId) -> Vec<String> {
    house.store.segments().of(lead).await.unwrap().into_iter().map(|(segment, _)| segment).collect()
}

/// The playbook with a text in the place of another.
fn replaced(files: &BTreeMap<String, String>, file: &str, from: &str, to: &str) -> BTreeMap<String, String> {
    let mut files = files.clone();
    let text = files.get_mut(file).unwrap();
    assert!(text.contains(from), "{from} in {file}");
    *text = text.replace(from, to);
    files
}

#[tokio::test]
async fn who_only_lets_time_pass_joins_what_is_about_time_and_leaves_what_is_gone() {
    let mut playbook = BTreeMap::new();
    let mut house = House::with(|files| playbook = files.clone()).await;
    let traits = json!({"email": "kim@lead.test", "title": "Director of Sales", "consent": true});
    let kim = house.tell("hello", Kind::Identify, "identify", "kim@lead.test", traits).await;
    house.act("kim@lead.test", "Webinar Attended").await;
    let swept = house.tick().await.swept;
    assert!(swept["keep_segments"] > 0, "{swept:?}");
    assert_eq!(is_in(&house, kim).await, ["directors"]);
    house.clock.advance(days(30) - TimeDelta::minutes(1));
    house.tick().await;
    assert_eq!(is_in(&house, kim).await, ["directors"]);
    // Asked at the latest five minutes after it has become true.
    house.clock.advance(TimeDelta::minutes(6));
    house.tick().await;
    assert_eq!(is_in(&house, kim).await, ["directors", "gone quiet"]);
    // Whoever does something leaves it at once, with no sweep between.
    house.act("kim@lead.test", "Webinar Attended").await;
    assert_eq!(is_in(&house, kim).await, ["directors"]);

    // A segment that means something else is asked anew, and one that is gone has nobody.
    let asks = replaced(&playbook, "segments.toml", "when = \"hot\"", "when = 'did \"Webinar Attended\"'");
    let renamed = replaced(&asks, "segments.toml", "name = \"directors\"", "name = \"chiefs\"");
    house.store.apply_playbook(&renamed).await.unwrap();
    house.tick().await;
    assert_eq!(is_in(&house, kim).await, ["chiefs", "hot"]);
    assert_eq!(house.tick().await.swept.get("keep_segments"), None, "and then nothing moves");
}

#[tokio::test]
async fn leads_are_counted_anew_when_the_rules_change() {
    let mut playbook = BTreeMap::new();
    let mut house = House::with(|files| {
        *files = replaced(files, "scoring.toml", "hot = 100", "hot = 12");
        *files = replaced(files, "scoring.toml", "cools_below = 80", "cools_below = 8");
        playbook = files.clone();
    })
    .await;
    let kim = house.subscriber("kim@lead.test").await;
    house.act("kim@lead.test", "Webinar Attended").await;
    house.tick().await;
    let hot_until = house.lead(kim).await.crosses_at;
    let before = house.lead(kim).await.points.engagement;
    assert!(before > 0.0 && hot_until.is_some());
    let doubled = replaced(
        &playbook,
        "scoring.toml",
        "activity = [\"Webinar Attended\"]\npoints = 15",
        "activity = [\"Webinar Attended\"]\npoints = 30",
    );
    house.store.apply_playbook(&doubled).await.unwrap();
    assert_eq!(house.tick().await.swept.get("recount"), Some(&1));
    assert!(house.lead(kim).await.crosses_at > hot_until, "with more points she stays hot for longer");
    let after = house.lead(kim).await.points.engagement;
    assert!((after - 2.0 * before).abs() < 1e-6, "{before} {after}");
    assert_eq!(house.tick().await.swept.get("recount"), None, "once");
}

#[tokio::test]
async fn who_comes_to_match_begins_what_follows_their_segment_and_who_is_held_out_is_counted() {
    let mut house = House::with(|files| {
        let plan = "sequences/re-engagement.toml";
        *files = replaced(files, plan, "holdout = 0", "holdout = 50");
    })
    .await;
    house.tick().await;
    let campaigns = house.store.campaigns();
    let previewed = Previewed {
        sequence: "re-engagement".to_owned(),
        segment: "did \"Webinar Attended\"".to_owned(),
        follows: true,
        subjects: Default::default(),
        version: house.store.playbooks().await.unwrap().version(),
        by: member("Mia").handle,
        forecast: Default::default(),
    };
    let draft = campaigns.begin_preview().keep(previewed).await.unwrap();
    campaigns.launch(draft.id, &member("Mia").handle, &Caution::NONE).await.unwrap();
    for number in 0..140 {
        house.subscriber(&format!("lead{number}@lead.test")).await;
    }
    for number in 0..120 {
        let email = format!("lead{number}@lead.test");
        house.tell(&email, Kind::Track, "Webinar Attended", &email, json!({})).await;
    }
    house.clock.advance(hours(1));
    let mut worker = house.second().await;
    let tick = worker.tick().await.unwrap();
    assert_eq!(tick.swept["follow_segments"], 120, "{tick:?}");
    let stands = house.store.campaigns().named(&draft.id.to_string()).await.unwrap();
    let playbooks = house.store.playbooks().await.unwrap();
    let plan: &Sequence = playbooks.current().sequence("re-engagement").unwrap();
    let leads = house.store.leads().page(None, 1_000).await.unwrap();
    let joined = leads.iter().filter(|lead| !lead.worth.sums.is_empty());
    let held_out = joined.filter(|lead| plan.holds_out(lead)).count() as i64;
    assert!((30..90).contains(&held_out), "{held_out}");
    assert_eq!((stands.counted_in, stands.counted_out), (120 - held_out, held_out));
    assert_eq!(tick.mails as i64, 120 - held_out, "who is held out gets nothing");
    house.clock.advance(hours(1));
    assert_eq!(house.clock.calendar(), house.store.clock().calendar());
    assert_eq!(worker.tick().await.unwrap().swept.get("follow_segments"), None, "each once");
    worker.leave().await;
}
