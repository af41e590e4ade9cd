//! Slack's published limits, held against every body that is sent to it.
//!
//! The numbers are those of <https://docs.slack.dev/reference/block-kit/blocks> and
//! <https://docs.slack.dev/reference/block-kit/block-elements>, one rule for each.

use serde_json::Value;

/// What Slack would not take of a body.
#[must_use]
pub fn offences(method: &str, body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    match method {
        "chat.postMessage" | "chat.update" | "chat.postEphemeral" | "response_url" => {
            message(body, &mut found);
        }
        "views.open" | "views.update" => view(&body["view"], &mut found),
        "chat.unfurl" => {
            let unfurls = body["unfurls"].as_object();
            if length(&body["ts"]) == 0 || unfurls.is_none_or(serde_json::Map::is_empty) {
                found.push("something of a message is unfurled".to_owned());
            }
            unfurls
                .into_iter()
                .flat_map(|all| all.values())
                .for_each(|one| blocks(&one["blocks"], 50, &mut found));
        }
        "views.publish" => home(body, &mut found),
        // One user: more of them would be told together.
        "conversations.open" => {
            let user = body["users"].as_str().unwrap_or_default();
            if user.is_empty() || !user.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()) {
                found.push(format!("“{user}” is not one user"));
            }
        }
        _ => {}
    }
    found.iter().map(|what| format!("{method}: {what}")).collect()
}

fn length(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.chars().count())
}

fn message(body: &Value, found: &mut Vec<String>) {
    let text = length(&body["text"]);
    if !(1..=40_000).contains(&text) {
        found.push(format!("text has {text} characters: it stands beside blocks always"));
    }
    // Nothing is looked up or unfolded, and nothing is a mention.
    for (field, wanted) in [
        ("parse", Value::from("none")),
        ("link_names", false.into()),
        ("unfurl_links", false.into()),
        ("unfurl_media", false.into()),
    ] {
        if body[field] != wanted {
            found.push(format!("{field} is {}", body[field]));
        }
    }
    if let Some(token) = mention(body["text"].as_str().unwrap_or_default()) {
        found.push(format!("text holds {token}"));
    }
    if let Some(metadata) = body.get("metadata") {
        let strings =
            metadata["event_payload"].as_object().is_some_and(|all| all.values().all(Value::is_string));
        if !strings || !metadata["event_type"].is_string() {
            found.push("metadata holds more than strings".to_owned());
        }
    }
    blocks(&body["blocks"], 50, found);
}

/// What Slack would make a mention of, or a link; but for one that leads into the house itself.
fn mention(text: &str) -> Option<&str> {
    let is_ours = |token: &str| {
        let pages = ["/campaigns/campaign_", "/templates/"];
        token.starts_with("<http") && token.contains('|') && pages.iter().any(|page| token.contains(page))
    };
    let mut tokens = text.match_indices('<').map(|(at, _)| &text[at..]);
    tokens.find(|token| !is_ours(token.split('>').next().unwrap_or_default()))
}

fn view(view: &Value, found: &mut Vec<String>) {
    for field in ["title", "submit", "close"] {
        let many = length(&view[field]["text"]);
        if many > 24 || (field == "title" && many == 0) {
            found.push(format!("{field} of a modal has {many} characters"));
        }
    }
    for (field, most) in [("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)] {
        if length(&view[field]) > most {
            found.push(format!("{field} is too long"));
        }
    }
    let has_inputs = view["blocks"].as_array().into_iter().flatten().any(|block| block["type"] == "input");
    if has_inputs && view["submit"].is_null() {
        found.push("a modal with inputs has a submit".to_owned());
    }
    blocks(&view["blocks"], 100, found);
}

/// A home: blocks alone, for one user.
fn home(body: &Value, found: &mut Vec<String>) {
    let view = &body["view"];
    if length(&body["user_id"]) == 0 || view["type"] != "home" {
        found.push("a home is a view of the type home, for a user".to_owned());
    }
    for field in ["title", "submit", "close"] {
        if !view[field].is_null() {
            found.push(format!("a home has no {field}"));
        }
    }
    blocks(&view["blocks"], 100, found);
}

fn blocks(blocks: &Value, most: usize, found: &mut Vec<String>) {
    let Some(blocks) = blocks.as_array() else { return };
    if blocks.len() > most {
        found.push(format!("{} blocks", blocks.len()));
    }
    let mut names: Vec<&str> = blocks.iter().filter_map(|block| block["block_id"].as_str()).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    if names.len() != all || names.iter().any(|name| name.chars().count() > 255) {
        found.push("block_ids are unique, and of 255 characters".to_owned());
    }
    for block in blocks {
        self::block(block, found);
    }
}

fn text(object: &Value, most: usize, what: &str, found: &mut Vec<String>) {
    let many = length(&object["text"]);
    if !(1..=most).contains(&many) {
        found.push(format!("{what} has {many} characters, of 1 to {most}"));
    }
    match object["type"].as_str() {
        Some("plain_text") => {}
        Some("mrkdwn") => {
            if let Some(token) = mention(object["text"].as_str().unwrap_or_default()) {
                found.push(format!("{what} holds {token}"));
            }
        }
        _ => found.push(format!("{what} is no text object")),
    }
}

fn block(block: &Value, found: &mut Vec<String>) {
    match block["type"].as_str().unwrap_or_default() {
        "header" => {
            text(&block["text"], 150, "a header", found);
            if block["text"]["type"] != "plain_text" {
                found.push("a header is plain_text".to_owned());
            }
        }
        "section" => {
            if block["text"].is_null() && block["fields"].is_null() {
                found.push("a section without text and fields".to_owned());
            }
            if !block["text"].is_null() {
                text(&block["text"], 3000, "a section", found);
            }
            let fields = block["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
            if fields.len() > 10 {
                found.push(format!("{} fields", fields.len()));
            }
            fields.iter().for_each(|field| text(field, 2000, "a field", found));
            if !block["accessory"].is_null() {
                element(&block["accessory"], found);
            }
        }
        "context" => {
            let elements = block["elements"].as_array().map(Vec::as_slice).unwrap_or_default();
            if !(1..=10).contains(&elements.len()) {
                found.push(format!("{} elements in a context", elements.len()));
            }
            elements.iter().for_each(|one| text(one, 2000, "a context", found));
        }
        "actions" => {
            let elements = block["elements"].as_array().map(Vec::as_slice).unwrap_or_default();
            if !(1..=25).contains(&elements.len()) {
                found.push(format!("{} elements in actions", elements.len()));
            }
            let mut ids: Vec<&str> = elements.iter().filter_map(|one| one["action_id"].as_str()).collect();
            ids.sort_unstable();
            ids.dedup();
            if ids.len() != elements.len() {
                found.push("action_ids are unique in their block".to_owned());
            }
            elements.iter().for_each(|one| element(one, found));
        }
        "input" => {
            text(&block["label"], 2000, "a label", found);
            element(&block["element"], found);
        }
        "divider" => {}
        "data_visualization" => chart(block, found),
        other => found.push(format!("a block “{other}”, which nobody here checks")),
    }
}

/// Lines, bars or areas over shared names (<https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block>).
fn chart(block: &Value, found: &mut Vec<String>) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut check = |right: bool, what: &str| {
        if !right {
            found.push(format!("a chart {what}"));
        }
    };
    let named = |value: &Value, most: usize| (1..=most).contains(&length(value));
    check(named(&block["title"], 50), "has a title of up to 50 characters");
    let chart = &block["chart"];
    check(matches!(chart["type"].as_str(), Some("line" | "bar" | "area")), "is of a type that has series");
    let (series, axes) = (list(&chart["series"]), &chart["axis_config"]);
    let places = list(&axes["categories"]);
    check((1..=6).contains(&series.len()), "has 1 to 6 series");
    check((1..=20).contains(&places.len()), "has 1 to 20 categories");
    let differ = |names: Vec<&Value>| {
        let mut seen: Vec<&str> = names.iter().filter_map(|name| name.as_str()).collect();
        seen.sort_unstable();
        seen.windows(2).all(|pair| pair[0] != pair[1])
    };
    check(differ(places.iter().collect()), "names no category twice");
    check(differ(series.iter().map(|one| &one["name"]).collect()), "names no series twice");
    check(places.iter().all(|place| named(place, 20)), "has categories of up to 20 characters");
    for label in ["x_label", "y_label"] {
        check(axes[label].is_null() || named(&axes[label], 50), "has axis labels of up to 50 characters");
    }
    for one in &series {
        check(named(&one["name"], 20), "has series with names of up to 20 characters");
        let points = list(&one["data"]);
        let labels: Vec<&Value> = points.iter().map(|point| &point["label"]).collect();
        check(labels == places.iter().collect::<Vec<_>>(), "has a point of each series for each category");
        check(points.iter().all(|point| point["value"].is_number()), "has numbers for values");
    }
}

fn element(element: &Value, found: &mut Vec<String>) {
    let id = length(&element["action_id"]);
    if !(1..=255).contains(&id) {
        found.push(format!("an action_id of {id} characters"));
    }
    match element["type"].as_str().unwrap_or_default() {
        "button" => {
            text(&element["text"], 75, "a button", found);
            if length(&element["url"]) > 3000 {
                found.push("a button's url is too long".to_owned());
            }
            if length(&element["value"]) > 2000 {
                found.push("a button's value is too long".to_owned());
            }
            if !matches!(element["style"].as_str(), None | Some("primary" | "danger")) {
                found.push(format!("a button in the style {}", element["style"]));
            }
        }
        "static_select" => {
            if !element["placeholder"].is_null() {
                text(&element["placeholder"], 150, "a placeholder", found);
            }
            let options = element["options"].as_array().map(Vec::as_slice).unwrap_or_default();
            if !(1..=100).contains(&options.len()) {
                found.push(format!("{} options", options.len()));
            }
            for option in options {
                text(&option["text"], 75, "an option", found);
                if !(1..=150).contains(&length(&option["value"])) {
                    found.push("an option's value is of 1 to 150 characters".to_owned());
                }
            }
            let initial = &element["initial_option"];
            if !initial.is_null() && !options.contains(initial) {
                found.push(format!("an initial_option that is none of the options: {initial}"));
            }
        }
        "external_select" => {
            if !element["placeholder"].is_null() {
                text(&element["placeholder"], 150, "a placeholder", found);
            }
            let initial = &element["initial_option"];
            if !initial.is_null() {
                text(&initial["text"], 75, "an option", found);
            }
        }
        "plain_text_input" => {
            if !element["placeholder"].is_null() {
                text(&element["placeholder"], 150, "a placeholder", found);
            }
            if element["initial_value"].is_string() && length(&element["initial_value"]) > 3000 {
                found.push("an initial_value that is too long".to_owned());
            }
            if element["max_length"].as_u64().is_some_and(|most| !(1..=3000).contains(&most)) {
                found.push("a max_length of 1 to 3000".to_owned());
            }
        }
        other => found.push(format!("an element “{other}”, which nobody here checks")),
    }
}
