//! Every state of a card as Discord is sent it, and what nobody must be able to make it show.

use super::super::press::form_of;
use super::*;
use crate::{
    card::{Kind, ask_of},
    command::Known,
    form::{of_line, of_press},
};
use serde_json::json;
use std::path::Path;

const URL: &str = "https://rekindle.acme.test";

fn button(intent: &'static str, label: &'static str, style: Style) -> Button {
    Button { intent, label, style, ask: None }
}

fn alert(state: &'static str, accent: &'static str, status: &str, buttons: Vec<Button>) -> Card {
    Card {
        id: "alert_0195f7c2a0e87b6e8d0c5a1b2c3d4e5f".to_owned(),
        kind: Kind::Alert,
        revision: 3,
        state,
        accent,
        title: "Kim Park".to_owned(),
        subtitle: Some("VP Sales at Acme".to_owned()),
        badge: Some("A1".to_owned()),
        score: Some(105),
        headline: "Hot lead".to_owned(),
        lines: vec!["+95 Demo Requested ×2".to_owned(), "+10 VP".to_owned()],
        facts: vec![Fact {
            label: "Their clock".to_owned(),
            value: "Bangkok, 7 h ahead of us".to_owned(),
            link: None,
        }],
        status: status.to_owned(),
        email: Some("kim@acme.test".to_owned()),
        buttons,
    }
}

fn campaign(state: &'static str, accent: &'static str, status: &str, buttons: Vec<Button>) -> Card {
    Card {
        id: "campaign_0195f7c2a0e87b6e8d0c5a1b2c3d4e5f".to_owned(),
        kind: Kind::Campaign,
        title: "re-engagement".to_owned(),
        subtitle: Some("at “everyone”".to_owned()),
        badge: None,
        score: None,
        headline: "Campaign".to_owned(),
        lines: vec!["884 leads in".to_owned(), "37 out: suppressed".to_owned()],
        facts: vec![
            Fact { label: "Mails".to_owned(), value: "12 sent".to_owned(), link: None },
            Fact {
                label: "In".to_owned(),
                value: "12".to_owned(),
                link: Some("https://go.acme.test/campaigns/x?whom=in".to_owned()),
            },
        ],
        email: None,
        ..alert(state, accent, status, buttons)
    }
}

fn json_of(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

/// Holds a message against the file of its name; what differs is left beside it, to be looked at and moved over.
#[track_caller]
fn is(name: &str, value: &impl serde::Serialize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/discord/render/snapshots");
    let shown = serde_json::to_string_pretty(value).unwrap() + "\n";
    let kept = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap_or_default();
    if shown != kept {
        std::fs::write(folder.join(format!("{name}.new.json")), &shown).unwrap();
        panic!("{name} is not what its snapshot says; it is in {name}.new.json now:\n{shown}");
    }
}

#[test]
fn every_state_of_an_alert() {
    let claim = || button("claim", "Claim", Style::Primary);
    let unfit = || button("not_a_fit", "Not a fit", Style::Danger);
    let work = || {
        let plain = [("connected", "Connected"), ("no_answer", "No answer"), ("meeting", "Meeting")];
        let mut buttons: Vec<Button> = plain.map(|(word, label)| button(word, label, Style::Plain)).into();
        buttons.push(button("won", "Won", Style::Primary));
        buttons.push(button("lost", "Lost", Style::Danger));
        buttons.push(button("snooze", "Snooze", Style::Plain));
        buttons.push(button("release", "Release", Style::Plain));
        buttons
    };
    let words = "Kim Park is hot: 105 points.";
    let open = alert("open", "hot", "Nobody has it yet, since Mon 23 Nov, 08:58", vec![claim(), unfit()]);
    is("open", &message(&open, words, "AZX3wqDoe26NDFobLD1OXw".to_owned(), URL));
    is("back", &edited(&alert("open", "back", "Nobody has it yet", vec![claim(), unfit()]), words, URL));
    is("hand", &edited(&alert("open", "hand", "Nobody has it yet", vec![claim()]), words, URL));
    is(
        "claimed",
        &edited(&alert("claimed", "hot", "Claimed by Ana, 14 s after the alert", work()), words, URL),
    );
    is(
        "snoozed",
        &edited(
            &alert("snoozed", "hot", "Put off by Ana until Tue 24 Nov, 09:00", vec![claim()]),
            words,
            URL,
        ),
    );
    is("closed", &edited(&alert("closed", "hot", "Won (5000), says Ana", vec![]), words, URL));
}

#[test]
fn every_state_of_a_campaign() {
    let hold = || button("hold", "Hold", Style::Plain);
    let resume = || button("resume", "Resume", Style::Primary);
    let stop = || button("stop", "Stop", Style::Danger);
    let words = "Mia launched re-engagement at “everyone”.";
    is(
        "campaign_draft",
        &edited(
            &campaign(
                "draft",
                "campaign",
                "Previewed by Mia",
                vec![button("launch", "Launch", Style::Primary)],
            ),
            words,
            URL,
        ),
    );
    is(
        "campaign_running",
        &edited(&campaign("running", "campaign", "Running", vec![hold(), stop()]), words, URL),
    );
    is("campaign_held", &edited(&campaign("held", "muted", "Held", vec![resume(), stop()]), words, URL));
    is("campaign_stopped", &edited(&campaign("stopped", "muted", "Stopped", vec![]), words, URL));
    is("campaign_done", &edited(&campaign("done", "muted", "Done", vec![]), words, URL));
}

#[test]
fn a_button_that_asks() {
    let press = |intent: &str| Press {
        intent: intent.to_owned(),
        card: "alert_0195f7c2a0e87b6e8d0c5a1b2c3d4e5f".to_owned(),
        revision: 3,
    };
    let ask = |intent: &str| ask_of(intent).unwrap();
    is("ask_choice", &select(&press("snooze"), &ask("snooze")));
    let modal = |intent: &str| {
        let press = press(intent);
        form(press.to_string(), &of_press(&press.card, intent, &ask(intent), &Known::default()))
    };
    is("ask_another", &modal("snooze"));
    is("ask_text", &modal("not_a_fit"));
    is("ask_amount", &modal("won"));
    is("ask_pass", &modal("pass"));
}

#[test]
fn a_form_that_is_wrong_is_said_beside_it_and_opens_again_as_it_was() {
    let known = Known { sequences: vec![("welcome".to_owned(), "hello".to_owned())], ..Known::default() };
    let filled = Filled::from([("sequence".to_owned(), "welcom".to_owned())]);
    let launch = of_line("/campaign launch", &known).unwrap();
    is("form_launch", &form(form_of("campaign launch"), &launch.with(&filled)));
    let faults = Faults::from([(
        "sequence".to_owned(),
        "There is no sequence “welcom”; did you mean welcome?".to_owned(),
    )]);
    is("form_wrong", &faulty(form_of("campaign launch"), &filled, &faults));
}

#[test]
fn a_reply_is_private_and_its_tables_stand_still() {
    let url = URL;
    is("reply_table", &reply(&Reply::table("lead  score\nKim   105"), None, url));
    is(
        "reply_link",
        &reply(&Reply::done("Open https://rekindle.acme.test/in/a_b: it works once, *now*."), None, url),
    );
    assert_eq!(json_of(&private("no", url))["flags"], 64);
    let card = alert("open", "hot", "Nobody has it yet", vec![]);
    let shown = json_of(&reply(&Reply::done("Here.").with_card(card.clone()), None, url));
    assert_eq!(shown["embeds"][0]["title"], "Kim Park · A1 · 105 points");
    let stale = Reply { ok: false, ..Reply::done("Ben has it.").with_card(card) };
    assert_eq!(json_of(&reply(&stale, None, url))["embeds"], json!([]));
}

/// A card all of whose texts are this one.
fn all(text: &str) -> Card {
    let text = || text.to_owned();
    Card {
        title: text(),
        subtitle: Some(text()),
        badge: Some(text()),
        headline: text(),
        lines: vec![text(); 12],
        facts: (0..40).map(|_| Fact { label: text(), value: text(), link: None }).collect(),
        status: text(),
        email: Some(text()),
        ..alert("open", "hot", "", vec![button("claim", "Claim", Style::Primary)])
    }
}

/// All texts of an embed, one a line.
fn words_in(embed: &Value) -> String {
    match embed {
        Value::String(text) => format!("{text}\n"),
        Value::Array(list) => list.iter().map(words_in).collect(),
        Value::Object(map) => map.values().map(words_in).collect(),
        _ => String::new(),
    }
}

/// What is left of a text to work as markup: all but what a backslash stands before.
fn unescaped(text: &str) -> String {
    let mut chars = text.chars();
    let mut left = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            c => left.push(c),
        }
    }
    left
}

/// All texts of an embed together, as Discord counts them.
fn together(embed: &Value) -> usize {
    let of = |value: &Value| length(value.as_str().unwrap_or_default());
    let fields = embed["fields"].as_array().cloned().unwrap_or_default();
    let fields = fields.iter().map(|field| of(&field["name"]) + of(&field["value"]));
    of(&embed["title"]) + of(&embed["description"]) + fields.sum::<usize>()
}

#[test]
fn whatever_a_lead_is_called_discord_takes_the_card_and_calls_nobody() {
    let mut canaries: Vec<String> = [
        "<!channel>",
        "<!here>",
        "<!everyone>",
        "<@U123>",
        "<!subteam^S1>",
        "@everyone",
        "@here",
        "<@&1>",
        "<https://evil|Click>",
        "[Click](https://evil)",
        "https://evil.test/x",
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "```\nblock",
        "||spoiler||",
        "> quote",
        "1. list",
        "-# small",
        "<t:0:R>",
        "<:x:1>",
        ":tada:",
        "\u{202e}",
        "",
    ]
    .map(str::to_owned)
    .into();
    canaries.push("e\u{301}".repeat(10_000));
    canaries.push("😀".repeat(5_000));
    canaries.push("*".repeat(5_000));
    let naughty =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/naughty/blns/blns.json");
    match std::fs::read_to_string(naughty) {
        Ok(list) => canaries.extend(serde_json::from_str::<Vec<String>>(&list).unwrap()),
        Err(_) => eprintln!("skipped, 515 cases: the corpus of naughty strings is not here"),
    }
    for canary in canaries {
        let card = all(&canary);
        let sent = json_of(&message(&card, &canary, "n".repeat(22), URL));
        assert_eq!(sent["allowed_mentions"]["parse"], json!([]), "{canary}");
        let embed = &sent["embeds"][0];
        assert!(together(embed) <= TOGETHER, "{canary}: {}", together(embed));
        assert!(length(embed["title"].as_str().unwrap()) <= TITLE, "{canary}");
        assert!(length(embed["description"].as_str().unwrap()) <= DESCRIPTION, "{canary}");
        assert!(length(sent["content"].as_str().unwrap()) <= CONTENT, "{canary}");
        let fields = embed["fields"].as_array().unwrap();
        assert!(fields.len() <= FIELDS);
        for field in fields {
            let (name, value) = (field["name"].as_str().unwrap(), field["value"].as_str().unwrap());
            assert!(
                (1..=FIELD_NAME).contains(&length(name)) && (1..=FIELD_VALUE).contains(&length(value)),
                "{field}"
            );
        }
        // Its own address is ours.
        let mut embed = embed.clone();
        embed["url"] = Value::Null;
        let said = unescaped(&format!("{}{}", sent["content"].as_str().unwrap(), words_in(&embed)));
        for mark in ["@everyone", "@here", "](", "://"] {
            assert!(!said.contains(mark), "{mark} works in {canary}: {said}");
        }
        for opened in ["<@", "<!", "<t:", "<:", "<#"] {
            assert!(!said.contains(opened), "{opened} works in {canary}: {said}");
        }
    }
}
