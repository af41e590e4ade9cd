//! Bars, one for each day.

use super::anchor;
use crate::overview::Day;
use std::fmt::Write;

/// Where the bars stand, in percent of the height: below the number of the highest, above the days.
const TOP: f64 = 10.0;
const FLOOR: f64 = 88.0;

/// A bar for each day, the highest with its number, and a day written under the last and every
/// seventh before it.
pub(crate) fn bars(days: &[Day]) -> String {
    let most = days.iter().map(|day| day.human).max().unwrap_or(0);
    let sum: i64 = days.iter().map(|day| day.human).sum();
    let mut svg = format!(
        "<svg class=\"picture\" role=\"img\" aria-label=\"Human activities of {} days: {sum} in all, {most} on the busiest day\">",
        days.len()
    );
    let wide = 100.0 / days.len().max(1) as f64;
    let highest = days.iter().rposition(|day| day.human == most && most > 0);
    for (index, day) in days.iter().enumerate() {
        let left = wide * index as f64;
        let middle = left + wide / 2.0;
        // A day with anything on it is never drawn as nothing.
        let tall = match most {
            0 => 0.0,
            most => {
                let tall = (FLOOR - TOP) * day.human as f64 / most as f64;
                if day.human > 0 { tall.max(1.0) } else { 0.0 }
            }
        };
        let label = format!("{}: {}", day.date.format("%a %-d %b"), day.human);
        let _ = write!(
            svg,
            "<g><title>{label}</title><rect class=\"day\" x=\"{left:.2}%\" y=\"0%\" width=\"{wide:.2}%\" height=\"{FLOOR}%\"/><rect class=\"fill hot\" x=\"{:.2}%\" y=\"{:.2}%\" width=\"{:.2}%\" height=\"{tall:.2}%\" rx=\"2\"/></g>",
            left + wide * 0.14,
            FLOOR - tall,
            wide * 0.72,
        );
        if highest == Some(index) {
            let anchor = anchor(middle);
            let _ = write!(
                svg,
                "<text class=\"value\" x=\"{middle:.2}%\" y=\"{:.2}%\" text-anchor=\"{anchor}\">{most}</text>",
                TOP - 3.0
            );
        }
        if (days.len() - 1 - index).is_multiple_of(7) {
            let anchor = anchor(middle);
            let x = match anchor {
                "start" => left,
                "end" => left + wide,
                _ => middle,
            };
            let _ = write!(
                svg,
                "<text class=\"label\" x=\"{x:.2}%\" y=\"98%\" text-anchor=\"{anchor}\">{}</text>",
                day.date.format("%-d %b")
            );
        }
    }
    let _ =
        write!(svg, "<line class=\"floor\" x1=\"0%\" x2=\"100%\" y1=\"{FLOOR}%\" y2=\"{FLOOR}%\"/></svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(human: &[i64]) -> Vec<Day> {
        let first: chrono::NaiveDate = "2026-10-25".parse().unwrap();
        let date = |n: usize| first + chrono::Days::new(n as u64);
        human.iter().enumerate().map(|(n, human)| Day { date: date(n), human: *human }).collect()
    }

    #[test]
    fn bars_are_as_tall_as_their_day_and_nothing_needs_a_style() {
        let svg = bars(&days(&[0, 5, 10]));
        assert!(svg.contains("y=\"49.00%\"") && svg.contains("height=\"39.00%\""), "{svg}");
        assert!(svg.contains("y=\"10.00%\"") && svg.contains("height=\"78.00%\""), "{svg}");
        assert!(svg.contains("<title>Tue 27 Oct: 10</title>") && svg.contains(">10</text>"), "{svg}");
        assert!(!svg.contains("style") && !svg.contains("script"), "{svg}");
        assert_eq!(svg.matches("<g>").count(), svg.matches("</g>").count());
    }

    #[test]
    fn no_life_and_no_days_are_drawn_too() {
        assert!(bars(&days(&[0; 30])).contains("0 in all"));
        assert!(!bars(&[]).contains("NaN"));
    }
}
