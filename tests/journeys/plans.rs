//! What a marketer plans is done: sequences begin by themselves, follow what the lead does, try which words work, leave some alone, and
//! never crowd anybody; and the future that is printed is the one that comes.

use chrono::TimeDelta;
use rekindle_core::{
    activity::Kind,
    enrollment::Ended,
    happening::Happening,
    ids::LeadId,
    lift::{Reached, lift},
};
use rekindle_mail::{templates::Templates, transport::Transport};
use rekindle_tests::{
    indoors::{self, Indoors},
    on_both,
    stores::Home,
};
use rekindle_worker::future::{Ahead, ahead};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

on_both!(
    pricing_is_followed_up_after_an_hour_two_days_and_four_unless_they_come_back,
    welcome_follows_the_stage_of_the_journey_and_what_they_looked_at,
    the_better_subject_is_found_told_in_chat_and_goes_to_the_rest,
    who_comes_to_belong_to_a_segment_begins_its_sequence_also_by_time_alone,
    who_is_held_out_gets_nothing_and_is_counted,
    of_two_mails_the_one_that_matters_more_goes_first_and_the_other_says_why_it_waits,
    nobody_is_written_to_at_night_or_oftener_than_the_caps_allow,
    a_new_version_is_for_those_who_begin_and_the_others_are_moved_by_command,
    a_worker_that_slept_through_a_week_catches_up_without_a_flood,
    the_month_that_is_simulated_is_the_month_that_comes,
);

/// The mails that a lead got, in order.
fn got(house: &Indoors, email: &str) -> Vec<String> {
    house.relay.kept().iter().filter(|kept| kept.rcpt == email).map(|kept| subject(&kept.message)).collect()
}

fn subject(message: &[u8]) -> String {
    let mail = mail_parser::MessageParser::default().parse(message).expect("a mail");
    mail.subject().unwrap_or_default().to_owned()
}

/// Which mails of which sequences were written to a lead.
async fn written(house: &Indoors, lead: LeadId) -> Vec<String> {
    let mut deliveries = house.dossier(lead).await.deliveries;
    deliveries.sort_by_key(|delivery| delivery.id);
    deliveries.into_iter().map(|delivery| delivery.mail).collect()
}

/// To nine in the morning of the next Monday.
async fn to_monday(house: &mut Indoors) {
    use chrono::{Datelike, NaiveTime};
    let today = house.home.now().date_naive();
    let days = 7 - i64::from(today.weekday().num_days_from_monday());
    let nine = NaiveTime::from_hms_opt(9, 0, 0).unwrap();
    let monday = (today + TimeDelta::days(days)).and_time(nine).and_utc();
    house.live(monday - house.home.now()).await;
}

async fn pricing_is_followed_up_after_an_hour_two_days_and_four_unless_they_come_back(home: Home) {
    let mut house = Indoors::shipped(home).await;
    to_monday(&mut house).await;
    for email in ["kim@acme.test", "lee@acme.test", "max@acme.test"] {
        house.subscriber(email).await;
    }
    let mut leads = BTreeMap::new();
    for email in ["kim@acme.test", "lee@acme.test", "max@acme.test"] {
        let lead = house.tell(email, Kind::Track, "Pricing Viewed", json!({})).await;
        leads.insert(email, lead);
    }
    // Kim goes on looking: that is no return. Max asks for a demo.
    house.live(TimeDelta::minutes(10)).await;
    house.tell("kim@acme.test", Kind::Track, "Docs Read", json!({})).await;
    house.tell("max@acme.test", Kind::Track, "Demo Requested", json!({})).await;
    house.live(TimeDelta::minutes(65)).await;
    assert_eq!(written(&house, leads["kim@acme.test"]).await, ["pricing-1"]);
    assert_eq!(written(&house, leads["max@acme.test"]).await, [] as [&str; 0]);
    let run = &house.dossier(leads["max@acme.test"]).await.enrollments[0];
    assert_eq!(run.state.word(), Ended::Goal.word(), "{run:?}");
    // Lee comes back the next day.
    house.live(TimeDelta::days(1)).await;
    house.tell("lee@acme.test", Kind::Page, "Page Viewed", json!({})).await;
    house.live(TimeDelta::days(5)).await;
    assert_eq!(written(&house, leads["kim@acme.test"]).await, ["pricing-1", "pricing-2", "pricing-3"]);
    assert_eq!(written(&house, leads["lee@acme.test"]).await, ["pricing-1"]);
    let run = &house.dossier(leads["lee@acme.test"]).await.enrollments[0];
    assert_eq!(run.reason.as_deref(), Some("they came back"));
    let times: Vec<i64> = house
        .dossier(leads["kim@acme.test"])
        .await
        .deliveries
        .iter()
        .map(|delivery| (delivery.created_at - run.started_at).num_hours())
        .collect();
    // The house looks every three hours.
    let is_near = |(hours, due): (&i64, i64)| (due..due + 4).contains(hours);
    let times: BTreeSet<i64> = times.into_iter().collect();
    assert!(
        times.iter().zip([1, 48, 96]).all(is_near) && times.len() == 3,
        "an hour, two days, four days: {times:?}"
    );
    house.worker.leave().await;
}

async fn welcome_follows_the_stage_of_the_journey_and_what_they_looked_at(home: Home) {
    let mut house = Indoors::shipped(home).await;
    to_monday(&mut house).await;
    for email in ["aware@acme.test", "ponders@acme.test", "decides@acme.test"] {
        house.subscriber(email).await;
    }
    let book = json!({"topic": "data migration"});
    let aware = house.tell("aware@acme.test", Kind::Track, "E-book Downloaded", book.clone()).await;
    let weighs = house.tell("ponders@acme.test", Kind::Track, "Webinar Attended", book).await;
    let decides = house.tell("decides@acme.test", Kind::Track, "E-book Downloaded", json!({})).await;
    house.live(TimeDelta::days(1)).await;
    // In the decision stage, without the prices that a sequence of their own would follow.
    house.tell("decides@acme.test", Kind::Track, "Demo Requested", json!({})).await;
    house.live(TimeDelta::days(30)).await;
    assert_eq!(written(&house, weighs).await[..4], ["welcome", "case-study", "comparison", "call-to-action"]);
    assert_eq!(written(&house, decides).await[0], "welcome");
    let run =
        house.dossier(decides).await.enrollments.into_iter().find(|run| run.sequence == "welcome").unwrap();
    assert_eq!(run.state.word(), Ended::Goal.word(), "whoever asks for a demo is at the goal");
    let all = written(&house, aware).await;
    assert_eq!(all[..4], ["welcome", "education", "objections", "call-to-action"], "{all:?}");
    let told = house
        .relay
        .kept()
        .into_iter()
        .find(|kept| kept.rcpt == "ponders@acme.test" && subject(&kept.message).contains("word"));
    let mail = told.expect("the case study").message;
    let mail = mail_parser::MessageParser::default().parse(&mail).unwrap();
    assert!(mail.body_text(0).unwrap().contains("data migration included"), "{}", mail.body_text(0).unwrap());
    house.worker.leave().await;
}

/// A sequence that tries two subjects, beside those that are shipped.
const TRIES: &str = r#"
name = "news"
holdout = 0
[[step]]
mail = "welcome"
subjects = ["Plain", "Loud"]
winner = { by = "clicks", min_each = 20, after = "48h" }
"#;

async fn enroll(house: &Indoors, lead: LeadId, sequence: &str) {
    let playbooks = house.store.playbooks().await.unwrap();
    let enroll = |scene: &_, now| rekindle_core::desk::enroll(scene, sequence, &playbooks, now);
    house.store.leads().decide(lead, &playbooks, enroll).await.unwrap();
}

async fn the_better_subject_is_found_told_in_chat_and_goes_to_the_rest(home: Home) {
    let with = |playbook: &mut BTreeMap<String, String>| {
        playbook.insert("sequences/news.toml".to_owned(), TRIES.to_owned());
    };
    let mut house = Indoors::with(home, with, |_| {}).await;
    for number in 0..90 {
        let lead = house.subscriber(&format!("lead{number}@acme.test")).await;
        enroll(&house, lead, "news").await;
    }
    house.live(TimeDelta::hours(3)).await;
    let mut sent = BTreeMap::new();
    for kept in house.relay.kept() {
        sent.entry(subject(&kept.message)).or_insert_with(Vec::new).push(kept.rcpt);
    }
    let sizes: Vec<usize> = sent.values().map(Vec::len).collect();
    assert!(sizes.len() == 2 && sizes.iter().all(|size| *size >= 30), "{sizes:?}");
    // Two thirds of those who got the one click, and a tenth of those who got the other.
    for (subject, part) in [("Loud", 3), ("Plain", 10)] {
        for (number, email) in sent[subject].iter().enumerate() {
            if (subject == "Loud" && number % part != 0) || (subject == "Plain" && number % part == 0) {
                house.tell(email, Kind::Mail, "Mail Clicked", json!({"mail": "welcome", "link": "x"})).await;
            }
        }
    }
    let tried = |house: &Indoors| {
        let store = house.store.clone();
        async move {
            let playbooks = store.playbooks().await.unwrap();
            let trial = playbooks.current().sequence("news").unwrap().trial_at(0).unwrap();
            let winner = trial.winner.unwrap();
            let tried = store
                .trials()
                .tried(&trial, winner.by, winner.after.delta(), store.clock().calendar())
                .await
                .unwrap();
            (tried.iter().map(|one| one.leads).sum::<u64>(), store.trials().why(&trial).await.unwrap())
        }
    };
    house.live(TimeDelta::hours(24)).await;
    assert_eq!(tried(&house).await, (0, None), "nobody has had their two days yet");
    house.live(TimeDelta::hours(30)).await;
    let (leads, why) = tried(&house).await;
    let why = why.expect("a winner");
    assert_eq!(leads, 90);
    assert!(why.starts_with("news, welcome: “Loud” won") && why.contains("clicks of 90"), "{why}");
    for number in 90..120 {
        let lead = house.subscriber(&format!("lead{number}@acme.test")).await;
        enroll(&house, lead, "news").await;
    }
    house.live(TimeDelta::hours(3)).await;
    for number in 90..120 {
        assert_eq!(got(&house, &format!("lead{number}@acme.test")), ["Loud"]);
    }
    house.worker.leave().await;
}

async fn who_comes_to_belong_to_a_segment_begins_its_sequence_also_by_time_alone(home: Home) {
    let by_segment = |playbook: &mut BTreeMap<String, String>| {
        let segments = playbook.get_mut("segments.toml").unwrap();
        segments.push_str("\n[[segment]]\nname = \"big\"\nwhen = 'trait.plan = gold'\n[[segment]]\nname = \"silent\"\nwhen = 'quiet for 5 days'\n");
        for (name, segment) in [("gold", "big"), ("hello-again", "silent")] {
            let plan = format!(
                "name = \"{name}\"\nholdout = 0\nenroll = {{ segment = \"{segment}\" }}\n[[step]]\nmail = \"welcome\"\n"
            );
            playbook.insert(format!("sequences/{name}.toml"), plan);
        }
    };
    let mut house = Indoors::with(home, by_segment, |_| {}).await;
    // Who was in it before the sequence was there was not waited for.
    let before = house.subscriber("before@acme.test").await;
    house.tell("before@acme.test", Kind::Identify, "told", json!({"plan": "gold"})).await;
    house.live(TimeDelta::hours(1)).await;
    let kim = house.subscriber("kim@acme.test").await;
    house.tell("kim@acme.test", Kind::Track, "Docs Read", json!({})).await;
    house.tell("kim@acme.test", Kind::Identify, "told", json!({"plan": "gold"})).await;
    let runs = |dossier: rekindle_storage::leads::Dossier| -> Vec<String> {
        dossier.enrollments.into_iter().map(|run| run.sequence).collect()
    };
    assert_eq!(runs(house.dossier(kim).await), ["gold"], "in the same moment");
    house.live(TimeDelta::days(4)).await;
    assert_eq!(runs(house.dossier(kim).await), ["gold"]);
    house.live(TimeDelta::days(2)).await;
    assert_eq!(runs(house.dossier(kim).await).len(), 2, "by time alone");
    assert_eq!(runs(house.dossier(before).await), ["hello-again"]);
    house.worker.leave().await;
}

async fn who_is_held_out_gets_nothing_and_is_counted(home: Home) {
    let half = |playbook: &mut BTreeMap<String, String>| {
        let plan = "name = \"half\"\nenroll = { on = \"Trial Begun\" }\nholdout = 50\ngoal = 'did \"Plan Chosen\"'\n[[step]]\nmail = \"welcome\"\n[[step]]\nwait = \"9d\"\n";
        playbook.insert("sequences/half.toml".to_owned(), plan.to_owned());
    };
    let mut house = Indoors::with(home, half, |_| {}).await;
    for number in 0..60 {
        let email = format!("lead{number}@acme.test");
        house.subscriber(&email).await;
        house.tell(&email, Kind::Track, "Trial Begun", json!({})).await;
    }
    house.live(TimeDelta::hours(3)).await;
    let mailed: BTreeSet<String> = house.relay.kept().into_iter().map(|kept| kept.rcpt).collect();
    assert!((18..=42).contains(&mailed.len()), "{}", mailed.len());
    // Of those who were written to every second chooses, of the others every sixth.
    let (mut of_mailed, mut of_held) = (0, 0);
    for number in 0..60 {
        let email = format!("lead{number}@acme.test");
        let (count, part) = if mailed.contains(&email) { (&mut of_mailed, 2) } else { (&mut of_held, 6) };
        *count += 1;
        if *count % part == 0 {
            house.tell(&email, Kind::Track, "Plan Chosen", json!({})).await;
        }
    }
    let (written_to, held_out) = house.store.trials().reached("half").await.unwrap();
    assert_eq!(written_to, Reached { leads: of_mailed, goals: of_mailed / 2 });
    assert_eq!(held_out, Reached { leads: of_held, goals: of_held / 6 });
    let lift = lift(written_to, held_out).expect("a lift");
    assert!(lift.from < lift.difference && lift.difference < lift.to && lift.from > 0.0, "{lift:?}");
    house.live(TimeDelta::days(10)).await;
    assert_eq!(house.relay.len(), mailed.len(), "nobody who is held out is ever written to");
    house.worker.leave().await;
}

/// Two sequences of different priority that write at once.
fn rivals(playbook: &mut BTreeMap<String, String>) {
    for (name, priority) in [("low", 3), ("high", 8), ("also-low", 3)] {
        let plan = format!(
            "name = \"{name}\"\nholdout = 0\npriority = {priority}\n[[step]]\nmail = \"welcome\"\nsubjects = [\"{name}\"]\n"
        );
        playbook.insert(format!("sequences/{name}.toml"), plan);
    }
}

async fn of_two_mails_the_one_that_matters_more_goes_first_and_the_other_says_why_it_waits(home: Home) {
    let mut house = Indoors::with(home, rivals, |_| {}).await;
    let mut leads = Vec::new();
    for number in 0..12 {
        let email = format!("lead{number}@acme.test");
        let lead = house.subscriber(&email).await;
        // In whatever order they were begun.
        let order = if number % 2 == 0 { ["low", "high", "also-low"] } else { ["high", "low", "also-low"] };
        for sequence in order {
            enroll(&house, lead, sequence).await;
        }
        leads.push((email, lead));
    }
    house.live(TimeDelta::hours(1)).await;
    for (email, lead) in &leads {
        assert_eq!(got(&house, email), ["high"]);
        let dossier = house.dossier(*lead).await;
        let waiting: Vec<&str> =
            dossier.deliveries.iter().filter_map(|delivery| delivery.reason.as_deref()).collect();
        assert_eq!(waiting, ["high comes first"; 2], "the losers wait, and say why");
    }
    house.live(TimeDelta::days(3)).await;
    for (email, _) in &leads {
        assert_eq!(got(&house, email), ["high", "low", "also-low"], "one a day, of equals the older first");
    }
    house.worker.leave().await;
}

async fn nobody_is_written_to_at_night_or_oftener_than_the_caps_allow(home: Home) {
    let five = |playbook: &mut BTreeMap<String, String>| {
        let frequency = "[[cap]]\nmails = 1\nevery = \"1d\"\n[[cap]]\nmails = 3\nevery = \"7d\"\n[send_window]\nhours = \"07:00-21:00\"\n";
        playbook.insert("frequency.toml".to_owned(), frequency.to_owned());
        for number in 0..5 {
            let plan = format!(
                "name = \"p{number}\"\nholdout = 0\nexpires = \"72h\"\n[[step]]\nwait = \"{number}d\"\n[[step]]\nmail = \"welcome\"\n"
            );
            playbook.insert(format!("sequences/p{number}.toml"), plan);
        }
    };
    let mut house = Indoors::with(home, five, |_| {}).await;
    let zones = [
        ("kim@acme.test", "Asia/Bangkok"),
        ("lee@acme.test", "America/New_York"),
        ("max@acme.test", "Nowhere/Land"),
    ];
    for (email, zone) in zones {
        let traits = json!({"email": email, "consent": true, "timezone": zone});
        let lead = house.tell(email, Kind::Identify, "identify", traits).await;
        for number in 0..5 {
            enroll(&house, lead, &format!("p{number}")).await;
        }
    }
    let begun = house.home.now();
    house.live(TimeDelta::days(14)).await;
    for (email, zone) in zones {
        // Who has no zone that there is lives by that of the house, and is not forgotten (Parcelvoy #610).
        let zone: chrono_tz::Tz = zone.parse().unwrap_or(chrono_tz::Tz::UTC);
        let happened = house.store.happened(begun, house.home.now()).await.unwrap();
        let lead = house.store.leads().named(email).await.unwrap().id;
        let mailed: Vec<_> =
            happened.iter().filter(|it| it.lead == lead && it.deed.word() == "mailed").collect();
        assert!(mailed.len() >= 3, "{email}: {}", mailed.len());
        for it in &mailed {
            use chrono::Timelike;
            let hour = it.at.with_timezone(&zone).hour();
            assert!((7..21).contains(&hour), "{email} at {hour} o'clock");
        }
        for window in mailed.windows(2) {
            assert!(window[1].at - window[0].at >= TimeDelta::days(1), "{email}: two on a day");
        }
        for window in mailed.windows(4) {
            assert!(window[3].at - window[0].at >= TimeDelta::days(7), "{email}: four in a week");
        }
    }
    house.worker.leave().await;
}

async fn a_new_version_is_for_those_who_begin_and_the_others_are_moved_by_command(home: Home) {
    let plan = |third: &str| {
        format!(
            "name = \"plan\"\nholdout = 0\n[[step]]\nwait = \"2d\"\n[[step]]\nmail = \"{third}\"\nsubjects = [\"{third}\"]\n"
        )
    };
    let old = plan("welcome");
    let mut house = Indoors::with(
        home,
        |playbook| {
            playbook.insert("sequences/plan.toml".to_owned(), old);
        },
        |_| {},
    )
    .await;
    let stays = house.subscriber("stays@acme.test").await;
    enroll(&house, stays, "plan").await;
    house.live(TimeDelta::hours(1)).await;
    let mut files = house.playbook.clone();
    files.insert("sequences/plan.toml".to_owned(), plan("education"));
    house.store.apply_playbook(&files).await.unwrap();
    let playbooks = house.store.load_playbooks().await.unwrap();
    let begins = house.subscriber("begins@acme.test").await;
    enroll(&house, begins, "plan").await;
    house.live(TimeDelta::days(3)).await;
    assert_eq!(
        (got(&house, "stays@acme.test"), got(&house, "begins@acme.test")),
        (vec!["welcome".to_owned()], vec!["education".to_owned()])
    );
    // And a third, which is moved while it waits.
    let mut files = files.clone();
    files.insert(
        "sequences/plan.toml".to_owned(),
        plan("education").replace("[\"education\"]", "[\"third\"]"),
    );
    let moved = house.subscriber("moved@acme.test").await;
    enroll(&house, moved, "plan").await;
    house.live(TimeDelta::hours(1)).await;
    house.store.apply_playbook(&files).await.unwrap();
    let newest = house.store.load_playbooks().await.unwrap();
    assert!(newest.version() > playbooks.version());
    assert_eq!(house.store.runs().migrate("plan", &newest).await.unwrap(), (1, Vec::new()));
    house.live(TimeDelta::days(3)).await;
    assert_eq!(got(&house, "moved@acme.test"), ["third"]);
    house.worker.leave().await;
}

/// Parcelvoy #627: what became due while nobody looked is done once, and not a week of it at once.
async fn a_worker_that_slept_through_a_week_catches_up_without_a_flood(home: Home) {
    let daily = |playbook: &mut BTreeMap<String, String>| {
        let steps: String = ["welcome", "education", "case-study", "objections"]
            .map(|mail| format!("[[step]]\nmail = \"{mail}\"\n[[step]]\nwait = \"1d\"\n"))
            .concat();
        playbook.insert("sequences/daily.toml".to_owned(), format!("name = \"daily\"\nholdout = 0\n{steps}"));
    };
    let mut house = Indoors::with(home, daily, |_| {}).await;
    for number in 0..30 {
        let lead = house.subscriber(&format!("lead{number}@acme.test")).await;
        enroll(&house, lead, "daily").await;
    }
    house.live(TimeDelta::hours(1)).await;
    assert_eq!(house.relay.len(), 30);
    house.home.clock().forward(TimeDelta::days(7));
    house.worker.tick().await.unwrap();
    assert_eq!(house.relay.len(), 60, "one each, not all that a week would have brought");
    house.worker.tick().await.unwrap();
    assert_eq!(house.relay.len(), 60);
    house.live(TimeDelta::days(4)).await;
    assert_eq!(house.relay.len(), 120);
    house.worker.leave().await;
}

async fn the_month_that_is_simulated_is_the_month_that_comes(home: Home) {
    let mut house = Indoors::shipped(home).await;
    to_monday(&mut house).await;
    for number in 0..24 {
        let email = format!("lead{number}@acme.test");
        house.subscriber(&email).await;
        match number % 4 {
            0 => _ = house.tell(&email, Kind::Track, "Pricing Viewed", json!({})).await,
            1 => _ = house.tell(&email, Kind::Track, "E-book Downloaded", json!({})).await,
            2 => _ = house.tell(&email, Kind::Track, "Webinar Attended", json!({})).await,
            _ => {}
        }
    }
    house.live(TimeDelta::hours(5)).await;
    let now = house.home.now();
    let until = now + TimeDelta::days(45);
    let folder = tempfile::tempdir().unwrap();
    let mails = rekindle::files::template_files(folder.path()).unwrap();
    let templates = Arc::new(Templates::load(&mails).unwrap());
    let settings = indoors::settings(Transport::Memory(house.relay.clone()));
    let sent = house.relay.len();
    let before = house.store.happened(now, until).await.unwrap();
    let url = format!("sqlite://{}", folder.path().join("copy.db").display());
    let everything = Ahead { url: &url, leads: None, playbook: None, campaign: None, until };
    let future = ahead(&house.store, everything, settings, templates, &|_| {}).await.unwrap();
    assert_eq!(house.relay.len(), sent, "nothing leaves in a simulation");
    assert_eq!(house.store.happened(now, until).await.unwrap(), before, "and nothing happens in the house");
    // Now the month really comes: the daemon wakes at what is due.
    loop {
        house.worker.tick().await.unwrap();
        let at = house.home.now();
        match house.worker.next_due_after(at).await.unwrap() {
            Some(next) if next > until => break,
            Some(next) if next > at => house.home.clock().forward(next - at),
            Some(_) => house.home.clock().forward(TimeDelta::minutes(1)),
            None => break,
        }
    }
    let came = house.store.happened(now, until).await.unwrap();
    assert!(came.len() > 60, "a month with little in it: {}", came.len());
    let differs: Vec<(Option<&Happening>, Option<&Happening>)> = (0..came.len().max(future.happened.len()))
        .map(|at| (future.happened.get(at), came.get(at)))
        .filter(|(simulated, came)| simulated != came)
        .collect();
    assert!(differs.is_empty(), "{} of {} differ, first {:#?}", differs.len(), came.len(), differs[0]);
    house.worker.leave().await;
}
