//! Mails as marketers write them: MJML and text with Jinja in them, compiled once, rendered in tens of microseconds.
//!
//! A mail is a folder: `breakup/subject.txt`, `breakup/body.mjml` and, if the text part is to be more than the HTML
//! without its looks, `breakup/body.txt`. A folder `breakup.de` is the German variant. `_layout.mjml` surrounds them all
//! and says `<mj-include path="body.mjml" />` where the body goes. A body may begin with `<mj-preview>…</mj-preview>`, the
//! line that inboxes show after the subject.
//!
//! **Where Jinja may stand.** `{{ … }}` anywhere in words and attributes, also with quotes in it:
//! `href="{{ survey_url("not-now") }}"`. `{% if %}`, `{% else %}`, `{% for %}` inside `<mj-text>`, `<mj-button>`, `<mj-table>`
//! and `<mj-raw>`. Around whole sections or columns each tag of the pair stands in its own `<mj-raw>`:
//! `<mj-raw>{% if offer.code %}</mj-raw> <mj-section>…</mj-section> <mj-raw>{% endif %}</mj-raw>`. Not in attributes that
//! MJML calculates with (`width`, `padding`), and not for making element names.
//!
//! **Links.** Write addresses out: `href="https://acme.test/pricing"`. Each becomes the lead's own tracked link, in HTML and
//! text alike; [`Templates::links`] lists them. [`letter`](crate::letter) lists the names; all else is an error, with the nearest right name.
//!
//! Templates are strict (a missing value without a default stops the mail), escaped for HTML, cannot read files or other
//! templates, and are stopped after a number of steps and bytes.

mod compile;
mod error;
mod limit;
mod links;
mod lint;
mod source;
mod values;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use self::compile::Files;
pub use self::error::{Problem, RenderError, TemplateError};
use self::limit::render_limited;
pub use self::links::{Link, LinkKind};
use self::values::{Names, Part, names, values};
use crate::letter::Letter;

/// How many steps one part of one mail may take. The shipped mails take a few hundred.
const FUEL: u64 = 50_000;
/// How long one part may become, in bytes.
const MAX_PART: usize = 200 * 1024;
/// How long a subject may become, in bytes.
const MAX_SUBJECT: usize = 4 * 1024;
/// How many subject variants are kept compiled; a playbook has a dozen.
const MAX_SUBJECTS: usize = 1_000;

/// A letter, ready to be [composed](crate::compose::compose).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The text part.
    pub text: String,
}

/// All mails, compiled. Shared by reference between tasks.
#[derive(Debug)]
pub struct Templates {
    engine: Environment<'static>,
    mails: BTreeMap<String, Mail>,
    subjects: RwLock<HashMap<String, Arc<Environment<'static>>>>,
}

#[derive(Debug)]
struct Mail {
    links: Vec<Link>,
    doubts: Vec<(String, usize, String)>,
    /// The files as written, by name, to say where a mistake is.
    sources: Vec<(String, String)>,
}

impl Templates {
    /// Compiles every mail of `files` (`"breakup/body.mjml"` to its text). All errors are returned, not just the first.
    pub fn load(files: &BTreeMap<String, String>) -> Result<Self, Vec<TemplateError>> {
        let mut errors = Vec::new();
        let mut folders: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
        for (path, source) in files.iter().filter(|(path, _)| path.as_str() != "_layout.mjml") {
            match path.split_once('/') {
                Some((name, file @ ("subject.txt" | "body.mjml" | "body.txt"))) if is_name(name) => {
                    folders.entry(name).or_default().insert(file, source);
                }
                Some((_, file)) if !file.starts_with('.') => {
                    let near = error::did_you_mean(file, ["subject.txt", "body.mjml", "body.txt"]);
                    errors.push(TemplateError::new(
                        path,
                        None,
                        format!("no such file belongs to a mail{near}"),
                    ));
                }
                _ => {}
            }
        }
        let layout = files.get("_layout.mjml");
        if layout.is_none() {
            errors.push(TemplateError::new("_layout.mjml", None, "the layout around all mails is missing"));
        }
        let mut templates = Self { engine: engine(), mails: BTreeMap::new(), subjects: RwLock::default() };
        for (name, folder) in &folders {
            let file = |file: &str| {
                let missing = || TemplateError::new(format!("{name}/{file}"), None, "the file is missing");
                folder.get(file).copied().ok_or_else(missing)
            };
            let found = file("subject.txt").and_then(|subject| file("body.mjml").map(|body| (subject, body)));
            let added = match (found, layout) {
                (Ok((subject, body)), Some(layout)) => templates.add(&Files {
                    name,
                    layout,
                    body,
                    text: folder.get("body.txt").copied(),
                    subject,
                }),
                (Ok(_), None) => Ok(()),
                (Err(missing), _) => Err(missing),
            };
            errors.extend(added.err().filter(|e| !errors.contains(e)));
        }
        if errors.is_empty() { Ok(templates) } else { Err(errors) }
    }

    fn add(&mut self, files: &Files<'_>) -> Result<(), TemplateError> {
        let name = files.name;
        let mut sources = vec![
            ("_layout.mjml".to_owned(), files.layout.to_owned()),
            (format!("{name}/body.mjml"), files.body.to_owned()),
            (format!("{name}/subject.txt"), files.subject.to_owned()),
        ];
        sources.extend(files.text.map(|text| (format!("{name}/body.txt"), text.to_owned())));
        if files.subject.trim().is_empty() {
            let what = "the subject is empty: a mail without one is taken for spam";
            return Err(TemplateError::new(format!("{name}/subject.txt"), 1, what));
        }
        for (file, source) in &sources {
            self.syntax(file, source)?;
        }
        let compiled = compile::compile(files)?;
        for (part, source) in [("html", compiled.html), ("txt", compiled.text), ("subject", compiled.subject)]
        {
            let file = format!("{name}/body.mjml");
            self.engine
                .add_template_owned(format!("{name}.{part}"), source)
                .map_err(|e| TemplateError::new(file, None, in_words(&e)))?;
        }
        self.mails.insert(name.to_owned(), Mail { links: compiled.links, doubts: compiled.doubts, sources });
        Ok(())
    }

    /// Reads a file as Jinja alone, so that a mistake is told with the line of the file the marketer wrote.
    fn syntax(&mut self, file: &str, source: &str) -> Result<(), TemplateError> {
        let wrong = |e: minijinja::Error| TemplateError::new(file, e.line(), in_words(&e));
        self.engine.add_template_owned(file.to_owned(), source.to_owned()).map_err(wrong)?;
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

    /// The mails there are, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.mails.keys().map(String::as_str)
    }

    /// The variant of a mail for a language ("de", "de-AT"), or the mail itself.
    pub fn in_language<'a>(&'a self, name: &'a str, language: Option<&str>) -> &'a str {
        let exact = language.map(str::to_ascii_lowercase);
        let broad = exact.as_deref().and_then(|l| l.split(['-', '_']).next()).map(ToOwned::to_owned);
        let variant = |l: String| self.mails.get_key_value(&format!("{name}.{l}")).map(|(k, _)| k.as_str());
        exact.and_then(variant).or_else(|| broad.and_then(variant)).unwrap_or(name)
    }

    /// The links of a mail, in order.
    pub fn links(&self, name: &str) -> Result<&[Link], RenderError> {
        Ok(&self.mail(name)?.links)
    }

    /// Renders one mail for one lead.
    ///
    /// `subject` is a subject template from the playbook, in place of `subject.txt`. `url` is asked once for each link
    /// of the mail and gives the address this lead is to get.
    ///
    /// # Errors
    /// [`RenderError`], also where a part does not say the postal address, which the law wants in every mail (CAN-SPAM, CASL).
    pub fn render(
        &self,
        name: &str,
        subject: Option<&str>,
        letter: &Letter,
        url: impl Fn(&LinkKind) -> String,
    ) -> Result<Rendered, RenderError> {
        let rendered = self.render_as_written(name, subject, letter, url)?;
        for (part, text) in [("HTML", &rendered.html), ("text", &rendered.text)] {
            if !says(text, &letter.sender.postal_address) {
                return Err(RenderError::NoPostalAddress { name: name.to_owned(), part });
            }
        }
        Ok(rendered)
    }

    /// The same, whatever the law wants: what is missing is looked for by who checks.
    fn render_as_written(
        &self,
        name: &str,
        subject: Option<&str>,
        letter: &Letter,
        url: impl Fn(&LinkKind) -> String,
    ) -> Result<Rendered, RenderError> {
        let mail = self.mail(name)?;
        let urls: Vec<String> = mail.links.iter().map(|link| url(&link.kind)).collect();
        let names = names(letter);
        let part = |ending: &str, part: Part, what: &'static str| {
            let values = values(&names, &mail.links, &urls, part);
            let rendered = render_limited(&self.engine, &format!("{name}.{ending}"), values, MAX_PART);
            rendered.map_err(|e| self.explain(name, what, mail, &names, &urls, e))
        };
        let subject = match subject {
            None => part("subject", Part::Subject, "subject")?,
            Some(variant) => self.render_subject(name, variant, &names)?,
        };
        let text = part("txt", Part::Text, "text")?;
        Ok(Rendered {
            subject: one_line(&subject),
            html: part("html", Part::Html, "HTML")?,
            text: tidy(&text),
        })
    }

    /// Whether a subject variant of the playbook would render: its syntax and its names.
    pub fn check_subject(&self, variant: &str) -> Result<(), TemplateError> {
        self.subject_engine(variant).map(drop)
    }

    /// Everything that is wrong or doubtful, in the order of the mails: each is rendered for a lead about whom all is
    /// known and for one of whom only the address is known, and looked over.
    pub fn check(&self) -> Vec<Problem> {
        lint::check(self)
    }

    fn render_subject(&self, name: &str, variant: &str, names: &Names) -> Result<String, RenderError> {
        let engine = self.subject_engine(variant).map_err(RenderError::Template)?;
        let values = values(names, &[], &[], Part::Subject);
        render_limited(&engine, SUBJECT, values, MAX_SUBJECT).map_err(|e| match e.kind() {
            minijinja::ErrorKind::WriteFailure => {
                RenderError::TooLong { name: name.to_owned(), part: "subject", limit: MAX_SUBJECT }
            }
            _ => RenderError::Template(TemplateError::new(
                format!("the subject “{variant}”"),
                None,
                in_words(&e),
            )),
        })
    }

    fn subject_engine(&self, variant: &str) -> Result<Arc<Environment<'static>>, TemplateError> {
        if let Some(known) = self.subjects.read().unwrap_or_else(PoisonError::into_inner).get(variant) {
            return Ok(Arc::clone(known));
        }
        let wrong = |what: String| TemplateError::new(format!("the subject “{variant}”"), None, what);
        let mut engine = engine();
        engine.add_template_owned(SUBJECT, variant.to_owned()).map_err(|e| wrong(in_words(&e)))?;
        let used = engine.get_template(SUBJECT).map_err(|e| wrong(in_words(&e)))?.undeclared_variables(true);
        if used.iter().any(|name| name.ends_with("_url")) {
            return Err(wrong("a subject cannot hold a link".to_owned()));
        }
        if let Some((_, what)) = compile::unknown_name(variant, used.iter().map(String::as_str)) {
            return Err(wrong(what));
        }
        let engine = Arc::new(engine);
        let mut subjects = self.subjects.write().unwrap_or_else(PoisonError::into_inner);
        if subjects.len() >= MAX_SUBJECTS {
            subjects.clear();
        }
        subjects.insert(variant.to_owned(), Arc::clone(&engine));
        Ok(engine)
    }

    /// Says where a rendering failed. The compiled HTML has other lines than its sources, so these are rendered, too, until one fails alike.
    fn explain(
        &self,
        name: &str,
        part: &'static str,
        mail: &Mail,
        names: &Names,
        urls: &[String],
        error: minijinja::Error,
    ) -> RenderError {
        if error.kind() == minijinja::ErrorKind::WriteFailure {
            return RenderError::TooLong { name: name.to_owned(), part, limit: MAX_PART };
        }
        let values = values(names, &mail.links, urls, Part::Text);
        let of_part = |file: &str| match part {
            "HTML" => file.ends_with(".mjml"),
            "subject" => file.ends_with("subject.txt"),
            _ => true,
        };
        for (file, _) in mail.sources.iter().filter(|(file, _)| of_part(file)) {
            if let Err(e) = render_limited(&self.engine, file, values.clone(), MAX_PART)
                && e.kind() == error.kind()
            {
                return RenderError::Template(TemplateError::new(file, e.line(), in_words(&e)));
            }
        }
        RenderError::Template(TemplateError::new(format!("{name}/{part}"), None, in_words(&error)))
    }

    fn mail(&self, name: &str) -> Result<&Mail, RenderError> {
        let unknown = || RenderError::Unknown {
            name: name.to_owned(),
            nearest: error::nearest(name, self.names()).map(ToOwned::to_owned),
        };
        self.mails.get(name).ok_or_else(unknown)
    }

    fn sources(&self, name: &str) -> impl Iterator<Item = (&str, &str)> {
        self.mails
            .get(name)
            .into_iter()
            .flat_map(|m| m.sources.iter().map(|(file, source)| (file.as_str(), source.as_str())))
    }

    fn doubts(&self, name: &str) -> &[(String, usize, String)] {
        self.mails.get(name).map_or(&[], |m| &m.doubts)
    }
}

/// The one template of a subject's engine.
const SUBJECT: &str = "variant.subject";

fn engine() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    engine.set_fuel(Some(FUEL));
    engine.set_auto_escape_callback(|name| {
        if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
    });
    engine
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && !name.starts_with(['.', '_'])
}

fn in_words(error: &minijinja::Error) -> String {
    use minijinja::ErrorKind as Kind;
    let detail = error.detail().unwrap_or_default();
    match error.kind() {
        Kind::UndefinedError => {
            let what =
                error.template_source().and_then(|source| error.range().and_then(|range| source.get(range)));
            let what = what.map(|w| format!("“{}” ", w.trim())).unwrap_or_default();
            format!("{what}has no value and no default; write {{{{ first_name | default(\"there\") }}}}")
        }
        Kind::OutOfFuel => "the template takes too many steps".to_owned(),
        Kind::UnknownFilter => format!("there is no such filter: {detail}"),
        kind if detail.is_empty() => kind.to_string(),
        kind => format!("{kind}: {detail}"),
    }
}

fn one_line(subject: &str) -> String {
    subject.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// No blanks at line ends, no more than one empty line in a row: what `{% if %}` leaves behind is swept up.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 2;
    for line in text.lines().map(str::trim_end) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// Whether a part says an address, however it is escaped and broken into lines.
fn says(part: &str, address: &str) -> bool {
    let plain = |text: &str| {
        let mut plain = String::with_capacity(text.len());
        for (at, piece) in text.split('&').enumerate() {
            // What begins with & and ends with ; stands for a sign that is no letter.
            let piece = if at == 0 { piece } else { piece.split_once(';').map_or(piece, |(_, rest)| rest) };
            plain.extend(piece.chars().filter(|c| c.is_alphanumeric()));
        }
        plain
    };
    part.contains(address) || {
        let address: String = address.chars().filter(|c| c.is_alphanumeric()).collect();
        !address.is_empty() && plain(part).contains(&address)
    }
}
