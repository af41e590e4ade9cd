//! When two texts are the same, and when one has a word of the other.
//!
//! Plain enough to be said in SQL as well, over columns that keep [`fold`] and [`Phrase::ground`].

/// The form in which texts are compared: small letters, no blanks around.
pub fn fold(text: &str) -> String {
    folded(text).collect()
}

/// Whether two texts are the same by [`fold`].
pub(super) fn same(one: &str, other: &str) -> bool {
    folded(one).eq(folded(other))
}

/// Letter by letter, so that a letter's small form never hangs on its neighbours.
fn folded(text: &str) -> impl Iterator<Item = char> {
    text.trim().chars().flat_map(char::to_lowercase)
}

/// A word, or several in a row, to be found whole: `vp` is in "VP, Sales" but not in "VPN".
///
/// In scripts that put no blanks between words (Thai, Chinese, Japanese, ...) it is found anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Phrase {
    text: String,
    needle: String,
}

impl Phrase {
    /// A phrase of what was written, or none if no letter or digit is in it.
    pub fn new(text: &str) -> Option<Self> {
        let ground = Self::ground(text);
        let core = ground.trim();
        let edge = |c: Option<char>| if c.is_some_and(is_unspaced) { "" } else { " " };
        let (before, after) = (edge(core.chars().next()), edge(core.chars().next_back()));
        let needle = format!("{before}{core}{after}");
        (!core.is_empty()).then(|| Self { text: text.to_owned(), needle })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What is looked for in [`Phrase::ground`].
    pub fn needle(&self) -> &str {
        &self.needle
    }

    /// A text made ready to look for phrases in: folded words with one blank between and around.
    pub fn ground(text: &str) -> String {
        let folded = fold(text);
        let mut ground = String::from(" ");
        for word in folded.split(|c| !is_in_word(c)).filter(|word| !word.is_empty()) {
            ground.push_str(word);
            ground.push(' ');
        }
        ground
    }

    /// Whether the phrase is in a text of that [`Phrase::ground`].
    pub fn is_in(&self, ground: &str) -> bool {
        ground.contains(&self.needle)
    }
}

/// Letters, digits and the marks that stand on letters; not blanks, punctuation and symbols.
fn is_in_word(c: char) -> bool {
    c.is_alphanumeric()
        || !(c.is_ascii()
            || c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{80}'..='\u{bf}' | '\u{d7}' | '\u{f7}' | '\u{2000}'..='\u{2bff}'
                | '\u{3000}'..='\u{303f}' | '\u{30fb}' | '\u{fe10}'..='\u{fe1f}'
                | '\u{fe30}'..='\u{fe6f}' | '\u{feff}' | '\u{ff00}'..='\u{ff65}'
                | '\u{1f000}'..='\u{1ffff}'))
}

/// Thai, Lao, Burmese, Khmer, Japanese and Chinese: no blanks between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_found_whole() {
        for (phrase, text, found) in [
            ("vp", "VP, Sales", true),
            ("VP", "vp", true),
            ("vp", "VPN engineer", false),
            ("head", "Head-of-Growth", true),
            ("head", "Headhunter", false),
            ("vice president", "Senior Vice\u{a0}President (EMEA)", true),
            ("vice president", "president, vice", false),
            ("R&D", "R & D lead", true),
            ("geschäftsführer", "GESCHÄFTSFÜHRER", true),
            ("chef", "Chef·fe de projet", true),
            ("ผู้จัดการ", "ผู้จัดการฝ่ายขาย", true),
            ("部長", "営業部長", true),
            ("部長", "営業課長", false),
            ("c", "🦀c🦀", true),
        ] {
            let needle = Phrase::new(phrase).expect("has letters");
            assert_eq!(needle.is_in(&Phrase::ground(text)), found, "{phrase} in {text}");
        }
        assert_eq!(Phrase::new(" +! "), None);
    }

    #[test]
    fn blanks_around_and_capitals_count_for_nothing() {
        assert!(same(" Straße\t", "straße"));
        assert!(same("ÉCOLE", "école"));
        assert!(!same("a b", "ab"));
        assert_eq!(fold("  ΣΑΣ "), "σασ");
    }
}
