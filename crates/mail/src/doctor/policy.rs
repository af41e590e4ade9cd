//! DMARC (RFC 7489): what receivers do with mail in our name that nobody vouches for, and whether somebody vouches for ours.

use super::keys::tag;
use super::{Answer, Finding, Subject, Verdict, heard};
use crate::dkim::is_aligned;

/// How the policy stands, and whether envelope and signatures are aligned with the From header by it.
pub(super) fn judge(subject: &Subject<'_>, policies: &[(String, Answer<String>)]) -> Vec<Finding> {
    let records = |answer: &Answer<String>| {
        answer.clone().map(|texts| texts.into_iter().filter(|text| is_dmarc(text)).collect::<Vec<_>>())
    };
    // The nearest domain that has one counts; one that did not answer might have.
    let found = policies.iter().map(|(domain, answer)| (domain, records(answer)));
    let found = found.into_iter().find(|(_, told)| told.as_ref().map_or(true, |told| !told.is_empty()));
    let Some((domain, told)) = found else {
        let why = format!(
            "there is none, and Gmail and Yahoo want one of who writes to many: publish _dmarc.{0}. IN TXT \"v=DMARC1; p=none; rua=mailto:dmarc@{0}\"",
            subject.from
        );
        return vec![Finding::new(format!("DMARC of {}", subject.from), Verdict::Wrong(why))];
    };
    let policy = Finding::new(format!("DMARC of {domain}"), heard(&told, of_records));
    match told.as_deref() {
        Ok([record]) if !policy.is_wrong() => {
            let what = format!("DMARC: what vouches for {}", subject.from);
            vec![policy, Finding::new(what, alignment(subject, record))]
        }
        _ => vec![policy],
    }
}

fn is_dmarc(text: &str) -> bool {
    text.split(';').next().is_some_and(|version| version.replace(' ', "").eq_ignore_ascii_case("v=DMARC1"))
}

fn of_records(records: &[String]) -> Verdict {
    let [record] = records else {
        return Verdict::Wrong(format!(
            "there are {}, and more than one counts as none: leave one",
            records.len()
        ));
    };
    match tag(record, "p").map(str::to_ascii_lowercase).as_deref() {
        Some("none" | "quarantine" | "reject") => {}
        Some(other) => {
            return Verdict::Wrong(format!("p={other} is no policy: write p=none, p=quarantine or p=reject"));
        }
        None => return Verdict::Wrong("it has no policy: write p=none, p=quarantine or p=reject".to_owned()),
    }
    match tag(record, "rua") {
        Some(to) if !to.is_empty() => Verdict::Works,
        _ => Verdict::Advice(
            "nobody is told who sends in your name: add rua=mailto:…, an address that reads reports"
                .to_owned(),
        ),
    }
}

/// Whether somebody who is aligned vouches for our mails: one is enough, two survive a forwarding and a broken signature.
fn alignment(subject: &Subject<'_>, record: &str) -> Verdict {
    let strict = |name: &str| tag(record, name).is_some_and(|mode| mode.eq_ignore_ascii_case("s"));
    let aligned = |is_strict: bool, domain: &str| match is_strict {
        true => domain == subject.from,
        false => is_aligned(subject.from, domain),
    };
    let envelope = aligned(strict("aspf"), subject.envelope);
    let signature = subject.signers.iter().any(|signer| aligned(strict("adkim"), signer.domain()));
    match (envelope, signature) {
        (true, true) => Verdict::Works,
        (true, false) if subject.signers.is_empty() => Verdict::Works,
        (false, true) => Verdict::Advice(format!(
            "the signature alone: the envelope's domain {} is not aligned. Set mail.bounce_domain to one below {}{}",
            subject.envelope,
            subject.from,
            if strict("aspf") { ", and take aspf=s out of the record" } else { "" }
        )),
        (true, false) => Verdict::Advice(format!(
            "the envelope alone, which no forwarding survives: adkim=s wants signatures of {} itself. Set dkim.domain to it, or take adkim=s out",
            subject.from
        )),
        (false, false) => Verdict::Wrong(format!(
            "nobody: neither the envelope's domain {} nor a signature of ours is aligned with {}. Set mail.bounce_domain and dkim.domain to it or to one below it",
            subject.envelope, subject.from
        )),
    }
}
