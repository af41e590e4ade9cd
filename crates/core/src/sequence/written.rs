//! The steps as they stand in the file, where branches hold steps of their own; read strictly, and laid out as the list that
//! a run goes through.

use super::{
    Appointment, OfferTerms, SurveyTerms,
    step::{Known, Listed, Path, Step, Told, Watch, Winner},
};
use crate::{segment::Predicate, span::Span};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, SeqAccess, Visitor, value::SeqAccessDeserializer},
};
use std::{
    fmt,
    ops::{Deref, DerefMut},
};

/// The steps of a sequence, as the list that a run goes through.
#[derive(Debug, Clone, PartialEq)]
pub struct Steps {
    steps: Vec<Step>,
    places: Vec<String>,
}

impl Steps {
    /// Where in the file a step stands: `step[2].branch[0].do[1]`.
    pub fn place(&self, step: usize) -> &str {
        self.places.get(step).map_or("step", String::as_str)
    }
}

impl Deref for Steps {
    type Target = [Step];

    fn deref(&self) -> &[Step] {
        &self.steps
    }
}

impl DerefMut for Steps {
    fn deref_mut(&mut self) -> &mut [Step] {
        &mut self.steps
    }
}

impl<'a> IntoIterator for &'a Steps {
    type Item = &'a Step;
    type IntoIter = std::slice::Iter<'a, Step>;

    fn into_iter(self) -> Self::IntoIter {
        self.steps.iter()
    }
}

impl Serialize for Steps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.steps.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Steps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Vec::<Written>::deserialize(deserializer)?;
        let mut steps = Self { steps: Vec::with_capacity(written.len()), places: Vec::new() };
        steps.lay_out(written, "step");
        Ok(steps)
    }
}

/// A step of the file.
enum Written {
    One(Step),
    Until { ask: Predicate, timeout: Span, then: Vec<Written>, otherwise: Vec<Written> },
    Branch(Vec<Case>),
    Split { ways: Vec<Way>, winner: Option<Winner> },
}

/// One case of a branch; the one without a question is for all others, and the last.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    when: Option<Predicate>,
    #[serde(rename = "do", default)]
    steps: Inner,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Way {
    name: String,
    #[serde(default = "one")]
    share: u32,
    #[serde(rename = "do", default)]
    steps: Inner,
}

fn one() -> u32 {
    1
}

/// Steps within a step: a list, or the word `finish` for the list that only ends the run.
#[derive(Default)]
struct Inner(Vec<Written>);

impl<'de> Deserialize<'de> for Inner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Inner;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("steps in brackets, or \"finish\", or \"archive\"")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Inner, E> {
                match word {
                    "finish" => Ok(Inner(vec![Written::One(Step::Finish)])),
                    "archive" => Ok(Inner(vec![Written::One(Step::Archive)])),
                    other => Err(E::custom(format!(
                        "`{other}` is not what can follow; write steps in brackets, or \"finish\", or \"archive\""
                    ))),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, steps: A) -> Result<Inner, A::Error> {
                Deserialize::deserialize(SeqAccessDeserializer::new(steps)).map(Inner)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// How long is waited, or for what.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a span like \"4d\", or a time like { days = \"tue\", at = \"09:00\" }")]
enum Wait {
    Span(Span),
    For(Appointment),
}

/// Every key that a step may have.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    mail: Option<String>,
    wait: Option<Wait>,
    until: Option<Predicate>,
    branch: Option<Vec<Case>>,
    split: Option<Vec<Way>>,
    alert: Option<String>,
    task: Option<String>,
    webhook: Option<Told>,
    audience: Option<Listed>,
    set: Option<Known>,
    start: Option<String>,
    archive: Option<bool>,
    finish: Option<bool>,
    // What goes with one of them.
    subjects: Option<Vec<String>>,
    offer: Option<OfferTerms>,
    survey: Option<SurveyTerms>,
    winner: Option<Winner>,
    timeout: Option<Span>,
    then: Option<Inner>,
    otherwise: Option<Inner>,
}

/// What a step can be.
const KINDS: &str = "`mail`, `wait`, `until`, `branch`, `split`, `alert`, `task`, `webhook`, `audience`, `set`, `start`, `archive`, `finish`";

impl Keys {
    /// The keys of it that say what the step does.
    fn kinds(&self) -> Vec<&'static str> {
        let all = [
            ("mail", self.mail.is_some()),
            ("wait", self.wait.is_some()),
            ("until", self.until.is_some()),
            ("branch", self.branch.is_some()),
            ("split", self.split.is_some()),
            ("alert", self.alert.is_some()),
            ("task", self.task.is_some()),
            ("webhook", self.webhook.is_some()),
            ("audience", self.audience.is_some()),
            ("set", self.set.is_some()),
            ("start", self.start.is_some()),
            ("archive", self.archive.is_some()),
            ("finish", self.finish.is_some()),
        ];
        all.into_iter().filter(|(_, is)| *is).map(|(kind, _)| kind).collect()
    }

    /// What goes with some kinds only, and stands at another.
    fn misplaced(&self, kind: &str) -> Option<String> {
        let goes_with: [(&str, bool, &[&str]); 7] = [
            ("subjects", self.subjects.is_some(), &["mail"]),
            ("offer", self.offer.is_some(), &["mail"]),
            ("survey", self.survey.is_some(), &["mail"]),
            ("winner", self.winner.is_some(), &["mail", "split"]),
            ("timeout", self.timeout.is_some(), &["until"]),
            ("then", self.then.is_some(), &["until"]),
            ("otherwise", self.otherwise.is_some(), &["until"]),
        ];
        let (key, _, kinds) = goes_with.into_iter().find(|(_, is, kinds)| *is && !kinds.contains(&kind))?;
        let kinds: Vec<String> = kinds.iter().map(|kind| format!("`{kind}`")).collect();
        Some(format!("`{key}` belongs to a step with {}, and this one is `{kind}`", kinds.join(" or ")))
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let keys = Keys::deserialize(deserializer)?;
        let kind = match keys.kinds()[..] {
            [kind] => kind,
            [] => return Err(Error::custom(format!("a step is exactly one of {KINDS}"))),
            [one, other, ..] => {
                let why = format!("a step is exactly one of {KINDS}; this one has `{one}` and `{other}`");
                return Err(Error::custom(why));
            }
        };
        if let Some(why) = keys.misplaced(kind) {
            return Err(Error::custom(why));
        }
        keys.read().map_err(Error::custom)
    }
}

impl Keys {
    /// The step that the keys say, which are those of one kind.
    fn read(self) -> Result<Written, String> {
        let said = |key: &str, is: Option<bool>, step: Step| match is {
            Some(true) => Ok(Written::One(step)),
            _ => Err(format!("write `{key} = true`, or leave the step out")),
        };
        if let Some(mail) = self.mail {
            let subjects = self.subjects.unwrap_or_default();
            if self.winner.is_some() && subjects.len() < 2 {
                return Err("`winner` chooses between two `subjects` or more".to_owned());
            }
            let (winner, offer, survey) = (self.winner, self.offer, self.survey);
            return Ok(Written::One(Step::Mail { mail, subjects, winner, offer, survey }));
        }
        if let Some(ask) = self.until {
            let timeout = self.timeout.ok_or(
                "a step with `until` has a `timeout`: how long it waits at most, for example timeout = \"5d\"",
            )?;
            let (then, otherwise) = (self.then.unwrap_or_default().0, self.otherwise.unwrap_or_default().0);
            return Ok(Written::Until { ask, timeout, then, otherwise });
        }
        if let Some(cases) = self.branch {
            return match cases.iter().position(|case| case.when.is_none()) {
                _ if cases.is_empty() => Err("a branch has at least one case".to_owned()),
                Some(0) => Err("the first case of a branch has a `when`".to_owned()),
                Some(at) if at + 1 < cases.len() => {
                    Err("the case without `when` is for all others: it stands last".to_owned())
                }
                _ => Ok(Written::Branch(cases)),
            };
        }
        if let Some(ways) = self.split {
            let mut names: Vec<&str> = ways.iter().map(|way| way.name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            return match () {
                () if ways.len() < 2 => Err("a split has two ways or more".to_owned()),
                () if names.len() < ways.len() => Err("the ways of a split have different names".to_owned()),
                () if ways.iter().all(|way| way.share == 0) => {
                    Err("at least one way of a split has a share above 0".to_owned())
                }
                () => Ok(Written::Split { ways, winner: self.winner }),
            };
        }
        if let Some(known) = self.set {
            return match known.is_empty() {
                true => {
                    Err("`set` says what to set: tag, untag, trait, journey, lifecycle or score".to_owned())
                }
                false => Ok(Written::One(Step::Set(known))),
            };
        }
        let one = match (self.wait, self.alert, self.task, self.webhook, self.audience, self.start) {
            (Some(Wait::Span(span)), ..) => Step::Wait(span),
            (Some(Wait::For(appointment)), ..) => Step::WaitFor(appointment),
            (_, Some(words), ..) => Step::Alert(words),
            (_, _, Some(words), ..) => Step::Task(words),
            (_, _, _, Some(told), ..) => Step::Webhook(told),
            (_, _, _, _, Some(listed), _) => Step::Audience(listed),
            (_, _, _, _, _, Some(sequence)) => Step::Start(sequence),
            _ if self.archive.is_some() => return said("archive", self.archive, Step::Archive),
            _ => return said("finish", self.finish, Step::Finish),
        };
        Ok(Written::One(one))
    }
}

impl Steps {
    fn put(&mut self, step: Step, place: &str) -> usize {
        self.steps.push(step);
        self.places.push(place.to_owned());
        self.steps.len() - 1
    }

    /// Lays steps out behind those that are there. `list` is where in the file they stand.
    fn lay_out(&mut self, written: Vec<Written>, list: &str) {
        for (number, one) in written.into_iter().enumerate() {
            let place = format!("{list}[{number}]");
            match one {
                Written::One(step) => {
                    self.put(step, &place);
                }
                Written::Until { ask, timeout, then, otherwise } => {
                    let mut watch = Watch { ask, timeout, met: 0, unmet: 0 };
                    let until = self.put(Step::Finish, &place);
                    let watching = self.put(Step::Finish, &place);
                    watch.met = self.steps.len();
                    self.lay_out(then, &format!("{place}.then"));
                    let leap = self.put(Step::Leap(0), &place);
                    watch.unmet = self.steps.len();
                    self.lay_out(otherwise, &format!("{place}.otherwise"));
                    self.land(&[leap]);
                    self.steps[until] = Step::Until(watch.clone());
                    self.steps[watching] = Step::Watch(watch);
                }
                Written::Branch(cases) => {
                    let mut leaps = Vec::new();
                    for (at, case) in cases.into_iter().enumerate() {
                        let place = format!("{place}.branch[{at}]");
                        let asks = case.when.map(|when| (self.put(Step::Finish, &place), when));
                        self.lay_out(case.steps.0, &format!("{place}.do"));
                        if let Some((at, when)) = asks {
                            leaps.push(self.put(Step::Leap(0), &place));
                            self.steps[at] = Step::Branch { when, otherwise: self.steps.len() };
                        }
                    }
                    self.land(&leaps);
                }
                Written::Split { ways, winner } => {
                    let split = self.put(Step::Finish, &place);
                    let (mut paths, mut leaps) = (Vec::new(), Vec::new());
                    for (at, way) in ways.into_iter().enumerate() {
                        let place = format!("{place}.split[{at}]");
                        paths.push(Path { name: way.name, share: way.share, to: self.steps.len() });
                        self.lay_out(way.steps.0, &format!("{place}.do"));
                        leaps.push(self.put(Step::Leap(0), &place));
                    }
                    self.land(&leaps);
                    self.steps[split] = Step::Split { paths, winner };
                }
            }
        }
    }

    /// These leaps lead behind all that is laid out.
    fn land(&mut self, leaps: &[usize]) {
        let end = self.steps.len();
        for at in leaps {
            self.steps[*at] = Step::Leap(end);
        }
    }
}
