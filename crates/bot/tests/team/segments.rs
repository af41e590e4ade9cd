//! A marketer asks who is meant, keeps a question under a name, and uses it.

use crate::stage::Stage;
use serde_json::json;

async fn stage() -> Stage {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    for (number, title) in [(1, "Director of Sales"), (2, "VP @everyone"), (3, "Clerk")] {
        let traits = json!({"name": format!("Lead {number}"), "title": title, "consent": number != 2, "country": "TH"});
        stage.identify(&format!("lead{number}@acme.test"), traits).await;
    }
    stage
}

#[tokio::test]
async fn who_is_meant_is_counted_and_named() {
    let stage = stage().await;
    let counted = stage.say("mia", "/segment count country = TH and title matches director, vp").await;
    assert_eq!(
        counted["text"],
        "“country = TH and title matches director, vp”: 2 leads, 1 may be mailed. Lead 2, Lead 1"
    );
    assert_eq!((&counted["data"]["leads"], &counted["data"]["mailable"]), (&json!(2), &json!(1)));
    let hot = stage.say("mia", "/segment count hot").await;
    assert_eq!(hot["text"], "“hot”: 1 lead, 1 may be mailed. Kim Park");
    let nobody = stage.say("mia", "/segment count quiet for 30 days").await;
    assert_eq!(nobody["text"], "“quiet for 30 days”: 0 leads, 0 may be mailed.");
    let sample = stage.say("mia", "/segment sample directors").await;
    assert!(
        sample["text"].as_str().unwrap().starts_with("lead      company  score  grade  owner\n"),
        "{sample}"
    );
    let slip = stage.say("mia", "/segment count titel matches vp and hot").await;
    assert_eq!(slip["code"], "usage");
    assert!(slip["text"].as_str().unwrap().contains("did you mean title?"), "{slip}");
    assert_eq!(stage.say("mia", "/segment count gone quit").await["code"], "unknown_segment");
}

#[tokio::test]
async fn a_saved_question_is_a_segment_like_any_other() {
    let stage = stage().await;
    let saved = stage.say("mia", "/segment save \"thai chiefs\" segment directors and country = TH").await;
    assert_eq!(
        saved["text"],
        "Saved. “thai chiefs”: 2 leads, 1 may be mailed. Lead 2, Lead 1\nUse it by its name: /campaign preview SEQUENCE \"thai chiefs\""
    );
    let preview = stage.say("mia", "/campaign preview re-engagement thai chiefs").await;
    assert_eq!((&preview["data"]["matched"], &preview["data"]["in"]), (&json!(2), &json!(1)), "{preview}");
    let shown = stage.say("ana", "/segment show Thai Chiefs").await;
    let text = shown["text"].as_str().unwrap();
    assert!(
        text.starts_with(
            "“thai chiefs” asks: segment \"directors\" and country = TH\nWritten out: title matches director"
        ),
        "{text}"
    );
    assert!(text.contains("\nSaved by mia, 09:00."), "{text}");
    let list = stage.say("vic", "/segment list").await;
    assert!(list["text"].as_str().unwrap().contains("saved by mia"), "{list}");
    // It may be used in another, changed, and not be taken away under it.
    assert_eq!(stage.say("mia", "/segment save both segment 'thai chiefs' or hot").await["data"]["leads"], 3);
    let round = stage.say("mia", "/segment save thai\\ chiefs hot").await;
    assert_eq!(round["ok"], json!(false));
    let circle = stage.say("mia", "/segment save \"thai chiefs\" segment both").await;
    assert!(circle["text"].as_str().unwrap().contains("asks for itself"), "{circle}");
    assert_eq!(stage.say("mia", "/segment forget thai chiefs").await["code"], "needed");
    let changed = stage.say("mia", "/segment save \"Thai chiefs\" country = TH").await;
    assert!(changed["text"].as_str().unwrap().starts_with("Changed. “thai chiefs”: 3 leads"), "{changed}");
    assert_eq!(stage.say("mia", "/segment count both").await["data"]["leads"], 4);
    assert_eq!(stage.say("mia", "/segment save Directors hot").await["code"], "in_the_playbook");
    assert_eq!(stage.say("mia", "/segment forget directors").await["code"], "unknown_segment");
    assert_eq!(stage.say("mia", "/segment forget both").await["ok"], json!(true));
    assert_eq!(stage.say("mia", "/segment count both").await["code"], "unknown_segment");
    let export = stage.say("mia", "/segment export thai chiefs").await;
    assert_eq!(export["data"]["url"], "https://rekindle.acme.test/segments.csv?q=thai+chiefs");
}
