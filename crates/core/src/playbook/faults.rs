//! What can be read in a playbook, and cannot be meant: it would mail the wrong people, or nobody.
//!
//! Looked for when a playbook is checked or applied. A version that is in force already was let in by an older program,
//! and goes on as it always went.

mod plans;
mod scoring;

use super::{FORMS, Files, Playbook};
use crate::{
    form::Form,
    frequency::{FREQUENCY, Frequency},
    lead::Lifecycle,
    read::{self, FileError},
    sequence::Sequence,
    span::Span,
    stage::{STAGES, Stages},
    sunset::{Sunset, Windows},
};
use std::collections::BTreeSet;

/// What cannot be meant: where in the file it stands ("thresholds.hot"), and why.
type Fault = (String, String);

impl Playbook {
    /// Everything in it that cannot be meant, each with its file and line.
    pub fn faults(&self, files: &Files) -> Vec<FileError> {
        let mut faults = Vec::new();
        let mut told = |file: &str, found: Vec<Fault>| {
            let text = files.get(file).map(String::as_str).unwrap_or_default();
            faults.extend(found.into_iter().map(|(path, message)| {
                let at = read::place(text, &path).map_or(0, |place| place.start);
                FileError::at(file, text, at, message)
            }));
        };
        told("scoring.toml", scoring::of(&self.scoring));
        told("segments.toml", of_names(self.segments.iter().map(|(name, _)| name.as_str())));
        told(STAGES, of_stages(&self.stages));
        told("sunset.toml", of_sunset(&self.sunset));
        told(FORMS, of_forms(&self.forms));
        told(FREQUENCY, of_caps(&self.frequency));
        for (file, text) in files.iter().filter(|(file, _)| file.starts_with("sequences/")) {
            let Ok(sequence) = read::toml::<Sequence>(file, text) else { continue };
            told(file, plans::of(self, &sequence));
        }
        faults
    }
}

fn fault(path: impl Into<String>, why: impl Into<String>) -> Fault {
    (path.into(), why.into())
}

fn of_stages(stages: &Stages) -> Vec<Fault> {
    let mut found = Vec::new();
    if stages.looks_back < Span::days(1) {
        found.push(fault("looks_back", "looks_back is at least 1d: stages last longer than a visit"));
    }
    for (at, rule) in stages.lifecycle.iter().enumerate() {
        let why = match rule.stage {
            Lifecycle::Lead => "every lead begins as a lead: no rule leads there",
            Lifecycle::Sql => "sql means that a rep has claimed it: no rule leads there",
            Lifecycle::Mql | Lifecycle::Opportunity | Lifecycle::Customer => continue,
        };
        found.push(fault(format!("lifecycle[{at}].stage"), why));
    }
    found
}

fn of_names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Fault> {
    let mut known = BTreeSet::new();
    let twice = names.enumerate().filter(|(_, name)| !known.insert(*name));
    let why = |name: &str| format!("there are two segments “{name}”: nobody could tell which one is meant");
    twice.map(|(at, name)| fault(format!("segment[{at}].name"), why(name))).collect()
}

fn of_forms(forms: &[Form]) -> Vec<Fault> {
    let mut known = BTreeSet::new();
    let mut found = Vec::new();
    for (at, form) in forms.iter().enumerate() {
        found.extend(form.faults().into_iter().map(|(key, why)| fault(format!("form[{at}].{key}"), why)));
        if !known.insert(&form.name) {
            found.push(fault(format!("form[{at}].name"), format!("there are two forms “{}”", form.name)));
        }
    }
    found
}

fn of_caps(frequency: &Frequency) -> Vec<Fault> {
    let mut found = Vec::new();
    for (at, cap) in frequency.cap.iter().enumerate() {
        if cap.mails == 0 {
            let why = "with no mail at all nobody would ever be written to; to stop all mail, write /rekindle pause in chat";
            found.push(fault(format!("cap[{at}].mails"), why));
        }
        if cap.every == Span::ZERO || cap.every > Span::days(90) {
            found.push(fault(
                format!("cap[{at}].every"),
                "a cap is over more than no time, and at most 90 days",
            ));
        }
    }
    found
}

fn of_sunset(sunset: &Sunset) -> Vec<Fault> {
    let why = "quiet_for is more than no time: every lead would go cold at once";
    let Windows { weekly, monthly, seldom } = sunset.quiet_for;
    if [weekly, monthly, seldom].contains(&Span::ZERO) {
        return vec![fault("quiet_for", why)];
    }
    let order = "who is written to more often has had more to answer, and goes cold sooner, not later: weekly, monthly, seldom";
    if weekly > monthly || monthly > seldom { vec![fault("quiet_for", order)] } else { Vec::new() }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::playbook) fn shipped() -> Files {
        [
            ("scoring.toml", include_str!("../../../../config/playbook/scoring.toml")),
            ("segments.toml", include_str!("../../../../config/playbook/segments.toml")),
            ("routing.toml", include_str!("../../../../config/playbook/routing.toml")),
            ("forms.toml", include_str!("../../../../config/playbook/forms.toml")),
            ("sunset.toml", include_str!("../../../../config/playbook/sunset.toml")),
            (
                "sequences/re-engagement.toml",
                include_str!("../../../../config/playbook/sequences/re-engagement.toml"),
            ),
            (
                "sequences/asked-later.toml",
                include_str!("../../../../config/playbook/sequences/asked-later.toml"),
            ),
            ("sequences/pricing.toml", include_str!("../../../../config/playbook/sequences/pricing.toml")),
            ("sequences/welcome.toml", include_str!("../../../../config/playbook/sequences/welcome.toml")),
        ]
        .map(|(file, text)| (file.to_owned(), text.to_owned()))
        .into()
    }

    /// What is told about the shipped playbook with one text in the place of another.
    fn told(file: &str, from: &str, to: &str) -> String {
        let mut files = shipped();
        let text = files.get_mut(file).unwrap();
        assert!(text.contains(from), "{file}: {from}");
        *text = text.replacen(from, to, 1);
        let playbook = Playbook::parse(&files).unwrap();
        playbook.faults(&files).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_shipped_playbook_has_none() {
        assert_eq!(told("routing.toml", "", ""), "");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_line() {
        for (file, from, to, at, words) in [
            ("scoring.toml", "cools_below = 80", "cools_below = 200", "scoring.toml:5:15", "at most 100"),
            ("scoring.toml", "max = 1000", "max = 50", "scoring.toml:6:7", "ever be hot"),
            ("scoring.toml", "hot = 100", "hot = -5", "scoring.toml:4:7", "every lead"),
            ("scoring.toml", "fit = [10, 5]", "fit = [5, 10]", "scoring.toml:11:7", "write [10, 5]"),
            (
                "scoring.toml",
                "\"E-book Downloaded\"",
                "\"Mail Opened\"",
                "scoring.toml:24:12",
                "opens are worth nothing",
            ),
            (
                "scoring.toml",
                "stage = \"consideration\"",
                "group = \"contnt\"\n[groups.content]\nmax = 40",
                "scoring.toml:33:9",
                "did you mean \"content\"",
            ),
            (
                "scoring.toml",
                "stage = \"consideration\"",
                "group = \"clicks\"",
                "scoring.toml:33:9",
                "by themselves",
            ),
            ("scoring.toml", "[grades]", "[groups.content]\n[grades]", "scoring.toml:10:", "at most (max)"),
            (
                "scoring.toml",
                "[grades]",
                "[groups.content]\nmax = -1\n[grades]",
                "scoring.toml:11:7",
                "not below 0",
            ),
            (
                "scoring.toml",
                "stage = \"consideration\"",
                "within = \"7d\"",
                "scoring.toml:33:10",
                "within goes with hits",
            ),
            (
                "scoring.toml",
                "stage = \"consideration\"",
                "cooldown = \"0h\"",
                "scoring.toml:33:12",
                "more than no time",
            ),
            (
                "scoring.toml",
                "activity = [\"Webinar Attended\"]\npoints",
                "points",
                "scoring.toml:30:10",
                "counts nothing",
            ),
            (
                "scoring.toml",
                "max = 1000",
                "surge = { points = 0, within = \"24h\" }",
                "scoring.toml:6:20",
                "everybody would be surging",
            ),
            (
                "scoring.toml",
                "\"level >= manager\"",
                "'level >= manager and not did \"Demo Requested\"'",
                "scoring.toml:53:8",
                "“did \"Demo Requested\"”: that is what they do: write it as [[engagement]]",
            ),
            (
                "scoring.toml",
                "\"level >= manager\"",
                "'segment \"directors\"'",
                "scoring.toml:53:8",
                "write here what it asks",
            ),
            (
                "scoring.toml",
                "\"level >= manager\"",
                "\"fit >= 10\"",
                "scoring.toml:53:8",
                "follow from it, too",
            ),
            (
                "scoring.toml",
                "\"level >= manager\"",
                "\"lifecycle = mql\"",
                "scoring.toml:53:8",
                "with time and with what the team does",
            ),
            (
                "scoring.toml",
                "[[fit]]",
                "[[engagement]]\nactivity = [\"Demo Requested\"]\npoints = 1\n[[fit]]",
                "activity",
                "this rule never counts",
            ),
            (
                "scoring.toml",
                "[[fit]]",
                "[[engagement]]\npage = [\"/pricing/enterprise\"]\npoints = 1\n[[fit]]",
                "page",
                "taken by rules before it",
            ),
            (
                "scoring.toml",
                "[[fit]]",
                "[[engagement]]\npage = [\"https://acme.test/docs\"]\npoints = 1\n[[fit]]",
                "page",
                "a path begins with /",
            ),
            ("sunset.toml", "seldom = \"30d\"", "seldom = \"0d\"", "sunset.toml:5:", "at once"),
            ("segments.toml", "\"directors\"", "\"warm\"", "segments.toml:28:8", "two segments “warm”"),
            ("forms.toml", "name = \"newsletter\"", "name = \"News Letter\"", "forms.toml:", "small letters"),
            ("forms.toml", "version = \"2026-11\"", "version = \"\"", "forms.toml:", "what was agreed to"),
            (
                "sequences/re-engagement.toml",
                "{ de = ",
                "{ deutsch = ",
                "re-engagement.toml:21:",
                "“deutsch” is no language",
            ),
            (
                "sequences/re-engagement.toml",
                "archive = true",
                "archive = true\n\n[[step]]\nmail = \"breakup\"",
                "re-engagement.toml:45:",
                "never reached",
            ),
            (
                "sequences/re-engagement.toml",
                "sequence = \"asked-later\"",
                "sequence = \"asked-latter\"",
                "re-engagement.toml:32:",
                "did you mean \"asked-later\"",
            ),
            (
                "sequences/re-engagement.toml",
                "reentry",
                "expires = \"96h\"\nreentry",
                "re-engagement.toml:5:",
                "at the latest",
            ),
        ] {
            let told = told(file, from, to);
            assert!(told.contains(at) && told.contains(words), "{to}: {told}");
        }
    }

    #[test]
    fn a_slip_in_where_is_shown_at_its_word() {
        let mut files = shipped();
        let text = files.get_mut("scoring.toml").unwrap();
        *text = text.replacen("points = 15", "where = 'plan = pro or seats > 10'\npoints = 15", 1);
        let errors = Playbook::parse(&files).unwrap_err();
        assert_eq!((errors.len(), errors[0].line), (1, Some(31)), "{errors:?}");
        assert!(errors[0].message.contains("joined with and"), "{errors:?}");
        assert!(errors[0].message.contains("             ^^"), "{errors:?}");
    }

    #[test]
    fn one_mistake_in_a_sequence_is_one_error() {
        let mut files = shipped();
        let text = files.get_mut("sequences/re-engagement.toml").unwrap();
        *text = text.replace("wait = \"7d\"", "wait = \"soon\"");
        let errors = Playbook::parse(&files).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].line, Some(40), "{errors:?}");
    }
}
