//! What a schedule promises, and the runs that three other libraries agree on.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn runs(expression: &str, zone: Tz, after: DateTime<Utc>, count: usize) -> Vec<DateTime<Utc>> {
    let schedule = Schedule::parse(expression).unwrap();
    std::iter::successors(schedule.next_after(after, zone), |run| schedule.next_after(*run, zone))
        .take(count)
        .collect()
}

/// Runs as local times, `03-29 02:30`.
fn faces(expression: &str, zone: Tz, after: &str, count: usize) -> Vec<String> {
    runs(expression, zone, at(after), count)
        .iter()
        .map(|run| run.with_timezone(&zone).format("%m-%d %H:%M").to_string())
        .collect()
}

/// A row of the corpus: three libraries' next eight runs.
#[derive(Deserialize)]
struct Row {
    pattern: String,
    tz: Tz,
    start: DateTime<Utc>,
    croner: Vec<DateTime<Utc>>,
    agree: bool,
}

#[test]
fn runs_are_those_that_other_libraries_agree_on() {
    let corpus =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora/cron-dst/cron-dst-oracle.jsonl");
    let Ok(corpus) = std::fs::read_to_string(corpus) else {
        println!("skipped, 289 cases");
        return;
    };
    let (mut agreed, mut disputed) = (0, 0);
    for line in corpus.lines() {
        let row: Row = serde_json::from_str(line).unwrap();
        if row.agree {
            agreed += 1;
            assert_eq!(runs(&row.pattern, row.tz, row.start, 8), row.croner, "{} {}", row.pattern, row.tz);
        } else {
            disputed += 1;
            check_disputed(&row);
        }
    }
    assert_eq!((agreed, disputed), (253, 36));
}

/// Each of a fixed-time job's times runs exactly once on each of its local days; an interval job runs whenever a clock
/// that is read every minute shows one of its times.
fn check_disputed(row: &Row) {
    let fields: Vec<&str> = row.pattern.split(' ').collect();
    let ours = runs(&row.pattern, row.tz, row.start, 24);
    let last = *ours.last().unwrap();
    if fields[0].contains('*') || fields[1].contains('*') {
        let minutes = (last - row.start).num_minutes();
        let schedule = Schedule::parse(&row.pattern).unwrap();
        let read: Vec<_> = (1..=minutes)
            .map(|minute| row.start + TimeDelta::minutes(minute))
            .filter(|instant| schedule.shows(instant.with_timezone(&row.tz).naive_local()))
            .collect();
        assert_eq!(ours, read, "{} {}", row.pattern, row.tz);
        return;
    }
    let times = fields[1].split(',').count();
    let mut a_day: BTreeMap<NaiveDate, usize> = BTreeMap::new();
    for run in &ours {
        *a_day.entry(run.with_timezone(&row.tz).date_naive()).or_default() += 1;
    }
    // The first and the last day may be cut by where we began and stopped.
    let first_day = row.start.with_timezone(&row.tz).date_naive();
    let last_day = last.with_timezone(&row.tz).date_naive();
    for (day, count) in a_day {
        if day != first_day && day != last_day {
            assert_eq!(count, times, "{} {} on {day}", row.pattern, row.tz);
        }
        assert!(count <= times, "{} {} on {day}", row.pattern, row.tz);
    }
}

#[test]
fn a_leapt_over_time_runs_at_the_end_of_the_leap() {
    let berlin = faces("30 2 * * *", Tz::Europe__Berlin, "2026-03-27T20:00:00Z", 3);
    assert_eq!(berlin, ["03-28 02:30", "03-29 03:00", "03-30 02:30"]);
    let beirut = faces("0 0 * * *", Tz::Asia__Beirut, "2026-03-27T20:00:00Z", 3);
    assert_eq!(beirut, ["03-28 00:00", "03-29 01:00", "03-30 00:00"]);
}

#[test]
fn a_time_that_comes_twice_runs_once_and_also_when_asked_in_between() {
    let zone = Tz::America__New_York;
    let ours = runs("30 1 * * *", zone, at("2026-11-01T00:00:00Z"), 2);
    assert_eq!(ours, [at("2026-11-01T05:30:00Z"), at("2026-11-02T06:30:00Z")]);
    let schedule = Schedule::parse("30 1 * * *").unwrap();
    let between = schedule.next_after(at("2026-11-01T06:10:00Z"), zone);
    assert_eq!(between, Some(at("2026-11-02T06:30:00Z")));
}

#[test]
fn an_interval_job_follows_real_time() {
    let spring = faces("*/30 2,3 * * *", Tz::Europe__Berlin, "2026-03-29T00:00:00Z", 3);
    assert_eq!(spring, ["03-29 03:00", "03-29 03:30", "03-30 02:00"]);
    let autumn = runs("@hourly", Tz::Europe__Berlin, at("2026-10-24T22:00:00Z"), 5);
    let steps: Vec<_> = autumn.windows(2).map(|pair| (pair[1] - pair[0]).num_minutes()).collect();
    assert_eq!(steps, [60, 60, 60, 60]);
}

#[test]
fn a_day_that_a_land_leapt_over_is_left_out() {
    let apia = faces("0 9 * * *", Tz::Pacific__Apia, "2011-12-28T18:00:00Z", 3);
    assert_eq!(apia, ["12-28 09:00", "12-29 09:00", "12-31 09:00"]);
}

#[test]
fn days_of_month_and_week_are_either_unless_one_is_a_star() {
    let either = faces("0 9 1 * 1", Tz::UTC, "2026-11-28T00:00:00Z", 3);
    assert_eq!(either, ["11-30 09:00", "12-01 09:00", "12-07 09:00"]);
    let both = faces("0 9 */2 * mon", Tz::UTC, "2026-11-01T00:00:00Z", 2);
    assert_eq!(both, ["11-09 09:00", "11-23 09:00"]);
}

#[test]
fn named_schedules_run_as_crontab_says() {
    for (name, first) in [
        ("@hourly", "2026-11-23T11:00:00Z"),
        ("@daily", "2026-11-24T00:00:00Z"),
        ("@midnight", "2026-11-24T00:00:00Z"),
        ("@weekly", "2026-11-29T00:00:00Z"),
        ("@monthly", "2026-12-01T00:00:00Z"),
        ("@yearly", "2027-01-01T00:00:00Z"),
        ("@Annually", "2027-01-01T00:00:00Z"),
    ] {
        assert_eq!(runs(name, Tz::UTC, at("2026-11-23T10:15:00Z"), 1), [at(first)], "{name}");
    }
}

#[test]
fn a_date_that_never_comes_is_told_quickly() {
    let (done, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let never = ["0 0 30 2 *", "*/5 * 31 feb,apr,jun,sep,nov *"].map(|text| {
            Schedule::parse(text).unwrap().next_after(at("2026-11-23T10:15:00Z"), Tz::Europe__Berlin)
        });
        done.send(never)
    });
    assert_eq!(wait.recv_timeout(Duration::from_secs(5)), Ok([None, None]));
}

#[test]
fn serde_takes_and_gives_the_text() {
    let schedule: Schedule = serde_json::from_str("\"30 9 * * 1-5\"").unwrap();
    assert_eq!(serde_json::to_string(&schedule).unwrap(), "\"30 9 * * 1-5\"");
    let error = serde_json::from_str::<Schedule>("\"30 25 * * *\"").unwrap_err();
    assert!(error.to_string().contains("the hour \"25\""), "{error}");
}

const ZONES: [Tz; 8] = [
    Tz::UTC,
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::Australia__Lord_Howe,
    Tz::America__Santiago,
    Tz::Asia__Beirut,
    Tz::Africa__Casablanca,
    Tz::Antarctica__Troll,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A whole year, each local day of it.
    #[test]
    fn a_fixed_time_runs_once_every_local_day(hour in 0u32..24, minute in 0u32..60, zone in proptest::sample::select(&ZONES[..])) {
        let mut days = runs(&format!("{minute} {hour} * * *"), zone, at("2026-01-01T12:00:00Z"), 366)
            .into_iter()
            .map(|run| run.with_timezone(&zone).date_naive());
        let mut day = days.next().unwrap();
        for next in days {
            prop_assert_eq!(Some(next), day.succ_opt());
            day = next;
        }
    }

    #[test]
    fn an_interval_in_minutes_is_kept_through_clock_changes(step in proptest::sample::select(vec![1u32, 2, 3, 5, 6, 10, 15, 30]), zone in proptest::sample::select(&ZONES[..]), hours in 0i64..8_760) {
        let start = at("2026-01-01T00:00:00Z") + TimeDelta::hours(hours);
        for pair in runs(&format!("*/{step} * * * *"), zone, start, 12).windows(2) {
            prop_assert_eq!(pair[1] - pair[0], TimeDelta::minutes(step.into()));
        }
    }

    #[test]
    fn no_text_breaks_it(text in "[0-9a-z*/,?@ -]{0,24}") {
        if let Ok(schedule) = Schedule::parse(&text) {
            let after = at("2026-03-29T00:59:59.5Z");
            prop_assert!(schedule.next_after(after, Tz::Europe__Berlin).is_none_or(|run| run > after));
        }
    }
}
