//! Settings as an operator may read them: with where they come from, and without passwords.

use super::layers::Layers;
use rekindle_core::nearest::nearest;
use std::fmt::Write;
use toml::Value;

/// The settings in force as TOML, each with its origin behind it.
pub(super) fn of(layers: &Layers) -> String {
    let mut lines: Vec<(&str, String, String)> = Vec::new();
    for (name, value, origin) in layers.iter() {
        let Some((section, key)) = name.split_once('.') else { continue };
        let value = match value {
            Value::String(text) if is_secret(key) && !text.is_empty() => hidden_unless_a_path(value),
            Value::String(text) => Value::String(redacted(text)),
            Value::Table(keys) if is_secret(key) => {
                let hidden = keys.iter().map(|(name, value)| (name.clone(), hidden_unless_a_path(value)));
                Value::Table(hidden.collect())
            }
            value => value.clone(),
        };
        lines.push((section, format!("{key} = {value}"), origin.to_string()));
    }
    let width = lines.iter().map(|(_, line, _)| line.chars().count()).filter(|n| *n <= 60).max().unwrap_or(0);
    let mut text = String::new();
    let mut before = "";
    for (section, line, origin) in lines {
        if section != before {
            let gap = if before.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}[{section}]");
            before = section;
        }
        let _ = writeln!(text, "{line:width$}  # {origin}");
    }
    text
}

/// A secret, hidden; where it is kept may be shown.
fn hidden_unless_a_path(value: &Value) -> Value {
    match value {
        Value::String(text) if text.starts_with('/') => value.clone(),
        _ => Value::String("***".to_owned()),
    }
}

/// The keys of settings that open doors.
const SECRETS: [&str; 8] = [
    "token",
    "bot_token",
    "app_token",
    "signing_secret",
    "keys",
    "mailgun_key",
    "postmark_password",
    "generic_secret",
];

/// Whether the setting with this key opens doors.
fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key)
}

/// A line of a file without what opens doors in it; a slip in its key does not show it.
pub(super) fn line_without_secrets(line: &str) -> String {
    match line.split_once('=') {
        Some((key, _)) if is_secret(key.trim()) || nearest(key.trim(), SECRETS).is_some() => {
            format!("{key}= \"***\"")
        }
        _ => redacted(line),
    }
}

/// A text with `***` for the password of each address in it (`scheme://user:password@host`, `?password=…`).
pub fn redacted(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || c == '"' || c == '\'';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(ends).unwrap_or(after.len());
        let (address, left) = after.split_at(end);
        out.push_str(&without_password(address));
        rest = left;
    }
    out.push_str(rest);
    out
}

fn without_password(address: &str) -> String {
    let (login, place) = match address.rsplit_once('@') {
        Some((login, place)) => (Some(login), place),
        None => (None, address),
    };
    let login = login.map(|login| match login.split_once(':') {
        Some((user, _)) => format!("{user}:***@"),
        None => format!("{login}@"),
    });
    let (place, query) = match place.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (place, None),
    };
    let query = query.map(|query| {
        let parts: Vec<String> = query
            .split('&')
            .map(|part| match part.split_once('=') {
                Some((name, _)) if name.to_lowercase().contains("pass") => format!("{name}=***"),
                _ => part.to_owned(),
            })
            .collect();
        format!("?{}", parts.join("&"))
    });
    format!("{}{place}{}", login.unwrap_or_default(), query.unwrap_or_default())
}
