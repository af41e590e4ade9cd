//! What a text asks: a segment by its name, or a question of its own; and what the team saves under a name.

use super::{Deeds, Playbook, Playbooks};
use crate::{
    nearest::{did_you_mean, nearest},
    refusal::Refusal,
    segment::Predicate,
};
use std::{collections::BTreeMap, sync::Arc};

/// The longest name of a segment, in characters.
const LONGEST_NAME: usize = 60;

impl Playbook {
    /// A segment by its name, in any case, or a question of the segment language; with what it is called.
    ///
    /// # Errors
    /// [`Refusal`] when it is neither, with the nearest name or the word that is wrong.
    pub fn question(&self, text: &str) -> Result<(String, Predicate), Refusal> {
        let text = text.trim();
        if let Some((name, question)) = self.named(text) {
            return Ok((name.clone(), question.clone()));
        }
        let names = || self.segments.iter().map(|(name, _)| name.as_str());
        match Predicate::parse(text) {
            Ok(question) => Ok((text.to_owned(), self.inlined(question, self.known())?)),
            Err(_) if nearest(text, names()).is_some() || text.split_whitespace().count() < 3 => {
                let help = did_you_mean(text, names());
                Err(Refusal::Unknown { what: "segment", name: text.to_owned(), help })
            }
            Err(error) => Err(Refusal::Usage {
                text: format!(
                    "There is no segment of this name, and as a question it is not understood: {error}"
                ),
            }),
        }
    }

    /// Whether a question may be saved under a name, beside those of the files: the name, and the question as it is kept.
    ///
    /// # Errors
    /// [`Refusal`] when the name is a file's or none, or the question is not understood or asks for itself.
    pub fn may_save(&self, name: &str, question: &str) -> Result<(String, Predicate), Refusal> {
        let usage = |text: String| Refusal::Usage { text };
        let name = name.trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            return Err(usage(format!("A segment's name has 1 to {LONGEST_NAME} characters.")));
        }
        if name.contains(|c: char| c.is_control() || matches!(c, '"' | '“' | '”' | '\\')) {
            return Err(usage("A segment's name has no quotes in it.".to_owned()));
        }
        let name = match self.named(name) {
            Some((known, _)) if !self.saved.contains_key(known) => {
                let text = format!(
                    "“{known}” is a segment of the playbook: change it in segments.toml, or take another name."
                );
                return Err(Refusal::Not { code: "in_the_playbook", text });
            }
            Some((known, _)) => known.clone(),
            None => name.to_owned(),
        };
        let kept = match self.named(question.trim()) {
            Some((other, _)) => Predicate::Segment(other.clone()),
            None => Predicate::parse(question)
                .map_err(|error| usage(format!("As a question it is not understood: {error}")))?,
        };
        let mut known = self.known();
        known.extend(self.saved.clone());
        known.insert(name.clone(), kept.clone());
        self.inlined(Predicate::Segment(name.clone()), known)?;
        Ok((name, kept))
    }

    /// With segments that the team saved. A name of the files stays theirs; what cannot be asked any more is left out.
    #[must_use]
    pub fn with_saved(mut self, saved: impl IntoIterator<Item = (String, Predicate)>) -> Self {
        self.saved = saved.into_iter().filter(|(name, _)| self.named(name).is_none()).collect();
        let mut known = self.known();
        known.extend(self.saved.clone());
        for (name, question) in &self.saved {
            match question.clone().inline(&known) {
                Ok(question) => self.segments.push((name.clone(), question)),
                Err(_) => continue,
            }
        }
        self.deeds = Deeds::of(&self.scoring, &self.stages, &self.segments, &self.sequences);
        self
    }

    fn named(&self, name: &str) -> Option<&(String, Predicate)> {
        let low = name.to_lowercase();
        self.segments.iter().find(|(known, _)| known.to_lowercase() == low)
    }

    fn known(&self) -> BTreeMap<String, Predicate> {
        self.segments.iter().cloned().collect()
    }

    fn inlined(&self, question: Predicate, known: BTreeMap<String, Predicate>) -> Result<Predicate, Refusal> {
        let told = |error| Refusal::Usage { text: format!("This question cannot be asked: {error}") };
        question.inline(&known).map_err(told)
    }
}

impl Playbooks {
    /// With the segments that the team saved, as they are kept: names and questions.
    #[must_use]
    pub fn with_saved(mut self, saved: Vec<(String, String)>) -> Self {
        let read = saved.iter().filter_map(|(name, text)| Some((name.clone(), Predicate::parse(text).ok()?)));
        self.current = Arc::new(Playbook::clone(&self.current).with_saved(read));
        self.by_version.insert(self.version, self.current.clone());
        self.saved = saved;
        self
    }

    /// The segments that the team saved, as they are kept.
    pub fn saved(&self) -> &[(String, String)] {
        &self.saved
    }
}

#[cfg(test)]
mod tests {
    use crate::playbook::faults::tests::shipped;
    use crate::{playbook::Playbook, refusal::Refusal, segment::Predicate};

    fn playbook(saved: &[(&str, &str)]) -> Playbook {
        let parsed =
            saved.iter().map(|(name, text)| ((*name).to_owned(), text.parse::<Predicate>().unwrap()));
        Playbook::parse(&shipped()).unwrap().with_saved(parsed)
    }

    #[test]
    fn a_saved_segment_is_asked_for_like_any_other() {
        let playbook = playbook(&[
            ("warm thai", "segment warm and country = TH"),
            ("both", "segment 'warm thai' or hot"),
        ]);
        let (name, question) = playbook.question(" WARM thai ").unwrap();
        assert_eq!(
            (name.as_str(), question.to_string()),
            ("warm thai", "score >= 40 and not hot and country = TH".to_owned())
        );
        assert_eq!(
            playbook.question("segment both and fit > 3").unwrap().1.to_string(),
            "(score >= 40 and not hot and country = TH or hot) and fit > 3"
        );
    }

    #[test]
    fn what_cannot_be_saved_is_refused_in_words() {
        let playbook = playbook(&[("a", "segment b or hot"), ("b", "fit > 3")]);
        let told = |name, question| match playbook.may_save(name, question) {
            Ok((name, kept)) => format!("{name}: {kept}"),
            Err(refusal) => refusal.text(chrono_tz::UTC),
        };
        assert_eq!(told(" new one ", "Warm"), "new one: segment \"warm\"");
        assert_eq!(told("B", "fit > 4"), "b: fit > 4");
        assert!(told("Gone Cold", "hot").contains("“gone cold” is a segment of the playbook"));
        assert!(told("b", "segment a").contains("segment \"b\" asks for itself: b → a → b"));
        assert!(told("c", "segment wram").contains("did you mean \"warm\""));
        assert!(told("c", "scroe > 4").contains("did you mean score?"));
        assert!(told("", "hot").contains("1 to 60 characters"));
        assert!(told("a\"b", "hot").contains("no quotes"));
        let refusal = playbook.may_save("everyone", "hot").unwrap_err();
        assert_eq!(refusal.code(), "in_the_playbook");
        assert!(matches!(playbook.question("wram"), Err(Refusal::Unknown { .. })));
    }

    #[test]
    fn a_name_that_the_files_take_later_is_theirs_and_what_lost_its_ground_is_left_out() {
        let playbook =
            playbook(&[("warm", "hot"), ("lost", "segment gone-for-good"), ("fine", "segment warm")]);
        assert_eq!(playbook.segment("warm").unwrap().to_string(), "score >= 40 and not hot");
        assert_eq!(playbook.segment("fine"), playbook.segment("warm"));
        assert_eq!(playbook.segment("lost"), None);
    }
}
