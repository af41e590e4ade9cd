//! Templates as a marketer writes them, rightly and wrongly.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use rekindle_mail::letter::{Addressee, Letter};
use rekindle_mail::templates::{LinkKind, RenderError, TemplateError, Templates};

const LAYOUT: &str = r#"<mjml><mj-head></mj-head><mj-body>
<mj-include path="body.mjml" />
<mj-section><mj-column><mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a> {{ sender.postal_address }}</mj-text></mj-column></mj-section>
</mj-body></mjml>"#;

fn files(subject: &str, body: &str, text: Option<&str>) -> BTreeMap<String, String> {
    let mut files = BTreeMap::from([
        ("_layout.mjml".to_owned(), LAYOUT.to_owned()),
        ("hello/subject.txt".to_owned(), subject.to_owned()),
        ("hello/body.mjml".to_owned(), body.to_owned()),
    ]);
    files.extend(text.map(|t| ("hello/body.txt".to_owned(), t.to_owned())));
    files
}

fn section(words: &str) -> String {
    format!("<mj-section>\n<mj-column>\n<mj-text>{words}</mj-text>\n</mj-column>\n</mj-section>")
}

fn load(words: &str) -> Templates {
    Templates::load(&files("Hi {{ first_name | default('you') }}", &section(words), None))
        .unwrap_or_else(|e| panic!("{e:?}"))
}

fn url(kind: &LinkKind) -> String {
    match kind {
        LinkKind::Click { url } => format!("https://go.test/c?to={}&n=1", url.len()),
        LinkKind::Offer => "https://go.test/o".into(),
        LinkKind::Survey { answer } => format!("https://go.test/s/{answer}"),
        LinkKind::Confirm => "https://go.test/y/1/yes".into(),
        LinkKind::Preferences => "https://go.test/p/1/choose".into(),
        LinkKind::Unsubscribe => "https://go.test/u".into(),
        LinkKind::Bait => "https://go.test/c/bait".into(),
    }
}

fn html(words: &str, letter: &Letter) -> String {
    load(words).render("hello", None, letter, url).unwrap().html
}

fn refused(subject: &str, body: &str) -> TemplateError {
    let mut errors = Templates::load(&files(subject, body, None)).expect_err("it is wrong");
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.remove(0)
}

#[test]
fn a_leads_words_cannot_become_html() {
    let mut letter = Letter::sample();
    letter.lead.first_name = Some("<script>alert(\"1\")</script>&".into());
    letter.lead.company = Some("\" onmouseover=\"x".into());
    let html =
        html(r#"Hi {{ first_name }} <img src="https://acme.test/x.png" alt="{{ company }}" />"#, &letter);
    assert!(!html.contains("<script") && !html.contains("\" onmouseover"), "{html}");
    assert!(html.contains("&lt;script&gt;"));
    letter.lead.first_name = Some("{{ lead.email }}{% if 1 %}".into());
    assert!(
        self::html("Hi {{ first_name }}", &letter).contains("{{ lead.email }}"),
        "a value is never read as a template"
    );
}

#[test]
fn jinja_may_stand_where_it_is_said_to() {
    let body = r#"<mj-raw>{% if offer.code %}</mj-raw>
<mj-section><mj-column><mj-text>code {{ offer.code }}</mj-text></mj-column></mj-section>
<mj-raw>{% endif %}</mj-raw>
<mj-section><mj-column>
<mj-text>{% if first_name and 1 < 2 %}<b>yes</b>{% else %}no{% endif %}{% for n in range(3) %}[{{ n }}]{% endfor %}</mj-text>
<mj-button href="{{ survey_url("a-b") }}">{{ company | default("your {team}") }}</mj-button>
<mj-text><a href='{{ survey_url('c') }}'>c</a></mj-text>
</mj-column></mj-section>"#;
    let templates = Templates::load(&files("s", body, None)).unwrap();
    let full = templates.render("hello", None, &Letter::sample(), url).unwrap();
    assert!(
        full.html.contains("code WARM-7Q4X") && full.html.contains("<b>yes</b>[0][1][2]"),
        "{}",
        full.html
    );
    assert!(
        full.html.contains("href=\"https://go.test/s/a-b\"") && full.html.contains("https://go.test/s/c")
    );
    assert!(
        full.text.contains("[0][1][2]")
            && full.text.contains("Northwind & Sons")
            && full.text.contains("https://go.test/s/a-b"),
        "{}",
        full.text
    );
    let bare = templates.render("hello", None, &Letter::empty(), url).unwrap();
    assert!(!bare.html.contains("code ") && bare.html.contains("no[0]") && bare.html.contains("your {team}"));
}

#[test]
fn every_address_written_out_becomes_a_tracked_link_in_both_parts() {
    let body =
        section(r#"<a href="https://acme.test/p?a=1&amp;b=2">x</a> <a href="https://acme.test/q">y</a>"#);
    let text = "x: https://acme.test/p?a=1&b=2\nz: https://acme.test/z.\n{{ unsubscribe_url }} {{ sender.postal_address }}";
    let templates = Templates::load(&files("s", &body, Some(text))).unwrap();
    let kinds: Vec<_> = templates.links("hello").unwrap().iter().map(|l| (l.index, l.kind.clone())).collect();
    let click = |u: &str| LinkKind::Click { url: u.into() };
    assert_eq!(
        kinds,
        [
            (0, click("https://acme.test/p?a=1&b=2")),
            (1, click("https://acme.test/q")),
            (2, click("https://acme.test/z")),
            (3, LinkKind::Unsubscribe),
            (4, LinkKind::Bait),
        ]
    );
    let mail = templates.render("hello", None, &Letter::sample(), url).unwrap();
    assert!(mail.html.contains("href=\"https://go.test/c?to=27&amp;n=1\""), "{}", mail.html);
    assert!(
        mail.text.contains("x: https://go.test/c?to=27&n=1\nz: https://go.test/c?to=19&n=1.\n"),
        "{}",
        mail.text
    );
    assert!(!mail.html.contains("acme.test/") && !mail.text.contains("acme.test/"));
}

#[test]
fn a_text_part_is_made_where_none_is_written() {
    let body = "<mj-preview>Not for the text</mj-preview>\n".to_owned()
        + &section(
            r#"Hello <b>{{ first_name | default("there") }}</b>, <a href="https://acme.test/p">look</a>"#,
        );
    let templates = Templates::load(&files("s", &body, None)).unwrap();
    let mail = templates.render("hello", None, &Letter::sample(), url).unwrap();
    assert!(mail.html.contains("Not for the text") && !mail.text.contains("Not for the text"));
    assert!(
        mail.text.contains("Zoë")
            && mail.text.contains("https://go.test/c?to=19&n=1")
            && mail.text.contains("https://go.test/u"),
        "{}",
        mail.text
    );
    assert!(!mail.text.contains('<') && mail.text.contains("Dublin"), "{}", mail.text);
}

#[test]
fn a_value_that_is_missing_or_blank_stops_the_mail_unless_there_is_a_default() {
    let strict = load("Dear {{ lead.first_name }}");
    for missing in [None, Some(String::new()), Some("  ".into())] {
        let letter =
            Letter { lead: Addressee { first_name: missing, ..Letter::sample().lead }, ..Letter::sample() };
        let stopped = strict.render("hello", None, &letter, url).unwrap_err();
        let RenderError::Template(e) = stopped else { panic!("{stopped}") };
        assert_eq!((e.file.as_str(), e.line), ("hello/body.mjml", Some(3)));
        assert!(e.what.contains("first_name"), "{e}");
        assert!(html("Dear {{ first_name | default('friend') }}", &letter).contains("Dear friend"));
    }
    assert!(
        strict.check().iter().any(|p| p.fatal && p.line == Some(3) && p.what.contains("only the address"))
    );
}

#[test]
fn mistakes_are_told_with_file_line_and_the_nearest_name() {
    let e = refused("s", &section("a\n{{ lead.frist_name }}"));
    assert_eq!((e.file.as_str(), e.line), ("hello/body.mjml", Some(4)));
    assert!(e.what.contains("“lead.frist_name”") && e.what.contains("“lead.first_name”"), "{e}");
    let e = refused("Hi {{ naem }}", &section("x"));
    assert_eq!(e.to_string(), "hello/subject.txt:1: “naem” is nothing a mail knows; did you mean “name”?");
    let e = refused("s", &section("a\n\n{% if first_name %}x"));
    assert_eq!(e.file, "hello/body.mjml");
    assert!(e.line.is_some());
    let e = refused("s", "<mj-section>\n<mj-column>\n<mj-text>x\n</mj-column></mj-section>");
    assert_eq!((e.line, e.what.as_str()), (Some(3), "<mj-text> is not closed before </mj-column> in line 4"));
    let e = refused("s", "<mj-section>\n<mj-column>\n<mj-buton>x</mj-buton></mj-column></mj-section>");
    assert_eq!((e.file.as_str(), e.line), ("hello/body.mjml", Some(3)), "{e}");
    let e = refused("s", "words\n<mj-section></mj-section>");
    assert!(e.what.contains("<mj-text>"), "{e}");
    let e = refused("s", &section(r#"<a href="https://acme.test/?who={{ lead.email }}">x</a>"#));
    assert!(e.what.contains("write the address out"), "{e}");
    let e = refused("{{ unsubscribe_url }}", &section("x"));
    assert!(e.what.contains("subject"), "{e}");
    let mut wrong = files("s", &section("x"), None);
    wrong.insert("hello/bdy.txt".into(), String::new());
    wrong.remove("hello/subject.txt");
    let errors = Templates::load(&wrong).unwrap_err();
    let told: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "hello/bdy.txt: no such file belongs to a mail; did you mean “body.txt”?",
            "hello/subject.txt: the file is missing"
        ]
    );
    let unknown = load("x").render("helo", None, &Letter::sample(), url).unwrap_err();
    assert_eq!(unknown.to_string(), "there is no mail “helo”; did you mean “hello”?");
}

#[test]
fn a_subject_of_the_playbook_takes_the_place_of_the_file() {
    let templates = load("x");
    let mut letter = Letter::sample();
    letter.lead.first_name = Some("Ann\r\nBcc: x@y.test".into());
    let variant = "Is this goodbye, {{ first_name | default('friend') }}?";
    for _ in 0..2 {
        assert_eq!(
            templates.render("hello", Some(variant), &letter, url).unwrap().subject,
            "Is this goodbye, Ann Bcc: x@y.test?"
        );
    }
    assert_eq!(
        templates.render("hello", Some(variant), &Letter::empty(), url).unwrap().subject,
        "Is this goodbye, friend?"
    );
    assert!(templates.check_subject("Hi {{ fist_name }}").unwrap_err().what.contains("“first_name”"));
    assert!(templates.check_subject("{{ offer_url }}").is_err());
    assert!(templates.check_subject(variant).is_ok());
}

#[test]
fn the_check_names_what_the_law_and_the_reader_would_miss() {
    let layout = LAYOUT.replace("{{ unsubscribe_url }}", "#").replace("{{ sender.postal_address }}", "");
    let mut wrong = files(
        "s",
        &section("<img src=\"https://acme.test/x.png\" />\n<a href=\"www.acme.test\">x</a>"),
        None,
    );
    wrong.insert("_layout.mjml".into(), layout);
    let problems = Templates::load(&wrong).unwrap().check();
    let told = |words: &str| {
        problems.iter().find(|p| p.what.contains(words)).unwrap_or_else(|| panic!("{words}: {problems:#?}"))
    };
    assert!(told("postal address").fatal && told("no way out").fatal && told("that a reader sees").fatal);
    assert_eq!((told("alt text").file.as_str(), told("alt text").line), ("hello/body.mjml", Some(3)));
    assert_eq!(told("www.acme.test").line, Some(4));
    assert!(
        load("Good words enough for everybody to read and to think about for a while.").check().is_empty()
    );
}
