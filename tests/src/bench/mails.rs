//! The mail that the outbox is measured with, and the plan that sends it: text and MJML, a link to
//! follow and the link to leave, about two kilobytes of words and markup before the headers.

use std::collections::BTreeMap;

use rekindle_core::playbook::Files;

/// The plan: one mail to everybody at any hour, then a wait, as plans have it.
pub(crate) const SEQUENCE: &str = "news";

const NEWS: &str = r#"
name = "news"
purpose = "marketing"

[[step]]
mail = "news"

[[step]]
wait = "4d"

[[step]]
finish = true
"#;

const LAYOUT: &str = r#"<mjml>
  <mj-head><mj-title>{{ sender.company }}</mj-title></mj-head>
  <mj-body>
    <mj-include path="body.mjml" />
    <mj-raw><p>{{ sender.postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a></p></mj-raw>
  </mj-body>
</mjml>"#;

/// Plain markup: columns would make three times as many bytes of it.
const BODY: &str = r#"<mj-raw>
  <p>Hi {{ first_name | default("there") }}, here is what is new at {{ sender.company }}{% if company %} for {{ company }}{% endif %}.</p>
  <p><a href="https://www.example.com/whats-new">Read on</a></p>
</mj-raw>"#;

const TEXT: &str = r#"Hi {{ first_name | default("there") }},

here is what is new at {{ sender.company }}{% if company %} for {{ company }}{% endif %}:
https://www.example.com/whats-new

{{ sender.name }}
--
{{ sender.postal_address }}
Unsubscribe: {{ unsubscribe_url }}
"#;

const SUBJECT: &str = "What is new{% if first_name %}, {{ first_name }}{% endif %}";

const SUNSET: &str = "quiet_for = \"30d\"\nenroll = \"news\"\nagain_after = \"180d\"\n";

fn files<const N: usize>(files: [(&str, &str); N]) -> BTreeMap<String, String> {
    files.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
}

/// The playbook with that plan.
pub(crate) fn playbook() -> Files {
    files([
        ("scoring.toml", include_str!("../../../config/playbook/scoring.toml")),
        ("segments.toml", ""),
        ("sunset.toml", SUNSET),
        ("routing.toml", include_str!("../../../config/playbook/routing.toml")),
        ("sequences/news.toml", NEWS),
    ])
}

/// The mail.
pub(crate) fn templates() -> BTreeMap<String, String> {
    files([
        ("_layout.mjml", LAYOUT),
        ("news/body.mjml", BODY),
        ("news/body.txt", TEXT),
        ("news/subject.txt", SUBJECT),
    ])
}
