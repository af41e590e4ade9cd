//! Chats: who is who there, what came in, and the walls that show cards.

use chrono::TimeDelta;
use rekindle_core::{
    alert::Outcome,
    chat::{ChatUser, How, Platform},
    desk,
    email::EmailAddress,
    team::Role,
    time::Moment,
};
use rekindle_storage::{
    Store, StoreError,
    audit::Entry,
    chat::INVITE_LASTS,
    inbound::{Arrived, Became, Left},
};
use rekindle_tests::{on_both, stores::Home};
use serde_json::json;
use std::collections::HashSet;
use tokio::task::JoinSet;

use crate::house::{House, alert_id, member};

on_both!(
    a_user_is_known_by_address_link_or_an_admins_word,
    a_link_says_once_who_somebody_is,
    whoever_left_the_team_is_nobody,
    a_group_lets_in_and_takes_back_and_an_admins_word_stands,
    what_comes_a_hundred_times_is_kept_once,
    what_a_dead_process_had_in_hand_is_taken_over,
    what_was_begun_is_begun_by_one_process,
    what_is_written_for_an_arrival_is_written_by_whoever_has_it,
    a_wall_is_worked_by_one_process,
    a_wall_breaks_once_and_is_mended_once,
    a_post_keeps_its_nonce_until_its_message_is_known,
    a_new_wall_shows_no_old_stories
);

fn kim() -> ChatUser {
    ChatUser { platform: Platform::Slack, workspace: "T1".to_owned(), id: "U1".to_owned() }
}

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

async fn a_user_is_known_by_address_link_or_an_admins_word(home: Home) {
    let house = House::of(home).await;
    let (team, chat) = (house.store.team(), house.store.chat());
    let ana = team.add("Ana", Role::Sales).await.unwrap();
    let ben = team.add("Ben", Role::Viewer).await.unwrap();
    assert_eq!(chat.member_of(&kim()).await.unwrap(), None);
    assert_eq!(chat.link_by_email(&kim(), &address("ana@acme.test")).await.unwrap(), None);

    chat.set_email(&ana, &address("Ana@Acme.test")).await.unwrap();
    let taken = chat.set_email(&ben, &address("ana@acme.TEST")).await.unwrap_err();
    assert_eq!(taken.refusal().unwrap().code(), "email_taken");
    assert_eq!(chat.link_by_email(&kim(), &address("ANA@acme.test")).await.unwrap(), Some(ana.clone()));
    assert_eq!(chat.member_of(&kim()).await.unwrap(), Some(ana.clone()));
    let elsewhere = ChatUser { workspace: "T2".to_owned(), ..kim() };
    assert_eq!(chat.member_of(&elsewhere).await.unwrap(), None, "the same id elsewhere is somebody else");

    chat.link(&kim(), &ben, How::Admin).await.unwrap();
    assert_eq!(chat.member_of(&kim()).await.unwrap(), Some(ben.clone()));
    assert_eq!(chat.users_of(&ben).await.unwrap(), [kim()]);
    assert!(chat.users_of(&ana).await.unwrap().is_empty());
    // A change of role is known at once.
    let ben = team.add("Ben", Role::Sales).await.unwrap();
    assert_eq!(chat.member_of(&kim()).await.unwrap().map(|member| member.role), Some(ben.role));
}

async fn a_group_lets_in_and_takes_back_and_an_admins_word_stands(home: Home) {
    let house = House::of(home).await;
    let (team, chat) = (house.store.team(), house.store.chat());
    let ana = team.add("Ana", Role::Sales).await.unwrap();
    assert!(!chat.is_by_group(&ana).await.unwrap());
    // Somebody of the same name is somebody else.
    let joined = chat.join(&kim(), "Ana", Role::Marketing).await.unwrap().unwrap();
    assert_eq!((joined.handle.as_str(), joined.role, joined.active), ("ana-u1-2", Role::Marketing, true));
    assert!(joined.id != ana.id && chat.is_by_group(&joined).await.unwrap());
    assert_eq!(chat.member_of(&kim()).await.unwrap(), Some(joined.clone()));
    let again = chat.join(&kim(), "Ana", Role::Viewer).await.unwrap().unwrap();
    assert_eq!((again.id, again.role), (joined.id, Role::Viewer), "another role, the same member");

    let session = team.sign_in(&team.link(&again).await.unwrap()).await.unwrap().unwrap();
    assert!(team.of_session(&session).await.unwrap().is_some());
    chat.left(&again).await.unwrap();
    assert_eq!(chat.member_of(&kim()).await.unwrap(), None);
    assert_eq!(team.of_session(&session).await.unwrap(), None, "on the pages, too");
    assert_eq!(chat.join(&kim(), "Ana", Role::Viewer).await.unwrap().unwrap().id, joined.id);

    let word = team.add("ana-u1-2", Role::Sales).await.unwrap();
    assert!(!chat.is_by_group(&word).await.unwrap());
    chat.left(&word).await.unwrap();
    assert_eq!(
        chat.member_of(&kim()).await.unwrap().map(|one| one.role),
        Some(Role::Sales),
        "no group takes it"
    );
    assert_eq!(chat.join(&kim(), "Ana", Role::Admin).await.unwrap(), None, "and no group gives more");

    // Whoever says who they are, is not there twice.
    let bo = ChatUser { id: "U2".to_owned(), ..kim() };
    let joined = chat.join(&bo, "Bo", Role::Sales).await.unwrap().unwrap();
    chat.link(&bo, &ana, How::Admin).await.unwrap();
    assert!(!team.named(joined.handle.as_str()).await.unwrap().active);
    assert_eq!(chat.member_of(&bo).await.unwrap().map(|one| one.id), Some(ana.id));
}

async fn a_link_says_once_who_somebody_is(home: Home) {
    let house = House::of(home).await;
    let stores = [house.store.clone(), house.home.open().await];
    let ana = house.store.team().add("Ana", Role::Sales).await.unwrap();
    for _ in 0..5 {
        let token = house.store.chat().invite(&kim()).await.unwrap();
        assert_eq!(
            house.store.chat().of_invite(&token).await.unwrap(),
            Some(kim()),
            "looking uses nothing up"
        );
        let mut saying = JoinSet::new();
        for press in 0..6 {
            let (store, token, ana) = (stores[press % 2].clone(), token.clone(), ana.clone());
            saying.spawn(async move { store.chat().accept(&token, &ana).await.unwrap() });
        }
        let said: Vec<ChatUser> = saying.join_all().await.into_iter().flatten().collect();
        assert_eq!(said, [kim()]);
        assert_eq!(house.store.chat().of_invite(&token).await.unwrap(), None);
    }
    assert_eq!(house.store.chat().member_of(&kim()).await.unwrap(), Some(ana.clone()));
    let late = house.store.chat().invite(&kim()).await.unwrap();
    let signing_in = house.store.team().link(&ana).await.unwrap();
    assert_eq!(house.store.chat().accept(&signing_in, &ana).await.unwrap(), None, "made for something else");
    house.clock().set_wall(house.now() + INVITE_LASTS + TimeDelta::microseconds(1));
    assert_eq!(house.store.chat().accept(&late, &ana).await.unwrap(), None, "too late");
}

async fn whoever_left_the_team_is_nobody(home: Home) {
    let house = House::of(home).await;
    let ana = house.store.team().add("Ana", Role::Admin).await.unwrap();
    house.store.chat().set_email(&ana, &address("ana@acme.test")).await.unwrap();
    house.store.chat().link(&kim(), &ana, How::Link).await.unwrap();
    house.shoulder().await.run("UPDATE member SET active = FALSE").await;
    assert_eq!(house.store.chat().member_of(&kim()).await.unwrap(), None);
    assert_eq!(house.store.chat().link_by_email(&kim(), &address("ana@acme.test")).await.unwrap(), None);
}

fn press(house: &House, id: &str) -> Arrived {
    Arrived {
        platform: Platform::Slack,
        workspace: "T1".to_owned(),
        id: id.to_owned(),
        at: house.now(),
        kind: "block_actions".to_owned(),
        payload: json!({"say": "with\0 a NUL", "list": ["a\0"]}),
    }
}

async fn what_comes_a_hundred_times_is_kept_once(home: Home) {
    let house = House::of(home).await;
    let stores = [house.store.clone(), house.home.open().await];
    let mut keeping = JoinSet::new();
    for n in 0..100 {
        let (store, came) = (stores[n % 2].clone(), press(&house, "E1"));
        keeping.spawn(async move { store.inbound().keep(&came).await.unwrap() });
    }
    let new = keeping.join_all().await.into_iter().filter(|new| *new).count();
    assert_eq!(new, 1);
    let elsewhere = Arrived { workspace: "T2".to_owned(), ..press(&house, "E1") };
    assert!(
        house.store.inbound().keep(&elsewhere).await.unwrap(),
        "ids are the platform's for each workspace"
    );
}

/// What is taken over, a little later if need be: PostgreSQL takes a moment to see that a process is gone.
async fn taken_over(by: &Store) -> Vec<Left> {
    for _ in 0..500 {
        let left = by.inbound().take_over(Platform::Slack).await.unwrap();
        if !left.is_empty() {
            return left;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("nothing was taken over");
}

async fn what_a_dead_process_had_in_hand_is_taken_over(home: Home) {
    let house = House::of(home).await;
    let dying = house.home.open().await;
    for id in ["E1", "E2", "E3"] {
        dying.inbound().keep(&press(&house, id)).await.unwrap();
    }
    dying.inbound().became(&press(&house, "E1"), Became::Done).await.unwrap();
    dying.inbound().became(&press(&house, "E2"), Became::Ignored).await.unwrap();
    let inbound = house.store.inbound();
    assert!(inbound.take_over(Platform::Slack).await.unwrap().is_empty(), "it is in hands that live");
    drop(dying);
    let left = taken_over(&house.store).await;
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].came.id.as_str(), left[0].came.at, left[0].begun), ("E3", house.now(), false));
    assert_eq!(left[0].came.payload, json!({"say": "with a NUL", "list": ["a"]}));
    assert!(inbound.take_over(Platform::Slack).await.unwrap().is_empty(), "it is in our own hands");
    let shoulder = house.shoulder().await;
    let words = "SELECT count(*) FROM inbound WHERE CAST(payload AS text) LIKE '%with a NUL%'";
    assert_eq!(shoulder.number(words).await, 2, "what is done keeps no words");

    house.clock().set_wall(house.now() + TimeDelta::days(8));
    assert_eq!(inbound.forget_old().await.unwrap(), 2, "what was not handled is not forgotten");
    assert!(!inbound.keep(&press(&house, "E3")).await.unwrap());
}

fn line(house: &House, deed: &str) -> Entry {
    Entry {
        at: house.now(),
        actor: "ana".to_owned(),
        place: "slack".to_owned(),
        deed: deed.to_owned(),
        lead: None,
        result: "ok".to_owned(),
    }
}

async fn what_was_begun_is_begun_by_one_process(home: Home) {
    let house = House::of(home).await;
    let dying = house.home.open().await;
    for id in ["begun", "only looked at"] {
        dying.inbound().keep(&press(&house, id)).await.unwrap();
    }
    let working = dying.on_behalf(&press(&house, "begun")).await.unwrap();
    working.audit(line(&house, "one")).await.unwrap();
    working.audit(line(&house, "two")).await.unwrap();
    let looking = dying.on_behalf(&press(&house, "only looked at")).await.unwrap();
    assert!(looking.team().all().await.unwrap().is_empty());
    // The process dies before it could say that it is done.
    drop((dying, working, looking));
    let mut left = taken_over(&house.store).await;
    left.sort_by(|one, other| one.came.id.cmp(&other.came.id));
    let stands: Vec<(&str, bool)> = left.iter().map(|one| (one.came.id.as_str(), one.begun)).collect();
    assert_eq!(stands, [("begun", true), ("only looked at", false)]);
    assert_eq!(house.shoulder().await.number("SELECT count(*) FROM audit").await, 2);
}

async fn what_is_written_for_an_arrival_is_written_by_whoever_has_it(home: Home) {
    let house = House::of(home).await;
    // It is taken for dead, as if its machine had lost the lock, and goes on.
    let slow = house.home.open().await;
    slow.inbound().keep(&press(&house, "E1")).await.unwrap();
    let working = slow.on_behalf(&press(&house, "E1")).await.unwrap();
    house.shoulder().await.run(&format!("UPDATE inbound SET owner = {}", nobody(&house))).await;
    assert_eq!(taken_over(&house.store).await.len(), 1);
    for deed in ["late", "later"] {
        let refused = working.audit(line(&house, deed)).await;
        assert!(matches!(refused, Err(StoreError::Taken)), "{refused:?}");
    }
    assert!(working.is_taken());
    let ours = house.store.on_behalf(&press(&house, "E1")).await.unwrap();
    ours.audit(line(&house, "ours")).await.unwrap();
    assert!(!ours.is_taken());
    assert_eq!(house.shoulder().await.column::<String>("SELECT deed FROM audit").await, ["ours"]);
}

/// The id of a process that was never there, as the database writes it.
fn nobody(house: &House) -> &'static str {
    match house.store.is_embedded() {
        true => "x'00000000000000000000000000000001'",
        false => "'00000000-0000-0000-0000-000000000001'",
    }
}

async fn a_wall_is_worked_by_one_process(home: Home) {
    let house = House::of(home).await;
    let name = "slack:T1/C1";
    house.store.walls().hang(name, Platform::Slack).await.unwrap();
    let works = async |store: &Store| store.works_at(name).await.unwrap();
    let stores = [house.home.open().await, house.home.open().await];
    let mut asking = JoinSet::new();
    for n in 0..6 {
        let store = stores[n % 2].clone();
        asking.spawn(async move { (n % 2, store.works_at(name).await.unwrap()) });
    }
    let at_work: HashSet<usize> =
        asking.join_all().await.into_iter().filter_map(|(n, works)| works.then_some(n)).collect();
    assert_eq!(at_work.len(), 1, "one of them");
    let [one, other] = stores;
    let (worker, waiting) = if works(&one).await { (one, other) } else { (other, one) };
    assert!(works(&worker).await && !works(&waiting).await, "each time the same");
    let named = async || house.store.walls().worked().await.unwrap().len();
    assert_eq!(named().await, 1);
    // It leaves, comes back, and dies.
    worker.leaves(name).await.unwrap();
    assert_eq!(named().await, 0, "a wall that nobody works is named by no settings");
    waiting.leaves(name).await.unwrap();
    assert!(works(&worker).await && !works(&waiting).await);
    drop(worker);
    let taken = async {
        while !works(&waiting).await {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), taken).await.expect("it is taken over");
    assert_eq!(named().await, 1);
}

async fn a_wall_breaks_once_and_is_mended_once(home: Home) {
    let house = House::of(home).await;
    let stores = [house.store.clone(), house.home.open().await];
    let hung = stores[0].walls().hang("slack:T1/C1", Platform::Slack).await.unwrap();
    assert_eq!((hung.hung_at, hung.broken), (house.now(), None));
    let mut breaking = JoinSet::new();
    for n in 0..6 {
        let store = stores[n % 2].clone();
        breaking.spawn(async move {
            store.walls().broke("slack:T1/C1", "is_archived", "it broke").await.unwrap()
        });
    }
    assert_eq!(breaking.join_all().await.into_iter().filter(|news| *news).count(), 1);
    house.clock().set_wall(house.now() + TimeDelta::hours(1));
    let again = stores[1].walls().hang("slack:T1/C1", Platform::Slack).await.unwrap();
    assert_eq!(again.hung_at, hung.hung_at, "since the first time");
    assert_eq!(again.broken, Some((hung.hung_at, "is_archived".to_owned())));
    assert!(stores[1].walls().mended("slack:T1/C1", "it is mended").await.unwrap());
    assert!(!stores[0].walls().mended("slack:T1/C1", "it is mended").await.unwrap());
    assert_eq!(stores[0].walls().hang("slack:T1/C1", Platform::Slack).await.unwrap().broken, None);
}

async fn a_post_keeps_its_nonce_until_its_message_is_known(home: Home) {
    let house = House::of(home).await;
    let subject = alert_id(7).0;
    let stores = [house.store.clone(), house.home.open().await];
    let mut drawing = JoinSet::new();
    for n in 0..6 {
        let store = stores[n % 2].clone();
        drawing.spawn(async move { store.cards().posting(subject, "slack:T1/C1").await.unwrap() });
    }
    let drawn: HashSet<_> = drawing.join_all().await.into_iter().collect();
    assert_eq!(drawn.len(), 1, "the same at each try");
    let cards = house.store.cards();
    let other = cards.posting(subject, "slack:T1/C2").await.unwrap();
    assert!(!drawn.contains(&other), "each wall has its own");
    cards.lost(subject, "slack:T1/C1").await.unwrap();
    let anew = cards.posting(subject, "slack:T1/C1").await.unwrap();
    assert!(!drawn.contains(&anew), "a message that was deleted is posted anew");
}

async fn a_new_wall_shows_no_old_stories(home: Home) {
    let house = House::of(home).await;
    let [old, live, late] = [house.lead().await, house.lead().await, house.lead().await];
    let close = async |lead| {
        house.claim(lead, "ana").await;
        let wall = house.now();
        let lost = |scene: &_, now| desk::outcome(scene, &member("ana"), Outcome::Lost, None, wall, now);
        house.decide(lead, lost).await.unwrap();
    };
    close(old).await;
    house.claim(live, "ana").await;
    house.clock().set_wall(house.now() + TimeDelta::days(1));
    let hung_at = house.store.walls().hang("slack:T1/C1", Platform::Slack).await.unwrap().hung_at;
    house.clock().set_calendar(hung_at + TimeDelta::minutes(1));
    close(late).await;
    let behind = async |since: Moment| -> Vec<_> {
        let behind = house.store.cards().alerts_behind("slack:T1/C1", since, 10).await.unwrap();
        behind.into_iter().map(|one| one.subject.lead).collect()
    };
    assert_eq!(behind(hung_at).await, [live, late], "what was over before is not told");
    assert_eq!(behind(Moment::UNIX_EPOCH).await, [old, live, late], "the console was always there");
}
