//! Which language a lead reads: the one they told, else the one that most people of their country read.

/// A language by its tag (BCP 47), in small letters: "de", "pt-br".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(String);

impl Language {
    /// Reads a tag or a locale ("de", "de-AT", "de_AT.UTF-8"), or the name of a language as forms have it ("German", "Deutsch").
    /// `None` when it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        if let Some((code, _)) = NAMES.iter().find(|(_, names)| names.contains(&text.as_str())) {
            return Some(Self((*code).to_owned()));
        }
        // What follows is an encoding, a modifier, or the second choice of a browser.
        let tag = text.split(['.', '@', ',', ';']).next()?.replace('_', "-");
        let mut parts = tag.split('-');
        let primary = parts.next()?;
        let is_tag = matches!(primary.len(), 2 | 3)
            && primary.bytes().all(|b| b.is_ascii_lowercase())
            && primary != "und"
            && parts
                .all(|part| matches!(part.len(), 1..=8) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
        is_tag.then_some(Self(tag))
    }

    /// The whole tag: "de-at".
    pub fn tag(&self) -> &str {
        &self.0
    }

    /// The language alone: "de".
    pub fn primary(&self) -> &str {
        self.0.split('-').next().unwrap_or(&self.0)
    }

    /// Whether it is written from right to left, by its script where the tag names one.
    pub fn is_right_to_left(&self) -> bool {
        const LANGUAGES: [&str; 11] = ["ar", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"];
        const SCRIPTS: [&str; 4] = ["arab", "hebr", "syrc", "thaa"];
        match self.0.split('-').nth(1).filter(|part| part.len() == 4) {
            Some(script) => SCRIPTS.contains(&script),
            None => LANGUAGES.contains(&self.primary()),
        }
    }
}

/// The language of a lead: what they told, where that is a language; else that of their country (two letters of ISO 3166-1),
/// where most people there read one and the same.
pub fn language_of(told: Option<&str>, country: Option<&str>) -> Option<Language> {
    told.and_then(Language::parse).or_else(|| {
        let country = country?.trim();
        let reads = |countries: &str| countries.split(' ').any(|code| code.eq_ignore_ascii_case(country));
        let found = COUNTRIES.iter().find(|(_, countries)| reads(countries));
        found.map(|(code, _)| Language((*code).to_owned()))
    })
}

/// Languages by name, as people and the exports of CRMs write them.
const NAMES: [(&str, &[&str]); 16] = [
    ("ar", &["arabic", "العربية"]),
    ("cs", &["czech", "čeština"]),
    ("da", &["danish", "dansk"]),
    ("de", &["german", "deutsch"]),
    ("en", &["english"]),
    ("es", &["spanish", "español", "castellano"]),
    ("fr", &["french", "français"]),
    ("he", &["hebrew", "עברית"]),
    ("it", &["italian", "italiano"]),
    ("ja", &["japanese", "日本語"]),
    ("nb", &["norwegian", "norsk"]),
    ("nl", &["dutch", "nederlands"]),
    ("pl", &["polish", "polski"]),
    ("pt", &["portuguese", "português"]),
    ("sv", &["swedish", "svenska"]),
    ("tr", &["turkish", "türkçe"]),
];

/// Countries in which most people read one language. Those that read several (BE, CA, CH, LU) are left out: nobody likes a wrong guess.
/// Source: the official languages of CLDR, supplemental/languageInfo.
const COUNTRIES: [(&str, &str); 27] = [
    ("ar", "AE BH DZ EG IQ JO KW LB LY MA OM QA SA SY TN YE"),
    ("cs", "CZ"),
    ("da", "DK"),
    ("de", "AT DE LI"),
    ("el", "GR"),
    ("es", "AR BO CL CO CR DO EC ES GT HN MX NI PA PE PY SV UY VE"),
    ("et", "EE"),
    ("fi", "FI"),
    ("fr", "FR MC"),
    ("he", "IL"),
    ("hu", "HU"),
    ("is", "IS"),
    ("it", "IT SM"),
    ("ja", "JP"),
    ("ko", "KR"),
    ("lt", "LT"),
    ("lv", "LV"),
    ("nb", "NO"),
    ("nl", "NL"),
    ("pl", "PL"),
    ("pt", "BR PT"),
    ("ro", "MD RO"),
    ("sk", "SK"),
    ("sv", "SE"),
    ("th", "TH"),
    ("tr", "TR"),
    ("vi", "VN"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_read_however_it_is_written() {
        for (text, tag) in [
            ("de", "de"),
            (" DE-AT ", "de-at"),
            ("de_AT.UTF-8", "de-at"),
            ("de-DE,de;q=0.9,en;q=0.8", "de-de"),
            ("zh-Hant-TW", "zh-hant-tw"),
            ("German", "de"),
            ("Français", "fr"),
        ] {
            assert_eq!(Language::parse(text).map(|l| l.tag().to_owned()).as_deref(), Some(tag), "{text}");
        }
        for text in ["", "C", "POSIX", "und", "klingon", "de--at", "d3", "{{ 7 }}", "../de"] {
            assert_eq!(Language::parse(text), None, "{text}");
        }
        assert_eq!(Language::parse("pt-BR").unwrap().primary(), "pt");
    }

    #[test]
    fn what_they_told_counts_before_their_country() {
        let of = |told, country| language_of(told, country).map(|l| l.tag().to_owned());
        assert_eq!(of(Some("en-GB"), Some("DE")).as_deref(), Some("en-gb"));
        assert_eq!(
            of(Some("klingon"), Some("de")).as_deref(),
            Some("de"),
            "what is no language says nothing"
        );
        assert_eq!(of(None, Some(" at ")).as_deref(), Some("de"));
        assert_eq!(of(None, Some("CH")), None, "Switzerland reads four");
        assert_eq!(of(None, None), None);
    }

    #[test]
    fn the_script_decides_where_it_is_named() {
        let rtl = |tag: &str| Language::parse(tag).unwrap().is_right_to_left();
        assert!(rtl("ar") && rtl("he-IL") && rtl("az-Arab"));
        assert!(!rtl("de") && !rtl("az") && !rtl("ku-Latn"));
    }
}
