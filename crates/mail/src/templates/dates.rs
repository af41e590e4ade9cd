//! A day as a person reads it, in the language of the mail: "Friday, 18 December", "Freitag, 18. Dezember".

use chrono::{Datelike, NaiveDate};
use pure_rust_locales::{Locale, locale_match};
use rekindle_core::language::Language;

/// How a day is written: `{D}` the weekday, `{d}` the day, `{M}` the month in words, `{m}` in digits. Source: the long dates of CLDR
/// without their year; the words are glibc's.
const LANGUAGES: [(&str, Locale, &str); 18] = [
    ("cs", Locale::cs_CZ, "{D} {d}. {M}"),
    ("da", Locale::da_DK, "{D} den {d}. {M}"),
    ("de", Locale::de_DE, "{D}, {d}. {M}"),
    ("en", Locale::en_GB, "{D}, {d} {M}"),
    ("en-us", Locale::en_US, "{D}, {M} {d}"),
    ("es", Locale::es_ES, "{D}, {d} de {M}"),
    ("fr", Locale::fr_FR, "{D} {d} {M}"),
    ("it", Locale::it_IT, "{D} {d} {M}"),
    ("ja", Locale::ja_JP, "{m}月{d}日 {D}"),
    ("ko", Locale::ko_KR, "{m}월 {d}일 {D}"),
    ("nb", Locale::nb_NO, "{D} {d}. {M}"),
    ("nl", Locale::nl_NL, "{D} {d} {M}"),
    ("pl", Locale::pl_PL, "{D}, {d} {M}"),
    ("pt", Locale::pt_PT, "{D}, {d} de {M}"),
    ("ru", Locale::ru_RU, "{D}, {d} {M}"),
    ("sv", Locale::sv_SE, "{D} den {d} {M}"),
    ("tr", Locale::tr_TR, "{d} {M} {D}"),
    ("zh", Locale::zh_CN, "{m}月{d}日 {D}"),
];

/// The day in words; in digits that everybody reads ("2026-12-18") where the language is not among ours.
pub(super) fn in_words(day: NaiveDate, language: &Language) -> String {
    let of = |tag: &str| LANGUAGES.iter().find(|(known, ..)| *known == tag);
    let Some((_, locale, pattern)) = of(language.tag()).or_else(|| of(language.primary())) else {
        return day.to_string();
    };
    let locale = *locale;
    let (weekdays, months) = (locale_match!(locale => LC_TIME::DAY), locale_match!(locale => LC_TIME::MON));
    let word = |words: &'static [&'static str], at: u32| {
        usize::try_from(at).ok().and_then(|at| words.get(at)).copied().unwrap_or_default()
    };
    pattern
        .replace("{D}", word(weekdays, day.weekday().num_days_from_sunday()))
        .replace("{d}", &day.day().to_string())
        .replace("{M}", word(months, day.month0()))
        .replace("{m}", &day.month().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_in_the_language_of_the_mail() {
        let day = NaiveDate::from_ymd_opt(2026, 12, 18).unwrap();
        for (tag, words) in [
            ("en", "Friday, 18 December"),
            ("en-us", "Friday, December 18"),
            ("de-at", "Freitag, 18. Dezember"),
            ("fr", "vendredi 18 décembre"),
            ("es-mx", "viernes, 18 de diciembre"),
            ("pl", "piątek, 18 grudnia"),
            ("ja", "12月18日 金曜日"),
            ("ar", "2026-12-18"),
        ] {
            assert_eq!(in_words(day, &Language::parse(tag).unwrap()), words, "{tag}");
        }
    }

    #[test]
    fn every_language_of_ours_has_all_its_words() {
        let days = NaiveDate::from_ymd_opt(2026, 1, 4).unwrap().iter_days().step_by(27).take(14);
        for day in days {
            for (tag, ..) in LANGUAGES {
                let said = in_words(day, &Language::parse(tag).unwrap());
                assert!(said.contains(&day.day().to_string()) && !said.contains('{'), "{tag}: {said}");
                assert!(said.chars().filter(|c| c.is_alphabetic()).count() >= 5, "{tag}: {said}");
            }
        }
    }
}
