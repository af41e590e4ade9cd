//! Who may what: every command and button against every role.

use crate::stage::Stage;
use serde_json::json;

/// What each role may of it, in the order viewer, sales, marketing, admin.
#[rustfmt::skip]
const MATRIX: &[(&str, [bool; 4])] = &[
    ("/lead show kim@acme.test",                   [true,  true,  true,  true]),
    ("/lead why kim@acme.test",                    [true,  true,  true,  true]),
    ("/lead hot",                                  [true,  true,  true,  true]),
    ("/lead mine",                                 [true,  true,  true,  true]),
    ("/lead claim kim@acme.test",                  [false, true,  false, true]),
    ("/lead release kim@acme.test",                [false, true,  false, true]),
    ("/lead snooze kim@acme.test 1h",              [false, true,  false, true]),
    ("/lead outcome kim@acme.test connected",      [false, true,  false, true]),
    ("/lead stage kim@acme.test opportunity",      [false, true,  false, true]),
    ("/lead note kim@acme.test hello",             [false, true,  false, true]),
    ("/lead enroll kim@acme.test re-engagement",   [false, true,  true,  true]),
    ("/lead stop kim@acme.test",                   [false, true,  true,  true]),
    ("/campaign launch re-engagement everyone",    [false, false, true,  true]),
    ("/campaign launch --confirm campaign_x",      [false, false, true,  true]),
    ("/campaign preview re-engagement everyone",   [false, false, true,  true]),
    ("/campaign hold",                             [false, false, true,  true]),
    ("/campaign resume",                           [false, false, true,  true]),
    ("/campaign stop",                             [false, false, true,  true]),
    ("/campaign show",                             [true,  true,  true,  true]),
    ("/segment count hot",                         [false, false, true,  true]),
    ("/segment show hot",                          [true,  true,  true,  true]),
    ("/segment list",                              [true,  true,  true,  true]),
    ("/segment sample hot",                        [false, false, true,  true]),
    ("/segment export hot",                        [false, false, true,  true]),
    ("/segment save ours hot and fit > 3",         [false, false, true,  true]),
    ("/segment forget nothing",                    [false, false, true,  true]),
    ("/campaign list",                             [true,  true,  true,  true]),
    ("/campaign who re-engagement out",            [true,  true,  true,  true]),
    ("/campaign lift",                             [true,  true,  true,  true]),
    ("/campaign why kim@acme.test",                [true,  true,  true,  true]),
    ("/campaign report",                           [true,  true,  true,  true]),
    ("/campaign rest",                             [false, false, true,  true]),
    ("/campaign test re-engagement",               [false, false, true,  true]),
    ("/report stages",                             [true,  true,  true,  true]),
    ("/report revived",                            [true,  true,  true,  true]),
    ("/rekindle help",                             [true,  true,  true,  true]),
    ("/rekindle whoami",                           [true,  true,  true,  true]),
    ("/rekindle status",                           [true,  true,  true,  true]),
    ("/rekindle dashboard",                        [true,  true,  true,  true]),
    ("/rekindle pause",                            [false, false, true,  true]),
    ("/rekindle resume",                           [false, false, true,  true]),
    ("/rekindle team",                             [true,  true,  true,  true]),
    ("/rekindle team add Zoe --role viewer",       [false, false, false, true]),
    ("/rekindle team role zoe viewer",             [false, false, false, true]),
    ("/rekindle team email zoe zoe@acme.test",     [false, false, false, true]),
    ("/rekindle team link zoe slack:T1/U1",        [false, false, false, true]),
];

#[tokio::test]
async fn every_command_asks_the_role() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    for (text, verdicts) in MATRIX {
        for (who, may) in ["vic", "ana", "mia", "ada"].into_iter().zip(verdicts) {
            let said = stage.say(who, text).await;
            assert_eq!(said["code"] != "not_allowed", *may, "{who} says {text}: {said}");
            assert_ne!(said["code"], "failed", "{who} says {text}: {said}");
        }
    }
    let card = stage.card().await["id"].as_str().unwrap().to_owned();
    for intent in ["claim", "release", "connected", "no_answer", "meeting", "won", "lost", "not_a_fit"] {
        for who in ["vic", "mia"] {
            assert_eq!(
                stage.press(who, &card, intent, Some("1")).await["code"],
                "not_allowed",
                "{who} {intent}"
            );
        }
    }
    for intent in ["launch", "hold", "resume", "stop"] {
        for who in ["vic", "ana"] {
            assert_eq!(stage.press(who, &card, intent, None).await["code"], "not_allowed", "{who} {intent}");
        }
        assert_eq!(
            stage.press("ada", &card, intent, None).await["code"],
            "usage",
            "no such button on this card"
        );
    }
}

#[tokio::test]
async fn a_refusal_says_who_can_and_who_has_left_can_nothing() {
    let stage = Stage::set().await;
    let refused = stage.say("vic", "/rekindle pause").await;
    let text = "Your role is viewer, which may not run campaigns or pause the mail; marketing and admin can.";
    assert_eq!(
        (&refused["ok"], &refused["code"], &refused["text"]),
        (&json!(false), &json!("not_allowed"), &json!(text))
    );
    let mut gone = stage.member("ada").await;
    gone.active = false;
    assert_eq!(stage.desk.run(&gone, "terminal", "/lead hot").await.code, Some("not_allowed"));
}

#[tokio::test]
async fn the_team_is_managed_and_keeps_an_admin() {
    let stage = Stage::set().await;
    let added = stage.ask("ada", "/rekindle team add “Zoë Lind” --role sales").await.text;
    assert!(added.starts_with("Zoë Lind is in the team, as sales."), "{added}");
    assert!(added.contains("https://rekindle.acme.test/in/"), "{added}");
    assert_eq!(stage.ask("ada", "/rekindle team role zoë-lind admin").await.text, "Zoë Lind is admin now.");
    assert_eq!(stage.ask("ada", "/rekindle team role ada viewer").await.text, "Ada is viewer now.");
    assert_eq!(stage.say("zoë lind", "/rekindle team role zoë-lind sales").await["code"], "last_admin");
    assert!(stage.ask("vic", "/rekindle team").await.text.contains("zoë-lind  Zoë Lind  admin"));
    let link = stage.ask("vic", "/rekindle dashboard").await.text;
    let token = link.rsplit('/').next().unwrap();
    assert_eq!(stage.store.team().of_link(token).await.unwrap().unwrap().handle.as_str(), "vic");
}
