//! The mailbox's address: `imaps://user:password@host:port/FOLDER?tls=required`, read strictly.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;

use crate::place::{Place, PlaceError, is_loopback, unescape};

/// What a mailbox's address cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InboxAddressError {
    /// Neither `imaps://` nor `imap://`.
    #[error("a mailbox begins with imaps:// or imap://, not with “{0}”")]
    Scheme(String),
    /// No host between the slashes and the port.
    #[error("the mailbox has no host: imaps://user:password@host/INBOX")]
    NoHost,
    /// Nobody is named who may read it.
    #[error("the mailbox has no user and password: imaps://user:password@host/INBOX")]
    NoLogin,
    /// The port is no number from 1 to 65535.
    #[error("“{0}” is no port; it is a number from 1 to 65535")]
    Port(String),
    /// A setting after the question mark that does not exist.
    #[error("the mailbox knows no setting “{0}”; there is tls")]
    Setting(String),
    /// A value of `tls=` that does not exist.
    #[error("tls={0} is not known; it is none or required")]
    Tls(String),
    /// Half a login, a bad percent escape, a blank or a control character.
    #[error("the mailbox's {0} cannot be read; write special characters as %40 for @, %3A for :")]
    Unreadable(&'static str),
}

impl From<PlaceError> for InboxAddressError {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::NoHost => Self::NoHost,
            PlaceError::Port(port) => Self::Port(port),
            PlaceError::Unreadable(what) => Self::Unreadable(what),
        }
    }
}

/// How the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Never: the default on loopback with `imap://`.
    None,
    /// By STARTTLS, or not at all: the default for `imap://` elsewhere.
    Required,
    /// From the first byte: `imaps://`.
    Implicit,
}

/// A folder of a mailbox. Its `Debug` and `Display` are without the login.
#[derive(Clone)]
pub struct Inbox {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Tls,
    pub(super) login: (String, String),
    pub(super) folder: String,
    pub(super) handled: Option<String>,
    pub(super) tls_config: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl Inbox {
    /// Reads a mailbox's address.
    ///
    /// `imaps://` uses port 993 and TLS from the first byte; `imap://` port 143, and STARTTLS but on this machine. `?tls=` is
    /// `none` or `required`. The folder is `INBOX` where none is written.
    ///
    /// # Errors
    /// What is wrong with it, in words that never hold the password.
    pub fn parse(url: &str) -> Result<Self, InboxAddressError> {
        let scheme_of = || url.split_once("://");
        let (scheme, rest) =
            scheme_of().ok_or_else(|| InboxAddressError::Scheme(url.chars().take(20).collect()))?;
        let implicit = match scheme.to_ascii_lowercase().as_str() {
            "imap" => false,
            "imaps" => true,
            _ => return Err(InboxAddressError::Scheme(format!("{scheme}://"))),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (place, folder) = rest.split_once('/').unwrap_or((rest, ""));
        let Place { login, host, port } = Place::read(place)?;
        let login = login.ok_or(InboxAddressError::NoLogin)?;
        let folder = match folder {
            "" => "INBOX".to_owned(),
            folder => unescape(folder, "folder")?,
        };
        let mut tls = match (implicit, is_loopback(&host)) {
            (true, _) => Tls::Implicit,
            (false, true) => Tls::None,
            (false, false) => Tls::Required,
        };
        for setting in query.split('&').filter(|setting| !setting.is_empty()) {
            tls = match setting.split_once('=').unwrap_or((setting, "")) {
                ("tls", "required") if implicit => Tls::Implicit,
                ("tls", "required") => Tls::Required,
                ("tls", "none") if !implicit => Tls::None,
                ("tls", other) => return Err(InboxAddressError::Tls(other.to_owned())),
                (name, _) => return Err(InboxAddressError::Setting(name.to_owned())),
            };
        }
        let port = port.unwrap_or(if implicit { 993 } else { 143 });
        Ok(Self { host, port, tls, login, folder, handled: None, tls_config: Arc::default() })
    }

    /// What this folder is called where it is noted how far it was read.
    pub fn name(&self) -> String {
        format!("{self}/{} of {}", self.folder, self.login.0)
    }

    /// Moves what was dealt with to this folder.
    #[must_use]
    pub fn moving_to(self, folder: Option<String>) -> Self {
        Self { handled: folder, ..self }
    }
}

impl fmt::Display for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls == Tls::Implicit { "imaps" } else { "imap" };
        match self.host.contains(':') {
            true => write!(f, "{scheme}://[{}]:{}", self.host, self.port),
            false => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbox({self}, {:?}, {:?})", self.tls, self.folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_where_how_and_as_whom() {
        for (url, place, tls, folder) in [
            ("imaps://u:p@mail.acme.test", "imaps://mail.acme.test:993", Tls::Implicit, "INBOX"),
            (
                "imaps://u:p@mail.acme.test:9993/Bounces%2F2026",
                "imaps://mail.acme.test:9993",
                Tls::Implicit,
                "Bounces/2026",
            ),
            ("imap://u:p@mail.acme.test/INBOX", "imap://mail.acme.test:143", Tls::Required, "INBOX"),
            ("imap://u:p@mail.acme.test?tls=none", "imap://mail.acme.test:143", Tls::None, "INBOX"),
            ("imap://u:p@localhost:1143", "imap://localhost:1143", Tls::None, "INBOX"),
            ("imap://u:p@[::1]:1143?tls=required", "imap://[::1]:1143", Tls::Required, "INBOX"),
        ] {
            let inbox = Inbox::parse(url).unwrap_or_else(|e| panic!("{url}: {e}"));
            assert_eq!((inbox.to_string().as_str(), inbox.tls, inbox.folder.as_str()), (place, tls, folder));
        }
        let inbox = Inbox::parse("imaps://me%40acme.test:p%3Aass@mail.acme.test").unwrap();
        assert_eq!(inbox.login, ("me@acme.test".to_owned(), "p:ass".to_owned()));
        assert!(!format!("{inbox:?} {inbox}").contains("ass"));
    }

    #[test]
    fn what_cannot_be_is_said_in_words() {
        use InboxAddressError as E;
        for (url, error) in [
            ("smtp://u:p@x", E::Scheme("smtp://".into())),
            ("imaps://u:p@", E::NoHost),
            ("imaps://mail.acme.test", E::NoLogin),
            ("imaps://u@mail.acme.test", E::Unreadable("login")),
            ("imaps://u:p@x:0", E::Port("0".into())),
            ("imaps://u:p@x?tsl=none", E::Setting("tsl".into())),
            ("imaps://u:p@x?tls=none", E::Tls("none".into())),
            ("imaps://u:p@x/a%0d%0ab", E::Unreadable("folder")),
        ] {
            assert_eq!(Inbox::parse(url).unwrap_err(), error, "{url}");
        }
    }
}
