//! The playbook: what a marketer writes, read strictly, and kept in versions.

mod asked;
mod deeds;
mod faults;

pub use deeds::Deeds;

use crate::{
    form::{CONFIRM, Form},
    frequency::{FREQUENCY, Frequency},
    link::digest,
    nearest::did_you_mean,
    read::{self, FileError},
    refusal::Refusal,
    score::Scoring,
    segment::Predicate,
    sequence::{MailStep, Sequence},
    stage::{STAGES, Stages},
    sunset::Sunset,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// The texts of a playbook: path below the playbook's folder ("sequences/welcome.toml") and content.
pub type Files = BTreeMap<String, String>;

/// `routing.toml`: where alerts are shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routing {
    /// The channel of hot leads and of leads that came back.
    pub alerts: String,
    /// The channel of campaigns.
    pub campaigns: String,
    /// The channel of news about the daemon itself.
    pub operations: String,
}

impl Routing {
    /// All channels, each once, in order.
    pub fn channels(&self) -> Vec<&str> {
        let mut channels: Vec<&str> = Vec::new();
        for channel in [&self.alerts, &self.campaigns, &self.operations] {
            if !channels.contains(&channel.as_str()) {
                channels.push(channel);
            }
        }
        channels
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenForms {
    #[serde(default)]
    form: Vec<Form>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSegment {
    name: String,
    when: Predicate,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSegments {
    #[serde(default)]
    segment: Vec<WrittenSegment>,
}

/// What a marketer wrote, checked as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Playbook {
    /// What activities and traits are worth.
    pub scoring: Scoring,
    /// What tells these rules of worth from others: points are counted anew when it changes.
    pub rules: i64,
    /// Named questions, in the order of the file; references are resolved.
    pub segments: Vec<(String, Predicate)>,
    /// Which of them the team saved, as they were written.
    pub saved: BTreeMap<String, Predicate>,
    /// What moves leads from stage to stage.
    pub stages: Stages,
    /// When silence means cold.
    pub sunset: Sunset,
    /// Where alerts are shown.
    pub routing: Routing,
    /// The plans, by name.
    pub sequences: BTreeMap<String, Sequence>,
    /// What people fill in to be written to, in the order of the file.
    pub forms: Vec<Form>,
    /// How often one lead hears from us, over all sequences.
    pub frequency: Frequency,
    /// Which of the things that leads do are looked at.
    pub deeds: Deeds,
}

/// The files every playbook has.
pub const FILES: [&str; 4] = ["scoring.toml", "segments.toml", "sunset.toml", "routing.toml"];

/// The file of forms, for who has any.
pub const FORMS: &str = "forms.toml";

impl Playbook {
    /// Reads a playbook from its texts.
    ///
    /// # Errors
    /// Everything that is wrong, each with its file and line.
    pub fn parse(files: &Files) -> Result<Self, Vec<FileError>> {
        let mut errors = Vec::new();
        for file in files.keys() {
            let known = FILES.contains(&file.as_str())
                || [FORMS, FREQUENCY, STAGES].contains(&file.as_str())
                || (file.starts_with("sequences/") && file.ends_with(".toml"));
            if !known {
                let help = did_you_mean(
                    file,
                    FILES.iter().copied().chain([FORMS, FREQUENCY, STAGES, "sequences/NAME.toml"]),
                );
                errors.push(FileError::whole(file, format!("a playbook has no such file{help}")));
            }
        }
        let scoring = take(files, "scoring.toml", &mut errors);
        let segments: Option<WrittenSegments> = take(files, "segments.toml", &mut errors);
        let sunset: Option<Sunset> = take(files, "sunset.toml", &mut errors);
        let routing = take(files, "routing.toml", &mut errors);
        let forms: WrittenForms = match files.contains_key(FORMS) {
            true => take(files, FORMS, &mut errors).unwrap_or_default(),
            false => WrittenForms::default(),
        };
        let frequency = match files.contains_key(FREQUENCY) {
            true => take(files, FREQUENCY, &mut errors).unwrap_or_default(),
            false => Frequency::default(),
        };
        let stages = match files.contains_key(STAGES) {
            true => take(files, STAGES, &mut errors).unwrap_or_default(),
            false => Stages::default(),
        };
        let segments = segments.map(|written| resolved(written, &mut errors)).unwrap_or_default();
        let stages = moving(stages, &segments, &mut errors);
        let before = errors.len();
        let sequences = sequences(files, &segments, &mut errors);
        let all_read = errors.len() == before;
        // The one that is asked for may be the one that could not be read.
        if let Some(sunset) = &sunset
            && all_read
            && !sequences.contains_key(&sunset.enroll)
        {
            let help = did_you_mean(&sunset.enroll, sequences.keys().map(String::as_str));
            let text = files.get("sunset.toml").map(String::as_str).unwrap_or_default();
            let message = format!("there is no sequence “{}”{help}", sunset.enroll);
            errors.push(FileError::at("sunset.toml", text, text.find("enroll").unwrap_or(0), message));
        }
        match (scoring, sunset, routing) {
            (Some(scoring), Some(sunset), Some(routing)) if errors.is_empty() => {
                let rules = mark(&scoring, &stages);
                let deeds = Deeds::of(&scoring, &stages, &segments, &sequences);
                Ok(Self {
                    scoring,
                    rules,
                    segments,
                    saved: BTreeMap::new(),
                    stages,
                    sunset,
                    routing,
                    sequences,
                    forms: forms.form,
                    frequency,
                    deeds,
                })
            }
            _ => Err(errors),
        }
    }

    /// Holds the mails that the sequences name against those that exist.
    pub fn check_mails(&self, files: &Files, known: &[&str]) -> Vec<FileError> {
        let mut errors = Vec::new();
        for (file, text) in files.iter().filter(|(file, _)| file.starts_with("sequences/")) {
            let Ok(sequence) = read::toml::<Sequence>(file, text) else { continue };
            for mail in sequence.mails().filter(|mail| !known.contains(mail)) {
                let at = text.find(&format!("\"{mail}\"")).unwrap_or(0);
                let help = did_you_mean(mail, known.iter().copied());
                errors.push(FileError::at(file, text, at, format!("there is no mail “{mail}”{help}")));
            }
        }
        if !self.forms.is_empty() && !known.contains(&CONFIRM) {
            let why = format!("forms need the mail “{CONFIRM}”, which asks back; `rekindle init` writes it");
            errors.push(FileError::whole(FORMS, why));
        }
        errors
    }

    /// The plan with this name.
    pub fn sequence(&self, name: &str) -> Option<&Sequence> {
        self.sequences.get(name)
    }

    /// The plan that a person means.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] with the nearest name there is.
    pub fn plan(&self, name: &str) -> Result<&Sequence, Refusal> {
        self.sequence(name).ok_or_else(|| Refusal::Unknown {
            what: "sequence",
            name: name.to_owned(),
            help: did_you_mean(name, self.sequences.keys().map(String::as_str)),
        })
    }

    /// The plans that send a mail, each with its first step that does.
    pub fn sending(&self, mail: &str) -> impl Iterator<Item = (&Sequence, MailStep<'_>)> {
        self.sequences.values().filter_map(move |sequence| {
            let mut steps = (0..sequence.step.len()).filter_map(|step| sequence.mail_at(step));
            Some((sequence, steps.find(|step| step.mail == mail)?))
        })
    }

    /// The form with this name.
    pub fn form(&self, name: &str) -> Option<&Form> {
        self.forms.iter().find(|form| form.name == name)
    }

    /// The question with this name.
    pub fn segment(&self, name: &str) -> Option<&Predicate> {
        self.segments.iter().find(|(known, _)| known == name).map(|(_, predicate)| predicate)
    }
}

/// A number that differs where rules of worth do; never 0.
fn mark(scoring: &Scoring, stages: &Stages) -> i64 {
    let digest = digest(&serde_json::to_string(&(scoring, stages)).unwrap_or_default());
    i64::from_str_radix(digest.get(..15).unwrap_or_default(), 16).unwrap_or(1).max(1)
}

fn take<T: serde::de::DeserializeOwned>(files: &Files, file: &str, errors: &mut Vec<FileError>) -> Option<T> {
    let Some(text) = files.get(file) else {
        errors.push(FileError::whole(file, "this file is missing from the playbook"));
        return None;
    };
    read::toml(file, text).map_err(|error| errors.push(error)).ok()
}

fn sequences(
    files: &Files,
    segments: &[(String, Predicate)],
    errors: &mut Vec<FileError>,
) -> BTreeMap<String, Sequence> {
    let named: BTreeMap<String, Predicate> = segments.iter().cloned().collect();
    let mut sequences = BTreeMap::new();
    for (file, text) in files.iter().filter(|(file, _)| file.starts_with("sequences/")) {
        match read::toml::<Sequence>(file, text) {
            Ok(sequence) if sequence.step.is_empty() => {
                errors.push(FileError::whole(file, "a sequence has at least one [[step]]"));
            }
            Ok(mut sequence) => {
                for question in sequence.asks_mut() {
                    match question.clone().inline(&named) {
                        Ok(inlined) => *question = inlined,
                        Err(error) => {
                            let at = question.refers().find_map(|name| text.find(name)).unwrap_or(0);
                            errors.push(FileError::at(file, text, at, format!("`{question}`: {error}")));
                        }
                    }
                }
                if let Some(twice) = sequences.insert(sequence.name.clone(), sequence) {
                    errors.push(FileError::whole(file, format!("there are two sequences “{}”", twice.name)));
                }
            }
            Err(error) => errors.push(error),
        }
    }
    sequences
}

fn resolved(written: WrittenSegments, errors: &mut Vec<FileError>) -> Vec<(String, Predicate)> {
    let known: BTreeMap<String, Predicate> =
        written.segment.iter().map(|segment| (segment.name.clone(), segment.when.clone())).collect();
    let mut segments = Vec::new();
    for segment in written.segment {
        match segment.when.inline(&known) {
            Ok(when) => segments.push((segment.name, when)),
            Err(error) => {
                let message = format!("segment “{}”: {error}", segment.name);
                errors.push(FileError::whole("segments.toml", message));
            }
        }
    }
    segments
}

/// The rules of stages, with the segments in their questions.
fn moving(mut stages: Stages, segments: &[(String, Predicate)], errors: &mut Vec<FileError>) -> Stages {
    let known: BTreeMap<String, Predicate> = segments.iter().cloned().collect();
    for rule in &mut stages.lifecycle {
        match rule.when.clone().inline(&known) {
            Ok(when) => rule.when = when,
            Err(error) => errors.push(FileError::whole(STAGES, error.to_string())),
        }
    }
    stages
}

/// The version in force, and the older ones that leads in flight are on.
#[derive(Debug, Clone)]
pub struct Playbooks {
    version: i64,
    by_version: BTreeMap<i64, Arc<Playbook>>,
    current: Arc<Playbook>,
    saved: Vec<(String, String)>,
}

impl Playbooks {
    /// With this one in force.
    pub fn new(version: i64, current: Arc<Playbook>) -> Self {
        Self { version, by_version: BTreeMap::from([(version, current.clone())]), current, saved: Vec::new() }
    }

    /// Adds an older version.
    #[must_use]
    pub fn with_older(mut self, version: i64, playbook: Arc<Playbook>) -> Self {
        self.by_version.entry(version).or_insert(playbook);
        self
    }

    /// The number of the version in force.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// The version in force.
    pub fn current(&self) -> &Playbook {
        &self.current
    }

    /// Every version that is known.
    pub fn all(&self) -> impl Iterator<Item = &Playbook> {
        self.by_version.values().map(Arc::as_ref)
    }

    /// A version, where it is known.
    pub fn known(&self, version: i64) -> Option<&Playbook> {
        self.by_version.get(&version).map(Arc::as_ref)
    }

    /// A version; where it is not known any more, the one in force.
    pub fn of(&self, version: i64) -> &Playbook {
        self.known(version).unwrap_or(&self.current)
    }
}
