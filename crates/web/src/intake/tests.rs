//! Items good and bad, times that lie, the recorded requests of two clients, and whatever else.

use super::{body::*, call::*, key::*, *};
use proptest::prelude::*;
use rekindle_core::activity::{Kind, Trust};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

mod replay;
mod times;

fn at(text: &str) -> Moment {
    text.parse().unwrap()
}
fn now() -> Moment {
    at("2026-03-10T12:00:00Z")
}
fn key(trust: Trust) -> KeyFacts {
    KeyFacts { name: "site".into(), trust, basis: Some("web form".into()), origins: vec![] }
}
fn batch(items: &Value) -> Parsed {
    let body = json!({"batch": items, "sentAt": "2026-03-10T12:00:00Z"}).to_string();
    parse(Endpoint::Batch, body.as_bytes(), &key(Trust::Server), now(), now()).unwrap()
}
fn one(word: &str, item: &Value) -> Result<Arrival, Box<Quarantined>> {
    raw(word, &item.to_string())
}
fn raw(word: &str, body: &str) -> Result<Arrival, Box<Quarantined>> {
    let endpoint = Endpoint::from_word(word).unwrap();
    let mut parsed = parse(endpoint, body.as_bytes(), &key(Trust::Server), now(), now()).unwrap();
    assert_eq!(parsed.good.len() + parsed.bad.len(), 1);
    parsed.good.pop().map(|(_, good)| good).ok_or_else(|| Box::new(parsed.bad.pop().unwrap().1))
}

#[test]
fn each_call_becomes_its_kind_of_arrival() {
    let track = one("track", &json!({"userId": 42, "event": " Signed Up ", "properties": {"plan": "pro", "url": "https://a.test/join?x"}, "messageId": "m1"})).unwrap();
    assert_eq!(
        (track.kind, track.name.as_str(), track.path.as_deref()),
        (Kind::Track, "Signed Up", Some("/join"))
    );
    assert_eq!((track.who.user_id.as_deref(), track.message_id.as_str()), (Some("42"), "m1"));
    assert_eq!(
        (track.source.as_str(), track.basis.as_deref(), track.human),
        ("site", Some("web form"), true)
    );
    assert_eq!(track.properties["plan"], "pro");

    let page = one(
        "p",
        &json!({"anonymousId": "a", "name": "API", "category": "Docs", "properties": {"path": "/docs"}}),
    )
    .unwrap();
    assert_eq!((page.name.as_str(), page.path.as_deref()), ("Page Viewed", Some("/docs")));
    assert_eq!(Value::from(page.properties), json!({"path": "/docs", "name": "API", "category": "Docs"}));

    let screen = one("screen", &json!({"anonymousId": "a", "name": "Home"})).unwrap();
    assert_eq!((screen.name.as_str(), &screen.properties["name"]), ("Screen Viewed", &json!("Home")));

    let identify =
        one("identify", &json!({"userId": "7", "traits": {"email": "Kim@Acme.test", "name": "Kim"}}))
            .unwrap();
    assert_eq!(identify.who.email.unwrap().as_str(), "kim@acme.test");
    assert_eq!((identify.human, &identify.properties["name"]), (false, &json!("Kim")));

    let group = one(
        "group",
        &json!({"userId": "7", "groupId": 9, "traits": {"email": "info@acme.test", "name": "Acme"}}),
    )
    .unwrap();
    assert_eq!(
        (group.who.email, Value::from(group.properties)),
        (None, json!({"email": "info@acme.test", "name": "Acme", "groupId": "9"}))
    );

    let alias = one("alias", &json!({"userId": "7", "previousId": "a"})).unwrap();
    assert_eq!((alias.who.user_id.as_deref(), alias.who.previous_id.as_deref()), (Some("7"), Some("a")));
    let alias = one("alias", &json!({"userId": "7", "anonymousId": "a"})).unwrap();
    assert_eq!(alias.who.previous_id.as_deref(), Some("a"));

    let opened = one("track", &json!({"userId": "7", "event": "Email Opened"})).unwrap();
    assert!(!opened.human, "a machine may have done it");
}

#[test]
fn an_address_is_found_where_senders_put_it() {
    let email = |word, item| one(word, &item).unwrap().who.email.map(String::from);
    assert_eq!(
        email("track", json!({"userId": "KIM@acme.test", "event": "x"})).as_deref(),
        Some("kim@acme.test")
    );
    assert_eq!(
        email("track", json!({"event": "x", "context": {"traits": {"email": "a@b.test"}}})).as_deref(),
        Some("a@b.test")
    );
    assert_eq!(
        email("identify", json!({"userId": "u@b.test", "traits": {"email": "a@b.test"}})).as_deref(),
        Some("a@b.test")
    );
    assert_eq!(
        email("identify", json!({"userId": "u@b.test", "traits": {"email": "nonsense"}})).as_deref(),
        Some("u@b.test")
    );
    assert_eq!(email("identify", json!({"userId": "1", "traits": {"email": "nonsense"}})), None);
    assert_eq!(
        email("identify", json!({"userId": "1", "context": {"traits": {"email": "a@b.test"}}})).as_deref(),
        Some("a@b.test")
    );
    let refused = one("identify", &json!({"traits": {"email": "nonsense"}})).unwrap_err();
    assert!(refused.reason.contains("no @"), "{}", refused.reason);
}

#[test]
fn a_raw_nul_spoils_its_own_item_and_outside_of_texts_the_body() {
    let body = "{\"batch\": [{\"type\": \"track\", \"userId\": \"1\", \"event\": \"a\0\"}, {\"type\": \"track\", \"userId\": \"1\", \"event\": \"b\"}]}";
    let read = |body: &str| parse(Endpoint::Batch, body.as_bytes(), &key(Trust::Server), now(), now());
    let parsed = read(body).unwrap();
    assert_eq!((parsed.bad[0].0, parsed.bad[0].1.code.as_str()), (0, "nul"));
    assert_eq!((parsed.good[0].0, parsed.good[0].1.name.as_str()), (1, "b"));
    for none in ["{\"batch\": [\0]}", "{\"batch\": [\"\\\0\"]}"] {
        assert!(matches!(read(none), Err(BodyError::NotJson(_))), "{none:?}");
    }
}

#[test]
fn what_is_bad_is_kept_with_its_reason() {
    let long = "x".repeat(256);
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    for (word, item, code) in [
        ("track", r#"{"event": "x"}"#.to_owned(), "no_id"),
        ("track", r#"{"userId": " ", "anonymousId": "", "event": "x"}"#.to_owned(), "no_id"),
        ("track", r#"{"userId": "undefined", "anonymousId": "NULL", "event": "x"}"#.to_owned(), "no_id"),
        ("alias", r#"{"userId": "1"}"#.to_owned(), "no_id"),
        ("group", r#"{"userId": "1", "traits": {"name": "Acme"}}"#.to_owned(), "no_id"),
        ("alias", r#"{"previousId": "1", "anonymousId": "1"}"#.to_owned(), "no_id"),
        ("track", r#"{"userId": "1"}"#.to_owned(), "no_event"),
        ("track", r#"{"userId": "1", "event": "  "}"#.to_owned(), "no_event"),
        ("track", r#"{"userId": "1", "event": 7}"#.to_owned(), "bad_type"),
        ("track", r#"{"userId": 1.5, "event": "x"}"#.to_owned(), "bad_type"),
        ("track", r#"{"userId": 123456789012345678901, "event": "x"}"#.to_owned(), "bad_type"),
        ("track", r#"{"userId": ["1"], "event": "x"}"#.to_owned(), "bad_type"),
        ("track", r#"{"userId": "1", "event": "x", "properties": "y"}"#.to_owned(), "bad_type"),
        ("track", r#"{"userId": "1", "event": "x", "properties": [1]}"#.to_owned(), "bad_type"),
        ("identify", r#"{"userId": "1", "traits": 5}"#.to_owned(), "bad_type"),
        ("track", r#"{"userId": "1", "event": "x\u0000"}"#.to_owned(), "nul"),
        ("track", r#"{"userId": "1", "event": "x", "properties": {"a": [{"\u0000": 1}]}}"#.to_owned(), "nul"),
        ("track", r#"{"userId": "1", "event": "x", "properties": {"a": 1e400}}"#.to_owned(), "unreadable"),
        ("track", r#"{"userId": "1", "event": "x", "properties": {"a": "\ud83d"}}"#.to_owned(), "unreadable"),
        ("track", format!(r#"{{"userId": "1", "event": "x", "properties": {{"a": {deep}}}}}"#), "too_deep"),
        (
            "track",
            format!(
                r#"{{"userId": "1", "event": "x", "a": {}{}}}"#,
                "[".repeat(200_000),
                "]".repeat(200_000)
            ),
            "too_deep",
        ),
        (
            "track",
            format!(r#"{{"userId": "1", "event": "x", "a": "{}"}}"#, "y".repeat(ITEM_LIMIT)),
            "too_large",
        ),
        ("track", format!(r#"{{"userId": "1", "event": "x", "messageId": "{long}"}}"#), "too_long"),
        ("track", format!(r#"{{"userId": "{long}", "event": "x"}}"#), "too_long"),
        ("track", format!(r#"{{"userId": "1", "event": "{long}"}}"#), "too_long"),
    ] {
        let refused = raw(word, &item).expect_err(&item[..item.len().min(80)]);
        assert_eq!(refused.code, code, "{}", &item[..item.len().min(80)]);
        assert!(!refused.reason.is_empty() && refused.reason.len() < 300, "{}", refused.reason);
        assert!(refused.payload.len() <= ITEM_LIMIT && item.starts_with(&refused.payload));
        assert_eq!((refused.source.as_str(), refused.at), ("site", now()));
    }
}

#[test]
fn what_is_just_good_enough_is_stored() {
    let full = "y".repeat(255);
    let nested = format!("{}{}", "[".repeat(30), "]".repeat(30));
    for (word, item) in [
        ("track", format!(r#"{{"userId": "{full}", "event": "{full}", "messageId": "{full}"}}"#)),
        ("track", format!(r#"{{"userId": "1", "event": "[[[\"[[[", "properties": {{"a": {nested}}}}}"#)),
        ("track", format!(r#"{{"userId": "1",{}"event": "x"}}"#, " ".repeat(ITEM_LIMIT))),
        (
            "track",
            r#"{"userId": "1", "event": "x", "properties": [], "context": null, "integrations": 5}"#
                .to_owned(),
        ),
        ("track", r#"{"userId": null, "userId": "1", "event": null, "event": "x"}"#.to_owned()),
        ("page", format!(r#"{{"anonymousId": "1", "name": "{}", "category": null}}"#, "n".repeat(300))),
        ("track", "\u{feff} {\"userId\": -5, \"event\": \"x\"}\n".to_owned()),
    ] {
        assert!(raw(word, &item).is_ok(), "{:?}", raw(word, &item));
    }
}

#[test]
fn a_bad_item_never_disturbs_its_neighbours() {
    let good = |id: &str| json!({"type": "track", "userId": "1", "event": "x", "messageId": id}).to_string();
    let bad = [
        "7",
        "null",
        "[]",
        "{}",
        r#"{"type": "trak", "userId": "1"}"#,
        r#"{"type": "mail", "userId": "1"}"#,
        r#"{"type": 1e400, "messageId": "big"}"#,
        r#"{"type": "track", "x": "\ud800"}"#,
        r#"{"type": "track", "messageId": "n", "event": "\u0000"}"#,
    ];
    for (place, bad) in bad.iter().enumerate() {
        let body = format!(r#"{{"batch": [{}, {bad}, {}]}}"#, good("a"), good("b"));
        let parsed = parse(Endpoint::Batch, body.as_bytes(), &key(Trust::Server), now(), now()).unwrap();
        let ids: Vec<_> = parsed.good.iter().map(|(i, a)| (*i, a.message_id.as_str())).collect();
        assert_eq!(ids, [(0, "a"), (2, "b")], "{bad}");
        assert_eq!((parsed.bad.len(), parsed.bad[0].0), (1, 1), "{bad}");
        let (refused, expected) = (&parsed.bad[0].1, ["bad_type", "unreadable", "nul"]);
        assert!(expected.contains(&refused.code.as_str()), "{refused:?}");
        assert_eq!(refused.payload, *bad);
        let kept = [None, None, None, None, None, None, Some("big"), None, Some("n")][place];
        assert_eq!(refused.message_id.as_deref(), kept);
    }
    let unknown = batch(&json!([{"type": "trak", "userId": "1"}]));
    assert!(unknown.bad[0].1.reason.contains("did you mean \"track\""), "{:?}", unknown.bad);
}

#[test]
fn a_body_is_refused_only_when_nothing_can_be_saved() {
    let refusal = |word, body: &[u8]| {
        let endpoint = Endpoint::from_word(word).unwrap();
        parse(endpoint, body, &key(Trust::Server), now(), now())
            .err()
            .map(|why| (why.status().as_u16(), why.code()))
    };
    assert_eq!(refusal("track", b""), Some((400, "not_json")));
    assert_eq!(refusal("track", b"{\"a\": 1"), Some((400, "not_json")));
    assert_eq!(refusal("track", b"{} {}"), Some((400, "not_json")));
    assert_eq!(refusal("track", b"{\"a\": NaN}"), Some((400, "not_json")));
    assert_eq!(refusal("track", b"[]"), Some((400, "not_object")));
    assert_eq!(refusal("batch", b"{}"), Some((400, "no_batch")));
    assert_eq!(refusal("batch", b"{\"batch\": {}}"), Some((400, "no_batch")));
    assert_eq!(refusal("batch", b"{\"batch\": []}"), None);
    assert_eq!(refusal("track", &vec![b' '; BODY_LIMIT + 1]), Some((413, "too_large")));
    let many = format!("{{\"batch\": [{}0]}}", "0,".repeat(ITEMS_LIMIT));
    assert_eq!(refusal("batch", many.as_bytes()), Some((413, "too_many")));
    assert_eq!(refusal("track", "[".repeat(BODY_LIMIT).as_bytes()), Some((400, "not_json")));
    let latin = b"{\"userId\": \"1\", \"event\": \"M\xfcnchen\"}";
    let parsed = parse(Endpoint::One(Kind::Track), latin, &key(Trust::Server), now(), now()).unwrap();
    assert_eq!(parsed.good[0].1.name, "M\u{fffd}nchen", "another encoding loses a letter, not the call");
}

#[test]
fn the_same_thing_again_has_the_same_fingerprint() {
    let first = json!({"userId": "1", "event": "x", "messageId": "m", "timestamp": "2026-03-01T00:00:00Z", "properties": {"a": 1, "b": [null, "2"]}});
    let print = |change: &dyn Fn(&mut Value)| {
        let mut item = first.clone();
        change(&mut item);
        one("track", &item).unwrap().fingerprint
    };
    let same = print(&|_| ());
    assert_eq!(same, print(&|i| i["sentAt"] = json!("2026-03-02T00:00:00Z")));
    assert_eq!(same, print(&|i| i["_metadata"] = json!({"retryCount": 3})));
    assert_eq!(same, print(&|i| i["context"] = json!({"library": {"version": "2"}})));
    assert_eq!(same, print(&|i| i["type"] = json!("track")));
    let shuffled = raw(
        "track",
        r#"{"properties": {"b": [null, "2"], "a": 1}, "timestamp": "2026-03-01T00:00:00Z", "messageId": "m", "event": "x", "userId": "1"}"#,
    );
    assert_eq!(same, shuffled.unwrap().fingerprint);

    let changes: [&dyn Fn(&mut Value); 6] = [
        &|i| i["event"] = json!("y"),
        &|i| i["userId"] = json!("2"),
        &|i| i["timestamp"] = json!("2026-03-01T00:00:01Z"),
        &|i| i["properties"]["a"] = json!("1"),
        &|i| i["properties"]["b"] = json!(["2", null]),
        &|i| i["context"] = json!({"page": {"path": "/other"}}),
    ];
    let prints: BTreeSet<i64> = changes.into_iter().map(print).chain([same]).collect();
    assert_eq!(prints.len(), 7);
}

#[test]
fn an_item_without_an_id_gets_one() {
    let id = |item: Value, now: &str| {
        let body = json!({"batch": [item], "sentAt": now}).to_string();
        let parsed = parse(Endpoint::Batch, body.as_bytes(), &key(Trust::Server), at(now), at(now)).unwrap();
        parsed.good[0].1.message_id.clone()
    };
    let (early, late) = ("2026-03-10T12:00:00Z", "2026-03-10T12:00:01Z");
    let timed = json!({"type": "track", "userId": "1", "event": "x", "timestamp": "2026-03-01T00:00:00Z"});
    assert_eq!(
        id(timed.clone(), early),
        id(timed.clone(), late),
        "it tells its time: the second is a second try"
    );
    let untimed = json!({"type": "track", "userId": "1", "event": "x", "messageId": ""});
    assert_ne!(id(untimed.clone(), early), id(untimed.clone(), late), "two visits are two");
    let twice = batch(&json!([untimed, untimed]));
    assert_ne!(twice.good[0].1.message_id, twice.good[1].1.message_id);
    assert!(id(timed, early).starts_with("auto-"));
}

#[test]
fn the_context_of_a_batch_counts_for_items_that_have_none() {
    let body = json!({
        "batch": [{"type": "page", "userId": "1"}, {"type": "page", "userId": "1", "context": {"page": {"path": "/own"}}}],
        "context": {"page": {"path": "/all"}},
    });
    let parsed =
        parse(Endpoint::Batch, body.to_string().as_bytes(), &key(Trust::Server), now(), now()).unwrap();
    let paths: Vec<_> = parsed.good.iter().map(|(_, a)| a.path.as_deref().unwrap()).collect();
    assert_eq!(paths, ["/all", "/own"]);
    for bad in
        ["7", "{\"page\": {\"path\": \"\\u0000\"}}", &format!("{}{}", "[".repeat(1_000), "]".repeat(1_000))]
    {
        let body =
            format!(r#"{{"batch": [{{"type": "page", "userId": "1"}}], "context": {bad}, "sentAt": {bad}}}"#);
        let parsed = parse(Endpoint::Batch, body.as_bytes(), &key(Trust::Server), now(), now()).unwrap();
        assert_eq!((parsed.good.len(), parsed.good[0].1.path.as_deref()), (1, None));
    }
}

fn json_of_any_kind() -> impl Strategy<Value = Value> {
    let field = prop_oneof![
        4 => prop::sample::select(vec![
            "userId", "anonymousId", "previousId", "groupId", "event", "type", "messageId", "timestamp", "sentAt",
            "properties", "traits", "context", "page", "path", "url", "email", "name", "batch", "receivedAt", "writeKey",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![
            "track",
            "page",
            "identify",
            "alias",
            "a@b.test",
            "2026-03-10T12:00:00Z",
            "9999-12-31",
            "\0"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(field.clone(), inner, 0..8)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

/// What must hold of everything that gets through.
fn check(parsed: &Parsed, count: Option<usize>) {
    if let Some(count) = count {
        assert_eq!(parsed.good.len() + parsed.bad.len(), count, "every item is good or bad");
    }
    for (_, good) in &parsed.good {
        assert!(!good.who.is_nobody() && !good.name.trim().is_empty());
        assert!((1..=ID_LIMIT).contains(&good.message_id.chars().count()));
        assert!(good.at <= now() && good.at.timestamp() >= 0);
        let ids = [&good.who.user_id, &good.who.anonymous_id, &good.who.previous_id, &good.path];
        let texts = ids.into_iter().flatten().chain([&good.name, &good.message_id]);
        assert!(!texts.into_iter().any(|text| text.contains('\0')) && !has_nul(good.properties.iter()));
    }
    for (_, bad) in &parsed.bad {
        assert!(!bad.payload.contains('\0') && !bad.reason.contains('\0'));
        assert!(!bad.message_id.as_deref().unwrap_or_default().contains('\0'));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_is_taken_apart(items in prop::collection::vec(json_of_any_kind(), 0..5), browser: bool) {
        let key = key(if browser { Trust::Browser } else { Trust::Server });
        let body = json!({"batch": items.clone(), "sentAt": items.first()}).to_string();
        check(&parse(Endpoint::Batch, body.as_bytes(), &key, now(), now()).unwrap(), Some(items.len()));
        for word in ["t", "p", "s", "i", "g", "a", "b"] {
            for item in &items {
                let endpoint = Endpoint::from_word(word).unwrap();
                let parsed = parse(endpoint, item.to_string().as_bytes(), &key, now(), now());
                prop_assert_eq!(parsed.is_err() && endpoint != Endpoint::Batch, !item.is_object() && endpoint != Endpoint::Batch);
                if let Ok(parsed) = parsed { check(&parsed, (endpoint != Endpoint::Batch).then_some(1)); }
            }
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..400) {
        let sample = json!({"batch": [{"type": "track", "userId": "1", "event": "x", "properties": {"a": [1, "\u{1f525}"]}}], "sentAt": "2026-03-10T12:00:00Z"}).to_string();
        let mut spoiled = sample.into_bytes();
        let cut = cut % spoiled.len();
        spoiled.splice(cut..cut, bytes.iter().take(3).copied());
        for body in [&bytes, &spoiled] {
            for word in ["track", "batch"] {
                let endpoint = Endpoint::from_word(word).unwrap();
                if let Ok(parsed) = parse(endpoint, body, &key(Trust::Browser), now(), now()) { check(&parsed, None); }
            }
        }
    }
}
