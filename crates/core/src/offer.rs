//! An offer in a mail: until when it is good, and its code as people type it.

use crate::{sequence::OfferTerms, time::Moment};
use chrono::{NaiveDate, TimeDelta, TimeZone};
use chrono_tz::Tz;

/// The last day on which an offer is good, where the lead is; `written_at` is when its mail was written, which names that day.
pub fn last_day(terms: &OfferTerms, written_at: Moment, zone: Tz) -> NaiveDate {
    (written_at + terms.expires.delta()).with_timezone(&zone).date_naive()
}

/// The moment in which an offer is over: the end of its last day.
pub fn over_at(last_day: NaiveDate, zone: Tz) -> Moment {
    let midnight = last_day.succ_opt().unwrap_or(last_day).and_time(chrono::NaiveTime::MIN);
    let begins = |at| zone.from_local_datetime(&at).earliest();
    // Where clocks are put forward at midnight, the day begins an hour later.
    let begins = begins(midnight).or_else(|| begins(midnight + TimeDelta::hours(1)));
    begins.map_or_else(|| midnight.and_utc(), |at| at.to_utc())
}

/// A code as it was made, from how somebody typed it: small letters, blanks and hyphens at will, O for 0, I and L for 1
/// (Crockford's base 32). `None` when it cannot be one.
pub fn code_of(typed: &str) -> Option<String> {
    let mut letters = Vec::with_capacity(12);
    for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        letters.push(match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            'U' => return None,
            c if c.is_ascii_alphanumeric() => c,
            _ => return None,
        });
        if letters.len() > 12 {
            return None;
        }
    }
    let group = |at: usize| letters[at..at + 4].iter().collect::<String>();
    (letters.len() == 12).then(|| format!("{}-{}-{}", group(0), group(4), group(8)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    #[test]
    fn an_offer_is_good_for_the_whole_of_its_last_day_where_the_lead_is() {
        let terms =
            OfferTerms { gives: "x".to_owned(), gives_in: Default::default(), expires: Span::days(14) };
        for (zone, written, last, over) in [
            ("UTC", "2026-11-02T09:00:00Z", "2026-11-16", "2026-11-17T00:00:00Z"),
            ("Pacific/Auckland", "2026-11-02T20:00:00Z", "2026-11-17", "2026-11-17T11:00:00Z"),
            ("America/Los_Angeles", "2026-10-25T02:00:00Z", "2026-11-07", "2026-11-08T08:00:00Z"),
            // Clocks go forward at midnight: the 6th of September begins at one.
            ("America/Santiago", "2026-08-22T12:00:00Z", "2026-09-05", "2026-09-06T04:00:00Z"),
        ] {
            let zone: Tz = zone.parse().unwrap();
            let day = last_day(&terms, written.parse().unwrap(), zone);
            assert_eq!(day.to_string(), last);
            assert_eq!(over_at(day, zone), over.parse::<Moment>().unwrap(), "{zone}");
        }
    }

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        for typed in ["0ABC-1DEF-GH1K", "oabc 1def gh1k", "OABC-IDEF-GHLK", " 0abc1defgh1k "] {
            assert_eq!(code_of(typed).as_deref(), Some("0ABC-1DEF-GH1K"), "{typed}");
        }
        for typed in ["", "0ABC-1DEF", "0ABC-1DEF-GH1K-X", "0ABC-1DEF-GHUK", "0ABC-1DEF-GHÄK", "\0"] {
            assert_eq!(code_of(typed), None, "{typed}");
        }
    }
}
