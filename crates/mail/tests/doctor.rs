//! Each state that a record can be in, and what the doctor says of it: rules S2 and S3, without a network.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use rekindle_mail::dkim::Signer;
use rekindle_mail::doctor::{Answers, Finding, Subject, Verdict, examine};

const OTHER_KEY: &str = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

/// What is set up, and what the DNS says of it.
struct Case {
    envelope: &'static str,
    signers: Vec<Signer>,
    public_url: &'static str,
    answers: Answers,
}

fn signer(domain: &str) -> Signer {
    Signer::new(domain, "rk1", include_str!("lawful/ed25519.pem")).unwrap()
}

fn texts(all: &[&str]) -> Result<Vec<String>, String> {
    Ok(all.iter().map(|text| (*text).to_owned()).collect())
}

/// A house in which all is as it should be.
fn right() -> Case {
    let signers = vec![signer("acme.test")];
    let answers = Answers {
        texts: texts(&[
            "google-site-verification=x",
            "v=spf1 include:_spf.relay.test ip4:192.0.2.0/24 ip6:2001:db8::/32 a:out.acme.test mx -all",
        ]),
        keys: vec![texts(&[&signers[0].record()])],
        policies: vec![("acme.test".to_owned(), texts(&["v=DMARC1; p=none; rua=mailto:dmarc@acme.test"]))],
        exchanges: texts(&["mx.acme.test."]),
        addresses: Ok(vec![("192.0.2.7".parse().unwrap(), vec!["out.relay.test.".to_owned()])]),
        relay: Ok(true),
        public_url: Ok(()),
    };
    Case { envelope: "bounce.acme.test", signers, public_url: "https://go.acme.test", answers }
}

impl Case {
    fn examine(&self) -> Vec<Finding> {
        let subject = Subject {
            from: "acme.test",
            envelope: self.envelope,
            signers: &self.signers,
            relay: "smtp.relay.test",
            public_url: self.public_url,
        };
        examine(&subject, &self.answers)
    }
}

/// The one thing that is not right once this was changed; all else must be.
fn told(change: impl FnOnce(&mut Case)) -> (char, String, String) {
    let mut case = right();
    change(&mut case);
    let mut odd: Vec<(char, String, String)> = case
        .examine()
        .into_iter()
        .filter_map(|finding| match finding.verdict {
            Verdict::Works => None,
            Verdict::Advice(why) => Some(('a', finding.what, why)),
            Verdict::Wrong(why) => Some(('w', finding.what, why)),
        })
        .collect();
    assert_eq!(odd.len(), 1, "{odd:#?}");
    odd.remove(0)
}

fn assert_told(verdict: char, what: &str, words: &str, change: impl FnOnce(&mut Case)) {
    let (found, of, why) = told(change);
    assert!(found == verdict && of.contains(what) && why.contains(words), "{found} {of}: {why}");
}

#[test]
fn s2_where_all_is_right_every_line_says_so() {
    let found = right().examine();
    assert!(found.iter().all(|finding| finding.verdict == Verdict::Works), "{found:#?}");
    let lines: Vec<&str> = found.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(
        lines,
        [
            "SPF of bounce.acme.test",
            "DKIM at rk1._domainkey.acme.test",
            "DMARC of acme.test",
            "DMARC: what vouches for acme.test",
            "MX of bounce.acme.test, where bounces go",
            "names of the relay's addresses (smtp.relay.test)",
            "the relay smtp.relay.test",
            "our address https://go.acme.test",
        ]
    );
}

#[test]
fn s2_each_state_of_an_spf_record() {
    let spf = |verdict: char, records: &[&str], words: &str| {
        let records = texts(records);
        assert_told(verdict, "SPF of bounce.acme.test", words, |case| case.answers.texts = records);
    };
    spf('w', &[], "publish as TXT of bounce.acme.test");
    spf('w', &["v=spf10 -all"], "there is none");
    spf('w', &["v=spf1 -all", "v=spf1 mx -all"], "more than one counts as none");
    spf(
        'w',
        &["v=spf1 includes:x.test -all"],
        "“includes:x.test” is no directive of SPF; did you mean \"include\"?",
    );
    spf('w', &["v=spf1 include: -all"], "names no domain");
    spf('w', &["v=spf1 ip4:192.0.2.999 -all"], "is no IPv4 address");
    spf('w', &["v=spf1 ip6:192.0.2.1 -all"], "is no IPv6 address");
    spf('w', &["v=spf1 redirct=x.test"], "did you mean \"redirect\"?");
    spf('w', &["v=spf1 +all"], "lets everybody send");
    spf('w', &["v=spf1 all"], "lets everybody send");
    spf('w', &[&format!("v=spf1 {}-all", "include:x.test ".repeat(11))], "11 of its directives ask the DNS");
    spf('a', &["v=spf1 mx ?all"], "says nothing of others");
    spf('a', &["v=spf1 mx"], "ends without -all");
    for fine in [
        "v=spf1 redirect=_spf.acme.test",
        "V=SPF1 MX ~ALL",
        "v=spf1 a/24 mx:x.test//64 exists:%{i}.x.test -all",
        "v=spf1 exp=why.acme.test op=auth -all",
    ] {
        let mut case = right();
        case.answers.texts = texts(&[fine]);
        assert!(case.examine().iter().all(|finding| finding.verdict == Verdict::Works), "{fine}");
    }
}

#[test]
fn s2_each_state_of_a_key_against_the_private_one() {
    let ours = signer("acme.test").record();
    let key = |verdict: char, records: &[&str], words: &str| {
        let records = texts(records);
        assert_told(verdict, "DKIM at rk1._domainkey.acme.test", words, |case| {
            case.answers.keys = vec![records];
        });
    };
    key('w', &[], "publish rk1._domainkey.acme.test. IN TXT \"v=DKIM1; k=ed25519; p=");
    key('w', &[OTHER_KEY], "it is not the key that signs here");
    key('w', &["v=DKIM1; k=ed25519; p="], "revoked");
    key('w', &["v=DKIM1; k=ed25519"], "there is no key");
    key('w', &[&ours.replace("ed25519", "rsa")], "another kind of key");
    key('w', &[&ours.replace("DKIM1", "DKIM2")], "its version");
    key('w', &[&ours, OTHER_KEY], "2 records");
    key('w', &[&format!("{ours}; h=sha1")], "forbids sha256");
    key('w', &[&format!("{ours}; s=tlsrpt")], "not for mail");
    key('a', &[&format!("{ours}; t=y:s")], "take t=y out");
    for fine in [
        ours.replace("; ", " ;\t"),
        format!("{ours}; h=sha1:sha256; s=email; t=s"),
        ours.replace("p=", "p= ").replace("v=DKIM1; ", ""),
    ] {
        let mut case = right();
        case.answers.keys = vec![texts(&[&fine])];
        assert!(case.examine().iter().all(|finding| finding.verdict == Verdict::Works), "{fine}");
    }
    // Where nobody signs here it cannot be told, and is no reason to stop.
    assert_told('a', "DKIM", "rekindle dkim new", |case| case.signers.clear());
}

#[test]
fn s3_each_state_of_a_policy_and_who_vouches_by_it() {
    let policy = |verdict: char, records: &[&str], words: &str| {
        let records = texts(records);
        assert_told(verdict, "DMARC of acme.test", words, |case| case.answers.policies[0].1 = records);
    };
    policy('w', &[], "publish _dmarc.acme.test. IN TXT \"v=DMARC1; p=none");
    policy('w', &["v=spf1 -all"], "there is none");
    policy('w', &["v=DMARC1; p=nothing; rua=mailto:x@acme.test"], "p=nothing is no policy");
    policy('w', &["v=DMARC1; rua=mailto:x@acme.test"], "it has no policy");
    policy('w', &["v=DMARC1; p=none", "v=DMARC1; p=reject"], "counts as none");
    policy('a', &["v=DMARC1; p=reject"], "add rua=");

    let strict = |tags: &str| texts(&[&format!("v=DMARC1; p=none; rua=mailto:x@acme.test; {tags}")]);
    assert_told('a', "what vouches", "take aspf=s out", |case| case.answers.policies[0].1 = strict("aspf=s"));
    assert_told('a', "what vouches", "Set mail.bounce_domain to one below acme.test", |case| {
        case.envelope = "relay.test";
    });
    assert_told('a', "what vouches", "adkim=s wants signatures of acme.test itself", |case| {
        case.signers = vec![signer("mail.acme.test")];
        case.answers.policies[0].1 = strict("adkim=s");
    });
    assert_told('w', "what vouches", "nobody", |case| {
        case.signers = vec![signer("mail.acme.test")];
        case.envelope = "relay.test";
        case.answers.policies[0].1 = strict("adkim=s");
    });
    // The policy of a domain above counts where there is no nearer one.
    let mut case = right();
    let above = case.answers.policies.remove(0);
    case.answers.policies = vec![("news.acme.test".to_owned(), Ok(Vec::new())), above];
    assert!(case.examine().iter().all(|finding| finding.verdict == Verdict::Works));
}

#[test]
fn s3_each_state_of_exchange_names_relay_and_address() {
    assert_told('w', "MX of bounce.acme.test", "there is none", |case| case.answers.exchanges = texts(&[]));
    assert_told('w', "MX of bounce.acme.test", "a null MX", |case| case.answers.exchanges = texts(&["."]));
    assert_told('w', "names of the relay", "has no address", |case| case.answers.addresses = Ok(Vec::new()));
    assert_told('a', "names of the relay", "192.0.2.7 has no name", |case| {
        case.answers.addresses = Ok(vec![("192.0.2.7".parse().unwrap(), Vec::new())]);
    });
    assert_told('a', "the relay", "in the clear", |case| case.answers.relay = Ok(false));
    assert_told('w', "the relay", "the password is wrong", |case| {
        case.answers.relay = Err("the password is wrong".to_owned());
    });
    assert_told('w', "our address", "RFC 8058", |case| case.public_url = "http://go.acme.test");
    assert_told('w', "our address", "start rekindle up", |case| {
        case.answers.public_url = Err("it does not answer".to_owned());
    });
}

#[test]
fn s2_a_dns_that_does_not_answer_is_no_record_that_is_missing() {
    let silent = || Err("it took too long".to_owned());
    assert_told('w', "SPF", "the DNS did not answer (it took too long)", |case| {
        case.answers.texts = silent();
    });
    assert_told('w', "DKIM", "did not answer", |case| case.answers.keys = vec![silent()]);
    assert_told('w', "DMARC", "did not answer", |case| case.answers.policies[0].1 = silent());
    assert_told('w', "MX", "did not answer", |case| case.answers.exchanges = silent());
    assert_told('w', "names", "did not answer", |case| {
        case.answers.addresses = Err("it took too long".to_owned());
    });
}
