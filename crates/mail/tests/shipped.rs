//! The mails that ship: they compile, they keep the law for every lead, and a marketer would sign them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rekindle_mail::letter::Letter;
use rekindle_mail::templates::{LinkKind, Templates};

fn shipped_files() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/templates");
    let mut files = BTreeMap::new();
    let mut read = |path: &Path, name: String| files.insert(name, fs::read_to_string(path).unwrap());
    for entry in fs::read_dir(&root).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            for file in fs::read_dir(entry.path()).unwrap().map(Result::unwrap) {
                read(&file.path(), format!("{name}/{}", file.file_name().into_string().unwrap()));
            }
        } else {
            read(&entry.path(), name);
        }
    }
    files
}

fn shipped() -> Templates {
    Templates::load(&shipped_files())
        .unwrap_or_else(|errors| panic!("{}", errors.iter().map(|e| format!("{e}\n")).collect::<String>()))
}

fn url(kind: &LinkKind) -> String {
    match kind {
        LinkKind::Click { .. } => "https://go.acme.test/c/1/click".into(),
        LinkKind::Offer => "https://go.acme.test/o/1/offer".into(),
        LinkKind::Survey { answer } => format!("https://go.acme.test/s/1/{answer}"),
        LinkKind::Confirm => "https://go.acme.test/y/1/yes".into(),
        LinkKind::Preferences => "https://go.acme.test/p/1/choose".into(),
        LinkKind::Unsubscribe => "https://go.acme.test/u/1/stop?a=1&b=2".into(),
        LinkKind::Bait => "https://go.acme.test/c/bait".into(),
    }
}

#[test]
fn the_shipped_mails_have_no_problem_but_the_address_to_fill_in() {
    let templates = shipped();
    let names: Vec<&str> = templates.names().collect();
    for mail in [
        "asked-later",
        "breakup",
        "call-to-action",
        "case-study",
        "comparison",
        "confirm-subscription",
        "education",
        "objections",
        "offer",
        "pricing-1",
        "pricing-2",
        "pricing-3",
        "survey",
        "welcome",
    ] {
        assert!(names.contains(&mail), "{mail} is not among {names:?}");
    }
    let problems = templates.check();
    let other: Vec<String> =
        problems.iter().filter(|p| !p.what.contains("example.com")).map(ToString::to_string).collect();
    assert!(other.is_empty(), "{other:#?}");
    assert!(problems.iter().all(|p| !p.fatal), "{problems:#?}");
    assert!(!problems.is_empty(), "the stand-in address must be pointed out");
}

#[test]
fn every_link_of_a_shipped_mail_is_the_leads_own() {
    let templates = shipped();
    for name in templates.names() {
        for letter in [Letter::sample().about(name), Letter::empty().about(name)] {
            let mail = templates.render(name, None, &letter, url).unwrap();
            if let Some(folder) = std::env::var_os("REKINDLE_SHOW_MAILS") {
                let whom = if letter.lead.name.is_some() { "sample" } else { "empty" };
                fs::write(Path::new(&folder).join(format!("{name}-{whom}.html")), &mail.html).unwrap();
                fs::write(
                    Path::new(&folder).join(format!("{name}-{whom}.txt")),
                    format!("{}\n\n{}", mail.subject, mail.text),
                )
                .unwrap();
            }
            for part in [&mail.html, &mail.text] {
                assert!(
                    !part.contains("{{") && !part.contains("{%") && !part.contains("qzjinjaq"),
                    "{name}: {part}"
                );
                assert!(!part.contains("www.example.com"), "{name} leaks an untracked link");
                if letter.form.is_some() {
                    assert!(part.contains("https://go.acme.test/y/1/yes"), "{name}");
                    continue;
                }
                assert!(part.contains("https://go.acme.test/u/1/stop?a=1"), "{name}");
                assert!(part.contains("https://go.acme.test/p/1/choose"), "{name} has no way to less");
            }
            assert!(mail.html.len() < 40_000, "{name} is {} bytes", mail.html.len());
            assert!(
                letter.form.is_some()
                    || mail.text.contains("/u/1/stop?a=1&b=2") && mail.html.contains("/u/1/stop?a=1&amp;b=2")
            );
        }
    }
}

#[test]
fn an_unknown_lead_is_still_greeted_like_a_person() {
    let templates = shipped();
    let known = templates.render("breakup", None, &Letter::sample(), url).unwrap();
    let unknown = templates.render("breakup", None, &Letter::empty(), url).unwrap();
    assert_eq!(known.subject, "Should I close your file, Zoë?");
    assert_eq!(unknown.subject, "Should I close your file?");
    assert!(known.html.contains("for Northwind &amp; Sons") && known.text.contains("for Northwind & Sons"));
    assert!(unknown.text.starts_with("Hi there,\n"));
}

#[test]
fn the_survey_asks_what_the_sequence_counts() {
    let templates = shipped();
    let answers: Vec<_> = templates
        .links("survey")
        .unwrap()
        .iter()
        .filter_map(|l| match &l.kind {
            LinkKind::Survey { answer } => Some(answer.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(answers, ["later", "price", "missing", "person", "stop"]);
    let mail = templates.render("survey", None, &Letter::empty(), url).unwrap();
    for answer in answers {
        let link = format!("https://go.acme.test/s/1/{answer}");
        assert!(mail.html.contains(&link) && mail.text.contains(&link), "{answer}");
    }
}

#[test]
fn an_offer_without_terms_still_makes_sense() {
    let templates = shipped();
    let bare = templates.render("offer", None, &Letter::empty(), url).unwrap();
    assert_eq!(bare.subject, "Something we have kept aside for you");
    assert!(!bare.text.contains("Your code") && !bare.html.contains("dashed"));
    let full = templates.render("offer", None, &Letter::sample(), url).unwrap();
    assert!(full.text.contains("Your code: WARM-7Q4X") && full.html.contains("WARM-7Q4X"));
}

#[test]
fn a_mail_asks_for_one_thing() {
    for (file, source) in shipped_files().iter().filter(|(file, _)| file.ends_with("/body.mjml")) {
        let (buttons, answers) =
            (source.matches("css-class=\"cta\"").count(), source.matches("mj-class=\"answer\"").count());
        let survey = file.starts_with("survey");
        assert_eq!((buttons, answers > 1), if survey { (0, true) } else { (1, false) }, "{file}");
    }
}

#[test]
fn the_text_says_what_the_html_says() {
    let templates = shipped();
    let words = |text: &str| -> Vec<String> {
        let letters = |c: char| if c.is_alphanumeric() { c } else { ' ' };
        let text: String = text.chars().map(letters).collect();
        text.split_whitespace().map(str::to_lowercase).filter(|word| word.chars().count() > 3).collect()
    };
    for name in templates.names() {
        let mail = templates.render(name, None, &Letter::sample().about(name), url).unwrap();
        // Behind what only inboxes show.
        let body = mail.html.split_once("class=\"card").unwrap().1;
        let between = body.split('<').filter_map(|piece| piece.split_once('>'));
        let bare: Vec<&str> = between.map(|(_, text)| text).collect();
        let bare = bare.join(" ").replace("&ldquo;", " ").replace("&rdquo;", " ");
        let said = words(&mail.text);
        let all = words(&bare);
        let unsaid: Vec<&String> = all.iter().filter(|word| !said.contains(word)).collect();
        assert!(unsaid.len() * 8 < all.len(), "{name}: {} of {} words: {unsaid:?}", unsaid.len(), all.len());
    }
}

#[test]
fn every_shipped_mail_is_there_in_german() {
    let templates = shipped();
    for mail in templates.mails() {
        let german = format!("{mail}.de");
        assert!(templates.variants(mail).any(|variant| variant == german), "{german} is missing");
        let (whole, bare) = (Letter::sample().about(mail), Letter::empty().about(mail));
        // A mail that asks back has nothing to be left: it is the only one.
        let way_out = if whole.form.is_some() { "Es bleibt die einzige" } else { "einem Klick abmelden" };
        for letter in [whole, bare] {
            let mail = templates.render(&german, None, &letter, url).unwrap();
            assert!(mail.html.contains("lang=\"de\""), "{german}");
            for part in [&mail.html, &mail.text] {
                assert!(part.contains(way_out) && !part.contains("nsubscribe"), "{german}: {part}");
                assert!(part.contains(" Sie ") || part.contains(" Ihre "), "{german}: {part}");
            }
        }
    }
    let offer = templates.render("offer.de", None, &Letter::sample(), url).unwrap();
    assert!(offer.text.contains("für Sie, bis Freitag, 18. Dezember"), "{}", offer.text);
}
