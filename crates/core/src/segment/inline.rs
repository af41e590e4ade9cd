//! Puts in the place of a segment's name what that segment asks.

use super::Predicate;
use crate::nearest::nearest;
use std::collections::BTreeMap;

/// How many segments may stand in one another: more is a tangle that nobody can read.
const DEEPEST: usize = 16;
/// How many conditions a question may have once all names are replaced.
const LARGEST: usize = 2_000;

/// Why a segment's name could not be replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InlineError {
    /// There is no segment of this name.
    #[error("there is no segment \"{name}\"{}", near.as_ref().map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default())]
    Unknown {
        /// The name that nobody knows.
        name: String,
        /// The known one next to it.
        near: Option<String>,
    },
    /// A segment asks, in the end, for itself.
    #[error("segment \"{}\" asks for itself: {}", .round[0], .round.join(" → "))]
    Circle {
        /// The names on the way round; the first is the last.
        round: Vec<String>,
    },
    /// Segments stand in one another too deeply.
    #[error("segments stand in one another more than {DEEPEST} deep: {}", .path.join(" → "))]
    TooDeep {
        /// The names on the way down.
        path: Vec<String>,
    },
    /// The question has too many conditions once all names are replaced.
    #[error("with its segments written out the question has more than {LARGEST} conditions")]
    TooLarge,
}

impl Predicate {
    /// Replaces every `segment "NAME"` by what that segment asks, and so on down.
    ///
    /// # Errors
    /// When a name is unknown, or leads back to itself, or there are far too many.
    pub fn inline(self, named: &BTreeMap<String, Self>) -> Result<Self, InlineError> {
        Inlining { named, path: Vec::new(), conditions: 0 }.replace(&self)
    }
}

struct Inlining<'a> {
    named: &'a BTreeMap<String, Predicate>,
    path: Vec<String>,
    conditions: usize,
}

impl Inlining<'_> {
    fn replace(&mut self, predicate: &Predicate) -> Result<Predicate, InlineError> {
        Ok(match predicate {
            Predicate::All(parts) => Predicate::all(self.replace_all(parts)?),
            Predicate::Any(parts) => Predicate::any(self.replace_all(parts)?),
            Predicate::Not(part) => Predicate::negate(self.replace(part)?),
            Predicate::Segment(name) => self.look_up(name)?,
            leaf => {
                self.conditions += 1;
                if self.conditions > LARGEST {
                    return Err(InlineError::TooLarge);
                }
                leaf.clone()
            }
        })
    }

    fn replace_all(&mut self, parts: &[Predicate]) -> Result<Vec<Predicate>, InlineError> {
        parts.iter().map(|part| self.replace(part)).collect()
    }

    fn look_up(&mut self, name: &str) -> Result<Predicate, InlineError> {
        let Some(predicate) = self.named.get(name) else {
            let near = nearest(name, self.named.keys().map(String::as_str)).map(str::to_owned);
            return Err(InlineError::Unknown { name: name.to_owned(), near });
        };
        let begun = self.path.iter().position(|earlier| earlier == name);
        self.path.push(name.to_owned());
        if let Some(begun) = begun {
            return Err(InlineError::Circle { round: self.path.split_off(begun) });
        }
        if self.path.len() > DEEPEST {
            return Err(InlineError::TooDeep { path: std::mem::take(&mut self.path) });
        }
        let replaced = self.replace(predicate)?;
        self.path.pop();
        Ok(replaced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(segments: &[(&str, &str)]) -> BTreeMap<String, Predicate> {
        let parse = |text: &str| Predicate::parse(text).expect("good text");
        segments.iter().map(|(name, text)| ((*name).to_owned(), parse(text))).collect()
    }

    fn inline(text: &str, segments: &[(&str, &str)]) -> Result<String, String> {
        let predicate = Predicate::parse(text).expect("good text");
        let inlined = predicate.inline(&named(segments)).map_err(|error| error.to_string())?;
        assert_eq!(inlined.refers().count(), 0);
        Ok(inlined.to_string())
    }

    #[test]
    fn names_give_way_to_what_they_stand_for() {
        let segments = [
            ("thai", "country in (TH) or domain contains .th"),
            ("cold thai", "segment thai and quiet for 30 days"),
            ("rest", "not segment thai"),
        ];
        for (text, expected) in [
            (
                "segment \"cold thai\" and hot",
                "(country = TH or domain contains .th) and quiet for 30 days and hot",
            ),
            ("segment rest or hot", "not (country = TH or domain contains .th) or hot"),
            ("segment thai or hot", "country = TH or domain contains .th or hot"),
            ("hot", "hot"),
        ] {
            assert_eq!(inline(text, &segments).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_replaced_is_named() {
        let segments = [
            ("gone cold", "quiet for 30 days"),
            ("a", "segment b or hot"),
            ("b", "not segment c"),
            ("c", "segment a"),
        ];
        for (text, expected) in [
            ("segment \"gon cold\"", "there is no segment \"gon cold\"; did you mean \"gone cold\"?"),
            ("segment zebra", "there is no segment \"zebra\""),
            ("hot and segment c", "segment \"c\" asks for itself: c → a → b → c"),
        ] {
            assert_eq!(inline(text, &segments), Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_segment_may_be_asked_for_twice_but_not_without_end() {
        let chain = |next: fn(usize) -> String, length: usize| -> BTreeMap<String, Predicate> {
            (0..length)
                .map(|n| (format!("s{n}"), next(n + 1)))
                .chain([(format!("s{length}"), "hot".to_owned())])
                .map(|(name, text)| (name, Predicate::parse(&text).expect("good text")))
                .collect()
        };
        let first = || Predicate::Segment("s0".to_owned());
        let double = |n| format!("segment s{n} or segment s{n}");
        let small = first().inline(&chain(double, 3)).expect("eight conditions");
        assert_eq!(small.leaves().count(), 8);
        assert_eq!(first().inline(&chain(double, 15)), Err(InlineError::TooLarge));
        let single = |n| format!("segment s{n}");
        assert_eq!(first().inline(&chain(single, 15)), Ok(Predicate::Hot));
        let deep = first().inline(&chain(single, 16));
        assert!(matches!(deep, Err(InlineError::TooDeep { path }) if path.len() == 17));
    }
}
