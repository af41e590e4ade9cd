//! Whatever Slack may send, in the shapes it sends: answered 200 or acknowledged, kept where nobody knows it, and nothing else.
//!
//! A payload is a file of `fixtures/`, in the folder of the door that it comes through.

use std::{collections::BTreeMap, fs, path::Path};

use rekindle_tests::{panics, slack::payloads};
use serde_json::Value;

use crate::stage::{By, Stage};

/// What becomes of each payload, in the column `state` of what came in; "-" is not kept at all. All others are kept as what
/// nobody here knows.
#[rustfmt::skip]
const KNOWN: &[(&str, &str)] = &[
    ("commands/command",                                    "done"),
    ("commands/foreign_workspace",                          "-"),
    ("commands/in_a_direct_message",                        "done"),
    ("commands/in_an_organisation",                         "done"),
    ("commands/org_wide_install",                           "-"),
    ("commands/ssl_check",                                  "-"),
    ("commands/unknown_command",                            "done"),
    ("commands/without_text",                               "done"),
    ("interactions/button",                                 "done"),
    ("interactions/button_that_opens_a_page",               "-"),
    ("interactions/email_text_input",                       "done"),
    ("interactions/feedback_of_a_stale_card",               "done"),
    ("interactions/number_input",                           "done"),
    ("interactions/plain_text_input",                       "done"),
    ("interactions/press_at_home",                          "done"),
    ("interactions/press_in_an_org_wide_install",           "-"),
    ("interactions/press_of_a_foreign_workspace",           "-"),
    ("interactions/press_of_a_guest",                       "-"),
    ("interactions/press_on_a_message_with_metadata",       "done"),
    ("interactions/press_on_an_ephemeral_message",          "done"),
    ("interactions/several_actions_at_once",                "done"),
    ("interactions/ssl_check",                              "-"),
    ("interactions/url_text_input",                         "done"),
    ("interactions/view_closed",                            "-"),
    ("interactions/view_submission_in_an_org_wide_install", "-"),
    ("interactions/view_submission_with_a_null_value",      "done"),
    ("events/app_home_opened",                              "done"),
    ("events/app_home_opened_again",                        "done"),
    ("events/app_home_opened_at_its_messages",              "-"),
    ("events/event_in_a_shared_channel",                    "-"),
    ("events/event_of_an_org_wide_install",                 "-"),
    ("events/link_shared",                                  "done"),
    ("events/link_shared_of_old",                           "done"),
    ("events/link_shared_while_it_is_written",              "done"),
    ("events/subteam_members_changed",                      "-"),
    ("events/url_verification",                             "-"),
];

/// The payloads of a door, by name.
fn fixtures(door: &str) -> BTreeMap<String, Value> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/slack/fixtures")).join(door);
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        let name = format!("{door}/{}", path.file_stem().unwrap().to_str().unwrap());
        (name, serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap())
    };
    fs::read_dir(folder).unwrap().map(read).collect()
}

impl Stage {
    /// How many of what came in are in each state.
    async fn kept(&self) -> Vec<String> {
        self.home.shoulder().await.column("SELECT state FROM inbound ORDER BY state").await
    }
}

/// What is in `after` beyond `before`.
fn new_state(before: &[String], after: &[String]) -> String {
    let mut left = after.to_vec();
    for one in before {
        left.remove(left.iter().position(|state| state == one).unwrap());
    }
    assert!(left.len() <= 1, "{left:?}");
    left.pop().unwrap_or_else(|| "-".to_owned())
}

#[tokio::test]
async fn whatever_is_posted_is_answered_200_and_harms_nothing() {
    panics::watch();
    let stage = Stage::set(By::Http).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let (before, mut wrong, mut many) = (stage.home.shoulder().await.holdings().await, Vec::new(), 0);
    for door in ["commands", "interactions", "events"] {
        for (name, payload) in fixtures(door) {
            let kept = stage.kept().await;
            let body = match door {
                "events" => payload.to_string(),
                _ => payloads::body(&payload),
            };
            let answer = stage.send_body(door, body).await;
            assert_eq!(answer.status(), 200, "{name}");
            stage.settled().await;
            let became = new_state(&kept, &stage.kept().await);
            let expected =
                KNOWN.iter().find(|(known, _)| *known == name).map_or("ignored", |(_, state)| state);
            if became != expected {
                wrong.push(format!("(\"{name}\", \"{became}\"),"));
            }
            many += 1;
        }
    }
    assert!(wrong.is_empty(), "this became something else:\n{}", wrong.join("\n"));
    for (name, _) in KNOWN {
        let (door, _) = name.split_once('/').unwrap();
        assert!(fixtures(door).contains_key(*name), "{name} is no file");
    }
    assert!(many > 80, "{many}");
    assert_eq!(stage.home.shoulder().await.holdings().await, before);
    assert_eq!(panics::seen(), 0);
    // And the next one is handled as if nothing had been.
    let told = stage.slack.whispers().len();
    stage.send("commands", &payloads::command(&stage.slack, "U0ANA", "/lead", "claim kim@acme.test")).await;
    assert!(stage.whispered(told + 1).await["text"].to_string().contains("is yours"));
}

#[tokio::test]
async fn whatever_comes_through_the_socket_is_acknowledged_and_harms_nothing() {
    panics::watch();
    let stage = Stage::set(By::Socket).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let before = stage.home.shoulder().await.holdings().await;
    for (door, kind) in
        [("commands", "slash_commands"), ("interactions", "interactive"), ("events", "events_api")]
    {
        for (name, payload) in fixtures(door) {
            // These two only come where there is an address to try.
            if payload["type"] == "url_verification" || payload["ssl_check"].is_string() {
                continue;
            }
            let acked = stage.slack.deliver(kind, payload).await;
            assert!(acked.after.as_secs() < 3, "{name}: {acked:?}");
            stage.settled().await;
        }
    }
    assert!(
        stage.kept().await.iter().all(|state| state != "new"),
        "each was handled, or is kept as what nobody knows"
    );
    assert_eq!(stage.home.shoulder().await.holdings().await, before);
    assert_eq!(panics::seen(), 0);
    let told = stage.slack.whispers().len();
    let command = payloads::command(&stage.slack, "U0ANA", "/lead", "claim kim@acme.test");
    stage.slack.deliver("slash_commands", command).await;
    assert!(stage.whispered(told + 1).await["text"].to_string().contains("is yours"));
}
