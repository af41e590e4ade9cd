//! What a send window promises, sampled by the minute against a clock on the wall.

use chrono::Weekday;
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn window(days: &str, hours: &str) -> SendWindow {
    SendWindow::parse(days, hours, "lead").unwrap()
}

fn until(text: &str) -> WindowVerdict {
    WindowVerdict::ClosedUntil(at(text))
}

#[test]
fn office_hours_are_the_leads() {
    let office = window("mon-fri", "09:00-17:00");
    let berlin = Tz::Europe__Berlin;
    assert_eq!(office.check(at("2026-11-23T08:00:00Z"), berlin), WindowVerdict::Open);
    assert_eq!(office.check(at("2026-11-23T07:59:59Z"), berlin), until("2026-11-23T08:00:00Z"));
    assert_eq!(office.check(at("2026-11-23T16:00:00Z"), berlin), until("2026-11-24T08:00:00Z"));
    assert_eq!(office.check(at("2026-11-27T16:00:00Z"), berlin), until("2026-11-30T08:00:00Z"));
    assert_eq!(
        office.check(at("2026-11-23T08:00:00Z"), Tz::America__New_York),
        until("2026-11-23T14:00:00Z")
    );
}

#[test]
fn a_named_zone_counts_for_every_lead() {
    let window = SendWindow::parse("every day", "09:00-17:00", "europe/berlin").unwrap();
    assert_eq!(window.check(at("2026-11-23T08:00:00Z"), Tz::Asia__Tokyo), WindowVerdict::Open);
}

#[test]
fn hours_across_midnight_belong_to_the_day_they_begin_on() {
    let night = window("fri", "22:00-06:00");
    assert_eq!(night.check(at("2026-11-28T05:59:59Z"), Tz::UTC), WindowVerdict::Open);
    assert_eq!(night.check(at("2026-11-28T06:00:00Z"), Tz::UTC), until("2026-12-04T22:00:00Z"));
    assert_eq!(night.check(at("2026-11-27T05:00:00Z"), Tz::UTC), until("2026-11-27T22:00:00Z"));
}

#[test]
fn a_day_may_end_at_24() {
    for hours in ["18:00-24:00", "18:00-00:00"] {
        let evening = window("mon", hours);
        assert_eq!(evening.check(at("2026-11-23T23:59:59Z"), Tz::UTC), WindowVerdict::Open);
        assert_eq!(evening.check(at("2026-11-24T00:00:00Z"), Tz::UTC), until("2026-11-30T18:00:00Z"));
    }
    let always = window("every day", "00:00-24:00");
    assert_eq!(always.check(at("2026-11-24T00:00:00Z"), Tz::UTC), WindowVerdict::Open);
}

#[test]
fn an_opening_that_clocks_leap_over_is_at_the_end_of_the_leap() {
    let window = window("sun", "02:30-04:00");
    let closed = window.check(at("2026-03-28T12:00:00Z"), Tz::Europe__Berlin);
    assert_eq!(closed, until("2026-03-29T01:00:00Z"));
}

#[test]
fn a_window_that_clocks_leap_over_waits_a_week() {
    let window = window("sun", "02:15-02:45");
    let closed = window.check(at("2026-03-28T12:00:00Z"), Tz::Europe__Berlin);
    assert_eq!(closed, until("2026-04-05T00:15:00Z"));
}

#[test]
fn a_window_that_comes_twice_opens_twice() {
    let window = window("sun", "02:15-02:45");
    let berlin = Tz::Europe__Berlin;
    assert_eq!(window.check(at("2026-10-25T00:00:00Z"), berlin), until("2026-10-25T00:15:00Z"));
    assert_eq!(window.check(at("2026-10-25T00:45:00Z"), berlin), until("2026-10-25T01:15:00Z"));
    assert_eq!(window.check(at("2026-10-25T01:45:00Z"), berlin), until("2026-11-01T01:15:00Z"));
}

#[test]
fn the_playbooks_table_is_read_and_written() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Sequence {
        send_window: SendWindow,
    }
    let read = |table: &str| toml::from_str::<Sequence>(&format!("send_window = {table}"));
    let whole = read(r#"{ days = "mon-fri", hours = "09:00-17:00", zone = "lead" }"#).unwrap();
    assert_eq!(whole.send_window, window("mon-fri", "09:00-17:00"));
    let short = read(r#"{ hours = "9:00-17:00" }"#).unwrap();
    assert_eq!(short.send_window, window("every day", "09:00-17:00"));
    let said = |table: &str| read(table).unwrap_err().to_string();
    assert!(said(r#"{ days = "mon-fri", hour = "09:00-17:00" }"#).contains("unknown field `hour`"));
    assert!(
        said(r#"{ days = "mon-fry", hours = "09:00-17:00" }"#)
            .contains("\"fry\" is not a day, did you mean \"fri\"?")
    );
    let back = toml::to_string(&whole).unwrap();
    assert_eq!(toml::from_str::<Sequence>(&back).unwrap().send_window, whole.send_window);
}

#[test]
fn an_error_names_the_part_and_shows_examples() {
    let said =
        |days: &str, hours: &str, zone: &str| SendWindow::parse(days, hours, zone).unwrap_err().to_string();
    for days in ["", "mon-", "mon;fri", "weekly", "mon-wed-fri"] {
        assert!(said(days, "09:00-17:00", "lead").contains("is not a day"), "{days}");
    }
    for (hours, why) in [
        ("09:00", "have no end"),
        ("9-17", "do not begin with a time"),
        ("09:00-24:01", "do not end with a time"),
        ("09:60-17:00", "do not begin"),
        ("+9:00-17:00", "do not begin"),
        ("24:00-06:00", "begin at 24:00"),
        ("09:00-09:00", "end when they begin"),
    ] {
        let said = said("mon", hours, "lead");
        assert!(said.contains(why) && said.contains("for example"), "{said}");
    }
    assert!(said("mon", "09:00-17:00", "Europe/Berln").contains("did you mean \"Europe/Berlin\"?"));
    assert!(said("mon", "09:00-17:00", "Mars").starts_with("\"Mars\" is not a time zone; write \"lead\""));
}

/// Another reading of the same words: is this minute on a wall clock within them?
fn on_the_wall(days: &[Weekday], opens: u32, closes: u32, at: DateTime<Utc>, zone: Tz) -> bool {
    let face = at.with_timezone(&zone).naive_local();
    [0, 1].into_iter().any(|days_ago| {
        let began = face.date() - TimeDelta::days(days_ago);
        let length = if closes > opens { closes - opens } else { closes + 1_440 - opens };
        let from = began.and_hms_opt(0, 0, 0).unwrap() + TimeDelta::minutes(opens.into());
        days.contains(&began.weekday()) && face >= from && face < from + TimeDelta::minutes(length.into())
    })
}

const ZONES: [Tz; 8] = [
    Tz::UTC,
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::Australia__Lord_Howe,
    Tz::America__Santiago,
    Tz::Asia__Beirut,
    Tz::Africa__Casablanca,
    Tz::Asia__Kathmandu,
];
const WEEK: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn it_opens_again_at_the_first_open_instant_and_not_before(
        chosen in proptest::sample::subsequence(WEEK.to_vec(), 1..=7),
        opens in 0u32..1_440,
        closes in 1u32..=1_440,
        zone in proptest::sample::select(&ZONES[..]),
        // Half of the time within three days of a clock change, which is where it is hard.
        day in 0i64..365,
        near in any::<bool>(),
        second in 0i64..3 * 86_400,
    ) {
        prop_assume!(opens != closes);
        let days: Vec<String> = chosen.iter().map(ToString::to_string).collect();
        let hours = format!("{:02}:{:02}-{:02}:{:02}", opens / 60, opens % 60, closes / 60, closes % 60);
        let window = window(&days.join(","), &hours);
        let start = at("2026-01-01T00:00:00Z") + TimeDelta::days(day);
        let change = clock_change(zone, start, start + TimeDelta::days(365)).filter(|_| near);
        let now = change.map_or(start, |change| change - TimeDelta::days(2)) + TimeDelta::seconds(second);
        match window.check(now, zone) {
            WindowVerdict::Open => prop_assert!(on_the_wall(&chosen, opens, closes, now, zone)),
            WindowVerdict::ClosedUntil(then) => {
                prop_assert!(then > now);
                prop_assert_eq!(window.check(then, zone), WindowVerdict::Open);
                prop_assert!(!on_the_wall(&chosen, opens, closes, now, zone));
                let mut minute = now;
                while minute < then {
                    prop_assert!(!on_the_wall(&chosen, opens, closes, minute, zone), "open at {}", minute);
                    minute += TimeDelta::seconds(60 - minute.timestamp() % 60);
                }
            }
        }
    }

    #[test]
    fn what_is_written_is_read_back(chosen in proptest::sample::subsequence(WEEK.to_vec(), 1..=7), opens in 0u32..1_440, closes in 1u32..=1_440) {
        prop_assume!(opens != closes);
        let window = SendWindow { days: chosen.iter().map(ToString::to_string).collect::<Vec<_>>().join(",").parse().unwrap(), hours: Hours { opens, closes }, zone: Zone::Of(Tz::Asia__Tokyo) };
        let text = serde_json::to_string(&window).unwrap();
        prop_assert_eq!(serde_json::from_str::<SendWindow>(&text).unwrap(), window);
    }
}
