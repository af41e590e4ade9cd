//! Signatures (rules S1, U2 and the last word of E3), verified by dkimpy without a network.

use base64::{Engine, engine::general_purpose::STANDARD};
use rekindle_mail::{
    compose::{Envelope, compose},
    dkim::{self, DkimError, Signer},
    templates::Rendered,
};
use serde_json::json;

use crate::headers::{self, ADDRESS, UNSUBSCRIBE, at};
use crate::python;

const RSA: &str = include_str!("rsa.pem");
const ED25519: &str = include_str!("ed25519.pem");

fn signers() -> Vec<Signer> {
    vec![Signer::new("acme.test", "rk1", RSA).unwrap(), Signer::new("acme.test", "rk2", ED25519).unwrap()]
}

/// A mail that has no Reply-To, so that one could be added.
fn envelope() -> Envelope {
    Envelope { reply_to: None, ..headers::envelope() }
}

fn letter(words: &str) -> Rendered {
    Rendered {
        subject: format!("Grüße — {words}"),
        html: format!(
            "<p>{words}</p><a href=\"{UNSUBSCRIBE}\">Unsubscribe</a><p>{}</p>",
            ADDRESS.replace('&', "&amp;")
        ),
        text: format!("{words}\n.\n\n  two blanks  \n\n{UNSUBSCRIBE}\n{ADDRESS}\n\n\n"),
    }
}

fn mail() -> String {
    signed(&envelope(), &letter("until Monday"))
}

fn signed(envelope: &Envelope, letter: &Rendered) -> String {
    let bytes = compose(envelope, letter).unwrap();
    String::from_utf8(dkim::sign(&signers(), bytes, at()).unwrap()).unwrap()
}

/// Of each signature of each message, whether dkimpy finds it valid.
fn verified(messages: &[String]) -> Vec<Vec<bool>> {
    let records: serde_json::Map<_, _> =
        signers().iter().map(|signer| (signer.record_name(), signer.record().into())).collect();
    let messages: Vec<String> = messages.iter().map(|message| STANDARD.encode(message)).collect();
    let question = json!({"messages": messages, "records": records});
    let answer = python::ask(include_str!("verify.py"), "dkim, nacl", &question);
    serde_json::from_value(answer).unwrap()
}

#[test]
fn s1_both_signatures_are_valid_for_another_implementation() {
    let system = Envelope { bulk: None, reply_to: Some("mia@acme.test".into()), ..envelope() };
    let long = "a word ".repeat(30);
    let messages = [
        mail(),
        signed(&system, &letter("Your export is ready")),
        signed(&envelope(), &letter("สวัสดีครับ เราคิดถึงคุณ")),
        signed(&envelope(), &letter(&long)),
    ];
    assert_eq!(verified(&messages), vec![vec![true, true]; messages.len()]);
}

#[test]
fn s1_the_tags_are_those_of_the_rule() {
    let mail = mail();
    let signatures: Vec<String> = mail
        .split("DKIM-Signature: ")
        .skip(1)
        .map(|rest| {
            let end = rest.find("\r\nDKIM").or_else(|| rest.find("\r\nFrom")).unwrap_or(rest.len());
            rest[..end].split_whitespace().collect()
        })
        .collect();
    assert_eq!(signatures.len(), 2);
    for (signature, algorithm) in signatures.iter().zip(["rsa-sha256", "ed25519-sha256"]) {
        let tags: Vec<&str> = signature.split(';').collect();
        for tag in [
            "v=1",
            &format!("a={algorithm}"),
            "d=acme.test",
            "c=relaxed/relaxed",
            &format!("t={}", at().timestamp()),
        ] {
            assert!(tags.contains(&tag), "{tag} in {signature}");
        }
        assert!(!tags.iter().any(|tag| tag.starts_with("l=") || tag.starts_with("x=")), "{signature}");
        let named = tags.iter().find_map(|tag| tag.strip_prefix("h=")).unwrap().to_ascii_lowercase();
        let count = |name: &str| named.split(':').filter(|known| *known == name).count();
        for name in [
            "from",
            "to",
            "subject",
            "date",
            "message-id",
            "list-id",
            "list-unsubscribe",
            "list-unsubscribe-post",
        ] {
            assert_eq!(count(name), 2, "{name} is named once more than it stands: {named}");
        }
        for name in ["reply-to", "cc", "sender"] {
            assert_eq!(count(name), 1, "{name} cannot be added: {named}");
        }
    }
    let longest = mail.lines().map(str::len).max().unwrap();
    assert!(longest <= 998);
}

#[test]
fn u2_what_is_tampered_with_is_found_out() {
    let mail = mail();
    let change = |from: &str, to: &str| {
        assert!(mail.contains(from), "{from}");
        mail.replacen(from, to, 1)
    };
    let add = |field: &str| format!("{field}\r\n{mail}");
    let tampered = [
        change("https://u.acme.test/u/", "https://u.evil.test/u/"),
        change(
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            "List-Unsubscribe-Post: List-Unsubscribe=Never",
        ),
        change("List-Unsubscribe-Post: ", "X-Post: "),
        change("sales@acme.test", "sales@evil.test"),
        change("zoe@example.com", "kim@example.com"),
        change("Date: Mon, 02", "Date: Mon, 03"),
        change("delivery-01jc4x.7@", "delivery-02@"),
        change("Subject: ", "Subject: Re: "),
        change("until", "before"),
        add("From: Boss <boss@acme.test>"),
        add("Subject: You won"),
        add("Reply-To: evil@evil.test"),
        add("List-Unsubscribe: <https://u.evil.test/u>"),
        add("Cc: all@example.com"),
    ];
    for (message, verdict) in tampered.iter().zip(verified(&tampered)) {
        assert_eq!(verdict, [false, false], "{message}");
    }
}

#[test]
fn s1_what_relays_do_on_the_way_does_no_harm() {
    let mail = mail();
    let ways = [
        format!("Received: from a.test by b.test; Mon, 2 Nov 2026 01:02:03 +0000\r\nX-Spam: no\r\n{mail}"),
        mail.replacen("Subject: ", "subject:   ", 1),
        mail.replacen("List-Unsubscribe-Post: ", "List-Unsubscribe-Post:\r\n\t", 1),
        format!("{mail}\r\n\r\n"),
    ];
    assert_eq!(verified(&ways), vec![vec![true, true]; ways.len()]);
}

#[test]
fn s1_the_same_mail_is_the_same_bytes() {
    assert_eq!(mail(), mail());
}

#[test]
fn s1_a_key_says_what_to_publish() {
    let [rsa, ed25519] = signers().try_into().unwrap();
    assert_eq!(rsa.record_name(), "rk1._domainkey.acme.test");
    assert!(ed25519.record().starts_with("v=DKIM1; k=ed25519; p="));
    assert_eq!(ed25519.record_in_strings(), format!("\"{}\"", ed25519.record()));
    let strings = rsa.record_in_strings();
    let parts: Vec<&str> = strings.trim_matches('"').split("\" \"").collect();
    assert_eq!(parts.concat(), rsa.record());
    assert!(parts.len() == 2 && parts.iter().all(|part| part.len() <= 255), "{strings}");
    let made = dkim::new_ed25519().unwrap();
    assert!(Signer::new("acme.test", "new", &made).unwrap().record().contains("k=ed25519"));
    assert_ne!(made, dkim::new_ed25519().unwrap());
}

#[test]
fn s1_what_cannot_sign_is_refused_in_words() {
    let refusal = |selector, pem: &str| Signer::new("acme.test", selector, pem).unwrap_err();
    assert_eq!(refusal("rk1", "xoxb-1"), DkimError::NoKey);
    assert_eq!(refusal("rk1", ""), DkimError::NoKey);
    assert_eq!(refusal("rk1", include_str!("weak.pem")), DkimError::WrongKind);
    assert_eq!(refusal("", RSA), DkimError::Selector(String::new()));
    assert_eq!(refusal("a b", RSA), DkimError::Selector("a b".into()));
    let printed = format!("{:?}", signers());
    assert!(!printed.contains("PRIVATE") && printed.contains("rk1._domainkey.acme.test"), "{printed}");
}

#[test]
fn e3_the_domain_of_the_signature_is_that_of_the_sender() {
    for (from, signing) in
        [("acme.test", "acme.test"), ("mail.acme.test", "acme.test"), ("acme.test", "mail.acme.test")]
    {
        assert!(dkim::is_aligned(from, signing), "{from} {signing}");
    }
    for (from, signing) in
        [("acme.test", "evil.test"), ("acme.test", "test"), ("notacme.test", "acme.test"), ("acme.test", "")]
    {
        assert!(!dkim::is_aligned(from, signing), "{from} {signing}");
    }
}
