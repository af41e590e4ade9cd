//! Everything that is kept of a lead is shown, and erased: a canary sings in every column of every table.

use chrono::TimeDelta;
use rekindle_core::{
    arrival::Quarantined,
    delivery::{DeliveryState, Event},
    ids::LeadId,
    lead::Nurture,
    machine::Fetched,
    notice::{Notice, Topic},
    scene::{Change, Effect, Scene},
};
use rekindle_storage::{
    audit::Entry, confirmations::Whence, fetches::Fetching, offers::Offer, outbox::Frozen,
};
use rekindle_tests::{
    on_both,
    stores::{Home, Shoulder},
};
use serde_json::json;

use crate::house::{House, member};
use crate::told::{Telling, identify, track, unsubscribe};

on_both!(
    l4_everything_keyed_to_a_lead_is_in_the_export,
    l5_an_erased_lead_is_in_no_table_and_in_no_file,
    l5_a_reimport_stays_suppressed_and_waiting_mail_is,
    l6_old_network_addresses_are_cut_and_old_leads_forgotten,
);

const EMAIL: &str = "kim.canarysong@acme.test";

/// A lead of whom every table that can has a row.
async fn known_everywhere(house: &House) -> LeadId {
    let (store, now) = (&house.store, house.now());
    let kim = house.lead_at(EMAIL).await;
    let named = json!({"email": EMAIL, "name": "Kim Canarysong", "company": "Acme", "plan": "pro"});
    house
        .tell(identify("name", named, now).email(EMAIL).user("user-canarysong").device("device-canarysong"))
        .await;
    house.tell(track("did", "Demo Requested", now).email(EMAIL)).await;
    house.tell(track("again", "Demo Requested", now).email(EMAIL)).await;
    let mail = house.mail(kim, "plain").await;
    house.tries(kim, "plain").await;
    let sender = house.sender().await;
    let ticket = house.ticket(&sender).await;
    let bytes = format!("To: {EMAIL}\r\n\r\nHello").into_bytes();
    let offer = Offer {
        delivery: mail,
        lead: kim,
        code: "0ABC-1DEF-GH1K".to_owned(),
        gives: "20 % off".to_owned(),
        over_at: now + TimeDelta::days(14),
        taken_at: None,
        redeemed_at: None,
    };
    let frozen = Frozen { recipient: EMAIL.to_owned(), bytes };
    store.outbox().freeze(&[(mail, frozen)], &[offer]).await.unwrap();
    house.pass(&sender, &[ticket]).await;
    house.fate(&sender, ticket, Event::Accepted).await;
    let urls = ["https://acme.test/a".to_owned()];
    let links = store.links().destinations("first", &urls).await.unwrap();
    let click = Fetching {
        what: Fetched::Link,
        destination: Some(links[&urls[0]]),
        head: false,
        agent: Some("Firefox".to_owned()),
        from: Some([203, 0, 113, 7].into()),
    };
    store.fetches().keep(click, &house.delivery(mail).await).await.unwrap();
    assert!(store.offers().take(mail).await.unwrap());
    let form: rekindle_core::form::Form = serde_json::from_value(
        json!({"name": "newsletter", "title": "our newsletter", "wording": "Write.", "version": "1"}),
    )
    .unwrap();
    let whence = Whence { ip: Some("203.0.113.7".to_owned()), user_agent: Some("Firefox".to_owned()) };
    assert!(store.confirmations().ask(kim, &form, &whence).await.unwrap());
    let notice =
        Notice { to: member("ana").handle, topic: Topic::Back, lead: kim, text: "Kim is back".to_owned() };
    let tell =
        |scene: &Scene, _| Ok(Change { effects: vec![Effect::Tell(notice.clone())], ..scene.unchanged() });
    house.decide(kim, tell).await.unwrap();
    let entry = Entry {
        at: now,
        actor: "ana".to_owned(),
        place: "console".to_owned(),
        deed: format!("/lead note {EMAIL} canarysong"),
        lead: Some(kim),
        result: "ok".to_owned(),
    };
    store.audit(entry).await.unwrap();
    let bad = Quarantined {
        source: "shop".to_owned(),
        message_id: None,
        code: "too_large".to_owned(),
        reason: "canarysong".to_owned(),
        payload: format!("{{\"email\": \"{EMAIL}\"}}"),
        at: now,
    };
    store.leads().quarantine(vec![bad]).await.unwrap();
    store.console().post("ops", "rekindle", &format!("Look at Kim Canarysong, {EMAIL}"), None).await.unwrap();
    kim
}

/// A column that holds text, or JSON.
struct Column {
    table: String,
    name: String,
    is_json: bool,
}

/// All of them, as the database names them.
async fn text_columns(shoulder: &Shoulder, is_sqlite: bool) -> Vec<Column> {
    let sql = match is_sqlite {
        true => {
            "SELECT m.name || ' ' || p.name || ' ' || lower(p.type) FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
        }
        false => {
            "SELECT table_name || ' ' || column_name || ' ' || data_type FROM information_schema.columns WHERE table_schema = 'public'"
        }
    };
    let found: Vec<String> = shoulder.column(sql).await;
    let mut columns = Vec::new();
    for line in &found {
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().unwrap().to_owned();
        let (table, name, kind) = (word(), word(), word());
        let is_text =
            ["text", "json", "char"].iter().any(|text| kind.contains(text)) && !kind.contains("uuid");
        if is_text && table != "seaql_migrations" {
            columns.push(Column { table, name, is_json: kind.contains("json") });
        }
    }
    columns
}

/// Where the word stands, anywhere in the database.
async fn heard(shoulder: &Shoulder, columns: &[Column], word: &str) -> Vec<String> {
    let mut places = Vec::new();
    for Column { table, name: column, .. } in columns {
        let sql =
            format!("SELECT count(*) FROM {table} WHERE lower(CAST(\"{column}\" AS TEXT)) LIKE '%{word}%'");
        if shoulder.number(&sql).await > 0 {
            places.push(format!("{table}.{column}"));
        }
    }
    places
}

async fn l4_everything_keyed_to_a_lead_is_in_the_export(home: Home) {
    let house = House::of(home).await;
    let kim = known_everywhere(&house).await;
    let lee = house.lead_at("lee@other.test").await;
    let shoulder = house.shoulder().await;
    let columns = text_columns(&shoulder, house.home.folder().is_some()).await;
    // A canary of its own in every column of text of every row that is keyed to a lead.
    let mut planted = Vec::new();
    // What is keyed: all that name a lead, or a mail, alert or notice of one.
    const KEYED: [&str; 18] = [
        "arm",
        "lead",
        "activity",
        "alert",
        "stage_move",
        "enrollment",
        "delivery",
        "trace",
        "consent",
        "notice",
        "audit",
        "frozen",
        "attempt",
        "offer",
        "webhook_call",
        "confirmation",
        "identity",
        "card",
    ];
    for Column { table, name, is_json } in &columns {
        // By these it is found, or they are unique.
        let stays = ["email", "key", "message_id", "dedupe_key"].contains(&name.as_str())
            || (table == "lead" && name == "name");
        if stays || !KEYED.contains(&table.as_str()) {
            continue;
        }
        let canary = format!("canary-{table}-{name}");
        let value = if *is_json { format!("'[\"{canary}\"]'") } else { format!("'{canary}'") };
        if shoulder.run(&format!("UPDATE {table} SET \"{name}\" = {value}")).await > 0 {
            planted.push(canary);
        }
    }
    assert!(planted.len() > 50, "{planted:?}");
    let export = house.store.papers().export(kim).await.unwrap().to_string();
    let missing: Vec<&String> = planted.iter().filter(|canary| !export.contains(*canary)).collect();
    assert_eq!(missing, Vec::<&String>::new());
    for told in [EMAIL, "Hello", "user-canarysong", "Look at Kim", "too_large"] {
        assert!(export.contains(told), "{told}");
    }
    assert!(!export.contains("lee@other.test"), "and nothing of others");
    assert!(house.store.papers().export(lee).await.unwrap().get("quarantine").is_none());
}

async fn l5_an_erased_lead_is_in_no_table_and_in_no_file(home: Home) {
    let house = House::of(home).await;
    let kim = known_everywhere(&house).await;
    let lee = house.lead_at("lee@other.test").await;
    house.store.papers().erase(kim, "operator", true).await.unwrap();
    house.store.papers().scrub().await.unwrap();
    let shoulder = house.shoulder().await;
    let is_sqlite = house.home.folder().is_some();
    let columns = text_columns(&shoulder, is_sqlite).await;
    assert_eq!(heard(&shoulder, &columns, "canarysong").await, Vec::<String>::new());
    assert_eq!(heard(&shoulder, &columns, "203.0.113.7").await, Vec::<String>::new());
    let frozen = "SELECT count(*) FROM frozen";
    assert_eq!(shoulder.number(frozen).await, 0);
    assert_eq!(shoulder.number("SELECT count(*) FROM suppression WHERE reason = 'erased'").await, 1);
    assert_eq!(
        shoulder.number("SELECT count(*) FROM audit WHERE deed = 'erase a lead' AND lead_id IS NULL").await,
        1
    );
    assert!(house.store.leads().by_id(kim).await.is_err() && house.store.papers().export(kim).await.is_err());
    assert!(house.store.leads().by_id(lee).await.is_ok(), "nobody else is gone");
    if let Some(folder) = house.home.folder() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let bytes = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).to_lowercase();
            assert!(!bytes.contains("canarysong"), "{}", path.display());
        }
    }
}

async fn l5_a_reimport_stays_suppressed_and_waiting_mail_is(home: Home) {
    let house = House::of(home).await;
    let sender = house.sender().await;
    let kim = house.lead_at(EMAIL).await;
    let mail = house.mail(kim, "plain").await;
    let ticket = house.ticket(&sender).await;
    house.store.papers().erase(kim, "operator", true).await.unwrap();
    let row = house.delivery(mail).await;
    assert_eq!((row.state, row.reason.as_deref()), (DeliveryState::Suppressed, Some("erased")));
    assert_ne!(house.pass(&sender, &[ticket]).await, [rekindle_storage::outbox::Passage::Go]);
    let again = house.lead_at(EMAIL).await;
    assert_ne!(again, kim);
    let row = house.row(again).await;
    assert!(house.store.leads().suppressed(&[row]).await.unwrap().contains(&again));
    let begun =
        house.decide(again, |scene, now| rekindle_core::desk::enroll(scene, "plain", &house.playbooks, now));
    assert!(begun.await.is_err(), "nothing begins for them");
}

async fn l6_old_network_addresses_are_cut_and_old_leads_forgotten(home: Home) {
    let house = House::of(home).await;
    let consent = |ip: &str| json!({"state": "subscribed", "basis": "form", "ip": ip});
    let told = |email: &str, ip: &str| {
        identify(email, json!({"email": email, "consent": consent(ip)}), house.now()).email(email)
    };
    let kim = house.tell(told("kim@acme.test", "203.0.113.77")).await;
    house.clock().forward(TimeDelta::days(1));
    let lee = house.tell(told("lee@acme.test", "2001:db8:1:2::7")).await;
    let ip =
        async |lead| house.store.leads().dossier(lead).await.unwrap().consents[0].proof.ip.clone().unwrap();
    house.clock().forward(TimeDelta::days(29) + TimeDelta::seconds(1));
    assert_eq!(house.store.papers().truncate_ips(100).await.unwrap(), 1);
    assert_eq!((ip(kim).await.as_str(), ip(lee).await.as_str()), ("203.0.113.0/24", "2001:db8:1:2::7"));
    house.clock().forward(TimeDelta::days(1));
    assert_eq!(house.store.papers().truncate_ips(100).await.unwrap(), 1);
    assert_eq!(ip(lee).await, "2001:db8:1::/48");
    assert_eq!(house.store.papers().truncate_ips(100).await.unwrap(), 0);

    let archive = |scene: &Scene, now| {
        let mut change = scene.unchanged();
        change.lead.move_nurture(Nurture::Archived, "for the test", now);
        Ok(change)
    };
    house.decide(kim, archive).await.unwrap();
    house.tell(unsubscribe("no", lee, house.now())).await;
    let due = async |days| {
        let before = house.now() - TimeDelta::days(days);
        house.store.papers().due_to_forget(before, 10).await.unwrap()
    };
    assert_eq!(due(0).await, []);
    house.clock().forward(TimeDelta::days(100));
    assert_eq!((due(101).await, due(99).await), (vec![], vec![kim]), "who was archived, and long enough ago");
    house.store.papers().erase(kim, "retention", false).await.unwrap();
    let again = house.lead_at("kim@acme.test").await;
    let row = house.row(again).await;
    assert!(house.store.leads().suppressed(&[row]).await.unwrap().is_empty(), "they did not ask for it");
}
