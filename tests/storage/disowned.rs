//! A click that counted, and turns out to be a machine's, is taken back: its points, whoever was hot only by it, what the
//! card says, and what it made of runs. Nobody is asked again.

use chrono::TimeDelta;
use rekindle_core::{
    activity::{Kind, names},
    alert::Outcome,
    arrival::{Arrival, Received},
    delivery::Event,
    desk,
    enrollment::{Enrollment, RunState},
    ids::{DeliveryId, LeadId},
    lead::{Journey, Nurture},
    machine::Sign,
    scene::Scene,
    stage::Ladder,
    sunset::Cadence,
};
use rekindle_storage::{fetches::Exposed, outbox::Passage};
use rekindle_tests::{on_both, stores::Home};

use crate::house::{House, alert_id, member, playbook};
use crate::told::{track, unsubscribe};

on_both!(
    mautic_16263_what_a_gateway_clicked_is_taken_back_though_it_has_counted,
    whoever_a_gateway_brought_back_is_cold_as_before_and_is_tried_on,
    what_the_team_and_the_lead_did_since_the_click_stands,
    a_sequence_that_is_resumed_does_not_begin_once_more,
    a_goal_that_a_gateway_reached_is_open_again_and_what_it_began_ends
);

const SCORING: &str = r#"
thresholds = { hot = 60, cools_below = 45 }
grades = { fit = [10, 5], engagement = [60, 25] }
engagement = [
  { activity = ["Demo Requested"], points = 50, half_life = "30d" },
  { activity = ["Mail Clicked"], points = 10, half_life = "30d", stage = "consideration" },
]
"#;

fn click(house: &House, number: u32, lead: LeadId) -> Arrival {
    let mut click = track(&format!("click:{number}"), names::CLICKED, house.now());
    (click.kind, click.source) = (Kind::Mail, "mail".to_owned());
    click.who.lead = Some(lead);
    click
}

fn demo(house: &House, lead: LeadId) -> Arrival {
    let mut demo = track(&house.name(), "Demo Requested", house.now());
    demo.who.lead = Some(lead);
    demo
}

fn exposed(number: u32) -> Exposed {
    let delivery = DeliveryId(uuid::Uuid::nil());
    Exposed { delivery, sign: Sign::Bait, message_id: format!("click:{number}") }
}

/// A house whose playbook has these files, too.
async fn house_with(home: Home, more: &[(&str, &str)]) -> House {
    let mut house = House::of(home).await;
    let mut files = playbook();
    files.extend(more.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())));
    house.store.apply_playbook(&files).await.unwrap();
    house.playbooks = house.store.load_playbooks().await.unwrap();
    house
}

/// The mails that are due leave.
async fn mails_leave(house: &House) {
    let sender = house.sender().await;
    for claimed in house.claimed(&sender).await {
        let passed = house.pass(&sender, &[claimed.ticket]).await;
        assert_eq!(passed, [Passage::Go]);
        house.fate(&sender, claimed.ticket, Event::Accepted).await;
    }
}

async fn mautic_16263_what_a_gateway_clicked_is_taken_back_though_it_has_counted(home: Home) {
    let house = house_with(home, &[("scoring.toml", SCORING)]).await;
    let (kim, lee) = (house.lead().await, house.lead().await);
    house.tell_all(&[demo(&house, kim), demo(&house, lee)]).await;
    let asked_at = house.now();
    house.clock().forward(TimeDelta::hours(1));
    house.tell_all(&[click(&house, 1, kim), click(&house, 2, lee)]).await;
    let alerts = async |lead| house.store.leads().dossier(lead).await.unwrap().alerts;
    assert!(house.row(kim).await.hot && house.row(lee).await.hot);
    assert_eq!(house.row(kim).await.journey, Journey::Consideration);
    let card = alerts(kim).await.remove(0);

    house.clock().forward(TimeDelta::minutes(20));
    // The third was held, and never counted.
    let found = [exposed(1), exposed(3)];
    assert_eq!(house.store.leads().disown(&found, &house.playbooks).await.unwrap(), 1);
    let row = house.row(kim).await;
    assert!(!row.hot && row.crosses_at.is_none(), "{row:?}");
    assert_eq!(row.last_human_at, Some(asked_at));
    assert_eq!(row.journey, Journey::Awareness, "what a machine looked at shows no stage");
    let moves = house.store.moves_of(kim).await.unwrap();
    let last = moves.iter().rfind(|one| one.ladder == Ladder::Journey).unwrap();
    assert!(last.back && last.evidence.why == "a machine did “Mail Clicked” (bait)", "{last:?}");
    assert_eq!(house.row(lee).await.journey, Journey::Consideration);
    let scoring = &house.playbooks.current().scoring;
    let history = house.store.leads().history(kim, &house.playbooks).await.unwrap();
    let explained = scoring.explain(&row, &history, house.now());
    assert_eq!((explained.score, scoring.standing(&row, house.now()).score), (50, 50));
    assert_eq!(explained.points, row.points, "the kept points are counted anew");
    let now = alerts(kim).await;
    assert_eq!(now.len(), 1);
    assert!(now[0].revision > card.revision && now[0].is_live());
    let said = "a machine did “Mail Clicked” (bait): its points are gone; cooled: 50 points";
    assert_eq!(now[0].news, [said]);
    assert!(house.row(lee).await.hot, "what another did stays");

    // Told again, and found again, it is known; and hot for a reason of their own they are on the same card.
    assert!(matches!(
        house.tell_all(&[click(&house, 1, kim)]).await[0],
        Received::Duplicate | Received::Conflict
    ));
    assert_eq!(house.store.leads().disown(&found, &house.playbooks).await.unwrap(), 0);
    house.tell(demo(&house, kim)).await;
    assert!(house.row(kim).await.hot);
    let now = alerts(kim).await;
    assert_eq!(now.len(), 1);
    assert_eq!(now[0].news.last().unwrap(), "turned hot: 100 points");

    // Who had been hot by what they did themselves, and has not cooled, stays hot.
    let ida = house.lead().await;
    house.tell_all(&[demo(&house, ida), demo(&house, ida)]).await;
    house.clock().forward(TimeDelta::days(30));
    house.tell(click(&house, 4, ida)).await;
    house.clock().forward(TimeDelta::minutes(20));
    assert_eq!(house.store.leads().disown(&[exposed(4)], &house.playbooks).await.unwrap(), 1);
    let row = house.row(ida).await;
    assert!(row.hot && scoring.standing(&row, house.now()).score == 50, "{row:?}");
}

/// Silence makes a lead cold, and what tries once more begins.
async fn cools(house: &House, lead: LeadId) {
    let playbook = house.playbooks.current();
    let plan = playbook.sequence(&playbook.sunset.enroll).unwrap();
    let version = house.playbooks.version();
    let cool = |scene: &Scene, now| {
        Ok(scene.lead.cool(&playbook.sunset, plan, version, false, Cadence::Seldom, now).expect("is quiet"))
    };
    house.decide(lead, cool).await.unwrap();
    house.step(lead).await;
}

async fn whoever_a_gateway_brought_back_is_cold_as_before_and_is_tried_on(home: Home) {
    let plan = "name = \"plain\"\nholdout = 0\nexit_when = [\"any human activity\"]\n\
        [[step]]\nmail = \"first\"\n[[step]]\nwait = \"2d\"\n[[step]]\nmail = \"second\"\n[[step]]\narchive = true\n";
    let house = house_with(home, &[("sequences/plain.toml", plan)]).await;
    let [kim, lee, ida, zoe] =
        [house.lead().await, house.lead().await, house.lead().await, house.lead().await];
    house.clock().forward(TimeDelta::days(31));
    for lead in [kim, lee, ida, zoe] {
        cools(&house, lead).await;
    }
    mails_leave(&house).await;
    let cooled_at = house.now();
    let waits = [kim, lee, ida].map(|lead| (lead, cooled_at + TimeDelta::days(2)));
    for (lead, at) in waits {
        assert_eq!(house.run(lead, "plain").await.state, RunState::Due { at });
    }
    // Zoe's second mail is in the outbox when the gateway clicks.
    house.clock().forward(TimeDelta::days(2));
    house.step(zoe).await;
    house.tell_all(&[1, 2, 3, 4].map(|n| click(&house, n, [kim, lee, ida, zoe][n as usize - 1]))).await;
    // Ida is there herself, a minute later.
    house.clock().forward(TimeDelta::minutes(1));
    house.tell(demo(&house, ida)).await;
    for lead in [kim, lee, ida, zoe] {
        assert_eq!(house.row(lead).await.nurture, Nurture::Active);
        assert_eq!(house.run(lead, "plain").await.state.word(), "exited");
    }

    house.clock().forward(TimeDelta::minutes(20));
    let found = [exposed(1), exposed(3), exposed(4)];
    assert_eq!(house.store.leads().disown(&found, &house.playbooks).await.unwrap(), 3);
    let row = house.row(kim).await;
    assert_eq!(
        (row.nurture, row.cooled_at, row.last_human_at, row.nurture_why.as_deref()),
        (Nurture::Cold, Some(cooled_at), None, Some("a machine did “Mail Clicked” (bait)"))
    );
    let run = house.run(kim, "plain").await;
    assert_eq!(run.state, RunState::Due { at: cooled_at + TimeDelta::days(2) });
    assert_eq!(run.reason.as_deref(), Some("a machine did “Mail Clicked” (bait)"));
    for (lead, why) in [(lee, "what a person clicked stays"), (ida, "a person was there, too")] {
        assert_eq!(house.row(lead).await.nurture, Nurture::Active, "{why}");
        assert_eq!(house.run(lead, "plain").await.state.word(), "exited", "{why}");
    }
    // The second mail of Kim's plan leaves; Zoe's was kept in by the end, and what follows it comes.
    house.step(kim).await;
    assert!(house.run(kim, "plain").await.awaited().is_some());
    assert_eq!(house.run(zoe, "plain").await.state, RunState::Due { at: house.now() });
    house.step(zoe).await;
    assert_eq!(house.row(zoe).await.nurture, Nurture::Archived);
    let sender = house.sender().await;
    let claimed = house.claimed(&sender).await;
    let passed = house.pass(&sender, &claimed.iter().map(|one| one.ticket).collect::<Vec<_>>()).await;
    let gone = passed.iter().filter(|one| **one == Passage::Go).count();
    assert_eq!((claimed.len(), gone), (2, 1), "nothing is sent for a run that awaits nothing: {passed:?}");
    // Found again, nothing more.
    assert_eq!(house.store.leads().disown(&found, &house.playbooks).await.unwrap(), 0);
}

async fn what_the_team_and_the_lead_did_since_the_click_stands(home: Home) {
    // As the shipped one: a click is its goal, and whoever comes back leaves it.
    let plan = "name = \"plain\"\nholdout = 0\nexit_when = [\"comes back\"]\ngoal = 'did \"Mail Clicked\"'\n\
        [[step]]\nmail = \"first\"\n[[step]]\nwait = \"2d\"\n[[step]]\nmail = \"second\"\n[[step]]\narchive = true\n";
    let house = house_with(home, &[("sequences/plain.toml", plan)]).await;
    let leads = [house.lead().await, house.lead().await, house.lead().await, house.lead().await];
    let [kim, came, unfit, claimed] = leads;
    house.clock().forward(TimeDelta::days(31));
    for lead in leads {
        cools(&house, lead).await;
    }
    mails_leave(&house).await;
    house.clock().forward(TimeDelta::hours(1));
    house.tell_all(&[1, 2, 3, 4].map(|n| click(&house, n, leads[n as usize - 1]))).await;
    house.clock().forward(TimeDelta::minutes(1));
    house.tell(demo(&house, came)).await;
    let no_fit = |scene: &Scene, now| {
        desk::outcome(scene, &member("ana"), Outcome::NotAFit, None, now, now)
            .map(|change| change.touched(now))
    };
    house.decide(unfit, no_fit).await.unwrap();
    let takes = |scene: &Scene, now| {
        desk::claim(scene, &member("ana"), alert_id(77), now).map(|change| change.touched(now))
    };
    house.decide(claimed, takes).await.unwrap();

    house.clock().forward(TimeDelta::minutes(20));
    let found = [1, 2, 3, 4].map(exposed);
    assert_eq!(house.store.leads().disown(&found, &house.playbooks).await.unwrap(), 4);
    let stands = async |lead| (house.row(lead).await.nurture, house.run(lead, "plain").await.state.word());
    assert_eq!(stands(kim).await, (Nurture::Cold, "due"), "nobody did anything");
    assert_eq!(stands(came).await, (Nurture::Active, "goal"), "they came themselves");
    assert_eq!(stands(unfit).await, (Nurture::Archived, "goal"), "who never fits is not written to");
    assert_eq!(stands(claimed).await, (Nurture::Active, "goal"), "a rep has them");
}

async fn a_goal_that_a_gateway_reached_is_open_again_and_what_it_began_ends(home: Home) {
    let steps = "[[step]]\nwait = \"3d\"\n[[step]]\nmail = \"first\"\n";
    let course = format!("name = \"course\"\nholdout = 0\ngoal = 'did \"Mail Clicked\"'\n{steps}");
    let chase = format!("name = \"chase\"\nholdout = 0\nenroll = {{ on = \"Mail Clicked\" }}\n{steps}");
    let house =
        house_with(home, &[("sequences/course.toml", &course), ("sequences/chase.toml", &chase)]).await;
    let [kim, lee, ida] = [house.lead().await, house.lead().await, house.lead().await];
    for lead in [kim, lee, ida] {
        let enrolls = |scene: &Scene, now| desk::enroll(scene, "course", &house.playbooks, now);
        house.decide(lead, enrolls).await.unwrap();
        house.step(lead).await;
    }
    let due = house.run(kim, "course").await.state;
    house.clock().forward(TimeDelta::hours(1));
    house.tell_all(&[click(&house, 1, kim), click(&house, 2, lee), click(&house, 3, ida)]).await;
    // Lee clicks again, and Ida wants nothing any more.
    house.clock().forward(TimeDelta::minutes(1));
    house.tell_all(&[click(&house, 4, lee), unsubscribe("no", ida, house.now())]).await;
    for lead in [kim, lee] {
        assert_eq!(house.run(lead, "course").await.state.word(), "goal");
        assert!(house.run(lead, "chase").await.is_live());
    }

    house.clock().forward(TimeDelta::minutes(20));
    let found = [exposed(1), exposed(2), exposed(3)];
    assert_eq!(house.store.leads().disown(&found, &house.playbooks).await.unwrap(), 3);
    assert_eq!(house.run(kim, "course").await.state, due, "as if nothing had been");
    let chase = house.run(kim, "chase").await;
    assert_eq!(
        (chase.state.word(), chase.reason.as_deref()),
        ("stopped", Some("a machine did “Mail Clicked” (bait)"))
    );
    assert_eq!(house.run(lee, "course").await.state.word(), "goal", "a person has reached it since");
    assert_eq!(house.run(ida, "course").await.state.word(), "goal", "who wants no mail is not written to");
}

async fn a_sequence_that_is_resumed_does_not_begin_once_more(home: Home) {
    let plan = "name = \"chase\"\nholdout = 0\nenroll = { segment = \"silent\" }\nreentry = { after = \"1d\" }\ngoal = 'did \"Mail Clicked\"'\n\
        [[step]]\nwait = \"90d\"\n[[step]]\nmail = \"first\"\n";
    let segments =
        "[[segment]]\nname = \"silent\"\nwhen = 'did \"Demo Requested\" and not did \"Mail Clicked\"'\n";
    let house = house_with(home, &[("sequences/chase.toml", plan), ("segments.toml", segments)]).await;
    let silent = house.playbooks.current().question("silent").unwrap().1.clone();
    house.store.segments().keep("silent", &silent).await.unwrap();
    let playbook = house.playbooks.current();
    house.store.segments().ask_everybody("silent", &silent, playbook, house.now()).await.unwrap();
    let (kim, lee) = (house.lead().await, house.lead().await);
    house.tell_all(&[demo(&house, kim), demo(&house, lee)]).await;
    let begun = house.run(kim, "chase").await;
    assert!(begun.is_live());
    // Long enough ago that another could begin.
    house.clock().forward(TimeDelta::days(40));
    house.tell_all(&[click(&house, 1, kim), click(&house, 2, lee)]).await;
    assert_eq!(house.run(kim, "chase").await.state.word(), "goal");
    house.clock().forward(TimeDelta::minutes(20));
    assert_eq!(house.store.leads().disown(&[exposed(1), exposed(2)], &house.playbooks).await.unwrap(), 2);
    for lead in [kim, lee] {
        let runs = house.store.leads().dossier(lead).await.unwrap().enrollments;
        assert_eq!(runs.iter().map(Enrollment::is_live).collect::<Vec<_>>(), [true], "one, and it goes on");
    }
}
