//! Double opt-in: a form allows nothing but one mail that asks back, and only the button behind that mail is consent.

use crate::world::{Answer, World, playbook};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{Method, Request, StatusCode, header},
};
use chrono::TimeDelta;
use rekindle_core::{
    activity::names,
    consent::{ConsentState, Record, Says},
    delivery::{Delivery, MailKind},
    link::Purpose,
};
use rekindle_web::forms::form_pages;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tower::ServiceExt;

const SITE: &str = "https://www.acme.test";

async fn world() -> World {
    let world = World::new().await;
    let mut files = playbook();
    let forms = include_str!("../../../../config/playbook/forms.toml");
    let open = format!("origins = [\"{SITE}\"]\nthanks = \"{SITE}/thanks\"\n");
    files.insert("forms.toml".to_owned(), format!("{forms}{open}"));
    world.store().apply_playbook(&files).await.unwrap();
    world
}

async fn send(router: Router, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::USER_AGENT, "Firefox")
        .header("x-forwarded-for", "198.51.100.9, 203.0.113.7");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let proxy = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 40_000)));
    let request = request.extension(proxy).body(Body::from(body.to_owned())).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let text = String::from_utf8(to_bytes(body, 1_000_000).await.unwrap().to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, text }
}

/// Fills in the form as a person does: the page is opened, and some time later sent.
async fn fill_in(world: &World, email: &str, more: &str) -> Answer {
    let page = send(form_pages(world.doors.clone()), Method::GET, "/f/newsletter", &[], "").await;
    assert_eq!(page.status, StatusCode::OK);
    let began = page.text.split("name=\"began\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    world.later(TimeDelta::seconds(20));
    let body = format!("email={email}&began={began}&website=&{more}");
    send(form_pages(world.doors.clone()), Method::POST, "/f/newsletter", &[("origin", "null")], &body).await
}

async fn confirmations(world: &World) -> Vec<Delivery> {
    let all = world.store().outbox().list(&[], 1000).await.unwrap();
    all.into_iter().map(|one| one.delivery).filter(|mail| mail.kind == MailKind::Confirmation).collect()
}

async fn consents(world: &World, email: &str) -> Vec<Record> {
    let lead = world.store().leads().named(email).await.unwrap();
    world.store().leads().dossier(lead.id).await.unwrap().consents
}

#[tokio::test]
async fn threats_4_1_4_any_number_of_forms_for_one_address_is_one_mail() {
    let world = world().await;
    let rounds = if std::env::var_os("REKINDLE_LONG").is_some() { 10_000 } else { 150 };
    let known = world.lead("known@acme.test", Value::Null).await;
    let first = fill_in(&world, "kim@acme.test", "firstName=Kim").await;
    assert_eq!(first.status, StatusCode::OK);
    for round in 0..rounds {
        // In every spelling, and by what a page of the site sends at once.
        let email = ["kim@acme.test", "KIM@Acme.test", "%20kim@acme.test"][round % 3];
        let body = format!("email={email}&firstName=Kim{round}");
        let router = form_pages(world.doors.clone());
        let answer = send(router, Method::POST, "/f/newsletter", &[("origin", SITE)], &body).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(confirmations(&world).await.len(), 1);
    // The same answer for an address that we know, one that we do not, and one that was just asked.
    let (same, other) =
        (fill_in(&world, "known@acme.test", "").await, fill_in(&world, "new@acme.test", "").await);
    let again = fill_in(&world, "kim@acme.test", "").await;
    assert!([&same, &other, &again].iter().all(|a| (a.status, &a.text) == (first.status, &first.text)));
    assert_eq!(confirmations(&world).await.len(), 3);
    assert_eq!(world.store().leads().by_id(known.id).await.unwrap().name, known.name);
    let kim = world.store().leads().named("kim@acme.test").await.unwrap();
    assert_eq!(kim.first_name.as_deref(), Some("Kim"), "what was told first stands");
    let did = world.store().leads().dossier(kim.id).await.unwrap().activities;
    assert_eq!(did.iter().filter(|activity| activity.name == names::SUBMITTED).count(), 1);
}

#[tokio::test]
async fn a_machine_is_too_fast_or_fills_in_what_nobody_sees() {
    let world = world().await;
    let page = send(form_pages(world.doors.clone()), Method::GET, "/f/newsletter", &[], "").await;
    assert!(page.text.contains("I can stop it with one click"), "the wording: {}", page.text);
    assert_eq!(page.header(header::REFERRER_POLICY), "no-referrer");
    let began =
        page.text.split("name=\"began\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let post = |body: String| {
        let router = form_pages(world.doors.clone());
        async move { send(router, Method::POST, "/f/newsletter", &[], &body).await }
    };
    for began in [began.as_str(), "", "nonsense"] {
        let answer = post(format!("email=kim@acme.test&firstName=Kim&began={began}")).await;
        assert!(
            answer.text.contains("One more press") && answer.text.contains("value=\"Kim\""),
            "{}",
            answer.text
        );
    }
    world.later(TimeDelta::seconds(20));
    let trapped = post(format!("email=kim@acme.test&began={began}&website=x")).await;
    assert!(trapped.text.contains("Please look into your mail"), "it learns nothing");
    let wrong = post(format!("email=kim&began={began}")).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(wrong.text.contains("look at the address again"));
    world.later(TimeDelta::days(2));
    assert!(
        post(format!("email=kim@acme.test&began={began}")).await.text.contains("One more press"),
        "an old page"
    );
    assert_eq!(confirmations(&world).await, []);
    assert!(world.store().leads().named("kim@acme.test").await.is_err(), "nothing of it was kept");
    let unknown = send(form_pages(world.doors.clone()), Method::GET, "/f/other", &[], "").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_the_sites_that_a_form_names_may_post_to_it() {
    let world = world().await;
    for (origin, status) in [
        (SITE, StatusCode::SEE_OTHER),
        ("https://evil.example", StatusCode::FORBIDDEN),
        ("https://www.acme.test.evil.example", StatusCode::FORBIDDEN),
    ] {
        let router = form_pages(world.doors.clone());
        let body = "email=kim@acme.test";
        let answer = send(router, Method::POST, "/f/newsletter", &[("origin", origin)], body).await;
        assert_eq!(answer.status, status, "{origin}");
        let readable = answer.headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        assert_eq!(readable.map(|v| v.to_str().unwrap()), (origin == SITE).then_some(SITE));
        assert!(!answer.headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
        if origin == SITE {
            assert_eq!(answer.header(header::LOCATION), format!("{SITE}/thanks"));
        }
    }
    let script = [("origin", SITE), ("accept", "application/json")];
    let router = form_pages(world.doors.clone());
    let answer = send(router, Method::POST, "/f/newsletter", &script, "email=lee@acme.test").await;
    assert_eq!(serde_json::from_str::<Value>(&answer.text).unwrap(), json!({"success": true}));
}

#[tokio::test]
async fn l3_only_the_button_behind_the_mail_is_consent_and_its_proof_is_kept() {
    let world = world().await;
    // Whatever the form carries, it agrees to nothing (threats 4.1.3).
    fill_in(&world, "kim@acme.test", "consent=true&consent[state]=subscribed&firstName=Kim").await;
    assert_eq!(consents(&world, "kim@acme.test").await, []);
    let mail = confirmations(&world).await.remove(0);
    let token = world.store().ring().token(Purpose::Confirm, mail.id.0, 0);
    let link = format!("/y/{token}");
    let ask = |method: Method, path: String| {
        let router = form_pages(world.doors.clone());
        async move { send(router, method, &path, &[], "").await }
    };
    for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::GET] {
        let looked = ask(method, link.clone()).await;
        assert!(!looked.status.is_server_error());
    }
    assert!(ask(Method::GET, link.clone()).await.text.contains("Somebody asked for our newsletter"));
    assert_eq!(consents(&world, "kim@acme.test").await, [], "a look confirms nothing");
    world.later(TimeDelta::hours(3));
    for _ in 0..2 {
        let done = ask(Method::POST, link.clone()).await;
        assert_eq!(done.status, StatusCode::OK);
        assert!(done.text.contains("You are in"), "{}", done.text);
    }
    let kept = consents(&world, "kim@acme.test").await;
    assert_eq!(kept.len(), 1);
    let proof = &kept[0].proof;
    assert!(matches!(kept[0].says, Says::Yes { expires_at: None, .. }) && proof.confirmed);
    assert_eq!((proof.form.as_deref(), proof.wording.as_deref()), (Some("newsletter"), Some("2026-11")));
    assert_eq!((proof.ip.as_deref(), proof.user_agent.as_deref()), (Some("203.0.113.7"), Some("Firefox")));
    assert_eq!(
        world.store().leads().named("kim@acme.test").await.unwrap().consent.state,
        ConsentState::Subscribed
    );
    let kim = world.store().leads().named("kim@acme.test").await.unwrap();
    let forged = world.store().ring().token(Purpose::Confirm, kim.id.0, 0);
    for bad in [forged, world.store().ring().token(Purpose::Unsubscribe, mail.id.0, 0)] {
        for method in [Method::GET, Method::POST] {
            assert_eq!(ask(method, format!("/y/{bad}")).await.status, StatusCode::NOT_FOUND);
        }
    }
}

#[tokio::test]
async fn who_stopped_can_come_back_by_the_form_and_nobody_else_can_bring_them() {
    let world = world().await;
    let kim = world.lead("kim@acme.test", Value::Null).await;
    let out = world.link(Purpose::Unsubscribe, world.mail(kim.id, 0).await, 0);
    world.post(&out, "").await;
    fill_in(&world, "kim@acme.test", "").await;
    let state = async || world.store().leads().by_id(kim.id).await.unwrap().consent.state;
    assert_eq!(state().await, ConsentState::Unsubscribed);
    let mail = confirmations(&world).await.remove(0);
    let link = format!("/y/{}", world.store().ring().token(Purpose::Confirm, mail.id.0, 0));
    send(form_pages(world.doors.clone()), Method::POST, &link, &[], "").await;
    assert_eq!(state().await, ConsentState::Subscribed);
    // The old yes is used up: it does not undo a later no.
    world.later(TimeDelta::days(1));
    world.post(&out, "").await;
    send(form_pages(world.doors.clone()), Method::POST, &link, &[], "").await;
    assert_eq!(state().await, ConsentState::Unsubscribed);
}
