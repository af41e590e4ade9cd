//! News of the house: what concerns everybody is told in the channel for it, on every platform once.

use std::time::Duration;

use chrono::TimeDelta;
use rekindle_bot::desk::Desk;
use rekindle_core::team::Handle;
use rekindle_tests::{on_both, slack::Fault, stores::Home};

use crate::stage::{By, CAMPAIGNS, HOT, OPS, Stage, settings};

on_both!(
    a_pause_of_all_mail_is_told_everywhere_once,
    news_whose_answer_was_lost_are_found_and_not_doubled,
    an_outage_loses_no_news_and_a_day_later_they_are_none,
);

const PAUSED: &str = "Ada paused all mail. /rekindle resume lets it go on.";
const GOES_ON: &str = "Ada let the mail go on.";

impl Stage {
    async fn ada_says(&self, line: &str) {
        let ada = self.store.team().named("ada").await.unwrap();
        let reply = Desk::new(self.store.clone(), settings()).run(&ada, "console", line).await;
        assert!(reply.ok, "{line}: {}", reply.text);
    }

    /// What Slack reads in the channel for news.
    fn news(&self) -> Vec<String> {
        let messages = self.slack.messages(OPS);
        messages.iter().map(|one| one.body["text"].as_str().unwrap().to_owned()).collect()
    }

    /// What the console reads there.
    async fn news_in_the_console(&self) -> Vec<String> {
        let messages = self.store.console().latest(&Handle::of("ana").unwrap(), 100).await.unwrap();
        messages.into_iter().filter(|one| one.channel == "ops").map(|one| one.text).collect()
    }
}

async fn a_pause_of_all_mail_is_told_everywhere_once(home: Home) {
    let stage = Stage::on(home, By::Http).await;
    // Before there were walls; only the console was always there.
    stage.ada_says("/rekindle pause").await;
    stage.advance(TimeDelta::seconds(1));
    stage.look().await;
    assert!(stage.news().is_empty(), "old news are not told on a wall that is new: {:?}", stage.news());
    assert_eq!(stage.news_in_the_console().await, [PAUSED]);
    for line in ["/rekindle resume", "/rekindle pause"] {
        stage.advance(TimeDelta::seconds(1));
        stage.ada_says(line).await;
    }
    stage.look_for(10).await;
    assert_eq!(stage.news(), [GOES_ON, PAUSED]);
    assert_eq!(stage.news_in_the_console().await, [PAUSED, GOES_ON, PAUSED]);
    assert!(stage.slack.messages(HOT).is_empty() && stage.slack.messages(CAMPAIGNS).is_empty());
    // What changes nothing is no news.
    stage.ada_says("/rekindle pause").await;
    stage.look_for(5).await;
    assert_eq!(stage.news().len(), 2);
    stage.slack.no_offences();
}

async fn news_whose_answer_was_lost_are_found_and_not_doubled(home: Home) {
    let stage = Stage::on(home, By::Http).await;
    stage.look().await;
    stage.advance(TimeDelta::seconds(1));
    stage.ada_says("/rekindle pause").await;
    stage.slack.fault("chat.postMessage", Fault::Late(Duration::from_secs(4)));
    stage.look_for(10).await;
    assert_eq!(stage.news(), [PAUSED]);
    assert_eq!(stage.slack.calls("chat.postMessage").len(), 1);
    assert_eq!(stage.slack.calls("conversations.history").len(), 1, "it was looked for");
    stage.slack.no_offences();
}

async fn an_outage_loses_no_news_and_a_day_later_they_are_none(home: Home) {
    let stage = Stage::on(home, By::Http).await;
    stage.look().await;
    stage.slack.go_down(true);
    stage.advance(TimeDelta::seconds(1));
    stage.ada_says("/rekindle pause").await;
    stage.look_for(60).await;
    stage.advance(TimeDelta::hours(23));
    stage.ada_says("/rekindle resume").await;
    stage.look().await;
    stage.advance(TimeDelta::hours(1));
    stage.slack.go_down(false);
    stage.look_for(60).await;
    assert_eq!(stage.news(), [GOES_ON], "within a day; what is older is no news");
    assert_eq!(stage.news_in_the_console().await, [PAUSED, GOES_ON]);
    stage.slack.no_offences();
}
