//! An e-mail address that a mail can be sent to, and the key under which it is suppressed.
//!
//! Accepted is the plain form, `local@domain.tld`, as people have it: dot-atom local part (letters of any script), a
//! domain name with at least one dot. Kept is one spelling of it: lower case, the domain as an A-label (`xn--`), which
//! is what the mail transport needs.
//!
//! Forms that RFC 5322 allows and no lead has are refused, each with its own words, since they are how spaces, line
//! breaks and a second `@` get into headers:
//!
//! * a **quoted** local part, `"a b"@example.com`, even where the quotes could be left off;
//! * **comments and folding space**, `(comment)a@example.com`, `a @example.com`; only spaces around the whole are taken off;
//! * a **display name**, `Ann <a@example.com>`, a **domain literal**, `a@[192.0.2.1]`, a domain without a dot, `a@io`, and
//!   one that ends in a number.

use std::fmt;
use std::str::FromStr;

use email_address::Options;
use serde::{Deserialize, Serialize};

/// The longest address that fits the path of an SMTP command (RFC 5321 4.5.3.1.3, less its angle brackets).
const LONGEST: usize = 254;
/// The longest domain name (RFC 1035 2.3.4, as text).
const LONGEST_DOMAIN: usize = 253;

/// A valid address in its one spelling. Prints as it is; its `Debug` does not, to keep it out of logs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads an address as a person or a form gave it.
    ///
    /// # Errors
    /// When no mail can be sent to it. The error says why, and never repeats the address.
    pub fn parse(text: &str) -> Result<EmailAddress, EmailError> {
        if text.chars().any(char::is_control) {
            return Err(EmailError::ControlCharacter);
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(EmailError::Empty);
        }
        refuse_rare_forms(text)?;
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError::NoAt)?;
        if local.is_empty() || domain.is_empty() {
            return Err(EmailError::Half);
        }
        let domain = domain_name(domain)?;
        let address = format!("{}@{domain}", local.to_lowercase());
        if address.len() > LONGEST {
            return Err(EmailError::TooLong);
        }
        let options = Options::default().with_required_tld().without_display_text().without_domain_literal();
        email_address::EmailAddress::parse_with_options(&address, options)?;
        Ok(EmailAddress(address))
    }

    /// The address in its one spelling, to send to and to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The domain, as an A-label.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.parts().1
    }

    /// The key under which the address is suppressed: the same for addresses that reach the same mailbox at
    /// Google's (dots and `+tag` left out, one name for both of its domains). To suppress one too many is the safe side.
    #[must_use]
    pub fn canonical(&self) -> String {
        match self.parts() {
            (local, "gmail.com" | "googlemail.com") => {
                let mailbox = local.split('+').next().unwrap_or(local).replace('.', "");
                // `+tag@gmail.com` is nobody's; it keeps its own key rather than an empty one.
                let mailbox = if mailbox.is_empty() { local } else { &mailbox };
                format!("{mailbox}@gmail.com")
            }
            _ => self.0.clone(),
        }
    }

    fn parts(&self) -> (&str, &str) {
        self.0.rsplit_once('@').expect("parse has found an @")
    }
}

fn refuse_rare_forms(text: &str) -> Result<(), EmailError> {
    if text.contains('"') {
        return Err(EmailError::Quoted);
    }
    if text.contains(['(', ')']) {
        return Err(EmailError::Comment);
    }
    if text.contains(['<', '>']) {
        return Err(EmailError::DisplayName);
    }
    if text.contains(char::is_whitespace) {
        return Err(EmailError::Space);
    }
    if text.contains(['[', ']']) {
        return Err(EmailError::DomainLiteral);
    }
    Ok(())
}

/// The domain as an A-label, if it can be the name of a mail domain.
fn domain_name(domain: &str) -> Result<String, EmailError> {
    let domain = idna::domain_to_ascii(domain).map_err(|_| EmailError::Domain)?;
    if domain.len() > LONGEST_DOMAIN {
        return Err(EmailError::TooLong);
    }
    if !domain.split('.').all(is_label) {
        return Err(EmailError::Domain);
    }
    match domain.rsplit_once('.') {
        None => Err(EmailError::NoTopLevel),
        Some((_, top)) if top.chars().all(|c| c.is_ascii_digit()) => Err(EmailError::Domain),
        Some(_) => Ok(domain),
    }
}

/// Letters, digits and inner hyphens, 63 at most: the "preferred name syntax" of RFC 1035 2.3.1, with a digit allowed
/// in front by RFC 1123 2.1.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Why no mail can be sent to an address, in words for the one who wrote it. None of them repeats the address, since
/// errors are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Nothing there.
    #[error("the e-mail address is empty")]
    Empty,
    /// A line break, a tab, or another character that is not printed.
    #[error("the e-mail address has a line break or another character that cannot be seen")]
    ControlCharacter,
    /// No `@`.
    #[error("the e-mail address has no @; write for example ann@example.com")]
    NoAt,
    /// Nothing before or after the `@`.
    #[error("the e-mail address lacks what stands before or after the @; write for example ann@example.com")]
    Half,
    /// A space inside.
    #[error("the e-mail address has a space in it")]
    Space,
    /// A quoted local part.
    #[error("e-mail addresses with quotation marks are not accepted")]
    Quoted,
    /// A comment in parentheses.
    #[error("e-mail addresses with a comment in parentheses are not accepted")]
    Comment,
    /// A name with the address in angle brackets.
    #[error(
        "give the e-mail address alone, without a name or angle brackets; write for example ann@example.com"
    )]
    DisplayName,
    /// An IP address for a domain.
    #[error(
        "e-mail addresses need a domain name, not a number in brackets; write for example ann@example.com"
    )]
    DomainLiteral,
    /// No dot in the domain.
    #[error("the part after the @ has no dot; write for example ann@example.com")]
    NoTopLevel,
    /// The domain is not a name.
    #[error("the part after the @ is not a domain name; write for example ann@example.com")]
    Domain,
    /// The local part has a character or a dot where it may not be.
    #[error("the part before the @ has a character or a dot that cannot be there")]
    Local,
    /// Longer than mail allows.
    #[error("the e-mail address is longer than mail allows (64 characters before the @, {LONGEST} in all)")]
    TooLong,
}

impl From<email_address::Error> for EmailError {
    fn from(error: email_address::Error) -> EmailError {
        use email_address::Error as E;
        match error {
            E::MissingSeparator => EmailError::NoAt,
            E::LocalPartEmpty | E::DomainEmpty => EmailError::Half,
            E::LocalPartTooLong | E::DomainTooLong | E::SubDomainTooLong => EmailError::TooLong,
            E::SubDomainEmpty | E::DomainInvalidSeparator => EmailError::Domain,
            E::DomainTooFew => EmailError::NoTopLevel,
            E::UnbalancedQuotes => EmailError::Quoted,
            E::InvalidComment => EmailError::Comment,
            E::InvalidIPAddress | E::UnsupportedDomainLiteral => EmailError::DomainLiteral,
            E::UnsupportedDisplayName | E::MissingDisplayName | E::MissingEndBracket => {
                EmailError::DisplayName
            }
            E::InvalidCharacter => EmailError::Local,
        }
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[email]")
    }
}

impl FromStr for EmailAddress {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<EmailAddress, EmailError> {
        EmailAddress::parse(text)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = EmailError;

    fn try_from(text: String) -> Result<EmailAddress, EmailError> {
        EmailAddress::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> String {
        address.0
    }
}

#[cfg(test)]
mod tests;
