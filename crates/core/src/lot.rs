//! Lots: which group a lead falls into, always the same for the same address, on every machine and in every version.

use crate::{email::EmailAddress, lead::Lead};
use sha2::{Digest, Sha256};

/// A lot from 0 to below `of`. `what` says what is drawn for, so that who is held out of one sequence is not held out of all.
pub fn draw(what: &[&str], lead: &Lead, of: u32) -> u32 {
    let mut hash = Sha256::new();
    for part in what {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    match lead.email.as_ref().map(EmailAddress::as_str) {
        // Who is erased and comes again is the same person still.
        Some(address) => hash.update(address.as_bytes()),
        None => hash.update(lead.id.0.as_bytes()),
    }
    let bytes = hash.finalize();
    let number = bytes.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    (number % u64::from(of.max(1))) as u32
}

/// Which of several groups with these shares; none where no group has a share.
pub fn choose(what: &[&str], lead: &Lead, shares: impl Iterator<Item = u32> + Clone) -> Option<usize> {
    let mut lot = draw(what, lead, shares.clone().fold(0, u32::saturating_add));
    shares.enumerate().find_map(|(at, share)| {
        if lot < share {
            return Some(at);
        }
        lot -= share;
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::LeadId, time::Moment};

    fn lead(number: u32) -> Lead {
        let mut lead = Lead::anonymous(LeadId(uuid::Uuid::from_u128(u128::from(number))), Moment::UNIX_EPOCH);
        lead.email = EmailAddress::parse(&format!("lead{number}@acme.test")).ok();
        lead
    }

    #[test]
    fn a_lot_hangs_on_the_address_and_on_what_it_is_drawn_for() {
        let mut again = lead(7);
        again.id = LeadId(uuid::Uuid::from_u128(99));
        assert_eq!(
            draw(&["holdout", "welcome"], &lead(7), 10_000),
            draw(&["holdout", "welcome"], &again, 10_000)
        );
        // Fixed for ever: another number here would move leads between groups.
        assert_eq!(draw(&["holdout", "welcome"], &lead(7), 10_000), 1250);
        let both = (0..10_000).filter(|n| {
            ["welcome", "re-engagement"].iter().all(|what| draw(&["holdout", what], &lead(*n), 100) < 10)
        });
        let both = both.count();
        assert!((60..140).contains(&both), "of 10,000, 10 % of 10 % are in both: {both}");
    }

    #[test]
    fn groups_are_as_large_as_their_shares() {
        let mut sizes = [0; 3];
        for number in 0..10_000 {
            sizes[choose(&["split"], &lead(number), [50, 0, 150].into_iter()).unwrap()] += 1;
        }
        assert_eq!(sizes[1], 0);
        assert!((2_300..2_700).contains(&sizes[0]), "{sizes:?}");
        assert_eq!(choose(&["split"], &lead(1), [0, 0].into_iter()), None);
    }
}
