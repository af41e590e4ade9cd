//! Mails as they came in at the relay: headers and the links in them.

use mail_parser::{Message, MessageParser};

/// Reads a mail.
pub(crate) fn letter(bytes: &[u8]) -> Message<'_> {
    MessageParser::default().parse(bytes).expect("a mail can be read")
}

/// The first link of a mail's text that holds this ("/u/"), as a person would follow it.
pub(crate) fn link_in(mail: &Message<'_>, part: &str) -> Option<String> {
    let html = mail.body_html(0)?.replace("&amp;", "&");
    // Nobody sees the link that cannot be reached.
    let seen = |rest: &&str| !rest.split('>').next().is_some_and(|tag| tag.contains("tabindex=\"-1\""));
    let links = html.split("href=").skip(1).filter(seen).filter_map(|rest| {
        let quote = rest.chars().next()?;
        rest[1..].split(quote).next().map(str::to_owned)
    });
    links.into_iter().find(|link| link.contains(part))
}
