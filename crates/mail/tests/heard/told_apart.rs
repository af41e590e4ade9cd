//! Each kind of message is told apart (rules B1, B2, B5 to B8), whatever ends its lines, and none makes the reader panic.

use proptest::prelude::*;
use rekindle_mail::heard::{Fate, What, hear};

/// A message in the shape of a real one, and what is to be heard in it.
struct Sample {
    name: &'static str,
    heard: &'static str,
    text: &'static str,
}

fn samples() -> Vec<Sample> {
    let all = include_str!("messages.txt").split("\n==== ").skip(1);
    let read = |whole: &'static str| {
        let (title, text) = whole.split_once('\n').unwrap();
        let (name, heard) = title.split_once(" | ").unwrap();
        Sample { name, heard, text }
    };
    all.map(read).collect()
}

/// A verdict as the samples write it.
fn written(what: &What) -> String {
    match what {
        What::Fates(told) => {
            let one = |told: &rekindle_mail::heard::Told| {
                format!("{} {:?} {:?}", told.address.as_deref().unwrap_or("-"), told.fate, told.cause)
            };
            told.iter().map(one).collect::<Vec<_>>().join("; ")
        }
        What::Complaint(complaint) => {
            format!("Complaint {:?} {}", complaint.kind, complaint.addresses.join(" ")).trim_end().to_owned()
        }
        What::Receipt => "Receipt".to_owned(),
        What::AutoReply => "AutoReply".to_owned(),
        What::Stop => "Stop".to_owned(),
        What::Reply(said) => format!("Reply {said}"),
    }
}

#[test]
fn each_message_is_what_it_is() {
    let samples = samples();
    assert!(samples.len() > 40);
    let wrong: Vec<String> = samples
        .iter()
        .map(|sample| (sample, written(&hear(sample.text.as_bytes()).what)))
        .filter(|(sample, told)| told != sample.heard)
        .map(|(sample, told)| format!("{}: {told}, and not {}", sample.name, sample.heard))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_ends_of_lines_change_no_verdict() {
    for Sample { name, text, .. } in samples() {
        let told = hear(text.as_bytes());
        for end in ["\r\n", "\r"] {
            assert_eq!(hear(text.replace('\n', end).as_bytes()), told, "{name} with {end:?}");
        }
        let in_a_mailbox_file = format!("From b+token@bounce.shop.example Mon Nov  2 01:02:03 2026\n{text}");
        assert_eq!(hear(in_a_mailbox_file.as_bytes()).what, told.what, "{name} from a mailbox file");
    }
}

#[test]
fn what_is_ours_is_traced() {
    let of = |name: &str| {
        let sample = samples().into_iter().find(|sample| sample.name == name).unwrap();
        hear(sample.text.as_bytes()).traces
    };
    for name in
        ["exim, nobody there", "postfix, two recipients", "qmail, a host that nobody knows", "a complaint"]
    {
        let traces = of(name);
        assert_eq!(traces.addresses, ["b+token@bounce.shop.example"], "{name}");
        assert_eq!(traces.message_ids, ["inside@shop.example"], "{name}");
    }
    for name in ["a complaint that wants out", "a junk report of microsoft", "a receipt"] {
        assert_eq!(of(name).message_ids, ["inside@shop.example"], "{name}");
    }
    assert_eq!(of("postfix, positive proof").envelopes, ["envelope-77"]);
    assert_eq!(of("somebody answers").message_ids, ["inside@shop.example", "earlier@shop.example"]);
    assert_eq!(of("a mail program unsubscribes").addresses, ["u+token@bounce.shop.example"]);
}

#[test]
fn each_place_that_names_the_recipient_is_a_trace() {
    for field in [
        "To: us",
        "Delivered-To: ",
        "X-Original-To: ",
        "Envelope-To: ",
        "Received: from mx.test by relay.test with ESMTP id 1\n for ",
        "Cc: ",
    ] {
        let mail =
            format!("{field} <b+token@bounce.shop.example>; Mon, 2 Nov 2026 01:02:03 +0000\nSubject: x\n\ny");
        assert_eq!(hear(mail.as_bytes()).traces.addresses, ["b+token@bounce.shop.example"], "{field}");
    }
}

#[test]
fn what_goes_too_deep_or_is_too_much_is_read_without_harm() {
    let deep = "Content-Type: message/rfc822\n\n".repeat(100_000);
    let wide = format!(
        "Content-Type: multipart/mixed; boundary=x\n\n{}",
        "--x\nContent-Type: text/plain\n\nkim@acme.test\n".repeat(20_000)
    );
    let long = format!(
        "From: mailer-daemon@x.test\nSubject: failure notice\n\n{}",
        "<kim@acme.test>: user unknown ".repeat(200_000)
    );
    let many = format!(
        "Subject: failure notice\nFrom: postmaster@x.test\n\n{}",
        "<kim@acme.test>:\nno\n".repeat(100_000)
    );
    let fields = format!("{}\n\nbody", "X-A: b\n".repeat(300_000));
    let blank = format!("Subject: Re: hi\n\nYes{}no", "\n".repeat(2_000_000));
    for raw in [deep, wide, long, many, fields, blank] {
        hear(raw.as_bytes());
    }
}

/// A sample with some of its bytes changed, taken out or doubled.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..4_u8);
    (any::<prop::sample::Index>(), prop::collection::vec(change, 0..12)).prop_map(|(which, changes)| {
        let samples = samples();
        let mut bytes = which.get(&samples).text.as_bytes().to_vec();
        for (at, byte, kind) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => {
                    bytes.remove(at);
                }
                2 => bytes.insert(at, byte),
                _ => bytes.truncate(at),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(raw in prop::collection::vec(any::<u8>(), 0..600)) {
        hear(&raw);
    }

    #[test]
    fn no_mutation_makes_it_panic_or_unbounded(raw in mutated()) {
        let heard = hear(&raw);
        prop_assert!(heard.subject.chars().count() <= 500);
        match heard.what {
            What::Reply(said) => prop_assert!(said.chars().count() <= 2_000 && !said.contains('\0')),
            What::Fates(told) => {
                prop_assert!(!told.is_empty());
                prop_assert!(told.iter().all(|told| told.diagnostic.chars().count() <= 500));
                prop_assert!(told.iter().all(|told| told.fate != Fate::Hard || told.cause != rekindle_mail::heard::Cause::Policy));
            }
            _ => {}
        }
    }
}
