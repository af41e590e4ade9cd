//! Mails as marketers write them: MJML and text with Jinja in them, compiled once, rendered in tens of microseconds.
//!
//! A mail is a folder: `breakup/subject.txt`, `breakup/body.mjml` and, if the text part is to be more than the HTML
//! without its looks, `breakup/body.txt`. `_layout.mjml` surrounds them all and says `<mj-include path="body.mjml" />` where the
//! body goes; it may include others that begin with `_`. A body may begin with `<mj-preview>…</mj-preview>`, the line that inboxes
//! show after the subject.
//!
//! **Languages.** A folder `breakup.de` is the German variant, whole: the same files, links to the same answers. In German mails
//! `_footer.de.mjml` takes the place of `_footer.mjml`, and the document says that it is German. Dates are written in the mail's language.
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
//! Templates are strict (a missing value without a default stops the mail), escaped for HTML, know a handful of words and filters
//! ([`sandbox`]), cannot read files or other templates, and are stopped after a number of steps and bytes.

mod assemble;
mod compile;
mod dates;
mod error;
mod limit;
mod links;
mod lint;
mod load;
mod sandbox;
mod seen;
mod source;
mod values;
mod variants;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use minijinja::Environment;
use rekindle_core::language::Language;

pub use self::error::{Problem, RenderError, TemplateError};
use self::limit::render_limited;
pub use self::links::{Link, LinkKind};
use self::sandbox::engine;
pub use self::seen::inbox_line;
use self::values::{Names, Part, names, values};
use crate::letter::Letter;

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
    language: Language,
    links: Vec<Link>,
    doubts: Vec<(String, usize, String)>,
    /// The files as written, by name, to say where a mistake is.
    sources: Vec<(String, String)>,
}

impl Templates {
    /// The mails there are and their variants, in order: "breakup", "breakup.de".
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.mails.keys().map(String::as_str)
    }

    /// The mails that a sequence may name, in order: without their variants.
    pub fn mails(&self) -> impl Iterator<Item = &str> {
        self.names().filter(|name| !name.contains('.'))
    }

    /// The variants of a mail, in order: "breakup.de" of "breakup".
    pub fn variants<'a>(&'a self, mail: &'a str) -> impl Iterator<Item = &'a str> {
        self.names().filter(move |name| name.split_once('.').is_some_and(|(base, _)| base == mail))
    }

    /// What a mail is written in: the language of its folder, else that of the layout.
    pub fn language(&self, name: &str) -> Result<&Language, RenderError> {
        Ok(&self.mail(name)?.language)
    }

    /// The variant of a mail for who reads this language (for "de-AT" `breakup.de-at`, else `breakup.de`), or the mail itself.
    pub fn in_language<'a>(&'a self, name: &'a str, language: Option<&Language>) -> &'a str {
        let variant = |tag| self.mails.get_key_value(&format!("{name}.{tag}")).map(|(k, _)| k.as_str());
        let tags = language.into_iter().flat_map(|l| [l.tag(), l.primary()]);
        tags.into_iter().find_map(variant).unwrap_or(name)
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
        let names = names(letter, &mail.language);
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

    /// Whether a subject for a mail says something to everybody: to a lead about whom all is known, and to one of whom only the address
    /// is. `offers`: whether the mail makes an offer there.
    ///
    /// # Errors
    /// What is wrong, and for whom.
    pub fn try_subject(&self, name: &str, variant: &str, offers: bool) -> Result<(), RenderError> {
        self.check_subject(variant).map_err(RenderError::Template)?;
        let of_subject = |what: String| {
            RenderError::Template(TemplateError::new(format!("the subject “{variant}”"), None, what))
        };
        for (letter, of_whom) in lint::readers() {
            let letter = Letter { offer: Letter::sample().offer.filter(|_| offers), ..letter };
            let names = names(&letter, &self.mail(name)?.language);
            match self.render_subject(name, variant, &names) {
                Ok(subject) if one_line(&subject).is_empty() => {
                    return Err(of_subject(format!(
                        "for {of_whom} it says nothing; give it an {{% else %}}"
                    )));
                }
                Ok(_) => {}
                Err(RenderError::Template(error)) => {
                    return Err(of_subject(format!("for {of_whom}: {}", error.what)));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
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
        if let Some((_, what)) = sandbox::stranger(variant) {
            return Err(wrong(what));
        }
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
