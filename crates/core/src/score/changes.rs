//! What differs between two versions of the rules, in words.

use super::Scoring;
use serde_json::{Map, Value};

impl Scoring {
    /// What has changed since `before`, a line each: "thresholds.hot 100 → 90", "Pricing Viewed, /pricing*: points 20 → 25", "new: …",
    /// "gone: …", "/pricing*: now before Page Viewed", for an activity is worth the first rule that is about it. Nothing where they are
    /// the same.
    pub fn changes_since(&self, before: &Self) -> Vec<String> {
        let value = |rules: &Self| serde_json::to_value(rules).unwrap_or_default();
        let mut changes = Vec::new();
        compare("", &value(before), &value(self), &mut changes);
        changes
    }
}

/// Two values that stand in the same place.
fn compare(place: &str, before: &Value, after: &Value, changes: &mut Vec<String>) {
    match (before, after) {
        _ if before == after => {}
        (Value::Object(one), Value::Object(other)) => {
            let keys = one.keys().chain(other.keys().filter(|key| !one.contains_key(*key)));
            for key in keys {
                let of = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or_default();
                let inside = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                compare(&inside, &of(one), &of(other), changes);
            }
        }
        (Value::Array(one), Value::Array(other)) if is_of_rules(one) && is_of_rules(other) => {
            rules(one, other, changes);
        }
        _ => changes.push(format!("{place} {} → {}", said(before), said(after))),
    }
}

fn is_of_rules(list: &[Value]) -> bool {
    list.iter().all(Value::is_object)
}

/// Rules are the same when they are about the same; of several about the same, the first is held against the first.
fn rules(before: &[Value], after: &[Value], changes: &mut Vec<String>) {
    let mut left: Vec<(usize, &Value)> = before.iter().enumerate().collect();
    let mut stayed: Vec<(usize, String)> = Vec::new();
    for rule in after {
        let name = about(rule);
        match left.iter().position(|(_, other)| about(other) == name) {
            Some(at) => {
                let (place, was) = left.remove(at);
                let mut inside = Vec::new();
                compare("", was, rule, &mut inside);
                if !inside.is_empty() {
                    changes.push(format!("{name}: {}", inside.join(", ")));
                }
                stayed.push((place, name));
            }
            None => changes.push(format!("new: {name}{}", told(rule))),
        }
    }
    changes.extend(left.into_iter().map(|(_, rule)| format!("gone: {}", about(rule))));
    changes.extend(moved(&stayed));
}

/// Which of the rules that stayed, told in their new order with their old places, stand before others that they stood behind.
fn moved(stayed: &[(usize, String)]) -> Vec<String> {
    let overtakes = |(at, (place, name)): (usize, &(usize, String))| {
        let overtaken = stayed[at + 1..].iter().find(|(other, _)| other < place)?;
        Some(format!("{name}: now before {}", overtaken.1))
    };
    stayed.iter().enumerate().filter_map(overtakes).collect()
}

/// What else a rule says, its points first: ", 20 points, max_per every 7d times 2".
fn told(rule: &Value) -> String {
    let points = match rule["points"].as_i64() {
        Some(points @ (1 | -1)) => format!(", {points} point"),
        _ => format!(", {} points", said(&rule["points"])),
    };
    let said_already = ["activity", "page", "when", "label", "points"];
    let is_said = |key: &str, value: &Value| {
        !said_already.contains(&key) && !value.is_null() && *value != Value::from(Vec::<String>::new())
    };
    let more = rule.as_object().into_iter().flatten().filter(|(key, value)| is_said(key, value));
    more.fold(points, |all, (key, value)| format!("{all}, {key} {}", said(value)))
}

/// What a rule is about: the names and pages that it counts, or its question.
fn about(rule: &Value) -> String {
    let lists = ["activity", "page"].iter().filter_map(|key| rule[*key].as_array()).flatten();
    let names: Vec<&str> = lists.filter_map(Value::as_str).collect();
    match names.is_empty() {
        false => names.join(", "),
        true => said(&rule["when"]),
    }
}

fn said(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(map) => {
            let pairs: Vec<String> =
                map.iter().map(|(key, value)| format!("{key} {}", said(value))).collect();
            pairs.join(" ")
        }
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Scoring {
        let head = "thresholds = { hot = 100, cools_below = 80 }\ngrades = { fit = [10, 5], engagement = [60, 25] }\n";
        toml::from_str(&format!("{head}{text}")).unwrap()
    }

    #[test]
    fn what_differs_is_said_rule_by_rule() {
        let before = rules(
            r#"
            [[engagement]]
            activity = ["Pricing Viewed"]
            page = ["/pricing*"]
            points = 20
            max_per = { times = 2, every = "7d" }
            [[engagement]]
            activity = ["Webinar Attended"]
            points = 15
            [[fit]]
            when = "title matches director"
            points = 10
        "#,
        );
        assert_eq!(before.changes_since(&before), [""; 0]);
        let mut after = rules(
            r#"
            [[engagement]]
            activity = ["Demo Requested"]
            where = 'plan = pro'
            points = 50
            half_life = "30d"
            [[engagement]]
            activity = ["Pricing Viewed"]
            page = ["/pricing*"]
            points = 25
            half_life = "14d"
            max_per = { times = 2, every = "7d" }
            [[fit]]
            when = "title matches director"
            points = 10
        "#,
        );
        after.thresholds.hot = 90;
        assert_eq!(
            after.changes_since(&before),
            [
                "new: Demo Requested, 50 points, half_life 30d, where plan = pro",
                "Pricing Viewed, /pricing*: half_life none → 2w, points 20 → 25",
                "gone: Webinar Attended",
                "thresholds.hot 100 → 90",
            ]
        );
    }

    #[test]
    fn the_order_of_rules_is_a_change() {
        let page = "[[engagement]]\nactivity = [\"Page Viewed\"]\npoints = 1\n";
        let pricing = "[[engagement]]\npage = [\"/pricing*\"]\npoints = 20\n";
        let demo = "[[engagement]]\nactivity = [\"Demo Requested\"]\npoints = 50\n";
        let before = rules(&format!("{page}{pricing}{demo}"));
        let told = |text: String| rules(&text).changes_since(&before);
        assert_eq!(told(format!("{pricing}{page}{demo}")), ["/pricing*: now before Page Viewed"]);
        assert_eq!(told(format!("{demo}{page}{pricing}")), ["Demo Requested: now before Page Viewed"]);
        assert_eq!(told(format!("{page}{demo}")), ["gone: /pricing*"], "what closes ranks has not moved");
    }
}
