//! What is asked in forms: of commands that lack something, and of buttons that ask for more than one value.

use rekindle_core::chat::Platform;
use rekindle_tests::slack::{Fault, Message, payloads};
use serde_json::Value;

use crate::stage::{By, Stage, eventually};

/// The ids of the blocks in which a form asks something.
fn asks(form: &Value) -> Vec<&str> {
    let blocks = form["blocks"].as_array().unwrap().iter();
    blocks.filter(|block| block["type"] == "input").map(|block| block["block_id"].as_str().unwrap()).collect()
}

impl Stage {
    async fn typed(&self, user: &str, line: &str) -> Value {
        let (command, words) = line.split_once(' ').unwrap();
        self.form("commands", &payloads::command(&self.slack, user, command, words)).await
    }

    /// What Slack is answered when a form is sent off with this.
    async fn fills(&self, user: &str, form: &Value, given: &[(&str, &str)]) -> Value {
        let answer = self.send("interactions", &payloads::filled(user, form, given)).await;
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap_or_default()
    }
}

#[tokio::test]
async fn a_campaign_is_filled_in_previewed_and_launched() {
    let stage = Stage::set(By::Http).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let form = stage.typed("U0MIA", "/campaign launch").await;
    assert_eq!(form["title"]["text"], "/campaign launch");
    assert_eq!(asks(&form), ["sequence", "choice:segment", "segment", "audience", "subject"]);
    assert!(!form["private_metadata"].as_str().unwrap().contains("re-engagement"), "{form}");

    let nothing = stage.fills("U0MIA", &form, &[]).await;
    let empty = "This cannot be left empty.";
    assert_eq!(nothing["errors"], serde_json::json!({ "sequence": empty, "segment": empty }));
    let given = [("sequence", "re-engagement"), ("segment", "hott")];
    let wrong = stage.fills("U0MIA", &form, &given).await;
    assert_eq!(wrong["response_action"], "errors");
    assert_eq!(
        wrong["errors"],
        serde_json::json!({ "segment": "There is no segment “hott”; did you mean \"hot\"?" })
    );
    let question = [("sequence", "re-engagement"), ("segment", "score >= sixty")];
    let wrong = stage.fills("U0MIA", &form, &question).await["errors"]["segment"].clone();
    assert!(wrong.as_str().unwrap().contains("is not understood"), "{wrong}");
    assert!(stage.slack.whispers().is_empty(), "nothing was done");

    assert_eq!(
        stage
            .fills(
                "U0MIA",
                &form,
                &[
                    ("sequence", "re-engagement"),
                    ("choice:segment", "everyone"),
                    ("subject", "Shall we stop?\n\nOne <!channel> question"),
                ],
            )
            .await,
        Value::Null
    );
    let preview = stage.whispered(1).await;
    assert!(preview["blocks"][1]["text"]["text"].as_str().unwrap().contains("1 match"), "{preview}");
    let said = preview.to_string();
    assert!(said.contains("“Shall we stop?”, “One &lt;!channel&gt; question”"), "{said}");
    let preview = Message { ts: "1.000001".to_owned(), body: preview, edits: 0 };
    stage.send("interactions", &payloads::press(&stage.slack, "U0MIA", &preview, "launch", None)).await;
    assert!(stage.whispered(2).await["text"].as_str().unwrap().starts_with("re-engagement is launched"));
    stage.slack.no_offences();
}

#[tokio::test]
async fn a_lead_is_added_from_any_channel() {
    let stage = Stage::set(By::Http).await;
    let form = stage.typed("U0ANA", "/lead add").await;
    let wrong = stage.fills("U0ANA", &form, &[("email", "zoe at new.test"), ("name", "Zoe Lind")]).await;
    assert!(wrong["errors"]["email"].as_str().unwrap().contains("is no e-mail address"), "{wrong}");
    // Whoever types it in a channel that we are not in is answered in a direct message.
    stage.slack.fault("chat.postEphemeral", Fault::Error("channel_not_found"));
    stage.fills("U0ANA", &form, &[("email", "zoe@new.test"), ("name", "Zoe Lind")]).await;
    let told = stage.whispered(1).await;
    assert_eq!(told["channel"], "U0ANA");
    assert!(told["text"].as_str().unwrap().starts_with("Zoe Lind is added."), "{told}");
    stage.slack.no_offences();
}

#[tokio::test]
async fn a_lead_is_passed_on_with_a_note_from_the_card() {
    let stage = Stage::set(By::Http).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    let press = payloads::press(&stage.slack, "U0ANA", &stage.card(), "pass", None);
    let form = stage.form("interactions", &press).await;
    assert_eq!((&form["title"]["text"], asks(&form)), (&"Pass to".into(), vec!["member", "note"]));
    stage.fills("U0ANA", &form, &[("member", "ben"), ("note", "speaks Korean")]).await;
    assert_eq!(stage.whispered(1).await["text"], "Kim Park is with Ben now, who is told.");
    stage.look().await;
    let card = stage.card();
    let shown = card.body["blocks"].to_string();
    assert!(shown.contains("With Ben, passed on by Ana"), "{shown}");
    assert!(shown.contains("Note by Ana") && shown.contains("speaks Korean"), "{shown}");
    let told = stage.store.notices().untold(Platform::Slack, 10).await.unwrap().remove(0).notice;
    assert_eq!(
        (told.to.as_str(), told.text.as_str()),
        ("ben", "Ana passed Kim Park on to you: speaks Korean")
    );
    stage.slack.no_offences();
}

#[tokio::test]
async fn leads_are_found_while_their_name_is_typed() {
    for by in [By::Http, By::Socket] {
        let stage = Stage::set(by).await;
        stage.turn_hot("kim@acme.test", "Kim Park").await;
        stage.turn_hot("zoe@new.test", "Zoe Lind").await;
        let form = match by {
            By::Http => stage.typed("U0ANA", "/lead claim").await,
            By::Socket => {
                let command = payloads::command(&stage.slack, "U0ANA", "/lead", "claim");
                stage.slack.deliver("slash_commands", command).await;
                eventually(|| stage.slack.views().first().cloned()).await
            }
        };
        assert_eq!(asks(&form), ["lead"]);
        let found = async |user: &str, typed: &str| {
            let typing = payloads::typing(user, &form, "lead", typed);
            let answer = match by {
                By::Http => stage.send("interactions", &typing).await.json().await.unwrap(),
                By::Socket => stage.slack.deliver("interactive", typing).await.payload.unwrap(),
            };
            let options = answer["options"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
            options.iter().map(|one| one["value"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found("U0ANA", "").await.len(), 2, "the queue");
        assert_eq!(found("U0ANA", "new.te").await, ["zoe@new.test"], "or whom the letters mean");
        assert_eq!(found("U0ANA", "KIM").await, ["kim@acme.test"]);
        assert!(found("U0NEW", "kim").await.is_empty(), "nobody knows them, and they learn nothing");
        let claim = payloads::filled("U0ANA", &form, &[("lead", "kim@acme.test")]);
        match by {
            By::Http => drop(stage.send("interactions", &claim).await),
            By::Socket => drop(stage.slack.deliver("interactive", claim).await),
        }
        assert!(stage.whispered(1).await["text"].as_str().unwrap().starts_with("Kim Park is yours."));
        stage.slack.no_offences();
    }
}
