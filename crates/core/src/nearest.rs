//! "Did you mean": the known word nearest to one that is not known.
//!
//! Every error about an unknown name (a rule, a mail, a time zone, a setting) ends with [`did_you_mean`], so that the
//! reader can put it right without opening the manual.

/// How many known words an error lists before it says "and N more".
const LISTED: usize = 12;

/// The known word nearest to `word`, when it is near enough to be a slip of the finger: letter case apart, at most one
/// changed, missing, extra or swapped letter for every three. Or the only one that begins with it, and is not twice as long.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = fold(word);
    let slips = wanted.chars().count() / 3;
    let known: Vec<(&str, String)> =
        known.into_iter().map(|candidate| (candidate, fold(candidate))).collect();
    let slipped = known
        .iter()
        .map(|(candidate, folded)| (strsim::damerau_levenshtein(&wanted, folded), *candidate))
        .filter(|(distance, _)| *distance <= slips)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate);
    slipped.or_else(|| {
        let is_begun = |folded: &str| folded.starts_with(&wanted) && folded.len() <= wanted.len() * 2;
        let mut begun = known.iter().filter(|(_, folded)| wanted.len() > 1 && is_begun(folded));
        let (first, _) = begun.next()?;
        begun.next().is_none().then_some(*first)
    })
}

/// The end of a sentence about an unknown `word`: `; did you mean "x"?`, or `; known are a, b, c` when nothing is near,
/// or nothing at all when nothing is known.
#[must_use]
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(near) = nearest(word, known.iter().copied()) {
        return format!("; did you mean \"{near}\"?");
    }
    match known.len() {
        0 => String::new(),
        1 => format!("; there is only {}", known[0]),
        n if n <= LISTED => format!("; known are {}", known.join(", ")),
        n => format!("; known are {} and {} more", known[..LISTED].join(", "), n - LISTED),
    }
}

/// Spaces, hyphens and underscores are the same to a person who half remembers a name.
fn fold(word: &str) -> String {
    word.trim().to_lowercase().replace([' ', '-'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAILS: [&str; 3] = ["breakup", "offer", "survey"];

    #[test]
    fn a_slip_of_the_finger_finds_its_word() {
        assert_eq!(nearest("brekup", MAILS), Some("breakup"));
        assert_eq!(nearest("ofefr", MAILS), Some("offer"));
        assert_eq!(nearest("SURVEY ", MAILS), Some("survey"));
        assert_eq!(nearest("re engagement", ["re-engagement"]), Some("re-engagement"));
    }

    #[test]
    fn the_beginning_of_one_word_alone_finds_it() {
        assert_eq!(nearest("ur", ["url", "from"]), Some("url"));
        assert_eq!(nearest("s", MAILS), None);
        assert_eq!(nearest("data", ["database_url"]), None);
        assert_eq!(nearest("no", ["no-answer", "not-a-fit"]), None);
    }

    #[test]
    fn another_word_finds_nothing() {
        assert_eq!(nearest("invoice", MAILS), None);
        assert_eq!(nearest("ab", ["cd", "ac"]), None);
        assert_eq!(nearest("", MAILS), None);
        assert_eq!(nearest("offer", []), None);
    }

    #[test]
    fn the_nearest_wins_and_the_first_among_equals() {
        assert_eq!(nearest("score", ["scores", "score"]), Some("score"));
        assert_eq!(nearest("cart", ["card", "care"]), Some("card"));
    }

    #[test]
    fn the_sentence_says_the_name_or_what_is_known() {
        assert_eq!(did_you_mean("ofer", MAILS), "; did you mean \"offer\"?");
        assert_eq!(did_you_mean("invoice", MAILS), "; known are breakup, offer, survey");
        assert_eq!(did_you_mean("invoice", []), "");
        assert_eq!(did_you_mean("invoice", ["offer"]), "; there is only offer");
        let many: Vec<String> = (0..20).map(|n| format!("mail-number-{n}")).collect();
        let said = did_you_mean("x", many.iter().map(String::as_str));
        assert!(said.ends_with("mail-number-11 and 8 more"), "{said}");
    }

    proptest! {
        #[test]
        fn a_known_word_is_nearest_to_itself(word in "\\PC{0,20}", others in proptest::collection::vec("\\PC{0,20}", 0..5)) {
            let known = others.iter().map(String::as_str).chain([word.as_str()]);
            let found = nearest(&word, known);
            prop_assert_eq!(found.map(fold), Some(fold(&word)));
        }

        #[test]
        fn one_lost_letter_of_four_or_more_is_forgiven(word in "[a-z]{4,12}", at in 0usize..12) {
            let mut typed = word.clone();
            typed.remove(at % word.len());
            prop_assert_eq!(nearest(&typed, [word.as_str()]), Some(word.as_str()));
        }
    }
}
