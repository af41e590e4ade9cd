//! What came back of a mail, and what that changes (mail-rules B1 to B8).
//!
//! A mailbox and a provider's webhook may tell the same, twice, and in any order. So each thing counts once for each mail
//! ([`Heard::key`]), and what it changes only ever grows: consent to the stronger no, a delivery to the last word of
//! [`DeliveryState::after`](crate::delivery::DeliveryState::after). Any order ends alike.

use crate::{
    activity::{Activity, Kind, Trust, names},
    alert::{Raised, Reason},
    consent::{ConsentState, Proof, Record},
    delivery::{Delivery, Event},
    email::EmailAddress,
    ids::{ActivityId, DeliveryId},
    notice::{Notice, Topic},
    observe::{described, follow},
    playbook::Playbooks,
    scene::{Change, Effect, Scene},
    time::Moment,
};
use chrono::TimeDelta;
use serde_json::{Map, json};

/// What became of the mail for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Not delivered, and the address is dead (B1).
    Hard,
    /// Not delivered this time; the address may live.
    Soft,
    /// Not delivered yet; it is still tried, and no bounce (B2).
    Delayed,
    /// Delivered: positive proof.
    Delivered,
    /// Handed on to where no more will be told.
    Relayed,
    /// Delivered to a list that sends it on.
    Expanded,
}

/// What is told of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The recipient, where it is named.
    pub address: Option<String>,
    /// What became of the mail.
    pub fate: Fate,
    /// Whether we, our mail or its looks were not wanted there (5.7.x).
    pub by_policy: bool,
    /// In words, on one line.
    pub why: String,
}

/// What a person wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The same for the same message, however often it is read; holds nothing personal.
    pub id: String,
    /// Who wrote, as the message claims.
    pub from: Option<String>,
    /// What they wrote anew, without what they quoted.
    pub said: String,
}

/// What a report tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// Mail servers tell the fate, for one recipient each.
    Fates(Vec<Told>),
    /// A recipient reported it as spam, fraud or a virus (B5).
    Complaint,
    /// A recipient wants no more mail: a bare "stop", or an opt-out (B5, B7, U7).
    Stop,
    /// A machine answered (B6).
    AutoReply,
    /// A person answered (B7).
    Reply(Reply),
}

/// Something that came back, and carries a mark of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The mail that it is about.
    pub mail: DeliveryId,
    /// What it tells.
    pub word: Word,
}

/// What counts of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It arrived.
    Arrived,
    /// It failed, for good (`dead`) or this time.
    Bounced {
        /// Whether the address is dead.
        dead: bool,
        /// Whether we were not wanted there.
        by_policy: bool,
        /// In words.
        why: String,
    },
    /// It was reported as spam.
    Complained,
    /// They want no more.
    Stopped,
    /// A machine answered.
    AutoReplied,
    /// A person answered.
    Replied(Reply),
}

impl Word {
    /// Whether all it says is that the mail arrived.
    pub fn is_arrival(&self) -> bool {
        let arrived = |one: &Told| harshness(one.fate) == 0;
        matches!(self, Self::Fates(told) if told.iter().all(arrived))
    }

    /// What counts of it for a mail to this address; `None` when nothing does, as for one that is delayed.
    ///
    /// Of several recipients ours counts. Where none of them is ours (a list, a forwarding), the mildest word does: the
    /// end of one address behind ours is not the end of ours.
    pub fn counts(self, to: Option<&EmailAddress>) -> Option<Heard> {
        let told = match self {
            Self::Fates(told) => told,
            Self::Complaint => return Some(Heard::Complained),
            Self::Stop => return Some(Heard::Stopped),
            Self::AutoReply => return Some(Heard::AutoReplied),
            Self::Reply(reply) => return Some(Heard::Replied(reply)),
        };
        let is_ours = |one: &&Told| {
            let named = one.address.as_deref().and_then(|address| EmailAddress::parse(address).ok());
            to.is_some_and(|to| named.is_some_and(|named| named.canonical() == to.canonical()))
        };
        let counts =
            told.iter().find(is_ours).or_else(|| told.iter().min_by_key(|one| harshness(one.fate)))?;
        let bounced = |dead| Heard::Bounced { dead, by_policy: counts.by_policy, why: counts.why.clone() };
        match counts.fate {
            Fate::Hard => Some(bounced(true)),
            Fate::Soft => Some(bounced(false)),
            Fate::Delayed => None,
            Fate::Delivered | Fate::Relayed | Fate::Expanded => Some(Heard::Arrived),
        }
    }
}

fn harshness(fate: Fate) -> u8 {
    match fate {
        Fate::Delivered | Fate::Relayed | Fate::Expanded => 0,
        Fate::Delayed => 1,
        Fate::Soft => 2,
        Fate::Hard => 3,
    }
}

impl Heard {
    /// By which it counts once for each mail. That it arrived may be told of every mail, and says nothing the second time: it
    /// need not be known.
    pub fn key(&self) -> Option<String> {
        match self {
            Self::Arrived => None,
            Self::Replied(reply) => Some(format!("reply:{}", reply.id)),
            other => Some(other.kind().to_owned()),
        }
    }

    /// The word used in tables.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Arrived => "arrived",
            Self::Bounced { dead: true, .. } => "hard",
            Self::Bounced { dead: false, .. } => "soft",
            Self::Complained => "complaint",
            Self::Stopped => "stop",
            Self::AutoReplied => "auto-reply",
            Self::Replied(_) => "reply",
        }
    }

    /// By what a mail is known to have arrived, in words.
    fn proof(&self) -> &'static str {
        match self {
            Self::Arrived | Self::Bounced { .. } => "their mail server says so",
            Self::Complained => "it was reported as spam",
            Self::Stopped => "they want no more",
            Self::AutoReplied => "a machine answered",
            Self::Replied(_) => "they answered",
        }
    }

    /// What the lead did by it, if they did something.
    pub fn deed(&self, id: ActivityId, mail: &Delivery, now: Moment) -> Option<Activity> {
        let mut properties = Map::from_iter([
            ("mail".to_owned(), json!(mail.mail)),
            ("delivery".to_owned(), json!(mail.id.to_string())),
        ]);
        let name = match self {
            Self::Stopped => names::UNSUBSCRIBED,
            Self::Replied(reply) => {
                properties.insert("said".to_owned(), json!(reply.said));
                properties.extend(reply.from.iter().map(|from| ("from".to_owned(), json!(from))));
                names::REPLIED
            }
            _ => return None,
        };
        Some(Activity {
            id,
            source: "mail".to_owned(),
            message_id: format!("heard:{}:{}", mail.id, self.key().unwrap_or_default()),
            kind: Kind::Mail,
            name: name.to_owned(),
            path: None,
            at: now,
            properties,
            human: true,
            trust: Trust::Server,
        })
    }
}

/// A mail that did not arrive, though the address may live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoftBounce {
    /// Which.
    pub mail: DeliveryId,
    /// When it was heard (calendar).
    pub at: Moment,
}

/// Soft bounces that make an address undeliverable (B1): so many,
const SOFT_BOUNCES: usize = 5;
/// of so many mails at the least,
const SOFT_MAILS: usize = 3;
/// and over so long.
const SOFT_FOR: TimeDelta = TimeDelta::days(14);

/// Whether so much has bounced that the mailbox takes nothing any more.
pub fn is_undeliverable(bounces: &[SoftBounce]) -> bool {
    let mut mails: Vec<DeliveryId> = bounces.iter().map(|bounce| bounce.mail).collect();
    mails.sort_unstable();
    mails.dedup();
    let first = bounces.iter().map(|bounce| bounce.at).min();
    let last = bounces.iter().map(|bounce| bounce.at).max();
    let lasted = last.zip(first).is_some_and(|(last, first)| last - first >= SOFT_FOR);
    bounces.len() >= SOFT_BOUNCES && mails.len() >= SOFT_MAILS && lasted
}

/// What is known when something is heard.
#[derive(Debug, Clone, Copy)]
pub struct Hearing<'a> {
    /// The mail that it is about, as it stands.
    pub mail: &'a Delivery,
    /// The soft bounces of this lead, with this one.
    pub soft: &'a [SoftBounce],
    /// What the lead did by it ([`Heard::deed`]).
    pub did: Option<&'a Activity>,
    /// How much longer a run waits when a machine has answered.
    pub put_off: TimeDelta,
}

/// Decides what is changed by something that came back.
pub fn hear(
    scene: &Scene,
    heard: &Heard,
    hearing: &Hearing<'_>,
    playbooks: &Playbooks,
    now: Moment,
) -> Change {
    let mut change = scene.unchanged();
    let no = match heard {
        Heard::Bounced { dead: true, why, .. } => Some((ConsentState::Bounced, format!("a bounce: {why}"))),
        Heard::Bounced { dead: false, .. } => {
            // Whoever was there since has a mailbox that works.
            let alive = scene.lead.last_human_at;
            let since: Vec<SoftBounce> =
                hearing.soft.iter().copied().filter(|bounce| Some(bounce.at) > alive).collect();
            let words = || (ConsentState::Undeliverable, "their mailbox takes nothing".to_owned());
            is_undeliverable(&since).then(words)
        }
        Heard::Complained => Some((ConsentState::Complained, "they reported a mail as spam".to_owned())),
        Heard::Stopped => Some((ConsentState::Unsubscribed, "they wrote to us".to_owned())),
        Heard::Arrived | Heard::AutoReplied | Heard::Replied(_) => None,
    };
    if let Some((state, how)) = no {
        let message_id = hearing.did.map(|did| did.message_id.clone());
        let proof = Proof { source: "mail".to_owned(), message_id, ..Proof::default() };
        change.hear(scene, Record::no(state, &how, now, proof));
    }
    let did = hearing.did.map_or(&[][..], std::slice::from_ref);
    change.lead.verified |= !did.is_empty();
    if change.lead != scene.lead || !did.is_empty() {
        change = follow(scene, change, did, playbooks, now);
    }
    if *heard == Heard::AutoReplied
        && let Some(run) = hearing.mail.enrollment.and_then(|run| scene.run(run))
    {
        let run = run.clone().put_off(hearing.put_off, "put off: a machine answered for them");
        change.effects.push(Effect::Run(run));
    }
    if let (Heard::Replied(reply), Some(did)) = (heard, hearing.did) {
        ring(scene, &mut change, reply, did);
    }
    settle(&mut change, heard, hearing.mail);
    change
}

/// Tells the team: a card where there is none, what was written under it, and a word to who has the lead.
fn ring(scene: &Scene, change: &mut Change, reply: &Reply, did: &Activity) {
    if scene.alert.is_none() && change.raised().is_none() {
        let meant_for = scene.lead.last_owner.clone();
        let raised = Raised { reason: Reason::Reply, because: vec![described(did)], meant_for };
        change.effects.push(Effect::Raise(raised));
    }
    change.effects.push(Effect::Quote(did.id));
    if let Some(owner) = &scene.lead.owner {
        let said: String = reply.said.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = said.chars().take(SHORT).collect();
        let more = if said.chars().count() > SHORT { "…" } else { "" };
        change.effects.push(Effect::Tell(Notice {
            to: owner.clone(),
            topic: Topic::Reply,
            lead: scene.lead.id,
            text: format!("{}, who is yours, answered: “{short}{more}”", scene.lead.called()),
        }));
    }
}

/// As much of an answer as a notice says, in characters.
const SHORT: usize = 200;

/// What it says of the mail itself: whatever is no bounce proves that it arrived.
fn settle(change: &mut Change, heard: &Heard, mail: &Delivery) {
    let (event, why) = match heard {
        Heard::Bounced { why, .. } => (Event::Bounced, format!("bounced: {why}")),
        other => (Event::Accepted, format!("it arrived: {}", other.proof())),
    };
    if let Some(to) = mail.state.after(event) {
        change.effects.push(Effect::Settle { mail: mail.id, from: mail.state, to, why });
    }
}

#[cfg(test)]
mod tests;
