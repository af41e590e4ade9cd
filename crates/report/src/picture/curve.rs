//! A reliability curve: what was said from left to right, what happened from bottom to top; on the slanted line both are the same.

use rekindle_core::{lift::wilson, prediction::Band};
use std::fmt::Write;

/// Where the curve lies in its picture, in percent of it: above the lowest line is room for numbers, and below it.
const LEFT: f64 = 1.0;
const RIGHT: f64 = 99.0;
const TOP: f64 = 7.0;
const FLOOR: f64 = 90.0;

/// The whole scales that there are: where nothing is said above a quarter, a quarter fills the picture.
const SCALES: [f64; 3] = [0.25, 0.5, 1.0];

/// The curve, without a size.
pub(crate) fn curve(bands: &[Band]) -> String {
    let points: Vec<Point> = bands.iter().map(Point::of).collect();
    let fits = |scale: &f64| points.iter().all(|point| point.said <= *scale && point.to <= *scale);
    let scale = SCALES.into_iter().find(fits).unwrap_or(1.0);
    let across = |part: f64| LEFT + (RIGHT - LEFT) * part / scale;
    let up = |part: f64| FLOOR - (FLOOR - TOP) * part / scale;
    let label = match bands.len() {
        0 => "Nothing was said of anybody yet".to_owned(),
        bands => format!("What was said of leads and what happened, in {bands} bands"),
    };
    let mut svg = format!("<svg class=\"picture\" role=\"img\" aria-label=\"{label}\">");
    for quarter in 0..=4 {
        let part = scale * f64::from(quarter) / 4.0;
        let (x, y, number) = (across(part), up(part), percent(part));
        let (class, anchor) = match quarter {
            0 => ("floor", "start"),
            4 => ("rule", "end"),
            _ => ("rule", "middle"),
        };
        let _ = write!(
            svg,
            "<line class=\"{class}\" x1=\"{LEFT}%\" x2=\"{RIGHT}%\" y1=\"{y:.2}%\" y2=\"{y:.2}%\"/>\
             <text class=\"label\" x=\"{x:.2}%\" y=\"{FLOOR}%\" dy=\"18\" text-anchor=\"{anchor}\">{number}</text>"
        );
        if quarter > 0 {
            // On the line, where no dot lies unless the least likely are won most.
            let _ =
                write!(svg, "<text class=\"label\" x=\"{LEFT}%\" y=\"{y:.2}%\" dy=\"-5\">{number}</text>");
        }
    }
    let _ = write!(
        svg,
        "<line class=\"as-said\" x1=\"{:.2}%\" y1=\"{:.2}%\" x2=\"{:.2}%\" y2=\"{:.2}%\"/>",
        across(0.0),
        up(0.0),
        across(scale),
        up(scale)
    );
    for pair in points.windows(2) {
        if let [from, to] = pair {
            let _ = write!(
                svg,
                "<line class=\"path\" x1=\"{:.2}%\" y1=\"{:.2}%\" x2=\"{:.2}%\" y2=\"{:.2}%\"/>",
                across(from.said),
                up(from.rate),
                across(to.said),
                up(to.rate)
            );
        }
    }
    for (point, band) in points.iter().zip(bands) {
        let x = across(point.said);
        let _ = write!(
            svg,
            "<g><title>{} was said of {} leads; {} were won: {} (in 95 of 100 cases {} to {})</title>\
             <line class=\"spread\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{:.2}%\" y2=\"{:.2}%\"/>\
             <circle class=\"dot\" cx=\"{x:.2}%\" cy=\"{:.2}%\" r=\"5\"/></g>",
            percent(point.said),
            band.leads,
            band.won,
            percent(point.rate),
            percent(point.from),
            percent(point.to),
            up(point.from),
            up(point.to),
            up(point.rate),
        );
    }
    svg.push_str("</svg>");
    svg
}

/// A band as it is drawn.
struct Point {
    said: f64,
    rate: f64,
    /// Where it lies in 95 of 100 cases.
    from: f64,
    to: f64,
}

impl Point {
    fn of(band: &Band) -> Self {
        let reached = band.reached();
        let (from, to) = wilson(reached);
        Self { said: band.said.clamp(0.0, 1.0), rate: reached.rate(), from: from.max(0.0), to: to.min(1.0) }
    }
}

/// A part in words: "43 %".
pub(crate) fn percent(part: f64) -> String {
    format!("{} %", (part * 100.0).round())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn band(said: f64, won: u64) -> Band {
        Band { said, leads: 40, won }
    }

    #[test]
    fn what_was_said_and_came_true_lies_on_the_slanted_line() {
        let svg = curve(&[band(0.0, 0), band(0.5, 20), band(1.0, 40)]);
        for place in
            ["cx=\"1.00%\" cy=\"90.00%\"", "cx=\"50.00%\" cy=\"48.50%\"", "cx=\"99.00%\" cy=\"7.00%\""]
        {
            assert!(svg.contains(place), "{place}: {svg}");
        }
        // Wilson 1927: 20 of 40 lie between 35.2 and 64.8 %.
        assert!(svg.contains("20 were won: 50 % (in 95 of 100 cases 35 % to 65 %)"), "{svg}");
        assert!(!svg.contains("style") && !svg.contains("script"), "{svg}");
    }

    #[test]
    fn few_who_buy_fill_the_picture_and_nobody_is_drawn_too() {
        let low = curve(&[band(0.02, 0), band(0.09, 4)]);
        assert!(low.contains(">25 %<") && !low.contains(">100 %<"), "{low}");
        assert!(curve(&[band(0.02, 0), band(0.2, 12)]).contains(">50 %<"), "its interval has to fit, too");
        let none = curve(&[]);
        assert!(!none.contains("NaN") && none.contains("Nothing was said"), "{none}");
    }
}
