//! What has a picture is drawn by Slack itself; where Slack cannot, the words say the same.

use rekindle_tests::{models, slack::payloads};
use serde_json::Value;

use crate::stage::{By, Stage};

async fn asked(stage: &Stage, many: usize) -> Value {
    stage.send("commands", &payloads::command(&stage.slack, "U0ANA", "/report", "score")).await;
    stage.whispered(many).await
}

#[tokio::test]
async fn how_far_to_trust_what_is_predicted_is_a_chart() {
    let stage = Stage::set(By::Http).await;
    models::kept(&stage.store).await;
    let said = asked(&stage, 1).await;
    let blocks = said["blocks"].as_array().unwrap();
    assert_eq!(blocks.len(), 3, "{said:#}");
    let words = blocks[0]["text"]["text"].as_str().unwrap();
    assert!(words.contains("AUC 0.81") && !words.contains("| said"), "{words}");
    let chart = &blocks[1]["chart"];
    assert_eq!(chart["type"], "line");
    assert_eq!(chart["axis_config"]["categories"][9], "90 %");
    let [happened, as_said] = [&chart["series"][0], &chart["series"][1]];
    assert_eq!((&happened["name"], &happened["data"][9]["value"]), (&"what happened".into(), &75.0.into()));
    assert_eq!((&as_said["name"], &as_said["data"][9]["value"]), (&"as was said".into(), &90.0.into()));
    assert!(blocks[2]["elements"][0]["text"].as_str().unwrap().starts_with("Each dot is a share"));
    // Who hears it, or reads it on a watch, is told all the same.
    assert!(said["text"].as_str().unwrap().contains("30 of 40 (60-86 %)"), "{said:#}");
    stage.slack.no_offences();
}

#[tokio::test]
async fn where_slack_knows_no_charts_the_words_say_the_same() {
    let stage = Stage::set(By::Http).await;
    models::kept(&stage.store).await;
    stage.slack.know_no_charts();
    let said = asked(&stage, 1).await;
    assert_eq!(said["blocks"], Value::Null, "{said:#}");
    assert!(said["text"].as_str().unwrap().contains("| said   o happened"), "{said:#}");
    stage.settled().await;
    assert_eq!(stage.slack.whispers().len(), 1, "and it is said once");
}
