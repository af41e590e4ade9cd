//! Moves from stage to stage are kept with what showed them, go over with a lead that is merged, and are counted.

use chrono::TimeDelta;
use rekindle_core::{
    alert::{Outcome, Raised, Reason},
    desk,
    lead::{Journey, Lifecycle},
    scene::{Effect, Scene},
    stage::{self, Evidence, Ladder},
    team::Handle,
};
use rekindle_storage::figures::{FellBack, Taken};
use rekindle_tests::{on_both, stores::Home};

use crate::{
    house::{House, member},
    told::{Telling, identify, track},
};
use serde_json::json;

on_both!(
    a_lead_s_way_is_kept_and_counted,
    what_a_visitor_showed_is_the_lead_s,
    whoever_was_lost_has_come_as_far_as_they_had,
    how_it_ended_is_the_best_that_was_and_what_moved_says_it_before_the_card
);

async fn a_lead_s_way_is_kept_and_counted(home: Home) {
    let house = House::of(home).await;
    let kim = house.lead_at("kim@acme.test").await;
    let begin = house.now();
    house.clock().forward(TimeDelta::days(2));
    house.tell(track("m1", "Demo Requested", house.now()).email("kim@acme.test")).await;
    house.tell(track("m2", "Demo Requested", house.now()).email("kim@acme.test")).await;
    house.clock().forward(TimeDelta::days(3));
    house.claim(kim, "ana").await;
    house.clock().forward(TimeDelta::days(4));
    let back =
        |scene: &Scene, now| stage::set(scene, Lifecycle::Lead, &member("ana"), Some("a student"), now);
    house.decide(kim, back).await.unwrap();

    let moves = house.store.moves_of(kim).await.unwrap();
    let days = |at: rekindle_core::time::Moment| (at - begin).num_days();
    let way: Vec<_> = moves
        .iter()
        .map(|one| (days(one.at), one.from.as_str(), one.to.as_str(), one.back, one.evidence.why.as_str()))
        .collect();
    assert_eq!(
        way,
        [
            (2, "awareness", "decision", false, "Demo Requested"),
            (2, "lead", "mql", false, "hot with 100 points"),
            (5, "mql", "sql", false, "claimed"),
            (9, "sql", "lead", true, "a student"),
        ]
    );
    assert!(moves[0].evidence.activity.is_some());
    assert_eq!(moves[2].evidence.by, Handle::of("ana"));
    assert_eq!(house.row(kim).await.journey_at, begin + TimeDelta::days(2));

    let figures = house.store.figures();
    let stages = figures.stages(begin).await.unwrap();
    assert_eq!(stages.len(), 8);
    let at = |ladder, stage| {
        let found = stages.iter().find(|at| at.ladder == ladder && at.stage == stage).unwrap();
        (found.now, found.came, found.went_on, found.fell_back, found.took.map(|took| took.num_days()))
    };
    assert_eq!(at(Ladder::Lifecycle, "lead"), (1, 1, 1, 0, Some(2)));
    assert_eq!(at(Ladder::Lifecycle, "mql"), (0, 1, 1, 0, Some(3)));
    assert_eq!(at(Ladder::Lifecycle, "sql"), (0, 1, 0, 1, None));
    assert_eq!(at(Ladder::Journey, "awareness"), (0, 0, 1, 0, Some(2)));
    assert_eq!(at(Ladder::Journey, "decision"), (1, 1, 0, 0, None));
    let fell =
        [FellBack { from_stage: "sql".into(), to_stage: "lead".into(), why: "a student".into(), count: 1 }];
    assert_eq!(figures.fell_back(begin, 5).await.unwrap(), fell);
    let later = begin + TimeDelta::days(3);
    let since: i64 = figures.stages(later).await.unwrap().iter().map(|at| at.came).sum();
    assert_eq!(since, 2, "what was before is not counted");
    let took = figures.stages(later).await.unwrap().iter().find(|at| at.stage == "mql").unwrap().took;
    assert_eq!(took, Some(TimeDelta::days(3)), "but what was before says since when");
    // What they look at now is no reason of sales.
    let looks_back = |scene: &Scene, now| {
        let mut change = scene.unchanged();
        change.show(Journey::Awareness, now, Evidence::of("nothing of decision for 180d"));
        Ok(change)
    };
    house.decide(kim, looks_back).await.unwrap();
    assert_eq!(house.row(kim).await.journey, Journey::Awareness);
    assert_eq!(figures.fell_back(begin, 5).await.unwrap(), fell);
}

async fn what_a_visitor_showed_is_the_lead_s(home: Home) {
    let house = House::of(home).await;
    let visitor = house.tell(track("m1", "Demo Requested", house.now()).device("visitor-7")).await;
    assert_eq!(house.row(visitor).await.journey, Journey::Decision);
    let kim = house.lead_at("kim@acme.test").await;
    let known = identify("m2", json!({"email": "kim@acme.test"}), house.now());
    let merged = house.tell(known.device("visitor-7").email("kim@acme.test")).await;
    assert_eq!(merged, kim);
    let kim = house.row(kim).await;
    assert_eq!(kim.journey, Journey::Decision);
    let way = async |lead| {
        let moves = house.store.moves_of(lead).await.unwrap();
        moves.into_iter().map(|one| (one.from, one.to, one.evidence.why)).collect::<Vec<_>>()
    };
    let told = |from: &str, to: &str, why: &str| (from.to_owned(), to.to_owned(), why.to_owned());
    assert_eq!(way(kim.id).await, [told("awareness", "decision", "Demo Requested")], "once");
    let stages = house.store.figures().stages(house.now() - TimeDelta::days(1)).await.unwrap();
    assert_eq!(stages.iter().map(|at| at.came).sum::<i64>(), 1);
    // Who has been as far has nothing to take over.
    let lee = house.lead_at("lee@acme.test").await;
    house.tell(track("m3", "Demo Requested", house.now()).email("lee@acme.test")).await;
    house.tell(track("m4", "Demo Requested", house.now()).device("visitor-8")).await;
    let known = identify("m5", json!({"email": "lee@acme.test"}), house.now());
    assert_eq!(house.tell(known.device("visitor-8").email("lee@acme.test")).await, lee);
    let of_the_journey = way(lee).await.into_iter().filter(|(_, to, _)| to == "decision").count();
    assert_eq!(of_the_journey, 1);
}

async fn whoever_was_lost_has_come_as_far_as_they_had(home: Home) {
    let house = House::of(home).await;
    let kim = house.lead_at("kim@acme.test").await;
    let begin = house.now();
    house.claim(kim, "ana").await;
    for how in [Outcome::Meeting, Outcome::Lost] {
        let told = |scene: &Scene, now| desk::outcome(scene, &member("ana"), how, None, now, now);
        house.decide(kim, told).await.unwrap();
    }
    assert_eq!(house.row(kim).await.lifecycle, Lifecycle::Lead);
    let taken = house.store.figures().taken_by(&member("ana").handle, begin).await.unwrap();
    assert_eq!(taken, [Taken { lead: kim, waited: None, stage: Lifecycle::Opportunity }]);
}

async fn how_it_ended_is_the_best_that_was_and_what_moved_says_it_before_the_card(home: Home) {
    let house = House::of(home).await;
    let begin = house.now();
    let [won, lost, corrected, never] =
        [house.lead().await, house.lead().await, house.lead().await, house.lead().await];
    let says = async |lead, how| {
        house.claim(lead, "ana").await;
        house.clock().forward(TimeDelta::days(1));
        let told = |scene: &Scene, now| desk::outcome(scene, &member("ana"), how, None, now, now);
        house.decide(lead, told).await.unwrap();
    };
    // Won first, and left a year later: a rule that saw them coming was right.
    says(won, Outcome::Won).await;
    let won_at = house.now();
    says(lost, Outcome::Lost).await;
    let lost_at = house.now();
    // The card says lost; and then they bought.
    says(corrected, Outcome::Lost).await;
    house.clock().forward(TimeDelta::days(2));
    let bought = |scene: &Scene, now| stage::set(scene, Lifecycle::Customer, &member("ana"), None, now);
    house.decide(corrected, bought).await.unwrap();
    let bought_at = house.now();
    house.clock().forward(TimeDelta::days(300));
    let left = |scene: &Scene, now| stage::set(scene, Lifecycle::Lead, &member("ana"), Some("left us"), now);
    house.decide(won, left).await.unwrap();

    // Who was no lead for sales from the beginning has looked at things, and cannot fall.
    let asked = |scene: &Scene, now| {
        let mut change = scene.unchanged();
        change.show(Journey::Decision, now, Evidence::of("Demo Requested"));
        change.effects.push(Effect::Raise(Raised { reason: Reason::Plan, because: vec![], meant_for: None }));
        Ok(change)
    };
    house.decide(never, asked).await.unwrap();
    let no_fit = |scene: &Scene, now| desk::outcome(scene, &member("ana"), Outcome::NotAFit, None, now, now);
    house.decide(never, no_fit).await.unwrap();
    let never_at = house.now();

    let leads = [won, lost, corrected, never];
    let ended = house.store.leads().ended(&leads, begin, house.now()).await.unwrap();
    let of = |lead| ended.get(&lead).map(|end| (end.won, end.at));
    assert_eq!(
        leads.map(of),
        [Some((true, won_at)), Some((false, lost_at)), Some((true, bought_at)), Some((false, never_at))]
    );
    // Asked only of a time, it says only of that time.
    let later =
        house.store.leads().ended(&leads[..3], bought_at + TimeDelta::days(1), house.now()).await.unwrap();
    assert_eq!(later.keys().copied().collect::<Vec<_>>(), [won]);
    assert!(!later[&won].won);
}
