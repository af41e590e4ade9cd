//! What a lead does behind a link: once, durable, and only by the button.

use crate::world::{Answer, World, send};
use axum::http::{Method, StatusCode, header};
use chrono::TimeDelta;
use rekindle_core::{
    activity::names,
    consent::{ConsentState, Proof, Record},
    link::Purpose,
    machine::{HOLD, Sign},
    time::Clock,
};
use rekindle_web::lead_pages;
use serde_json::{Value, json};

async fn done(world: &World, email: &str, name: &str) -> Vec<Value> {
    let lead = world.store().leads().named(email).await.unwrap();
    let dossier = world.store().leads().dossier(lead.id).await.unwrap();
    let of_name = dossier.activities.into_iter().filter(|activity| activity.name == name);
    of_name.map(|activity| Value::Object(activity.properties)).collect()
}

fn assert_guarded(answer: &Answer) {
    assert_eq!(answer.header(header::REFERRER_POLICY), "no-referrer");
    assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
    let policy = answer.header(header::CONTENT_SECURITY_POLICY);
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script-src"), "{policy}");
    assert!(!answer.headers.contains_key(header::SET_COOKIE));
}

#[tokio::test]
async fn the_button_unsubscribes_at_once_and_as_often_as_it_is_pressed() {
    let world = World::new().await;
    let lead = world.lead("kim@acme.test", Value::Null).await;
    let link = world.link(Purpose::Unsubscribe, world.mail(lead.id, 0).await, 0);
    let asked = world.get(&link).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert!(asked.text.contains("k•••@acme.test") && !asked.text.contains("kim@"), "{}", asked.text);
    assert!(asked.text.contains(&format!("action=\"{link}\"")) && asked.text.contains("Acme &#38; Sons"));
    assert_guarded(&asked);
    assert_eq!(
        world.store().leads().named("kim@acme.test").await.unwrap().consent.state,
        ConsentState::Subscribed
    );

    for _ in 0..2 {
        let stopped = world.post(&link, "List-Unsubscribe=One-Click").await;
        assert_eq!(stopped.status, StatusCode::OK, "no redirect (RFC 8058)");
        assert!(stopped.text.contains("You are unsubscribed"), "{}", stopped.text);
        assert_guarded(&stopped);
        let lead = world.store().leads().named("kim@acme.test").await.unwrap();
        assert_eq!(lead.consent.state, ConsentState::Unsubscribed);
        assert!(
            world.store().leads().suppressed(std::slice::from_ref(&lead)).await.unwrap().contains(&lead.id)
        );
    }
    assert_eq!(done(&world, "kim@acme.test", names::UNSUBSCRIBED).await.len(), 1);
    let runs = world.store().leads().dossier(lead.id).await.unwrap().enrollments;
    assert!(runs.iter().all(|run| !run.is_live()), "{runs:?}");
}

#[tokio::test]
async fn every_form_of_one_click_unsubscribes() {
    let world = World::new().await;
    let multipart =
        "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    let forms = [
        ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
        ("multipart/form-data; boundary=x", multipart),
        ("text/plain", ""),
    ];
    for (index, (kind, body)) in forms.into_iter().enumerate() {
        let email = format!("lead{index}@acme.test");
        let lead = world.lead(&email, Value::Null).await;
        let link = world.link(Purpose::Unsubscribe, world.mail(lead.id, 0).await, 0);
        let router = lead_pages(world.doors.clone());
        let stopped = send(router, Method::POST, &link, kind, body).await;
        assert_eq!(stopped.status, StatusCode::OK, "{kind}");
        let lead = world.store().leads().named(&email).await.unwrap();
        assert_eq!(lead.consent.state, ConsentState::Unsubscribed, "{kind}");
    }
}

#[tokio::test]
async fn of_fifty_who_press_at_once_one_gets_the_offer_first() {
    let world = World::new().await;
    let lead = world.lead("kim@acme.test", Value::Null).await;
    let delivery = world.mail(lead.id, 2).await;
    let link = world.link(Purpose::Offer, delivery, 0);
    let shown = world.get(&link).await;
    assert!(shown.text.contains("20 % off your first year"), "{}", shown.text);
    assert!(shown.text.contains("Valid until 7 December 2026"), "{}", shown.text);
    assert_guarded(&shown);
    let code = world.store().ring().offer_code(delivery.0);
    assert!(!shown.text.contains(&code), "nobody sees the code before the offer is taken");

    let mut all = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (router, link) = (lead_pages(world.doors.clone()), link.clone());
        all.spawn(async move { send(router, Method::POST, &link, "text/plain", "").await });
    }
    let answers = all.join_all().await;
    assert!(answers.iter().all(|a| a.status == StatusCode::OK && a.text.contains(&code)));
    assert_eq!(answers.iter().filter(|a| a.text.contains("It is yours")).count(), 1);
    assert_eq!(answers.iter().filter(|a| a.text.contains("You already have this one")).count(), 49);
    let accepted = done(&world, "kim@acme.test", names::ACCEPTED).await;
    assert_eq!(accepted.len(), 1);
    assert_eq!(accepted[0]["gives"], "20 % off your first year");
    assert!(world.get(&link).await.text.contains("You already have this one"));
}

#[tokio::test]
async fn an_offer_is_good_to_the_end_of_its_last_day_and_a_taken_code_stays() {
    let world = World::new().await;
    let (late, taken) =
        (world.lead("late@acme.test", Value::Null).await, world.lead("in-time@acme.test", Value::Null).await);
    let late = world.link(Purpose::Offer, world.mail(late.id, 2).await, 0);
    let taken = world.link(Purpose::Offer, world.mail(taken.id, 2).await, 0);
    // In Berlin it is 11:42: to the last minute of 7 December there are fourteen days, 12 hours and 17 minutes.
    world.later(TimeDelta::days(14) + TimeDelta::hours(12) + TimeDelta::minutes(17));
    assert_eq!(world.get(&late).await.status, StatusCode::OK);
    assert!(world.post(&taken, "").await.text.contains("It is yours"));
    world.later(TimeDelta::minutes(1));
    let gone = world.get(&late).await;
    assert_eq!(gone.status, StatusCode::GONE);
    assert!(gone.text.contains("It was good until 7 December 2026"), "{}", gone.text);
    assert_eq!(world.post(&late, "").await.text, gone.text);
    assert!(done(&world, "late@acme.test", names::ACCEPTED).await.is_empty());
    assert_eq!(world.post(&taken, "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_pressed_answer_is_chosen_and_only_the_button_keeps_it() {
    let world = World::new().await;
    let lead = world.lead("kim@acme.test", Value::Null).await;
    let delivery = world.mail(lead.id, 4).await;
    let link = world.link(Purpose::Survey, delivery, 1);
    let asked = world.get(&link).await;
    assert!(asked.text.contains("What made you pause?"), "{}", asked.text);
    assert!(asked.text.contains("value=\"price\" required checked"), "{}", asked.text);
    assert_eq!(asked.text.matches(" checked").count(), 1);
    assert_guarded(&asked);
    assert!(done(&world, "kim@acme.test", names::ANSWERED).await.is_empty());
    let none = world.get(&world.link(Purpose::Survey, delivery, 99)).await;
    assert_eq!((none.status, none.text.matches(" checked").count()), (StatusCode::OK, 0));

    for form in ["", "answer=", "answer=bribe", "other=price"] {
        assert_eq!(world.post(&link, form).await.status, StatusCode::BAD_REQUEST, "{form}");
    }
    for _ in 0..2 {
        let thanks = world.post(&link, "answer=price").await;
        assert_eq!(thanks.status, StatusCode::OK);
        assert!(
            thanks.text.contains("Thank you") && thanks.text.contains("<b>The price</b>"),
            "{}",
            thanks.text
        );
    }
    let kept = done(&world, "kim@acme.test", names::ANSWERED).await;
    assert_eq!(kept.len(), 1);
    assert_eq!((&kept[0]["answer"], &kept[0]["bearer"]), (&json!("price"), &json!(true)));
    assert_eq!(
        world.store().leads().named("kim@acme.test").await.unwrap().consent.state,
        ConsentState::Subscribed
    );

    let stopped = world.post(&link, "answer=stop").await;
    assert!(stopped.text.contains("You get no more mails from us"), "{}", stopped.text);
    assert_eq!(done(&world, "kim@acme.test", names::ANSWERED).await.len(), 2);
    assert_eq!(
        world.store().leads().named("kim@acme.test").await.unwrap().consent.state,
        ConsentState::Unsubscribed
    );
}

#[tokio::test]
async fn whatever_is_wrong_with_a_link_the_answer_is_the_same() {
    let world = World::new().await;
    let lead = world.lead("kim@acme.test", Value::Null).await;
    let delivery = world.mail(lead.id, 2).await;
    let good = world.link(Purpose::Offer, delivery, 0);
    let gone = world.get("/o/nonsense").await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert!(gone.text.contains("This link does not work"), "{}", gone.text);
    assert_guarded(&gone);

    let token = good.trim_start_matches("/o/");
    let mut bad: Vec<String> = Vec::new();
    for at in 0..token.len() {
        let flipped: String =
            token.chars().enumerate().map(|(i, c)| if i == at { other(c) } else { c }).collect();
        bad.push(format!("/o/{flipped}"));
        bad.push(format!("/o/{}", &token[..at.max(1)]));
    }
    // For another purpose, for a delivery that never was, for a mail without offer or survey, for no link.
    bad.extend(["u", "s", "c", "p"].map(|door| format!("/{door}/{token}")));
    bad.push(world.link(Purpose::Offer, rekindle_core::ids::DeliveryId(lead.id.0), 0));
    bad.push(world.link(Purpose::Survey, delivery, 0));
    bad.push(world.link(Purpose::Click, delivery, 4_000_000_000));
    bad.push(world.link(Purpose::Click, delivery, 77));
    bad.push("/u/%ff".to_owned());
    for path in bad {
        let answer = world.get(&path).await;
        assert_eq!((answer.status, &answer.text), (gone.status, &gone.text), "{path}");
        if !path.starts_with("/c/") {
            let answer = world.post(&path, "answer=stop").await;
            assert_eq!((answer.status, &answer.text), (gone.status, &gone.text), "POST {path}");
        }
    }
    assert_eq!(world.get(&good).await.status, StatusCode::OK);
    assert_eq!(world.store().leads().by_id(lead.id).await.unwrap().consent.state, ConsentState::Subscribed);
}

/// Another letter that stands for another bit that counts: the last one of a token holds two bits of padding.
fn other(c: char) -> char {
    match c {
        'A'..='P' => 'x',
        _ => 'B',
    }
}

#[tokio::test]
async fn a_click_leads_to_the_stored_address_and_nowhere_else_and_is_held() {
    let world = World::new().await;
    let lead = world.lead("kim@acme.test", Value::Null).await;
    let delivery = world.mail(lead.id, 0).await;
    let url = "https://www.example.com/whats-new?a=1&next=//evil.example";
    let link = world.click(delivery, url).await;
    let head = world.ask(Method::HEAD, &link, "").await;
    assert_eq!((head.status, head.header(header::LOCATION)), (StatusCode::FOUND, url));
    for tail in
        ["", "?url=https://evil.example", "?next=//evil.example", "?//evil.example/%0d%0aSet-Cookie:a=b"]
    {
        let answer = world.get(&format!("{link}{tail}")).await;
        assert_eq!((answer.status, answer.header(header::LOCATION)), (StatusCode::FOUND, url), "{tail}");
        assert_guarded(&answer);
    }
    assert!(
        done(&world, "kim@acme.test", names::CLICKED).await.is_empty(),
        "it counts when it was held long enough"
    );
    let fetches = world.store().fetches();
    let due = fetches.next_due().await.unwrap().unwrap();
    assert_eq!(due - world.clock.calendar(), HOLD);
    world.later(HOLD);
    let due = fetches.due(world.clock.calendar(), 10).await.unwrap();
    assert_eq!((due.people.len(), due.machines[0].sign), (4, Sign::Head));
    assert_eq!(due.people[0].properties["link"], url);

    let script = world.click(delivery, "javascript:alert(1)").await;
    assert_eq!(world.get(&script).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn links_outlive_their_keys_and_a_new_key_is_learnt_by_who_runs() {
    let world = World::new().await;
    let lead = world.lead("kim@acme.test", Value::Null).await;
    let delivery = world.mail(lead.id, 2).await;
    let elsewhere = rekindle_storage::Store::open(&world.url(), world.clock.clone()).await.unwrap();
    let mut links =
        vec![world.link(Purpose::Offer, delivery, 0), world.link(Purpose::Unsubscribe, delivery, 0)];
    for keys in 2..=4 {
        assert_eq!(elsewhere.rotate_link_key().await.unwrap(), keys);
        links.push(format!("/o/{}", elsewhere.ring().token(Purpose::Offer, delivery.0, 0)));
    }
    for link in &links {
        assert_eq!(world.get(link).await.status, StatusCode::OK, "{link}");
    }
    let newest = format!("/u/{}", elsewhere.ring().token(Purpose::Unsubscribe, delivery.0, 0));
    elsewhere.rotate_link_key().await.unwrap();
    assert_eq!(world.post(&newest, "").await.status, StatusCode::OK);
}

/// The open-redirect and naughty strings of the corpora beside the project do nothing, wherever they are written.
#[tokio::test]
async fn nothing_that_is_written_into_an_address_leads_elsewhere() {
    let corpora = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora/naughty/");
    let read = |file: &str| std::fs::read_to_string(format!("{corpora}{file}"));
    let (Ok(one), Ok(two), Ok(blns)) = (
        read("payloads/Open-Redirect__Intruder__Open-Redirect-payloads.txt"),
        read("payloads/Open-Redirect__Intruder__openredirects.txt"),
        read("blns/blns.json"),
    ) else {
        return eprintln!("skipped: the corpora are not here");
    };
    let blns: Vec<String> = serde_json::from_str(&blns).unwrap();
    let lines = one.lines().chain(two.lines()).map(ToOwned::to_owned);
    let payloads: Vec<String> = lines.chain(blns).filter(|payload| !payload.is_empty()).collect();
    assert!(payloads.len() > 700, "{}", payloads.len());
    let world = World::new().await;
    let lead = world.lead("kim@acme.test", Value::Null).await;
    let delivery = world.mail(lead.id, 0).await;
    let url = "https://www.example.com/whats-new";
    let link = world.click(delivery, url).await;
    let mut asked = 0;
    for payload in &payloads {
        let escaped: String = payload.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for path in [
            format!("{link}?url={escaped}"),
            format!("{link}?{escaped}"),
            format!("/c/{escaped}"),
            format!("{link}/{escaped}"),
        ] {
            let Ok(uri) = path.parse::<axum::http::Uri>() else { continue };
            let answer = world.get(&uri.to_string()).await;
            let leads_to = answer.header(header::LOCATION);
            assert!(leads_to.is_empty() || leads_to == url, "{payload:?} leads to {leads_to}");
            assert_eq!(leads_to == url, path.starts_with(&format!("{link}?")), "{payload:?}");
            asked += 1;
        }
    }
    assert!(asked > 2_000, "{asked}");
}

/// The folder in which unsubscribes wait while the database is away.
fn with_spool(mut world: World) -> (World, std::path::PathBuf) {
    let folder = world.dir.path().join("spool");
    world.doors.store = world.doors.store.clone().with_spool(&folder).unwrap();
    (world, folder)
}

#[tokio::test]
async fn u5_who_agreed_again_can_stop_again_with_the_same_mail() {
    let world = World::new().await;
    let lead = world.lead("kim@acme.test", Value::Null).await;
    let link = world.link(Purpose::Unsubscribe, world.mail(lead.id, 0).await, 0);
    let state = async || world.store().leads().by_id(lead.id).await.unwrap().consent.state;
    for _ in 0..2 {
        assert_eq!(world.post(&link, "").await.status, StatusCode::OK);
        assert_eq!(state().await, ConsentState::Unsubscribed);
        world.later(TimeDelta::days(1));
        let confirm = |scene: &rekindle_core::scene::Scene, now| {
            let mut change = scene.unchanged();
            let proof = Proof { source: "form".to_owned(), confirmed: true, ..Proof::default() };
            change.hear(scene, Record::yes("newsletter", now, proof).unwrap());
            Ok(change)
        };
        world.store().leads().decide(lead.id, &world.books, confirm).await.unwrap();
        assert_eq!(state().await, ConsentState::Subscribed);
    }
}

#[tokio::test]
async fn u8_while_the_database_is_away_the_wish_is_kept_on_the_disk_and_answered() {
    let (world, folder) = with_spool(World::new().await);
    let lead = world.lead("kim@acme.test", Value::Null).await;
    let link = world.link(Purpose::Unsubscribe, world.mail(lead.id, 0).await, 0);
    world.store().close().await.unwrap();
    assert_eq!(world.get(&link).await.status, StatusCode::OK, "the page is there");
    for _ in 0..2 {
        let stopped = world.post(&link, "List-Unsubscribe=One-Click").await;
        assert_eq!(stopped.status, StatusCode::OK);
        assert!(stopped.text.contains("You are unsubscribed"), "{}", stopped.text);
    }
    let kept: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(kept.len(), 1, "one wish, however often");
    // The next process finds it.
    let url = format!("sqlite://{}/r.db", world.dir.path().display());
    let store = rekindle_storage::Store::open(&url, world.clock.clone()).await.unwrap();
    let store = store.with_spool(&folder).unwrap();
    assert_eq!(store.empty_spool().await.unwrap(), 1);
    assert_eq!(store.leads().by_id(lead.id).await.unwrap().consent.state, ConsentState::Unsubscribed);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    // Where neither takes it, nothing is promised: the mail program comes again.
    std::fs::remove_dir(&folder).unwrap();
    assert_eq!(world.post(&link, "").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

/// Everything that is known of a lead and of its mail, but for clicks that are held.
async fn all_of(
    world: &World,
    lead: rekindle_core::ids::LeadId,
    offer: rekindle_core::ids::DeliveryId,
) -> String {
    let dossier = world.store().leads().dossier(lead).await.unwrap();
    let suppressed = world.store().leads().suppressed(std::slice::from_ref(&dossier.lead)).await.unwrap();
    let offer = world.store().offers().of(offer).await.unwrap();
    let taken = offer.and_then(|offer| offer.taken_at.or(offer.redeemed_at));
    format!("{dossier:?} {suppressed:?} {taken:?}")
}

/// In whatever order and number machines look, nothing changes; the choice of looks is drawn anew in each run.
#[tokio::test]
async fn u4_no_look_at_any_link_changes_anything() {
    let world = World::new().await;
    let lead = world.lead("kim@acme.test", Value::Null).await;
    let (breakup, offer, survey) =
        (world.mail(lead.id, 0).await, world.mail(lead.id, 2).await, world.mail(lead.id, 4).await);
    let mut links = vec![
        world.link(Purpose::Unsubscribe, breakup, 0),
        world.link(Purpose::Unsubscribe, survey, 0),
        world.link(Purpose::Preferences, survey, 0),
        world.link(Purpose::Offer, offer, 0),
        world.click(breakup, "https://www.example.com/whats-new").await,
    ];
    links.extend((0..4).map(|answer| world.link(Purpose::Survey, survey, answer)));
    let before = all_of(&world, lead.id, offer).await;
    let methods = [Method::GET, Method::HEAD, Method::OPTIONS];
    let looks = proptest::collection::vec((0..links.len(), 0..methods.len(), 0_i64..1_200), 120);
    let mut runner = proptest::test_runner::TestRunner::default();
    let drawn = proptest::strategy::Strategy::new_tree(&looks, &mut runner).unwrap();
    for (link, method, seconds) in proptest::strategy::ValueTree::current(&drawn) {
        world.later(TimeDelta::seconds(seconds));
        let answer = world.ask(methods[method].clone(), &links[link], "").await;
        assert!(!answer.status.is_server_error(), "{} {}: {}", methods[method], links[link], answer.status);
        assert_eq!(all_of(&world, lead.id, offer).await, before, "{} {}", methods[method], links[link]);
    }
}
