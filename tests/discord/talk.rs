//! What members say on Discord: commands, forms, and who is not let in.

use crate::stage::{HOT_LEADS, Stage, URL, Way, says};
use rekindle_bot::discord::{Registered, register, rest::Rest};
use rekindle_core::chat::Secret;
use rekindle_tests::discord::{APPLICATION, GUILD, Person, TOKEN, button};

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_acknowledged_and_then_answered_in_private() {
    let mut stage = Stage::set().await;
    let ana = stage.linked("ana", 501).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.listen().await;
    for (way, verb, words) in [(Way::Gateway, "claim", "Kim Park"), (Way::Http, "why", "Demo Requested")] {
        let command = ana.commands(stage.fake.id(), ["lead", verb], &[("lead", "kim@acme.test")]);
        stage.tell(way, &command).await;
        let answer = stage.fake.answer(&command).await;
        assert_eq!((&answer["type"], &answer["data"]["flags"]), (&5.into(), &64.into()), "{answer}");
        let said = stage.fake.words(&command).await;
        assert!(said.contains(words), "{verb}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_are_offered_to_whoever_types_and_is_of_the_team() {
    let stage = Stage::set().await;
    let ana = stage.linked("ana", 501).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let typed = |who: Person| who.types(stage.fake.id(), ["lead", "claim"], "lead", "ki");
    let (_, offered) = stage.fake.post(&stage.endpoint, &typed(ana), stage.now()).await;
    assert_eq!(offered["type"], 8);
    assert_eq!(offered["data"]["choices"][0]["value"], "kim@acme.test", "{offered}");
    let stranger = Person::in_our_guild(999, HOT_LEADS);
    let (_, offered) = stage.fake.post(&stage.endpoint, &typed(stranger), stage.now()).await;
    assert_eq!(offered["data"]["choices"], serde_json::json!([]), "leads are not told to strangers");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_that_asks_opens_a_list_or_a_form() {
    let stage = Stage::set().await;
    let ana = stage.linked("ana", 501).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let card = stage.card().await;
    // A form that is closed is no error, and no effect.
    let unfit = button(&card, "Not a fit");
    let (_, form) =
        stage.fake.post(&stage.endpoint, &ana.presses(stage.fake.id(), &unfit, &card), stage.now()).await;
    assert_eq!((&form["type"], &form["data"]["title"]), (&9.into(), &"Not a fit".into()), "{form}");

    let snooze = button(&card, "Snooze");
    let press = ana.presses(stage.fake.id(), &snooze, &card);
    let (_, list) = stage.fake.post(&stage.endpoint, &press, stage.now()).await;
    let menu = &list["data"]["components"][0]["components"][0];
    assert_eq!((&list["type"], &list["data"]["flags"], &menu["type"]), (&4.into(), &64.into(), &3.into()));
    let chosen = ana.chooses(stage.fake.id(), menu["custom_id"].as_str().unwrap(), "1d", &card);
    stage.tell(Way::Http, &chosen).await;
    let words = stage.fake.words(&chosen).await;
    assert!(!words.is_empty(), "the list is answered in its place");
    assert!(says(&stage.card().await, "Put off by Ana"));

    // Or any other time, written into a form.
    let another = ana.chooses(stage.fake.id(), menu["custom_id"].as_str().unwrap(), "another", &card);
    let (_, form) = stage.fake.post(&stage.endpoint, &another, stage.now()).await;
    assert_eq!((&form["type"], &form["data"]["title"]), (&9.into(), &"Snooze".into()), "{form}");
    let wrong = ana.submits(stage.fake.id(), form["data"]["custom_id"].as_str().unwrap(), "some day");
    stage.tell(Way::Http, &wrong).await;
    assert!(stage.fake.words(&wrong).await.contains("some day"), "what is wrong is said");

    let card = stage.card().await;
    let sent = ana.submits(stage.fake.id(), &button(&card, "Not a fit"), "a student");
    stage.tell(Way::Http, &sent).await;
    stage.fake.words(&sent).await;
    assert!(says(&stage.card().await, "Not a fit (a student), says Ana"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_known_gets_a_link_by_which_they_say_who_they_are() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let card = stage.card().await;
    let stranger = Person::in_our_guild(999, HOT_LEADS);
    let press = stranger.presses(stage.fake.id(), &button(&card, "Claim"), &card);
    stage.tell(Way::Http, &press).await;
    let words = stage.fake.words(&press).await;
    let link =
        words.split(['<', '>']).find(|part| part.starts_with(URL)).unwrap_or_else(|| panic!("{words}"));
    let token = link.strip_prefix(&format!("{URL}/link-chat/")).unwrap();
    let user = stage.store.chat().accept(token, &stage.member("ben").await).await.unwrap().unwrap();
    assert_eq!((user.workspace, user.id), (GUILD.to_string(), "999".to_owned()));
    assert!(says(&stage.card().await, "Nobody has it yet"), "nothing was done before");
    let again = stranger.presses(stage.fake.id(), &button(&card, "Claim"), &card);
    stage.tell(Way::Http, &again).await;
    let claimed = async {
        while !says(&stage.card().await, "Claimed by Ben") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), claimed).await.expect("Ben is known now");
}

#[tokio::test(flavor = "multi_thread")]
async fn direct_messages_and_foreign_servers_are_turned_away_unread() {
    let stage = Stage::set().await;
    let ana = stage.linked("ana", 501).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let card = stage.card().await;
    let claim = button(&card, "Claim");
    for (guild, words) in [(None, "direct messages"), (Some(GUILD + 1), "does not work for")] {
        let elsewhere = Person { guild, ..ana };
        for interaction in [
            elsewhere.presses(stage.fake.id(), &claim, &card),
            elsewhere.commands(stage.fake.id(), ["lead", "claim"], &[("lead", "kim@acme.test")]),
        ] {
            let (status, answer) = stage.fake.post(&stage.endpoint, &interaction, stage.now()).await;
            assert_eq!((status, &answer["type"], &answer["data"]["flags"]), (200, &4.into(), &64.into()));
            assert!(answer["data"]["content"].as_str().unwrap().contains(words), "{answer}");
        }
        let typed = elsewhere.types(stage.fake.id(), ["lead", "claim"], "lead", "k");
        let (_, offered) = stage.fake.post(&stage.endpoint, &typed, stage.now()).await;
        assert_eq!(offered["data"]["choices"], serde_json::json!([]));
    }
    assert_eq!(stage.shoulder().await.number("SELECT count(*) FROM inbound").await, 0);
    assert!(says(&stage.card().await, "Nobody has it yet"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_may_look_and_not_claim() {
    let stage = Stage::set().await;
    let vic = stage.linked("vic", 503).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let card = stage.card().await;
    let press = vic.presses(stage.fake.id(), &button(&card, "Claim"), &card);
    stage.tell(Way::Http, &press).await;
    assert!(stage.fake.words(&press).await.contains("viewer"));
    let look = vic.commands(stage.fake.id(), ["lead", "show"], &[("lead", "kim@acme.test")]);
    stage.tell(Way::Http, &look).await;
    stage.fake.words(&look).await;
    let answer = stage.fake.answer(&look).await;
    // The card in a private answer is changed in its place.
    let mut private = card.clone();
    private["flags"] = 64.into();
    let ana = stage.linked("ana", 501).await;
    let press = ana.presses(stage.fake.id(), &button(&private, "Claim"), &private);
    stage.tell(Way::Http, &press).await;
    stage.fake.words(&press).await;
    assert!(says(&stage.fake.answer(&press).await["data"], "Claimed by Ana"));
    assert!(answer["data"]["embeds"][0]["title"].as_str().unwrap().starts_with("Kim Park"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_registered_once() {
    let stage = Stage::set().await;
    let clock = stage.store.clock().clone();
    let rest = Rest::new(Secret::new(TOKEN), APPLICATION, Some(stage.fake.url()), clock).unwrap();
    for guild in [Some(GUILD), None] {
        assert_eq!(register(&rest, guild).await, Ok(Registered::New));
        assert_eq!(register(&rest, guild).await, Ok(Registered::Unchanged));
    }
    assert_eq!(stage.fake.calls("PUT /applications").len(), 2);
    let there = stage.fake.commands(&GUILD.to_string());
    assert_eq!(there.as_array().unwrap().len(), 5);
}
