//! What stands after all that was said, and until when.

use super::*;
use chrono::{NaiveDate, TimeDelta};
use proptest::prelude::*;

fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

fn yes(line: &str, when: &str) -> Record {
    Record::yes(line, at(when), Proof::default()).unwrap()
}

fn no(state: ConsentState) -> Record {
    Record::no(state, "a link in a mail", Moment::UNIX_EPOCH, Proof::default())
}

/// All that was said, one after another.
fn after(said: impl IntoIterator<Item = Record>) -> (Vec<Record>, Consent) {
    let mut records = Vec::new();
    for record in said {
        hear(&mut records, record);
    }
    let stands = standing(&records);
    (records, stands)
}

#[test]
fn a_no_is_not_undone_by_a_form() {
    const T: &str = "2026-01-01T00:00:00Z";
    let (records, stands) = after([yes("form", T), no(ConsentState::Unsubscribed), yes("another form", T)]);
    assert_eq!((stands.state, records.len()), (ConsentState::Unsubscribed, 2));
    assert_eq!(stands.basis.as_deref(), Some("a link in a mail"), "what allowed it before is over");
    assert!(records[0].withdrawn_at.is_some());
    let (_, stands) = after([no(ConsentState::Complained), no(ConsentState::Unsubscribed)]);
    assert_eq!(stands.state, ConsentState::Complained, "a weaker no does not replace a stronger one");
    let mut confirmed = yes("newsletter", T);
    confirmed.proof.confirmed = true;
    let (records, stands) = after([no(ConsentState::Unsubscribed), no(ConsentState::Complained), confirmed]);
    assert_eq!(stands.state, ConsentState::Subscribed, "but by whoever reads the mailbox");
    assert!(records[..2].iter().all(|no| no.withdrawn_at.is_some()));
}

#[test]
fn l2_implied_consent_ends_to_the_second() {
    for (line, from, until) in [
        ("business: a purchase", "2024-02-29T08:00:00Z", "2026-02-28T08:00:00Z"),
        ("business: a purchase", "2026-02-28T08:00:00Z", "2028-02-28T08:00:00Z"),
        ("business since 2025-03-01: customers", "2026-02-28T08:00:00Z", "2027-03-01T00:00:00Z"),
        ("enquiry: a quote", "2026-08-31T23:59:59Z", "2027-02-28T23:59:59Z"),
        ("enquiry: a quote", "2027-08-31T12:00:00Z", "2028-02-29T12:00:00Z"),
        ("enquiry: a quote", "2026-11-23T10:42:00Z", "2027-05-23T10:42:00Z"),
    ] {
        let (_, stands) = after([yes(line, from)]);
        assert_eq!(stands.until, Some(at(until)), "{line} of {from}");
        let second = TimeDelta::seconds(1);
        assert!(stands.allows(at(until) - second).is_ok(), "{line} of {from}");
        let expired = stands.allows(at(until)).unwrap_err();
        assert!(expired.starts_with("consent expired on "), "{expired}");
        assert!(stands.allows(at(until) + second).is_err());
    }
    for line in ["webinar form 2026", "interest LIA-7: customers", "express: at the fair"] {
        assert_eq!(after([yes(line, "2020-01-01T00:00:00Z")]).1.until, None, "{line}");
    }
}

#[test]
fn l3_a_basis_is_read_from_its_line_or_refused_in_words() {
    let read = |line: &str| Grant::read(line).unwrap();
    assert_eq!(read("newsletter: spring").basis, Basis::Express);
    assert_eq!(read("interest LIA-7: customers").assessment.as_deref(), Some("LIA-7"));
    assert_eq!(read("Business since 2025-03-01: x").since, NaiveDate::from_ymd_opt(2025, 3, 1));
    for (line, wanted) in [
        ("interest: customers", "interest LIA-7"),
        ("business since spring: x", "“spring” is no day"),
        ("enquiry about: x", "“about” says nothing here"),
    ] {
        let error = Grant::read(line).unwrap_err();
        assert!(error.contains(wanted), "{line}: {error}");
    }
}

#[test]
fn the_yes_that_lasts_longest_counts_and_the_same_again_is_no_news() {
    const T: &str = "2026-01-01T00:00:00Z";
    let (records, stands) = after([
        yes("enquiry: a", T),
        yes("enquiry: again", "2026-01-01T09:00:00Z"),
        yes("business: bought", T),
        yes("enquiry: later", "2026-03-01T00:00:00Z"),
    ]);
    assert_eq!((records.len(), stands.basis.as_deref()), (2, Some("business: bought")));
    let (records, stands) = after([yes("interest L1: x", T), yes("form", T), yes("form", T)]);
    assert_eq!((records.len(), stands.until), (2, None), "a word of their own stands beside our interest");
}

#[test]
fn whoever_objected_is_not_scored_again_because_their_address_died() {
    let (_, stands) = after([no(ConsentState::Objected), no(ConsentState::Bounced)]);
    assert_eq!(stands.state, ConsentState::Objected);
}

fn anything() -> impl Strategy<Value = Record> {
    let line = prop_oneof![Just("form"), Just("enquiry: a"), Just("business: b"), Just("interest L: c")];
    let state = prop::sample::select(ConsentState::ALL[2..].to_vec());
    (any::<bool>(), line, state, 0_i64..900, any::<bool>()).prop_map(
        |(says_yes, line, state, day, confirmed)| {
            let at = Moment::UNIX_EPOCH + TimeDelta::days(day);
            let proof = Proof { confirmed: confirmed && says_yes, ..Proof::default() };
            match says_yes {
                true => Record::yes(line, at, proof).unwrap(),
                false => Record::no(state, "no", at, proof),
            }
        },
    )
}

proptest! {
    #[test]
    fn whatever_was_said_a_no_stands_until_the_mailbox_says_yes(said in prop::collection::vec(anything(), 0..12)) {
        let (mut records, mut refused) = (Vec::new(), false);
        for record in said {
            refused = match &record.says {
                Says::No(_) => true,
                Says::Yes { .. } => refused && !record.proof.confirmed,
            };
            hear(&mut records, record);
            prop_assert_eq!(standing(&records).state.is_refusal(), refused);
            // What is not withdrawn is of one mind.
            let live = || records.iter().filter(|record| record.withdrawn_at.is_none());
            let yes = live().filter(|record| matches!(record.says, Says::Yes { .. })).count();
            prop_assert!(yes == 0 || yes == live().count());
        }
    }
}
