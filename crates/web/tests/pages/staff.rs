//! What the team reads, and who may decide.

use crate::world::{World, send};
use axum::{
    Router,
    http::{Method, StatusCode, header},
};
use rekindle_core::{
    activity::Kind,
    delivery::Event,
    ids::LeadId,
    prediction::{Band, Judgement, Prediction, Spoken},
    team::Role,
};
use rekindle_storage::models::New;
use rekindle_storage::outbox::{Fate, Passage, Rules, Ticket};
use rekindle_web::{assets, signed_out_page, signin_page, staff_pages};
use serde_json::{Value, json};

const EVIL: &str = "<script>alert(1)</script>\"'>{{7*7}}";

#[tokio::test]
async fn nobody_reads_anything_without_being_known() {
    let world = World::new().await;
    let lead = world.lead("kim@acme.test", Value::Null).await;
    let paths = [
        "/",
        "/overview.csv",
        "/leads",
        &format!("/leads/{}", lead.id),
        "/segments",
        "/segments.csv?q=hot",
        "/mail",
        "/mail/x.eml",
        "/mail/x.eml/html",
        "/templates",
        "/templates/breakup",
        "/templates/breakup/html",
    ];
    for path in paths {
        let answer = send(staff_pages(world.doors.clone()), Method::GET, path, "text/plain", "").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(answer.text.contains("You are signed out") && !answer.text.contains("kim"), "{path}");
    }
    let router = staff_pages(world.doors.clone());
    let answer =
        send(router, Method::POST, "/deliveries/x", "application/x-www-form-urlencoded", "verdict=drop")
            .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let mut gone = world.member("Ana", Role::Admin).await;
    gone.active = false;
    assert_eq!(world.as_member(&gone, Method::GET, "/", "").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_pages_say_what_is_known_and_run_nothing_that_a_lead_wrote() {
    let world = World::new().await;
    let more = json!({ "name": EVIL, "company": EVIL, "title": "Director", "country": "US", "note": EVIL });
    let lead = world.lead("kim@acme.test", more).await;
    for path in ["/pricing", "/pricing/enterprise", EVIL] {
        world.told("kim@acme.test", Kind::Page, "Page Viewed", Some(path), json!({})).await;
    }
    world.told("kim@acme.test", Kind::Track, "Demo Requested", None, json!({})).await;
    world.told("kim@acme.test", Kind::Track, EVIL, None, json!({ "link": EVIL })).await;
    world.mail(lead.id, 0).await;
    let ana = world.member("Ana", Role::Viewer).await;

    let page = world.as_member(&ana, Method::GET, &format!("/leads/{}", lead.id), "").await;
    assert_eq!(page.status, StatusCode::OK);
    for known in [
        "Demo Requested",
        "webinar form 2026",
        "re-engagement",
        "breakup",
        "05:42, America/New York",
        "11:42",
    ] {
        assert!(page.text.contains(known), "{known} is missing: {}", page.text);
    }
    let dashboard = world.as_member(&ana, Method::GET, "/", "").await;
    assert!(dashboard.text.contains("data-figure=\"leads_total\">1<"), "{}", dashboard.text);
    assert!(dashboard.text.contains("<svg class=\"picture\"") && dashboard.text.contains("Ana</b> viewer"));
    let leads = world.as_member(&ana, Method::GET, "/leads?q=kim", "").await;
    assert!(leads.text.contains("1 lead") && leads.text.contains(&lead.id.to_string()), "{}", leads.text);
    let nobody = world.as_member(&ana, Method::GET, "/leads?q=%3Cscript%3E%22nobody", "").await;
    assert!(
        nobody.text.contains("No lead matches") && !nobody.text.contains("<script>\"nobody"),
        "{}",
        nobody.text
    );
    for odd in
        ["/leads?page=-1", "/leads?page=99999999999999999999", "/leads?q=%ff", "/leads?page=900000&q=%00"]
    {
        assert_eq!(world.as_member(&ana, Method::GET, odd, "").await.status, StatusCode::OK, "{odd}");
    }
    for answer in [&page, &dashboard, &leads, &nobody] {
        assert!(!answer.text.contains("<script") && !answer.text.contains(" style="), "{}", answer.text);
        let policy = answer.header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{policy}");
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
        assert_eq!(answer.header(header::REFERRER_POLICY), "same-origin", "or a form's origin would be null");
    }
    let csv = world.as_member(&ana, Method::GET, "/overview.csv", "").await;
    assert_eq!(csv.header(header::CONTENT_TYPE), "text/csv; charset=utf-8");
    assert!(csv.text.contains("leads by consent,subscribed,1\r\n"), "{}", csv.text);

    for gone in [
        format!("/leads/{}", LeadId(ana.id.0)),
        "/leads/nonsense".to_owned(),
        "/mail/..%2f..%2fr.db".to_owned(),
    ] {
        let answer = world.as_member(&ana, Method::GET, &gone, "").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{gone}");
        assert!(answer.text.contains("There is no "), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_leads_page_says_what_the_grade_is_made_of_who_else_is_there_and_how_they_moved() {
    let world = World::new().await;
    let lead = world.lead("kim@acme.test", json!({ "name": "Kim", "title": "Director" })).await;
    world.lead("bo@acme.test", json!({ "name": "Bo" })).await;
    world.told("kim@acme.test", Kind::Page, "Page Viewed", Some("/pricing"), json!({})).await;
    let predicted = Prediction {
        lead: lead.id,
        chance: 0.82,
        reasons: Spoken { pro: vec!["director".to_owned()], contra: vec![EVIL.to_owned()] },
        version: model(&world).await,
        at: world.store().clock().calendar(),
    };
    world.store().predictions().keep(&[predicted]).await.unwrap();
    let ana = world.member("Ana", Role::Sales).await;
    let page = world.as_member(&ana, Method::GET, &format!("/leads/{}", lead.id), "").await.text;
    for said in [
        "A3: fit 10 (A from 10), engagement 20 (2 from 25)",
        "2 people from acme.test, 1 active",
        "82 % likely (director; but &#60;script&#62;",
        "says model 1, just now",
        "<b>journey</b> from awareness to decision",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
}

#[tokio::test]
async fn the_dashboard_shows_how_far_to_trust_what_is_predicted() {
    let world = World::new().await;
    let ana = world.member("Ana", Role::Viewer).await;
    let before = world.as_member(&ana, Method::GET, "/", "").await.text;
    assert!(before.contains("Nothing is predicted yet: 0 outcomes are known, 200 are needed"), "{before}");
    model(&world).await;
    let page = world.as_member(&ana, Method::GET, "/", "").await.text;
    assert_eq!(page.matches("class=\"dot\"").count(), 2, "{page}");
    assert!(page.contains("60 % was said of 100 leads; 60 were won: 60 % (in 95 of 100 cases 50 % to 69 %)"));
    assert!(page.contains("<li>AUC 0.80: ") && !page.contains("Nothing is predicted"), "{page}");
}

/// A model is in force that was asked about 200 outcomes, and right; its number.
async fn model(world: &World) -> i64 {
    let band = |said, won| Band { said, leads: 100, won };
    let judged = Judgement {
        outcomes: 200,
        won: 70,
        auc: 0.8,
        brier: 0.15,
        bands: vec![band(0.1, 10), band(0.6, 60)],
    };
    let at = world.store().clock().calendar();
    let new = New { by: "schedule", since: at, judged: &judged, why_not: None, learnt: "{}" };
    world.store().models().keep(new).await.unwrap().version
}

#[tokio::test]
async fn leads_come_a_page_at_a_time() {
    let world = World::new().await;
    for n in 0..51 {
        world.lead(&format!("lead{n}@acme.test"), Value::Null).await;
    }
    let ana = world.member("Ana", Role::Sales).await;
    let first = world.as_member(&ana, Method::GET, "/leads?q=acme.test", "").await;
    assert_eq!(first.text.matches("data-lead=").count(), 50);
    let next = "/leads?q=acme.test&amp;page=2";
    assert!(first.text.contains(next) && !first.text.contains("rel=\"prev\""), "{}", first.text);
    let second = world.as_member(&ana, Method::GET, "/leads?q=acme.test&page=2", "").await;
    assert_eq!(second.text.matches("data-lead=").count(), 1);
    assert!(second.text.contains("page=1\" rel=\"prev\"") && !second.text.contains("rel=\"next\""));
}

#[tokio::test]
async fn a_question_has_a_page_and_a_file() {
    let world = World::new().await;
    world.lead("kim@acme.test", json!({ "name": EVIL, "company": "=1+1", "title": "Director" })).await;
    world.lead("bo@acme.test", json!({ "title": "Clerk" })).await;
    let (mia, sam) = (world.member("Mia", Role::Marketing).await, world.member("Sam", Role::Sales).await);
    let asked = world.as_member(&mia, Method::GET, "/segments?q=title+matches+director", "").await;
    assert!(asked.text.contains("data-figure=\"segment_leads\">1<"), "{}", asked.text);
    assert!(
        asked.text.contains("/segments.csv?q=title") && !asked.text.contains("<script"),
        "{}",
        asked.text
    );
    let wrong = world.as_member(&sam, Method::GET, "/segments?q=titel+matches+director", "").await;
    assert!(wrong.text.contains("did you mean title?") && wrong.text.contains("^^^^^"), "{}", wrong.text);
    assert!(wrong.text.contains("gone quiet"), "all that are named stand there: {}", wrong.text);
    let file = world.as_member(&mia, Method::GET, "/segments.csv?q=directors", "").await;
    assert_eq!(file.header(header::CONTENT_TYPE), "text/csv; charset=utf-8");
    let lines: Vec<&str> = file.text.lines().collect();
    assert_eq!(lines.len(), 2, "{}", file.text);
    assert!(lines[1].contains("kim@acme.test,'=1+1,Director,"), "{}", file.text);
    let refused = world.as_member(&sam, Method::GET, "/segments.csv?q=directors", "").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn only_who_runs_campaigns_decides_about_deliveries_and_the_audit_knows() {
    let world = World::new().await;
    let lead = world.lead("kim@acme.test", Value::Null).await;
    let delivery = world.mail(lead.id, 0).await;
    let path = format!("/deliveries/{delivery}");
    let (sam, mia) = (world.member("Sam", Role::Sales).await, world.member("Mia", Role::Marketing).await);
    let not_allowed = world.as_member(&sam, Method::POST, &path, "verdict=drop").await;
    assert_eq!(not_allowed.status, StatusCode::FORBIDDEN);
    assert!(not_allowed.text.contains("Your role is sales"), "{}", not_allowed.text);
    let known = world.as_member(&mia, Method::POST, &path, "verdict=drop").await;
    assert_eq!(known.status, StatusCode::CONFLICT);
    assert!(known.text.contains("This delivery is pending"), "{}", known.text);
    let typo = world.as_member(&mia, Method::POST, &path, "verdict=agian").await;
    assert_eq!(typo.status, StatusCode::BAD_REQUEST);
    assert!(typo.text.contains("again") && typo.text.contains("Not understood"), "{}", typo.text);

    make_unknown(&world).await;
    let seen = world.as_member(&sam, Method::GET, "/", "").await;
    assert!(
        seen.text.contains("Sent, or not sent?") && !seen.text.contains("value=\"drop\""),
        "{}",
        seen.text
    );
    let seen = world.as_member(&mia, Method::GET, "/", "").await;
    assert!(seen.text.contains(&format!("action=\"{path}\"")), "{}", seen.text);
    let dropped = world.as_member(&mia, Method::POST, &path, "verdict=drop").await;
    assert_eq!((dropped.status, dropped.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/"));
    let state = world.store().links().delivery(delivery).await.unwrap().unwrap().state;
    assert_eq!(state.word(), "canceled");

    let audit = world.store().audited(None, 10).await.unwrap();
    let said: Vec<_> = audit.iter().map(|entry| (entry.actor.as_str(), entry.result.as_str())).collect();
    assert_eq!(said, [("mia", "ok"), ("mia", "usage"), ("mia", "not_unknown"), ("sam", "not_allowed")]);
    assert_eq!(audit[0].lead, Some(lead.id));
    assert!(audit[0].deed.ends_with(" drop"), "{:?}", audit[0]);
}

/// The relay takes the dot and never answers.
async fn make_unknown(world: &World) {
    let outbox = world.store().outbox();
    let sender = outbox.enlist().await.unwrap();
    let claimed = outbox.claim(&sender, 10).await.unwrap();
    let tickets: Vec<Ticket> = claimed.iter().map(|c| c.ticket).collect();
    let rules = Rules { playbooks: &world.books, zone: world.doors.settings.zone, warming: None };
    let passed = outbox.pass(&sender, &tickets, &[], rules).await.unwrap();
    assert_eq!(passed, [Passage::Go]);
    let lost = Fate { ticket: tickets[0], event: Event::Lost, answer: "the line was cut".to_owned() };
    outbox.pass(&sender, &[], &[lost], rules).await.unwrap();
}

#[tokio::test]
async fn a_mail_is_shown_where_it_can_do_nothing() {
    let world = World::new().await;
    let ana = world.member("Ana", Role::Viewer).await;
    let none = world.as_member(&ana, Method::GET, "/mail", "").await;
    assert!(none.text.contains("No mail yet"), "{}", none.text);

    let folder = world.dir.path().join("mail");
    std::fs::create_dir(&folder).unwrap();
    let html = format!(
        "<html><head><title>x</title></head><body>{EVIL}<a href=\"https://go.acme.test/c/TOKEN\">Keep my <b>file</b></a></body></html>"
    );
    let mail = format!(
        "From: Mia <mia@acme.test>\r\nTo: Kim <kim@acme.test>\r\nSubject: {EVIL}\r\nMessage-ID: <one@acme.test>\r\nX-Folded: one\r\n two\r\n\
         Date: Mon, 23 Nov 2026 10:42:00 +0000\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"
    );
    std::fs::write(folder.join("one@acme.test.eml"), mail).unwrap();
    let page = world.as_member(&ana, Method::GET, "/mail/one@acme.test.eml", "").await;
    assert_eq!(page.status, StatusCode::OK);
    for known in [
        "Kim &#60;kim@acme.test&#62;",
        "one two",
        "Keep my file",
        "https://go.acme.test/c/TOKEN",
        "23 Nov 2026, 11:42",
    ] {
        assert!(page.text.contains(known), "{known} is missing: {}", page.text);
    }
    assert!(!page.text.contains("<script"), "{}", page.text);
    assert!(page.text.contains("src=\"/mail/one%40acme.test.eml/html\""), "{}", page.text);

    let preview = world.as_member(&ana, Method::GET, "/mail/one%40acme.test.eml/html", "").await;
    assert!(preview.text.contains("<head><base target=\"_blank\"><title>"), "{}", preview.text);
    let policy = preview.header(header::CONTENT_SECURITY_POLICY);
    assert!(policy.contains("sandbox allow-popups") && !policy.contains("allow-scripts"), "{policy}");
    assert!(policy.contains("frame-ancestors 'self'") && !policy.contains("script-src"), "{policy}");
}

#[tokio::test]
async fn files_are_kept_by_browsers_and_asked_about() {
    for name in ["pages.css", "signin.js", "logo.svg"] {
        let path = format!("/assets/{name}");
        let file = send(assets(), Method::GET, &path, "text/plain", "").await;
        assert_eq!(file.status, StatusCode::OK, "{name}");
        assert!(file.header(header::CACHE_CONTROL).contains("max-age"), "{name}");
        let request =
            axum::http::Request::get(&path).header(header::IF_NONE_MATCH, file.header(header::ETAG));
        let again =
            tower::ServiceExt::oneshot(assets(), request.body(axum::body::Body::empty()).unwrap()).await;
        assert_eq!(again.unwrap().status(), StatusCode::NOT_MODIFIED, "{name}");
    }
    let none = send(assets(), Method::GET, "/assets/..%2fCargo.toml", "text/plain", "").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_door_says_who_comes_in_and_how() {
    let door = || async { signin_page("Ana <3", "/in/TOKEN") };
    let out = || async { signed_out_page() };
    let router = Router::new().route("/in", axum::routing::get(door)).route("/out", axum::routing::get(out));
    let page = send(router.clone(), Method::GET, "/in", "text/plain", "").await;
    assert!(
        page.text.contains("Sign in as Ana &#60;3") && page.text.contains("action=\"/in/TOKEN\""),
        "{}",
        page.text
    );
    assert!(page.header(header::CONTENT_SECURITY_POLICY).contains("script-src 'self'"));
    let page = send(router, Method::GET, "/out", "text/plain", "").await;
    assert!(page.text.contains("rekindle link YOUR-NAME"));
}
