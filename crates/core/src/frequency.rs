//! `frequency.toml`: how often one lead hears from us, over all sequences together, and in which hours nobody does.

use crate::{
    span::Span,
    time::Moment,
    window::{SendWindow, WindowVerdict},
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// The file, for who has one.
pub const FREQUENCY: &str = "frequency.toml";

/// How often and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frequency {
    /// All of these hold.
    #[serde(default = "one_a_day")]
    pub cap: Vec<Cap>,
    /// When marketing may be written at all; what it leaves out are the quiet hours.
    pub send_window: Option<SendWindow>,
}

/// At most so many mails in such a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// How many.
    pub mails: u32,
    /// In how long.
    pub every: Span,
}

fn one_a_day() -> Vec<Cap> {
    vec![Cap { mails: 1, every: Span::hours(24) }]
}

impl Default for Frequency {
    fn default() -> Self {
        Self { cap: one_a_day(), send_window: None }
    }
}

impl Cap {
    /// In words, behind "the lead got": "another mail in the last 1d", "3 mails in the last 7d".
    pub fn said(&self) -> String {
        match self.mails {
            1 => format!("another mail in the last {}", self.every),
            many => format!("{many} mails in the last {}", self.every),
        }
    }
}

/// From when on all of these windows are open at once, for a lead in this zone; none when they are now. Windows that are never open
/// together are told as closed for as long as was looked.
pub fn closed_until<'a>(
    windows: impl Iterator<Item = &'a SendWindow> + Clone,
    now: Moment,
    zone: Tz,
) -> Option<Moment> {
    // Each turn passes over one opening at least: a fortnight of them is enough for any two windows of a week.
    const TURNS: usize = 32;
    let mut at = now;
    for _ in 0..TURNS {
        let closed = windows.clone().find_map(|window| match window.check(at, zone) {
            WindowVerdict::Open => None,
            WindowVerdict::ClosedUntil(until) => Some(until),
        });
        match closed {
            None => break,
            Some(until) => at = until,
        }
    }
    (at > now).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_windows_are_open_when_both_are() {
        let window = |days, hours| SendWindow::parse(days, hours, "lead").unwrap();
        let moment = |text: &str| text.parse::<Moment>().unwrap();
        let (office, evening) = (window("mon-fri", "09:00-17:00"), window("every day", "16:00-20:00"));
        let both = [&office, &evening];
        let until = |now: &str| closed_until(both.into_iter(), moment(now), Tz::UTC);
        // A Thursday.
        assert_eq!(until("2026-11-26T16:30:00Z"), None);
        assert_eq!(until("2026-11-26T10:00:00Z"), Some(moment("2026-11-26T16:00:00Z")));
        assert_eq!(until("2026-11-27T18:00:00Z"), Some(moment("2026-11-30T16:00:00Z")));
        let never = [&office, &window("sat", "09:00-10:00")];
        assert!(closed_until(never.into_iter(), moment("2026-11-26T10:00:00Z"), Tz::UTC).is_some());
        assert_eq!(closed_until(std::iter::empty(), moment("2026-11-26T10:00:00Z"), Tz::UTC), None);
    }
}
