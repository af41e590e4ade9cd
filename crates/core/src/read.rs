//! Reads a TOML text into a type, with errors that show the line and name the nearest right key.

use crate::nearest::did_you_mean;
use serde::de::DeserializeOwned;
use std::{fmt, ops::Range};

/// What is wrong with a file, where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct FileError {
    /// The file, as the reader knows it.
    pub file: String,
    /// Line, from 1; `None` when it concerns the whole file.
    pub line: Option<usize>,
    /// Column, from 1.
    pub column: usize,
    /// The line itself.
    pub excerpt: String,
    /// What is wrong, in words.
    pub message: String,
}

impl FileError {
    /// An error that concerns the file as a whole.
    pub fn whole(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, column: 1, excerpt: String::new(), message: message.into() }
    }

    /// An error at a byte of the text.
    pub fn at(file: &str, text: &str, byte: usize, message: impl Into<String>) -> Self {
        let byte = byte.min(text.len());
        let before = text.get(..byte).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |n| n + 1);
        let excerpt = text[start..].lines().next().unwrap_or_default();
        Self {
            file: file.to_owned(),
            line: Some(before.matches('\n').count() + 1),
            column: before[start..].chars().count() + 1,
            excerpt: excerpt.to_owned(),
            message: message.into(),
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            None => write!(f, "{}: {}", self.file, self.message),
            Some(line) => {
                writeln!(f, "{}:{line}:{}: {}", self.file, self.column, self.message)?;
                writeln!(f, "  {line:>4} | {}", self.excerpt)?;
                write!(f, "       | {:>width$}", "^", width = self.column)
            }
        }
    }
}

/// Reads `text` as `T`; unknown keys are errors where `T` denies them.
///
/// # Errors
/// [`FileError`] with the line, in words.
pub fn toml<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, FileError> {
    let document = toml::de::DeTable::parse(text).map_err(|e| of_toml(file, text, "", &e))?;
    serde_path_to_error::deserialize(toml::de::Deserializer::from(document)).map_err(|e| {
        let path = e.path().to_string();
        let error = of_toml(file, text, &path, e.inner());
        // For what stands in a list the span may be that of the whole list: the path knows better.
        match (place(text, &path), e.inner().span()) {
            (Some(inside), Some(span)) if span.start < inside.start && inside.end <= span.end => {
                FileError::at(file, text, inside.start, error.message)
            }
            _ => error,
        }
    })
}

/// Where in a TOML text a value stands: `thresholds.hot`, `step[7].wait`. As far down as the path leads.
pub fn place(text: &str, path: &str) -> Option<Range<usize>> {
    let document = toml::de::DeTable::parse(text).ok()?;
    let mut found = None;
    let mut table = Some(document.get_ref());
    for part in path.split('.') {
        let (name, indices) = part.split_once('[').unwrap_or((part, ""));
        let Some(mut value) = table.and_then(|table| table.get(name)) else { break };
        for index in indices.split(['[', ']']).filter_map(|index| index.parse::<usize>().ok()) {
            let toml::de::DeValue::Array(list) = value.get_ref() else { break };
            value = list.get(index)?;
        }
        found = Some(value.span());
        table = match value.get_ref() {
            toml::de::DeValue::Table(inner) => Some(inner),
            _ => None,
        };
    }
    found
}

/// Turns an error of the `toml` crate into ours: `path` is where in the document it happened.
pub fn of_toml(file: &str, text: &str, path: &str, error: &toml::de::Error) -> FileError {
    let message = in_words(error.message());
    let message = if path.is_empty() || path == "." { message } else { format!("{message} (at {path})") };
    match error.span() {
        Some(span) => FileError::at(file, text, span.start, message),
        None => FileError::whole(file, message),
    }
}

/// serde's "unknown field `prot`, expected one of `host`, `port`" becomes "there is no key
/// “prot”; did you mean “port”?".
fn in_words(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    for (start, what) in [("unknown field", "key"), ("unknown variant", "value")] {
        if message.starts_with(start)
            && let Some(word) = quoted.next()
        {
            let known: Vec<&str> = quoted.collect();
            return format!("there is no {what} “{word}”{}", did_you_mean(word, known.iter().copied()));
        }
    }
    if let Some(key) = message.strip_prefix("missing field ") {
        return format!(
            "the key {} is missing",
            key.replace('`', "“").trim_end_matches('“').to_owned() + "”"
        );
    }
    if let Some((found, wanted)) =
        message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected "))
    {
        return format!("{} belongs here, and this is {}", kind(wanted), kind(found));
    }
    if let Some((found, wanted)) =
        message.strip_prefix("invalid value: ").and_then(|rest| rest.split_once(", expected "))
        && kind(wanted) == "a whole number"
    {
        return format!("a whole number belongs here, and {} is too large or too small", kind(found));
    }
    message.to_owned()
}

/// serde's name for what stands somewhere or should (`string "a lot"`, `i64`), in words.
fn kind(name: &str) -> String {
    let (word, value) = name.split_once(' ').unwrap_or((name, ""));
    let words = match word {
        "string" => "the text",
        "integer" => "the whole number",
        "floating" => "the number",
        "boolean" => return value.replace('`', ""),
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => {
            return "a whole number".to_owned();
        }
        "f32" | "f64" => return "a number".to_owned(),
        "bool" => return "true or false".to_owned(),
        "a" | "an" => {
            return match value {
                "string" => "a text in quotation marks".to_owned(),
                "boolean" => "true or false".to_owned(),
                "sequence" => "a list".to_owned(),
                "map" => "a table".to_owned(),
                _ => name.to_owned(),
            };
        }
        "sequence" => return "a list".to_owned(),
        "map" => return "a table".to_owned(),
        "struct" => return "a table".to_owned(),
        _ => return name.to_owned(),
    };
    format!("{words} {}", value.trim_start_matches("point ").replace('`', ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only read into")]
    struct Relay {
        host: String,
        port: u16,
    }

    #[test]
    fn an_unknown_key_is_shown_with_its_line_and_the_nearest_name() {
        let error = toml::<Relay>("x.toml", "host = \"a\"\nprot = 25\n").unwrap_err().to_string();
        assert!(error.starts_with("x.toml:2:1: there is no key “prot”"), "{error}");
        assert!(error.contains("port") && error.contains("2 | prot = 25"), "{error}");
    }

    #[test]
    fn a_missing_key_and_a_wrong_value_are_named() {
        let error = toml::<Relay>("x.toml", "host = \"a\"\n").unwrap_err().to_string();
        assert!(error.contains("the key “port” is missing"), "{error}");
        let error = toml::<Relay>("x.toml", "host = \"a\"\nport = 99999\n").unwrap_err().to_string();
        assert!(error.starts_with("x.toml:2:8:"), "{error}");
    }

    #[test]
    fn a_wrong_kind_of_value_is_told_in_words() {
        let error = toml::<Relay>("x.toml", "host = \"a\"\nport = \"many\"\n").unwrap_err().to_string();
        assert!(error.contains("2:8: a whole number belongs here, and this is the text \"many\""), "{error}");
        let error = toml::<Relay>("x.toml", "host = \"a\"\nport = true\n").unwrap_err().to_string();
        assert!(error.contains("a whole number belongs here, and this is true"), "{error}");
        let error = toml::<Relay>("x.toml", "host = \"a\"\nport = 99999\n").unwrap_err().to_string();
        assert!(error.contains("and the whole number 99999 is too large or too small"), "{error}");
        let error = toml::<Relay>("x.toml", "host = 7\nport = 25\n").unwrap_err().to_string();
        assert!(
            error.contains("a text in quotation marks belongs here, and this is the whole number 7"),
            "{error}"
        );
    }

    #[test]
    fn what_is_wrong_in_a_list_is_shown_where_it_stands() {
        #[derive(Debug, Deserialize)]
        #[allow(dead_code, reason = "only read into")]
        struct Relays {
            relay: Vec<Relay>,
        }
        let text = "[[relay]]\nhost = \"a\"\nport = 1\n\n[[relay]]\nhost = \"b\"\n";
        let error = toml::<Relays>("x.toml", text).unwrap_err().to_string();
        assert!(error.starts_with("x.toml:5:") && error.contains("“port” is missing"), "{error}");
        assert_eq!(place(text, "relay[1].host").map(|at| &text[at]), Some("\"b\""));
    }
}
