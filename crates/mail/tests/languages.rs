//! Mails in several languages: who gets which, what a variant must have, and that it says what it is.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use rekindle_core::language::Language;
use rekindle_mail::letter::Letter;
use rekindle_mail::templates::{LinkKind, Templates};

const LAYOUT: &str = r#"<mjml lang="en"><mj-head><mj-attributes><mj-text align="left" /></mj-attributes></mj-head><mj-body>
<mj-include path="body.mjml" />
<mj-include path="_footer.mjml" />
</mj-body></mjml>"#;

fn section(words: &str) -> String {
    format!("<mj-section><mj-column><mj-text>{words}</mj-text></mj-column></mj-section>")
}

/// One mail, `hello`, and what a test lays beside it.
fn files(beside: &[(&str, &str)]) -> BTreeMap<String, String> {
    let out = "<a href=\"{{ unsubscribe_url }}\">%</a> {{ sender.postal_address }}";
    let mut files: BTreeMap<String, String> = [
        ("_layout.mjml", LAYOUT.to_owned()),
        ("_footer.mjml", section(&out.replace('%', "Unsubscribe"))),
        ("hello/subject.txt", "Hi".to_owned()),
        ("hello/body.mjml", section("until {{ offer.expires | default('soon') }}")),
    ]
    .map(|(file, text)| (file.to_owned(), text))
    .into();
    for (file, text) in beside {
        let text = if file.ends_with(".mjml") {
            section(&text.replace("%out", &out.replace('%', "x")))
        } else {
            (*text).to_owned()
        };
        files.insert((*file).to_owned(), text);
    }
    files
}

fn german() -> Vec<(&'static str, &'static str)> {
    vec![
        ("hello.de/subject.txt", "Hallo"),
        ("hello.de/body.mjml", "bis {{ offer.expires | default('bald') }}"),
        ("_footer.de.mjml", "Abmelden: %out"),
    ]
}

fn html(templates: &Templates, name: &str) -> String {
    let url = |kind: &LinkKind| match kind {
        LinkKind::Unsubscribe => "https://go.test/u".to_owned(),
        _ => "https://go.test/x".to_owned(),
    };
    templates.render(name, None, &Letter::sample(), url).unwrap().html
}

fn refused(files: &BTreeMap<String, String>) -> Vec<String> {
    Templates::load(files).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn a_language_falls_back_to_what_there_is() {
    let mut beside = german();
    beside.extend([("hello.de-at/subject.txt", "Servus"), ("hello.de-at/body.mjml", "x")]);
    let templates = Templates::load(&files(&beside)).unwrap();
    assert_eq!(templates.names().collect::<Vec<_>>(), ["hello", "hello.de", "hello.de-at"]);
    assert_eq!(
        templates.mails().collect::<Vec<_>>(),
        ["hello"],
        "a sequence names the mail, never a variant"
    );
    assert_eq!(templates.variants("hello").collect::<Vec<_>>(), ["hello.de", "hello.de-at"]);
    for (language, name) in [
        (None, "hello"),
        (Some("de"), "hello.de"),
        (Some("de-CH"), "hello.de"),
        (Some("de_AT"), "hello.de-at"),
        (Some("th"), "hello"),
    ] {
        let language = language.and_then(Language::parse);
        assert_eq!(templates.in_language("hello", language.as_ref()), name);
    }
}

#[test]
fn a_variant_says_what_it_is_and_has_its_own_footer_and_dates() {
    let templates = Templates::load(&files(&german())).unwrap();
    let (english, german) = (html(&templates, "hello"), html(&templates, "hello.de"));
    assert!(english.contains("lang=\"en\"") && !english.contains("lang=\"de\""));
    assert!(english.contains("until Friday, 18 December") && english.contains("Unsubscribe"));
    assert!(german.contains("lang=\"de\"") && !german.contains("lang=\"en\""));
    assert!(german.contains("bis Freitag, 18. Dezember"), "{german}");
    assert!(german.contains("Abmelden") && !german.contains("Unsubscribe"));
    // A whole layout may be another, too.
    let mut all = files(&self::german());
    all.insert("_layout.de.mjml".to_owned(), LAYOUT.replace("<mj-body>", "<mj-body css-class=\"anders\">"));
    let templates = Templates::load(&all).unwrap();
    assert!(html(&templates, "hello.de").contains("anders") && !html(&templates, "hello").contains("anders"));
}

#[test]
fn what_is_written_from_right_to_left_says_so() {
    let beside =
        [("hello.ar/subject.txt", "مرحبا"), ("hello.ar/body.mjml", "مرحبا"), ("_footer.ar.mjml", "%out")];
    let templates = Templates::load(&files(&beside)).unwrap();
    let (arabic, english) = (html(&templates, "hello.ar"), html(&templates, "hello"));
    let opening = arabic.split("<html").nth(1).and_then(|html| html.split('>').next()).unwrap();
    assert!(opening.contains("lang=\"ar\"") && opening.contains("dir=\"rtl\""), "{opening}");
    assert!(arabic.contains("direction:rtl") && !arabic.contains("direction:ltr"), "{arabic}");
    assert!(arabic.contains("text-align:right;color:#000000;\">مرحبا"), "{arabic}");
    assert!(!english.contains("rtl") && !english.contains("text-align:right"));
}

#[test]
fn a_variant_that_lacks_something_is_refused_with_file_and_nearest_name() {
    let with = |more: &[(&'static str, &'static str)]| {
        let mut beside = german();
        beside.extend_from_slice(more);
        refused(&files(&beside))
    };
    assert_eq!(
        with(&[("hello/body.txt", "{{ unsubscribe_url }}")]),
        ["hello.de/body.txt: the file is missing; “hello” has one"]
    );
    assert_eq!(
        with(&[(
            "hello/body.mjml",
            "<a href='{{ survey_url(\"price\") }}'>x</a> <a href='{{ offer_url }}'>x</a>"
        )]),
        [
            "hello.de/body.mjml: there is no link to survey_url(\"price\"), which “hello” has",
            "hello.de/body.mjml: there is no link to offer_url, which “hello” has",
        ]
    );
    assert_eq!(
        with(&[
            ("hello/body.mjml", "<a href='{{ survey_url(\"price\") }}'>x</a>"),
            ("hello.de/body.mjml", "a\n<a href='{{ survey_url(\"prise\") }}'>x</a>"),
        ]),
        [
            "hello.de/body.mjml:2: “hello” has no link to survey_url(\"prise\"); did you mean “survey_url(\"price\")”?"
        ]
    );
    assert_eq!(
        with(&[("helo.fr/subject.txt", "x"), ("helo.fr/body.mjml", "x")]),
        ["helo.fr: there is no mail “helo” that this could be a variant of; did you mean “hello”?"]
    );
    assert_eq!(
        with(&[("hello.german/subject.txt", "x"), ("hello.german/body.mjml", "x")]),
        ["hello.german: “german” is no language in small letters; did you mean “hello.de”?"]
    );
    assert_eq!(
        with(&[("_fotter.fr.mjml", "x")]),
        [
            "_fotter.fr.mjml: there is no file “_fotter” that this could be a variant of; did you mean “_footer”?"
        ]
    );
    let mut lacks = files(&german());
    lacks.remove("hello.de/subject.txt");
    assert_eq!(refused(&lacks), ["hello.de/subject.txt: the file is missing"]);
    let mut lacks = files(&[]);
    lacks.remove("_footer.mjml");
    assert_eq!(refused(&lacks), ["_layout.mjml:3: there is no “_footer.mjml” to include"]);
}

#[test]
fn words_around_a_mail_that_stay_in_another_language_are_pointed_out() {
    let mut beside = german();
    beside.retain(|(file, _)| *file != "_footer.de.mjml");
    let advice = |beside: &[(&str, &str)]| {
        let problems = Templates::load(&files(beside)).unwrap().check();
        problems.iter().filter(|p| !p.fatal).map(ToString::to_string).collect::<Vec<_>>()
    };
    let told = advice(&beside);
    assert!(told.iter().any(|line| line.contains("_footer.de.mjml")), "{told:?}");
    assert!(!advice(&german()).iter().any(|line| line.contains("_footer")));
}
