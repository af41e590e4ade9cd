//! What each thing that comes back changes, by the rule that it is named after.

use super::*;
use crate::{
    alert::{Alert, AlertState},
    consent::{self, standing},
    delivery::{DeliveryState, MailKind},
    enrollment::{Ended, Enrollment, Planned, RunState, Then},
    ids::{AlertId, EnrollmentId, LeadId},
    lead::{Lead, Nurture},
    playbook::{Files, Playbook},
    team::Handle,
};
use std::sync::Arc;
use uuid::Uuid;

fn at(days: i64) -> Moment {
    Moment::UNIX_EPOCH + TimeDelta::days(20_000 + days)
}

fn id(number: u128) -> DeliveryId {
    DeliveryId(Uuid::from_u128(number))
}

fn playbooks() -> Playbooks {
    let plan = |name: &str, more: &str| {
        format!(
            "name = \"{name}\"\n{more}\n[[step]]\nmail = \"first\"\n[[step]]\nwait = \"2d\"\n[[step]]\nmail = \"second\"\n"
        )
    };
    let texts = [
        (
            "scoring.toml",
            "thresholds = { hot = 100, cools_below = 80 }\ngrades = { fit = [10, 5], engagement = [60, 25] }\nengagement = []\nfit = []\n"
                .to_owned(),
        ),
        ("segments.toml", String::new()),
        ("sunset.toml", "quiet_for = \"30d\"\nenroll = \"plain\"\nagain_after = \"180d\"\n".to_owned()),
        ("routing.toml", "alerts = \"a\"\ncampaigns = \"c\"\noperations = \"o\"\n".to_owned()),
        ("sequences/plain.toml", plan("plain", "")),
        ("sequences/service.toml", plan("service", "purpose = \"relationship\"")),
    ];
    let files: Files = texts.into_iter().map(|(file, text)| (file.to_owned(), text)).collect();
    Playbooks::new(1, Arc::new(Playbook::parse(&files).expect("a playbook")))
}

fn run(number: u128, sequence: &str, state: RunState) -> Enrollment {
    let planned = Planned {
        sequence: sequence.to_owned(),
        version: 1,
        campaign: None,
        at: None,
        since: None,
        key: None,
        held_out: None,
    };
    let run = EnrollmentId(Uuid::from_u128(number));
    Enrollment { state, ..Enrollment::begin(run, LeadId(Uuid::nil()), &planned, at(0)) }
}

/// Kim, in a marketing run and a relationship run, and due in both.
fn scene() -> Scene {
    let mut lead = Lead::anonymous(LeadId(Uuid::nil()), at(-100));
    lead.email = Some(EmailAddress::parse("kim@acme.test").unwrap());
    lead.name = Some("Kim".to_owned());
    let consents = vec![Record::yes("form", at(-50), Proof::default()).unwrap()];
    lead.consent = standing(&consents);
    let due = RunState::Due { at: at(2) };
    let runs = vec![run(1, "plain", due.clone()), run(2, "service", due)];
    Scene { runs, consents, ..Scene::of(lead) }
}

/// The lead as a change leaves it, with all that was said.
fn after(scene: &Scene, change: &Change) -> Scene {
    let mut after = Scene { lead: change.lead.clone(), ..scene.clone() };
    for effect in &change.effects {
        if let Effect::Say(said) = effect {
            consent::hear(&mut after.consents, said.clone());
        }
    }
    after
}

fn mail(state: DeliveryState) -> Delivery {
    Delivery {
        id: id(7),
        lead: LeadId(Uuid::nil()),
        enrollment: Some(EnrollmentId(Uuid::from_u128(1))),
        campaign: None,
        step: 0,
        mail: "first".to_owned(),
        kind: MailKind::Campaign,
        state,
        generation: 1,
        attempt: 1,
        not_before: at(0),
        expires_at: at(3),
        created_at: at(0),
        moved_at: at(0),
        message_id: "m".to_owned(),
        answer: None,
        reason: None,
    }
}

fn told(address: &str, fate: Fate) -> Told {
    Told {
        address: Some(address.to_owned()),
        fate,
        by_policy: false,
        why: format!("{fate:?} says {address}"),
    }
}

fn heard_in(scene: &Scene, heard: &Heard, state: DeliveryState, soft: &[SoftBounce]) -> Change {
    let mail = mail(state);
    let did = heard.deed(ActivityId(Uuid::from_u128(9)), &mail, at(1));
    let hearing = Hearing { mail: &mail, soft, did: did.as_ref(), put_off: TimeDelta::days(7) };
    hear(scene, heard, &hearing, &playbooks(), at(1))
}

fn bounced(dead: bool) -> Heard {
    Heard::Bounced { dead, by_policy: false, why: "550 no such user".to_owned() }
}

fn reply() -> Heard {
    Heard::Replied(Reply { id: "r1".to_owned(), from: None, said: "Call me\nat ten".to_owned() })
}

/// How the runs end, by their plan.
fn ended(change: &Change) -> Vec<(String, Ended)> {
    let ended = change.effects.iter().filter_map(|effect| match effect {
        Effect::Run(run) => match run.state {
            RunState::Ended { how, .. } => Some((run.sequence.clone(), how)),
            _ => None,
        },
        _ => None,
    });
    ended.collect()
}

fn suppressed(change: &Change) -> bool {
    change.effects.iter().any(|effect| matches!(effect, Effect::Suppress { .. }))
}

fn settled(change: &Change) -> Option<DeliveryState> {
    change.effects.iter().find_map(|effect| match effect {
        Effect::Settle { to, .. } => Some(*to),
        _ => None,
    })
}

#[test]
fn b1_a_hard_bounce_ends_the_address() {
    let change = heard_in(&scene(), &bounced(true), DeliveryState::Sent, &[]);
    assert_eq!(change.lead.consent.state, ConsentState::Bounced);
    assert_eq!(change.lead.consent.basis.as_deref(), Some("a bounce: 550 no such user"));
    assert!(suppressed(&change));
    assert_eq!(ended(&change), [("plain".to_owned(), Ended::Stopped)]);
    assert_eq!(settled(&change), Some(DeliveryState::Failed));
    let mut cold = scene();
    cold.lead.move_nurture(Nurture::Cold, "quiet", at(0));
    let change = heard_in(&cold, &bounced(true), DeliveryState::Unknown, &[]);
    assert_eq!(change.lead.nurture, Nurture::Archived);
}

#[test]
fn b1_soft_bounces_make_an_address_undeliverable_in_time() {
    let soft = |days: &[i64], mails: u128| -> Vec<SoftBounce> {
        let bounce = |(nth, day): (usize, &i64)| SoftBounce { mail: id(nth as u128 % mails), at: at(*day) };
        days.iter().enumerate().map(bounce).collect()
    };
    for (days, mails, is_over) in [
        (&[0, 4, 8, 12, 14][..], 5, true),
        (&[0, 4, 8, 12, 14], 3, true),
        (&[0, 4, 8, 12, 14], 2, false),
        (&[0, 4, 8, 12, 13], 5, false),
        (&[0, 4, 8, 14], 4, false),
        (&[14, 12, 8, 4, 0, 1], 6, true),
    ] {
        assert_eq!(is_undeliverable(&soft(days, mails)), is_over, "{days:?} of {mails}");
    }
    let five = soft(&[-14, -10, -6, -2, 1], 5);
    let change = heard_in(&scene(), &bounced(false), DeliveryState::Sent, &five);
    assert_eq!(change.lead.consent.state, ConsentState::Undeliverable);
    assert!(!suppressed(&change), "nobody has said no");
    assert_eq!(ended(&change), [("plain".to_owned(), Ended::Stopped)]);
    assert_eq!(settled(&change), Some(DeliveryState::Failed));
    // Four are too few, and whoever was there since can be reached.
    let change = heard_in(&scene(), &bounced(false), DeliveryState::Sent, &five[1..]);
    assert_eq!((change.lead.consent.state, ended(&change)), (ConsentState::Subscribed, vec![]));
    let mut alive = scene();
    alive.lead.last_human_at = Some(at(-8));
    let change = heard_in(&alive, &bounced(false), DeliveryState::Sent, &five);
    assert_eq!(change.lead.consent.state, ConsentState::Subscribed);
}

#[test]
fn b2_of_several_recipients_ours_counts_and_delayed_is_nothing() {
    let kim = EmailAddress::parse("kim@acme.test").unwrap();
    let counts = |fates: &[(&str, Fate)]| {
        let told = fates.iter().map(|(address, fate)| told(address, *fate)).collect();
        Word::Fates(told).counts(Some(&kim)).map(|heard| heard.kind())
    };
    assert_eq!(counts(&[("kim@acme.test", Fate::Delayed)]), None);
    assert_eq!(counts(&[("KIM@acme.test", Fate::Hard), ("ben@acme.test", Fate::Delivered)]), Some("hard"));
    assert_eq!(counts(&[("ben@acme.test", Fate::Hard), ("kim@acme.test", Fate::Delivered)]), Some("arrived"));
    assert_eq!(counts(&[("a@list.test", Fate::Hard), ("b@list.test", Fate::Soft)]), Some("soft"));
    assert_eq!(counts(&[("a@list.test", Fate::Hard), ("b@list.test", Fate::Expanded)]), Some("arrived"));
    assert_eq!(counts(&[("alias@acme.test", Fate::Hard)]), Some("hard"), "where ours leads is dead");
    assert_eq!(counts(&[]), None);
}

#[test]
fn b2_delivered_resolves_an_unknown_mail_and_nothing_else() {
    for (state, after) in [
        (DeliveryState::Unknown, Some(DeliveryState::Sent)),
        (DeliveryState::SentAssumed, Some(DeliveryState::Sent)),
        (DeliveryState::Sent, None),
        (DeliveryState::Failed, None),
        (DeliveryState::Pending, None),
    ] {
        let change = heard_in(&scene(), &Heard::Arrived, state, &[]);
        assert_eq!((settled(&change), &change.lead), (after, &scene().lead), "{state:?}");
        assert_eq!(change.effects.len(), usize::from(after.is_some()), "{:?}", change.effects);
    }
}

#[test]
fn b5_a_complaint_suppresses_at_once_and_outweighs_a_bounce() {
    let change = heard_in(&scene(), &Heard::Complained, DeliveryState::Sent, &[]);
    assert_eq!(change.lead.consent.state, ConsentState::Complained);
    assert!(suppressed(&change));
    assert_eq!(ended(&change), [("plain".to_owned(), Ended::Stopped)]);
    let after = after(&scene(), &change);
    let mut change = heard_in(&after, &bounced(true), DeliveryState::Sent, &[]);
    assert_eq!(change.lead.consent.state, ConsentState::Complained);
    assert!(!change.hear(&after, Record::yes("another form", at(9), Proof::default()).unwrap()));
    assert_eq!(change.lead.consent.state, ConsentState::Complained, "an import does not undo it");
}

#[test]
fn b6_a_machine_only_puts_the_next_step_off() {
    let mut awaiting = scene();
    let then = Then { step: 2, wait: TimeDelta::days(2) };
    awaiting.runs[0].state = RunState::Awaiting { delivery: id(7), then };
    for (scene, wanted) in [
        (scene(), RunState::Due { at: at(9) }),
        (awaiting, RunState::Awaiting { delivery: id(7), then: Then { wait: TimeDelta::days(9), ..then } }),
    ] {
        let change = heard_in(&scene, &Heard::AutoReplied, DeliveryState::Sent, &[]);
        assert_eq!(change.lead, scene.lead, "no score, no sign of life");
        let [Effect::Run(run)] = &change.effects[..] else { panic!("{:?}", change.effects) };
        assert_eq!((run.sequence.as_str(), &run.state), ("plain", &wanted));
    }
}

#[test]
fn b7_an_answer_stops_the_marketing_and_rings() {
    let change = heard_in(&scene(), &reply(), DeliveryState::Sent, &[]);
    assert_eq!(ended(&change), [("plain".to_owned(), Ended::Exited)]);
    assert_eq!(change.lead.last_human_at, Some(at(1)));
    assert_eq!(change.lead.consent.state, ConsentState::Subscribed);
    let rings: Vec<&Effect> = change
        .effects
        .iter()
        .filter(|e| matches!(e, Effect::Raise(_) | Effect::Quote(_) | Effect::Tell(_)))
        .collect();
    let [Effect::Raise(raised), Effect::Quote(quoted)] = rings[..] else { panic!("{rings:?}") };
    assert_eq!((raised.reason, quoted.0), (Reason::Reply, Uuid::from_u128(9)));

    // Where a rep has the lead, their card is there already, and they are told.
    let ana = Handle::of("ana").unwrap();
    let mut claimed = scene();
    claimed.lead.owner = Some(ana.clone());
    let raised = Raised { reason: Reason::Hot, because: vec![], meant_for: None };
    let mut alert = Alert::raise(AlertId(Uuid::from_u128(3)), claimed.lead.id, &raised, at(0));
    alert.state = AlertState::Claimed { by: ana.clone(), at: at(0), last: None, from: None };
    claimed.alert = Some(alert);
    let change = heard_in(&claimed, &reply(), DeliveryState::Sent, &[]);
    assert!(!change.effects.iter().any(|effect| matches!(effect, Effect::Raise(_))));
    let told = change.effects.iter().find_map(|effect| match effect {
        Effect::Tell(notice) => Some(notice),
        _ => None,
    });
    let told = told.expect("a notice");
    assert_eq!((&told.to, told.topic), (&ana, Topic::Reply));
    assert_eq!(told.text, "Kim, who is yours, answered: “Call me at ten”");
}

#[test]
fn b7_a_cold_lead_that_answers_is_back_with_one_card() {
    let mut cold = scene();
    cold.lead.move_nurture(Nurture::Cold, "quiet", at(0));
    let change = heard_in(&cold, &reply(), DeliveryState::Unknown, &[]);
    assert_eq!(change.lead.nurture, Nurture::Active);
    let raised: Vec<_> = change.effects.iter().filter(|effect| matches!(effect, Effect::Raise(_))).collect();
    let [Effect::Raise(raised)] = raised[..] else { panic!("{raised:?}") };
    assert_eq!(raised.reason, Reason::Back);
    assert_eq!(settled(&change), Some(DeliveryState::Sent), "who answers has got it");
}

#[test]
fn b7_stop_alone_unsubscribes() {
    let change = heard_in(&scene(), &Heard::Stopped, DeliveryState::Sent, &[]);
    assert_eq!(change.lead.consent.state, ConsentState::Unsubscribed);
    assert_eq!(change.lead.consent.basis.as_deref(), Some("they wrote to us"));
    assert!(suppressed(&change));
    assert_eq!(ended(&change), [("plain".to_owned(), Ended::Stopped)]);
    assert!(!change.effects.iter().any(|effect| matches!(effect, Effect::Raise(_) | Effect::Quote(_))));
}
