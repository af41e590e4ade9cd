//! Machines are not people: whether a person followed a link of a mail, by the traces around it (mail-rules M2).
//!
//! Mail filters fetch what stands in a mail before anybody reads it, some with the name and the address of an ordinary browser. What
//! gives them away is when they come, how much they take, and that they take what no person sees.

pub mod agent;

use crate::{
    ids::{DeliveryId, LeadId},
    lead::words,
    time::Moment,
};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use uuid::Uuid;

/// How long a click is held (calendar) before it counts: M3.
pub const HOLD: TimeDelta = TimeDelta::minutes(10);
/// Who comes this soon (calendar) after the relay took the mail has not read it: M2.
pub const TOO_SOON: TimeDelta = TimeDelta::seconds(20);
/// Fetches of one mail that are no further apart than this (calendar) are one burst: M2.
pub const BURST: TimeDelta = TimeDelta::seconds(10);
/// Within this time (calendar) nobody reads the mails of several people: M2.
pub const SPRAY: TimeDelta = TimeDelta::seconds(60);
/// So many people's mails at once are a machine's: M2.
pub const SPRAYED: usize = 3;
/// For how long (calendar), before and after, a taken bait speaks against what its mail and its network do. A machine that opens
/// a mail in the morning must not cost the person who reads it in the afternoon.
pub const BAIT: TimeDelta = TimeDelta::hours(1);

words! {
    /// What of a mail was fetched.
    Fetched {
        /// A link to somewhere.
        Link = "link",
        /// The link that no person sees.
        Bait = "bait",
        /// The offer's page.
        Offer = "offer",
        /// The survey's page.
        Survey = "survey",
        /// The way out, or the page of preferences.
        WayOut = "way out",
        /// The picture that tells an open, where it is on.
        Picture = "picture",
    }
}

words! {
    /// By what a machine gave itself away.
    Sign {
        /// It asked for the head alone.
        Head = "head",
        /// No browser of a person is called so.
        Agent = "agent",
        /// It came before anybody could have read the mail.
        TooSoon = "too soon",
        /// It took several addresses of the mail at once.
        Burst = "burst",
        /// It took the bait, or something beside it did.
        Bait = "bait",
        /// It opened the mails of several people at once.
        Spray = "spray",
    }
}

words! {
    /// Who loaded the picture of a mail, as far as can be told (mail-rules M1). Whoever it was, it is worth nothing.
    Opener {
        /// Something that reads mails before people do.
        Machine = "machine",
        /// A mail provider that loads all pictures for its users: Apple, Gmail, Yahoo.
        Proxy = "proxy",
        /// Nobody knows.
        Unknown = "unknown",
        /// A person's browser, at a time when people read.
        HumanLikely = "human_likely",
    }
}

/// Who opened a mail: `agent` is what loaded its picture at `at`, `taken_at` when the relay took it.
pub fn opener_of(agent: Option<&str>, at: Moment, taken_at: Option<Moment>) -> Opener {
    let name = agent.unwrap_or_default().trim();
    // Apple's relay tells no more than this (Mail Privacy Protection).
    let is_proxy = name == "Mozilla/5.0"
        || ["GoogleImageProxy", "YahooMailProxy"].iter().any(|proxy| name.contains(proxy));
    if is_proxy {
        return Opener::Proxy;
    }
    if !agent::is_of_a_person(name) || taken_at.is_some_and(|taken| at < taken + TOO_SOON) {
        return Opener::Machine;
    }
    if taken_at.is_some() { Opener::HumanLikely } else { Opener::Unknown }
}

/// One fetch of an address of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Ours.
    pub id: Uuid,
    /// Of which mail.
    pub delivery: DeliveryId,
    /// Whose mail.
    pub lead: LeadId,
    /// What of it.
    pub what: Fetched,
    /// Which link.
    pub destination: Option<i32>,
    /// Whether only the head was asked for.
    pub head: bool,
    /// When (calendar).
    pub at: Moment,
    /// What the browser calls itself.
    pub agent: Option<String>,
    /// From where.
    pub from: Option<IpAddr>,
}

/// The network that an address is in, as far as one machine's fetches spread: /24, and /48 of IPv6.
pub fn network_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{}/24", Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

/// The sign that a machine made a click; none when a person may have. `around` holds what else was fetched of the same mail and
/// from the same network, in the order of time, the click itself included; `taken_at` is when the relay took the mail.
pub fn sign_of(click: &Fetch, around: &[Fetch], taken_at: Option<Moment>) -> Option<Sign> {
    let of_mail = || around.iter().filter(|other| other.delivery == click.delivery);
    let near = |other: &Fetch, time: TimeDelta| (other.at - click.at).abs() <= time;
    let network = click.from.map(network_of);
    let same_network = |other: &Fetch| network.is_some() && other.from.map(network_of) == network;
    if click.head {
        return Some(Sign::Head);
    }
    if !click.agent.as_deref().is_some_and(agent::is_of_a_person) {
        return Some(Sign::Agent);
    }
    if taken_at.is_some_and(|taken| click.at < taken + TOO_SOON) {
        return Some(Sign::TooSoon);
    }
    let baits = around.iter().filter(|other| other.what == Fetched::Bait && near(other, BAIT));
    if baits.into_iter().any(|bait| bait.delivery == click.delivery || same_network(bait)) {
        return Some(Sign::Bait);
    }
    let address = |fetch: &Fetch| (fetch.what, fetch.destination);
    if burst_of(click, of_mail()).iter().any(|other| address(other) != address(click)) {
        return Some(Sign::Burst);
    }
    let mut people: Vec<LeadId> = around
        .iter()
        .filter(|other| click.from.is_some() && other.from == click.from && near(other, SPRAY))
        .map(|other| other.lead)
        .collect();
    people.sort_unstable();
    people.dedup();
    (people.len() >= SPRAYED).then_some(Sign::Spray)
}

/// The fetches of one mail around one of them, each within [`BURST`] of the next; all are in the order of time.
fn burst_of<'a>(one: &Fetch, all: impl Iterator<Item = &'a Fetch>) -> Vec<&'a Fetch> {
    let mut burst: Vec<&Fetch> = Vec::new();
    for fetch in all {
        if burst.last().is_some_and(|last| fetch.at - last.at > BURST) {
            if burst.iter().any(|known| known.id == one.id) {
                break;
            }
            burst.clear();
        }
        burst.push(fetch);
    }
    burst
}

#[cfg(test)]
mod tests;
