//! Discord's published limits: what of a body it would refuse, by its place, as error 50035 names it.
//!
//! Sources: <https://discord.com/developers/docs/resources/message>,
//! <https://discord.com/developers/docs/interactions/message-components>,
//! <https://discord.com/developers/docs/interactions/application-commands>.

use serde_json::Value;

/// What is wrong with a message, or with an edit of one.
pub(super) fn message(body: &Value) -> Vec<String> {
    let mut wrong = Wrong::default();
    wrong.text(body, "content", 0, 2_000);
    if body["allowed_mentions"]["parse"] != Value::Array(Vec::new()) {
        wrong.at("allowed_mentions", "is missing: a name could call everyone");
    }
    if let Some(nonce) = body.get("nonce") {
        wrong.check(nonce.as_str().is_none_or(|nonce| nonce.len() <= 25), "nonce", "is too long");
    }
    let embeds = list(&body["embeds"]);
    wrong.check(embeds.len() <= 10, "embeds", "are too many");
    let mut together = 0;
    for (at, embed) in embeds.iter().enumerate() {
        together += wrong.embed(embed, &format!("embeds.{at}"));
    }
    wrong.check(together <= 6_000, "embeds", "are more than 6000 characters together");
    wrong.rows(&body["components"], false);
    let empty = body["content"].as_str().is_none_or(str::is_empty) && embeds.is_empty();
    wrong.check(!empty || body.get("content").is_none(), "content", "cannot send an empty message");
    wrong.0
}

/// What is wrong with a form.
pub(super) fn modal(data: &Value) -> Vec<String> {
    let mut wrong = Wrong::default();
    wrong.text(data, "title", 1, 45);
    wrong.text(data, "custom_id", 1, 100);
    wrong.rows(&data["components"], true);
    wrong.0
}

/// What is wrong with proposals.
pub(super) fn choices(data: &Value) -> Vec<String> {
    let mut wrong = Wrong::default();
    let choices = list(&data["choices"]);
    wrong.check(choices.len() <= 25, "choices", "are too many");
    for choice in choices {
        wrong.text(choice, "name", 1, 100);
        wrong.text(choice, "value", 1, 100);
    }
    wrong.0
}

/// What is wrong with commands to be registered.
pub(super) fn commands(body: &Value) -> Vec<String> {
    let mut wrong = Wrong::default();
    wrong.check(body.is_array(), "commands", "are a list");
    wrong.check(list(body).len() <= 100, "commands", "are too many");
    for command in list(body) {
        let name = command["name"].as_str().unwrap_or_default();
        wrong.command(command, &format!("commands.{name}"));
        let letters = letters(command);
        wrong.check(letters <= 8_000, name, "has more than 8000 characters in it");
    }
    wrong.0
}

/// Names, descriptions and values of a command together.
fn letters(option: &Value) -> usize {
    let own: usize = ["name", "description"].iter().map(|key| length(&option[*key])).sum();
    let choices =
        list(&option["choices"]).iter().map(|choice| length(&choice["name"]) + length(&choice["value"]));
    own + choices.sum::<usize>() + list(&option["options"]).iter().map(letters).sum::<usize>()
}

fn length(value: &Value) -> usize {
    value.as_str().unwrap_or_default().encode_utf16().count()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn at(&mut self, place: &str, what: &str) {
        self.0.push(format!("{place} {what}"));
    }

    fn check(&mut self, right: bool, place: &str, what: &str) {
        if !right {
            self.at(place, what);
        }
    }

    fn text(&mut self, of: &Value, key: &str, least: usize, most: usize) {
        let long = length(&of[key]);
        self.check((least..=most).contains(&long), key, &format!("is {long} long, of {least} to {most}"));
    }

    fn embed(&mut self, embed: &Value, place: &str) -> usize {
        self.text(embed, "title", 0, 256);
        self.text(embed, "description", 0, 4_096);
        let fields = list(&embed["fields"]);
        self.check(fields.len() <= 25, place, "has too many fields");
        for field in fields {
            self.text(field, "name", 1, 256);
            self.text(field, "value", 1, 1_024);
        }
        if let Some(url) = embed["url"].as_str() {
            self.check(url.starts_with("http") && url.len() <= 2_048, place, "has no good url");
        }
        let fields = fields.iter().map(|field| length(&field["name"]) + length(&field["value"]));
        length(&embed["title"])
            + length(&embed["description"])
            + length(&embed["footer"]["text"])
            + length(&embed["author"]["name"])
            + fields.sum::<usize>()
    }

    fn rows(&mut self, rows: &Value, of_modal: bool) {
        self.check(list(rows).len() <= 5, "components", "are more than 5 rows");
        let mut ids = Vec::new();
        for (at, row) in list(rows).iter().enumerate() {
            let place = format!("components.{at}");
            let inside = list(&row["components"]);
            self.check(row["type"] == 1 && !inside.is_empty(), &place, "is no row");
            for component in inside {
                self.text(component, "custom_id", 1, 100);
                ids.push(component["custom_id"].as_str().unwrap_or_default().to_owned());
                match component["type"].as_u64() {
                    Some(2) if !of_modal => {
                        self.check(inside.len() <= 5, &place, "has more than 5 buttons");
                        self.text(component, "label", 1, 80);
                    }
                    Some(3) if !of_modal => {
                        self.check(inside.len() == 1, &place, "has more than one list");
                        self.text(component, "placeholder", 0, 150);
                        let options = list(&component["options"]);
                        self.check((1..=25).contains(&options.len()), &place, "has too few or many options");
                        for option in options {
                            self.text(option, "label", 1, 100);
                            self.text(option, "value", 1, 100);
                        }
                    }
                    Some(4) if of_modal => {
                        self.check(inside.len() == 1, &place, "has more than one field");
                        self.text(component, "label", 1, 45);
                        self.text(component, "placeholder", 0, 100);
                        self.text(component, "value", 0, 4_000);
                    }
                    _ => self.at(&place, "holds something that does not belong there"),
                }
            }
        }
        let all = ids.len();
        ids.sort();
        ids.dedup();
        self.check(ids.len() == all, "components", "have the same custom_id twice");
    }

    fn command(&mut self, option: &Value, place: &str) {
        let name = option["name"].as_str().unwrap_or_default();
        let fine = |c: char| (c.is_alphanumeric() && !c.is_uppercase()) || "-_'".contains(c);
        self.check(
            (1..=32).contains(&name.chars().count()) && name.chars().all(fine),
            place,
            "has a bad name",
        );
        self.text(option, "description", 1, 100);
        let options = list(&option["options"]);
        self.check(options.len() <= 25, place, "has too many options");
        let required: Vec<bool> = options.iter().map(|one| one["required"] == true).collect();
        self.check(
            required.is_sorted_by(|before, after| before >= after),
            place,
            "wants its required options first",
        );
        let choices = list(&option["choices"]);
        self.check(choices.len() <= 25, place, "has too many choices");
        self.check(
            choices.is_empty() || option["autocomplete"] != true,
            place,
            "cannot have both choices and autocomplete",
        );
        for one in options {
            self.command(one, &format!("{place}.{}", one["name"].as_str().unwrap_or_default()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_discord_refuses_is_refused_here() {
        let nobody = json!({"parse": []});
        let of = |body: Value| message(&body).join("; ");
        assert_eq!(of(json!({"content": "hi", "allowed_mentions": nobody})), "");
        assert!(of(json!({"content": "hi"})).contains("allowed_mentions"));
        assert!(
            of(json!({"content": "x".repeat(2_001), "allowed_mentions": nobody})).contains("content is 2001")
        );
        let field = json!({"name": "n", "value": "v".repeat(1_024)});
        let big = json!({"embeds": [{"title": "t", "fields": vec![field; 6]}], "allowed_mentions": nobody});
        assert!(of(big).contains("6000"));
        let button = json!({"type": 2, "label": "Claim", "custom_id": "a", "style": 1});
        let twice = json!({"content": "hi", "components": [{"type": 1, "components": [button, button]}], "allowed_mentions": nobody});
        assert!(of(twice).contains("twice"));
        let late = json!([{"name": "lead", "description": "d", "options": [
            {"name": "a", "description": "d"}, {"name": "b", "description": "d", "required": true}]}]);
        assert!(commands(&late).join("").contains("first"));
    }
}
