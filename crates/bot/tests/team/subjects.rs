//! Subjects that a marketer types at the launch.

use crate::stage::Stage;
use rekindle_bot::inbound::What;
use serde_json::{Value, json};

async fn stage() -> Stage {
    let mut stage = Stage::set().await;
    stage.with_templates();
    for name in ["kim", "bo"] {
        stage.identify(&format!("{name}@x.test"), json!({"name": "Kim", "consent": true})).await;
    }
    stage
}

fn fact(card: &Value, label: &str) -> Value {
    let mut facts = card["facts"].as_array().into_iter().flatten();
    facts.find(|fact| fact["label"] == label).map(|fact| fact["value"].clone()).unwrap_or_default()
}

#[tokio::test]
async fn typed_subjects_are_previewed_kept_and_launched_as_they_were() {
    let stage = stage().await;
    let typed = r#"--subject "Shall we stop, {{ first_name | default("friend") }}?" --subject "@everyone, *one* question""#;
    let preview = stage.say("mia", &format!("/campaign preview re-engagement everyone {typed}")).await;
    let (text, id) = (preview["text"].as_str().unwrap(), preview["confirm"].as_str().unwrap());
    assert!(text.contains("First mail: breakup, “Shall we stop, Kim?”."), "{text}");
    let said = r#"2 subjects are tried, as typed: “Shall we stop, {{ first_name | default("friend") }}?”, “@everyone, *one* question”."#;
    assert!(text.contains(said), "{text}");
    assert!(text.contains("in another language (de)"), "{text}");
    assert_eq!(preview["data"]["subjects"].as_array().map(Vec::len), Some(2));
    assert!(
        fact(&preview["card"], "Subjects tried").as_str().unwrap().contains("“@everyone, *one* question”")
    );

    // What is confirmed is what was previewed: other subjects beside its id are another preview.
    let other = stage.say("mia", &format!("/campaign launch --confirm {id} --subject Other")).await;
    assert_eq!(other["code"], "other_preview");
    let launched = stage.say("mia", &format!("/campaign launch --confirm {id} {typed}")).await;
    assert_eq!(launched["card"]["state"], "running", "{launched:#}");
    assert_eq!(fact(&launched["card"], "Subjects tried"), fact(&preview["card"], "Subjects tried"));
    let report = stage.ask("vic", "/campaign report").await.text;
    assert!(
        report.contains("re-engagement, breakup: clicks “Shall we stop") && report.contains("of 0"),
        "{report}"
    );
    let lift = stage.ask("vic", "/campaign lift re-engagement").await.text;
    assert!(lift.contains("“Should I close") && lift.contains("“@everyone, *one* question”"), "{lift}");
}

#[tokio::test]
async fn one_subject_alone_takes_the_place_of_those_that_are_written() {
    let stage = stage().await;
    let launch = r#"/campaign launch re-engagement everyone --subject "Still there?""#;
    let preview = stage.say("mia", launch).await;
    let text = preview["text"].as_str().unwrap();
    assert!(
        text.contains("First mail: breakup, “Still there?”.\nIts subject is “Still there?”, as typed."),
        "{text}"
    );
    let launched = stage.press("mia", preview["confirm"].as_str().unwrap(), "launch", None).await;
    assert_eq!(fact(&launched["card"], "Subject"), "“Still there?”");
    let report = stage.ask("mia", "/campaign report").await.text;
    assert!(report.contains("Subject: “Still there?”") && !report.contains("clicks “"), "{report}");
}

#[tokio::test]
async fn a_subject_that_cannot_be_meant_is_refused_with_what_would_be_right() {
    let stage = stage().await;
    let said = async |subjects: &str| {
        let reply = stage.say("mia", &format!("/campaign launch re-engagement everyone {subjects}")).await;
        assert_eq!((&reply["code"], &reply["card"]), (&json!("usage"), &Value::Null), "{reply:#}");
        reply["text"].as_str().unwrap().to_owned()
    };
    for (subjects, words) in [
        (
            r#"--subject Fine --subject "Hi {{ frist_name }}""#,
            "Subject 2, “Hi {{ frist_name }}”: “frist_name” is nothing a mail knows; did you mean “first_name”?",
        ),
        (
            r#"--subject "Hi {{ first_name }}""#,
            "Subject 1, “Hi {{ first_name }}”: for a lead of whom only the address is known: “first_name” has no value and no default; write {{ first_name | default(\"there\") }}.",
        ),
        (
            r#"--subject "{% if company %}For {{ company }}{% endif %}""#,
            "for a lead of whom only the address is known it says nothing; give it an {% else %}.",
        ),
        (
            r#"--subject "{{ offer.gives }}""#,
            "Subject 1, “{{ offer.gives }}”: for a lead about whom all is known: “offer",
        ),
        (r#"--subject "Hi {{ first_name""#, "Subject 1, “Hi {{ first_name”: syntax error"),
        (r#"--subject "{{ unsubscribe_url }}""#, "a subject cannot hold a link"),
        ("--subject a --subject a", "Subject 2 is the same as one before it"),
        ("--subject a --subject b --subject c --subject d --subject e", "5 subjects are too many"),
    ] {
        let text = said(subjects).await;
        assert!(text.contains(words), "{subjects}: {text}");
    }
    assert!(said(&format!("--subject {}", "x".repeat(201))).await.contains("201 characters; at most 200"));
}

#[tokio::test]
async fn in_the_form_each_line_is_a_subject_and_what_is_wrong_is_said_there() {
    let stage = stage().await;
    let mia = stage.member("mia").await;
    let asked = What::Command(r#"/campaign launch --subject "Still there?" re-engagement"#.to_owned());
    let form = stage.desk.form(&mia, "console", &asked).await.unwrap().unwrap();
    let field = form.fields.iter().find(|field| field.name == "subject").unwrap();
    assert_eq!((json!(field.kind), field.value.as_deref()), (json!("lines"), Some("Still there?")));
    let filled = |subjects: &str| {
        let all = [("sequence", "re-engagement"), ("segment", "everyone"), ("subject", subjects)];
        all.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    };
    let faults = stage.desk.faults(&form.of, &filled("Still there?\nHi {{ nam }}")).await;
    assert_eq!(faults.keys().collect::<Vec<_>>(), ["subject"]);
    assert!(
        faults["subject"].starts_with("Subject 2, “Hi {{ nam }}”") && faults["subject"].contains("“name”")
    );
    assert!(stage.desk.faults(&form.of, &filled("Still there?\n\nOr not?")).await.is_empty());
}
