//! A question has one answer: in memory, on SQLite and on PostgreSQL.

use chrono::TimeDelta;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use rekindle_core::{
    ids::LeadId,
    lead::Lead,
    segment::{Facts, Predicate},
    time::Moment,
};
use rekindle_storage::segments::Counted;
use rekindle_tests::{on_both, stores::Home};
use serde_json::json;
use std::collections::BTreeSet;

use crate::house::{House, playbook};
use crate::questions::{question, somebody};
use crate::told::{Telling, identify, track};

on_both!(memory_and_database_answer_alike, lists_and_counts_are_of_the_same, many_conditions_are_taken);

const LEADS: usize = 40;
const QUESTIONS: u32 = 250;

/// The house's playbook, with links of mails that are worth something, and a group.
async fn house(home: Home) -> House {
    let mut house = House::of(home).await;
    let mut files = playbook();
    let scoring = files.get_mut("scoring.toml").unwrap();
    let clicks = "groups = { \"web content\" = { max = 60, min = -9 } }\nengagement = [
  { activity = [\"Mail Clicked\"], points = 15, half_life = \"20d\" },
  { page = [\"/web*\"], points = 5, half_life = \"10d\", group = \"web content\" },
  { page = [\"/fair*\"], points = -5, group = \"web content\" },";
    *scoring = scoring.replace("engagement = [\n", &format!("{clicks}\n"));
    house.store.apply_playbook(&files).await.unwrap();
    house.playbooks = house.store.load_playbooks().await.unwrap();
    house
}

/// Random leads, random questions, and the moments at which answers change.
async fn memory_and_database_answer_alike(home: Home) {
    let house = house(home).await;
    let mut runner =
        TestRunner::new(Config { cases: QUESTIONS, failure_persistence: None, ..Config::default() });
    let begin = house.now();
    let mut ids = Vec::new();
    for number in 0..LEADS {
        let somebody = somebody().new_tree(&mut runner).unwrap().current();
        let lead = match number % 4 {
            0 => house.lead_at(&format!("k{number}@gmail.com")).await,
            host => house.lead_at(&format!("k{number}@sub{host}.acme.test")).await,
        };
        let told: Vec<_> = somebody
            .deeds
            .iter()
            .enumerate()
            .map(|(n, deed)| deed.arrival(&format!("{number}-{n}"), lead, begin))
            .collect();
        house.tell_all(&told).await;
        house
            .decide(lead, |scene, now| {
                let mut change = scene.unchanged();
                somebody.write_on(&mut change.lead, now);
                Ok(change)
            })
            .await
            .unwrap();
        ids.push(lead);
    }
    ids.sort_unstable();
    let leads = house.store.leads().by_ids(&ids).await.unwrap();
    let activities = house.store.leads().activities(&ids, usize::MAX).await.unwrap();
    let scoring = &house.playbooks.current().scoring;
    let in_memory = |question: &Predicate, now: Moment| -> BTreeSet<LeadId> {
        let yes = |lead: &&Lead| {
            let did = activities.get(&lead.id).map(Vec::as_slice).unwrap_or_default();
            question.holds(&Facts::kept(lead, did, scoring, now), now)
        };
        leads.iter().filter(yes).map(|lead| lead.id).collect()
    };
    let runtime = tokio::runtime::Handle::current();
    // Half-lives pass, and activities reach exactly the days that are asked for.
    let later = prop_oneof![Just(0_i64), Just(1), Just(-1), Just(86_400_000_000), Just(30 * 86_400_000_000)];
    let outcome = tokio::task::block_in_place(|| {
        runner.run(&(question(), later), |(question, later)| {
            let now = begin + TimeDelta::microseconds(later);
            let expected = in_memory(&question, now);
            let segments = house.store.segments();
            let playbook = house.playbooks.current();
            let all = runtime.block_on(segments.all(&question, playbook, now)).unwrap();
            prop_assert_eq!(&all, &expected.iter().copied().collect::<Vec<_>>(), "all: {}", question);
            let counted = runtime.block_on(segments.count(&question, playbook, now)).unwrap();
            prop_assert_eq!(counted.leads, expected.len() as i64, "count: {}", question);
            let mailable =
                leads.iter().filter(|lead| expected.contains(&lead.id) && lead.may_be_mailed(now).is_ok());
            prop_assert_eq!(counted.mailable, mailable.count() as i64, "mailable: {}", question);
            Ok(())
        })
    });
    outcome.unwrap_or_else(|why| panic!("{why}"));
    for hours in [0_i64, 1, 24, 700, 5_000] {
        let now = begin + TimeDelta::hours(hours);
        for lead in leads.iter().take(8) {
            let company = house.store.leads().company(lead, house.playbooks.current(), now).await.unwrap();
            let domain = |lead: &Lead| lead.email.as_ref().map(|email| email.domain().to_owned());
            let people = leads.iter().filter(|other| domain(other) == domain(lead));
            let scores: Vec<i64> = people.map(|other| scoring.standing(other, now).score).collect();
            let told = company.map(|company| (company.people, company.points, company.hottest.score));
            let most = scores.iter().copied().max().unwrap();
            let expected = (scores.len() as i64, scores.iter().sum(), most);
            assert_eq!(told, (domain(lead).unwrap() != "gmail.com").then_some(expected), "{hours} h");
        }
    }
}

async fn lists_and_counts_are_of_the_same(home: Home) {
    let house = house(home).await;
    let mut leads = Vec::new();
    for _ in 0..7 {
        leads.push(house.lead().await);
    }
    for lead in &leads[..5] {
        let mut demo = track(&house.name(), "Demo Requested", house.now());
        demo.who.lead = Some(*lead);
        house.tell(demo).await;
    }
    // One is known by no address, one may not be written to any more.
    let device = track("d", "Demo Requested", house.now()).device("phone");
    house.tell(device).await;
    house.tell(crate::told::unsubscribe("no", leads[0], house.now())).await;
    let (segments, playbook, now) = (house.store.segments(), house.playbooks.current(), house.now());
    let question: Predicate = "did \"Demo Requested\" and score >= 50".parse().unwrap();
    assert_eq!(segments.count(&question, playbook, now).await.unwrap(), Counted { leads: 6, mailable: 4 });
    leads.sort_unstable();
    let all = segments.all(&question, playbook, now).await.unwrap();
    assert_eq!(all.len(), 6);
    assert!(all.is_sorted(), "{all:?}");
    let sample = segments.sample(&question, playbook, now, 3).await.unwrap();
    assert_eq!(sample.iter().map(|lead| lead.id).rev().collect::<Vec<_>>(), all[3..]);
    // Their points fade: one half-life later they are below the line.
    assert_eq!(segments.count(&question, playbook, now + TimeDelta::days(31)).await.unwrap().leads, 0);
    assert!(segments.outdated(playbook, 10).await.unwrap().is_empty());
    let traits = json!({"email": "kim@acme.test", "title": "Director"});
    house.tell(identify("kim", traits, now).email("kim@acme.test")).await;
    let directors: Predicate = "title matches director and fit >= 10".parse().unwrap();
    assert_eq!(segments.count(&directors, playbook, now).await.unwrap().leads, 1);
}

/// As many as a question may have: neither database minds.
async fn many_conditions_are_taken(home: Home) {
    let house = House::of(home).await;
    let lead = house.lead().await;
    house
        .tell({
            let mut told = track("x", "Deed 60", house.now());
            told.who.lead = Some(lead);
            told
        })
        .await;
    let (segments, playbook, now) = (house.store.segments(), house.playbooks.current(), house.now());
    let asked = |text: String| text.parse::<Predicate>().unwrap_or_else(|why| panic!("{why}"));
    let deeds = (0..61).map(|n| asked(format!("did \"Deed {n}\"")));
    let texts = (0..1900).map(|n| asked(format!("title != t{n}")));
    let question = Predicate::all(std::iter::once(Predicate::any(deeds)).chain(texts));
    assert_eq!(segments.count(&question, playbook, now).await.unwrap().leads, 1);
    assert_eq!(segments.all(&question, playbook, now).await.unwrap(), [lead]);
}
