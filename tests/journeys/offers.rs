//! An offer's code is good once and until its day is over, whoever asks at once; and the shop's own program is told.

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use rekindle_core::{
    activity::{Trust, names},
    ids::LeadId,
    webhook::signature,
};
use rekindle_storage::{keys::WriteKey, offers::Redemption};
use rekindle_tests::{
    indoors::{Ask, Indoors},
    on_both,
    stores::Home,
};
use rekindle_web::webhooks::{Settings, Webhooks};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

on_both!(
    of_fifty_who_redeem_at_once_one_does,
    of_fifty_who_take_at_once_one_is_told_it_is_the_first,
    a_code_is_good_until_its_day_is_over,
    the_shop_is_told_until_it_listens,
);

/// A lead who got the offer: its page, and its code.
async fn offered(home: Home) -> (Indoors, LeadId, String, String) {
    let mut house = Indoors::of(home).await;
    let kim = house.subscriber("kim@lead.test").await;
    house.live(TimeDelta::days(38)).await;
    assert_eq!(house.relay.len(), 2, "breakup, offer");
    let mail = house.relay.kept().remove(1);
    let page = Indoors::addresses(&mail.message).into_iter().find(|link| link.contains("/o/")).unwrap();
    let text = mail_parser::MessageParser::default()
        .parse(&mail.message)
        .unwrap()
        .body_text(0)
        .unwrap()
        .into_owned();
    let code = text.lines().find_map(|line| line.trim().strip_prefix("Your code: ")).unwrap().to_owned();
    (house, kim, page, code)
}

async fn key(house: &Indoors, name: &str, trust: Trust) -> String {
    let key = WriteKey { name: name.to_owned(), trust, origins: Vec::new(), basis: None };
    house.store.keys().make(key).await.unwrap()
}

async fn redeem(house: &Indoors, key: &str, code: &str) -> (StatusCode, Value) {
    let body = json!({"code": code}).to_string();
    let basic = format!("Basic {}", STANDARD.encode(format!("{key}:")));
    let page = house.ask(Ask::post("/v1/offers/redeem", &body).with_authorization(&basic)).await;
    (page.status, serde_json::from_str(&page.text).unwrap())
}

async fn of_fifty_who_redeem_at_once_one_does(home: Home) {
    let (house, kim, _, code) = offered(home).await;
    let other = house.home.open().await;
    let mut asking = JoinSet::new();
    for number in 0..50 {
        let store = if number % 2 == 0 { house.store.clone() } else { other.clone() };
        let code = code.clone();
        asking.spawn(async move { store.offers().redeem(&code, "shop").await.unwrap() });
    }
    let all = asking.join_all().await;
    let won = all.iter().filter(|redemption| matches!(redemption, Redemption::Redeemed(_))).count();
    let late = all.iter().filter(|redemption| matches!(redemption, Redemption::Before(_))).count();
    assert_eq!((won, late), (1, 49));
    // Through the door: used before, and it stands with the lead once.
    let shop = key(&house, "shop", Trust::Server).await;
    assert_eq!(redeem(&house, &shop, &code).await.0, StatusCode::CONFLICT);
    assert_eq!(redeem(&house, &shop, &code.to_lowercase().replace('-', " ")).await.0, StatusCode::CONFLICT);
    let did = house.dossier(kim).await.activities;
    assert_eq!(did.iter().filter(|activity| activity.name == names::REDEEMED).count(), 1);
}

async fn of_fifty_who_take_at_once_one_is_told_it_is_the_first(home: Home) {
    let (house, kim, page, code) = offered(home).await;
    let house = Arc::new(house);
    let mut asking = JoinSet::new();
    for _ in 0..50 {
        let (house, page) = (house.clone(), page.clone());
        asking.spawn(async move { house.ask(Ask::post(&page, "")).await });
    }
    let all = asking.join_all().await;
    assert!(
        all.iter().all(|page| page.status == StatusCode::OK && page.text.contains(&code)),
        "each sees the code"
    );
    let calls = house.store.webhooks().due(100).await.unwrap();
    assert_eq!(calls.iter().filter(|call| call.event == "offer.taken").count(), 1, "one took it");
    let did = house.dossier(kim).await.activities;
    assert_eq!(did.iter().filter(|activity| activity.name == names::ACCEPTED).count(), 1);
}

async fn a_code_is_good_until_its_day_is_over(home: Home) {
    let (house, _, page, code) = offered(home).await;
    let (shop, site) = (key(&house, "shop", Trust::Server).await, key(&house, "site", Trust::Browser).await);
    let (status, told) = redeem(&house, &site, &code).await;
    assert_eq!((status, &told["error"]["code"]), (StatusCode::FORBIDDEN, &json!("browser_key")));
    assert_eq!(redeem(&house, "wk_nobody", &code).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(redeem(&house, &shop, "0000-0000-0000").await.0, StatusCode::NOT_FOUND);
    assert_eq!(redeem(&house, &shop, "what?").await.0, StatusCode::NOT_FOUND);
    let offers = house.store.offers();
    let delivery = house.store.outbox().list(&[], 10).await.unwrap();
    let delivery = delivery.into_iter().find(|waiting| waiting.delivery.mail == "offer").unwrap().delivery;
    let offer = offers.of(delivery.id).await.unwrap().unwrap();
    let shown = house.ask(Ask::get(&page)).await.text;
    let last = (offer.over_at - TimeDelta::seconds(1)).format("%-d %B %Y").to_string();
    assert!(shown.contains(&last), "the page names the last day, {last}: {shown}");
    house.home.clock().set_calendar(offer.over_at);
    assert_eq!(redeem(&house, &shop, &code).await.0, StatusCode::GONE);
    assert_eq!(house.ask(Ask::get(&page)).await.status, StatusCode::GONE);
    house.home.clock().set_calendar(offer.over_at - TimeDelta::seconds(1));
    let (status, told) = redeem(&house, &shop, &code).await;
    assert_eq!((status, &told["code"]), (StatusCode::OK, &json!(code)), "in its last second");
}

/// What the shop heard: headers and bodies; and what it answers next.
#[derive(Clone, Default)]
struct Shop {
    heard: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    answers: Arc<Mutex<Vec<StatusCode>>>,
}

async fn hear(
    State(shop): State<Shop>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, &'static str); 1]) {
    shop.heard.lock().unwrap().push((headers, String::from_utf8(body.to_vec()).unwrap()));
    let status = shop.answers.lock().unwrap().pop().unwrap_or(StatusCode::NO_CONTENT);
    (status, [("location", "http://169.254.169.254/latest/meta-data")])
}

async fn the_shop_is_told_until_it_listens(home: Home) {
    let (house, _, _, code) = offered(home).await;
    let shop = Shop::default();
    *shop.answers.lock().unwrap() = vec![StatusCode::FOUND, StatusCode::INTERNAL_SERVER_ERROR];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/rekindle", listener.local_addr().unwrap()).parse().unwrap();
    let router = Router::new().route("/rekindle", post(hear)).with_state(shop.clone());
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, router).await });
    let key = b"0123456789abcdef0123456789abcdef".to_vec();
    let settings = Settings { url, key: key.clone(), inside: true };
    let stop = CancellationToken::new();
    let calling = Webhooks::new(house.store.clone(), settings).unwrap();
    let until = stop.clone();
    serving.spawn(async move {
        calling.run(until).await;
        Ok(())
    });
    assert!(matches!(house.store.offers().redeem(&code, "shop").await.unwrap(), Redemption::Redeemed(_)));
    let heard = |count: usize| {
        let shop = shop.clone();
        async move {
            for _ in 0..600 {
                if shop.heard.lock().unwrap().len() >= count {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            panic!("the shop heard {} calls", shop.heard.lock().unwrap().len());
        }
    };
    heard(1).await;
    // An error, a redirect that is not followed, and then it is taken.
    for (waits, count) in [(TimeDelta::seconds(7), 2), (TimeDelta::minutes(7), 3)] {
        tried(&house, count - 1).await;
        house.home.clock().forward(waits);
        heard(count).await;
    }
    tried(&house, 3).await;
    house.home.clock().forward(TimeDelta::days(9));
    assert!(house.store.webhooks().due(10).await.unwrap().is_empty(), "taken is taken");
    let heard = shop.heard.lock().unwrap().clone();
    assert_eq!(heard.len(), 3);
    for (headers, body) in &heard {
        let header = |name: &str| headers[name].to_str().unwrap();
        assert_eq!(header("webhook-id"), heard[0].0["webhook-id"].to_str().unwrap(), "the same call");
        let made = signature(&key, header("webhook-id"), header("webhook-timestamp").parse().unwrap(), body);
        assert_eq!(header("webhook-signature"), made);
        let told: Value = serde_json::from_str(body).unwrap();
        assert_eq!((&told["type"], &told["data"]["code"]), (&json!("offer.redeemed"), &json!(code)));
        assert_eq!(told["data"]["email"], "kim@lead.test");
    }
    stop.cancel();
}

/// Waits until the outcome of so many tries is written.
async fn tried(house: &Indoors, tries: usize) {
    let shoulder = house.home.shoulder().await;
    for _ in 0..600 {
        if shoulder.number("SELECT CAST(max(tries) AS BIGINT) FROM webhook_call").await
            >= i64::try_from(tries).unwrap()
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the outcome of try {tries} was never written");
}
