//! Nothing leaves once an unsubscribe was acknowledged, however close the gate was, and wherever it was kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use rekindle_core::{consent::ConsentState, delivery::DeliveryState, link::Purpose};
use rekindle_mail::{smtp::Relay, templates::Templates, transport::Transport};
use rekindle_storage::{StoreError, outbox::Passage};
use rekindle_tests::{
    indoors, on_both,
    smtp::{Options, RecordingServer, unix_micros},
    stores::Home,
};
use rekindle_web::{Doors, lead_pages};
use rekindle_worker::Worker;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::house::House;
use crate::told::unsubscribe;

on_both!(
    u5_an_unsubscribe_works_when_all_else_is_gone_and_with_an_old_key,
    u6_nothing_leaves_after_an_acknowledged_unsubscribe,
    u6_the_relay_takes_nothing_whose_gate_began_after_the_answer,
    u8_what_was_spooled_is_in_force_before_the_next_gate,
    u8_a_spool_that_cannot_be_read_stops_the_sending,
);

async fn u6_nothing_leaves_after_an_acknowledged_unsubscribe(home: Home) {
    let rounds: u64 = if std::env::var_os("REKINDLE_LONG").is_some() { 10_000 } else { 200 };
    let house = Arc::new(House::of(home).await);
    let web = house.home.open().await;
    let sender = Arc::new(house.sender().await);
    let (mut gone, mut stopped) = (0, 0);
    for round in 0..rounds {
        let kim = house.lead().await;
        let mail = house.mail(kim, "plain").await;
        let ticket = house.ticket(&sender).await;
        let acknowledged = Arc::new(AtomicBool::new(false));
        let mut racing = JoinSet::new();
        let no = unsubscribe(&format!("no-{round}"), kim, house.now());
        let (web, playbooks, heard) = (web.clone(), house.playbooks.clone(), acknowledged.clone());
        racing.spawn(async move {
            // Now before, now after, now between two looks of the gate.
            tokio::time::sleep(Duration::from_micros(300 * (round % 20))).await;
            web.leads().observe(&[no], &playbooks).await.unwrap();
            heard.store(true, Ordering::SeqCst);
            None
        });
        let (house, sender) = (house.clone(), sender.clone());
        let outbox_of = house.clone();
        racing.spawn(async move {
            let mut looks = 0;
            loop {
                let was_acknowledged = acknowledged.load(Ordering::SeqCst);
                // A few looks, and then for good.
                let commit = looks == round % 5;
                let outbox = outbox_of.store.outbox();
                let passed = match commit {
                    true => outbox.pass(&sender, &[ticket], &[], outbox_of.rules()).await.unwrap(),
                    false => outbox.look(&sender, &[ticket], outbox_of.rules()).await.unwrap(),
                };
                let went = matches!(passed[0], Passage::Go | Passage::Clear);
                assert!(!(was_acknowledged && went), "round {round}: {passed:?} after the acknowledgement");
                looks += 1;
                if passed[0] != Passage::Clear {
                    return Some(passed[0]);
                }
            }
        });
        let last = racing.join_all().await.into_iter().flatten().next().unwrap();
        let state = house.state(mail).await;
        match last {
            Passage::Go => {
                gone += 1;
                assert_eq!(state, DeliveryState::Committing);
            }
            _ => {
                stopped += 1;
                assert_eq!(state, DeliveryState::Suppressed);
            }
        }
        assert_eq!(house.row(kim).await.consent.state, ConsentState::Unsubscribed);
    }
    assert_eq!(gone + stopped, rounds);
    assert!(gone > 0 && stopped > 0, "no race: {gone} went, {stopped} were stopped");
}

/// A mail that says little.
fn templates() -> Templates {
    let body = include_str!("../../config/templates/breakup/body.mjml");
    let text = include_str!("../../config/templates/breakup/body.txt");
    let layout = include_str!("../../config/templates/_layout.mjml");
    let files = [
        ("_layout.mjml", layout),
        ("_footer.mjml", include_str!("../../config/templates/_footer.mjml")),
        ("first/subject.txt", "Hello"),
        ("first/body.mjml", body),
        ("first/body.txt", text),
    ];
    Templates::load(&files.map(|(file, text)| (file.to_owned(), text.to_owned())).into()).unwrap()
}

fn settings(relay: &RecordingServer) -> rekindle_worker::Settings {
    indoors::settings(Transport::Smtp(Relay::parse(&relay.url()).unwrap()))
}

/// The worker empties the outbox into a relay while everybody who is to get a mail presses the button.
async fn u6_the_relay_takes_nothing_whose_gate_began_after_the_answer(home: Home) {
    let count: u64 = if std::env::var_os("REKINDLE_LONG").is_some() { 2_000 } else { 120 };
    let house = House::of(home).await;
    let options = Options { delay_before_250: Duration::from_millis(4), ..Options::default() };
    let relay = RecordingServer::start_with(options).await;
    // What the database does not take in time goes through the spool: it is acknowledged all the same.
    let spool = tempfile::tempdir().unwrap();
    let store = house.home.open().await.with_spool(spool.path()).unwrap();
    let doors = indoors::doors(store);
    let mut links = Vec::new();
    for _ in 0..count {
        let lead = house.lead().await;
        let mail = house.mail(lead, "plain").await;
        let token = house.store.ring().token(Purpose::Unsubscribe, mail.0, 0);
        links.push((house.row(lead).await.email.unwrap().to_string(), format!("/u/{token}")));
    }
    let stop = CancellationToken::new();
    let sending = house.store.clone().with_spool(spool.path()).unwrap();
    let worker = Worker::new(sending, settings(&relay), templates());
    let working = {
        let stop = stop.clone();
        let mut working = JoinSet::new();
        working.spawn(async move { worker.run(stop).await.unwrap() });
        working
    };
    assert!(relay.wait_for(1, Duration::from_secs(60)).await, "the first mail leaves");
    let mut pressing = JoinSet::new();
    for (number, (email, link)) in links.into_iter().enumerate() {
        let doors = doors.clone();
        pressing.spawn(async move {
            // Those whose mail comes last press first.
            tokio::time::sleep(Duration::from_micros((count - number as u64) * 900)).await;
            assert_eq!(press(&doors, &link).await, StatusCode::OK);
            (email, unix_micros())
        });
    }
    let acknowledged: std::collections::HashMap<String, u64> =
        pressing.join_all().await.into_iter().collect();
    let under_way = [DeliveryState::Pending, DeliveryState::Claimed, DeliveryState::Committing];
    while !house.store.outbox().list(&under_way, 1).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    working.join_all().await;
    let accepted = relay.accepted();
    for mail in &accepted {
        let answered = acknowledged[&mail.rcpt];
        assert!(mail.begun < answered, "{}: begun {} µs after the answer", mail.rcpt, mail.begun - answered);
    }
    assert!(!accepted.is_empty());
}

async fn u8_what_was_spooled_is_in_force_before_the_next_gate(home: Home) {
    let house = House::of(home).await;
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool");
    let sending = house.store.clone().with_spool(&spool).unwrap();
    let sender = house.sender().await;
    let files = || std::fs::read_dir(&spool).unwrap().count();
    for at in ["claim", "look", "pass"] {
        let kim = house.lead().await;
        let mail = house.mail(kim, "plain").await;
        let outbox = sending.outbox();
        let claim = async || outbox.claim(&sender, 10).await.unwrap();
        let early = if at == "claim" { Vec::new() } else { claim().await };
        // Another process of this machine keeps it while the database is away from there, twice, and dies.
        let web = house.home.open().await.with_spool(&spool).unwrap();
        for _ in 0..2 {
            web.spool_unsubscribe(mail, house.now()).await.unwrap();
        }
        std::fs::write(spool.join(".half"), "{").unwrap();
        drop(web);
        assert_eq!(files(), 2);
        let claimed = if at == "claim" { claim().await } else { early };
        let tickets: Vec<_> = claimed.iter().map(|one| one.ticket).collect();
        let passed = match at {
            "look" => outbox.look(&sender, &tickets, house.rules()).await.unwrap(),
            _ => outbox.pass(&sender, &tickets, &[], house.rules()).await.unwrap(),
        };
        assert!(passed.iter().all(|one| *one == Passage::Stopped), "{at}: {passed:?}");
        assert_eq!(house.row(kim).await.consent.state, ConsentState::Unsubscribed, "{at}");
        assert_eq!(files(), 1, "what was never whole was never acknowledged");
        assert_eq!(sending.empty_spool().await.unwrap(), 0);
    }
}

async fn u8_a_spool_that_cannot_be_read_stops_the_sending(home: Home) {
    let house = House::of(home).await;
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool");
    let sending = house.store.clone().with_spool(&spool).unwrap();
    let sender = house.sender().await;
    let kim = house.lead().await;
    let mail = house.mail(kim, "plain").await;
    let ticket = house.ticket(&sender).await;
    let garbage = spool.join(mail.to_string());
    for wrong in ["a file that is no unsubscribe", "no folder"] {
        match wrong {
            "no folder" => std::fs::remove_dir_all(&spool).unwrap(),
            _ => std::fs::write(&garbage, "nonsense").unwrap(),
        }
        let outbox = sending.outbox();
        for error in [
            outbox.claim(&sender, 10).await.unwrap_err(),
            outbox.look(&sender, &[ticket], house.rules()).await.unwrap_err(),
            outbox.pass(&sender, &[ticket], &[], house.rules()).await.unwrap_err(),
        ] {
            let StoreError::Unusable(why) = error else { panic!("{wrong}: {error}") };
            assert!(why.contains("nothing is sent"), "{wrong}: {why}");
        }
        // What became of mails that left before is still written down.
        assert_eq!(outbox.pass(&sender, &[], &[], house.rules()).await.unwrap(), []);
    }
    assert_eq!(house.state(mail).await, DeliveryState::Claimed);
}

/// Presses the button behind a link.
async fn press(doors: &Doors, link: &str) -> StatusCode {
    let request = Request::builder().method(Method::POST).uri(link).body(Body::empty()).unwrap();
    lead_pages(doors.clone()).oneshot(request).await.unwrap().status()
}

async fn u5_an_unsubscribe_works_when_all_else_is_gone_and_with_an_old_key(home: Home) {
    let house = House::of(home).await;
    let kim = house.lead().await;
    let mail = house.mail(kim, "plain").await;
    let link = format!("/u/{}", house.store.ring().token(Purpose::Unsubscribe, mail.0, 0));
    let shoulder = house.shoulder().await;
    for statement in [
        "DELETE FROM campaign",
        "DELETE FROM enrollment",
        "DELETE FROM destination",
        "INSERT INTO secret (id, key, created_at) SELECT id + 1, key, 0 FROM secret",
        "INSERT INTO secret (id, key, created_at) SELECT id + 2, key, 0 FROM secret",
    ] {
        shoulder.run(statement).await;
    }
    // The plan and the mail need not be in the playbook, and five years have passed.
    house.clock().forward(chrono::TimeDelta::days(5 * 365));
    let doors = indoors::doors(house.home.open().await);
    let new = doors.store.ring().token(Purpose::Unsubscribe, mail.0, 0);
    assert!(!link.ends_with(&new), "the newest key makes other tokens");
    assert_eq!(press(&doors, &link).await, StatusCode::OK);
    assert_eq!(house.row(kim).await.consent.state, ConsentState::Unsubscribed);
    // Nor does it matter that the lead is gone, and its mail.
    for table in ["lead", "delivery"] {
        shoulder.run(&format!("DELETE FROM {table}")).await;
        assert_eq!(press(&doors, &link).await, StatusCode::OK, "without {table}");
    }
}
