//! The team signs in once by each link, sessions end, and what the team sets all processes see.

use chrono::TimeDelta;
use rekindle_core::{activity::Trust, team::Role};
use rekindle_storage::{
    keys::WriteKey,
    settings::Pause,
    team::{LINK_LASTS, SESSION_LASTS},
};
use rekindle_tests::{on_both, stores::Home};
use tokio::task::JoinSet;

use crate::house::House;

on_both!(
    a_link_signs_in_once,
    a_session_ends,
    members_are_found_by_name,
    all_see_the_pause,
    a_key_is_shown_once
);

async fn a_link_signs_in_once(home: Home) {
    let house = House::of(home).await;
    let stores = [house.store.clone(), house.home.open().await];
    let ana = house.store.team().add("Ana", Role::Sales).await.unwrap();
    for _ in 0..10 {
        let token = house.store.team().link(&ana).await.unwrap();
        assert_eq!(
            house.store.team().of_link(&token).await.unwrap().as_ref(),
            Some(&ana),
            "looking uses nothing up"
        );
        let mut signing_in = JoinSet::new();
        for press in 0..6 {
            let (store, token) = (stores[press % 2].clone(), token.clone());
            signing_in.spawn(async move { store.team().sign_in(&token).await.unwrap() });
        }
        let sessions: Vec<String> = signing_in.join_all().await.into_iter().flatten().collect();
        assert_eq!(sessions.len(), 1);
        assert_eq!(house.store.team().of_session(&sessions[0]).await.unwrap().as_ref(), Some(&ana));
        assert_eq!(house.store.team().of_link(&token).await.unwrap(), None);
    }
    let late = house.store.team().link(&ana).await.unwrap();
    let wall = house.now() + LINK_LASTS;
    house.clock().set_wall(wall + TimeDelta::microseconds(1));
    assert_eq!(house.store.team().sign_in(&late).await.unwrap(), None, "too late");
    assert_eq!(house.store.team().sign_in("nonsense").await.unwrap(), None);
}

async fn a_session_ends(home: Home) {
    let house = House::of(home).await;
    let ana = house.store.team().add("ana", Role::Admin).await.unwrap();
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let token = house.store.team().link(&ana).await.unwrap();
        sessions.push(house.store.team().sign_in(&token).await.unwrap().unwrap());
    }
    house.store.team().sign_out(&sessions[0]).await.unwrap();
    assert_eq!(house.store.team().of_session(&sessions[0]).await.unwrap(), None);
    let begin = house.now();
    house.clock().set_calendar(begin + TimeDelta::days(90));
    house.clock().set_wall(begin + SESSION_LASTS);
    assert!(
        house.store.team().of_session(&sessions[1]).await.unwrap().is_some(),
        "by the wall, not the calendar"
    );
    house.clock().set_wall(begin + SESSION_LASTS + TimeDelta::microseconds(1));
    assert_eq!(house.store.team().of_session(&sessions[1]).await.unwrap(), None);
}

async fn members_are_found_by_name(home: Home) {
    let house = House::of(home).await;
    let team = house.store.team();
    let ana = team.add("Ana López", Role::Sales).await.unwrap();
    assert_eq!(ana.handle.as_str(), "ana-lópez");
    for name in ["Ana López", "ana-lópez", "@ana-lópez"] {
        assert_eq!(team.named(name).await.unwrap(), ana);
    }
    let promoted = team.add("ana lópez", Role::Admin).await.unwrap();
    assert_eq!((promoted.id, promoted.role), (ana.id, Role::Admin));
    assert_eq!(team.all().await.unwrap(), [promoted]);
    assert_eq!(team.named("ben").await.unwrap_err().refusal().unwrap().code(), "unknown_member");
    // Six at once, of the same name: one member.
    let mut adding = JoinSet::new();
    for _ in 0..6 {
        let store = house.store.clone();
        adding.spawn(async move { store.team().add("Ben", Role::Sales).await.unwrap().id });
    }
    let ids: std::collections::HashSet<_> = adding.join_all().await.into_iter().collect();
    assert_eq!(ids.len(), 1);
}

async fn all_see_the_pause(home: Home) {
    let house = House::of(home).await;
    let other = house.home.open().await;
    assert_eq!(other.pause().await.unwrap(), None);
    let pause = Pause { by: crate::house::member("mia").handle, at: house.now() };
    house.store.set_pause(Some(pause.clone()), "news").await.unwrap();
    assert_eq!(other.pause().await.unwrap(), Some(pause));
    other.set_pause(None, "news").await.unwrap();
    assert_eq!(house.store.pause().await.unwrap(), None);
}

async fn a_key_is_shown_once(home: Home) {
    let house = House::of(home).await;
    let keys = house.store.keys();
    assert!(!keys.any().await.unwrap());
    let key = WriteKey {
        name: "site".to_owned(),
        trust: Trust::Browser,
        origins: vec!["https://acme.test".to_owned()],
        basis: Some("the form".to_owned()),
    };
    let secret = keys.make(key.clone()).await.unwrap();
    assert_eq!(keys.find(&secret).await.unwrap(), Some(key.clone()));
    assert_eq!(keys.find("pk_other").await.unwrap(), None);
    assert_eq!(keys.make(key).await.unwrap_err().refusal().unwrap().code(), "name_taken");
    let shoulder = house.shoulder().await;
    let kept: Vec<String> = shoulder.column("SELECT digest FROM write_key").await;
    assert!(kept.len() == 1 && !secret.contains(&kept[0]), "only the digest is kept");
}
