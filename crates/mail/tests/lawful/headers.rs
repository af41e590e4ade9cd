//! Messages, read back by other libraries: the sender rules E1 to E8 and U1, and every naughty string there is.

use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use mail_parser::{Message, MessageParser, MimeHeaders};
use rekindle_core::link::{KeyRing, Purpose};
use rekindle_mail::compose::{Bulk, ComposeError, Envelope, Party, compose};
use rekindle_mail::templates::Rendered;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::python;

/// Where the mail's reader stops it.
pub(crate) const UNSUBSCRIBE: &str = "https://u.acme.test/u/1/AZ0Zc8m2cYyR4xXo0mQv1l2tq3a4b5c6d7e8f9g0h1i2j3k4l5m6n7o8p9q0r1s2t3u4v5w6x7y8z9AZ0Zc8m2cYyR4xXo0mQv1l2tq3a4b5c6d7e8f9g0";

/// Where its sender is.
pub(crate) const ADDRESS: &str = "Acme & Sons, 12 Harbour Street\nDublin 2";

/// When the mail is written.
pub(crate) fn at() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 2, 1, 2, 3).unwrap()
}

/// A campaign's mail with everything that one may have.
pub(crate) fn envelope() -> Envelope {
    Envelope {
        from: Party { name: Some("Jürgen, Sales".into()), address: "sales@acme.test".into() },
        to: Party { name: Some("Zoë O'Brien".into()), address: "zoe@example.com".into() },
        reply_to: Some("mia@acme.test".into()),
        message_id: "delivery-01jc4x.7@mail.acme.test".into(),
        date: at(),
        bulk: Some(Bulk {
            list_name: "Acme re-engagement".into(),
            list_id: "reengage.acme.test".into(),
            unsubscribe_url: UNSUBSCRIBE.into(),
            unsubscribe_mailto: Some("mailto:u+token@bounce.acme.test?subject=unsubscribe".into()),
            postal_address: ADDRESS.into(),
            feedback_id: "re-engagement:breakup:rekindle".into(),
        }),
    }
}

fn letter() -> Rendered {
    Rendered {
        subject: "Grüße — nächste Schritte".into(),
        html: format!(
            "<!doctype html><html><body><p style=\"color:#222\">Grüße</p>\n<p>Acme &amp; Sons, 12 Harbour Street<br>\nDublin 2</p><a href=\"{UNSUBSCRIBE}\">Unsubscribe</a></body></html>"
        ),
        text: format!("Grüße\n.\nFrom here on = all is well.\n\n{UNSUBSCRIBE}\n{ADDRESS}\n"),
    }
}

fn parse(bytes: &[u8]) -> Message<'_> {
    MessageParser::default().parse(bytes).expect("a message")
}

fn names(mail: &Message<'_>) -> Vec<String> {
    let mut names: Vec<_> = mail.headers().iter().map(|h| h.name().to_ascii_lowercase()).collect();
    names.sort();
    names
}

/// What RFC 5322 and SMTP ask of every line, whatever is in it.
fn assert_lines(bytes: &[u8], what: &str) {
    assert!(bytes.is_ascii() && !bytes.contains(&0), "{what}");
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "a bare CR or LF for {what}");
    let longest = text.split("\r\n").map(str::len).max().unwrap();
    assert!(longest <= 998, "a line of {longest} for {what}");
}

fn unfolded(mail: &Message<'_>, name: &str) -> String {
    mail.header_raw(name).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_header_is_there_once() {
    let bytes = compose(&envelope(), &letter()).unwrap();
    assert_eq!(
        names(&parse(&bytes)),
        [
            "content-type",
            "date",
            "feedback-id",
            "from",
            "list-id",
            "list-unsubscribe",
            "list-unsubscribe-post",
            "message-id",
            "mime-version",
            "precedence",
            "reply-to",
            "subject",
            "to",
            "x-auto-response-suppress"
        ]
    );
}

#[test]
fn e1_the_message_id_is_ours_and_of_no_two_mails() {
    let ring = KeyRing::new([(1, [7; 32])].into()).unwrap();
    let id = |n: u128| format!("{}@mail.acme.test", ring.small_token(Purpose::MessageId, Uuid::from_u128(n)));
    let bytes = compose(&Envelope { message_id: id(1), ..envelope() }, &letter()).unwrap();
    assert_eq!(unfolded(&parse(&bytes), "Message-ID"), format!("<{}>", id(1)));
    assert!(id(1).len() <= 250 && id(1).bytes().all(|b| b.is_ascii_alphanumeric() || b"@.".contains(&b)));
    let many: u128 = if std::env::var_os("REKINDLE_LONG").is_some() { 100_000 } else { 10_000 };
    let all: std::collections::HashSet<String> = (0..many).map(|n| id(n << 40)).collect();
    assert_eq!(all.len() as u128, many);
}

#[test]
fn e2_the_date_is_understood_in_every_month_and_under_every_locale() {
    let dates: Vec<DateTime<Utc>> =
        (0..400).map(|day| at() + TimeDelta::days(day) + TimeDelta::seconds(day * 777)).collect();
    let written = dates.iter().map(|date| {
        let bytes = compose(&Envelope { date: *date, ..envelope() }, &letter()).unwrap();
        let mail = parse(&bytes);
        assert_eq!(mail.header_values("Date").count(), 1);
        unfolded(&mail, "Date")
    });
    let written: Vec<String> = written.collect();
    assert_eq!(written[0], "Mon, 02 Nov 2026 01:02:03 +0000");
    let read = python::ask(include_str!("dates.py"), "email.utils", &json!(written));
    let wanted: Vec<i64> = dates.iter().map(DateTime::timestamp).collect();
    assert_eq!(read, json!(wanted));
}

#[test]
fn e3_one_sender_writes_to_one_recipient() {
    let bytes = compose(&envelope(), &letter()).unwrap();
    let mail = parse(&bytes);
    let from = mail.from().unwrap();
    assert_eq!(from.as_list().map_or(0, <[_]>::len), 1);
    let from = from.first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("Jürgen, Sales"), Some("sales@acme.test")));
    let to = mail.to().unwrap();
    assert_eq!(to.as_list().map_or(0, <[_]>::len), 1);
    assert_eq!(
        (to.first().unwrap().name(), to.first().unwrap().address()),
        (Some("Zoë O'Brien"), Some("zoe@example.com"))
    );
    for absent in ["Cc", "Bcc", "Sender"] {
        assert!(mail.header(absent).is_none(), "{absent}");
    }
    let without = compose(&Envelope { reply_to: None, ..envelope() }, &letter()).unwrap();
    assert!(parse(&without).reply_to().is_none(), "Reply-To is optional");
}

#[test]
fn e5_the_text_comes_first_and_both_parts_lead_out() {
    let bytes = compose(&envelope(), &letter()).unwrap();
    let mail = parse(&bytes);
    assert_eq!(mail.subject(), Some("Grüße — nächste Schritte"));
    let kinds: Vec<String> = mail
        .parts
        .iter()
        .map(|p| p.content_type().map(|c| format!("{}/{}", c.c_type, c.subtype().unwrap_or(""))).unwrap())
        .collect();
    assert_eq!(kinds, ["multipart/alternative", "text/plain", "text/html"]);
    assert_eq!(mail.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), letter().text.trim_end());
    assert_eq!(mail.body_html(0).unwrap().replace("\r\n", "\n").trim_end(), letter().html);
    for part in &mail.parts[1..] {
        assert_eq!(part.content_transfer_encoding(), Some("quoted-printable"));
    }
    for body in [mail.body_text(0).unwrap(), mail.body_html(0).unwrap()] {
        assert!(body.contains(UNSUBSCRIBE), "{body}");
    }
}

#[test]
fn e6_machines_are_asked_to_be_silent() {
    let bytes = compose(&envelope(), &letter()).unwrap();
    let mail = parse(&bytes);
    assert_eq!(unfolded(&mail, "Precedence"), "bulk");
    assert_eq!(unfolded(&mail, "X-Auto-Response-Suppress"), "OOF, AutoReply");
    assert!(mail.header("Auto-Submitted").is_none(), "a campaign mail is no automatic answer");
}

#[test]
fn e8_the_feedback_id_names_campaign_and_step() {
    let bytes = compose(&envelope(), &letter()).unwrap();
    assert_eq!(unfolded(&parse(&bytes), "Feedback-ID"), "re-engagement:breakup:rekindle");
}

#[test]
fn u1_the_way_out_is_one_https_address_and_one_post() {
    let bytes = compose(&envelope(), &letter()).unwrap();
    let mail = parse(&bytes);
    let out = unfolded(&mail, "List-Unsubscribe");
    assert_eq!(out, format!("<{UNSUBSCRIBE}>, <mailto:u+token@bounce.acme.test?subject=unsubscribe>"));
    assert_eq!(out.matches("<https://").count(), 1);
    assert_eq!(unfolded(&mail, "List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    assert_eq!(unfolded(&mail, "List-Id"), "Acme re-engagement <reengage.acme.test>");
}

#[test]
fn e1_the_same_mail_is_the_same_bytes() {
    assert_eq!(compose(&envelope(), &letter()), compose(&envelope(), &letter()));
}

#[test]
fn e6_a_system_mail_says_so_and_has_no_list() {
    let bytes = compose(
        &Envelope { bulk: None, reply_to: None, ..envelope() },
        &Rendered { text: "Hi".into(), html: "<p>Hi</p>".into(), subject: "Hi".into() },
    );
    let bytes = bytes.unwrap();
    let names = names(&parse(&bytes));
    assert_eq!(
        names,
        ["auto-submitted", "content-type", "date", "from", "message-id", "mime-version", "subject", "to"]
    );
}

#[test]
fn e4_a_text_outside_latin_is_carried_without_tripling() {
    let text = format!("{}\n{UNSUBSCRIBE}\n{ADDRESS}", "สวัสดีครับ เราคิดถึงคุณ ".repeat(60));
    let bytes = compose(&envelope(), &Rendered { text: text.clone(), ..letter() }).unwrap();
    assert_lines(&bytes, "Thai");
    let mail = parse(&bytes);
    assert_eq!(mail.parts[1].content_transfer_encoding(), Some("base64"));
    assert_eq!(mail.body_text(0).unwrap().replace("\r\n", "\n"), text);
}

#[test]
fn what_would_break_a_rule_is_refused_in_words() {
    let with_bulk = |change: fn(&mut Bulk)| {
        let mut e = envelope();
        change(e.bulk.as_mut().unwrap());
        compose(&e, &letter())
    };
    assert_eq!(
        with_bulk(|b| b.unsubscribe_url = "https://other.test/u".into()),
        Err(ComposeError::UnsubscribeMissing("text"))
    );
    for bad in [
        "http://u.acme.test/u",
        "https://u.acme.test/u>\r\nX: y",
        "https://u.acme.test/ü",
        "http://localhost.evil.test/u",
        "ftp://x",
    ] {
        let mut e = envelope();
        e.bulk.as_mut().unwrap().unsubscribe_url = bad.into();
        assert!(matches!(compose(&e, &letter()), Err(ComposeError::Header { .. })), "{bad}");
    }
    assert!(matches!(
        with_bulk(|b| b.feedback_id = "a b".into()),
        Err(ComposeError::Header { header: "Feedback-ID", .. })
    ));
    assert!(matches!(
        with_bulk(|b| b.list_id = "x>\r\nBcc: y".into()),
        Err(ComposeError::Header { header: "List-Id", .. })
    ));
    assert_eq!(
        with_bulk(|b| b.postal_address = "12 Harbour Street\nDublin 4".into()),
        Err(ComposeError::AddressMissing("text"))
    );
    assert_eq!(with_bulk(|b| b.postal_address = " ".into()), Err(ComposeError::AddressMissing("text")));
    let html = letter().html.replace("Dublin 2", "");
    assert_eq!(
        compose(&envelope(), &Rendered { html, ..letter() }),
        Err(ComposeError::AddressMissing("HTML"))
    );
    let text_only = Rendered { html: "<p>no way out</p>".into(), ..letter() };
    assert_eq!(compose(&envelope(), &text_only), Err(ComposeError::UnsubscribeMissing("HTML")));
    assert_eq!(
        compose(&envelope(), &Rendered { text: " \n".into(), ..letter() }),
        Err(ComposeError::Empty("text part"))
    );
    assert_eq!(
        compose(&envelope(), &Rendered { subject: "\r\n\0".into(), ..letter() }),
        Err(ComposeError::Empty("subject"))
    );
    let huge = Rendered { html: letter().html + &" ".repeat(102 * 1024), ..letter() };
    assert!(matches!(compose(&envelope(), &huge), Err(ComposeError::TooLarge(_))));
    for bad in ["", "no-at", "a@b@c", "a b@c", "a@b..c", "<a@b>\r\nX: y", &"x".repeat(300)] {
        assert!(
            matches!(
                compose(&Envelope { message_id: bad.into(), ..envelope() }, &letter()),
                Err(ComposeError::MessageId(_))
            ),
            "{bad}"
        );
    }
    for bad in ["zoe@bücher.test", "zoe", "a@b.test\r\nBcc: c@d.test", "a@b.test, c@d.test"] {
        let to = Party { name: None, address: bad.into() };
        assert!(
            matches!(compose(&Envelope { to, ..envelope() }, &letter()), Err(ComposeError::Address(_))),
            "{bad}"
        );
    }
}

/// What a header reader may see of `value`: one line, nothing invisible. Written apart from the code it checks.
fn is_tame(shown: &str) -> bool {
    !shown.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)) && !shown.contains("=?")
}

/// Looks at a mail whose every field of a lead is this value, and returns it.
fn tame(value: &str) -> Vec<u8> {
    let usual = names(&parse(&compose(&envelope(), &letter()).unwrap()));
    let mut e = envelope();
    e.to.name = Some(value.to_owned());
    e.from.name = Some(format!("{value} of Acme"));
    e.bulk.as_mut().unwrap().list_name = value.to_owned();
    let letter = Rendered {
        subject: format!("For {value}, with love"),
        text: format!("{value}\n{UNSUBSCRIBE}\n{ADDRESS}\n"),
        ..letter()
    };
    let bytes = compose(&e, &letter).unwrap_or_else(|e| panic!("{value:?}: {e}"));
    assert_lines(&bytes, value);
    let mail = parse(&bytes);
    assert_eq!(names(&mail), usual, "{value:?} changed the headers");
    assert_eq!(mail.parts.len(), 3, "{value:?} changed the parts");
    let subject = mail.subject().unwrap();
    assert!(is_tame(subject), "{value:?} shows as {subject:?}");
    let wanted = rekindle_mail::compose::clean(&letter.subject, 250);
    assert_eq!(subject, wanted, "{value:?}");
    let to = mail.to().unwrap();
    assert_eq!(to.as_list().map_or(0, <[_]>::len), 1, "{value:?} made more recipients");
    assert_eq!(to.first().unwrap().address(), Some("zoe@example.com"), "{value:?}");
    let shown = to.first().unwrap().name().unwrap_or("");
    assert!(is_tame(shown), "{value:?} shows as {shown:?}");
    assert_eq!(mail.from().unwrap().first().unwrap().address(), Some("sales@acme.test"), "{value:?}");
    assert_eq!(mail.message_id(), Some("delivery-01jc4x.7@mail.acme.test"), "{value:?}");
    assert_words(&bytes, value);
    bytes
}

/// Encoded words are short, and each is whole (RFC 2047 sections 2 and 5).
fn assert_words(bytes: &[u8], what: &str) {
    let head = std::str::from_utf8(bytes).unwrap().split("\r\n\r\n").next().unwrap();
    for line in head.split("\r\n") {
        let words = line.split_once(": ").map_or(line, |(_, value)| value);
        assert!(
            line.len() <= 78 || !words.trim().contains(' '),
            "a line of {} for {what:?}: {line}",
            line.len()
        );
    }
    const OPENS: &str = "=?utf-8?b?";
    for text in head.split(OPENS).skip(1).map(|rest| rest.split("?=").next().unwrap()) {
        assert!(OPENS.len() + text.len() + 2 <= 75, "{text} for {what:?}");
        assert!(String::from_utf8(STANDARD.decode(text).unwrap()).is_ok(), "{text} is torn, for {what:?}");
    }
}

/// CPython finds the same fields in each of these mails, and each subject as it was meant.
fn assert_read_alike(mails: &[(String, Vec<u8>)]) {
    let usual = compose(&envelope(), &letter()).unwrap();
    let texts: Vec<&str> = [&usual]
        .into_iter()
        .chain(mails.iter().map(|(_, mail)| mail))
        .map(|m| std::str::from_utf8(m).unwrap())
        .collect();
    let read = python::ask(include_str!("fields.py"), "email", &json!(texts));
    let read: Vec<Value> = serde_json::from_value(read).unwrap();
    for ((value, mail), seen) in mails.iter().zip(&read[1..]) {
        assert_eq!(seen["names"], read[0]["names"], "{value:?} changed the fields");
        assert_eq!(seen["defects"], json!([]), "{value:?}");
        assert_eq!(seen["to"], json!(["zoe@example.com"]), "{value:?}");
        assert_eq!(seen["subject"], json!(parse(mail).subject().unwrap()), "{value:?}");
    }
}

#[test]
fn e4_no_name_can_become_a_header() {
    let values = [
        "x\r\nBcc: victim@example.com",
        "x\nBcc: victim@example.com\n\nbody",
        "x\rX-Evil: 1",
        "x\0y",
        "=?utf-8?q?=0D=0ABcc:_victim@example.com?=",
        "=?utf-8?b?DQpCY2M6IHZpY3RpbUBleGFtcGxlLmNvbQ==?=",
        "a\" <evil@example.com>, \"b",
        "evil@example.com>, <x@y",
        "\\\" <evil@example.com>",
        "(comment) <evil@example.com>",
        "\u{202e}moc.elpmaxe@live",
        "\u{2028}Bcc: victim@example.com\u{2029}",
        "\u{85}Bcc: victim@example.com",
        &"a".repeat(2_000),
        &"ü".repeat(2_000),
        &"👩‍👩‍👧‍👦".repeat(100),
        &"word ".repeat(500),
        "--=_delivery01jc4x7mailacmetest",
        "",
        " ",
    ];
    let mails: Vec<_> = values.into_iter().map(|value| (value.to_owned(), tame(value))).collect();
    assert_read_alike(&mails);
}

#[test]
fn e4_no_naughty_string_can_become_a_header() {
    let corpus = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora/naughty"));
    let Ok(blns) = std::fs::read_to_string(corpus.join("blns/blns.json")) else {
        println!("skipped, 532 cases: the corpus of naughty strings is not here");
        return;
    };
    let mut strings: Vec<String> = serde_json::from_str(&blns).unwrap();
    let crlf = std::fs::read_to_string(corpus.join("payloads/CRLF-Injection__Files__crlfinjection.txt"))
        .unwrap_or_default();
    strings.extend(crlf.lines().map(ToOwned::to_owned));
    // The same as they would arrive after somebody decoded them.
    strings.extend(
        crlf.lines()
            .map(|l| l.replace("%0d", "\r").replace("%0D", "\r").replace("%0a", "\n").replace("%0A", "\n")),
    );
    assert!(strings.len() > 500);
    let mails: Vec<_> = strings.into_iter().map(|value| (value.clone(), tame(&value))).collect();
    assert_read_alike(&mails);
}
