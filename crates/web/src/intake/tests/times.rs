//! Times that are told, that lie, and that are none.

use super::*;
use skew::{Told, happened, moment};

#[test]
fn a_thing_happened_when_its_sender_says_by_a_clock_put_right() {
    let received = at("2026-03-10T12:00:00Z");
    // timestamp, sentAt, receivedAt of another; what a server key and what a browser key may say
    for (timestamp, sent, forwarded, server, browser) in [
        (None, None, false, "2026-03-10T12:00:00Z", "2026-03-10T12:00:00Z"),
        (Some("2026-03-10T11:00:00Z"), None, false, "2026-03-10T11:00:00Z", "2026-03-10T11:00:00Z"),
        (
            Some("2026-03-10T11:00:00Z"),
            Some("2026-03-10T12:00:00Z"),
            false,
            "2026-03-10T11:00:00Z",
            "2026-03-10T11:00:00Z",
        ),
        // A clock that is an hour fast, one that is a day slow, one that stands at 1970.
        (
            Some("2026-03-10T12:59:00Z"),
            Some("2026-03-10T13:00:00Z"),
            false,
            "2026-03-10T11:59:00Z",
            "2026-03-10T11:59:00Z",
        ),
        (
            Some("2026-03-09T11:59:00Z"),
            Some("2026-03-09T12:00:00Z"),
            false,
            "2026-03-10T11:59:00Z",
            "2026-03-10T11:59:00Z",
        ),
        (
            Some("1970-01-01T00:01:00Z"),
            Some("1970-01-01T00:02:00Z"),
            false,
            "2026-03-10T11:59:00Z",
            "2026-03-10T11:59:00Z",
        ),
        // Nothing is in the future: five minutes, a year, or the end of time.
        (Some("2026-03-10T12:04:00Z"), None, false, "2026-03-10T12:00:00Z", "2026-03-10T12:00:00Z"),
        (
            Some("2027-03-10T12:00:00Z"),
            Some("2026-03-10T12:00:00Z"),
            false,
            "2026-03-10T12:00:00Z",
            "2026-03-10T12:00:00Z",
        ),
        (
            Some("9999-12-31T23:59:59Z"),
            Some("1970-01-01T00:00:00Z"),
            false,
            "2026-03-10T12:00:00Z",
            "2026-03-10T12:00:00Z",
        ),
        (
            Some("1970-01-01T00:00:00Z"),
            Some("9999-12-31T23:59:59Z"),
            false,
            "1970-01-01T00:00:00Z",
            "2026-03-03T12:00:00Z",
        ),
        // Years ago: a server may say so, a browser a week at most.
        (Some("2019-05-01T08:00:00Z"), None, false, "2019-05-01T08:00:00Z", "2026-03-03T12:00:00Z"),
        (Some("2026-03-03T12:00:01Z"), None, false, "2026-03-03T12:00:01Z", "2026-03-03T12:00:01Z"),
        // Put right by somebody before us, and sent on much later.
        (
            Some("2019-05-01T08:00:00Z"),
            Some("2019-05-01T08:00:03Z"),
            true,
            "2019-05-01T08:00:00Z",
            "2026-03-10T11:59:57Z",
        ),
    ] {
        let told = Told { happened: timestamp.map(at), sent: sent.map(at), corrected: forwarded };
        assert_eq!(happened(&told, received, Trust::Server), at(server), "server: {told:?}");
        assert_eq!(happened(&told, received, Trust::Browser), at(browser), "browser: {told:?}");
    }
}

#[test]
fn moments_are_read_as_senders_write_them() {
    for (value, expected) in [
        (json!("2026-03-10T12:00:00Z"), Some("2026-03-10T12:00:00Z")),
        (json!(" 2026-03-10T12:00:00.123456789+02:00 "), Some("2026-03-10T10:00:00.123456Z")),
        (json!("2026-03-10T12:00:00+0200"), Some("2026-03-10T10:00:00Z")),
        (json!("2026-03-10T12:00:00.5"), Some("2026-03-10T12:00:00.5Z")),
        (json!("2026-03-10 12:00:00"), Some("2026-03-10T12:00:00Z")),
        (json!("2026-03-10"), Some("2026-03-10T00:00:00Z")),
        (json!(1_773_144_000), Some("2026-03-10T12:00:00Z")),
        (json!(1_773_144_000_000_i64), Some("2026-03-10T12:00:00Z")),
        (json!("0001-01-01T00:00:00Z"), None),
        (json!("-0005-01-01T00:00:00Z"), None),
        (json!("2026-02-30T00:00:00Z"), None),
        (json!("NaN"), None),
        (json!("yesterday"), None),
        (json!(""), None),
        (json!(-5), None),
        (json!(1e300), None),
        (json!(true), None),
        (json!({}), None),
        (json!(null), None),
    ] {
        assert_eq!(moment(&value), expected.map(at), "{value}");
    }
}

#[test]
fn the_times_of_an_item_are_found_in_their_order() {
    let told = |item: Value| Told::of(item.as_object().unwrap(), Some(at("2026-03-10T00:00:00Z")));
    let nothing = told(json!({}));
    assert_eq!((nothing.happened, nothing.sent), (None, Some(at("2026-03-10T00:00:00Z"))));
    let own = told(json!({"timestamp": "bad", "originalTimestamp": "2026-03-01", "sentAt": "2026-03-02"}));
    assert_eq!(
        (own.happened, own.sent),
        (Some(at("2026-03-01T00:00:00Z")), Some(at("2026-03-02T00:00:00Z")))
    );
    assert!(!told(json!({"receivedAt": "2026-03-01", "originalTimestamp": "2026-03-01"})).corrected);
    assert!(told(json!({"receivedAt": "2026-03-01", "timestamp": "2026-03-01"})).corrected);
}

#[test]
fn an_item_with_a_time_that_is_none_happened_when_it_came() {
    let arrival =
        one("track", &json!({"userId": "1", "event": "x", "timestamp": "soon", "sentAt": {"a": 1}}));
    assert_eq!(arrival.unwrap().at, now());
}
