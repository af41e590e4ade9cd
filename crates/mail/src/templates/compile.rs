//! One mail's files become three Jinja templates (HTML, text, subject) and its list of links. Done once, when templates are read.

use std::collections::{BTreeMap, HashMap};

use mrml::prelude::parser::Error as MjmlError;
use mrml::prelude::render::RenderOptions;

use rekindle_core::language::Language;

use super::assemble::{Assembled, BODY, Piece, includes};
use super::error::{TemplateError, did_you_mean};
use super::links::{Found, Link, LinkKind, attribute};
use super::source::{Hidden, end_of_tag, jinja_of, misbuilt};
use super::values::{ALWAYS, KNOWN, LINKS};

/// No line of a text part is broken by us: mail programs wrap to the reader's window, and a broken link is no link.
const TEXT_WIDTH: usize = 10_000;

/// One mail, compiled from MJML to Jinja.
#[derive(Debug)]
pub(super) struct Compiled {
    /// What it is written in.
    pub(super) language: Language,
    pub(super) html: String,
    pub(super) text: String,
    pub(super) subject: String,
    pub(super) links: Vec<Link>,
    /// Attributes MJML does not know, with file and line.
    pub(super) doubts: Vec<(String, usize, String)>,
}

/// One mail's files.
pub(super) struct Files<'a> {
    pub(super) name: &'a str,
    /// The language that its folder names; none for the mail itself, whose layout says it.
    pub(super) language: Option<&'a Language>,
    /// The files around all mails, by name: `_layout.mjml`, `_footer.de.mjml`.
    pub(super) shared: &'a BTreeMap<&'a str, &'a str>,
    pub(super) body: &'a str,
    pub(super) text: Option<&'a str>,
    pub(super) subject: &'a str,
}

impl Files<'_> {
    /// The layout and what it includes, each in the mail's language where there is such a file.
    pub(super) fn pieces(&self) -> Result<Vec<Piece>, TemplateError> {
        let layout = self.shared("_layout.mjml").ok_or_else(|| {
            TemplateError::new("_layout.mjml", None, "the layout around all mails is missing")
        })?;
        let mut pieces = vec![layout];
        let Piece { file, text, .. } = pieces[0].clone();
        for (line, path) in includes(&file, &text)? {
            if pieces.iter().any(|piece| piece.included_as == path) {
                continue;
            }
            if path == BODY {
                let body = format!("{}/{BODY}", self.name);
                let text = self.body.to_owned();
                pieces.push(Piece { included_as: BODY.to_owned(), file: body, text });
                continue;
            }
            let Some(piece) = self.shared(path) else {
                let near =
                    did_you_mean(path, self.shared.keys().copied().filter(|known| *known != "_layout.mjml"));
                let what = format!("there is no “{path}” to include{near}");
                return Err(TemplateError::new(&file, line, what));
            };
            pieces.push(piece);
        }
        match pieces[1..].iter().find(|piece| piece.text.contains("<mj-include")) {
            Some(piece) => Err(TemplateError::new(&piece.file, None, "only the layout includes other files")),
            None => Ok(pieces),
        }
    }

    /// A file around all mails: `_layout.de-at.mjml`, else `_layout.de.mjml`, else `_layout.mjml`.
    fn shared(&self, name: &str) -> Option<Piece> {
        let stem = name.strip_suffix(".mjml")?;
        let tags = self.language.into_iter().flat_map(|l| [l.tag(), l.primary()]);
        let names = tags.map(|tag| format!("{stem}.{tag}.mjml")).chain([name.to_owned()]);
        names.into_iter().find_map(|file| {
            let text = (*self.shared.get(file.as_str())?).to_owned();
            Some(Piece { included_as: name.to_owned(), file, text })
        })
    }
}

pub(super) fn compile(files: &Files<'_>) -> Result<Compiled, TemplateError> {
    let body_file = format!("{}/{BODY}", files.name);
    let text_file = format!("{}/body.txt", files.name);
    let mut links = Found::default();
    let mut hidden = Hidden::default();
    let mut pieces = files.pieces()?;
    for piece in &mut pieces {
        if let Some((line, what)) = misbuilt(&Hidden::default().hide(&piece.text)) {
            return Err(TemplateError::new(&piece.file, line, what));
        }
        links.take_surveys(&piece.file, &piece.text)?;
        piece.text = hidden.hide(&piece.text);
    }
    links.take_surveys(&text_file, files.text.unwrap_or(""))?;

    let own = language_of_layout(&pieces[0].text);
    let language = files.language.cloned().unwrap_or(own);
    let whole = Assembled::new(&pieces, Some(&language))?;
    let place = |byte: usize| {
        let (piece, line) = whole.origin(byte);
        (pieces[piece].file.clone(), line)
    };
    let (html, warnings) = mjml_to_html(&whole.mjml).map_err(|(byte, what)| match byte {
        Some(byte) => {
            let (file, line) = place(byte);
            TemplateError::new(file, line, what)
        }
        None => TemplateError::new(&body_file, None, what),
    })?;
    let html = links
        .take_from_html(&html, &mut hidden)
        .map_err(|what| TemplateError::new(&body_file, None, what))?;
    let text = match files.text {
        Some(text) => hidden.hide(text),
        None => {
            let (bare, _) = mjml_to_html(&whole.without_preview)
                .map_err(|(_, what)| TemplateError::new(&body_file, None, what))?;
            html_to_text(&bare).map_err(|what| TemplateError::new(&body_file, None, what))?
        }
    };
    let text = links
        .take_from_text(&text, &mut hidden)
        .map_err(|what| TemplateError::new(&text_file, None, what))?;
    let (html, text) = (hidden.reveal(&html), hidden.reveal(&text));
    for (name, kind) in [
        ("offer_url", LinkKind::Offer),
        ("unsubscribe_url", LinkKind::Unsubscribe),
        ("preferences_url", LinkKind::Preferences),
        ("confirm_url", LinkKind::Confirm),
    ] {
        if says(&html, name) || says(&text, name) {
            links.add(kind);
        }
    }
    let html = baited(&html, links.add(LinkKind::Bait));
    let doubts = warnings.into_iter().map(|(byte, what)| {
        let (file, line) = place(byte);
        (file, line, what)
    });
    let doubts = doubts.collect();
    Ok(Compiled {
        language,
        html,
        text,
        subject: files.subject.trim().to_owned(),
        links: links.into_links(),
        doubts,
    })
}

/// The HTML with a link before all others that no person sees or reaches, and no screen reader says (mail-rules M2): who follows it is
/// a machine.
fn baited(html: &str, index: usize) -> String {
    let body = html.find("<body").map_or(0, |at| at + end_of_tag(&html[at..]));
    let (before, after) = html.split_at(body);
    format!(
        r#"{before}<div style="display:none;max-height:0;overflow:hidden;mso-hide:all" aria-hidden="true"><a href="{{{{ {LINKS}[{index}] }}}}" rel="nofollow" tabindex="-1"></a></div>{after}"#
    )
}

/// What `<mjml lang="…">` says; English where it says nothing.
fn language_of_layout(layout: &str) -> Language {
    let tag = layout.find("<mjml").map(|at| &layout[at..at + end_of_tag(&layout[at..])]);
    let told = tag.and_then(|tag| attribute(tag, "lang").map(|(from, to)| &tag[from..to]));
    told.and_then(Language::parse).or_else(|| Language::parse("en")).expect("English is a language")
}

/// Whether some piece of Jinja in `source` uses this name.
fn says(source: &str, name: &str) -> bool {
    jinja_of(source).iter().any(|(_, jinja)| jinja.contains(name))
}

/// The first name in a source that no template may use, with its line.
pub(super) fn unknown_name<'a>(
    source: &str,
    used: impl IntoIterator<Item = &'a str>,
) -> Option<(Option<usize>, String)> {
    for name in used {
        if KNOWN.contains(&name) || ALWAYS.contains(&name) {
            continue;
        }
        let line = jinja_of(source).into_iter().find(|(_, jinja)| jinja.contains(name)).map(|(line, _)| line);
        let near = did_you_mean(name, KNOWN);
        return Some((line, format!("“{name}” is nothing a mail knows{near}")));
    }
    None
}

type Html = (String, Vec<(usize, String)>);

fn mjml_to_html(mjml: &str) -> Result<Html, (Option<usize>, String)> {
    let parsed = mrml::parse(mjml).map_err(|e| (position(&e), in_words(mjml, &e)))?;
    // No web fonts: each would tell a third party who reads our mail, and when.
    let options = RenderOptions { disable_comments: true, fonts: HashMap::new(), ..RenderOptions::default() };
    let html =
        parsed.element.render(&options).map_err(|e| (None, format!("the MJML cannot be laid out: {e}")))?;
    let warnings = parsed
        .warnings
        .iter()
        .map(|w| (w.span.start, format!("{}: “{}”", w.kind, at(mjml, w.span.start, w.span.end))))
        .collect();
    Ok((html, warnings))
}

fn position(error: &MjmlError) -> Option<usize> {
    match error {
        MjmlError::UnexpectedElement { position, .. }
        | MjmlError::UnexpectedToken { position, .. }
        | MjmlError::MissingAttribute { position, .. }
        | MjmlError::InvalidAttribute { position, .. }
        | MjmlError::InvalidFormat { position, .. }
        | MjmlError::IncludeLoaderError { position, .. } => Some(position.start),
        _ => None,
    }
}

fn in_words(mjml: &str, error: &MjmlError) -> String {
    match error {
        MjmlError::UnexpectedElement { position, .. } => {
            format!("“{}” cannot stand here", at(mjml, position.start, position.end))
        }
        MjmlError::UnexpectedToken { position, .. } => format!(
            "“{}” cannot stand here; words and {{% if %}} belong into <mj-text> or, around whole sections, into <mj-raw>",
            at(mjml, position.start, position.end)
        ),
        MjmlError::MissingAttribute { name, .. } => format!("the attribute {name} is missing"),
        MjmlError::EndOfStream { .. } => "the file ends inside an element".into(),
        MjmlError::ParserError { source, .. } => format!("this is not MJML: {source}"),
        other => other.to_string(),
    }
}

fn at(mjml: &str, start: usize, end: usize) -> String {
    let text = mjml.get(start..end).unwrap_or("").trim();
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

fn html_to_text(html: &str) -> Result<String, String> {
    let config = html2text::config::plain()
        .link_footnotes(true)
        .no_table_borders()
        .no_link_wrapping()
        .allow_width_overflow();
    let text = config
        .string_from_read(html.as_bytes(), TEXT_WIDTH)
        .map_err(|e| format!("no text can be made of the HTML: {e}"))?;
    let rule = |line: &str| !line.is_empty() && line.chars().all(|c| matches!(c, '─' | '━' | '-'));
    Ok(text
        .lines()
        .map(str::trim_end)
        .map(|line| if rule(line) { "--" } else { line })
        .collect::<Vec<_>>()
        .join("\n"))
}
