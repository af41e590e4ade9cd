//! From a rendered letter and its envelope to the bytes of a message, by the sender rules E1 to E8 and U1.
//!
//! Sources: RFC 5322 (format), RFC 2045 to 2047 (MIME), RFC 2369 and 8058 (unsubscribing), RFC 3834 (automatic mail), and the
//! bulk sender rules of Gmail, Yahoo and Microsoft. Whatever a lead could have typed (a name, a subject made of it) is
//! cleaned before it comes near a header, so that no value can end a line, begin a header or pose as an encoded word.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MultiPart, MultiPartKind, SinglePart};
use lettre::{Address, Message};
use minijinja::HtmlEscape;

use crate::templates::Rendered;

/// Gmail shows only the first 102 KB of a mail's HTML and hides the rest, with the unsubscribe link in it.
pub const MAX_HTML: usize = 102 * 1024;
/// A Message-ID must fit on one line beside its header's name, with room to spare.
const MAX_MESSAGE_ID: usize = 250;
/// More of a subject is never shown; RFC 5322 stops at 998 octets a line.
const MAX_SUBJECT: usize = 250;
/// A line of a head with encoded words is no longer (RFC 2047 section 2).
const LINE: usize = 76;
/// More of a display name is never shown.
const MAX_NAME: usize = 100;

/// Why a message cannot be made. All but `UnsubscribeMissing` and `TooLarge` are the caller's mistake, not a marketer's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// An address that cannot stand in a header (not ASCII, or no address).
    #[error("“{0}” is no address a mail can carry (domains must be in their ASCII form)")]
    Address(String),
    /// The Message-ID is not `<left@right>` with both sides dot-atoms, or too long.
    #[error("“{0}” is no Message-ID; it is <letters.and.digits@domain>, {MAX_MESSAGE_ID} characters at most")]
    MessageId(String),
    /// A header value of ours that would not survive its header.
    #[error("the {header} cannot be “{value}”")]
    Header {
        /// The header.
        header: &'static str,
        /// What was to be written.
        value: String,
    },
    /// A part with nothing in it.
    #[error("the mail's {0} is empty")]
    Empty(&'static str),
    /// A campaign mail one of whose parts does not carry the unsubscribe link.
    #[error("the {0} part has no unsubscribe link; write {{{{ unsubscribe_url }}}} into the template")]
    UnsubscribeMissing(&'static str),
    /// A campaign mail one of whose parts does not carry the sender's postal address (CAN-SPAM, CASL).
    #[error("the {0} part has no postal address; write {{{{ sender.postal_address }}}} into the template")]
    AddressMissing(&'static str),
    /// More HTML than Gmail shows.
    #[error("the HTML is {0} bytes; Gmail hides what is beyond {MAX_HTML}")]
    TooLarge(usize),
}

/// A name and an address. The name may be anything; it is cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// What people read, if anything.
    pub name: Option<String>,
    /// The address, its domain in ASCII.
    pub address: String,
}

/// Who writes to whom, when, under which number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The From header.
    pub from: Party,
    /// The one recipient of the To header.
    pub to: Party,
    /// Where answers go, if not to `from`.
    pub reply_to: Option<String>,
    /// `<delivery-id@sending-domain>`, with or without its angle brackets; the same at every retry.
    pub message_id: String,
    /// When it was first rendered.
    pub date: DateTime<Utc>,
    /// What a campaign mail carries besides; `None` makes a system mail (a confirmation, an export).
    pub bulk: Option<Bulk>,
}

/// The headers that make a campaign mail easy to leave and to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulk {
    /// What the list is called, for example "Rekindle re-engagement".
    pub list_name: String,
    /// The list's id in domain form, for example `reengage.example.com` (RFC 2919).
    pub list_id: String,
    /// The https address that ends it with one POST (RFC 8058). http is let through on loopback only, for trying out.
    pub unsubscribe_url: String,
    /// A `mailto:` that does the same, if there is one.
    pub unsubscribe_mailto: Option<String>,
    /// The sender's postal address, which each part must carry (CAN-SPAM, CASL): on one line or several.
    pub postal_address: String,
    /// Gmail's Feedback-ID, `campaign:step:rekindle`, with nothing personal in it.
    pub feedback_id: String,
}

/// Makes the message: CRLF line ends, text part first, every line short, every header there exactly once.
pub fn compose(envelope: &Envelope, letter: &Rendered) -> Result<Vec<u8>, ComposeError> {
    let id = message_id(&envelope.message_id)?;
    let subject = clean(&letter.subject, MAX_SUBJECT);
    for (part, what) in
        [(subject.as_str(), "subject"), (&letter.text, "text part"), (&letter.html, "HTML part")]
    {
        if part.trim().is_empty() {
            return Err(ComposeError::Empty(what));
        }
    }
    if letter.html.len() >= MAX_HTML {
        return Err(ComposeError::TooLarge(letter.html.len()));
    }
    let (from, to) = (mailbox(&envelope.from)?, mailbox(&envelope.to)?);
    // Told, so that it is not read back out of the headers.
    let relayed = lettre::address::Envelope::new(Some(from.email.clone()), vec![to.email.clone()])
        .map_err(|e| ComposeError::Header { header: "envelope", value: e.to_string() })?;
    let mut builder = Message::builder()
        .envelope(relayed)
        .from(from)
        .to(to)
        .date(envelope.date.into())
        .message_id(Some(id.clone()))
        .subject(subject);
    if let Some(address) = &envelope.reply_to {
        builder = builder.reply_to(mailbox(&Party { name: None, address: address.clone() })?);
    }
    // A boundary from the Message-ID, so that the same mail is the same bytes; `=_` never occurs in an encoded body.
    let boundary: String = id.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    let parts = MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        .boundary(format!("=_{boundary}"))
        .singlepart(part(ContentType::TEXT_PLAIN, &letter.text))
        .singlepart(part(ContentType::TEXT_HTML, &letter.html));
    let mut message = builder
        .multipart(parts)
        .map_err(|e| ComposeError::Header { header: "envelope", value: e.to_string() })?;
    for (name, value) in extra_headers(envelope.bulk.as_ref(), letter)? {
        message.headers_mut().insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
    }
    Ok(folded(message.formatted()))
}

/// Folds what lettre leaves too long in the head: it does not fold between a name and its address. What has no blank stays whole.
fn folded(message: Vec<u8>) -> Vec<u8> {
    let end = message.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(message.len());
    let head = &message[..end];
    if head.split(|b| *b == b'\n').all(|line| line.len() <= LINE) {
        return message;
    }
    let mut folded = Vec::with_capacity(message.len() + 64);
    for (nth, line) in head.split(|b| *b == b'\n').enumerate() {
        if nth > 0 {
            folded.push(b'\n');
        }
        let mut rest = line;
        while rest.len() > LINE {
            // Not behind the name of the field, which would leave a line with nothing on it.
            let least = rest.iter().position(|b| *b != b' ').unwrap_or(0) + 1;
            let least = rest.windows(2).position(|two| two == b": ").map_or(least, |colon| colon + 2);
            let blank = |at: &usize| rest[*at] == b' ';
            let Some(at) = (least..=LINE).rev().find(blank).or_else(|| (LINE..rest.len()).find(blank)) else {
                break;
            };
            folded.extend_from_slice(&rest[..at]);
            folded.extend_from_slice(b"\r\n");
            rest = &rest[at..];
        }
        folded.extend_from_slice(rest);
    }
    folded.extend_from_slice(&message[end..]);
    folded
}

fn extra_headers(
    bulk: Option<&Bulk>,
    letter: &Rendered,
) -> Result<Vec<(&'static str, String)>, ComposeError> {
    let Some(bulk) = bulk else {
        return Ok(vec![("Auto-Submitted", "auto-generated".to_owned())]);
    };
    let url = header_url(
        "List-Unsubscribe",
        &bulk.unsubscribe_url,
        &["https://", "http://127.0.0.1", "http://localhost", "http://[::1]"],
    )?;
    if !letter.text.contains(url) {
        return Err(ComposeError::UnsubscribeMissing("text"));
    }
    if !letter.html.contains(url) && !letter.html.contains(&url.replace('&', "&amp;")) {
        return Err(ComposeError::UnsubscribeMissing("HTML"));
    }
    if bulk.postal_address.trim().is_empty() || !carries(&letter.text, &bulk.postal_address) {
        return Err(ComposeError::AddressMissing("text"));
    }
    if !carries(&letter.html, &HtmlEscape(&bulk.postal_address).to_string()) {
        return Err(ComposeError::AddressMissing("HTML"));
    }
    let unsubscribe = match &bulk.unsubscribe_mailto {
        Some(mailto) => format!("<{url}>, <{}>", header_url("List-Unsubscribe", mailto, &["mailto:"])?),
        None => format!("<{url}>"),
    };
    let list_id =
        token("List-Id", &bulk.list_id, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))?;
    let feedback = token("Feedback-ID", &bulk.feedback_id, |c| {
        c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '-' | '_')
    })?;
    let list_name = clean(&bulk.list_name, MAX_NAME).replace(['<', '>', '"', '\\'], "");
    Ok(vec![
        ("List-Unsubscribe", unsubscribe),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
        (
            "List-Id",
            if list_name.is_empty() { format!("<{list_id}>") } else { format!("{list_name} <{list_id}>") },
        ),
        ("Precedence", "bulk".to_owned()),
        ("X-Auto-Response-Suppress", "OOF, AutoReply".to_owned()),
        ("Feedback-ID", feedback.to_owned()),
    ])
}

/// Whether a part has every line of an address.
pub(crate) fn carries(part: &str, address: &str) -> bool {
    address.lines().map(str::trim).all(|line| part.contains(line))
}

/// What is left of a text that a header may carry: one line, no control or direction-changing characters, no encoded-word marks, cut at `most`.
pub fn clean(text: &str, most: usize) -> String {
    let visible = |c: char| match c {
        c if c.is_control() || c.is_whitespace() || matches!(c, '\u{2028}' | '\u{2029}') => ' ',
        // Zero-width and bidirectional marks: harmless in a body, a disguise in a header.
        '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' => ' ',
        c => c,
    };
    // Readers would decode "=?utf-8?q?…?=" wherever it stands; one blank makes it plain text again.
    let one_line = text.chars().map(visible).collect::<String>().replace("=?", "= ?");
    let words = one_line.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    if words.chars().count() <= most {
        return words;
    }
    let mut cut: String = words.chars().take(most - 1).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

fn mailbox(party: &Party) -> Result<Mailbox, ComposeError> {
    let bad = || ComposeError::Address(party.address.chars().take(100).collect());
    if !party.address.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(bad());
    }
    let address = Address::from_str(&party.address).map_err(|_| bad())?;
    let name = party.name.as_deref().map(|n| clean(n, MAX_NAME)).filter(|n| !n.is_empty());
    Ok(Mailbox::new(name, address))
}

fn message_id(written: &str) -> Result<String, ComposeError> {
    let bare = written.strip_prefix('<').and_then(|w| w.strip_suffix('>')).unwrap_or(written);
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    let dot_atom = |s: &str| s.split('.').all(|part| !part.is_empty() && part.chars().all(atom));
    match bare.split_once('@') {
        Some((left, right)) if dot_atom(left) && dot_atom(right) && bare.len() + 2 <= MAX_MESSAGE_ID => {
            Ok(format!("<{bare}>"))
        }
        _ => Err(ComposeError::MessageId(written.chars().take(100).collect())),
    }
}

fn header_url<'a>(header: &'static str, url: &'a str, starts: &[&str]) -> Result<&'a str, ComposeError> {
    let fine = url.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b','))
        && url.len() <= 900;
    let starts_well = starts.iter().any(|s| {
        url.strip_prefix(s)
            .is_some_and(|rest| s.ends_with('/') || s.ends_with(':') || rest.starts_with([':', '/']))
    });
    if fine && starts_well {
        Ok(url)
    } else {
        Err(ComposeError::Header { header, value: url.chars().take(100).collect() })
    }
}

fn token<'a>(
    header: &'static str,
    value: &'a str,
    allowed: impl Fn(char) -> bool,
) -> Result<&'a str, ComposeError> {
    let fine = !value.is_empty() && value.len() <= 200 && value.chars().all(allowed);
    if fine {
        Ok(value)
    } else {
        Err(ComposeError::Header { header, value: value.chars().take(100).collect() })
    }
}

/// Quoted-printable, which stays readable; base64 where most of it is not ASCII and would triple.
fn part(kind: ContentType, text: &str) -> SinglePart {
    let plain = text.replace('\0', "");
    let foreign = plain.bytes().filter(|b| !b.is_ascii()).count();
    let encoding = if foreign * 3 > plain.len() {
        ContentTransferEncoding::Base64
    } else {
        ContentTransferEncoding::QuotedPrintable
    };
    let body =
        Body::new_with_encoding(plain, encoding).expect("quoted-printable and base64 can carry any text");
    SinglePart::builder().header(kind).body(body)
}
