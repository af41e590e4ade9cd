//! The relay's address: `smtp://user:password@host:port?tls=required&hello=mail.example.com`, read strictly.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};

use crate::place::{Place, PlaceError, is_loopback};

/// What a relay's address cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelayError {
    /// Neither `smtp://` nor `smtps://`.
    #[error("a relay begins with smtp:// or smtps://, not with “{0}”")]
    Scheme(String),
    /// No host between the slashes and the port.
    #[error("the relay has no host: smtp://host:port")]
    NoHost,
    /// The port is no number from 1 to 65535.
    #[error("“{0}” is no port; it is a number from 1 to 65535")]
    Port(String),
    /// A setting after the question mark that does not exist.
    #[error("the relay knows no setting “{name}”; did you mean “{nearest}”?")]
    Setting {
        /// What was written.
        name: String,
        /// What exists.
        nearest: &'static str,
    },
    /// A value of `tls=` that does not exist.
    #[error("tls={0} is not known; it is none, opportunistic or required")]
    Tls(String),
    /// Half a login, a bad percent escape, a blank or a control character.
    #[error("the relay's {0} cannot be read; write special characters as %40 for @, %3A for :")]
    Unreadable(&'static str),
}

/// How the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Never: the default on loopback, for a relay on the same machine.
    None,
    /// By STARTTLS where it is offered. A password is still never sent in the clear off loopback.
    Opportunistic,
    /// By STARTTLS, or not at all: the default for every other host.
    Required,
    /// From the first byte: `smtps://`.
    Implicit,
}

/// How long each part of a session may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the first packet to the end of the login. 30 s.
    pub connect: Duration,
    /// For each answer before the dot, and for writing the body. 60 s.
    pub answer: Duration,
    /// For the answer to the dot (RFC 5321, 4.5.3.2.6). 600 s.
    pub dot: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            answer: Duration::from_secs(60),
            dot: Duration::from_secs(600),
        }
    }
}

/// A relay we hand mail to.
#[derive(Clone)]
pub struct Relay {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Tls,
    pub(super) login: Option<(String, String)>,
    pub(super) hello: Option<String>,
    pub(super) limits: Limits,
    pub(super) tls_config: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl From<PlaceError> for RelayError {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::NoHost => Self::NoHost,
            PlaceError::Port(port) => Self::Port(port),
            PlaceError::Unreadable(what) => Self::Unreadable(what),
        }
    }
}

impl Relay {
    /// Reads a relay's address.
    ///
    /// `smtp://` uses port 25, or 587 with a login; `smtps://` port 465 and TLS from the first byte. `?tls=` is `none`,
    /// `opportunistic` or `required` (STARTTLS); left out, it is `none` on loopback and `required` elsewhere, because a
    /// relay across a network that offers no TLS is a mistake far more often than a wish. `?hello=` is the name we say
    /// in EHLO; left out, it is the machine's.
    pub fn parse(url: &str) -> Result<Self, RelayError> {
        let (scheme, rest) =
            url.split_once("://").ok_or_else(|| RelayError::Scheme(url.chars().take(20).collect()))?;
        let implicit = match scheme.to_ascii_lowercase().as_str() {
            "smtp" => false,
            "smtps" => true,
            _ => return Err(RelayError::Scheme(format!("{scheme}://"))),
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let Place { login, host, port } = Place::read(place.strip_suffix('/').unwrap_or(place))?;
        let port = match port {
            Some(port) => port,
            None if implicit => 465,
            None if login.is_some() => 587,
            None => 25,
        };
        let tls = match (implicit, is_loopback(&host)) {
            (true, _) => Tls::Implicit,
            (false, true) => Tls::None,
            (false, false) => Tls::Required,
        };
        let mut relay = Self {
            host,
            port,
            tls,
            login,
            hello: None,
            limits: Limits::default(),
            tls_config: Arc::default(),
        };
        for setting in query.split('&').filter(|s| !s.is_empty()) {
            relay.set(setting, implicit)?;
        }
        Ok(relay)
    }

    fn set(&mut self, setting: &str, implicit: bool) -> Result<(), RelayError> {
        let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
        match name {
            "tls" => {
                self.tls = match value {
                    "required" if implicit => Tls::Implicit,
                    "none" if !implicit => Tls::None,
                    "opportunistic" if !implicit => Tls::Opportunistic,
                    "required" => Tls::Required,
                    _ => return Err(RelayError::Tls(value.to_owned())),
                };
            }
            "hello" => {
                let ok = !value.is_empty()
                    && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
                self.hello = Some(ok.then(|| value.to_owned()).ok_or(RelayError::Unreadable("hello name"))?);
            }
            _ => {
                let near = |known: &&str| (strsim::jaro_winkler(name, known) * 1000.0) as u32;
                let nearest = ["tls", "hello"].into_iter().max_by_key(near).unwrap_or("tls");
                return Err(RelayError::Setting { name: name.to_owned(), nearest });
            }
        }
        Ok(())
    }

    /// Whether the relay is on this machine, by its written name.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// The host, as written.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// How the connection is encrypted.
    pub fn tls(&self) -> Tls {
        self.tls
    }

    /// The same relay with other time limits.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same relay, trusting these certificate authorities instead of the system's.
    pub fn with_roots(mut self, roots: RootCertStore) -> Self {
        self.tls_config = Arc::new(OnceLock::from(crate::tls::config(roots)));
        self
    }
}

impl fmt::Display for Relay {
    /// The address without the login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls == Tls::Implicit { "smtps" } else { "smtp" };
        let host = &self.host;
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{}", self.port)
        } else {
            write!(f, "{scheme}://{host}:{}", self.port)
        }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relay({self}, {:?}, login: {})", self.tls, self.login.is_some())
    }
}

impl PartialEq for Relay {
    fn eq(&self, other: &Self) -> bool {
        (&self.host, self.port, self.tls, &self.login, &self.hello, self.limits)
            == (&other.host, other.port, other.tls, &other.login, &other.hello, other.limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_open_at_home_and_encrypted_abroad() {
        for (url, port, tls) in [
            ("smtp://localhost", 25, Tls::None),
            ("smtp://127.0.0.1:2525", 2525, Tls::None),
            ("smtp://[::1]:2525", 2525, Tls::None),
            ("smtp://relay.example.com", 25, Tls::Required),
            ("smtp://u:p@relay.example.com/", 587, Tls::Required),
            ("smtp://relay.example.com?tls=opportunistic", 25, Tls::Opportunistic),
            ("smtp://10.0.0.1:25?tls=none", 25, Tls::None),
            ("smtps://relay.example.com", 465, Tls::Implicit),
            ("smtps://relay.example.com:2465?tls=required", 2465, Tls::Implicit),
        ] {
            let relay = Relay::parse(url).unwrap_or_else(|e| panic!("{url}: {e}"));
            assert_eq!((relay.port, relay.tls), (port, tls), "{url}");
        }
    }

    #[test]
    fn a_login_is_unescaped_and_never_shown() {
        let relay =
            Relay::parse("smtp://me%40acme.test:p%3Aa%2Fss%40@mail.acme.test?hello=out.acme.test").unwrap();
        assert_eq!(relay.login, Some(("me@acme.test".into(), "p:a/ss@".into())));
        assert_eq!(relay.hello.as_deref(), Some("out.acme.test"));
        assert_eq!(relay.to_string(), "smtp://mail.acme.test:587");
        assert!(!format!("{relay:?}").contains("ss@"));
    }

    #[test]
    fn what_cannot_be_is_said_in_words() {
        assert_eq!(Relay::parse("http://x"), Err(RelayError::Scheme("http://".into())));
        assert_eq!(Relay::parse("smtp://"), Err(RelayError::NoHost));
        assert_eq!(Relay::parse("smtp://x:0"), Err(RelayError::Port("0".into())));
        assert_eq!(
            Relay::parse("smtp://x?tsl=none"),
            Err(RelayError::Setting { name: "tsl".into(), nearest: "tls" })
        );
        assert_eq!(Relay::parse("smtp://x?tls=maybe"), Err(RelayError::Tls("maybe".into())));
        assert_eq!(Relay::parse("smtps://x?tls=none"), Err(RelayError::Tls("none".into())));
        assert_eq!(Relay::parse("smtp://me@x"), Err(RelayError::Unreadable("login")));
        assert_eq!(Relay::parse("smtp://u:%0d%0aQUIT@x"), Err(RelayError::Unreadable("password")));
        assert_eq!(Relay::parse("smtp://x\r\ny"), Err(RelayError::Unreadable("host")));
    }
}
