//! The layers of settings: who said what, where, and the last word wins.

use super::show::line_without_secrets;
use rekindle_core::{
    nearest::{did_you_mean, nearest},
    read::{self, FileError},
};
use serde::de::DeserializeOwned;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};
use toml::Value;

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The file inside the program.
    Default,
    /// The operator's file, and its line from 1.
    File(String, usize),
    /// A variable of the environment.
    Environment(String),
    /// An argument of the command.
    Argument(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(file, line) => write!(f, "file {file}:{line}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Argument(name) => write!(f, "argument {name}"),
        }
    }
}

#[derive(Clone)]
struct Setting {
    value: Value,
    default: Value,
    origin: Origin,
    /// An error at this place, but for its words.
    place: FileError,
}

/// All settings by name ("mail.url"), in the order of the default file.
#[derive(Clone, Default)]
pub(super) struct Layers {
    settings: BTreeMap<String, Setting>,
    order: Vec<String>,
    /// The operator's file: where what is missing belongs.
    file: String,
}

/// Without the values: passwords and tokens are among them.
impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layers({} settings)", self.settings.len())
    }
}

impl Layers {
    /// The lowest layer: it names all settings there are. Every setting is a key of a section.
    pub(super) fn of_default(text: &str) -> Self {
        let mut layers = Self { file: "rekindle.toml".to_owned(), ..Self::default() };
        let parsed = parse("config/rekindle.toml", text).expect("the embedded file is tested");
        for entry in parsed {
            let name = entry.name();
            let setting = Setting {
                value: entry.value.clone(),
                default: entry.value,
                origin: Origin::Default,
                place: FileError::at("config/rekindle.toml", text, entry.value_at, ""),
            };
            layers.order.push(name.clone());
            layers.settings.insert(name, setting);
        }
        layers
    }

    /// Lays the operator's file over what is there.
    pub(super) fn lay_file(&mut self, file: &str, text: &str) -> Vec<FileError> {
        let entries = match parse(file, text) {
            Ok(entries) => entries,
            Err(error) => return vec![hidden(*error)],
        };
        file.clone_into(&mut self.file);
        let mut errors = Vec::new();
        let mut unknown = BTreeSet::new();
        for entry in entries {
            if let Err(message) = self.known_section(&entry.section) {
                if unknown.insert(entry.section.clone()) {
                    errors.push(hidden(FileError::at(file, text, entry.section_at, message)));
                }
                continue;
            }
            if entry.is_empty_section() {
                continue;
            }
            let place = hidden(FileError::at(file, text, entry.value_at, ""));
            match self.known(&entry.section, entry.key.as_deref()) {
                Err(message) => errors.push(hidden(FileError::at(file, text, entry.key_at, message))),
                Ok(name) => {
                    let origin = Origin::File(file.to_owned(), place.line.unwrap_or(1));
                    errors.extend(self.lay(&name, entry.value, origin, place));
                }
            }
        }
        errors
    }

    /// Lays variables over what is there: `REKINDLE__MAIL__URL` is `mail.url`. A text needs no quotation marks.
    pub(super) fn lay_environment(&mut self, prefix: &str, variables: &[(String, String)]) -> Vec<FileError> {
        let mut errors = Vec::new();
        for (variable, text) in variables {
            let place = FileError::whole(&format!("environment variable {variable}"), "");
            let path =
                variable.strip_prefix(prefix).unwrap_or(variable).to_lowercase().replacen("__", ".", 1);
            let Some(setting) = self.settings.get(&path) else {
                let names: Vec<String> = self.order.iter().map(|name| variable_of(prefix, name)).collect();
                // What all have in common makes any two look near.
                let tails = names.iter().map(|name| &name[prefix.len()..]);
                let near = nearest(&variable[prefix.len().min(variable.len())..], tails);
                let hint = near.map(|near| format!("; did you mean {prefix}{near}?")).unwrap_or_else(|| {
                    format!(
                        "; a variable is {prefix}SECTION__KEY, such as {}",
                        variable_of(prefix, "mail.url")
                    )
                });
                errors.push(worded(&place, format!("there is no such setting{hint}")));
                continue;
            };
            let value = match setting.default {
                Value::String(_) => Some(Value::String(text.clone())),
                _ => {
                    format!("v = {text}").parse::<toml::Table>().ok().and_then(|mut table| table.remove("v"))
                }
            };
            let value = value.unwrap_or_else(|| Value::String(text.clone()));
            errors.extend(self.lay(&path, value, Origin::Environment(variable.clone()), place));
        }
        errors
    }

    /// Lays an argument over what is there; it is checked already.
    pub(super) fn argue(&mut self, name: &str, value: &str, argument: &str) {
        if let Some(setting) = self.settings.get_mut(name) {
            setting.value = match setting.default {
                Value::String(_) => Value::String(value.to_owned()),
                _ => value.parse().map(Value::Float).unwrap_or_else(|_| setting.value.clone()),
            };
            setting.origin = Origin::Argument(argument.to_owned());
            setting.place = FileError::whole(argument, "");
        }
    }

    fn lay(&mut self, name: &str, value: Value, origin: Origin, place: FileError) -> Option<FileError> {
        let setting = self.settings.get_mut(name)?;
        let value = match (&setting.default, value) {
            // A date need not stand in quotation marks.
            (Value::String(_), Value::Datetime(date)) => Value::String(date.to_string()),
            (Value::Float(_), Value::Integer(whole)) => Value::Float(whole as f64),
            (_, value) => value,
        };
        if value.type_str() != setting.default.type_str() {
            let wanted = kind(&setting.default);
            let message =
                format!("{name} is {wanted}, such as {}; this is {}", setting.default, kind(&value));
            return Some(worded(&place, message));
        }
        (setting.value, setting.origin, setting.place) = (value, origin, place);
        None
    }

    fn known_section(&self, section: &str) -> Result<(), String> {
        let mut sections: Vec<&str> =
            self.order.iter().filter_map(|name| name.split_once('.')).map(|(section, _)| section).collect();
        sections.dedup();
        match sections.contains(&section) {
            true => Ok(()),
            false => Err(format!("there is no section “{section}”{}", did_you_mean(section, sections))),
        }
    }

    /// The setting of a section that is known and a key, or what is wrong with it.
    fn known(&self, section: &str, key: Option<&str>) -> Result<String, String> {
        let names = self.order.iter().filter_map(|name| name.split_once('.'));
        let keys: Vec<&str> = names.filter(|(known, _)| *known == section).map(|(_, key)| key).collect();
        let Some(key) = key else {
            return Err(format!("“{section}” is a section: write [{section}] on a line of its own"));
        };
        if keys.contains(&key) {
            return Ok(format!("{section}.{key}"));
        }
        let elsewhere = || {
            let name =
                self.order.iter().find(|name| name.split_once('.').is_some_and(|(_, known)| known == key))?;
            Some(format!("; there is one in [{}]", name.split_once('.')?.0))
        };
        let hint = match nearest(key, keys.iter().copied()) {
            Some(near) => format!("; did you mean “{near}”?"),
            None => elsewhere().unwrap_or_else(|| did_you_mean(key, keys)),
        };
        Err(format!("there is no key “{key}” in [{section}]{hint}"))
    }

    /// Reads all as `T`. Each error is noted and its setting put back to the default, so that the next is found too.
    pub(super) fn settle<T: DeserializeOwned>(&mut self, errors: &mut Vec<FileError>) -> Option<T> {
        for _ in 0..=self.settings.len() {
            match serde_path_to_error::deserialize(self.table()) {
                Ok(settled) => return Some(settled),
                Err(error) => {
                    let name = error.path().to_string();
                    errors.push(self.error(&name, error.inner().message().to_owned()));
                    let setting = self.settings.get_mut(&name)?;
                    if setting.value == setting.default {
                        return None;
                    }
                    setting.value = setting.default.clone();
                }
            }
        }
        None
    }

    fn table(&self) -> toml::Table {
        let mut all = toml::Table::new();
        for (name, setting) in &self.settings {
            if let Some((section, key)) = name.split_once('.') {
                let section = all.entry(section).or_insert_with(|| Value::Table(toml::Table::new()));
                if let Value::Table(section) = section {
                    section.insert(key.to_owned(), setting.value.clone());
                }
            }
        }
        all
    }

    /// An error about a setting, at the place that set it.
    pub(super) fn error(&self, name: &str, message: String) -> FileError {
        match self.settings.get(name) {
            // Nobody has the file that is inside the program: what is missing belongs into the operator's.
            Some(setting) if setting.origin == Origin::Default => {
                let (section, _) = name.split_once('.').unwrap_or((name, ""));
                FileError::whole(&self.file, format!("{message}, under [{section}]"))
            }
            Some(setting) => worded(&setting.place, message),
            None => FileError::whole("settings", format!("{name}: {message}")),
        }
    }

    pub(super) fn origin(&self, name: &str) -> Option<&Origin> {
        self.settings.get(name).map(|setting| &setting.origin)
    }

    /// Names, values and origins, in the order of the default file.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value, &Origin)> {
        self.order.iter().filter_map(|name| {
            let setting = self.settings.get(name)?;
            Some((name.as_str(), &setting.value, &setting.origin))
        })
    }
}

fn variable_of(prefix: &str, name: &str) -> String {
    format!("{prefix}{}", name.replacen('.', "__", 1).to_uppercase())
}

fn worded(place: &FileError, message: String) -> FileError {
    FileError { message, ..place.clone() }
}

/// The same without the password that may stand in the line.
fn hidden(mut error: FileError) -> FileError {
    error.excerpt = line_without_secrets(&error.excerpt);
    error
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text in quotation marks",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a section",
    }
}

/// One line of a file; without a key where a section should be and is none.
struct Entry {
    section: String,
    section_at: usize,
    key: Option<String>,
    key_at: usize,
    value: Value,
    value_at: usize,
}

impl Entry {
    fn name(&self) -> String {
        format!("{}.{}", self.section, self.key.as_deref().unwrap_or_default())
    }

    /// A section without a line in it: all that can be wrong is its name.
    fn is_empty_section(&self) -> bool {
        self.key.is_none() && matches!(&self.value, Value::Table(inside) if inside.is_empty())
    }
}

/// The entries of a file, in its order.
fn parse(file: &str, text: &str) -> Result<Vec<Entry>, Box<FileError>> {
    let spans = toml::de::DeTable::parse(text).map_err(|e| Box::new(read::of_toml(file, text, "", &e)))?;
    let mut values = text.parse::<toml::Table>().map_err(|e| Box::new(read::of_toml(file, text, "", &e)))?;
    let mut entries = Vec::new();
    for (section, inside) in spans.get_ref() {
        let mut value = values.remove(section.get_ref().as_ref());
        let section_at = section.span().start;
        let section = section.get_ref().to_string();
        if let (toml::de::DeValue::Table(keys), Some(Value::Table(values))) = (inside.get_ref(), &mut value) {
            if keys.is_empty() {
                let value = Value::Table(toml::Table::new());
                let (key_at, value_at) = (section_at, section_at);
                entries.push(Entry { section, section_at, key: None, key_at, value, value_at });
                continue;
            }
            for (key, place) in keys {
                let Some(value) = values.remove(key.get_ref().as_ref()) else { continue };
                let (key_at, value_at) = (key.span().start, place.span().start);
                let key = Some(key.get_ref().to_string());
                entries.push(Entry { section: section.clone(), section_at, key, key_at, value, value_at });
            }
        } else if let Some(value) = value {
            let value_at = inside.span().start;
            entries.push(Entry { section, section_at, key: None, key_at: section_at, value, value_at });
        }
    }
    entries.sort_by_key(|entry| entry.key_at);
    Ok(entries)
}
