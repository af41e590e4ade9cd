//! What happens to a lead, and to a campaign, between the desk and the cards.

use crate::stage::{Stage, intents};
use rekindle_core::lead::Lifecycle;
use serde_json::json;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_hot_lead_is_announced_once_and_its_card_follows_every_move() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;

    let shown = stage.shown().await;
    assert_eq!(shown.len(), 1);
    assert_eq!((shown[0].channel.as_str(), shown[0].author.as_str()), ("hot-leads", "rekindle"));
    assert_eq!(shown[0].text, "Kim Park is hot: 110 points.");
    let card = stage.card().await;
    assert_eq!(
        (&card["title"], &card["state"], &card["score"]),
        (&json!("Kim Park"), &json!("open"), &json!(110))
    );
    assert_eq!(card["lines"][0], "+100 Demo Requested ×2");
    assert_eq!(stage.announcer.catch_up().await.unwrap(), 0, "nothing is behind");

    stage.advance(14);
    let claimed = stage.say("ana", "/lead claim kim@acme.test").await;
    assert_eq!(claimed["ok"], true);
    assert_eq!(claimed["text"], "Kim Park is yours. Their marketing mail waits while you have them.");
    assert_eq!(claimed["card"]["status"], "Claimed by Ana, 14 s after the alert");
    assert_eq!(
        (claimed.get("code"), claimed.get("mono")),
        (Some(&json!(null)), None),
        "scripts see all keys"
    );
    let again = stage.say("ana", "/lead claim kim@acme.test").await;
    assert_eq!(again["text"], "You have this lead already, since 09:00.");

    stage.advance(60);
    let lost = stage.say("ben", "/rekindle lead claim kim@acme.test").await;
    assert_eq!(
        lost,
        json!({"ok": false, "code": "already_claimed", "text": "Ana has had this lead since 09:00.",
               "by": "ana", "at": "2026-11-23T09:00:14Z", "card": null, "confirm": null, "data": null})
    );
    assert_eq!(stage.say("ben", "/lead release kim@acme.test").await["code"], "not_yours");
    let shown = stage.shown().await;
    assert_eq!(shown.len(), 1, "the card was edited, not posted again");
    assert_eq!(shown[0].card.as_ref().unwrap()["status"], "Claimed by Ana, 14 s after the alert");

    assert_eq!(stage.say("ana", "/lead note kim@acme.test likes \"blue\"").await["ok"], true);
    let card = stage.card().await;
    let noted = json!({"label": "Note by Ana", "value": "likes \"blue\" (Mon 23 Nov, 09:01)"});
    assert!(card["facts"].as_array().unwrap().contains(&noted), "{card:#}");

    let snoozed = stage.say("ana", "/lead snooze kim@acme.test tomorrow").await;
    assert_eq!(snoozed["text"], "Kim Park is put off until Tue 24 Nov, 09:00.");
    assert_eq!(stage.card().await["state"], "snoozed");
    assert_eq!(stage.say("ana", "/lead snooze kim@acme.test yesterday").await["code"], "usage");

    assert_eq!(stage.say("ana", "/lead release kim@acme.test").await["ok"], true);
    assert_eq!(stage.card().await["state"], "open");

    let id = stage.card().await["id"].as_str().unwrap().to_owned();
    assert_eq!(stage.press("ben", &id, "claim", None).await["ok"], true);
    let won = stage.press("ben", &id, "won", Some("5000")).await;
    assert_eq!(won["text"], "Kim Park: won (5000).");
    let card = stage.card().await;
    assert_eq!((&card["state"], &card["buttons"]), (&json!("closed"), &json!([])));
    assert_eq!(card["status"], "Won (5000), says Ben; claimed 14 s after the alert");
    let stale = stage.press("ana", &id, "claim", None).await;
    assert_eq!((&stale["code"], &stale["card"]["state"]), (&json!("closed"), &json!("closed")));
}

#[tokio::test]
async fn how_it_went_with_a_lead_may_be_told_better_and_the_rest_is_over() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    assert_eq!(stage.say("ana", "/lead outcome kim@acme.test won").await["code"], "not_claimed");
    stage.say("ana", "/lead claim kim@acme.test").await;
    assert_eq!(stage.say("ana", "/lead outcome kim@acme.test won").await["text"], "Kim Park: won.");
    for over in [
        "/lead outcome kim@acme.test meeting",
        "/lead release kim@acme.test",
        "/lead outcome kim@acme.test won",
    ] {
        let said = stage.say("ana", over).await;
        assert_eq!(
            (&said["code"], &said["text"]),
            (&json!("closed"), &json!("This alert is closed: won, by Ana."))
        );
    }
    assert_eq!(stage.say("ben", "/lead outcome kim@acme.test won 5000").await["code"], "not_yours");
    let told = stage.say("ana", "/lead outcome kim@acme.test won 5000").await;
    assert_eq!((&told["text"], &told["card"]["state"]), (&json!("Kim Park: won (5000)."), &json!("closed")));
    assert!(stage.card().await["status"].as_str().unwrap().starts_with("Won (5000), says Ana"));
    assert_eq!(stage.say("ana", "/lead outcome kim@acme.test won 5000").await["code"], "closed");
    // It was the wrong lead; and then it was not.
    let lifecycle = async || stage.store.leads().named("kim@acme.test").await.unwrap().lifecycle;
    assert_eq!(lifecycle().await, Lifecycle::Customer);
    let told = stage.say("ana", "/lead outcome kim@acme.test lost \"another Kim\"").await;
    assert_eq!(told["text"], "Kim Park: lost (another Kim).");
    assert!(stage.card().await["status"].as_str().unwrap().starts_with("Lost (another Kim), says Ana"));
    assert_eq!(lifecycle().await, Lifecycle::Lead);
    let kim = stage.store.leads().named("kim@acme.test").await.unwrap();
    let moves = stage.store.moves_of(kim.id).await.unwrap();
    assert_eq!(moves.last().unwrap().evidence.why, "lost, not won: another Kim");
    let outcomes = async || stage.store.predictions().outcomes().await.unwrap();
    assert_eq!(outcomes().await, (0, 1), "what is learnt from it is what is said now");
    let now = stage.store.clock().calendar();
    let ended = stage.store.leads().ended(&[kim.id], now - chrono::TimeDelta::days(1), now).await.unwrap();
    assert!(!ended[&kim.id].won, "nor does the back-test take it for a win");
    let mine = stage.say("ana", "/lead mine").await["text"].as_str().unwrap().to_owned();
    assert!(mine.contains("0 came to a meeting or further, 0 became customers"), "{mine}");
    stage.say("ana", "/lead outcome kim@acme.test won 6000").await;
    assert_eq!((lifecycle().await, outcomes().await), (Lifecycle::Customer, (1, 0)));
    // Whoever is a customer by another word stays one, however the reason of a lost deal is put right.
    stage.turn_hot("lee@acme.test", "Lee Woo").await;
    stage.say("ana", "/lead claim lee@acme.test").await;
    stage.say("ana", "/lead outcome lee@acme.test lost budget").await;
    stage.say("ana", "/lead stage lee@acme.test customer").await;
    let told = stage.say("ana", "/lead outcome lee@acme.test not-a-fit student").await;
    assert_eq!(told["ok"], true, "{told}");
    let lee = stage.store.leads().named("lee@acme.test").await.unwrap();
    assert_eq!(lee.lifecycle, Lifecycle::Customer);
    stage.say("mia", "/lead stop kim@acme.test --for-good").await;
    let consent = stage.store.leads().named("kim@acme.test").await.unwrap().consent;
    assert_eq!(consent.basis.as_deref(), Some("asked for it, says Mia"));
    let none = stage.say("mia", "/lead stop kim@acme.test").await;
    assert_eq!(none["text"], "No sequence runs for Kim Park: there was nothing to end.");
}

#[tokio::test]
async fn a_card_whose_post_was_not_noted_is_adopted() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let alert = stage.store.alerts().queue(1).await.unwrap().remove(0);
    // Died between the post and the note about it.
    let half = json!({"id": alert.id, "revision": 0});
    let message =
        stage.store.console().post("hot-leads", "rekindle", "Kim", Some((alert.id.0, half))).await.unwrap();
    let shown = stage.shown().await;
    assert_eq!(shown.iter().map(|one| one.id).collect::<Vec<_>>(), [message]);
    assert_eq!(shown[0].card.as_ref().unwrap()["title"], "Kim Park");
}

#[tokio::test]
async fn of_many_who_claim_at_once_one_wins() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let id = stage.card().await["id"].as_str().unwrap().to_owned();
    let presses = (0..12).map(|n| stage.press(["ana", "ben", "ada"][n % 3], &id, "claim", None));
    let said = futures_util::future::join_all(presses).await;
    let winners: Vec<_> = said.iter().filter(|one| one["ok"] == true).collect();
    assert_eq!(winners.len(), 1, "{said:#?}");
    let winner = winners[0]["card"]["status"].as_str().unwrap().to_owned();
    for loser in said.iter().filter(|one| one["ok"] == false) {
        assert_eq!(loser["code"], "already_claimed");
        assert_eq!(loser["card"]["status"], winner);
        assert!(winner.to_lowercase().contains(loser["by"].as_str().unwrap()));
    }
}

#[tokio::test]
async fn the_announcer_wakes_by_itself_and_stops_when_told() {
    let stage = Stage::set().await;
    let cancel = CancellationToken::new();
    let watch = async {
        stage.turn_hot("kim@acme.test", "Kim Park").await;
        let mut changes = stage.store.changes();
        while stage.store.console().latest(&stage.handle("ana"), 1).await.unwrap().is_empty() {
            changes.wait(Duration::from_secs(5)).await;
        }
        cancel.cancel();
    };
    let both = async { tokio::join!(stage.announcer.run(cancel.clone()), watch) };
    tokio::time::timeout(Duration::from_secs(10), both).await.expect("the card is shown and the loop ends");
}

#[tokio::test]
async fn everything_that_is_asked_is_audited_with_its_result() {
    let stage = Stage::set().await;
    let kim = stage.turn_hot("kim@acme.test", "Kim Park").await;
    for (who, text) in [
        ("vic", "/lead claim kim@acme.test"),
        ("ana", "/lead claim kim@acme.test"),
        ("ben", "/lead clam kim@acme.test"),
        ("ana", "/lead note kim@acme.test called"),
    ] {
        stage.say(who, text).await;
    }
    let id = stage.card().await["id"].as_str().unwrap().to_owned();
    stage.press("ana", &id, "no_answer", None).await;
    let rows = stage.store.audited(None, 10).await.unwrap();
    let rows: Vec<_> = rows.iter().rev().map(|row| (&*row.actor, &*row.place, &*row.result)).collect();
    assert_eq!(
        rows,
        [
            ("vic", "terminal", "not_allowed"),
            ("ana", "terminal", "ok"),
            ("ben", "terminal", "usage"),
            ("ana", "terminal", "ok"),
            ("ana", "console", "ok"),
        ]
    );
    let of_kim = stage.store.audited(Some(kim), 10).await.unwrap();
    let deeds: Vec<_> = of_kim.iter().map(|row| row.deed.clone()).collect();
    assert_eq!(
        deeds,
        [
            format!("[no_answer] {id}"),
            "/lead note kim@acme.test called".into(),
            "/lead claim kim@acme.test".into()
        ]
    );
}

#[tokio::test]
async fn the_lists_and_the_why_are_answered_from_the_rows() {
    let stage = Stage::set().await;
    assert_eq!(stage.ask("ana", "/lead hot").await.text, "The queue is empty: nobody waits for a claim.");
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.advance(300);
    let hot = stage.ask("ana", "/lead hot").await;
    assert!(hot.mono);
    let row: Vec<&str> =
        hot.text.lines().nth(1).unwrap().split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    assert_eq!(row[..5], ["5 min", "110", "A1", "Kim Park", "kim@acme.test"]);
    stage.ask("ana", "/lead claim kim@acme.test").await;
    assert!(stage.ask("ana", "/lead mine").await.text.contains("kim@acme.test  since 09:05"));
    let why = stage.ask("mia", "/lead why kim@acme.test").await.text;
    for line in [
        "Kim Park: 110 points (A1), hot",
        "  +50  Demo Requested, 09:00",
        "Alerted: hot at 09:00, now claimed, because of",
        "       +100 Demo Requested ×2\n",
        "Mail: none now: it waits, claimed by Ana",
        "A1: fit 10 (A from 10), engagement 100 (1 from 60)",
        "Company: nobody else from acme.test",
        "Hot until",
    ] {
        assert!(why.contains(line), "{line} in\n{why}");
    }
    let numbers: Vec<i64> = why
        .lines()
        .skip(1)
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_whitespace().next().unwrap().parse().unwrap())
        .collect();
    let (sum, lines) = numbers.split_last().unwrap();
    assert_eq!((lines.len(), lines.iter().sum::<i64>(), *sum), (3, 110, 110), "{why}");
    let show = stage.ask("vic", "/lead show kim@acme.test").await;
    assert!(show.text.contains("owner      Ana"), "{}", show.text);
    assert_eq!(intents(&show.card.unwrap())[..3], ["connected", "no_answer", "meeting"]);
    assert_eq!(
        stage.ask("ana", "/lead show kim@acm.test").await.text,
        "There is no lead “kim@acm.test”; did you mean kim@acme.test?"
    );
    let status = stage.say("vic", "/rekindle status").await;
    assert_eq!(status["data"]["leads"]["active"], 1);
    assert_eq!(status["data"]["alerts"]["claimed"], 1);
    assert_eq!(status["data"]["paused"], false);
}

#[tokio::test]
async fn a_campaign_is_previewed_then_launched_then_held() {
    let stage = Stage::set().await;
    for (email, consent) in
        [("a@x.test", json!(true)), ("b@x.test", json!(true)), ("c@x.test", json!("nobody asked"))]
    {
        stage.identify(email, json!({"title": "Director", "consent": consent})).await;
    }
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.ask("ana", "/lead claim kim@acme.test").await;

    let preview = stage.say("mia", "/campaign launch re-engagement directors").await;
    assert_eq!(preview["ok"], true, "{preview:#}");
    let data = &preview["data"];
    assert_eq!((&data["matched"], &data["in"]), (&json!(4), &json!(2)));
    assert_eq!(
        data["out"],
        json!([{"why": "claimed by Ana", "count": 1}, {"why": "consent is unknown", "count": 1}])
    );
    let subject = data["subject"].as_str().unwrap();
    assert!(
        subject.starts_with("Should I close your file{%"),
        "this desk has no mails to look into: {subject}"
    );
    assert_eq!((&data["mail"], &data["first_at"]), (&json!("breakup"), &json!(null)), "nor ahead");
    let id = preview["confirm"].as_str().unwrap().to_owned();
    let text = preview["text"].as_str().unwrap();
    assert!(text.starts_with("re-engagement at “directors”: 4 match, 2 will get it."), "{text}");
    assert!(text.contains("Out: 1 claimed by Ana; 1 consent is unknown."), "{text}");
    assert!(
        text.ends_with(&format!("/campaign launch re-engagement \"directors\" --confirm {id}")),
        "{text}"
    );
    assert_eq!(stage.shown().await.len(), 1, "a preview has no card in the channel");

    let other = format!("/campaign launch re-engagement everyone --confirm {id}");
    assert_eq!(stage.say("mia", &other).await["code"], "other_preview");
    let confirm = format!("/campaign launch re-engagement directors --confirm {id}");
    assert_eq!(stage.say("ana", &confirm).await["code"], "not_allowed");
    let launched = stage.say("mia", &confirm).await;
    assert_eq!(launched["text"], "re-engagement is launched at “directors”: 2 leads begin it now.");
    assert_eq!(launched["card"]["state"], "running");
    assert_eq!(stage.say("mia", &confirm).await["code"], "already_launched");

    let shown = stage.shown().await;
    assert_eq!(shown[1].channel, "campaigns");
    assert_eq!(shown[1].card.as_ref().unwrap()["status"], "Running; launched by Mia on Mon 23 Nov, 09:00");
    let held = stage.say("ada", "/campaign hold").await;
    assert_eq!((&held["ok"], &held["card"]["state"]), (&json!(true), &json!("held")));
    assert_eq!(stage.say("ada", "/campaign hold").await["code"], "no_campaign");
    assert_eq!(stage.press("mia", &id, "resume", None).await["card"]["state"], "running");
    assert_eq!(stage.say("mia", "/campaign stop re-engagement").await["card"]["state"], "stopped");
    assert_eq!(stage.shown().await.len(), 2);
    let again = stage.say("mia", "/campaign preview re-engagement everyone").await;
    assert_eq!(again["data"]["out"][0]["why"], "was in this sequence less than 180d ago");
    assert_eq!(again["data"]["in"], 0);
}

#[tokio::test]
async fn a_preview_shows_the_subject() {
    let mut stage = Stage::set().await;
    stage.with_templates();
    stage.identify("a@x.test", json!({"name": "Kim Park", "consent": true})).await;
    let preview = stage.say("mia", "/campaign preview re-engagement everyone").await;
    let text = preview["text"].as_str().unwrap();
    assert!(text.contains("First mail: breakup, “Should I close your file, Kim?”."), "{text}");
    assert!(text.contains("Plan: breakup, wait 4d, offer, wait 5d, survey, wait 1w, archive."), "{text}");
}

#[tokio::test]
async fn a_segment_may_be_a_question_and_an_unknown_one_is_told() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let count = async |segment: &str| {
        stage.say("mia", &format!("/campaign preview re-engagement {segment}")).await["data"]["matched"]
            .clone()
    };
    assert_eq!(count("score >= 100 and grade = A1").await, 1);
    assert_eq!(count("did \"Demo Requested\" at least 2 times").await, 1);
    assert_eq!(count("did \"Demo Requested\" at least 3 times").await, 0);
    assert_eq!(count("gone cold").await, 0);
    let wrong = async |segment: &str| {
        let said = stage.say("mia", &format!("/campaign preview {segment}")).await;
        (said["code"].as_str().unwrap().to_owned(), said["text"].as_str().unwrap().to_owned())
    };
    assert_eq!(
        wrong("re-engagement gone cld").await,
        ("unknown_segment".into(), "There is no segment “gone cld”; did you mean \"gone cold\"?".into())
    );
    assert_eq!(wrong("re-engagment warm").await.0, "unknown_sequence");
    let (code, text) = wrong("re-engagement scor >= 60 and hot").await;
    assert_eq!(code, "usage");
    assert!(text.contains("^^^^"), "{text}");
}

#[tokio::test]
async fn the_mail_is_paused_and_resumed_and_the_channel_hears() {
    let stage = Stage::set().await;
    assert_eq!(stage.say("mia", "/rekindle pause").await["ok"], true);
    assert!(stage.ask("vic", "/rekindle status").await.text.contains("paused by Mia since 09:00"));
    assert_eq!(stage.ask("ada", "/rekindle pause").await.text, "All mail is paused already, by Mia.");
    assert_eq!(stage.say("mia", "/rekindle resume").await["ok"], true);
    let told = stage.shown().await;
    let told: Vec<_> = told.iter().map(|message| (&*message.channel, &*message.text)).collect();
    assert_eq!(
        told,
        [("ops", "Mia paused all mail. /rekindle resume lets it go on."), ("ops", "Mia let the mail go on.")]
    );
}

#[tokio::test]
async fn leads_are_enrolled_and_stopped_by_hand() {
    let stage = Stage::set().await;
    let kim = stage.identify("kim@acme.test", json!({"name": "Kim", "consent": true})).await;
    assert_eq!(
        stage.ask("ana", "/lead enroll kim@acme.test re-engagement").await.text,
        "Kim begins re-engagement now."
    );
    assert_eq!(stage.say("ana", "/lead enroll kim@acme.test re-engagement").await["code"], "cannot_enroll");
    assert_eq!(stage.say("mia", "/lead stop kim@acme.test --for-good").await["ok"], true);
    let dossier = stage.store.leads().dossier(kim).await.unwrap();
    assert!(!dossier.enrollments[0].is_live());
    assert_eq!(dossier.lead.consent.state.word(), "unsubscribed");
    assert!(
        stage
            .ask("ana", "/lead why kim@acme.test")
            .await
            .text
            .contains("Mail: none now: the address is suppressed")
    );
}

#[tokio::test]
async fn a_lead_that_a_rep_has_met_is_added_by_hand_once() {
    let stage = Stage::set().await;
    let added = stage.say("ana", "/lead add Zoe.Lang@new.test Zoe Lang").await;
    assert_eq!(
        added["text"],
        "Zoe Lang is added. Nobody writes to them until they agree; `/lead claim zoe.lang@new.test` makes them yours."
    );
    let zoe = stage.store.leads().named("zoe.lang@new.test").await.unwrap();
    assert_eq!((zoe.name.as_deref(), zoe.consent.basis), (Some("Zoe Lang"), None));
    let again = stage.say("ben", "/lead add zoe.lang@new.test Someone Else").await;
    assert_eq!(
        (&again["code"], &again["text"]),
        (
            &json!("known_lead"),
            &json!("Zoe Lang is here already; `/lead show zoe.lang@new.test` tells more.")
        )
    );
    let wrong = stage.say("ana", "/lead add zoe@").await;
    assert_eq!(wrong["code"], "usage");
    assert!(wrong["text"].as_str().unwrap().starts_with("“zoe@” is no e-mail address"), "{wrong}");
    assert_eq!(stage.say("vic", "/lead add x@new.test").await["code"], "not_allowed");
    let passed = stage.say("ana", "/lead pass zoe.lang@new.test ben").await;
    assert_eq!(passed["card"]["status"], "With Ben, passed on by Ana");
}
