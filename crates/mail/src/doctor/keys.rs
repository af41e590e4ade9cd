//! DKIM (RFC 6376): the key that is published, against the one that signs.

use super::Verdict;
use crate::dkim::Signer;

/// How the record among the texts at a key's name stands.
pub(super) fn judge(signer: &Signer, texts: &[String]) -> Verdict {
    let publish = || format!("publish {}. IN TXT {}", signer.record_name(), signer.record_in_strings());
    let record = match texts {
        [record] => record,
        [] => return Verdict::Wrong(format!("there is none: {}", publish())),
        many => {
            return Verdict::Wrong(format!(
                "there are {} records, and receivers take any of them: leave one. {}",
                many.len(),
                publish()
            ));
        }
    };
    let is = |name: &str| tag(record, name);
    let key = is("p").map(|key| key.split_whitespace().collect::<String>());
    match key.as_deref() {
        _ if is("v").is_some_and(|version| version != "DKIM1") => {
            Verdict::Wrong(format!("its version is not DKIM1: {}", publish()))
        }
        None => Verdict::Wrong(format!("there is no key (p=) in it: {}", publish())),
        Some("") => Verdict::Wrong(format!(
            "the key is revoked (p= is empty): {}, or make another with rekindle dkim new --selector NAME",
            publish()
        )),
        Some(key) if Some(key) != tag(&signer.record(), "p") => Verdict::Wrong(format!(
            "it is not the key that signs here, so that every signature is wrong: {}, or set in dkim.keys the key that belongs to it",
            publish()
        )),
        Some(_) if is("k").unwrap_or("rsa") != tag(&signer.record(), "k").unwrap_or("rsa") => {
            Verdict::Wrong(format!("it says another kind of key (k=): {}", publish()))
        }
        Some(_) if is("h").is_some_and(|known| !known.split(':').any(|hash| hash.trim() == "sha256")) => {
            Verdict::Wrong("it forbids sha256 (h=), with which we sign: take h= out".to_owned())
        }
        Some(_)
            if is("s")
                .is_some_and(|what| !what.split(':').any(|what| matches!(what.trim(), "email" | "*"))) =>
        {
            Verdict::Wrong("it is not for mail (s=): take s= out".to_owned())
        }
        Some(_) if is("t").is_some_and(|flags| flags.split(':').any(|flag| flag.trim() == "y")) => {
            Verdict::Advice(
                "it says that you only try (t=y), and receivers may pass over the signatures: take t=y out"
                    .to_owned(),
            )
        }
        Some(_) => Verdict::Works,
    }
}

/// The value of a tag in a list of them (RFC 6376 section 3.2).
pub(super) fn tag<'a>(record: &'a str, name: &str) -> Option<&'a str> {
    let mut tags = record.split(';').filter_map(|tag| tag.split_once('='));
    tags.find(|(known, _)| known.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
