//! Each member's home: shown when it is opened, and right a little after something changed.

use chrono::TimeDelta;
use rekindle_core::chat::How;
use rekindle_tests::slack::{Fault, payloads};
use serde_json::{Value, json};

use crate::stage::{By, Stage, chat_user, eventually};

fn opened(user: &str, tab: &str) -> Value {
    let event = json!({ "type": "app_home_opened", "user": user, "channel": "D0HOME", "tab": tab, "event_ts": "1732525200.000100" });
    payloads::event(event)
}

impl Stage {
    async fn opens(&self, user: &str) {
        assert_eq!(self.send("events", &opened(user, "home")).await.status(), 200);
    }

    /// Waits until a home says this; all that it says.
    async fn home_says(&self, user: &str, words: &str) -> String {
        eventually(|| self.slack.home(user).filter(|said| said.contains(words))).await
    }

    fn published(&self) -> usize {
        self.slack.calls("views.publish").len()
    }
}

#[tokio::test]
async fn it_shows_what_a_member_has_and_follows_what_they_do() {
    let stage = Stage::set(By::Http).await;
    let kim = stage.turn_hot("kim@acme.test", "Kim <!channel> Park").await;
    stage.look().await;
    stage.opens("U0ANA").await;
    let said = stage.home_says("U0ANA", "Ana, your leads").await;
    assert!(
        said.contains("You have no leads.") && said.contains("https://rekindle.acme.test/console"),
        "{said}"
    );

    let press = payloads::press(&stage.slack, "U0ANA", &stage.card(), "claim", None);
    stage.send("interactions", &press).await;
    let said = stage.home_says("U0ANA", "With you").await;
    assert!(said.contains("Kim <!channel> Park"), "{said}");
    assert!(said.contains("A1 · 110 points · since"), "{said}");
    assert!(said.contains(&format!("https://rekindle.acme.test/leads/{kim}")), "{said}");
    assert!(said.contains("you claimed 1 lead; 0 came to a meeting or further"), "{said}");

    for (when, part) in [("4h", "Due today"), ("1w", "Put off")] {
        let words = format!("snooze kim@acme.test {when}");
        stage.send("commands", &payloads::command(&stage.slack, "U0ANA", "/lead", &words)).await;
        stage.home_says("U0ANA", part).await;
    }
    assert!(stage.slack.home("U0BEN").is_none(), "nobody's home is shown who never opened it");
    let of_ana =
        || stage.slack.calls("views.publish").iter().filter(|call| call.body["user_id"] == "U0ANA").count();
    let before = of_ana();
    stage.send("events", &opened("U0ANA", "messages")).await;
    stage.opens("U0BEN").await;
    stage.home_says("U0BEN", "Ben, your leads").await;
    // All homes are looked at for each of these, and Ben's alone has changed.
    stage.turn_hot("zoe@new.test", "Zoe Lang").await;
    for (words, part) in [("claim zoe@new.test", "Zoe Lang"), ("snooze zoe@new.test 1w", "Put off")] {
        stage.send("commands", &payloads::command(&stage.slack, "U0BEN", "/lead", words)).await;
        stage.home_says("U0BEN", part).await;
    }
    assert_eq!(
        of_ana(),
        before,
        "the other tab asks for nothing, and what shows the same is not shown again"
    );
    stage.slack.no_offences();
}

#[tokio::test]
async fn who_is_not_known_gets_a_private_link_and_their_leads_once_they_are() {
    let stage = Stage::set(By::Http).await;
    stage.opens("U0NEW").await;
    let said = stage.home_says("U0NEW", "I do not know yet who you are").await;
    assert!(said.contains("https://rekindle.acme.test/link-chat/"), "{said}");
    let ana = stage.store.team().named("ana").await.unwrap();
    stage.store.chat().link(&chat_user("U0NEW"), &ana, How::Admin).await.unwrap();
    // Whatever happens next in the house.
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.home_says("U0NEW", "Ana, your leads").await;
    // And somebody whose address Slack has verified is known at once.
    stage
        .store
        .chat()
        .set_email(&ana, &rekindle_core::email::EmailAddress::parse("ana@acme.test").unwrap())
        .await
        .unwrap();
    stage.slack.person("U0ANA2", "ana@acme.test", true);
    stage.opens("U0ANA2").await;
    stage.home_says("U0ANA2", "Ana, your leads").await;
    stage.slack.no_offences();
}

#[tokio::test]
async fn it_converges_whatever_slack_does() {
    let stage = Stage::set(By::Http).await;
    stage.slack.fault("views.publish", Fault::RateLimited(1));
    stage.slack.fault("views.publish", Fault::RateLimited(1));
    stage.opens("U0ANA").await;
    stage.home_says("U0ANA", "Ana, your leads").await;
    stage.slack.overtake_home("U0ANA");
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.send("commands", &payloads::command(&stage.slack, "U0ANA", "/lead", "claim kim@acme.test")).await;
    stage.home_says("U0ANA", "Kim Park").await;
    let hashes: Vec<Value> =
        stage.slack.calls("views.publish").iter().map(|call| call.body["hash"].clone()).collect();
    assert!(hashes.iter().any(Value::is_string) && hashes.last() == Some(&Value::Null), "{hashes:?}");
}

#[tokio::test]
async fn what_was_opened_before_a_crash_is_shown_after_it() {
    let stage = Stage::set(By::Http).await;
    stage.slack.go_down(true);
    stage.opens("U0ANA").await;
    eventually(|| (stage.published() > 0).then_some(())).await;
    stage.slack.go_down(false);
    stage.advance(TimeDelta::seconds(1));
    let stage = stage.again(By::Http).await;
    stage.home_says("U0ANA", "Ana, your leads").await;
}

#[tokio::test]
async fn a_button_that_opens_a_page_asks_for_nothing() {
    let stage = Stage::set(By::Http).await;
    let press = json!({ "type": "block_actions", "team": { "id": "T0ACME" }, "user": { "id": "U0ANA", "team_id": "T0ACME" },
        "trigger_id": "1.2", "container": { "type": "view", "view_id": "V0HOME" }, "view": { "type": "home" },
        "actions": [{ "type": "button", "action_id": "link:dashboard", "block_id": "b" }] });
    assert_eq!(stage.send("interactions", &press).await.status(), 200);
    assert_eq!(stage.home.shoulder().await.number("SELECT count(*) FROM inbound").await, 0);
    assert!(stage.slack.whispers().is_empty());
}
