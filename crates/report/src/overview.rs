//! The overview: how many leads stand where, who waits, what left, and how much life there is.

use crate::{
    csv::{Cell, line},
    picture,
};
use chrono::{Days, NaiveDate, TimeDelta};
use chrono_tz::Tz;
use rekindle_core::{
    consent::ConsentState,
    delivery::DeliveryState,
    lead::{Lifecycle, Nurture},
    time::Moment,
};
use rekindle_storage::{Result, Store, figures::Revived};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// How many days the picture shows, and how far back claims are looked at.
pub(crate) const SPAN_DAYS: u64 = 30;
/// How far back revivals are looked at: from the first sign of life to a deal takes weeks.
pub const REVIVED_DAYS: i64 = 90;

/// How many stand at a word of the product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The word: "active", "mql", "sent", …
    pub word: &'static str,
    /// How many.
    pub count: i64,
}

/// The alerts that nobody has claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Queue {
    /// How many.
    pub open: i64,
    /// How long the oldest has waited, in seconds (wall).
    pub oldest_seconds: Option<i64>,
}

/// Speed-to-lead: from the alert to its first claim, over the alerts of the last 30 days (wall).
/// Leads that a rep took by hand are left out: nobody was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Speed {
    /// How many alerts were claimed.
    pub claims: usize,
    /// Half were claimed sooner, in seconds.
    pub median_seconds: i64,
    /// Nine of ten were claimed sooner, in seconds (nearest rank).
    pub p90_seconds: i64,
}

/// One day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Day {
    /// Which.
    pub date: NaiveDate,
    /// How many human activities happened on it.
    pub human: i64,
}

/// The figures of one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overview {
    /// Of which moment (calendar).
    pub at: Moment,
    /// Leads with an address, by nurture status; all of them, in the order of the product.
    pub nurture: Vec<Count>,
    /// Leads with an address, by lifecycle stage.
    pub lifecycle: Vec<Count>,
    /// Leads with an address, by consent.
    pub consent: Vec<Count>,
    /// The alerts that nobody has claimed.
    pub queue: Queue,
    /// None without a claim.
    pub speed: Option<Speed>,
    /// Leads that came back from the cold in the last 90 days (wall), and what was won with them.
    pub revived: Revived,
    /// Deliveries by state.
    pub deliveries: Vec<Count>,
    /// Deliveries of which nobody knows whether they were sent.
    pub unknown: i64,
    /// Human activities on each of the last 30 days, oldest first, today last.
    pub days: Vec<Day>,
}

/// The figures, with days counted in UTC. `now` is of the calendar, `wall` of the wall.
///
/// # Errors
/// As the database says.
pub async fn overview(store: &Store, now: Moment, wall: Moment) -> Result<Overview> {
    overview_in(store, Tz::UTC, now, wall).await
}

/// The figures, with days counted as in the team's zone.
///
/// # Errors
/// As the database says.
pub async fn overview_in(store: &Store, zone: Tz, now: Moment, wall: Moment) -> Result<Overview> {
    let figures = store.figures();
    let deliveries =
        in_order(DeliveryState::ALL.iter().map(|s| s.word()), figures.deliveries_by_state().await?);
    let open = in_order(["open"], figures.alerts_by_state().await?)[0].count;
    let oldest = store.alerts().queue(1).await?.into_iter().next();
    let since = TimeDelta::days(SPAN_DAYS.cast_signed());
    // A day more than is shown, since the first day begins before the same hour of it.
    let happened = figures.human_activities(now - since - TimeDelta::days(1)).await?;
    Ok(Overview {
        at: now,
        nurture: in_order(Nurture::ALL.iter().map(|s| s.word()), figures.leads_by_nurture().await?),
        lifecycle: in_order(Lifecycle::ALL.iter().map(|s| s.word()), figures.leads_by_lifecycle().await?),
        consent: in_order(ConsentState::ALL.map(ConsentState::word), figures.leads_by_consent().await?),
        queue: Queue {
            open,
            oldest_seconds: oldest.map(|alert| (wall - alert.raised_at).num_seconds().max(0)),
        },
        speed: speed(figures.waits_for_claim(wall - since).await?),
        revived: figures.revived(wall - TimeDelta::days(REVIVED_DAYS)).await?,
        unknown: deliveries.iter().find(|c| c.word == DeliveryState::Unknown.word()).map_or(0, |c| c.count),
        deliveries,
        days: days(&happened, zone, now),
    })
}

/// Every word once, with its count or none.
fn in_order(words: impl IntoIterator<Item = &'static str>, counted: Vec<(String, i64)>) -> Vec<Count> {
    let counted: HashMap<String, i64> = counted.into_iter().collect();
    let count = |word| Count { word, count: counted.get(word).copied().unwrap_or(0) };
    words.into_iter().map(count).collect()
}

/// Of waits in microseconds.
fn speed(mut waits: Vec<i64>) -> Option<Speed> {
    waits.sort_unstable();
    let claims = waits.len();
    let (low, high) = (*waits.get(claims.checked_sub(1)? / 2)?, *waits.get(claims / 2)?);
    let p90 = *waits.get((claims * 9).div_ceil(10) - 1)?;
    let seconds = |micros: i64| (micros.max(0) + 500_000) / 1_000_000;
    Some(Speed { claims, median_seconds: seconds(low + (high - low) / 2), p90_seconds: seconds(p90) })
}

fn days(happened: &[Moment], zone: Tz, now: Moment) -> Vec<Day> {
    let today = now.with_timezone(&zone).date_naive();
    let mut counts: BTreeMap<NaiveDate, i64> =
        (0..SPAN_DAYS).filter_map(|back| Some((today.checked_sub_days(Days::new(back))?, 0))).collect();
    for at in happened.iter().filter(|at| **at <= now) {
        if let Some(count) = counts.get_mut(&at.with_timezone(&zone).date_naive()) {
            *count += 1;
        }
    }
    counts.into_iter().map(|(date, human)| Day { date, human }).collect()
}

impl Overview {
    /// How many leads with an address there are.
    pub fn leads(&self) -> i64 {
        self.nurture.iter().map(|c| c.count).sum()
    }

    /// The human activities of each day as bars: an SVG to stand inside a page. It has classes and
    /// attributes only, no style and no script, so that the strictest page may show it.
    pub fn picture(&self) -> String {
        picture::bars(&self.days)
    }

    /// Everything as lines of figure, which, value; guarded against formulas.
    pub fn csv(&self) -> String {
        let text = |text: &str| Cell::Text(text.to_owned());
        let mut lines = vec![[text("figure"), text("which"), text("value")]];
        for (figure, counts) in [
            ("leads by nurture status", &self.nurture),
            ("leads by lifecycle stage", &self.lifecycle),
            ("leads by consent", &self.consent),
        ] {
            lines.extend(counts.iter().map(|c| [text(figure), text(c.word), Cell::Number(c.count)]));
        }
        let optional = |value: Option<i64>| value.map_or(Cell::Empty, Cell::Number);
        let speed = self.speed.as_ref();
        lines.push([text("alerts"), text("open"), Cell::Number(self.queue.open)]);
        lines.push([text("alerts"), text("oldest wait, seconds"), optional(self.queue.oldest_seconds)]);
        lines.push([
            text("speed-to-lead"),
            text("median, seconds"),
            optional(speed.map(|s| s.median_seconds)),
        ]);
        lines.push([text("speed-to-lead"), text("p90, seconds"), optional(speed.map(|s| s.p90_seconds))]);
        lines.push([text("revived leads"), text("90 days"), Cell::Number(self.revived.leads)]);
        lines.push([text("revived leads"), text("deals won"), Cell::Number(self.revived.deals.won)]);
        lines.extend(self.revived.deals.revenue.iter().map(|(currency, sum)| {
            [text("revived leads"), text(format!("revenue {currency}").trim()), Cell::Text(sum.to_string())]
        }));
        lines.extend(
            self.deliveries.iter().map(|c| [text("deliveries"), text(c.word), Cell::Number(c.count)]),
        );
        lines.extend(self.days.iter().map(|day| {
            [text("human activities"), Cell::Text(day.date.to_string()), Cell::Number(day.human)]
        }));
        lines.iter().map(|cells| line(cells)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn median_and_p90_of_few_and_many() {
        let of = |seconds: &[i64]| speed(seconds.iter().map(|s| s * SECOND).collect());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[7]), Some(Speed { claims: 1, median_seconds: 7, p90_seconds: 7 }));
        assert_eq!(of(&[10, 2]), Some(Speed { claims: 2, median_seconds: 6, p90_seconds: 10 }));
        let ten: Vec<i64> = (1..=10).rev().collect();
        assert_eq!(of(&ten), Some(Speed { claims: 10, median_seconds: 6, p90_seconds: 9 }));
    }

    #[test]
    fn a_day_is_a_day_of_the_team() {
        let at = |text: &str| text.parse::<Moment>().unwrap();
        let now = at("2026-11-23T10:00:00Z");
        // Half past eleven at night in Berlin is the same day there, and the day before at eleven UTC.
        let happened = [at("2026-11-22T23:30:00Z"), at("2026-11-23T12:00:00Z"), at("2026-10-24T22:30:00Z")];
        let berlin = days(&happened, Tz::Europe__Berlin, now);
        assert_eq!(berlin.len(), 30);
        assert_eq!(
            berlin[29],
            Day { date: "2026-11-23".parse().unwrap(), human: 1 },
            "nothing to come counts"
        );
        assert_eq!(berlin[0], Day { date: "2026-10-25".parse().unwrap(), human: 1 });
        let utc = days(&happened, Tz::UTC, now);
        assert_eq!((utc[29].human, utc[28].human, utc[0].human), (0, 1, 0));
    }
}
