//! The calibration picture: what was said of leads against what happened, so that everybody sees how far a prediction is to be
//! trusted.
//!
//! It is drawn with letters, for it is read in chats and terminals, where each of its rows is one line.

use chrono_tz::Tz;
use rekindle_core::{
    lift::{Reached, wilson},
    prediction::{Band, Trained},
};

/// How wide the scale from 0 to 100 % is, in letters.
const WIDTH: usize = 41;

/// The figures of a model, and its picture, as lines.
pub fn words(model: &Trained, zone: Tz) -> Vec<String> {
    let judged = &model.judged;
    let date = |at: rekindle_core::time::Moment| at.with_timezone(&zone).format("%-d %b %Y").to_string();
    let base = judged.won as f64 / judged.outcomes.max(1) as f64;
    let mut lines = vec![
        format!("Model {}, trained {} by {}", model.version, date(model.at), model.by),
        format!(
            "{} outcomes since {}: {} won ({}), {} not",
            judged.outcomes,
            date(model.since),
            judged.won,
            percent(base),
            judged.outcomes - judged.won
        ),
        format!(
            "AUC {:.2}: of one won and one lost lead it rates the won one higher {} times in 100 (a coin: 50)",
            judged.auc,
            (judged.auc * 100.0).round()
        ),
        format!(
            "Brier {:.3}: to say {} of everybody would be {:.3}; less is better",
            judged.brier,
            percent(base),
            base * (1.0 - base)
        ),
        String::new(),
    ];
    lines.extend(picture(&judged.bands));
    lines
}

/// A row for each band: what was said (`|`), what happened (`o`, with its interval of 95 %), and the figures.
pub fn picture(bands: &[Band]) -> Vec<String> {
    let scale: String = [0, 25, 50, 75].iter().map(|at| format!("{at:<10}")).collect::<String>() + "100 %";
    let mut lines = vec![format!("{:>5}  {scale:<WIDTH$}      {}", "said", "happened")];
    lines.extend(bands.iter().map(row));
    lines.push("| said   o happened   --- where it lies in 95 of 100 cases (Wilson)".to_owned());
    lines
}

fn row(band: &Band) -> String {
    let reached = Reached { leads: band.leads, goals: band.won };
    let (from, to) = wilson(reached);
    let place = |part: f64| (part.clamp(0.0, 1.0) * (WIDTH - 1) as f64).round() as usize;
    let mut line = vec![b' '; WIDTH];
    line[place(from)..=place(to)].fill(b'-');
    line[place(band.said)] = b'|';
    // What happened hides what was said where both are the same: so it should be.
    line[place(reached.rate())] = b'o';
    format!(
        "{:>5}  {}  {:>5}  {} of {} ({}-{})",
        percent(band.said),
        String::from_utf8_lossy(&line),
        percent(reached.rate()),
        band.won,
        band.leads,
        (from * 100.0).round(),
        percent(to),
    )
}

fn percent(part: f64) -> String {
    format!("{} %", (part * 100.0).round())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_stands_beside_what_happened() {
        let band = |said, won| Band { said, leads: 40, won };
        let lines = picture(&[band(0.05, 2), band(0.5, 10), band(1.0, 40)]);
        assert_eq!(lines.len(), 5);
        // Wilson 1927: 10 of 40 lie between 14.2 and 40.2 %.
        assert!(lines[2].ends_with("25 %  10 of 40 (14-40 %)"), "{}", lines[2]);
        let at = |line: &str, sign: char| line.find(sign).map(|at| at - 7);
        assert_eq!((at(&lines[2], 'o'), at(&lines[2], '|')), (Some(10), Some(20)), "{}", lines[2]);
        assert_eq!((at(&lines[1], 'o'), at(&lines[1], '|')), (Some(2), None), "as was said: {}", lines[1]);
        assert_eq!(at(&lines[3], 'o'), Some(40));
        let widest = lines.iter().map(String::len).max().unwrap();
        assert!(widest <= 80, "a chat breaks longer lines: {widest}");
    }
}
