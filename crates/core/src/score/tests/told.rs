//! What people read of a score adds up.

use super::*;

fn rules() -> Scoring {
    let rules = r#"
        thresholds = { hot = 100, cools_below = 80, surge = { points = 45, within = "24h" } }
        grades = { fit = [10, 5], engagement = [60, 25] }
        groups = { content = { max = 40 } }
        engagement = [
            { activity = ["Pricing Viewed"], points = 20, half_life = "30d", max_per = { times = 2, every = "7d" } },
            { activity = ["E-book Downloaded"], points = 15, group = "content" },
            { activity = ["Complained"], points = -7 },
            { activity = ["Mail Clicked"], points = 20 },
        ]
        fit = [{ label = "Director", when = "level >= director", points = 12 }]
    "#;
    toml::from_str(rules).unwrap()
}

/// So many of a name, beginning at an hour, one each hour.
fn done(name: &str, count: u128, hour: i64) -> Vec<Activity> {
    let kind = if name == names::CLICKED { Kind::Mail } else { Kind::Track };
    let one = |number: u128| {
        let mut activity = did(kind, name, number + hour as u128 * 1_000);
        activity.at = Moment::UNIX_EPOCH + TimeDelta::hours(hour + number as i64);
        activity
    };
    (0..count).map(one).collect()
}

#[test]
fn whole_numbers_add_up_to_the_whole() {
    assert_eq!(parts([0.4, 0.4, 0.4]), [0, 1, 0]);
    assert_eq!(parts([10.0, 47.6, 20.0, -7.7]), [10, 48, 20, -8]);
    assert_eq!(parts([]), [0; 0]);
}

proptest! {
    #[test]
    fn what_is_told_adds_up(exact in proptest::collection::vec(-90.0..90.0_f64, 0..40)) {
        let told = parts(exact.iter().copied());
        prop_assert_eq!(told.iter().sum::<i64>(), whole(exact.iter().sum()));
        prop_assert!(told.iter().zip(&exact).all(|(told, exact)| (*told as f64 - exact).abs() <= 1.0 + 1e-6));
    }
}

#[test]
fn every_line_says_what_it_is_what_faded_and_what_was_capped() {
    let mut lead = lead();
    lead.title = Some("VP Sales".to_owned());
    let mut history = done("Pricing Viewed", 3, 0);
    history.extend(done("E-book Downloaded", 4, 10));
    history.extend(done("Complained", 1, 20));
    history.extend(done(names::CLICKED, 2, 30));
    history[8].human = false;
    let explained = rules().explain(&lead, &history, Moment::UNIX_EPOCH + TimeDelta::days(15));
    let told: Vec<String> =
        explained.together().iter().map(|line| format!("{:+} {}", line.now, line.words())).collect();
    assert_eq!(
        told,
        [
            "+60 E-book Downloaded ×4",
            "+28 Pricing Viewed ×2 of 3 (was +40; counts 2 × in 1w at most)",
            "+20 Mail Clicked ×1 of 2 (a machine did it)",
            "-20 “content” is worth 40 at most",
            "+12 Director",
            "-7 Complained",
        ]
    );
    assert_eq!(explained.score, 93);
    assert_eq!(explained.together().iter().map(|line| line.now).sum::<i64>(), 93);
    assert_eq!(explained.graded, "A1: fit 12 (A from 10), engagement 81 (1 from 60)");
    // A card has four lines, and they add up, too.
    let said = crate::observe::reasons(&explained, Moment::UNIX_EPOCH + TimeDelta::days(15));
    let points = |line: &String| line.split(' ').next().unwrap().parse::<i64>().unwrap();
    assert_eq!((said.len(), said.iter().map(points).sum::<i64>()), (4, 93), "{said:?}");
    assert_eq!(said[3], "-15 by 3 others");
}

#[test]
fn a_grade_is_told_with_what_is_missing_for_the_next() {
    let told = |fit, engagement| rules().graded(Points { fit, engagement, at: Moment::UNIX_EPOCH });
    assert_eq!(told(12.0, 31.4), "A2: fit 12 (A from 10), engagement 31 (2 from 25, 1 from 60)");
    assert_eq!(told(5.0, 24.4), "B3: fit 5 (B from 5, A from 10), engagement 24 (2 from 25)");
    assert_eq!(told(0.0, 59.5), "C1: fit 0 (B from 5), engagement 60 (1 from 60)");
}

#[test]
fn a_surge_is_what_they_did_within_a_day_as_far_as_groups_have_room() {
    let rules = rules();
    let gained = |history: &[Activity], hours: i64| {
        rules.surging(history, Moment::UNIX_EPOCH + TimeDelta::hours(hours))
    };
    let mut history = done("Pricing Viewed", 2, 0);
    assert_eq!(gained(&history, 2), None, "40 are not 45");
    history.extend(done("E-book Downloaded", 1, 3));
    assert_eq!(gained(&history, 3), Some(55));
    assert_eq!(gained(&history, 24), None, "the first of them is a day old: 35");
    assert_eq!(gained(&history, 23), Some(55));
    // A group that is full already gains nothing more; a complaint takes away.
    let mut history = done("E-book Downloaded", 3, 0);
    history.extend(done("E-book Downloaded", 3, 100));
    history.extend(done("Pricing Viewed", 2, 100));
    assert_eq!(gained(&history, 103), None);
    history.extend(done(names::CLICKED, 1, 103));
    assert_eq!(gained(&history, 103), Some(60));
    history.extend(done("Complained", 2, 101));
    assert_eq!(gained(&history, 103), Some(46));
    history[8].human = false;
    assert_eq!(gained(&history, 103), None, "a machine's click is nobody's surge");
}
