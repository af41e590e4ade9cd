//! Pictures: what figures look like, for pages, for chats that show images, and for those that draw by themselves.
//!
//! All places are in percent of the picture's size, which whoever shows it gives: so a picture grows with its page, and
//! its letters do not. Colours are classes; the style sheet of the page knows them, in light and dark.

mod bars;
pub(crate) mod curve;
mod image;

pub(crate) use bars::bars;

use serde::Serialize;

/// A picture that goes with an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Picture {
    /// What a file of it is called, without its ending.
    pub name: &'static str,
    /// What it is of, in a few words.
    pub title: &'static str,
    /// How it is read, in a sentence.
    pub legend: &'static str,
    /// What the answer says beside it: all but what the picture shows.
    pub words: String,
    /// As SVG, in classes and without a size.
    pub svg: String,
    /// The same as figures, for those who draw by themselves.
    #[serde(skip)]
    pub chart: Chart,
}

/// Lines over places with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What the places are.
    pub across: &'static str,
    /// What is counted.
    pub up: &'static str,
    /// Names of the places from left to right, no two the same.
    pub places: Vec<String>,
    /// A name and a value for each place.
    pub lines: Vec<(&'static str, Vec<f64>)>,
}

/// Words at the rims grow inwards.
fn anchor(middle: f64) -> &'static str {
    match middle {
        m if m < 5.0 => "start",
        m if m > 95.0 => "end",
        _ => "middle",
    }
}
