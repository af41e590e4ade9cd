//! Codes and words, and what they mean.

use super::*;

/// Whether the address is dead, and why.
fn told(field: &str, words: &str) -> (bool, Cause) {
    let meaning = meaning(Status::find(field), words);
    (meaning.is_dead(), meaning.cause)
}

#[test]
fn codes_are_read_and_numbers_that_are_none_are_not() {
    for (text, code) in [
        ("5.1.1", Some(Status(5, 1, 1))),
        ("5.1.1 (bad destination mailbox address)", Some(Status(5, 1, 1))),
        ("550-5.7.26 This mail", Some(Status(5, 7, 26))),
        ("(#5.1.351)", Some(Status(5, 1, 351))),
        ("host 10.5.1.1 said", None),
        ("5.1", None),
        ("version 3.1.1", None),
        ("5.1.1.1", None),
        ("", None),
    ] {
        assert_eq!(Status::find(text), code, "{text}");
    }
    for (text, class) in [
        ("550 no", Some(5)),
        ("said: 450-4.2.1 wait", Some(4)),
        ("<<< 550", Some(5)),
        ("after 500 seconds", None),
        ("port 587", None),
        ("id 4501", None),
        ("", None),
    ] {
        assert_eq!(reply_class(text), class, "{text}");
    }
}

#[test]
fn every_phrase_is_found_and_is_written_as_it_is_looked_for() {
    for phrase in PHRASES.iter() {
        assert_ne!(phrase.cause, Cause::Unclear, "{:?} stands under no section", phrase.pieces);
        let whole = phrase.pieces.join(" * ");
        assert_eq!(plain(&whole), whole, "a phrase is small letters and single blanks");
        assert!(stands_in(&phrase.pieces, &phrase.pieces.join(" of ours ")), "{whole}");
    }
}

#[test]
fn words_decide_where_they_are_clear_and_codes_where_they_are_not() {
    for (field, words, dead, cause) in [
        ("5.1.1", "", true, Cause::NoSuchUser),
        ("5.1.10", "", true, Cause::NoSuchHost),
        ("5.1.6", "", true, Cause::Moved),
        ("5.4.4", "", true, Cause::NoSuchHost),
        ("5.0.0", "550 <kim@acme.test>... User unknown", true, Cause::NoSuchUser),
        (
            "5.0.0",
            "smtp; 550-5.7.1 [192.0.2.1] Our system has detected that this message is likely unsolicited mail",
            false,
            Cause::Policy,
        ),
        (
            "5.7.1",
            "550 5.7.1 <kim@acme.test>: Recipient address rejected: User unknown",
            true,
            Cause::NoSuchUser,
        ),
        ("5.7.1", "550 5.7.1 Unable to relay", false, Cause::Policy),
        ("5.1.1", "550 5.1.1 Rejected: 192.0.2.1 is listed at zen.example.test", false, Cause::Policy),
        ("5.1.1", "550 5.1.1 <kim@acme.test> mailbox is full", false, Cause::Full),
        ("5.1.8", "550 5.1.8 Sender address rejected: Domain not found", false, Cause::Policy),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", true, Cause::NoSuchUser),
        ("5.7.1", "554 5.7.1 Recipient address rejected: Access denied", false, Cause::Policy),
        (
            "4.1.1",
            "450 4.1.1 <kim@acme.test>: user unknown in local recipient table",
            false,
            Cause::NoSuchUser,
        ),
        ("5.2.1", "The email account that you tried to reach is disabled", false, Cause::Disabled),
        ("5.2.2", "552 5.2.2 over quota", false, Cause::Full),
        ("5.3.4", "552 5.3.4 message size exceeds fixed limit", false, Cause::TooLarge),
        ("5.4.7", "", false, Cause::Expired),
        ("4.4.7", "delivery time expired", false, Cause::Expired),
        ("5.4.6", "too many hops", false, Cause::Loop),
        (
            "",
            "Host or domain name not found. Name service error for name=acme.test type=A: Host not found",
            true,
            Cause::NoSuchHost,
        ),
        ("", "Host not found, try again", false, Cause::Busy),
        ("", "no words that anybody knows", false, Cause::Unclear),
    ] {
        assert_eq!(told(field, words), (dead, cause), "{field} {words}");
    }
}
