//! Machines are not people: a filter that fetches every address of every mail makes nobody hot and decides nothing for anybody,
//! and a person who clicks is heard all the same.

use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use rekindle_core::{
    activity::{Kind, names},
    consent::ConsentState,
    ids::LeadId,
    lead::Nurture,
    score::Limit,
};
use rekindle_tests::{
    indoors::{Ask, BROWSER, Indoors},
    on_both,
    stores::Home,
};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

on_both!(
    a_person_who_clicks_is_heard,
    mautic_16263_a_bait_that_is_taken_later_takes_back_the_click_that_counted,
    m1_an_open_is_told_where_that_is_on_and_worth_nothing,
    m4_who_fetches_every_address_of_every_mail_changes_nothing,
);

/// Clicks are worth more than enough to be hot, if they counted.
fn clicks_count(playbook: &mut std::collections::BTreeMap<String, String>) {
    let scoring = playbook.get_mut("scoring.toml").unwrap();
    scoring.push_str("\n[[engagement]]\nactivity = [\"Mail Clicked\"]\npoints = 200\n");
}

/// Three leads who had asked for a demo, went quiet and got their breakup mail.
async fn written_to(home: Home) -> (Indoors, Vec<LeadId>) {
    let mut house = Indoors::with(home, clicks_count, |_| {}).await;
    let mut leads = Vec::new();
    for email in ["kim@lead.test", "lee@lead.test", "mo@else.test"] {
        leads.push(house.subscriber(email).await);
        house.tell(email, Kind::Track, "Demo Requested", json!({})).await;
    }
    house.live(TimeDelta::days(31)).await;
    assert_eq!(house.relay.len(), 3, "each has a breakup mail");
    (house, leads)
}

async fn a_person_who_clicks_is_heard(home: Home) {
    let (mut house, leads) = written_to(home).await;
    house.home.clock().forward(TimeDelta::hours(2));
    let mail = house.relay.kept().swap_remove(0);
    let html = mail_parser::MessageParser::default().parse(&mail.message).unwrap();
    let (html, text) = (html.body_html(0).unwrap().into_owned(), html.body_text(0).unwrap().into_owned());
    let links = Indoors::addresses(&mail.message);
    assert!(
        html.contains(&links[0]) && !text.contains(&links[0]),
        "the bait stands first, and in the HTML alone"
    );
    assert!(html.contains("Keep my file open"));
    let clicks: Vec<&String> = links.iter().filter(|link| link.contains("/c/")).collect();
    assert_eq!(clicks.len(), 2, "the bait, and the button");
    assert!(!links.iter().any(|link| link.contains("/i/")), "nothing tells an open by default");
    assert_eq!(house.ask(Ask::get(clicks[1])).await.status, StatusCode::FOUND);
    house.live(TimeDelta::minutes(11)).await;
    let kim = house.store.leads().named(&mail.rcpt).await.unwrap();
    assert!(leads.contains(&kim.id));
    assert_eq!(kim.nurture, Nurture::Active, "a click is a sign of life");
    let dossier = house.dossier(kim.id).await;
    assert_eq!(dossier.activities.iter().filter(|a| a.name == names::CLICKED).count(), 1);
    assert!(!kim.hot, "and no more");
}

/// The gateway took its time: its first fetch looked like a person's, and counted.
async fn mautic_16263_a_bait_that_is_taken_later_takes_back_the_click_that_counted(home: Home) {
    let (mut house, _) = written_to(home).await;
    house.home.clock().forward(TimeDelta::hours(2));
    let mail = house.relay.kept().swap_remove(0);
    let links = Indoors::addresses(&mail.message);
    let button = links.iter().filter(|link| link.contains("/c/")).nth(1).unwrap();
    house.ask(Ask::get(button)).await;
    house.live(TimeDelta::minutes(11)).await;
    let kim = house.store.leads().named(&mail.rcpt).await.unwrap();
    let playbooks = house.store.playbooks().await.unwrap();
    let scoring = &playbooks.current().scoring;
    let points = async |house: &Indoors| {
        let history = house.store.leads().history(kim.id, &playbooks).await.unwrap();
        let row = house.store.leads().by_id(kim.id).await.unwrap();
        let now = house.home.now();
        let explained = scoring.explain(&row, &history, now);
        assert_eq!(scoring.standing(&row, now).score, explained.score);
        explained
    };
    let counted = points(&house).await;
    assert!(counted.lines.iter().any(|line| line.what == names::CLICKED && line.limit.is_none()));
    house.live(TimeDelta::minutes(30)).await;
    house.ask(Ask::get(&links[0])).await;
    house.live(TimeDelta::minutes(2)).await;
    let after = points(&house).await;
    assert_eq!(after.score, counted.score - 25, "{after:?}");
    assert!(after.lines.iter().any(|line| line.limit == Some(Limit::Machine)));
    let dossier = house.dossier(kim.id).await;
    assert!(dossier.activities.iter().all(|activity| activity.name != names::CLICKED || !activity.human));
    let news = &dossier.alerts[0].news;
    assert_eq!(*news, ["a machine did “Mail Clicked (breakup)” (bait): its points are gone"]);
    assert_eq!(dossier.alerts.len(), 1);
}

async fn m4_who_fetches_every_address_of_every_mail_changes_nothing(home: Home) {
    let (mut house, leads) = written_to(home).await;
    let rounds = if std::env::var_os("REKINDLE_LONG").is_some() { 60 } else { 3 };
    let mut dice = TestRunner::deterministic();
    // When each address is fetched, in seconds, and whether by HEAD; by whom; from one address, or from one for each.
    let agent = prop_oneof![Just(BROWSER), Just("curl/8.5.0"), Just("")];
    let fetching = (proptest::collection::vec((0..1_200_i64, any::<bool>()), 40), agent, any::<bool>());
    let mut fetched = 0;
    for round in 0..rounds {
        let mails = house.relay.kept();
        let mut plan: Vec<(i64, String, bool, &str, [u8; 4])> = Vec::new();
        for (number, mail) in mails.iter().enumerate().skip(mails.len().saturating_sub(3)) {
            let (fetches, agent, spread) = fetching.new_tree(&mut dice).unwrap().current();
            for (index, address) in Indoors::addresses(&mail.message).into_iter().enumerate() {
                let (second, head) = fetches[index % fetches.len()];
                let from = [198, 51, if spread { index as u8 } else { 100 }, number as u8];
                plan.push((second, address, head, agent, from));
            }
        }
        plan.sort();
        let mut passed = 0;
        for (second, address, head, agent, from) in &plan {
            house.home.clock().forward(TimeDelta::seconds(second - passed));
            passed = *second;
            let method = if *head { Method::HEAD } else { Method::GET };
            let page = house.ask(Ask::get(address).by(method).called(agent).from(*from)).await;
            assert!(page.status == StatusCode::OK || page.status == StatusCode::FOUND, "{address}: {page:?}");
            fetched += 1;
            if fetched % 7 == 0 {
                house.worker.tick().await.unwrap();
            }
        }
        house.live(TimeDelta::hours(1)).await;
        nothing_was_decided(&house, &leads, round).await;
        house.live(TimeDelta::days(if round == 0 { 4 } else { 6 })).await;
    }
    assert!(fetched > 20, "{fetched} addresses");
}

async fn nothing_was_decided(house: &Indoors, leads: &[LeadId], round: usize) {
    for lead in leads {
        let dossier = house.dossier(*lead).await;
        assert!(!dossier.lead.hot, "round {round}: nobody is hot");
        assert_eq!(
            dossier.lead.consent.state,
            ConsentState::Subscribed,
            "round {round}: nobody unsubscribed"
        );
        assert_eq!(dossier.lead.owner, None);
        let names: BTreeSet<&str> = dossier.activities.iter().map(|a| a.name.as_str()).collect();
        for decided in [names::ANSWERED, names::ACCEPTED, names::UNSUBSCRIBED] {
            assert!(!names.contains(decided), "round {round}: {decided}");
        }
        for delivery in &dossier.deliveries {
            let offer = house.store.offers().of(delivery.id).await.unwrap();
            assert!(offer.is_none_or(|offer| offer.taken_at.is_none() && offer.redeemed_at.is_none()));
        }
    }
    let suppressed = house.store.leads().suppressed(&all(house, leads).await).await.unwrap();
    assert!(suppressed.is_empty());
}

async fn all(house: &Indoors, leads: &[LeadId]) -> Vec<rekindle_core::lead::Lead> {
    let mut found = HashMap::new();
    for lead in leads {
        found.insert(*lead, house.lead(*lead).await);
    }
    found.into_values().collect()
}

async fn m1_an_open_is_told_where_that_is_on_and_worth_nothing(home: Home) {
    let mut house = Indoors::with(home, |_| {}, |settings| settings.opens = true).await;
    let kim = house.subscriber("kim@lead.test").await;
    house.live(TimeDelta::days(31)).await;
    house.home.clock().forward(TimeDelta::hours(1));
    let before = house.lead(kim).await;
    let mail = house.relay.kept().remove(0);
    let picture = Indoors::addresses(&mail.message).into_iter().find(|link| link.contains("/i/")).unwrap();
    for agent in [BROWSER, BROWSER, "Mozilla/5.0", "curl/8.5.0"] {
        let page = house.ask(Ask::get(&picture).called(agent)).await;
        assert_eq!(
            (page.status, &page.headers["content-type"]),
            (StatusCode::OK, &"image/gif".parse().unwrap())
        );
    }
    house.live(TimeDelta::hours(1)).await;
    let dossier = house.dossier(kim).await;
    let opens = dossier.activities.iter().filter(|activity| activity.name == names::OPENED);
    let mut openers: Vec<&str> = opens.filter_map(|open| open.properties["opener"].as_str()).collect();
    openers.sort_unstable();
    assert_eq!(openers, ["human_likely", "machine", "proxy"], "each once");
    assert_eq!(
        (dossier.lead.points.engagement, dossier.lead.nurture),
        (before.points.engagement, Nurture::Cold)
    );
    assert_eq!(dossier.lead.last_human_at, before.last_human_at, "no sign of life");
}
