//! Who is in a segment is kept up by what leads do, and by time: as the question itself says it.

use chrono::TimeDelta;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, TestRunner},
};
use rekindle_core::{ids::LeadId, segment::Predicate};
use rekindle_storage::segments::Moves;
use rekindle_tests::{on_both, stores::Home};
use std::sync::Arc;

use crate::house::{House, playbook};
use crate::questions::{question, somebody};
use crate::told::{Telling, track};

on_both!(
    what_a_lead_does_moves_it_at_once,
    time_moves_leads_by_two_statements,
    decided_one_by_one_or_asked_of_all_it_is_the_same,
    a_visitor_who_is_joined_to_a_lead_leaves_nothing_behind,
);

const SEGMENTS: [(&str, &str); 4] = [
    ("asked for a demo", "did \"Demo Requested\" at least 2 times"),
    ("warm", "score >= 50 and not hot"),
    ("quiet", "quiet for 30 days"),
    ("new interest", "first did \"Demo Requested\" in last 7 days"),
];

async fn house(home: Home, segments: &[(String, String)]) -> House {
    let mut house = House::of(home).await;
    let mut files = playbook();
    let written = segments.iter().map(|(name, when)| {
        format!("[[segment]]\nname = {}\nwhen = {}\n", serde_json::json!(name), serde_json::json!(when))
    });
    files.insert("segments.toml".to_owned(), written.collect());
    house.store.apply_playbook(&files).await.unwrap();
    house.playbooks = house.store.load_playbooks().await.unwrap();
    house
}

fn four() -> Vec<(String, String)> {
    SEGMENTS.iter().map(|(name, when)| ((*name).to_owned(), (*when).to_owned())).collect()
}

impl House {
    /// Everybody is asked everything, as the sweep does when it is due.
    async fn ask(&self) -> Moves {
        let (segments, playbook) = (self.store.segments(), self.playbooks.current());
        let mut all = Moves::default();
        for (name, question) in playbook.kept() {
            if segments.kept().await.unwrap().iter().all(|one| one.name != name) {
                segments.keep(name, question).await.unwrap();
            }
            let moves = segments.ask_everybody(name, question, playbook, self.now()).await.unwrap();
            all.joined += moves.joined;
            all.left += moves.left;
        }
        all
    }

    async fn is_in(&self, lead: LeadId) -> Vec<String> {
        self.store.segments().of(lead).await.unwrap().into_iter().map(|(name, _)| name).collect()
    }

    async fn demo(&self, lead: LeadId) {
        let mut demo = track(&self.name(), "Demo Requested", self.now());
        demo.who.lead = Some(lead);
        self.tell(demo).await;
    }
}

async fn what_a_lead_does_moves_it_at_once(home: Home) {
    let house = house(home, &four()).await;
    let lead = house.lead().await;
    house.demo(lead).await;
    assert!(house.is_in(lead).await.is_empty(), "nothing is kept up yet");
    assert_eq!(house.ask().await, Moves { joined: 2, left: 0 });
    assert_eq!(house.is_in(lead).await, ["new interest", "warm"]);
    let since = house.now();
    house.clock().forward(TimeDelta::hours(1));
    house.demo(lead).await;
    // A hundred points: hot, and no longer warm; asked twice.
    assert_eq!(house.is_in(lead).await, ["asked for a demo", "new interest"]);
    let members = house.store.segments().of(lead).await.unwrap();
    assert_eq!(members, [("asked for a demo".to_owned(), house.now()), ("new interest".to_owned(), since)]);
    // What a rep decides counts as well.
    house
        .decide(lead, |scene, _| {
            let mut change = scene.unchanged();
            change.lead.hot = false;
            Ok(change)
        })
        .await
        .unwrap();
    assert_eq!(house.is_in(lead).await, ["asked for a demo", "new interest", "warm"]);
    assert_eq!(house.ask().await, Moves::default(), "the question itself says the same");
    assert_eq!(house.store.segments().members("warm").await.unwrap(), 1);
    house.store.segments().drop_kept("warm").await.unwrap();
    assert_eq!(house.is_in(lead).await, ["asked for a demo", "new interest"]);
}

async fn time_moves_leads_by_two_statements(home: Home) {
    let house = house(home, &four()).await;
    for _ in 0..5 {
        let lead = house.lead().await;
        house.demo(lead).await;
    }
    house.ask().await;
    let playbook = house.playbooks.current();
    let moving: Vec<&str> =
        playbook.kept().filter(|(_, question)| question.moves_with_time()).map(|(name, _)| name).collect();
    assert_eq!(moving, ["warm", "quiet", "new interest"]);
    let members = async |name: &str| house.store.segments().members(name).await.unwrap();
    assert_eq!((members("warm").await, members("quiet").await, members("new interest").await), (5, 0, 5));
    house.clock().forward(TimeDelta::days(7) - TimeDelta::microseconds(1));
    assert_eq!(
        house.ask().await,
        Moves { joined: 0, left: 5 },
        "fifty points have faded to 43; still new for a microsecond"
    );
    house.clock().forward(TimeDelta::microseconds(1));
    assert_eq!(house.ask().await, Moves { joined: 0, left: 5 });
    house.clock().forward(TimeDelta::days(23) - TimeDelta::microseconds(1));
    assert_eq!(house.ask().await, Moves::default());
    house.clock().forward(TimeDelta::microseconds(1));
    let quiet: Predicate = "quiet for 30 days".parse().unwrap();
    let joining = house.store.segments().joining("quiet", &quiet, playbook, house.now(), 3).await.unwrap();
    assert_eq!(joining.len(), 3, "who would join, a page at a time");
    assert_eq!(house.ask().await, Moves { joined: 5, left: 0 });
    assert!(
        house.store.segments().joining("quiet", &quiet, playbook, house.now(), 3).await.unwrap().is_empty()
    );
    // A question that became another one is asked of everybody again, under the same name.
    let demo: Predicate = "did \"Demo Requested\" at least 9 times".parse().unwrap();
    house.store.segments().keep("quiet", &demo).await.unwrap();
    assert_eq!(house.store.segments().kept().await.unwrap()[2].asked_at, None);
    let moves = house.store.segments().ask_everybody("quiet", &demo, playbook, house.now()).await.unwrap();
    assert_eq!(moves, Moves { joined: 0, left: 5 });
}

/// Random segments, random leads, and what they do then.
async fn decided_one_by_one_or_asked_of_all_it_is_the_same(home: Home) {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let asked: Vec<(String, String)> = (0..30)
        .filter_map(|number| {
            let question = question().new_tree(&mut runner).unwrap().current();
            let question = question.to_string();
            // Those that read back, and ask for no other segment.
            let read = question.parse::<Predicate>().ok().filter(|read| read.refers().next().is_none())?;
            Some((format!("s{number}"), read.to_string()))
        })
        .collect();
    let house = Arc::new(house(home, &asked).await);
    let somebodies: Vec<_> = (0..25).map(|_| somebody().new_tree(&mut runner).unwrap().current()).collect();
    let mut leads = Vec::new();
    for _ in &somebodies {
        leads.push(house.lead().await);
    }
    house.ask().await;
    let (begin, mut moved) = (house.now(), 0);
    for (number, (somebody, lead)) in somebodies.iter().zip(&leads).enumerate() {
        house
            .decide(*lead, |scene, now| {
                let mut change = scene.unchanged();
                somebody.write_on(&mut change.lead, now);
                Ok(change)
            })
            .await
            .unwrap();
        for (n, deed) in somebody.deeds.iter().enumerate() {
            house.tell(deed.arrival(&format!("{number}-{n}"), *lead, begin)).await;
        }
        moved += house.is_in(*lead).await.len();
    }
    for (name, question) in house.playbooks.current().kept() {
        let moves = house
            .store
            .segments()
            .ask_everybody(name, question, house.playbooks.current(), begin)
            .await
            .unwrap();
        assert_eq!(moves, Moves::default(), "{name}: {question}");
    }
    assert!(moved > 0);
}

async fn a_visitor_who_is_joined_to_a_lead_leaves_nothing_behind(home: Home) {
    let house = house(home, &four()).await;
    house.ask().await;
    for n in 0..2 {
        house.tell(track(&format!("d{n}"), "Demo Requested", house.now()).device("phone")).await;
    }
    let shoulder = house.shoulder().await;
    assert_eq!(shoulder.number("SELECT count(*) FROM membership").await, 3, "warm, as nobody vouches for it");
    let lead = house.lead_at("kim@acme.test").await;
    let named = track("named", "Said Hello", house.now()).device("phone").email("kim@acme.test");
    assert_eq!(house.tell(named).await, lead);
    assert_eq!(house.is_in(lead).await, ["asked for a demo", "new interest"]);
    assert_eq!(shoulder.number("SELECT count(*) FROM membership").await, 2);
}
