//! How far up somebody is, by their job title: "VP" as "Vice President", "Leiter" as "Head of".

use crate::{lead::words, segment::Phrase};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

words! {
    /// How far up somebody is.
    Level {
        /// Does the work.
        Individual = "individual",
        /// Leads a team.
        Manager = "manager",
        /// Leads a department.
        Director = "director",
        /// Leads the company, or a part of it.
        Executive = "executive",
    }
}

/// The section of those who are individuals, whatever else their title says.
const BELOW: &str = "below";
/// The most words that are looked up together.
const LONGEST: usize = 4;

/// What a word says: a level, or that nothing else counts.
#[derive(Debug, Clone, Copy)]
enum Says {
    Is(Level),
    Below,
}

#[derive(Debug, Default)]
struct Titles {
    /// Rows of words.
    rows: HashMap<String, Says>,
    /// Ends of words.
    ends: BTreeMap<String, Says>,
    /// What stands anywhere, in scripts that put no blanks between words: the longest first.
    anywhere: Vec<(String, Says)>,
}

static TITLES: LazyLock<Titles> = LazyLock::new(|| {
    let mut titles = Titles::default();
    let mut says = None;
    for line in include_str!("level.txt").lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            says = Level::from_word(section).map(Says::Is).or((section == BELOW).then_some(Says::Below));
            continue;
        }
        let entries = line.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        for (entry, says) in entries.filter_map(|entry| Some((entry, says?))) {
            let ground = Phrase::ground(entry).trim().to_owned();
            let is_unspaced = Phrase::new(entry).is_some_and(|phrase| !phrase.needle().starts_with(' '));
            if entry.starts_with('*') {
                titles.ends.entry(ground).or_insert(says);
            } else if is_unspaced {
                titles.anywhere.push((ground, says));
            } else {
                titles.rows.entry(ground).or_insert(says);
            }
        }
    }
    titles.anywhere.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
    titles
});

/// The level that a title speaks of; none where it has no word that is known.
pub fn level_of(title: &str) -> Option<Level> {
    let mut ground = Phrase::ground(title);
    let mut found = Vec::new();
    for (text, says) in &TITLES.anywhere {
        if ground.contains(text) {
            found.push(*says);
            ground = ground.replace(text, " ");
        }
    }
    let words: Vec<&str> = ground.split_whitespace().collect();
    let mut at = 0;
    while at < words.len() {
        let row = (1..=LONGEST.min(words.len() - at)).rev().find_map(|length| {
            TITLES.rows.get(&words[at..at + length].join(" ")).map(|says| (length, *says))
        });
        let end = || TITLES.ends.iter().find(|(end, _)| words[at].ends_with(end.as_str()));
        let (length, says) = match row {
            Some((length, says)) => (length, Some(says)),
            None => (1, end().map(|(_, says)| *says)),
        };
        found.extend(says);
        at += length;
    }
    if found.iter().any(|says| matches!(says, Says::Below)) {
        return Some(Level::Individual);
    }
    found.into_iter().filter_map(|says| if let Says::Is(level) = says { Some(level) } else { None }).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Level::{Director, Executive, Individual, Manager};

    #[test]
    fn titles_of_many_languages_have_their_level() {
        for (title, level) in [
            ("VP Sales", Some(Executive)),
            ("V.P. Sales", Some(Executive)),
            ("C.E.O.", Some(Executive)),
            ("Geschaeftsfuehrer", Some(Executive)),
            ("Dir. of Sales", Some(Director)),
            ("Assistant Director", Some(Director)),
            ("CEO Assistant", Some(Individual)),
            ("CEO's assistant", Some(Individual)),
            ("EA to CFO", Some(Individual)),
            ("Assistante du directeur", Some(Individual)),
            ("Office of the CEO", Some(Individual)),
            ("Senior Vice\u{a0}President, EMEA", Some(Executive)),
            ("Co-Founder & CEO", Some(Executive)),
            ("Geschäftsführerin", Some(Executive)),
            ("Directeur général adjoint", Some(Executive)),
            ("Gerente General", Some(Executive)),
            ("代表取締役社長", Some(Executive)),
            ("กรรมการผู้จัดการ", Some(Executive)),
            ("Director of Sales", Some(Director)),
            ("Head of Growth", Some(Director)),
            ("Leiter Vertrieb (DACH)", Some(Director)),
            ("Directeur commercial", Some(Director)),
            ("Marketingdirektor", Some(Director)),
            ("営業部長", Some(Director)),
            ("MARKETING MANAGER", Some(Manager)),
            ("Gerente de ventas", Some(Manager)),
            ("Produktmanagerin", Some(Manager)),
            ("Teamleiter Einkauf", Some(Manager)),
            ("ผู้จัดการฝ่ายขาย", Some(Manager)),
            ("Software Engineer", Some(Individual)),
            ("Assistant to the CEO", Some(Individual)),
            ("Executive Assistant", Some(Individual)),
            ("Product Owner", Some(Individual)),
            ("Werkstudentin Geschäftsführung", Some(Individual)),
            ("VPN Wizard", None),
            ("Headhunter", None),
            ("", None),
        ] {
            assert_eq!(level_of(title), level, "{title}");
        }
    }

    #[test]
    fn every_entry_is_of_the_level_that_it_stands_under() {
        let mut of_each = BTreeMap::new();
        for (row, says) in &TITLES.rows {
            let level = match says {
                Says::Is(level) => *level,
                Says::Below => Individual,
            };
            assert_eq!(level_of(row), Some(level), "{row}");
            assert!(row.split(' ').count() <= LONGEST, "{row}");
            *of_each.entry(level).or_insert(0) += 1;
        }
        assert!(Level::ALL.iter().all(|level| of_each[level] > 50), "{of_each:?}");
    }

    /// The words that the shipped rule named before there was a list.
    #[test]
    fn whoever_was_a_manager_or_higher_still_is() {
        for word in "manager director head chief vp president ceo cto cfo coo cmo founder owner".split(' ') {
            assert!(level_of(word) >= Some(Manager), "{word}");
        }
    }
}
