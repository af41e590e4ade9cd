//! Calibration: what was said of leads against what happened, so that everybody sees how far a prediction is to be trusted.
//!
//! In words, with letters where each row is one line (terminals, scripts' logs), and as a picture.

use crate::picture::{
    Chart, Picture,
    curve::{curve, percent},
};
use chrono_tz::Tz;
use rekindle_core::{
    lift::wilson,
    prediction::{Band, Needed, Trained},
};
use rekindle_storage::{Result, Store};

/// How wide the scale from 0 to 100 % is, in letters.
const WIDTH: usize = 41;

/// What is to be told of prediction.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// No model was trained yet.
    Nothing {
        /// Why, in a sentence.
        why: String,
        /// Outcomes that are known, by how they went.
        won: u64,
        /// The others.
        lost: u64,
    },
    /// The model in force, or the last one where none is.
    Model {
        /// Which.
        model: Trained,
        /// Its figures, and why nothing is shown where that is so.
        words: Vec<String>,
    },
}

/// What is to be told of prediction now.
///
/// # Errors
/// As the database says.
pub async fn told(store: &Store, needed: &Needed, zone: Tz) -> Result<Told> {
    let Some(model) = store.models().told_of().await? else {
        let (won, lost) = store.predictions().outcomes().await?;
        let why = needed
            .lacks(won, lost)
            .unwrap_or_else(|| "enough is known, and the next training (schedule.train_model, or `rekindle score train`) will learn from it".to_owned());
        let why = format!("Nothing is predicted yet: {why}. Say how your leads went: won, lost, not a fit.");
        return Ok(Told::Nothing { why, won, lost });
    };
    let mut words = words(&model, zone);
    if let Some(why) = &model.why_not {
        words.insert(0, format!("Nothing is shown on cards: {why}."));
    } else if !model.in_force {
        words.insert(0, "Nothing is shown on cards: no model is in force.".to_owned());
    }
    Ok(Told::Model { model, words })
}

/// The figures of a model, as lines.
pub fn words(model: &Trained, zone: Tz) -> Vec<String> {
    let judged = &model.judged;
    let date = |at: rekindle_core::time::Moment| at.with_timezone(&zone).format("%-d %b %Y").to_string();
    let base = judged.won as f64 / judged.outcomes.max(1) as f64;
    vec![
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
    ]
}

/// The picture of a model, beside these words.
pub fn picture(model: &Trained, words: String) -> Picture {
    let bands = &model.judged.bands;
    let parts = |of: fn(&Band) -> f64| bands.iter().map(|band| (of(band) * 1000.0).round() / 10.0).collect();
    Picture {
        name: "calibration",
        title: "What was said, and what happened",
        legend: "Each dot is a share of the outcomes, all about as large: from left to right what was said of them, from bottom to top how many were won, with where that lies in 95 of 100 cases. On the dashed line it came as was said.",
        words,
        svg: curve(bands),
        chart: Chart {
            across: "chance that was said",
            up: "% won",
            places: places(bands),
            lines: vec![
                ("what happened", parts(|band| band.reached().rate())),
                ("as was said", parts(|band| band.said)),
            ],
        },
    }
}

/// What was said in each band; of those that are the same when rounded, each further one with its number.
fn places(bands: &[Band]) -> Vec<String> {
    let mut places: Vec<String> = Vec::new();
    for band in bands {
        let name = percent(band.said);
        let same = places.iter().filter(|place| place.split(" (").next() == Some(&name)).count();
        places.push(if same == 0 { name } else { format!("{name} ({})", same + 1) });
    }
    places
}

/// The picture in letters. A row for each band: what was said (`|`), what happened (`o`, with its interval of 95 %), and the figures.
pub fn letters(bands: &[Band]) -> Vec<String> {
    let scale: String = [0, 25, 50, 75].iter().map(|at| format!("{at:<10}")).collect::<String>() + "100 %";
    let mut lines = vec![format!("{:>5}  {scale:<WIDTH$}      {}", "said", "happened")];
    lines.extend(bands.iter().map(row));
    lines.push("| said   o happened   --- where it lies in 95 of 100 cases (Wilson)".to_owned());
    lines
}

fn row(band: &Band) -> String {
    let reached = band.reached();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn band(said: f64, won: u64) -> Band {
        Band { said, leads: 40, won }
    }

    #[test]
    fn what_was_said_stands_beside_what_happened() {
        let lines = letters(&[band(0.05, 2), band(0.5, 10), band(1.0, 40)]);
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

    #[test]
    fn no_two_places_have_one_name() {
        let bands = [band(0.041, 0), band(0.0449, 1), band(0.04, 2), band(0.4, 9)];
        assert_eq!(places(&bands), ["4 %", "4 % (2)", "4 % (3)", "40 %"]);
    }
}
