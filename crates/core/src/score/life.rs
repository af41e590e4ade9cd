//! A lead lives through what it did once more: what is kept of its worth after each thing, as it was when that was the last.
//!
//! What counts is decided once for the whole history, for that depends only on what was before; the sums fade from one thing to the
//! next. So a long history costs no more than its length.

use super::{Scoring, counted::Counted};
use crate::{activity::Activity, lead::Lead, time::Moment};
use std::{iter::Peekable, vec::IntoIter};

/// A lead on its way through its history. Traits are those of today.
pub(crate) struct Life<'a> {
    scoring: &'a Scoring,
    /// The lead, with the sums that are kept of it since the last thing that it did.
    pub(crate) lead: Lead,
    ahead: Peekable<IntoIter<&'a Activity>>,
    counted: Peekable<IntoIter<Counted<'a>>>,
}

impl<'a> Life<'a> {
    /// Before the first thing that counts.
    pub(crate) fn of(scoring: &'a Scoring, lead: &Lead, history: &'a [Activity]) -> Self {
        let begin = history.iter().map(|activity| activity.at).fold(lead.created_at, Moment::min);
        let born = scoring.explain(lead, &[], begin);
        let lead = Lead { points: born.points, worth: born.worth, hot: false, ..lead.clone() };
        let mut ahead: Vec<&Activity> = history.iter().filter(|activity| scoring.counts(activity)).collect();
        ahead.sort_by(|a, b| a.in_order().cmp(&b.in_order()));
        let counted = scoring.counted(history);
        Self { scoring, lead, ahead: ahead.into_iter().peekable(), counted: counted.into_iter().peekable() }
    }

    /// When the next thing happens.
    pub(crate) fn next_at(&mut self) -> Option<Moment> {
        self.ahead.peek().map(|activity| activity.at)
    }

    /// It happens.
    pub(crate) fn live_on(&mut self) {
        let Some(activity) = self.ahead.next() else { return };
        let Lead { worth, points, verified, .. } = &mut self.lead;
        let seconds = (activity.at - points.at).as_seconds_f64();
        for (fading, sum) in &mut worth.sums {
            *sum *= fading.left(seconds);
        }
        let counted = self.counted.next_if(|one| std::ptr::eq(one.activity, activity));
        if let Some(one) = counted.filter(|one| one.limit.is_none()) {
            *worth.sums.entry(one.fading).or_default() += f64::from(one.points);
        }
        worth.may_be_hot |= *verified && self.scoring.is_their_own(activity);
        points.at = activity.at;
    }
}
