//! Runs at a step where several are tried.

use super::*;
use crate::{
    campaign::{Campaign, CampaignState, Subjects, Wave},
    email::EmailAddress,
    ids::CampaignId,
};

/// Mautic #14535: a winner that is declared while runs await the other mail breaks none of them.
#[test]
fn a_winner_that_is_declared_breaks_no_run() {
    let steps = "[[step]]\nmail = \"a\"\nsubjects = [\"one\", \"two\"]\nwinner = { by = \"clicks\" }\n[[step]]\nwait = \"1d\"\n[[step]]\nmail = \"b\"\n";
    let mut story = Story::of(steps).begins();
    story.time(at(0));
    let arm = |story: &Story| {
        let mut arms = story.said.iter().rev().filter_map(|effect| match effect {
            Effect::Enqueue { mail, .. } => mail.arm.clone(),
            _ => None,
        });
        arms.next().unwrap()
    };
    let first = arm(&story);
    let other = 1 - first.number;
    story.decided.0.insert(first.trial.clone(), other);
    story.sent(at(0));
    story.time(at(24));
    assert_eq!(story.mails(), ["a", "b"], "it goes on");
    let sequence = story.playbooks.current().sequence("test").unwrap();
    let trial = sequence.trial_at(0).unwrap();
    assert_eq!(story.decided.arm(&trial, &story.scene.lead).number, other, "who comes later gets the winner");
    story.decided.0.insert(first.trial, 7);
    assert_eq!(
        story.decided.arm(&trial, &story.scene.lead).number,
        first.number,
        "a winner that is gone is none"
    );
}

#[test]
fn of_a_campaign_as_many_are_tried_as_decide_it_and_the_rest_waits_for_the_winner() {
    let steps = "[[step]]\nmail = \"a\"\nsubjects = [\"one\", \"two\"]\nwinner = { by = \"clicks\", min_each = 100, after = \"48h\" }\n";
    let launched = |number: u32, audience: i64| {
        let mut story = Story::of(steps);
        story.scene.lead.email = EmailAddress::parse(&format!("lead{number}@acme.test")).ok();
        let campaign = CampaignId(Uuid::from_u128(5));
        story.scene.campaigns.insert(campaign, Campaign { counted_in: audience, ..sample(campaign) });
        let sequence = story.playbooks.current().sequence("test").unwrap();
        let planned = Planned::new(sequence, 1, &story.scene.lead).by_campaign(campaign);
        story.begin(planned, at(0));
        story.time(at(0));
        story
    };
    let tried = (0..1_000).filter(|number| !launched(*number, 1_000).mails().is_empty()).count();
    assert!((200..280).contains(&tried), "of 1,000 are tried {tried}");
    assert!((0..50).all(|number| !launched(number, 200).mails().is_empty()), "too few to wait for anything");
    let mut waiting =
        (0..).map(|number| launched(number, 1_000)).find(|story| story.mails().is_empty()).unwrap();
    assert_eq!(waiting.run().reason.as_deref(), Some("waits for the winner of what is tried"));
    let trial = waiting.playbooks.current().sequence("test").unwrap().trial_at(0).unwrap();
    let mut decided = waiting;
    decided.decided.0.insert(trial.key, 1);
    decided.time(at(2));
    let arm = decided.said.iter().find_map(|effect| match effect {
        Effect::Enqueue { mail, .. } => mail.arm.as_ref().map(|arm| arm.number),
        _ => None,
    });
    assert_eq!(arm, Some(1));
    waiting = (0..).map(|number| launched(number, 1_000)).find(|story| story.mails().is_empty()).unwrap();
    for hour in 1..=144 {
        waiting.time(at(hour));
    }
    assert_eq!(waiting.mails(), ["a"], "after three times as long nobody waits any more");
}

/// What was typed at the launch is tried in that campaign, as the subjects of a plan are; all else goes by the plan.
#[test]
fn typed_subjects_are_drawn_in_their_campaign_and_the_winner_goes_to_the_rest() {
    let steps = "[[step]]\nmail = \"a\"\nsubjects = [\"one\", \"two\", \"three\"]\nwinner = { by = \"clicks\", min_each = 100, after = \"48h\" }\n[[step]]\nmail = \"b\"\nsubjects = [\"x\", \"y\"]\n";
    let id = |number| CampaignId(Uuid::from_u128(number));
    let story = |number: u32, of: CampaignId, typed: &[&str], won: Option<usize>| {
        let mut story = Story::of(steps);
        story.scene.lead.email = EmailAddress::parse(&format!("lead{number}@acme.test")).ok();
        let subjects = Subjects::of(typed.iter().copied()).unwrap();
        story.scene.campaigns.insert(of, Campaign { counted_in: 1_000, subjects, ..sample(of) });
        story.decided.0.extend(won.map(|won| (of.to_string(), won)));
        let sequence = story.playbooks.current().sequence("test").unwrap();
        let planned = Planned::new(sequence, 1, &story.scene.lead).by_campaign(of);
        story.begin(planned, at(0));
        story.time(at(0));
        story
    };
    let arms = |story: &Story| -> Vec<_> {
        let mails = story.said.iter().filter_map(|effect| match effect {
            Effect::Enqueue { mail, .. } => Some(mail.arm.clone()),
            _ => None,
        });
        mails.collect()
    };
    let drawn = |number, of| arms(&story(number, of, &["A", "B"], None)).pop().flatten();
    let tried: Vec<_> = (0..1_000).filter_map(|number| drawn(number, id(5))).collect();
    let seconds = tried.iter().filter(|arm| arm.number == 1).count();
    assert!(
        (200..280).contains(&tried.len()) && (80..160).contains(&seconds),
        "{seconds} of {}",
        tried.len()
    );
    assert!(tried.iter().all(|arm| arm.trial == id(5).to_string()));
    assert!((0..50).all(|number| drawn(number, id(5)) == drawn(number, id(5))), "always the same");
    // Another campaign with the same words asks anew: other leads are tried.
    assert!((0..200).any(|number| drawn(number, id(5)).is_some() != drawn(number, id(6)).is_some()));
    // Once it is decided, nobody waits, and all get the winner.
    let rest =
        |number| arms(&story(number, id(5), &["A", "B"], Some(1))).pop().flatten().map(|arm| arm.number);
    assert!((0..50).all(|number| rest(number) == Some(1)));
    // One alone is no trial, takes the place of the plan's three, and leaves the other mails alone.
    let mut one = story(7, id(5), &["A"], None);
    assert_eq!(arms(&one), [None]);
    one.sent(at(1));
    one.time(at(1));
    let second = arms(&one).pop().flatten().expect("the subjects of the second mail are tried");
    assert!(second.trial.starts_with("test:"), "{second:?}");
}

fn sample(id: CampaignId) -> Campaign {
    Campaign {
        id,
        sequence: "test".to_owned(),
        segment: "everyone".to_owned(),
        follows: false,
        subjects: Default::default(),
        version: 1,
        state: CampaignState::Running,
        made_by: Handle::of("ana").unwrap(),
        made_at: BEGINNING,
        launched_by: Handle::of("ana"),
        launched_at: Some(BEGINNING),
        counted_in: 0,
        counted_out: 0,
        wave: Wave::All,
        first: 0,
        pause: TimeDelta::zero(),
        rest_at: None,
        harm: None,
        forecast: Default::default(),
        figures: Default::default(),
        revision: 1,
    }
}
