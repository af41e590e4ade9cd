//! A value as it was told: a trait, or a property of an activity.

use serde_json::Value;
use std::borrow::Cow;

/// The most digits of a text that counts as a number.
pub const MOST_DIGITS: usize = 15;

/// What was told under some name. Nothing, a null and a text of blanks are nothing at all.
#[derive(Debug, Clone, PartialEq)]
pub enum Told<'a> {
    /// A text, or a truth as its JSON text.
    Text(Cow<'a, str>),
    /// A number.
    Number(f64),
    /// A list or an object.
    Many,
}

impl<'a> Told<'a> {
    /// What a value says.
    pub fn of(value: &'a Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::String(text) => Self::text(text),
            Value::Bool(truth) => Some(Self::Text(if *truth { "true" } else { "false" }.into())),
            Value::Number(number) => number.as_f64().map(Self::Number),
            Value::Array(_) | Value::Object(_) => Some(Self::Many),
        }
    }

    /// What a text says.
    pub fn text(text: &'a str) -> Option<Self> {
        (!text.trim().is_empty()).then_some(Self::Text(text.into()))
    }

    /// As a number, if it is one, or a text of nothing but a few digits.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text)
                if text.len() <= MOST_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                text.parse().ok()
            }
            Self::Text(_) | Self::Many => None,
        }
    }
}
