//! The doctor looks at Slack before anything is posted.

use rekindle_bot::slack::{self, Reached};
use rekindle_core::{team::Role, time::Clock};
use rekindle_tests::slack::Fault;

use crate::stage::{By, HOT, Stage};

#[tokio::test]
async fn what_works_is_said_and_what_does_not_with_what_would_mend_it() {
    let stage = Stage::set(By::Socket).await;
    let wrong = async || -> Vec<String> {
        let found = stage.app(By::Socket).examine().await;
        found.into_iter().filter_map(|one| Some(format!("{}: {}", one.what, one.wrong?))).collect()
    };
    assert_eq!(wrong().await, Vec::<String>::new());
    assert_eq!(stage.app(By::Socket).examine().await.len(), 6, "two tokens, the clock, and three channels");

    stage.slack.archive(HOT, true);
    stage.slack.fault("apps.connections.open", Fault::Error("missing_scope"));
    let said = wrong().await;
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("connections:write"), "{said:?}");
    assert_eq!(
        said[1],
        "Slack: the channel C0HOT (hot-leads): it is archived: unarchive it, or name another"
    );
    stage.slack.archive(HOT, false);

    stage.slack.fault("auth.test", Fault::Error("token_revoked"));
    let said = wrong().await;
    assert_eq!(said.len(), 1, "the first thing to mend: {said:?}");
    assert!(said[0].contains("install the app anew"), "{said:?}");
    stage.slack.go_down(true);
    assert!(wrong().await[0].contains("cannot be reached now"));
}

#[tokio::test]
async fn a_group_that_does_not_exist_is_named() {
    let roles = [("S0SALES", Role::Sales), ("marketers", Role::Marketing), ("S0GONE", Role::Admin)];
    let stage = Stage::set_with(By::Socket, &roles).await;
    stage.slack.group("S0SALES", "sales-team", &[]);
    stage.slack.group("S0MARKET", "marketers", &[]);
    let found = stage.app(By::Socket).examine().await;
    let wrong: Vec<&str> =
        found.iter().filter(|one| one.wrong.is_some()).map(|one| one.what.as_str()).collect();
    assert_eq!(wrong, ["Slack: the user group S0GONE"], "{found:?}");
    stage.slack.fault("usergroups.list", Fault::Error("missing_scope"));
    let found = stage.app(By::Socket).examine().await;
    assert!(found.iter().any(|one| one.what == "Slack: the user groups" && one.wrong.is_some()), "{found:?}");
}

#[tokio::test]
async fn what_a_missing_scope_and_a_wrong_clock_do_is_said_before_they_do_it() {
    let stage = Stage::set(By::Http).await;
    let wrong = async || -> Vec<String> {
        let found = stage.app(By::Http).examine().await;
        found.into_iter().filter_map(|one| Some(format!("{}: {}", one.what, one.wrong?))).collect()
    };
    let manifest = slack::manifest("https://rekindle.acme.test", Reached::OverHttp);
    let scopes = manifest.split("    bot:\n").nth(1).unwrap().split("settings:").next().unwrap();
    let scopes: Vec<&str> =
        scopes.lines().filter_map(|line| line.trim().strip_prefix("- ")?.split(' ').next()).collect();
    stage.slack.grant(&scopes);
    assert_eq!(wrong().await, Vec::<String>::new());
    let few: Vec<&str> =
        scopes.iter().copied().filter(|scope| !["im:write", "links:write"].contains(scope)).collect();
    stage.slack.grant(&few);
    assert_eq!(
        wrong().await,
        [
            "Slack: the scopes of the bot token: it lacks im:write (tells one member alone), links:write (shows them as cards, in \
             the channels of cards): paste what `rekindle slack manifest` prints as the app's manifest, and install the app anew"
        ]
    );
    stage.slack.grant(&scopes);
    stage.advance(chrono::TimeDelta::seconds(290));
    let said = wrong().await;
    assert!(
        said.len() == 1 && said[0].starts_with("Slack: our clock: it is 290 s ahead of Slack's"),
        "{said:?}"
    );
    stage.slack.tell_time(stage.home.clock().wall());
    stage.slack.share(HOT, true);
    let said = wrong().await;
    assert!(
        said.len() == 1 && said[0].contains("(hot-leads): it is shared with another organisation"),
        "{said:?}"
    );
}
