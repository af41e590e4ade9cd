//! Reads a TOML text into a type, with errors that show the line and name the nearest right key.

use crate::nearest::did_you_mean;
use serde::de::DeserializeOwned;
use std::fmt;

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
        of_toml(file, text, &path, e.inner())
    })
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
    message.to_owned()
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
}
