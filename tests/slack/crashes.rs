//! One arrival has one effect, also when a house dies with it in hand, and beside another house on the same database.

use std::time::Duration;

use chrono::TimeDelta;
use rekindle_bot::desk::Desk;
use rekindle_bot::groups::Groups;
use rekindle_core::{chat::Platform, team::Role};
use rekindle_storage::{Store, inbound::Arrived};
use rekindle_tests::{
    on_both,
    slack::{Fault, payloads},
    stores::Home,
};
use serde_json::Value;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::stage::{By, Stage, app, settings};

on_both!(
    what_was_kept_and_not_handled_is_handled_by_whoever_lives,
    what_was_begun_is_not_done_again_and_whoever_asked_is_told,
    what_is_in_the_hands_of_a_house_that_lives_is_left_to_it,
);

impl Stage {
    /// A house that dies with this value has taken a command or a press in.
    async fn kept_by(&self, house: &Store, payload: Value, at: TimeDelta) -> Arrived {
        let came = Arrived {
            platform: Platform::Slack,
            workspace: "T0ACME".to_owned(),
            id: payload["trigger_id"].as_str().unwrap().to_owned(),
            at: self.home.now() - at,
            kind: "of a story".to_owned(),
            payload,
        };
        assert!(house.inbound().keep(&came).await.unwrap());
        came
    }
}

async fn what_was_kept_and_not_handled_is_handled_by_whoever_lives(home: Home) {
    let stage = Stage::on(home, By::Http).await;
    let kim = stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    let dying = stage.home.open().await;
    for (user, at) in [("U0ANA", TimeDelta::hours(1)), ("U0BEN", TimeDelta::minutes(5))] {
        let press = payloads::press(&stage.slack, user, &stage.card(), "claim", None);
        stage.kept_by(&dying, press, at).await;
    }
    drop(dying);
    stage.whispered(2).await;
    assert_eq!(stage.owner(kim).await.as_deref(), Some("ben"), "an hour later nobody wants that any more");
    let told: Vec<String> = stage.slack.whispers().iter().map(|one| one["text"].to_string()).collect();
    assert!(told.iter().any(|text| text.contains("Please ask again")), "{told:?}");
}

async fn what_was_begun_is_not_done_again_and_whoever_asked_is_told(home: Home) {
    let stage = Stage::on(home, By::Http).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let dying = stage.home.open().await;
    let line = "note kim@acme.test called, will come back";
    let note = payloads::command(&stage.slack, "U0ANA", "/lead", line);
    let came = stage.kept_by(&dying, note.clone(), TimeDelta::zero()).await;
    // The note is written; then, before anybody could say that it is done, the house dies.
    let ana = stage.store.team().named("ana").await.unwrap();
    let desk = Desk::new(dying.on_behalf(&came).await.unwrap(), settings());
    assert!(desk.run(&ana, "slack", &format!("/lead {line}")).await.ok);
    drop((desk, dying));
    let told = stage.whispered(1).await;
    assert!(told["text"].as_str().unwrap().contains("interrupted"), "{told}");
    // Nor does Slack, which sends it once more, make two of it.
    assert_eq!(stage.send("commands", &note).await.status(), 200);
    stage.send("commands", &payloads::command(&stage.slack, "U0ANA", "/rekindle", "whoami")).await;
    stage.whispered(2).await;
    let notes = stage.store.audited(None, 10).await.unwrap();
    assert_eq!(notes.iter().filter(|entry| entry.deed.starts_with("/lead note")).count(), 1, "{notes:?}");
    stage.slack.no_offences();
}

async fn what_is_in_the_hands_of_a_house_that_lives_is_left_to_it(home: Home) {
    let stage = Stage::on(home, By::Http).await;
    let kim = stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    let leo = stage.store.team().add("Leo", Role::Sales).await.unwrap();
    stage.store.chat().set_email(&leo, &"leo@acme.test".parse().unwrap()).await.unwrap();
    stage.slack.person("U0LEO", "leo@acme.test", true);
    // Whom nobody knows is asked after, which takes Slack its time.
    stage.slack.fault("users.info", Fault::Slow(Duration::from_millis(1200)));
    let press = payloads::press(&stage.slack, "U0LEO", &stage.card(), "claim", None);
    assert_eq!(stage.send("interactions", &press).await.status(), 200);
    // Meanwhile another house opens, and looks after what was left.
    let other = stage.home.open().await;
    let second = app(&other, &stage.slack, &TaskTracker::new(), By::Http, Groups::default());
    let stop = CancellationToken::new();
    let looking = tokio::task::JoinSet::from_iter([second.listen(stop.clone())]);
    for _ in 0..20 {
        assert!(other.inbound().take_over(Platform::Slack).await.unwrap().is_empty(), "it is in good hands");
    }
    stage.whispered(1).await;
    assert_eq!(stage.owner(kim).await.as_deref(), Some("leo"));
    stop.cancel();
    looking.join_all().await;
    assert_eq!(stage.slack.calls("users.info").len(), 1, "one house asked after them");
    assert_eq!(stage.store.audited(None, 10).await.unwrap().len(), 1);
    assert_eq!(stage.slack.whispers().len(), 1);
}
