//! What is asked in forms: of commands that lack something, and of buttons that ask for more than one value.

use rekindle_tests::discord::button;
use serde_json::{Value, json};

use crate::stage::{Stage, Way, says};

impl Stage {
    /// What Discord is answered at once.
    async fn answer(&self, interaction: &Value) -> Value {
        let (status, answer) = self.fake.post(&self.endpoint, interaction, self.now()).await;
        assert_eq!(status, 200);
        answer
    }
}

/// The lines of a form: name, and what stands in it.
fn lines(form: &Value) -> Vec<(&str, Option<&str>)> {
    assert_eq!(form["type"], 9, "{form}");
    let rows = form["data"]["components"].as_array().unwrap().iter();
    rows.map(|row| {
        (row["components"][0]["custom_id"].as_str().unwrap(), row["components"][0]["value"].as_str())
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_wrong_opens_again_as_it_was_and_then_is_a_preview() {
    let stage = Stage::set().await;
    let mia = stage.linked("mia", 501).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let form = stage.answer(&mia.commands(stage.fake.id(), ["campaign", "launch"], &[])).await;
    assert_eq!(lines(&form), [("sequence", None), ("segment", None), ("audience", None), ("subject", None)]);
    let id = form["data"]["custom_id"].as_str().unwrap();

    let typed = "Shall we stop?\nOne **question**";
    let given = [("sequence", "re-engagemnt"), ("segment", "everyone"), ("subject", typed)];
    let wrong = stage.answer(&mia.fills(stage.fake.id(), id, &given)).await;
    let said = &wrong["data"];
    assert_eq!((&wrong["type"], &said["flags"]), (&json!(4), &json!(64)), "{wrong}");
    let words = said["content"].as_str().unwrap();
    assert!(words.contains("**Sequence**") && words.contains("did you mean \"re\\-engagement\"?"), "{words}");
    let mut shown = stage.card().await;
    for key in ["content", "embeds", "components", "flags"] {
        shown[key] = said[key].clone();
    }
    let again = mia.presses(stage.fake.id(), &button(&shown, "Correct it"), &shown);
    let form = stage.answer(&again).await;
    assert_eq!(
        lines(&form),
        [
            ("sequence", Some("re-engagemnt")),
            ("segment", Some("everyone")),
            ("audience", None),
            ("subject", Some(typed))
        ]
    );

    let given = [("sequence", "re-engagement"), ("segment", "everyone"), ("subject", typed)];
    let right = mia.fills(stage.fake.id(), id, &given);
    stage.tell(Way::Http, &right).await;
    let words = stage.fake.words(&right).await;
    assert!(words.contains("1 match"), "{words}");
    assert!(words.contains("“Shall we stop?”, “One \\*\\*question\\*\\*”"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_added_and_passed_on_with_a_note() {
    let stage = Stage::set().await;
    let ana = stage.linked("ana", 501).await;
    let form = stage.answer(&ana.commands(stage.fake.id(), ["lead", "add"], &[])).await;
    assert_eq!(lines(&form), [("email", None), ("name", None)]);
    let id = form["data"]["custom_id"].as_str().unwrap();
    let added = ana.fills(stage.fake.id(), id, &[("email", "zoe@new.test"), ("name", "Zoe Lind")]);
    stage.tell(Way::Http, &added).await;
    assert!(stage.fake.words(&added).await.starts_with("Zoe Lind is added."));

    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let card = stage.card().await;
    let pass = button(&card, "Pass to");
    let form = stage.answer(&ana.presses(stage.fake.id(), &pass, &card)).await;
    assert_eq!(lines(&form), [("member", None), ("note", None)]);
    let nobody = stage.answer(&ana.fills(stage.fake.id(), &pass, &[("member", "benn")])).await;
    assert!(nobody["data"]["content"].as_str().unwrap().contains("did you mean \"ben\"?"), "{nobody}");
    let passed = ana.fills(stage.fake.id(), &pass, &[("member", "ben"), ("note", "speaks Korean")]);
    stage.tell(Way::Http, &passed).await;
    assert_eq!(stage.fake.words(&passed).await, "Kim Park is with Ben now, who is told.");
    let card = stage.card().await;
    assert!(
        says(&card, "With Ben, passed on by Ana") && card.to_string().contains("speaks Korean"),
        "{card}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_who_are_not_in_the_queue_are_found_by_what_is_typed() {
    let stage = Stage::set().await;
    let ana = stage.linked("ana", 501).await;
    let form = stage.answer(&ana.commands(stage.fake.id(), ["lead", "add"], &[])).await;
    let id = form["data"]["custom_id"].as_str().unwrap();
    let added = ana.fills(stage.fake.id(), id, &[("email", "zoe@new.test"), ("name", "Zoe Lind")]);
    stage.tell(Way::Http, &added).await;
    stage.fake.words(&added).await;
    let offered = stage.answer(&ana.types(stage.fake.id(), ["lead", "show"], "lead", "zo")).await;
    assert_eq!(offered["data"]["choices"][0]["value"], "zoe@new.test", "{offered}");
}
