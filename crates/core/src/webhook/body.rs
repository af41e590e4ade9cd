//! What a sequence tells the operator's own program: a template of JSON, filled in with the lead.

use crate::{email::EmailAddress, lead::Lead};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How much work a body may be, in the steps of the template engine.
const FUEL: u64 = 20_000;

/// Who it is about, and of which sequence: what is told where no body is written.
pub fn about(lead: &Lead, sequence: &str) -> Value {
    json!({"sequence": sequence, "lead": known(lead)})
}

/// Fills a body in. Values are written as JSON, with their quotes.
///
/// # Errors
/// What is wrong with it, in words: a name that there is not, or what comes out is no JSON.
pub fn render(body: &str, lead: &Lead, sequence: &str) -> Result<Value, String> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::Json);
    engine.set_fuel(Some(FUEL));
    let known = about(lead, sequence);
    let text = engine
        .render_str(body, engine_value(&known))
        .map_err(|error| format!("the body cannot be filled in: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("what comes out of the body is no JSON: {error}"))
}

/// The same value, for the template engine.
fn engine_value(value: &Value) -> minijinja::Value {
    match value {
        Value::Null => minijinja::Value::from(()),
        Value::Bool(truth) => minijinja::Value::from(*truth),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => minijinja::Value::from(whole),
            None => minijinja::Value::from(number.as_f64()),
        },
        Value::String(text) => minijinja::Value::from(text.as_str()),
        Value::Array(list) => minijinja::Value::from(list.iter().map(engine_value).collect::<Vec<_>>()),
        Value::Object(map) => {
            let pairs = map.iter().map(|(name, value)| (name.clone(), engine_value(value)));
            minijinja::Value::from(pairs.collect::<BTreeMap<String, minijinja::Value>>())
        }
    }
}

fn known(lead: &Lead) -> Value {
    json!({
        "id": lead.id,
        "email": lead.email.as_ref().map(EmailAddress::as_str),
        "name": lead.name,
        "first_name": lead.first_name,
        "company": lead.company,
        "title": lead.title,
        "country": lead.country,
        "zone": lead.zone,
        "traits": lead.traits,
        "tags": lead.tags,
        "journey": lead.journey.word(),
        "lifecycle": lead.lifecycle.word(),
        "owner": lead.owner,
        "points": (lead.points.fit + lead.points.engagement).round(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::LeadId, time::Moment};

    #[test]
    fn a_body_is_json_whatever_the_lead_is_called() {
        let mut lead = Lead::anonymous(LeadId(Default::default()), Moment::UNIX_EPOCH);
        lead.name = Some("Kim \"K\" O'Neil\n</script>".to_owned());
        let body = r#"{"who": {{ lead.name }}, "from": {{ sequence }}, "mail": {{ lead.email }}}"#;
        let told = render(body, &lead, "welcome").unwrap();
        assert_eq!(told, json!({"who": "Kim \"K\" O'Neil\n</script>", "from": "welcome", "mail": null}));
    }

    #[test]
    fn a_body_that_cannot_be_filled_in_is_told_so() {
        let lead = Lead::anonymous(LeadId(Default::default()), Moment::UNIX_EPOCH);
        for (body, why) in [
            ("{\"a\": {{ lead.nmae }}}", "undefined value"),
            ("{\"a\": {{ lead.name }", "cannot be filled in"),
            ("{\"a\": }", "is no JSON"),
            ("{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}", "fuel"),
        ] {
            let error = render(body, &lead, "welcome").unwrap_err();
            assert!(error.contains(why), "{body}: {error}");
        }
    }
}
