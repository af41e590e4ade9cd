//! Words by which messages are told apart, as `words.txt` lists them.

use std::sync::LazyLock;

/// A list of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    NoticeSenders,
    NoticeNames,
    NoticeSubjects,
    Failed,
    Delayed,
    Returned,
    OfOthers,
    DelayedSubjects,
    GaveUp,
    Helpers,
    HeadTo,
    HeadSubject,
    Labels,
    MachineFields,
    AutoSubjects,
    AutoWithin,
    Stop,
    On,
    Wrote,
    WroteNames,
    Breaks,
    Signed,
    QuotedHead,
    QuotedNext,
}

/// Each list and what its section is called.
const SECTIONS: &[(List, &str)] = &[
    (List::NoticeSenders, "senders of notices"),
    (List::NoticeNames, "names of senders of notices"),
    (List::NoticeSubjects, "subjects of notices"),
    (List::Failed, "failed"),
    (List::Delayed, "delayed"),
    (List::Returned, "returned"),
    (List::OfOthers, "of others"),
    (List::DelayedSubjects, "subjects of warnings"),
    (List::GaveUp, "gave up"),
    (List::Helpers, "helpers"),
    (List::HeadTo, "to"),
    (List::HeadSubject, "subject"),
    (List::Labels, "labels"),
    (List::MachineFields, "fields of machines"),
    (List::AutoSubjects, "subjects of machines"),
    (List::AutoWithin, "within subjects of machines"),
    (List::Stop, "stop"),
    (List::On, "on"),
    (List::Wrote, "wrote"),
    (List::WroteNames, "wrote, and then who"),
    (List::Breaks, "breaks"),
    (List::Signed, "signed"),
    (List::QuotedHead, "quoted head"),
    (List::QuotedNext, "quoted head, next"),
];

static WORDS: LazyLock<Vec<(List, Vec<String>)>> = LazyLock::new(|| {
    let mut lists: Vec<(List, Vec<String>)> = Vec::new();
    for line in include_str!("words.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            Some(name) => lists.extend(
                SECTIONS.iter().find(|(_, known)| *known == name).map(|(list, _)| (*list, Vec::new())),
            ),
            None => {
                if let Some((_, words)) = lists.last_mut() {
                    words.push(
                        line.strip_suffix('~').map_or_else(|| line.to_owned(), |line| format!("{line} ")),
                    );
                }
            }
        }
    }
    lists
});

impl List {
    /// Whether one of its words stands in a text, which is in small letters.
    pub(super) fn stands_in(self, text: &str) -> bool {
        self.words().iter().any(|word| text.contains(word.as_str()))
    }

    /// Whether a text begins with one of its words.
    pub(super) fn begins(self, text: &str) -> bool {
        self.words().iter().any(|word| text.starts_with(word.as_str()))
    }

    /// Whether a text ends with one of its words.
    pub(super) fn ends(self, text: &str) -> bool {
        self.words().iter().any(|word| text.ends_with(word.as_str()))
    }

    /// Whether a text is one of its words.
    pub(super) fn has(self, text: &str) -> bool {
        self.words().iter().any(|word| word == text)
    }

    /// Its words.
    pub(super) fn words(self) -> &'static [String] {
        WORDS.iter().find(|(list, _)| *list == self).map_or(&[], |(_, words)| words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_has_words_in_small_letters() {
        for (list, name) in SECTIONS {
            assert!(!list.words().is_empty(), "nothing stands under [{name}]");
            assert!(list.words().iter().all(|word| word.to_lowercase() == *word), "[{name}]");
        }
        assert_eq!(
            WORDS.len(),
            SECTIONS.len(),
            "a section is written twice, or has a name that nobody asks for"
        );
    }
}
