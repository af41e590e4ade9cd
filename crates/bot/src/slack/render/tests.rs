//! What Slack is shown, in every state; and that no text of a lead can be more than text there.

use super::*;
use crate::card::gallery;
use serde_json::{Value, json};

/// All that is shown of a card, a line each: what stands in which object, and what can be pressed.
fn told(card: &Card) -> String {
    let rendered = super::card(card, "Kim Park is hot: 105 points.");
    let value = serde_json::to_value(&rendered).unwrap();
    let mut lines = vec![format!("text: {}", rendered.text)];
    for block in value["blocks"].as_array().unwrap() {
        lines.push(format!("{}:", block["type"].as_str().unwrap()));
        let mut say = |object: &Value| {
            let text = object["text"].as_str().unwrap().replace('\n', " / ");
            lines.push(format!("  {} {text}", object["type"].as_str().unwrap()));
        };
        [&block["text"]].into_iter().filter(|text| text.is_object()).for_each(&mut say);
        block["fields"].as_array().into_iter().flatten().for_each(&mut say);
        if block["type"] == "context" {
            block["elements"].as_array().unwrap().iter().for_each(&mut say);
        }
        if block["type"] == "actions" {
            lines.push(format!("  block_id {}", block["block_id"].as_str().unwrap()));
            for element in block["elements"].as_array().unwrap() {
                let options = element["options"].as_array().into_iter().flatten();
                let options: Vec<&str> = options.map(|option| option["value"].as_str().unwrap()).collect();
                let words =
                    element.pointer("/text/text").or_else(|| element.pointer("/placeholder/text")).unwrap();
                let style = element["style"].as_str().unwrap_or("-");
                let (kind, id) = (element["type"].as_str().unwrap(), element["action_id"].as_str().unwrap());
                lines.push(
                    format!("  {kind} {id} {style} “{}” {}", words.as_str().unwrap(), options.join(","))
                        .trim_end()
                        .to_owned(),
                );
            }
        }
    }
    lines.join("\n")
}

#[test]
fn every_state_looks_as_it_was_agreed() {
    let shown: Vec<String> =
        gallery::all().iter().map(|(name, card)| format!("== {name}\n{}\n", told(card))).collect();
    let shown = shown.join("\n");
    let agreed = include_str!("states.txt");
    assert!(
        shown == agreed,
        "this is shown now; is it meant? Then it belongs into render/states.txt:\n{shown}"
    );
}

/// Every text object of a message, with the limit that it is under.
pub(super) fn checked(value: &Value, path: &str) {
    match value {
        Value::Object(fields) => {
            if let (Some(kind), Some(text)) = (fields.get("type"), fields.get("text").and_then(Value::as_str))
            {
                assert_eq!(kind, "plain_text", "{path}: Slack parses this");
                let length = text.chars().count();
                assert!(
                    (1..=3000).contains(&length) && !text.trim().is_empty(),
                    "{path}: {length} characters"
                );
                assert_eq!(fields.get("emoji"), Some(&json!(false)), "{path}");
            }
            fields.iter().for_each(|(key, inside)| checked(inside, &format!("{path}/{key}")));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, inside)| checked(inside, &format!("{path}/{n}")));
        }
        _ => {}
    }
}

#[test]
fn no_text_of_a_lead_is_more_than_text() {
    for text in gallery::canaries().into_iter().chain(gallery::naughty()) {
        let rendered = card(&gallery::full_of(&text), &text);
        let blocks = serde_json::to_value(&rendered.blocks).unwrap();
        checked(&blocks, "");
        assert!(blocks.as_array().unwrap().len() <= 50);
        assert!(blocks[0]["text"]["text"].as_str().unwrap().chars().count() <= 150);
        for field in blocks.as_array().unwrap().iter().flat_map(|block| block["fields"].as_array()).flatten()
        {
            assert!(field["text"].as_str().unwrap().chars().count() <= 2000);
        }
        assert!(!rendered.text.contains(['<', '>']), "Slack would parse this: {}", rendered.text);
        assert!(rendered.text.chars().count() <= 4000);
        let mut said = Reply::done(text.clone());
        for mono in [false, true] {
            said.mono = mono;
            let answer = reply(&said);
            assert!(!answer.text.contains(['<', '>']) && answer.text.chars().count() <= 4000);
            let inside = answer.text.trim_start_matches("```").trim_end_matches("```");
            assert!(!mono || !inside.contains("```"), "the fence ends early");
        }
    }
}

#[test]
fn escapes_are_exactly_three_and_not_doubled_by_us() {
    assert_eq!(escape("a & <b> *c* &amp;"), "a &amp; &lt;b&gt; *c* &amp;amp;");
}
