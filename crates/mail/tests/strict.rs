//! What no mail may be without (rules E5 and L1), and what no template may do (threats 4.5, 3 and 5): against every naughty string there is.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use rekindle_mail::letter::{Addressee, Letter};
use rekindle_mail::templates::{LinkKind, Problem, RenderError, Rendered, Templates};

const FOOTER: &str = "<a href=\"{{ unsubscribe_url }}\">Unsubscribe</a> {{ sender.postal_address }}";
const WORDS: &str = "Good words, enough of them for everybody to read and to think about for a while.";

fn section(words: &str) -> String {
    format!("<mj-section><mj-column><mj-text>{words}</mj-text></mj-column></mj-section>")
}

/// One mail, `hello`: its body, what stands below each mail, and its text part if it has one of its own.
fn files(body: &str, footer: &str, text: Option<&str>) -> BTreeMap<String, String> {
    let layout = format!(
        "<mjml><mj-head></mj-head><mj-body>\n<mj-include path=\"body.mjml\" />\n{}</mj-body></mjml>",
        section(footer)
    );
    let mut files = BTreeMap::from([
        ("_layout.mjml".to_owned(), layout),
        ("hello/subject.txt".to_owned(), "Hi".to_owned()),
        ("hello/body.mjml".to_owned(), section(body)),
    ]);
    files.extend(text.map(|text| ("hello/body.txt".to_owned(), text.to_owned())));
    files
}

fn load(body: &str) -> Templates {
    Templates::load(&files(body, FOOTER, None)).unwrap_or_else(|e| panic!("{e:?}"))
}

fn url(kind: &LinkKind) -> String {
    match kind {
        LinkKind::Click { .. } => "https://go.test/c".into(),
        _ => "https://go.test/u".into(),
    }
}

fn render(templates: &Templates, letter: &Letter) -> Result<Rendered, RenderError> {
    templates.render("hello", None, letter, url)
}

/// What the check says of a mail, and whether it may be sent.
fn checked(files: &BTreeMap<String, String>) -> Vec<Problem> {
    Templates::load(files).unwrap().check()
}

fn naughty(file: &str) -> Option<String> {
    let corpora = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/naughty");
    let text = fs::read_to_string(corpora.join(file)).ok();
    if text.is_none() {
        println!("skipped: {file} is not beside the project");
    }
    text
}

#[test]
fn l1_no_part_may_be_without_the_postal_address() {
    let without = "<a href=\"{{ unsubscribe_url }}\">Unsubscribe</a>";
    let hidden = format!("{without} <span style=\"display:none\">{{{{ sender.postal_address }}}}</span>");
    let full_text = format!("{WORDS} {{{{ unsubscribe_url }}}} {{{{ sender.postal_address }}}}");
    for footer in [without, hidden.as_str()] {
        let told = checked(&files(WORDS, footer, Some(&full_text)));
        assert!(
            told.iter().any(|p| p.fatal && p.file == "hello/body.mjml" && p.what.contains("postal address")),
            "{footer}: {told:?}"
        );
    }
    let told = checked(&files(WORDS, FOOTER, Some("words {{ unsubscribe_url }}")));
    assert!(
        told.iter().any(|p| p.fatal && p.file == "hello/body.txt" && p.what.contains("postal address")),
        "{told:?}"
    );
    assert_eq!(checked(&files(WORDS, FOOTER, Some(&full_text))), [], "with both it is right");
}

#[test]
fn e5_no_part_may_be_without_a_way_out_that_is_seen() {
    let full_text = format!("{WORDS} {{{{ unsubscribe_url }}}} {{{{ sender.postal_address }}}}");
    for way_out in [
        "no way",
        "{{ unsubscribe_url }}",
        "<a href=\"{{ unsubscribe_url }}\"></a>",
        "<a href=\"{{ unsubscribe_url }}\"><img src=\"https://acme.test/dot.png\" alt=\"\" /></a>",
        "<span style=\"display: none\"><a href=\"{{ unsubscribe_url }}\">Unsubscribe</a></span>",
        "<p hidden><a href=\"{{ unsubscribe_url }}\">Unsubscribe</a></p>",
        "<!-- <a href=\"{{ unsubscribe_url }}\">Unsubscribe</a> -->",
    ] {
        let footer = format!("{way_out} {{{{ sender.postal_address }}}}");
        let told = checked(&files(WORDS, &footer, Some(&full_text)));
        assert!(
            told.iter().any(|p| p.fatal && p.what.contains("a way out") || p.what.contains("no way out")),
            "{way_out}: {told:?}"
        );
    }
    let told = checked(&files(WORDS, FOOTER, Some(&format!("{WORDS} {{{{ sender.postal_address }}}}"))));
    assert!(
        told.iter().any(|p| p.fatal && p.file == "hello/body.txt" && p.what.contains("no way out")),
        "{told:?}"
    );
}

#[test]
fn e5_what_gmail_would_cut_off_is_refused() {
    // 102 KB of HTML, the way out last.
    for (kilobytes, fine) in [(90, true), (103, false)] {
        let told = checked(&files(&"word ".repeat(kilobytes * 1024 / 5), FOOTER, None));
        let cut = told.iter().any(|p| p.fatal && p.what.contains("102 KB"));
        assert_eq!(cut, !fine, "{kilobytes} KB: {told:?}");
    }
}

#[test]
fn every_mail_is_checked_with_a_lead_of_whom_all_is_known_and_with_one_of_whom_nothing_is() {
    let whole = "{{ lead.company }} {{ offer.code }}";
    let told = checked(&files(&format!("{WORDS} {whole}"), FOOTER, None));
    let of = |words: &str| told.iter().filter(|p| p.fatal && p.what.contains(words)).count();
    assert_eq!((of("all is known"), of("only the address")), (0, 1), "{told:?}");
    let told = checked(&files(
        &format!("{WORDS} {{% if company %}}{{{{ offer.code + 1 }}}}{{% endif %}}"),
        FOOTER,
        None,
    ));
    assert!(told.iter().any(|p| p.fatal && p.what.contains("all is known")), "{told:?}");
}

#[test]
fn a_mail_of_pictures_and_a_broken_link_are_pointed_out() {
    let told = checked(&files(
        "<img src=\"https://acme.test/all.png\" alt=\"An offer\" />",
        "<a href=\"{{ unsubscribe_url }}\">x</a> {{ sender.postal_address }}",
        None,
    ));
    assert!(told.iter().any(|p| p.what.contains("a mail of pictures")), "{told:?}");
    let links = [
        ("https:/acme.test", "two slashes"),
        ("https://acme .test/x", "blank"),
        ("https://acme", "no name of a site"),
        ("https://acme..test", "no name of a site"),
        ("https://", "no name of a site"),
        ("www.acme.test", "leads nowhere"),
        ("mailto:", "leads nowhere"),
        ("javascript:alert(1)", "leads nowhere"),
    ];
    for (nth, (link, why)) in links.iter().enumerate() {
        let told =
            checked(&files(&format!("{WORDS}{}<a href=\"{link}\">x</a>", "\n".repeat(nth)), FOOTER, None));
        let one = told.iter().find(|p| p.what.contains(why)).unwrap_or_else(|| panic!("{link}: {told:?}"));
        assert_eq!((one.file.as_str(), one.line), ("hello/body.mjml", Some(nth + 1)), "{link}");
    }
    for link in [
        "https://acme.test",
        "http://localhost:8080/x",
        "https://www.bücher.test/a?b=c#d",
        "mailto:a@b.test",
        "tel:+66123",
    ] {
        let told = checked(&files(&format!("{WORDS} <a href=\"{link}\">x</a>"), FOOTER, None));
        assert_eq!(told, [], "{link}");
    }
    let text = format!("{WORDS}\nhttps://acme/x\n{{{{ unsubscribe_url }}}} {{{{ sender.postal_address }}}}");
    let told = checked(&files(WORDS, FOOTER, Some(&text)));
    assert!(told.iter().any(|p| p.file == "hello/body.txt" && p.line == Some(2)), "{told:?}");
}

/// A payload as a template: refused, or rendered to something in which nothing of the machine is.
fn assert_tame(payload: &str) {
    let secrets = ["root:x:", "/bin/sh", "PATH=", env!("CARGO_MANIFEST_DIR")];
    for files in [
        files(payload, FOOTER, None),
        files(WORDS, FOOTER, Some(&format!("{payload} {{{{ unsubscribe_url }}}}"))),
    ] {
        let Ok(templates) = Templates::load(&files) else { continue };
        if let Ok(mail) = render(&templates, &Letter::sample()) {
            for part in [&mail.html, &mail.text] {
                let leaked =
                    secrets.iter().find(|secret| part.contains(*secret) && !payload.contains(*secret));
                assert!(leaked.is_none(), "{payload}: {part}");
                assert!(part.len() <= 200 * 1024, "{payload}");
            }
        }
    }
}

#[test]
fn threat_4_5_5_a_template_reaches_nothing() {
    for payload in [
        "{% include \"/etc/passwd\" %}",
        "{% import \"/etc/passwd\" as x %}",
        "{% extends \"../../../etc/passwd\" %}",
        "{{ env.PATH }}{{ environ }}{{ debug() }}",
        "{{ lead.__class__.__mro__ }}",
        "{{ ''|attr('__class__') }}",
        "{{ self }}{{ _links }}{{ loop }}",
    ] {
        assert_tame(payload);
    }
    let Some(payloads) = naughty("payloads/Server-Side-Template-Injection__Intruder__ssti.fuzz") else {
        return;
    };
    assert!(payloads.lines().count() > 100);
    payloads.lines().for_each(assert_tame);
}

#[test]
fn threat_4_5_5_a_template_ends_and_stays_small() {
    for endless in [
        "{% for a in range(9000) %}{% for b in range(9000) %}{% endfor %}{% endfor %}",
        "{% for a in range(3000) %}{{ 'x' * 1000 }}{% endfor %}",
        "{{ 'x' * 100000000000 }}",
        "{{ range(100000000000) }}",
    ] {
        let stopped = render(&load(endless), &Letter::sample());
        assert!(stopped.is_err(), "{endless}");
    }
    // With something to pile text up in, forty lines would make a terabyte in few steps.
    for grows in [
        "{% set a = 'x' %}{% set a = a ~ a %}",
        "{% set ns = namespace(a='x') %}",
        "{% with a = 'x' %}{% with b = a ~ a %}{{ b }}{% endwith %}{% endwith %}",
        "{% macro m(s) %}{{ m(s ~ s) }}{% endmacro %}",
        "{% for x in ['x'] recursive %}{{ loop([x ~ x]) }}{% endfor %}",
        "{%- filter upper -%}x{%- endfilter -%}",
        "{{ 'x'|replace('x', 'xxxxxxxxxx') }}",
        "{{ 'x'|indent(1000000000) }}",
        "{{ range(100000)|join('xxxxxxxxxx') }}",
    ] {
        let errors = Templates::load(&files(grows, FOOTER, None))
            .map(|templates| render(&templates, &Letter::sample()));
        match errors {
            Err(errors) => assert!(
                errors[0].what.contains("no place in a mail")
                    || errors[0].what.contains("call itself")
                    || errors[0].what.contains("nothing a mail knows")
                    || errors[0].what.contains("no such filter"),
                "{errors:?}"
            ),
            Ok(rendered) => assert!(rendered.unwrap_err().to_string().contains("no such filter"), "{grows}"),
        }
    }
    let told = Templates::load(&files("x\n{% esle %}", FOOTER, None)).unwrap_err();
    assert_eq!(told[0].file, "hello/body.mjml");
}

/// A letter to somebody who filled in a form with this everywhere.
fn filled_in(value: &str) -> Letter {
    let some = || Some(value.to_owned());
    let lead = Addressee {
        first_name: some(),
        name: some(),
        company: some(),
        title: some(),
        ..Letter::sample().lead
    };
    Letter { lead, ..Letter::sample() }
}

/// Nothing that a lead wrote does anything but be read.
fn assert_harmless(templates: &Templates, value: &str) {
    let usual = render(templates, &filled_in("Kim")).unwrap();
    // What is blank for the reader, or an address, counts as not told: the default stands there.
    let mail = render(templates, &filled_in(value)).unwrap();
    let tags = |html: &str| html.matches('<').count();
    assert_eq!(tags(&mail.html), tags(&usual.html), "{value:?} became a tag: {}", mail.html);
    assert_eq!(
        mail.text.lines().count(),
        usual.text.lines().count(),
        "{value:?} became a line: {}",
        mail.text
    );
    for part in [&mail.html, &mail.text] {
        assert!(!part.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')), "{value:?}");
        assert!(!part.contains(['\u{202e}', '\u{2066}', '\u{200b}']), "{value:?}");
    }
    assert_eq!(mail.subject.lines().count(), 1, "{value:?}");
}

const GREETING: &str = "Hi {{ first_name | default('you') }} of {{ company | default('us') }}, <b title=\"{{ title | default('x') }}\">{{ name | default('y') }}</b>";

#[test]
fn threat_4_5_3_what_a_lead_wrote_is_only_read() {
    let templates = load(GREETING);
    for value in [
        "<script>alert(1)</script>",
        "\" onmouseover=\"x",
        "{{ 7*7 }}",
        "{% include '/etc/passwd' %}",
        "</title><script>",
        "javascript:alert(1)",
        "x\r\nBcc: x@y.test",
        "\u{202e}moc.live",
        "a\u{0}b\u{1b}[31m",
        "Zo\u{308}\u{308}\u{308}",
        &"e\u{301}".repeat(10_000),
    ] {
        assert_harmless(&templates, value);
    }
    let told = render(&templates, &filled_in("{{ 7*7 }} & co")).unwrap();
    assert!(
        told.text.contains("Hi {{ 7*7 }} & co of") && told.html.contains("Hi {{ 7*7 }} &amp; co of"),
        "{}",
        told.text
    );
    // A form filled in with somebody else's address must not make us send them a link.
    for value in ["See https://evil.test/x", "www.evil.test", "HTTP://EVIL.TEST"] {
        let told = render(&templates, &filled_in(value)).unwrap();
        assert!(
            told.text.contains("Hi you of us") && !told.text.to_lowercase().contains("evil"),
            "{}",
            told.text
        );
    }
}

#[test]
fn threat_4_5_3_no_naughty_string_does_more() {
    let templates = load(GREETING);
    let Some(blns) = naughty("blns/blns.json") else { return };
    let strings: Vec<String> = serde_json::from_str(&blns).unwrap();
    assert!(strings.len() > 500);
    strings.iter().for_each(|value| assert_harmless(&templates, value));
}
