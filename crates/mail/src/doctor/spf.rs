//! SPF (RFC 7208): who may send for a domain. Read as strictly as the strictest receiver.

use std::net::{Ipv4Addr, Ipv6Addr};

use rekindle_core::nearest::{did_you_mean, nearest};

use super::{Subject, Verdict};

/// What a directive may be.
const MECHANISMS: [&str; 8] = ["all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"];
/// More than these directives that ask the DNS, and the record counts for nothing (RFC 7208 section 4.6.4).
const LOOKUPS: usize = 10;

/// How the record among the texts of a domain stands.
pub(super) fn judge(subject: &Subject<'_>, texts: &[String]) -> Verdict {
    let domain = subject.envelope;
    let records: Vec<&String> = texts.iter().filter(|text| is_spf(text)).collect();
    let record = match records.as_slice() {
        [record] => record.to_lowercase(),
        [] => {
            return Verdict::Wrong(format!(
                "there is none: publish as TXT of {domain} what your relay asks for, such as \"v=spf1 include:{} -all\"",
                subject.relay
            ));
        }
        many => {
            return Verdict::Wrong(format!(
                "there are {}, and more than one counts as none (RFC 7208, 4.5): make one of them",
                many.len()
            ));
        }
    };
    let mut lookups = 0;
    let mut end = None;
    for term in record.split_whitespace().skip(1) {
        match read(term) {
            Ok(Term::All(sign)) => end = Some(sign),
            Ok(Term::Redirect) => {
                lookups += 1;
                end = end.or(Some('-'));
            }
            Ok(Term::Asks) => lookups += 1,
            Ok(Term::Tells) => {}
            Err(why) => {
                return Verdict::Wrong(format!("for one slip receivers pass over all of it: “{term}” {why}"));
            }
        }
    }
    if lookups > LOOKUPS {
        return Verdict::Wrong(format!(
            "{lookups} of its directives ask the DNS, and more than {LOOKUPS} count as an error (RFC 7208, 4.6.4): name addresses (ip4:) in place of some"
        ));
    }
    match end {
        Some('-' | '~') => Verdict::Works,
        Some('+') => {
            Verdict::Wrong("+all lets everybody send in your name: end with -all or ~all".to_owned())
        }
        Some(_) => Verdict::Advice(
            "?all says nothing of others who send in your name: end with -all or ~all".to_owned(),
        ),
        None => Verdict::Advice(
            "it ends without -all or ~all, and says nothing of others who send in your name".to_owned(),
        ),
    }
}

/// Whether a text is an SPF record: the version, and then nothing or a blank.
fn is_spf(text: &str) -> bool {
    let version = text.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("v=spf1"));
    version && text[6..].chars().next().is_none_or(|c| c == ' ')
}

enum Term {
    /// `all`, with its sign.
    All(char),
    /// `redirect=`.
    Redirect,
    /// One that asks the DNS.
    Asks,
    /// One that does not.
    Tells,
}

/// Reads a directive or modifier; what is wrong with it, in words that go on after it.
fn read(term: &str) -> Result<Term, String> {
    if let Some((name, value)) = term.split_once('=').filter(|(name, _)| !name.contains([':', '/'])) {
        return match name {
            _ if value.is_empty() => Err("has no value".to_owned()),
            "redirect" => Ok(Term::Redirect),
            // Others are passed over (RFC 7208 section 6), and so would be a misspelt one that changes everything.
            _ => match nearest(name, ["redirect"]) {
                None => Ok(Term::Tells),
                Some(near) => Err(format!("is passed over; did you mean \"{near}\"?")),
            },
        };
    }
    let sign = term.chars().next().filter(|c| "+-~?".contains(*c));
    let directive = term.trim_start_matches(|c| Some(c) == sign);
    let at = directive.find([':', '/']).unwrap_or(directive.len());
    let (name, value) = (&directive[..at], directive[at..].trim_start_matches(':'));
    let address = value.split('/').next().unwrap_or_default();
    match name {
        "all" if value.is_empty() => Ok(Term::All(sign.unwrap_or('+'))),
        "include" | "exists" if value.is_empty() => Err("names no domain".to_owned()),
        "ip4" if address.parse::<Ipv4Addr>().is_err() => Err("is no IPv4 address".to_owned()),
        "ip6" if address.parse::<Ipv6Addr>().is_err() => Err("is no IPv6 address".to_owned()),
        "ip4" | "ip6" => Ok(Term::Tells),
        "include" | "a" | "mx" | "ptr" | "exists" => Ok(Term::Asks),
        _ => Err(format!("is no directive of SPF{}", did_you_mean(name, MECHANISMS))),
    }
}
