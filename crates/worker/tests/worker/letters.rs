//! What stands in a mail that has left.

use crate::house::{House, at, monday, settings, templates};
use mail_parser::MessageParser;
use rekindle_core::{activity::Kind, link::Purpose, time::Clock};
use rekindle_mail::{inbox::Inbox, mark, transport::Transport};
use rekindle_worker::{Settings, Worker};
use serde_json::json;
use std::collections::HashSet;

#[tokio::test]
async fn every_link_of_a_mail_is_a_token_of_its_delivery() {
    let mut house = House::new().await;
    let kim = house.subscriber("kim@lead.test").await;
    house.enroll(kim).await;
    house.live(at("2026-11-13T09:00:00Z")).await;
    let (kept, deliveries) = (house.memory.kept(), house.deliveries().await);
    assert_eq!((kept.len(), deliveries.len()), (3, 3));
    for (kept, delivery) in kept.iter().zip(&deliveries) {
        let envelope = mark::envelope(house.store.ring(), delivery.id, "bounce.acme.test");
        assert_eq!((kept.mail_from.as_str(), kept.rcpt.as_str()), (envelope.as_str(), "kim@lead.test"));
        let mail = MessageParser::default().parse(&kept.message).unwrap();
        let (token, domain) = mail.message_id().unwrap().split_once('@').unwrap();
        let row = house.store.ring().check_small(Purpose::MessageId, token);
        assert_eq!((row, domain), (Some(delivery.id.0), "acme.test"));
        let text = mail.body_text(0).unwrap();
        let ring = house.store.ring();
        let mut doors: Vec<char> = Vec::new();
        for url in text.split_whitespace().filter_map(|word| {
            let at = word.find("http://127.0.0.1:8787/")?;
            Some(word[at..].trim_end_matches([')', '.', ',', '>']))
        }) {
            let (door, token) = url["http://127.0.0.1:8787/".len()..].split_once('/').unwrap();
            let purpose = match door {
                "c" => Purpose::Click,
                "o" => Purpose::Offer,
                "s" => Purpose::Survey,
                "u" => Purpose::Unsubscribe,
                "p" => Purpose::Preferences,
                other => panic!("a door {other}"),
            };
            let meant = ring.check(purpose, token).unwrap();
            assert_eq!(meant.row, delivery.id.0);
            if purpose == Purpose::Click {
                let number = i32::try_from(meant.number).unwrap();
                let leads_to = house.store.links().destination(number).await.unwrap().unwrap();
                assert_eq!(leads_to, "https://www.example.com/whats-new");
            }
            doors.push(door.chars().next().unwrap());
        }
        doors.sort_unstable();
        doors.dedup();
        let wanted: &[char] = match delivery.mail.as_str() {
            "breakup" => &['c', 'p', 'u'],
            "offer" => &['o', 'p', 'u'],
            _ => &['p', 's', 'u'],
        };
        assert_eq!(doors, wanted, "{}: {text}", delivery.mail);
        assert!(kept.message.starts_with(b"DKIM-Signature: v=1; a=ed25519-sha256; s=rk1; d=acme.test;"));
        let header = |name: &str| mail.header_raw(name).map(|value| value.trim().to_owned());
        assert!(header("List-Unsubscribe").unwrap().contains("/u/"));
        assert_eq!(header("List-Id").as_deref(), Some("Acme re-engagement <re-engagement.acme.test>"));
        assert_eq!(header("Feedback-ID").unwrap(), format!("re-engagement:{}:rekindle", delivery.step));
    }
    let offer = MessageParser::default().parse(&kept[1].message).unwrap();
    let (text, code) = (offer.body_text(0).unwrap(), house.store.ring().offer_code(deliveries[1].id.0));
    assert!(text.contains(&code) && text.contains("Friday, 20 November"), "{text}");
}

#[tokio::test]
async fn each_answer_of_a_survey_has_its_number() {
    let mut house = House::new().await;
    let kim = house.subscriber("kim@lead.test").await;
    house.enroll(kim).await;
    house.live(at("2026-11-13T09:00:00Z")).await;
    let kept = house.memory.kept();
    let mail = MessageParser::default().parse(&kept[2].message).unwrap();
    let html = mail.body_html(0).unwrap();
    let numbers: Vec<u32> = html
        .match_indices("/s/")
        .filter_map(|(at, _)| {
            let token: String = html[at + 3..].chars().take(51).collect();
            Some(house.store.ring().check(Purpose::Survey, &token)?.number)
        })
        .collect();
    let distinct: HashSet<u32> = numbers.iter().copied().collect();
    assert_eq!(distinct, HashSet::from([0, 1, 2, 3, 4]), "{numbers:?}");
}

#[tokio::test]
async fn a_lead_is_written_to_in_the_language_they_told_or_that_of_their_country() {
    let mut house = House::new().await;
    for (email, traits) in [
        ("ana@lead.test", json!({"locale": "de_AT.UTF-8", "country": "US"})),
        ("ben@lead.test", json!({"country": "DE"})),
        ("eva@lead.test", json!({"language": "English", "country": "DE"})),
        ("fay@lead.test", json!({"locale": "th"})),
    ] {
        let lead = house.subscriber(email).await;
        house.tell(&format!("told {email}"), Kind::Identify, "identify", email, traits).await;
        house.enroll(lead).await;
    }
    house.live(at("2026-11-07T09:00:00Z")).await;
    let mut told = Vec::new();
    for kept in house.memory.kept() {
        let mail = MessageParser::default().parse(&kept.message).unwrap();
        let text = mail.body_text(0).unwrap();
        if text.contains("Friday, 20 November") && text.contains("20 % off your first year") {
            told.push((kept.rcpt.clone(), "en"));
        } else if text.contains("Freitag, 20. November") && text.contains("20 % Nachlass im ersten Jahr") {
            assert!(mail.body_html(0).unwrap().contains("lang=\"de\""));
            told.push((kept.rcpt.clone(), "de"));
        }
    }
    told.sort();
    let told: Vec<(&str, &str)> = told.iter().map(|(whom, tag)| (whom.as_str(), *tag)).collect();
    assert_eq!(
        told,
        [("ana@lead.test", "de"), ("ben@lead.test", "de"), ("eva@lead.test", "en"), ("fay@lead.test", "en")]
    );
    let clicks = house.store.links();
    assert!(clicks.destination(1).await.unwrap().is_some(), "links of all variants have their numbers");
}

#[tokio::test]
async fn an_offer_that_is_not_made_in_a_language_is_not_written_in_two() {
    let mut house = House::with(|playbook| {
        let plan = playbook.get_mut("sequences/re-engagement.toml").unwrap();
        *plan = plan.replacen("gives_in = { de", "gives_in = { fr", 1);
    })
    .await;
    let ana = house.subscriber("ana@lead.test").await;
    house.tell("told", Kind::Identify, "identify", "ana@lead.test", json!({"locale": "de"})).await;
    house.enroll(ana).await;
    house.live(at("2026-11-07T09:00:00Z")).await;
    assert_eq!(
        house.subjects(),
        ["Soll ich Ihre Akte schließen?", "Yours if you want it: 20 % off your first year"]
    );
}

#[tokio::test]
async fn a_lead_keeps_its_subject_and_each_subject_has_its_leads() {
    let mut house = House::with(|playbook| {
        let plan = playbook.get_mut("sequences/re-engagement.toml").unwrap();
        *plan = plan.replacen("mail = \"breakup\"", "mail = \"breakup\"\nsubjects = [\"One\", \"Two\"]", 1);
    })
    .await;
    for number in 0..60 {
        let lead = house.subscriber(&format!("lead{number}@lead.test")).await;
        house.enroll(lead).await;
    }
    house.tick().await;
    let ones = house.subjects().iter().filter(|subject| *subject == "One").count();
    assert_eq!(house.memory.len(), 60);
    assert!((12..=48).contains(&ones), "{ones} of 60");
    assert_eq!(house.clock.calendar(), monday());
}

#[tokio::test]
async fn a_mail_names_where_it_can_be_stopped_by_mail_and_what_postmark_gives_back() {
    let house = House::new().await;
    let kim = house.subscriber("kim@lead.test").await;
    house.enroll(kim).await;
    let inbox = Some(Inbox::parse("imaps://me:secret@mail.acme.test").unwrap());
    let settings = Settings { inbox, postmark: true, ..settings(Transport::Memory(house.memory.clone())) };
    let mut worker = Worker::new(house.store.clone(), settings, templates());
    worker.tick().await.unwrap();
    let (kept, delivery) = (house.memory.kept(), house.deliveries().await.remove(0));
    let mail = MessageParser::default().parse(&kept[0].message).unwrap();
    let header = |name: &str| mail.header_raw(name).map(|value| value.split_whitespace().collect::<String>());
    let mailto = mark::unsubscribe_mailto(house.store.ring(), delivery.id, "bounce.acme.test");
    assert!(header("List-Unsubscribe").unwrap().ends_with(&format!(">,<{mailto}>")), "U7");
    assert_eq!(header("X-PM-Metadata-mail").as_deref(), mail.message_id());
    worker.leave().await;
}

#[tokio::test]
async fn e6_the_mail_that_asks_back_is_a_machines_and_says_nothing_of_the_lead() {
    let mut house = House::new().await;
    let kim = house.subscriber("kim@lead.test").await;
    let form: rekindle_core::form::Form = serde_json::from_value(json!({
        "name": "newsletter", "title": "our newsletter", "wording": "Write to me.", "version": "1",
    }))
    .unwrap();
    let name = json!({"email": "kim@lead.test", "name": "Zanzibar Quux", "company": "Quux Ltd"});
    house.tell("name", rekindle_core::activity::Kind::Identify, "identify", "kim@lead.test", name).await;
    let whence = rekindle_storage::confirmations::Whence::default();
    assert!(house.store.confirmations().ask(kim, &form, &whence).await.unwrap());
    house.tick().await;
    let kept = house.memory.kept();
    assert_eq!(kept.len(), 1);
    let mail = MessageParser::default().parse(&kept[0].message).unwrap();
    let header = |name: &str| mail.header_raw(name).map(|value| value.trim().to_owned());
    assert_eq!(header("Auto-Submitted").as_deref(), Some("auto-generated"));
    for bulk in ["List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Precedence", "Feedback-ID"] {
        assert_eq!(header(bulk), None, "{bulk}");
    }
    let (text, html) = (mail.body_text(0).unwrap(), mail.body_html(0).unwrap());
    let whole = format!("{} {} {text} {html}", mail.subject().unwrap(), header("To").unwrap());
    for personal in ["Zanzibar", "Quux", "kim,"] {
        assert!(!whole.contains(personal), "{personal}: {whole}");
    }
    assert!(whole.contains("our newsletter") && text.contains("12 Harbour Street"));
    let at = text.find("/y/").expect("the link to the button") + 3;
    let token = text[at..].split_whitespace().next().unwrap();
    let meant = house.store.ring().check(Purpose::Confirm, token).unwrap();
    assert_eq!(meant.row, house.deliveries().await[0].id.0);
    assert!(!html.contains("/u/") && html.contains("/y/"));
}
