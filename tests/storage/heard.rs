//! What comes back of a mail, from its bytes to what it changes: once, in any order, and only by a mark of ours.

use chrono::TimeDelta;
use rekindle_core::{
    alert::{Alert, Reason},
    consent::ConsentState,
    delivery::{DeliveryState, Event},
    enrollment::{Ended, RunState},
    ids::{DeliveryId, LeadId},
    link::{KeyRing, Purpose},
    time::Moment,
};
use rekindle_mail::{
    heard::hear,
    hooks::{self, Provider},
    mark,
};
use rekindle_storage::outbox::Sender;
use rekindle_tests::{on_both, stores::Home};
use serde_json::{Value, json};

use crate::house::{House, member};

on_both!(
    b1_a_hard_bounce_by_mailbox_and_by_webhook_has_one_effect,
    b1_soft_bounces_make_an_address_undeliverable,
    b2_delivered_resolves_the_unknown_and_delayed_is_nothing,
    b2_a_bounce_that_is_faster_than_the_fate_is_kept,
    b3_what_carries_no_mark_of_ours_changes_nothing,
    b4_what_is_temporary_buries_nobody,
    b5_a_complaint_stops_everything_and_no_spam_nothing,
    b6_a_machine_puts_the_next_step_off_once,
    b7_an_answer_ends_the_plan_and_is_said_under_a_card,
    b7_a_bare_stop_unsubscribes,
    b8_a_receipt_is_nothing,
    any_order_ends_alike,
);

const WEEK: TimeDelta = TimeDelta::days(7);
const DOMAIN: &str = "bounce.shop.test";

/// A bounce as a mail server writes it.
fn dsn(ring: &KeyRing, mail: DeliveryId, action: &str, status: &str, words: &str) -> String {
    let to = mark::envelope(ring, mail, DOMAIN);
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@relay.test\r\nTo: <{to}>\r\nSubject: Delivery report\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b1\r\n\r\n--b1\r\n\
         Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.test\r\n\r\n\
         Final-Recipient: rfc822; kim@elsewhere.test\r\nAction: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {words}\r\n\r\n--b1--\r\n"
    )
}

/// A complaint of a provider.
fn arf(ring: &KeyRing, mail: DeliveryId, kind: &str) -> String {
    let id = ring.small_token(Purpose::MessageId, mail.0);
    format!(
        "From: feedback@isp.test\r\nSubject: FW: your mail\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=b1\r\n\r\n--b1\r\n\
         Content-Type: message/feedback-report\r\n\r\nFeedback-Type: {kind}\r\nUser-Agent: isp/1\r\nVersion: 1\r\n\r\n--b1\r\n\
         Content-Type: message/rfc822\r\n\r\nMessage-ID: <{id}@shop.test>\r\nSubject: Hi\r\n\r\nHi\r\n--b1--\r\n"
    )
}

/// What a person or their mail program writes back.
fn answer(ring: &KeyRing, mail: DeliveryId, more: &str, subject: &str, body: &str) -> String {
    let id = ring.small_token(Purpose::MessageId, mail.0);
    let own = body.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    format!(
        "From: Kim <kim@acme.test>\r\nTo: hello@shop.test\r\nSubject: {subject}\r\nMessage-ID: <{own}@acme.test>\r\n\
         In-Reply-To: <{id}@shop.test>\r\n{more}\r\n{body}\r\n"
    )
}

/// A webhook of the plain kind.
fn hook(ring: &KeyRing, mail: DeliveryId, kind: &str) -> Vec<u8> {
    let id = ring.small_token(Purpose::MessageId, mail.0);
    let event = json!({"kind": kind, "message_id": format!("{id}@shop.test"), "email": "kim@acme.test"});
    serde_json::to_vec(&json!({"events": [event]})).unwrap()
}

impl House {
    /// What came back, as the mailbox has it; whether it changed something.
    async fn hears(&self, mail: &str) -> bool {
        match mark::report(self.store.ring(), &hear(mail.as_bytes())) {
            Some(report) => self.store.hear(&report, &self.playbooks, WEEK).await.unwrap(),
            None => false,
        }
    }

    /// The same, told by a webhook.
    async fn is_told(&self, body: &[u8]) -> bool {
        let mut changed = false;
        for heard in hooks::read(Provider::Generic, body).unwrap() {
            let report = mark::report(self.store.ring(), &heard).unwrap();
            changed |= self.store.hear(&report, &self.playbooks, WEEK).await.unwrap();
        }
        changed
    }

    /// A lead who was sent the first mail of a plan, and what became of it as far as we know.
    async fn mailed(&self, sender: &Sender, plan: &str, event: Event) -> (LeadId, DeliveryId) {
        let lead = self.lead().await;
        let mail = self.mail(lead, plan).await;
        let ticket = self.ticket(sender).await;
        self.pass(sender, &[ticket]).await;
        self.fate(sender, ticket, event).await;
        (lead, mail)
    }

    async fn consent(&self, lead: LeadId) -> ConsentState {
        self.row(lead).await.consent.state
    }

    async fn is_suppressed(&self, lead: LeadId) -> bool {
        !self.store.leads().suppressed(&[self.row(lead).await]).await.unwrap().is_empty()
    }

    async fn ended(&self, lead: LeadId, plan: &str) -> Option<Ended> {
        match self.run(lead, plan).await.state {
            RunState::Ended { how, .. } => Some(how),
            _ => None,
        }
    }

    async fn alerts(&self, lead: LeadId) -> Vec<Alert> {
        self.store.leads().dossier(lead).await.unwrap().alerts
    }

    /// Everything about a lead that a report could have changed.
    async fn all_of(&self, lead: LeadId) -> String {
        format!("{:?} {}", self.store.leads().dossier(lead).await.unwrap(), self.is_suppressed(lead).await)
    }
}

async fn b1_a_hard_bounce_by_mailbox_and_by_webhook_has_one_effect(home: Home) {
    let house = House::of(home).await;
    let (sender, ring) = (house.sender().await, house.store.ring().clone());
    let (kim, mail) = house.mailed(&sender, "plain", Event::Accepted).await;
    let bounce = dsn(&ring, mail, "failed", "5.1.1", "550 5.1.1 no such user");
    assert!(house.hears(&bounce).await);
    assert_eq!(house.consent(kim).await, ConsentState::Bounced);
    assert!(house.is_suppressed(kim).await);
    assert_eq!(house.ended(kim, "plain").await, Some(Ended::Stopped));
    let delivery = house.delivery(mail).await;
    assert_eq!(delivery.state, DeliveryState::Failed);
    assert_eq!(delivery.reason.as_deref(), Some("bounced: 550 5.1.1 no such user"));
    let before = house.all_of(kim).await;
    house.clock().forward(TimeDelta::hours(1));
    assert!(!house.hears(&bounce).await);
    assert!(!house.is_told(&hook(&ring, mail, "hard")).await);
    assert_eq!(house.all_of(kim).await, before);
    // Told at once by six, it is taken by one.
    let (ola, mail) = house.mailed(&sender, "plain", Event::Accepted).await;
    let report =
        mark::report(&ring, &hear(dsn(&ring, mail, "failed", "5.1.1", "no such user").as_bytes())).unwrap();
    let mut telling = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (store, report, playbooks) = (house.home.open().await, report.clone(), house.playbooks.clone());
        telling.spawn(async move { store.hear(&report, &playbooks, WEEK).await.unwrap() });
    }
    assert_eq!(telling.join_all().await.into_iter().filter(|changed| *changed).count(), 1);
    assert_eq!(house.consent(ola).await, ConsentState::Bounced);
}

async fn b1_soft_bounces_make_an_address_undeliverable(home: Home) {
    let house = House::of(home).await;
    let (sender, ring) = (house.sender().await, house.store.ring().clone());
    let kim = house.lead().await;
    for nth in 1..=5 {
        let mail = house.mail(kim, "plain").await;
        let ticket = house.ticket(&sender).await;
        house.pass(&sender, &[ticket]).await;
        house.fate(&sender, ticket, Event::Accepted).await;
        assert!(house.hears(&dsn(&ring, mail, "failed", "5.2.2", "552 5.2.2 mailbox full")).await);
        assert!(!house.hears(&dsn(&ring, mail, "failed", "5.2.2", "552 5.2.2 mailbox full")).await);
        assert_eq!(house.state(mail).await, DeliveryState::Failed);
        let (state, is_over) = match nth {
            5 => (ConsentState::Undeliverable, Some(Ended::Stopped)),
            _ => (ConsentState::Subscribed, None),
        };
        assert_eq!(
            (house.consent(kim).await, house.ended(kim, "plain").await),
            (state, is_over),
            "bounce {nth}"
        );
        let stop = |scene: &rekindle_core::scene::Scene, now: Moment| {
            Ok(rekindle_core::desk::stop(scene, &member("ana").handle, false, now))
        };
        house.decide(kim, stop).await.unwrap();
        house.clock().forward(TimeDelta::days(4));
    }
    assert!(!house.is_suppressed(kim).await, "nobody has said no");
}

async fn b2_delivered_resolves_the_unknown_and_delayed_is_nothing(home: Home) {
    let house = House::of(home).await;
    let (sender, ring) = (house.sender().await, house.store.ring().clone());
    let (kim, mail) = house.mailed(&sender, "plain", Event::Lost).await;
    assert_eq!(house.state(mail).await, DeliveryState::Unknown);
    let before = house.all_of(kim).await;
    assert!(!house.hears(&dsn(&ring, mail, "delayed", "4.4.7", "451 busy")).await);
    assert_eq!(house.all_of(kim).await, before);
    assert!(house.hears(&dsn(&ring, mail, "delivered", "2.0.0", "250 ok")).await);
    let delivery = house.delivery(mail).await;
    assert_eq!(delivery.state, DeliveryState::Sent);
    assert_eq!(delivery.reason.as_deref(), Some("it arrived: their mail server says so"));
    assert_eq!(house.consent(kim).await, ConsentState::Subscribed);
}

async fn b2_a_bounce_that_is_faster_than_the_fate_is_kept(home: Home) {
    let house = House::of(home).await;
    let (sender, ring) = (house.sender().await, house.store.ring().clone());
    for (status, consent) in [("5.1.1", ConsentState::Bounced), ("5.2.2", ConsentState::Subscribed)] {
        let kim = house.lead().await;
        let mail = house.mail(kim, "plain").await;
        let ticket = house.ticket(&sender).await;
        house.pass(&sender, &[ticket]).await;
        assert!(house.hears(&dsn(&ring, mail, "failed", status, "no")).await);
        house.fate(&sender, ticket, Event::Accepted).await;
        assert_eq!((house.state(mail).await, house.consent(kim).await), (DeliveryState::Failed, consent));
        let run = house.run(kim, "plain").await;
        match consent {
            ConsentState::Bounced => assert!(!run.is_live()),
            _ => assert_eq!(run.state, RunState::Due { at: house.now() + TimeDelta::days(2) }),
        }
    }
}

async fn b3_what_carries_no_mark_of_ours_changes_nothing(home: Home) {
    let house = House::of(home).await;
    let sender = house.sender().await;
    let (kim, mail) = house.mailed(&sender, "plain", Event::Accepted).await;
    let before = house.all_of(kim).await;
    let theirs = KeyRing::new([(1, [7; 32])].into()).unwrap();
    let nobodys = DeliveryId(uuid::Uuid::from_u128(1));
    let ours = house.store.ring().clone();
    for forged in [
        dsn(&theirs, mail, "failed", "5.1.1", "no such user"),
        arf(&theirs, mail, "abuse"),
        answer(&theirs, mail, "", "Re: hi", "Call me"),
        answer(&theirs, mail, "", "Re: hi", "stop"),
        dsn(&ours, nobodys, "failed", "5.1.1", "no such user"),
    ] {
        assert!(!house.hears(&forged).await, "{forged}");
    }
    assert!(
        hooks::read(Provider::Generic, &hook(&theirs, mail, "hard"))
            .unwrap()
            .iter()
            .all(|heard| mark::report(&ours, heard).is_none())
    );
    assert_eq!(house.all_of(kim).await, before);
}

async fn b4_what_is_temporary_buries_nobody(home: Home) {
    let house = House::of(home).await;
    let (sender, ring) = (house.sender().await, house.store.ring().clone());
    for (status, words) in [
        ("5.7.1", "550 5.7.1 rejected due to policy"),
        ("5.2.2", "552 mailbox full"),
        ("5.4.7", "delivery time expired"),
        ("4.2.1", "450 try again"),
    ] {
        let (kim, mail) = house.mailed(&sender, "plain", Event::Accepted).await;
        assert!(house.hears(&dsn(&ring, mail, "failed", status, words)).await);
        assert_eq!(house.consent(kim).await, ConsentState::Subscribed, "{words}");
        assert!(house.run(kim, "plain").await.is_live() && !house.is_suppressed(kim).await, "{words}");
        assert_eq!(house.state(mail).await, DeliveryState::Failed, "this one did not arrive");
    }
}

async fn b5_a_complaint_stops_everything_and_no_spam_nothing(home: Home) {
    let house = House::of(home).await;
    let (sender, ring) = (house.sender().await, house.store.ring().clone());
    for (kind, state) in [
        ("not-spam", ConsentState::Subscribed),
        ("abuse", ConsentState::Complained),
        ("fraud", ConsentState::Complained),
        ("opt-out", ConsentState::Unsubscribed),
    ] {
        let (kim, mail) = house.mailed(&sender, "plain", Event::Accepted).await;
        let stops = state != ConsentState::Subscribed;
        assert_eq!(house.hears(&arf(&ring, mail, kind)).await, stops, "{kind}");
        assert_eq!((house.consent(kim).await, house.is_suppressed(kim).await), (state, stops), "{kind}");
        assert_eq!(house.ended(kim, "plain").await, stops.then_some(Ended::Stopped), "{kind}");
        let email = house.row(kim).await.email.unwrap();
        let again = crate::told::identify(
            &house.name(),
            json!({"email": email.as_str(), "consent": true}),
            house.now(),
        );
        house.tell_all(&[crate::told::Telling::email(again, email.as_str())]).await;
        assert_eq!(house.consent(kim).await, state, "{kind}: no form undoes it");
    }
}

async fn b6_a_machine_puts_the_next_step_off_once(home: Home) {
    let house = House::of(home).await;
    let (sender, ring) = (house.sender().await, house.store.ring().clone());
    let (kim, mail) = house.mailed(&sender, "plain", Event::Accepted).await;
    let before = house.row(kim).await;
    let due = |days| RunState::Due { at: house.now() + TimeDelta::days(days) };
    assert_eq!(house.run(kim, "plain").await.state, due(2));
    let away = answer(&ring, mail, "Auto-Submitted: auto-replied\r\n", "Out of office", "I am away");
    assert!(house.hears(&away).await);
    assert!(!house.hears(&away).await);
    assert_eq!(house.run(kim, "plain").await.state, due(9));
    assert_eq!(house.row(kim).await, before, "no score, no sign of life");
    assert_eq!(house.alerts(kim).await, []);
}

async fn b7_an_answer_ends_the_plan_and_is_said_under_a_card(home: Home) {
    let house = House::of(home).await;
    let (sender, ring) = (house.sender().await, house.store.ring().clone());
    let (kim, mail) = house.mailed(&sender, "other", Event::Accepted).await;
    let said = answer(&ring, mail, "", "Re: hi", "Call me *now*");
    assert!(house.hears(&said).await);
    assert!(!house.hears(&said).await, "the same message is read once");
    assert_eq!(house.ended(kim, "other").await, Some(Ended::Exited));
    assert_eq!(house.row(kim).await.last_human_at, Some(house.now()));
    let alerts = house.alerts(kim).await;
    assert_eq!(alerts.iter().map(|alert| alert.reason).collect::<Vec<_>>(), [Reason::Reply]);
    let cards = house.store.cards();
    assert!(
        cards.answers_behind("wall", Moment::UNIX_EPOCH, 10).await.unwrap().is_empty(),
        "no card, no thread"
    );
    cards.shown(alerts[0].id.0, "wall", Some("m1"), alerts[0].revision).await.unwrap();
    let behind = cards.answers_behind("wall", Moment::UNIX_EPOCH, 10).await.unwrap();
    let [one] = &behind[..] else { panic!("{behind:?}") };
    let answer_there = &one.subject;
    assert_eq!((answer_there.under.as_str(), answer_there.said.as_str()), ("m1", "Call me *now*"));
    assert_eq!((answer_there.mail.as_str(), answer_there.from.as_deref()), ("first", Some("kim@acme.test")));
    cards.shown(answer_there.id, "wall", Some("m2"), 1).await.unwrap();
    assert!(cards.answers_behind("wall", Moment::UNIX_EPOCH, 10).await.unwrap().is_empty());
    // Another answer is another thing, and goes under the same card; who has the lead is told.
    let ana = house.store.team().add("Ana", rekindle_core::team::Role::Sales).await.unwrap();
    house.claim(kim, "ana").await;
    assert!(house.hears(&answer(&ring, mail, "", "Re: hi", "Are you there?")).await);
    assert_eq!(house.alerts(kim).await.len(), 1);
    assert_eq!(cards.answers_behind("wall", Moment::UNIX_EPOCH, 10).await.unwrap().len(), 1);
    let told = house.store.notices().untold(rekindle_core::chat::Platform::Console, 10).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].notice.to, ana.handle);
    assert!(told[0].notice.text.ends_with("answered: “Are you there?”"), "{}", told[0].notice.text);
}

async fn b7_a_bare_stop_unsubscribes(home: Home) {
    let house = House::of(home).await;
    let (sender, ring) = (house.sender().await, house.store.ring().clone());
    let (kim, mail) = house.mailed(&sender, "plain", Event::Accepted).await;
    assert!(house.hears(&answer(&ring, mail, "", "Re: hi", "STOP")).await);
    let (ola, mail) = house.mailed(&sender, "plain", Event::Accepted).await;
    let to = mark::unsubscribe_mailto(&ring, mail, DOMAIN);
    let to = to.trim_start_matches("mailto:").split('?').next().unwrap();
    let wish = format!(
        "From: ola@acme.test\r\nTo: {to}\r\nSubject: anything\r\nAuto-Submitted: auto-generated\r\n\r\n\r\n"
    );
    assert!(house.hears(&wish).await, "whatever is written there");
    for lead in [kim, ola] {
        assert_eq!(house.consent(lead).await, ConsentState::Unsubscribed);
        assert!(house.is_suppressed(lead).await);
        assert_eq!(house.ended(lead, "plain").await, Some(Ended::Stopped));
        assert_eq!(house.alerts(lead).await, [], "nobody need do anything");
    }
}

async fn b8_a_receipt_is_nothing(home: Home) {
    let house = House::of(home).await;
    let (sender, ring) = (house.sender().await, house.store.ring().clone());
    let (kim, mail) = house.mailed(&sender, "plain", Event::Lost).await;
    let before = house.all_of(kim).await;
    let id = ring.small_token(Purpose::MessageId, mail.0);
    let receipt = format!(
        "From: kim@acme.test\r\nSubject: Read: hi\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=disposition-notification; boundary=b1\r\n\r\n--b1\r\n\
         Content-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822; kim@acme.test\r\n\
         Original-Message-ID: <{id}@shop.test>\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--b1--\r\n"
    );
    assert!(!house.hears(&receipt).await);
    assert_eq!(house.all_of(kim).await, before);
}

async fn any_order_ends_alike(home: Home) {
    let house = House::of(home).await;
    let (sender, ring) = (house.sender().await, house.store.ring().clone());
    for start in [Event::Accepted, Event::Lost] {
        let mut ends: Vec<(String, Value)> = Vec::new();
        for order in orders(4) {
            let (kim, mail) = house.mailed(&sender, "plain", start).await;
            let kinds = ["delivered", "hard", "complaint", "delivered"];
            for at in &order {
                house.clock().forward(TimeDelta::seconds(1));
                house.is_told(&hook(&ring, mail, kinds[*at])).await;
            }
            let end = json!([
                house.consent(kim).await.word(),
                house.is_suppressed(kim).await,
                house.state(mail).await.word(),
                house.ended(kim, "plain").await.map(Ended::word),
                house.alerts(kim).await.len(),
            ]);
            ends.push((format!("{order:?}"), end));
        }
        assert_eq!(ends.len(), 24);
        assert_eq!(ends[0].1, json!(["complained", true, "failed", "stopped", 0]));
        assert!(ends.iter().all(|(_, end)| *end == ends[0].1), "{ends:#?}");
    }
}

/// All orders of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let put = |shorter: Vec<usize>| {
        (0..count).map(move |at| {
            let mut order = shorter.clone();
            order.insert(at, count - 1);
            order
        })
    };
    orders(count - 1).into_iter().flat_map(put).collect()
}
