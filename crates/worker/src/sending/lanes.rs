//! How many mails may be on their way to one recipient's domain at once (mail-rules S5). What finds its lane full is parked, so that
//! the session takes another mail meanwhile; who leaves the lane takes the next one along.

use super::Ready;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

/// The lanes, by domain.
#[derive(Debug)]
pub(super) struct Lanes {
    most: Option<usize>,
    lanes: Mutex<HashMap<String, Lane>>,
}

#[derive(Debug, Default)]
struct Lane {
    under_way: usize,
    parked: VecDeque<Ready>,
}

impl Lanes {
    pub(super) fn of(most: Option<usize>) -> Self {
        Self { most, lanes: Mutex::default() }
    }

    /// Takes a mail onto its lane; nothing where the lane is full, and the mail is parked.
    pub(super) fn enter(&self, mail: Ready) -> Option<Ready> {
        let Some(most) = self.most else { return Some(mail) };
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(domain(&mail.recipient)).or_default();
        if lane.under_way >= most {
            lane.parked.push_back(mail);
            return None;
        }
        lane.under_way += 1;
        Some(mail)
    }

    /// A mail has left the lane of this recipient: the next that was parked there, if there is one, is on it.
    pub(super) fn leave(&self, recipient: &str) -> Option<Ready> {
        self.most?;
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let domain = domain(recipient);
        let lane = lanes.get_mut(&domain)?;
        let next = lane.parked.pop_front();
        if next.is_none() {
            lane.under_way = lane.under_way.saturating_sub(1);
            if lane.under_way == 0 {
                lanes.remove(&domain);
            }
        }
        next
    }
}

fn domain(recipient: &str) -> String {
    recipient.rsplit('@').next().unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rekindle_core::ids::{DeliveryId, LeadId};
    use rekindle_storage::outbox::Ticket;

    fn to(recipient: &str) -> Ready {
        let ticket = Ticket {
            id: DeliveryId(Default::default()),
            generation: 1,
            lead: LeadId(Default::default()),
            enrollment: None,
            attempt: 1,
        };
        Ready { ticket, recipient: recipient.to_owned(), bytes: Vec::new() }
    }

    #[test]
    fn a_full_lane_parks_and_the_others_go_on() {
        let lanes = Lanes::of(Some(2));
        assert!(lanes.enter(to("a@one.test")).is_some());
        assert!(lanes.enter(to("b@ONE.test")).is_some());
        assert!(lanes.enter(to("c@one.test")).is_none());
        assert!(lanes.enter(to("d@one.test")).is_none());
        assert!(lanes.enter(to("e@two.test")).is_some());
        assert_eq!(
            lanes.leave("a@one.test").unwrap().recipient,
            "c@one.test",
            "in the order in which they came"
        );
        assert_eq!(lanes.leave("b@one.test").unwrap().recipient, "d@one.test");
        assert!(lanes.leave("c@one.test").is_none());
        assert!(lanes.enter(to("f@one.test")).is_some());
        assert!(lanes.enter(to("g@one.test")).is_none());
        assert!(lanes.leave("e@two.test").is_none());
        assert_eq!(lanes.lanes.lock().unwrap().len(), 1, "an empty lane is forgotten");
    }

    #[test]
    fn without_a_limit_all_pass() {
        let lanes = Lanes::of(None);
        assert!((0..99).all(|_| lanes.enter(to("a@one.test")).is_some()));
        assert!(lanes.leave("a@one.test").is_none());
    }
}
