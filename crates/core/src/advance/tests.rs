//! One lead, one plan, and time.

mod trials;

use super::*;
use crate::{
    activity::{Activity, Kind, Trust},
    alert::Reason,
    attend::attend,
    consent::ConsentState,
    enrollment::Planned,
    ids::{ActivityId, EnrollmentId, LeadId},
    lead::{Journey, Lead},
    observe::follow,
    playbook::{Files, Playbook},
    team::Handle,
};
use chrono::TimeDelta;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use uuid::Uuid;

const BEGINNING: Moment = Moment::UNIX_EPOCH;

fn at(hours: i64) -> Moment {
    BEGINNING + TimeDelta::hours(hours)
}

fn parsed(sequences: &[&str]) -> Playbooks {
    let mut files: Files = [
        ("scoring.toml", include_str!("../../../../config/playbook/scoring.toml").to_owned()),
        ("segments.toml", "[[segment]]\nname = \"big\"\nwhen = 'trait.seats = \"100\"'\n".to_owned()),
        ("routing.toml", include_str!("../../../../config/playbook/routing.toml").to_owned()),
        ("sunset.toml", "quiet_for = \"30d\"\nenroll = \"test\"\nagain_after = \"180d\"\n".to_owned()),
    ]
    .map(|(file, text)| (file.to_owned(), text))
    .into();
    for (number, text) in sequences.iter().enumerate() {
        files.insert(format!("sequences/{number}.toml"), (*text).to_owned());
    }
    let playbook = Playbook::parse(&files).unwrap_or_else(|errors| panic!("{errors:?}"));
    assert_eq!(playbook.faults(&files), []);
    Playbooks::new(1, Arc::new(playbook))
}

/// One lead with one run, and time.
struct Story {
    playbooks: Playbooks,
    decided: Decided,
    scene: Scene,
    said: Vec<Effect>,
}

impl Story {
    fn of(steps: &str) -> Self {
        let head = "name = \"test\"\nholdout = 0\n";
        Self::with(&[&format!("{head}{steps}")])
    }

    fn with(sequences: &[&str]) -> Self {
        let playbooks = parsed(sequences);
        let mut lead = Lead::anonymous(LeadId(Uuid::nil()), BEGINNING);
        lead.email = crate::email::EmailAddress::parse("kim@acme.test").ok();
        lead.consent.state = ConsentState::Subscribed;
        lead.verified = true;
        let scene = Scene::of(lead);
        Self { playbooks, decided: Decided::default(), scene, said: Vec::new() }
    }

    fn begins(mut self) -> Self {
        let sequence = self.playbooks.current().sequence("test").unwrap();
        let planned = Planned::new(sequence, 1, &self.scene.lead);
        self.begin(planned, BEGINNING);
        self
    }

    fn begin(&mut self, planned: Planned, now: Moment) {
        let id = EnrollmentId(Uuid::from_u128(self.scene.runs.len() as u128 + 1));
        self.scene.began.insert((planned.sequence.clone(), planned.key.clone()), now);
        self.scene.runs.push(Enrollment::begin(id, self.scene.lead.id, &planned, now));
    }

    /// Writes a change down, as storage does.
    fn write(&mut self, change: Change, now: Moment) {
        let change = attend(&self.scene, change, &self.playbooks, now);
        self.scene.lead = change.lead;
        for effect in change.effects {
            match effect.clone() {
                Effect::Run(run) => self.put(run),
                Effect::Enqueue { run, mail } => {
                    let delivery = crate::ids::DeliveryId(Uuid::nil());
                    self.put(run.awaits(delivery, mail.then));
                }
                Effect::Enroll(planned) => self.begin(planned, now),
                Effect::Record(activity) => self.scene.history.push(activity),
                _ => {}
            }
            self.said.push(effect);
        }
    }

    fn put(&mut self, run: Enrollment) {
        let known = self.scene.runs.iter_mut().find(|known| known.id == run.id).unwrap();
        *known = run;
    }

    fn did(&mut self, name: &str, properties: Value, now: Moment) {
        let activity = Activity {
            id: ActivityId(Uuid::from_u128(self.scene.history.len() as u128)),
            source: "test".to_owned(),
            message_id: String::new(),
            kind: Kind::Track,
            name: name.to_owned(),
            path: None,
            at: now,
            properties: properties.as_object().cloned().unwrap_or_else(Map::new),
            human: true,
            trust: Trust::Server,
        };
        self.scene.history.push(activity.clone());
        let change = follow(&self.scene, self.scene.unchanged(), &[activity], &self.playbooks, now);
        self.write(change, now);
    }

    fn time(&mut self, now: Moment) {
        let plans = Plans { playbooks: &self.playbooks, decided: &self.decided, zone: Tz::UTC };
        if let Some(change) = advance(&self.scene, plans, now) {
            self.write(change, now);
        }
    }

    /// The awaited mail has left.
    fn sent(&mut self, now: Moment) {
        for run in self.scene.runs.clone() {
            if let Some(delivery) = run.awaited() {
                self.put(run.delivered(delivery, "sent", now).unwrap());
            }
        }
    }

    fn run(&self) -> &Enrollment {
        &self.scene.runs[0]
    }

    /// What the team was asked by new alerts.
    fn raised(&self) -> Vec<(Reason, Vec<String>)> {
        let raised = self.said.iter().filter_map(|effect| match effect {
            Effect::Raise(raised) => Some((raised.reason, raised.because.clone())),
            _ => None,
        });
        raised.collect()
    }

    fn mails(&self) -> Vec<String> {
        let mails = self.said.iter().filter_map(|effect| match effect {
            Effect::Enqueue { mail, .. } => Some(mail.mail.clone()),
            _ => None,
        });
        mails.collect()
    }

    fn ended(&self) -> Option<(Ended, Moment)> {
        match self.run().state {
            RunState::Ended { how, at, .. } => Some((how, at)),
            _ => None,
        }
    }
}

#[test]
fn waits_of_no_time_are_taken_in_the_same_decision() {
    let mut story =
        Story::of("[[step]]\nwait = \"0d\"\n[[step]]\nwait = \"0h\"\n[[step]]\nmail = \"hello\"\n").begins();
    story.time(at(0));
    assert_eq!((story.mails(), story.run().step), (vec!["hello".to_owned()], 2));
}

#[test]
fn until_goes_on_at_once_when_it_comes_true_and_otherwise_when_the_time_is_over() {
    let steps = "[[step]]\nuntil = 'did \"Demo Requested\"'\ntimeout = \"5d\"\nthen = [{ mail = \"thanks\" }]\notherwise = [{ mail = \"still\" }]\n";
    let mut met = Story::of(steps).begins();
    met.time(at(0));
    assert_eq!(met.run().state, RunState::Due { at: at(120) });
    met.did("Newsletter Read", Value::Null, at(5));
    assert_eq!(met.run().state, RunState::Due { at: at(120) });
    met.did("Demo Requested", Value::Null, at(6));
    assert_eq!(met.run().state, RunState::Due { at: at(6) });
    met.time(at(6));
    assert_eq!(met.mails(), ["thanks"]);

    let mut unmet = Story::of(steps).begins();
    unmet.time(at(0));
    unmet.time(at(119));
    assert!(unmet.mails().is_empty());
    unmet.time(at(120));
    assert_eq!(unmet.mails(), ["still"]);
}

/// Parcelvoy #548, Dittofeed #1463: what ends the wait belongs to this run, not to another order of the same lead.
#[test]
fn until_is_keyed_to_this_run() {
    let plan = "name = \"test\"\npurpose = \"relationship\"\nenroll = { on = \"Order Placed\" }\nreentry = { per = \"order\" }\n\
        [[step]]\nuntil = 'did \"Order Paid\"'\ntimeout = \"2d\"\nthen = \"finish\"\n[[step]]\nmail = \"reminder\"\n";
    let mut story = Story::with(&[plan]);
    story.did("Order Placed", json!({"order": 17}), at(0));
    story.did("Order Placed", json!({"order": 18}), at(1));
    story.did("Order Placed", json!({"order": 17}), at(2));
    story.did("Order Placed", json!({}), at(2));
    assert_eq!(story.scene.runs.len(), 2, "one for each order, and none for none");
    story.time(at(3));
    story.did("Order Paid", json!({"order": 18}), at(4));
    story.time(at(5));
    assert!(
        matches!(story.scene.runs[1].state, RunState::Ended { how: Ended::Finished, at: end, .. } if end == at(5))
    );
    assert!(story.scene.runs[0].is_live(), "order 17 is still unpaid");
    story.time(at(51));
    assert_eq!(story.mails(), ["reminder"]);
}

/// Mautic #2234: what was done just before the run began, or is told only after it began, counts where the plan looks back.
#[test]
fn what_was_done_before_the_run_counts_within_the_look_back() {
    let steps = |look_back: &str| {
        format!(
            "look_back = \"{look_back}\"\n[[step]]\nuntil = 'did \"Set Up\"'\ntimeout = \"5d\"\nthen = \"finish\"\n[[step]]\nmail = \"help\"\n"
        )
    };
    for (look_back, hours_before, counts) in [("2h", 1, true), ("2h", 3, false), ("0h", 1, false)] {
        let mut story = Story::of(&steps(look_back));
        story.did("Set Up", Value::Null, at(-hours_before));
        let mut story = story.begins();
        story.time(at(0));
        assert_eq!(story.ended().is_some(), counts, "{look_back}, {hours_before} h before");
    }
    // An activity begins the run, and what followed it was told together with it, before the run began.
    let plan = "name = \"test\"\nholdout = 0\nenroll = { on = \"Trial Begun\" }\n\
        [[step]]\nuntil = 'did \"Set Up\"'\ntimeout = \"5d\"\nthen = \"finish\"\n";
    let mut story = Story::with(&[plan]);
    story.did("Trial Begun", Value::Null, at(0));
    let late = Activity {
        at: at(0) - TimeDelta::minutes(1),
        name: "Set Up".to_owned(),
        ..story.scene.history[0].clone()
    };
    story.scene.history.insert(0, late);
    story.time(at(1));
    assert!(story.run().is_live(), "it was done before the trial began");
    story.did("Set Up", Value::Null, at(0) + TimeDelta::minutes(1));
    assert!(
        matches!(story.run().state, RunState::Due { at: due } if due == at(0) + TimeDelta::minutes(1)),
        "{:?}",
        story.run()
    );
}

/// Mautic #16075: once, after a time, for each key; and never two at once.
#[test]
fn who_was_in_it_begins_again_as_the_plan_says() {
    let plan = |reentry: &str| {
        format!(
            "name = \"test\"\nholdout = 0\nenroll = {{ on = \"A\" }}\nreentry = {reentry}\n[[step]]\nwait = \"1d\"\n"
        )
    };
    for (reentry, twice_at_once, after_an_hour, after_ten_days) in
        [("\"once\"", 1, 1, 1), ("{ after = \"5d\" }", 1, 1, 2)]
    {
        let mut story = Story::with(&[&plan(reentry)]);
        story.did("A", Value::Null, at(0));
        story.did("A", Value::Null, at(0));
        assert_eq!(story.scene.runs.len(), twice_at_once, "{reentry}");
        story.time(at(0));
        story.time(at(25));
        story.did("A", Value::Null, at(26));
        assert_eq!(story.scene.runs.len(), after_an_hour, "{reentry}");
        story.did("A", Value::Null, at(240));
        assert_eq!(story.scene.runs.len(), after_ten_days, "{reentry}");
    }
}

#[test]
fn a_trigger_asks_when_and_unless_and_forgets_what_is_old() {
    let plan = "name = \"test\"\nholdout = 0\nenroll = { on = \"A\", when = 'segment \"big\"', unless = 'did \"B\"', within = \"2h\" }\n[[step]]\nwait = \"1d\"\n";
    let begun = |seats: &str, did_b: bool, hours_ago: i64| {
        let mut story = Story::with(&[plan]);
        story.scene.lead.traits.insert("seats".to_owned(), json!(seats));
        if did_b {
            story.did("B", Value::Null, at(-9));
        }
        let activity =
            |story: &Story| Activity { at: at(-hours_ago), ..story.scene.history.last().unwrap().clone() };
        story.did("Other", Value::Null, at(0));
        let new = Activity { name: "A".to_owned(), ..activity(&story) };
        story.scene.history.push(new.clone());
        let change = follow(&story.scene, story.scene.unchanged(), &[new], &story.playbooks, at(0));
        story.write(change, at(0));
        story.scene.runs.len()
    };
    assert_eq!(begun("100", false, 1), 1);
    assert_eq!(begun("50", false, 1), 0);
    assert_eq!(begun("100", true, 1), 0);
    assert_eq!(begun("100", false, 3), 0);
}

#[test]
fn the_goal_and_the_exits_end_a_run_in_the_change_that_makes_them_true() {
    let head = "goal = 'did \"Plan Chosen\"'\nexit_when = ['lifecycle = opportunity']\n[[step]]\nwait = \"9d\"\n[[step]]\nmail = \"a\"\n";
    let mut story = Story::of(head);
    story.did("Plan Chosen", Value::Null, at(-1));
    let mut story = story.begins();
    story.time(at(0));
    assert!(story.run().is_live(), "what was done before is no goal of this run");
    story.did("Plan Chosen", Value::Null, at(2));
    assert_eq!(story.ended(), Some((Ended::Goal, at(2))));

    let mut story = Story::of(head).begins();
    story.time(at(0));
    let mut change = story.scene.unchanged();
    change.reach(crate::lead::Lifecycle::Opportunity, crate::stage::Evidence::of("a meeting"));
    story.write(change, at(3));
    assert_eq!(story.ended(), Some((Ended::Exited, at(3))));
    assert!(story.run().reason.as_ref().unwrap().contains("lifecycle = opportunity"), "{:?}", story.run());
}

#[test]
fn who_goes_on_looking_has_not_come_back_and_who_leaves_and_returns_has() {
    let steps = "exit_when = [\"comes back\"]\n[[step]]\nwait = \"9d\"\n";
    let minutes = |story: &mut Story, minutes: i64| {
        story.did("Docs Read", Value::Null, at(0) + TimeDelta::minutes(minutes));
    };
    let mut story = Story::of(steps);
    minutes(&mut story, -1);
    let mut story = story.begins();
    for minute in [1, 20, 45] {
        minutes(&mut story, minute);
        assert!(story.run().is_live(), "still the same visit after {minute} minutes");
    }
    minutes(&mut story, 76);
    assert_eq!(story.ended().map(|(how, _)| how), Some(Ended::Exited));
}

#[test]
fn branches_and_actions_do_what_they_say() {
    let steps = r#"
[[step]]
set = { tag = "tried", trait = { tier = "gold" }, journey = "consideration", score = 30 }
[[step]]
branch = [{ when = 'journey = decision', do = [{ mail = "late" }] }, { when = 'tag "tried"', do = [{ alert = "Talk to them" }] }, { do = [{ mail = "other" }] }]
[[step]]
webhook = { event = "trial.went", body = '{"who": {{ lead.email }}, "tier": {{ lead.traits.tier | default("") }}}' }
[[step]]
audience = { add = "spring" }
[[step]]
task = "Send them the price list"
[[step]]
start = "second"
[[step]]
finish = true
"#;
    let second = "name = \"second\"\nholdout = 0\n[[step]]\nwait = \"1d\"\n";
    let mut story = Story::with(&[&format!("name = \"test\"\nholdout = 0\n{steps}"), second]).begins();
    story.time(at(0));
    let lead = &story.scene.lead;
    assert_eq!(
        (lead.tags.join(","), lead.journey),
        ("tried,audience:spring".to_owned(), Journey::Consideration)
    );
    assert_eq!(lead.traits["tier"], "gold");
    assert_eq!(lead.points.engagement.round(), 30.0);
    let calls: Vec<(&str, &Value)> = story
        .said
        .iter()
        .filter_map(|effect| match effect {
            Effect::Call { event, data } => Some((event.as_str(), data)),
            _ => None,
        })
        .collect();
    assert_eq!(calls[0], ("trial.went", &json!({"who": "kim@acme.test", "tier": "gold"})));
    assert_eq!(calls[1].0, "audience.joined");
    assert_eq!(
        calls[1].1["email_sha256"],
        "9d3163aa4cc581ef26fcfa73252cf0a034a91f5a24f0a5a66c80b6f6302e64bb"
    );
    let words = ["Talk to them", "Send them the price list"];
    assert_eq!(story.raised(), [(Reason::Plan, words.map(str::to_owned).to_vec())], "one card for both");
    assert_eq!(story.scene.runs[1].sequence, "second");
    assert_eq!(story.ended().map(|(how, _)| how), Some(Ended::Finished));

    // Whoever is taken by sales is shown no ads any more.
    let mut change = story.scene.unchanged();
    change.lead.owner = Handle::of("ana");
    story.write(change, at(1));
    assert_eq!(story.scene.lead.tags, ["tried"]);
    assert!(matches!(story.said.last().unwrap(), Effect::Call { event, .. } if event == "audience.left"));
}

#[test]
fn what_steps_give_at_once_adds_up_and_asks_the_team_once() {
    let steps = r#"
[[step]]
alert = "Talk to them"
[[step]]
set = { score = 60 }
[[step]]
set = { score = 45 }
[[step]]
task = "Send them the price list"
[[step]]
wait = "1d"
"#;
    let second = format!("name = \"second\"\nholdout = 0\n{steps}");
    let mut story = Story::with(&[&format!("name = \"test\"\nholdout = 0\n{steps}"), &second]).begins();
    let also = Planned::new(story.playbooks.current().sequence("second").unwrap(), 1, &story.scene.lead);
    story.begin(also, BEGINNING);
    // Points that are given make nobody hot who did nothing.
    story.did("Demo Requested", json!({}), at(0));
    story.time(at(0));
    let lead = story.scene.lead.clone();
    assert_eq!((lead.points.engagement, lead.hot), (260.0, true));
    let explained = story.playbooks.current().scoring.explain(&lead, &story.scene.history, at(0));
    assert_eq!(explained.points, lead.points, "as if counted from the beginning");
    let raised = story.raised();
    assert_eq!(raised.len(), 1, "{raised:?}");
    let (reason, because) = &raised[0];
    assert_eq!(*reason, Reason::Hot);
    assert_eq!(because[0], "Talk to them");
    assert!(because.contains(&"Send them the price list".to_owned()), "{because:?}");
}

#[test]
fn what_a_step_makes_known_counts_at_once() {
    let steps = "[[step]]\nset = { trait = { tier = \"gold\" } }\n[[step]]\nwait = \"1d\"\n";
    let fit = "\n[[fit]]\nwhen = 'trait.tier = gold'\npoints = 30\n";
    let mut story = Story::of(steps).begins();
    let mut playbook = story.playbooks.current().clone();
    let rules = format!("{}{fit}", include_str!("../../../../config/playbook/scoring.toml"));
    playbook.scoring = toml::from_str(&rules).unwrap();
    story.playbooks = Playbooks::new(1, Arc::new(playbook));
    story.time(at(0));
    assert_eq!(story.scene.lead.points.fit, 30.0);
}

#[test]
fn who_is_held_out_goes_through_the_plan_and_is_written_nothing() {
    let steps = "goal = 'did \"Plan Chosen\"'\n[[step]]\nmail = \"a\"\n[[step]]\nwait = \"2d\"\n[[step]]\nalert = \"talk\"\n[[step]]\nmail = \"b\"\n[[step]]\narchive = true\n";
    let mut story = Story::of(steps).begins();
    story.scene.runs[0].held_out = Some(true);
    story.time(at(0));
    assert_eq!(story.run().state, RunState::Due { at: at(48) });
    story.time(at(48));
    assert_eq!(story.ended(), Some((Ended::Finished, at(48))));
    assert!(story.said.iter().all(|effect| matches!(effect, Effect::Run(_))), "{:?}", story.said);
    assert_eq!(story.scene.lead.nurture, Nurture::Active);

    let mut story = Story::of(steps).begins();
    story.scene.runs[0].held_out = Some(true);
    story.time(at(0));
    story.did("Plan Chosen", Value::Null, at(1));
    assert_eq!(story.ended(), Some((Ended::Goal, at(1))), "its goal is counted like that of the others");
}

#[test]
fn a_claim_holds_the_mails_and_a_release_lets_them_go_on() {
    let mut story = Story::of("[[step]]\nmail = \"a\"\n").begins();
    story.scene.lead.owner = Handle::of("ana");
    story.time(at(0));
    assert_eq!(story.run().reason.as_deref(), Some("claimed by Ana"));
    assert!(story.mails().is_empty());
    story.scene.lead.owner = None;
    story.time(at(1));
    assert_eq!(story.mails(), ["a"]);
}

#[test]
fn all_runs_that_are_due_are_taken_and_the_others_are_not() {
    let mut story = Story::of("[[step]]\nwait = \"1d\"\n[[step]]\narchive = true\n").begins();
    assert!(
        advance(
            &story.scene,
            Plans { playbooks: &story.playbooks, decided: &story.decided, zone: Tz::UTC },
            at(-1)
        )
        .is_none()
    );
    story.time(at(0));
    story.time(at(23));
    assert!(story.run().is_live());
    story.time(at(24));
    assert_eq!(
        (story.ended(), story.scene.lead.nurture),
        (Some((Ended::Archived, at(24))), Nurture::Archived)
    );
}
