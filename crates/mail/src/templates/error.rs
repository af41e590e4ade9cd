//! What can be wrong with a template, in the words of the person who wrote it.

use std::fmt;

/// A template that cannot be used at all. Found when the templates are read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct TemplateError {
    /// The file, as it was given: `breakup/body.mjml`.
    pub file: String,
    /// The line, counted from 1, where one can be named.
    pub line: Option<usize>,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl TemplateError {
    pub(super) fn new(
        file: impl Into<String>,
        line: impl Into<Option<usize>>,
        what: impl Into<String>,
    ) -> Self {
        Self { file: file.into(), line: line.into(), what: what.into() }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        place(f, &self.file, self.line)?;
        f.write_str(&self.what)
    }
}

/// A template that can be used and should not be sent as it is. Found by [`Templates::check`](super::Templates::check).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file it is in, as far as one can tell.
    pub file: String,
    /// The line, counted from 1, where one can be named.
    pub line: Option<usize>,
    /// What is wrong, and what would be right.
    pub what: String,
    /// Whether the mail must not be sent (it would break, or break the law); otherwise it is advice.
    pub fatal: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        place(f, &self.file, self.line)?;
        f.write_str(&self.what)
    }
}

/// Why one mail could not be rendered for one lead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// There is no such mail.
    #[error("there is no mail “{name}”{}", nearest.as_ref().map(|n| format!("; did you mean “{n}”?")).unwrap_or_default())]
    Unknown {
        /// What was asked for.
        name: String,
        /// The nearest that exists.
        nearest: Option<String>,
    },
    /// A value the template needs is missing, or the template is wrong in a way only rendering shows.
    #[error("{0}")]
    Template(TemplateError),
    /// A part grew beyond what any mail may be.
    #[error("the {part} of “{name}” grew beyond {limit} bytes")]
    TooLong {
        /// The mail.
        name: String,
        /// `HTML`, `text` or `subject`.
        part: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The law wants the sender's postal address in every mail.
    #[error(
        "the {part} of “{name}” does not say the postal address, which the law wants in every mail: {{{{ sender.postal_address }}}}"
    )]
    NoPostalAddress {
        /// The mail.
        name: String,
        /// `HTML` or `text`.
        part: &'static str,
    },
}

fn place(f: &mut fmt::Formatter<'_>, file: &str, line: Option<usize>) -> fmt::Result {
    match line {
        Some(line) => write!(f, "{file}:{line}: "),
        None => write!(f, "{file}: "),
    }
}

/// The most alike of `known`, if any is alike enough to be meant.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let alike = |k: &str| strsim::jaro_winkler(&name.to_lowercase(), k);
    let best = known.into_iter().max_by(|a, b| alike(a).total_cmp(&alike(b)))?;
    (alike(best) > 0.75).then_some(best)
}

/// "; did you mean “x”?" or nothing.
pub(super) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map(|n| format!("; did you mean “{n}”?")).unwrap_or_default()
}
