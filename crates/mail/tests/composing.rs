//! Messages, read back by another library: the sender rules E1 to E8 and U1, and every naughty string there is.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use chrono::{DateTime, TimeZone, Utc};
use mail_parser::{Message, MessageParser, MimeHeaders};
use rekindle_mail::compose::{Bulk, ComposeError, Envelope, Party, compose};
use rekindle_mail::templates::Rendered;

const UNSUBSCRIBE: &str = "https://u.acme.test/u/1/AZ0Zc8m2cYyR4xXo0mQv1l2tq3a4b5c6d7e8f9g0h1i2j3k4l5m6n7o8p9q0r1s2t3u4v5w6x7y8z9AZ0Zc8m2cYyR4xXo0mQv1l2tq3a4b5c6d7e8f9g0";

fn at() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 2, 1, 2, 3).unwrap()
}

fn envelope() -> Envelope {
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
            feedback_id: "re-engagement:breakup:rekindle".into(),
        }),
    }
}

fn letter() -> Rendered {
    Rendered {
        subject: "Grüße — nächste Schritte".into(),
        html: format!(
            "<!doctype html><html><body><p style=\"color:#222\">Grüße</p>\n<a href=\"{UNSUBSCRIBE}\">Unsubscribe</a></body></html>"
        ),
        text: format!("Grüße\n.\nFrom here on = all is well.\n\n{UNSUBSCRIBE}\n"),
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

#[test]
fn a_campaign_mail_has_every_header_once_and_the_text_first() {
    let bytes = compose(&envelope(), &letter()).unwrap();
    assert_lines(&bytes, "the example");
    let mail = parse(&bytes);
    assert_eq!(
        names(&mail),
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
    let raw = |name: &str| mail.header_raw(name).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(
        raw("List-Unsubscribe"),
        format!("<{UNSUBSCRIBE}>, <mailto:u+token@bounce.acme.test?subject=unsubscribe>")
    );
    assert_eq!(raw("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    assert_eq!(raw("List-Id"), "Acme re-engagement <reengage.acme.test>");
    assert_eq!(raw("Precedence"), "bulk");
    assert_eq!(raw("X-Auto-Response-Suppress"), "OOF, AutoReply");
    assert_eq!(raw("Feedback-ID"), "re-engagement:breakup:rekindle");
    assert_eq!(raw("Message-ID"), "<delivery-01jc4x.7@mail.acme.test>");
    assert_eq!(raw("Date"), "Mon, 02 Nov 2026 01:02:03 +0000");
    assert_eq!(mail.subject(), Some("Grüße — nächste Schritte"));
    let from = mail.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("Jürgen, Sales"), Some("sales@acme.test")));
    let to = mail.to().unwrap();
    assert_eq!(to.as_list().map_or(0, <[_]>::len), 1);
    assert_eq!(
        (to.first().unwrap().name(), to.first().unwrap().address()),
        (Some("Zoë O'Brien"), Some("zoe@example.com"))
    );

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
}

#[test]
fn the_same_mail_is_the_same_bytes() {
    assert_eq!(compose(&envelope(), &letter()), compose(&envelope(), &letter()));
}

#[test]
fn a_system_mail_says_so_and_has_no_list() {
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
fn a_text_outside_latin_is_carried_without_tripling() {
    let text = format!("{}\n{UNSUBSCRIBE}", "สวัสดีครับ เราคิดถึงคุณ ".repeat(60));
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

fn assert_tame(value: &str) {
    let usual = names(&parse(&compose(&envelope(), &letter()).unwrap()));
    let mut e = envelope();
    e.to.name = Some(value.to_owned());
    e.from.name = Some(format!("{value} of Acme"));
    e.bulk.as_mut().unwrap().list_name = value.to_owned();
    let letter = Rendered {
        subject: format!("For {value}, with love"),
        text: format!("{value}\n{UNSUBSCRIBE}\n"),
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
}

#[test]
fn no_name_can_become_a_header() {
    for value in [
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
    ] {
        assert_tame(value);
    }
}

#[test]
fn no_naughty_string_can_become_a_header() {
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
    for value in &strings {
        assert_tame(value);
    }
}
