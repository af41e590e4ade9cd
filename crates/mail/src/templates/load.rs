//! All mails are read at once: each folder and each file is what it says, or the marketer hears why not.

use std::collections::BTreeMap;
use std::sync::RwLock;

use super::compile::{self, Compiled, Files};
use super::error::{TemplateError, did_you_mean};
use super::sandbox::stranger;
use super::{Mail, Templates, engine, in_words, variants};

/// The files of a mail.
const FILES: [&str; 3] = ["subject.txt", "body.mjml", "body.txt"];

impl Templates {
    /// Compiles every mail of `files` (`"breakup/body.mjml"` to its text). All errors are returned, not just the first.
    pub fn load(files: &BTreeMap<String, String>) -> Result<Self, Vec<TemplateError>> {
        match Self::read(files) {
            (templates, errors) if errors.is_empty() => Ok(templates),
            (_, errors) => Err(errors),
        }
    }

    /// The same, for who looks at mails while they are written: those that can be read, and what is wrong with the others.
    pub fn read(files: &BTreeMap<String, String>) -> (Self, Vec<TemplateError>) {
        let mut errors = Vec::new();
        let mut shared: BTreeMap<&str, &str> = BTreeMap::new();
        let mut folders: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
        for (path, source) in files {
            match path.split_once('/') {
                None if path.starts_with('_') && path.ends_with(".mjml") => drop(shared.insert(path, source)),
                Some((name, file)) if is_name(name) && FILES.contains(&file) => {
                    folders.entry(name).or_default().insert(file, source);
                }
                Some((_, file)) if !file.starts_with('.') => {
                    let near = did_you_mean(file, FILES);
                    errors.push(TemplateError::new(
                        path,
                        None,
                        format!("no such file belongs to a mail{near}"),
                    ));
                }
                _ => {}
            }
        }
        if !shared.contains_key("_layout.mjml") {
            errors.push(TemplateError::new("_layout.mjml", None, "the layout around all mails is missing"));
        }
        errors.extend(variants::strays(&shared, folders.keys().copied()));
        let mut templates = Self::default();
        for (name, folder) in &folders {
            // Whose folder or layout is wrong was told above.
            let Ok(language) = variants::language_of(name) else { continue };
            if !shared.contains_key("_layout.mjml") {
                continue;
            }
            let missing =
                |file: &str| TemplateError::new(format!("{name}/{file}"), None, "the file is missing");
            let file = |file: &'static str| folder.get(file).copied().ok_or_else(|| missing(file));
            let added = file("subject.txt").and_then(|subject| {
                let (body, text) = (file("body.mjml")?, folder.get("body.txt").copied());
                templates.add(&Files {
                    name,
                    language: language.as_ref(),
                    shared: &shared,
                    body,
                    text,
                    subject,
                })
            });
            errors.extend(added.err().filter(|e| !errors.contains(e)));
        }
        errors.extend(variants::differences(&templates, &folders));
        (templates, errors)
    }

    fn add(&mut self, files: &Files<'_>) -> Result<(), TemplateError> {
        let name = files.name;
        let pieces = files.pieces()?;
        let mut sources: Vec<(String, String)> = pieces.into_iter().map(|p| (p.file, p.text)).collect();
        sources.push((format!("{name}/subject.txt"), files.subject.to_owned()));
        sources.extend(files.text.map(|text| (format!("{name}/body.txt"), text.to_owned())));
        if files.subject.trim().is_empty() {
            let what = "the subject is empty: a mail without one is taken for spam";
            return Err(TemplateError::new(format!("{name}/subject.txt"), 1, what));
        }
        for (file, source) in &sources {
            self.syntax(file, source)?;
        }
        let compiled = compile::compile(files)?;
        let Compiled { language, html, text, subject, links, doubts } = compiled;
        for (part, source) in [("html", html), ("txt", text), ("subject", subject)] {
            let file = format!("{name}/body.mjml");
            self.engine
                .add_template_owned(format!("{name}.{part}"), source)
                .map_err(|e| TemplateError::new(file, None, in_words(&e)))?;
        }
        self.mails.insert(name.to_owned(), Mail { language, links, doubts, sources });
        Ok(())
    }

    /// Reads a file as Jinja alone, so that a mistake is told with the line of the file the marketer wrote.
    fn syntax(&mut self, file: &str, source: &str) -> Result<(), TemplateError> {
        let wrong = |e: minijinja::Error| TemplateError::new(file, e.line(), in_words(&e));
        self.engine.add_template_owned(file.to_owned(), source.to_owned()).map_err(wrong)?;
        if let Some((line, what)) = stranger(source) {
            return Err(TemplateError::new(file, line, what));
        }
        let used = self.engine.get_template(file).map_err(wrong)?.undeclared_variables(true);
        let mut used: Vec<&str> = used.iter().map(String::as_str).collect();
        used.sort_unstable();
        if let Some((line, what)) = compile::unknown_name(source, used.iter().copied()) {
            return Err(TemplateError::new(file, line, what));
        }
        if file.ends_with("subject.txt") && used.iter().any(|name| name.ends_with("_url")) {
            return Err(TemplateError::new(file, None, "a subject cannot hold a link"));
        }
        Ok(())
    }
}

/// No mails.
impl Default for Templates {
    fn default() -> Self {
        Self { engine: engine(), mails: BTreeMap::new(), subjects: RwLock::default() }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && !name.starts_with(['.', '_'])
}
