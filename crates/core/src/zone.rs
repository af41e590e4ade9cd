//! Whose clock counts: a lead's time zone, from what is known of the lead.
//!
//! The lead's own zone first, else the main zone of its country, else the organisation's. A zone that does not exist is
//! never an error, since it must not cost the lead a mail: it is passed over, and told, so that it can be counted.

use chrono::{DateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// Where a lead's zone was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ZoneFrom {
    /// The lead's own.
    Lead,
    /// The main zone of the lead's country.
    Country,
    /// The organisation's: nothing better is known.
    Default,
    /// The lead's own is not a zone; the one given is its country's or the organisation's.
    BadZone,
}

/// The zone to use for a lead with this zone (an IANA name) and this country (two letters of ISO 3166-1), both as they
/// were recorded, and where it came from. Letter case and spaces for underscores are forgiven.
#[must_use]
pub fn zone_of(lead_zone: Option<&str>, country: Option<&str>, default: Tz) -> (Tz, ZoneFrom) {
    let told = lead_zone.map(str::trim).filter(|name| !name.is_empty());
    if let Some(zone) = told.and_then(parse_zone) {
        return (zone, ZoneFrom::Lead);
    }
    let (zone, from) = match country.and_then(main_zone) {
        Some(zone) => (zone, ZoneFrom::Country),
        None => (default, ZoneFrom::Default),
    };
    (zone, if told.is_some() { ZoneFrom::BadZone } else { from })
}

/// The zone of an IANA name, letter case and spaces for underscores forgiven.
#[must_use]
pub fn parse_zone(name: &str) -> Option<Tz> {
    let name = name.trim();
    name.parse().ok().or_else(|| {
        let name = name.replace(' ', "_");
        chrono_tz::TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(&name)).copied()
    })
}

/// The zone of a country's capital, or of most of its people where the capital stands apart.
#[must_use]
pub fn main_zone(country: &str) -> Option<Tz> {
    let country = country.trim();
    MAIN_ZONES.iter().find(|(code, _)| code.eq_ignore_ascii_case(country)).map(|(_, zone)| *zone)
}

/// The first instant after `after`, and not later than `until`, at which the zone's clocks are moved.
pub(crate) fn clock_change(zone: Tz, after: DateTime<Utc>, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
    // Clocks are moved at whole seconds, and never there and back within a day: look once a day, then halve.
    const DAY: i64 = 86_400;
    let offset = |second: i64| {
        let instant = DateTime::from_timestamp(second, 0)?.naive_utc();
        Some(zone.offset_from_utc_datetime(&instant).fix())
    };
    let mut before = after.timestamp();
    let was = offset(before)?;
    let end = until.timestamp();
    while before < end {
        let mut then = end.min(before + DAY);
        if offset(then)? == was {
            before = then;
            continue;
        }
        while then - before > 1 {
            let middle = before + (then - before) / 2;
            if offset(middle)? == was {
                before = middle;
            } else {
                then = middle;
            }
        }
        return DateTime::from_timestamp(then, 0);
    }
    None
}

/// How far the zone's clocks are ahead of UTC at an instant.
pub(crate) fn ahead(zone: Tz, at: DateTime<Utc>) -> TimeDelta {
    let offset = zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    TimeDelta::seconds(offset.local_minus_utc().into())
}

/// Countries by their two letters. Source: the IANA time zone database, `zone1970.tab`.
const MAIN_ZONES: [(&str, Tz); 86] = [
    ("AE", Tz::Asia__Dubai),
    ("AR", Tz::America__Argentina__Buenos_Aires),
    ("AT", Tz::Europe__Vienna),
    ("AU", Tz::Australia__Sydney),
    ("BA", Tz::Europe__Sarajevo),
    ("BD", Tz::Asia__Dhaka),
    ("BE", Tz::Europe__Brussels),
    ("BG", Tz::Europe__Sofia),
    ("BH", Tz::Asia__Bahrain),
    ("BO", Tz::America__La_Paz),
    ("BR", Tz::America__Sao_Paulo),
    ("CA", Tz::America__Toronto),
    ("CH", Tz::Europe__Zurich),
    ("CL", Tz::America__Santiago),
    ("CN", Tz::Asia__Shanghai),
    ("CO", Tz::America__Bogota),
    ("CR", Tz::America__Costa_Rica),
    ("CY", Tz::Asia__Nicosia),
    ("CZ", Tz::Europe__Prague),
    ("DE", Tz::Europe__Berlin),
    ("DK", Tz::Europe__Copenhagen),
    ("DO", Tz::America__Santo_Domingo),
    ("DZ", Tz::Africa__Algiers),
    ("EC", Tz::America__Guayaquil),
    ("EE", Tz::Europe__Tallinn),
    ("EG", Tz::Africa__Cairo),
    ("ES", Tz::Europe__Madrid),
    ("ET", Tz::Africa__Addis_Ababa),
    ("FI", Tz::Europe__Helsinki),
    ("FR", Tz::Europe__Paris),
    ("GB", Tz::Europe__London),
    ("GE", Tz::Asia__Tbilisi),
    ("GH", Tz::Africa__Accra),
    ("GR", Tz::Europe__Athens),
    ("GT", Tz::America__Guatemala),
    ("HK", Tz::Asia__Hong_Kong),
    ("HR", Tz::Europe__Zagreb),
    ("HU", Tz::Europe__Budapest),
    ("ID", Tz::Asia__Jakarta),
    ("IE", Tz::Europe__Dublin),
    ("IL", Tz::Asia__Jerusalem),
    ("IN", Tz::Asia__Kolkata),
    ("IS", Tz::Atlantic__Reykjavik),
    ("IT", Tz::Europe__Rome),
    ("JO", Tz::Asia__Amman),
    ("JP", Tz::Asia__Tokyo),
    ("KE", Tz::Africa__Nairobi),
    ("KR", Tz::Asia__Seoul),
    ("KW", Tz::Asia__Kuwait),
    ("KZ", Tz::Asia__Almaty),
    ("LB", Tz::Asia__Beirut),
    ("LK", Tz::Asia__Colombo),
    ("LT", Tz::Europe__Vilnius),
    ("LU", Tz::Europe__Luxembourg),
    ("LV", Tz::Europe__Riga),
    ("MA", Tz::Africa__Casablanca),
    ("MT", Tz::Europe__Malta),
    ("MX", Tz::America__Mexico_City),
    ("MY", Tz::Asia__Kuala_Lumpur),
    ("NG", Tz::Africa__Lagos),
    ("NL", Tz::Europe__Amsterdam),
    ("NO", Tz::Europe__Oslo),
    ("NZ", Tz::Pacific__Auckland),
    ("PA", Tz::America__Panama),
    ("PE", Tz::America__Lima),
    ("PH", Tz::Asia__Manila),
    ("PK", Tz::Asia__Karachi),
    ("PL", Tz::Europe__Warsaw),
    ("PR", Tz::America__Puerto_Rico),
    ("PT", Tz::Europe__Lisbon),
    ("QA", Tz::Asia__Qatar),
    ("RO", Tz::Europe__Bucharest),
    ("RS", Tz::Europe__Belgrade),
    ("SA", Tz::Asia__Riyadh),
    ("SE", Tz::Europe__Stockholm),
    ("SG", Tz::Asia__Singapore),
    ("SI", Tz::Europe__Ljubljana),
    ("SK", Tz::Europe__Bratislava),
    ("TH", Tz::Asia__Bangkok),
    ("TN", Tz::Africa__Tunis),
    ("TR", Tz::Europe__Istanbul),
    ("TW", Tz::Asia__Taipei),
    ("UA", Tz::Europe__Kyiv),
    ("US", Tz::America__New_York),
    ("VN", Tz::Asia__Ho_Chi_Minh),
    ("ZA", Tz::Africa__Johannesburg),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOME: Tz = Tz::Asia__Bangkok;

    #[test]
    fn the_leads_own_zone_comes_first_then_its_country_then_ours() {
        assert_eq!(zone_of(Some("Europe/Berlin"), Some("US"), HOME), (Tz::Europe__Berlin, ZoneFrom::Lead));
        assert_eq!(zone_of(None, Some("US"), HOME), (Tz::America__New_York, ZoneFrom::Country));
        assert_eq!(zone_of(Some("  "), Some("us "), HOME), (Tz::America__New_York, ZoneFrom::Country));
        assert_eq!(zone_of(None, Some("Atlantis"), HOME), (HOME, ZoneFrom::Default));
        assert_eq!(zone_of(None, None, HOME), (HOME, ZoneFrom::Default));
    }

    #[test]
    fn a_bad_zone_falls_back_and_is_told() {
        assert_eq!(zone_of(Some("Mars/Base"), Some("DE"), HOME), (Tz::Europe__Berlin, ZoneFrom::BadZone));
        assert_eq!(zone_of(Some("Mars/Base"), None, HOME), (HOME, ZoneFrom::BadZone));
    }

    #[test]
    fn case_and_spaces_are_forgiven() {
        assert_eq!(parse_zone("america/new york"), Some(Tz::America__New_York));
        assert_eq!(parse_zone(" UTC "), Some(Tz::UTC));
        assert_eq!(parse_zone(""), None);
    }

    #[test]
    fn the_table_is_sorted_and_names_each_country_once() {
        assert!(MAIN_ZONES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(MAIN_ZONES.iter().all(|(code, _)| code.len() == 2));
    }

    #[test]
    fn clock_changes_are_found_to_the_second() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let from = at("2026-01-01T00:00:00Z");
        let change = clock_change(Tz::Europe__Berlin, from, at("2026-12-31T00:00:00Z"));
        assert_eq!(change, Some(at("2026-03-29T01:00:00Z")));
        let next = clock_change(Tz::Europe__Berlin, at("2026-03-29T01:00:00Z"), at("2026-12-31T00:00:00Z"));
        assert_eq!(next, Some(at("2026-10-25T01:00:00Z")));
        assert_eq!(clock_change(Tz::Europe__Berlin, from, at("2026-03-29T00:59:59Z")), None);
        assert_eq!(clock_change(Tz::Asia__Kolkata, from, at("2026-12-31T00:00:00Z")), None);
    }

    proptest! {
        #[test]
        fn nothing_recorded_about_a_lead_breaks_it(zone in "\\PC{0,20}", country in "\\PC{0,4}") {
            let (found, from) = zone_of(Some(&zone), Some(&country), HOME);
            match from {
                ZoneFrom::Lead => prop_assert_eq!(Some(found), parse_zone(&zone)),
                ZoneFrom::Country => prop_assert_eq!(Some(found), main_zone(&country)),
                ZoneFrom::Default => prop_assert_eq!(found, HOME),
                ZoneFrom::BadZone => prop_assert!(parse_zone(&zone).is_none()),
            }
        }

        #[test]
        fn every_zone_is_read_from_its_name(at in 0..chrono_tz::TZ_VARIANTS.len()) {
            let zone = chrono_tz::TZ_VARIANTS[at];
            prop_assert_eq!(zone_of(Some(zone.name()), None, HOME), (zone, ZoneFrom::Lead));
        }
    }
}
