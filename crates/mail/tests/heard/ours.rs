//! Only what carries a mark of ours counts (rules B3 and E7): forged and altered ones give nothing.

use proptest::prelude::*;
use rekindle_core::{
    ids::DeliveryId,
    link::{KeyRing, Purpose},
};
use rekindle_mail::{
    heard::{What, hear},
    mark,
};
use uuid::Uuid;

const DOMAIN: &str = "bounce.shop.example";

fn ring(key: u8) -> KeyRing {
    KeyRing::new([(key, [key; 32])].into()).unwrap()
}

fn delivery() -> DeliveryId {
    DeliveryId(Uuid::from_u128(0x0197_1234_5678_7abc_8def_0123_4567_89ab))
}

fn message_id() -> String {
    format!("{}@shop.example", ring(1).small_token(Purpose::MessageId, delivery().0))
}

/// A bounce that came to one address, in another envelope, and returns a mail with this id.
fn bounce(to: &str, envelope: &str, message_id: &str) -> String {
    format!(
        "From: MAILER-DAEMON@relay.example\nTo: <{to}>\nSubject: Undelivered\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b1\n\n--b1\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay.example\nOriginal-Envelope-Id: {envelope}\n\nFinal-Recipient: rfc822; kim@acme.test\nAction: failed\nStatus: 5.1.1\n\n--b1\nContent-Type: message/rfc822\n\nMessage-ID: <{message_id}>\nSubject: Your offer\n\nHello\n--b1--\n"
    )
}

fn whose(mail: &str) -> Option<DeliveryId> {
    let heard = hear(mail.as_bytes());
    assert!(matches!(heard.what, What::Fates(_)), "{:?}", heard.what);
    mark::whose(&ring(1), &heard.traces)
}

#[test]
fn each_mark_alone_names_the_delivery() {
    let address = mark::envelope(&ring(1), delivery(), DOMAIN);
    let envelope = ring(1).small_token(Purpose::Envelope, delivery().0);
    for mail in [
        bounce(&address, "", ""),
        bounce(&address.to_uppercase(), "", ""),
        bounce("postmaster@shop.example", &envelope, ""),
        bounce("postmaster@shop.example", "", &message_id()),
    ] {
        assert_eq!(whose(&mail), Some(delivery()), "{mail}");
    }
}

#[test]
fn e7_a_mark_fits_into_an_address() {
    let address = mark::envelope(&ring(1), delivery(), DOMAIN);
    let (local, domain) = address.split_once('@').unwrap();
    assert_eq!((local.len(), domain), (57, DOMAIN));
    assert!(local.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'+'), "{local}");
    assert!(message_id().len() < 250);
}

#[test]
fn what_others_made_is_nobodys() {
    let theirs = mark::envelope(&ring(2), delivery(), DOMAIN);
    let envelope = ring(1).small_token(Purpose::Envelope, delivery().0);
    let plain = format!("{}@shop.example", delivery().0.simple());
    let as_other = format!("b+{}@{DOMAIN}", message_id().split('@').next().unwrap());
    let as_id = format!("{envelope}@shop.example");
    let mailto = mark::unsubscribe_mailto(&ring(1), delivery(), DOMAIN);
    let stop = mailto.trim_start_matches("mailto:u+").split('?').next().unwrap();
    for mail in [
        bounce("postmaster@shop.example", "", ""),
        bounce(&theirs, "", ""),
        bounce(&as_other, "", ""),
        bounce(&format!("b+{stop}"), "", ""),
        bounce("b+@bounce.shop.example", &plain, &plain),
        bounce("postmaster@shop.example", &message_id(), &as_id),
    ] {
        assert_eq!(whose(&mail), None, "{mail}");
    }
}

#[test]
fn a_reply_and_a_wish_to_stop_find_their_mail() {
    let reply = format!(
        "From: kim@acme.test\nSubject: Re: hi\nIn-Reply-To: <x@y>\nReferences: <{}>\n\nYes",
        message_id()
    );
    assert_eq!(mark::whose(&ring(1), &hear(reply.as_bytes()).traces), Some(delivery()));
    let mailto = mark::unsubscribe_mailto(&ring(1), delivery(), DOMAIN);
    let to = mailto.strip_prefix("mailto:").unwrap().split('?').next().unwrap();
    let stop = format!("From: kim@acme.test\nTo: {to}\nSubject: unsubscribe\n\n");
    let heard = hear(stop.as_bytes());
    assert_eq!(heard.what, What::Stop);
    assert_eq!(mark::asks_to_stop(&ring(1), &heard.traces), Some(delivery()));
    assert_eq!(mark::asks_to_stop(&ring(2), &heard.traces), None);
    assert_eq!(mark::whose(&ring(1), &heard.traces), None);
    let bounced = hear(bounce(&mark::envelope(&ring(1), delivery(), DOMAIN), "", "").as_bytes());
    assert_eq!(mark::asks_to_stop(&ring(1), &bounced.traces), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_altered_mark_is_nobodys(at in 2..57_usize, letter in "[a-z2-7]") {
        let address = mark::envelope(&ring(1), delivery(), DOMAIN);
        let altered = format!("{}{letter}{}", &address[..at], &address[at + 1..]);
        prop_assume!(altered != address);
        prop_assert_eq!(whose(&bounce(&altered, "", "")), None);
    }
}
