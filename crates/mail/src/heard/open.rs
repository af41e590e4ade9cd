//! The bytes of a message become its head and its parts, all text decoded, with the same lines however they ended.

use mail_parser::{
    HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType, decoders::html::html_to_text,
};

/// More of a message is not read.
pub(super) const MOST: usize = 5 * 1024 * 1024;
/// More parts of a message are not read.
const MOST_PARTS: usize = 1_000;
/// Messages within messages within messages are not read deeper. What is deeper is nobody's bounce, and dropping it would fill the stack.
const DEEPEST: usize = 20;
/// More of one part is not looked at: no mail server says that much.
const MOST_OF_A_PART: usize = 256 * 1024;

/// A message, opened.
#[derive(Debug, Default)]
pub(super) struct Opened {
    /// Its own head.
    pub head: Head,
    subject: String,
    /// Its parts in order, those of a returned message left out.
    pub parts: Vec<Part>,
    /// Messages that it carries: what was returned. Of some, only the head was.
    pub returned: Vec<Opened>,
}

/// One part that is not itself divided.
#[derive(Debug)]
pub(super) struct Part {
    /// Its media type, in small letters.
    pub kind: String,
    /// What is in it; HTML as text.
    pub text: String,
}

/// Header fields: names in small letters, values unfolded.
#[derive(Debug, Default)]
pub(super) struct Head(Vec<(String, String)>);

impl Head {
    /// Fields from a text of them, ended by an empty line or the end; what is no field is passed over.
    pub(super) fn read(text: &str) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.lines().take_while(|line| !line.trim().is_empty()) {
            match line.split_once(':') {
                Some((name, value)) if !line.starts_with([' ', '\t']) && is_name(name.trim_end()) => {
                    fields.push((name.trim_end().to_ascii_lowercase(), value.trim().to_owned()));
                }
                _ => {
                    if let Some((_, value)) = fields.last_mut() {
                        value.push(' ');
                        value.push_str(line.trim());
                    }
                }
            }
        }
        Self(fields)
    }

    /// All values of a field.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a field.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a field in small letters; empty where it is missing.
    pub(super) fn lower(&self, name: &str) -> String {
        self.first(name).unwrap_or_default().to_lowercase()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn is_name(text: &str) -> bool {
    (1..=60).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b':')
}

impl Opened {
    /// Its subject, decoded, on one line.
    pub(super) fn subject(&self) -> &str {
        &self.subject
    }

    /// The address in its From.
    pub(super) fn from(&self) -> Option<String> {
        let from = self.head.first("from")?;
        super::addresses::of(from).last().cloned()
    }

    /// What a reader sees first: the text parts, or the HTML where there is no other text.
    pub(super) fn text(&self) -> String {
        let of = |kind: &str| -> Vec<&str> {
            self.parts.iter().filter(|p| p.kind == kind).map(|p| p.text.as_str()).collect()
        };
        let plain = of("text/plain");
        let parts = if plain.iter().all(|text| text.trim().is_empty()) { of("text/html") } else { plain };
        parts.join("\n\n")
    }
}

/// Opens a message. A text that is none has no head and one part.
pub(super) fn open(raw: &[u8]) -> Opened {
    let lines = one_line_end(&raw[..raw.len().min(MOST)]);
    let lines = without_mbox_line(&lines);
    let head = Head::read(&String::from_utf8_lossy(head_of(lines)));
    let message = if has_too_many_parts(lines) { None } else { MessageParser::default().parse(lines) };
    let mut opened = message.map(|message| of(&message, &mut MOST_PARTS.clone(), 0)).unwrap_or_default();
    opened.head = head;
    if opened.parts.iter().all(|part| part.text.trim().is_empty()) {
        // What calls itself divided, and is not.
        let body = &lines[head_of(lines).len()..];
        opened
            .parts
            .push(Part { kind: "text/plain".to_owned(), text: bounded(&String::from_utf8_lossy(body)) });
    }
    opened
}

/// CRLF, LF and bare CR, all as LF, so that copies of a mail that passed through different hands have one verdict.
fn one_line_end(raw: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'\r' {
            if bytes.peek() == Some(&b'\n') {
                bytes.next();
            }
            lines.push(b'\n');
        } else {
            lines.push(byte);
        }
    }
    lines
}

/// A mail from a mailbox file begins with a line that is no header.
fn without_mbox_line(lines: &[u8]) -> &[u8] {
    let rest = lines.strip_prefix(b"From ").or_else(|| lines.strip_prefix(b">From "));
    rest.and_then(|rest| rest.iter().position(|b| *b == b'\n').map(|end| &rest[end + 1..])).unwrap_or(lines)
}

fn head_of(lines: &[u8]) -> &[u8] {
    let end = lines.windows(2).position(|pair| pair == b"\n\n").map_or(lines.len(), |at| at + 1);
    &lines[..end]
}

/// Counted before anything is parsed, since the parser follows every level.
fn has_too_many_parts(lines: &[u8]) -> bool {
    let told = lines.split(|b| *b == b'\n').filter(|line| {
        let line = line.trim_ascii_start();
        line.len() > 12 && line[..12].eq_ignore_ascii_case(b"content-type")
    });
    told.count() > MOST_PARTS
}

/// A message and those within it, while `left` parts may still be read.
fn of(message: &Message<'_>, left: &mut usize, depth: usize) -> Opened {
    let subject = crate::compose::clean(message.subject().unwrap_or_default(), 500);
    let mut opened = Opened { head: head_of_message(message), subject, ..Opened::default() };
    for part in &message.parts {
        let Some(fewer) = left.checked_sub(1) else { break };
        *left = fewer;
        let kind = kind_of(part);
        let text = match &part.body {
            PartType::Multipart(_) => continue,
            PartType::Message(inner) => {
                if depth < DEEPEST {
                    opened.returned.push(of(inner, left, depth + 1));
                }
                continue;
            }
            PartType::Text(text) => bounded(text),
            PartType::Html(html) => html_to_text(&bounded(html)),
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
                bounded(&String::from_utf8_lossy(bytes))
            }
        };
        if is_head(&kind) {
            opened.returned.push(Opened { head: Head::read(text.trim_start()), ..Opened::default() });
        } else if kind.starts_with("message/") || kind.starts_with("text/") {
            opened.parts.push(Part { kind, text });
        }
    }
    opened
}

fn head_of_message(message: &Message<'_>) -> Head {
    let raw = message.raw_message.as_ref();
    let fields = message.headers().iter().map(|header| {
        let name = match &header.name {
            HeaderName::Other(name) => name.to_ascii_lowercase(),
            name => name.as_str().to_ascii_lowercase(),
        };
        let raw = raw.get(header.offset_start as usize..header.offset_end as usize).unwrap_or_default();
        let value = String::from_utf8_lossy(raw);
        (name, value.split_whitespace().collect::<Vec<_>>().join(" "))
    });
    Head(fields.collect())
}

fn kind_of(part: &MessagePart<'_>) -> String {
    let kind = part.content_type().map(|kind| match kind.subtype() {
        Some(sub) => format!("{}/{sub}", kind.ctype()).to_ascii_lowercase(),
        None => kind.ctype().to_ascii_lowercase(),
    });
    kind.filter(|kind| kind.contains('/')).unwrap_or_else(|| "text/plain".to_owned())
}

/// The head of a returned message alone (RFC 6522, RFC 6533).
fn is_head(kind: &str) -> bool {
    matches!(kind, "text/rfc822-headers" | "message/rfc822-headers" | "message/global-headers")
}

fn bounded(text: &str) -> String {
    let end = (0..=text.len().min(MOST_OF_A_PART)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text[..end].replace("\r\n", "\n").replace('\r', "\n")
}
