//! The page where a lead chooses less: the full stop first, everything by a button, and what was chosen is shown to the team.

use crate::world::World;
use axum::http::{Method, StatusCode};
use rekindle_core::{
    activity::{Kind, names},
    consent::ConsentState,
    lead::Lead,
    link::Purpose,
    team::Role,
    time::Clock,
};
use serde_json::{Value, json};

async fn lead(world: &World) -> Lead {
    world.store().leads().named("kim@acme.test").await.unwrap()
}

#[tokio::test]
async fn u9_the_full_stop_is_one_click_and_stands_first() {
    let world = World::new().await;
    let kim = world.lead("kim@acme.test", Value::Null).await;
    let link = world.link(Purpose::Preferences, world.mail(kim.id, 0).await, 0);
    let asked = world.get(&link).await;
    assert_eq!(asked.status, StatusCode::OK);
    let stop = asked.text.find("Stop all mails</button>").expect("the full stop");
    let less = asked.text.find("At most one mail a month").expect("less of it");
    assert!(stop < less, "{}", asked.text);
    assert!(
        !asked.text[..stop].contains("<label") && !asked.text.contains("kim@"),
        "nothing to fill in before it"
    );
    let form = asked.text[..stop].rfind("action=\"/u/").expect("it goes where every unsubscribe goes") + 8;
    let way_out = asked.text[form..].split('"').next().unwrap();
    assert_eq!(lead(&world).await.consent.state, ConsentState::Subscribed, "a look changes nothing");
    assert_eq!(world.post(way_out, "List-Unsubscribe=One-Click").await.status, StatusCode::OK);
    assert_eq!(lead(&world).await.consent.state, ConsentState::Unsubscribed);
    assert!(world.get(&link).await.text.contains("You get no mails from us"));
}

#[tokio::test]
async fn u9_what_is_chosen_is_kept_and_shown_to_lead_and_team() {
    let world = World::new().await;
    let kim = world.lead("kim@acme.test", Value::Null).await;
    let link = world.link(Purpose::Preferences, world.mail(kim.id, 2).await, 0);
    for form in ["", "choice=", "choice=bribe", "other=monthly"] {
        assert_eq!(world.post(&link, form).await.status, StatusCode::BAD_REQUEST, "{form}");
    }
    assert_eq!(lead(&world).await.preferences, kim.preferences);
    for choice in ["monthly", "pause-90", "topic"] {
        let saved = world.post(&link, &format!("choice={choice}")).await;
        assert_eq!(saved.status, StatusCode::OK, "{choice}: {}", saved.text);
        assert!(saved.text.contains("Change it again"));
    }
    let said = "at most one mail in 30 days, nothing before 21 February 2027, only about re-engagement";
    let now = world.clock.calendar();
    assert_eq!(lead(&world).await.preferences.in_words(now), said);
    assert!(world.get(&link).await.text.contains(&format!("You chose: {said}.")));
    let mia = world.member("Mia", Role::Marketing).await;
    let page = world.as_member(&mia, Method::GET, &format!("/leads/{}", kim.id), "").await;
    assert!(page.text.contains(said), "{}", page.text);
    let runs = world.store().leads().dossier(kim.id).await.unwrap().enrollments;
    assert!(
        runs.iter().any(rekindle_core::enrollment::Enrollment::is_live),
        "it is no sign of interest: the plan goes on, as they want it"
    );
    assert_eq!(world.post(&link, "choice=all").await.status, StatusCode::OK);
    assert_eq!(lead(&world).await.preferences, kim.preferences);
}

#[tokio::test]
async fn l3_an_objection_stops_mail_and_profile() {
    let world = World::new().await;
    let kim = world.lead("kim@acme.test", json!({"title": "VP Operations"})).await;
    world.told("kim@acme.test", Kind::Track, "Demo Requested", None, Value::Null).await;
    assert!(lead(&world).await.points.engagement > 0.0 && lead(&world).await.points.fit > 0.0);
    let link = world.link(Purpose::Preferences, world.mail(kim.id, 0).await, 0);
    let done = world.post(&link, "choice=object").await;
    assert_eq!(done.status, StatusCode::OK);
    assert!(done.text.contains("we do not count what you do"), "{}", done.text);
    // What they do afterwards is not counted either.
    world.told("kim@acme.test", Kind::Track, "Demo Requested", Some("/again"), Value::Null).await;
    let objected = lead(&world).await;
    assert_eq!(objected.consent.state, ConsentState::Objected);
    assert_eq!((objected.points.fit, objected.points.engagement, objected.hot), (0.0, 0.0, false));
    let suppressed = world.store().leads().suppressed(std::slice::from_ref(&objected)).await.unwrap();
    assert!(suppressed.contains(&kim.id));
    let history = world.store().leads().history(kim.id, &world.books).await.unwrap();
    assert!(!history.is_empty());
    let explained = world.books.current().scoring.explain(&objected, &history, world.clock.calendar());
    assert_eq!((explained.score, explained.fit, explained.engagement), (0, 0, 0));
    let ana = world.member("Ana", Role::Sales).await;
    let page = world.as_member(&ana, Method::GET, &format!("/leads/{}", kim.id), "").await;
    assert!(page.text.contains("they objected to being profiled"), "{}", page.text);
    assert!(world.get(&link).await.text.contains("you objected to it"));
    assert_eq!(world.post(&link, "choice=object").await.status, StatusCode::OK, "as often as they like");
    let kept = world.store().leads().dossier(kim.id).await.unwrap().activities;
    assert_eq!(kept.iter().filter(|activity| activity.name == names::OBJECTED).count(), 1);
}
