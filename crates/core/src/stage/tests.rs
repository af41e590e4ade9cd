//! How leads move, and that no move is without what shows it.

use super::*;
use crate::{
    activity,
    alert::Outcome,
    desk,
    ids::{AlertId, LeadId, MemberId},
    team::Role,
};
use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

fn day(day: i64) -> Moment {
    Moment::UNIX_EPOCH + TimeDelta::days(1000 + day)
}

fn scoring() -> Scoring {
    let rules = r#"
        thresholds = { hot = 100, cools_below = 80 }
        grades = { fit = [10, 5], engagement = [60, 25] }
        engagement = [
            { activity = ["E-book Downloaded"], points = 10, half_life = "30d", stage = "awareness" },
            { activity = ["Webinar Attended"], points = 15, half_life = "30d", stage = "consideration" },
            { activity = ["Pricing Viewed"], points = 20, half_life = "30d", stage = "decision" },
            { activity = ["Signed In"], points = 1, half_life = "30d" },
        ]
    "#;
    toml::from_str(rules).unwrap()
}

fn stages() -> Stages {
    let rules = r#"
        looks_back = "60d"
        [[lifecycle]]
        stage = "mql"
        when = "engagement >= 40"
        label = "looks around a lot"
        [[lifecycle]]
        stage = "opportunity"
        when = 'did "Trial Started"'
    "#;
    toml::from_str(rules).unwrap()
}

fn scene() -> Scene {
    Scene::of(Lead::anonymous(LeadId(Uuid::from_u128(1)), day(0)))
}

fn did(scene: &mut Scene, name: &str, at: Moment) {
    let number = scene.history.len() as u128 + 1;
    scene.history.push(Activity { id: ActivityId(Uuid::from_u128(number)), ..activity::did(name, at) });
}

/// Counts and moves, and says the moves.
fn follow(scene: &mut Scene, now: Moment) -> Vec<Move> {
    let mut change = scene.unchanged();
    let explained = scoring().explain(&scene.lead, &scene.history, now);
    (change.lead.points, change.lead.worth) = (explained.points, explained.worth);
    stages().follow(scene, &mut change, &scoring(), now);
    taken(scene, change)
}

/// The moves of a change, which is made.
fn taken(scene: &mut Scene, change: Change) -> Vec<Move> {
    scene.lead = change.lead;
    let mut moves = Vec::new();
    for effect in change.effects {
        match effect {
            Effect::Move(moved) => moves.push(moved),
            Effect::Alert(alert) => scene.alert = Some(alert).filter(crate::alert::Alert::is_live),
            _ => {}
        }
    }
    moves
}

fn ana() -> Member {
    Member {
        id: MemberId(Uuid::from_u128(9)),
        handle: Handle::of("ana").unwrap(),
        name: "Ana".to_owned(),
        role: Role::Sales,
        active: true,
    }
}

fn said(moves: &[Move]) -> Vec<String> {
    moves
        .iter()
        .map(|one| format!("{} {} {}: {}", one.ladder.word(), one.from, one.to, one.evidence.why))
        .collect()
}

#[test]
fn the_journey_follows_what_they_look_at_and_back_only_when_nothing_speaks_for_it_any_more() {
    let mut scene = scene();
    did(&mut scene, "Pricing Viewed", day(0));
    let moves = follow(&mut scene, day(0));
    assert_eq!(said(&moves), ["journey awareness decision: Pricing Viewed"]);
    assert_eq!(moves[0].evidence.activity, Some(scene.history[0].id));
    did(&mut scene, "E-book Downloaded", day(30));
    assert_eq!(follow(&mut scene, day(30)), [], "a book beside it takes nobody back");
    did(&mut scene, "Signed In", day(31));
    assert_eq!(follow(&mut scene, day(31)), [], "nor what shows no stage");
    did(&mut scene, "Webinar Attended", day(59));
    assert_eq!(follow(&mut scene, day(59)), []);
    // Time alone does: they are where they looked last.
    let moves = follow(&mut scene, day(60));
    assert_eq!(
        said(&moves),
        ["journey decision consideration: nothing of decision for 60d; then Webinar Attended"]
    );
    assert!(moves[0].back);
    did(&mut scene, "Pricing Viewed", day(61));
    assert_eq!(said(&follow(&mut scene, day(61)))[0], "journey consideration decision: Pricing Viewed");
    // After a long silence they are at the beginning.
    assert_eq!(follow(&mut scene, day(120)), []);
    let moves = follow(&mut scene, day(200));
    assert_eq!(said(&moves), ["journey decision awareness: nothing of decision for 60d"]);
    assert_eq!(follow(&mut scene, day(300)), []);
}

#[test]
fn whoever_was_taken_back_is_moved_on_only_by_something_new() {
    let mut scene = scene();
    let lifecycle = |moves: Vec<Move>| -> Vec<String> {
        said(&moves).into_iter().filter(|one| one.starts_with("lifecycle")).collect()
    };
    let told = "lifecycle lead opportunity: did \"Trial Started\"";
    did(&mut scene, "Trial Started", day(1));
    assert_eq!(lifecycle(follow(&mut scene, day(1))), [told]);
    let change = set(&scene, Lifecycle::Mql, &ana(), Some("no real trial"), day(2)).unwrap();
    taken(&mut scene, change);
    did(&mut scene, "Signed In", day(3));
    assert_eq!(lifecycle(follow(&mut scene, day(3))), [""; 0], "sales has heard of that trial");
    did(&mut scene, "Trial Started", day(3));
    assert_eq!(
        lifecycle(follow(&mut scene, day(3))),
        ["lifecycle mql opportunity: did \"Trial Started\""],
        "of another it has not"
    );
    // What comes to hold since then moves it: here by points.
    let change = set(&scene, Lifecycle::Lead, &ana(), Some("a student"), day(4)).unwrap();
    taken(&mut scene, change);
    assert_eq!(lifecycle(follow(&mut scene, day(4))), [""; 0]);
    for _ in 0..3 {
        did(&mut scene, "Pricing Viewed", day(5));
    }
    assert_eq!(lifecycle(follow(&mut scene, day(5))), ["lifecycle lead mql: looks around a lot"]);
    // And a rule about what stands on its row, told later.
    let stages: Stages =
        toml::from_str("[[lifecycle]]\nstage = \"customer\"\nwhen = 'trait.plan = paid'").unwrap();
    let change = set(&scene, Lifecycle::Lead, &ana(), Some("gone"), day(6)).unwrap();
    taken(&mut scene, change);
    let mut change = scene.unchanged();
    change.lead.traits.insert("plan".to_owned(), "paid".into());
    stages.follow(&scene, &mut change, &scoring(), day(7));
    assert_eq!(change.lead.lifecycle, Lifecycle::Customer);
}

#[test]
fn what_comes_late_counts_for_when_it_was() {
    let mut scene = scene();
    did(&mut scene, "Pricing Viewed", day(100));
    follow(&mut scene, day(100));
    did(&mut scene, "Webinar Attended", day(20));
    assert_eq!(follow(&mut scene, day(101)), []);
    did(&mut scene, "E-book Downloaded", day(158));
    did(&mut scene, "Pricing Viewed", day(150));
    assert_eq!(follow(&mut scene, day(158)), [], "out of order, the later look at the price is known");
    did(&mut scene, "E-book Downloaded", day(205));
    assert_eq!(follow(&mut scene, day(205)), [], "and speaks for decision until day 210");
    did(&mut scene, "E-book Downloaded", day(211));
    assert_eq!(follow(&mut scene, day(211)).len(), 1);
}

#[test]
fn what_a_machine_did_shows_no_stage() {
    let mut scene = scene();
    did(&mut scene, "Pricing Viewed", day(0));
    scene.history[0].human = false;
    assert_eq!(follow(&mut scene, day(0)), []);
}

#[test]
fn a_stage_that_a_plan_has_set_stays_as_long_as_one_that_they_showed() {
    let mut scene = scene();
    let mut change = scene.unchanged();
    change.show(Journey::Decision, day(0), Evidence::of("a step of trial"));
    taken(&mut scene, change);
    did(&mut scene, "E-book Downloaded", day(59));
    assert_eq!(follow(&mut scene, day(59)), []);
    assert_eq!(follow(&mut scene, day(61)).len(), 1);
}

#[test]
fn rules_move_on_to_the_furthest_that_holds_and_never_back() {
    let mut scene = scene();
    for _ in 0..2 {
        did(&mut scene, "Pricing Viewed", day(0));
    }
    let lifecycle = |moves: Vec<Move>| -> Vec<String> {
        said(&moves).into_iter().filter(|one| one.starts_with("lifecycle")).collect()
    };
    assert_eq!(lifecycle(follow(&mut scene, day(0))), ["lifecycle lead mql: looks around a lot"]);
    assert_eq!(lifecycle(follow(&mut scene, day(90))), [""; 0], "points that are gone take nobody back");
    did(&mut scene, "Trial Started", day(91));
    assert_eq!(lifecycle(follow(&mut scene, day(91))), ["lifecycle mql opportunity: did \"Trial Started\""]);
}

#[test]
fn what_sales_does_moves_on_and_back_with_its_reason() {
    let (ana, now) = (ana(), day(1));
    let mut scene = scene();
    let of = |how| {
        let ana = &ana;
        move |scene: &Scene| desk::outcome(scene, ana, how, Some("no budget".to_owned()), now, now)
    };
    let claim = |scene: &Scene| desk::claim(scene, &ana, AlertId(Uuid::from_u128(7)), now);
    let step = |scene: &mut Scene, change: Result<Change, Refusal>| {
        let moves = taken(scene, change.unwrap());
        assert!(moves.iter().all(|moved| moved.evidence.by == Some(ana.handle.clone())));
        said(&moves)
    };
    let change = claim(&scene);
    assert_eq!(step(&mut scene, change), ["lifecycle lead sql: claimed"]);
    let change = desk::release(&scene, &ana, now);
    assert_eq!(step(&mut scene, change), ["lifecycle sql mql: given back"]);
    let change = claim(&scene);
    step(&mut scene, change);
    let change = of(Outcome::Meeting)(&scene);
    assert_eq!(step(&mut scene, change), ["lifecycle sql opportunity: meeting set: no budget"]);
    let change = desk::release(&scene, &ana, now);
    assert_eq!(step(&mut scene, change), [""; 0], "the deal stays, whoever works on it");
    let change = claim(&scene);
    step(&mut scene, change);
    let change = of(Outcome::Lost)(&scene);
    assert_eq!(step(&mut scene, change), ["lifecycle opportunity lead: lost: no budget"]);
    let change = claim(&scene);
    step(&mut scene, change);
    let change = of(Outcome::Won)(&scene);
    assert_eq!(step(&mut scene, change), ["lifecycle sql customer: won: no budget"]);
    let change = claim(&scene);
    step(&mut scene, change);
    let change = of(Outcome::Lost)(&scene);
    assert_eq!(
        step(&mut scene, change),
        [""; 0],
        "who bought once is a customer, whatever becomes of the next deal"
    );
}

#[test]
fn whoever_takes_a_lead_back_says_why() {
    let mut scene = scene();
    let set = |scene: &Scene, to, why| set(scene, to, &ana(), why, day(3));
    let change = set(&scene, Lifecycle::Opportunity, None).unwrap();
    assert_eq!(change.lead.touched_at, Some(day(3)));
    assert_eq!(said(&taken(&mut scene, change)), ["lifecycle lead opportunity: by hand"]);
    let refused = set(&scene, Lifecycle::Opportunity, None).unwrap_err();
    assert_eq!(refused.code(), "there_already");
    let refused = set(&scene, Lifecycle::Mql, Some("  ")).unwrap_err();
    assert_eq!(
        refused.text(chrono_tz::UTC),
        "an anonymous visitor is at opportunity: say why it goes back to mql, behind the stage."
    );
    let change = set(&scene, Lifecycle::Mql, Some("the trial ended")).unwrap();
    assert!(said(&taken(&mut scene, change))[0].ends_with("opportunity mql: the trial ended"));
}

proptest! {
    /// Whatever happens in whatever order: moves link up on each ladder, end where the lead stands, each says why, and
    /// looking twice moves nobody.
    #[test]
    fn moves_link_up_and_end_where_the_lead_stands(
        story in prop::collection::vec((0usize..9, 0i64..400, 0i64..30), 1..60),
    ) {
        let mut scene = scene();
        let (mut now, mut moves) = (day(0), Vec::new());
        let names = ["E-book Downloaded", "Webinar Attended", "Pricing Viewed", "Signed In", "Trial Started"];
        for (what, back, later) in story {
            now += TimeDelta::days(later);
            let change = match what {
                0..5 => {
                    did(&mut scene, names[what], now - TimeDelta::days(back % 90));
                    moves.extend(follow(&mut scene, now));
                    prop_assert_eq!(follow(&mut scene, now), vec![]);
                    continue;
                }
                5 => desk::claim(&scene, &ana(), AlertId(Uuid::from_u128(7)), now),
                6 => desk::release(&scene, &ana(), now),
                7 => desk::outcome(&scene, &ana(), Outcome::Lost, None, now, now),
                _ => set(&scene, Lifecycle::ALL[back as usize % 5], &ana(), Some("because"), now),
            };
            if let Ok(change) = change {
                moves.extend(taken(&mut scene, change));
            }
        }
        for (ladder, stands) in
            [(Ladder::Journey, scene.lead.journey.word()), (Ladder::Lifecycle, scene.lead.lifecycle.word())]
        {
            let mut at = if ladder == Ladder::Journey { "awareness" } else { "lead" };
            for moved in moves.iter().filter(|moved| moved.ladder == ladder) {
                prop_assert_eq!(moved.from, at);
                prop_assert!(moved.from != moved.to && !moved.evidence.why.is_empty());
                at = moved.to;
            }
            prop_assert_eq!(at, stands);
        }
    }
}
