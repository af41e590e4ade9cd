//! What keeps an activity from counting, each in one story: the rule, when what happened, and what it is worth.

use super::*;

/// A rule about pricing pages, with more to it.
fn pricing(more: &str) -> Scoring {
    let rules = format!(
        "thresholds = {{ hot = 100, cools_below = 80 }}\ngrades = {{ fit = [10, 5], engagement = [60, 25] }}\n\
         [groups.content]\nmax = 40\n[groups.against]\nmin = -15\n\
         [[engagement]]\npage = [\"/pricing*\"]\npoints = 10\n{more}"
    );
    toml::from_str(&rules).unwrap()
}

/// Views of the pricing page, so many minutes after the first moment.
fn views(minutes: &[i64]) -> Vec<Activity> {
    let view = |(number, at): (usize, &i64)| {
        let mut view = did(Kind::Page, names::PAGE, number as u128);
        view.path = Some("/pricing".to_owned());
        view.at = Moment::UNIX_EPOCH + TimeDelta::minutes(*at);
        view
    };
    minutes.iter().enumerate().map(view).collect()
}

/// What each is worth, or why it is worth nothing; told in any order, it is the same.
fn told(rules: &Scoring, mut history: Vec<Activity>) -> Vec<String> {
    let now = Moment::UNIX_EPOCH + TimeDelta::days(30);
    let lines = |history: &[Activity]| -> Vec<String> {
        let explained = rules.explain(&lead(), history, now);
        let sum: f64 = explained.lines.iter().map(|line| line.now).sum();
        assert_eq!(whole(sum), explained.score, "the lines add up");
        let word = |line: &Line| {
            line.limit.map_or_else(|| format!("{:+}", line.now.round()), |limit| limit.to_string())
        };
        explained.lines.iter().map(word).collect()
    };
    let told = lines(&history);
    history.reverse();
    assert_eq!(lines(&history), told);
    told
}

#[test]
fn mautic_1241_without_a_limit_each_time_counts() {
    assert_eq!(told(&pricing(""), views(&[0, 0, 1, 500])), ["+10", "+10", "+10", "+10"]);
}

#[test]
fn a_cooldown_begins_when_it_has_counted() {
    let rules = pricing("cooldown = \"1h\"");
    let low = "counted less than 1h before";
    // The one after 50 minutes does not count, and so does not put off the next.
    assert_eq!(told(&rules, views(&[0, 50, 60, 119, 120])), ["+10", low, "+10", low, "+10"]);
}

#[test]
fn hits_count_from_the_third_on() {
    let rules = pricing("hits = 3");
    let low = "counts from 3 × on";
    assert_eq!(told(&rules, views(&[0, 9000, 20_000, 20_001])), [low, low, "+10", "+10"]);
    let rules = pricing("hits = 3\nwithin = \"1h\"");
    let low = "counts from 3 × in 1h on";
    assert_eq!(told(&rules, views(&[0, 30, 60, 61, 500])), [low, low, low, "+10", low]);
}

#[test]
fn a_return_is_a_view_long_after_the_one_before() {
    let rules = pricing("returns = \"12h\"");
    let low = "no return after 12h";
    assert_eq!(told(&rules, views(&[0, 700, 720, 1420, 2150])), [low, low, low, low, "+10"]);
    assert_eq!(told(&rules, views(&[0, 720, 721])), [low, "+10", low]);
}

#[test]
fn dwell_is_what_the_page_said() {
    let rules = pricing("dwell = \"30s\"\n[[engagement]]\npage = [\"*\"]\npoints = 1");
    let mut history = views(&[0, 1, 2, 3, 4]);
    for (view, dwell) in
        history.iter_mut().zip([json!(30), json!(29.9), json!("45"), json!("long"), json!(null)])
    {
        view.properties.insert("dwell".to_owned(), dwell);
    }
    assert_eq!(
        told(&rules, history),
        ["+10", "+1", "+10", "+1", "+1"],
        "what stayed too short is for the next rule"
    );
}

#[test]
fn where_asks_properties_as_segments_do() {
    let rules = pricing("where = 'plan = PRO and seats > 10'");
    let mut history = views(&[0, 1, 2, 3]);
    let all = [
        json!({"plan": "pro", "seats": 11}),
        json!({"plan": "pro", "seats": "12"}),
        json!({"plan": "pro"}),
        json!({"seats": 50}),
    ];
    for (view, properties) in history.iter_mut().zip(all) {
        view.properties = properties.as_object().unwrap().clone();
    }
    assert_eq!(told(&rules, history), ["+10", "+10"]);
    let written = rules.engagement[0].having.as_ref().unwrap();
    assert_eq!(written.to_string(), "plan = PRO and seats > 10");
    assert_eq!(Conditions::parse(&written.to_string()).as_ref(), Ok(written));
    for (text, why) in [
        ("plan = pro or seats > 10", "properties are joined with and, not with or"),
        ("plan = pro and", "the name of a property is missing"),
        ("plan > many", "plan is compared with a whole number, not `many`"),
        ("", "the name of a property is missing"),
        ("plan is pro", "plan"),
    ] {
        let error = Conditions::parse(text).unwrap_err();
        assert!(error.message.contains(why), "{text}: {error}");
    }
}

#[test]
fn a_group_is_worth_so_much_at_most_and_at_least() {
    let rules = pricing(
        "group = \"content\"\nhalf_life = \"30d\"\n[[engagement]]\nactivity = [\"E-book Downloaded\"]\npoints = 35\ngroup = \"content\"\n\
         [[engagement]]\nactivity = [\"Complained\"]\npoints = -10\ngroup = \"against\"",
    );
    let mut history = views(&[0]);
    history.push(did(Kind::Track, "E-book Downloaded", 7));
    // Fresh they are 45; after 30 days 35 + 5, which is not too much any more.
    let fresh = rules.explain(&lead(), &history, Moment::UNIX_EPOCH);
    assert_eq!(fresh.score, 40);
    assert_eq!(fresh.lines[2].kind, LineKind::Group);
    assert_eq!(fresh.lines[2].what, "“content” is worth 40 at most");
    assert_eq!(told(&rules, history.clone()), ["+5", "+35"]);
    history.extend((10..13).map(|number| did(Kind::Track, "Complained", number)));
    let said = told(&rules, history);
    assert_eq!(said, ["+5", "+35", "-10", "-10", "-10", "+15"], "no less than -15 together");
}

#[test]
fn what_a_machine_did_counts_for_nothing_and_hides_nothing() {
    let rules = pricing("max_per = { times = 1, every = \"1d\" }");
    let mut history = views(&[0, 1]);
    assert_eq!(told(&rules, history.clone()), ["+10", "counts 1 × in 1d at most"]);
    history[0].human = false;
    assert_eq!(told(&rules, history), ["a machine did it", "+10"]);
}
