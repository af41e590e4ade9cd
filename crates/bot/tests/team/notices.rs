//! What one member is told alone.

use crate::stage::Stage;
use serde_json::json;

impl Stage {
    /// What a member has been told alone in the console.
    async fn heard(&self, who: &str) -> Vec<String> {
        self.teller.catch_up().await.unwrap();
        let messages = self.store.console().latest(&self.handle(who), 100).await.unwrap();
        messages
            .into_iter()
            .filter(|message| message.only_for.is_some())
            .map(|message| message.text)
            .collect()
    }
}

#[tokio::test]
async fn a_lead_that_is_passed_on_is_with_the_colleague_who_alone_is_told() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.advance(14);
    stage.say("ana", "/lead claim kim@acme.test").await;
    assert_eq!(stage.say("ben", "/lead pass kim@acme.test ben").await["code"], "not_yours");

    let passed = stage.say("ana", "/lead pass kim@acme.test ben speaks Korean, likes blue").await;
    assert_eq!(passed["text"], "Kim Park is with Ben now, who is told.");
    let card = stage.card().await;
    assert_eq!(card["status"], "With Ben, passed on by Ana; claimed 14 s after the alert");
    let noted = json!({"label": "Note by Ana", "value": "speaks Korean, likes blue (Mon 23 Nov, 09:00)"});
    assert!(card["facts"].as_array().unwrap().contains(&noted), "{card:#}");
    let told = ["Ana passed Kim Park on to you: speaks Korean, likes blue"];
    assert_eq!(stage.heard("ben").await, told);
    assert_eq!(stage.heard("ben").await, told, "and not again");
    assert!(stage.heard("ana").await.is_empty(), "nobody else hears of it");

    assert_eq!(stage.say("ana", "/lead release kim@acme.test").await["code"], "not_yours");
    assert_eq!(stage.say("ada", "/lead pass kim@acme.test ben").await["code"], "already_claimed");
    assert_eq!(stage.say("ben", "/lead release kim@acme.test").await["ok"], true);
    assert_eq!(stage.store.leads().named("kim@acme.test").await.unwrap().owner, None);
}

#[tokio::test]
async fn only_who_can_work_leads_is_passed_one() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let refused = stage.say("ana", "/lead pass kim@acme.test vic").await;
    assert_eq!(
        (&refused["code"], &refused["text"]),
        (&json!("cannot_work_leads"), &json!("Vic cannot work leads; their role is viewer."))
    );
    assert_eq!(stage.say("ana", "/lead pass kim@acme.test bne").await["code"], "unknown_member");
    assert_eq!(stage.say("mia", "/lead pass kim@acme.test ben").await["code"], "not_allowed");
    // One that nobody has may be passed by anybody who works leads, and to themselves it is a claim.
    let mine = stage.say("ana", "/lead pass kim@acme.test ana").await;
    assert_eq!(mine["text"], "Kim Park is yours. Their marketing mail waits while you have them.");
    assert!(stage.heard("ana").await.is_empty(), "nobody is told what they did themselves");
}

#[tokio::test]
async fn who_has_muted_a_topic_hears_no_more_of_it_until_they_want_to() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let muted = stage.say("ben", "/rekindle mute passed").await;
    assert_eq!(
        muted["text"],
        "You hear no more of leads that are passed on to you; `/rekindle unmute passed` undoes it."
    );
    assert_eq!(stage.say("ben", "/rekindle mute passed").await["ok"], true, "twice is once");
    stage.say("ana", "/lead pass kim@acme.test ben").await;
    assert!(stage.heard("ben").await.is_empty());
    let shown = stage.say("ben", "/rekindle mute").await;
    assert_eq!(
        shown["text"],
        "passed: muted (leads that are passed on to you)\nback: told to you (leads of yours that come back)\nreply: told to you (answers of leads of yours)\ntask: told to you (what sequences give you to do)"
    );
    assert_eq!(stage.say("ben", "/rekindle mute everything").await["code"], "usage");
    stage.say("ben", "/rekindle unmute passed").await;
    assert_eq!(stage.heard("ben").await.len(), 1, "what was muted is told once it is wanted, for a day");
}

#[tokio::test]
async fn who_had_a_lead_before_is_told_when_it_is_hot_again() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.say("ana", "/lead claim kim@acme.test").await;
    stage.say("ana", "/lead outcome kim@acme.test lost no budget").await;
    // Two months later the points have decayed, and they come again.
    stage.advance(60 * 86_400);
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    assert_eq!(stage.heard("ana").await, ["Kim Park, who was yours, is hot. Nobody has them yet."]);
    assert!(stage.heard("ben").await.is_empty());
    stage.advance(2 * 86_400);
    stage.say("ben", "/rekindle unmute back").await;
    assert_eq!(stage.heard("ana").await.len(), 1);
}
